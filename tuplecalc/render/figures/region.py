"""The rates of two kinds of traffic that are possible together: which limit is the edge where."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Polygon

from tuplecalc.errors import InputError, reject
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.free_rates import Cut, FreeRates
from tuplecalc.questions.best_mix import several_kinds
from tuplecalc.questions.region import Edge, Point, Region, region
from tuplecalc.render import numbers, table
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.kinds import taken_of
from tuplecalc.render.figures.labels import End

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_NAME, _HOP, _MOST_NAMES = 28, 18, 3
_ROOM = 1.06  # of the furthest point
_FAR = 3  # times the region: an offered rate beyond is named, and not drawn
_INSIDE: Any = {"facecolor": style.SKY, "alpha": 0.3, "edgecolor": "none"}
_BEST: Any = {"marker": "*", "color": style.GREEN, "markersize": 16, "markeredgecolor": style.INK}
_MIX: Any = {"color": style.INK, "linewidth": 1.2, "linestyle": (0, (6, 3))}
_EQUAL: Any = {"color": style.MUTED, "linewidth": 1.2, "linestyle": ":"}


@style.styled
def plot_region(result: Capacity, *kinds: str, ax: Axes | None = None) -> Axes:
    """The rates of two kinds that are possible together, while all others stay as offered.

    Each edge of the region is a limit, by its name; the thick one binds in the present mix of the two,
    where a broken line from the origin meets it.  A ring is the offered point, a star the best mix: the
    largest sum, as a dotted line of equal sums shows.  Without names of kinds, the two that take most of
    what binds the rate.

    Raises :class:`~tuplecalc.errors.InputError` as :func:`~tuplecalc.questions.region.region`, for any
    number of kinds but two, and where no flow of either gets through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import loads
    >>> plot_region(capacity(loads(\'\'\'
    ... traffic = {hold = "1m", kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]}
    ... clients = {addresses = 1000}
    ... hops = [
    ...     {name = "left", kind = "cone", addresses = 1, traffic = "a"},
    ...     {name = "right", kind = "cone", addresses = 3, traffic = "b"},
    ... ]
    ... services = {addresses = 1, ports = 80}
    ... \'\'\')), ax=style.blank()).get_title(loc="left")
    'a and b: at best 1,434/s, 75% of it b; 716.8/s in the present mix'
    """
    if len(kinds) not in (0, 2):
        rule = f"this is a region of two kinds, not of {len(kinds)}"
        raise reject(" ".join(kinds), rule, "name two, or none for those that take most", "kinds")
    found = region(result.chain, *(kinds or _most_of_what_binds(result)))
    if not sum(found.best):
        raise InputError(f"region: no flow of {' or '.join(found.kinds)} gets through")
    ax = style.axes(ax)
    seen = _seen(found)
    most = Point(*(max(rates) for rates in zip(*found.vertices, *seen, strict=True)))
    ax.set(xlim=(0, _ROOM * float(most.x) or 1), ylim=(0, _ROOM * float(most.y) or 1))
    ax.add_patch(Polygon([(0, 0), *_floats(found.vertices)], gid="region", **_INSIDE))
    binding, end = _at_the_mix(found)
    cuts = FreeRates(several_kinds(result), result.limits, "rate").cuts
    ends = [
        _edge(ax, edge, _same(cuts, found, edge), binds=edge is binding)
        for edge in found.edges
        if edge.start != edge.end
    ]
    style.below(ax, _key(ax, found, end, seen))
    for axis, kind in zip((ax.xaxis, ax.yaxis), found.kinds, strict=True):
        style.si_axis(axis)
        axis.set_label_text(f"{table.name(kind, _NAME)}, connections a second")
    labels.beside(ax, ends)
    style.headline(ax, _finding(found, end))
    return ax


def _most_of_what_binds(result: Capacity) -> list[str]:
    """Two kinds, in the order of the traffic."""
    every = several_kinds(result).kinds
    taken = taken_of(result.rate_binding or result.binding, of_rate=True)
    chosen = sorted(every, key=lambda kind: -taken.get(kind, 0))[:2]
    return [kind for kind in every if kind in chosen]


def _seen(found: Region) -> list[Point]:
    """The offered point, unless the region would be small beside it."""
    most = [max(rates) for rates in zip(*found.vertices, strict=True)]
    if found.offered and all(rate <= _FAR * high for rate, high in zip(found.offered, most, strict=True)):
        return [found.offered]
    return []


def _at_the_mix(found: Region) -> tuple[Edge, Point]:
    """The edge that the present mix of the two meets, and where."""
    shares = several_kinds(found.result).shares
    across, up = (shares[kind] for kind in found.kinds)
    ends = []
    for edge in found.edges:
        down, right = edge.start.y - edge.end.y, edge.end.x - edge.start.x
        if taken := across * down + up * right:
            ends.append(((edge.start.x * down + edge.start.y * right) / taken, edge))
    rate, edge = min(ends, key=lambda each: each[0])
    return edge, Point(rate * across, rate * up)


def _same(cuts: list[Cut], found: Region, edge: Edge) -> list[str]:
    """The names of the limits that lie on an edge, that of the edge first."""
    rates = [{**found.others, **dict(zip(found.kinds, point, strict=True))} for point in edge[:2]]
    same = [edge.limit, *(cut.limit for cut in cuts if not any(cut.left(each) for each in rates))]
    names = (f"{table.name(limit.hop, _HOP)} {limit.name}" for limit in same)
    return list(dict.fromkeys(table.name(name, _NAME) for name in names))


def _edge(ax: Axes, edge: Edge, names: list[str], *, binds: bool) -> End:
    """One edge, and its names for the end of the line that leads to it."""
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    words = "\n".join([*names[:_MOST_NAMES], *more, *(["◀ binds in this mix"] if binds else [])])
    colour, gid = style.BINDING if binds else style.BLUE, f"{edge.limit.hop}:{edge.limit.name}"
    points = _floats([edge.start, edge.end])
    looks: Any = {"color": colour, "linewidth": 5 if binds else 2.2, "zorder": 4 if binds else 3}
    ax.plot(*zip(*points, strict=True), solid_capstyle="butt", clip_on=False, gid=f"edge:{gid}", **looks)
    (left, top), (right, bottom) = points
    return End(words, ((left + right) / 2, (top + bottom) / 2), f"label:{gid}", {"color": colour})


def _key(ax: Axes, found: Region, end: Point, seen: list[Point]) -> list[Artist]:
    """The points and the lines that lead to them; what they are is under the figure."""

    def drawn(gid: str, words: str, points: list[Point], **looks: Any) -> Artist:
        across, up = zip(*_floats(points), strict=True) if points else ((), ())
        return ax.plot(across, up, gid=gid, label=words, **looks)[0]

    best, total, nothing = _best(found, end), sum(found.best, Fraction(0)), Fraction(0)
    star, ring = ({"linestyle": "none", "clip_on": False, **looks} for looks in (_BEST, style.PRESENT))
    beyond = [] if found.is_possible else seen
    key = [
        drawn("mix", f"this mix: up to {_sum(end)}", [Point(nothing, nothing), end, *beyond], **_MIX),
        drawn("equal", "the same sum", [Point(nothing, total), Point(total, nothing)], **_EQUAL),
        drawn("best", f"best mix: {_sum(best)}", [best], zorder=6, **star),
    ]
    if found.offered is None:
        return key
    fits = "" if found.is_possible else ", too much" if seen else ", far beyond this figure"
    return [drawn("offered", f"offered: {_sum(found.offered)}{fits}", seen, marker="o", **ring), *key]


def _best(found: Region, end: Point) -> Point:
    """The best mix: the present one where none has more."""
    return end if sum(end) == sum(found.best) else found.best


def _floats(points: Iterable[Point]) -> list[tuple[float, float]]:
    return [(float(point.x), float(point.y)) for point in points]


def _sum(point: Point) -> str:
    return f"{numbers.rate(point.x)} + {numbers.rate(point.y)} = {numbers.rate(sum(point))}/s"


def _finding(found: Region, end: Point) -> str:
    first, second = (table.name(kind, _NAME) for kind in found.kinds)
    now, total = sum(end), sum(found.best, Fraction(0))
    if now == total:
        return f"{first} and {second}: {numbers.rate(total)}/s in the present mix, and in none more"
    part, most = max((found.best.x / total, first), (found.best.y / total, second))
    of_it = "all" if part == 1 else numbers.percent(part)
    said = f"{first} and {second}: at best {numbers.rate(total)}/s, {of_it} of it {most}"
    return f"{said}; {numbers.rate(now)}/s in the present mix"
