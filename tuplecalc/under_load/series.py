"""Series that keep the digits which the plain formulas lose, and sums of very many smooth terms."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, fsum, inf, lgamma, log, pi
from typing import Any, TypeAlias

Values: TypeAlias = Any  # a float or an array of them

_NEGLIGIBLE = 50.0  # so far below the largest logarithm terms no longer count
_ENOUGH = 16
_ODD = tuple(1 / (2 * k + 3) for k in reversed(range(16)))  # of the squares up to 1/9
_POINTS, _MOST_POINTS = 16, 2**14


def stirling(n: float) -> float:
    """``ln(n! / (√(2πn) nⁿ e⁻ⁿ))`` for ``n > 0``: what Stirling's formula leaves out.

    Source: DLMF 5.11.1.

    >>> round(stirling(1), 12) == round(1 - log(2 * pi) / 2, 12)
    True
    """
    if n < _ENOUGH:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    inverse = 1 / n  # five terms are exact to the last digit from here on
    square = inverse * inverse
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))


def deviance(x: int, above: float, below: int) -> float:
    """``x·ln(x/μ) + μ − x`` with ``μ = above/below``; exact differences of whole numbers do not cancel.

    Source: Loader, "Fast and accurate computation of binomial probabilities" (2000, recalled).
    """
    relative = (above - x * below) / (x * below)
    if abs(relative) > 0.35:
        return x * (relative - log(above / (x * below)))
    return -x * float(log1p_less(relative))


def log1p_less(x: Values) -> Values:
    """``ln(1 + x) − x`` for −½ to 1, also of arrays, by its series in ``x/(2 + x)``.

    >>> round(log1p_less(1e-9) * 1e18, 6)
    -0.5
    """
    root = x / (2 + x)
    square = root * root
    series = square * 0.0
    for coefficient in _ODD:
        series += coefficient
        series *= square
    return root * (2 * series - x)


def log_sum(term: Callable[[int], float], left: int, right: int, noise: float, least: float = -inf) -> float:
    """``ln Σ_{left ≤ k ≤ right} e^term(k)``, of smooth terms with one hump, -inf at most before it.

    Takes the terms above e^-50 of the largest; where they are many, evenly spaced ones, twice as many
    until nothing changes: for terms that fall off on both sides that converges geometrically.
    ``noise`` is the error of the terms themselves, below which nothing can settle; a sum below ``least`` is
    -inf.

    >>> round(exp(log_sum(lambda k: k * log(5e4) - 5e4 - lgamma(k + 1), 0, 10**6, 0.0)), 9)
    1.0
    """
    while True:  # close in on the terms that count
        stride = 1 << max(0, ((right - left) // _POINTS).bit_length() - 1)
        terms = [term(k) for k in range(right, left - 1, -stride)]
        top = max(terms)
        counted = [index for index, size in enumerate(terms) if size >= top - _NEGLIGIBLE]
        closer = max(left, right - stride * (counted[-1] + 1)), min(right, right - stride * (counted[0] - 1))
        if stride == 1 or closer[1] - closer[0] > 0.8 * (right - left):
            break
        left, right = closer
    if not top + log(right - left + 1) > least:
        return -inf
    total = fsum(exp(size - top) for size in terms)
    points = len(terms)
    while stride > 1 and points < _MOST_POINTS:  # the points between, until they change nothing
        between = fsum(exp(term(k) - top) for k in range(right - stride // 2, left - 1, -stride))
        change = abs(between - total) / (between + total)
        stride, points, total = stride // 2, 2 * points, total + between
        if change < max(1e-13, noise):
            break
    return top + log(total) + log(stride)
