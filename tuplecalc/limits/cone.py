"""Cones: many sources share few addresses, told apart by port.

The letters are those of :data:`tuplecalc.limits.letters.SYMBOLS`.
"""

from __future__ import annotations

from math import floor

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
from tuplecalc.limits.hops import entries
from tuplecalc.limits.letters import Letters, sized
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.state import Sources, Taken
from tuplecalc.limits.targets import Target, instances
from tuplecalc.network.chain import Traffic
from tuplecalc.network.cone import Cone


def cone(
    hop: Cone, traffic: Traffic, sources: Sources, before: Target, behind: Target
) -> tuple[list[Limit], Sources]:
    r"""NAT: M addresses with the ports P each.

    ========= =========== ======================================== ====== =========
    limit     size        scopes                                   keys   seconds
    ========= =========== ======================================== ====== =========
    ports     \|P\|       M·E'                                     1      H + T
    block     k           min(a, M·floor(\|P\| / k))·E_s           1      H + T
    client    h           min(a, M·floor(\|P\| / k))·E_s           1      H + T
    entries   max_entries n                                        1      H + T_t
    ========= =========== ======================================== ====== =========

    A source's ports serve the endpoints that this source addresses, E_s: that is E', but
    E'·b / a behind instances that share out the endpoints.  Instead of E' and E_s there are 1 if
    endpoint-independent, and min(E', d) and min(E_s, d) where a port serves so many destinations.
    Without blocks, and where each source has one, a stands for the sources that send.  An overflow
    adds its ports to \|P\|, and makes one size of all blocks (:meth:`_Row.with_overflow`).
    What leaves: a = b = M, A = P with the overflow.
    """
    row = _Row(hop, traffic, sources.mixed() if hop.virtual is not None else sources, before, behind)
    limits = [row.limit("ports", sized(*row.ports), product(row.M, row.everywhere))]
    if hop.block is not None:
        limits.append(row.block() if hop.overflow is None else row.with_overflow())
    if hop.client_ports is not None:
        held = row.letters.given("h", hop.client_ports, "client_ports")
        limits.append(row.limit("client", held, product(row.senders, row.served)))
    if row.blocks is not None:
        limits += of_served(row.sources, row.blocks, limits)
    own = limits[:1]  # a block belongs to a source before the cone, not to one of its addresses
    limits += entries(hop, row.letters, instances(hop), 1)
    return limits, row.leaving(own)


class _Row:
    """The limits of one cone, one method for each row of the table."""

    def __init__(self, hop: Cone, traffic: Traffic, sources: Sources, before: Target, behind: Target) -> None:
        self.hop, self.sources = hop, sources
        self.letters = letters = Letters(hop, traffic, sources, before, behind)
        per_instance = letters.given("m", hop.addresses.size, "addresses")
        self.M = letters.derived("M", Product((per_instance, instances(hop))))
        self.P = NamedPorts("P", hop.name, hop.ports, place=f"{hop.path}.ports")
        self.ports: tuple[NamedPorts, ...] = (self.P,)
        if hop.overflow is not None:
            self.ports += (NamedPorts("O", hop.name, hop.overflow, place=f"{hop.path}.overflow"),)
        self.everywhere = self._times_in_use(letters.E_behind)
        self.served = self._times_in_use(letters.endpoints_of_source())
        self.k = self._ports_of_a_client()
        self.blocks: Expression | None = None  # how many, where there may be fewer than sources
        self.senders: Expression = letters.a
        if isinstance(hop.block, int):
            self.blocks = product(self.M, Quotient(sized(self.P), self.k, "floor"))
            self.senders = Minimum((letters.a, self.blocks))

    def limit(self, name: str, size: Expression, scopes: Expression) -> Limit:
        """One key a flow, for H + T."""
        return Limit(name, self.hop.name, size, scopes, 1, self.letters.translated)

    def block(self) -> Limit:
        """The ports of all blocks that a source holds."""
        return self.limit("block", self.k, product(self.senders, self.served))

    def with_overflow(self) -> Limit:
        """Blocks, and ports at each address for those whose block is full.

        Let s = min(a, M·floor(|P| / k)) sources hold a block, spread evenly over the addresses.
        Then all their flows towards one endpoint have together

            k·s + |O|·min(a, M)

        keys: Hall's theorem for all legs; one client alone has k + |O|, which cannot be less for
        each of them.  Where sources address different endpoints, the flows towards all of them have
        k·s·E_s + |O|·min(s·E_s, M·E').  RFC 7422, section 2 (dynamic ports beside the deterministic).
        """
        s, O = self.senders, sized(self.ports[1])  # noqa: E741 - the formula's letter
        in_use = Minimum((self.letters.a, self.M))  # each address has a block or more
        there = self.sources.there
        if self.sources.classes == 1 and (there is None or there.value == self.sources.addresses.value):
            size = Sum((product(self.k, s), product(O, in_use)))
            return self.limit("block", size, self.everywhere)
        shared = Minimum((product(s, self.served), product(self.M, self.everywhere)))
        return self.limit("block", Sum((product(self.k, s, self.served), product(O, shared))), Constant(1))

    def leaving(self, own: list[Limit]) -> Sources:
        """What leaves; ``own`` is what each address brings along."""
        ports = self.P
        if self.hop.overflow is not None:
            ports = NamedPorts("P_O", self.hop.name, self.hop.ports | self.hop.overflow)
        often = self.hop.mapping == "endpoint-dependent" and self.hop.destinations is None
        held = self.letters.translated
        taken = None if often else Taken(self.everywhere, held)
        return Sources(self.M, self.M, 1, ports, taken, held=held, own=tuple(own))

    def _times_in_use(self, endpoints: Expression) -> Expression:
        """How many flows a port holds at once, where its users address so many endpoints.

        As many, but one if endpoint-independent, and with ``destinations`` (port oversubscription)

            min(E', d)

        That is reached: in the network of endpoints and ports each port passes d flows at most, one
        of each endpoint, and even traffic fills them.  Palo Alto Networks, "Dynamic IP and Port NAT
        Oversubscription".
        """
        if self.hop.mapping == "endpoint-independent":
            return Constant(1)
        if self.hop.destinations is None:
            return endpoints
        return Minimum((endpoints, self.letters.given("d", self.hop.destinations, "destinations")))

    def _ports_of_a_client(self) -> Quantity:
        """k, as the file says it, or where the ports of all addresses are divided among all clients

            k = floor(|P| / ceil(a / M))

        which is a device's integer division: more clients than ports leave none for each, and no
        flow.  By a table a client has so many ports of each address, but in all no more than the
        largest entry:

            k = min(u·M, u_m)

        With both, each client has its ports.  RFC 7422, section 2; VPP's det44; Azure Load Balancer,
        "default port allocation".
        """
        letters, block = self.letters, self.hop.block
        there = letters.a if self.sources.there is None else self.sources.there
        if isinstance(block, int):
            return letters.given("k", block, "block")
        if isinstance(block, tuple):
            _, each = self.hop.entry(floor(there.value)) or block[-1]
            of_all = product(letters.given("u", each, "block"), self.M)
            return letters.derived("k", Minimum((of_all, letters.given("u_m", block[0][1], "block"))))
        clients = Quotient(there, self.M, "ceiling")
        return letters.derived("k", Quotient(sized(self.P), clients, "floor"))


def few_blocks(limit: Limit) -> Expression | None:
    """M·floor(|P| / k), how many blocks there are, of a cone's limit that has it; else None."""
    parts: list[Expression] = [limit.scopes, limit.size]
    while parts:
        match parts.pop():
            case Minimum((Quantity("a"), Product((*_, Quotient(rounding="floor"))) as blocks)):
                return blocks
            case Sum(inner) | Product(inner) | Minimum(inner):
                parts.extend(inner)
    return None


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
