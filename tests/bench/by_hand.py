"""A three-hop chain's limits written out with fractions: what ``tc.capacity`` is compared with."""

from __future__ import annotations

from fractions import Fraction

from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Traffic

CHAIN = Chain(
    traffic=Traffic(hold="5s"),
    clients=Clients(addresses=4096),
    hops=[
        Cone(name="nat", addresses=4),
        Forwarder(name="firewall", layer=3, max_entries=1_000_000),
        Proxy(name="proxy", capture="tproxy", source="client", ports="1024-65535", max_files=3_000_000),
    ],
    services=Services(addresses=10, ports=80),
)

Figures = tuple[int, Fraction]


def limits_by_hand() -> dict[str, Figures]:
    """Flows and rate of every limit of :data:`CHAIN`, by the formulas of the model, once each."""
    hold, client, tracked, proxied = Fraction(5), Fraction(60), Fraction(120), Fraction(60)
    endpoints, sources, addresses = 10, 4096, 4
    A, P, L = 60999 - 32768 + 1, 65535 - 1024 + 1, 65535 - 1024 + 1
    union = P  # the same ports at the cone and at the proxy
    share = Fraction(1)  # of the flows that the client closes first
    return {
        "clients/ports": _limit(A, sources * endpoints, 1, hold + share * client),
        "nat/ports": _limit(P, addresses * endpoints, 1, hold + tracked),
        "firewall/entries": _limit(1_000_000, 1, 1, hold + tracked),
        "proxy/accepted": _limit(P, addresses * endpoints, 1, hold + (1 - share) * proxied),
        "proxy/upstream": _limit(L, addresses * endpoints, 1, hold + share * proxied),
        "proxy/shared": _limit(union, addresses * endpoints, 2, 2 * hold + proxied),
        "proxy/files": _limit(3_000_000, 1, 2, 2 * hold),
    }


def _limit(size: int, scopes: int, keys: int, seconds: Fraction) -> Figures:
    return scopes * (size // keys), size * scopes / seconds


def capacity_by_hand() -> Figures:
    """The smallest flows and the smallest rate."""
    limits = limits_by_hand().values()
    return min(flows for flows, _ in limits), min(rate for _, rate in limits)
