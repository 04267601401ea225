"""The oracle is fed wrong formulas, one at a time, and has to object to each.

A mutant either changes the limits of a result, or a function that makes them. It is held against chains of
every kind until one of them shows it to be wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from tests.limits import every_chain
from tests.limits.chains import Topology
from tests.limits.compare import calculated, mutated, objections
from tuplecalc.limits import cone, elsewhere, kinds, legs, proxy, rows, theorem
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Constant
from tuplecalc.limits.kinds import Kind
from tuplecalc.limits.limit import Limit


def thinned() -> Iterator[Topology]:
    """A tenth of the chains of every kind, in turn."""
    sets = (every_chain.of_rules, every_chain.of_virtual, every_chain.of_rows, every_chain.of_wide_ports)
    for start in range(2):
        yield from islice(every_chain.of_no_proxy(), start, None, 3)
        for each in sets:
            yield from islice(each(), start, None, 2)
        yield from islice(every_chain.of_one_proxy(), start, None, 5)
        yield from islice(every_chain.of_two_proxies(), start, None, 9)


@pytest.fixture(scope="module")
def right() -> list[tuple[Topology, Capacity]]:
    """The chains with their right results, made before anything is changed."""
    return [(topology, calculated(topology)) for topology in thinned()]


Right = list[tuple[Topology, Capacity]]
Change = Callable[[Limit], Limit | None]


def dropped(kind: Kind) -> Change:
    return lambda limit: None if limit.kind is kind else limit


def one_key(kind: Kind) -> Change:
    return lambda limit: replace(limit, keys=1) if limit.kind is kind else limit


def twice(kind: Kind) -> Change:
    return lambda limit: replace(limit, scopes=limit.scopes * Constant(2)) if limit.kind is kind else limit


NEEDED: tuple[str, ...] = ("CLIENT_PORTS_BOUND", "CONE_PORTS", "BLOCK", "BLOCK_OVERFLOW", "CLIENT")
NEEDED += (
    "LISTENER",
    "CAPTURE",
    "UPSTREAM",
    "BIND",
    "SHARED",
    "SAME_TUPLE",
    "JOINT",
    "ROW",
    "ENTRIES",
    "FILES",
)
ONE_KEY = ("SHARED", "ROW", "ENTRIES", "FILES")
TWICE = ("CONE_PORTS", "UPSTREAM", "BLOCK")
LIMITS: dict[str, Change] = {f"without {name}": dropped(getattr(kinds, name)) for name in NEEDED}
LIMITS |= {f"one key: {name}": one_key(getattr(kinds, name)) for name in ONE_KEY}
LIMITS |= {f"twice as many: {name}": twice(getattr(kinds, name)) for name in TWICE}


@pytest.mark.parametrize("name", LIMITS)
def test_a_changed_limit_is_noticed(name: str, right: Right) -> None:
    change = LIMITS[name]
    for topology, result in right:
        claim = mutated(result, change)
        if claim != mutated(result, lambda limit: limit) and objections(topology, result, claim):
            return
    pytest.fail("no chain shows that this is wrong")


def no_rate_elsewhere(self: Any, most: Any, unit: Any) -> Any:
    return most


FUNCTIONS: dict[str, tuple[object, str, Any]] = {
    "other spaces do not count": (elsewhere.Elsewhere, "of_rate", no_rate_elsewhere),
    "fewer copies do not count": (elsewhere.Elsewhere, "of_flows", no_rate_elsewhere),
    "no port waits in turn": (theorem, "in_turn", lambda leg: None),
    "all sources are served": (legs.Sources, "serve", lambda self, served: None),
    "listeners lead anywhere": (proxy._Row, "_behind_listeners", lambda self, sources: sources.mixed()),
    "a table never fills": (cone._Row, "gives_way_to_all", lambda self: True),
    "no rows": (rows.Rows, "ending_with", lambda self, table: iter(())),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_changed_function_is_noticed(name: str, right: Right, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, by = FUNCTIONS[name]
    monkeypatch.setattr(owner, attribute, by)
    for topology, result in right:
        changed = calculated(topology)
        if (changed.flows, changed.rate) != (result.flows, result.rate):
            claim = mutated(changed, lambda limit: limit)
            if objections(topology, result, claim):
                return
    pytest.fail("no chain shows that this is wrong")
