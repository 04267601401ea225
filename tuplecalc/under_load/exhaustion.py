"""How long a pool takes to fill from empty."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import exp, expm1, log, log1p
from typing import NamedTuple

from tuplecalc.limits.limit import Limit
from tuplecalc.under_load.hashing import fullest_estimate
from tuplecalc.under_load.pools import Pools
from tuplecalc.under_load.roots import crossing

NOTHING = 40.0  # holds, after which what is left of an exponential is in no digit


class Exhausted(NamedTuple):
    """The limit that is the first to run dry, from empty, at the offered rate.

    ``seconds`` in the fluid with exponential holds; ``soonest`` where nothing is closed before.
    """

    limit: Limit
    seconds: float
    soonest: float


def exhausted(each: Pools, rate: Fraction) -> Exhausted | None:
    """When the pool is full that gets the most of the chain's rate; None where it never is."""
    held = each.held
    each_flow = sum(held.values(), Fraction(0))
    keys = rate * hottest(each) * each_flow
    if not keys:
        return None
    times = {time: part / each_flow for time, part in held.items()}
    seconds = exhaustion_time(each.room, keys, times)
    return None if seconds is None else Exhausted(each.limit, seconds, float(each.room / keys))


def hottest(each: Pools) -> Fraction:
    """The part of the traffic that falls on the fullest pool; behind a hash what that gets, about."""
    if each.hashed is None:
        return each.hottest
    clients, addresses = each.hashed
    return each.hottest * Fraction(fullest_estimate(clients, addresses)) * addresses / clients


def exhaustion_time(
    size: Fraction, rate: Fraction, held: Mapping[tuple[Fraction, Fraction], Fraction]
) -> float | None:
    """Seconds from an empty pool of so many keys to a full one, in the fluid; None where it never fills.

    ``λ`` keys a second are taken from the moment 0 on.  The part ``m`` of them is held for a time of mean
    ``H`` without memory (exponential), and for a fixed ``T`` more (TIME_WAIT, or a NAT's own timer);
    ``held`` are these parts by ``(H, T)``::

        taken(t) = λ·Σ m·(min(t, T) + H·(1 - e^(-max(0, t - T)/H)))

    It is ``λ·t`` until the first is released; after the longest ``T`` it is, where all have one ``H``,
    ``λ·(Σ m·T + H) - λ·H·Σ m·e^(-(t - T)/H)``, solved in closed form.  Never where
    ``λ·Σ m·(T + H)`` is no more than the size: decided exactly.  A hold that is always the same is part of
    ``T``.

    Holds for large pools ("in the fluid": connections as a steady flow, without chance).  Units: keys, keys a
    second, seconds.  Source: the number of busy servers in M/G/∞ that starts empty is Poisson with this mean.

    >>> held = {(Fraction(1), Fraction(60)): Fraction(1)}
    >>> exhaustion_time(Fraction(28232), Fraction(500), held)
    56.464
    """
    over = rate * sum(part * sum(times) for times, part in held.items()) - size
    if over <= 0:
        return None
    soonest, last = float(size / rate), float(max(lag for _, lag in held))
    if soonest <= min(lag for _, lag in held):
        return soonest

    def missing(time: float) -> float:
        taken = 0.0
        for (hold, lag), part in held.items():
            later, mean = max(time - float(lag), 0.0), float(hold)
            back = mean * -expm1(-later / mean) if mean else 0.0
            taken += float(part) * (min(time, float(lag)) + back)
        return taken - soonest

    holds = {hold for hold, _ in held}
    mean = float(max(holds))
    if not mean or missing(last) >= 0:
        return crossing(missing, soonest, last)
    if len(holds) > 1:
        return crossing(missing, last, last + NOTHING * mean)
    left = over / (rate * max(holds))  # exact: next to the limit everything hangs on it
    weight = sum(float(part) * exp((float(lag) - last) / mean) for (_, lag), part in held.items())
    logarithm = log1p(-float(1 - left)) if 2 * left > 1 else log(left.numerator) - log(left.denominator)
    return last + mean * (log(weight) - logarithm)
