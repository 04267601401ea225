"""The chain's capacity: Hall's minimum over all limits of all hops, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import floor
from typing import Any, Literal, NamedTuple

from tuplecalc.errors import InputError, show
from tuplecalc.limits.cone import cone
from tuplecalc.limits.expression import Number, ingredients
from tuplecalc.limits.hops import clients, forwarder
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.proxy import proxy
from tuplecalc.limits.state import Sources
from tuplecalc.limits.targets import Target, targets
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.hops import Cone, Hourglass

Shape = Literal["direct", "hourglass", "cone", "inverted cone"]


class HopCapacity(NamedTuple):
    """One hop: its limits, and what is reachable from the clients up to and including it."""

    name: str
    kind: str
    limits: tuple[Limit, ...]
    flows: int
    """The smallest of all limits so far (reachable tuples)."""
    rate: Number | None
    """The smallest rate of all limits so far, in connections a second; None where nothing limits it."""
    tuple_space: int
    """Tuples of the leg that leaves: sources × ports × endpoints."""
    tuples_per_flow: int
    sources: int
    """Source addresses of the leg that leaves."""
    ports: int
    """Source ports of each of these."""
    endpoints: int
    """Endpoints that the leg addresses."""

    def utilisation(self, rate: Fraction | None) -> Number | None:
        """A rate over the highest that the hop's own limits sustain; None where nothing limits it."""
        rates = [limit.rate for limit in self.limits if limit.rate is not None]
        return rate / min(rates) if rate is not None and rates and min(rates) else None

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", {float(self.rate):,.6g}/s"
        return f"<HopCapacity {self.name}: {self.flows:,} flows{rate}, {len(self.limits)} limits>"


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

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """All limits, from the clients on, in the model's order."""
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
        rule = f"the limits there are {', '.join(there)}"
        if not there:
            rule = f"the hops are {', '.join(dict.fromkeys(at for at, _ in known))}"
        raise InputError(f"no limit is called {show(name)} at {show(hop)}; {rule}")

    def ports_searched(self, cone: str) -> int:
        """The ports among which a cone looks for a free one: a client's block and the overflow, else all.

        >>> from tuplecalc.network.chain import Chain, Clients, Services
        >>> from tuplecalc.network.hops import Cone
        >>> nat = Cone(name="nat", addresses=2, ports="1024-9023", block="even")
        >>> capacity(Chain(clients=Clients(addresses=16), hops=[nat],
        ...                services=Services(addresses=2, ports=80))).ports_searched("nat")
        1000
        """
        hop = next(hop for hop in self.chain.hops if hop.name == cone and isinstance(hop, Cone))
        if hop.block is None:
            return hop.ports.size
        block = next(q for q in ingredients(self.limit(cone, "block").size) if q.symbol == "k")
        return floor(block.value) + (hop.overflow.size if hop.overflow else 0)

    @cached_property
    def binding(self) -> Limit:
        """The limit that gives the flows; ties go to the earliest hop and the first row."""
        return min(self.limits, key=lambda limit: limit.flows)

    @cached_property
    def rate_binding(self) -> Limit | None:
        """The limit that gives the rate; None where nothing limits it."""
        return min(
            (limit for limit in self.limits if limit.rate is not None),
            key=lambda limit: limit.rate or 0,
            default=None,
        )

    @property
    def flows(self) -> int:
        """Flows that can be open at once."""
        return self.binding.flows

    @property
    def rate(self) -> Number | None:
        """The highest sustained rate, in connections a second."""
        return self.rate_binding.rate if self.rate_binding else None

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
        shared = {limit.hop for limit in self.limits if limit.name == "shared"}
        port = any(hop.name in shared for hop in self.chain.inverted())
        if address and port:
            return "address and port"
        return "address" if address else "port" if port else None

    @property
    def next_binding(self) -> Limit | None:
        """The limit on flows that would bind if the binding one were gone."""
        return _next(self.limits, self.binding, lambda limit: limit.flows)

    @property
    def next_rate_binding(self) -> Limit | None:
        """The limit on the rate that would bind if the binding one were gone."""
        limits = tuple(limit for limit in self.limits if limit.rate is not None)
        return _next(limits, self.rate_binding, lambda limit: limit.rate or 0)

    @cached_property
    def collapse(self) -> tuple[Collapse, ...]:
        """For each layer-7 hop behind a cone, how much of the nearest cone's space it keeps."""
        found, before = [], None
        for hop, capacity in zip(self.chain.hops, self.hops[1:], strict=True):
            least = min(capacity.limits, key=lambda limit: limit.flows, default=None)
            if isinstance(hop, Cone):
                before = least
            elif before is not None and hop.layer == 7 and least is not None and before.flows:
                kept = Fraction(least.flows, before.flows)
                found.append(Collapse(before.hop, hop.name, least.name, kept))
        return tuple(found)

    @cached_property
    def flows_at_most(self) -> bool:
        """Whether the true optimum may lie below ``flows``, by rounding or in rare corners.

        Beside a shared limit: where ports are taken for all services or for some, or handed out in
        blocks, where a hop changes the destination but keeps source address and port, and in rows of
        proxies of which one shares its work by flows.  And where ports that one client may hold meet
        hops that count for each of their addresses, or where more clients share the overflow of one
        address than of another and could not take all of it.
        """
        sharing = self._sharing()
        row_by_flows = len(sharing) > 1 and any(h.instances > 1 and h.split == "flows" for h in sharing)
        behind = [hop.endpoints for hop in self.hops[1:]]
        bound = self.chain.clients.allocation == "bind" or any(map(_blurs, self.chain.hops, behind))
        return self._blocks_blur() or (bool(sharing) and bound) or row_by_flows

    @property
    def rate_at_most(self) -> bool:
        """Whether the true optimum may lie below ``rate``: as the flows, and for proxies in a row.

        A leg between two proxies has a time in each, and the formulas take the shorter.  And where
        either side may close first, a port waits now at the hop that chose it, now at the proxy that
        accepts it: for the longer of the two each time, which is more than the longer mean.  And where
        a hash puts clients on addresses, the fullest address has more than its part.
        """
        proxies = [hop.name for hop in self.chain.hops if isinstance(hop, Hourglass) and hop.layer == 7]
        in_a_row = any(hop.name in proxies[:-1] for hop in self._sharing())
        return self.flows_at_most or in_a_row or self.rate_hashed or self._waits_in_turn()

    @property
    def rate_hashed(self) -> bool:
        """Whether a hash puts clients on a cone's addresses, of which the fullest is the first to run dry."""
        cones = [hop for hop in self.chain.hops if isinstance(hop, Cone) and hop.spread == "hashed"]
        return any(hop.addresses.size * hop.instances > 1 for hop in cones)

    def _waits_in_turn(self) -> bool:
        """Whether the ports that some proxy accepts, held for the longer time each time, bind the rate."""
        traffic = self.chain.traffic
        c, by_client, by_service = traffic.first_close, self.chain.clients.linger, Fraction(0)
        if c in (0, 1) or self.rate is None:
            return False
        for hop, capacity in zip(self.chain.hops, self.hops[1:], strict=True):
            if isinstance(hop, Cone):
                by_client = by_service = hop.linger
            elif hop.layer == 7:
                held = traffic.hold + c * by_client + (1 - c) * max(by_service, hop.linger)
                for limit in capacity.limits:
                    accepts = limit.name in ("accepted", "listener") and limit.rate is not None
                    if accepts and (limit.rate or 0) * limit.seconds.value < self.rate * held:
                        return True
                by_client, by_service = hop.linger, Fraction(0)
        return False

    def _sharing(self) -> list[Hourglass]:
        names = {limit.hop for limit in self.limits if limit.name == "shared"}
        return [hop for hop in self.chain.hops if isinstance(hop, Hourglass) and hop.name in names]

    def _blocks_blur(self) -> bool:
        hops = self.chain.hops
        for place, hop in enumerate(hops):
            if not isinstance(hop, Cone) or (hop.block is None and hop.client_ports is None):
                continue
            if any(_chooses(h) or h.virtual for h in hops[place + 1 :]):
                return True
            if hop.block is None:
                continue
            some = isinstance(hop.block, int)  # else all sources have a block, and each one alike
            if any(_chooses(h) if some else _deals_out(h) for h in hops[:place]):
                return True
            if hop.instances > 1 and hop.max_entries is not None:
                return True
            if hop.overflow is not None and _meet_unevenly(hop, *self.hops[place : place + 2]):
                return True
        return False

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", rate {float(self.rate):,.6g}/s"
        binding = f"{self.binding.hop}/{self.binding.name}"
        return f"<Capacity {self.shape}: {self.flows:,} flows{rate}, binding {binding}>"


def _next(limits: tuple[Limit, ...], binding: Limit | None, figure: Any) -> Limit | None:
    return min((limit for limit in limits if limit is not binding), key=figure, default=None)


def _chooses(hop: Cone | Hourglass) -> bool:
    return isinstance(hop, Cone) or hop.layer == 7


def _deals_out(hop: Cone | Hourglass) -> bool:
    return isinstance(hop, Hourglass) and hop.instances > 1 and hop.split == "services"


def _meet_unevenly(hop: Cone, before: HopCapacity, here: HopCapacity) -> bool:
    """Whether clients of some addresses lack ports of the overflow that lie idle at others."""
    addresses, ports = hop.addresses.size * hop.instances, hop.ports.size
    overflow = hop.overflow.size if hop.overflow else 0
    block = hop.block if isinstance(hop.block, int) else ports // -(-before.sources // addresses)
    blocks = addresses * (ports // block) if isinstance(hop.block, int) else before.sources
    holders = min(before.sources, blocks)
    if holders <= addresses or holders % addresses == 0:
        return False
    in_all = here.limits[0]  # all ports of all addresses
    most = (block + overflow) * Fraction(in_all.scopes.value) / addresses  # of one client alone
    rate = Fraction(before.rate) * in_all.seconds.value if before.rate is not None else None
    too_few = hop.client_ports is not None and hop.client_ports < block + overflow
    return too_few or min(before.flows, before.flows if rate is None else rate) < most * before.sources


def _blurs(hop: Cone | Hourglass, behind: int) -> bool:
    """Whether it makes shared limits behind it a bound; ``behind`` are the endpoints that it addresses."""
    if isinstance(hop, Cone):
        few = hop.mapping == "endpoint-independent" or (hop.destinations or behind) < behind
        return few or hop.block is not None
    keeps_port = hop.capture == "listen" and hop.source == "client-port"
    return hop.virtual is not None or keeps_port or (hop.layer == 7 and hop.allocation == "bind")


def capacity(chain: Chain) -> Capacity:
    """How many flows a chain can hold open and how many a second it sustains; which limit binds.

    Exact for traffic that spreads evenly; ``flows_at_most`` and ``rate_at_most`` say where it is a bound.
    Raises :class:`~tuplecalc.errors.TopologyError` for anything but a chain.

    >>> from tuplecalc.network.chain import Chain, Clients, Services
    >>> from tuplecalc.network.hops import Cone
    >>> capacity(Chain(clients=Clients(addresses=9), hops=[Cone(name="nat", addresses=1)],
    ...                services=Services(addresses=2, ports=80)))
    <Capacity cone: 129,024 flows, rate 1,075.2/s, binding nat/ports>
    """
    check_chain(chain)
    found: list[HopCapacity] = []
    flows: int | None = None
    rate: Number | None = None
    for name, kind, limits, sources, target, tuples_per_flow in walk(chain):
        for limit in limits:
            flows = limit.flows if flows is None else min(flows, limit.flows)
            if limit.rate is not None:
                rate = limit.rate if rate is None else min(rate, limit.rate)
        addresses, ports = sources.addresses.value, sources.ports.ports.size
        space = floor(addresses * ports * target.endpoints.value)
        leg = floor(addresses), ports, floor(target.endpoints.value)
        found.append(HopCapacity(name, kind, limits, flows or 0, rate, space, tuples_per_flow, *leg))
    return Capacity(chain, tuple(found))


def walk(chain: Chain) -> Iterator[tuple[str, str, tuple[Limit, ...], Sources, Target, int]]:
    """Name, kind, limits, what leaves, what it addresses, tuples a flow: of the clients and of each hop."""
    legs = targets(chain)
    limits, sources = clients(chain, legs[0])
    yield "clients", "clients", tuple(limits), sources, legs[0], 1
    for hop, (before, behind) in zip(chain.hops, pairwise(legs), strict=True):
        match hop:
            case Cone():
                limits, sources = cone(hop, chain.traffic, sources, before, behind)
            case Hourglass(layer=7):
                limits, sources = proxy(hop, chain.traffic, sources, before, behind)
            case Hourglass():
                limits, sources = forwarder(hop, chain.traffic, sources, before, behind)
        two = isinstance(hop, Hourglass) and hop.layer == 7
        yield hop.name, hop.kind, tuple(limits), sources, behind, 2 if two else 1
