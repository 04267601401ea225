"""What the legs before and behind each hop address."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.expression import Expression, Number, Product, Quantity, Quotient, tidy
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.hop import Hop
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services, hottest_share


class Target(NamedTuple):
    """Endpoints that a leg addresses: the services, a hop's virtual service, or a proxy's listeners.

    ``capacity`` is the model's E: where services carry shares, the hottest group binds, so that
    E is the minimum of E_g / share_g.  ``endpoints`` is N, the plain number.  ``groups`` are given
    only where they carry shares; ``busiest`` keeps what was found of them.
    """

    capacity: Expression
    endpoints: Expression
    groups: tuple[Services, ...]
    busiest: dict[int, Fraction]

    def spread(self, parts: int) -> Number:
        """How many of ``parts`` machines side by side work, when each serves its own endpoints.

        Endpoint j belongs to machine j mod parts and the machine with the largest share of the
        traffic binds: 1 / that share, without shares N / ceil(N / parts).
        """
        if parts == 1:
            return 1
        if self.groups:
            if parts not in self.busiest:  # several hops may have as many instances
                self.busiest[parts] = hottest_share(self.groups, parts)
            return tidy(1 / self.busiest[parts])
        endpoints = self.endpoints.value
        return tidy(Fraction(endpoints) / -(-endpoints // parts))

    def spread_formula(self, parts: Expression) -> Expression | None:
        """The same in symbols, where traffic is even."""
        if self.groups:
            return None
        return Quotient(self.endpoints, Quotient(self.endpoints, parts, "ceiling"))


def targets(chain: Chain) -> list[Target]:
    """What each leg addresses: leg i enters hop i, the last one reaches the services.

    That is the nearest ``virtual`` or listener on its way, else the services.
    """
    legs = [_services(chain.services)]
    for hop in reversed(chain.hops):
        legs.append(_own_target(hop, legs[-1]) or legs[-1])
    return legs[::-1]


def _services(groups: Sequence[Services]) -> Target:
    count = sum(group.endpoints for group in groups)
    endpoints = Quantity("N", "services", count, place="services")
    if all(group.share is None for group in groups):
        return Target(Quantity("E", "services", count, endpoints), endpoints, (), {})
    hottest = min(group.endpoints / group.share for group in groups if group.share)
    return Target(
        Quantity("E", "services", tidy(hottest), place="services.share"), endpoints, tuple(groups), {}
    )


def _own_target(hop: AnyHop, behind: Target) -> Target | None:
    if hop.virtual is not None:
        count = hop.virtual.addresses.size * hop.virtual.ports.size
        endpoints = Quantity("V", hop.name, count, place=f"{hop.path}.virtual")
        return Target(endpoints, endpoints, (), {})
    if isinstance(hop, Proxy) and hop.capture == "listen":
        each = listeners(hop)
        total = Product((each, instances(hop)))
        return Target(Product((each, working_instances(hop, behind))), total, (), {})
    return None


def listeners(hop: Proxy) -> Product:
    """K·Q, the listeners of one instance."""
    return Product(
        (
            Quantity("K", hop.name, hop.listen_addresses.size, place=f"{hop.path}.listen_addresses"),
            Quantity("Q", hop.name, hop.listen_ports.size, place=f"{hop.path}.listen_ports"),
        )
    )


def instances(hop: Hop) -> Quantity:
    """n."""
    return Quantity("n", hop.name, hop.instances, place=f"{hop.path}.instances")


def working_instances(hop: Proxy, behind: Target) -> Expression:
    """n': all of them, or with ``split = "services"`` as many as the busiest one lets work."""
    n = instances(hop)
    if hop.split == "flows":
        return n
    return Quantity("n'", hop.name, behind.spread(hop.instances), behind.spread_formula(n))
