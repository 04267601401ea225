"""A layer-7 hop: it ends the flows that it captures, and opens connections of its own for them."""

from fractions import Fraction

from .machines import Machine
from .meaning import Topology, client_share, closer, duration, idle, listeners, number_set, size, tracked
from .network import Destination, Flows, Seconds, Source
from .places import Places
from .stream import Space, Stream

Known = tuple[tuple[Space, Seconds], ...]
Hub = tuple[int, Source | None, int | None, Destination | None, Known]


class ProxyStep:
    """One proxy in the walk of a stream that it captures."""

    def __init__(self, places: Places, i: int, stream: Stream) -> None:
        self.places, self.i, self.stream, self.net = places, i, stream, stream.net
        self.hop: Topology = places.hops[i]
        self.machine: Machine = places.machines[i]
        self.capture, self.source = self.hop["capture"], self.hop.get("source", "own")
        self.listens, self.same_port = self.capture == "listen", self.source == "client-port"
        self.tracking = self.hop.get("tracking", "strict")

    def walk(self) -> None:
        """End the client-side leg of every flow at one instance, and begin the service-side leg there."""
        net, stream, hop, machine, flows = self.net, self.stream, self.hop, self.machine, self.stream.flows
        if self.same_port and self.capture == "tproxy" and self.tracking == "strict":  # both are one tuple
            net.balances.extend((arcs, []) for arcs in flows.values())
            stream.begins(("none", self.i), {}, stream.open())
            return
        near = stream.held(server=duration(hop.get("accept_wait", 0)), idle=idle(hop))
        if self.capture != "nat":
            stream.takes(("near", machine.number), flows, near)
        before = stream.kept if stream.tuples is flows else near
        there = machine.at_instances(hop, stream)
        for k, arrivals in there.items():
            self.accepts(k, arrivals)
        if machine.tracks:
            for k, member in machine.knows(there, stream, near).items():
                if member and before.always(stream.share):
                    keepers = net.keepers["table", machine.number, k]
                    keepers.append((member, before.mean(stream.share)))
        hubs = self.hubs(there)
        if not self.same_port:
            stream.ends()
            self.opens()
        wait = duration(hop.get("reuse_after", 0)) if self.same_port else closer(hop)
        self.begins(hubs, stream.held(client=wait, idle=idle(hop)))

    def hubs(self, there: dict[int, Flows]) -> dict[Hub, list[int]]:
        """Gather the flows of which the same matters for what is behind the proxy."""
        found: dict[Hub, list[int]] = {}
        for k, flows in there.items():
            for (source, port, at), arcs in flows.items():
                for arc in arcs:
                    goes_on = self.same_port and not self.listens
                    known = tuple(self.stream.seen[arc].items()) if goes_on else ()
                    kept_source = None if self.source == "own" else source
                    hub: Hub = (
                        k,
                        kept_source,
                        port if self.same_port else None,
                        None if self.listens else at,
                        known,
                    )
                    found.setdefault(hub, []).append(arc)
        return found

    def begins(self, hubs: dict[Hub, list[int]], far: Seconds) -> None:
        """Begin the service-side legs."""
        stream, machine, hop = self.stream, self.machine, self.hop
        legs, begun = Flows(), dict[int, Flows]()
        own_ports = stream.ports(number_set(hop.get("ports", "32768-60999")))
        for (k, kept_source, kept_port, to, known), arrivals in hubs.items():
            departures: list[int] = []
            own = [address for address in self.places.own_addresses(self.i) if address[1] == k]
            ways = [to] if to else self.destinations(k)
            ports = own_ports if kept_port is None else [kept_port]
            for source in [kept_source] if kept_source else own:
                for behind in self.places.reached(source, self.i + 1, ways, stream.kind):
                    for port in ports:
                        arc = stream.arc(dict(known))
                        departures.append(arc)
                        legs.setdefault((source, port, behind), []).append(arc)
                        begun.setdefault(k, {}).setdefault((source, port, behind), []).append(arc)
                        if hop.get("allocation") == "bind":
                            key = ("bind", machine.number, k, source, port)
                            self.net.use(key, [arc], stream.weight(far))
            self.net.balances.append((arrivals, departures))
            self.sends(k, departures)
        if machine.tracks:  # in one table with the client's leg
            for k, here in begun.items():
                stream.joins(("table", machine.number, k), here, far)
        where = ("far", machine.number)
        if not self.same_port:
            stream.begins(where, legs, far)
        elif self.listens:
            stream.turns(("client-port", self.i), legs, far)
        else:
            stream.passed(legs)
            stream.takes(("passed", self.i), legs, far, alone=False)
        stream.joins(where, legs, far)
        if machine.tracks and (self.listens or not self.same_port):  # else it is in there already
            for k, here in begun.items():
                if began := stream.in_table(("table", machine.number, k), here, far):
                    stream.began.append((("table", machine.number, k), began))

    def destinations(self, k: int) -> list[Destination]:
        """Return where an instance that is addressed itself may send flows."""
        ways = self.places.destinations(self.i + 1, self.stream)
        if self.machine.splits:
            return [to for to in ways if to[1] % self.machine.instances == k]
        return ways

    def opens(self) -> None:
        """Open connections as the proxy does: for each flow one that lives as long, or from a pool."""
        stream, hop = self.stream, self.hop
        each = float(Fraction(str(hop.get("connections_per_flow", 1))))
        hold = duration(hop.get("upstream_hold", stream.hold))
        stream.pooled = stream.pooled or each != 1 or hold != stream.hold
        stream.each *= each
        stream.hold = hold
        stream.share = client_share(hop.get("upstream_first_close", stream.share))

    def accepts(self, k: int, flows: Flows) -> None:
        """Count the client's side of flows against what an instance can hold."""
        stream, hop = self.stream, self.hop
        arcs = [arc for each in flows.values() for arc in each]
        if self.capture == "nat":  # any (listener, port) that no other flow of this source has
            room = len(listeners(hop)) * size(hop.get("rewrite_ports", "1024-65535"))
            weight = stream.weight(stream.held(always=tracked(hop), idle=idle(hop)))
            for (source, _, _), each in flows.items():
                self.net.use((self.i, "rewritten", k, source, stream.kind.udp), each, weight, room=room)
        self.sends(k, arcs)

    def sends(self, k: int, arcs: list[int]) -> None:
        """Count one side of flows, each a socket and a tuple, against what an instance can hold."""
        stream, hop = self.stream, self.hop
        if "max_files" in hop:
            weight = stream.weight(stream.open(), hop.get("files_per_flow", 2) / 2)
            self.net.use(("files", self.machine.number, k), arcs, weight, room=hop["max_files"])
        if "max_entries" in hop and self.tracking != "off":
            self.machine.enters(k, hop, stream, arcs)
