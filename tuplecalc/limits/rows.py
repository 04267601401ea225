"""Proxies in a row: each leg has to differ from its neighbours, in the machine that they share."""

from __future__ import annotations

from itertools import islice
from math import inf

from tuplecalc.limits.expression import Expression, Number, Size, Sum, alternating_sizes
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.state import Run

ALWAYS_LISTED = 8
"""Legs of a row up to which every shared-k is listed, whether or not it can bind."""


def shared_in_a_row(run: Run, hop: str, scopes: Expression) -> list[Limit]:
    r"""shared-k for k ≥ 3 legs in a row that end with the last one.

    ========= ============ ======= ====== =========
    limit     size         scopes  keys   seconds
    ========= ============ ======= ====== =========
    shared-k  Σ_p α        b·E'    k      the run's
    ========= ============ ======= ====== =========

    Keys of neighbours must differ, legs further apart may use the same port: the size is the sum
    over ports of the legs that can hold it.  A leg between two of these proxies counts with the
    shorter of its times in the two.  Of rows longer than ``ALWAYS_LISTED`` only those are listed
    that are lower than all shorter ones: the others cannot bind.
    """
    limits: list[Limit] = []
    if len(run.legs) < 3:
        return limits
    fewest_flows: float = inf
    slowest: tuple[int, Number] = (1, 0)  # size and seconds, whose quotient is the rate
    seconds = run.leaving.value
    sizes = alternating_sizes([leg.ports for leg in run.legs])
    for keys, size in enumerate(islice(sizes, 1, None), start=2):
        first = len(run.legs) - keys
        held = seconds + run.entering[first][1]
        fewer, slower = size // keys < fewest_flows, size * slowest[1] < slowest[0] * held
        if keys > 2 and (keys <= ALWAYS_LISTED or fewer or slower):
            between = (time for time, _ in run.between[first:])
            times = Sum((run.entering[first][0], *between, run.leaving))
            size_of_row = Size("alternate", run.legs[first:])
            limits.append(Limit(f"shared-{keys}", hop, size_of_row, scopes, keys, times))
        if fewer:
            fewest_flows = size // keys
        if slower:
            slowest = size, held
        if first:
            seconds += run.between[first - 1][1]
    return limits
