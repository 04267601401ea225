"""Layer-7 hops: two legs a flow, and what they share."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    NamedPorts,
    Number,
    Product,
    Quantity,
    Quotient,
    Size,
    Sum,
    product,
    tidy,
)
from tuplecalc.limits.hops import entries, tracked
from tuplecalc.limits.letters import Letters, sized, without
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.rows import shared_in_a_row
from tuplecalc.limits.state import Run, Sources, Taken
from tuplecalc.limits.targets import Target, instances, listeners, working_instances
from tuplecalc.network.chain import Traffic
from tuplecalc.network.proxy import Proxy


def shares_table(hop: Proxy) -> bool:
    """Whether both legs of a flow are keyed in one table under the client's address.

    With tproxy under strict tracking; with nat under any, since the capture itself is tracked.
    """
    if hop.source != "client":
        return False
    return hop.capture == "nat" or (hop.capture == "tproxy" and hop.tracking == "strict")


def proxy(
    hop: Proxy, traffic: Traffic, sources: Sources, before: Target, behind: Target
) -> tuple[list[Limit], Sources]:
    r"""A layer-7 hourglass.

    ============== ========================= ============================== ====== ==================
    limit          size                      scopes                         keys   seconds
    ============== ========================= ============================== ====== ==================
    accepted       \|A\|                     b·E                            1      H + (1−c)·T
    capture        \|R\|                     w·K·Q                          1      H + T_t
    listener       \|A\|                     b·E                            1      H + (1−c)·T
    upstream       \|L\| (client-port: A)    o·E' (·n by flows), or b·E'    1      H + c·T
    bind           \|L\|                     o·n' (own), w (client)         1      H + c·T
    shared         \|A ∪ L\|                 b·E' (·n by flows)             2      both legs'
    shared-bind    \|L ∖ A\| + E_i·\|A\|     w                              2      both legs'
    shared-mapping x·\|A ∖ L\| + E_s·\|L\|   a                              2      both legs'
    shared-k       Σ_p α                     b·E'                           k      the run's
    files          max_files                 n'                             2      2·H
    entries        max_entries               n'                             2      2·(H + T_t)
    ============== ========================= ============================== ====== ==================

    Where a proxy keeps the client's address and port and captures by tproxy, both legs are one tuple,
    and have one entry in a table that lets them (the model's table says two; Linux 6.18 has one).
    ``accepted`` is for tproxy, and for nat with the client's address where the proxy side closes
    first; ``capture`` for nat, ``listener`` for listen.  w is the number of (source, instance)
    pairs that meet: a·n', but fewer where both the sources and the instances are dealt out by the
    endpoint's number.  Both legs of ``client-port`` under strict tracking are the same tuple:
    ``shared`` with size 0.
    """
    row = _Row(hop, traffic, sources, before, behind)
    limits = [*row.client_side(), row.upstream()]
    if hop.allocation == "bind" and hop.source != "client-port":
        limits.append(row.bind())
    if shares_table(hop):
        limits += row.shared()
        limits += shared_in_a_row(row.run(), hop.name, row.to_services)
    if hop.source == "client-port" and hop.capture == "tproxy" and hop.tracking == "strict":
        limits.append(Limit("shared", hop.name, Constant(0), row.to_services, 2, row.both_legs))
    of_sources = tuple(limits)
    if hop.max_files is not None:
        size = row.letters.given("files", hop.max_files, "max_files")
        limits.append(Limit("files", hop.name, size, row.working, 2, Product((Constant(2), row.letters.H))))
    if hop.tracking != "off":
        limits += entries(hop, row.letters, row.working, 1 if row.is_one_tuple else 2)
    return limits, row.leaving(of_sources)


class _Row:
    """The limits of one layer-7 hop, one method for each row of the table."""

    def __init__(
        self, hop: Proxy, traffic: Traffic, sources: Sources, before: Target, behind: Target
    ) -> None:
        self.hop = hop
        self.entering = sources  # as the client-side leg sees it
        self.sources = self._behind_listeners(sources) if hop.capture == "listen" else sources
        self.front = Letters(hop, traffic, self.entering, before, behind)
        self.letters = (
            self.front
            if self.sources is self.entering
            else Letters(hop, traffic, self.sources, before, behind)
        )
        self.n = instances(hop)
        self.working = working_instances(hop, behind)
        self.behind, self.before = behind, before
        self.L = NamedPorts("L", hop.name, hop.ports, place=f"{hop.path}.ports")
        self.o = self.letters.given("o", hop.addresses.size, "addresses")
        self.both_legs = Sum((*self.letters.client_side.terms, *self.letters.service_side.terms))
        self.by_flows = hop.split == "flows"
        self.is_one_tuple = hop.source == "client-port" and hop.capture == "tproxy"
        # In which machines, and so tables, flows of one source to one service may be.
        self.machines: Expression = self.n if self.by_flows else Constant(1)
        self.to_services = Product((self.letters.b, self.letters.E_behind))

    def _behind_listeners(self, sources: Sources) -> Sources:
        """What reaches the service side of a listening proxy.

        A listener of an instance leads to the endpoints of that instance only where instances
        serve their own: sources dealt out by listener then stay dealt out, by the common part.
        """
        classes = gcd(sources.classes, self.hop.instances) if self.hop.split == "services" else 1
        if classes == 1:
            return sources.mixed()
        per_endpoint = Quotient(sources.addresses, Constant(classes))
        return sources._replace(per_endpoint=per_endpoint, classes=classes, run=Run())

    def pairs(self) -> Expression:
        """w: pairs of a source and an instance that it reaches.

        Sources dealt out by endpoint number (mod m) and instances dealt out likewise (mod n) meet
        only where the two agree: b for each class mod lcm(m, n), the busiest class binds.
        """
        dealt = self.entering.classes
        if dealt == 1 or (self.by_flows and self.hop.capture != "listen"):
            return product(self.letters.a, self.working)
        target = self.before if self.hop.capture == "listen" else self.behind
        classes: Number = target.spread(lcm(dealt, self.hop.instances))
        if self.hop.capture == "listen":
            classes = tidy(Fraction(classes * self.working.value, self.hop.instances))
        return Quantity("w", self.hop.name, self.front.b.value * classes)

    def client_side(self) -> list[Limit]:
        """accepted, capture or listener.

        Where nat keeps the client's leg in one table with the upstream leg, that leg alone is a
        limit too, ``accepted``; it can bind only the rate, and only where the proxy side closes
        first (the model's table leaves it out; the theorem with J = {client-side leg} has it).
        """
        front, name = self.front, self.hop.name
        own = Product((front.b, front.E))
        if self.hop.capture != "nat":
            limit = "accepted" if self.hop.capture == "tproxy" else "listener"
            return [Limit(limit, name, sized(front.A), own, 1, front.client_side)]
        rewrite = NamedPorts("R", name, self.hop.rewrite_ports, place=f"{self.hop.path}.rewrite_ports")
        scopes = product(self.pairs(), listeners(self.hop))
        capture = Limit("capture", name, sized(rewrite), scopes, 1, tracked(self.hop, front))
        if not shares_table(self.hop) or front.client_side.value <= front.H.value:
            return [capture]
        in_tables = product(own, self.machines)
        return [Limit("accepted", name, sized(front.A), in_tables, 1, front.client_side), capture]

    def upstream(self) -> Limit:
        """The upstream leg's tuple."""
        letters = self.letters
        if self.hop.source == "own":
            scopes = product(self.o, letters.E_behind, self.machines)
            return Limit("upstream", self.hop.name, sized(self.L), scopes, 1, letters.service_side)
        ports = self.L if self.hop.source == "client" else letters.A
        return Limit("upstream", self.hop.name, sized(ports), self.to_services, 1, letters.service_side)

    def bind(self) -> Limit:
        """Bind before connect: a port serves one flow for all services."""
        scopes = product(self.o, self.working) if self.hop.source == "own" else self.pairs()
        return Limit("bind", self.hop.name, sized(self.L), scopes, 1, self.letters.service_side)

    def shared(self) -> list[Limit]:
        """Both legs in one table under one address: shared, shared-bind, shared-mapping."""
        letters, A, L = self.letters, self.letters.A, self.L
        scopes = product(self.to_services, self.machines)
        limits = [Limit("shared", self.hop.name, sized(A, L), scopes, 2, self.both_legs, self._busy())]
        if self.behind.groups:  # with shares, traffic is not alike for all services
            return limits
        if self.hop.allocation == "bind":
            pairs = self.pairs()
            each = letters.derived(
                "E_i", Quotient(product(letters.E_behind, letters.b, self.machines), pairs)
            )
            size = Sum((without(L, A), Product((each, sized(A)))))
            limits.append(Limit("shared-bind", self.hop.name, size, pairs, 2, self.both_legs))
        if self.sources.taken is not None:
            taken = self.sources.taken
            once = product(letters.derived("x", taken.domains), without(A, L))
            reached = product(letters.endpoints_of_source(), self.machines, sized(L))
            # A port outside L is free for another service only once it is no longer taken for all:
            # for the rate it counts with its time in this table over its time in that domain.
            busy = Sum((product(once, Quotient(letters.client_side, taken.seconds)), reached))
            size = Sum((once, reached))
            limits.append(Limit("shared-mapping", self.hop.name, size, letters.a, 2, self.both_legs, busy))
        return limits

    def _busy(self) -> Expression | None:
        """Keys of one shared table that flows can keep busy; None for all of |A ∪ L|.

        A port outside L serves client-side legs only, and their source holds it for ``held``
        seconds whatever its time here; a port outside A serves upstream legs only, and those are
        unique over all machines.  That matters where the ranges overlap in part: the rate is then
        lower than size · scopes / seconds (the model's table leaves it out; the linear program
        found it).
        """
        A, L, held, machines = self.letters.A, self.L, self.sources.held, self.machines
        several = machines.value > 1
        if A.ports.isdisjoint(L.ports) or not (A.ports - L.ports or (several and L.ports - A.ports)):
            return None
        # What tproxy accepts is unique over all machines; what nat rewrites is so in each.
        tables = machines if self.hop.capture == "nat" else Constant(1)
        part = Minimum((tables, Quotient(self.letters.client_side, held))) if held.value else tables
        once = Sum((product(part, without(A, L)), without(L, A)))
        return Sum((Size("intersection", (A, L)), Quotient(once, machines)))

    def run(self) -> Run:
        """The proxies in a row that end with this one.

        A hop with a shared limit and one machine for each (source, service) continues the run
        before it; every other hop that hands on its own ports ends it.
        """
        if not shares_table(self.hop) or (self.hop.instances > 1 and self.by_flows):
            return Run()
        down, up = self.letters.client_side, self.letters.service_side
        return self.sources.run.extended(self.letters.A, self.L, down, up)

    def leaving(self, limits: tuple[Limit, ...]) -> Sources:
        """What leaves; ``limits`` are this hop's, less its tables and files."""
        bound = self.hop.allocation == "bind"
        own = self.sources.own + limits
        if self.hop.source == "client-port":  # tproxy hands on the run as well; listeners ended it
            sides: list[Expression] = [self.letters.service_side]
            if self.hop.capture != "listen":  # the same tuple on both sides
                sides += self.letters.client_side, self.sources.held
            return self.sources._replace(own=own, held=max(sides, key=lambda side: side.value))
        if self.hop.source == "client":
            domains = Quotient(self.pairs(), self.letters.a)
            taken = Taken(domains, self.letters.service_side) if bound else None
            return self.sources._replace(
                ports=self.L,
                taken=taken,
                held=self.letters.service_side,
                run=self.run(),
                own=own,
            )
        taken = Taken(Constant(1), self.letters.service_side) if bound else None
        fresh = tuple(limit for limit in limits if limit.name in ("upstream", "bind"))
        addresses = product(self.o, self.working)
        return Sources(
            addresses,
            addresses if self.by_flows else self.o,
            1 if self.by_flows else self.hop.instances,
            self.L,
            taken,
            held=self.letters.service_side,
            own=fresh,
            there=product(self.o, self.n),
        )
