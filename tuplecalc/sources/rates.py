"""How fast connections come and how long they stay, by Little's law: hold = open / rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from typing import NamedTuple

from tuplecalc.network.chain import Chain
from tuplecalc.sources.tables.connection import Connection, State, TableName
from tuplecalc.sources.usage import Measured, Total

_TIME_WAIT: dict[TableName, float] = {"sockets": 60, "tracking": 120}
_RESET = 10.0
"""nf_conntrack_tcp_timeout_close."""


class _What(NamedTuple):
    """What entries are counted together by; ``left`` are whole seconds that a closed one has left."""

    table: TableName
    services: str
    protocol: str
    state: State
    left: int | None


class Rates:
    """Entries by state, and of the closed ones by the time that they have left."""

    def __init__(self, chain: Chain, here: Container[str]) -> None:
        self._counts = Counter[_What]()

    def add(self, entry: Connection) -> None:
        """One more."""
        left = entry.remaining
        if left is not None:
            left = int(left) if entry.state in ("lingering", "reset") else None
        self._counts[_What(entry.table, "", entry.protocol, entry.state, left)] += 1

    def total(self, table: TableName) -> Total:
        """A table as a whole."""
        states, others = Counter[State](), 0
        for what, count in self._counts.items():
            if what.table == table:
                states[what.state] += count
                others += count if what.protocol == "other" else 0
        return Total(table, dict(states), others)

    def of_tables(self) -> Iterator[Measured]:
        """Each table's."""
        yield from ()

    def of_services(self) -> Iterator[Measured]:
        """Those of each group of services."""
        yield from ()
