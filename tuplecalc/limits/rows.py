"""Proxies in a row: each leg has to differ from its neighbours, in the machine that they share."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from math import inf

from tuplecalc.limits.expression import Expression, Minimum, Number, Size, Sum, alternating_sizes
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
    last = run.sides[-1][1]
    between: list[Expression] = []
    lowest_flows: Number | float = inf
    lowest_rate: Number | float = inf
    seconds = last.value
    sizes = alternating_sizes([leg.ports for leg in run.legs])
    for keys, size in enumerate(islice(sizes, 1, None), start=2):
        first = len(run.legs) - keys
        entering, _ = run.sides[first]
        held = seconds + entering.value
        flows, rate = size // keys, Fraction(size) / held if held else inf
        if keys > 2 and (keys <= ALWAYS_LISTED or flows < lowest_flows or rate < lowest_rate):
            times = Sum((entering, *reversed(between), last))
            legs = Size("alternate", run.legs[first:])
            limits.append(Limit(f"shared-{keys}", hop, legs, scopes, keys, times))
        lowest_flows, lowest_rate = min(lowest_flows, flows), min(lowest_rate, rate)
        if first:
            between.append(Minimum((run.sides[first - 1][1], entering)))
            seconds += between[-1].value
    return limits
