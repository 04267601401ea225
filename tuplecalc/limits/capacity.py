"""The chain's capacity: Hall's minimum over all limits of all hops, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tuplecalc.errors import InputError, show
from tuplecalc.limits.at_most import Bound, bounds
from tuplecalc.limits.clients import clients, services
from tuplecalc.limits.cone import cone
from tuplecalc.limits.demand import as_wanted
from tuplecalc.limits.expression import Constant, Expression, Number
from tuplecalc.limits.forwarder import forwarder, passing
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.legs import Declared, Sources
from tuplecalc.limits.legs import Space as KeySpace
from tuplecalc.limits.limit import Limit, by_flows, by_rate
from tuplecalc.limits.proxy import proxy
from tuplecalc.limits.served import Served, served
from tuplecalc.limits.targets import Target, targets
from tuplecalc.limits.theorem import limits_of
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy

if TYPE_CHECKING:
    from tuplecalc.limits.kind_capacity import KindCapacity
    from tuplecalc.limits.mixture import Mix

Shape = Literal["direct", "hourglass", "cone", "inverted cone"]


class Collapse(NamedTuple):
    """How much of a cone's space a later layer-7 hop keeps.

    ``kept`` is the hop's own smallest limit over the cone's, in flows; above 1 the hop is wider.
    """

    cone: str
    hop: str
    limit: str
    kept: Fraction


@dataclass(frozen=True)
class Capacity:
    """What a chain can carry: exact numbers, and which limit binds.

    ``flows`` are open at once; ``rate`` is in connections a second (None: nothing limits it).
    """

    chain: Chain
    hops: tuple[HopCapacity, ...]
    declared: tuple[tuple[Declared, ...], ...] = field(default=(), repr=False, compare=False)
    """The legs, tables and files that each hop declared, of which the limits were made."""
    mix: Mix | None = field(default=None, repr=False, compare=False)
    """All legs of all kinds, in the spaces that they share; None where flows are all alike."""

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """All limits, from the clients on, each hop's in the order of its table in docs/model.md."""
        return tuple(limit for hop in self.hops for limit in hop.limits)

    def limit(self, hop: str, name: str) -> Limit:
        """The limit of a hop, by their names.

        Raises :class:`~tuplecalc.errors.InputError` where there is none.

        >>> from tuplecalc.network.file import example
        >>> capacity(example("outage")).limit("lvs", "ports").flows
        387072
        """
        known = {(limit.hop, limit.name): limit for limit in self.limits}
        if (hop, name) in known:
            return known[hop, name]
        there = [limit for at, limit in known if at == hop]
        hops = list(dict.fromkeys(at for at, _ in known))
        rule = (
            f"the only limit there is {there[0]}"
            if len(there) == 1
            else f"the limits there are {', '.join(there)}"
        )
        if not there:
            rule = f"the only hop is {hops[0]}" if len(hops) == 1 else f"the hops are {', '.join(hops)}"
        raise InputError(f"no limit is called {show(name)} at {show(hop)}; {rule}")

    def ports_searched(self, cone: Cone) -> int:
        """The ports among which a cone looks for a free one: a client's block and the overflow, else all.

        >>> from tuplecalc.network.chain import Chain
        >>> from tuplecalc.network.clients import Clients
        >>> from tuplecalc.network.services import Services
        >>> nat = Cone(name="nat", addresses=2, ports="1024-9023", block="even")
        >>> capacity(Chain(clients=Clients(addresses=16), hops=[nat],
        ...                services=Services(addresses=2, ports=80))).ports_searched(nat)
        1000
        """
        here = (limit.searched for limit in self.limits if limit.hop == cone.name)
        return next((searched for searched in here if searched is not None), cone.ports.size)

    @cached_property
    def binding(self) -> Limit:
        """The limit that gives the flows; ties go to the earliest hop and the first row."""
        return min(self.limits, key=by_flows)

    @cached_property
    def rate_binding(self) -> Limit | None:
        """The limit that gives the rate; None where nothing limits it."""
        least = min(self.limits, key=by_rate)
        return None if least.rate is None else least

    @cached_property
    def tightest(self) -> tuple[Limit, ...]:
        """All limits of the hop of :attr:`binding` that give as many flows; that one is the first.

        >>> from tuplecalc.network.builders import cone
        >>> nat = capacity(cone(clients=9, addresses=1, block=21504, services=1))
        >>> [limit.name for limit in nat.tightest]
        ['ports', 'block']
        """
        first = self.binding
        return tuple(each for each in self.limits if each.hop == first.hop and each.flows == first.flows)

    @cached_property
    def tightest_of_rate(self) -> tuple[Limit, ...]:
        """The same of :attr:`rate_binding`; empty where nothing limits the rate."""
        first = self.rate_binding
        if first is None:
            return ()
        return tuple(each for each in self.limits if each.hop == first.hop and each.rate == first.rate)

    def is_tightest(self, limit: Limit) -> tuple[bool, bool]:
        """Whether a limit, or one of its hop that is as tight, gives the flows, and the rate."""
        flows, rate = self.tightest, self.tightest_of_rate
        return any(limit is each for each in flows), any(limit is each for each in rate)

    @property
    def flows(self) -> int:
        """Flows that can be open at once."""
        return self.binding.flows or 0

    @property
    def rate(self) -> Number | None:
        """The highest sustained rate, in connections a second."""
        return self.rate_binding.rate if self.rate_binding else None

    @cached_property
    def served(self) -> Served:
        """How many clients get ports at all."""
        return served(self.chain)

    @cached_property
    def as_wanted(self) -> Capacity:
        """The capacity for flows mixed as clients want them (``flows_each``); itself where that is the same.

        >>> from tuplecalc.network.file import loads
        >>> capacity(loads('''
        ... clients = [{name = "x", addresses = 1, flows_each = 40000}, {name = "y", addresses = 99}]
        ... services = {addresses = 2, ports = 80}
        ... ''')).as_wanted.flows
        56464
        """
        mixed = as_wanted(self.chain)
        return self if mixed is self.chain else capacity(mixed)

    @cached_property
    def kinds(self) -> tuple[KindCapacity, ...]:
        """What it can carry of each kind; one entry without a name where there are no kinds.

        >>> from tuplecalc.network.file import loads
        >>> for kind in capacity(loads('''
        ... traffic.rate = 100
        ... traffic.hold = "5m"
        ... traffic.kinds = [{name = "login", share = 0.1}, {name = "rest", share = 0.9}]
        ... clients = {addresses = 131072}
        ... hops = [
        ...     {name = "nat", kind = "cone", addresses = 1},
        ...     {name = "p", kind = "hourglass", capture = "tproxy", source = "client", captures = "login"},
        ... ]
        ... services = {addresses = 6, ports = 80}
        ... ''')).kinds:
        ...     print(kind)
        <KindCapacity login: 35,188.3 flows, 92.16/s, at most 451.33/s beside the others>
        <KindCapacity rest: 316,694.7 flows, 829.44/s, at most 911.6/s beside the others>
        """
        from tuplecalc.limits.kind_capacity import (  # loads slower than all of a chain
            KindCapacity,
            kinds_of_mix,
        )

        if self.mix is not None:
            return tuple(kinds_of_mix(self.chain, self.mix, self.limits, self.flows, self.rate))
        offered = self.chain.traffic.offered
        headroom = (None, None) if offered is None else (self.rate, self.rate_binding)
        whole = self.chain.strands[0].kind, Fraction(1), self.flows, self.rate
        return (KindCapacity(*whole, *headroom, self.binding, self.rate_binding),)

    @property
    def title(self) -> str:
        """The chain's title."""
        return self.chain.title

    @property
    def shape(self) -> Shape:
        """direct, hourglass, cone or inverted cone."""
        return self.chain.shape

    @cached_property
    def constraint(self) -> Literal["address", "port", "address and port"] | None:
        """What an inverted cone loses to: listeners (address), or ports that both legs need (port)."""
        address = any(hop.capture == "nat" for hop in self.chain.inverted())
        shared = {limit.hop for limit in self.limits if limit.kind is SHARED}
        port = any(hop.name in shared for hop in self.chain.inverted())
        if address and port:
            return "address and port"
        return "address" if address else "port" if port else None

    @property
    def next_binding(self) -> Limit | None:
        """The limit on flows that would bind if those of :attr:`tightest` were gone."""
        return _next(self.limits, self.tightest, by_flows)

    @property
    def next_rate_binding(self) -> Limit | None:
        """The limit on the rate that would bind if those of :attr:`tightest_of_rate` were gone."""
        limits = tuple(limit for limit in self.limits if limit.rate is not None)
        return _next(limits, self.tightest_of_rate, by_rate)

    @cached_property
    def collapse(self) -> tuple[Collapse, ...]:
        """For each layer-7 hop behind a cone, how much of the nearest cone's space it keeps."""
        found, before = [], None
        for hop, capacity in zip(self.chain.hops, self.hops[1:], strict=False):
            least = min(capacity.limits, key=by_flows, default=None)
            if isinstance(hop, Cone):
                before = least
            elif before is not None and isinstance(hop, Proxy) and least is not None and before.flows:
                kept = Fraction(least.flows or 0, before.flows)
                found.append(Collapse(before.hop, hop.name, least.name, kept))
        return tuple(found)

    @cached_property
    def at_most(self) -> tuple[Bound, ...]:
        """Why the truth may lie below the figures, and how far; the hop that causes it."""
        return tuple(bounds(self.chain, self.hops, self.declared))

    @property
    def flows_at_most(self) -> bool:
        """Whether the true optimum may lie below ``flows``."""
        return any(bound.figure == "flows" for bound in self.at_most)

    @property
    def rate_at_most(self) -> bool:
        """Whether the true optimum may lie below ``rate``."""
        return any(bound.figure == "rate" for bound in self.at_most)

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", rate {float(self.rate):,.6g}/s"
        binding = f"{self.binding.hop}/{self.binding.name}"
        return f"<Capacity {self.shape}: {self.flows:,} flows{rate}, limited by {binding}>"


def _next(limits: tuple[Limit, ...], gone: tuple[Limit, ...], figure: Any) -> Limit | None:
    left = (limit for limit in limits if not any(limit is each for each in gone))
    return min(left, key=figure, default=None)


def capacity(chain: Chain) -> Capacity:
    """How many flows a chain can hold open and how many a second it sustains; which limit binds.

    Exact for traffic that spreads evenly; ``flows_at_most`` and ``rate_at_most`` say where it is a bound.
    Raises :class:`~tuplecalc.errors.ChainError` for anything but a chain.

    >>> from tuplecalc.network.chain import Chain
    >>> from tuplecalc.network.clients import Clients
    >>> from tuplecalc.network.services import Services
    >>> from tuplecalc.network.cone import Cone
    >>> capacity(Chain(clients=Clients(addresses=9), hops=[Cone(name="nat", addresses=1)],
    ...                services=Services(addresses=2, ports=80)))
    <Capacity cone: 129,024 flows, rate 1,075.2/s, limited by nat/ports>
    """
    check_chain(chain)
    passed, declared, mix, every = limits_on_the_way(chain)
    found: list[HopCapacity] = []
    flows: int | None = None
    rate: Number | None = None
    for hop, limits in zip(passed, every, strict=True):
        for limit in limits:
            if limit.flows is not None:
                flows = limit.flows if flows is None else min(flows, limit.flows)
            if limit.rate is not None:
                rate = limit.rate if rate is None else min(rate, limit.rate)
        figures = limits, flows or 0, rate, hop.tuples_per_flow, *space_of(hop.leaving)
        found.append(HopCapacity(hop.name, hop.kind, *figures))
    return Capacity(chain, tuple(found), declared, mix)


class OnTheWay(NamedTuple):
    """The hops of a chain as they are passed, what they declare, the mix of its kinds, the limits of each."""

    passed: list[Passed]
    declared: tuple[tuple[Declared, ...], ...]
    mix: Mix | None
    limits: list[tuple[Limit, ...]]


def limits_on_the_way(chain: Chain) -> OnTheWay:
    """The limits of each hop from the clients on, of which none is compared with another yet."""
    passed = list(walk(chain))
    declared = tuple(tuple(hop.declared) for hop in passed)
    mix = _mix(declared) if chain.is_mixed else None
    every = limits_of(declared) if mix is None else mix.limits(hop.name for hop in passed)
    return OnTheWay(passed, declared, mix, list(every))


class Space(NamedTuple):
    """The tuples of all legs that are told apart somewhere, and the numbers that they are made of."""

    tuple_space: int
    sources: int
    ports: int
    endpoints: int


def space_of(legs: Iterable[tuple[Sources, Target]]) -> Space:
    """The space of legs: Σ sources × ports × endpoints, of those from one source to one target once."""
    apart = {(sources.who, target.name): (sources, target) for sources, target in legs}.values()
    tuples = sum(
        floor(sources.addresses.value * sources.leg.ports.ports.size * target.endpoints.value)
        for sources, target in apart
    )
    addresses = sum({each.who: floor(each.addresses.value) for each, _ in apart}.values())
    ports = max((each.leg.ports.ports.size for each, _ in apart), default=0)
    endpoints = sum({target.name: floor(target.endpoints.value) for _, target in apart}.values())
    return Space(tuples, addresses, ports, endpoints)


def _mix(declared: Sequence[Sequence[Declared]]) -> Mix:
    from tuplecalc.limits.mixture import Mix  # a start without kinds is as fast as before

    return Mix(declared)


class Passed(NamedTuple):
    """A hop on the way: what it declares, what leaves it on which way, and what that addresses."""

    name: str
    kind: str
    declared: list[Declared]
    leaving: list[tuple[Sources, Target]]
    tuples_per_flow: int


class _Way:
    """The way of one strand, up to the hop that it has reached."""

    def __init__(self, strand: Strand) -> None:
        self.strand, self.targets = strand, targets(strand)
        self.declared, self.sources = clients(strand, self.targets[0])
        self.place = 0

    @property
    def target(self) -> Target:
        """What the present leg addresses."""
        return self.targets[self.place]

    def cross(self, everyone: Expression | None, *, tracks: bool) -> None:
        """Go on behind the next hop."""
        before, behind = self.targets[self.place : self.place + 2]
        ways = self.sources, before, behind
        match hop := self.strand.hops[self.place]:
            case Cone():
                self.declared, self.sources = cone(hop, *ways, everyone)
            case Forwarder():
                self.declared, self.sources = forwarder(hop, *ways, tracks=tracks)
            case Proxy() if self.strand.is_captured(hop):
                self.declared, self.sources = proxy(hop, *ways, tracks=tracks)
            case Proxy():
                self.declared, self.sources = passing(hop, *ways, tracks=tracks)
        self.place += 1


def walk(chain: Chain) -> Iterator[Passed]:
    """The clients, each hop, and the services where they hold tuples, in the order of the flows."""
    ways = [_Way(strand) for strand in chain.strands]
    is_mixed = chain.is_mixed
    tracking = {hop.on for hop in chain.hops if isinstance(hop, Proxy) and hop.tracks} if is_mixed else set()
    yield _passed("clients", "clients", ways, 1)
    for hop in chain.hops_at_work:
        crossing = [way for way in ways if way.strand.crosses(hop)]
        everyone = _all_sources(crossing) if is_mixed else None
        for way in crossing:
            way.cross(everyone, tracks=hop.on in tracking)
        yield _passed(hop.name, hop.kind, crossing, hop.tuples_per_flow)
    meeting = _meeting(ways) if len(ways) > 1 else set()
    for way in ways:
        met = (way.sources.who, way.target.name) in meeting
        way.declared = services(way.strand, way.sources, way.target, meets=met)
    if any(way.declared for way in ways):
        yield _passed("services", "services", ways, 1)


def _meeting(ways: Sequence[_Way]) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The sources and services of flows that no table on the way has all of."""
    spaces: dict[tuple[tuple[str, ...], tuple[str, ...]], list[set[KeySpace]]] = {}
    for way in ways:
        here = {each.space for each in way.sources.leg.memberships if each.space.towards == way.target.name}
        spaces.setdefault((way.sources.who, way.target.name), []).append(here)
    return {ends for ends, each in spaces.items() if not set.intersection(*each)}


def _passed(name: str, kind: str, ways: Sequence[_Way], tuples: int) -> Passed:
    declared = [each for way in ways for each in way.declared]
    return Passed(name, kind, declared, [(way.sources, way.target) for way in ways], tuples)


def _all_sources(ways: Sequence[_Way]) -> Expression:
    """All addresses that reach a hop: those of several kinds of flows count once."""
    found = {way.sources.who: way.sources.addresses for way in ways}
    return sum(found.values(), Constant(0))
