"""A layered flow network: what a flow may choose, and what no two flows may share.

A flow is a walk over legs (source, port, destination), one choice at each hop between two legs. Variables are
the arcs of the walks; an arc ends in a leg or in a hub, the place that keeps only what later choices depend
on. Every limit is a weighted sum over arcs: by 1 for the number of flows, by seconds for their rate.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Source = tuple[int, ...]  # (-1, group, client) or (hop, instance, address)
Destination = tuple[int, int]  # (hop or number of hops, number of the endpoint there)
Leg = tuple[Source, int, Destination]
Flows = dict[Leg, list[int]]  # the arcs that lead into each leg


class Seconds(NamedTuple):
    """For how long a flow takes something: if the client closes first, and if the other end does."""

    client: float
    server: float

    def longest(self, other: "Seconds") -> "Seconds":
        """Return the longer of the two, whoever closes first."""
        return Seconds(max(self.client, other.client), max(self.server, other.server))

    def mean(self, share: float) -> float:
        """Return the mean where the client closes first in this share of the flows."""
        return share * self.client + (1 - share) * self.server

    def always(self, share: float) -> bool:
        """Return whether every flow takes it equally long."""
        return share in (0, 1) or self.client == self.server


class InTable(NamedTuple):
    """Flows whose tuples are in one table: who else had them, for how long, and how many each flow has."""

    flows: Flows
    history: tuple[Hashable, ...]
    seconds: float
    each: float


class Start(NamedTuple):
    """Where the flows of a kind start, of one group of clients to one group of services."""

    kind: str
    part: float  # of the flows of the kind
    arcs: list[int]


@dataclass
class Row:
    """One limit: the sum of weight times arc is at most `room`."""

    room: float
    arcs: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


@dataclass
class Network:
    """The program that grows while the hops of a chain file are walked through."""

    rate: bool  # weigh by seconds, for the sustained rate; else by 1, for the number of flows
    of_time: bool = True  # see that a tuple is used by one flow after the other, where means do not
    arcs: int = 0
    starts: list[Start] = field(default_factory=list)
    balances: list[tuple[list[int], list[int]]] = field(default_factory=list)  # in, out
    rows: dict[Hashable, Row] = field(default_factory=dict)
    binary: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)  # arcs of flows that have their connections from a pool
    gates: list[tuple[int, list[int]]] = field(default_factory=list)  # unlimited arc, the binaries it needs
    members: defaultdict[Hashable, list[InTable]] = field(default_factory=lambda: defaultdict(list))
    keepers: defaultdict[Hashable, list[tuple[InTable, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # those of the members whose tuple someone keeps for so long

    def arc(self) -> int:
        """Add one variable."""
        self.arcs += 1
        return self.arcs - 1

    def use(self, key: Hashable, arcs: Iterable[int], weight: float, *, room: float = 1) -> None:
        """Let every flow on `arcs` take so much of the `room` of `key`."""
        if weight > 0:
            row = self.rows.setdefault(key, Row(room))
            for arc in arcs:
                row.arcs.append(arc)
                row.weights.append(weight)

    def gaps(self) -> None:
        """Say of every table what one flow after the other leaves unused; once, when all flows are there.

        Flows that are alike, of whatever kind, are looked at together.
        """
        for where, keepers in self.keepers.items():
            others: dict[tuple[tuple[Hashable, ...], float], list[InTable]] = {}
            for member in self.members[where]:
                others.setdefault((member.history, member.seconds), []).append(member)
            ones: dict[tuple[tuple[Hashable, ...], float, float], list[InTable]] = {}
            for one, whole in keepers:
                ones.setdefault((one.history, one.seconds, whole), []).append(one)
            for (history, table, whole), alike in ones.items():
                among: dict[float, list[InTable]] = {}
                for (theirs, seconds), members in others.items():
                    if theirs != history:
                        among.setdefault(seconds, []).extend(members)
                for seconds, members in among.items():
                    key = (where, "gap", history, table, whole, seconds)
                    self.apart(key, alike, (whole, table), members, seconds)

    def apart(
        self,
        key: Hashable,
        ones: list[InTable],
        times: tuple[float, float],
        others: list[InTable],
        each: float,
    ) -> None:
        """Let some flows keep a tuple for the whole of a time, only a part of it in a table with others.

        Between two starts of theirs on one tuple, with n others on it: the whole time, or that in the table
        and n times that of the others, the longer of both. That bends where one more does not fit.
        """
        whole, table = times
        if not whole > table or not each:
            return
        fit = (whole - table) // each
        more = table + (fit + 1) * each - whole
        there = {leg for one in ones for leg in one.flows}
        for leg in there & {leg for other in others for leg in other.flows}:
            row = Row(1)
            one = {arc for member in ones for arc in member.flows.get(leg, [])}
            for members, weight, but in ((ones, whole - fit * more, ()), (others, more, one)):
                for member in members:  # a flow that begins and ends at one machine is there once
                    arcs = [arc for arc in member.flows.get(leg, []) if arc not in but]
                    row.arcs += arcs
                    row.weights += [weight * member.each] * len(arcs)
            if not one.issuperset(row.arcs):
                self.rows[key, leg] = row
