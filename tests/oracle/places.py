"""Who there is on the way, and who reaches whom."""

from .machines import resolve
from .meaning import Topology, endpoints, families, kind, listeners, meet, tables
from .network import Destination, Source
from .stream import Stream
from .traffic import Kind


class Places:
    """The hops of a chain file, with their machines and the addresses of all."""

    def __init__(self, topology: Topology) -> None:
        self.hops, self.machines = resolve(topology.get("hops", []))
        self.families: dict[Source, int] = {}
        for number, group in enumerate(tables(topology["clients"])):
            self.families |= {(-1, number, i): f for i, f in enumerate(families(group.get("addresses", 1)))}
        for i, hop in enumerate(self.hops):
            each = families(hop.get("addresses", 1))
            if kind(hop) == "cone" or hop.get("source", "own") == "own":
                self.families |= {address: each[address[2]] for address in self.own_addresses(i)}
        self.ends = [family for group in tables(topology["services"]) for family in endpoints(group)]

    def destinations(self, i: int, stream: Stream) -> list[Destination]:
        """Return what the leg before hop i may address."""
        for j, hop in enumerate(self.hops[i:], start=i):
            if stream.kind.crosses(hop):
                if "virtual" in hop:
                    return [(j, v) for v in range(len(endpoints(hop["virtual"])))]
                if hop.get("capture") == "listen" and stream.kind.captured(hop):
                    return [(j, v) for v in range(len(listeners(hop)) * hop.get("instances", 1))]
        return [(len(self.hops), v) for v in stream.part.services.members]

    def reached(self, source: Source, i: int, ways: list[Destination], kind: Kind) -> list[Destination]:
        """Return those of some destinations that a leg before hop i reaches."""
        return [to for to in ways if self.fits(source, i, to, kind)]

    def fits(self, source: Source, i: int, to: Destination, kind_of_flow: Kind) -> bool:
        """Return whether a leg before hop i reaches a destination: by family, unless a cone translates."""
        if meet(self.families[source], self.family(to)):
            return True
        return any(kind(hop) == "cone" and kind_of_flow.crosses(hop) for hop in self.hops[i : to[0]])

    def family(self, to: Destination) -> int:
        """Return the family of a destination."""
        at, number = to
        if at == len(self.hops):
            return self.ends[number]
        hop = self.hops[at]
        if "virtual" in hop:
            return endpoints(hop["virtual"])[number]
        return listeners(hop)[number // int(hop.get("instances", 1))]

    def own_addresses(self, i: int) -> list[Source]:
        """Return the addresses of a hop's instances: a cone's are its own, others have their machine's."""
        hop = self.hops[i]
        owner = i if kind(hop) == "cone" else len(self.hops) + self.machines[i].number
        each = range(len(families(hop.get("addresses", 1))))
        return [(owner, k, a) for k in range(hop.get("instances", 1)) for a in each]

    def addresses_before(self, i: int, streams: list[Stream]) -> int:
        """Return how many source addresses there are before hop i, whether they are used or not."""
        found: set[Source] = set()
        for stream in streams:
            clients = stream.part.clients
            there: list[Source] = [(-1, clients.number, a) for a in clients.members]
            for j, hop in enumerate(self.hops[:i]):
                if stream.kind.crosses(hop):
                    own = kind(hop) == "proxy" and stream.kind.captured(hop)
                    if kind(hop) == "cone" or (own and hop.get("source", "own") == "own"):
                        there = self.own_addresses(j)
            found |= set(there)
        return len(found)
