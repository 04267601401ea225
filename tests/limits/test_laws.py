"""Laws that hold for every chain, whatever its figures are."""

import copy
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.limits.chains import MAX_PORT, Topology, count_of, topologies
from tests.limits.compare import calculated
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number, apart, atoms
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.ports import PortSet

law = settings(max_examples=100, deadline=None)


def figures(result: Capacity) -> tuple[object, ...]:
    """All that is said about the whole chain."""
    binding, rate = result.binding, result.rate_binding
    names = (binding.hop, binding.name, rate and rate.hop, rate and rate.name)
    at_most = (result.flows_at_most, result.rate_at_most)
    return result.flows, result.rate, names, at_most, result.constraint


def not_lower(new: Number | None, old: Number | None) -> bool:
    """Whether a rate is as high as another; None where nothing limits it."""
    return new is None or (old is not None and new >= old)


# What changes nothing.


def port_keys(topology: Topology) -> list[tuple[Topology, str]]:
    """Where a port set stands."""
    parts = [topology["clients"], *topology["hops"]]
    return [(part, key) for part in parts for key in ("ports", "rewrite_ports") if key in part]


def a_switch_more(topology: Topology, random: Random) -> None:
    hop = {"name": "switch", "kind": "hourglass", "layer": random.choice([2, 3, 4])}
    hop["instances"] = random.randint(1, 9)
    topology["hops"].insert(random.randint(0, 3), hop)


def instances_of_forwarders_without_tables(topology: Topology, random: Random) -> None:
    for hop in topology["hops"]:
        if "layer" in hop and "max_entries" not in hop:
            hop["instances"] = random.randint(2, 9)


def ports_written_otherwise(topology: Topology, random: Random) -> None:
    for part, key in port_keys(topology):
        single = [port for port in range(1, MAX_PORT + 1) if port in PortSet(part[key])]
        pieces = [*single, *part[key], f"{single[0]}-{single[0]}"]
        random.shuffle(pieces)
        part[key] = pieces


def two_groups_of_services_for_one(topology: Topology, random: Random) -> None:
    group = topology["services"]
    first = random.randrange(group["addresses"])
    if first:
        parts = [first, group["addresses"] - first]
        topology["services"] = [{**group, "addresses": count} for count in parts]


def an_even_share(topology: Topology, random: Random) -> None:
    topology["services"]["share"] = 1


CHANGES_NOTHING: list[Callable[[Topology, Random], None]] = [
    a_switch_more,
    instances_of_forwarders_without_tables,
    ports_written_otherwise,
    two_groups_of_services_for_one,
    an_even_share,
]


@law
@given(topologies(), st.randoms(use_true_random=False))
def test_what_changes_nothing(topology: Topology, random: Random) -> None:
    before = figures(calculated(topology))
    for change in CHANGES_NOTHING:
        same = copy.deepcopy(topology)
        change(same, random)
        assert figures(calculated(same)) == before, change.__name__


# Times.

TIMES = ("hold", "time_wait", "reuse_after", "accept_wait", "half_close", "tracking_time_wait")


def times(topology: Topology, change: Callable[[Any], Any]) -> Topology:
    """All durations changed."""
    other = copy.deepcopy(topology)
    for part in (other["traffic"], other["clients"], *other["hops"], other["services"]):
        for key in TIMES:
            if key in part:
                part[key] = change(part[key])
    return other


@law
@given(
    topologies(),
    st.sampled_from([2, 3, 7]),
    st.randoms(use_true_random=False),
    st.sampled_from([0, 1, "client", "server", 0.3]),
)
def test_times(topology: Topology, factor: int, random: Random, first_close: object) -> None:
    """They divide the rate, the longer the lower; the flows do not depend on them."""
    before = calculated(topology)
    multiplied = calculated(times(topology, lambda seconds: seconds * factor))
    assert multiplied.rate == (before.rate if before.rate is None else Fraction(before.rate) / factor)
    assert not_lower(before.rate, calculated(times(topology, lambda seconds: seconds + 1)).rate)
    other = times(topology, lambda _: random.randint(0, 9))
    other["traffic"]["first_close"] = first_close
    assert [hop.flows for hop in calculated(other).hops][: len(before.hops)] == [
        hop.flows for hop in before.hops
    ]


@law
@given(topologies(), st.sampled_from([0, 1, 2]))
def test_reuse_after_is_a_shorter_time_wait(topology: Topology, seconds: int) -> None:
    """But where a port is bound: there it does not count."""
    reused, waited = copy.deepcopy(topology), copy.deepcopy(topology)
    for one, other in zip(
        (reused["clients"], *reused["hops"]), (waited["clients"], *waited["hops"]), strict=True
    ):
        if "time_wait" in one:
            one["reuse_after"] = seconds
            other.pop("reuse_after", None)
            if one.get("allocation") != "bind":
                other["time_wait"] = min(seconds, other["time_wait"])
    assert figures(calculated(reused)) == figures(calculated(waited))


# Along the chain.


def check_result(result: Capacity) -> None:
    """Figures are exact numbers and never rise; the first of the smallest limits binds; names are unique."""
    for before, after in pairwise(result.hops):
        assert after.flows <= before.flows
        assert not_lower(before.rate, after.rate)
    assert (result.hops[-1].flows, result.hops[-1].rate) == (result.flows, result.rate)
    flows = [by_flows(limit) for limit in result.limits]
    assert result.binding is result.limits[flows.index(min(flows))]
    rates = [limit for limit in result.limits if limit.rate is not None]
    if result.rate_binding is None:
        assert not rates
    else:
        least = min(limit.rate for limit in rates if limit.rate is not None)
        assert result.rate_binding is next(limit for limit in rates if limit.rate == least)
    for hop in result.hops:
        assert len({limit.name for limit in hop.limits}) == len(hop.limits), hop.limits
        assert type(hop.flows) is int
        assert type(hop.tuple_space) is int
    assert all(isinstance(limit.rate, int | Fraction | None) for limit in result.limits)


@law
@given(topologies())
def test_along_the_chain(topology: Topology) -> None:
    result = calculated(topology)
    check_result(result)
    clients = topology["clients"]
    assert result.hops[0].tuple_space % (clients["addresses"] * count_of(clients["ports"])) == 0


# Wider is never worse.


def more_ports(ports: list[str]) -> list[str]:
    missing = [port for port in range(1, MAX_PORT + 2) if port not in PortSet(ports)]
    return [*ports, str(missing[0])]


WIDENING: dict[str, Callable[[Any], Any]] = {
    "ports": more_ports,
    "rewrite_ports": more_ports,
    "addresses": lambda count: count + 1,
    "listen_addresses": lambda count: 2 * count,
    "listen_ports": lambda count: {"count": 2 * count["count"]},
    "max_entries": lambda count: count + 1,
    "max_files": lambda count: count + 1,
    "instances": lambda count: 2 * count,
    "virtual": lambda virtual: virtual | {"addresses": 2 * virtual["addresses"]},
}


def fills_with_what_gives_way(topology: Topology) -> bool:
    """A table of fewer entries than keys that give way holds closed entries as long as others do."""
    return any(hop.get("closing") == "gives-way" and hop.get("max_entries") for hop in topology["hops"])


@settings(max_examples=200, deadline=None)
@given(topologies(), st.data())
def test_a_wider_set_never_lowers_a_figure(topology: Topology, data: st.DataObject) -> None:
    # Ports that are divided among the clients give each of more clients fewer.
    assume(
        not any(hop.get("block") == "even" or isinstance(hop.get("block"), list) for hop in topology["hops"])
    )
    assume(not fills_with_what_gives_way(topology))
    parts = [topology["clients"], *topology["hops"]]
    choices = [(part, key) for part in parts for key in WIDENING if key in part]
    choices = [(part, key) for part, key in choices if key != "instances" or part.get("split") != "services"]
    part, key = data.draw(st.sampled_from(choices))
    before = calculated(topology)
    part[key] = WIDENING[key](part[key])
    after = calculated(topology)
    assert after.flows >= before.flows
    assert not_lower(after.rate, before.rate)


@law
@given(topologies())
def test_twice_the_services_never_lower_a_figure(topology: Topology) -> None:
    assume(not fills_with_what_gives_way(topology))  # more services are more keys
    before = calculated(topology)
    topology["services"]["addresses"] *= 2
    after = calculated(topology)
    assert after.flows >= before.flows
    assert not_lower(after.rate, before.rate)


# Counting.


def most_alternating(port: int, sets: list[PortSet]) -> int:
    """The largest set of legs that hold the port, no two next to each other, by trying all."""
    legs = [leg for leg, ports in enumerate(sets) if port in ports]
    return max(
        size
        for size in range(len(legs) + 1)
        for chosen in combinations(legs, size)
        if all(right - left > 1 for left, right in pairwise(chosen))
    )


legs = st.sets(st.integers(1, 12), min_size=1).map(sorted).map(PortSet)


@given(st.lists(legs, min_size=1, max_size=7))
def test_legs_apart_against_all_choices(sets: list[PortSet]) -> None:
    by_hand = sum(most_alternating(port, sets) for port in range(1, 13))
    assert sum(size * apart(legs) for legs, size in atoms(sets)) == by_hand


@settings(max_examples=60, deadline=None)
@given(st.lists(legs, min_size=2, max_size=13))
def test_a_row_of_proxies_has_the_least_of_all_its_contiguous_runs(sets: list[PortSet]) -> None:
    """Also where it is so long that the limits which cannot bind are left out."""
    hops = [
        {"name": f"p{leg}", "kind": "hourglass", "capture": "tproxy", "source": "client", "ports": ports}
        for leg, ports in enumerate(sets[1:])
    ]
    topology = {"clients": {"addresses": 1, "ports": sets[0]}, "hops": hops}
    runs = [(first, last) for first in range(len(sets)) for last in range(first + 1, len(sets) + 1)]
    least = min(
        sum(most_alternating(port, sets[first:last]) for port in range(1, 13)) // (last - first)
        for first, last in runs
    )
    assert calculated({**topology, "services": {"addresses": 1, "ports": 80}}).flows == least


HUGE = 2**128


@pytest.mark.parametrize("count", [HUGE, HUGE - 1, 10**30 + 7])
def test_counts_stay_exact(count: int) -> None:
    """In floating point 2^128 · 3 · 32,256 would lose its last digits."""
    proxy = {"kind": "hourglass", "capture": "tproxy", "source": "client", "ports": "1024-65535"}
    topology = {
        "clients": {"addresses": HUGE, "ports": "1-65535"},
        "hops": [{"name": "nat", "kind": "cone", "addresses": count}, {"name": "proxy", **proxy}],
        "services": {"addresses": count, "ports": [80, 81, 443]},
    }
    result = calculated(topology)
    assert [hop.flows for hop in result.hops] == [
        HUGE * 65535 * count * 3,
        min(HUGE * 65535, count * 64512) * count * 3,
        count * count * 3 * 32256,
    ]
    assert result.hops[0].tuple_space == HUGE * 65535 * count * 3
    assert all(type(limit.flows) is int for limit in result.limits)
    assert isinstance(result.rate, int | Fraction)
