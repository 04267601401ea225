"""A cone: which of its addresses and ports a flow may get, and who must not have them at the same time."""

from collections.abc import Callable, Hashable
from itertools import product

from .meaning import Topology, closed_entry, idle, number_set, tracked
from .network import Destination, Flows, Network, Row, Source
from .places import Places
from .stream import UDP, Stream

Place = tuple[Source | None, int]  # a block: the address that it is of, None if it may span several; number
Blocks = Callable[[Source, Source, int], list[Place]]  # (owner, address, port): the blocks for it
Owner = tuple[Source | None, bool]  # a source, or any; its flows of UDP, or of TCP
Known = tuple[int, ...]  # instances whose tables have an entry of the flow already


class ConeStep:
    """One cone in the walk of a builder."""

    def __init__(
        self, net: Network, i: int, m: int, hop: Topology, addresses: list[Source], sources: list[Source]
    ) -> None:
        self.net, self.i, self.m, self.hop, self.addresses, self.sources = net, i, m, hop, addresses, sources
        self.ports = number_set(hop.get("ports", "1024-65535"))
        self.overflow = number_set(hop.get("overflow", []))
        self.owners: dict[tuple[Owner, Place], int] = {}  # its binary
        self.homes: dict[tuple[Owner, Source], int] = {}
        self.held: dict[tuple[Owner, tuple[Source, int]], int] = {}
        self.instances = sorted({address[1] for address in addresses})
        self.blocks: Blocks | None = None
        self.room = 0

    def prepare(self, there: int, ways: int) -> None:
        """Let so many source addresses, used or not, share the ports, and flows have so many ways behind."""
        self.blocks = self.block_rule(there) if "block" in self.hop else None
        self.room = self.entries(ways)

    def walk(self, stream: Stream, places: Places) -> None:
        """Give every flow an address and a port of the NAT."""
        net, i, hop, legs = self.net, self.i, self.hop, Flows()
        seconds = stream.held(always=closed_entry(hop), idle=idle(hop))
        weight, blocks = stream.weight(seconds), self.blocks
        free = hop.get("mapping", "endpoint-dependent") == "endpoint-independent"
        by_source = blocks is not None or "client_ports" in hop
        ways = places.destinations(i + 1, stream)
        hubs: dict[tuple[Source | None, Destination | None, Known], list[int]] = {}
        for (source, _, at), arcs in stream.flows.items():
            for arc in arcs:
                hub = (
                    source if by_source else None,
                    None if "virtual" in hop else at,
                    self.known(stream, arc),
                )
                hubs.setdefault(hub, []).append(arc)
        for (whose, way, known), arrivals in hubs.items():
            owner = (whose, stream.kind.udp)
            departures: list[int] = []
            for address, port in product(self.addresses, stream.ports(self.ports + self.overflow)):
                opening = blocks(whose, address, port % UDP) if blocks and whose else []
                if blocks and not opening:
                    continue
                mine = [self.block(owner, place) for place in opening]
                for behind in places.reached(address, i + 1, [way] if way else ways, stream.kind):
                    arc = stream.arc()
                    departures.append(arc)
                    legs.setdefault((address, port, behind), []).append(arc)
                    where = (address, port, None if free else behind)
                    if blocks:  # a block has one owner: uniqueness is due among the owner's flows
                        if not weight:
                            net.gates.append((arc, mine))
                        else:
                            key = (i, "cone", owner, *where)
                            net.rows.setdefault(key, Row(0, [*mine], [-1.0] * len(mine)))
                            net.use(key, [arc], weight)
                    if not blocks or port % UDP in self.overflow:
                        net.use((i, "cone", *where), [arc], weight)
                    if "destinations" in hop:
                        net.use((i, "destinations", address, port), [arc], weight, room=hop["destinations"])
                    if "client_ports" in hop:
                        self.holds(owner, (address, port), arc, where, weight)
                    self.enters(stream, arc, address[1], known)
            net.balances.append((arrivals, departures))
        stream.begins(("cone", i), legs, seconds)

    def known(self, stream: Stream, arc: int) -> Known:
        """Return in which instances' tables the flows of an arc have an entry, which will be the cone's."""
        return tuple(k for k in self.instances if ("entries", self.m, k) in stream.seen[arc])

    def enters(self, stream: Stream, arc: int, k: int, known: Known) -> None:
        """Let the flows of an arc have an entry in the table of an instance."""
        seconds = stream.held(always=tracked(self.hop), idle=idle(self.hop))
        where = ("entries", self.m, k)
        if k in known:
            stream.seen[arc][where] = seconds
        elif self.room:
            stream.counts(where, where, arc, seconds, room=self.room)

    def entries(self, ways: int) -> int:
        """Return how large the table of an instance is, 0 where it never fills.

        An entry that gives way goes when its tuple is used again: there are no more than tuples.
        """
        room = int(self.hop.get("max_entries", 0))
        ports = {*self.ports, *self.overflow}
        tuples = len(ports) * len({address[2] for address in self.addresses}) * ways
        return 0 if self.hop.get("closing") == "gives-way" and room >= tuples else room

    def holds(self, owner: Owner, port: tuple[Source, int], arc: int, where: Hashable, weight: float) -> None:
        """Let a flow use a port only while its source holds it, of which it may hold so many."""
        net, i, hop = self.net, self.i, self.hop
        if (owner, port) not in self.held:
            held = self.held[owner, port] = net.arc()
            net.use((i, "holds", owner, port), [held], 1)
            if not net.rate:
                net.binary.append(held)
            net.use((i, "ports of", owner), [held], 1, room=hop["client_ports"])
        key: Hashable = (i, "held", owner, where)
        if weight:
            net.rows.setdefault(key, Row(0, [self.held[owner, port]], [-1.0]))
            net.use(key, [arc], weight)
            if "destinations" in hop:
                key = (i, "destinations", owner, port)
                net.rows.setdefault(key, Row(0, [self.held[owner, port]], [-float(hop["destinations"])]))
                net.use(key, [arc], weight)

    def block_rule(self, there: int) -> Blocks:
        """Say by which blocks of an address a source may use a port: its block, or by any the overflow."""
        hop, addresses, ports = self.hop, self.addresses, self.ports
        block = hop["block"]
        if isinstance(block, list):
            each = next(ports for clients, ports in block if there <= clients)
            most = max(ports for _, ports in block)
            own: set[tuple[Source, Source, int]] = set()
            for number, source in enumerate(self.sources):
                mine = [(a, p) for a in addresses for p in ports[number * each : (number + 1) * each]]
                own |= {(source, address, port) for address, port in mine[:most]}
            return lambda source, address, port: [(None, -1)] if (source, address, port) in own else []
        if hop.get("blocks_span", False):
            every = list(product(addresses, ports))
            usable = len(every) // block * block
            spans = {pair: [n // block] for n, pair in enumerate(every[:usable])}
            spans |= {
                (a, port): sorted({n for (b, _), (n,) in list(spans.items()) if a == b})
                for a, port in product(addresses, self.overflow)
            }
            return lambda source, address, port: [(None, n) for n in spans.get((address, port), [])]
        if block == "even":
            count = -(-there // len(addresses))
            block = len(ports) // count
        else:
            count = len(ports) // block
        opened = {port: [number // block] for number, port in enumerate(ports[: count * block])}
        opened |= {port: list(range(count)) for port in self.overflow}
        return lambda source, address, port: [(address, n) for n in opened.get(port, [])]

    def block(self, owner: Owner, place: Place) -> int:
        """Return the binary variable: a block belongs to the owner."""
        net, i, (address, number) = self.net, self.i, place
        if (owner, place) not in self.owners:
            mine = self.owners[owner, place] = net.arc()
            net.binary.append(mine)
            if number >= 0:  # else it is the owner's anyway
                most = self.hop.get("blocks_per_client", 1)
                net.use((i, "blocks of", owner), [mine], 1, room=most)
                net.use((i, "owners of", place, owner[1]), [mine], 1)
                if most > 1 and address:  # all blocks of an owner are of one address
                    net.rows[i, "at home", owner, place] = Row(
                        0, [mine, self.home(owner, address)], [1.0, -1.0]
                    )
        return self.owners[owner, place]

    def home(self, owner: Owner, address: Source) -> int:
        """Return the binary variable: the owner's blocks are of this address."""
        if (owner, address) not in self.homes:
            home = self.homes[owner, address] = self.net.arc()
            self.net.binary.append(home)
            self.net.use((self.i, "homes of", owner), [home], 1)
        return self.homes[owner, address]
