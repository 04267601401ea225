"""Words at the ends of curves and over vertical lines, apart where they would lie over each other.

How much room words take is reckoned from their letters: to measure them takes a layout of the figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tuplecalc.render import table
from tuplecalc.render.figures import style
from tuplecalc.render.kinds import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tuplecalc.limits.limit import Limit

_BESIDE = 1.04  # of the axes' width
_ROW, _GAP = 11.0, 5.0  # points: a line of words; between two words
_ROW_OVER = 12.0  # points: a line of words over the axes
_ROOM = 1.15  # of the axes' width: to where words over them may go on
_AXES = 0.72  # of the figure's height, at least
_EDGE, _BETWEEN = 0.12, 0.02  # of the axes' width: where words would leave it; between two words
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0}  # of words, left of their line


def limit(hop: str, name: str, longest: int) -> str:
    """A limit with its hop's name, each cut where it is long.

    >>> limit("edge-nat", "ports", 5)
    'edge… ports'
    """
    return f"{table.name(hop, longest)} {table.name(name, longest)}"


def tied(limits: Sequence[Limit], longest: int) -> str:
    """The same of the limits of one hop that are as tight as each other."""
    first, *others = limits
    return listed(
        [limit(first.hop, first.name, longest), *(table.name(each.name, longest) for each in others)]
    )


class End(NamedTuple):
    """Words for the end of a curve, which a line in its ``looks`` leads to."""

    words: str
    at: tuple[float, float]
    gid: str
    looks: dict[str, Any]


def beside(ax: Axes, ends: Iterable[End]) -> None:
    """Write right of the axes, from the highest down, each as near to its curve as the others let it."""
    to_axes = ax.transData + ax.transAxes.inverted()
    points = style.figure_of(ax).get_size_inches()[1] * 72 * _AXES
    ordered = sorted(ends, key=lambda end: -end.at[1])
    rooms = [((end.words.count("\n") + 1) * _ROW + _GAP) / points for end in ordered]
    middles, edge = [], 1.0
    for end, room in zip(ordered, rooms, strict=True):
        middles.append(min(float(to_axes.transform(end.at)[1]), edge - room / 2))
        edge = middles[-1] - room / 2
    edge = 0.0  # those that left the axes below come up again
    for place in reversed(range(len(ordered))):
        middles[place] = max(middles[place], edge + rooms[place] / 2)
        edge = middles[place] + rooms[place] / 2
    for end, middle in zip(ordered, middles, strict=True):
        line = {"arrowstyle": "-", "linewidth": 1.2, "relpos": (0, 0.5), "shrinkA": 2, "shrinkB": 0}
        looks: Any = {"va": "center", "linespacing": 1.15, "arrowprops": {**line, **end.looks}}
        ax.annotate(end.words, end.at, (_BESIDE, middle), textcoords="axes fraction", gid=end.gid, **looks)


class Mark(NamedTuple):
    """A moment or a rate that a vertical line marks, with words over the axes."""

    at: float
    words: str
    gid: str
    linestyle: str
    colour: str = style.MUTED
    linewidth: float = 1.2


def marked(ax: Axes, marks: Iterable[Mark]) -> float:
    """Draw the marks; how many points their words are high.

    Words of two lines that are near stand on both sides of these; where there is no room for that, one
    over the other.
    """
    to_axes, marks = ax.transData + ax.transAxes.inverted(), sorted(marks)
    places = [float(to_axes.transform((mark.at, 0))[0]) for mark in marks]
    sides = ["left" if at < _EDGE else "right" if at > 1 - _EDGE else "center" for at in places]
    widths = [style.width(ax, mark.words) for mark in marks]
    rows = [0] * len(marks)
    for right in range(1, len(marks)):
        left = right - 1
        ends = places[left] + widths[left] * (1 - _BEFORE[sides[left]])
        if ends + _BETWEEN < places[right] - widths[right] * _BEFORE[sides[right]]:
            continue
        before, behind = widths[left] <= places[left], places[right] + widths[right] <= _ROOM
        sides[left] = "right" if before else sides[left]
        sides[right] = "left" if behind else sides[right]
        if not (before and behind):  # the line of the higher words goes on to them, past the others
            raised, other = (right, left) if before else (left, right)
            rows[raised] = rows[other] + 1
    for mark, side, row in zip(marks, sides, rows, strict=True):
        looks: Any = {"color": mark.colour, "linestyle": mark.linestyle, "linewidth": mark.linewidth}
        ax.axvline(mark.at, zorder=1.5, gid=f"{mark.gid}:line", **looks)
        over: Any = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": side}
        ax.annotate(mark.words, (mark.at, 1), (0, 3 + _ROW_OVER * row), gid=mark.gid, **over)
        if row:
            up = {"arrowstyle": "-", "color": mark.colour, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (mark.at, 1), (0, 3 + _ROW_OVER * row), arrowprops=up, **over)
    return _ROW_OVER * max(rows, default=-1) + 15
