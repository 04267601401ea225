"""Layer-7 hops: one leg ends, another begins, and both may need ports in one table."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, lcm

from tuplecalc.limits.expression import Constant, Expression, NamedPorts, Number, Quantity, product, tidy
from tuplecalc.limits.flow import NEVER, Flow, Part, Times
from tuplecalc.limits.forwarder import entries, fresh
from tuplecalc.limits.kinds import ACCEPTED, BIND, CAPTURE, FILES, LISTENER, SAME_TUPLE, UPSTREAM
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Passing, Sources, Space, Table, Uses
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.targets import Target, instances, listeners, working_instances
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.values import exact


def proxy(
    hop: Proxy, sources: Sources, before: Target, behind: Target, *, tracks: bool = False
) -> tuple[list[Declared], Sources]:
    r"""A layer-7 hourglass.

    ============== ========================= ============================== ====== ==================
    limit          size                      copies                         keys   seconds
    ============== ========================= ============================== ====== ==================
    accepted       \|A\|                     b·E (of each machine for nat)  1      H + (1−c)·T_a
    listener       \|A\|                     b·E                            1      H + (1−c)·T_a
    capture        \|R\|                     w·K·Q                          1      H + T_t
    upstream       \|L\| (client-port: A)    o·E' (·n by flows), or b·E'    1      H + c·T
    bind           \|L\|                     o·n' (own), w (client)         1      H + c·T
    shared         \|A ∪ L\|                 b·E' (·n by flows)             2      both legs'
    files          max_files                 n'                             2      2·H
    entries        max_entries               n'                             2      2·(H + T_t)
    ============== ========================= ============================== ====== ==================

    ``accepted`` is for tproxy, ``listener`` for listen; nat has ``capture``, and ``accepted`` in its
    tracking table where it refuses tuples that its side closed first.  ``shared`` stands for the
    table of both legs (:mod:`tuplecalc.limits.theorem` has its faces): where the proxy keeps the
    client's address and captures by nat, or by tproxy under strict tracking.  w is the number of
    (source, instance) pairs that meet: a·n', but fewer where both the sources and the instances are
    dealt out by the endpoint's number.

    T is min(time_wait, reuse_after), with ``bind`` the whole time_wait, with ``client-port``
    reuse_after alone.  Both legs of ``client-port`` behind tproxy are one tuple: one entry in a
    table that lets them, and under strict tracking no flow at all.
    """
    row = _Row(hop, sources, before, behind)
    declared: list[Declared] = [*row.client_side(), *row.upstream(), *row.one_table()]
    if tracks:
        declared += row.beside_others()
    if hop.max_files is not None:
        size = row.letters.given("files", hop.max_files, "max_files")
        declared.append(Uses(FILES, hop.name, (hop.on,), size, row.working, tuple(row.files())))
    if hop.tracking != "off":
        sides = [*fresh(hop, sources), *(() if row.is_one_tuple else (row.flow,))]
        declared += entries(hop, row.letters, row.working, sides)
    return declared, row.leaving()._replace(entry_at=hop.on)


class _Row:
    """The legs of one layer-7 hop, one method for each side."""

    def __init__(self, hop: Proxy, sources: Sources, before: Target, behind: Target) -> None:
        self.hop = hop
        self.entering = sources  # as the client-side leg sees it
        self.sources = self._behind_listeners(sources) if hop.capture == "listen" else sources
        self.front = Letters(hop.name, hop.path, self.entering, before, behind, hop.udp_timeout)
        self.flow = self._upstream_flow(sources.leg.flow)
        # hops of one machine may have addresses of their own each, and those of a family are apart
        self.who = (str(hop.addresses), hop.on) if hop.source == "own" else sources.who
        self.letters = Letters(hop.name, hop.path, self.sources, before, behind, hop.udp_timeout)
        self.n = instances(hop)
        self.working = working_instances(hop, behind)
        self.behind, self.before = behind, before
        self.o = self.letters.given("o", hop.addresses.size, "addresses")
        self.by_flows = hop.split == "flows"
        self.is_one_tuple = hop.source == "client-port" and hop.capture == "tproxy"
        # In which machines, and so tables, flows of one source to one service may be.
        self.machines: Expression = self.n if self.by_flows else Constant(1)
        self.tables = hop.instances if self.by_flows else 1
        self.apart = 1 if hop.source == "own" else self.tables  # each its own addresses: the flows are apart
        self.to_services = self.letters.b * self.letters.E_behind
        self.own: list[Membership] = []  # whose copies count the sources that leave
        accept_wait = (
            self.front.given("T_a", hop.accept_wait, "accept_wait") if "accept_wait" in hop.stated else NEVER
        )
        self.accepting = self.front.times(service=accept_wait)

    def _behind_listeners(self, sources: Sources) -> Sources:
        """What reaches the service side of a listening proxy.

        A listener of an instance leads to the endpoints of that instance only where instances
        serve their own: sources dealt out by listener then stay dealt out, by the common part.
        """
        classes = gcd(sources.classes, self.hop.instances) if self.hop.split == "services" else 1
        if classes == 1:
            return sources.mixed()
        return sources._replace(per_endpoint=sources.addresses / Constant(classes), classes=classes)

    def _upstream_flow(self, flow: Flow) -> Flow:
        """The connections behind the proxy: r of them for each that it accepts, of their own length."""
        hop, given = self.hop, self.front.given
        if "connections_per_flow" in hop.stated:
            flow = flow._replace(
                ratio=flow.ratio * given("r", hop.connections_per_flow, "connections_per_flow")
            )
        if hop.upstream_hold is not None:
            flow = flow._replace(hold=given("H_u", hop.upstream_hold, "upstream_hold"))
        if hop.upstream_first_close is not None:
            flow = flow._replace(client_share=given("c_u", hop.upstream_first_close, "upstream_first_close"))
        return flow

    def files(self) -> Iterator[Part]:
        """Half of a flow's files for the client's side, half for each connection upstream."""
        half: Expression = Constant(1)
        if "files_per_flow" in self.hop.stated:
            half = self.front.given("f", self.hop.files_per_flow, "files_per_flow") / 2
        for flow in (self.entering.leg.flow, self.flow):
            yield Part(half, Times(flow.hold, flow.client_share), flow)

    def pairs(self) -> Expression:
        """w: pairs of a source and an instance that it reaches.

        Sources dealt out by endpoint number (mod m) and instances dealt out likewise (mod n) meet
        only where the two agree: b for each class mod lcm(m, n), the busiest class binds.
        """
        dealt = self.entering.classes
        if dealt == 1 or (self.by_flows and self.hop.capture != "listen"):
            return product(self.letters.a, self.working)
        target = self.before if self.hop.capture == "listen" else self.behind
        classes: Number = target.working(lcm(dealt, self.hop.instances))
        if self.hop.capture == "listen":
            classes = tidy(exact(classes * self.working.value) / self.hop.instances)
        return Quantity("w", self.hop.name, self.front.b.value * classes)

    def client_side(self) -> list[Declared]:
        """The leg that ends: accepted, listener or capture."""
        front, name, leg = self.front, self.hop.name, self.entering.leg
        copies = front.b * front.E
        if self.hop.capture != "nat":
            accepted = Membership(
                name,
                leg,
                front.A,
                copies,
                self.accepting,
                self.before,
                front.space("accepted", self.hop.on, self.entering.who, self.before),
            )
            self.own.append(accepted)
            return [Alone(ACCEPTED if self.hop.capture == "tproxy" else LISTENER, accepted)]
        R = NamedPorts("R", name, self.hop.rewrite_ports, place=f"{self.hop.path}.rewrite_ports")
        linger = front.given("T_t", self.hop.tracking_time_wait, "tracking_time_wait")
        times = front.times(client=linger, service=linger)
        space = front.space("captured", name, self.entering.who, None)
        pairs = product(self.pairs(), listeners(self.hop))
        captured = Membership(name, Leg(R, leg.flow), R, pairs, times, None, space)
        self.tracked = Membership(
            name,
            leg,
            front.A,
            product(copies, self.machines),
            self.accepting,
            self.before,
            self.table(self.before),
            machines=self.tables,
        )
        self.own += [captured, self.tracked]
        found: list[Declared] = [Alone(CAPTURE, captured)]
        if not self.accepting.within(front.open.value):
            found.insert(0, Alone(ACCEPTED, self.tracked))
        else:  # where flows of others may wait longer
            found.append(Passing(self.tracked, ACCEPTED))
        return found

    def upstream(self) -> list[Declared]:
        """The leg that begins, or with ``client-port`` goes on."""
        hop, letters = self.hop, self.letters
        if hop.source == "client-port":
            self.leg, copies = self.entering.leg, self.to_services
        else:
            self.leg = Leg(NamedPorts("L", hop.name, hop.ports, place=f"{hop.path}.ports"), self.flow)
            copies = self.to_services
            if hop.source == "own":
                copies = product(self.o, letters.E_behind, self.machines)
        self.leaving_times = letters.times(self.flow, client=letters.linger(hop))
        ports = letters.A if hop.source == "client-port" else self.leg.ports
        space = letters.space("upstream", hop.on, self.who, self.behind)
        times, apart = self.leaving_times, self.apart
        sockets = Membership(
            hop.name, self.leg, ports, copies, times, self.behind, space, machines=apart, counts_once=True
        )
        self.fresh = [sockets]
        found: list[Declared] = [Alone(UPSTREAM, sockets)]
        if hop.source != "client-port" and hop.allocation == "bind":
            copies = product(self.o, self.working) if hop.source == "own" else self.pairs()
            # of several machines a source's port may be taken at one, then at another
            scattered = hop.source == "client" and hop.instances > 1
            towards = self.behind if scattered else None
            space = letters.space("upstream", hop.on, self.who, None)
            bound_ports = Membership(hop.name, self.leg, ports, copies, times, towards, space, machines=apart)
            self.fresh.append(bound_ports)
            found.append(Alone(BIND, bound_ports))
        return found

    def one_table(self) -> list[Declared]:
        """The table that keys both legs under the client's address, where there is one."""
        hop, strict = self.hop, self.hop.tracking == "strict"
        copies = product(self.to_services, self.machines)
        if self.is_one_tuple and strict:
            legs = (Part(Constant(1), times, self.flow) for times in (self.accepting, self.leaving_times))
            return [Uses(SAME_TUPLE, hop.name, (hop.name,), Constant(0), copies, tuple(legs))]
        if hop.source != "client" or not (hop.capture == "nat" or (hop.capture == "tproxy" and strict)):
            return []
        if hop.capture == "nat":
            entering = self.tracked
        else:
            entering = Membership(
                hop.name,
                self.entering.leg,
                self.front.A,
                copies,
                self.accepting,
                self.before,
                self.table(self.before),
                machines=self.tables,
            )
            self.own.append(entering)
        leaving = Membership(
            hop.name,
            self.leg,
            self.leg.ports,
            copies,
            self.leaving_times,
            self.behind,
            self.table(self.behind),
            machines=self.tables,
        )
        self.own.append(leaving)
        is_single = hop.instances == 1 or not self.by_flows
        return [Table(entering, leaving, is_single, self.before, self.behind)]

    def beside_others(self) -> Iterator[Passing]:
        """The legs in the table of a machine that tracks, where they are not declared yet."""
        name, leg = self.hop.name, self.entering.leg
        if self.hop.capture == "nat":
            yield Passing(self.tracked)
        elif (space := self.table(self.before)) not in (each.space for each in leg.memberships):
            copies = product(self.front.b, self.front.E, self.machines)
            ways = copies, self.accepting, self.before, space
            yield Passing(Membership(name, leg, self.front.A, *ways, machines=self.tables))
        space = self.letters.space("tracked", self.hop.on, self.who, self.behind)
        if self.leg is not leg and space not in (each.space for each in self.leg.memberships):
            ports, copies = self.leg.ports, self.fresh[0].copies
            if self.hop.source == "client":
                copies = product(copies, self.machines)
            ways = copies, self.leaving_times, self.behind, space
            yield Passing(Membership(name, self.leg, ports, *ways, machines=self.apart))

    def table(self, towards: Target) -> Space:
        """The tracking table of the machine, for the sources that enter."""
        return self.letters.space("tracked", self.hop.on, self.entering.who, towards)

    def leaving(self) -> Sources:
        """What leaves: the same sources on another leg, or the proxy's own addresses."""
        if self.hop.source != "own":
            members = (*self.sources.members, *self.own, *self.fresh)
            return self.sources._replace(leg=self.leg, members=members)
        addresses = product(self.o, self.working)
        per_endpoint = addresses if self.by_flows else self.o
        classes = 1 if self.by_flows else self.hop.instances
        there = product(self.o, self.n)
        return Sources(self.who, addresses, per_endpoint, classes, self.leg, tuple(self.fresh), there)
