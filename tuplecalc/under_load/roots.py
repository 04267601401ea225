"""Where an increasing function crosses zero, and from which whole number on something holds.

Without a library: the command line starts without scipy, and the standard library's ``bisect`` asks for
the length of a range, which has no more than 63 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, isfinite

_MOST_STEPS = 200


def crossing(
    function: Callable[[float], float],
    low: float,
    high: float,
    tolerance: float = 1e-14,
    scale: float = 0.0,
) -> float:
    """The place between ``low`` and ``high`` where an increasing function crosses zero.

    False position with the Illinois change, and a bisection wherever that does not halve the
    interval within three steps or a value is infinite; so it takes few calls on smooth functions
    and about fifty on any.  ``tolerance`` is relative: to the place, or to ``scale`` where that is more, so
    that a place that is next to nothing beside ``scale`` is not looked for digit by digit.  Where the
    function is above zero at ``low`` or below it at ``high``, that end is returned.  Source: Dowell and
    Jarratt, BIT 11 (1971) 168 (the change).

    >>> round(crossing(lambda x: x * x - 2, 0, 2), 12)
    1.414213562373
    """
    below, above = function(low), function(high)
    if below >= 0 or above <= 0:
        return low if below >= 0 else high
    side, width, since = 0, high - low, 0
    for _ in range(_MOST_STEPS):
        close = tolerance * max(abs(low), abs(high), scale)
        if high - low <= close:
            break
        middle = (low + high) / 2
        if isfinite(below) and isfinite(above) and since < 3:
            middle = min(max((low * above - high * below) / (above - below), low), high)
            nudge = close / 2  # past the root, so that both ends close in
            middle = min(max(middle, low + nudge), high - nudge)
        value = function(middle)
        if value == 0:
            return middle
        if value < 0:
            low, below = middle, value
            above = above / 2 if side < 0 else above
        else:
            high, above = middle, value
            below = below / 2 if side > 0 else below
        side = int(copysign(1, value))
        since += 1
        if high - low <= width / 2:
            width, since = high - low, 0
    return (low + high) / 2


def first_whole(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first whole number for which something holds, if it does at ``high`` and not at ``low``.

    >>> first_whole(lambda n: n * n >= 2**200, 0, 2**128) == 2**100
    True
    """
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
