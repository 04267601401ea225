"""Solves the program of a topology: the true number of flows, the true sustained rates, and the best mix."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from .meaning import Topology
from .network import Network, Row
from .traffic import kinds, rates
from .walk import Builder

TIME_LIMIT = 20.0  # seconds
WHOLE = 1e-6  # so near to an integer is one


@dataclass(frozen=True)
class Aim:
    """What is to be largest: a sum of unknowns; and the flows that start of each kind, by the unknowns."""

    objective: list[float]
    unknowns: dict[str, dict[int, float]]  # of a kind: how many flows each unknown stands for
    fixed: dict[str, float]  # of a kind: flows that are there anyway


def most_flows(topology: Topology) -> int:
    """Return the greatest number of flows that can be open at the same time in this mix.

    With one kind, from one group to another, flows are whole; where several share in fixed parts, or have
    their connections from a pool, what comes out is a mean, of which the whole flows count.
    """
    net = Builder(topology, rate=False).build()
    aim = mix(open_shares(topology))
    whole = len(net.starts) == 1
    value, _ = best(net, aim, whole=whole)
    if whole and not net.parts and abs(value - round(value)) > 1e-4:
        raise RuntimeError(f"not a whole number of flows: {value}")
    return math.floor(value + WHOLE * max(1, value))


def mean_flows(topology: Topology) -> float:
    """Return the same as :func:`most_flows` before it is floored; parts of flows count where kinds share."""
    return best(Builder(topology, rate=False).build(), mix(open_shares(topology)))[0]


def highest_rate(topology: Topology, *, of_time: bool = True) -> float:
    """Return the highest sustained number of new flows a second, infinite where nothing limits it.

    Without `of_time` a port is only counted: that one connection comes after the other is not seen.
    """
    net = Builder(topology, rate=True, of_time=of_time).build()
    return best(net, mix({kind.name: kind.share for kind in kinds(topology.get("traffic", {}))}))[0]


def headroom(topology: Topology, kind: str, *, of_time: bool = True) -> float | None:
    """Return the highest rate of a kind while the others stay as offered; None where they are too much."""
    offered = rates(topology["traffic"])
    others = {name: rate for name, rate in offered.items() if name != kind}
    if not possible(topology, others, of_time=of_time):
        return None
    net = Builder(topology, rate=True, of_time=of_time).build()
    return best(net, Aim([1.0], {kind: {0: 1.0}}, others))[0]


def best_mix(
    topology: Topology, *, flows: bool = False, of_time: bool = True
) -> tuple[float, dict[str, float]]:
    """Return the largest total rate that any mix of the kinds has, and the shares of the new connections.

    With `flows` the largest number open at once, not floored. There may be more mixes than one that have it.
    """
    every = kinds(topology.get("traffic", {}))
    net = Builder(topology, rate=not flows, of_time=of_time).build()
    holds = any(kind.hold for kind in every)
    counts = [1.0 if not flows or not holds or kind.hold else 0.0 for kind in every]
    units = {kind.name: (kind.hold or 1.0) if flows and holds else 1.0 for kind in every}
    aim = Aim(counts, {kind.name: {i: 1.0} for i, kind in enumerate(every)}, {})
    value, found = best(net, aim)
    if math.isinf(value):
        found = np.where(np.isinf(found), 1.0, 0.0)
    new = {kind.name: each / units[kind.name] for kind, each in zip(every, found, strict=True)}
    whole = sum(new.values())
    return value, {name: each / whole if whole else 0.0 for name, each in new.items()}


def possible(topology: Topology, wanted: dict[str, float], *, of_time: bool = True) -> bool:
    """Return whether kinds can have these rates together; a kind that is not named has none."""
    if not any(wanted.values()):
        return True
    net = Builder(topology, rate=True, of_time=of_time).build()
    return best(net, mix(wanted))[0] >= 1 - WHOLE


def open_shares(topology: Topology) -> dict[str, float]:
    """Return what part of the open flows each kind has; of one with no hold its new ones for each of them."""
    every = kinds(topology.get("traffic", {}))
    holds = sum(kind.share * kind.hold for kind in every)
    return {kind.name: kind.share * (kind.hold or 1) / holds if holds else kind.share for kind in every}


def mix(shares: dict[str, float]) -> Aim:
    """Return the aim of a total that is shared like this."""
    return Aim([1.0], {name: {0: share} for name, share in shares.items()}, {})


def best(net: Network, aim: Aim, *, whole: bool = False) -> tuple[float, np.ndarray[Any, Any]]:
    """Return the most that can be had of an aim, infinite where nothing limits it, and its unknowns."""
    rows = list(net.rows.values())
    limited = {arc for row in rows for arc in row.arcs}
    unseen = [Row(0, [arc], [1.0]) for arc in limited]  # does something grow that no limit sees at all?
    free = Aim(aim.objective, aim.unknowns, {})
    if any(not limited.issuperset(start.arcs) for start in net.starts):
        value, found = solve(net, unseen, free, most=1.0)
        if value > 0.5:
            return math.inf, np.where(found > 0.5, math.inf, 0.0)
    if net.gates:  # a block must be owned, though its tuples are never busy: any rate, or none
        value, found = solve(net, rows, aim)
        most = sum(sum(each.values()) for each in aim.unknowns.values()) * sum(found) + sum(
            aim.fixed.values()
        )
        rows += [Row(0, [arc, *mine], [1.0, *[-most] * len(mine)]) for arc, mine in net.gates]
    return solve(net, rows, aim, whole=whole)


def solve(
    net: Network, rows: Sequence[Row], aim: Aim, *, whole: bool = False, most: float = math.inf
) -> tuple[float, np.ndarray[Any, Any]]:
    """Maximise an aim, with whole flows or not, under the rows and the balances."""
    columns = net.arcs + len(aim.objective)
    upper = np.full(columns, np.inf)
    upper[net.arcs :] = most
    integrality = np.zeros(columns)
    if whole:
        integrality[: net.arcs] = 1
        integrality[net.parts] = 0
    integrality[net.binary] = 1
    upper[net.binary] = 1
    line: list[int] = []
    column: list[int] = []
    value: list[float] = []
    low: list[float] = []
    high: list[float] = []

    def add(arcs: Sequence[int], weights: Sequence[float], least: float, room: float) -> None:
        line.extend([len(low)] * len(arcs))
        column.extend(arcs)
        value.extend(weights)
        low.append(least)
        high.append(room)

    for row in rows:
        if len(row.arcs) == 1:
            upper[row.arcs[0]] = min(upper[row.arcs[0]], row.room / row.weights[0])
        else:
            add(row.arcs, row.weights, -np.inf, row.room)
    for arrivals, departures in net.balances:
        add(arrivals + departures, [1.0] * len(arrivals) + [-1.0] * len(departures), 0, 0)
    for start in net.starts:
        unknowns = aim.unknowns.get(start.kind, {})
        arcs = [*start.arcs, *(net.arcs + each for each in unknowns)]
        weights = [1.0] * len(start.arcs) + [-start.part * each for each in unknowns.values()]
        there = start.part * aim.fixed.get(start.kind, 0.0)
        add(arcs, weights, there, there)
    goal = np.zeros(columns)
    goal[net.arcs :] = [-each for each in aim.objective]
    # csr_array adds up what is named twice
    matrix = csr_array((value, (line, column)), shape=(len(low), columns), dtype=float)
    for integers in (0 * integrality, integrality):  # mostly parts of flows come out whole, and sooner
        result = milp(
            goal,
            integrality=integers,
            bounds=Bounds(0, upper),
            constraints=[LinearConstraint(matrix, low, high)],
            options={"time_limit": TIME_LIMIT, "mip_rel_gap": 0.0},
        )
        if result.status != 0:
            raise RuntimeError(f"no optimum: {result.message}")
        if np.all(np.abs(result.x - np.round(result.x))[integrality == 1] < WHOLE):
            break
    return float(-result.fun) + 0.0, result.x[net.arcs :]
