"""The inverses of Erlang B over numpy arrays: the same steps, for the elements that still need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuplecalc.under_load import erlang_inverse as inverse
from tuplecalc.under_load.erlang_arrays import at, blocking_of_piece, log_excess
from tuplecalc.under_load.erlang_kernels import Functions

if TYPE_CHECKING:
    from tuplecalc.under_load.erlang_arrays import Floats, Mask, Some


def max_load(circuits: Some, chance: Floats, f: Functions) -> Floats:
    """:func:`tuplecalc.under_load.erlang_inverse.max_load`, for one piece."""
    import numpy as np

    if isinstance(circuits, float) and circuits == 0:
        return np.zeros(chance.shape)
    low, load, high = np.broadcast_arrays(*inverse.first_load(circuits, chance, f))
    load = np.where((low > 0) & np.greater(circuits, 0), load, 0.0)
    target = inverse.log_odds(chance, f)
    before = np.full(load.shape, np.inf)
    left: Mask = load > 0
    for _ in range(inverse.STEPS):
        if not left.any():
            break
        some, now = at(circuits, left), load[left]
        step = inverse.load_step(some, now, log_excess(some, now, f), target[left], f)
        load[left] = np.clip(now * f.exp(step), low[left], high[left])
        size = np.abs(step)
        settled = inverse.settled(size, before[left], some, f)
        before[left] = size
        left[left] = ~settled
    return load


def min_circuits(load: Some, chance: Floats, f: Functions) -> Floats:
    """:func:`tuplecalc.under_load.erlang_inverse.min_circuits`, for one piece."""
    import numpy as np

    loads = np.broadcast_to(load, chance.shape)
    circuits = np.where(loads > 0, inverse.first_circuits(loads, chance, f), 1.0)
    left: Mask = loads > 0
    for _ in range(inverse.STEPS):
        if not left.any():
            break
        now = circuits[left]
        log_odds = log_excess(now, loads[left], f)
        step = inverse.circuits_step(now, loads[left], log_odds, chance[left], f)
        circuits[left] += step
        left[left] = step != 0
    for change in (1, -1):
        left = loads > 0
        while left.any():
            now = circuits[left] + min(change, 0)
            enough = blocking_of_piece(now, loads[left], f) <= chance[left]
            more = ~enough if change > 0 else enough & (now > 0)
            circuits[left] += change * more
            left[left] = more
    return circuits
