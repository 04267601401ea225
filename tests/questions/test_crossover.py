"""Intervals against the exact capacity of single chains: at their ends, beside them, and anywhere between."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tuplecalc as tc
from tests.limits.chains import Topology, topologies
from tests.questions.test_sweep import DEALT, HALF, PART, ROW, direct, numbers_of, proxy, times_of
from tuplecalc.limits.limit import Limit
from tuplecalc.questions.axis import axis
from tuplecalc.questions.crossover import Change, Crossovers, Interval, changes, crossovers

TABLE = ("hops.lvs.max_entries=250000", "hops.lvs.tracking_time_wait=63s")
THREE = "hops.login-proxy.time_wait=77s"  # at 43 s, where two lines meet, a third is lower

# Where another limit begins to bind.


def test_a_change_is_where_two_formulas_are_equal() -> None:
    """``H + 120 = 2·H + 60``; ``M·64,512·6/120 = 1,000,000/120``, rounded up to a whole address."""
    chain = tc.example("outage")
    (found,) = changes(chain, axis(chain, "traffic.hold=0s..1h"))
    assert found == Change(60, ("lvs", "ports"), ("login-proxy", "shared"))
    chain = tc.with_settings(chain, "hops.lvs.max_entries=1000000", "traffic.hold=0")
    (found,) = changes(chain, axis(chain, "hops.lvs.addresses=1..1000000"))
    assert found == Change(3, ("lvs", "ports"), ("lvs", "entries"))


def test_changes_between_two_points_of_the_axis_are_all_found() -> None:
    """Balancer, its table, proxy: ``387,072/(H + 120)``, ``250,000/(H + 63)``, ``387,072/(2·H + 60)``."""
    chain = tc.with_settings(tc.example("outage"), *TABLE)
    found = list(changes(chain, axis(chain, "traffic.hold=0s..1h/2")))
    by_hand = [
        Fraction(250_000 * 120 - 387_072 * 63, 387_072 - 250_000),
        Fraction(387_072 * 63 - 250_000 * 60, 500_000 - 387_072),
    ]
    assert [turn.value for turn in found] == by_hand
    assert [turn.after for turn in found] == [("lvs", "entries"), ("login-proxy", "shared")]


def test_a_change_at_the_first_value() -> None:
    chain = tc.from_dict(direct(clients={"addresses": 3, "ports": "1-7", "time_wait": 0}))
    (found,) = changes(chain, axis(chain, "traffic.hold=0s..1m"))
    assert found == Change(0, None, ("clients", "ports"))


# Against single chains.


def bound(limit: Limit | None) -> tuple[str, str] | None:
    return (limit.hop, limit.name) if limit else None


def at(found: Crossovers, value: Any) -> tuple[Any, Any]:
    """What capacity says of one value."""
    result = tc.capacity(tc.with_settings(found.chain, found.axis.setting(value)))
    return bound(result.binding), bound(result.rate_binding)


_FINEST = Fraction(1, 10**12)  # of a share: nearer to an end than that, limits may be told apart or not


def inside(interval: Interval, found: Crossovers) -> list[Any]:
    """Values inside an interval: its ends and the middle; of times, places beside the ends."""
    low, high = interval[:2]
    if found.axis.is_count:
        return sorted({int(n) for n in (low, low + 1, (low + high) // 2, high - 1, high) if low <= n <= high})
    span = Fraction(high - low)
    parts = (Fraction(1, 10**6), Fraction(1, 2), 1 - Fraction(1, 10**6))
    return [Fraction(f"{float(low + span * part):.17g}") for part in parts] if span > _FINEST else []


def check(found: Crossovers) -> None:
    for of, intervals in enumerate((found.flows, found.rate)):
        assert (intervals[0].low, intervals[-1].high) == (found.axis.values[0], found.axis.values[-1])
        for one, other in pairwise(intervals):
            assert other.low == (one.high + 1 if found.axis.is_count else one.high)
            assert one.limit != other.limit
        for interval in intervals:
            for value in inside(interval, found):
                assert at(found, value)[of] == interval.limit, (found, value)


@pytest.mark.parametrize("name", ["outage", "cone", "hourglass", "mixed", "inverted-cone-nat"])
def test_every_number_of_the_examples(name: str) -> None:
    chain = tc.example(name)
    numbers = ["traffic.hold", "traffic.first_close", "clients.addresses", "clients.time_wait"]
    for hop in chain.hops:
        keys = [*sorted(times_of({"layer": getattr(hop, "layer", 7)})), "max_entries", "instances=1..9"]
        keys += (
            ["addresses"]
            if hop.kind == "cone"
            else ["max_files=1..9999999"]
            if isinstance(hop, tc.Proxy)
            else []
        )
        numbers += [f"{hop.path}.{key}" for key in keys]
    for number in numbers:
        check(crossovers(chain, number))


CASES: dict[str, tuple[Topology, list[str]]] = {
    "row": (ROW, ["traffic.first_close", "hops.p.time_wait", "clients.addresses", "hops.nat.block"]),
    "dealt": (DEALT, ["hops.q.instances=1..9", "hops.p.addresses"]),
    "shares": (direct(services=HALF), ["clients.addresses", "services.0.addresses=1..9"]),
    "overlap": (PART, ["traffic.hold", "hops.nat.time_wait", "hops.p.time_wait"]),
    "no flow": (direct(hops=[proxy("p", source="client-port")]), ["traffic.hold", "clients.addresses"]),
}


@pytest.mark.parametrize("case", CASES)
def test_chains_that_a_shortcut_gets_wrong(case: str) -> None:
    topology, numbers = CASES[case]
    for number in numbers:
        check(crossovers(tc.from_dict(topology), number))


@settings(max_examples=150)
@given(topologies(), st.data())
def test_random_chains(topology: Topology, data: st.DataObject) -> None:
    chain = tc.from_dict(topology)
    path = data.draw(st.sampled_from(numbers_of(topology)))
    if path.endswith((".instances", "services.addresses", "virtual.addresses", ".block")):
        path += "=1..1" if path.endswith(".block") else "=1..6"
    check(crossovers(chain, path))


def test_whole_numbers_heed_rounding_down() -> None:
    """Files: two a flow; 1,001 files hold 500 flows as 1,000 do, and 1,002 are needed for 501."""
    chain = tc.from_dict(direct(clients={"addresses": 1, "ports": "1-501"}, hops=[proxy("p", max_files=9)]))
    chain = tc.with_settings(chain, "services.addresses=1", "hops.p.tracking=off", "traffic.hold=1")
    found = crossovers(chain, "hops.p.max_files")
    assert found.flows == (
        Interval(1, 1001, ("p", "files")),
        Interval(1002, 2**128, ("clients", "ports")),
    )


def test_long_chains_take_no_longer_than_their_length() -> None:
    hops = [{"name": f"h{n}", "kind": "cone", "addresses": 2 + n % 3} for n in range(300)]
    found = crossovers(tc.from_dict(direct(hops=hops, traffic={"hold": 1})), "traffic.hold")
    assert len(found.rate) == 1


def test_a_number_that_no_limit_asks_for_changes_nothing() -> None:
    chain = tc.from_dict(direct(hops=[{"name": "fw", "kind": "hourglass", "layer": 3}]))
    found = crossovers(chain, "hops.fw.tracking_time_wait")
    assert [len(found.flows), len(found.rate)] == [1, 1]
    assert found.rate[0].limit == ("clients", "ports")


def test_a_shorter_range_and_services_have_an_end() -> None:
    outage = tc.example("outage")
    assert crossovers(outage, "hops.lvs.addresses").is_open
    assert not crossovers(outage, "hops.lvs.addresses=1..64").is_open
    services = crossovers(outage, "services.addresses")
    assert (services.is_open, services.axis.values) == (False, (1, 1000))


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(tc.InputError) as caught:
        crossovers(tc.example("outage"), "traffic.rate")
    assert str(caught.value) == (
        '"traffic.rate": what is offered changes no limit; name another number, as in traffic.hold'
    )


def test_as_plain_data() -> None:
    record = tc.to_dict(crossovers(tc.example("outage"), "hops.lvs.addresses"))
    assert record["flows"][-1] == {
        "from": 43_691,
        "to": None,
        "binding": {"hop": "clients", "limit": "ports"},
    }
    assert (record["path"], record["present"]) == ("hops.lvs.addresses", 1)


WRONG = {
    "no third limit": ("_Search._is_change", lambda search, low, at, high: True),
    "all formulas go straight on": ("_is_stepped", lambda path, *ends: False),
    "places are rounded": ("simplest", lambda low, high: round(high)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solver_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attribute, by = WRONG[name]
    monkeypatch.setattr(f"tuplecalc.questions.crossover.{attribute}", by)
    with pytest.raises((AssertionError, OverflowError, ValueError, TypeError)):
        check_all()


def check_all() -> None:
    for topology, numbers in CASES.values():
        for number in numbers:
            check(crossovers(tc.from_dict(topology), number))
    for number in ("hops.lvs.addresses", "traffic.hold", "hops.login-proxy.max_files"):
        check(crossovers(tc.with_settings(tc.example("outage"), *TABLE, THREE), number))
    check(crossovers(tc.with_settings(tc.example("cone"), "hops.nat.block=512"), "hops.nat.block=1..99"))


def test_a_tie_at_an_end_goes_to_the_earliest_limit() -> None:
    """Six entries, six ports; and at 0 seconds two limits alike."""
    topology: Topology = {
        "traffic": {"hold": 1},
        "clients": {"addresses": 2, "ports": "1-3", "allocation": "bind"},
        "hops": [{"name": "f", "kind": "hourglass", "layer": 2}],
        "services": {"addresses": 1, "ports": 80},
    }
    found = crossovers(tc.from_dict(topology), "hops.f.max_entries=1..6")
    assert found.flows == (Interval(1, 5, ("f", "entries")), Interval(6, 6, ("clients", "ports")))
    chain = tc.from_dict(direct(traffic={"hold": 1}, hops=[proxy("p", tracking="off", ports="1-7")]))
    chain = tc.with_settings(chain, "clients.time_wait=0")
    found = crossovers(chain, "hops.p.time_wait")
    assert found.rate[:2] == (Interval(0, 0, ("clients", "ports")), Interval(0, 10**17, ("p", "upstream")))


def test_a_limit_that_is_not_there_at_the_least_value() -> None:
    """A device that remembers nothing has no limit; from the clients' own second on it is the lower."""
    clients = {"addresses": 1, "ports": "1-1", "time_wait": 1}
    device = {"name": "fw", "kind": "hourglass", "layer": 3}
    topology: Topology = {"traffic": {"hold": 1, "first_close": 1}, "clients": clients, "hops": [device]}
    chain = tc.from_dict({**topology, "services": {"addresses": 1, "ports": 80}})
    assert crossovers(chain, "hops.fw.reuse_after").rate == (
        Interval(0, 1, ("clients", "ports")),
        Interval(1, 10**17, ("fw", "forwarded")),
    )


@pytest.mark.parametrize("path", ["services.time_wait", "services[0].time_wait", "services.0.time_wait"])
def test_how_long_services_remember(path: str) -> None:
    """The only group, however it is named; a time that no limit asks for at first, and without end."""
    found = tc.crossovers(tc.example("cone", ["traffic.first_close=0.5", "traffic.hold=2s"]), path)
    assert [each.limit for each in found.rate] == [("nat", "ports"), ("services", "in-turn")]
    assert found.rate[1].low == 120
    assert found.is_open
    unused = tc.solve(tc.example("cone", ["traffic.first_close=client"]), path, rate=1)
    assert unused.is_any
