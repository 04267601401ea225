"""Numbers as people read them."""

from fractions import Fraction

import pytest

from tuplecalc.render import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (10**13 - 1, "9,999,999,999,999"),
        (10**13, "1.000e13"),
        (99_999_999_999_999, "1.000e14"),
        (2**128, "3.403e38"),
        (10**400, "1.000e400"),
        (Fraction(17, 3), "17/3"),
        (Fraction(10**30, 7), "1.429e29"),
        (Fraction(10**15 + 1, 10**14), "10"),
    ],
)
def test_count(value: int | Fraction, text: str) -> None:
    assert numbers.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "no limit"),
        (0, "0"),
        (3, "3"),
        (Fraction(1, 10**9), "1.000e-9"),
        (Fraction(1, 3), "0.3333"),
        (Fraction("99.994"), "99.99"),
        (Fraction("100.04"), "100.0"),
        (Fraction("999.94"), "999.9"),
        (Fraction("999.96"), "1,000"),
        (Fraction("1000.5"), "1,000"),
        (10**13, "1.000e13"),
        (10**400, "1.000e400"),
    ],
)
def test_rate(value: int | Fraction | None, text: str) -> None:
    assert numbers.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (Fraction(1, 10**6), "under 0.001%"),
        (Fraction(1, 10**5), "0.001%"),
        (Fraction(99, 1000), "9.9%"),
        (1, "100%"),
        (123, "12,300%"),
        (10**300, "over 1,000,000%"),
    ],
)
def test_percent(value: int | Fraction, text: str) -> None:
    assert numbers.percent(value) == text


@pytest.mark.parametrize(
    ("new", "old", "text"),
    [
        (4, 4, "same"),
        (None, None, "same"),
        (None, 4, "no limit"),
        (4, 0, "from none"),
        (5, 4, "+25%"),
        (3, 4, "-25%"),
        (8, 4, "2×"),
        (9, 4, "2.25×"),
        (10**30, 1, "1.000e30×"),
    ],
)
def test_change(new: int | None, old: int | None, text: str) -> None:
    assert numbers.change(new, old) == text
