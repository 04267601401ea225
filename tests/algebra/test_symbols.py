"""One table of symbols; numbers as they stand in formulas."""

from fractions import Fraction

import pytest
import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra import numbers
from tuplecalc.algebra.symbols import minimum, size_symbol, symbol
from tuplecalc.limits.letters import SYMBOLS


def test_every_letter_has_a_symbol() -> None:
    for letter in SYMBOLS:
        assert symbol(letter, letter) == symbol(letter, letter)
        assert symbol(letter, letter).is_nonnegative
        assert symbol(f"{letter}_nat", letter).assumptions0 == symbol(letter, letter).assumptions0


def test_an_unknown_letter_is_an_error() -> None:
    with pytest.raises(KeyError, match="ß is not in the table of letters"):
        symbol("ß", "ß")


def test_rounding_and_minima_stay_as_they_are() -> None:
    ports, b = size_symbol("|A|"), symbol("b", "b")
    assert sympy.floor(ports / 2) != ports / 2
    assert minimum(ports, b * ports).args
    assert minimum(b, b) == b


@pytest.mark.parametrize(
    ("number", "text", "latex"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (10**15 - 1, "999,999,999,999,999", "999{,}999{,}999{,}999{,}999"),
        (2**128, "2^128", "2^{128}"),
        (65535 * 2**128, "65,535·2^128", r"65{,}535 \cdot 2^{128}"),
        (10**40 + 7, "1.000e40", r"1.000 \cdot 10^{40}"),
        (99999 * 10**40, "1.000e45", r"1.000 \cdot 10^{45}"),
        (Fraction(1, 2), "0.5", "0.5"),
        (Fraction(2469, 2), "1,234.5", "1{,}234.5"),
        (Fraction(1, 3), "1/3", r"\frac{1}{3}"),
        (Fraction(123456789, 10**9), "0.123457", "0.123457"),
        (Fraction(10**13, 3), "3,333,333,333,333.33", "3{,}333{,}333{,}333{,}333.33"),
        (Fraction(10**40, 3), "3.333e39", r"3.333 \cdot 10^{39}"),
        (Fraction(1, 10**18), "1.000e-18", r"1.000 \cdot 10^{-18}"),
    ],
)
def test_numbers(number: int | Fraction, text: str, latex: str) -> None:
    assert numbers.text(number) == text
    assert numbers.latex(number) == latex


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (0, ("0", "=")),
        (Fraction(1, 3), ("0.333333", "≈")),
        (Fraction(1, 10**9), ("1.000e-9", "≈")),
        (Fraction(4608, 5), ("921.6", "=")),
        (Fraction(2580480, 61), ("42,302.95", "≈")),
        (10**30 + 1, ("1.000e30", "≈")),
        (2**100, ("2^100", "=")),
        (Fraction(2**130, 5), ("2.722e38", "≈")),
    ],
)
def test_rates_say_where_they_are_rounded(rate: int | Fraction, written: tuple[str, str]) -> None:
    assert numbers.rounded(rate) == written
    assert "e" not in numbers.rounded_latex(rate).replace("e-", "")
