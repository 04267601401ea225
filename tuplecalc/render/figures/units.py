"""The values of an axis in words, and as ticks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tuplecalc.limits.expression import Number
from tuplecalc.render import numbers, table
from tuplecalc.render.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tuplecalc.questions.axis import Axis

_UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"), (1e-3, "milliseconds"))

_TIMES = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18000, 43200)
_TICKS = 8
_LONGEST = 38  # characters that half a page has room for, upwards
_NARROW = 6.0  # times the lowest: an axis that needs more ticks than 1, 2, 5


def written(axis: Axis, value: Number) -> str:
    """A value of an axis, as people write it.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.questions.axis import axis
    >>> chain = example("outage")
    >>> written(axis(chain, "traffic.hold"), 90), written(axis(chain, "hops.lvs.addresses"), 1000)
    ('1 min 30 s', '1,000')
    """
    match axis.unit:
        case "s":
            return numbers.duration(float(value)) if value else "0 s"
        case "1/s":
            return f"{numbers.rate(value)}/s"
        case "":
            return numbers.percent(value) if value else "0%"
        case _:
            return style.count(value)


def title(axis: Axis) -> str:
    """What an axis counts, with its unit."""
    name = table.name(axis.name, _LONGEST)
    return f"{name}, {_unit(float(axis.values[-1]))[1]}" if axis.unit == "s" and not axis.is_log else name


def _unit(end: float) -> tuple[float, str]:
    return next((pair for pair in _UNITS if end >= 2 * pair[0]), _UNITS[-1])


def times(ticks: Any, end: float) -> str:
    """Ticks of a linear axis of seconds: round numbers of the unit that is returned."""
    size, name = _unit(end)
    ticks.set_major_locator(_Scaled(size))
    ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:,.6g}"))
    return name


def along(ticks: Any, axis: Axis) -> None:
    """Ticks of round numbers in the axis's unit."""
    if axis.unit == "s" and not axis.is_log:
        times(ticks, float(axis.values[-1]))
    elif axis.unit == "s":
        ticks.set_major_locator(FixedLocator(_round_times(float(axis.values[0]), float(axis.values[-1]))))
        ticks.set_major_formatter(FuncFormatter(lambda value, _: written(axis, Fraction(value))))
        ticks.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    elif axis.unit == "":
        ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    else:
        if axis.is_count and not axis.is_log:
            ticks.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))
        style.si_axis(ticks)


def _round_times(low: float, high: float) -> list[float]:
    """Round times of a logarithmic axis, no more than it has room for.

    >>> _round_times(30, 1300), _round_times(0.5, 1e4)
    ([30, 60, 120, 300, 600], [0.5, 2, 10, 60, 300, 1800, 7200])
    """
    tens = [step * 10.0**decade for decade in range(-9, 13) for step in (1, 2, 5)]
    below, above = ([t for t in tens if t < 1], [86400 * t for t in tens if t >= 1])
    found = [time for time in (*below, *_TIMES, *above) if low <= time <= high]
    return found[:: -(-len(found) // _TICKS) or 1]


def log_ticks(ax: Axes) -> None:
    """Ticks of a logarithmic axis upwards: between powers of ten as well where there are few."""
    low, high = ax.get_ylim()
    if high < 100 * low:
        subs = (1.0, 2.0, 5.0) if high > _NARROW * low else (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
        ax.yaxis.set_major_locator(LogLocator(subs=subs))
        ax.yaxis.set_minor_locator(NullLocator())
    style.si_axis(ax.yaxis)


class _Scaled(MaxNLocator):
    """Round multiples of a unit."""

    def __init__(self, size: float) -> None:
        super().__init__(nbins=8, steps=[1, 1.5, 2, 3, 5, 10])
        self._size = size

    def tick_values(self, vmin: float, vmax: float) -> Any:
        return np.asarray(super().tick_values(vmin / self._size, vmax / self._size)) * self._size
