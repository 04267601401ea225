"""Blind choice in tiny networks, exactly: the stationary law of every state, by its linear equations.

Flows arrive at random moments and hold for exponential times; nothing lingers.  A state is the set of open
flows.  A flow says which ports it has; nothing here knows how the simulation walks.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

Flow = tuple[object, ...]
State = frozenset[Flow]
EMPTY: State = frozenset()


class Arrival(NamedTuple):
    """What may come of an attempt: how likely it is, how many flows are lost by it, and the state behind."""

    chance: float
    lost: float
    after: State


def failing(arrivals: Callable[[State], Iterable[Arrival]], load: float) -> float:
    """The share of flows that fail: a law of the states in which load = rate · hold."""
    numbers, queue = {EMPTY: 0}, deque([EMPTY])
    lost: list[float] = []
    moves: list[tuple[int, int, float]] = []
    while queue:
        state = queue.popleft()
        found = [*arrivals(state)]
        lost.append(sum(each.chance * each.lost for each in found))
        ways = [(each.after, load * each.chance) for each in found]
        for after, rate in [*ways, *((state - {flow}, 1.0) for flow in state)]:
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            moves.append((numbers[state], numbers[after], rate))
    balance = np.zeros((len(numbers), len(numbers)))
    for here, there, rate in moves:
        balance[there, here] += rate
        balance[here, here] -= rate
    balance[-1] = 1.0
    law = np.linalg.solve(balance, np.eye(len(numbers))[-1])
    return float(law @ np.array(lost))


def fan_in(ports: int, virtual: int, services: int) -> Callable[[State], Iterator[Arrival]]:
    """One client that picks a port for each virtual address; behind it a port serves each service once."""

    def arrivals(state: State) -> Iterator[Arrival]:
        for to, service in product(range(virtual), range(services)):
            chance = 1 / virtual / services
            free = [p for p in range(ports) if all((p, to) != flow[:2] for flow in state)]
            if not free:
                yield Arrival(chance, 1, state)
            for port in free:
                clashes = any((port, service) == flow[::2] for flow in state)
                after = state if clashes else state | {(port, to, service)}
                yield Arrival(chance / len(free), clashes, after)

    return arrivals


def tproxy(
    cone: Collection[int], proxy: Collection[int], captured: float = 1.0
) -> Callable[[State], Iterator[Arrival]]:
    """A cone and a proxy in one table, which refuses; what is not captured passes, with no second port."""

    def arrivals(state: State) -> Iterator[Arrival]:
        used, upstream = {flow[0] for flow in state}, {flow[1] for flow in state}
        free = [p for p in cone if p not in used]
        if not free:
            yield Arrival(1, 1, state)
        for p in free:
            chance = 1 / len(free)
            if p in upstream:
                yield Arrival(chance, 1, state)
                continue
            yield Arrival(chance * (1 - captured), 0, state | {(p, None)})
            others = [q for q in proxy if q not in used | upstream | {p}]
            if not others:
                yield Arrival(chance * captured, 1, state)
            for q in others:
                yield Arrival(chance * captured / len(others), 0, state | {(p, q)})

    return arrivals


def tproxy_that_kills(
    cone: Collection[int], proxy: Collection[int], survival: float
) -> Callable[[State], Iterator[Arrival]]:
    """The same where neither sees the other, and the older flow on a port lives on with this probability.

    A flow is (port, upstream port, whether it lives); a dead one keeps its ports until it would have closed.
    """

    def arrivals(state: State) -> Iterator[Arrival]:
        free = [p for p in cone if all(p != flow[0] for flow in state)]
        others = [q for q in proxy if all(q != flow[1] for flow in state)]
        if not free or not others:
            yield Arrival(1, 1, state)
            return
        for p, q in product(free, others):
            outcomes = [(1 / len(free) / len(others), 0, EMPTY)]
            for flow in [*state, (p, q, True)]:
                hits = (flow[0] == q) + (flow[1] == p)
                hits = (p == q) if flow == (p, q, True) else hits
                lives = survival**hits if flow[2] else 0.0
                outcomes = [
                    (chance * share, lost + (not alive and bool(flow[2])), after | {(*flow[:2], alive)})
                    for chance, lost, after in outcomes
                    for alive, share in ((True, lives), (False, 1 - lives))
                    if share
                ]
            yield from (Arrival(*each) for each in outcomes)

    return arrivals
