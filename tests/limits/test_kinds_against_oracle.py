"""Networks of several kinds against a program over every possible flow, and laws for all of them."""

import math
from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from tests.oracle.kinds import from_seed
from tests.oracle.meaning import families, names
from tests.oracle.program import highest_rate, mean_flows
from tuplecalc.limits import capacity as walking
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.mixture import Mix
from tuplecalc.limits.turns import turns
from tuplecalc.network import mix
from tuplecalc.network.file import from_dict
from tuplecalc.network.proxy import Proxy

Table = dict[str, Any]

SEEDS = [*range(170), 242, 289, 410, 809, 1479, 1915, 2152, 2682, 2791]  # the last ones for what is rare
CAPTURES = {"tproxy", "nat", "listen"}
SOURCES = {"own", "client", "client-port"}


@cache
def found(seed: int) -> tuple[Table, Capacity]:
    topology = from_seed(seed)
    return topology, capacity(from_dict(topology))


@cache
def truth(seed: int) -> tuple[int, float]:
    """The figures of the program."""
    topology = from_seed(seed)
    return math.floor(mean_flows(topology) + 1e-6), highest_rate(topology)


def some_may_have_no_block(topology: Table) -> bool:
    """Whether there may be fewer blocks than clients: whom the program serves is its choice."""
    clients = sum(len(families(group["addresses"])) for group in topology["clients"])
    return clients > 1 and any("block" in hop for hop in topology["hops"])


def compared() -> Iterator[tuple[bool, bool]]:
    """Whether the flows and the rate are those of the program: as they were found, and as they are now."""
    for seed in SEEDS:
        topology, before = found(seed)
        if not some_may_have_no_block(topology):
            yield is_equal(before, *truth(seed)), is_equal(capacity(from_dict(topology)), *truth(seed))


def is_equal(result: Capacity, flows: int, rate: float) -> bool:
    mine = math.inf if result.rate is None else float(result.rate)
    same = mine == rate or math.isclose(mine, rate, rel_tol=1e-6, abs_tol=1e-6)
    return result.flows == flows and same


def test_figures_are_those_of_the_program() -> None:
    """In one of them clients hold blocks in different numbers, and "at most" is said."""
    every = [before for before, _ in compared()]
    assert (len(every), sum(every)) == (167, 166)
    assert found(61)[1].flows_at_most


WRONG: dict[str, tuple[Any, str, Any]] = {
    "all connections are open as long": (Mix, "_mean_hold", lambda mix: None),
    "spaces are taken each by itself": (Mix, "_take_turns", lambda mix: {}),
    "faces are all there is": (Mix, "_joint_faces", lambda mix: ()),
    "services do not know their clients": (walking, "_meeting", lambda ways: set()),
    "who is not captured is not there": (walking, "passing", lambda hop, sources, *_, tracks: ([], sources)),
    "all addresses reach all": (mix, "meet", lambda *_: True),
    "pools are as large as the flows": (Proxy, "stated", frozenset()),
}


@pytest.mark.parametrize("name", WRONG)
def test_another_formula_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in SEEDS:
        found(seed)  # by the right formula, also where this test is the first
    monkeypatch.setattr(*WRONG[name])
    assert any(before and not now for before, now in compared())


def test_all_that_the_model_has_is_among_them() -> None:
    every = [from_seed(seed) for seed in range(320)]
    hops = [hop for topology in every for hop in topology["hops"]]
    proxies = [hop for hop in hops if hop["kind"] == "hourglass" and "capture" in hop]
    pairs = {(hop["capture"], hop["source"], "captures" in hop) for hop in proxies}
    assert len(pairs) == 2 * (len(CAPTURES) * len(SOURCES) - 1)
    assert all({hop["capture"], hop["source"]} <= CAPTURES | SOURCES for hop in proxies)
    kinds = [kind for topology in every for kind in topology["traffic"]["kinds"]]
    keys = {key for each in (*hops, *kinds) for key in each}
    assert keys >= {"machine", "traffic", "connections_per_flow", "upstream_hold", "upstream_first_close"}
    assert keys >= {"files_per_flow", "max_files", "max_entries", "protocol", "virtual", "share", "rate"}
    names = {limit.kind.name for seed in SEEDS for limit in found(seed)[1].limits}
    assert names >= {"ports", "entries", "files", "forwarded", "accepted", "capture", "listener", "upstream"}
    assert names >= {"bind", "shared", "joint", "in-turn"}


def test_spaces_that_are_taken_in_turn_have_names_of_their_own() -> None:
    """Whatever the order of sets: with one name for two, the limit was now 36/7, now 72/17."""
    result = capacity(from_dict(from_seed(7965, side_by_side=False, blocks=False)))
    assert result.rate == Fraction(72, 17)
    assert result.mix is not None
    members = {space: [each.membership for each in here] for space, here in result.mix.spaces.items()}
    found = list(turns({space: here for space, here in members.items() if space.table != "in turn"}))
    assert len({turn.space for turn in found}) == len(found) == 2


@pytest.mark.parametrize(("seed", "flows", "rate"), [(6553, 2, "20/23"), (8154, 1, "6/11"), (7752, 2, "6/5")])
def test_a_leg_between_two_hops_of_a_machine_is_once_in_its_table(seed: int, flows: int, rate: str) -> None:
    """And the one behind them is there too."""
    topology = from_seed(seed, side_by_side=False, blocks=False)
    result = capacity(from_dict(topology))
    assert (result.flows, result.rate) == (flows, Fraction(rate))
    assert is_equal(result, flows, highest_rate(topology))


@pytest.mark.parametrize("seed", [212, 1032, 2376])
def test_where_blocks_are_fewer_than_clients_of_several_groups_the_figures_are_bounds(seed: int) -> None:
    _, result = found(seed)
    assert mean_flows(from_seed(seed)) == 0 < result.flows
    said = {
        bound.figure
        for bound in result.at_most
        if "no flow of the mix gets through: up to all less" in bound.reason
    }
    assert said == {"flows", "rate"}


def test_a_table_beside_others_is_one_at_each_instance() -> None:
    result = capacity(from_dict(from_seed(2795)))
    assert result.flows == mean_flows(from_seed(2795)) == 8


def test_ports_taken_for_all_services_are_so_for_each_family() -> None:
    topology = from_seed(10932, side_by_side=False, blocks=False)
    result = capacity(from_dict(topology))
    assert is_equal(result, 6, highest_rate(topology))


def with_shares(topology: Table, *shares: str) -> Table:
    """The network with shares of its two groups of services."""
    services = [group | {"share": share} for group, share in zip(topology["services"], shares, strict=True)]
    return topology | {"services": services}


TWO_GROUPS = [seed for seed in SEEDS[:60] if len(from_seed(seed)["services"]) == 2]


def test_services_with_shares_are_those_of_the_program() -> None:
    """A kind's part of a group is its share among those that the kind goes to, and counts once."""
    every = []
    for seed in TWO_GROUPS:
        topology = with_shares(from_seed(seed), "3/4", "1/4")
        if not some_may_have_no_block(topology):
            flows, rate = math.floor(mean_flows(topology) + 1e-6), highest_rate(topology)
            every.append(is_equal(capacity(from_dict(topology)), flows, rate))
    assert (len(every), sum(every)) == (37, 37)


def test_shares_that_are_those_of_the_endpoints_change_nothing() -> None:
    for seed in TWO_GROUPS:
        topology, _ = found(seed)
        sizes = [len(families(group["addresses"])) for group in topology["services"]]
        shares = (str(Fraction(size, sum(sizes))) for size in sizes)
        assert figures(with_shares(topology, *shares)) == figures(topology), seed


# Laws.


def figures(topology: Table) -> tuple[int, object]:
    result = capacity(from_dict(topology))
    return result.flows, result.rate


def with_kinds(topology: Table, kinds: list[Table], **renamed: list[str]) -> Table:
    """The network with other kinds; where one is named, those stand that it is renamed to."""
    changed = deepcopy(topology)
    changed["traffic"]["kinds"] = kinds
    for hop in changed["hops"]:
        for key in {"traffic", "captures"} & hop.keys():
            hop[key] = [new for name in hop[key] for new in renamed.get(name, [name])]
    return changed


def weight(kind: Table) -> str:
    return "rate" if "rate" in kind else "share"


def scaled(kind: Table, name: str, part: Fraction, **more: Any) -> Table:
    """A kind that is a part of another one."""
    key = weight(kind)
    return kind | {"name": name, key: str(Fraction(str(kind[key])) * part)} | more


@pytest.mark.parametrize("seeds", [range(40), range(40, 80)])
def test_equal_kinds_merge(seeds: range) -> None:
    for seed in seeds:
        topology, _ = found(seed)
        first, *others = topology["traffic"]["kinds"]
        parts = [scaled(first, "x", Fraction(1, 4)), scaled(first, "y", Fraction(3, 4))]
        both = with_kinds(topology, [*parts, *others], **{first["name"]: ["x", "y"]})
        assert figures(both) == figures(topology), seed


def test_a_kind_of_share_0_changes_nothing() -> None:
    for seed in SEEDS[:80]:
        topology, _ = found(seed)
        kinds = topology["traffic"]["kinds"]
        if weight(kinds[0]) == "share":
            more = with_kinds(topology, [*kinds, kinds[-1] | {"name": "none", "share": 0, "hold": 9}])
            assert figures(more) == figures(topology), seed


def test_splitting_a_kind_by_its_services_changes_nothing() -> None:
    """By the number of their endpoints."""
    for seed in SEEDS[:80]:
        topology, _ = found(seed)
        first, *others = topology["traffic"]["kinds"]
        sizes = {group["name"]: len(families(group["addresses"])) for group in topology["services"]}
        reached = names(first.get("services", [*sizes]))
        whole = sum(sizes[name] for name in reached)
        parts = [scaled(first, f"to {n}", Fraction(sizes[n], whole), services=n) for n in reached]
        if any(isinstance(group["addresses"], list) for group in topology["services"]):
            continue  # of a family not all are reached
        split = with_kinds(topology, [*parts, *others], **{first["name"]: [kind["name"] for kind in parts]})
        assert figures(split) == figures(topology), seed


def test_to_pool_one_for_one_is_no_pool() -> None:
    pools = ("connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow")
    for seed in SEEDS[:80]:
        plain = deepcopy(found(seed)[0])
        for hop in plain["hops"]:
            for key in pools:
                hop.pop(key, None)
        pooled = deepcopy(plain)
        for hop in pooled["hops"]:
            if "capture" in hop:
                hop["files_per_flow"] = 2
                if hop["source"] != "client-port":
                    hop["connections_per_flow"] = 1
        assert figures(pooled) == figures(plain), seed
