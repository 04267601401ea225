"""Words at the ends of curves and over vertical lines, apart where they would lie over each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.text import Text

from tuplecalc.render.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

_BESIDE = 1.04  # of the axes' width
_GAP = 0.03  # of the axes' height


def at_end(ax: Axes, words: str, end: tuple[float, float], gid: str, **looks: Any) -> Annotation:
    """Words right of the axes, with a line to the end of their curve; :func:`stack` moves them apart."""
    height = ax.transAxes.inverted().transform(ax.transData.transform(end))[1]
    return ax.annotate(
        words,
        end,
        (_BESIDE, float(height)),
        textcoords="axes fraction",
        va="center",
        linespacing=1.15,
        arrowprops={
            "arrowstyle": "-",
            "linewidth": 1.2,
            "relpos": (0, 0.5),
            "shrinkA": 2,
            "shrinkB": 0,
            **looks,
        },
        gid=gid,
    )


def stack(ax: Axes, labels: Iterable[Annotation]) -> None:
    """Move words that stand at the same height apart: each as near to its curve as the others let it."""
    draw = style.renderer(ax)
    box = ax.get_window_extent(draw)
    ordered = sorted(labels, key=lambda each: -each.xyann[1])
    heights = [Text.get_window_extent(label, draw).height / box.height + _GAP for label in ordered]
    below = 1.0 + _GAP / 2  # a half of each gap is over its words
    for label, height in zip(ordered, heights, strict=True):
        middle = min(label.xyann[1], below - height / 2)
        label.xyann = (label.xyann[0], middle)
        below = middle - height / 2
    above = -_GAP / 2  # those that left the axes below come up again
    for label, height in zip(reversed(ordered), reversed(heights), strict=True):
        middle = max(label.xyann[1], above + height / 2)
        label.xyann = (label.xyann[0], middle)
        above = middle + height / 2


class Mark(NamedTuple):
    """A moment or a rate that a vertical line marks, with words over the axes."""

    at: float
    words: str
    gid: str
    linestyle: str


def marked(ax: Axes, marks: Sequence[Mark]) -> float:
    """Draw the marks, with as many rows of words as it takes; how many points these are high."""
    marks = sorted(marks)
    for mark in marks:
        ax.axvline(
            mark.at,
            color=style.MUTED,
            linewidth=1.2,
            linestyle=mark.linestyle,
            zorder=1.5,
            gid=f"{mark.gid}:line",
        )
    texts = [
        ax.annotate(
            mark.words,
            (mark.at, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            gid=mark.gid,
        )
        for mark in marks
    ]
    draw, figure = style.renderer(ax), style.figure_of(ax)
    point = figure.dpi / 72
    extents = [text.get_window_extent(draw) for text in texts]
    middles = [(extent.x0 + extent.x1) / 2 for extent in extents]
    for place, (left, right) in enumerate(pairwise(extents)):
        if left.x1 + 6 * point > right.x0:
            middles[place] -= left.width / 2 + 3 * point
            middles[place + 1] += right.width / 2 + 3 * point
    rows: list[float] = []
    for text, extent, middle in zip(texts, extents, middles, strict=True):
        half = extent.width / 2
        left = min(max(middle - half, ax.bbox.x0), figure.bbox.width - 4 * point - extent.width)
        row = next((row for row, end in enumerate(rows) if end < left), len(rows))
        rows[row : row + 1] = [left + extent.width + 4 * point]
        text.xyann = ((left + half - (extent.x0 + half)) / point, 3 + 12 * row)
    return 12.0 * len(rows) + 3
