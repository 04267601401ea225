"""The flows of one part of the traffic on their way through the hops: who has their tuples, for how long."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations

from .meaning import for_all
from .network import Flows, InTable, Network, Seconds, Source
from .traffic import Part

Space = tuple[Hashable, ...]  # what may have a tuple: a device, which of its tables, and of which instance
UDP = 65536  # the ports of UDP are other ports than those of TCP


@dataclass
class Stream:
    """Flows of one kind, from one group of clients to one group of services."""

    net: Network
    part: Part
    unit: float  # hold of the flows that arcs count; 0 where no kind has a hold, and each counts for one
    flows: Flows = field(default_factory=dict)
    hold: float = 0
    share: float = 0  # of the connections here, which the side that opened them closes first
    each: float = 1  # connections here, for each flow of the client's
    pooled: bool = False
    kept: Seconds = field(default_factory=lambda: for_all(0))  # how long all devices so far keep the tuple
    history: tuple[Space, ...] = ()  # and who they are
    sides: list[tuple[dict[Space, Seconds], Flows]] = field(
        default_factory=lambda: [({}, {})]
    )  # with how long each of them keeps it; on each side of a device that changes the destination
    tuples: Flows = field(default_factory=dict)  # in which no two flows meet that differ before or behind
    began: list[tuple[Space, InTable]] = field(default_factory=list)  # in which tables it began
    seen: dict[int, dict[Space, Seconds]] = field(default_factory=dict)  # what has the tuple of an arc

    def __post_init__(self) -> None:
        self.kind = self.part.kind
        self.hold, self.share = self.kind.hold, self.kind.first_close

    def arc(self, of: dict[Space, Seconds] | None = None) -> int:
        """Add an arc, of a tuple that some spaces have."""
        arc = self.net.arc()
        self.seen[arc] = dict(of or {})
        if self.pooled:
            self.net.parts.append(arc)
        return arc

    def ports(self, numbers: Iterable[int]) -> list[int]:
        """Return ports of the flows' protocol."""
        return [number + UDP if self.kind.udp else number for number in numbers]

    def weight(self, seconds: Seconds, each: float = 1) -> float:
        """Return how much of a place a flow takes: for so long, or for as long as it is open."""
        if self.net.rate:
            return each * self.each * seconds.mean(self.share)
        return each * self.each * (self.hold / self.unit if self.unit else 1)

    def held(self, *, always: float = 0, client: float = 0, server: float = 0, idle: float = 0) -> Seconds:
        """Return the hold and what a device waits: always, after a close by the client, or by the other.

        With UDP nobody closes: a session ends when it was idle for so long.
        """
        if self.kind.udp:
            return for_all(self.hold + idle)
        return Seconds(self.hold + always + client, self.hold + always + server)

    def open(self) -> Seconds:
        """Return the hold alone."""
        return for_all(self.hold)

    # How long a tuple is taken, all devices together.

    def begins(self, who: Space, flows: Flows, seconds: Seconds) -> None:
        """Let a device choose the tuples of these flows: whatever kept the tuple before is behind it."""
        self.ends()
        self.kept, self.flows, self.tuples, self.history = seconds, flows, flows, (who,)
        self.sides = [({who: seconds}, flows)]

    def ends(self) -> None:
        """Say to the tables that a tuple began in for how long it was kept by others."""
        self.follow()
        if self.kept.always(self.share):
            for where, began in self.began:
                self.net.keepers[where].append((began, self.kept.mean(self.share)))
        self.began = []

    def turns(self, who: Space, flows: Flows, seconds: Seconds) -> None:
        """Let a device change the destination, but not source and port.

        A flow keeps both tuples. Where there is one destination on one side, a tuple of the other side says
        both; else a flow meets others in both, and neither says for how long a pair of them is taken.
        """
        before, behind = ({to for _, _, to in tuples} for tuples in (self.tuples, flows))
        if len(before) == 1 or len(behind) == 1:
            self.began = []  # a gap is one of a single tuple
            self.sides[-1] = (self.sides[-1][0], self.flows)
            self.tuples = flows if len(before) == 1 else self.tuples
            self.flows = flows
            self.sides.append(({}, flows))
            self.takes((*who, "turned"), flows, seconds, alone=False)
        else:
            self.begins(who, flows, seconds)

    def takes(self, where: Space, flows: Flows, seconds: Seconds, *, alone: bool = True) -> None:
        """Let a device on the way take every tuple of these flows for so long.

        No other flow gets the tuple before the last device has forgotten it: now this one, now that.
        """
        if alone:
            self.joins(where, flows, seconds)
        self.history += (where,)
        self.kept = self.kept.longest(seconds)
        devices, _ = self.sides[-1]
        devices[where] = seconds.longest(devices.get(where, seconds))

    def follow(self) -> None:
        """Let flows that some devices all see follow one another: when the last has forgotten the tuple."""
        if not (self.net.rate and self.net.of_time):
            return
        self.sides[-1] = (self.sides[-1][0], self.flows)
        every = [(i, where) for i, (devices, _) in enumerate(self.sides) for where in devices]
        for count in range(2, len(every) + 1):
            for those in combinations(every, count):
                both = reduce(Seconds.longest, (self.sides[i][0][where] for i, where in those))
                sides = {i for i, _ in those}
                flows = self.tuples if len(sides) > 1 else self.sides[min(sides)][1]
                who = frozenset((i, where) if len(sides) > 1 else where for i, where in those)
                ends = [{to for _, _, to in self.sides[i][1]} for i in sides] if len(sides) > 1 else []
                pair = tuple(frozenset(each) for each in ends if len(each) == 1)
                self.all_have(who, flows, both, pair)
        self.sides = [({}, {})]

    def all_have(self, who: Hashable, flows: Flows, seconds: Seconds, *more: Hashable) -> None:
        """Let flows of one tuple follow one another where all of some devices forget it only then."""
        for leg, arcs in flows.items():
            self.net.use((who, "all", leg, *more), arcs, self.weight(seconds))

    def joins(self, where: Space, flows: Flows, seconds: Seconds) -> None:
        """Make every tuple of these flows a member of a space; once, for the longest that anyone says."""
        for leg, arcs in flows.items():
            for arc in arcs:
                self.counts((where, leg), where, arc, seconds)

    def counts(
        self, key: Hashable, where: Space, arc: int, seconds: Seconds, *, each: float = 1, room: float = 1
    ) -> None:
        """Count an arc against the room of a space, unless its tuple is counted there."""
        before = self.seen[arc].get(where)
        longest = seconds if before is None else seconds.longest(before)
        less = 0.0 if before is None else self.weight(before, each)
        self.net.use(key, [arc], self.weight(longest, each) - less, room=room)
        self.seen[arc][where] = longest

    def in_table(self, where: Space, flows: Flows, seconds: Seconds) -> InTable | None:
        """Return flows as members of a table with tuples of others; None where means are all to know."""
        if not (self.net.rate and self.net.of_time and seconds.always(self.share)):
            return None
        member = InTable(flows, self.history, seconds.mean(self.share), self.each)
        self.net.members[where].append(member)
        return member

    def passed(self, flows: Flows) -> None:
        """Let the same tuples go on, on other arcs."""
        if self.tuples is self.flows:
            self.tuples = flows
        self.flows = flows

    def sources(self) -> list[Source]:
        """Return the sources that flows have here."""
        return sorted({source for source, _, _ in self.flows})
