"""What is busy now beside what the model grants: types that tables fill and renderers show.

:func:`tuplecalc.sources.busy.observe.observe` makes an :class:`Observation` of one look at tables,
:func:`tuplecalc.sources.busy.growth.between` a second one that knows how all has grown since the first::

    Observation
    ├── usages     one Usage for each limit that this machine's tables show: its busiest scopes (Busy)
    ├── uncounted  the other limits of its hops, each with the reason
    ├── totals     one Total for each table that was given: its entries by their state
    ├── measured   rate and hold: one Measured for each table, with services = ""
    └── services   the same of one table for each group of services, for ``--fill``

A share of a :class:`Usage` is of its fullest scope.  Sockets and the tracking table are never added up.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.limit import Limit
from tuplecalc.sources.tables.connection import State, TableName

LINGERS = 1 << 32
"""A key that lingers, in a count that has the open ones in its lower half."""


def taken(count: int) -> int:
    """All keys of such a count.

    >>> taken(3 * LINGERS + 2)
    5
    """
    return sum(divmod(count, LINGERS))


Scope = tuple[Hashable, ...]
"""What tells a scope from others of its limit."""


class Busy(NamedTuple):
    """A scope of a limit: how many of its keys are taken.

    ``labels`` say which scope it is: ``{"address": "198.18.0.1", "endpoint": "198.18.9.9:443"}``, empty
    where a table is one scope.
    """

    labels: Mapping[str, str]
    open: int
    """Keys of connections that are opening, open or closing."""
    lingering: int
    """Keys that are taken after the close."""
    growth: float | None = None
    """Keys a second that it has gained between two looks; None of one look."""
    lingering_growth: float = 0.0
    """Those of them that linger."""
    lingers: float = 0.0
    """Seconds after which a key that lingers is free, so that these grow for no longer."""

    @property
    def taken(self) -> int:
        """All keys that are taken."""
        return self.open + self.lingering

    def runs_dry_in(self, size: int) -> float | None:
        """Seconds until all of so many keys are taken, if it goes on growing as it does now.

        What is open may grow for ever, what lingers for as long as a key does: full at the first ``t``
        with ``taken + g_open·t + g_lingering·min(t, lingers) ≥ size``.  None where there is none, or where
        the growth is not known.

        >>> Busy({}, 60, 30, growth=2.0).runs_dry_in(100)
        5.0
        >>> Busy({}, 60, 30, growth=2.0, lingering_growth=1.0, lingers=4.0).runs_dry_in(100)
        6.0
        >>> Busy({}, 60, 40, growth=-1.0).runs_dry_in(100)
        0.0
        """
        if self.growth is None:
            return None
        if self.taken >= size:
            return 0.0
        room, opening = size - self.taken, self.growth - self.lingering_growth
        if self.growth > 0 and (opening == self.growth or room <= self.growth * self.lingers):
            return room / self.growth
        return self.lingers + (room - self.growth * self.lingers) / opening if opening > 0 else None


@dataclass(frozen=True)
class Usage:
    """A limit of the model beside the table that it is a limit of."""

    limit: Limit
    size: int
    """Keys of one scope."""
    table: TableName
    """Which of the two was counted: a connection stands in both, so that they are never added up."""
    scopes: int
    """How many scopes have a key taken."""
    busiest: tuple[Busy, ...]
    """The fullest scopes, fullest first."""
    left_out: int = 0
    """Entries like its flows' that go to services which none of several groups in the chain has."""
    giving_way: int = 0
    """Entries of closed connections that yield their keys to the next ones, so that they take none."""

    @property
    def share(self) -> float:
        """The share of its keys that the fullest scope has taken; 0 where nothing is open."""
        return self.busiest[0].taken / self.size if self.busiest and self.size else 0.0

    @property
    def runs_dry_in(self) -> float | None:
        """Seconds until the first of the listed scopes is full, as they grow now; None where none grows."""
        found = (each.runs_dry_in(self.size) for each in self.busiest)
        return min((each for each in found if each is not None), default=None)


class Uncounted(NamedTuple):
    """A limit that was not counted, and why."""

    limit: Limit
    why: str


@dataclass(frozen=True)
class Total:
    """A table as a whole: how many entries are in which state, of all protocols."""

    table: TableName
    states: Mapping[State, int]
    others: int = 0
    """Those of them that are neither TCP's nor UDP's (the tracking table has such)."""

    @property
    def lingering(self) -> int:
        """Entries that are left of closed connections."""
        return self.states.get("lingering", 0) + self.states.get("reset", 0)

    @property
    def open(self) -> int:
        """Entries of connections that are opening, open or closing."""
        return sum(self.states.values()) - self.lingering - self.states.get("listening", 0)


Left = Mapping[int | None, Fraction]
"""How many closed connections have so many whole seconds left; None where the table does not say."""


@dataclass(frozen=True)
class Ends:
    """Connections of TCP that stand in a table: how many are open, and what is left of the closed ones."""

    time_wait: float = 120.0
    """How many seconds TIME_WAIT lasts there."""
    open: Fraction = Fraction(0)
    """Those that are opening, open or closing."""
    waiting: Left = field(default_factory=dict)
    """In TIME_WAIT."""
    reset: Left = field(default_factory=dict)

    def __add__(self, other: Ends) -> Ends:
        waiting, reset = (
            {left: Fraction(one.get(left, 0) + more.get(left, 0)) for left in {*one, *more}}
            for one, more in ((self.waiting, other.waiting), (self.reset, other.reset))
        )
        return Ends(self.time_wait, self.open + other.open, waiting, reset)


@dataclass(frozen=True)
class Measured:
    """Rate and hold of TCP's connections in a table: an estimate, ``basis`` says of what."""

    table: TableName
    services: str
    """Which group of services, by its name or number in the chain; empty for the whole table."""
    open: int
    """Connections that are opening, open or closing."""
    rate: float
    """New connections a second."""
    closing: float
    """Those that close in a second."""
    basis: str
    """What was counted over which time, and when that is the rate."""
    is_at_least: bool = False
    """Whether the tables do not tell the rate, and it may be higher."""
    kinds: tuple[str, ...] = ()
    """The kinds of traffic of which these flows can be."""
    ends: Ends = field(default=Ends(), repr=False, compare=False)
    """What was counted."""

    @property
    def hold(self) -> float | None:
        """Mean seconds that a connection is open, open ÷ closing; None where that is not known.

        Little's law (1961), and while the rate changes that of exponential holds: as many of the open
        ones close in a second as ever.

        >>> Measured("tracking", "", 600, 25.0, 20.0, "").hold
        30.0
        """
        return self.open / self.closing if self.closing and not self.is_at_least else None


@dataclass(frozen=True)
class Observation:
    """One look at a machine's tables."""

    usages: tuple[Usage, ...]
    uncounted: tuple[Uncounted, ...]
    totals: tuple[Total, ...]
    measured: tuple[Measured, ...]
    services: tuple[Measured, ...]
    clients: int = 0
    """Addresses of clients that have a connection; 0 where that is not seen."""
    scopes: tuple[Mapping[Scope, int], ...] = field(default=(), repr=False, compare=False)
    """Of each usage the keys of all its scopes, one that lingers as ``LINGERS``, for a second look."""
