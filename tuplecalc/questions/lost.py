"""What fails at each point of a sweep: on demand, since each point is a chain of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import replace_all
from tuplecalc.network.values import number
from tuplecalc.questions.grid import Array, Grid
from tuplecalc.under_load.chains import result_blocking
from tuplecalc.under_load.offered import offered

_NO_RATE = "blocking is that of a rate; write `rate` under [traffic], or --rate 700"


class Lost(NamedTuple):
    """The share of connections that fails at each point: between two bounds."""

    lower: Array
    upper: Array

    @classmethod
    def of(cls, sweep: Grid) -> Lost:
        """With room for every point."""
        return cls(np.empty(sweep.shape), np.empty(sweep.shape))


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
    found = Lost.of(sweep)
    for point, chain in _chains(sweep):
        at = chain.traffic.offered if asked is None else asked
        if at is None:
            raise InputError(_NO_RATE)
        found.lower[point], found.upper[point] = result_blocking(capacity(chain), float(at))
    return found


def failing(sweep: Grid) -> tuple[Lost, Lost]:
    """What fails of the rate that each point offers: in the best case, and as devices really choose.

    These are ``blocking`` and ``expected`` of :class:`tuplecalc.under_load.Offered`.  Raises
    :class:`~tuplecalc.errors.InputError` where no rate is offered.

    >>> from tuplecalc.questions.sweep import sweep
    >>> from tuplecalc.network.file import example
    >>> best, expected = failing(sweep(example("outage"), {"hops.lvs.addresses": "1..2"}))
    >>> (expected.lower > best.upper).tolist()
    [True, True]
    """
    best, expected = Lost.of(sweep), Lost.of(sweep)
    for point, chain in _chains(sweep):
        load = offered(chain)
        if load.blocking is None or load.expected is None:
            raise InputError(_NO_RATE)
        for shares, bracket in ((best, load.blocking), (expected, load.expected)):
            shares.lower[point], shares.upper[point] = bracket
    return best, expected


def _chains(sweep: Grid) -> Iterator[tuple[tuple[int, ...], Chain]]:
    """Every point and its chain."""
    for point in product(*map(range, sweep.shape)):
        values = zip(sweep.axes, point, strict=True)
        yield point, replace_all(sweep.chain, (axis.change(axis.values[at]) for axis, at in values))
