"""A cone: which of its addresses and ports a flow may get, and who must not have them at the same time."""

from collections.abc import Callable, Hashable

from .meaning import Topology, closed_entry, for_all, number_set
from .network import Destination, Flows, Network, Row, Source

Blocks = Callable[[Source | None, Source, int], list[int]]  # (owner, address, port): the blocks for it


class ConeStep:
    """One cone in the walk of a builder."""

    def __init__(self, net: Network, i: int, hop: Topology, hold: float, addresses: list[Source]) -> None:
        self.net, self.i, self.hop, self.addresses = net, i, hop, addresses
        self.seconds = for_all(hold + closed_entry(hop))
        self.tracked = for_all(hold + hop.get("tracking_time_wait", 120))
        self.owners: dict[tuple[Source | None, Source, int], int] = {}  # (owner, address, block): its binary
        self.held: dict[tuple[Source | None, tuple[Source, int]], int] = {}

    def walk(self, flows: Flows, ways: list[Destination], there: int) -> Flows:
        """Give every flow an address and a port of the NAT, from so many source addresses."""
        net, i, hop, legs, seconds = self.net, self.i, self.hop, Flows(), self.seconds
        free = hop.get("mapping", "endpoint-dependent") == "endpoint-independent"
        blocks = self.blocks(sorted({source for source, _, _ in flows}), there) if "block" in hop else None
        overflow = number_set(hop.get("overflow", []))
        by_source = blocks is not None or "client_ports" in hop
        hubs: dict[tuple[Source | None, Destination | None], list[int]] = {}
        for (source, _, at), arcs in flows.items():
            hub = (source if by_source else None, None if "virtual" in hop else at)
            hubs.setdefault(hub, []).extend(arcs)
        entries = self.entries(len(ways))
        for (owner, to), arrivals in hubs.items():
            departures: list[int] = []
            for address in self.addresses:
                for port in number_set(hop["ports"]) + overflow:
                    opening = blocks(owner, address, port) if blocks else []
                    if blocks and not opening:
                        continue
                    mine = [self.block(owner, address, number) for number in opening]
                    for behind in [to] if to else ways:
                        arc = net.arc()
                        departures.append(arc)
                        legs.setdefault((address, port, behind), []).append(arc)
                        where = (address, port, None if free else behind)
                        if blocks:  # a block has one owner: uniqueness is due among the owner's flows
                            if net.rate and not seconds.client:
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
                            self.holds(owner, (address, port), arc, where)
                        if entries:
                            net.use((i, "entries", address[1]), [arc], self.tracked, room=entries)
            net.balances.append((arrivals, departures))
        return legs

    def entries(self, ways: int) -> int:
        """Return how large the table of an instance is, 0 where it never fills.

        An entry that gives way goes when its tuple is used again: there are no more than tuples.
        """
        room = int(self.hop.get("max_entries", 0))
        ports = {*number_set(self.hop["ports"]), *number_set(self.hop.get("overflow", []))}
        tuples = len(ports) * int(self.hop.get("addresses", 1)) * ways
        return 0 if self.hop.get("closing") == "gives-way" and room >= tuples else room

    def holds(self, owner: Source | None, port: tuple[Source, int], arc: int, where: Hashable) -> None:
        """Let a flow use a port only while its source holds it, of which it may hold so many."""
        net, i, hop, seconds = self.net, self.i, self.hop, self.seconds
        if (owner, port) not in self.held:
            held = self.held[owner, port] = net.arc()
            net.use((i, "holds", owner, port), [held], for_all(1))
            if not net.rate:
                net.binary.append(held)
            net.rows.setdefault((i, "ports of", owner), Row(hop["client_ports"]))
            net.rows[i, "ports of", owner].arcs.append(held)
            net.rows[i, "ports of", owner].weights.append(1.0)
        key = (i, "held", owner, where)
        if not net.rate or seconds.client:
            net.rows.setdefault(key, Row(0, [self.held[owner, port]], [-1.0]))
            net.use(key, [arc], seconds)
            if "destinations" in hop:
                key = (i, "destinations", owner, port)
                net.rows.setdefault(key, Row(0, [self.held[owner, port]], [-float(hop["destinations"])]))
                net.use(key, [arc], seconds)

    def blocks(self, sources: list[Source], there: int) -> Blocks:
        """Say by which blocks of an address a source may use a port: its block, or by any the overflow."""
        hop, addresses = self.hop, self.addresses
        ports, block = number_set(hop["ports"]), hop["block"]
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

    def block(self, owner: Source | None, address: Source, b: int) -> int:
        """Return the binary variable: block b of the NAT's address belongs to the owner."""
        if (owner, address, b) not in self.owners:
            mine = self.owners[owner, address, b] = self.net.arc()
            self.net.binary.append(mine)
            if b >= 0:  # else it is the owner's anyway
                self.net.use((self.i, "blocks of", owner), [mine], for_all(1))
                self.net.use((self.i, "owners of", address, b), [mine], for_all(1))
        return self.owners[owner, address, b]
