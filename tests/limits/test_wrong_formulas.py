"""The oracle is fed wrong formulas, one at a time, and has to object to each.

A mutant either changes the limits of a result, or a function that makes them. It is held against chains of
every kind until one of them shows it to be wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, product
from typing import Any

import pytest

from tests.limits import every_chain
from tests.limits.chains import Topology
from tests.limits.compare import answer, calculated, mutated, objections
from tests.limits.test_departures import DEPARTURES
from tuplecalc.limits import capacity, cone, elsewhere, kinds, legs, proxy, rows, theorem
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Constant
from tuplecalc.limits.kinds import Kind
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.targets import targets
from tuplecalc.network.cone import Cone


def thinned() -> Iterator[Topology]:
    """The departures, and some of the chains of every kind that the formulas are compared on."""
    yield from (each.topology for each in DEPARTURES)
    yield from every_chain.of_no_proxy()
    yield from every_chain.of_rules()
    yield from every_chain.of_virtual()
    yield from every_chain.of_rows()
    yield from every_chain.of_wide_ports()
    yield from islice(every_chain.of_one_proxy(), 0, None, 6)
    yield from islice(every_chain.of_two_proxies(), 1, None, 8)


pytestmark = pytest.mark.xdist_group("wrong formulas")  # one process: the right results are made once
Right = list[tuple[Topology, Capacity]]


@pytest.fixture(scope="module")
def right() -> Right:
    """The chains with their right results, made before anything is changed."""
    return [(topology, calculated(topology)) for topology in thinned()]


# Limits: one that binds is left out, or wider than it is.


def half_as_long(limit: Limit) -> Limit:
    return replace(limit, seconds=limit.seconds * Constant(1) / Constant(2))


CHANGES: dict[str, Callable[[Limit], Limit | None]] = {
    "left out": lambda limit: None,
    "one key a flow": lambda limit: replace(limit, keys=1),
    "twice as many": lambda limit: replace(limit, scopes=limit.scopes * Constant(2)),
    "half as long": half_as_long,
    "all ports busy": lambda limit: replace(limit, busy=None),
}
KINDS = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, Kind) and name != "MEETING"}
"""All but that of several kinds of flows, which tests/limits/test_kinds_against_oracle.py has."""
ONLY = {
    "one key a flow": ("SHARED", "JOINT", "ROW", "ENTRIES", "FILES"),
    "all ports busy": ("JOINT", "GAPS", "ROW"),
}
MUTANTS = [
    (kind, change)
    for kind, change in product(KINDS, CHANGES)
    if kind in ONLY.get(change, KINDS) and (kind != "SAME_TUPLE" or change == "left out")  # 0 is 0
]


@pytest.mark.parametrize(("name", "change"), MUTANTS)
def test_a_changed_limit_is_noticed(name: str, change: str, right: Right) -> None:
    kind, wrong = KINDS[name], CHANGES[change]
    for topology, result in right:
        rate = result.rate_binding
        binds = result.binding.kind is kind or (rate is not None and rate.kind is kind)
        if binds and any(limit.kind is not kind for limit in result.limits):
            claim = mutated(result, lambda limit: wrong(limit) if limit.kind is kind else limit)
            if claim != answer(result) and objections(topology, result, claim):
                return
    pytest.fail("no chain shows that this is wrong")


# Functions: what goes into a hop, or leaves it, and the theorem.


class Swapped(Letters):
    """Whoever waits if the one side closes first waits if the other does."""

    def times(self, flow: Any = None, **lingers: Any) -> Any:
        sides = {"client": "service", "service": "client"}
        return super().times(flow, **{sides[side]: linger for side, linger in lingers.items()})


class Unheard(Letters):
    """Where only the service's side waits, nobody does."""

    def times(self, flow: Any = None, **lingers: Any) -> Any:
        return super().times(flow, **(lingers if "client" in lingers else {}))


def one_target(hop: Callable[..., Any], number: int) -> Callable[..., Any]:
    """A hop that has E for E', or the other way round."""
    return lambda *given, **more: hop(*given[:2], given[number], given[number], *given[4:], **more)


def given(hop: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A hop that other sources reach."""
    return lambda each, sources, *more, **keys: hop(each, change(sources), *more, **keys)


def left(hop: Callable[..., Any], change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A hop that other sources leave."""

    def changed(each: Any, sources: Any, *more: Any, **keys: Any) -> Any:
        declared, leaving = hop(each, sources, *more, **keys)
        return declared, change(sources, leaving)

    return changed


def whole(self: Any, most: Any, unit: Any) -> Any:
    return most


def both_waits(by_client: Any, by_service: Any) -> Any:
    found = elsewhere_of_two(by_client, by_service)
    return found and found._replace(limit=replace(found.limit, seconds=found.limit.seconds * Constant(2)))


elsewhere_of_two = elsewhere._of_two
FUNCTIONS: dict[str, tuple[object, str, Any]] = {
    "other spaces do not count": (elsewhere.Elsewhere, "of_rate", whole),
    "fewer copies do not count": (elsewhere.Elsewhere, "of_flows", whole),
    "no port waits in turn": (theorem, "in_turn", lambda leg: None),
    "a port waits in turn twice as long": (elsewhere, "_of_two", both_waits),
    "keys that pair anew are taken in turn": (legs.Membership, "goes_with", lambda self, other: True),
    "no gaps": (theorem, "_gaps", lambda table: iter(())),
    "a gap has room for no whole leg": (theorem, "_is_the_same", lambda held, here, other: False),
    "a port of a block waits here only": (theorem, "in_all", lambda own: own.times),
    "no rows": (rows.Rows, "ending_with", lambda self, table: iter(())),
    "a leg fits beside its neighbour in a row": (rows, "apart", len),
    "all sources are served": (legs.Sources, "serve", lambda self, served, everyone: None),
    "every source meets every instance": (
        proxy._Row,
        "pairs",
        lambda self: self.letters.a * self.working,
    ),
    "listeners lead anywhere": (proxy._Row, "_behind_listeners", lambda self, sources: sources.mixed()),
    "as many classes as one hop deals": (proxy, "lcm", lambda dealt, machines: machines),
    "a virtual service deals on": (legs.Sources, "mixed", lambda self: self),
    "a proxy's waits are the other side's": (proxy, "Letters", Swapped),
    "no accept_wait": (proxy, "Letters", Unheard),
    "a closed entry holds however it closes": (
        Cone,
        "linger_by",
        property(lambda self: {"time_wait": self.time_wait}),
    ),
    "a table never fills": (cone._Row, "yielding", lambda self: legs.Yielding(("",), Constant(0))),
    "a port serves all destinations": (cone._Row, "_times_in_use", lambda self, endpoints: endpoints),
    "proxy: E for E'": (capacity, "proxy", one_target(proxy.proxy, 2)),
    "proxy: E' for E": (capacity, "proxy", one_target(proxy.proxy, 3)),
    "cone: E for E'": (capacity, "cone", one_target(cone.cone, 2)),
    "proxy: a for b": (capacity, "proxy", given(proxy.proxy, lambda sources: sources.mixed())),
    "proxy: its ports do not leave": (
        capacity,
        "proxy",
        left(proxy.proxy, lambda old, new: new._replace(leg=old.leg)),
    ),
    "cone: its ports do not leave": (
        capacity,
        "cone",
        left(cone.cone, lambda old, new: new._replace(leg=old.leg)),
    ),
    "cone: its addresses do not leave": (
        capacity,
        "cone",
        left(cone.cone, lambda old, new: old._replace(leg=new.leg)),
    ),
    "the services, whatever stands before them": (
        capacity,
        "targets",
        lambda strand: targets(strand)[-1:] * (len(strand.hops) + 1),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_changed_function_is_noticed(name: str, right: Right, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FUNCTIONS[name])
    for topology, result in right:
        claim = answer(calculated(topology))
        if claim != answer(result) and objections(topology, result, claim):
            return
    pytest.fail("no chain shows that this is wrong")
