"""The best corner of a polyhedron, exactly: found in floats, solved and proven in fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, combinations, islice
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog  # type: ignore[import-untyped]
from sympy import QQ  # type: ignore[import-untyped]
from sympy.polys.matrices import DomainMatrix  # type: ignore[import-untyped]

_NEAR = 1e-7  # of a scaled row: what is tight in floats
_MOST_CORNERS = 10_000  # of rows that meet in floats
Row = Sequence[Fraction]


class Vertex(NamedTuple):
    """Where a sum is largest: the point, the rows that prove it, and whether no other point is as good."""

    point: tuple[Fraction, ...]
    rows: tuple[int, ...]
    """The numbers of the rows that meet there and hold the sum down, in order."""
    is_only: bool


def best_vertex(gains: Row, rows: Sequence[Row], rooms: Row) -> Vertex:
    """The point x ≥ 0 with the largest Σ gain·x under Σ row·x ≤ room.

    HiGHS tells in floats which rows are tight.  The point where they meet is solved in fractions, and is the
    optimum where it keeps all rows and the gains are a sum of the tight rows with multipliers ≥ 0 (strong
    duality); both are checked exactly.  All gains, rows and rooms are 0 or more, and what gains has a row.

    >>> gains, rooms = [Fraction(1), Fraction(1)], [Fraction(4), Fraction(2)]
    >>> best_vertex(gains, [[Fraction(2), Fraction(1)], [Fraction(0), Fraction(3)]], rooms)
    Vertex(point=(Fraction(5, 3), Fraction(2, 3)), rows=(0, 1), is_only=True)
    """
    ends = [
        min((room / row[n] for row, room in zip(rows, rooms, strict=True) if row[n]), default=None)
        for n in range(len(gains))
    ]
    free = [(n, end) for n, end in enumerate(ends) if end]  # what has no end gains nothing and stays 0
    kept = [number for number, room in enumerate(rooms) if room]
    matrix = [[rows[number][n] * end / rooms[number] for n, end in free] for number in kept]
    goal = [gains[n] * end for n, end in free]
    point, tight = [Fraction(0)] * len(gains), []
    is_only = None not in ends
    if any(goal):
        scaled = Program(matrix, [each / max(goal) for each in goal])
        scale, multipliers = scaled.corner()
        for (n, end), part in zip(free, scale, strict=True):
            point[n] = part * end
        tight = [number for number, multiplier in zip(kept, multipliers, strict=True) if multiplier]
        is_only = is_only and scaled.has_no_other(scale, multipliers)
    return Vertex(tuple(point), tuple(tight), is_only)


class Program:
    """The largest goal·u under matrix·u ≤ 1 and u ≥ 0."""

    def __init__(self, matrix: Sequence[Row], goal: Row) -> None:
        self.matrix, self.goal = matrix, goal
        self._floats = np.array([[float(each) for each in row] for row in matrix])

    def corner(self) -> tuple[list[Fraction], list[Fraction]]:
        """The best point, and the multiplier of each row."""
        for basis in self._bases():
            point, multipliers = self._meeting(basis)
            found = dict(zip(basis, multipliers, strict=True))
            rows = (sum((a * u for a, u in zip(row, point, strict=True)), Fraction(0)) for row in self.matrix)
            is_inside = min(point) >= 0 and all(row <= 1 for row in rows)
            if is_inside and all(y >= 0 if n < len(self.matrix) else y <= 0 for n, y in found.items()):
                return point, [found.get(n, Fraction(0)) for n in range(len(self.matrix))]
        raise ArithmeticError("no corner that floats found is the best one exactly")

    def _bases(self) -> Iterator[Sequence[int]]:
        """Tight rows that meet in one point, the most telling first; rows behind the last are u = 0."""
        found = linprog([-float(each) for each in self.goal], self._floats, np.ones(len(self.matrix)))
        slack, weight = found.ineqlin.residual, -found.ineqlin.marginals
        rows = [n for n in range(len(self.matrix)) if slack[n] < _NEAR]
        zeros = [n for n, part in enumerate(found.x) if part < _NEAR]
        told = {n: weight[n] for n in rows}
        told |= {len(self.matrix) + n: found.lower.marginals[n] for n in zeros}
        order = sorted(told, key=lambda n: -told[n])
        for basis in chain([order], islice(combinations(order, len(self.goal)), _MOST_CORNERS)):
            _, pivots = self._equations(basis).transpose().rref()  # the first that do not follow from others
            if len(pivots) == len(self.goal):
                yield [basis[pivot] for pivot in pivots]

    def _equations(self, basis: Sequence[int]) -> Any:
        units = [[QQ(int(n == m)) for n in range(len(self.goal))] for m in range(len(self.goal))]
        rows = [[QQ(a.numerator, a.denominator) for a in row] for row in self.matrix]
        return DomainMatrix([[*rows, *units][n] for n in basis], (len(basis), len(self.goal)), QQ)

    def _meeting(self, basis: Sequence[int]) -> tuple[list[Fraction], list[Fraction]]:
        """Where the rows meet, and the goal as a sum of them."""
        left, size = self._equations(basis), len(basis)
        right = DomainMatrix([[QQ(int(n < len(self.matrix)))] for n in basis], (size, 1), QQ)
        goal = DomainMatrix([[QQ(each.numerator, each.denominator)] for each in self.goal], (size, 1), QQ)
        return _numbers(left.lu_solve(right)), _numbers(left.transpose().lu_solve(goal))

    def has_no_other(self, point: Row, multipliers: Row) -> bool:
        """Whether no other point is as good: along what must stay tight there is no way on."""
        count = len(self.goal)
        total = [
            sum(y * row[n] for y, row in zip(multipliers, self.matrix, strict=True)) for n in range(count)
        ]
        bound: list[Any] = []
        loose: list[Any] = []
        for row, multiplier in zip(self.matrix, multipliers, strict=True):
            if sum(a * u for a, u in zip(row, point, strict=True)) == 1:
                (bound if multiplier else loose).append([float(each) for each in row])
        for n, unit in enumerate(-np.eye(count)):
            if not point[n]:
                (bound if total[n] > self.goal[n] else loose).append(unit)
        if np.linalg.matrix_rank(np.array(bound)) == count:
            return True
        away = np.array(loose)
        found = linprog(
            away.sum(axis=0), away, np.zeros(len(away)), np.array(bound), np.zeros(len(bound)), (-1, 1)
        )
        return bool(found.fun > -_NEAR)


def _numbers(column: Any) -> list[Fraction]:
    return [Fraction(int(each.numerator), int(each.denominator)) for (each,) in column.to_list()]
