"""From where to where a map goes where nobody says: around the present value, as far as something happens."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.questions.axis import Axis, ends_of
from tuplecalc.questions.axis import axis as axis_of
from tuplecalc.questions.sweep import limits_over

_FAR = 64  # times the present value: so far is looked
_LOOKS = 48  # values
_BEYOND = 2  # times: how far the map goes on behind what happens
_MUCH = 2.0  # times the rate: that is something
_WHOLE, _MANY = 8, 60  # whole numbers: as many are seen; from so many on they may be logarithmic
_LOG = 16  # times the lowest, of other than shares: as far apart as a linear axis shows well


def around(result: Capacity, path: str) -> Axis:
    """The values around the present one, to both sides beyond where another limit takes over.

    Where none does, beyond where the rate is another: twice or half of what it is now.  Wide axes are
    logarithmic, such that what is now is not at an edge.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> hold = around(capacity(example("outage")), "traffic.hold")
    >>> hold.values[0], hold.values[-1], hold.is_log
    (28, 1300, True)
    """
    usual = axis_of(result.chain, path)
    present = usual.present
    if not present:
        return usual
    first, last = ends_of(result.chain, path, _FAR * int(present) + 1)[0].values

    def within(low: Number, high: Number) -> tuple[Number, Number]:
        """Short numbers that the chain can have."""
        if usual.is_count:
            return max(int(_short(low)), first), min(max(int(_short(high)), _WHOLE), last)
        return max(_short(low), first), min(_short(high), last)

    looked = usual.between(*within(present / Fraction(_FAR), present * _FAR), _LOOKS)
    low, high = within(*_below_and_above(result, looked, present))
    is_few = usual.unit == "" or (usual.is_count and high - low < _MANY)
    return usual.between(low, high, is_log=not is_few and high >= _LOG * low > 0)


def _short(value: Number) -> Fraction:
    """To two digits."""
    return Fraction(f"{float(value):.2g}")


def _below_and_above(result: Capacity, looked: Axis, present: Number) -> tuple[Number, Number]:
    """How far down and up there is something to see."""
    grid, limit = limits_over(result.chain, looked), result.rate_binding
    names = [*grid.names, None]  # of no limit, -1
    now = float(result.rate) if result.rate is not None else np.inf
    turns, changes = list[Number](), list[Number]()
    for value, rate, place in zip(looked.values, grid.rate, grid.rate_binding, strict=True):
        alone = looked.unit == "" and value in (0, 1)  # where one kind is all, limits have other names
        if not alone and names[place] != (limit and (limit.hop, limit.name)):
            turns.append(value)
        if rate >= _MUCH * now or rate * _MUCH <= now:
            changes.append(value)
    ends = []
    for factor, nearest in ((Fraction(1, _BEYOND), max), (Fraction(_BEYOND), min)):
        sides = ([value for value in each if (value > present) == (factor > 1)] for each in (turns, changes))
        found = next((nearest(side) * factor for side in sides if side), present * factor**2)
        ends.append(found)
    return ends[0], ends[1]
