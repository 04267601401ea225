"""What several groups of clients want each: the sum of it, and whether that can be open, counted by hand."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import pytest

import tuplecalc as tc
from tests.command import invoke
from tests.oracle.kinds import from_seed
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.questions.advice import advise
from tuplecalc.questions.not_counted import not_counted
from tuplecalc.questions.solving import solve
from tuplecalc.under_load.offered import wanted_flows
from tuplecalc.whatif.regions import Formed

Topology = dict[str, Any]

TWO = """
clients = [{name = "x", addresses = 10, flows_each = 100}, {name = "y", addresses = 5, flows_each = "1k"}]
hops = [{name = "n", kind = "cone", addresses = 1, ports = "1024-5023"}]
services = {addresses = 2, ports = 443}
"""  # 4,000 ports towards each of two services
OF_KINDS = """
traffic.kinds = [{name = "a", share = 0.5, clients = "x"}, {name = "b", share = 0.5, clients = "y"}]
"""
ONE_LARGE = """
clients = [{name = "x", addresses = 1, flows_each = 40000}, {name = "y", addresses = 99, flows_each = 1}]
services = {addresses = 2, ports = 443}
"""
APART = """
traffic.kinds = [
    {name = "a", share = 0.9, clients = "x", services = "one", hold = "%s"},
    {name = "b", share = 0.1, clients = "y", services = "three", hold = "%s"},
]
clients = [{name = "x", addresses = 10, flows_each = 100}, {name = "y", addresses = 5, flows_each = 1000}]
hops = [{name = "n", kind = "cone", addresses = 1, ports = "1024-5023"}]
services = [{name = "one", addresses = 1, ports = 443}, {name = "three", addresses = 3, ports = 80}]
"""
EVENLY = """
clients = [{name = "x", addresses = 1, flows_each = 2000}, {name = "y", addresses = 3}]
hops = [{name = "n", kind = "cone", addresses = 1, ports = "1024-5023", block = "even"}]
services = {addresses = 1, ports = 443}
"""
BOTH_FAMILIES = """
clients = [
    {name = "x", addresses = ["198.18.0.0/31", "2001:db8::/127"], flows_each = 100},
    {name = "y", addresses = "198.18.9.0/30", flows_each = 10},
]
services = {addresses = ["203.0.113.1", "2001:db8:1::1"], ports = 443}
"""


@pytest.mark.parametrize(
    ("text", "wanted", "possible"),
    [
        (TWO, 10 * 100 + 5 * 1000, 8_000),
        (OF_KINDS + TWO, 6_000, 8_000),
        (TWO.replace(", flows_each = 100}", "}"), 5_000, 8_000),
        (ONE_LARGE, 40_099, 2 * 28_232 * 40_099 // 40_000),  # x has 40,000 of 40,099
        (APART % ("0s", "0s"), 6_000, 3 * 4_000 * 6 // 5),  # b has 5,000 of 6,000, to three services
        (APART % ("10s", "1s"), 6_000, 14_400),  # the holds are those of the mix as it is
        (APART % ("1s", "0s"), 1_000, 4_000),  # b is never open beside a
        (EVENLY, 2_000, 1_000),  # a quarter of the ports: y is there and opens none
        (BOTH_FAMILIES, 4 * 100 + 4 * 10, 440 * (2 * 28_232) // 200),  # two addresses of x open 200 to one
    ],
)
def test_the_demand_is_the_sum_and_its_mix_is_what_counts(text: str, wanted: int, possible: int) -> None:
    chain = tc.loads(text)
    (found,) = wanted_flows(tc.capacity(chain))
    assert (wanted_by_clients(chain), found.flows, found.possible) == (wanted, wanted, possible)


@pytest.mark.parametrize("settings", [[], ["clients.addresses=7"]])
def test_of_one_group_the_mix_is_the_chain_s_own(settings: list[str]) -> None:
    result = tc.capacity(tc.example("cone", [*settings, "clients.flows_each=9"]))
    assert result.as_wanted is result


def test_solve_meets_the_demand() -> None:
    """With 1,500 ports there is room for 3,000 at each address; of 8,000, y takes 5,000 and x 10 · 300."""
    assert solve(tc.loads(TWO), "hops.n.addresses").value == 1
    small = tc.loads(TWO.replace("5023", "2523"))
    assert solve(small, "hops.n.addresses").value == 2
    assert solve(tc.loads(TWO), "clients.x.flows_each").value == 300
    assert solve(tc.loads(ONE_LARGE), "clients.x.flows_each").value == 2 * 28_232


def test_a_solution_says_the_flows_of_the_mix_that_is_wanted() -> None:
    """As x is one of a hundred clients, millions could be open; as they want, x takes nearly all."""
    found = solve(tc.loads(ONE_LARGE), "services.addresses")
    assert (found.value, found.binding.name, found.binding.flows) == (2, "ports x", 56_603)
    assert ": 56,603 flows" in repr(found)


def test_a_table_needs_what_is_wanted() -> None:
    (table,) = not_counted(tc.loads(TWO))
    assert table.needs == 6_000
    (mixed,) = not_counted(tc.loads(APART % ("10s", "1s")))
    assert mixed.needs == 6_000


def test_advice_acts_on_what_binds_the_flows_as_wanted() -> None:
    """x has 28,232 ports to one service and wants 40,000; the cone, which binds as it is, has room."""
    text = ONE_LARGE.replace("addresses = 2", "addresses = 1")
    nat = 'hops = [{name = "n", kind = "cone", addresses = 2}]'
    result = tc.capacity(tc.loads(text + nat))
    assert (result.binding.hop, result.as_wanted.binding.hop) == ("n", "clients")
    first = advise(result)[0]
    assert [each.verdict for each in first.wanted] in (["fits"], ["tight"])


def test_the_panel_compares_with_the_mix_that_is_wanted() -> None:
    known = tc.explore(tc.loads(ONE_LARGE))
    present = [Fraction(each.present) for each in known.inputs]
    found = known.at(present)
    assert isinstance(found, Formed)
    value = known.formulas.values(present)
    assert [(value(flows), min(map(value, rooms))) for flows, rooms in found.wanted] == [(40_099, 56_603)]


def written_out(topology: Topology, chain: tc.Chain) -> Topology:
    """The chain with a kind for each kind and group of clients, of the shares that are wanted."""
    traffic = {key: value for key, value in topology["traffic"].items() if key != "rate"}
    wanted = {each.name: each.addresses.size * (each.flows_each or 0) for each in chain.clients}
    opened: dict[tuple[str, str | None], Fraction] = defaultdict(Fraction)
    of_group: dict[str | None, Fraction] = defaultdict(Fraction)
    for each in chain.strands:
        opened[each.kind, each.clients.name] += each.part * each.hold
        of_group[each.clients.name] += each.part * each.hold
    holds = {each.kind: each.hold for each in chain.strands}
    started = {
        (kind, name): wanted[name] * part / of_group[name] / holds[kind]
        for (kind, name), part in opened.items()
    }
    given = {each["name"]: each for each in traffic.get("kinds", [])}
    kinds = [
        {key: value for key, value in given.get(kind, {}).items() if key not in ("share", "rate")}
        | {"name": f"{kind} {name}", "clients": name, "share": str(new / sum(started.values()))}
        for (kind, name), new in started.items()
    ]
    hops = [dict(each) for each in topology["hops"]]
    for hop in hops:
        for key in {"traffic", "captures"} & {*hop}:
            hop[key] = [each["name"] for each in kinds if each["name"].rpartition(" ")[0] in hop[key]]
    return topology | {"traffic": traffic | {"kinds": kinds}, "hops": hops}


@pytest.mark.parametrize("seed", range(0, 60, 10))
def test_the_mix_is_that_of_kinds_written_out_for_each_group(seed: int) -> None:
    held = 0
    for number in range(seed, seed + 10):
        topology = from_seed(number)
        clients = topology["clients"]
        if not isinstance(clients, list) or len(clients) < 2:
            continue
        groups = [each | {"flows_each": 3 + 7 * place} for place, each in enumerate(clients)]
        traffic = topology["traffic"] | {"hold": "2s"}
        if "kinds" in traffic:
            traffic["kinds"] = [each | {"hold": f"{1 + n}s"} for n, each in enumerate(traffic["kinds"])]
        topology |= {"clients": groups, "traffic": traffic}
        chain = tc.from_dict(topology)
        result = tc.capacity(chain)
        assert result.as_wanted.flows == tc.capacity(tc.from_dict(written_out(topology, chain))).flows, number
        held += result.as_wanted is not result
    assert held


def test_the_verdict_says_of_how_many_where_the_mix_is_another() -> None:
    first = invoke("capacity", "-", stdin=ONE_LARGE).stdout.partition(". ")[0]
    assert " ".join(first.split()) == (
        "Fits: 40,099 connections, so that each client has its flows_each, are 71% of the 56,603 that can be "
        "open in this mix"
    )
    assert "71% of the 56,603 that can be open in this mix" in tc.report(tc.loads(ONE_LARGE))
    assert "75% of those that can be open." in " ".join(invoke("capacity", "-", stdin=TWO).stdout.split())
