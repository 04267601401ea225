"""Numbers for people: thousands separated, and short where they are very large or very small."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

from tuplecalc.limits.expression import Number

_TIMES = ((86400, "days"), (3600, "h"), (60, "min"), (1, "s"))
LONGEST = 10**13  # 17 characters with separators: what a column of the table holds


def count(value: Number | None, longest: int = LONGEST) -> str:
    """A count: exact, or rounded in powers of ten where it is too long to read (``longest`` and up).

    >>> count(1290240), count(Fraction(17, 3)), count(2**100), count(1290240, 10**6), count(None)
    ('1,290,240', '17/3', '1.268e30', '1.290e6', 'no limit')
    """
    if value is None:
        return "no limit"
    if value >= longest:
        return scientific(value)
    if value.denominator == 1:
        return f"{value.numerator:,}"
    return f"{value.numerator:,}/{value.denominator:,}" if value.numerator < longest else rate(value)


def rate(value: Number | None, longest: int = LONGEST) -> str:
    """A rate in connections a second, to about four digits: ``no limit`` where nothing limits it.

    >>> rate(Fraction(12902400, 610)), rate(Fraction(1, 3)), rate(0), rate(None)
    ('21,151', '0.3333', '0', 'no limit')
    >>> rate(Fraction(6451200, 11000)), rate(10**20)
    ('586.5', '1.000e20')
    """
    if value is None:
        return "no limit"
    if value >= longest or 0 < value < Fraction(1, 1000):
        return scientific(value)
    if value >= Fraction("999.95") or value == floor(value):
        return f"{round(value):,}"
    return f"{float(value):.1f}" if value >= 100 else f"{float(value):.4g}"


def per_second(value: float | Number) -> str:
    """A rate with its unit.

    >>> per_second(1516.4), per_second(Fraction(1, 3))
    ('1,516/s', '0.3333/s')
    """
    return f"{rate(Fraction(value))}/s"


def connections(number: int | None) -> str:
    """So many connections.

    >>> connections(1), connections(5160960), connections(None)
    ('1 connection', '5,160,960 connections', 'no limit connections')
    """
    return f"{count(number)} connection{'' if number == 1 else 's'}"


def percent(value: Number) -> str:
    """A share in percent; beside 100% with as many digits as it takes to tell them apart.

    >>> percent(Fraction(1, 2)), percent(Fraction(7, 1000)), percent(Fraction(119, 100))
    ('50%', '0.7%', '119%')
    >>> percent(Fraction(9984, 10000)), percent(1), percent(Fraction(10**9 + 1, 10**9))
    ('99.8%', '100%', 'just over 100%')
    """
    if 0 < value < Fraction(1, 10**5):
        return "under 0.001%"
    share = float(value) * 100 if value < 10**9 else float(10**11)
    if share >= 10**6:
        return "over 1,000,000%"
    if value != 1 and f"{share:,.0f}" == "100":
        return _beside_100(value)
    return f"{share:,.0f}%" if share >= 10 else f"{share:.2g}%"


def _beside_100(value: Number) -> str:
    for digits in (1, 2, 3):
        if (text := f"{float(value) * 100:.{digits}f}") != f"{100:.{digits}f}":
            return f"{text}%"
    return "just over 100%" if value > 1 else "just under 100%"


def used(value: Number | None) -> str:
    """How much of a hop's highest rate is offered; a dash where nothing limits it.

    >>> used(Fraction(119, 100)), used(Fraction(1, 10**9)), used(None)
    ('119%', '<0.001%', '–')
    """
    if value is None:
        return "–"
    return percent(value) if value >= Fraction(1, 10**5) else "<0.001%"


def share(value: float) -> str:
    """A share of connections: in percent to about three digits, or as one in so many where it is tiny.

    >>> share(0.1618), share(0.00014), share(2e-6), share(2.1e-7), share(4e-12), share(0.0), share(1.0)
    ('16.2%', '0.014%', '1 in 500,000', '1 in 4.8 million', '1 in 250 billion', 'none', '100%')
    >>> share(1e-30), share(0.9997), share(1 - 1e-8)
    ('practically none', '99.97%', 'just under 100%')
    """
    if not value:
        return "none"
    if value < 1e-12:
        return "practically none"
    if value < 1e-5:
        return f"1 in {_rounded(1 / value)}"
    text = f"{value * 100:.3g}"
    return f"{text}%" if text != "100" or value == 1 else _beside_100(Fraction(value))


def _rounded(value: float) -> str:
    """A large number to two digits: ``480,000``, ``4.8 million``."""
    value = float(f"{value:.1e}")
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:,.12g}{word}"
    return f"{value:,.0f}"


def between(ends: Iterable[float], write: Callable[[float], str] = share) -> str:
    """Two bounds, or one where both read the same.

    >>> between((0.1618, 0.1619)), between((0.1618, 0.17))
    ('16.2%', '16.2% to 17%')
    """
    low, high = map(write, ends)
    return low if low == high else f"{low} to {high}"


def written(value: float) -> str:
    """A share as it was asked for, with all its digits.

    >>> written(1e-3), written(0.999999999999), written(1e-6), written(1e-300)
    ('0.1%', '99.9999999999%', '1e-6', '1e-300')
    """
    return f"{value:.12g}".replace("e-0", "e-") if value < 1e-5 else f"{value * 100:.12g}%"


def duration(seconds: float) -> str:
    """A time, to about three digits.

    >>> duration(0.0421), duration(0.1904), duration(56.464), duration(548.2), duration(7500)
    ('42.1 ms', '190 ms', '56.5 s', '9 min 8 s', '2 h 5 min')
    >>> duration(200000), duration(59.97), duration(3599.7), duration(86399), duration(1e-9)
    ('2 days 8 h', '1 min', '1 h', '1 day', 'under 1 µs')
    """
    if seconds < 59.95:
        for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if seconds >= 0.9995 * size:
                number = seconds / size
                return f"{number:.3g} {unit}" if number < 999.5 else f"{number:.0f} {unit}"
        return "under 1 µs"
    (size, unit), (smaller, rest_of) = next(
        pair for pair in pairwise(_TIMES) if round(seconds / pair[1][0]) * pair[1][0] >= pair[0][0]
    )
    rounded = round(seconds / smaller)
    whole, rest = divmod(rounded, size // smaller)
    unit = "day" if unit == "days" and whole == 1 else unit
    return f"{whole:,} {unit} {rest} {rest_of}" if rest and whole < 100 else f"{whole:,} {unit}"


def short(value: Number | float, unit: str) -> str:
    """A value of an axis in a table: ``1,000``, ``90 s``, ``0.25``."""
    if unit == "s":
        return f"{float(value):,.12g} s"
    return f"{float(value):,.12g}" if unit in ("", "1/s", "per flow") else count(int(value))


def with_unit(value: Number, unit: str) -> str:
    """A value of an axis with all its digits, and in words where these are longer.

    >>> with_unit(86, "addresses"), with_unit(90, "s"), with_unit(0, "s")
    ('86', '90 s (1 min 30 s)', '0 s')
    """
    match unit:
        case "s":
            seconds = f"{float(value):.12g} s"
            words = duration(float(value)) if value >= 60 else seconds
            return seconds if words == seconds else f"{seconds} ({words})"
        case "" | "per flow":
            return f"{float(value):.12g}"
        case "1/s":
            return f"{rate(value)}/s"
    return count(value)


def change(new: Number | None, old: Number | None) -> str:
    """How a figure changes: ``+25%``, ``2×``.

    >>> change(5, 4), change(8, 4), change(3, 4), change(4, 4), change(None, 4)
    ('+25%', '2×', '-25%', 'same', 'no limit')
    >>> change(2000, 1), change(10**9, 1)
    ('2,000×', '1.000e9×')
    """
    if new == old:
        return "same"
    if new is None or not old:
        return "no limit" if new is None else "from none"
    ratio = Fraction(new) / old
    if ratio >= 2:
        if 1000 <= ratio < 10**6:
            return f"{float(ratio):,.0f}×"
        return f"{float(ratio):.3g}×" if ratio < 10**6 else f"{scientific(ratio)}×"
    return f"{float(ratio - 1) * 100:+.3g}%"


def scientific(value: Number | float, digits: int = 3) -> str:
    """A positive number in powers of ten, with so many digits behind the point.

    >>> scientific(2**100), scientific(Fraction(1, 3 * 10**7)), scientific(99999)
    ('1.268e30', '3.333e-8', '1.000e5')
    """
    top, below = value.as_integer_ratio()
    return f"{Decimal(top) / below:.{digits}e}".replace("e+", "e")
