"""What must hold for the oracle on any network of kinds."""

import math
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings

from .kinds import networks
from .meaning import Topology, names
from .program import best_mix, headroom, highest_rate, mean_flows, most_flows, possible
from .traffic import kinds as kinds_of
from .traffic import rates

Hop = dict[str, Any]
SOME = settings(max_examples=60, deadline=None, derandomize=True)
EXACT: dict[str, Any] = {"rel": 1e-5, "abs": 1e-6}


def figures(topology: Topology) -> Any:
    return pytest.approx([mean_flows(topology), highest_rate(topology)], **EXACT)


def with_kinds(topology: Topology, kinds: list[Hop]) -> Topology:
    return {**topology, "traffic": {**topology["traffic"], "kinds": kinds}}


def renamed(topology: Topology, old: str, new: list[str]) -> Topology:
    """Return the network with other names where a kind is named."""
    found = deepcopy(topology)
    for hop in found["hops"]:
        for key in ("traffic", "captures"):
            if old in hop.get(key, []):
                hop[key] = [name for name in hop[key] if name != old] + new
    return found


def rest(kind: Hop) -> Hop:
    return {key: value for key, value in kind.items() if key not in ("name", "share", "rate")}


def weights(topology: Topology) -> dict[str, float]:
    """Return the shares of the kinds, or what each starts a second where that is said."""
    traffic = topology["traffic"]
    return rates(traffic) if "rate" in traffic["kinds"][0] else {k.name: k.share for k in kinds_of(traffic)}


def reweighed(topology: Topology, new: dict[str, tuple[str, float]], **more: Any) -> Topology:
    """Return the network with kinds of these names: each is like one of before, and has a weight."""
    old = {kind["name"]: kind for kind in topology["traffic"]["kinds"]}
    key = "rate" if "rate" in topology["traffic"]["kinds"][0] else "share"
    return with_kinds(
        topology, [{**rest(old[like]), "name": name, key: part, **more} for name, (like, part) in new.items()]
    )


@SOME
@given(networks())
def test_equal_kinds_merge(topology: Topology) -> None:
    given = weights(topology)
    first, *others = given
    new = {"x": (first, given[first] / 4), "y": (first, given[first] * 3 / 4)}
    new |= {name: (name, given[name]) for name in others}
    both = reweighed(renamed(topology, first, ["x", "y"]), new)
    assert [mean_flows(both), highest_rate(both)] == figures(topology)


@SOME
@given(networks())
def test_the_order_of_kinds_and_groups_does_not_matter(topology: Topology) -> None:
    turned = {
        **with_kinds(topology, topology["traffic"]["kinds"][::-1]),
        "clients": topology["clients"][::-1],
    }
    assert [mean_flows(turned), highest_rate(turned)] == figures(topology)


@SOME
@given(networks(blocks=False))
def test_a_kind_with_hardly_a_share_hardly_matters(topology: Topology) -> None:
    given = weights(topology)
    last = list(given)[-1]
    whole = sum(given.values())
    if len(given) == 1 or not gets_through(topology, last):
        return
    left = {name: part * whole / (whole - given[last]) for name, part in given.items() if name != last}
    without = reweighed(without_kind(topology, last), {name: (name, part) for name, part in left.items()})
    tiny = {name: (name, part * (1 - 1e-7)) for name, part in left.items()} | {last: (last, whole * 1e-7)}
    near: dict[str, Any] = {"rel": 1e-4, "abs": 1e-4}
    there, before = reweighed(topology, tiny), highest_rate(without)
    if not math.isinf(before):
        assert highest_rate(there) == pytest.approx(before, **near)
    if any(kind.hold for kind in kinds_of(without["traffic"])):
        assert mean_flows(there) == pytest.approx(mean_flows(without), **near)


def gets_through(topology: Topology, kind: str) -> bool:
    return possible(topology, {kind: 1e-3})


def without_kind(topology: Topology, name: str) -> Topology:
    """Return the network without a kind; a hop of its own is then a hop of nobody's."""
    found = deepcopy(topology)
    for hop in found["hops"]:
        for key in ("traffic", "captures"):
            if key in hop:
                hop[key] = [each for each in hop[key] if each != name]
    return found


@SOME
@given(networks(families=False))
def test_splitting_a_kind_by_its_services_changes_nothing(topology: Topology) -> None:
    """By the number of their endpoints."""
    groups = {group["name"]: group["addresses"] for group in topology["services"]}
    given = weights(topology)
    first = topology["traffic"]["kinds"][0]
    reached = names(first.get("services", list(groups)))
    whole = sum(groups[name] for name in reached)
    new = [(f"to {name}", given[first["name"]] * groups[name] / whole, name) for name in reached]
    kinds = [
        {**rest(first), "name": kind, ("rate" if "rate" in first else "share"): part, "services": name}
        for kind, part, name in new
    ]
    split = with_kinds(
        renamed(topology, first["name"], [kind for kind, _, _ in new]),
        [*kinds, *topology["traffic"]["kinds"][1:]],
    )
    assert [mean_flows(split), highest_rate(split)] == figures(topology)


@SOME
@given(networks())
def test_to_pool_one_for_one_is_no_pool(topology: Topology) -> None:
    plain, pooled = deepcopy(topology), deepcopy(topology)
    for one, other in zip(plain["hops"], pooled["hops"], strict=True):
        for key in ("connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow"):
            one.pop(key, None)
            other.pop(key, None)
        if one.get("source", "own") != "client-port" and "capture" in one:
            other["connections_per_flow"] = 1
        if "max_files" in one:
            other["files_per_flow"] = 2
    assert [mean_flows(pooled), highest_rate(pooled)] == figures(plain)
    assert most_flows(pooled) == most_flows(plain)


@SOME
@given(networks())
def test_the_mix_and_its_rates(topology: Topology) -> None:
    """A rate is possible up to the highest; no mix is better than the best, and the best is possible."""
    rate, shares = highest_rate(topology), {kind.name: kind.share for kind in kinds_of(topology["traffic"])}
    best, there = best_mix(topology)
    assert best >= rate * (1 - 1e-6)
    if math.isinf(best):
        return
    assert possible(topology, {name: best * share * (1 - 1e-5) for name, share in there.items()})
    assert not possible(topology, {name: (best * share + 1e-3) for name, share in there.items()})
    assert possible(topology, {name: rate * share * (1 - 1e-5) for name, share in shares.items()})
    assert not possible(
        topology, {name: (rate + 1e-3) * share * (1 + 1e-4) for name, share in shares.items()}
    )
    assert best_mix(topology, flows=True)[0] >= mean_flows(topology) - 1e-6


@SOME
@given(networks())
def test_headroom_ends_where_the_rates_are_not_possible(topology: Topology) -> None:
    offered = rates(topology["traffic"])
    first = next(iter(offered))
    most = headroom(topology, first)
    if most is None:
        assert not possible(topology, offered)
    elif not math.isinf(most):
        assert possible(topology, {**offered, first: most * (1 - 1e-5)})
        assert not possible(topology, {**offered, first: most + 1e-3})


@SOME
@given(networks())
def test_what_one_flow_leaves_after_the_other_can_only_lower_a_rate(topology: Topology) -> None:
    assert highest_rate(topology) <= highest_rate(topology, of_time=False) * (1 + 1e-6)
