"""What fails of each kind and group at a rate: in the best case and really; of all, and of the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.under_load.chains import Bracket, Losing, of_all
from tuplecalc.under_load.expected import Choosing
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.pools import Pools, Strand, pools

Shares = Mapping[Strand, Bracket]


class Failing(NamedTuple):
    """What is expected to fail of all flows at a rate, and of the kind or group that fails most."""

    all: Bracket
    most: float
    """By the upper end: what the verdict and ``--most-failing`` look at."""


def shares_failing(
    result: Capacity, found: Sequence[Pools], rate: float, field: MeanField
) -> tuple[Shares, Shares]:
    """What fails of each strand where ports are chosen in concert, and as devices choose them."""
    choosing = Choosing(result, Losing(found), field)
    lost: Shares = choosing.in_concert(rate)
    if not result.flows and not result.chain.is_mixed:
        lost = dict.fromkeys(lost, Bracket(1.0, 1.0))
        return lost, lost
    return lost, choosing.strands(rate)


def failing_at(
    result: Capacity,
    rate: float,
    found: Sequence[Pools] | None = None,
    field: MeanField | None = None,
) -> Failing:
    """What is expected to fail at a rate.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> found = failing_at(capacity(example("outage")), 570)
    >>> [round(share, 3) for share in found.all], round(found.most, 3)
    ([0.425, 0.553], 0.553)
    """
    found = pools(result) if found is None else found
    field = MeanField(result) if field is None else field
    _, really = shares_failing(result, found, rate, field)
    whole = of_all(result.chain.strands, really)
    return Failing(whole, max(whole.upper, *(each.upper for each in really.values())))
