"""Proxies in a row: each leg has to differ from its neighbours, in the table that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tuplecalc.limits.elsewhere import ONE, Elsewhere, busiest
from tuplecalc.limits.expression import Expression, Number, Size, Sum
from tuplecalc.limits.kinds import ROW
from tuplecalc.limits.legs import Leg, Membership, Table
from tuplecalc.limits.limit import Limit, Linger
from tuplecalc.network.ports import PortSet

MOST_LEGS = 8
"""Faces of so many legs at most are looked at; of longer rows the truth may lie some per cent lower."""


class Rows:
    """The rows of one chain, by the leg that leaves them."""

    def __init__(self) -> None:
        self._ending: dict[Leg, tuple[Table, ...]] = {}
        self._numbers = _Numbers()

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
        least = _Least()
        least.note(*self._alone(table.leaving))
        for first in range(len(tables) - 1, -1, -1):
            least.note(*self._alone(tables[first].entering))
            face = _Face(tables[first:], least, self._numbers)
            if any(ports != face.sets[0] for ports in face.sets[1:]):  # else two legs have the lowest face
                face.compare(is_listed=first < len(tables) - 1)
        yield from least.listed

    def _alone(self, member: Membership) -> tuple[int, Number | None]:
        """Flows and rate of one leg, in a copy of the row's tables."""
        size, often = member.ports.ports.size, self._numbers.often(member, member.copies)
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


class _Face:
    """The face of some tables one behind the other, first in numbers, and as a limit where it is lower."""

    def __init__(self, tables: Sequence[Table], least: _Least, numbers: _Numbers) -> None:
        self.tables, self.least, self.numbers = tables, least, numbers
        self.copies = tables[-1].entering.copies
        self.legs: list[Membership] = [tables[-1].leaving, *(t.entering for t in reversed(tables))]
        self.sets = [leg.ports.ports for leg in self.legs]

    def compare(self, *, is_listed: bool) -> None:
        """Note the figures, and list the limit if one of them is lower than all before."""
        keys = len(self.legs)
        atoms = list(_atoms(self.sets))
        alpha = sum(size * _apart(users) for users, size in atoms)
        weighted = self._weighted(self.numbers, atoms)
        rate = None if weighted is None else Fraction(weighted[0]) / weighted[1]
        if any(self.least.note(alpha // keys, rate)) and is_listed:
            found = self._weighted(_Expressions(), atoms)
            busy, seconds = found if found is not None else (None, self._held())
            size = Size("alternate", tuple(leg.ports for leg in reversed(self.legs)))
            if busy is not None and busy.value == alpha:
                busy = None
            hop, lingers = self.legs[0].hop, _lingers(self.tables)
            self.least.listed.append(Limit(ROW, hop, size, self.copies, keys, seconds, busy, lingers=lingers))

    def _held(self) -> Expression:
        """Seconds where some leg is held for none: the sum of what there is."""
        return Sum(tuple(leg.times.seconds for leg in self.legs))

    def _weighted(self, of: _Expressions, atoms: Sequence[tuple[list[int], int]]) -> tuple[Any, Any] | None:
        """Σ h and Σ π; None where a leg is held for no time."""
        weights = [of.seconds(self.tables[-1].leaving), of.seconds(self.tables[-1].entering)]
        caps: list[Any] = [of.one]
        for behind in reversed(self.tables[:-1]):  # from the last table towards the first
            within = of.seconds(behind.leaving)
            if not of.value(within):
                return None
            caps.append(of.one if weights[-1] == within else weights[-1] / within)
            weights.append(caps[-1] * of.seconds(behind.entering))
        if not all(map(of.value, weights)):
            return None
        least = [min(pair, key=of.value) for pair in pairwise([caps[0], *caps, caps[-1]])]
        most = [
            of.most(leg, weight, cap, self.copies)
            for leg, weight, cap in zip(self.legs, weights, least, strict=True)
        ]
        sums = [_fullest(users, most, caps, of) * size for users, size in atoms]
        return sum(sums[1:], sums[0]), sum(weights[1:], weights[0])


class _Expressions:
    """A face is read twice: as numbers, for all rows, and as expressions, for those that are listed."""

    one: Any = ONE

    def value(self, found: Any) -> Number:
        """What to compare by."""
        return found.value  # type: ignore[no-any-return]

    def seconds(self, member: Membership) -> Any:
        """How long a leg's key is taken."""
        return member.times.seconds

    def most(self, member: Membership, weight: Any, cap: Any, copies: Expression) -> Any:
        """min(cap, B)."""
        return Elsewhere(member, weight).of_rate(cap, copies)


class _Numbers(_Expressions):
    """The same in numbers, of which each is found once in a chain."""

    one: Any = Fraction(1)

    def __init__(self) -> None:
        self._seconds: dict[Membership, Fraction] = {}
        self._often: dict[Leg, Fraction | None] = {}

    def value(self, found: Any) -> Number:
        """Itself."""
        return found  # type: ignore[no-any-return]

    def seconds(self, member: Membership) -> Any:
        """How long a leg's key is taken."""
        if member not in self._seconds:
            self._seconds[member] = Fraction(member.times.seconds.value)
        return self._seconds[member]

    def most(self, member: Membership, weight: Any, cap: Any, copies: Expression) -> Any:
        """min(cap, B)."""
        often = self.often(member, copies)
        return cap if often is None else min(cap, weight * often)

    def often(self, member: Membership, copies: Expression) -> Fraction | None:
        """How often a second each of so many copies of a port can be used, whatever holds it."""
        if member.leg not in self._often:
            self._often[member.leg] = busiest(member.leg)
        found = self._often[member.leg]
        return None if found is None else found / copies.value


def _fullest(legs: Sequence[int], most: Sequence[Any], caps: Sequence[Any], of: _Expressions) -> Any:
    """The largest Σ z on a port of these legs, where z ≤ most and z + z' ≤ cap of two neighbours."""
    taken: list[Any] = []
    for place, leg in enumerate(legs):
        found = most[leg]
        if place and legs[place - 1] == leg - 1:
            found = min(found, caps[leg - 1] - taken[-1], key=of.value)
        taken.append(found)
    kept = [each for each in taken if of.value(each)]
    return sum(kept[1:], kept[0]) if kept else of.one * 0


def _apart(legs: Sequence[int]) -> int:
    """α: how many of these legs can hold a port at once, no two of them neighbours.

    >>> _apart([0, 1, 2]), _apart([0, 2, 3])
    (2, 2)
    """
    count, last = 0, -2
    for leg in legs:
        if leg > last + 1:
            count, last = count + 1, leg
    return count


def _atoms(sets: Sequence[PortSet]) -> Iterator[tuple[list[int], int]]:
    """Which of the sets hold the same ports, and how many ports these are.

    >>> list(_atoms([PortSet("1-4"), PortSet("3-9")]))
    [([0], 2), ([0, 1], 2), ([1], 5)]
    """
    bounds = sorted({bound for ports in sets for low, high in ports.ranges for bound in (low, high + 1)})
    sizes: dict[tuple[int, ...], int] = {}
    for low, high in pairwise(bounds):
        users = tuple(number for number, ports in enumerate(sets) if low in ports)
        if users:
            sizes[users] = sizes.get(users, 0) + high - low
    return ((list(users), size) for users, size in sizes.items())


def _lingers(tables: Sequence[Table]) -> tuple[Linger, ...]:
    """Of each leg of a row, the one in the table that it enters, and of the last in its own."""
    return (*(table.entering.times.linger for table in tables), tables[-1].leaving.times.linger)
