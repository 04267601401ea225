"""Limits as curves: what each allows as a function of one number, exactly.

A limit is a fraction of two polynomials in the number that varies, another one where a minimum
changes its choice; so whole curves can stand in for numbers in a limit's expressions, and where two
of them meet is the root of a polynomial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import reduce
from itertools import pairwise, zip_longest
from math import isqrt
from typing import NamedTuple

from tuplecalc.limits.expression import Constant, Number, Quantity, Size, evaluate, tidy
from tuplecalc.questions.forms import Form

Polynomial = tuple[Fraction, ...]
"""Coefficients, that of x^0 first; none are zero at the end."""
_ROOT_DIGITS = 10**30
_ONE: Polynomial = (Fraction(1),)


class SteppedError(Exception):
    """A curve that goes in steps, which no polynomial does."""


class Ratio(NamedTuple):
    """One polynomial over another; infinite where the lower one is none."""

    above: Polynomial
    below: Polynomial = _ONE

    @classmethod
    def constant(cls, value: Number) -> Ratio:
        """The same everywhere."""
        return cls(_trimmed([Fraction(value)]))

    def at(self, value: Number) -> Fraction | None:
        """The value at one place; None where it is infinite."""
        below = _value(self.below, value)
        return _value(self.above, value) / below if below else None

    def __add__(self, other: Ratio) -> Ratio:  # type: ignore[override] # no longer row, but a sum
        if self.below == other.below:
            return Ratio(_sum(self.above, other.above), self.below)
        above = _sum(_product(self.above, other.below), _product(other.above, self.below))
        return Ratio(above, _product(self.below, other.below))

    def __sub__(self, other: Ratio) -> Ratio:
        return self + Ratio(_product((Fraction(-1),), other.above), other.below)

    def __mul__(self, other: Ratio) -> Ratio:  # type: ignore[override]
        return Ratio(_product(self.above, other.above), _product(self.below, other.below))

    def __truediv__(self, other: Ratio) -> Ratio:
        return Ratio(_product(self.above, other.below), _product(self.below, other.above))

    def meets(self, other: Ratio, low: Number, high: Number) -> list[Number]:
        """Where the two are equal between two places, without these; none where they are so everywhere."""
        if not self.below or not other.below:
            return []
        ours, theirs = _product(self.above, other.below), _product(other.above, self.below)
        difference = _sum(ours, _product((Fraction(-1),), theirs))
        return [root for root in roots(difference) if low < root < high]


class Curve:
    """A function of one number from ``low`` to ``high``: a ratio from each of some places on.

    >>> x = Curve.of(Ratio((Fraction(0), Fraction(1))), 0, 10)
    >>> two = Curve.of(Ratio.constant(2), 0, 10)
    >>> (x * x).minimum(two + x).starts
    [0, 2]
    """

    def __init__(self, starts: list[Number], ratios: list[Ratio], high: Number) -> None:
        self.starts, self.ratios, self.high = starts, ratios, high

    @classmethod
    def of(cls, ratio: Ratio, low: Number, high: Number) -> Curve:
        """One ratio from end to end."""
        return cls([low], [ratio], high)

    def spans(self) -> Iterator[tuple[Number, Number, Ratio]]:
        """From where to where it is which ratio."""
        for (low, high), ratio in zip(pairwise([*self.starts, self.high]), self.ratios, strict=True):
            yield low, high, ratio

    def _with(self, other: Curve, combine: Callable[[Ratio, Ratio], Ratio]) -> Curve:
        pieces = [(low, combine(mine, theirs)) for low, _, mine, theirs in both(self, other)]
        return Curve([low for low, _ in pieces], [ratio for _, ratio in pieces], self.high)

    def __add__(self, other: Curve) -> Curve:
        return self._with(other, Ratio.__add__)

    def __sub__(self, other: Curve) -> Curve:
        return self._with(other, Ratio.__sub__)

    def __mul__(self, other: Curve) -> Curve:
        return self._with(other, Ratio.__mul__)

    def __rmul__(self, one: int) -> Curve:  # the 1 with which a product begins
        return self

    def __truediv__(self, other: Curve) -> Curve:
        return self._with(other, Ratio.__truediv__)

    def minimum(self, other: Curve) -> Curve:
        """The lower of the two at each place."""
        found = list(lower(self, other))
        return Curve([low for low, _, _ in found], [ratio for _, ratio, _ in found], self.high)


def both(one: Curve, other: Curve) -> Iterator[tuple[Number, Number, Ratio, Ratio]]:
    """Spans within which both curves are one ratio each."""
    starts = sorted({*one.starts, *other.starts})
    mine, theirs = iter(one.spans()), iter(other.spans())
    (_, my_end, my_ratio), (_, their_end, their_ratio) = next(mine), next(theirs)
    for low, high in pairwise([*starts, one.high]):
        while my_end <= low and my_end < one.high:
            _, my_end, my_ratio = next(mine)
        while their_end <= low and their_end < one.high:
            _, their_end, their_ratio = next(theirs)
        yield low, high, my_ratio, their_ratio


def lower(one: Curve, other: Curve) -> Iterator[tuple[Number, Ratio, bool]]:
    """From where on which of two curves is the lower, and whether that is the other; ties go to the first."""
    for low, high, mine, theirs in both(one, other):
        places = [low, *sorted(mine.meets(theirs, low, high)), high]
        for start, end in pairwise(places):
            between = Fraction(start + end) / 2
            ours, others = mine.at(between), theirs.at(between)
            is_other = others is not None and (ours is None or others < ours)
            yield start, theirs if is_other else mine, is_other


def flows_curve(form: Form, low: Number, high: Number) -> Curve:
    """The flows of a limit between two values, without rounding down what varies.

    Raises :class:`SteppedError` where a quotient of what varies is rounded.
    """
    size, scopes = (_curve(part, low, high) for part in (form.size, form.scopes))
    if isinstance(form.size, Constant):
        size = Curve.of(Ratio.constant(form.size.value // form.keys), low, high)
        return size * scopes
    return size * scopes / Curve.of(Ratio.constant(form.keys), low, high)


def rate_curve(form: Form, low: Number, high: Number) -> Curve:
    """The rate of a limit between two values; infinite where it does not limit.

    Raises :class:`SteppedError` where a quotient of what varies is rounded.
    """
    scopes, busy, seconds = (_curve(part, low, high) for part in (form.scopes, form.busy, form.seconds))
    found = busy * scopes / seconds
    keys = Ratio.constant(form.keys)
    fits = _curve(form.size, low, high).minimum(Curve.of(keys, low, high))
    starts, ratios = [], []
    for start, end, ratio, size in both(found, fits):
        most = size.at(Fraction(start + end) / 2)
        starts.append(start)
        ratios.append(Ratio.constant(0) if most is not None and most < form.keys else ratio)
    return Curve(starts, ratios, high)


def _curve(expression: object, low: Number, high: Number) -> Curve:
    def leaf(node: Quantity | Size | Constant) -> Curve:
        if isinstance(node, Quantity):
            return Curve.of(Ratio((Fraction(0), Fraction(1))), low, high)
        return Curve.of(Ratio.constant(node.value), low, high)

    def stepped(curve: Curve) -> Curve:
        raise SteppedError

    def minimum(*choices: Curve) -> Curve:
        return reduce(Curve.minimum, choices)

    found: Curve = evaluate(expression, leaf, floor=stepped, ceiling=stepped, minimum=minimum)  # type: ignore[arg-type]
    return found


def roots(polynomial: Polynomial) -> list[Number]:
    """The real roots in ascending order: exact where they are fractions, else to thirty digits.

    >>> roots((Fraction(-6), Fraction(1), Fraction(1)))
    [-3, 2]
    """
    match _trimmed(list(polynomial)):
        case () | (_,):
            return []
        case (constant, slope):
            return [tidy(-constant / slope)]
        case (c, b, a):
            square = b * b - 4 * a * c
            if square < 0:
                return []
            root = _square_root(square)
            return [tidy(each) for each in sorted({(-b - root) / (2 * a), (-b + root) / (2 * a)})]
        case longer:
            import sympy  # type: ignore[import-untyped] # three times and more the same number: rarely

            x = sympy.Symbol("x")
            terms = [sympy.Rational(term.numerator, term.denominator) * x**n for n, term in enumerate(longer)]
            found = set(sympy.Poly(sum(terms), x).real_roots())
            return sorted(
                tidy(Fraction(int(root.p), int(root.q))) if root.is_Rational else Fraction(str(root.n(30)))
                for root in found
            )


def _square_root(square: Fraction) -> Fraction:
    """Exact where it is a fraction, else to thirty digits."""
    above, below = isqrt(square.numerator), isqrt(square.denominator)
    if above * above == square.numerator and below * below == square.denominator:
        return Fraction(above, below)
    scaled = square.numerator * square.denominator * _ROOT_DIGITS**2
    return Fraction(isqrt(scaled), _ROOT_DIGITS * square.denominator)


def _trimmed(terms: Iterable[Fraction]) -> Polynomial:
    found = list(terms)
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _sum(one: Polynomial, other: Polynomial) -> Polynomial:
    return _trimmed(a + b for a, b in zip_longest(one, other, fillvalue=Fraction(0)))


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    found = [Fraction(0)] * (len(one) + len(other))
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            found[i + j] += a * b
    return _trimmed(found)


def _value(polynomial: Polynomial, at: Number) -> Fraction:
    return reduce(lambda total, term: total * at + term, reversed(polynomial), Fraction(0))
