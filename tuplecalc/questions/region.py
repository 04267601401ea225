"""Which rates of two kinds are possible together: a polygon, each edge a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.free_rates import Cut, FreeRates
from tuplecalc.limits.served import of_served
from tuplecalc.network.chain import Chain
from tuplecalc.questions.best_mix import named_kinds, several_kinds
from tuplecalc.questions.other_shares import with_a_share_each, with_shares


class Point(NamedTuple):
    """Rates of the first and of the second kind, in new connections a second."""

    x: Fraction
    y: Fraction


class Edge(NamedTuple):
    """A stretch on one limit, or on several that coincide, from less of the first kind's rate to more."""

    ends: tuple[Point, Point]
    limits: tuple[tuple[str, str], ...]
    """Their hops and names, in the order of the flows."""

    def points(self, count: int) -> Iterator[Point]:
        """So many points between the ends."""
        (left, top), (right, bottom) = self.ends
        for part in (Fraction(n, count + 1) for n in range(1, count + 1)):
            yield Point(left + part * (right - left), top + part * (bottom - top))


@dataclass(frozen=True, repr=False)
class Region:
    """The rates of two kinds that a chain can have together; made by :func:`region`.

    All points below and to the left of the edges are possible, and no others.
    """

    result: Capacity
    kinds: tuple[str, str]
    others: Mapping[str, Fraction]
    """The rates of all other kinds, as clients with ports offer them; 0 where nothing is offered."""
    edges: tuple[Edge, ...]
    """From the axis of the second kind to that of the first; exact."""
    offered: Point | None
    """The rates of the two kinds that clients with ports offer."""
    is_possible: bool | None
    """Whether the offered rates are possible; None where nothing is offered."""
    at_mix: Point
    """The most of both in the proportion that they have now."""
    binding: Edge
    """The edge that this lies on."""
    best: Point
    """The largest sum of the two rates; of several as good the middle of their edge."""

    def is_at_most(self, point: Point) -> bool:
        """Whether the chain may carry less in the mix of a point, which is not 0."""
        # shares are of all that clients offer, with ports or without
        chain = with_a_share_each(self.result.chain, self.kinds)
        rates = {**self.others, **dict(zip(self.kinds, point, strict=True))}
        with_ports, offered = of_served(chain, 1), dict[str, Fraction]()
        for each in chain.strands:
            if rate := rates.get(each.kind):
                part = rate * each.part / with_ports[each.kind]
                offered[each.kind] = offered.get(each.kind, Fraction(0)) + part
        whole = sum(offered.values())
        shares = {kind: rate / whole for kind, rate in offered.items()}
        return capacity(with_shares(chain, shares)).rate_at_most

    @property
    def vertices(self) -> tuple[Point, ...]:
        """The corners but for 0, from the axis of the second kind to that of the first."""
        return (self.edges[0].ends[0], *(edge.ends[1] for edge in self.edges))

    def __repr__(self) -> str:
        corners = ", ".join(f"({float(x):,.6g}, {float(y):,.6g})" for x, y in self.vertices)
        limits = ", ".join("/".join(edge.limits[0]) for edge in self.edges)
        return f"<Region of {' and '.join(self.kinds)}: {corners}; {limits}>"


def region(chain: Chain, kinds: tuple[str, str] | None = None) -> Region:
    """Which rates of two kinds a chain can have together, while all others stay as offered.

    Without names these are the first two kinds.
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
    ... '''))
    <Region of login and rest: (0, 921.6), (134.438, 787.162), (470.533, 47.7524), (470.533, 0); \
nat/ports, p/joint, p/upstream>
    """
    result = capacity(chain)
    every = with_a_share_each(chain, kinds or [kind.name for kind in chain.traffic.kinds])
    known = result if every is chain else capacity(every)
    mix = several_kinds(known)
    first, second = kinds = kinds or _first_two(*mix.kinds)
    named_kinds(mix, kinds)
    none = dict.fromkeys(mix.kinds, Fraction(0))
    if all(kind.share == 0 for kind in chain.traffic.kinds if kind.name in kinds):
        raise InputError(f"kinds {', '.join(kinds)}: both have a share of 0; name one that has more")
    total = chain.traffic.offered
    rates = none | of_served(chain, total or 0)
    others = {kind: rate for kind, rate in rates.items() if kind not in kinds}
    free = FreeRates(mix, known.limits, "rate")
    while True:
        edges = tuple(_edges(free.cuts, others, kinds))
        corners = [edges[0].ends[0], *(edge.ends[1] for edge in edges)]
        if not any(free.are_cut_at({**others, first: x, second: y}) for x, y in corners):
            break
    offered = None if total is None else Point(rates[first], rates[second])
    is_possible = None if offered is None else all(cut.left(rates) >= 0 for cut in free.cuts)
    largest = max(x + y for x, y in corners)
    as_good = [point for point in corners if sum(point) == largest]
    middle = Point(*((as_good[0][n] + as_good[-1][n]) / 2 for n in range(2)))
    now = none | of_served(chain, 1)
    at_mix, binding = _on_the_way(edges, Point(now[first], now[second]))
    return Region(result, kinds, others, edges, offered, is_possible, at_mix, binding, middle)


def _first_two(first: str, second: str, *_: str) -> tuple[str, str]:
    return first, second


def _on_the_way(edges: Sequence[Edge], towards: Point) -> tuple[Point, Edge]:
    """Where the line from 0 towards a point leaves the region."""
    found = next(edge for edge in edges if edge.ends[1].x * towards.y >= edge.ends[1].y * towards.x)
    (x, y), (to_x, to_y) = found.ends
    # (x, y) + part·(to - from) in proportion with the point
    turn = (to_x - x) * towards.y - (to_y - y) * towards.x
    part = (y * towards.x - x * towards.y) / turn if turn else Fraction(0)
    return Point(x + part * (to_x - x), y + part * (to_y - y)), found


class _Line(NamedTuple):
    """x·a + y·b ≤ room."""

    a: Fraction
    b: Fraction
    room: Fraction
    limit: tuple[str, str]

    def height(self, x: Fraction) -> Fraction:
        """The largest y at x, where b is more than 0."""
        return (self.room - self.a * x) / self.b

    def meets(self, other: _Line) -> Fraction:
        """The x where another line, which is steeper, comes to lie below."""
        return (other.height(Fraction(0)) - self.height(Fraction(0))) / (other.a / other.b - self.a / self.b)


def _edges(cuts: Sequence[Cut], others: Mapping[str, Fraction], kinds: tuple[str, str]) -> Iterator[Edge]:
    """The lower envelope of all lines, from x = 0 on, and where they end."""
    lines = []
    for cut in cuts:
        if (room := cut.left(others)) < 0:
            where = f"{cut.limit.hop} {cut.limit.name}"
            raise InputError(f"the other kinds as offered are more than {where} carries; offer less of them")
        a, b = (cut.taken.get(kind, Fraction(0)) for kind in kinds)
        lines.append(_Line(a, b, room, (cut.limit.hop, cut.limit.name)))
    across, down = [line for line in lines if line.a], [line for line in lines if line.b]
    for kind, there in zip(kinds, (across, down), strict=True):
        if not there:
            raise InputError(f"nothing limits the rate of {show(kind)}; name another kind")
    end, x = min(line.room / line.a for line in across), Fraction(0)
    here = down
    while True:  # on the lowest line, of those that meet here on the steepest
        line = min(here, key=lambda line: (line.height(x), -line.a / line.b))
        here = [other for other in down if other.a / other.b > line.a / line.b]
        to = min([end, *(line.meets(other) for other in here)])
        alike = [o for o in down if o.a * line.b == line.a * o.b and o.room * line.b == line.room * o.b]
        yield Edge((Point(x, line.height(x)), Point(to, line.height(to))), _names(alike))
        x = to
        if x == end:
            break
    if line.height(end) or not line.a:  # straight down; where the second kind has no rate, from 0 to 0
        last = [other for other in across if other.room == end * other.a and not other.b]
        yield Edge((Point(end, line.height(end)), Point(end, Fraction(0))), _names(last or across))


def _names(lines: Sequence[_Line]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(line.limit for line in lines))
