"""The ways that flows take: who sends them, what each of their legs addresses, who ends them.

Kinds of traffic are told apart by a mark of their own in each packet, the DSCP field: clients set it,
and whoever answers or connects onwards sets the one that it got (``tcp_reflect_tos``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, product
from math import lcm

from tuplecalc.lab import addressing
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.mix import Strand
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

Endpoint = tuple[str, int]

MOST_KINDS = 63
"""Marks that a packet can have."""


@dataclass(frozen=True)
class Way:
    """One strand of the mix in the lab."""

    strand: Strand
    mark: int
    """Of its kind, in each of its packets; 0 where there are no kinds."""
    weight: Fraction
    """Its part of the flows that are open at once."""
    sources: tuple[str, ...]
    legs: tuple[tuple[Endpoint, ...], ...]
    """What is addressed in front of each hop of the chain; the last are the services."""
    connections: tuple[Fraction, ...]
    """How many there are for each open flow, likewise."""

    def upstream(self, number: int) -> Fraction:
        """How many connections leave a hop for each that it has from the clients' side."""
        return self.connections[number + 1] / self.connections[number]

    def ends_at(self, hop: AnyHop) -> bool:
        """Whether a hop ends or translates it, and does not let it pass."""
        return self.strand.crosses(hop) and self.strand.is_captured(hop)


def ways(chain: Chain) -> tuple[Way, ...]:
    """One for each strand.

    >>> from tuplecalc.network.file import example
    >>> way, = ways(example("cone", ["clients.addresses=2"]))
    >>> way.mark, way.sources, way.legs[0][:2]
    (0, ('198.18.0.1', '198.18.0.2'), (('198.19.0.1', 80), ('198.19.0.1', 443)))
    """
    marks = {kind.name: number for number, kind in enumerate(chain.traffic.kinds, start=1)}
    return tuple(
        Way(
            strand,
            marks.get(strand.kind, 0),
            weight,
            _sources(chain, strand),
            _legs(chain, strand),
            connections(chain, strand),
        )
        for strand, weight in zip(chain.strands, open_parts(chain.strands), strict=True)
    )


def open_parts(strands: tuple[Strand, ...]) -> list[Fraction]:
    """Each strand's part of the flows that are open at once: by its rate and its hold (Little).

    >>> from tuplecalc.network.file import example
    >>> open_parts(example("cone").strands)
    [Fraction(1, 1)]
    """
    held = [strand.part * strand.hold for strand in strands]
    total = sum(held)
    return [each / total for each in held] if total else [strand.part for strand in strands]


def whole(weights: list[Fraction]) -> list[int]:
    """The same weights as whole numbers.

    >>> whole([Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)])
    [1, 2, 3]
    """
    common = lcm(*(weight.denominator for weight in weights))
    return [int(weight * common) for weight in weights]


def connections(chain: Chain, strand: Strand) -> tuple[Fraction, ...]:
    """How many connections there are for each open flow of a strand, in front of each hop and at last.

    Behind a proxy ``connections_per_flow`` times as many, and more the longer they are open.

    >>> from tuplecalc.network.file import example
    >>> chain = example("pooled-frontend")
    >>> [[str(each) for each in connections(chain, strand)] for strand in chain.strands]
    [['1', '3', '3'], ['1', '1', '1']]
    """
    found, hold = [Fraction(1)], strand.hold
    for hop in chain.hops_at_work:
        there = found[-1]
        if isinstance(hop, Proxy) and strand.crosses(hop) and strand.is_captured(hop):
            there *= hop.connections_per_flow
            if hop.upstream_hold is not None and hold:
                there *= hop.upstream_hold / hold
                hold = hop.upstream_hold
        found.append(there)
    return tuple(found)


def stages(chain: Chain) -> list[list[int]]:
    """The numbers of the hops, those of one machine together."""
    return [
        list(several)
        for _, several in groupby(
            range(len(chain.hops_at_work)), lambda number: chain.hops_at_work[number].on
        )
    ]


def machine_of(chain: Chain, number: int) -> int:
    """The first of the hops that are on the machine of a hop: all of them have its own addresses."""
    return next(
        first for first, hop in enumerate(chain.hops_at_work) if hop.on == chain.hops_at_work[number].on
    )


def listeners(chain: Chain, number: int, instance: int) -> list[Endpoint]:
    """The listeners of an instance of a proxy: only their number is the chain's, the ports are free ones."""
    hop = chain.hops_at_work[number]
    assert isinstance(hop, Proxy)
    count = hop.listen_ports.size
    before = [
        other.listen_ports.size
        for other in chain.hops_at_work[:number]
        if other.on == hop.on and isinstance(other, Proxy)
    ]
    ports = free_ports(chain, sum(before) + count)[:count]
    if hop.capture == "tproxy":
        return [("0.0.0.0", ports[0])]
    hosts = addressing.hop_addresses(number, instance, "listen", hop.listen_addresses.size)
    return list(product(hosts, ports))


def free_ports(chain: Chain, count: int) -> list[int]:
    """Ports that no hop chooses from: a listener would take them away from it."""
    taken = PortSet.of_ranges([])
    for ports in chosen_from(chain):
        taken = taken | ports
    free = PortSet("1024-65535") - taken
    if free.size < count:
        free = PortSet("1024-65535")  # then the highest, though a hop may choose them as well
    return list(free.highest(count))


def chosen_from(chain: Chain) -> list[PortSet]:
    """Every set of ports that clients and hops choose from."""
    sets = [group.ports for group in chain.clients]
    for hop in chain.hops_at_work:
        sets += [hop.own_ports] if hop.own_ports else []
        sets += [hop.rewrite_ports] if isinstance(hop, Proxy) and hop.capture == "nat" else []
    return sets


def _sources(chain: Chain, strand: Strand) -> tuple[str, ...]:
    """The addresses of a strand's clients, at the place that their group has among all."""
    taken = 0
    for group in chain.clients:
        if group.name == strand.clients.name:
            return addressing.addresses(addressing.CLIENTS, group.addresses.size, 1 + taken)
        taken += group.addresses.size
    raise AssertionError


def _services(chain: Chain, strand: Strand) -> list[Endpoint]:
    """The endpoints that a strand is for, each at the place that its group has among all."""
    found: list[Endpoint] = []
    taken = 0
    for number, group in enumerate(chain.services):
        hosts = addressing.addresses(addressing.SERVICES, group.addresses.size, 1 + taken)
        taken += group.addresses.size
        if strand.target in ("", group.name or str(number)):  # the way strands are told apart
            found += product(hosts, group.ports)
    return found


def _legs(chain: Chain, strand: Strand) -> tuple[tuple[Endpoint, ...], ...]:
    legs = [tuple(_services(chain, strand))]
    for number, hop in reversed(list(enumerate(chain.hops_at_work))):
        own: list[Endpoint] = []
        if not strand.crosses(hop) or not strand.is_captured(hop):
            pass
        elif hop.virtual is not None:
            hosts = addressing.hop_addresses(number, 0, "virtual", hop.virtual.addresses.size)
            own = list(product(hosts, hop.virtual.ports))
        elif isinstance(hop, Proxy) and hop.capture == "listen":
            # With more instances than services some serve none, and nobody calls them.
            working = hop.instances if hop.split == "flows" else min(hop.instances, len(legs[-1]))
            for instance in range(working):
                own += listeners(chain, number, instance)
        legs.append(tuple(own) or legs[-1])
    return tuple(legs[::-1])
