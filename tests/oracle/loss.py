"""Small loss systems as Markov chains, solved exactly: states and moves, no formula of a blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
from scipy.sparse.linalg import spsolve  # type: ignore[import-untyped]

State = tuple[int, int]
Moves = Callable[[State], Iterator[tuple[State, float]]]


def two_phases(fits: Callable[[int, int], bool], rate: float, hold: float, linger: float) -> float:
    """The blocking of connections that are open for ``hold`` and then linger, both without memory.

    ``fits(open, lingering)`` says whether a state is within all the room that there is; what is
    open may always close.
    """

    def moves(state: State) -> Iterator[tuple[State, float]]:
        opened, lingering = state
        if fits(opened + 1, lingering):
            yield (opened + 1, lingering), rate
        if opened:
            yield (opened - 1, lingering + 1), opened / hold
        if lingering:
            yield (opened, lingering - 1), lingering / linger

    shares = stationary(moves)
    return sum(share for (n, t), share in shares.items() if not fits(n + 1, t))


def stationary(moves: Moves) -> dict[State, float]:
    """The share of time in each state that can be reached from (0, 0)."""
    found, queue = {(0, 0): 0}, [(0, 0)]
    rows, columns, rates = [], [], []
    while queue:
        state = queue.pop()
        for following, rate in moves(state):
            if following not in found:
                found[following] = len(found)
                queue.append(following)
            rows += [found[following], found[state]]
            columns += [found[state], found[state]]
            rates += [rate, -rate]
    size = len(found)
    balance = coo_matrix((rates, (rows, columns)), shape=(size, size)).tolil()
    balance[0, :] = 1.0  # the shares sum to 1, instead of one equation that follows from the others
    shares = spsolve(balance.tocsc(), np.eye(1, size)[0])
    return {state: float(shares[number]) for state, number in found.items()}
