"""Which clients get ports at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from tuplecalc.limits.expression import Constant, Expression, Number, Quotient
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.mix import Strand
from tuplecalc.network.values import exact


def blocks(hop: Cone, addresses: Expression, ports: Expression, block: Expression) -> Expression:
    """How many blocks of ports a cone has: M·floor(|P| / k), and where they may span floor(M·|P| / k)."""
    if hop.blocks_span:
        return Quotient(addresses * ports, block, "floor")
    return addresses * Quotient(ports, block, "floor")


def blocks_of(hop: Cone) -> Number | None:
    """The number of :func:`blocks` of all its instances; None where every source has a block.

    >>> alone = Cone(name="nat", addresses=4, ports="1024-65535", block=4096)
    >>> spanning = alone.model_copy(update={"blocks_span": True})
    >>> blocks_of(alone), blocks_of(spanning), blocks_of(Cone(name="nat", addresses=4))
    (60, 63, None)
    """
    if hop.block_size is None:
        return None
    addresses = Constant(hop.addresses.size * hop.instances)
    return blocks(hop, addresses, Constant(hop.ports.size), Constant(hop.block_size)).value


class Served(NamedTuple):
    """How many client addresses there are, and how many of them get ports on all their ways."""

    clients: int
    served: int

    @property
    def are_all(self) -> bool:
        """Whether no client is left without ports."""
        return self.served == self.clients

    @property
    def without(self) -> Fraction:
        """The part of the clients that get no ports."""
        return 1 - exact(self.served) / self.clients


@dataclass
class _Way:
    """What of a strand's sources has ports: so many addresses of this name, and this part of them."""

    strand: Strand
    who: str
    sources: int
    part: Fraction = Fraction(1)


def served(chain: Chain) -> Served:
    """The clients that get ports where cones hand them out in blocks.

    A cone of M addresses with blocks of k ports serves

        min(a, M·floor(|P| / k))        or, where blocks may span addresses, min(a, floor(M·|P| / k))

    of the a sources that reach it, whatever their blocks grow to; evenly divided ports serve all or,
    where there are fewer ports than clients, none.  Of groups that share a cone each is served in
    the same part, and a source that is a cone or a proxy itself stands for all clients behind it.
    In addresses.  Source: docs/model.md, "Clients that get nothing".

    >>> from tuplecalc.network.builders import cone
    >>> served(cone(clients=12000, addresses=56, block=1024, services=1))
    Served(clients=12000, served=3528)
    """
    groups = {each.source: each.clients.addresses.size for each in chain.strands}
    parts = dict.fromkeys(groups, Fraction(1))
    for (_, source, _), part in served_parts(chain).items():
        parts[source] = min(parts[source], part)
    in_all = sum((groups[who] * parts[who] for who in groups), Fraction(0))
    return Served(sum(groups.values()), floor(in_all))


def served_parts(chain: Chain) -> dict[tuple[str, str, str], Fraction]:
    """What part of a strand's clients has ports on its way, by its kind, clients and services."""
    ways = [_Way(each, f"clients {each.source}", each.clients.addresses.size) for each in chain.strands]
    for hop in chain.hops:
        crossing = [way for way in ways if way.strand.crosses(hop)]
        if isinstance(hop, Cone) and hop.block is not None and crossing:
            everyone = sum({way.who: way.sources for way in crossing}.values())
            for way in crossing:
                way.part *= min(Fraction(1), exact(_room(hop, everyone)) / everyone)
        for way in crossing:
            if hop.own_addresses is not None and way.strand.is_captured(hop):
                way.who, way.sources = hop.name, hop.own_addresses.size * hop.instances
    return {(way.strand.kind, way.strand.source, way.strand.target): way.part for way in ways}


def of_served(chain: Chain, rate: Fraction | int) -> dict[str, Fraction]:
    """What clients with ports open of each kind, of a rate of new connections: all else takes nothing.

    >>> from tuplecalc.network.builders import cone
    >>> of_served(cone(clients=12000, addresses=56, block=1024, services=1), 20000)
    {'': Fraction(5880, 1)}
    """
    parts, found = served_parts(chain), dict[str, Fraction]()
    for each in chain.strands:
        opened = rate * each.part * parts[each.kind, each.source, each.target]
        found[each.kind] = found.get(each.kind, Fraction(0)) + opened
    return found


def _room(hop: Cone, sources: int) -> Number:
    """For how many sources a cone has a block."""
    if (room := blocks_of(hop)) is not None:
        return room
    addresses = hop.addresses.size * hop.instances
    divided = hop.block == "even" and hop.ports.size < ceil(exact(sources) / addresses)
    return 0 if divided else sources
