"""The highest rate against two numbers of the chain: a map of which limit binds where."""

from __future__ import annotations

from fractions import Fraction
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import ingredients
from tuplecalc.limits.served import served as served_in
from tuplecalc.network.cone import Cone
from tuplecalc.network.replace import replace_all
from tuplecalc.questions.grid import Array
from tuplecalc.questions.sweep import Sweep, limits_over
from tuplecalc.render import numbers, served
from tuplecalc.render.figures import labels, style, units
from tuplecalc.render.figures.around import around
from tuplecalc.render.figures.rate import check_rates, needs, turning, turning_points, usual

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from tuplecalc.questions.axis import Axis

_COLOURS = (style.SKY, style.ORANGE, style.GREEN, style.PURPLE, style.YELLOW, style.BLUE)
_MANY = 60  # whole numbers from which on a map ends at the first and the last
_HATCHES = ("", "////", "....", "xx", "----", "\\\\\\\\", "oo")  # 42 limits until a look comes again
_PALE = 0.55  # how much of a colour is left in a region
_COUNTED = ("addresses", ".max_entries", ".max_files", ".block")
_CONTOURS = 7
_LONGEST_NAME = 24
_SMALL = 8.0  # points
_HALF = 0.04, 0.03  # of the axes: half of the words of a contour
_DASHES = (0, (4, 2))
_BESIDE = 0.93  # of the offered rate: a contour that near would lie beside its line
_SEEN = 0.005  # of the map: a smaller region is hardly seen
_TIE = 1e-9  # of a rate: as near, limits are equal
_LOOKS = 24  # values of each of two counts
_LEAST = 1e-9  # of a logarithm: how far apart limits are that are equal


def _bounds(values: Array, axis: Axis) -> Array:
    """The edges of the cells: whole numbers lie in the middle of theirs."""
    if len(values) == 1:
        return np.array([values[0] * 0.9 - 0.05, values[0] * 1.1 + 0.05])
    middles = np.sqrt(values[1:] * values[:-1]) if axis.is_log else (values[1:] + values[:-1]) / 2
    if not axis.is_count or len(values) > _MANY:
        return np.concatenate([values[:1], middles, values[-1:]])
    return np.concatenate([[values[0] - 0.5], middles, [values[-1] + 0.5]])


class Cells(NamedTuple):
    """The edges of the grid's cells, and its points such that a whole number fills a cell."""

    across: Array
    up: Array
    columns: Array
    rows: Array
    steps: tuple[bool, bool]

    @classmethod
    def of(cls, grid: Sweep) -> Cells:
        """The cells of a grid of two axes, the one upwards first."""
        (y, x), (up, across) = grid.axes, grid.coordinates
        edges = _bounds(across, x), _bounds(up, y)
        steps = x.is_count, y.is_count
        columns, rows = (
            np.repeat(bounds, 2)[1:-1] if by_steps else values
            for bounds, values, by_steps in zip(edges, (across, up), steps, strict=True)
        )
        return cls(*edges, columns, rows, steps)

    def drawn(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values at the columns and rows."""
        for along, by_steps in enumerate(reversed(self.steps)):
            values = np.repeat(values, 2, axis=along) if by_steps else values
        return values


@style.styled
def plot_map(
    result: Capacity, x: Axis | None = None, y: Axis | None = None, *, ax: Axes | None = None
) -> Axes:
    """The highest rate against two numbers: filled by which limit binds, with contours of the rate.

    Without axes: against :func:`~tuplecalc.render.figures.rate.usual`, and the addresses or the table that
    the binding limit hangs on, :func:`~tuplecalc.render.figures.around.around` what they are now.
    A ring is the present design, a thick broken contour the offered rate.

    Raises :class:`~tuplecalc.errors.InputError` where nothing limits the rate, or no flow gets
    through, at any point.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_map(capacity(example("outage")), ax=style.blank()).get_title(loc="left")
    'login-proxy shared allows 586.5/s; lvs ports where hold < 1 min, all else as now'
    """
    if x is None or y is None:
        x, y = usual_axes(result, x, y)
    grid = limits_over(result.chain, y, x)
    check_rates(grid, f"map, {x.path} and {y.path}", " at any point")
    ax = style.axes(ax)
    cells = Cells.of(grid)
    ax.set(xscale="log" if x.is_log else "linear", yscale="log" if y.is_log else "linear")
    ax.set(xlim=cells.across[[0, -1]], ylim=cells.up[[0, -1]])
    binding = _binding(result, grid)
    found, counts = np.unique(binding, return_counts=True)
    limits = [int(place) for place in found[np.argsort(-counts, kind="stable")]]  # the largest region first
    seen = {int(place) for place in found[counts >= _SEEN * binding.size]}
    fills = zip(cycle(_COLOURS), cycle(_HATCHES), strict=False)
    looks = [look for look, _ in zip(fills, limits, strict=False)]
    _regions(ax, cells, grid, binding, limits, looks, seen)
    short = _short(result, grid)
    key_of_short = _clients_without_ports(ax, cells, short)
    units.along(ax.xaxis, x)
    units.along(ax.yaxis, y)
    ax.minorticks_off()  # of logarithmic axes they take half of the time
    ax.set(xlabel=units.title(x), ylabel=units.title(y))
    now = _now(ax, x, y, result)
    style.headline(ax, _finding(result, grid, binding, (x, y), seen, on_the_map=now is not None))
    key: list[Artist] = [
        Patch(facecolor=_pale(colour), edgecolor=colour, hatch=hatch, linewidth=0, label=_name(grid, place))
        for place, (colour, hatch) in zip(limits, looks, strict=True)
        if place in seen
    ]
    offered = result.chain.traffic.offered
    style.below(
        ax, [*key, *([now] if now else []), *key_of_short, *_contours(ax, cells, grid, offered, now, short)]
    )
    return ax


def usual_axes(result: Capacity, x: Axis | None = None, y: Axis | None = None) -> tuple[Axis, Axis]:
    """The axes where none are given: those of the docstring of :func:`plot_map`."""
    x = x or around(result, usual(result))
    return x, y or around(result, _second(result, x.path))


def _second(result: Capacity, first: str) -> str:
    """What is varied upwards: the first number that the binding limit's room hangs on, else the clients'."""
    limit = result.rate_binding or result.binding
    found = [quantity.place for part in (limit.scopes, limit.size) for quantity in ingredients(part)]
    knobs = [path for path in found if path.endswith(_COUNTED)]
    return next(path for path in (*knobs, "traffic.hold", "clients.addresses") if path != first)


def _binding(result: Capacity, grid: Sweep) -> NDArray[Any]:
    """Which limit binds at each point; of limits that tie, at all points the one
    that binds the present design, else the one that binds most by itself.

    Floats tell equal limits apart by chance, which would be patches.
    """
    rates = np.stack(grid.rates_of)
    tied = rates <= grid.rate * (1 + _TIE)
    alone = tied & (tied.sum(axis=0) == 1)
    now = result.rate_binding and (result.rate_binding.hop, result.rate_binding.name)
    points = alone.reshape(len(rates), -1).sum(axis=1)
    order = sorted(range(len(rates)), key=lambda place: (grid.names[place] != now, -points[place]))
    first = np.asarray(order)[np.argmax(tied[order], axis=0)]
    return np.where((grid.rate_binding < 0) | ~np.isfinite(grid.rate), grid.rate_binding, first)


def _short(result: Capacity, grid: Sweep) -> NDArray[Any]:
    """Where not all clients get ports, which no time and no share changes; of two counts at some values."""
    chain, axes = result.chain, grid.axes
    if not any(isinstance(hop, Cone) and hop.block for hop in chain.hops):
        return np.zeros(grid.rate.shape, dtype=bool)
    several = all(axis.is_count for axis in axes)
    looked = []
    for axis in axes:
        last = len(axis.values) - 1
        looks = min(last, _LOOKS - 1) if several else last
        looked.append(np.round(np.linspace(0, last, looks + 1)).astype(int) if axis.is_count else [0])

    def is_short(*places: int) -> bool:
        changed = [axis.change(axis.values[place]) for axis, place in zip(axes, places, strict=True)]
        return not served_in(replace_all(chain, changed)).are_all

    found = np.array([[is_short(row, column) for column in looked[1]] for row in looked[0]])
    nearest = (
        np.abs(np.subtract.outer(np.arange(length), np.asarray(places))).argmin(axis=1)
        for length, places in zip(grid.rate.shape, looked, strict=True)
    )
    every: NDArray[Any] = found[np.ix_(*nearest)]
    return every


def _clients_without_ports(ax: Axes, cells: Cells, short: NDArray[Any]) -> list[Artist]:
    """Hatch where not all clients get ports, whatever the rate; its part of the key."""
    if not short.any() or min(short.shape) < 2:
        return []
    drawn = np.where(cells.drawn(short), 1.0, -1.0)
    area = ax.contourf(cells.columns, cells.rows, drawn, levels=[0.0, 2.0], colors="none", hatches=["xxx"])
    area.set(edgecolor=style.MUTED, linewidth=0.0, gid="without ports")
    words = "not all clients get ports"
    return [Patch(facecolor="none", edgecolor=style.MUTED, hatch="xxx", linewidth=0.6, label=words)]


def _regions(
    ax: Axes,
    cells: Cells,
    grid: Sweep,
    binding: NDArray[Any],
    limits: list[int],
    looks: list[tuple[str, str]],
    seen: set[int],
) -> None:
    """Each limit's region in a colour and a hatch of its own, with a line around those that are seen."""
    index = np.zeros(binding.shape, dtype=int)
    for number, place in enumerate(limits):
        index[binding == place] = number
    colours = ListedColormap([_pale(colour) for colour, _ in looks])
    span: Any = {"vmin": -0.5, "vmax": len(limits) - 0.5}
    ax.pcolormesh(cells.across, cells.up, index, cmap=colours, rasterized=True, gid="regions", **span)
    logs = [_logs(rates, grid.rate) for rates in grid.rates_of]
    ordered = np.sort(np.stack(logs), axis=0)[:2]
    for place, (colour, hatch) in zip(limits, looks, strict=True):
        mine = binding == place
        if place not in seen - {-1} or min(len(cells.columns), len(cells.rows)) < 2 or mine.all():
            continue
        ahead = np.maximum(ordered[-1] - ordered[0], _LEAST)
        inside = cells.drawn(np.where(mine, ahead, -np.maximum(logs[place] - ordered[0], _LEAST)))
        look: Any = {"colors": [_pale(colour)], "hatches": [hatch]}
        levels = [0.0, float(inside.max()) + 1.0]
        area = ax.contourf(cells.columns, cells.rows, inside, levels=levels, **look)
        area.set(edgecolor=colour, linewidth=0.0)
        if place != limits[0]:
            ax.contour(cells.columns, cells.rows, inside, levels=[0.0], colors=[style.INK], linewidths=1.6)


def _logs(rates: Array, least: Array) -> Array:
    """Logarithms, where rates without a limit lie somewhat over all that have one."""
    high = float(np.max(least, where=np.isfinite(least), initial=1.0)) * 1e6
    return np.log(np.clip(rates, 1e-300, high))


def _pale(colour: str) -> tuple[float, float, float]:
    red, green, blue = (1 - _PALE * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def _contours(
    ax: Axes, cells: Cells, grid: Sweep, offered: Fraction | None, now: Line2D | None, short: NDArray[Any]
) -> list[Line2D]:
    """Thin contours of round rates, with words, and a thick one of the offered rate, which it returns."""
    rates = np.where(np.isfinite(grid.rate) & (grid.rate > 0), grid.rate, np.nan)
    low, high = float(np.nanmin(rates)), float(np.nanmax(rates))
    if min(grid.rate.shape) < 2 or not low < high:
        return []
    levels, drawn = _levels(low, high), cells.drawn(rates)
    key = []
    if offered is not None and low < offered < high and not short.all():
        levels = [level for level in levels if not _BESIDE < level / offered < 1 / _BESIDE]
        looks: Any = {"linewidths": 2.4, "linestyles": [_DASHES], "zorder": 3}
        met = np.where(cells.drawn(short), np.nan, drawn)  # clients without ports: there it is not met
        found = ax.contour(cells.columns, cells.rows, met, [float(offered)], colors=[style.INK], **looks)
        found.set_gid("offered")
        words = f"{numbers.rate(offered)}/s offered"
        key.append(Line2D([], [], color=style.INK, linewidth=2.4, linestyle=_DASHES, label=words))
    if levels:
        looks = {"colors": [style.ON_LIGHT], "linewidths": 0.8, "linestyles": "--"}
        found = ax.contour(cells.columns, cells.rows, drawn, levels, **looks)
        found.set_gid("rates")
        to_axes = ax.transData + ax.transAxes.inverted()
        placed = [] if now is None else [to_axes.transform(np.asarray(now.get_xydata())[0])]
        for text in ax.clabel(found, fmt=lambda rate: f"{style.si(rate)}/s", fontsize=_SMALL, inline=False):
            inside = np.clip(to_axes.transform(text.get_position()), _HALF, 1 - np.array(_HALF))
            if any((abs(inside - other) < 2 * np.array(_HALF)).all() for other in placed):
                text.set_visible(False)  # close to another, or to the ring
                continue
            placed.append(inside)
            text.set(position=inside, transform=ax.transAxes, rotation=0, bbox=style.BEHIND, color=style.INK)
    return key


def _levels(low: float, high: float) -> list[float]:
    """Round rates between the lowest and the highest: a handful."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        found = [
            step * 10.0**decade for decade in decades for step in steps if low < step * 10.0**decade < high
        ]
        if len(found) <= _CONTOURS:
            return found or [(low + high) / 2]
    every = -(-len(found) // _CONTOURS)
    return found[::every]


def _now(ax: Axes, x: Axis, y: Axis, result: Capacity) -> Line2D | None:
    """A ring where the chain is now, if that is on the map."""
    if x.present is None or y.present is None or result.rate is None:
        return None
    at = float(x.present), float(y.present)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    if not (left <= at[0] <= right and bottom <= at[1] <= top):
        return None
    words = f"now {numbers.rate(result.rate)}/s"
    if short := served.without_ports(result.served):
        words += f" for the clients with ports; {short}"
    ring: Any = {"marker": "o", "linestyle": "none", "clip_on": False, "gid": "present", "label": words}
    return ax.plot(*at, **ring, **style.PRESENT)[0]


def _name(grid: Sweep, place: int) -> str:
    if place < 0:
        return "no limit"
    return labels.limit(*grid.names[place], _LONGEST_NAME)


def _finding(
    result: Capacity,
    grid: Sweep,
    binding_at: NDArray[Any],
    axes: tuple[Axis, Axis],
    seen: set[int],
    *,
    on_the_map: bool,
) -> str:
    """What binds now, and where another limit does: next to the present design, else on how much."""
    places, counts = np.unique(binding_at, return_counts=True)
    ranked = sorted(zip(counts.tolist(), places.tolist(), strict=True), reverse=True)
    total, binding = binding_at.size, result.rate_binding
    shares = {
        _name(grid, place): numbers.percent(Fraction(count, total))
        for count, place in ranked
        if place in seen
    }
    whole = "the whole map" if len(places) == 1 else "nearly the whole map"
    now = labels.limit(binding.hop, binding.name, _LONGEST_NAME) if binding else ""
    if not on_the_map or now not in shares:
        if len(shares) == 1:
            return f"{next(iter(shares))} limits {whole}"
        parts = [f"{name} limits {share}" for name, share in list(shares.items())[:2]]
        return f"{', '.join(parts)} of this map"
    if len(shares) == 1:
        for axis in axes:
            if needed := needs(result, axis):
                return f"{needed}, all else as now; {now} limits {whole}"
    said = f"{now} allows {numbers.rate(result.rate)}/s{' or less' if result.rate_at_most else ''}"
    if len(shares) == 1:
        return f"{now} limits {whole}; {said.removeprefix(now + ' ')} now"
    for axis in axes:
        if other := turning(axis, turning_points(result, axis)):
            return f"{said}; {other}, all else as now"
    others = [f"{name} {share}" for name, share in shares.items() if name != now]
    said = f"{said}, and limits {shares[now]} of this map"
    return f"{said}; {others[0]}" if len(others) == 1 else f"{said}; {others[0]}, {len(others) - 1} more"
