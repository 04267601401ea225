"""A cone that keeps its clients' ports and gives no other: two clients with the same port clash."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import expm1, log1p

from tuplecalc.errors import reject
from tuplecalc.network.ports import PortSet
from tuplecalc.under_load.checks import count


@dataclass(frozen=True)
class Preserved:
    """How such a cone looks for a port: it takes the client's, if no other client behind the address has it.

    A client chooses evenly among the ports that it does not use itself towards the endpoint.  Where
    k of R ports are in use, of c clients alike, it meets one of another client with probability

        k·(1 − 1/c) / (R − k/c)

    which is k/R for many clients and 0 for one.  Each port then is a server of its own: of a load of a
    erlangs for each port a/(1+a) fails, whatever the law of the holds (many clients; for few it takes each
    client's part of k for its mean).  In probabilities.  Source: Erlang B with one server.

    >>> Preserved(Fraction(2))(50, 100, ()), Preserved(Fraction(1))(50, 100, ())
    (0.3333333333333333, 0.0)
    """

    clients: Fraction
    """Of one address."""

    def __call__(self, k: int, R: int, _: tuple[tuple[int, int], ...]) -> float:
        """The share of flows that fail with k of R ports in use."""
        if k == R:
            return 1.0
        return float((1 - 1 / self.clients) * k / (R - k / self.clients))


def own_ports_meet(clients: PortSet, cone: PortSet, proxy: PortSet) -> bool:
    """Whether a cone that keeps its clients' ports picks a proxy's more often than one that picks evenly.

    A pick of the cone is in use at the proxy in proportion to the part of what it picks from that is the
    proxy's: |C ∩ L| / |C| of the clients' ports C, |A ∩ L| / |A| of the cone's.  Linux keeps a port that is
    free.  Source: net/netfilter/nf_nat_core.c, get_unique_tuple ("try the original tuple first").

    >>> own_ports_meet(PortSet("32768-60999"), PortSet("1024-65535"), PortSet("32768-60999"))
    True
    >>> own_ports_meet(PortSet("32768-60999"), PortSet("1024-65535"), PortSet("1024-65535"))
    False
    """
    own = clients & cone
    return bool(own) and (own & proxy).size * cone.size > (cone & proxy).size * own.size


def distinct_ports(clients: int, flows_each: float, ports: int) -> float:
    """How many different ports clients have together, each of which has taken so many by chance.

    R·(1 − (1 − f/R)ᶜ), f flows towards one endpoint from each of c clients on R ports: the expected number
    of their c·f flows that a cone lets in which keeps ports, one after the other, nothing closed.  Exact
    for whole f.

    Raises ChainError for no client or no port, and for more flows of one than there are ports.  In ports.

    >>> distinct_ports(2, 1, 4), round(distinct_ports(100, 10, 1000))
    (1.75, 634)
    """
    clients, ports = count(clients, "clients", least=1), count(ports, "ports", least=1)
    if not 0 <= flows_each <= ports:
        raise reject(flows_each, f"a client has 0 to {ports} flows at once", "change it", "flows_each")
    if flows_each == ports:
        return float(ports)
    return -ports * expm1(clients * log1p(-flows_each / ports))
