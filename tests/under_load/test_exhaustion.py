"""From empty to full: the reference table with its simulation, the integral, the exact limit, laws."""

import csv
import subprocess
import sys
from fractions import Fraction
from math import exp, inf, log, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]

from tuplecalc.under_load import exhaustion

DATA = Path(__file__).parent.parent / "data"
with (DATA / "burst_exhaustion_reference.csv").open(encoding="utf-8", newline="") as file:
    ROWS = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


Exact = int | float | Fraction


def exhaustion_time(circuits: int, rate: Exact, hold: Exact, linger: Exact) -> float | None:
    """Of keys that all linger alike."""
    held = {(Fraction(hold), Fraction(linger)): Fraction(1)}
    return exhaustion.exhaustion_time(Fraction(circuits), Fraction(rate), held)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['C']:g} at {row['lambda']:g}/s")
def test_table_of_exhaustion(row: dict[str, float]) -> None:
    circuits, rate, linger = int(row["C"]), row["lambda"], row["T"]
    seconds = exhaustion_time(circuits, rate, row["H_exp_mean"], linger)
    assert seconds == pytest.approx(row["fluid_time"], rel=1e-12)
    error = 4 * row["sim_sd"] / sqrt(row["nrep"])
    arrivals = (circuits + 1) / rate  # when the first one too many comes, if nothing is released before
    assert row["sim_mean_first_block"] > arrivals - error
    if arrivals + 4 * sqrt(circuits) / rate < linger:
        assert row["sim_mean_first_block"] < arrivals + error


def in_use(seconds: float, rate: float, hold: float, linger: float) -> float:
    """λ·∫_0^t P(hold + linger > u) du, by numbers."""

    def held(age: float) -> float:
        return exp(-max(0.0, age - linger) / hold) if hold else float(age < linger)

    corners = [linger] if 0 < linger < seconds else None
    return rate * float(quad(held, 0, seconds, points=corners, epsabs=1e-11, epsrel=1e-12)[0])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100_000), st.floats(0.01, 0.999), st.floats(0, 300), st.floats(0.5, 300))
def test_the_integral_comes_to_the_pool(circuits: int, share: float, hold: float, linger: float) -> None:
    rate = circuits / (hold + linger) / share
    seconds = exhaustion_time(circuits, rate, hold, linger)
    assert seconds is not None
    assert in_use(seconds, rate, hold, linger) == pytest.approx(circuits, rel=1e-8)
    assert seconds >= circuits / rate * (1 - 1e-15)


def test_the_integral_objects_to_holds_of_one_length() -> None:
    seconds = exhaustion_time(1000, 16.5, 0, 65)
    assert seconds == 1000 / 16.5
    assert in_use(seconds, 16.5, 5, 60) < 999.5


def test_known_times() -> None:
    assert exhaustion_time(28232, 500, 1, 60) == 56.464
    assert exhaustion_time(28232, 500, 0, 60) == 56.464
    assert exhaustion_time(100, 2, 100, 0) == pytest.approx(-100 * log(1 - 0.5), rel=1e-15)
    assert exhaustion_time(1, 1e-9, 1e12, 0) == pytest.approx(1e9 * (1 + 5e-4 + 1e-6 / 3), rel=1e-9)
    assert exhaustion_time(0, 1, 1, 1) == 0


def test_the_limit_is_exact() -> None:
    limit = Fraction(28232, 61)
    assert exhaustion_time(28232, limit, 1, 60) is None
    for exponent in (3, 12, 30, 100):  # λ(H + T)/C - 1 = 10^-x: H·ln(λH/(λ(H + T) - C)) after T
        seconds = exhaustion_time(28232, limit * (1 + Fraction(1, 10**exponent)), 1, 60)
        assert seconds == pytest.approx(60 + log(1 / 61) + exponent * log(10), rel=1e-4)
    assert exhaustion_time(28232, limit * (1 + Fraction(1, 10**30)), 0, 61) == pytest.approx(61)
    assert exhaustion_time(5, 0, 1, 60) is None
    assert exhaustion_time(5, 9, 0, 0) is None
    assert exhaustion_time(0, 0, 0, 0) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**6), st.floats(1e-3, 1e6), st.floats(0, 1e4), st.floats(0, 1e4))
def test_laws_of_exhaustion(circuits: int, rate: float, hold: float, linger: float) -> None:
    varied = exhaustion_time(circuits, Fraction(rate), Fraction(hold), Fraction(linger))
    steady = exhaustion_time(circuits, Fraction(rate), 0, Fraction(hold) + Fraction(linger))
    assert (varied is None) == (steady is None)  # decided by the mean alone
    if varied is None or steady is None:
        return
    assert varied >= steady * (1 - 1e-12)  # some are released early
    larger = exhaustion_time(circuits + 1, rate, hold, linger)
    assert larger is None or larger >= varied
    for faster, longer in ((2, 0), (1, 1)):
        sooner = exhaustion_time(circuits, faster * rate, hold, linger + longer)
        assert sooner is not None
        assert sooner <= varied * (1 + 1e-12)


@pytest.mark.parametrize("hold", [0, 1e-9, 1e17])
@pytest.mark.parametrize("circuits", [1, 64_512, 2**128])
def test_absurd_numbers(circuits: int, hold: float) -> None:
    for rate in (1e-9, 1e18, 1e300):
        seconds = exhaustion_time(circuits, rate, hold, 60)
        assert seconds is None or 0 < seconds < inf


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.01, 0.999),
    st.just(0) | st.floats(0.1, 300),
    st.floats(0, 300),
    st.floats(0.5, 300),
    st.floats(0, 1),
)
def test_keys_that_linger_for_two_times(
    use: float, hold: float, one: float, other: float, part: float
) -> None:
    """The mean of both integrals comes to the pool."""
    mean = hold + part * one + (1 - part) * other
    rate = 1000 / use / mean
    held = {(Fraction(hold), Fraction(one)): Fraction(part)}
    second = Fraction(hold), Fraction(other)
    held[second] = held.get(second, Fraction(0)) + 1 - Fraction(part)
    seconds = exhaustion.exhaustion_time(Fraction(1000), Fraction(rate), held)
    assert seconds is not None
    taken = part * in_use(seconds, rate, hold, one) + (1 - part) * in_use(seconds, rate, hold, other)
    assert taken == pytest.approx(1000, rel=1e-7)


def test_the_scalars_need_no_numpy() -> None:
    code = (
        "import sys\n"
        "from math import log\n"
        "from tuplecalc.under_load import exhaustion, hashing\n"
        "assert exhaustion.exhaustion_time(28232, 500, {(1, 60): 1})\n"
        "assert 0 < hashing.hashed_blocking(2**64, 2**20, 2.0**-44, lambda a: log(a / (1 + a))) < 1\n"
        "assert 'numpy' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
