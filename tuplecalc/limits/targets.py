"""What the legs before and behind each hop address."""

from __future__ import annotations

from math import floor
from typing import NamedTuple

from tuplecalc.limits.expression import Expression, Number, Quantity, Quotient, tidy
from tuplecalc.limits.spread import Groups, Machines
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services


class Target(NamedTuple):
    """Endpoints that a leg addresses: the services, a hop's virtual service, or a proxy's listeners.

    ``capacity`` is E: where services carry shares, the hottest group binds, so that
    E is the minimum of E_g / share_g.  ``endpoints`` is N, the plain number.  ``groups`` are given
    only where they carry shares; ``busiest`` keeps what was found of them.
    """

    name: tuple[str, ...]
    capacity: Expression
    endpoints: Expression
    groups: tuple[Services, ...]
    busiest: dict[int, Number]
    behind: Machines | None = None
    """The machines that listeners lead to, where each serves its own services."""

    def machines(self, number: int) -> Machines:
        """So many machines side by side, each of which serves its own endpoints."""
        return Machines(self.groups, floor(self.endpoints.value), number, self.behind)

    def working(self, number: int) -> Number:
        """How many of these machines work: the one with the largest share of the traffic binds.

        1 / that share, which without shares is N / ceil(N / number).
        """
        if number not in self.busiest:  # several hops may have as many instances
            hottest = max(share / machines for share, machines in self.machines(number).parts())
            self.busiest[number] = tidy(1 / hottest)
        return self.busiest[number]

    def working_formula(self, number: Expression) -> Expression | None:
        """The same in symbols, where traffic is even."""
        return (
            None
            if self.groups or self.behind
            else self.endpoints / Quotient(self.endpoints, number, "ceiling")
        )


def targets(strand: Strand) -> list[Target]:
    """What each leg addresses: leg i enters hop i, the last one reaches the services.

    That is the nearest ``virtual`` or listener on its way, else the services.
    """
    legs = [_services(strand)]
    for hop in reversed(strand.hops):
        own = _own_target(hop, legs[-1]) if strand.is_captured(hop) else None
        legs.append(own or legs[-1])
    return legs[::-1]


def owner(table: str, group: str) -> str:
    """Whose letters those of a group are: ``clients.office``; of the only one ``clients``."""
    return f"{table}.{group}" if group else table


def _services(strand: Strand) -> Target:
    groups, name, whole = strand.services, ("services", strand.target), owner("services", strand.target)
    count = sum(group.endpoints for group in groups)
    endpoints = Quantity("N", whole, count, place=whole)
    if all(group.share is None for group in groups):
        return Target(name, Quantity("E", whole, count, endpoints), endpoints, (), {})
    hottest = min(group.endpoints / group.share for group in groups if group.share)
    spread = Groups(tuple(groups))
    hottest_E = Quantity("E", whole, tidy(hottest), place=f"{whole}.share", spread=spread)
    return Target(name, hottest_E, endpoints, tuple(groups), {})


def _own_target(hop: Hop, behind: Target) -> Target | None:
    if isinstance(hop, Cone | Forwarder) and hop.virtual is not None:
        count = hop.virtual.addresses.size * hop.virtual.ports.size
        endpoints = Quantity("V", hop.name, count, place=f"{hop.path}.virtual")
        return Target((hop.name,), endpoints, endpoints, (), {})
    if isinstance(hop, Proxy) and hop.capture == "listen":
        each = listeners(hop)
        dealt = behind.machines(hop.instances) if hop.split == "services" else None
        return Target(
            (hop.name,), each * working_instances(hop, behind), each * instances(hop), (), {}, dealt
        )
    return None


def listeners(hop: Proxy) -> Expression:
    """K·Q, the listeners of one instance."""
    addresses = Quantity("K", hop.name, hop.listen_addresses.size, place=f"{hop.path}.listen_addresses")
    return addresses * Quantity("Q", hop.name, hop.listen_ports.size, place=f"{hop.path}.listen_ports")


def instances(hop: Hop) -> Quantity:
    """n."""
    return Quantity("n", hop.name, hop.instances, place=f"{hop.path}.instances")


def working_instances(hop: Proxy, behind: Target) -> Expression:
    """n': all of them, or with ``split = "services"`` as many as the busiest one lets work."""
    n = instances(hop)
    if hop.split == "flows":
        return n
    working = behind.working(hop.instances)
    found = Quantity("n'", hop.name, working, behind.working_formula(n))
    return found if working == hop.instances else found._replace(spread=behind.machines(hop.instances))
