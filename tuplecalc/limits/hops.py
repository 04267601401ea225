"""Hop → limits: the clients, and hops that neither translate nor answer.

Each returns the hop's limits in the order of the model's table and what leaves the hop.  The
letters are those of :data:`tuplecalc.limits.letters.SYMBOLS`; cones are in
:mod:`tuplecalc.limits.cone`, layer-7 hops in :mod:`tuplecalc.limits.proxy`.
"""

from __future__ import annotations

from tuplecalc.limits.expression import (
    Constant,
    Expression,
    NamedPorts,
    Product,
    Quantity,
    Sum,
)
from tuplecalc.limits.letters import Letters, sized
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.state import Sources, Taken
from tuplecalc.limits.targets import Target, instances
from tuplecalc.network.chain import Chain, Traffic
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop


def clients(chain: Chain, target: Target) -> tuple[list[Limit], Sources]:
    r"""The clients' own ports.

    ========= ======= ============================= ====== =========
    limit     size    scopes                        keys   seconds
    ========= ======= ============================= ====== =========
    ports     \|A\|   a·E (a with ``bind``)         1      H + c·T
    ========= ======= ============================= ====== =========

    They are the chain's first sources: a = b, A are their ports, and with ``bind`` each port is
    taken for all destinations.
    """
    part = chain.clients
    a = Quantity("a", "clients", part.addresses.size, place="clients.addresses")
    ports = NamedPorts("A", "clients", part.ports, place="clients.ports")
    bound = part.allocation == "bind"
    letters = Letters(part, chain.traffic, Sources(a, a, 1, ports), target, target)
    scopes = a if bound else Product((a, letters.E))
    limit = Limit("ports", "clients", sized(ports), scopes, 1, letters.service_side)
    taken = Taken(Constant(1), letters.service_side) if bound else None
    return [limit], Sources(a, a, 1, ports, taken, held=letters.service_side, own=(limit,))


def forwarder(
    hop: Forwarder, traffic: Traffic, sources: Sources, before: Target, behind: Target
) -> tuple[list[Limit], Sources]:
    r"""Layers 2, 3 and 4: the tuple passes as it is, or with another destination.

    ========= ============ ======= ====== =========
    limit     size         scopes  keys   seconds
    ========= ============ ======= ====== =========
    forwarded \|A\|        a·E'    1      H + T_t      (only with ``virtual``)
    entries   max_entries  n       1      H + T_t
    ========= ============ ======= ====== =========
    """
    if hop.virtual is not None:
        sources = sources.mixed()
    letters = Letters(hop, traffic, sources, before, behind)
    limits = []
    if hop.virtual is not None:
        scopes = Product((letters.a, letters.E_behind))
        limits.append(Limit("forwarded", hop.name, sized(letters.A), scopes, 1, tracked(hop, letters)))
        sources = sources._replace(held=tracked(hop, letters), own=(*sources.own, *limits))
    return limits + entries(hop, letters, instances(hop), 1), sources


def entries(hop: Hop, letters: Letters, machines: Expression, keys: int) -> list[Limit]:
    """The tracking table of each machine, ``keys`` entries a flow; none without ``max_entries``."""
    if hop.max_entries is None:
        return []
    size = letters.given("entries", hop.max_entries, "max_entries")
    seconds = tracked(hop, letters)
    total = seconds if keys == 1 else Product((Constant(keys), seconds))
    return [Limit("entries", hop.name, size, machines, keys, total)]


def tracked(hop: Hop, letters: Letters) -> Sum:
    """H + T_t: how long a tracking entry stays."""
    return Sum((letters.H, letters.given("T_t", hop.tracking_time_wait, "tracking_time_wait")))
