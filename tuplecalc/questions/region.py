"""Which rates of two kinds are possible together: a polygon, each edge a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.free_rates import Cut, FreeRates
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain
from tuplecalc.questions.best_mix import named_kinds, several_kinds


class Point(NamedTuple):
    """Rates of the first and of the second kind, in new connections a second."""

    x: Fraction
    y: Fraction


class Edge(NamedTuple):
    """What lies on one limit, from less of the second kind's rate to more of the first kind's."""

    start: Point
    end: Point
    limit: Limit


@dataclass(frozen=True, repr=False)
class Region:
    """The rates of two kinds that a chain can have together; made by :func:`region`.

    All points below and to the left of the edges are possible, and no others.
    """

    result: Capacity
    kinds: tuple[str, str]
    others: Mapping[str, Fraction]
    """The rates of all other kinds, as offered; 0 where nothing is offered."""
    edges: tuple[Edge, ...]
    """From the axis of the second kind to that of the first; exact."""
    offered: Point | None
    """The rates of the two kinds that are offered."""
    best: Point
    """The largest sum of the two rates; of several as good the middle of their edge."""
    is_possible: bool | None
    """Whether the offered rates are possible; None where nothing is offered."""

    @property
    def vertices(self) -> tuple[Point, ...]:
        """The corners but for 0, from the axis of the second kind to that of the first."""
        return (self.edges[0].start, *(edge.end for edge in self.edges))

    def __repr__(self) -> str:
        corners = ", ".join(f"({float(x):,.6g}, {float(y):,.6g})" for x, y in self.vertices)
        limits = ", ".join(f"{edge.limit.hop}/{edge.limit.name}" for edge in self.edges)
        return f"<Region of {' and '.join(self.kinds)}: {corners}; {limits}>"


def region(chain: Chain, first: str, second: str) -> Region:
    """Which rates of two kinds a chain can have together, while all others stay as offered.

    Every limit is a straight line, so that the region is a convex polygon: exact corners, each edge a limit.
    Joint faces that the corners exceed are added until there are none (:mod:`tuplecalc.limits.free_rates`).
    Where nothing is offered the other kinds are left out.

    Raises :class:`~tuplecalc.errors.InputError` where there are fewer than two kinds, for a name that is no
    kind's, where nothing limits one of the two, and where the others alone are too much already.

    >>> from tuplecalc.network.file import loads
    >>> region(loads('''
    ... traffic.rate = 100
    ... traffic.hold = "5m"
    ... traffic.kinds = [{name = "login", share = 0.1}, {name = "rest", share = 0.9}]
    ... clients = {addresses = 131072}
    ... hops = [
    ...     {name = "nat", kind = "cone", addresses = 1},
    ...     {name = "p", kind = "hourglass", capture = "tproxy", source = "client", captures = "login"},
    ... ]
    ... services = {addresses = 6, ports = 80}
    ... '''), "login", "rest")
    <Region of login and rest: (0, 921.6), (134.438, 787.162), (470.533, 47.7524), (470.533, 0); \
nat/ports, p/joint, p/upstream>
    """
    result = capacity(chain)
    mix = several_kinds(result)
    named_kinds(mix, (first, second))
    total = chain.traffic.offered
    rates = {kind: share * (total or 0) for kind, share in mix.shares.items()}
    others = {kind: rate for kind, rate in rates.items() if kind not in (first, second)}
    free = FreeRates(mix, result.limits, "rate")
    while True:
        edges = tuple(_edges(free.cuts, others, (first, second)))
        corners = [edges[0].start, *(edge.end for edge in edges)]
        found = [free.are_cut_at({**others, first: x, second: y}) for x, y in corners]
        if not any(found):
            break
    offered = None if total is None else Point(rates[first], rates[second])
    largest = max(x + y for x, y in corners)
    as_good = [point for point in corners if sum(point) == largest]
    middle = Point(*((as_good[0][n] + as_good[-1][n]) / 2 for n in range(2)))
    is_possible = None if offered is None else all(cut.left(rates) >= 0 for cut in free.cuts)
    return Region(result, (first, second), others, edges, offered, middle, is_possible)


class _Line(NamedTuple):
    """x·a + y·b ≤ room."""

    a: Fraction
    b: Fraction
    room: Fraction
    limit: Limit

    def height(self, x: Fraction) -> Fraction:
        """The largest y at x, where b is more than 0."""
        return (self.room - self.a * x) / self.b


def _edges(cuts: Sequence[Cut], others: Mapping[str, Fraction], kinds: tuple[str, str]) -> Iterator[Edge]:
    """The lower envelope of all lines, from x = 0 on."""
    lines = []
    for cut in cuts:
        if (room := cut.left(others)) < 0:
            where = f"{cut.limit.hop} {cut.limit.name}"
            raise InputError(f"the other kinds as offered are more than {where} carries; offer less of them")
        a, b = (cut.taken.get(kind, Fraction(0)) for kind in kinds)
        lines.append(_Line(a, b, room, cut.limit))
    across, down = ([line for line in lines if (line.a, line.b)[n]] for n in range(2))
    for kind, there in zip(kinds, (across, down), strict=True):
        if not there:
            raise InputError(f"nothing limits the rate of {show(kind)}; name another kind")
    last = min(across, key=lambda line: line.room / line.a)
    end, x = last.room / last.a, Fraction(0)
    line = min(down, key=lambda line: (line.height(x), -line.a / line.b))
    while True:
        meet = [
            ((other.room / other.b - line.room / line.b) / (other.a / other.b - line.a / line.b), other)
            for other in down
            if other.a / other.b > line.a / line.b
        ]
        to, following = min(meet, key=lambda each: (each[0], -each[1].a / each[1].b), default=(end, line))
        to = min(to, end)
        yield Edge(Point(x, line.height(x)), Point(to, line.height(to)), line.limit)
        if to == end:
            break
        x, line = to, following
    if line.height(end) or not line.a:  # straight down, or no way up where the second kind has no rate
        yield Edge(Point(end, line.height(end)), Point(end, Fraction(0)), last.limit)
