"""Rows of cells as lines of text or of Markdown, and paragraphs: how all results are laid out."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple, TextIO, TypeVar

WIDTH = 80
_WIDEST_PROSE = 120
_WIDE = 140
_NARROWEST = 20
_WIDEST_NAME = 26
_PARTS = re.compile(r"[^-_.:/+, ]*(?:[-_.:/+, ]|$)")
_MOST_LINES = 6


class Page(NamedTuple):
    """The columns that a paragraph may take, and a table; None where this has all that it needs."""

    prose: int = WIDTH
    table: int | None = None

    @property
    def is_wide(self) -> bool:
        """Whether there is room for what is only worth saying beside the rest."""
        return self.table is not None and self.table >= _WIDE


PAGE = Page()
"""What a pipe, a file and a notebook get, whatever terminal is around."""


def page(stream: TextIO | None = None) -> Page:
    """The room on standard output or a stream: its terminal's, or what COLUMNS says; else :data:`PAGE`."""
    written = os.environ.get("COLUMNS", "")
    if written.isascii() and written.isdecimal() and int(written):
        columns = int(written)
    else:
        try:
            columns = os.get_terminal_size((stream or sys.stdout).fileno()).columns
        except (OSError, ValueError):  # it is no terminal, or nothing that has a number
            return PAGE
    columns = max(columns or WIDTH, _NARROWEST)
    return Page(min(columns, _WIDEST_PROSE), columns)


class Way(NamedTuple):
    """One way to lay out a table: its longest name, its longest count, the blanks between its columns."""

    names: int
    longest: int
    gap: int


class Fitted(NamedTuple):
    """A table that fits: its header's lines, those of each row, and the headers of what is left out."""

    head: list[str]
    blocks: list[list[str]]
    left_out: tuple[str, ...]

    @property
    def width(self) -> int:
        """The columns that it takes."""
        return width_of(*self.head, *(line for block in self.blocks for line in block))

    def lines(self) -> list[str]:
        """All of it, without a rule below the header."""
        return [*self.head, *(line for block in self.blocks for line in block), *self.note()]

    def note(self) -> list[str]:
        """What a wider terminal shows more."""
        named = ", ".join(dict.fromkeys(filter(None, self.left_out)))
        return prose(f"A wider terminal shows also: {named}.", max(self.width, _NARROWEST)) if named else []


def fitted(
    build: Callable[[Way], Iterable[Sequence[str]]],
    width: int | None,
    ways: Sequence[Way],
    left: Collection[int],
    drop: Sequence[Collection[int]] = (),
) -> Fitted:
    """The table, a header and rows, laid out the first way that fits, with as many columns as that allows.

    The columns of ``drop`` go one group after the other, the least important first.  Only then is the last
    way taken, with cells broken between words; without room for that a table is wider than the width: no
    figure is ever cut.

    >>> rows = [("hop", "kind", "flows"), ("nat", "cone", "1,000")]
    >>> found = fitted(lambda way: rows, 12, [Way(9, 9, 2)], left={0, 1}, drop=[{1}])
    >>> found.head, found.blocks, found.left_out
    (['hop  flows'], [['nat  1,000']], ('kind',))
    """
    gone: set[int] = set()
    for more in ((), *drop):
        gone |= set(more)
        for way in ways[:-1] or ways:
            header, *rows = build(way)
            found = _laid_out([header, *rows], gone, left, way.gap)
            if width is None or found.width <= width:
                return found
    header, *rows = build(ways[-1])
    narrow = squeezed([_without(gone, row) for row in (header, *rows)], width or 0, ways[-1].gap)
    kept = _without(gone, range(len(header)))
    head, *others = blocks(narrow, {n for n, column in enumerate(kept) if column in left}, gap=ways[-1].gap)
    return Fitted(head, others, found.left_out)


T = TypeVar("T")


def _without(gone: Collection[int], row: Iterable[T]) -> tuple[T, ...]:
    return tuple(cell for number, cell in enumerate(row) if number not in gone)


def _laid_out(
    rows: Sequence[Sequence[str]], gone: Collection[int], left: Collection[int], gap: int
) -> Fitted:
    kept = _without(gone, range(len(rows[0])))
    words = {number for number, column in enumerate(kept) if column in left}
    head, *others = blocks((_without(gone, row) for row in rows), words, gap=gap)
    return Fitted(head, others, tuple(rows[0][number] for number in sorted(gone)))


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


def cell_len(text: str) -> int:
    """The columns of a terminal that a text takes; rich is loaded only for other characters than ASCII's."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    from rich.cells import set_cell_size

    return set_cell_size(text, width).rstrip()


def width_of(*cells: str) -> int:
    """The columns of a terminal that the widest takes."""
    return max(map(cell_len, cells))


def name(words: str, longest: int = _WIDEST_NAME) -> str:
    """A name, cut where it is long.

    >>> name("a-very-long-name-of-a-balancer"), name("nat")
    ('a-very-long-name-of-a-bal…', 'nat')
    """
    return words if cell_len(words) <= longest else _cut(words, longest - 1) + "…"


def folded(words: str, longest: int, hang: str = "") -> str:
    """A name in lines, broken behind what separates its words, the others behind ``hang``; cut after six.

    >>> folded("haproxy-be_web+app", 8), folded("nat", 8), folded("abcdefghijkl" * 4, 9, " ")[-8:]
    ('haproxy-\\nbe_web+\\napp', 'nat', ' fghijkl')
    """
    longest = max(longest, cell_len(hang) + 2)  # room for one character of any width
    found, room = [""], longest
    for part in _PARTS.findall(words):
        left = part
        while left:
            if cell_len(found[-1] + left) <= room:
                found[-1] += left
                break
            if not found[-1]:  # one word is longer than a line
                found[-1] = _cut(left, room)
                left = left[len(found[-1]) :]
            if left:
                found, room = [*found, ""], longest - cell_len(hang)
    last = _MOST_LINES - 1
    if len(found) > last:
        found = [*found[:last], name("".join(found[last:]), longest - cell_len(hang))]
    return f"\n{hang}".join(found)


def squeezed(rows: Iterable[Sequence[str]], width: int | None, gap: int) -> list[tuple[str, ...]]:
    """Rows of which the widest cells are broken between words until they fit a width, as far as they can.

    >>> squeezed([("nat", "0.348% to 0.349%"), ("office", "0.1%")], 20, 2)
    [('nat', '0.348% to\\n0.349%'), ('office', '0.1%')]
    """
    if width is None:
        return [tuple(row) for row in rows]
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
