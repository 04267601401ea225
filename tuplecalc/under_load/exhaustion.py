"""How long a pool takes to fill from empty."""

from __future__ import annotations

from fractions import Fraction
from math import log, log1p

from tuplecalc.under_load import checks

_MOST = 10**100  # more than all of IPv6's tuples


def exhaustion_time(
    circuits: int,
    rate: float | Fraction,
    hold: float | Fraction,
    linger: float | Fraction,
) -> float | None:
    """Seconds from an empty pool to a full one, in the fluid; None where it never fills.

    ``λ`` connections a second are offered from the moment 0 on.  Each holds one of ``C`` circuits for a time
    of mean ``H`` without memory (exponential) and then for a fixed ``T`` (TIME_WAIT, or a NAT's own timer).
    Of those, ``m(t)`` are still there after ``t`` seconds, and the pool is full when ``m(t) = C``::

        m(t) = λ·∫_0^t P(hold + linger > u) du = λ·(min(t, T) + H·(1 - e^(-max(0, t - T)/H)))

    Solved in closed form: ``C/λ`` as long as nothing has been released by then, and
    ``T - H·ln(1 - (C/λ - T)/H)`` afterwards.  Never where ``λ·(H + T) ≤ C``: that is decided exactly, also
    for fractions.  A hold that is always the same is part of the linger.  A pool of 0 is full at once.

    Holds for large pools ("in the fluid": connections as a steady flow, without chance).  Units: a rate in
    connections a second, times in seconds.  Raises :class:`~tuplecalc.errors.TopologyError` for negative
    or infinite numbers.  Source: the number of busy servers in M/G/∞ that starts empty is Poisson with the
    mean ``m(t)``.

    >>> exhaustion_time(28232, 500, hold=1, linger=60)
    56.464
    >>> round(exhaustion_time(1000, 16.5, hold=5, linger=60), 4)  # some are released before
    60.6461
    >>> exhaustion_time(28232, 470, hold=1, linger=59) is None
    True
    """
    tuples, offered = checks.count(circuits, "circuits", most=_MOST), _exact(rate, "rate")
    mean, tail = _exact(hold, "hold"), _exact(linger, "linger")
    if offered * (mean + tail) <= tuples:
        return None
    if tuples <= offered * tail:
        return float(tuples / offered)
    released = (tuples / offered - tail) / mean
    if released < Fraction(1, 2):
        return float(tail) - float(mean) * log1p(-float(released))
    left = 1 - released  # exact: next to the limit everything hangs on it
    return float(tail) + float(mean) * (log(left.denominator) - log(left.numerator))


def _exact(value: float | Fraction, place: str) -> Fraction:
    checked = checks.number(value, place)
    return Fraction(value) if isinstance(value, int | Fraction) else Fraction(checked)
