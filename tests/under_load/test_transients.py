"""Pools in motion: the reference table, simulations, integrals, SciPy and mpmath, laws, wrong formulas."""

import csv
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from math import exp, inf, log, sqrt
from pathlib import Path
from random import Random

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]
from scipy.stats import gamma, kstest, poisson  # type: ignore[import-untyped]

from tuplecalc.errors import TopologyError
from tuplecalc.under_load.transients import (
    Exhaustion,
    Law,
    Sawtooth,
    burst_headroom,
    burst_that_fits,
    exhaustion_law,
    exhaustion_time,
    recovery_time,
    sawtooth,
)

DATA = Path(__file__).parent.parent / "data"
with (DATA / "burst_exhaustion_reference.csv").open(encoding="utf-8", newline="") as file:
    ROWS = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

# --- from empty to full ----------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['C']:g} at {row['lambda']:g}/s")
def test_table_of_exhaustion(row: dict[str, float]) -> None:
    circuits, rate, hold, linger = int(row["C"]), row["lambda"], row["H_exp_mean"], row["T"]
    assert exhaustion_time(circuits, rate, hold, linger) == pytest.approx(row["fluid_time"], rel=1e-12)
    law = exhaustion_law(circuits, rate)
    assert law.mean == pytest.approx(row["gamma_mean"], rel=1e-13)
    assert law.standard_deviation == pytest.approx(row["gamma_sd"], rel=1e-13)
    error = row["sim_sd"] / sqrt(row["nrep"])
    assert row["sim_mean_first_block"] > law.mean - 4 * error  # releases can only put it off
    if law.probability(linger) > 0.999:  # nothing is released before
        assert row["sim_mean_first_block"] < law.mean + 4 * error
        assert row["sim_sd"] == pytest.approx(law.standard_deviation, rel=4 / sqrt(2 * row["nrep"]))


def in_use(seconds: float, rate: float, hold: float, linger: float, law: Law) -> float:
    """λ·∫_0^t P(S > u) du, by numbers."""

    def held(age: float) -> float:
        if law == "fixed":
            return float(age < hold + linger)
        return exp(-max(0.0, age - linger) / hold) if hold else float(age < linger)

    corners = [corner for corner in (linger, hold + linger) if 0 < corner < seconds]
    return rate * float(quad(held, 0, seconds, points=corners or None, epsabs=1e-11, epsrel=1e-12)[0])


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 100_000),
    st.floats(0.01, 0.999),
    st.floats(0, 300),
    st.floats(0.5, 300),
    st.sampled_from(["exponential", "fixed"]),
)
def test_the_integral_comes_to_the_pool(
    circuits: int, share: float, hold: float, linger: float, law: Law
) -> None:
    rate = circuits / (hold + linger) / share
    seconds = exhaustion_time(circuits, rate, hold, linger, law)
    assert seconds is not None
    assert in_use(seconds, rate, hold, linger, law) == pytest.approx(circuits, rel=1e-8)
    assert seconds >= circuits / rate * (1 - 1e-15)


def test_the_integral_objects_to_the_other_law() -> None:
    seconds = exhaustion_time(1000, 16.5, 5, 60, "fixed")
    assert seconds == 1000 / 16.5
    assert in_use(seconds, 16.5, 5, 60, "exponential") < 999.5


def test_known_times() -> None:
    assert exhaustion_time(28232, 500, 1, 60) == 56.464
    assert exhaustion_time(28232, 500, 0, 60) == 56.464
    assert exhaustion_time(100, 2, 100, 0) == pytest.approx(-100 * log(1 - 0.5), rel=1e-15)
    assert exhaustion_time(1, 1e-9, 1e12, 0) == pytest.approx(1e9 * (1 + 5e-4 + 1e-6 / 3), rel=1e-9)
    assert exhaustion_time(0, 1, 1, 1) == 0


def test_the_limit_is_exact() -> None:
    limit = Fraction(28232, 61)
    assert exhaustion_time(28232, limit, 1, 60) is None
    assert exhaustion_time(28232, limit, 1, 60, "fixed") is None
    for exponent in (3, 12, 30, 100):  # λ(H + T)/C - 1 = 10^-x: H·ln(λH/(λ(H + T) - C)) after T
        seconds = exhaustion_time(28232, limit * (1 + Fraction(1, 10**exponent)), 1, 60)
        assert seconds == pytest.approx(60 + log(1 / 61) + exponent * log(10), rel=1e-4)
    assert exhaustion_time(28232, limit * (1 + Fraction(1, 10**30)), 1, 60, "fixed") == pytest.approx(61)
    assert exhaustion_time(5, 0, 1, 60) is None
    assert exhaustion_time(5, 9, 0, 0) is None
    assert exhaustion_time(0, 0, 0, 0) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**6), st.floats(1e-3, 1e6), st.floats(0, 1e4), st.floats(0, 1e4))
def test_laws_of_exhaustion(circuits: int, rate: float, hold: float, linger: float) -> None:
    varied = exhaustion_time(circuits, rate, hold, linger)
    steady = exhaustion_time(circuits, rate, hold, linger, "fixed")
    assert (varied is None) == (steady is None)  # decided by the mean alone
    if varied is None or steady is None:
        return
    assert varied >= steady * (1 - 1e-12)  # some are released early
    larger = exhaustion_time(circuits + 1, rate, hold, linger)
    assert larger is None or larger >= varied
    faster = exhaustion_time(circuits, 2 * rate, hold, linger)
    assert faster is not None
    assert faster <= varied
    longer = exhaustion_time(circuits, rate, hold, linger + 1)
    assert longer is not None
    assert longer <= varied * (1 + 1e-12)


# --- the law ---------------------------------------------------------------------------------


def first_blocked(
    random: Random, circuits: int, rate: float, hold: Callable[[], float], linger: float
) -> float:
    """When the first connection is blocked, in one run from empty."""
    ends: list[float] = []
    now = 0.0
    while True:
        now += random.expovariate(rate)
        while ends and ends[0] <= now:
            heappop(ends)
        if len(ends) == circuits:
            return now
        heappush(ends, now + hold() + linger)


def test_simulated_while_nothing_is_released() -> None:
    random = Random(1)
    runs = [first_blocked(random, 12, 2.0, lambda: random.expovariate(1), 30.0) for _ in range(4000)]
    law = exhaustion_law(12, 2.0)
    assert kstest(runs, lambda times: np.array([law.probability(float(by)) for by in times])).pvalue > 0.01
    error = law.standard_deviation / sqrt(len(runs))
    assert sum(runs) / len(runs) == pytest.approx(law.mean, abs=3 * error)
    # wrong: the time of arrival C, not C + 1
    assert kstest(runs, gamma(12, scale=1 / 2.0).cdf).pvalue < 1e-9
    assert sum(runs) / len(runs) != pytest.approx(12 / 2.0, abs=10 * error)


def test_simulated_with_releases() -> None:
    """Up to the linger the law is exact; beyond, it is early."""
    random = Random(2)
    linger, number = 5.0, 6000
    runs = [first_blocked(random, 10, 2.0, lambda: random.expovariate(1 / 3), linger) for _ in range(number)]
    law = exhaustion_law(10, 2.0)

    def blocked(by: float) -> float:
        return sum(run <= by for run in runs) / number

    for by in (3.0, 4.0, linger):
        chance = law.probability(by)
        assert blocked(by) == pytest.approx(chance, abs=4 * sqrt(chance * (1 - chance) / number))
    assert law.probability(linger) == pytest.approx(1 - poisson.cdf(10, 10), rel=1e-12)
    for by in (7.0, 9.0):
        assert blocked(by) < law.probability(by) - 0.01


@pytest.mark.parametrize("circuits", [0, 1, 20, 28232, 64512])
def test_quantiles_are_scipys(circuits: int) -> None:
    law, expected = exhaustion_law(circuits, 7.0), gamma(circuits + 1, scale=1 / 7)
    assert law.mean == pytest.approx(expected.mean())
    assert law.standard_deviation == pytest.approx(expected.std())
    for chance in (1e-9, 0.01, 0.5, 0.99, 1 - 1e-9):
        assert law.quantile(chance) == pytest.approx(expected.ppf(chance), rel=1e-12)
        assert law.probability(law.quantile(chance)) == pytest.approx(chance, rel=1e-9)
    assert law.probability(0) == 0
    assert law.probability(1e300) == 1


def lower_gamma(shape: int, x: float) -> float:
    """P(a, x) by its series, with 40 digits."""
    with mpmath.workdps(40):
        term = total = mpmath.mpf(1)
        for n in count(1):
            term *= mpmath.mpf(x) / (shape + n)
            total += term
            if term < total * mpmath.mpf(10) ** -20:
                break
        return float(total * mpmath.exp(shape * mpmath.log(x) - x - mpmath.loggamma(shape + 1)))


@pytest.mark.parametrize("circuits", [500, 28232, 150_000, 10**6, 10**7])
@pytest.mark.parametrize("deviations", [-9, -5, -4.41, -4.39, -2.5])
def test_probabilities_with_forty_digits(circuits: int, deviations: float) -> None:
    law = Exhaustion(circuits, 1.0)
    seconds = law.mean + deviations * law.standard_deviation
    chance = lower_gamma(circuits + 1, seconds)
    assert law.probability(seconds) == pytest.approx(chance, rel=1e-11)
    assert law.quantile(chance) == pytest.approx(seconds, rel=1e-14)


def test_why_scipy_alone_does_not_do() -> None:
    from scipy.special import gammainc  # type: ignore[import-untyped]

    shape = 10**7 + 1
    seconds = shape - 5 * sqrt(shape)
    expected = lower_gamma(shape, seconds)
    assert Exhaustion(shape - 1, 1.0).probability(seconds) == pytest.approx(expected, rel=1e-11)
    # should SciPy mend it (1.17.1 is 3 % low), the series can go
    assert gammainc(shape, seconds) <= expected * (1 + 1e-9)


def test_the_largest_pools() -> None:
    law = exhaustion_law(10**10, 1.0)
    for deviations, chance in [(-8, 6.2e-16), (-5, 2.87e-7), (-1, 0.158655), (0, 0.5), (1, 0.841345)]:
        seconds = law.mean + deviations * law.standard_deviation
        assert law.probability(seconds) == pytest.approx(chance, rel=2e-3)
        assert law.quantile(law.probability(seconds)) == pytest.approx(seconds, abs=1e-2)
    assert exhaustion_time(10**99, 10**98, 0, 11) == 10
    assert burst_that_fits(10, 1e300, 1e300, 0) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**7), st.floats(1e-3, 1e6), st.floats(1e-200, 1 - 1e-12))
def test_quantile_and_probability_agree(circuits: int, rate: float, chance: float) -> None:
    law = exhaustion_law(circuits, rate)
    seconds = law.quantile(chance)
    assert seconds > 0
    assert law.probability(seconds) == pytest.approx(chance, rel=1e-6)
    assert law.quantile(chance / 2) < seconds


# --- a pool, connection by connection --------------------------------------------------------


def accepted(circuits: int, arrivals: Iterable[float], held: float) -> list[float]:
    """When connections are accepted, where each is held for the same time."""
    ends: deque[float] = deque()
    moments: list[float] = []
    for now in arrivals:
        while ends and ends[0] <= now + 1e-9:
            ends.popleft()
        if len(ends) < circuits:
            ends.append(now + held)
            moments.append(now)
    return moments


def every(seconds: float, start: float, end: float) -> Iterator[float]:
    """Evenly spaced moments."""
    yield from (start + i * seconds for i in range(int((end - start) / seconds)))


def free(circuits: int, moments: list[float], held: float, now: float) -> int:
    """Tuples that nobody holds at that moment."""
    return circuits - sum(moment <= now < moment + held for moment in moments)


@pytest.mark.parametrize(("circuits", "rate", "held"), [(300, 10, 60), (300, 6, 61), (1000, 100, 11)])
def test_the_sawtooth_of_a_simulated_pool(circuits: int, rate: float, held: float) -> None:
    wave = sawtooth(circuits, rate, held)
    assert wave is not None
    moments = accepted(circuits, every(1 / rate, 0, 10 * held), held)
    offered = int(10 * held * rate)
    assert 1 - len(moments) / offered == pytest.approx(wave.share_lost, abs=1 / circuits)
    assert len(moments) / (10 * held) == pytest.approx(wave.accepted_rate, rel=1e-9)
    counted = 0
    for begin, end in wave.intervals(10):
        inside = [moment for moment in moments if begin - 1e-9 <= moment < end - 1e-9]
        assert len(inside) == circuits
        counted += len(inside)
    assert counted == len(moments)
    assert wave.accepting_seconds + wave.blocked_seconds == pytest.approx(wave.period)
    # the share of the time in which it accepts is the share that it accepts
    assert wave.accepting_seconds / wave.period == pytest.approx(1 - wave.share_lost)
    assert wave.accepted_rate != pytest.approx(rate, rel=0.05)


def test_no_sawtooth_below_the_limit() -> None:
    assert sawtooth(300, 5, 60) is None  # exactly at the limit
    assert sawtooth(28232, Fraction(28232, 61), 61) is None
    assert sawtooth(28232, Fraction(28232, 61) + Fraction(1, 10**20), 61) is not None
    assert sawtooth(300, 0, 60) is None
    assert len(accepted(300, every(0.2, 0, 600), 60)) == len(list(every(0.2, 0, 600)))
    wave = sawtooth(0, 5, 60)
    assert wave is not None
    assert (wave.share_lost, wave.accepted_rate, wave.blocked_seconds) == (1, 0, 60)


# --- recovery --------------------------------------------------------------------------------


def burst_then_base(circuits: int, burst: float, base: float, held: float) -> list[float]:
    """Accepted connections of a burst that just fills an empty pool, then the base."""
    filled = circuits / burst
    arrivals = [i / burst for i in range(circuits)]
    return accepted(circuits, [*arrivals, *every(1 / base, filled, 2 * held + filled)], held)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.79])
@pytest.mark.parametrize("base", [20.0, 45.0])
def test_recovery_of_a_simulated_pool(share: float, base: float) -> None:
    circuits, burst, held = 1000, 100.0, 30.0
    moments = burst_then_base(circuits, burst, base, held)
    expected = recovery_time(circuits, share, base, held, "fixed", burst_rate=burst)
    seconds = [30 + i / 50 for i in range(600)]
    first = next((now for now in seconds if free(circuits, moments, held, now) >= share * circuits), None)
    if share > 1 - base / burst:  # what the base takes meanwhile
        assert expected is None
        assert first is None
    else:
        assert first == pytest.approx(expected, abs=0.1)
        assert first != pytest.approx(held + share * circuits / burst, abs=0.1)  # wrong: no base


def test_back_is_not_free() -> None:
    """When the whole burst is back, the base has its share; at 2S, its lasting one."""
    circuits, burst, base, held = 1000, 100.0, 20.0, 30.0
    moments = burst_then_base(circuits, burst, base, held)
    back = held + circuits / burst
    assert free(circuits, moments, held, held - 0.1) == 0
    assert free(circuits, moments, held, back) == pytest.approx(circuits * (1 - base / burst), abs=3)
    assert free(circuits, moments, held, 2 * held) == pytest.approx(circuits - base * held, abs=3)
    assert max(free(circuits, moments, held, i / 10) for i in range(300, 620)) <= circuits * 0.8 + 3
    assert recovery_time(circuits, Fraction(4, 5), 20, held, "fixed", burst_rate=100) == back


def flowing(circuits: float, burst: float, base: float, held: float, share: float) -> float:
    """The fluid of a memoryless pool in small steps: from empty, the burst until full, then the base."""
    step, seconds, used, full = held / 50_000, 0.0, 0.0, False
    while True:
        rate = base if full else burst
        slope = rate - used / held
        middle = used + step / 2 * slope
        used = min(circuits, used + step * (rate - middle / held))
        seconds += step
        full = full or used >= circuits
        if full and circuits - used >= share * circuits:
            return seconds


@pytest.mark.parametrize(
    ("base", "burst", "share"), [(10, 100, 0.3), (0, 50, 0.9), (20, 40, 0.2), (20, 1e6, 0.39)]
)
def test_recovery_without_memory(base: float, burst: float, share: float) -> None:
    expected = recovery_time(1000, share, base, 30, "exponential", burst_rate=burst)
    assert flowing(1000, burst, base, 30, share) == pytest.approx(expected, abs=0.003)
    at_once = recovery_time(1000, share, base, 30)
    assert at_once is not None
    assert expected == pytest.approx(at_once - 30 * log(1 - 1000 / (burst * 30)), rel=1e-12)


def test_known_recoveries() -> None:
    assert recovery_time(1000, 1, 20, 30, "fixed") == 30
    assert recovery_time(1000, 1, 0, 30, "fixed", burst_rate=100) == 40
    assert recovery_time(1000, 0.5, 0, 30) == pytest.approx(30 * log(2), rel=1e-15)
    assert recovery_time(1000, 1, 0, 30) is None  # the last one is never back, in the fluid
    assert recovery_time(1000, 0.4, 20, 30) is None  # the lasting share, from below
    assert recovery_time(1000, 0.39999, 20, 30) is not None
    assert recovery_time(1000, 0.1, 34, 30) is None  # the base alone fills the pool
    assert recovery_time(1000, 0.1, 34, 30, "fixed", burst_rate=100) == pytest.approx(30 + 100 / 66)
    assert recovery_time(1000, 0.1, 100, 30, "fixed", burst_rate=100) is None


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 10**6),
    st.floats(0.01, 0.98),
    st.floats(0.1, 1e4),
    st.tuples(st.floats(0, 2), st.floats(1.01, 100)),
    st.sampled_from(["exponential", "fixed"]),
)
def test_laws_of_recovery(
    circuits: int, share: float, held: float, rates: tuple[float, float], law: Law
) -> None:
    base, burst = (rate * circuits / held for rate in rates)
    found = recovery_time(circuits, share, base, held, law, burst_rate=burst)
    more = recovery_time(circuits, share * 1.01, base, held, law, burst_rate=burst)
    busier = recovery_time(circuits, share, base * 1.1, held, law, burst_rate=burst)
    faster = recovery_time(circuits, share, base, held, law, burst_rate=2 * burst)
    if found is None:
        assert more is None
        assert busier is None
        return
    assert more is None or more >= found
    assert busier is None or busier >= found
    assert faster is not None
    assert faster <= found * (1 + 1e-12)
    if law == "fixed":
        assert held <= found <= held + circuits / burst + 1e-9 * held


# --- headroom --------------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "lost"), [(-2, 0), (40, 40)])
def test_the_headroom_of_a_simulated_pool(extra: int, lost: int) -> None:
    circuits, base, held = 1000, 20.0, 30.0
    headroom = burst_headroom(circuits, base, 10, 20)
    assert headroom == 400
    steady = list(every(1 / base, 0, 130))
    burst = [100.0 + i * 1e-6 for i in range(int(headroom) + extra)]
    moments = accepted(circuits, sorted([*steady, *burst]), held)
    # what is blocked: the burst's surplus, and in its stead base connections while it is full
    assert len(burst) - sum(100 <= moment < 100.01 for moment in moments) == pytest.approx(lost, abs=2)
    assert free(circuits, moments, held, 129.9) == pytest.approx(max(0, -extra), abs=2)


def test_headroom_is_what_the_base_leaves() -> None:
    assert burst_headroom(28232, 400, 1, 60) == 28232 - 24400
    assert burst_headroom(28232, 500, 1, 60) == 0
    assert burst_headroom(28232, Fraction(28232, 61), 1, 60) == 0
    assert burst_headroom(28232, 0, 1, 60) == 28232


def fits_by_brute_force(circuits: int, erlangs: float, chance: float) -> int:
    """Erlang's law in full, in fractions."""
    weights, load = [Fraction(1)], Fraction(erlangs)
    for n in range(1, circuits + 1):
        weights.append(weights[-1] * load / n)
    total, room, above = sum(weights), 0, Fraction(0)
    for burst in range(1, circuits + 1):
        above += weights[circuits - burst + 1]
        if 1 - above / total >= Fraction(chance):
            room = burst
    return room


@pytest.mark.parametrize("circuits", [0, 1, 7, 60])
@pytest.mark.parametrize("load", [0.0, 0.1, 0.7, 1.0, 3.0])
@pytest.mark.parametrize("chance", [0.1, 0.9, 0.999])
def test_bursts_by_brute_force(circuits: int, load: float, chance: float) -> None:
    erlangs = load * circuits
    expected = fits_by_brute_force(circuits, erlangs, chance)
    assert burst_that_fits(circuits, erlangs / 4, 1, 3, chance) == expected


def test_bursts_by_scipy() -> None:
    for chance in (0.01, 0.5, 0.99, 0.999999):
        expected = 28232 - int(poisson.ppf(chance, 24400))
        assert burst_that_fits(28232, 400, 1, 60, chance) == expected
    assert burst_that_fits(28232, 400, 1, 60, 0.5) == pytest.approx(burst_headroom(28232, 400, 1, 60), abs=1)
    assert burst_that_fits(28232, 600, 1, 60) == 0  # 30 % too much: always full but for a few
    assert burst_that_fits(28232, 600, 1, 60, 0.1) > 0
    # wrong: the plain normal quantile on an overloaded pool would be negative
    assert 28232 - poisson.ppf(0.99, 36600) < 0


# --- errors, imports -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: exhaustion_time(-1, 1, 1, 1),
            "circuits: -1: this is a whole number of 0 or more; change it",
        ),
        (
            lambda: exhaustion_time(1, inf, 1, 1),
            "rate: inf: this is a finite number of 0 or more; change it",
        ),
        (
            lambda: exhaustion_time(1, 1, 1, 1, "expnential"),  # type: ignore[arg-type]
            'law: "expnential": this is "exponential" or "fixed"; did you mean "exponential"?',
        ),
        (
            lambda: recovery_time(1, 0.5, 1, 1, "normal"),  # type: ignore[arg-type]
            'law: "normal": this is "exponential" or "fixed"; write "exponential" or "fixed"',
        ),
        (
            lambda: exhaustion_law(5, 0),
            "rate: 0: this is a finite number above 0; change it",
        ),
        (
            lambda: exhaustion_law(10**11, 1),
            "circuits: 100000000000: this is at most 1e+10;"
            " in so large a pool chance hardly matters: take exhaustion_time, burst_headroom",
        ),
        (
            lambda: burst_headroom(10**400, 1, 1, 1),
            f"circuits: 1{'0' * 58}…: this is at most 1e+100",
        ),
        (
            lambda: exhaustion_law(5, 1).quantile(1),
            "probability: 1: this is a probability above 0 and below 1; write it as in 1e-3",
        ),
        (
            lambda: exhaustion_law(5, 1).probability(-1),
            "by: -1: this is a finite number of 0 or more; change it",
        ),
        (
            lambda: recovery_time(5, 0, 1, 1),
            "share_free: 0: this is a share above 0, at most 1; write it as in 0.5",
        ),
        (
            lambda: recovery_time(5, 0.5, 1, 0),
            "hold_and_linger: 0: this is a finite number above 0; change it",
        ),
        (
            lambda: recovery_time(28232, 0.5, 1, 61, "fixed", burst_rate=400),
            "burst_rate: 400: this never fills the pool, which takes more than circuits / hold_and_linger"
            " a second; raise it",
        ),
        (
            lambda: recovery_time(600, 0.5, 1, 60, "exponential", burst_rate=10),
            "burst_rate: 10: this never fills the pool, which takes more than circuits / hold_and_linger"
            " a second; raise it",
        ),
        (
            lambda: list(Sawtooth(1, 1, 2, 1, 0.5).intervals(-1)),
            "periods: -1: this is a whole number of 0 or more; change it",
        ),
    ],
)
def test_errors(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TopologyError) as raised:
        call()
    assert str(raised.value) == message


def test_the_fluid_needs_no_numpy() -> None:
    code = (
        "import sys\n"
        "from tuplecalc.under_load.transients import *\n"
        "assert exhaustion_time(28232, 500, 1, 60) == 56.464\n"
        "assert exhaustion_law(28232, 500).mean == 56.466\n"
        "assert recovery_time(28232, 0.5, 100, 61) and sawtooth(28232, 1000, 61)\n"
        "assert burst_headroom(28232, 400, 1, 60) > burst_that_fits(28232, 400, 1, 60) > 0\n"
        "assert 'numpy' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
