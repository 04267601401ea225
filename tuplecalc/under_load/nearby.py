"""A smooth function of a load that is asked at thousands of loads which lie near to each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import asinh, exp, log, prod, sinh

_BETWEEN = 1 / 48
_AROUND = range(6)


def nearby(function: Callable[[float], float], middle: float, scale: float) -> Callable[[float], float]:
    """The function, by the polynomial of degree 5 through the six nearest of points that are found once.

    It changes on no smaller scale than ``scale`` (relative) around ``middle``, and on one that grows with the
    distance from it; so the points lie at ``middle·exp(scale·sinh(i/48))``.  Holds for loads above 0.

    >>> square = nearby(lambda load: load**2, 3.0, 0.1)
    >>> round(square(3.14159), 9), round(3.14159**2, 9)
    (9.869587728, 9.869587728)
    """

    @cache
    def at(place: int) -> float:
        return function(middle * exp(scale * sinh(place * _BETWEEN)))

    def found(load: float) -> float:
        where = asinh(log(load / middle) / scale) / _BETWEEN
        first = int(where // 1) - len(_AROUND) // 2 + 1
        values = (at(first + point) for point in _AROUND)
        return sum(weight * value for weight, value in zip(_weights(where - first), values, strict=True))

    return found


def _weights(inside: float) -> list[float]:
    """Lagrange's, of each of the points 0, 1, …, 5."""
    return [
        prod((inside - other) / (point - other) for other in _AROUND if other != point) for point in _AROUND
    ]
