"""Linux since 6.5: where no port is free, a search may take the port of a closed entry.

All that is said here is an estimate for a cone that is busy: its closed entries stay in the table until one
is evicted (120 s), so that every port that no open connection holds has one.  Where connections last longer
than some minutes some ports are free as well, and fewer searches fail.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from math import comb, prod
from typing import NamedTuple

_MAY_EVICT = 32
"""Probes at the end of a window that may evict."""

_CLUSTERED = (
    (0.7, 0.672),
    (0.75, 0.695),
    (0.8, 0.711),
    (0.85, 0.737),
    (0.9, 0.751),
    (0.925, 0.78),
    (0.95, 0.813),
    (0.96, 0.889),
    (0.97, 0.926),
    (0.98, 0.957),
    (0.99, 0.975),
    (1.0, 1.0),
)
"""Share of the ports in open connections → ln of the failure over ln of that with these anywhere.

64,512 ports, connections of one length, after 20 turnovers (0.95: 60), 2,000,000 searches each."""

_SERVED = (
    (0.8, 0.9998, 1.0),
    (0.85, 0.9989, 1.0),
    (0.9, 0.99, 1.0),
    (0.93, 0.965, 1.0),
    (0.95, 0.92, 1.0),
    (0.96, 0.82, 0.996),
    (0.97, 0.76, 0.99),
    (0.98, 0.72, 0.987),
    (1.0, 0.66, 0.971),
)


def may_evict(windows: tuple[int, ...]) -> tuple[int, ...]:
    """How many probes of each window may evict: the last 32, 120 of the 248.

    Source: nf_nat_l4proto_unique_tuple (6.5 and later; NF_NAT_HARDER_THRESH).

    >>> may_evict((128, 64, 32, 16, 8)), may_evict((100,)), may_evict((20,))
    ((32, 32, 32, 16, 8), (32,), (20,))
    """
    return tuple(min(window, _MAY_EVICT) for window in windows)


def spread(k: int, R: int, parts: tuple[tuple[int, int], ...]) -> float:
    """How often a search fails where the k ports of open connections lie anywhere among the R.

    A probe that may evict takes a port whose entry is closed with probability 1/2: the sequence number
    of the new connection has to be ahead of it.  So a window of w probes fails with the mean of
    2⁻ʲ over the number j of closed entries in it (hypergeometric), about ((1 + k/R)/2)ʷ.  Open ports
    lie in clusters, and more searches fail.  Held against a simulation.

    >>> f"{spread(900, 1000, ((32, 3), (16, 1), (8, 1))):.4f}"
    '0.0020'
    """
    return float(prod(_window(k, R, w) ** times for w, times in parts))


@lru_cache(maxsize=4096)
def _window(k: int, R: int, w: int) -> float:
    ways = comb(R, w)
    return sum(comb(R - k, j) * comb(k, w - j) / ways * 0.5**j for j in range(w + 1))


def clustered(k: int, R: int, parts: tuple[tuple[int, int], ...]) -> float:
    """How often a search fails where open ports lie in the clusters that such searches leave.

    The form of :func:`spread` to a power that was simulated (64,512 ports, connections of one length) and
    is interpolated.  With 100 to 4,096 ports it was within 0.03 of the simulation.

    >>> f"{clustered(61286, 64512, ((32, 3), (16, 1), (8, 1))):.3f}"
    '0.085'
    """
    return float(spread(k, R, parts) ** _power(k / R))


def _power(alpha: float) -> float:
    for (low, before), (high, after) in pairwise(_CLUSTERED):
        if alpha <= high:
            return before + (after - before) * max(0.0, alpha - low) / (high - low)
    return 1.0


class ServedAtOnce(NamedTuple):
    """The share of new connections that find a port."""

    first: float
    """With their first SYN."""
    soon: float
    """Within 3 s, with those that are sent again."""


def served_by_linux(load: float) -> ServedAtOnce:
    """How many connections find a port at a load R·H/P up to 1, where lost SYNs are sent again.

    H counts until the last ACK.  Interpolated between simulated points: 64,512 ports, connections of 1 s,
    SYNs at 0, 1 and 3 s.  An estimate: with holds of 0.2 to 10 s the share of first SYNs was up to 0.08
    larger from 0.96 on, since what is sent again then comes less in step.  Below 0.8 next to all find one.

    >>> served_by_linux(0.95), served_by_linux(0.5)
    (ServedAtOnce(first=0.92, soon=1.0), ServedAtOnce(first=1.0, soon=1.0))
    """
    loads = [point[0] for point in _SERVED]
    if load < loads[0]:
        return ServedAtOnce(1.0, 1.0)
    place = max(1, bisect_left(loads, load))
    (low, *before), (high, *after) = _SERVED[place - 1 : place + 1]
    part = (load - low) / (high - low)
    return ServedAtOnce(*(a + (b - a) * part for a, b in zip(before, after, strict=True)))
