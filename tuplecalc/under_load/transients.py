"""Pools in motion: from empty to full, acceptance in bursts, recovery.

A pool has so many ``circuits`` (tuples).  Each accepted connection holds one of them for
``hold + linger`` seconds: the hold has a mean and a law, the linger (TIME_WAIT, or a NAT's own
timer) is fixed.  "In the fluid" means: connections as a steady flow, without chance; it is the
limit of large pools.  What a connection does that found no free tuple is not modelled: it is lost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from math import exp, inf, log, log1p, pi, sqrt
from typing import Literal, NamedTuple

from tuplecalc.errors import reject
from tuplecalc.under_load import checks
from tuplecalc.under_load.series import log1p_less, stirling

Law = Literal["exponential", "fixed"]
"""How a time with a given mean is spread: without memory, or always the same."""
LAWS = ("exponential", "fixed")

_NEGLIGIBLE = 1e-20
_MOST = 10**100  # more than all of IPv6's tuples
_MOST_BY_CHANCE = 10**10


def exhaustion_time(
    circuits: int,
    rate: float | Fraction,
    hold: float | Fraction,
    linger: float | Fraction,
    law: Law = "exponential",
) -> float | None:
    """Seconds from an empty pool to a full one, in the fluid; None where it never fills.

    ``λ`` connections a second are offered from the moment 0 on.  Of those, ``m(t)`` are still
    there after ``t`` seconds, and the pool of ``C`` is full when ``m(t) = C``::

        m(t) = λ·∫_0^t P(S > u) du,   S = hold of mean H + linger T

        fixed hold:        m(t) = λ·min(t, H + T)
        exponential hold:  m(t) = λ·(min(t, T) + H·(1 - e^(-max(0, t - T)/H)))

    Both are solved in closed form: ``C/λ`` as long as nothing has been released by then, and
    ``T - H·ln(1 - (C/λ - T)/H)`` afterwards.  Never where ``λ·(H + T) ≤ C``: that is decided
    exactly, also for fractions.  A pool of 0 is full at once.

    Holds for large pools; for the spread in time see :func:`exhaustion_law`.  Units: a rate in
    connections a second, times in seconds.  Raises :class:`~tuplecalc.errors.TopologyError` for
    negative or infinite numbers and unknown laws.  Source: the number of busy servers in M/G/∞
    that starts empty is Poisson with the mean ``m(t)``.

    >>> exhaustion_time(28232, 500, hold=1, linger=60)
    56.464
    >>> round(exhaustion_time(1000, 16.5, hold=5, linger=60), 4)  # some are released before
    60.6461
    >>> exhaustion_time(28232, 470, hold=1, linger=59) is None
    True
    """
    tuples = _tuples(circuits)
    offered = _exact(rate, "rate")
    mean, tail = _exact(hold, "hold"), _exact(linger, "linger")
    if checks.word(law, "law", LAWS) == "fixed":
        mean, tail = Fraction(0), mean + tail
    if offered * (mean + tail) <= tuples:
        return None
    if tuples <= offered * tail:
        return float(tuples / offered)
    released = (tuples / offered - tail) / mean
    if released < Fraction(1, 2):
        return float(tail) - float(mean) * log1p(-float(released))
    left = 1 - released  # exact: next to the limit everything hangs on it
    return float(tail) + float(mean) * (log(left.denominator) - log(left.numerator))


class Exhaustion(NamedTuple):
    """When the first connection is blocked, as a law: ``Gamma(C + 1, λ)``.

    Made by :func:`exhaustion_law`, which says when it holds.

    >>> law = Exhaustion(circuits=28232, rate=500.0)
    >>> law.mean, round(law.standard_deviation, 4)
    (56.466, 0.3361)
    """

    circuits: int
    rate: float

    @property
    def mean(self) -> float:
        """The mean, ``(C + 1)/λ`` seconds."""
        return (self.circuits + 1) / self.rate

    @property
    def standard_deviation(self) -> float:
        """The standard deviation, ``√(C + 1)/λ`` seconds."""
        return sqrt(self.circuits + 1) / self.rate

    def probability(self, by: float) -> float:
        """The probability that a connection has been blocked by then, ``P(C + 1, λ·by)``.

        ``P`` is the regularised incomplete gamma function: SciPy's, and below -4.4 standard
        deviations of a large pool its series, as SciPy 1.17 stops early there (by 4 % with 10⁷
        tuples).

        >>> law = exhaustion_law(28232, 500)
        >>> [round(law.probability(by), 4) for by in (56.0, 56.466, 57.0)]
        [0.0825, 0.5008, 0.9436]
        """
        from scipy.special import gammainc  # type: ignore[import-untyped]

        shape = self.circuits + 1
        arrivals = self.rate * checks.number(by, "by")
        if arrivals and _is_early(shape, arrivals):
            return exp(_early(shape, arrivals)[0])
        return float(gammainc(shape, arrivals))

    def quantile(self, probability: float) -> float:
        """The seconds by which a connection has been blocked with that probability.

        >>> law = exhaustion_law(28232, 500)
        >>> [round(law.quantile(p), 3) for p in (0.01, 0.5, 0.99)]
        [55.687, 56.465, 57.251]
        """
        from scipy.special import gammaincinv

        shape = self.circuits + 1
        chance = checks.probability(probability, "probability")
        arrivals = float(gammaincinv(shape, chance))
        for _ in range(4):  # Newton on the logarithm of the probability
            if not _is_early(shape, arrivals):
                break
            log_below, per_slope = _early(shape, arrivals)
            arrivals += (log(chance) - log_below) * per_slope
        return arrivals / self.rate


def exhaustion_law(circuits: int, rate: float | Fraction) -> Exhaustion:
    """The law of the time from an empty pool to the first blocked connection, while all is held.

    With Poisson arrivals and nothing released, the first blocked connection is arrival number
    ``C + 1``, and its time is ``Gamma(C + 1, λ)``: mean ``(C + 1)/λ``, standard deviation
    ``√(C + 1)/λ``.

    Holds exactly for every time up to the first possible release, that is up to ``linger``
    seconds (``hold + linger`` where the hold is fixed).  Later it is an early bound: releases
    can only put off the first blocked connection.  Units: connections a second, seconds.
    Raises :class:`~tuplecalc.errors.TopologyError` for a rate that is not above 0, or more than
    10¹⁰ tuples.  Source:
    the definition of the gamma law as the sum of ``C + 1`` exponential gaps.

    >>> law = exhaustion_law(64512, 1200)
    >>> round(law.mean, 2), round(law.standard_deviation, 2), round(law.quantile(0.001), 2)
    (53.76, 0.21, 53.11)
    """
    return Exhaustion(_tuples(circuits, most=_MOST_BY_CHANCE), checks.number(rate, "rate", above=0))


class Sawtooth(NamedTuple):
    """Acceptance that comes and goes; made by :func:`sawtooth`.  Times in seconds."""

    accepting_seconds: float
    """How long connections are accepted in each period, ``C/λ``."""
    blocked_seconds: float
    """How long all are blocked afterwards, ``S - C/λ``."""
    period: float
    """``S``."""
    accepted_rate: float
    """Connections a second over a whole period, ``C/S``."""
    share_lost: float
    """The share of the offered connections that is blocked, ``1 - C/(λ·S)``."""

    def intervals(self, periods: int) -> Iterator[tuple[float, float]]:
        """When connections are accepted, in the first so many periods: (begin, end) in seconds.

        >>> list(sawtooth(30, 1, 60).intervals(2))
        [(0.0, 30.0), (60.0, 90.0)]
        """
        for turn in range(checks.count(periods, "periods")):
            yield turn * self.period, turn * self.period + self.accepting_seconds


def sawtooth(circuits: int, rate: float | Fraction, hold_and_linger: float | Fraction) -> Sawtooth | None:
    """How an overloaded pool accepts when every connection holds for the same time.

    The pool fills from empty in ``C/λ`` seconds, blocks everything until the first tuple comes
    back after ``S`` seconds, takes the next ``C`` as they come back, and so on: on average
    ``C/S`` a second, in bursts.  None where ``λ·S ≤ C``: then nothing is ever blocked.

    Holds in the fluid, for one fixed ``S`` and an unchanging rate.  Where holds vary, the bursts
    blur and acceptance tends to a steady ``C/S``; with Poisson arrivals the share lost is
    Erlang's ``B(C, λS)``, a little above this one.  Units: connections a second, seconds.
    Raises :class:`~tuplecalc.errors.TopologyError` for negative or infinite numbers.  Source: the
    project's model, derived.

    >>> wave = sawtooth(28232, 1000, hold_and_linger=61)
    >>> wave.accepting_seconds, wave.blocked_seconds, round(wave.share_lost, 4)
    (28.232, 32.768, 0.5372)
    >>> sawtooth(28232, 400, hold_and_linger=61) is None
    True
    """
    tuples = _tuples(circuits)
    offered, held = _exact(rate, "rate"), _exact(hold_and_linger, "hold_and_linger")
    if offered * held <= tuples:
        return None
    filling = tuples / offered
    return Sawtooth(
        accepting_seconds=float(filling),
        blocked_seconds=float(held - filling),
        period=float(held),
        accepted_rate=float(tuples / held),
        share_lost=float(1 - filling / held),
    )


def recovery_time(
    circuits: int,
    share_free: float | Fraction,
    base_rate: float | Fraction,
    hold_and_linger: float | Fraction,
    law: Law = "exponential",
    *,
    burst_rate: float | Fraction = inf,
) -> float | None:
    """Seconds from the start of a burst that fills an empty pool until a share is free again.

    All that arrives during the burst, ``C`` connections at ``λ_b`` a second, is counted in it;
    then the base rate ``λ_0`` goes on.  Each tuple is held for ``S`` seconds.  In the fluid::

        fixed S:        full at C/λ_b, nothing is free until S; from then on free tuples
                        grow by λ_b - λ_0 a second, until the whole burst is back at S + C/λ_b:
                        t = S + φC/(λ_b - λ_0)   where φ ≤ 1 - λ_0/λ_b, else never
        exponential S:  n(t) = λ_0·S + (C - λ_0·S)·e^(-t/S) in use t seconds after it was full:
                        t = fill + S·ln((C - λ_0·S)/((1 - φ)·C - λ_0·S))   where φ < 1 - λ_0·S/C,
                        else never;  fill = -S·ln(1 - C/(λ_b·S))

    The share ``φ`` is above 0, at most 1.  None: never.  With a fixed ``S`` this is the first
    moment, not a lasting state: the base takes its own tuples from ``S`` on and returns none
    before ``2S``, when ``1 - λ_0·S/C`` is free (or the pool is full again).

    Holds for large pools, for ``S`` of one law as a whole.  Units: connections a second, seconds.
    Raises :class:`~tuplecalc.errors.TopologyError` for numbers out of bounds, and where the burst
    is too slow to fill the pool.  Source: the project's model, derived; the exponential case
    is the fluid of M/M/∞.

    >>> recovery_time(28232, 0.5, 100, 61, "fixed", burst_rate=1000)  # 61 + 14116/900
    76.68444444444444
    >>> round(recovery_time(28232, 0.5, 100, 61), 3)
    61.951
    >>> recovery_time(28232, 0.5, 300, 61) is None  # the base alone takes 65 %
    True
    """
    tuples = _tuples(circuits, least=1)
    checks.word(law, "law", LAWS)
    share = _exact(share_free, "share_free")
    if not 0 < share <= 1:
        raise reject(share_free, "this is a share above 0, at most 1", "write it as in 0.5", "share_free")
    checks.number(hold_and_linger, "hold_and_linger", above=0)
    base, held = _exact(base_rate, "base_rate"), _exact(hold_and_linger, "hold_and_linger")
    at_once = checks.value_of(burst_rate) == inf
    burst = Fraction(0) if at_once else _exact(burst_rate, "burst_rate")
    reached = burst * held
    if not at_once and (reached < tuples or (reached == tuples and law == "exponential")):
        rule = "this never fills the pool, which takes more than circuits / hold_and_linger a second"
        raise reject(burst_rate, rule, "raise it", "burst_rate")
    if law == "fixed":
        if at_once:
            return float(held)
        if share * burst > burst - base:
            return None
        return float(held + share * tuples / (burst - base))
    gone = (1 - share) * tuples - base * held
    if gone <= 0:
        return None
    filling = 0.0 if at_once else exhaustion_time(tuples, burst, held, 0) or 0.0
    return filling + float(held) * log1p(float(share * tuples / gone))


def burst_headroom(
    circuits: int, base_rate: float | Fraction, hold: float | Fraction, linger: float | Fraction
) -> float:
    """How many extra connections fit at once on top of a steady base rate, in the fluid.

    ``max(0, C - λ_0·(H + T))``: by Little's law the base keeps ``λ_0·(H + T)`` tuples in use,
    whatever the law of the hold.

    Holds for large pools: by chance the base uses more about half of the time, see
    :func:`burst_that_fits`.  Where the hold is fixed, the burst's tuples come back from ``H + T``
    seconds after its first connection until ``H + T`` after its last.  Units: connections a
    second, seconds.  Raises :class:`~tuplecalc.errors.TopologyError` for negative or infinite
    numbers.  Source: Little's law.

    >>> burst_headroom(28232, 400, hold=1, linger=60)
    3832.0
    """
    tuples = _tuples(circuits)
    held = _exact(hold, "hold") + _exact(linger, "linger")
    return float(max(Fraction(0), tuples - _exact(base_rate, "base_rate") * held))


def burst_that_fits(
    circuits: int,
    base_rate: float | Fraction,
    hold: float | Fraction,
    linger: float | Fraction,
    probability: float = 0.99,
) -> int:
    """The largest burst that finds room at once with a probability, on top of a steady base rate.

    The tuples in use follow Erlang's law, a Poisson law of mean ``A = λ_0·(H + T)`` cut off at
    ``C``; so this is the largest ``k`` with ``P(N ≤ C - k) = F(C - k; A)/F(C; A) ≥ p``, where
    ``F`` is the Poisson distribution function.  0 where only the empty burst fits.

    Holds for Poisson arrivals in the long run, whatever the law of the hold.  Units: connections
    a second, seconds.  Raises :class:`~tuplecalc.errors.TopologyError` for numbers out of
    bounds, or more than 10¹⁰ tuples.  Source: Erlang's loss formula and its insensitivity
    (Sevastyanov 1957, recalled).

    >>> burst_that_fits(28232, 400, hold=1, linger=60)  # of 3832 in the fluid
    3468
    """
    tuples = _tuples(circuits, most=_MOST_BY_CHANCE)
    chance = checks.probability(probability, "probability")
    held = _exact(hold, "hold") + _exact(linger, "linger")
    erlangs = float(min(_exact(base_rate, "base_rate") * held, Fraction(_MOST)))
    mode = min(tuples, int(erlangs))
    down, up = [1.0], [1.0]  # weights relative to the likeliest number in use
    while (used := mode + 1 - len(down)) and down[-1] > _NEGLIGIBLE:
        down.append(down[-1] * used / erlangs)
    while (used := mode + len(up)) <= tuples and up[-1] > _NEGLIGIBLE:
        up.append(up[-1] * erlangs / used)
    below = list(accumulate([*reversed(down), *up[1:]]))
    enough = bisect_left(below, chance * below[-1])
    return tuples - (mode + 1 - len(down) + enough)


def _tuples(circuits: int, *, least: int = 0, most: int = _MOST) -> int:
    tuples = checks.count(circuits, "circuits", least=least)
    if tuples > most:
        way_out = "in so large a pool chance hardly matters: take exhaustion_time, burst_headroom"
        raise reject(circuits, f"this is at most {most:.0e}", way_out if most < _MOST else "", "circuits")
    return tuples


def _exact(value: float | Fraction, place: str) -> Fraction:
    checked = checks.number(value, place)
    return Fraction(value) if isinstance(value, int | Fraction) else Fraction(checked)


def _is_early(shape: int, arrivals: float) -> bool:
    """Far enough below the mean for the series, and so far that SciPy's would stop early."""
    return shape > 100_000 and arrivals < shape - 4.4 * sqrt(shape)


def _early(shape: int, arrivals: float) -> tuple[float, float]:
    """``ln P(a, x)`` and ``P`` divided by its derivative in ``x``, far below the mean.

    ``P = p·Σ_{n ≥ 0} Π_{1 ≤ i ≤ n} x/(a + i)`` with ``p = x^a·e^(-x)/Γ(a + 1)`` and
    ``dP/dx = p·a/x``; ``ln p`` by Stirling's series.
    """
    import numpy as np

    relative = (arrivals - shape) / shape
    log_term = shape * log1p_less(relative) - log(2 * pi * shape) / 2 - stirling(shape)
    terms = int(40 / (1 - arrivals / shape)) + 1
    series = 1 + float(np.cumprod(arrivals / (shape + np.arange(1.0, terms))).sum())
    return log_term + log(series), series * arrivals / shape
