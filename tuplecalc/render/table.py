"""Rows of cells as lines of text or of Markdown, and paragraphs: how all results are laid out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len, set_cell_size

WIDTH = 80
_WIDEST_NAME = 26


def lines(rows: Iterable[Sequence[str]], left: Collection[int], indent: int = 0, gap: int = 2) -> list[str]:
    """Columns ``gap`` blanks apart; those whose numbers are in ``left`` to the left, the others to the right.

    >>> lines([("hop", "flows"), ("nat", "1,000")], left={0})
    ['hop  flows', 'nat  1,000']
    """
    cells = [tuple(map(str, row)) for row in rows]
    widths = [width_of(*column) for column in zip(*cells, strict=True)]
    found = []
    for row in cells:
        parts = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - cell_len(cell))
            parts.append(cell + blanks if number in left else blanks + cell)
        found.append((" " * indent + (" " * gap).join(parts)).rstrip())
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
