"""Rows of cells as lines of text or of Markdown, and paragraphs: how all results are laid out."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
_WIDEST_NAME = 26
_PARTS = re.compile(r"[^-_.:/+, ]*(?:[-_.:/+, ]|$)")
_MOST_LINES = 6


def lines(rows: Iterable[Sequence[str]], left: Collection[int], indent: int = 0, gap: int = 2) -> list[str]:
    """Columns ``gap`` blanks apart; those whose numbers are in ``left`` to the left, the others to the right.

    >>> lines([("hop", "flows"), ("nat", "1,000")], left={0})
    ['hop  flows', 'nat  1,000']
    """
    return [line for row in blocks(rows, left, indent, gap) for line in row]


def blocks(
    rows: Iterable[Sequence[str]], left: Collection[int], indent: int = 0, gap: int = 2
) -> list[list[str]]:
    """The same, row by row: one has several lines where a cell has."""
    cells = [[cell.split("\n") for cell in row] for row in rows]
    widths = [width_of(*(line for cell in column for line in cell)) for column in zip(*cells, strict=True)]
    found = []
    for row in cells:
        block = []
        for line in zip_longest(*row, fillvalue=""):
            parts = []
            for number, (cell, width) in enumerate(zip(line, widths, strict=True)):
                blanks = " " * (width - cell_len(cell))
                parts.append(cell + blanks if number in left else blanks + cell)
            block.append((" " * indent + (" " * gap).join(parts)).rstrip())
        found.append(block)
    return found


def width_of(*cells: str) -> int:
    """The columns of a terminal that the widest takes."""
    return max(map(cell_len, cells))


def name(words: str, longest: int = _WIDEST_NAME) -> str:
    """A name, cut where it is long.

    >>> name("a-very-long-name-of-a-balancer"), name("nat")
    ('a-very-long-name-of-a-bal…', 'nat')
    """
    return words if cell_len(words) <= longest else set_cell_size(words, longest - 1).rstrip() + "…"


def folded(words: str, longest: int, hang: str = "") -> str:
    """A name in lines, broken behind what separates its words, the others behind ``hang``; cut after six.

    >>> folded("haproxy-be_web+app", 8), folded("nat", 8), folded("abcdefghijkl" * 4, 9, " ")[-8:]
    ('haproxy-\\nbe_web+\\napp', 'nat', ' fghijkl')
    """
    found, room = [""], longest
    for part in _PARTS.findall(words):
        left = part
        while left:
            if cell_len(found[-1] + left) <= room:
                found[-1] += left
                break
            if not found[-1]:  # one word is longer than a line
                found[-1] = set_cell_size(left, room).rstrip()
                left = left[len(found[-1]) :]
            if left:
                found, room = [*found, ""], longest - cell_len(hang)
    last = _MOST_LINES - 1
    if len(found) > last:
        found = [*found[:last], name("".join(found[last:]), longest - cell_len(hang))]
    return f"\n{hang}".join(found)


def squeezed(rows: Iterable[Sequence[str]], width: int, gap: int) -> list[tuple[str, ...]]:
    """Rows of which the widest cells are broken between words until they fit a width, as far as they can.

    >>> squeezed([("nat", "0.348% to 0.349%"), ("office", "0.1%")], 20, 2)
    [('nat', '0.348% to\\n0.349%'), ('office', '0.1%')]
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    for column in sorted(columns, key=lambda column: -width_of(*column)):
        widths = [width_of(*(line for cell in each for line in cell.split("\n"))) for each in columns]
        more = sum(widths) + gap * (len(widths) - 1) - width
        if more > 0:
            most = width_of(*column) - more
            column[:] = [cell if "\n" in cell else "\n".join(_broken(cell, most)) for cell in column]
    return list(zip(*columns, strict=True))


def _broken(cell: str, width: int) -> list[str]:
    indent = cell[: len(cell) - len(cell.lstrip())]
    return prose(cell, width, indent, indent)


def room(console: Console) -> int | None:
    """The columns that a table may take; None in a pipe, unless COLUMNS says: it has all that it needs."""
    return console.width if console.is_terminal or "COLUMNS" in os.environ else None


def prose(words: str, width: int = WIDTH, start: str = "", hang: str = "") -> list[str]:
    """A paragraph in lines, the first behind ``start``, the others behind ``hang``; long words stay whole.

    >>> prose("a NAT-mode balancer", 14, "• ", "  ")
    ['• a NAT-mode', '  balancer']
    """
    found, is_new = [start], True
    for word in words.split():
        if not is_new and cell_len(f"{found[-1]} {word}") > width:
            found, is_new = [*found, hang], True
        found[-1] += word if is_new else f" {word}"
        is_new = False
    return found


def setting(written: str) -> str:
    """A setting as it stands behind a command: in quotes where a shell wants them."""
    return f"  --set {shlex.quote(written)}"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A table in Markdown, of cells that are Markdown; the first ``words`` columns to the left."""
    rule = ["---"] * words + ["--:"] * (len(header) - words)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def escaped(row: Iterable[str]) -> list[str]:
    """Plain words for a row in Markdown."""
    return [in_markdown(cell) for cell in row]


def in_markdown(text: str) -> str:
    r"""Plain words in Markdown.

    >>> print(in_markdown("a|b *c*"))
    a\|b \*c\*
    """
    for mark in "\\|*_<`[$":
        text = text.replace(mark, "&lt;" if mark == "<" else f"\\{mark}")
    return text
