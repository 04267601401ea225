"""What is open and what lingers over time: from empty until a limit is dry, and until it is free again."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tuplecalc.limits.capacity import Capacity
from tuplecalc.render import numbers
from tuplecalc.render.figures import labels, style, units
from tuplecalc.render.figures.labels import Mark
from tuplecalc.under_load.fluid import Fluid, Series, over_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

_AREAS: dict[str, dict[str, Any]] = {
    "open": {"facecolor": style.BLUE},
    "lingering": {"facecolor": style.ORANGE, "edgecolor": style.PAPER, "hatch": "////"},
    "turned away": {"facecolor": "none", "edgecolor": style.VERMILLION, "hatch": "\\\\\\\\"},
}
_HIGHEST = 1.5  # times the size, to where the demand is drawn
_INVISIBLE = 2e-3  # of the height of the axes
_COLUMNS, _GAP = 200, 3  # in which a place for words is looked for; between two of them


@style.styled
def plot_exhaustion(result: Capacity, *, ax: Axes | None = None) -> Axes:
    """How the limit that runs dry first fills at the offered rate, from empty, and how it recovers.

    Of one scope of it, the one that gets the most: what open connections take and what lingers,
    stacked, up to its size; dashed what they would take if there were more; when it is dry, when the
    offer ends, and when half of it is free again.  The share turned away is that of the long run.
    Where nothing runs dry it is the limit most in use, until that has settled.  All comes from
    :func:`tuplecalc.under_load.fluid.over_time`, which says when it holds.

    Raises :class:`~tuplecalc.errors.InputError` where no rate is offered, nothing limits it, or no
    flow gets through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_exhaustion(capacity(example("outage")), ax=style.blank()).get_title(loc="left")
    'At 700/s login-proxy shared runs dry 9 min 9 s from empty'
    """
    course = over_time(result)
    ax = style.axes(ax)
    dry, size = course.exhausted_after, course.size
    end = course.seconds if dry is None else float(course.time[-1])
    top = size if dry is None else min(float(course.demand.max()), _HIGHEST * size)
    ax.set(xlim=(0, end), ylim=(0, max(1.04 * top, 1.14 * size)), ylabel=_counted(course))
    ax.set_yticks([0, size / 2, size], ["0", _count(size / 2), _count(size)])
    ax.axhline(size, color=style.INK, linewidth=1.4, gid="capacity")
    _area(ax, "open", course.time, np.zeros_like(course.time), course.open)
    _area(ax, "lingering", course.time, course.open, course.taken)
    marks = []
    if dry is not None:
        marks = [Mark(dry, f"dry after {numbers.duration(dry)}", "dry", ":")]
        marks.append(
            Mark(course.seconds, f"offer ends after {numbers.duration(course.seconds)}", "offer", ":")
        )
        _recovery(ax, course)
    ax.set_xlabel(f"{units.times(ax.xaxis, ax.get_xlim()[1])} from empty")
    style.headline(ax, _finding(result, course), pad=6 + labels.marked(ax, marks))
    room = _Room(ax)
    _names(room, course)
    if dry is not None:
        _turned_away(room, course, dry)
    return ax


def _finding(result: Capacity, course: Fluid) -> str:
    rate, limit = f"{numbers.rate(result.chain.traffic.rate)}/s", course.limit
    name = f"{style.short(limit.hop, 30)} {limit.name}"
    if course.exhausted_after is None and course.use == 1:
        return f"{rate} just fills {name}"
    if course.exhausted_after is None:
        return f"{rate} never fills {name}: {numbers.percent(Fraction(course.use))} in use"
    return f"At {rate} {name} runs dry {numbers.duration(course.exhausted_after)} from empty"


def _counted(course: Fluid) -> str:
    """What the axis counts: keys of which kind, in how many scopes."""
    name = course.limit.name
    keys = name if name in ("entries", "files") else "keys" if name.startswith("shared-") else "ports"
    if course.pools == 1:
        return f"{keys} taken"
    which = "each" if course.share * course.pools == 1 else "the fullest"
    return f"{keys} taken in {which} of {numbers.count(course.pools)} scopes"


def _count(value: float) -> str:
    return style.count(round(value)) if value >= 1000 or value.is_integer() else f"{value:.4g}"


def _area(ax: Axes, name: str, time: Series, low: Series, high: Series) -> None:
    ax.fill_between(time, low, high, linewidth=0, gid=name, **_AREAS[name])


def _recovery(ax: Axes, course: Fluid) -> None:
    """From the end of the offer until half is free; the axis goes on for as long as the words need."""
    half, middle = course.seconds + course.half_free_after, course.size / 2
    ax.plot((course.seconds, half), (middle, middle), color=style.INK, linewidth=1.2, gid="recovery")
    ax.plot(half, middle, color=style.INK, marker="o", gid="half")
    words = f"half free\n{numbers.duration(course.half_free_after)} later"
    text = ax.annotate(words, (half, middle), (7, 3), textcoords="offset points", gid="recovered")
    width = text.get_window_extent(style.renderer(ax)).width / ax.bbox.width
    ax.set_xlim(right=max(ax.get_xlim()[1], half / (0.96 - width)))


def _turned_away(room: _Room, course: Fluid, dry: float) -> None:
    """What would be taken beyond the size, while the offer lasts."""
    offered = (course.time >= dry) & (course.time <= course.seconds)
    time, demand = course.time[offered], course.demand[offered]
    size = np.full_like(time, course.size)
    _area(room.ax, "turned away", time, size, demand)
    room.ax.plot(time, demand, color=style.VERMILLION, linestyle="--", gid="demand")
    words = f"{numbers.share(1 - 1 / course.use)} turned away"
    text = room.ax.text(0, 0, words, ha="center", va="center", gid="lost")
    if room.put(text, time, size, demand):
        text.set_bbox({"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5})
    else:  # beside it, where nothing is taken any more
        text.set(position=(course.seconds, course.size + room.height(text) / 3), ha="left", va="bottom")
        text.set_text(f" {words}")


def _names(room: _Room, course: Fluid) -> None:
    """What the areas are: written into them, or beside a thin one with a line to it."""
    offered = course.time <= course.seconds
    time, opened, taken = course.time[offered], course.open[offered], course.taken[offered]
    for name, low, high in (("open", 0 * opened, opened), ("lingering", opened, taken)):
        thick = high - low
        if thick.max() < _INVISIBLE * room.top:
            continue
        text = room.ax.text(0, 0, name, ha="center", va="center", gid=f"name:{name}")
        line = 2.5 * room.height(text)
        beside = (opened, np.minimum(opened + line, taken)) if name == "open" else (opened - line, opened)
        bands = enumerate(((low, high), beside, (taken, taken + line)))
        tried = next((tried for tried, (a, b) in bands if room.put(text, time, a, b, over=thick)), 3)
        x, y = text.get_position()
        if tried:
            strip = np.interp(x, time, (low + high) / 2)
            room.ax.plot((x, x), (y, strip), color=style.INK, linewidth=0.8, gid=f"line:{name}")
        if tried < 2 and (name == "open") == (not tried):
            text.set_color(style.ON_DARK)
        else:
            style.outlined(text)


class _Room:
    """Where words fit between two curves."""

    def __init__(self, ax: Axes) -> None:
        self.ax, self.renderer = ax, style.renderer(ax)
        self.end, self.top = ax.get_xlim()[1], ax.get_ylim()[1]
        self.grid = np.linspace(0, self.end, _COLUMNS)
        self.free = np.ones(_COLUMNS, bool)

    def height(self, text: Text) -> float:
        """Of a text, as the axis counts."""
        return float(text.get_window_extent(self.renderer).height) * self.top / self.ax.bbox.height

    def put(self, text: Text, time: Series, low: Series, high: Series, over: Series | None = None) -> bool:
        """Put a text where there is most room between two curves; whether there is enough.

        ``over`` is for a text that stays apart from others like it, near the highest of a third curve.
        """
        inside = (self.grid >= time[0]) & (self.grid <= time[-1]) & (self.free | (over is None))
        floor = np.where(inside, np.maximum(np.interp(self.grid, time, low), 0), self.top)
        ceiling = np.where(inside, np.minimum(np.interp(self.grid, time, high), self.top), 0)
        width = text.get_window_extent(self.renderer).width / self.ax.bbox.width
        columns = int(1.1 * width * _COLUMNS) + 1
        floors = sliding_window_view(floor, columns).max(axis=1)
        rooms = sliding_window_view(ceiling, columns).min(axis=1) - floors
        if over is not None:
            middles = self.grid[columns // 2 : columns // 2 + len(rooms)]
            height = np.interp(middles, time, over)
            rooms = np.where(height > height.max() / 2, rooms, 0)
        if rooms.max() < 1.3 * self.height(text):
            return False
        good = np.flatnonzero(rooms > 0.95 * rooms.max())
        best = int(good[len(good) // 2])
        text.set_position((self.grid[best + columns // 2], floors[best] + rooms[best] / 2))
        if over is not None:
            self.free[max(best - _GAP, 0) : best + columns + _GAP] = False
        return True
