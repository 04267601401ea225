"""The linear program of coupled key spaces: its best multipliers, and the face that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.expression import Number, atoms
from tuplecalc.network.ports import PortSet

_NEAR = 1e-7
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


def joint_face(
    ports: Sequence[PortSet], weights: Sequence[Number], spaces: Sequence[Sequence[Member]]
) -> Face | None:
    """The face with the best multipliers for legs in these proportions; None where nothing limits them.

    For any y ≥ 0 of each space and atom (ports that the same legs may use)

        λ ≤ Σ y·|atom| / Σ_j w_j · min over the leg's atoms of (Σ y·S / c)

    The multipliers are the fractions next to what floats find, with denominators up to 10^7.  They are the
    optimum's own where these are no larger; the face holds in any case, and is counted exactly.
    """
    users = list(atoms(ports))
    import numpy as np
    from scipy.optimize import linprog  # type: ignore[import-untyped] # several kinds only

    columns = {
        (leg, atom): n
        for n, (leg, atom) in enumerate((leg, atom) for atom, (legs, _) in enumerate(users) for leg in legs)
    }
    count = len(columns) + 1  # the last one is λ
    rows, room, places = [], [], []
    for number, space in enumerate(spaces):
        for atom in range(len(users)):
            row = np.zeros(count)
            for member in space:
                if (member.leg, atom) in columns:
                    row[columns[member.leg, atom]] = member.seconds / member.copies
            if row.any():
                rows.append(row)
                room.append(1.0)
                places.append((number, atom))
    if not rows:
        return None
    demand = np.zeros((len(ports), count))
    for (leg, atom), column in columns.items():
        demand[leg, column] = users[atom][1]  # x is per port
    demand[:, -1] = [-float(weight) for weight in weights]
    goal = np.zeros(count)
    goal[-1] = -1.0
    found = linprog(goal, np.array(rows), room, demand, np.zeros(len(ports)), method="highs")
    if found.status != 0:
        return None
    y = -np.array(found.ineqlin.marginals)
    each = y / np.array([users[atom][1] for _, atom in places])  # of a port
    scale = max(each)
    if scale <= 0:
        return None
    exact = {
        (number, atom): users[atom][1] * Fraction(float(value / scale)).limit_denominator(_DIGITS)
        for (number, atom), value in zip(places, each, strict=True)
    }
    return _counted(exact, users, weights, spaces)


def _counted(
    y: Mapping[tuple[int, int], Fraction],
    users: Sequence[tuple[Sequence[int], int]],
    weights: Sequence[Number],
    spaces: Sequence[Sequence[Member]],
) -> Face | None:
    price: dict[tuple[int, int], Fraction] = {}
    for number, space in enumerate(spaces):
        for member in space:
            for atom in range(len(users)):
                if cost := y.get((number, atom)):
                    key = member.leg, atom
                    price[key] = price.get(key, Fraction(0)) + cost * Fraction(member.seconds) / member.copies
    prices = [
        min(
            price.get((leg, atom), Fraction(0)) / users[atom][1]
            for atom, (legs, _) in enumerate(users)
            if leg in legs
        )
        for leg in range(len(weights))
    ]
    return Face(sum(y.values(), Fraction(0)), prices) if any(prices) else None
