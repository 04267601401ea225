"""The oracle is fed wrong formulas, one at a time, and has to object to each.

A mutant either changes the limits of a result, or a function that makes them. It is held against chains of
every kind until one of them shows it to be wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from math import floor
from typing import Any

import pytest

from tests.limits import every_chain
from tests.limits.chains import Topology
from tests.limits.compare import answer, calculated, mutated, objections
from tuplecalc.limits import capacity as capacity_module
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    NamedPorts,
    Product,
    Quantity,
    Quotient,
    Size,
    Sum,
    ingredients,
)
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.state import Run, Sources
from tuplecalc.limits.targets import Target, targets
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

Mutant = Callable[[Limit, AnyHop], Limit | None]


def thinned() -> Iterator[Topology]:
    """A sixth of the chains of every kind, the short ones first."""
    yield from every_chain.of_no_proxy()
    yield from every_chain.of_rules()
    yield from every_chain.of_virtual()
    yield from every_chain.of_rows()
    yield from every_chain.of_wide_ports()
    yield from islice(every_chain.of_one_proxy(), 0, None, 5)
    yield from islice(every_chain.of_two_proxies(), 0, None, 7)
    yield from islice(every_chain.of_one_proxy(), 1, None, 5)
    yield from islice(every_chain.of_two_proxies(), 1, None, 7)


@pytest.fixture(scope="module")
def right() -> list[tuple[Topology, Capacity]]:
    """The chains with their right results, made before anything is changed."""
    return [(topology, calculated(topology)) for topology in thinned()]


Right = list[tuple[Topology, Capacity]]


def dropped(name: str) -> Mutant:
    return lambda limit, hop: None if limit.name == name else limit


def with_keys(name: str, keys: int) -> Mutant:
    return lambda limit, hop: replace(limit, keys=keys) if limit.name == name else limit


def scopes_divided(name: str, divisor: Callable[[Proxy], int]) -> Mutant:
    def change(limit: Limit, hop: AnyHop) -> Limit:
        if limit.name != name or not isinstance(hop, Proxy):
            return limit
        return replace(limit, scopes=Quotient(limit.scopes, Constant(divisor(hop))))

    return change


def scopes_times(name: str, factor: Callable[[Any], int]) -> Mutant:
    def change(limit: Limit, hop: AnyHop) -> Limit:
        if limit.name != name:
            return limit
        return replace(limit, scopes=Product((limit.scopes, Constant(factor(hop)))))

    return change


def resized(name: str, size: Callable[[Limit], int]) -> Mutant:
    return lambda limit, hop: (
        replace(limit, size=Constant(size(limit)), busy=None) if limit.name == name else limit
    )


def sets_of(limit: Limit) -> list[NamedPorts]:
    return list(limit.size.sets) if isinstance(limit.size, Size) else []


def port_counts(limit: Limit) -> list[int]:
    return [named.ports.size for named in sets_of(limit)]


def first_factor_unlimited(limit: Limit, hop: AnyHop) -> Limit:
    if limit.name != "block":
        return limit
    return with_minima(limit, lambda minimum: minimum.choices[1])


def with_minima(limit: Limit, change: Callable[[Minimum], Expression]) -> Limit:
    """The limit with another expression for each minimum in its size and scopes."""

    def changed(node: Expression) -> Expression:
        match node:
            case Minimum():
                return change(node)
            case Sum(parts) | Product(parts):
                return type(node)(tuple(map(changed, parts)))
        return node

    return replace(limit, size=changed(limit.size), scopes=changed(limit.scopes))


def minima_of(letter: str, change: Callable[[Minimum], Expression]) -> Mutant:
    """Change the minima that have this letter as their last choice."""

    def wrong(minimum: Minimum) -> Expression:
        return change(minimum) if getattr(minimum.choices[-1], "symbol", "") == letter else minimum

    return lambda limit, hop: with_minima(limit, wrong) if isinstance(hop, Cone) else limit


def client_for_all(limit: Limit, hop: AnyHop) -> Limit:
    return replace(limit, scopes=Constant(1)) if limit.name == "client" else limit


def without_overflow(limit: Limit, hop: AnyHop) -> Limit:
    if limit.name == "block" and isinstance(limit.size, Sum):
        return replace(limit, size=limit.size.terms[0])
    return limit


def even_block(size: Callable[[int, int, int], int]) -> Mutant:
    """Other ports of a client, by |P|, the clients and the addresses."""

    def change(limit: Limit, hop: AnyHop) -> Limit:
        if limit.name != "block" or not isinstance(hop, Cone) or hop.block != "even" or hop.overflow:
            return limit
        clients = next(q.value for q in ingredients(limit.scopes) if q.symbol == "a")
        return replace(limit, size=Constant(size(hop.ports.size, floor(clients), hop.addresses.size)))

    return change


def table_size(size: Callable[[Cone, int], int]) -> Mutant:
    """Other ports of a client, by the cone and the number of clients."""

    def change(limit: Limit, hop: AnyHop) -> Limit:
        if limit.name != "block" or not isinstance(hop, Cone) or not isinstance(hop.block, tuple):
            return limit
        clients = next(q.value for q in ingredients(limit.scopes) if q.symbol == "a")
        return replace(limit, size=Constant(size(hop, floor(clients))))

    return change


def entry_ports(cone: Cone, clients: int) -> int:
    entry = cone.entry(clients)
    assert entry is not None
    return entry[1]


def without_linger(limit: Limit, hop: AnyHop) -> Limit:
    hold = Quantity("H", "traffic", 1)  # as in every chain of the set
    return replace(limit, seconds=Product((Constant(limit.keys), hold)))


CHANGED_LIMITS: dict[str, Mutant] = {
    "shared: one key a flow": with_keys("shared", 1),
    "shared: min(|A|, |L|) for half the union": resized(
        "shared", lambda x: 2 * min(port_counts(x), default=0)
    ),
    "shared: |A| + |L| for the union": resized("shared", lambda x: sum(port_counts(x))),
    "shared: no limit": dropped("shared"),
    "shared: once for all instances": scopes_divided("shared", lambda hop: hop.instances),
    "shared-bind: no limit": dropped("shared-bind"),
    "shared-mapping: no limit": dropped("shared-mapping"),
    "shared-3: no limit": dropped("shared-3"),
    "shared-3: the union only": resized("shared-3", lambda x: Size("union", tuple(sets_of(x))).value),
    "upstream, own: not times n": scopes_divided(
        "upstream", lambda hop: hop.instances if hop.source == "own" else 1
    ),
    "upstream: no limit": dropped("upstream"),
    "bind: no limit": dropped("bind"),
    "bind: once for all instances": scopes_divided("bind", lambda hop: hop.instances),
    "capture: no listeners": scopes_divided(
        "capture", lambda hop: hop.listen_addresses.size * hop.listen_ports.size
    ),
    "capture: no instances": scopes_divided("capture", lambda hop: hop.instances),
    "capture: no limit": dropped("capture"),
    "accepted: no limit": dropped("accepted"),
    "listener: no limit": dropped("listener"),
    "listener: once for all instances": scopes_divided("listener", lambda hop: hop.instances),
    "cone: no limit": lambda limit, hop: None if limit.name == "ports" and isinstance(hop, Cone) else limit,
    "cone: endpoint-independent times E'": scopes_times(
        "ports", lambda hop: 2 if isinstance(hop, Cone) and hop.mapping == "endpoint-independent" else 1
    ),
    "block: no limit": dropped("block"),
    "block: all blocks, however few clients": first_factor_unlimited,
    "block-ports: no limit": dropped("block-ports"),
    "destinations: all of them": minima_of("d", lambda minimum: minimum.choices[0]),
    "destinations: d however few there are": minima_of("d", lambda minimum: minimum.choices[1]),
    "even: rounded up": even_block(lambda ports, clients, addresses: -(-ports * addresses // clients)),
    "even: all ports divided at once": even_block(
        lambda ports, clients, addresses: ports * addresses // clients
    ),
    "even: one address": even_block(lambda ports, clients, addresses: ports // clients),
    "table: of one address": table_size(entry_ports),
    "table: no largest entry": table_size(lambda hop, a: entry_ports(hop, a) * hop.addresses.size),
    "table: the first entry": table_size(lambda hop, _: entry_ports(hop, 1)),
    "overflow: none": without_overflow,
    "overflow: at each address, used or not": minima_of("M", lambda minimum: minimum.choices[1]),
    "overflow: for each client": minima_of("M", lambda minimum: minimum.choices[0]),
    "client: no limit": dropped("client"),
    "client: all of them together": client_for_all,
    "shared: keys busy that no flow keeps busy": lambda limit, hop: replace(limit, busy=None),
    "files: one a flow": with_keys("files", 1),
    "files: no limit": dropped("files"),
    "entries: one a flow": with_keys("entries", 1),
    "rates: no linger": without_linger,
}


@pytest.mark.parametrize("name", CHANGED_LIMITS)
def test_a_changed_limit_is_noticed(name: str, right: Right) -> None:
    change = CHANGED_LIMITS[name]
    for topology, result in right:
        hops = dict(zip([hop.name for hop in result.hops], [None, *result.chain.hops], strict=True))
        claim = mutated(result, lambda limit, hops=hops: change(limit, hops[limit.hop]))  # type: ignore[misc]
        if claim != answer(result) and objections(topology, result, claim):
            return
    pytest.fail("no chain shows that this formula is wrong")


# Steps: what goes into a hop, or leaves it.

Step = Callable[..., tuple[list[Limit], Sources]]
Change = Callable[[pytest.MonkeyPatch], None]


def wrapped(kind: str, change: Callable[[Step, tuple[Any, ...]], tuple[list[Limit], Sources]]) -> Change:
    """Change what the function of one kind of hop is given or gives."""

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        step = getattr(capacity_module, kind)
        monkeypatch.setattr(capacity_module, kind, lambda *args: change(step, args))

    return apply


def entering(kind: str, change: Callable[[Sources], Sources]) -> Change:
    def changed(step: Step, args: tuple[Any, ...]) -> tuple[list[Limit], Sources]:
        hop, traffic, sources, before, behind = args
        return step(hop, traffic, change(sources), before, behind)

    return wrapped(kind, changed)


def leaving(kind: str, change: Callable[[Sources, Sources], Sources]) -> Change:
    def changed(step: Step, args: tuple[Any, ...]) -> tuple[list[Limit], Sources]:
        limits, sources = step(*args)
        return limits, change(args[2], sources)

    return wrapped(kind, changed)


def one_target(number: int) -> Callable[[Step, tuple[Any, ...]], tuple[list[Limit], Sources]]:
    return lambda step, args: step(*args[:3], args[number], args[number])


def other_side_closes(step: Step, args: tuple[Any, ...]) -> tuple[list[Limit], Sources]:
    hop, traffic, *rest = args
    return step(hop, traffic.changed(first_close=1 - traffic.first_close), *rest)


def never_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sources, "mixed", lambda sources: sources)


def services_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:

    def wrong(chain: Chain) -> list[Target]:
        legs = targets(chain)
        return legs[-1:] * len(legs)

    monkeypatch.setattr(capacity_module, "targets", wrong)


def without_overflow_ports(old: Sources, new: Sources) -> Sources:
    ports = new.ports
    kept = ports.ports - PortSet("5-8") if ports.symbol == "P_O" else ports.ports
    return new._replace(ports=ports._replace(ports=kept))


CHANGED_STEPS: dict[str, Change] = {
    "proxy: E for E'": wrapped("proxy", one_target(3)),
    "proxy: E' for E": wrapped("proxy", one_target(4)),
    "cone: E for E'": wrapped("cone", one_target(3)),
    "forwarder: E for E'": wrapped("forwarder", one_target(3)),
    "proxy: the other side closes first": wrapped("proxy", other_side_closes),
    "proxy: a for b": entering(
        "proxy", lambda sources: sources._replace(per_endpoint=sources.addresses, classes=1)
    ),
    "proxy: no row": entering("proxy", lambda sources: sources._replace(run=Run())),
    "proxy: nothing is taken for all": entering("proxy", lambda sources: sources._replace(taken=None)),
    "proxy: its ports do not leave": leaving("proxy", lambda old, new: new._replace(ports=old.ports)),
    "proxy: its addresses do not leave": leaving("proxy", lambda old, new: old._replace(ports=new.ports)),
    "cone: its ports do not leave": leaving("cone", lambda old, new: new._replace(ports=old.ports)),
    "cone: its ports are not taken for some": leaving("cone", lambda old, new: new._replace(taken=None)),
    "cone: its overflow does not leave": leaving("cone", without_overflow_ports),
    "cone: its addresses do not leave": leaving("cone", lambda old, new: old._replace(ports=new.ports)),
    "virtual: sources stay dealt out": never_mixed,
    "targets: the services, whatever stands before them": services_everywhere,
}


@pytest.mark.parametrize("name", CHANGED_STEPS)
def test_a_changed_step_is_noticed(name: str, right: Right, monkeypatch: pytest.MonkeyPatch) -> None:
    CHANGED_STEPS[name](monkeypatch)
    for topology, result in right:
        claim = answer(calculated(topology))
        if claim != answer(result) and objections(topology, result, claim):
            return
    pytest.fail("no chain shows that this step is wrong")


def test_the_right_formulas_are_not_objected_to(right: Right) -> None:
    assert not [found for topology, result in right[::20] if (found := objections(topology, result))]
