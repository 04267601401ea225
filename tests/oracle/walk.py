"""Walks through the hops of a topology and builds the network of every possible flow."""

from collections.abc import Hashable

from .cones import ConeStep
from .meaning import (
    Topology,
    check,
    client_share,
    closer,
    endpoints,
    for_all,
    kind,
    listeners,
    number_set,
    size,
)
from .network import Destination, Flows, InTable, Network, Seconds, Source


class Builder:
    """Builds the network of one topology."""

    def __init__(self, topology: Topology, *, rate: bool) -> None:
        traffic = topology.get("traffic", {})
        self.hold = float(traffic.get("hold", 0))
        self.net = Network(rate, client_share(traffic))
        self.hops: list[Topology] = topology.get("hops", [])
        services = topology["services"]
        self.services: list[Topology] = services if isinstance(services, list) else [services]
        self.clients: Topology = topology["clients"]
        self.kept = for_all(0)  # how long all devices so far keep the tuple that flows have now
        self.began: list[tuple[Hashable, InTable, InTable]] = []  # in which tables, with which others
        self.tuples: Flows = {}  # the tuples in which no two flows meet that differ before or behind
        check(traffic, "traffic")
        check(self.clients, "clients")
        for hop in self.hops:
            check(hop, kind(hop))
        for group in self.services:
            check(group, "services")

    def build(self) -> Network:
        """Build the whole network."""
        flows = self.first_legs()
        for i, hop in enumerate(self.hops):
            match kind(hop):
                case "cone":
                    step = ConeStep(self.net, i, hop, self.hold, self.own_addresses(i, hop))
                    ways = self.destinations(i + 1)
                    flows = step.walk(flows, ways, self.addresses_before(i))
                    self.begins(flows, step.seconds)
                case "forwarder":
                    flows = self.forwarder(i, hop, flows)
                case _:
                    flows = self.proxy(i, hop, flows)
        self.arrive(flows)
        return self.net

    def destinations(self, i: int) -> list[Destination]:
        """Return what the leg before hop i may address."""
        for j, hop in enumerate(self.hops[i:], start=i):
            if "virtual" in hop:
                return [(j, v) for v in range(endpoints(hop["virtual"]))]
            if hop.get("capture") == "listen":
                return [(j, v) for v in range(listeners(hop) * hop.get("instances", 1))]
        return [(len(self.hops), v) for v in range(sum(map(endpoints, self.services)))]

    def addresses_before(self, i: int) -> int:
        """Return how many source addresses there are before hop i, whether they are used or not."""
        there = int(self.clients.get("addresses", 1))
        for j, hop in enumerate(self.hops[:i]):
            if kind(hop) == "cone" or (kind(hop) == "proxy" and hop.get("source", "own") == "own"):
                there = len(self.own_addresses(j, hop))
        return there

    @staticmethod
    def own_addresses(i: int, hop: Topology) -> list[Source]:
        """Return the addresses of a hop's instances."""
        return [(i, k, a) for k in range(hop.get("instances", 1)) for a in range(hop.get("addresses", 1))]

    def held(self, *, always: float = 0, client: float = 0, server: float = 0) -> Seconds:
        """Return the hold and what a device waits: always, after a close by the client, or by the other."""
        return Seconds(self.hold + always + client, self.hold + always + server)

    # How long a tuple is taken, all devices together.

    def begins(self, flows: Flows, seconds: Seconds) -> None:
        """Let a device choose the tuples of these flows: whatever kept the tuple before is behind it."""
        self.ends()
        self.kept, self.tuples = seconds, flows

    def ends(self) -> None:
        """Say to the tables that a tuple began in for how long it was kept by others."""
        for where, began, others in self.began:
            self.net.apart((where, "began"), began, self.kept, others)
        self.began = []

    def turns(self, i: int, flows: Flows, seconds: Seconds) -> None:
        """Let a device change the destination, but not source and port.

        A flow keeps both tuples. Where there is one destination on one side, a tuple of the other side says
        both; else a flow meets others in both, and neither says for how long a pair of them is taken.
        """
        before, behind = ({to for _, _, to in tuples} for tuples in (self.tuples, flows))
        if len(before) == 1 or len(behind) == 1:
            self.began = []  # a gap is one of a single tuple
            self.tuples = flows if len(before) == 1 else self.tuples
            self.takes((i, "turned"), flows, seconds, alone=False)
        else:
            self.begins(flows, seconds)

    def takes(self, where: Hashable, flows: Flows, seconds: Seconds, *, alone: bool = True) -> None:
        """Let a device on the way take every tuple of these flows for so long.

        No other flow gets the tuple before the last device has forgotten it: now this one, now that.
        """
        net, both = self.net, self.kept.longest(seconds)
        if alone:
            for leg, arcs in flows.items():
                net.use((where, leg), arcs, seconds)
        if net.rate and both.mean(net.share) > max(self.kept.mean(net.share), seconds.mean(net.share)):
            for leg, arcs in self.tuples.items():
                net.use((where, "the last", leg), arcs, both)
        self.kept = both

    # The hops.

    def first_legs(self) -> Flows:
        """Start flows at every source address and port of the clients, towards every destination."""
        net, flows = self.net, Flows()
        seconds = self.held(client=closer(self.clients))
        bind = self.clients.get("allocation", "tuple") == "bind"
        for address in range(self.clients.get("addresses", 1)):
            for port in number_set(self.clients["ports"]):
                for to in self.destinations(0):
                    arc = net.arc()
                    net.goal.append(arc)
                    flows[(-1, address), port, to] = [arc]
                    net.use(("client", address, port, None if bind else to), [arc], seconds)
        self.begins(flows, seconds)
        return flows

    def arrive(self, flows: Flows) -> None:
        """End flows at the services, which keep what they closed first."""
        waits = [float(group.get("time_wait", 0)) for group in self.services for _ in range(endpoints(group))]
        kept, tuples = self.kept, self.tuples
        for wait in sorted({wait for wait in waits if wait}):
            there = {leg: arcs for leg, arcs in flows.items() if waits[leg[2][1]] == wait}
            self.kept, self.tuples = kept, there if tuples is flows else tuples
            self.takes("services", there, self.held(server=wait))
        if len(set(waits)) == 1:
            self.ends()

    def forwarder(self, i: int, hop: Topology, flows: Flows) -> Flows:
        """Send every flow on, to any destination where the hop is addressed itself."""
        net, legs = self.net, Flows()
        if "max_entries" in hop:  # any flow may use any instance
            seconds = self.held(always=hop.get("tracking_time_wait", 120))
            room = hop["max_entries"] * hop.get("instances", 1)
            net.use((i, "entries"), (arc for arcs in flows.values() for arc in arcs), seconds, room=room)
        seconds = self.held(always=float(hop.get("reuse_after", 0)))
        if "virtual" not in hop:
            if "reuse_after" in hop:
                self.takes((i, "forwarded"), flows, seconds)
            return flows
        hubs: dict[tuple[Source, int], list[int]] = {}
        for (source, port, _), arcs in flows.items():
            hubs.setdefault((source, port), []).extend(arcs)
        behind = self.destinations(i + 1)
        for (source, port), arrivals in hubs.items():
            departures = [net.arc() for _ in behind]
            for arc, to in zip(departures, behind, strict=True):
                legs[source, port, to] = [arc]
                net.use((i, "forwarded", source, port, to), [arc], seconds)
            net.balances.append((arrivals, departures))
        self.turns(i, legs, seconds)
        return legs

    def proxy(self, i: int, hop: Topology, flows: Flows) -> Flows:
        """End the client-side leg of every flow at one instance, and begin the service-side leg there."""
        net, legs = self.net, Flows()
        capture, source_from = hop["capture"], hop.get("source", "own")
        tracks = capture == "nat" or (capture == "tproxy" and hop.get("tracking", "strict") == "strict")
        if source_from == "client-port" and tracks:  # both legs are one tuple
            net.balances.extend((arcs, []) for arcs in flows.values())
            return legs
        listens, same_port = capture == "listen", source_from == "client-port"
        near = self.held(server=float(hop.get("accept_wait", 0)))
        far = self.held(client=float(hop.get("reuse_after", 0)) if same_port else closer(hop))
        if capture != "nat":
            self.takes((i, "near"), flows, near)
        hubs: dict[tuple[int, Source | None, int | None, Destination | None], list[int]] = {}
        at_instance: dict[int, Flows] = {}
        begun: dict[int, Flows] = {}
        before = self.kept if self.tuples is flows else near
        for (source, port, at), arcs in flows.items():
            for k, part in self.shares(hop, at, arcs):
                at_instance.setdefault(k, {})[source, port, at] = part
                self.tables(i, k, hop, source, part)
                kept_source = None if source_from == "own" else source
                hub = (k, kept_source, port if same_port else None, None if listens else at)
                hubs.setdefault(hub, []).extend(part)
        if tracks:
            kept, tuples = self.kept, self.tuples
            for k, part_flows in at_instance.items():
                pairs = {} if len(at_instance) > 1 else tuples  # what goes to several tells of none of them
                self.kept, self.tuples = kept, part_flows if tuples is flows else pairs
                self.takes((i, "table", k), part_flows, near)
        bind = hop.get("allocation", "tuple") == "bind" and not same_port
        own_services = hop.get("split", "flows") == "services"
        own_ports = [] if same_port else number_set(hop["ports"])
        ways = self.destinations(i + 1)
        for (k, kept_source, kept_port, to), arrivals in hubs.items():
            departures: list[int] = []
            for behind in [to] if to else ways:
                if own_services and behind[1] % hop.get("instances", 1) != k:
                    continue
                own = [address for address in self.own_addresses(i, hop) if address[1] == k]
                for source in [kept_source] if kept_source else own:
                    for port in own_ports if kept_port is None else [kept_port]:
                        arc = net.arc()
                        departures.append(arc)
                        legs.setdefault((source, port, behind), []).append(arc)
                        if tracks:  # in one table with the client's leg
                            net.use(((i, "table", k), (source, port, behind)), [arc], far)
                            begun.setdefault(k, {}).setdefault((source, port, behind), []).append(arc)
                        if bind:
                            net.use((i, "bind", k, source, port), [arc], far)
            net.balances.append((arrivals, departures))
        if same_port and listens:
            self.turns(i, legs, far)
        elif not same_port:
            self.begins(legs, far)
        else:
            self.tuples = legs if self.tuples is flows else self.tuples
            self.takes((i, "passed"), legs, far, alone=False)
        for leg, arcs in legs.items():
            net.use((i, "far", leg), arcs, far)
        for k, here in begun.items():
            ended, began = InTable(at_instance[k], near), InTable(here, far)
            net.apart((i, "table", k), ended, before, began)
            self.began.append(((i, "table", k), began, ended))
        return legs

    def shares(self, hop: Topology, to: Destination, arcs: list[int]) -> list[tuple[int, list[int]]]:
        """Share the flows of one leg out among the instances that may handle them."""
        n = int(hop.get("instances", 1))
        if n == 1 or hop["capture"] == "listen" or hop.get("split", "flows") == "services":
            return [(to[1] % n, arcs)]
        parts = [(k, [self.net.arc()]) for k in range(n)]
        self.net.balances.append((arcs, [part[0] for _, part in parts]))
        return parts

    def tables(self, i: int, k: int, hop: Topology, source: Source, arcs: list[int]) -> None:
        """Count the flows of one instance against what it can hold."""
        net, tracked = self.net, self.held(always=hop.get("tracking_time_wait", 120))
        if hop["capture"] == "nat":  # any (listener, port) that no other flow of this source has
            room = listeners(hop) * size(hop.get("rewrite_ports", "1024-65535"))
            net.use((i, "rewritten", k, source), arcs, tracked, room=room)
        if "max_files" in hop:
            net.use((i, "files", k), arcs, self.held(), each=2, room=hop["max_files"])
        if "max_entries" in hop and hop.get("tracking", "strict") != "off":
            one_tuple = hop["capture"] == "tproxy" and hop.get("source") == "client-port"
            net.use((i, "entries", k), arcs, tracked, each=1 if one_tuple else 2, room=hop["max_entries"])
