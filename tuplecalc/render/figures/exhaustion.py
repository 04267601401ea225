"""What is open and what lingers over time: from empty until a limit is dry, and until it is free again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke

from tuplecalc.limits.capacity import Capacity
from tuplecalc.render import numbers, served, table, verdict
from tuplecalc.render.figures import labels, style, units
from tuplecalc.render.figures.kinds import Look, looks
from tuplecalc.render.figures.labels import Mark
from tuplecalc.under_load.fluid import Fluid, KindOverTime, Series, over_time
from tuplecalc.under_load.offered import offered as under_load

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_AREAS: dict[str, dict[str, Any]] = {
    "open": {"facecolor": style.BLUE},
    "lingering": {"facecolor": style.ORANGE, "edgecolor": style.PAPER, "hatch": "////"},
    "turned away": {"facecolor": style.PAPER, "edgecolor": style.VERMILLION, "hatch": "\\\\\\\\"},
}
_OPEN: dict[str, Any] = {
    "color": style.INK,
    "linewidth": 1.0,
    "linestyle": "--",
    "path_effects": [Stroke(linewidth=2.2, foreground=style.PAPER), Normal()],
}
_LOW = 0.05  # of the size: less is drawn on a scale of its own
_HIGHEST = 1.5  # times the size, to where the demand is drawn
_INVISIBLE = 2e-3  # of the height of the axes: a thinner area is left out


@style.styled
def plot_exhaustion(result: Capacity, *, ax: Axes | None = None) -> Axes:
    """How the limit that runs dry first fills at the offered rate, from empty, and how it recovers.

    Of one scope of it, the one that gets the most: what open connections take and what lingers,
    stacked, up to its size, one kind of traffic on the other where there are several; dashed what they
    would take if there were more; when it is dry, when the offer ends, and when half of it is free again.
    The share turned away is that of the long run.  Where nothing runs dry it is the limit most in use,
    until that has settled.  All comes from
    :func:`tuplecalc.under_load.fluid.over_time`, which says when it holds.

    Raises :class:`~tuplecalc.errors.InputError` where no rate is offered, nothing limits it, or no
    flow gets through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_exhaustion(capacity(example("outage")), ax=style.blank()).get_title(loc="left")
    'At 700/s login-proxy shared runs out 9 min 9 s from empty'
    """
    course = over_time(result)
    ax = style.axes(ax)
    dry, size = course.exhausted_after, course.size
    end = course.seconds if dry is None else float(course.time[-1])
    top = size if dry is None else min(float(course.demand.max()), _HIGHEST * size)
    ax.set(xlim=(0, end), ylim=(0, max(1.04 * top, 1.14 * size)), ylabel=_counted(course))
    is_low = dry is None and course.use < _LOW
    if is_low:  # on the scale of the size it would be a line on the ground
        ax.set_ylim(0, _HIGHEST * float(course.taken.max()))
        style.si_axis(ax.yaxis)
    else:
        ax.set_yticks([0, size / 2, size], ["0", _count(size / 2), _count(size)])
        ax.axhline(size, color=style.INK, linewidth=1.4, gid="capacity")
    areas = list(_kinds(ax, result, course) if result.chain.traffic.kinds else _all(ax, course))
    if is_low:
        areas.append(
            Line2D([], [], linestyle="none", label=f"room for {_count(size)}, far above this figure")
        )
    marks = []
    if dry is not None:
        ends = f"offer ends after {numbers.duration(course.seconds)}"
        marks = [Mark(dry, f"runs out after {numbers.duration(dry)}", "dry", ":")]
        marks.append(Mark(course.seconds, ends, "offer", ":"))
        _recovery(ax, course)
        areas.append(_turned_away(ax, course, dry))
    if short := served.without_ports(result.served):
        areas.append(Line2D([], [], linestyle="none", label=f"only of clients with ports; {short}"))
    ax.set_xlabel(f"{units.times(ax.xaxis, ax.get_xlim()[1])} from empty")
    style.headline(ax, _finding(result, course), pad=6 + labels.marked(ax, marks))
    style.below(ax, areas)
    return ax


def _all(ax: Axes, course: Fluid) -> Iterator[Artist]:
    """What is open, and on it what lingers."""
    bands = (("open", 0 * course.open, course.open), ("lingering", course.open, course.taken))
    for name, low, high in bands:
        if _seen(ax, low, high):
            yield _area(ax, name, course.time, low, high)


def _kinds(ax: Axes, result: Capacity, course: Fluid) -> Iterator[Artist]:
    """One kind on the other, a line in each between what is open and what lingers above it."""
    low, known = 0 * course.open, looks(result)
    shown: dict[Look, list[KindOverTime]] = {}
    for kind in course.kinds:
        shown.setdefault(known[kind.kind], []).append(kind)
    for look, several in shown.items():
        still_open = low + sum(kind.open for kind in several)
        high = still_open + sum(kind.lingering for kind in several)
        if _seen(ax, low, high):
            gid = f"kind:{look.label}"
            ax.fill_between(course.time, low, high, gid=gid, **look.filled)
            if _seen(ax, low, still_open) and _seen(ax, still_open, high):
                ax.plot(course.time, still_open, gid=f"{gid}:open", **_OPEN)
            yield look.patch
        low = high
    if any(_seen(ax, 0 * low, kind.lingering) for kind in course.kinds):
        yield Line2D([], [], label="open below, lingering above", **_OPEN)


def _seen(ax: Axes, low: Series, high: Series) -> bool:
    return bool((high - low).max() >= _INVISIBLE * ax.get_ylim()[1])


def _finding(result: Capacity, course: Fluid) -> str:
    rate, limit = f"{numbers.rate(result.chain.traffic.offered)}/s", course.limit
    name = f"{table.name(limit.hop, 30)} {limit.name}"
    if course.exhausted_after is None:
        use = f"never fills {name}: {_percent(course)} in use"
        failing = verdict.failing(under_load(result))
        short = served.without_ports(result.served)
        said = f"just fills {name}" if course.use == 1 else use
        if failing and short:  # what fails stands first: the figure is of the clients that have ports
            return f"At {rate} {failing}: {short}; those with ports use {_percent(course)} of {name}"
        return f"{rate} {said}{f'; {failing}' if failing else ''}"
    return f"At {rate} {name} runs out {numbers.duration(course.exhausted_after)} from empty"


def _percent(course: Fluid) -> str:
    return numbers.percent(Fraction(course.use))


def _counted(course: Fluid) -> str:
    """What the axis counts: keys of which kind, in how many scopes."""
    kind = course.limit.kind
    keys = "keys" if kind.legs == "a row" else kind.resource
    if course.pools == 1:
        return f"{keys} taken"
    which = "each" if course.share * course.pools == 1 else "the fullest"
    return f"{keys} taken in {which} of {numbers.count(course.pools)} places"


def _count(value: float) -> str:
    return style.count(round(value)) if value >= 1000 or value.is_integer() else f"{value:.4g}"


def _area(ax: Axes, name: str, time: Series, low: Series, high: Series) -> Artist:
    """The area between two curves."""
    return ax.fill_between(time, low, high, linewidth=0, gid=name, label=name, **_AREAS[name])


def _recovery(ax: Axes, course: Fluid) -> None:
    """From the end of the offer until half is free; the axis goes on for as long as the words need."""
    half, middle = course.seconds + course.half_free_after, course.size / 2
    ax.plot((course.seconds, half), (middle, middle), color=style.INK, linewidth=1.2, gid="recovery")
    ax.plot(half, middle, color=style.INK, marker="o", gid="half")
    later = f"{numbers.duration(course.half_free_after)} later"
    ax.annotate(f"half free\n{later}", (half, middle), (7, 3), textcoords="offset points", gid="recovered")
    ax.set_xlim(right=max(ax.get_xlim()[1], half / (0.95 - style.width(ax, later))))


def _turned_away(ax: Axes, course: Fluid, dry: float) -> Artist:
    """What would be taken beyond the size, while the offer lasts."""
    offered = (course.time >= dry) & (course.time <= course.seconds)
    time, demand = course.time[offered], course.demand[offered]
    ax.plot(time, demand, color=style.VERMILLION, linestyle="--", gid="demand")
    _area(ax, "turned away", time, np.full_like(time, course.size), demand)
    of = " of the demand" if len(course.kinds) > 1 else ""
    words = f"{numbers.share(1 - 1 / course.use)}{of} turned away, chance not counted"
    return Patch(label=words, linewidth=1.2, **_AREAS["turned away"])  # its edge shows on any ground
