"""What fails at each point of a sweep: on demand, since each point is a chain of its own."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.replace import replace_all
from tuplecalc.network.values import number
from tuplecalc.questions.grid import Array, Grid
from tuplecalc.under_load.chains import result_blocking


class Lost(NamedTuple):
    """The share of connections that fails at each point: between two bounds."""

    lower: Array
    upper: Array


def lost(sweep: Grid, rate: object = None) -> Lost:
    """The bracket of :func:`tuplecalc.under_load.blocking` at every point, at a rate in connections a second.

    Without a rate it is the one that each point's chain offers.  The searches and sums behind a
    bracket are no arithmetic on arrays: this takes some milliseconds a point.  Raises
    :class:`~tuplecalc.errors.InputError` where no rate is offered.

    >>> from tuplecalc.questions.sweep import sweep
    >>> from tuplecalc.network.file import example
    >>> lost(sweep(example("outage"), {"hops.lvs.addresses": "1..2"})).upper.round(3).tolist()
    [0.162, 0.0]
    """
    asked = None if rate is None else number(rate, "a rate")
    if asked is not None and asked <= 0:
        raise InputError("a rate is above 0; write it as in 700")
    lower, upper = (np.empty(sweep.shape) for _ in range(2))
    for point in product(*map(range, sweep.shape)):
        values = zip(sweep.axes, point, strict=True)
        chain = replace_all(sweep.chain, (axis.change(axis.values[at]) for axis, at in values))
        offered = chain.traffic.offered if asked is None else asked
        if offered is None:
            raise InputError("blocking is that of a rate; write `rate` under [traffic], or --rate 700")
        lower[point], upper[point] = result_blocking(capacity(chain), float(offered))
    return Lost(lower, upper)
