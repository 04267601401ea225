"""Rows of cells as lines of text, and the values of an axis in words."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from textwrap import wrap

from rich.cells import cell_len, set_cell_size

from tuplecalc.limits.expression import Number
from tuplecalc.render import numbers

WIDTH = 80
_WIDEST_NAME = 26


def lines(rows: Iterable[Sequence[str]], left: Collection[int], indent: int = 0) -> list[str]:
    """Columns two blanks apart; those whose numbers are in ``left`` to the left, the others to the right.

    >>> lines([("hop", "flows"), ("nat", "1,000")], left={0})
    ['hop  flows', 'nat  1,000']
    """
    cells = [tuple(map(str, row)) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    found = []
    for row in cells:
        parts = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - cell_len(cell))
            parts.append(cell + blanks if number in left else blanks + cell)
        found.append((" " * indent + "  ".join(parts)).rstrip())
    return found


def name(words: str, longest: int = _WIDEST_NAME) -> str:
    """A name, cut where it is long.

    >>> name("a-very-long-name-of-a-balancer"), name("nat")
    ('a-very-long-name-of-a-bal…', 'nat')
    """
    return words if cell_len(words) <= longest else set_cell_size(words, longest - 1).rstrip() + "…"


def prose(words: str, width: int = WIDTH) -> list[str]:
    """A paragraph in lines."""
    return wrap(words, width, break_long_words=False, break_on_hyphens=False)


def setting(written: str) -> str:
    """A setting as it stands behind a command."""
    return f"  --set {shlex.quote(written)}"


def short(number: Number | float, unit: str) -> str:
    """A value of an axis in a table: ``1,000``, ``90 s``, ``0.25``."""
    if unit == "s":
        return f"{float(number):,.12g} s"
    return f"{float(number):,.12g}" if unit in ("", "1/s") else numbers.count(int(number))


def value(number: Number, unit: str) -> str:
    """A value of an axis with all its digits, and in words where these are longer.

    >>> value(86, "addresses"), value(90, "s"), value(0, "s")
    ('86', '90 s (1 min 30 s)', '0 s')
    """
    match unit:
        case "s":
            seconds = f"{float(number):.12g} s"
            words = numbers.duration(float(number)) if number >= 60 else seconds
            return seconds if words == seconds else f"{seconds} ({words})"
        case "":
            return f"{float(number):.12g}"
        case "1/s":
            return f"{numbers.rate(number)}/s"
    return numbers.count(number)
