"""Proxies in a row: each leg has to differ from its neighbours, in the table that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from math import inf
from typing import NamedTuple

from tuplecalc.limits.elsewhere import NONE, ONE, Elsewhere
from tuplecalc.limits.expression import Expression, Minimum, NamedPorts, Number, Size, Sum, alternating_sizes
from tuplecalc.limits.kinds import ROW, ROW_JOINT
from tuplecalc.limits.legs import Leg, Membership, Table
from tuplecalc.limits.limit import Limit, Linger
from tuplecalc.network.ports import PortSet

MOST_LEGS = 8
"""Legs of a row up to which every face is listed, whether or not it can bind, and times are exact."""


class _Between(NamedTuple):
    """A leg between two tables: its shorter time there, and its value, which longer rows add up again."""

    seconds: Expression
    value: Number


class _Row(NamedTuple):
    """Tables one behind the other, and the legs between each two of them."""

    tables: tuple[Table, ...]
    between: tuple[_Between, ...] = ()

    @property
    def ports(self) -> tuple[NamedPorts, ...]:
        """Of all legs, the one that enters first."""
        return (self.tables[0].entering.ports, *(table.leaving.ports for table in self.tables))


class Rows:
    """The rows of one chain, by the leg that leaves them."""

    def __init__(self) -> None:
        self._ending: dict[Leg, _Row] = {}

    def ending_with(self, table: Table) -> Iterator[Limit]:
        r"""The faces of k ≥ 3 legs in a row that end with the one that leaves this table.

        ========= ============ ======= ====== =========
        limit     size         copies  keys   seconds
        ========= ============ ======= ====== =========
        shared-k  Σ_p α        b·E'    k      the row's
        joint-k   Σ_p α        b·E'    k      the row's, weighted
        ========= ============ ======= ====== =========

        Keys of neighbours must differ, legs further apart may use the same port: the size is the sum
        over ports of the legs that can hold it.  In ``shared-k`` a leg between two of these tables counts
        with the shorter of its times in the two; :func:`_weighted` has the exact times, and is listed
        where it is lower.  A row goes on where each source and service have one table, and no hop between
        changes what is addressed.  Of rows longer than ``MOST_LEGS`` only those are listed that are lower
        than all shorter ones, with the shorter times.
        """
        if not table.is_single:
            return
        row = self._ending.get(table.entering.leg)
        if row is None or row.tables[-1].behind is not table.before:
            self._ending[table.leaving.leg] = _Row((table,))
            return
        before, here = row.tables[-1].leaving.times.seconds, table.entering.times.seconds
        shorter = before if before == here else Minimum((before, here))
        row = _Row((*row.tables, table), (*row.between, _Between(shorter, shorter.value)))
        self._ending[table.leaving.leg] = row
        yield from _faces(row)


def _faces(row: _Row) -> Iterator[Limit]:
    fewest_flows: float = inf
    slowest: tuple[int, Number] = (1, 0)  # size and seconds, whose quotient is the rate
    leaving = row.tables[-1].leaving.times.seconds
    ports, copies, hop = row.ports, row.tables[-1].entering.copies, row.tables[-1].entering.hop
    seconds = leaving.value
    sizes = alternating_sizes([named.ports for named in ports])
    for keys, size in enumerate(islice(sizes, 1, None), start=2):
        first = len(ports) - keys
        entering = row.tables[first].entering.times.seconds
        held = seconds + entering.value
        fewer, slower = size // keys < fewest_flows, size * slowest[1] < slowest[0] * held
        if keys > 2 and (keys <= MOST_LEGS or fewer or slower):
            times = Sum((entering, *(each.seconds for each in row.between[first:]), leaving))
            lingers = _lingers(row.tables[first:])
            alpha = Size("alternate", ports[first:])
            found = Limit(ROW, hop, alpha, copies, keys, times, lingers=lingers)
            yield found
            if keys <= MOST_LEGS and (exact := _weighted(row.tables[first:], found)) is not None:
                yield exact
        if fewer:
            fewest_flows = size // keys
        if slower:
            slowest = size, held
        if first:
            seconds += row.between[first - 1].value


def _weighted(tables: Sequence[Table], row: Limit) -> Limit | None:
    """The face of a row with each leg's time in both of its tables; None where it is no lower.

    Let a leg have the weight π, so that in each of the tables both legs' times stand in the same
    ratio as their weights: from the last leg's time there, one leg at a time towards the first.  With
    z = π·x each table then says z + z' ≤ C on every port, C = π over the leg's time there, and each leg's
    other spaces say z ≤ B.  The face is

        λ ≤ Σ_p h / Σ π          h = the largest Σ z of the legs that may use p

    and h is found from one end: the last leg takes all it can, the next one what that leaves, and so on,
    since what a leg at the end of a row takes costs its only neighbour no more than that.
    """
    copies = row.scopes
    weights = [tables[-1].leaving.times.seconds, tables[-1].entering.times.seconds]
    caps: list[Expression] = [ONE]
    for behind in reversed(tables[:-1]):  # from the last table towards the first
        within = behind.leaving.times.seconds
        if not within.value:
            return None
        caps.append(ONE if weights[-1] == within else weights[-1] / within)
        entering = behind.entering.times.seconds
        weights.append(entering if caps[-1] == ONE else caps[-1] * entering)
    if not all(weight.value for weight in weights):
        return None
    legs: list[Membership] = [tables[-1].leaving, *(table.entering for table in reversed(tables))]
    least = [min(pair, key=_value) for pair in pairwise([caps[0], *caps, caps[-1]])]
    most = [
        Elsewhere(leg, weight).of_rate(cap, copies)
        for leg, weight, cap in zip(legs, weights, least, strict=True)
    ]
    terms = [
        times * size
        for users, size in _atoms([leg.ports.ports for leg in legs])
        if (times := _fullest(users, most, caps)).value
    ]
    busy, seconds = Sum(tuple(terms)), Sum(tuple(weights))
    found = Limit(ROW_JOINT, row.hop, row.size, copies, row.keys, seconds, busy, lingers=row.lingers)
    return found if found.rate is not None and row.rate is not None and found.rate < row.rate else None


def _fullest(legs: Sequence[int], most: Sequence[Expression], caps: Sequence[Expression]) -> Expression:
    """The largest Σ z on a port of these legs, where z ≤ most and z + z' ≤ cap of two neighbours."""
    taken: list[Expression] = []
    for place, leg in enumerate(legs):
        found = most[leg]
        if place and legs[place - 1] == leg - 1:
            found = min(found, caps[leg - 1] - taken[-1], key=_value)
        taken.append(found)
    return sum((each for each in taken if each.value), NONE)


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
    """Of each leg of a row, the one in the table that it leaves for, and of the last in its own."""
    return (*(table.entering.times.linger for table in tables), tables[-1].leaving.times.linger)


def _value(expression: Expression) -> Number:
    return expression.value
