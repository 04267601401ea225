"""The highest rate against one number of the chain: which limit binds where."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.questions.axis import axis as axis_of
from tuplecalc.questions.crossover import Change, changes
from tuplecalc.questions.grid import Array, Name
from tuplecalc.questions.sweep import Sweep, limits_over
from tuplecalc.render import numbers, served, table
from tuplecalc.render.figures import labels, style, units
from tuplecalc.render.figures.kinds import taken_of
from tuplecalc.render.figures.labels import End

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tuplecalc.questions.axis import Axis

_MOST_LINES = 8
_NEAR = 100.0  # times the highest rate: limits that come no nearer are left out
_OVER = 30.0  # times the highest rate: a line that ends higher leaves the picture
_NAME, _MOST_NAMES = 18, 3
_FLAT = 1.3  # highest over lowest: a line that falls no more is drawn as flat as it is
_AT_THE_EDGE = 1e-6  # of the axis: nobody sees what binds there
_POINTS = 40  # whole numbers up to which each is a point
_MOST_NOTES = 5
_HALVINGS = 24  # of the distance between two values of the axis: nobody reads more
_ROW, _FIRST_ROW = 0.065, 0.045  # of the height: a line of notes; the middle of the lowest
_COLOURS = (
    *(style.BLUE, style.GREEN, style.PURPLE, style.ORANGE),
    *(style.SKY, style.MUTED, style.BLUE, style.GREEN),
)
_DASHES: Any = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)), (0, (5, 1)), (0, (1, 1)), (0, (8, 2)))


class _Note(NamedTuple):
    """A point of the envelope, and what is said about it."""

    at: tuple[float, float]
    words: str
    gid: str
    looks: dict[str, Any]


@style.styled
def plot_rate(result: Capacity, axis: Axis | None = None, *, ax: Axes | None = None) -> Axes:
    """The highest rate against one number, :func:`usual` unless an axis is given.

    Limits that come near are thin lines; the smallest of all limits, the highest rate, is thick.
    Dots mark where another limit begins to bind, a ring the present design, a broken line the
    offered rate.

    Raises :class:`~tuplecalc.errors.InputError` where nothing limits the rate, or no flow gets
    through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_rate(capacity(example("outage")), ax=style.blank()).get_title(loc="left")
    'login-proxy shared allows 586.5/s; lvs ports where hold < 1 min'
    """
    axis = axis or axis_of(result.chain, usual(result))
    grid = limits_over(result.chain, axis)
    across = grid.coordinates[0]
    check_rates(grid, f"rate, {axis.path}", ", whatever the value")
    ax = style.axes(ax)
    turns = turning_points(result, axis)
    notes = _notes(result, axis, grid, turns)
    said = sum(bool(note.words) for note in notes)
    ax.set(xscale="log" if axis.is_log else "linear", yscale="log", xlim=_width(axis, across))
    shown = _near(grid)
    offered = result.chain.traffic.offered
    ax.set_ylim(*_heights([grid.rate, *(grid.rates_of[places[0]] for places in shown)], said, offered))
    words = []
    is_few = axis.is_count and len(across) <= _POINTS
    points: Any = {"marker": "o", "markersize": 3.5} if is_few else {}
    for places, colour, dashes in zip(shown, _COLOURS, _DASHES, strict=False):
        rates, name = _drawn(grid.rates_of[places[0]]), _names(grid, places)
        ax.plot(across, rates, color=colour, linestyle=dashes, gid=f"line:{name}", **points)
        at, end = float(across[np.isfinite(rates)][-1]), float(rates[np.isfinite(rates)][-1])
        top = ax.get_ylim()[1]
        if np.nanmin(rates) < top:
            leaves = name if end <= top else f"{name} ↑"
            words.append(End(leaves, (at, min(end, top)), f"label:{name}", {"color": colour}))
    thick: dict[str, Any] = {"color": style.BINDING, "linewidth": 7, "alpha": 0.4, "zorder": 1.5}
    ax.plot(across, _drawn(grid.rate), solid_capstyle="butt", gid="envelope", **thick)
    low, high = ax.get_ylim()
    unseen = "" if offered is None or axis.unit == "1/s" else f"{numbers.rate(offered)}/s offered"
    if offered is not None and unseen and low <= offered <= high:
        ax.axhline(float(offered), color=style.INK, linestyle=(0, (6, 3)), linewidth=1.2, gid="offered")
        words.append(End(unseen, (ax.get_xlim()[1], float(offered)), "label:offered", {"color": style.INK}))
        unseen = ""
    units.along(ax.xaxis, axis)
    units.log_ticks(ax)
    ax.minorticks_off()
    whose = " of all kinds, a second" if result.chain.traffic.kinds else ", connections a second"
    ax.set(xlabel=units.title(axis), ylabel=f"highest rate{whose}")
    ax.grid(axis="y")
    style.headline(ax, _finding(result, axis, grid, turns, unseen))
    labels.beside(ax, words)
    _write(ax, notes)
    return ax


def usual(result: Capacity) -> str:
    """What is varied where nobody says: the hold, or the share of the kind that takes most of what binds.

    Kinds that have rates have no share to vary, but often a hold of their own.
    """
    kinds, taken = result.chain.traffic.kinds, taken_of(result.rate_binding or result.binding, of_rate=True)
    number, most = max(enumerate(kinds), key=lambda each: taken.get(each[1].name, 0), default=(0, None))
    if most is not None and most.share not in (None, 1):
        return f"traffic.kinds.{number}.share"
    return "traffic.hold" if most is None or most.hold is None else f"traffic.kinds.{number}.hold"


def check_rates(grid: Sweep, figure: str, where: str) -> None:
    """That there is a rate to draw.

    Raises :class:`~tuplecalc.errors.InputError` where nothing limits it, and where it is 0.
    """
    limited = grid.rate[np.isfinite(grid.rate)]
    if not limited.size:
        way_out = "vary another number, or write `hold` under [traffic]"
        raise InputError(f"{figure}: nothing limits the rate{where}; {way_out}")
    if not limited.any():
        raise InputError(f"{figure}: no connection gets through{where}; see `tuplecalc capacity`")


def turning_points(result: Capacity, axis: Axis) -> list[Change]:
    """Where another limit begins to bind, but for the very edges of the axis."""
    low, high = axis.values[0], axis.values[-1]
    edge = (low if axis.is_log else high - low) * Fraction(_AT_THE_EDGE)
    last = high if axis.is_count else high - edge
    return [turn for turn in changes(result.chain, axis) if low + edge < turn.value <= last]


def turning(axis: Axis, turns: list[Change]) -> str:
    """The other limit that binds next to the present value: ``lvs ports where hold < 1 min``."""
    if axis.present is None or not turns:
        return ""
    here = axis.present
    nearest = min(turns, key=lambda turn: abs(float(turn.value - here)))
    below = axis.present >= nearest.value
    sign = "<" if below else "≥" if axis.is_count else ">"
    name = _name(nearest.before if below else nearest.after)
    return f"{name} where {table.name(axis.name, 30)} {sign} {units.written(axis, nearest.value)}"


def _name(of: Name | None, longest: int = 24) -> str:
    return labels.limit(*of, longest) if of else "nothing"


def _near(grid: Sweep) -> list[list[int]]:
    """The limits that bind, the most often first, then those that come near; equal lines as one.

    Those that are near at an end alone are not seen there: where one kind is all, limits have other names.
    """
    (axis,), groups = grid.axes, list[list[int]]()
    seen = slice(1, -1) if not axis.is_count and len(axis.values) > 2 else slice(None)
    for place, rates in enumerate(grid.rates_of):
        with np.errstate(invalid="ignore"):
            near = bool(np.nanmin(np.where(grid.rate > 0, rates / grid.rate, np.inf)[seen]) <= _NEAR)
        if not near:
            continue
        for group in groups:
            if np.allclose(grid.rates_of[group[0]], rates, rtol=1e-9, atol=0):
                group.append(place)
                break
        else:
            groups.append([place])

    def rank(group: list[int]) -> tuple[int, float]:
        return -int(np.isin(grid.rate_binding, group).sum()), float(np.median(grid.rates_of[group[0]]))

    return sorted(groups, key=rank)[:_MOST_LINES]


def _names(grid: Sweep, places: list[int]) -> str:
    """The limits of a line, over as many rows as they take."""
    parts = [_name(grid.names[place], _NAME) for place in places]
    more = [f"and {len(parts) - _MOST_NAMES} more"] if len(parts) > _MOST_NAMES else []
    return "\n".join([*parts[:_MOST_NAMES], *more])


def _width(axis: Axis, across: Array) -> tuple[float, float]:
    """From the first value to the last, with room for whole points."""
    low, high = float(across[0]), float(across[-1])
    is_whole = low == high or (axis.is_count and not axis.is_log)
    room = min(0.03 * (high - low) or 0.5, 0.5) if is_whole else 0.0
    return low - room, high + room


def _heights(curves: list[Array], rows: int, offered: Fraction | None) -> tuple[float, float]:
    """Over the envelope and the ends of the lines, which have their words there; room for notes below.

    The offered rate is in it, unless it is so far away that all else would be flat.
    """
    envelope = curves[0][np.isfinite(curves[0]) & (curves[0] > 0)]
    low, high = float(envelope.min()), float(envelope.max())
    ends = [float(curve[np.isfinite(curve)][-1]) for curve in curves[1:] if np.isfinite(curve).any()]
    high = max([high, *(end for end in ends if end < _OVER * high)])
    if offered is not None and low / _NEAR < offered < _NEAR * high:
        low, high = min(low, float(offered)), max(high, float(offered))
    if high < _FLAT * low:
        low, high = low / _FLAT, high * _FLAT
    high *= max(high / low, 3.0) ** 0.08
    below = _FIRST_ROW + _ROW * rows
    return low * (low / high) ** (below / (1 - below)), high


def _drawn(rates: Array) -> Array:
    """Without what no logarithmic axis has."""
    return np.where(np.isfinite(rates) & (rates > 0), rates, np.nan)


def _notes(result: Capacity, axis: Axis, grid: Sweep, turns: list[Change]) -> list[_Note]:
    """Crossovers and the present design, from the left; of many crossovers the nearest to it have words."""
    across = grid.coordinates[0]
    notes = []
    dot: dict[str, Any] = {"color": style.INK, "markersize": 6, "zorder": 4}
    here = float(axis.values[0] if axis.present is None else axis.present)
    spoken = sorted(turns, key=lambda turn: abs(float(turn.value) - here))[: _MOST_NOTES - 1]
    for turn in turns:
        at = limits_over(result.chain, axis.between(turn.value, turn.value, 1)).rate[0]
        value = units.written(axis, turn.value)
        since = f"from {value} on" if axis.is_count else f"above {value}"
        words = f"{since} {_name(turn.after)} limits" if turn in spoken else ""
        if np.isfinite(at) and at > 0:
            notes.append(_Note((float(turn.value), float(at)), words, "crossover", dot))
    if axis.present is not None and result.rate and across[0] <= axis.present <= across[-1]:
        words = f"now {numbers.rate(result.rate)}/s at {units.written(axis, axis.present)}"
        if short := served.without_ports(result.served):
            words += f"; {short}"
        at = float(axis.present), float(result.rate)
        notes.append(_Note(at, words, "present", style.PRESENT))
    return sorted(notes, key=lambda note: note.at[0])


def _write(ax: Axes, notes: list[_Note]) -> None:
    """Each point with its words under the envelope, where there is nothing else; the leftmost lowest."""
    row, to_axes = 0, ax.transData + ax.transAxes.inverted()
    most = int(1 / style.width(ax, "x"))
    for note in notes:
        ax.plot(*note.at, marker="o", clip_on=False, gid=note.gid, **note.looks)
        if not note.words:
            continue
        words, height = table.name(note.words, most), _FIRST_ROW + _ROW * row
        across, top = (float(part) for part in to_axes.transform(note.at))
        left = max(min(across, 1 - style.width(ax, words)), 0.0)
        looks: Any = {"fontweight": "bold" if note.gid == "present" else "normal", "gid": f"{note.gid}:value"}
        looks |= {"va": "center", "bbox": style.BEHIND, "zorder": 6}
        ax.text(left + 0.01, height, words, transform=ax.transAxes, **looks)
        if top > height + 0.03:
            foot = to_axes.inverted().transform((left, height + 0.02))[1]
            ax.plot([note.at[0]] * 2, [foot, note.at[1]], color=style.MUTED, linewidth=0.8, zorder=1.2)
        row += 1


def _finding(result: Capacity, axis: Axis, grid: Sweep, turns: list[Change], unseen: str) -> str:
    """What binds now, and from where on another limit does; else what binds along the axis."""
    binding, across = result.rate_binding, table.name(axis.name, 30)
    whole = f"from {units.written(axis, axis.values[0])} to {units.written(axis, axis.values[-1])}"
    if binding is None or axis.present is None or not axis.values[0] <= axis.present <= axis.values[-1]:
        if not turns:
            place = int(grid.rate_binding[-1])
            return f"{_name(grid.names[place])} limits it for {across} {whole}"
        first = turns[0]
        last = first.value - 1 if axis.is_count else first.value
        up_to = f"{_name(first.before)} limits it up to {units.written(axis, last)}"
        more = f", and {len(turns) - 1} more changes" if len(turns) > 1 else ""
        return f"{across}: {up_to}, then {_name(first.after)}{more}"
    name = _name((binding.hop, binding.name))
    if not turns:
        said, short = throughout(result, axis, grid, name), served.without_ports(result.served)
        return f"{said}; {short}" if short else said
    now = f"{name} allows {numbers.rate(result.rate)}/s"
    now += " or less" if result.rate_at_most else ""
    if unseen and result.chain.traffic.offered and result.rate and result.chain.traffic.offered > result.rate:
        now += f" ({unseen})"
    return f"{now}; {turning(axis, turns)}"


def throughout(result: Capacity, axis: Axis, grid: Sweep, name: str) -> str:
    """What one limit allows along a whole axis: where the offered rate fits, or what it allows now."""
    offered, across = result.chain.traffic.offered, table.name(axis.name, 30)
    rate, present = f"{numbers.rate(result.rate)}/s", units.written(axis, axis.present or 0)
    least = " or less" if result.rate_at_most else ""
    now = f"{name} limits throughout; now it allows {rate}{least} at {present}"
    if offered is None or axis.unit == "1/s":
        return now
    if needed := needs(result, axis, grid):
        return f"{needed}; {name} limits throughout"
    fits = grid.rate >= float(offered)
    if fits.all() or not fits.any():
        whole = (
            f"{across} from {units.written(axis, axis.values[0])} to {units.written(axis, axis.values[-1])}"
        )
        return f"{name} {'allows' if fits.all() else 'never allows'} {numbers.rate(offered)}/s for {whole}"
    return now


def needs(result: Capacity, axis: Axis, grid: Sweep | None = None) -> str:
    """From where on, or up to where, the limits allow the offered rate; empty where that is not one value.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> outage = capacity(example("outage"))
    >>> needs(outage, axis_of(outage.chain, "traffic.hold"))
    '700/s needs hold ≤ 4 min 6 s'
    """
    offered = result.chain.traffic.offered
    if offered is None or axis.unit == "1/s":
        return ""
    fits = (grid or limits_over(result.chain, axis)).rate >= float(offered)
    turns = np.flatnonzero(fits[1:] != fits[:-1])
    if len(turns) != 1:
        return ""
    place = int(turns[0])
    edge = _first_that_fits(result, axis, *axis.values[place : place + 2])
    sign = "≥" if fits[-1] else "≤"
    name = table.name(axis.name, 30)
    return f"{numbers.rate(offered)}/s needs {name} {sign} {units.written(axis, edge)}"


def _first_that_fits(result: Capacity, axis: Axis, low: Number, high: Number) -> Number:
    """Of the values between two, of which one fits the offered rate, the first or the last that does."""
    offered = float(result.chain.traffic.offered or 0)

    def fits(value: Number) -> bool:
        return bool(limits_over(result.chain, axis.between(value, value, 1)).rate[0] >= offered)

    rises = fits(high)
    for _ in range(_HALVINGS):
        middle = (low + high) // 2 if axis.is_count else Fraction(low + high) / 2
        if middle == low:
            break
        low, high = (low, middle) if fits(middle) == rises else (middle, high)
    return high if rises else low
