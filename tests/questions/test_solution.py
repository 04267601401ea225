"""Solutions against brute force over single chains."""

from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tuplecalc as tc
from tests.limits.chains import Topology, topologies
from tests.questions.test_sweep import DEALT, HALF, PART, ROW, direct, numbers_of, proxy
from tuplecalc.questions import solving
from tuplecalc.questions.port_sizes import largest_size, resized
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.questions.solving import solve
from tuplecalc.render.json import to_dict
from tuplecalc.render.solved import text

OUTAGE = tc.example("outage")


def meets(result: tc.Capacity, flows: int | None, rate: Fraction | None) -> bool:
    enough = result.served.are_all and (flows is None or result.flows >= flows)
    return enough and (rate is None or result.rate is None or result.rate >= rate)


def at(chain: tc.Chain, path: str, value: Any) -> tc.Capacity:
    return tc.capacity(tc.with_settings(chain, f"{path}={value}"))


# Small whole numbers, all of them.


@settings(max_examples=120)
@given(topologies(), st.data())
def test_the_least_count_is_the_first_that_will_do(topology: Topology, data: st.DataObject) -> None:
    chain = tc.from_dict(topology)
    counts = [path for path in numbers_of(topology) if path.rpartition(".")[2] not in TIMES]
    path = data.draw(st.sampled_from(counts))
    most = 3 if path.endswith(".block") else 8
    flows = data.draw(st.none() | st.integers(1, 60))
    rate = data.draw(st.none() | st.fractions(Fraction(1, 3), 20, max_denominator=6))
    if flows is None and rate is None:
        return
    try:
        results = {n: at(chain, path, n) for n in range(1, most + 1)}
    except tc.ChainError:  # a block that is larger than the range
        return
    found = solve(chain, f"{path}=1..{most}", flows=flows, rate=rate)
    assert found.value == next((n for n in results if meets(results[n], flows, rate)), None)
    shown = int(found.setting.rpartition("=")[2])  # where no value helps, the one that comes nearest
    assert (found.result.flows, found.result.rate) == _figures(results[shown])
    assert shown == found.value or found.value is None
    if found.value is not None:
        assert meets(found.result, flows, rate)
        assert found.beyond is None or not meets(found.beyond, flows, rate)


TIMES = ("hold", "time_wait", "reuse_after", "tracking_time_wait", "first_close")


def _figures(result: tc.Capacity) -> tuple[object, object]:
    return result.flows, result.rate


@settings(max_examples=120)
@given(topologies(), st.data())
def test_the_longest_time_will_do_and_a_longer_one_will_not(topology: Topology, data: st.DataObject) -> None:
    chain = tc.from_dict(topology)
    times = [path for path in numbers_of(topology) if path.rpartition(".")[2] in TIMES[:-1]]
    path = data.draw(st.sampled_from(times))
    rate = data.draw(st.fractions(Fraction(1, 3), 20, max_denominator=6))
    found = solve(chain, path, rate=rate)
    if found.value is None:
        assert not meets(at(chain, path, 0), None, rate)
        return
    assert meets(found.result, None, rate)
    assert meets(tc.capacity(tc.with_settings(chain, found.setting)), None, rate)
    for longer in (Fraction(1, 10**6), 1, 1000):
        value = f"{float(found.value + longer):.15f}"
        assert found.is_any or not meets(at(chain, path, value), None, rate)
    if found.is_any:
        assert meets(at(chain, path, 10**15), None, rate)


# By hand.


def test_the_outage_by_hand() -> None:
    """``M·64,512·6 / (2·300 + 60) ≥ 700``; ``387,072 = 700·(2·H + 60)``."""
    found = solve(OUTAGE, "hops.lvs.addresses", rate=700)
    assert (found.value, found.setting, found.unit) == (2, "hops.lvs.addresses=2", "addresses")
    assert found.beyond is not None
    assert found.beyond.flows == tc.capacity(OUTAGE).flows
    assert solve(OUTAGE, "traffic.hold").value == Fraction(387_072, 1400) - 30
    assert solve(OUTAGE, "hops.lvs.addresses", rate=Fraction(387_072 * 7, 660)).value == 7
    assert solve(OUTAGE, "hops.lvs.addresses", flows=193_536 * 7 + 1).value == 8
    assert solve(OUTAGE, "clients.addresses", flows=193_536, rate=580).value == 4


def test_a_time_that_is_no_decimal_is_rounded_down_where_it_is_set() -> None:
    """``387,072 / 580 - 300 = 367.36551724…``."""
    found = solve(OUTAGE, "hops.lvs.time_wait", rate=580)
    assert found.value == Fraction(387_072, 580) - 300
    assert found.setting == "hops.lvs.time_wait=367.365517241"
    assert meets(found.result, None, Fraction(580))


def test_counts_beyond_64_bits() -> None:
    chain = tc.with_settings(OUTAGE, "clients.addresses=340282366920938463463374607431768211456")
    found = solve(chain, "hops.lvs.addresses", flows=10**30)
    assert found.value == -(-(10**30) // 193_536)


@pytest.mark.parametrize(
    ("path", "target", "value"),
    [
        ("hops.login-proxy.max_files", {"rate": 500}, 50_000),  # 6 proxies, two files of 300 s each
        ("hops.lvs.max_entries", {"flows": 10_000}, 10_000),
        ("services.addresses", {"flows": 1_000_000}, 32),
        ("hops.login-proxy.instances", {"flows": 193_536}, 1),
        ("hops.lvs.virtual.addresses", {"flows": 100}, 1),
    ],
)
def test_any_count(path: str, target: dict[str, int], value: int) -> None:
    assert solve(OUTAGE, path, **target).value == value


def test_no_value_helps() -> None:
    found = solve(OUTAGE, "hops.lvs.time_wait", rate=700)
    assert (found.value, found.result.rate, found.binding.name) == (None, tc.capacity(OUTAGE).rate, "shared")
    assert found.setting == "hops.lvs.time_wait=0"
    found = solve(OUTAGE, "hops.lvs.addresses=1..64", rate=50_000)
    assert (found.value, found.looked_at, found.setting) == (None, (1, 64), "hops.lvs.addresses=64")
    found = solve(OUTAGE, "hops.login-proxy.instances", rate=700)
    assert (found.value, found.looked_at) == (None, (1, 1_000_000))
    assert "none for 700/s" in repr(found)


def test_any_time_will_do() -> None:
    found = solve(OUTAGE, "hops.login-proxy.tracking_time_wait", rate=100)
    assert found.is_any
    assert found.beyond is None


FILES = """
clients.addresses = 10
hops = [{name = "p", kind = "hourglass", capture = "listen", max_files = 1024, files_per_flow = 8}]
services = {addresses = 6, ports = 443}
"""
TOWARDS_TWO = """
traffic.kinds = [{name = "s", share = 0.5, services = "a"}, {name = "l", share = 0.5, services = "b"}]
clients = {addresses = 1, flows_each = 50000}
services = [{name = "a", addresses = 1, ports = 443}, {name = "b", addresses = 10, ports = 8443}]
"""


def test_of_files_of_a_flow_the_most_are_asked() -> None:
    """1,024 files: 204 flows of 5, and 170 of 6."""
    found = solve(tc.loads(FILES), "hops.p.files_per_flow", flows=200)
    assert (found.value, found.is_largest, found.result.flows) == (5, True, 204)
    assert found.beyond is not None
    assert found.beyond.flows == 170
    assert solve(tc.loads(FILES), "hops.p.files_per_flow", flows=1025).value is None
    few = solve(tc.loads(FILES), "hops.p.files_per_flow=1..4", flows=200)
    assert (few.value, few.is_any, few.looked_at) == (4, False, (1, 4))
    first = "files_per_flow of p: every number that was looked at will do for 200 connections"
    assert text(few).startswith(first)


def test_any_number_will_do() -> None:
    """One client has 28,232 ports towards a, and as many connections again to b: more clients, more ports."""
    found = solve(tc.loads(TOWARDS_TWO), "clients.addresses")
    assert (found.is_any, found.beyond, found.looked_at) == (True, None, None)
    said = "addresses of clients: any number will do for 50,000 connections open of each client."
    assert " ".join(text(found).split()) == said
    record = to_dict(found)
    assert (record["any"], record["value"]) == (True, None)
    without = tc.with_settings(tc.loads(FILES), "hops.p.max_files=")
    assert solve(without, "hops.p.files_per_flow", flows=200).is_any


# Ranges of ports.


def test_the_size_of_a_range_of_ports() -> None:
    """``P·6/420 ≥ 500`` would do with 35,000 ports, but the gaps bind.

    lvs holds a port for 420 s, the table for 300 s, the other leg for 360 s: of ports that lvs lacks
    240/360 count, ``(P + (64,512 - P)·2/3)·6/660 ≥ 500``.
    """
    found = solve(OUTAGE, "hops.lvs.ports", rate=500)
    assert (found.value, found.setting) == (35_976, "hops.lvs.ports=1024-36999")
    assert found.result.limit("login-proxy", "gaps") is found.result.rate_binding
    assert not meets(at(OUTAGE, "hops.lvs.ports", "1024-36998"), None, Fraction(500))
    assert solve(OUTAGE, "hops.lvs.ports", rate=700).value is None
    listening = tc.Proxy(name="p", capture="listen", tracking="off", listen_ports="8000-8001")
    chain = tc.Chain(
        clients=tc.Clients(addresses=1, ports="1-10"),
        hops=[listening],
        services=tc.Services(addresses=9, ports=80),
    )
    found = solve(chain, "hops.p.listen_ports", flows=55)
    assert (found.value, found.setting) == (6, "hops.p.listen_ports=8000-8005")


def test_which_ports_a_range_has() -> None:
    ports = tc.PortSet("80, 2000-2009, 65530-65535")
    assert [str(resized(ports, n)) for n in (1, 5, 17)] == ["80", "80, 2000-2003", str(ports)]
    assert str(resized(ports, 18)) == "80, 2000-2009, 65529-65535"
    assert resized(ports, largest_size(ports)).size == largest_size(ports)
    with pytest.raises(tc.InputError, match="looked for in all"):
        solve(OUTAGE, "hops.lvs.ports=1..9", rate=1)


# Blocking.


def test_blocking_is_met_by_its_upper_bound_and_not_by_one_less() -> None:
    chain = tc.cone(addresses=1, services=1, hold="5s", ports="1024-1123", clients=10**6)
    for share in (0.5, 0.1, 1e-3, 1e-9):
        found = solve(chain, "hops.nat.addresses", rate=5, blocking=share)
        assert found.blocking is not None
        assert found.blocking.upper <= share
        less = tc.with_settings(chain, f"hops.nat.addresses={int(found.value or 0) - 1}")
        assert tc.under_load.blocking(less, rate=5).upper > share


def test_the_longest_hold_at_a_blocking() -> None:
    chain = tc.cone(addresses=1, services=1, hold="5s", clients=10**6, rate=500)
    found = solve(chain, "traffic.hold", blocking=1e-3)
    assert found.blocking is not None
    assert found.blocking.upper == pytest.approx(1e-3, rel=1e-6)
    circuits = 64_512
    load = tc.under_load.max_load(circuits, 1e-3)
    assert float(found.value or 0) == pytest.approx(load / 500 - 120, rel=1e-6)


def test_blocking_that_no_value_reaches() -> None:
    found = solve(OUTAGE, "hops.lvs.time_wait", blocking=1e-3)
    assert (found.value, found.binding.name) == (None, "shared")
    assert found.blocking is not None
    assert found.blocking.lower > 0.1


# What is refused.


@pytest.mark.parametrize(
    ("path", "target", "message"),
    [
        ("traffic.first_close", {"rate": 1}, '"traffic.first_close": a share has no least or largest; name'),
        (
            "traffic.rate",
            {"rate": 1},
            '"traffic.rate": the rate is what is looked for, by the share of it that may fail; write',
        ),
        ("hops.lvs.addresses", {"flows": 0}, "flows 0: a target is a whole number of 1 or more;"),
        ("hops.lvs.addresses", {"flows": 1.5}, "flows 1.5: a target is a whole number of 1 or more;"),
        ("hops.lvs.addresses", {"flows": True}, "flows true: a target is a whole number of 1 or more;"),
        ("hops.lvs.addresses", {"rate": -1}, "rate -1: a rate is above 0; write it as in 700"),
        ("hops.lvs.mapping", {"rate": 1}, None),
        ("hops.lsv.addresses", {"rate": 1}, None),
        ("hops.lvs.addresses", {"rate": "many"}, None),
        ("hops.lvs.addresses", {"blocking": 2}, None),
    ],
)
def test_what_is_refused(path: str, target: dict[str, Any], message: str | None) -> None:
    with pytest.raises(tc.TuplecalcError) as caught:
        solve(OUTAGE, path, **target)
    assert message is None or str(caught.value).startswith(message)


def test_a_target_is_needed() -> None:
    chain = tc.example("cone", ["traffic.hold=2"])
    bare = tc.from_dict({key: value for key, value in chain.to_dict().items() if key != "traffic"})
    with pytest.raises(tc.InputError, match="there is no target"):
        solve(bare, "hops.nat.addresses")
    with pytest.raises(tc.InputError, match="blocking is that of a rate"):
        solve(bare, "hops.nat.addresses", flows=7, blocking=0.1)


def test_as_plain_data() -> None:
    record = tc.to_dict(solve(OUTAGE, "hops.lvs.addresses", rate=50_000))
    wanted = {"value", "for", "target", "flows", "rate", "binding"}
    assert wanted <= record.keys()
    assert (record["value"], record["for"], record["target"]["rate"]) == (86, "hops.lvs.addresses", 50_000.0)
    assert record["binding"] == {"hop": "login-proxy", "limit": "shared"}


WRONG = {
    "guesses are believed": (solving, "first_whole", lambda holds, low, high: high),
    "no proof of the upper end": (solving._Search, "longest", lambda search, low, high: high),
    "not verified": (Target, "is_met", lambda target, result: True),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solver_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, by = WRONG[name]
    monkeypatch.setattr(module, attribute, by)
    with pytest.raises((AssertionError, tc.TuplecalcError)):
        test_the_outage_by_hand()


def test_chains_that_a_shortcut_gets_wrong() -> None:
    chain = tc.from_dict(DEALT)
    for path in ("hops.q.instances=1..9", "hops.p.addresses=1..9"):
        for flows in (1, 9, 24, 60):
            first = next((n for n in range(1, 10) if at(chain, path[:-5], n).flows >= flows), None)
            assert solve(chain, path, flows=flows).value == first
    chain = tc.from_dict(PART)
    found = solve(chain, "hops.nat.time_wait", rate=3)
    assert isinstance(found, Solution)
    assert solve(tc.from_dict(ROW), "clients.addresses", flows=5).value is not None
    shares = tc.from_dict(direct(services=HALF))
    assert solve(shares, "clients.addresses", flows=1000).value == 17  # a·7·3/0.35: 60 for each address
    assert (
        solve(tc.from_dict(direct(hops=[proxy("p", source="client-port")])), "traffic.hold", rate=1).value
        is None
    )


def test_numbers_of_numpy_are_numbers() -> None:
    flows: Any = np.int64(5)
    found = solve(OUTAGE, "hops.lvs.addresses", rate=np.float64(700), flows=flows)
    assert found.value == 2


def test_more_services_than_are_looked_at_one_by_one() -> None:
    found = solve(OUTAGE, "services.addresses", rate=1_000_000)
    assert found.value == 10_231
    assert found.beyond is not None
    assert (found.result.rate or 0) >= 1_000_000 > (found.beyond.rate or 0)


def test_a_table_of_blocks_ends_the_search() -> None:
    chain = tc.cone(clients=40, addresses=1, services=1, block=[[50, 1000], [100, 500]], hold="1s")
    assert solve(chain, "clients.addresses", flows=45_000).value == 45
    found = solve(chain, "clients.addresses", flows=90_000)
    assert (found.value, found.looked_at) == (None, (1, 100))


CASE = "clients = {addresses=2}\nservices = {addresses=65536, ports=80}\n"


@pytest.mark.parametrize(
    ("written", "path", "target", "value"),
    [
        (CASE, "services.addresses", {"flows": 1000}, 1),
        (CASE.replace("65536", '"10.0.0.0/8"'), "services.addresses", {"flows": 10**6}, 18),
        (CASE.replace("65536", '"2001:db8:1::/96"'), "services.addresses", {"flows": 1000}, 1),
        (
            CASE.replace("2}", '"2001:db8::/64"}')
            + "hops=[{name='n', kind='cone', addresses=2, block='even'}]",
            "clients.addresses",
            {"flows": 65536 * 129024},
            6,  # five would fill the clients' own ports, but not their blocks
        ),
        (
            CASE
            + "hops=[{name='p', kind='hourglass', capture='tproxy', tracking='off', max_entries=1048576}]",
            "hops.p.max_entries",
            {"flows": 10**9},
            1,
        ),
    ],
    ids=["many services", "a large block", "a larger one", "even blocks", "no table"],
)
def test_numbers_of_any_size_take_few_chains(
    written: str, path: str, target: dict[str, int], value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()
    monkeypatch.setattr(solving, "capacity", lambda chain: (next(calls), tc.capacity(chain))[1])
    assert solve(tc.loads(written), path, **target).value == value
    assert next(calls) < 300
