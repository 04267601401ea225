"""The lines of a table, and what became of each: none is dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, Protocol

from tuplecalc.sources.draft import Remark
from tuplecalc.sources.tables.connection import Connection, TableName

_REMARKS = 5
"""How many lines that were not understood are kept; all are counted."""
_LONGEST = 200


class Lines:
    """Lines as text, one after the other, of which the last can be given back.

    >>> lines = Lines("x", [b"a\\n", b"b\\n"])
    >>> lines.give_back(next(iter(lines))), list(lines), lines.number
    (None, ['a', 'b'], 2)
    """

    def __init__(self, name: str, lines: Iterable[bytes]) -> None:
        self.name = name
        self._lines = iter(lines)
        self._back: list[str] = []
        self.number = 0
        """Lines that were read and not given back."""
        self.tables: set[TableName] = set()
        """The tables that were seen to be there."""
        self.passed_over = Counter[str]()
        """Lines that are known to hold no connection, by what they are."""
        self.not_understood = 0
        self.remarks: list[Remark] = []
        """The first of the lines that were not understood."""

    def __iter__(self) -> Iterator[str]:
        """All that are left; several loops, one after the other or one in the other, share them."""
        following, back = self._lines.__next__, self._back
        try:
            while True:
                line = back.pop() if back else following().decode("latin-1").rstrip("\r\n")
                self.number += 1
                yield line
        except StopIteration:
            return

    def give_back(self, line: str) -> None:
        """Take a line as if it had not been read."""
        self._back.append(line)
        self.number -= 1

    def pass_over(self, what: str) -> None:
        """The last line holds no connection, and is meant to hold none."""
        self.passed_over[what] += 1

    def misunderstand(self, line: str, why: str) -> None:
        """The last line is none that a parser knows."""
        self.not_understood += 1
        if len(self.remarks) < _REMARKS:
            said = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
            self.remarks.append(Remark(f"{self.name}:{self.number}", said, why))


class Entries(Protocol):
    """The entries of tables, read once, one after the other."""

    @property
    def name(self) -> str:
        """Where they come from, as messages say it."""

    @property
    def tables(self) -> Collection[TableName]:
        """The tables that were seen to be there, when all has been read."""

    def __iter__(self) -> Iterator[Connection]: ...


class Parser(NamedTuple):
    """How one tool prints its table.

    ``parse`` takes lines as long as they are its own, and gives back the first that is not; it takes at
    least the first where ``recognises`` says that it is its own.
    """

    name: str
    recognises: Callable[[str], bool]
    parse: Callable[[Lines], Iterator[Connection]]
