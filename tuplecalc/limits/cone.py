"""Cones: many sources share few addresses, told apart by port.

The letters are those of :data:`tuplecalc.limits.letters.SYMBOLS`.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    NamedPorts,
    Quantity,
    Quotient,
    product,
)
from tuplecalc.limits.forwarder import entries, fresh
from tuplecalc.limits.kinds import BLOCK, BLOCK_OVERFLOW, CLIENT, CONE_PORTS, Kind
from tuplecalc.limits.legs import Alone, Declared, Held, Leg, Membership, Sources, Yielding
from tuplecalc.limits.letters import Letters, sized
from tuplecalc.limits.limit import Limit, Pool
from tuplecalc.limits.served import blocks
from tuplecalc.limits.spread import Hashing
from tuplecalc.limits.targets import Target, instances
from tuplecalc.network.cone import Cone
from tuplecalc.network.values import exact


def cone(
    hop: Cone, sources: Sources, before: Target, behind: Target, everyone: Expression | None = None
) -> tuple[list[Declared], Sources]:
    r"""NAT: M addresses with the ports P each; one leg ends, another begins.

    ========= =========== ======================================== ====== =========
    limit     size        copies                                   keys   seconds
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
    ``everyone`` are the addresses of all sources that the cone translates, where these are only some.
    A cone that preserves ports has of \|P\| those that its clients use, \|P ∩ A\|.
    T is the linger of a closed entry, or ``half_close`` where closed entries give way; then these take
    \|P\|·m·E' entries of an instance's table at most, and one that is no smaller never fills.
    """
    row = _Row(hop, sources.mixed() if hop.virtual is not None else sources, before, behind, everyone)
    declared: list[Declared] = [row.all_ports()]
    if hop.block is not None:
        block = row.block() if hop.overflow is None else row.with_overflow()
        declared.append(Held(block, row.own, row.own.space._replace(table="blocks", who=sources.who)))
    if hop.client_ports is not None:
        held = row.letters.given("h", hop.client_ports, "client_ports")
        most = row.limit(CLIENT, held, row.senders, row.endpoints_of_source)
        space = row.own.space._replace(table="clients", who=sources.who)
        declared.append(Held(most, row.own, space, row.times))
    if row.blocks is not None:
        row.sources.serve(row.blocks, sources.addresses if everyone is None else row.a)
    declared += entries(hop, row.letters, instances(hop), fresh(hop, sources), row.yielding())
    return declared, row.leaving()


class _Row:
    """The limits of one cone, one method for each row of the table."""

    def __init__(
        self, hop: Cone, sources: Sources, before: Target, behind: Target, everyone: Expression | None
    ) -> None:
        self.hop, self.sources, self.behind = hop, sources, behind
        self.letters = letters = Letters(hop.name, hop.path, sources, before, behind, hop.udp_timeout)
        self.M = self.in_use = _addresses(hop, letters, sources)
        self.a = letters.a if everyone is None else letters.derived("a_all", everyone)
        self.there = sources.there if everyone is None else everyone
        one_each = hop.block is not None and not isinstance(hop.block, tuple) and not hop.blocks_span
        if one_each and self.a.value < self.M.value:
            self.in_use = self.a  # a block is of one address: the others are idle
        own = hop.ports if hop.port_choice == "any" else hop.ports & sources.leg.ports.ports
        P = NamedPorts("P", hop.name, own, place=f"{hop.path}.ports")
        self.ports: tuple[NamedPorts, ...] = (P,)
        leaving = P
        if hop.overflow is not None:
            self.ports += (NamedPorts("O", hop.name, hop.overflow, place=f"{hop.path}.overflow"),)
            leaving = NamedPorts("P_O", hop.name, hop.ports | hop.overflow)
        self.leg = Leg(leaving, sources.leg.flow)
        linger = letters.linger(hop)
        self.times = letters.times(client=linger, service=linger)
        self.endpoints, self.endpoints_of_source = letters.E_behind, letters.endpoints_of_source()
        self.everywhere = self._times_in_use(self.endpoints)
        self.served = self._times_in_use(self.endpoints_of_source)
        self.k = self._ports_of_a_client()
        self.blocks: Expression | None = None  # how many, where there may be fewer than sources
        self.senders: Expression = letters.a
        if hop.block_size is not None:
            self.blocks = blocks(hop, self.M, sized(P), self.k)
            self.senders = self._blocks_in_use(self.blocks)
            if everyone is not None:
                self.senders = self.senders * (letters.a / self.a)

    def _blocks_in_use(self, blocks: Expression) -> Expression:
        """How many blocks clients can have, of which each may grow to B of them.

        With q·M + s = a clients on M addresses of f blocks each, these are

            (M − s)·min(q·B, f) + s·min((q + 1)·B, f)

        which is min(a, M·f) for B = 1; where blocks may lie on several addresses, min(a·B, all blocks).
        """
        most = self.hop.blocks_per_client
        if most == 1:
            return Minimum((self.a, blocks))
        B = self.letters.given("B", most, "blocks_per_client")
        if self.hop.blocks_span:
            return Minimum((self.a * B, blocks))
        M = floor(self.M.value)
        q, s = divmod(floor(self.a.value), M)
        each = floor(blocks.value) // M
        return Quantity("g", self.hop.name, (M - s) * min(q * most, each) + s * min((q + 1) * most, each))

    def all_ports(self) -> Alone:
        """The leg that begins here, in the cone's own table."""
        copies = product(self.in_use, self.everywhere)
        each = self.hop.mapping == "endpoint-dependent" and self.hop.destinations is None
        towards = self.behind if each else None
        owner = f"{self.hop.name} {self.hop.addresses}"  # those of the other family are apart
        space = self.letters.space("mapped", owner, (self.hop.name,), towards)
        self.own = Membership(self.hop.name, self.leg, self.leg.ports, copies, self.times, towards, space)
        return Alone(CONE_PORTS, self.own, self._pool(sized(*self.ports), self.in_use, self.endpoints))

    def limit(self, kind: Kind, size: Expression, apart: Expression, endpoints: Expression) -> Limit:
        """One key a flow, for H + T, towards each of these endpoints."""
        scopes = product(apart, self._times_in_use(endpoints))
        pool = self._pool(size, apart, endpoints)
        lingers = (self.times.linger,)
        return Limit(kind, self.hop.name, size, scopes, 1, self.times.seconds, lingers=lingers, pool=pool)

    def _pool(self, size: Expression, apart: Expression, endpoints: Expression) -> Pool | None:
        """Where a port serves fewer destinations than there are, these share it: one pool for all."""
        if self.hop.destinations is None or self.hop.destinations >= endpoints.value:
            return None
        return Pool(apart, exact(size.value) * self.hop.destinations)

    def block(self) -> Limit:
        """The ports of all blocks that a source holds."""
        found = self.limit(BLOCK, self.k, self.senders, self.endpoints_of_source)
        return replace(found, searched=floor(self.k.value))

    def with_overflow(self) -> Limit:
        """Blocks, and ports at each address for those whose block is full.

        Let s = min(a, M·floor(|P| / k)) sources hold a block, spread evenly over the addresses.
        Then all their flows towards one endpoint have together

            k·s + |O|·min(a, M)

        keys: Hall's theorem for all legs; one client alone has k + |O|, which cannot be less for
        each of them.  Where sources address different endpoints, the flows towards all of them have
        k·s·E_s + |O|·min(s·E_s, M·E').  RFC 7422, section 2 (dynamic ports beside the deterministic).

        As loss systems they are one pool at each address, or in all where some have more clients.
        """
        s, O = self.senders, sized(self.ports[1])  # noqa: E741 - the formula's letter
        clients, addresses = exact(s.value), exact(self.in_use.value)
        if self.sources.classes == 1 and self.sources.there.value == self.sources.addresses.value:
            size = self.k * s + O * self.in_use
            found = self.limit(BLOCK_OVERFLOW, size, Constant(1), self.endpoints)
            if clients % addresses:
                addresses = Fraction(1)
        else:
            shared = Minimum((product(s, self.served), product(self.M, self.everywhere)))
            size = product(self.k, s, self.served) + product(O, shared)
            found = self.limit(BLOCK_OVERFLOW, size, Constant(1), Constant(1))
            addresses = Fraction(1)
        whole = found.pool or Pool(found.scopes, exact(size.value))
        pool = Pool(whole.scopes * addresses, whole.size / addresses, clients / addresses)
        return replace(found, pool=pool, searched=floor(self.k.value) + O.value)

    def yielding(self) -> Yielding | None:
        r"""The keys \|P\|·m·E' that closed entries of one instance hold at most, where they give way.

        A mapping that is endpoint-independent has one entry, whatever it addresses: \|P\|·m.
        """
        if self.hop.closing != "gives-way":
            return None
        m = self.letters.given("m", self.hop.addresses.size, "addresses")
        whose = self.hop.name, self.behind.name, self.own.space.protocol
        towards = Constant(1) if self.hop.mapping == "endpoint-independent" else self.endpoints
        return Yielding(whose, product(sized(*self.ports), m, towards))

    def leaving(self) -> Sources:
        """What leaves: the addresses in use, which bring along what the cone's own table holds."""
        return Sources(
            (self.hop.name,), self.in_use, self.in_use, 1, self.leg, (self.own,), self.in_use, self.hop.on
        )

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
        letters, block, there = self.letters, self.hop.block, self.there
        if self.hop.block_size is not None:
            return letters.given("k", self.hop.block_size, "block")
        if isinstance(block, tuple):
            _, each = self.hop.entry(floor(there.value)) or block[-1]
            of_all = letters.given("u", each, "block") * self.M
            return letters.derived("k", Minimum((of_all, letters.given("u_m", block[0][1], "block"))))
        clients = Quotient(there, self.M, "ceiling")
        return letters.derived("k", Quotient(sized(self.ports[0]), clients, "floor"))


def _addresses(hop: Cone, letters: Letters, sources: Sources) -> Quantity:
    """M, onto which a hash may put the sources by chance."""
    per_instance = letters.given("m", hop.addresses.size, "addresses")
    M = letters.derived("M", per_instance * instances(hop))
    if not hop.is_hashed:
        return M
    return M._replace(spread=Hashing(floor(sources.addresses.value), floor(M.value)))
