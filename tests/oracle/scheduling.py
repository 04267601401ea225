"""The true rate on single ports: every port lives one connection after the other.

The programs over legs and ports see how large a part of the time a port is taken. Here flows start one by
one, at whole seconds, each on ports of its own, and every choice of ports in every situation is tried.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog  # type: ignore[import-untyped]
from scipy.sparse import csr_array  # type: ignore[import-untyped]

MOST_SITUATIONS = 5_000

Busy = tuple[tuple[int, ...], ...]  # for each port, for how long each space still keeps it


@dataclass(frozen=True)
class SingleLeg:
    """A leg that a flow has: its ports, and how long each space keeps one of them after the close.

    A pair is the wait after a close by the client, and by the server.
    """

    ports: frozenset[int]
    waits: Mapping[str, int | tuple[int, int]]


@dataclass(frozen=True)
class Start:
    """A flow started: so long after the one before, and what is busy then, for each who may close it."""

    seconds: int
    then: tuple[Busy, ...]


class Ports:
    """The ports of one source to one endpoint, and the flows that use them."""

    def __init__(self, legs: Sequence[SingleLeg], hold: int, share: float) -> None:
        self.legs, self.hold = legs, hold
        self.spaces = sorted({space for leg in legs for space in leg.waits})
        self.ports = sorted({port for leg in legs for port in leg.ports})
        self.closers = [who for who, part in enumerate((share, 1 - share)) if part > 0]
        self.parts = [part for part in (share, 1 - share) if part > 0]
        # ports that the same legs may use are alike: only how many of them are busy for how long matters
        users = [tuple(port in leg.ports for leg in legs) for port in self.ports]
        self.alike = [[n for n, use in enumerate(users) if use == kind] for kind in sorted(set(users))]
        numbers = {port: n for n, port in enumerate(self.ports)}
        self.choices = [
            chosen
            for chosen in product(*(sorted(numbers[port] for port in leg.ports) for leg in legs))
            if not self.clash(chosen)
        ]

    def clash(self, chosen: tuple[int, ...]) -> bool:
        """Return whether two legs of one flow want one port in one space, where both are open at once."""
        keys = [(space, n) for leg, n in zip(self.legs, chosen, strict=True) for space in leg.waits]
        return len(keys) > len(set(keys))

    def idle(self) -> Busy:
        """Return that nothing is busy."""
        return tuple((0,) * len(self.spaces) for _ in self.ports)

    def starts(self, busy: Busy) -> Iterator[Start]:
        """Start the next flow on any ports, as soon as these are free."""
        seen = set()
        for chosen in self.choices:
            uses = list(zip(self.legs, chosen, strict=True))
            wait = max(busy[n][self.spaces.index(space)] for leg, n in uses for space in leg.waits)
            then = tuple(self.after(busy, uses, wait, who) for who in self.closers)
            if then not in seen:
                seen.add(then)
                yield Start(wait, then)

    def after(self, busy: Busy, uses: list[tuple[SingleLeg, int]], wait: int, who: int) -> Busy:
        """Return what is busy when a flow has started that `who` will close."""
        ports = [[max(0, seconds - wait) for seconds in port] for port in busy]
        for leg, n in uses:
            for space, waits in leg.waits.items():
                seconds = waits if isinstance(waits, int) else waits[who]
                ports[n][self.spaces.index(space)] = self.hold + seconds
        sorted_ports = list(map(tuple, ports))
        for same in self.alike:
            for n, port in zip(same, sorted(sorted_ports[n] for n in same), strict=True):
                sorted_ports[n] = port
        return tuple(sorted_ports)


def true_rate(legs: Sequence[SingleLeg], *, hold: int = 0, share: float = 1) -> float:
    """Return the highest sustained rate of flows, each with one port of every leg, started one by one.

    A flow takes a port of each leg at the same time, in every space of the leg, for the hold; then each
    space keeps the port for its own wait. The client closes first in ``share`` of the flows, drawn anew
    for each; who it will be is known once the flow has started, not when its ports are chosen. With a
    share of 0 or 1 this is the best cycle through the situations that the ports can be in (the busy times
    that remain); else it is the best policy of a Markov decision process on them. Both are one linear
    program over how often each start is made in each situation:

        max Σ f(s, a)   so that   Σ_a f(s, a) = Σ f(s', a')·P(s | s', a'),   Σ f(s, a)·seconds(s, a) = 1.

    Exact: with whole seconds flows gain nothing by starting between them, nor by waiting longer than
    their ports are busy (Puterman, Markov Decision Processes, 1994, chapter 11). Infinite where ports are
    never busy, 0 where no flow finds ports, flows a second. Raises ValueError where there are too many
    situations to try.

    >>> both = SingleLeg(frozenset({1, 2}), {"table": 1}), SingleLeg(frozenset({1, 2}), {"table": 2})
    >>> round(true_rate(both), 9)
    0.5
    """
    ports = Ports(legs, hold, share)
    if not ports.choices:
        return 0.0
    moves = reachable(ports)
    if not any(start.seconds for _, start, _ in moves):
        return float("inf")
    return best_policy(moves, ports.parts)


Move = tuple[int, Start, tuple[int, ...]]  # from a situation, to one for each who may close


def reachable(ports: Ports) -> list[Move]:
    """Return every start in every situation that starts can lead to."""
    numbers = {ports.idle(): 0}
    waiting, moves = deque(numbers), list[Move]()
    while waiting:
        busy = waiting.popleft()
        for start in ports.starts(busy):
            for then in start.then:
                if then not in numbers:
                    numbers[then] = len(numbers)
                    waiting.append(then)
            moves.append((numbers[busy], start, tuple(numbers[then] for then in start.then)))
        if len(numbers) > MOST_SITUATIONS:
            raise ValueError(f"more than {MOST_SITUATIONS} situations: take fewer ports or shorter times")
    return moves


def best_policy(moves: Sequence[Move], parts: Sequence[float]) -> float:
    """Return the flows a second of the best choice in each situation."""
    entries: dict[tuple[int, int], float] = {}
    for column, (here, _, there) in enumerate(moves):
        entries[here, column] = entries.get((here, column), 0) + 1
        for situation, part in zip(there, parts, strict=True):
            entries[situation, column] = entries.get((situation, column), 0) - part
    last = 1 + max(row for row, _ in entries)
    entries |= {(last, column): start.seconds for column, (_, start, _) in enumerate(moves) if start.seconds}
    rows, columns = zip(*entries, strict=True)
    matrix = csr_array((list(entries.values()), (rows, columns)), shape=(last + 1, len(moves)))
    ends = np.zeros(last + 1)
    ends[last] = 1
    result = linprog(-np.ones(len(moves)), A_eq=matrix, b_eq=ends, method="highs")
    if result.status == 3:  # unbounded: a cycle that takes no time
        return float("inf")
    if result.status != 0:
        raise RuntimeError(f"no optimum: {result.message}")
    return float(-result.fun)
