"""Which clients get ports at all, and how many open flows all of them want together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.mix import Strand


class Served(NamedTuple):
    """How many client addresses there are, and how many of them get ports on all their ways."""

    clients: int
    served: int

    @property
    def are_all(self) -> bool:
        """Whether no client is left without ports."""
        return self.served == self.clients


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
    ways = [_Way(each, f"clients {each.source}", each.clients.addresses.size) for each in chain.strands]
    for hop in chain.hops:
        crossing = [way for way in ways if way.strand.crosses(hop)]
        if isinstance(hop, Cone) and hop.block is not None and crossing:
            everyone = sum({way.who: way.sources for way in crossing}.values())
            for way in crossing:
                way.part *= min(Fraction(1), Fraction(_room(hop, everyone), everyone))
        for way in crossing:
            if hop.own_addresses is not None and way.strand.is_captured(hop):
                way.who, way.sources = hop.name, hop.own_addresses.size * hop.instances
    groups = {way.strand.source: way.strand.clients.addresses.size for way in ways}
    parts = {who: min(way.part for way in ways if way.strand.source == who) for who in groups}
    in_all = sum((groups[who] * parts[who] for who in groups), Fraction(0))
    return Served(sum(groups.values()), int(in_all))


def _room(hop: Cone, sources: int) -> int:
    """For how many sources a cone has a block."""
    addresses, ports = hop.addresses.size * hop.instances, hop.ports.size
    if isinstance(hop.block, int):
        return addresses * ports // hop.block if hop.blocks_span else addresses * (ports // hop.block)
    divided = hop.block == "even" and ports < ceil(Fraction(sources, addresses))
    return 0 if divided else sources


def wanted_by_clients(chain: Chain) -> int | None:
    """How many flows are open at once where each client has its ``flows_each``; None where none says so.

    At the mix as it is a group of a addresses has the part π of all open flows (Little's law), so
    that each of its clients has f of them where in all there are

        a·f / π

    and the group counts for which this is most.

    >>> from tuplecalc.network.builders import cone
    >>> from tuplecalc.network.replace import replace
    >>> wanted_by_clients(replace(cone(clients=12000, addresses=56, services=1), "clients.flows_each", 300))
    3600000
    """
    return max((ceil(each) for each in _wanted(chain)), default=None)


def _wanted(chain: Chain) -> Iterator[Fraction]:
    all_at_once = not any(each.hold for each in chain.strands)
    open_: dict[str, Fraction] = {}
    for each in chain.strands:
        part = each.part if all_at_once else each.part * each.hold
        open_[each.source] = part + open_.get(each.source, 0)
    for group, sources in {each.clients.path: each.clients for each in chain.strands}.items():
        whose = {
            each.source: each.clients.addresses.size for each in chain.strands if each.clients.path == group
        }
        part = sum((open_[who] for who in whose), Fraction(0))
        if sources.flows_each is not None and part:
            yield sources.flows_each * sum(whose.values()) * sum(open_.values(), Fraction(0)) / part
