"""Two series that keep the digits which the plain formulas lose."""

from __future__ import annotations

from math import lgamma, log, log1p, pi
from typing import Any, TypeAlias

Values: TypeAlias = Any  # a float or an array of them

_ENOUGH = 16


def stirling(n: float) -> float:
    """``ln(n! / (√(2πn) nⁿ e⁻ⁿ))`` for ``n > 0``: what Stirling's formula leaves out.

    Source: DLMF 5.11.1.

    >>> round(stirling(1), 12) == round(1 - log(2 * pi) / 2, 12)
    True
    """
    if n < _ENOUGH:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    rest: float = stirling_of_many(n)
    return rest


def stirling_of_many(n: Values) -> Values:
    """:func:`stirling` for 16 or more, also of arrays; five terms are exact to the last digit there."""
    inverse = 1 / n
    square = inverse * inverse
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))


def log1p_less(x: float) -> float:
    """``ln(1 + x) − x``, near 0 by its series in ``x/(2 + x)``.

    Source: Loader, "Fast and accurate computation of binomial probabilities" (2000, recalled).

    >>> round(log1p_less(1e-9) * 1e18, 6)
    -0.5
    """
    if abs(x) > 0.35:
        return log1p(x) - x
    root = x / (2 + x)
    square = root * root
    power, series, odd = square, 0.0, 3
    while power > 1e-18 * odd * series:
        series += power / odd
        power *= square
        odd += 2
    return root * (2 * series - x)
