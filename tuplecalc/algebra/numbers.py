"""Exact numbers as they stand in a substitution: in plain text and in LaTeX.

Counts are exact as long as they can be read: with separators, or as powers of two where they are
huge and round.  What is rounded says so (:func:`is_exact`).
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from tuplecalc.limits.expression import Number

_LONGEST = 10**15
_MANTISSA = 10**6
_PLACES = 6


def is_exact(number: Number) -> bool:
    """Whether :func:`text` and :func:`latex` print the number without rounding.

    >>> is_exact(2**128), is_exact(3**128)
    (True, False)
    """
    short = number.denominator != 1 or abs(number.numerator) < _LONGEST
    return short or _binary(number.numerator) is not None


def text(number: Number) -> str:
    """A count or a duration in plain text.

    >>> text(1290240), text(2**128), text(3 * 2**100), text(10**45 + 1)
    ('1,290,240', '2^128', '3·2^100', '1.000e45')
    >>> text(Fraction(1, 2)), text(Fraction(17, 3))
    ('0.5', '17/3')
    """
    if number.denominator != 1:
        return _decimal(Fraction(number)) or f"{number.numerator:,}/{number.denominator:,}"
    whole = number.numerator
    if abs(whole) < _LONGEST:
        return f"{whole:,}"
    if binary := _binary(whole):
        odd, power = binary
        return f"2^{power}" if odd == 1 else f"{odd:,}·2^{power}"
    digits, exponent = _scientific(Fraction(whole))
    return f"{digits}e{exponent}"


def latex(number: Number) -> str:
    r"""The same in LaTeX.

    >>> print(latex(1290240), latex(3 * 2**100), latex(10**45 + 1), latex(Fraction(17, 3)))
    1{,}290{,}240 3 \cdot 2^{100} 1.000 \cdot 10^{45} \frac{17}{3}
    """
    if number.denominator != 1:
        short = _decimal(Fraction(number)).replace(",", "{,}")
        return short or rf"\frac{{{_separated(number.numerator)}}}{{{_separated(number.denominator)}}}"
    whole = number.numerator
    if abs(whole) < _LONGEST:
        return _separated(whole)
    if binary := _binary(whole):
        odd, power = binary
        return f"2^{{{power}}}" if odd == 1 else rf"{_separated(odd)} \cdot 2^{{{power}}}"
    digits, exponent = _scientific(Fraction(whole))
    return rf"{digits} \cdot 10^{{{exponent}}}"


def rounded(number: Number) -> tuple[str, str]:
    """A rate as a decimal number, and ``"="`` or ``"≈"``: exact where two places are enough.

    >>> rounded(Fraction(1290240, 61)), rounded(40320), rounded(Fraction(4608, 5))
    (('21,151.48', '≈'), ('40,320', '='), ('921.6', '='))
    >>> rounded(Fraction(1, 3)), rounded(Fraction(10**30, 7))
    (('0.333333', '≈'), ('1.429e29', '≈'))
    """
    if (number * 100).denominator == 1 and is_exact(number):
        return text(number), "="
    if number >= _LONGEST:
        digits, exponent = _scientific(Fraction(number))
        return f"{digits}e{exponent}", "≈"
    return f"{float(number):,.2f}" if number >= 1000 else f"{float(number):.6g}", "≈"


def rounded_latex(number: Number) -> str:
    r"""The same number in LaTeX.

    >>> print(rounded_latex(Fraction(1290240, 61)), rounded_latex(Fraction(10**30, 7)))
    21{,}151.48 1.429 \cdot 10^{29}
    """
    written, relation = rounded(number)
    if relation == "=":
        return latex(number)
    digits, _, exponent = written.replace(",", "{,}").partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits


def _separated(whole: int) -> str:
    return f"{whole:,}".replace(",", "{,}")


def _binary(whole: int) -> tuple[int, int] | None:
    """``odd, power`` with whole = odd · 2^power, where odd is short."""
    if not whole:
        return None
    power = (whole & -whole).bit_length() - 1
    odd = whole >> power
    return (odd, power) if abs(odd) < _MANTISSA else None


def _decimal(number: Fraction) -> str:
    """A decimal fraction of a few places, or nothing."""
    scaled = number * 10**_PLACES
    if scaled.denominator != 1 or abs(number) >= _LONGEST:
        return ""
    whole, rest = divmod(abs(scaled.numerator), 10**_PLACES)
    return f"{'-' if number < 0 else ''}{whole:,}.{rest:0{_PLACES}}".rstrip("0")


def _scientific(number: Fraction) -> tuple[str, int]:
    exponent = len(str(floor(number))) - 1
    digits = f"{float(number / 10**exponent):.3f}"
    return ("1.000", exponent + 1) if digits == "10.000" else (digits, exponent)
