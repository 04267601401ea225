"""Laws that hold for every chain, whatever its figures are."""

import copy
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.limits.chains import MAX_PORT, Topology, count_of, topologies
from tests.limits.compare import calculated
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number, alternating_sizes
from tuplecalc.network.ports import PortSet

law = settings(max_examples=300, deadline=None)


def figures(result: Capacity) -> tuple[object, ...]:
    """All that is said about the whole chain."""
    binding, rate = result.binding, result.rate_binding
    names = (binding.hop, binding.name, rate and rate.hop, rate and rate.name)
    at_most = (result.flows_at_most, result.rate_at_most)
    return result.flows, result.rate, names, at_most, result.constraint


def changed(topology: Topology, change: Callable[[Topology], object]) -> Topology:
    """A changed copy."""
    other = copy.deepcopy(topology)
    change(other)
    return other


def not_lower(new: Number | None, old: Number | None) -> bool:
    """Whether a rate is as high as another; None where nothing limits it."""
    return new is None or (old is not None and new >= old)


# What changes nothing.


@law
@given(topologies(), st.integers(0, 3), st.sampled_from([2, 3, 4]), st.integers(1, 9))
def test_a_transparent_hop_without_tables_changes_nothing(
    topology: Topology, place: int, layer: int, instances: int
) -> None:
    hop = {"name": "switch", "kind": "hourglass", "layer": layer, "instances": instances}
    more = changed(topology, lambda t: t["hops"].insert(place, hop))
    assert figures(calculated(more)) == figures(calculated(topology))


@law
@given(topologies(), st.integers(0, 3), st.integers(2, 9))
def test_instances_of_forwarders_without_tables_change_nothing(
    topology: Topology, place: int, instances: int
) -> None:
    topology["hops"].insert(
        place, {"name": "router", "kind": "hourglass", "layer": 3}
    )  # so that there is one
    forwarders = [hop for hop in topology["hops"] if "layer" in hop and "max_entries" not in hop]
    before = figures(calculated(topology))
    for hop in forwarders:
        hop["instances"] = instances
    assert figures(calculated(topology)) == before


def port_keys(topology: Topology) -> list[tuple[Topology, str]]:
    """Where a port set stands."""
    parts = [topology["clients"], *topology["hops"]]
    return [(part, key) for part in parts for key in ("ports", "rewrite_ports") if key in part]


@law
@given(topologies(), st.randoms(use_true_random=False))
def test_how_a_port_set_is_written_changes_nothing(topology: Topology, random: Any) -> None:
    before = figures(calculated(topology))
    for part, key in port_keys(topology):
        single = [port for port in range(1, MAX_PORT + 1) if port in PortSet(part[key])]
        pieces = [*single, *part[key], f"{single[0]}-{single[0]}"]
        random.shuffle(pieces)
        part[key] = pieces
    assert figures(calculated(topology)) == before


@law
@given(topologies(), st.integers(1, 5))
def test_one_group_of_services_is_as_good_as_two(topology: Topology, first: int) -> None:
    count = topology["services"]["addresses"]
    assume(first < count)
    before = figures(calculated(topology))
    ports = topology["services"]["ports"]
    topology["services"] = [
        {"addresses": first, "ports": ports},
        {"addresses": count - first, "ports": ports},
    ]
    assert figures(calculated(topology)) == before


@law
@given(topologies())
def test_shares_that_are_even_bound_no_lower_than_none(topology: Topology) -> None:
    """Even shares leave out shared-bind and shared-mapping, and change nothing else."""
    before = calculated(topology)
    topology["services"]["share"] = 1
    after = calculated(topology)
    assert after.flows >= before.flows
    if not any(limit.name in ("shared-bind", "shared-mapping") for limit in before.limits):
        assert figures(after) == figures(before)


# Times.


def times(topology: Topology, change: Callable[[Any], Any]) -> Topology:
    """All durations changed."""
    other = copy.deepcopy(topology)
    other["traffic"]["hold"] = change(other["traffic"]["hold"])
    for part in (other["clients"], *other["hops"]):
        for key in ("time_wait", "reuse_after", "tracking_time_wait"):
            if key in part:
                part[key] = change(part[key])
    return other


@law
@given(topologies(), st.sampled_from([2, 3, 7]))
def test_times_that_are_so_many_times_as_long_divide_the_rate(topology: Topology, factor: int) -> None:
    before, after = (
        calculated(each) for each in (topology, times(topology, lambda seconds: seconds * factor))
    )
    assert after.rate == (before.rate if before.rate is None else Fraction(before.rate) / factor)


@law
@given(topologies(), st.randoms(use_true_random=False), st.sampled_from([0, 1, "client", "server", 0.3]))
def test_flows_do_not_depend_on_times(topology: Topology, random: Any, first_close: object) -> None:
    other = times(topology, lambda _: random.randint(0, 9))
    other["traffic"]["first_close"] = first_close
    before, after = calculated(topology), calculated(other)
    assert after.flows == before.flows
    assert [hop.flows for hop in after.hops] == [hop.flows for hop in before.hops]


@law
@given(topologies())
def test_longer_lingering_never_raises_the_rate(topology: Topology) -> None:
    longer = times(topology, lambda seconds: seconds + 1)
    assert not_lower(calculated(topology).rate, calculated(longer).rate)


@law
@given(topologies(), st.sampled_from([0, 1, 2]))
def test_reuse_after_is_a_shorter_time_wait(topology: Topology, seconds: int) -> None:
    reused, waited = copy.deepcopy(topology), copy.deepcopy(topology)
    for one, other in zip(
        (reused["clients"], *reused["hops"]), (waited["clients"], *waited["hops"]), strict=True
    ):
        if "time_wait" in one:
            one["reuse_after"] = seconds
            if one.get("allocation") != "bind":  # there it does not count
                other["time_wait"] = min(seconds, other["time_wait"])
    assert figures(calculated(reused)) == figures(calculated(waited))


# Along the chain.


@law
@given(topologies())
def test_figures_never_rise_along_the_chain(topology: Topology) -> None:
    result = calculated(topology)
    for before, after in pairwise(result.hops):
        assert after.flows <= before.flows
        assert not_lower(before.rate, after.rate)
    assert (result.hops[-1].flows, result.hops[-1].rate) == (result.flows, result.rate)


@law
@given(topologies())
def test_the_first_of_the_smallest_limits_binds(topology: Topology) -> None:
    result = calculated(topology)
    flows = [limit.flows for limit in result.limits]
    assert result.binding is result.limits[flows.index(min(flows))]
    rates = [limit for limit in result.limits if limit.rate is not None]
    if result.rate_binding is None:
        assert not rates
    else:
        least = min(limit.rate for limit in rates if limit.rate is not None)
        assert result.rate_binding is next(limit for limit in rates if limit.rate == least)


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


@settings(max_examples=800, deadline=None)
@given(topologies(), st.data())
def test_a_wider_set_never_lowers_a_figure(topology: Topology, data: st.DataObject) -> None:
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
def test_alternating_sizes_against_all_choices(sets: list[PortSet]) -> None:
    tails = [sets[first:] for first in reversed(range(len(sets)))]
    by_hand = [sum(most_alternating(port, tail) for port in range(1, 13)) for tail in tails]
    assert list(alternating_sizes(sets)) == by_hand


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


@given(topologies())
def test_figures_are_exact_numbers(topology: Topology) -> None:
    result = calculated(topology)
    assert all(type(hop.flows) is int and type(hop.tuple_space) is int for hop in result.hops)
    assert all(isinstance(limit.rate, int | Fraction | None) for limit in result.limits)
    clients = topology["clients"]
    assert result.hops[0].tuple_space % (clients["addresses"] * count_of(clients["ports"])) == 0
