"""Solves the program of a topology: the true number of flows, and the true sustained rate."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from .network import Network, Row
from .walk import Builder

TIME_LIMIT = 20.0  # seconds
WHOLE = 1e-6  # so near to an integer is one


def most_flows(topology: dict[str, Any]) -> int:
    """Return the greatest number of flows that can exist at the same time."""
    net = Builder(topology, rate=False).build()
    value = solve(net, net.rows.values(), whole=True)
    if abs(value - round(value)) > 1e-4:
        raise RuntimeError(f"not a whole number of flows: {value}")
    return round(value)


def highest_rate(topology: dict[str, Any]) -> float:
    """Return the highest sustained number of new flows a second, infinite where nothing limits it."""
    net = Builder(topology, rate=True).build()
    rows = list(net.rows.values())
    limited = {arc for row in rows for arc in row.arcs}
    if not limited.issuperset(net.goal):  # is there a flow that no limit sees at all?
        unseen = [Row(0, [arc], [1.0]) for arc in limited]
        if solve(net, [*unseen, Row(1, net.goal, [1.0] * len(net.goal))]) > 0.5:
            return math.inf
    if net.gates:  # a block must be owned, though its tuples are never busy: any rate, or none
        most = solve(net, rows)
        rows += [Row(0, [arc, *mine], [1.0, *[-most] * len(mine)]) for arc, mine in net.gates]
    return solve(net, rows)


def solve(net: Network, rows: Sequence[Row] | Any, *, whole: bool = False) -> float:
    """Maximise the flows that start, in whole numbers or not, under the rows and the balances."""
    upper = np.full(net.arcs, np.inf)
    integrality = np.full(net.arcs, 1 if whole else 0)
    integrality[net.binary] = 1
    upper[net.binary] = 1
    line: list[int] = []
    column: list[int] = []
    value: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for row in rows:
        if len(row.arcs) == 1:
            upper[row.arcs[0]] = min(upper[row.arcs[0]], row.room / row.weights[0])
            continue
        line += [len(low)] * len(row.arcs)
        column += row.arcs
        value += row.weights
        low.append(-np.inf)
        high.append(row.room)
    for arrivals, departures in net.balances:
        line += [len(low)] * (len(arrivals) + len(departures))
        column += arrivals + departures
        value += [1.0] * len(arrivals) + [-1.0] * len(departures)
        low.append(0.0)
        high.append(0.0)
    goal = np.zeros(net.arcs)
    goal[net.goal] = -1.0
    if not net.goal:
        return 0.0
    # csr_array adds up what is named twice
    matrix = csr_array((value, (line, column)), shape=(len(low), net.arcs), dtype=float)
    for integers in (0 * integrality, integrality):  # mostly parts of flows come out whole, and sooner
        result = milp(
            goal,
            integrality=integers,
            bounds=Bounds(0, upper),
            constraints=[LinearConstraint(matrix, low, high)] if low else [],
            options={"time_limit": TIME_LIMIT, "mip_rel_gap": 0.0},
        )
        if result.status != 0:
            raise RuntimeError(f"no optimum: {result.message}")
        if np.all(np.abs(result.x - np.round(result.x))[integrality == 1] < WHOLE):
            break
    return float(-result.fun) + 0.0
