"""The rates of two kinds of traffic that are possible together: which limit is the edge where."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Polygon

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.questions.region import Edge, Region, region
from tuplecalc.render import numbers, table
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.labels import End

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Point = tuple[Number, Number]

_NAME, _LIMIT, _MOST_NAMES = 30, 18, 3
_ROOM = 1.06  # of the furthest point
_FAR = 3.0  # times the region: an offered rate beyond is named, and not drawn
_INSIDE: Any = {"facecolor": style.SKY, "alpha": 0.3, "edgecolor": "none"}
_BEST: Any = {
    "marker": "*",
    "color": style.GREEN,
    "markersize": 16,
    "markeredgecolor": style.INK,
    "zorder": 6,
}
_MIX: Any = {"color": style.INK, "linewidth": 1.2, "linestyle": (0, (6, 3))}
_EQUAL: Any = {"color": style.MUTED, "linewidth": 1.2, "linestyle": ":"}


@style.styled
def plot_region(result: Capacity, kinds: tuple[str, str] | None = None, *, ax: Axes | None = None) -> Axes:
    """The rates of two kinds that are possible together, while the others stay as offered.

    Each edge of the region is a limit, by its name; the thick one binds at the present mix, where a
    broken line from the origin meets it.  A ring is the offered point, a star the best mix: the point
    with the largest sum, as a dotted line of equal sums shows.

    Raises :class:`~tuplecalc.errors.InputError` as :func:`~tuplecalc.questions.region.region`.
    """
    found = region(result.chain, kinds)
    ax = style.axes(ax)
    corners = [found.edges[0].ends[0], *(edge.ends[1] for edge in found.edges)]
    most = [max(corner[along] for corner in corners) for along in (0, 1)]
    seen = _seen(found.offered, most)
    highest = [float(max(pair)) * _ROOM or 1.0 for pair in zip(most, seen or most, strict=True)]
    ax.set(xlim=(0, highest[0]), ylim=(0, highest[1]))
    outline = [(float(x), float(y)) for x, y in [(0, 0), *corners]]
    ax.add_patch(Polygon(outline, gid="region", **_INSIDE))
    met, at = found.binding, found.at_mix
    ends = [_edge(ax, edge, binds=edge is met) for edge in found.edges]
    style.below(ax, _key(ax, found, at, is_seen=bool(seen)))
    for axis, kind in zip((ax.xaxis, ax.yaxis), found.kinds, strict=True):
        style.si_axis(axis)
        axis.set_label_text(f"{table.name(kind, _NAME)}, connections a second")
    labels.beside(ax, ends)
    style.headline(ax, _finding(found, at))
    return ax


def _seen(offered: Point | None, most: list[Number]) -> Point | None:
    """The offered point, unless it is so far away that the region would be small."""
    if offered is None or any(rate > _FAR * float(high) for rate, high in zip(offered, most, strict=True)):
        return None
    return offered


def _edge(ax: Axes, edge: Edge, *, binds: bool) -> End:
    """One edge, and its names for its end of the leader."""
    names = [f"{table.name(hop, _LIMIT)} {limit}" for hop, limit in edge.limits]
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    words = "\n".join([*names[:_MOST_NAMES], *more, *(["binds at this mix"] if binds else [])])
    (left, top), (right, bottom) = edge.ends
    colour = style.BINDING if binds else style.BLUE
    across, up = [float(left), float(right)], [float(top), float(bottom)]
    gid = f"{edge.limits[0][0]} {edge.limits[0][1]}"
    looks: Any = {"color": colour, "linewidth": 5 if binds else 2.2, "zorder": 4 if binds else 3}
    ax.plot(across, up, solid_capstyle="butt", gid=f"edge:{gid}", clip_on=False, **looks)
    return End(words, (sum(across) / 2, sum(up) / 2), f"label:{gid}", {"color": colour})


def _key(ax: Axes, found: Region, at: Point | None, *, is_seen: bool) -> list[Line2D]:
    """The points and the lines that lead to them, drawn; what they are is under the figure."""
    key = []
    if found.offered is not None:
        words = f"offered: {_sum(found.offered)}/s" + ("" if is_seen else ", beyond the picture")
        ring: Any = {"marker": "o", "linestyle": "none", "clip_on": False, "label": words}
        points = [found.offered] if is_seen else []
        key += ax.plot(*_line(*points), gid="offered", **ring, **style.PRESENT)
    if at is not None:
        words = f"in this mix at most {_sum(at)}/s"
        key += ax.plot(*_line((0, 0), at), gid="mix", label=words, **_MIX)
    best, total = found.best, sum(found.best)
    star: Any = {"linestyle": "none", "clip_on": False, "label": f"best mix: {_sum(best)}/s"}
    key += ax.plot(*_line(best), gid="best", **star, **_BEST)
    key += ax.plot(*_line((0, total), (total, 0)), gid="equal", label="the same sum", **_EQUAL)
    return key


def _line(*points: Any) -> tuple[list[float], list[float]]:
    return [float(x) for x, _ in points], [float(y) for _, y in points]


def _sum(point: Point) -> str:
    across, up = map(numbers.rate, point)
    return f"{across} + {up} = {numbers.rate(sum(point))}"


def _finding(found: Region, at: Point | None) -> str:
    total = sum(found.best)
    first, second = (table.name(kind, _NAME) for kind in found.kinds)
    part = numbers.percent(Fraction(found.best[0]) / total)
    said = f"Best at {part} {first}, the rest {second}: {numbers.rate(total)}/s"
    return f"{said}; {numbers.rate(sum(at))}/s in the present mix" if at else said
