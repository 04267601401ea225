"""A topology as a layered flow network: what a flow may choose, and what no two flows may share.

A flow is a walk over legs (source, port, destination), one choice at each hop between two legs. Variables are
the arcs of the walks; an arc ends in a leg or in a hub, the place that keeps only what later choices depend
on. Every limit is a weighted sum over arcs: by 1 for the number of flows, by seconds for their rate.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

Source = tuple[int, ...]  # (-1, client) or (hop, instance, address)
Destination = tuple[int, int]  # (hop or number of hops, number of the endpoint there)
Leg = tuple[Source, int, Destination]
Flows = dict[Leg, list[int]]  # the arcs that lead into each leg
Blocks = Callable[[Source | None, Source, int], list[int]]  # (owner, address, port): the blocks for it
Owners = dict[tuple[Source | None, Source, int], int]  # (owner, address, block): its binary
Topology = dict[str, Any]

KNOWN = {
    "traffic": {"hold", "first_close"},
    "clients": {"addresses", "ports", "allocation", "time_wait", "reuse_after"},
    "services": {"addresses", "ports"},
    "cone": {"instances", "addresses", "ports", "mapping", "block", "time_wait", "reuse_after"}
    | {
        "destinations",
        "overflow",
        "client_ports",
        "virtual",
        "max_entries",
        "tracking",
        "tracking_time_wait",
    },
    "hourglass": {"layer", "instances", "virtual", "capture", "split", "source", "addresses", "ports"}
    | {"listen_addresses", "listen_ports", "rewrite_ports", "allocation", "tracking", "tracking_time_wait"}
    | {"time_wait", "reuse_after", "max_files", "max_entries"},
}


@dataclass
class Row:
    """One limit: the sum of weight times arc is at most `room`."""

    room: float
    arcs: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


@dataclass
class Network:
    """The program that grows while the hops of a topology are walked through."""

    rate: bool  # weigh by seconds, for the sustained rate; else by 1, for the number of flows
    arcs: int = 0
    goal: list[int] = field(default_factory=list)  # the arcs that flows start with
    balances: list[tuple[list[int], list[int]]] = field(default_factory=list)  # in, out
    rows: dict[Hashable, Row] = field(default_factory=dict)
    binary: list[int] = field(default_factory=list)
    gates: list[tuple[int, list[int]]] = field(default_factory=list)  # unlimited arc, the binaries it needs

    def arc(self) -> int:
        """Add one variable."""
        self.arcs += 1
        return self.arcs - 1

    def use(
        self, key: Hashable, arcs: Iterable[int], seconds: float, *, each: int = 1, room: float = 1
    ) -> None:
        """Let every flow on `arcs` take `each` of the `room` places of `key` for so many seconds."""
        weight = each * (seconds if self.rate else 1.0)
        if weight > 0:
            row = self.rows.setdefault(key, Row(room))
            for arc in arcs:
                row.arcs.append(arc)
                row.weights.append(weight)


def number_set(value: Any) -> list[int]:
    """Return the ports of "lo-hi", of a number or of a list of these, ascending."""
    if isinstance(value, list):
        return sorted({port for part in value for port in number_set(part)})
    low, _, high = str(value).partition("-")
    return list(range(int(low), int(high or low) + 1))


def size(value: Any) -> int:
    """Return how many ports are meant by a set of ports or by {"count": n}."""
    return int(value["count"]) if isinstance(value, dict) else len(number_set(value))


def reuse(part: Topology, default: float) -> float:
    """Return after how many seconds the side that closed first may use a tuple again."""
    wait = float(part.get("time_wait", default))
    again = part.get("reuse_after")
    return wait if again is None else min(wait, float(again))


def check(part: Topology, kind: str) -> None:
    """Refuse keys that this oracle does not know, rather than overlook them."""
    if unknown := set(part) - KNOWN[kind] - {"kind", "name"}:
        raise ValueError(f"{kind}: unknown {sorted(unknown)}")


class Builder:
    """Walks through the hops of one topology and builds its network."""

    def __init__(self, topology: Topology, *, rate: bool) -> None:
        self.net = Network(rate)
        traffic = topology.get("traffic", {})
        check(traffic, "traffic")
        self.hold = float(traffic.get("hold", 0))
        first = traffic.get("first_close", "client")
        self.share = {"client": 1.0, "server": 0.0}[first] if isinstance(first, str) else float(first)
        self.hops: list[Topology] = topology.get("hops", [])
        services = topology["services"]
        self.services: list[Topology] = services if isinstance(services, list) else [services]
        for hop in self.hops:
            check(hop, hop["kind"])
        for group in self.services:
            check(group, "services")
        self.held: dict[tuple[int, Source | None, tuple[Source, int]], int] = {}
        self.clients: Topology = topology["clients"]
        check(self.clients, "clients")

    def build(self) -> Network:
        """Build the whole network."""
        flows = self.first_legs()
        for i, hop in enumerate(self.hops):
            if hop["kind"] == "cone":
                flows = self.cone(i, hop, flows)
            elif hop.get("layer", 7) == 7:
                flows = self.proxy(i, hop, flows)
            else:
                flows = self.balancer(i, hop, flows)
        return self.net

    def destinations(self, i: int) -> list[Destination]:
        """Return what the leg before hop i may address."""
        for j, hop in enumerate(self.hops[i:], start=i):
            if "virtual" in hop:
                virtual = hop["virtual"]
                return [(j, v) for v in range(virtual.get("addresses", 1) * size(virtual["ports"]))]
            if hop.get("capture") == "listen":
                return [(j, v) for v in range(self.listeners(hop) * hop.get("instances", 1))]
        total = sum(group.get("addresses", 1) * size(group["ports"]) for group in self.services)
        return [(len(self.hops), v) for v in range(total)]

    @staticmethod
    def listeners(hop: Topology) -> int:
        """Return the number of listeners of one instance of a proxy."""
        return int(hop.get("listen_addresses", 1)) * size(hop.get("listen_ports", {"count": 1}))

    def first_legs(self) -> Flows:
        """Start flows at every source address and port of the clients, towards every destination."""
        net, flows = self.net, Flows()
        seconds = self.hold + self.share * reuse(self.clients, 60)
        bind = self.clients.get("allocation", "tuple") == "bind"
        for address in range(self.clients.get("addresses", 1)):
            for port in number_set(self.clients["ports"]):
                for to in self.destinations(0):
                    arc = net.arc()
                    net.goal.append(arc)
                    flows[(-1, address), port, to] = [arc]
                    net.use(("client", address, port, None if bind else to), [arc], seconds)
        return flows

    def cone(self, i: int, hop: Topology, flows: Flows) -> Flows:
        """Give every flow an address and a port of the NAT."""
        net, legs = self.net, Flows()
        seconds = self.hold + reuse(hop, 120)
        tracked = self.hold + hop.get("tracking_time_wait", 120)
        free = hop.get("mapping", "endpoint-dependent") == "endpoint-independent"
        blocks = self.blocks(i, hop, sorted({source for source, _, _ in flows})) if "block" in hop else None
        overflow = number_set(hop.get("overflow", []))
        by_source = blocks is not None or "client_ports" in hop
        hubs: dict[tuple[Source | None, Destination | None], list[int]] = {}
        for (source, _, at), arcs in flows.items():
            hub = (source if by_source else None, None if "virtual" in hop else at)
            hubs.setdefault(hub, []).extend(arcs)
        owners: Owners = {}
        for (owner, to), arrivals in hubs.items():
            departures: list[int] = []
            for address in self.own_addresses(i, hop):
                for port in number_set(hop["ports"]) + overflow:
                    opening = blocks(owner, address, port) if blocks else []
                    if blocks and not opening:
                        continue
                    mine = [self.block(i, owners, owner, address, number) for number in opening]
                    for behind in [to] if to else self.destinations(i + 1):
                        arc = net.arc()
                        departures.append(arc)
                        legs.setdefault((address, port, behind), []).append(arc)
                        where = (address, port, None if free else behind)
                        if blocks:  # a block has one owner: uniqueness is due among the owner's flows
                            if net.rate and seconds == 0:
                                net.gates.append((arc, mine))
                            else:
                                key = (i, "cone", owner, *where)
                                net.rows.setdefault(key, Row(0, [*mine], [-1.0] * len(mine)))
                                net.use(key, [arc], seconds)
                        if not blocks or port in overflow:
                            net.use((i, "cone", *where), [arc], seconds)
                        if "destinations" in hop:
                            room = hop["destinations"]
                            net.use((i, "destinations", address, port), [arc], seconds, room=room)
                        if "client_ports" in hop:
                            self.holds(i, hop, owner, (address, port), arc, where, seconds)
                        if "max_entries" in hop:
                            net.use((i, "entries", address[1]), [arc], tracked, room=hop["max_entries"])
            net.balances.append((arrivals, departures))
        return legs

    def holds(
        self,
        i: int,
        hop: Topology,
        owner: Source | None,
        port: tuple[Source, int],
        arc: int,
        where: Hashable,
        seconds: float,
    ) -> None:
        """Let a flow use a port only while its source holds it, of which it may hold so many."""
        net = self.net
        if (i, owner, port) not in self.held:
            held = self.held[i, owner, port] = net.arc()
            net.use((i, "holds", owner, port), [held], 1)
            if not net.rate:
                net.binary.append(held)
            net.rows.setdefault((i, "ports of", owner), Row(hop["client_ports"]))
            net.rows[i, "ports of", owner].arcs.append(held)
            net.rows[i, "ports of", owner].weights.append(1.0)
        key = (i, "held", owner, where)
        if not net.rate or seconds:
            net.rows.setdefault(key, Row(0, [self.held[i, owner, port]], [-1.0]))
            net.use(key, [arc], seconds)
            if "destinations" in hop:
                key = (i, "destinations", owner, port)
                net.rows.setdefault(key, Row(0, [self.held[i, owner, port]], [-float(hop["destinations"])]))
                net.use(key, [arc], seconds)

    def blocks(self, i: int, hop: Topology, sources: list[Source]) -> Blocks:
        """Say by which blocks of an address a source may use a port: its block, or by any the overflow."""
        ports, addresses, block = number_set(hop["ports"]), self.own_addresses(i, hop), hop["block"]
        there = self.addresses_before(i)
        if isinstance(block, list):
            each = next(ports for clients, ports in block if there <= clients)
            most = max(ports for _, ports in block)
            own: set[tuple[Source | None, Source, int]] = set()
            for number, source in enumerate(sources):
                mine = [(a, p) for a in addresses for p in ports[number * each : (number + 1) * each]]
                own |= {(source, address, port) for address, port in mine[:most]}
            return lambda source, address, port: [-1] if (source, address, port) in own else []
        if block == "even":
            count = -(-there // len(addresses))
            block = len(ports) // count
        else:
            count = len(ports) // block
        opened = {port: [number // block] for number, port in enumerate(ports[: count * block])}
        opened |= {port: list(range(count)) for port in number_set(hop.get("overflow", []))}
        return lambda source, address, port: opened.get(port, [])

    def addresses_before(self, i: int) -> int:
        """Return how many source addresses there are before hop i, whether they are used or not."""
        there = int(self.clients.get("addresses", 1))
        for j, hop in enumerate(self.hops[:i]):
            is_proxy = hop["kind"] == "hourglass" and hop.get("layer", 7) == 7
            if hop["kind"] == "cone" or (is_proxy and hop.get("source", "own") == "own"):
                there = len(self.own_addresses(j, hop))
        return there

    def block(self, i: int, owners: Owners, owner: Source | None, address: Source, b: int) -> int:
        """Return the binary variable: block b of the NAT's address belongs to the owner."""
        if (owner, address, b) not in owners:
            mine = owners[owner, address, b] = self.net.arc()
            self.net.binary.append(mine)
            if b >= 0:  # else it is the owner's anyway
                self.net.use((i, "blocks of", owner), [mine], 1)
                self.net.use((i, "owners of", address, b), [mine], 1)
        return owners[owner, address, b]

    def balancer(self, i: int, hop: Topology, flows: Flows) -> Flows:
        """Send every flow on, to any destination where the hop is addressed itself."""
        net, legs = self.net, Flows()
        seconds = self.hold + hop.get("tracking_time_wait", 120)
        if "max_entries" in hop:  # any flow may use any instance
            room = hop["max_entries"] * hop.get("instances", 1)
            net.use((i, "entries"), (arc for arcs in flows.values() for arc in arcs), seconds, room=room)
        if "virtual" not in hop:
            return flows
        hubs: dict[tuple[Source, int], list[int]] = {}
        for (source, port, _), arcs in flows.items():
            hubs.setdefault((source, port), []).extend(arcs)
        for (source, port), arrivals in hubs.items():
            departures = []
            for behind in self.destinations(i + 1):
                arc = net.arc()
                departures.append(arc)
                legs[source, port, behind] = [arc]
                net.use((i, "balanced", source, port, behind), [arc], seconds)
            net.balances.append((arrivals, departures))
        return legs

    def proxy(self, i: int, hop: Topology, flows: Flows) -> Flows:
        """End the client-side leg of every flow at one instance, and begin the service-side leg there."""
        net, legs = self.net, Flows()
        capture, source_from = hop["capture"], hop.get("source", "own")
        strict = hop.get("tracking", "strict") == "strict"
        if source_from == "client-port" and capture == "tproxy" and strict:  # both legs are one tuple
            net.balances.extend((arcs, []) for arcs in flows.values())
            return legs
        shared = source_from == "client" and (capture == "nat" or (capture == "tproxy" and strict))
        listens = capture == "listen"
        wait = float(hop.get("reuse_after", 0)) if hop.get("source") == "client-port" else reuse(hop, 60)
        near, far = self.hold + (1 - self.share) * wait, self.hold + self.share * wait
        hubs: dict[tuple[int, Source | None, int | None, Destination | None], list[int]] = {}
        for (source, port, at), arcs in flows.items():
            if capture != "nat":
                net.use((i, "near", source, port, at), arcs, near)
            for k, part in self.shares(hop, at, arcs):
                self.tables(i, k, hop, source, part)
                if shared:
                    net.use((i, "table", k, source, port, at), part, near)
                hub = (
                    k,
                    None if source_from == "own" else source,
                    port if source_from == "client-port" else None,
                    None if listens else at,
                )
                hubs.setdefault(hub, []).extend(part)
        bind = hop.get("allocation", "tuple") == "bind" and source_from != "client-port"
        own_services = hop.get("split", "flows") == "services"
        own_ports = number_set(hop["ports"]) if source_from != "client-port" else []
        for (k, kept, kept_port, to), arrivals in hubs.items():
            departures: list[int] = []
            for behind in [to] if to else self.destinations(i + 1):
                if own_services and behind[1] % hop.get("instances", 1) != k:
                    continue
                sources = [kept] if kept else [a for a in self.own_addresses(i, hop) if a[1] == k]
                for source in sources:
                    for port in own_ports if kept_port is None else [kept_port]:
                        arc = net.arc()
                        departures.append(arc)
                        legs.setdefault((source, port, behind), []).append(arc)
                        net.use((i, "far", source, port, behind), [arc], far)
                        if bind:
                            net.use((i, "bind", k, source, port), [arc], far)
                        if shared:
                            net.use((i, "table", k, source, port, behind), [arc], far)
            net.balances.append((arrivals, departures))
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
        net, tracked = self.net, self.hold + hop.get("tracking_time_wait", 120)
        if hop["capture"] == "nat":  # any (listener, port) that no other flow of this source has
            room = self.listeners(hop) * size(hop.get("rewrite_ports", "1024-65535"))
            net.use((i, "rewritten", k, source), arcs, tracked, room=room)
        if "max_files" in hop:
            net.use((i, "files", k), arcs, self.hold, each=2, room=hop["max_files"])
        if "max_entries" in hop and hop.get("tracking", "strict") != "off":
            one_tuple = hop["capture"] == "tproxy" and hop.get("source") == "client-port"
            net.use((i, "entries", k), arcs, tracked, each=1 if one_tuple else 2, room=hop["max_entries"])

    @staticmethod
    def own_addresses(i: int, hop: Topology) -> list[Source]:
        """Return the addresses of a hop's instances."""
        return [(i, k, a) for k in range(hop.get("instances", 1)) for a in range(hop.get("addresses", 1))]
