"""How fast connections come and how long they stay: by what closed, by what came, and by Little's law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import NamedTuple

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
from tuplecalc.sources.busy.scoping import endpoints
from tuplecalc.sources.busy.usage import Ends, Left, Measured
from tuplecalc.sources.tables.connection import ANY, LINGER, Connection, State, TableName

_RESET = 10
"""nf_conntrack_tcp_timeout_close."""
_LATEST = 10
"""Of the closed ones that say how long they have left, those of so many seconds count."""
_ENOUGH = 100
"""Where these are so many; else all of them do."""
_FEW = 10
"""Fewer closed ones say nothing of when traffic began."""
_BY_CHANCE = 0.01
"""Of steady traffic so seldom all closed ones stand in a part of the time in which they linger."""
_BLURRED = 2
"""Seconds that timers may be late."""
_BRIEF = 5
"""Seconds of traffic that are too few to tell a rate from."""
_HOLDS: Mapping[TableName, str] = {
    "sockets": "those that this side closed first{}",
    "tracking": "whoever closed first{}; more where closed entries gave way",
}
_TWICE = "look twice, --every 10s"
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

    def ends(self, owner: str, time_wait: float, entries: int = 1) -> Ends:
        """Its flows, each of which has so many entries."""
        states, closed = self.states(owner), {state: dict[int | None, Fraction]() for state in LINGER}
        open_ = Fraction(states["opening"] + states["open"] + states["closing"], entries)
        for (whose, state, left), count in self._counts.items():
            if whose == owner and state in closed:
                closed[state][left] = Fraction(count, entries)
        return Ends(time_wait, open_, closed["lingering"], closed["reset"])

    def states(self, *owners: str) -> Counter[State]:
        """How many of theirs are in which state."""
        found = Counter[State]()
        for (whose, state, _), count in self._counts.items():
            found[state] += count if whose in owners else 0
        return found


class _Closed(NamedTuple):
    """How many closed in the last seconds; why there may be more."""

    number: Fraction
    seconds: float
    why: str = ""


def measured(
    key: tuple[TableName, str, tuple[str, ...]],
    ends: Ends,
    before: Ends | None = None,
    seconds: float = 0.0,
) -> Measured:
    """Rate and hold of what stands in a table, by what is left of the connections that have closed.

    A closed one lingers for a known time, and how long it has left says when it closed.  ``before`` is
    what stood there so many seconds ago:

        rate = closed since / seconds + (open − open before) / seconds

    Of one look the rate is that of closing, since the first of them closed, or in the last 10 s where 100
    did.  Where what began is still open, where none closed lately, and where a table has no timers the
    rate is only known to be at least that.

    >>> steady = Ends(120, Fraction(100), {left: Fraction(20) for left in range(120)})
    >>> found = measured(("tracking", "", ()), steady)
    >>> found.rate, found.hold, found.basis.partition(":")[0]
    (20.0, 5.0, '200 closed in 10 s')
    >>> young = Ends(120, Fraction(5), {left: Fraction(5) for left in range(110, 120)})
    >>> measured(("tracking", "", ()), young).rate
    5.0
    """
    table, services, kinds = key
    was = (before.waiting, before.reset) if before else (None, None)
    closed = _closed(was[0], ends.waiting, seconds, ends.time_wait, ends.open)
    reset = _closed(was[1], ends.reset, seconds, _RESET, ends.open)
    closing = float(closed.number / Fraction(closed.seconds) + reset.number / Fraction(reset.seconds))
    basis = f"{round(closed.number):,} closed in {closed.seconds:g} s"
    if reset.number:
        basis += f", {round(reset.number):,} were reset in {reset.seconds:g} s"
    more, holds = Fraction(0), _HOLDS[table].format(", while the rate is steady" if before is None else "")
    if before is not None:
        more = ends.open - before.open
        basis += f", {round(more):+,} open in {seconds:g} s"
    rate = max(closing + float(more) / (seconds or 1), 0.0)
    why = closed.why or reset.why
    basis = "; ".join(filter(None, (f"{basis}: {holds}", why)))
    return Measured(table, services, floor(ends.open), rate, closing, basis, bool(why), kinds, ends)


def _closed(before: Left | None, after: Left, seconds: float, lingers: float, open_: Fraction) -> _Closed:
    """What closed between two looks, or of one look what its timers tell."""
    count = sum(after.values(), Fraction(0))
    if None in after or (before and None in before):
        why = f"no timers say when, as ss -tano does; {_TWICE}"
        if before is None or seconds >= lingers:
            return _Closed(count, lingers, "" if before is not None or not count else why)
        more = count - sum(before.values())
        is_growing = more / Fraction(seconds) > count / Fraction(lingers)
        return _Closed(more, seconds, why) if is_growing else _Closed(count, lingers, why)
    left = {each: n for each, n in after.items() if each is not None}
    if before is None:
        return _in_one_look(left, count, lingers, open_)
    first = [each for each in before if each is not None]
    window = min(seconds, max([*first, *left], default=lingers) + 1)
    if first:  # what was there has less left now than the longest of them
        known = max(first) - Fraction(seconds)
        count = Fraction(
            sum(n * min(max(each - known, Fraction(0)), Fraction(1)) for each, n in left.items())
        )
    return _Closed(count, window)


def _in_one_look(left: Mapping[int, Fraction], count: Fraction, lingers: float, open_: Fraction) -> _Closed:
    """By when each of them closed: since the first, in the last seconds, or while all of them linger."""
    if not count:
        return _Closed(count, lingers)
    shortest, longest = min(left), max(left)
    lingers, span = max(lingers, longest + 1), longest - shortest + 1
    since = lingers - shortest
    is_young = shortest > _BLURRED and (since / lingers) ** float(count) < _BY_CHANCE
    quiet = lingers - 1 - longest
    if quiet > _BLURRED and (span / since) ** float(count) < _BY_CHANCE:
        why = f"none in the last {quiet:g} s, or they linger for less than {lingers:g} s; {_TWICE}"
        return _Closed(count, since if is_young else lingers, why)
    if is_young and count < _FEW:
        return _Closed(count, lingers, f"traffic may have just begun; {_TWICE}")
    seconds = since if is_young else lingers
    is_told = not is_young or (span >= _BRIEF and _FEW * open_ <= count)
    why = "" if is_told else f"traffic has just begun; {_TWICE}"
    latest = sum((n for each, n in left.items() if each >= lingers - _LATEST), Fraction(0))
    is_enough = latest >= _ENOUGH and seconds > _LATEST
    return _Closed(latest, _LATEST, why) if is_enough else _Closed(count, seconds, why)


def service_of(chain: Chain, unknown: Container[str] = ()) -> Callable[[tuple[str, int]], str]:
    """The group of services that an endpoint belongs to, by its name or place; empty where it is in none.

    The only one has all, and the first unknown one what no other has.

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
        if group.name not in unknown
    ]
    rest = next((group.name or "" for group in chain.services if group.name in unknown), "")

    @lru_cache(maxsize=1 << 16)
    def name(end: tuple[str, int]) -> str:
        return next((name for name, has in groups if has(*end)), rest)

    return name
