"""Small loss systems as Markov chains, solved exactly: states and moves, no formula of a blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
from scipy.sparse.linalg import spsolve  # type: ignore[import-untyped]

State = tuple[int, ...]
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

    shares = stationary(moves, (0, 0))
    return sum(share for (n, t), share in shares.items() if not fits(n + 1, t))


class Phase(NamedTuple):
    """So long, without memory, flows take so many keys of each pool."""

    seconds: float
    keys: tuple[int, ...]


class Kind(NamedTuple):
    """Flows that come at random moments and go from phase to phase, the first of which takes most."""

    rate: float
    phases: tuple[Phase, ...]


def kinds_blocking(rooms: Sequence[int], kinds: Sequence[Kind]) -> list[float]:
    """What fails of each kind, of pools with so much room."""
    phases = [(number, place) for number, kind in enumerate(kinds) for place in range(len(kind.phases))]

    def fits(state: State) -> bool:
        return all(
            sum(n * kinds[k].phases[p].keys[pool] for n, (k, p) in zip(state, phases, strict=True)) <= room
            for pool, room in enumerate(rooms)
        )

    def moved(state: State, leaves: int | None, enters: int | None) -> State:
        change = list(state)
        if leaves is not None:
            change[leaves] -= 1
        if enters is not None:
            change[enters] += 1
        return tuple(change)

    def moves(state: State) -> Iterator[tuple[State, float]]:
        for number, kind in enumerate(kinds):
            first = phases.index((number, 0))
            if kind.rate and fits(after := moved(state, None, first)):
                yield after, kind.rate
            for place, phase in enumerate(kind.phases):
                if state[first + place]:
                    following = first + place + 1 if place + 1 < len(kind.phases) else None
                    yield moved(state, first + place, following), state[first + place] / phase.seconds

    shares = stationary(moves, (0,) * len(phases))
    firsts = [phases.index((number, 0)) for number in range(len(kinds))]
    return [
        sum(share for state, share in shares.items() if not fits(moved(state, None, first)))
        for first in firsts
    ]


def stationary(moves: Moves, start: State) -> dict[State, float]:
    """The share of time in each state that can be reached from the first one."""
    found, queue = {start: 0}, [start]
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
