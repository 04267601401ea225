"""Walks through the hops of a chain file and builds the network of every possible flow."""

from .cones import ConeStep
from .meaning import Topology, check, closer, duration, idle, kind, number_set, tables
from .network import Flows, Network, Seconds, Source, Start
from .places import Places
from .proxies import ProxyStep
from .stream import Space, Stream
from .traffic import parts


class Builder:
    """Builds the network of one topology."""

    def __init__(self, topology: Topology, *, rate: bool, of_time: bool = True) -> None:
        traffic = topology.get("traffic", {})
        self.net = Network(rate, of_time)
        self.clients = tables(topology["clients"])
        check(traffic, "traffic")
        for each in traffic.get("kinds", []):
            check(each, "kinds")
        for hop in topology.get("hops", []):
            check(hop, kind(hop))
        for group in self.clients:
            check(group, "clients")
        for group in tables(topology["services"]):
            check(group, "services")
        self.places = Places(topology)
        self.hops, self.machines = self.places.hops, self.places.machines
        flows = parts(topology)
        holds = any(part.kind.hold for part in flows)
        self.streams = [Stream(self.net, part, (part.kind.hold or 1) if holds else 0) for part in flows]

    def build(self) -> Network:
        """Build the whole network."""
        for stream in self.streams:
            self.first_legs(stream)
        for i, hop in enumerate(self.hops):
            streams = [stream for stream in self.streams if stream.kind.crosses(hop)]
            match kind(hop):
                case "cone":
                    self.cone(i, hop, streams)
                case "forwarder":
                    for stream in streams:
                        self.forwarder(i, hop, stream)
                case _:
                    for stream in streams:
                        if stream.kind.captured(hop):
                            ProxyStep(self.places, i, stream).walk()
                        else:
                            self.passes(i, hop, stream)
        for stream in self.streams:
            self.arrive(stream)
        self.net.gaps()
        return self.net

    def first_legs(self, stream: Stream) -> None:
        """Start flows at every source address and port of the clients, towards every destination."""
        net, part, flows = self.net, stream.part, Flows()
        group = self.clients[part.clients.number]
        seconds = stream.held(client=closer(group))
        bind = group.get("allocation", "tuple") == "bind"
        ways = self.places.destinations(0, stream)
        starts: list[int] = []
        for number in part.clients.members:
            source = (-1, part.clients.number, number)
            there = self.places.reached(source, 0, ways, stream.kind)
            for port in stream.ports(number_set(group.get("ports", "32768-60999"))):
                for to in there:
                    arc = stream.arc()
                    starts.append(arc)
                    flows[source, port, to] = [arc]
                    where = ("client", *source, port, None if bind else to)
                    net.use(where, [arc], stream.weight(seconds))
                    if "max_files" in group:
                        open_ones = stream.weight(stream.held())
                        net.use(("client files", source), [arc], open_ones, room=group["max_files"])
        net.starts.append(Start(stream.kind.name, part.part, starts))
        stream.begins(("clients",), flows, seconds)

    def arrive(self, stream: Stream) -> None:
        """End flows at the services, which keep what they closed first."""
        wait = stream.part.services.wait
        if wait or len(self.streams) > 1:
            stream.takes(("services",), stream.flows, stream.held(server=wait))
        stream.ends()

    def cone(self, i: int, hop: Topology, streams: list[Stream]) -> None:
        """Give every flow an address and a port of the cone's."""
        machine = self.machines[i]
        if machine.hops > 1 and machine.tracks:
            raise NotImplementedError("a cone on a machine with one table for both sides of a proxy")
        sources = sorted({source for stream in streams for source in stream.sources()})
        step = ConeStep(self.net, i, machine.number, hop, self.places.own_addresses(i), sources)
        ways = {(stream.kind.udp, to) for stream in streams for to in self.places.destinations(i + 1, stream)}
        step.prepare(self.places.addresses_before(i, streams), len(ways))
        for stream in streams:
            step.walk(stream, self.places)

    def passes(self, i: int, hop: Topology, stream: Stream) -> None:
        """Let flows pass a hop that leaves tuples alone, and count them where its machine knows them."""
        machine = self.machines[i]
        tracks = "max_entries" in hop and (kind(hop) == "forwarder" or hop.get("tracking") != "off")
        if not (tracks or machine.tracks):
            return
        there = machine.at_instances(hop, stream)
        passed: Flows = {leg: [] for leg in stream.flows}
        for k, flows in there.items():
            for leg, arcs in flows.items():
                passed[leg] += arcs
                if tracks:
                    machine.enters(k, hop, stream, arcs)
        stream.passed(passed)
        if machine.tracks:
            machine.knows(there, stream, stream.held(idle=idle(hop)))

    def forwarder(self, i: int, hop: Topology, stream: Stream) -> None:
        """Send every flow on, to any destination where the hop is addressed itself."""
        self.passes(i, hop, stream)
        net, legs = self.net, Flows()
        where = ("forwarded", self.machines[i].number)
        seconds = stream.held(always=duration(hop.get("reuse_after", 0)), idle=idle(hop))
        if "virtual" not in hop:
            if "reuse_after" in hop:
                stream.takes(where, stream.flows, seconds)
            return
        hubs: dict[tuple[Source, int, tuple[tuple[Space, Seconds], ...]], list[int]] = {}
        entry = ("entries", self.machines[i].number)
        for (source, port, _), arcs in stream.flows.items():
            for arc in arcs:
                known = tuple((s, t) for s, t in stream.seen[arc].items() if s[:2] == entry)
                hubs.setdefault((source, port, known), []).append(arc)
        behind = self.places.destinations(i + 1, stream)
        for (source, port, known), arrivals in hubs.items():
            there = self.places.reached(source, i + 1, behind, stream.kind)
            departures = [stream.arc(dict(known)) for _ in there]
            for arc, to in zip(departures, there, strict=True):
                legs.setdefault((source, port, to), []).append(arc)
            net.balances.append((arrivals, departures))
        stream.joins(where, legs, seconds)
        stream.turns(where, legs, seconds)
