"""Proxies in a row: each leg has to differ from its neighbours, in the table that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise, starmap
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

from tuplecalc.limits.elsewhere import NONE, ONE, Elsewhere, busiest
from tuplecalc.limits.expression import Constant, Expression, Number, Size, Sum, apart, atoms
from tuplecalc.limits.flow import Linger
from tuplecalc.limits.kinds import ROW
from tuplecalc.limits.legs import Leg, Membership, Table
from tuplecalc.limits.limit import Limit
from tuplecalc.network.values import exact

MOST_LEGS = 8
"""Faces of so many legs at most are looked at; of longer rows the truth may lie some per cent lower."""


class Rows:
    """The rows of one chain, by the leg that leaves them."""

    def __init__(self) -> None:
        self._ending: dict[Leg, tuple[Table, ...]] = {}
        self._known = _Known()

    def ending_with(self, table: Table) -> Iterator[Limit]:
        r"""The faces of k ≥ 3 legs in a row that end with the one that leaves this table.

        ========= ============ ======= ====== =========
        limit     size         copies  keys   seconds
        ========= ============ ======= ====== =========
        shared-k  Σ_p α        b·E'    k      Σ π
        ========= ============ ======= ====== =========

        Keys of neighbours must differ, legs further apart may use the same port: for the flows the size
        is the sum over ports of the legs that can hold one at once.  For the rate let a leg have the
        weight π, so that in each table both legs' times stand in the same ratio as their weights: from
        the last leg's time there, one leg at a time towards the first.  With z = π·x each table then says
        z + z' ≤ C on every port, C = π over the leg's time there, and each leg's other spaces say z ≤ B.
        The face is

            λ ≤ Σ_p h · copies / Σ π          h = the largest Σ z of the legs that may use p

        and h is found from one end: the last leg takes all it can, the next one what that leaves, and so
        on, since what a leg at the end takes costs its only neighbour no more than that.

        A row goes on where each source and service have one table, and no hop between changes what is
        addressed.  Only faces that are lower than those of parts of the row are listed.
        """
        if not table.is_single:
            return
        before = self._ending.get(table.entering.leg, ())
        if before and before[-1].behind is not table.before:
            before = ()
        self._ending[table.leaving.leg] = tables = (*before[2 - MOST_LEGS :], table)
        if not before:  # two legs alone: the table's own face
            return
        least = _Least()
        least.note(*self._alone(table.leaving))
        for first in range(len(tables) - 1, -1, -1):
            least.note(*self._alone(tables[first].entering))
            face = _Face(tables[first:], least, self._known)
            if any(ports != face.sets[0] for ports in face.sets[1:]):  # else two legs have the lowest face
                face.compare(is_listed=first < len(tables) - 1)
        yield from least.listed

    def _alone(self, member: Membership) -> tuple[int, Number | None]:
        """Flows and rate of one leg, in a copy of the row's tables."""
        size, often = member.ports.ports.size, self._known.often(member, member.copies)
        return size, None if often is None else size * often


class _Least:
    """The lowest figures of the parts of a row so far, and the limits that were lower than all before."""

    def __init__(self) -> None:
        self.flows: Number | None = None
        self.rate: Number | None = None
        self.listed: list[Limit] = []

    def note(self, flows: int, rate: Number | None) -> tuple[bool, bool]:
        """Keep the lower ones, and say which are."""
        fewer = self.flows is None or flows < self.flows
        slower = rate is not None and (self.rate is None or rate < self.rate)
        self.flows = flows if fewer else self.flows
        self.rate = rate if slower else self.rate
        return fewer, slower


_Users = tuple[list[int], int]


class _Figure(NamedTuple):
    """A number, and its formula where the face is listed."""

    value: Number
    formula: Expression | None


_ONE, _NOTHING = _Figure(1, ONE), _Figure(0, NONE)


class _Face:
    """The face of some tables one behind the other, first in numbers, and as a limit where it is lower."""

    def __init__(self, tables: Sequence[Table], least: _Least, known: _Known) -> None:
        self.tables, self.least, self.known = tables, least, known
        self.copies = tables[-1].entering.copies
        self.legs: list[Membership] = [tables[-1].leaving, *(t.entering for t in reversed(tables))]
        self.sets = [leg.ports.ports for leg in self.legs]

    def compare(self, *, is_listed: bool) -> None:
        """Note the figures, and list the limit if one of them is lower than all before."""
        keys = len(self.legs)
        users = list(atoms(self.sets))
        alpha = sum(size * apart(legs) for legs, size in users)
        busy, seconds = self._weighted(users, is_listed=False)
        rate = exact(busy.value) / seconds.value if seconds.value else None
        if any(self.least.note(alpha // keys, rate)) and is_listed:
            busy, seconds = self._weighted(users, is_listed=True)
            held = seconds.formula if seconds.value else Sum(tuple(leg.times.seconds for leg in self.legs))
            fewer = busy.formula if seconds.value and busy.value != alpha else None
            size = Size("alternate", tuple(leg.ports for leg in reversed(self.legs)))
            hop, lingers = self.legs[0].hop, _lingers(self.tables)
            assert held is not None
            self.least.listed.append(Limit(ROW, hop, size, self.copies, keys, held, fewer, lingers=lingers))

    def _weighted(self, users: Sequence[_Users], *, is_listed: bool) -> tuple[_Figure, _Figure]:
        """Σ h and Σ π; nothing where a leg is held for no time."""

        def seconds(member: Membership) -> _Figure:
            return _Figure(self.known.seconds(member), member.times.seconds if is_listed else None)

        weights = [seconds(self.tables[-1].leaving), seconds(self.tables[-1].entering)]
        caps = [_ONE]
        for behind in reversed(self.tables[:-1]):  # from the last table towards the first
            within = seconds(behind.leaving)
            if not within.value:
                return _NOTHING, _NOTHING
            caps.append(_ONE if weights[-1] == within else _made(truediv, weights[-1], within))
            weights.append(_times(caps[-1], seconds(behind.entering)))
        if not all(weight.value for weight in weights):
            return _NOTHING, _NOTHING
        least = [min(pair, key=_value) for pair in pairwise([caps[0], *caps, caps[-1]])]
        most = [self._most(*each) for each in zip(self.legs, weights, least, strict=True)]
        parts = ((_fullest(legs, most, caps), _Figure(size, Constant(size))) for legs, size in users)
        return reduce(_plus, starmap(_times, parts), _NOTHING), reduce(_plus, weights, _NOTHING)

    def _most(self, member: Membership, weight: _Figure, cap: _Figure) -> _Figure:
        """min(cap, B): what the leg's other spaces leave of a port."""
        often = self.known.often(member, self.copies)
        value = cap.value if often is None else min(cap.value, weight.value * often)
        if weight.formula is None or cap.formula is None:
            return _Figure(value, None)
        return _Figure(value, Elsewhere(member, weight.formula).of_rate(cap.formula, self.copies))


class _Known:
    """Numbers of legs of which each is found once in a chain."""

    def __init__(self) -> None:
        self._seconds: dict[Membership, Fraction] = {}
        self._often: dict[Leg, Fraction | None] = {}

    def seconds(self, member: Membership) -> Fraction:
        """How long a leg's key is taken."""
        if member not in self._seconds:
            self._seconds[member] = exact(member.times.seconds.value)
        return self._seconds[member]

    def often(self, member: Membership, copies: Expression) -> Fraction | None:
        """How often a second each of so many copies of a port can be used, whatever holds it."""
        if member.leg not in self._often:
            self._often[member.leg] = busiest(member.leg)
        found = self._often[member.leg]
        return None if found is None else found / copies.value


def _made(operation: Callable[[Any, Any], Any], one: _Figure, other: _Figure) -> _Figure:
    """A figure of two, with a formula where both have one."""
    listed = one.formula is not None and other.formula is not None
    return _Figure(
        operation(one.value, other.value), operation(one.formula, other.formula) if listed else None
    )


_plus, _times = partial(_made, add), partial(_made, mul)


def _fullest(legs: Sequence[int], most: Sequence[_Figure], caps: Sequence[_Figure]) -> _Figure:
    """The largest Σ z on a port of these legs, where z ≤ most and z + z' ≤ cap of two neighbours."""
    taken: list[_Figure] = []
    for place, leg in enumerate(legs):
        found = most[leg]
        if place and legs[place - 1] == leg - 1:
            found = min(found, _made(sub, caps[leg - 1], taken[-1]), key=_value)
        taken.append(found)
    return reduce(_plus, (each for each in taken if each.value), _NOTHING)


def _value(figure: _Figure) -> Number:
    return figure.value


def _lingers(tables: Sequence[Table]) -> tuple[Linger, ...]:
    """Of each leg of a row, the one in the table that it enters, and of the last in its own."""
    return (*(table.entering.times.linger for table in tables), tables[-1].leaving.times.linger)
