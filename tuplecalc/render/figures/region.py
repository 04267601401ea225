"""The rates of two kinds of traffic that are possible together: which limit is the edge where."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Polygon

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.questions.best_mix import several_kinds
from tuplecalc.questions.other_shares import with_a_share_each
from tuplecalc.questions.region import Edge, Point, Region, region
from tuplecalc.render import numbers, table
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.kinds import taken_of
from tuplecalc.render.figures.labels import End

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_NAME, _LIMIT, _MOST_NAMES = 28, 18, 3
_ROOM = 1.06  # of the furthest point
_NEARLY = Fraction(98, 100)  # of the best sum: an edge that has it would hide the line of equal sums
_FAR = 3  # times the region: an offered rate beyond is named, and not drawn
_INSIDE: Any = {"facecolor": style.SKY, "alpha": 0.3, "edgecolor": "none"}
_BEST: Any = {"marker": "*", "color": style.GREEN, "markersize": 16, "markeredgecolor": style.INK}
_MIX: Any = {"color": style.INK, "linewidth": 1.2, "linestyle": (0, (6, 3))}
_EQUAL: Any = {"color": style.MUTED, "linewidth": 1.2, "linestyle": ":"}


@style.styled
def plot_region(result: Capacity, kinds: tuple[str, str] | None = None, *, ax: Axes | None = None) -> Axes:
    """The rates of two kinds that are possible together, while all others stay as offered.

    Each edge of the region is a limit, by its name, with "or less" where the chain may carry less on it, or
    on a part of it; the thick one binds in the present mix of the two, where a broken line from the origin
    meets it.  A ring is the offered point, a star the best mix: the largest sum, as a dotted line of equal
    sums shows.  Without names of kinds, the two that take most of what binds the rate.

    Raises :class:`~tuplecalc.errors.InputError` as :func:`~tuplecalc.questions.region.region`,
    and where no flow of either gets through.

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
    found = region(result.chain, kinds or _most_of_what_binds(result))
    if not sum(found.best):
        raise InputError(f"region: no flow of {' or '.join(found.kinds)} gets through")
    ax = style.axes(ax)
    seen = _seen(found)
    most = Point(*(max(rates) for rates in zip(*found.vertices, *seen, strict=True)))
    ax.set(xlim=(0, _ROOM * float(most.x) or 1), ylim=(0, _ROOM * float(most.y) or 1))
    ax.add_patch(Polygon([(0, 0), *_floats(found.vertices)], gid="region", **_INSIDE))
    edges = [edge for edge in found.edges if len({*edge.ends}) > 1]
    ends = [_edge(ax, found, edge) for edge in edges]
    style.below(ax, _key(ax, found, seen))
    for axis, kind in zip((ax.xaxis, ax.yaxis), found.kinds, strict=True):
        style.si_axis(axis)
        axis.set_label_text(f"{table.name(kind, _NAME)}, connections a second")
    labels.beside(ax, ends)
    style.headline(ax, _finding(found))
    return ax


def _most_of_what_binds(result: Capacity) -> tuple[str, str]:
    """Two kinds, in the order of the traffic."""
    names = [kind.name for kind in result.chain.traffic.kinds]
    every = several_kinds(capacity(with_a_share_each(result.chain, names))).kinds
    taken = taken_of(result.rate_binding or result.binding, of_rate=True)
    most, next_most, *_ = sorted(every, key=lambda kind: -taken.get(kind, 0))
    first, second = sorted((most, next_most), key=list(every).index)
    return first, second


def _seen(found: Region) -> list[Point]:
    """The offered point, unless the region would be small beside it."""
    most = [max(rates) for rates in zip(*found.vertices, strict=True)]
    if found.offered and all(rate <= _FAR * high for rate, high in zip(found.offered, most, strict=True)):
        return [found.offered]
    return []


def _edge(ax: Axes, found: Region, edge: Edge) -> End:
    """One edge, and its names for the end of the line that leads to it."""
    binds = edge is found.binding
    names = [labels.limit(hop, name, _LIMIT) for hop, name in edge.limits]
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    bounds = {found.is_at_most(point) for point in edge.points(3)}
    less = [f"or less{' in part' * (False in bounds)}"] if True in bounds else []
    words = "\n".join([*names[:_MOST_NAMES], *more, *less, *(["◀ limits this mix"] if binds else [])])
    colour, gid = style.BINDING if binds else style.BLUE, ":".join(edge.limits[0])
    looks: Any = {"color": colour, "linewidth": 5 if binds else 2.2, "zorder": 4 if binds else 3}
    (left, top), (right, bottom) = points = _floats(edge.ends)
    ax.plot(*zip(*points, strict=True), solid_capstyle="butt", clip_on=False, gid=f"edge:{gid}", **looks)
    return End(words, ((left + right) / 2, (top + bottom) / 2), f"label:{gid}", {"color": colour})


def _key(ax: Axes, found: Region, seen: list[Point]) -> list[Artist]:
    """The points and the lines that lead to them; what they are is under the figure."""

    def drawn(gid: str, words: str, points: list[Point], **looks: Any) -> Artist:
        across, up = zip(*_floats(points), strict=True) if points else ((), ())
        return ax.plot(across, up, gid=gid, label=words, **looks)[0]

    end, total, nothing = found.at_mix, sum(found.best, Fraction(0)), Fraction(0)
    best = end if sum(end) == total else found.best
    star, ring = ({"linestyle": "none", "clip_on": False, **looks} for looks in (_BEST, style.PRESENT))
    beyond, is_best = [] if found.is_possible else seen, best == end
    mix = f"this mix{', as good as any' if is_best else ''}: up to {_sum(end)}"
    key = [drawn("mix", mix, [Point(nothing, nothing), end, *beyond], **_MIX)]
    along = [
        edge
        for edge in found.edges
        if len({*edge.ends}) > 1 and min(sum(at) for at in edge.ends) >= _NEARLY * total
    ]
    if not along:  # else an edge would hide it, all of it or nearly
        key.append(drawn("equal", "the same sum", [Point(nothing, total), Point(total, nothing)], **_EQUAL))
    if not is_best:
        key.append(drawn("best", f"best mix: {_sum(best)}", [best], zorder=4.5, **star))
    if found.offered is None:
        return key
    far = ",\nfar beyond this figure" if style.is_narrow(ax) else ", far beyond this figure"
    fits = "" if found.is_possible else ", too much" if seen else far
    return [drawn("offered", f"offered: {_sum(found.offered)}{fits}", seen, marker="o", **ring), *key]


def _floats(points: Iterable[Point]) -> list[tuple[float, float]]:
    return [(float(point.x), float(point.y)) for point in points]


def _sum(point: Point) -> str:
    return f"{numbers.rate(point.x)} + {numbers.rate(point.y)} = {numbers.rate(sum(point))}/s"


def _finding(found: Region) -> str:
    first, second = (table.name(kind, _NAME) for kind in found.kinds)
    both = f"{first} and {second}{' beside the others' if found.others else ''}"
    now, most = (f"{numbers.rate(sum(at))}/s{_or_less(found, at)}" for at in (found.at_mix, found.best))
    total = sum(found.best, Fraction(0))
    if sum(found.at_mix) == total:
        return f"{both}: {now} in the present mix, and in none more"
    part, kind = max((found.best.x / total, first), (found.best.y / total, second))
    of_it = "all" if part == 1 else numbers.percent(part)
    return f"{both}: at best {most}, {of_it} of it {kind}; {now} in the present mix"


def _or_less(found: Region, point: Point) -> str:
    return " or less" if found.is_at_most(point) else ""
