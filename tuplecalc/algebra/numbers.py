"""Exact numbers as they stand in a substitution: in plain text and in LaTeX.

Counts are exact as long as they can be read: with separators, or as powers of two where they are
huge and round.  What is rounded says so (:func:`is_exact`).
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import floor, log10

from tuplecalc.limits.expression import Number

_LONGEST = 10**15
_SHORT = 10**6
_SMALLEST = Fraction(1, 1000)
_PLACES = 6


def is_exact(number: Number) -> bool:
    """Whether :func:`text` and :func:`latex` print the number without rounding.

    >>> is_exact(2**128), is_exact(3**128), is_exact(Fraction(3**128, 2))
    (True, False, False)
    """
    if number.denominator == 1:
        return abs(number.numerator) < _LONGEST or _binary(number.numerator) is not None
    return bool(_decimal(Fraction(number))) or max(abs(number.numerator), number.denominator) < _SHORT


def text(number: Number) -> str:
    """A count or a duration in plain text.

    >>> text(1290240), text(2**128), text(3 * 2**100), text(10**45 + 1)
    ('1,290,240', '2^128', '3·2^100', '1.000e45')
    >>> text(Fraction(1, 2)), text(Fraction(17, 3))
    ('0.5', '17/3')
    """
    if not is_exact(number):
        return _nearest(Fraction(number))
    if number.denominator != 1:
        return _decimal(Fraction(number)) or f"{number.numerator:,}/{number.denominator:,}"
    if abs(number.numerator) < _LONGEST:
        return f"{number.numerator:,}"
    odd, power = _binary(number.numerator) or (1, 0)
    return f"2^{power}" if odd == 1 else f"{odd:,}·2^{power}"


def latex(number: Number) -> str:
    r"""The same in LaTeX.

    >>> print(latex(1290240), latex(3 * 2**100), latex(10**45 + 1), latex(Fraction(17, 3)))
    1{,}290{,}240 3 \cdot 2^{100} 1.000 \cdot 10^{45} \frac{17}{3}
    """
    return _in_latex(text(number))


def rounded(number: Number) -> tuple[str, str]:
    """A rate as a decimal number, and ``"="`` or ``"≈"``: exact where two places are enough.

    >>> rounded(Fraction(1290240, 61)), rounded(40320), rounded(Fraction(4608, 5))
    (('21,151.48', '≈'), ('40,320', '='), ('921.6', '='))
    >>> rounded(Fraction(1, 3)), rounded(Fraction(10**30, 7))
    (('0.333333', '≈'), ('1.429e29', '≈'))
    """
    if (number * 100).denominator == 1 and is_exact(number):
        return text(number), "="
    return _nearest(Fraction(number)), "≈"


def rounded_latex(number: Number) -> str:
    r"""The same number in LaTeX.

    >>> print(rounded_latex(Fraction(1290240, 61)), rounded_latex(Fraction(10**30, 7)))
    21{,}151.48 1.429 \cdot 10^{29}
    """
    return _in_latex(rounded(number)[0])


def _in_latex(written: str) -> str:
    written = written.replace(",", "{,}").replace("·", r" \cdot ")
    digits, e, exponent = written.partition("e")
    if e:
        return rf"{digits} \cdot 10^{{{exponent}}}"
    above, slash, below = written.partition("/")
    return rf"\frac{{{above}}}{{{below}}}" if slash else re.sub(r"\^(\d+)", r"^{\1}", written)


def _nearest(number: Fraction) -> str:
    if _SMALLEST <= number < _LONGEST:
        return f"{float(number):,.2f}" if number >= 1000 else f"{float(number):.6g}"
    exponent = len(str(floor(number))) - 1 if number >= 1 else floor(log10(number))
    digits = f"{float(number / Fraction(10) ** exponent):.3f}"
    return f"1.000e{exponent + 1}" if digits == "10.000" else f"{digits}e{exponent}"


def _binary(whole: int) -> tuple[int, int] | None:
    """``odd, power`` with whole = odd · 2^power, where odd is short."""
    if not whole:
        return None
    power = (whole & -whole).bit_length() - 1
    odd = whole >> power
    return (odd, power) if abs(odd) < _SHORT else None


def _decimal(number: Fraction) -> str:
    """A decimal fraction of a few places, or nothing."""
    scaled = number * 10**_PLACES
    if scaled.denominator != 1 or abs(scaled) >= _LONGEST:
        return ""
    whole, rest = divmod(abs(scaled.numerator), 10**_PLACES)
    return f"{'-' if number < 0 else ''}{whole:,}.{rest:0{_PLACES}}".rstrip("0")
