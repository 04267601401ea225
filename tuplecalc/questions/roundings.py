"""Times and shares as people can write them: the simplest fraction in a range, decimals."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context
from fractions import Fraction
from math import ceil, floor, sqrt

from tuplecalc.limits.expression import Number, tidy

_DIGITS = 12  # of a time that no decimal number is
_SMALL = Fraction(1, 1000)  # seconds
_A_LITTLE = Fraction(2, 10**9)


def simplest(low: Number, high: Number) -> Number:
    """The fraction with the least denominator from one number to another: Stern and Brocot's.

    >>> simplest(Fraction(59999, 1000), Fraction(60001, 1000))
    60
    """
    whole = ceil(low)
    if whole <= high:
        return whole
    base = floor(low)
    return base + 1 / Fraction(simplest(1 / Fraction(high - base), 1 / Fraction(low - base)))


def middle(low: Number, high: Number) -> Number:
    """Between two numbers; between their logarithms, where the one is many times the other.

    >>> middle(20, 30), middle(1, 1_000_000)
    (Fraction(25, 1), Fraction(1000, 1))
    """
    above = max(low, _SMALL)
    if high > 100 * above:
        return Fraction(f"{sqrt(float(above) * float(high)):.3g}")
    return Fraction(low + high) / 2


def rounded_down(value: Number) -> Number:
    """A number to twelve digits, and no larger than it is.

    >>> float(rounded_down(Fraction(2, 3)))
    0.666666666666
    """
    context = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
    return tidy(Fraction(context.divide(value.numerator, value.denominator)))


def as_decimal(value: Number) -> Number:
    """What decimals can say: the number itself, or a little less.

    >>> as_decimal(Fraction(1, 8)), float(as_decimal(Fraction(1, 3)))
    (Fraction(1, 8), 0.333333333333)
    """
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return value if below == 1 and value.denominator < 10**18 else rounded_down(value)


def a_little_more(value: Number) -> Number:
    """A little more than a time."""
    return rounded_down(value + max(value, 1) * _A_LITTLE)
