"""How fast connections come and how long they stay, by Little's law: hold = open / rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache

from tuplecalc.limits.kinds import (
    ACCEPTED,
    ANSWERED,
    CAPTURE,
    CLIENT_PORTS,
    CLIENT_PORTS_BOUND,
    CONE_PORTS,
    ENTRIES,
    FORWARDED,
    LISTENER,
    MEETING,
    REMEMBERED,
    SHARED,
    Kind,
)
from tuplecalc.network.chain import Chain
from tuplecalc.sources.scoping import endpoints
from tuplecalc.sources.tables.connection import ANY, LINGER, Connection, State, TableName
from tuplecalc.sources.usage import Measured

_RESET = 10
"""nf_conntrack_tcp_timeout_close."""
_LATEST = 10
"""Of the closed ones that say how long they have left, those of so many seconds count."""
_ENOUGH = 100
"""Where these are so many; else all of them do."""
_HOLDS: Mapping[TableName, str] = {
    "sockets": "those that this side closed first, while the rate is steady",
    "tracking": "whoever closed first, while the rate is steady; more where closed entries gave way",
}
Endpoint = Callable[[Connection], tuple[str, int]]


def _original(c: Connection) -> tuple[str, int]:
    return c.destination, c.destination_port


def _answering(c: Connection) -> tuple[str, int]:
    return c.answer_source, c.answer_source_port


def _local(c: Connection) -> tuple[str, int]:
    return c.source, c.source_port


def _nowhere(_: Connection) -> tuple[str, int]:
    return ANY, 0


FLOWS: Mapping[Kind, Endpoint] = {
    CLIENT_PORTS: _original,
    CLIENT_PORTS_BOUND: _original,
    CONE_PORTS: _answering,
    FORWARDED: _answering,
    REMEMBERED: _original,
    ACCEPTED: _local,
    LISTENER: _nowhere,
    CAPTURE: _original,
    SHARED: _original,
    ANSWERED: _local,
    MEETING: _local,
    ENTRIES: _answering,
}
"""Limits whose keys clients' flows take, and where such an entry has the endpoint of the service."""


class Tally:
    """Entries by whose they are, their state, and the whole seconds that a closed one has left."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[str, State, int | None]]()

    def add(self, whose: str, entry: Connection) -> None:
        """One more."""
        state, left = entry.state, entry.remaining
        self._counts[whose, state, int(left) if left is not None and state in LINGER else None] += 1

    def owners(self) -> list[str]:
        """All that have an entry."""
        return sorted({whose for whose, _, _ in self._counts})

    def states(self, *owners: str) -> Counter[State]:
        """How many of theirs are in which state."""
        found = Counter[State]()
        for (whose, state, _), count in self._counts.items():
            found[state] += count if whose in owners else 0
        return found

    def left(self, owner: str) -> Counter[int | None]:
        """How long each of its entries in TIME_WAIT has left."""
        rows = self._counts.items()
        found = {left: n for (whose, state, left), n in rows if (whose, state) == (owner, "lingering")}
        return Counter(found)


def measured(
    tally: Tally, owner: str, table: TableName, time_wait: float, services: str = "", entries: int = 1
) -> Measured:
    """Rate and hold of what stands in a table, by what is left of the connections that have closed.

    While nothing changes, as many close a second as come.  A closed one lingers for ``time_wait``, so
    that as many as linger came in these seconds; those that were reset linger for 10 s.
    Where the table says how long each has left, and there are 100, ``time_wait`` is the longest of these,
    and if 100 closed in the last 10 s these count alone.  Each flow has so many ``entries``.
    Little (1961): open = rate × hold.

    >>> tally, ends = Tally(), ("198.18.0.1", 9)
    >>> for number in range(1200):
    ...     tally.add("tcp", Connection("tracking", "tcp", "lingering", *4 * ends, number % 60))
    >>> measured(tally, "tcp", "tracking", 120)
    Measured(table='tracking', services='', open=0, rate=20.0, basis='200 closed in 10 s: whoever closed \
first, while the rate is steady; more where closed entries gave way')
    """
    states, left = tally.states(owner), tally.left(owner)
    open_ = states["opening"] + states["open"] + states["closing"]
    closed, seconds = left.total(), time_wait
    if closed >= _ENOUGH and None not in left:
        longest = max(each or 0 for each in left)
        latest = sum(count for each, count in left.items() if (each or 0) > longest - _LATEST)
        is_enough = latest >= _ENOUGH and longest >= _LATEST
        closed, seconds = (latest, _LATEST) if is_enough else (closed, longest + 1)
    rate = closed / seconds + states["reset"] / _RESET
    basis = f"{closed // entries:,} closed in {seconds:g} s"
    if states["reset"]:
        basis += f", {states['reset'] // entries:,} were reset in {_RESET} s"
    return Measured(table, services, open_ // entries, rate / entries, f"{basis}: {_HOLDS[table]}")


def service_of(chain: Chain) -> Callable[[tuple[str, int]], str]:
    """The group of services that an endpoint belongs to, by its name or place; empty where it is in none.

    The only one has all.

    >>> from tuplecalc.network.file import example
    >>> name = service_of(example("office-and-branch"))
    >>> name(("198.18.0.1", 0)), service_of(example("cone"))(("198.18.0.1", 0))
    ('', 'services')
    """
    if len(chain.services) == 1:
        only = chain.services[0].name or "services"
        return lambda _: only
    groups = [
        (group.name or f"services[{number}]", endpoints([group]))
        for number, group in enumerate(chain.services)
    ]

    @lru_cache(maxsize=1 << 16)
    def name(end: tuple[str, int]) -> str:
        return next((name for name, has in groups if has(*end)), "")

    return name
