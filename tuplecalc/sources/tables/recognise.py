"""Which tool printed a table: by what is in its lines.  Several tables may stand in one stream."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from tuplecalc.errors import InputError, show
from tuplecalc.sources.tables import conntrack, procfs, ss
from tuplecalc.sources.tables.connection import Connection, TableName
from tuplecalc.sources.tables.lines import Lines, Parser

PARSERS: tuple[Parser, ...] = (conntrack.PARSER, ss.PARSER, procfs.PARSER)
_LONGEST = 1 << 16
_GZIP = b"\x1f\x8b"
_WAY_OUT = (
    "give the output of ss -tan, ss -uan or conntrack -L -o extended, or a copy of /proc/net/nf_conntrack "
    "or /proc/net/tcp"
)


class Stream:
    """The connections of one source, one after the other; what became of other lines is in ``lines``.

    One without lines is a tracking table without entries.
    Raises :class:`~tuplecalc.errors.InputError` where there is no table in its lines.

    >>> stream = Stream("x", [b"udp 17 29 src=198.18.0.1 dst=198.18.0.2 sport=9 dport=53 [UNREPLIED] "
    ...                       b"src=198.18.0.2 dst=198.18.0.1 sport=53 dport=9 use=1"])
    >>> [each.destination_port for each in stream], stream.tables
    ([53], {'tracking'})
    """

    def __init__(self, name: str, lines: Iterable[bytes]) -> None:
        self.name = name
        self.lines = Lines(name, lines)

    @property
    def tables(self) -> set[TableName]:
        """The tables that were seen so far."""
        return self.lines.tables

    def __iter__(self) -> Iterator[Connection]:
        lines = self.lines
        for line in lines:
            if not line.strip():
                lines.pass_over("empty lines")
            elif parser := next((each for each in PARSERS if each.recognises(line)), None):
                lines.give_back(line)
                yield from parser.parse(lines)
            else:
                lines.misunderstand(line, "this is no line of a table of connections")
        has_none = lines.number == lines.not_understood + lines.passed_over.total()
        if has_none and lines.remarks:
            where, said, why = lines.remarks[0]
            raise InputError(f"{where}: {show(said)}: {why}; {_WAY_OUT}")
        if not lines.tables:  # of an idle machine conntrack prints nothing
            lines.tables.add("tracking")


def stream(path: str) -> Stream:
    """The stream of a file, plain or packed by gzip; of standard input for ``-``.

    It raises :class:`~tuplecalc.errors.InputError` when it is read, where it cannot be.
    """
    return Stream("standard input" if path == "-" else path, _lines(path))


def _lines(path: str) -> Iterator[bytes]:
    """The lines; of one without an end no more than 64 KiB at once."""
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
            is_packed = getattr(file, "peek", lambda _: b"")(2)[:2] == _GZIP
            whole = gzip.GzipFile(fileobj=file) if is_packed else file
            yield from iter(partial(whole.readline, _LONGEST), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
