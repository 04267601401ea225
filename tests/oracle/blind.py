"""Blind choice by its setting alone: exact Markov chains, single connections at random, every burst.

A cone picks ``p`` uniformly among the ports of A that it does not use; it fails where the proxy uses ``p``.
The proxy picks ``q`` uniformly among the ports of L that nobody uses, ``p`` included; it fails where there is
none. No formula of the package is used here.
"""

import heapq
import random
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import count
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp  # type: ignore[import-untyped]
from scipy.sparse import csc_array  # type: ignore[import-untyped]
from scipy.sparse.linalg import spsolve  # type: ignore[import-untyped]

Means = NDArray[
    np.float64
]  # of the cone's ports in use, not shared and shared, then the proxy's shared and not


class State(NamedTuple):
    """Connections by the classes of their two ports (o: in both sets, x: not), then lingering ports."""

    xo: int = 0
    xx: int = 0
    oo: int = 0
    ox: int = 0
    cone_x: int = 0
    cone_o: int = 0
    proxy_x: int = 0
    proxy_o: int = 0


class Sizes(NamedTuple):
    """Ports of the cone alone, of both, of the proxy alone."""

    cone_only: int
    overlap: int
    proxy_only: int


class Chain(NamedTuple):
    """Sizes, attempts a second and the means of the exponential times."""

    sizes: Sizes
    rate: float
    hold: float
    cone_linger: float = 0.0
    proxy_linger: float = 0.0


def admissions(chain: Chain, state: State) -> Iterator[tuple[float, State]]:
    """The probability that an attempt gets in, by the state it leads to."""
    a, o, l = chain.sizes  # noqa: E741
    cone_x = state.xo + state.xx + state.cone_x
    cone_o = state.oo + state.ox + state.cone_o
    free_x = a - cone_x
    free_o = o - cone_o - (state.xo + state.oo + state.proxy_o)
    free_l = l - (state.xx + state.ox + state.proxy_x)
    seen_free = a + o - cone_x - cone_o
    if free_x and free_o + free_l:
        chance = free_x / seen_free / (free_o + free_l)
        yield chance * free_o, state._replace(xo=state.xo + 1)
        yield chance * free_l, state._replace(xx=state.xx + 1)
    if free_o and free_o - 1 + free_l:
        chance = free_o / seen_free / (free_o - 1 + free_l)
        yield chance * (free_o - 1), state._replace(oo=state.oo + 1)
        yield chance * free_l, state._replace(ox=state.ox + 1)


def departures(chain: Chain, state: State) -> Iterator[tuple[float, State]]:
    """The rates at which connections close and lingering ports come back, by the state they lead to."""
    for kind in ("xo", "xx", "oo", "ox"):
        if number := getattr(state, kind):
            cone, proxy = f"cone_{kind[0]}", f"proxy_{kind[1]}"
            after = {kind: number - 1}
            after |= {cone: getattr(state, cone) + 1} if chain.cone_linger else {}
            after |= {proxy: getattr(state, proxy) + 1} if chain.proxy_linger else {}
            yield number / chain.hold, state._replace(**after)
    for side, seconds in (("cone", chain.cone_linger), ("proxy", chain.proxy_linger)):
        for field in (f"{side}_x", f"{side}_o"):
            if number := getattr(state, field):
                yield number / seconds, state._replace(**{field: number - 1})


def exact_blocking(chain: Chain) -> float:
    """The share of attempts that fail, from the stationary law of all states reachable from empty."""
    numbers = {State(): 0}
    refused: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    rates: list[float] = []
    queue = deque([State()])
    while queue:
        state = queue.popleft()
        here = numbers[state]
        entries = [(chance, after) for chance, after in admissions(chain, state) if chance]
        refused.append(1 - sum(chance for chance, _ in entries))
        moves = [(chain.rate * chance, after) for chance, after in entries]
        for rate, after in [*moves, *departures(chain, state)]:
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            rows += [numbers[after], here]
            columns += [here, here]
            rates += [rate, -rate]
    size = len(numbers)
    balance = csc_array((rates, (rows, columns)), shape=(size, size)).tolil()
    balance[size - 1, :] = 1.0
    law = np.atleast_1d(spsolve(balance.tocsc(), np.eye(1, size, size - 1).ravel()))
    return float(law @ np.array(refused))


def means_at_rest(chain: Chain) -> float:
    """The share that fails where the flow of the means (many ports) has come to rest, below saturation."""
    a, o, l = chain.sizes  # noqa: E741
    cone_seconds, proxy_seconds = chain.hold + chain.cone_linger, chain.hold + chain.proxy_linger

    def shares(means: Means) -> tuple[float, float, float]:
        seen_free = a + o - means[0] - means[1]
        return (a - means[0]) / seen_free, (o - means[1] - means[2]) / seen_free, means[2] / seen_free

    def flow(_: float, means: Means) -> list[float]:
        in_x, in_o, _ = (chain.rate * share for share in shares(means))
        free_o, free_l = o - means[1] - means[2], l - means[3]
        each = (in_x + in_o) / (free_o + free_l)
        cone = [in_x - means[0] / cone_seconds, in_o - means[1] / cone_seconds]
        return [*cone, each * free_o - means[2] / proxy_seconds, each * free_l - means[3] / proxy_seconds]

    end = 200 * max(cone_seconds, proxy_seconds)
    run = solve_ivp(flow, (0, end), np.zeros(4), method="LSODA", rtol=1e-10, atol=1e-10)
    return float(shares(run.y[:, -1])[2])


class Observed(NamedTuple):
    """Shares of the attempts after the warm-up, and the standard error of the sum of both by batches."""

    collision: float
    exhausted: float
    error: float

    @property
    def blocking(self) -> float:
        return self.collision + self.exhausted


class Pool:
    """A set of ports from which one can be drawn uniformly."""

    def __init__(self, ports: range) -> None:
        self.ports = list(ports)
        self.index = {port: place for place, port in enumerate(ports)}

    def draw(self, chance: random.Random) -> int | None:
        return self.ports[int(chance.random() * len(self.ports))] if self.ports else None

    def remove(self, port: int) -> None:
        place, last = self.index.pop(port), self.ports.pop()
        if last != port:
            self.ports[place] = last
            self.index[last] = place

    def add(self, port: int) -> None:
        self.index[port] = len(self.ports)
        self.ports.append(port)


def simulated(
    chain: Chain,
    attempts: int,
    *,
    table_linger: float | None = None,
    fixed_hold: bool = False,
    seed: int = 1,
) -> Observed:
    """Single connections: arrivals at random, exponential or fixed holds, fixed lingers; a third warms up.

    ``table_linger`` is how long the proxy's table keeps ``p``, where it lets go of it before the cone.
    """
    in_table = chain.cone_linger if table_linger is None else table_linger
    a, o, l = chain.sizes  # noqa: E741
    chance = random.Random(seed)
    cone_ports, proxy_ports = range(a + o), range(a, a + o + l)
    seen_free, free = Pool(cone_ports), Pool(proxy_ports)
    proxys: set[int] = set()
    ends: list[tuple[float, int, str, int]] = []
    tie = count()
    batches = np.zeros((20, 3))
    now, warm = 0.0, attempts // 3
    for attempt in range(attempts):
        now += chance.expovariate(chain.rate)
        while ends and ends[0][0] <= now:
            _, _, side, port = heapq.heappop(ends)
            if side == "cone":
                seen_free.add(port)
                continue
            if side == "proxy":
                proxys.discard(port)
            if port in proxy_ports:
                free.add(port)
        p = seen_free.draw(chance)
        outcome = 0
        if p is None:
            outcome = 2
        elif p in proxys:
            outcome = 1
        else:
            if p in proxy_ports:
                free.remove(p)
            q = free.draw(chance)
            if q is None:
                outcome = 2
                if p in proxy_ports:
                    free.add(p)
            else:
                seen_free.remove(p)
                free.remove(q)
                proxys.add(q)
                close = now + (chain.hold if fixed_hold else chance.expovariate(1 / chain.hold))
                heapq.heappush(ends, (close + in_table, next(tie), "table", p))
                heapq.heappush(ends, (close + chain.cone_linger, next(tie), "cone", p))
                heapq.heappush(ends, (close + chain.proxy_linger, next(tie), "proxy", q))
        if attempt >= warm:
            batches[(attempt - warm) * 20 // (attempts - warm), outcome] += 1
    shares = batches / batches.sum(axis=1, keepdims=True)
    spread = (shares[:, 1] + shares[:, 2]).std(ddof=1) / sqrt(20)
    collision, exhausted = shares.mean(axis=0)[1:]
    return Observed(float(collision), float(exhausted), float(spread))


def burst_admitted(sizes: Sizes) -> float:
    """The mean number that gets in where the cone tries each of its ports once, in random order."""

    @cache
    def admitted(tries_x: int, tries_o: int, taken: int, others: int) -> float:
        """Untried: the cone's own, free shared, the proxy's. Then what else the proxy may take."""
        total = tries_x + tries_o + taken
        mean = 0.0
        if tries_x:
            free = tries_o + others
            share = tries_x / total
            mean += share * (1 if free else admitted(tries_x - 1, tries_o, taken, others))
            if tries_o:
                mean += share * tries_o / free * admitted(tries_x - 1, tries_o - 1, taken + 1, others)
            if others:
                mean += share * others / free * admitted(tries_x - 1, tries_o, taken, others - 1)
        if tries_o:
            free = tries_o - 1 + others
            share = tries_o / total
            # where no port is left for the proxy, p is free again but not tried again
            mean += share * (1 if free else admitted(tries_x, 0, taken, 1))
            if tries_o > 1:
                mean += share * (tries_o - 1) / free * admitted(tries_x, tries_o - 2, taken + 1, others)
            if others:
                mean += share * others / free * admitted(tries_x, tries_o - 1, taken, others - 1)
        if taken:
            mean += taken / total * admitted(tries_x, tries_o, taken - 1, others)
        return mean

    return admitted(sizes.cone_only, sizes.overlap, 0, sizes.proxy_only)
