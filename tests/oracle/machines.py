"""Machines: hops that share their instances, tables, files and own addresses."""

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any

from .meaning import Topology, idle, kind, tracked
from .network import Flows, InTable, Seconds
from .stream import Space, Stream

SHARED = ("instances", "split", "tracking", "max_files", "max_entries", "tracking_time_wait", "udp_timeout")


@dataclass(frozen=True)
class Machine:
    """Where tables are; a hop that names none has a machine of its own."""

    number: int
    instances: int
    tracks: bool  # one table has the tuples of all legs
    splits: bool  # instances have services of their own
    balances: bool  # any flow may use any instance, and no more is to say: one large one
    hops: int

    def at_instances(self, hop: Topology, stream: Stream) -> dict[int, Flows]:
        """Share the flows of every leg out among the instances that may handle them."""
        n = self.instances
        found: dict[int, Flows] = {}
        listens = hop.get("capture") == "listen" and stream.kind.captured(hop)
        for leg, every in stream.flows.items():
            if n == 1 or listens or self.splits or self.balances:
                found.setdefault(0 if self.balances else leg[2][1] % n, {})[leg] = every
                continue
            alike: dict[tuple[tuple[Space, Seconds], ...], list[int]] = {}
            for arc in every:
                here = tuple(item for item in stream.seen[arc].items() if item[0][1:2] == (self.number,))
                alike.setdefault(here, []).append(arc)
            for arcs in alike.values():
                each = [stream.arc(stream.seen[arcs[0]]) for _ in range(n)]
                stream.net.balances.append((arcs, each))
                for k, arc in enumerate(each):
                    found.setdefault(k, {}).setdefault(leg, []).append(arc)
        return found

    def enters(self, k: int, hop: Topology, stream: Stream, arcs: list[int]) -> None:
        """Let the flows on arcs have an entry each in the table of an instance."""
        room = hop["max_entries"] * (self.instances if self.balances else 1)
        seconds = stream.held(always=tracked(hop), idle=idle(hop))
        where = ("entries", self.number, k)
        for arc in arcs:
            stream.counts(where, where, arc, seconds, room=room)

    def knows(self, there: dict[int, Flows], stream: Stream, seconds: Seconds) -> dict[int, InTable | None]:
        """Put the tuples that end at the machine, or pass it, into the tables of its instances."""
        kept, tuples, history, devices = stream.kept, stream.tuples, stream.history, dict(stream.sides[-1][0])
        found: dict[int, InTable | None] = {}
        for k, flows in there.items():
            where = ("table", self.number, k)
            stream.kept, stream.history = kept, history
            stream.sides[-1] = (dict(devices), stream.flows)
            found[k] = stream.in_table(where, flows, seconds)
            pairs = {} if len(there) > 1 else tuples  # what goes to several tells of none of them
            stream.tuples = flows if tuples is stream.flows else pairs
            stream.takes(where, flows, seconds)
            if len(there) > 1 and tuples is stream.flows:
                self.at_one(where, devices, stream, flows, seconds)
        stream.tuples = tuples
        if len(there) > 1:
            stream.kept, stream.history = kept, history
            stream.sides[-1] = (dict(devices), stream.flows)
        return found

    def at_one(
        self, where: Space, others: dict[Space, Seconds], stream: Stream, flows: Flows, seconds: Seconds
    ) -> None:
        """Let flows at one instance follow one another where the devices before have forgotten them too."""
        if stream.net.rate and stream.net.of_time:
            for count in range(1, len(others) + 1):
                for those in combinations(others, count):
                    longest = reduce(Seconds.longest, (others[each] for each in those), seconds)
                    who = frozenset({where, *those})
                    for leg, arcs in flows.items():
                        for arc in arcs:
                            stream.counts((who, "all", leg, ()), (who, "all"), arc, longest)


def resolve(hops: list[Topology]) -> tuple[list[Topology], list[Machine]]:
    """Return the hops, each with what its machine has, and the machine of each."""
    owners = [hop.get("machine", f"that of hop {i}") for i, hop in enumerate(hops)]
    full, machines = [], []
    for hop, owner in zip(hops, owners, strict=True):
        mates = [other for other, name in zip(hops, owners, strict=True) if name == owner]
        full.append({**hop, **shared(owner, mates)})
        if kind(hop) == "proxy" and hop.get("source", "own") == "own":
            own = [mate for mate in mates if kind(mate) == "proxy" and mate.get("source", "own") == "own"]
            full[-1] |= agreed(owner, "addresses", own)
    for hop, owner in zip(full, owners, strict=True):
        mates = [other for other, name in zip(full, owners, strict=True) if name == owner]
        machines.append(
            Machine(
                owners.index(owner),
                int(hop.get("instances", 1)),
                any(tracks(mate) for mate in mates),
                hop.get("split", "flows") == "services",
                all(kind(mate) == "forwarder" for mate in mates),
                len(mates),
            )
        )
    return full, machines


def shared(owner: str, mates: list[Topology]) -> dict[str, Any]:
    """Return what the hops of a machine share."""
    found: dict[str, Any] = {}
    for key in SHARED:
        found |= agreed(owner, key, mates)
    return found


def agreed(owner: str, key: str, mates: list[Topology]) -> dict[str, Any]:
    """Return the one value that hops of a machine give, where they give it."""
    given = [mate[key] for mate in mates if key in mate]
    if any(value != given[0] for value in given):
        raise ValueError(f"machine {owner}: {key} differs")
    return {key: given[0]} if given else {}


def tracks(hop: Topology) -> bool:
    """Return whether a hop makes its machine keep the tuples of both its sides in one table."""
    if kind(hop) != "proxy":
        return False
    strict = hop.get("tracking", "strict") == "strict"
    return bool(hop["capture"] == "nat" or (hop["capture"] == "tproxy" and strict))
