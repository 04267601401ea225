"""A layered flow network: what a flow may choose, and what no two flows may share.

A flow is a walk over legs (source, port, destination), one choice at each hop between two legs. Variables are
the arcs of the walks; an arc ends in a leg or in a hub, the place that keeps only what later choices depend
on. Every limit is a weighted sum over arcs: by 1 for the number of flows, by seconds for their rate.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Source = tuple[int, ...]  # (-1, client) or (hop, instance, address)
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
    """Flows whose tuples are in one table, and for how long."""

    flows: Flows
    seconds: Seconds


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
    share: float  # of the flows, which the client closes first
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
        self, key: Hashable, arcs: Iterable[int], seconds: Seconds, *, each: int = 1, room: float = 1
    ) -> None:
        """Let every flow on `arcs` take `each` of the `room` places of `key` for so many seconds."""
        weight = each * (seconds.mean(self.share) if self.rate else 1.0)
        if weight > 0:
            row = self.rows.setdefault(key, Row(room))
            for arc in arcs:
                row.arcs.append(arc)
                row.weights.append(weight)

    def apart(self, where: Hashable, ones: InTable, whole: Seconds, others: InTable) -> None:
        """Let some flows keep a tuple for the whole of a time, only a part of it in a table with others.

        Between two starts of theirs on one tuple, with n others on it: the whole time, or that in the table
        and n times that of the others, the longer of both. That bends where one more does not fit. Where a
        time differs from flow to flow, others can go where there is more room: nothing is said.
        """
        if not (self.rate and all(time.always(self.share) for time in (whole, ones.seconds, others.seconds))):
            return
        time, table, each = (time.mean(self.share) for time in (whole, ones.seconds, others.seconds))
        if not time > table or not each:
            return
        fit = (time - table) // each
        more = table + (fit + 1) * each - time
        for leg in ones.flows.keys() & others.flows.keys():
            arcs = (ones.flows[leg], others.flows[leg])
            weights = [time - fit * more] * len(arcs[0]) + [more] * len(arcs[1])
            self.rows[where, "gap", leg] = Row(1, [*arcs[0], *arcs[1]], weights)
