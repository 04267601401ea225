"""Hop → limits: one function for each kind of hop that keeps one tuple a flow.

Each returns the hop's limits in the order of the model's table and what leaves the hop.  The
letters are those of :data:`tuplecalc.limits.letters.SYMBOLS`; layer-7 hops are in
:mod:`tuplecalc.limits.proxy`.
"""

from __future__ import annotations

from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    NamedPorts,
    Product,
    Quantity,
    Quotient,
    Sum,
    product,
)
from tuplecalc.limits.letters import Letters, sized
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.state import Sources, Taken
from tuplecalc.limits.targets import Target, instances
from tuplecalc.model.chain import Chain, Cone, Hop, Hourglass, Traffic


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


def cone(
    hop: Cone, traffic: Traffic, sources: Sources, before: Target, behind: Target
) -> tuple[list[Limit], Sources]:
    r"""NAT: M addresses with the ports P each.

    ========= =========== ======================================== ====== =========
    limit     size        scopes                                   keys   seconds
    ========= =========== ======================================== ====== =========
    ports     \|P\|       M·E' (M if endpoint-independent)         1      H + T
    block     k           min(a, M·floor(\|P\| / k))·E_s           1      H + T
    entries   max_entries n                                        1      H + T_t
    ========= =========== ======================================== ====== =========

    A source's block serves the endpoints that this source addresses, E_s: that is E', but
    E'·b / a behind instances that share out the endpoints; none if endpoint-independent.
    What leaves: a = b = M, A = P.
    """
    if hop.virtual is not None:
        sources = sources.mixed()
    letters = Letters(hop, traffic, sources, before, behind)
    per_instance = letters.given("m", hop.addresses.size, "addresses")
    addresses = letters.derived("M", Product((per_instance, instances(hop))))
    ports = NamedPorts("P", hop.name, hop.ports, place=f"{hop.path}.ports")
    independent = hop.mapping == "endpoint-independent"
    everywhere = Constant(1) if independent else letters.E_behind
    limits = [Limit("ports", hop.name, sized(ports), product(addresses, everywhere), 1, letters.translated)]
    if hop.block is not None:
        block = letters.given("k", hop.block, "block")
        blocks = product(addresses, Quotient(sized(ports), block, "floor"))
        served = Constant(1) if independent else letters.endpoints_of_source()
        scopes = product(Minimum((letters.a, blocks)), served)
        limits.append(Limit("block", hop.name, block, scopes, 1, letters.translated))
        limits += of_served(sources, blocks, limits)
    own = limits[:1]  # a block belongs to a source before the cone, not to one of its addresses
    limits += entries(hop, letters, instances(hop), 1)
    taken = Taken(Constant(1), letters.translated) if independent else None
    return limits, Sources(addresses, addresses, 1, ports, taken, held=letters.translated, own=tuple(own))


def of_served(sources: Sources, blocks: Expression, limits: list[Limit]) -> list[Limit]:
    """What the sources bring along themselves, where there are fewer blocks than sources.

    A source without a block sends nothing, so that the earlier limits that each source brings
    along hold for min(a, blocks) of them: block-ports, block-upstream, …; only those that lower
    the figures.  (The model's table leaves this out; the integer program found it.)
    """
    if blocks.value >= sources.addresses.value:
        return []
    found = []
    for limit in sources.own:
        scopes = Product((limit.scopes, Quotient(blocks, sources.addresses)))
        scaled = Limit(
            f"block-{limit.name}", limits[0].hop, limit.size, scopes, limit.keys, limit.seconds, limit.busy
        )
        if _lowers(scaled, limits):
            found.append(scaled)
    return found


def _lowers(limit: Limit, others: list[Limit]) -> bool:
    rates = [other.rate for other in others if other.rate is not None]
    lower_rate = limit.rate is not None and (not rates or limit.rate < min(rates))
    return lower_rate or limit.flows < min(other.flows for other in others)


def forwarder(
    hop: Hourglass, traffic: Traffic, sources: Sources, before: Target, behind: Target
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
