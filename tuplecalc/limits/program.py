"""The linear program of coupled key spaces: its best multipliers, and the face that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tuplecalc.limits.expression import Number, atoms
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import exact

_DIGITS = 10**7


class Member(NamedTuple):
    """A leg of a space, by its number: for how long it takes a key, and how many copies there are."""

    leg: int
    seconds: Number
    copies: Number


class Face(NamedTuple):
    """Σ x·price ≤ size, where legs have these rates x."""

    size: Fraction
    prices: list[Fraction]


class Program:
    """Legs on ports, in coupled key spaces.

    With x_j(p) the rate of leg j on port p

        Σ_p x_j(p) = w_j for each leg        Σ_j x_j(p)·S_j / c_j ≤ 1 for each space and port

    where ports that the same legs may use, an atom, are all alike.
    """

    def __init__(self, ports: Sequence[PortSet], spaces: Sequence[Sequence[Member]]) -> None:
        self._spaces = spaces
        self._atoms = list(atoms(ports))
        self._of_leg: list[list[int]] = [[] for _ in ports]
        for number, (legs, _) in enumerate(self._atoms):
            for leg in legs:
                self._of_leg[leg].append(number)
        self._takes: list[list[tuple[int, Any]]] = [[] for _ in ports]  # of each leg, in which spaces
        for number, space in enumerate(spaces):
            for each in space:
                if each.seconds:
                    self._takes[each.leg].append((number, roughly(each.seconds / each.copies)))
        self._by_ports = sorted(range(len(ports)), key=lambda leg: ports[leg].size)

    def has_room(self, weights: Sequence[Any]) -> bool:
        """Whether legs with these rates were given ports at once, where little speaks for more faces.

        Those with few ports choose first, each in proportion to what is left; no for sure means nothing.
        """
        sizes = [size for _, size in self._atoms]
        left: list[list[Any]] = [[1] * len(sizes) for _ in self._spaces]
        for leg in self._by_ports:
            takes = self._takes[leg]
            if not takes or not weights[leg]:
                continue
            rooms = [min(left[n][atom] / seconds for n, seconds in takes) for atom in self._of_leg[leg]]
            room = sum(each * sizes[atom] for each, atom in zip(rooms, self._of_leg[leg], strict=True))
            if room < weights[leg]:
                return False
            for each, atom in zip(rooms, self._of_leg[leg], strict=True):
                for number, seconds in takes:
                    left[number][atom] -= each * weights[leg] / room * seconds
        return True

    def best_face(self, weights: Sequence[Any]) -> Face | None:
        """The face with the best multipliers for legs in these proportions; None where nothing limits them.

        For any y ≥ 0 of each space and atom

            Σ_j w_j · min over the leg's atoms of (Σ y·S / c)  ≤  Σ y·|atom|

        The multipliers are the fractions next to what floats find, with denominators up to 10^7.  They are
        the optimum's own where these are no larger; the face holds in any case, and is counted exactly.
        """
        import numpy as np
        from scipy.optimize import linprog  # type: ignore[import-untyped] # several kinds only

        pairs = [(leg, atom) for leg, of in enumerate(self._of_leg) for atom in of]
        columns = {pair: number for number, pair in enumerate(pairs)}
        last = len(columns)  # λ
        rows: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for leg, takes in enumerate(self._takes):
            for number, seconds in takes:
                for atom in self._of_leg[leg]:
                    rows.setdefault((number, atom), []).append((columns[leg, atom], _float(seconds)))
        if not rows:
            return None
        sizes = [size for _, size in self._atoms]
        used = [(row, *each) for row, several in enumerate(rows.values()) for each in several]
        asked = [(leg, column, _float(sizes[atom])) for (leg, atom), column in columns.items()]
        asked += [(leg, last, -_float(weight)) for leg, weight in enumerate(weights)]
        goal = np.zeros(last + 1)
        goal[last] = -1.0
        found = linprog(
            goal,
            _matrix(used, (len(rows), last + 1)),
            np.ones(len(rows)),
            _matrix(asked, (len(weights), last + 1)),
            np.zeros(len(weights)),
            method="highs",
        )
        if found.status != 0:
            return None
        each = -found.ineqlin.marginals / [_float(sizes[atom]) for _, atom in rows]  # of a port
        if (scale := max(each)) <= 0:
            return None
        return self._counted(
            {
                place: Fraction(float(value / scale)).limit_denominator(_DIGITS)
                for place, value in zip(rows, each, strict=True)
            }
        )

    def _counted(self, y: Mapping[tuple[int, int], Fraction]) -> Face | None:
        """The face of these multipliers of a port."""
        price: dict[tuple[int, int], Fraction] = {}
        for number, space in enumerate(self._spaces):
            for member in space:
                for atom in self._of_leg[member.leg]:
                    if cost := y.get((number, atom)):
                        before = price.get((member.leg, atom), Fraction(0))
                        price[member.leg, atom] = before + cost * exact(member.seconds) / member.copies
        prices = [
            min(price.get((leg, atom), Fraction(0)) for atom in of) for leg, of in enumerate(self._of_leg)
        ]
        size = sum((cost * self._atoms[atom][1] for (_, atom), cost in y.items()), Fraction(0))
        return Face(size, prices) if any(prices) else None


def roughly(number: Any) -> Any:
    """A number of Python's as a float; any other is left to its own arithmetic."""
    return float(number) if isinstance(number, int | Fraction) else number


def _float(number: Any) -> float:
    """A number as a float; one that is more than its value has to know that only this was looked at."""
    settled = getattr(number, "settled", None)
    return float(number if settled is None else settled())


def _matrix(entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array  # type: ignore[import-untyped] # several kinds only

    rows, columns, values = zip(*entries, strict=True)
    return csr_array((values, (rows, columns)), shape=shape)
