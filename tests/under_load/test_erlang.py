"""Erlang B against 20-digit values, exact sums, quadrature and its laws; floats against arrays; errors."""

from __future__ import annotations

import csv
import math
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special  # type: ignore[import-untyped]

from tuplecalc.errors import ChainError
from tuplecalc.under_load.erlang import erlang_b, log_erlang_b

DATA = Path(__file__).parents[1] / "data"
Formula = Callable[[float, float], float]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def triples() -> list[tuple[float, float, float, float]]:
    """Circuits, load, B and ln B with 20 digits."""
    both = rows("erlang_b_reference.csv") + rows("erlang_b_grid_328.csv")
    return [(float(row["C"]), float(row["A"]), float(row["B"]), float(row["lnB"])) for row in both]


def off(value: float, exact: float) -> float:
    return abs(value - exact) / abs(exact) if exact else abs(value)


def worst(blocking: Formula, log_blocking: Formula) -> float:
    """The largest relative error of a formula on the reference points, of ln B where B is below 1e-300."""
    return max(
        off(blocking(c, a), b) if b >= 1e-300 else off(log_blocking(c, a), log_b)
        for c, a, b, log_b in triples()
    )


def integral(circuits: float, load: float) -> tuple[Any, Any]:
    """B and ln B from ``1/B − 1 = ∫ e^−t ((1 + t/A)^C − 1) dt``, by quadrature about the integrand's peak."""
    with mp.workdps(25):
        c, a = mp.mpf(circuits), mp.mpf(load)
        peak = max(c - a, mp.mpf(0))
        width = mp.sqrt(c) + 1 if c >= a else min(mp.sqrt(c) + 1, a / (a - c + mp.sqrt(a)) + 1)
        marks = {
            peak + k * width for k in (-40, -20, -12, -8, -5, -3, -1.5, 0, 1, 2.5, 5, 8, 12, 20, 40, 110)
        }
        top = c * mp.log1p(peak / a) - peak
        points = [mp.mpf(0), *sorted(mark for mark in marks if mark > 0)]
        if top < 1:
            excess = mp.quad(lambda t: mp.exp(-t) * mp.expm1(c * mp.log1p(t / a)), points)
            return 1 / (1 + excess), -mp.log1p(excess)
        scaled = mp.quad(lambda t: mp.exp(c * mp.log1p(t / a) - t - top), points)
        return mp.exp(-top) / scaled, -top - mp.log(scaled)


def by_sum(circuits: int, load: Fraction) -> Fraction:
    """The stationary law of the pool, term by term."""
    term = total = Fraction(1)
    for k in range(1, circuits + 1):
        term *= load / k
        total += term
    return term / total


# --- values ---------------------------------------------------------------------------------------


def test_the_reference_values() -> None:
    assert len(triples()) == 205
    assert worst(erlang_b, log_erlang_b) < 1e-12


def test_the_reference_values_as_arrays() -> None:
    c, a, b, log_b = np.array(triples()).T
    plain = b >= 1e-300
    np.testing.assert_allclose(erlang_b(c, a)[plain], b[plain], rtol=1e-12, atol=0)
    np.testing.assert_allclose(log_erlang_b(c, a), log_b, rtol=1e-12, atol=0)


def test_the_textbook_formula_fails_on_them() -> None:
    """The form that is usually written down with scipy is far off or not a number."""

    def textbook(c: float, a: float) -> float:
        with np.errstate(all="ignore"):
            poisson = np.exp(-a + c * np.log(a) - special.gammaln(c + 1))
            return float(poisson / special.gammaincc(c + 1, a))

    errors = [off(textbook(c, a), b) for c, a, b, _ in triples() if b >= 1e-300]
    assert sum(map(math.isnan, errors)) > 20
    assert max(error for error in errors if not math.isnan(error)) > 1e-8
    assert worst(lambda c, a: erlang_b(c + 1, a), log_erlang_b) > 0.1
    assert worst(lambda c, a: erlang_b(c, a * (1 + 1e-11)), log_erlang_b) > 1e-12


def test_the_exact_sum_of_a_small_pool() -> None:
    for circuits in range(61):
        for load in (
            Fraction(1, 100),
            Fraction(3, 7),
            Fraction(4),
            Fraction(17, 2),
            Fraction(40),
            Fraction(900),
        ):
            exact = by_sum(circuits, load)
            assert erlang_b(circuits, load) == pytest.approx(float(exact), rel=2e-13, abs=0)


def test_half_a_circuit_in_closed_form() -> None:
    """``1/B = 1 + ½ sqrt(π/A) e^A erfc(sqrt(A))`` for C = ½, and one step of the recurrence for 1½."""
    loads = np.geomspace(1e-6, 1e6, 200)
    half = 1 / (1 + math.sqrt(math.pi) / 2 * special.erfcx(np.sqrt(loads)) / np.sqrt(loads))
    np.testing.assert_allclose(erlang_b(0.5, loads), half, rtol=1e-13)
    np.testing.assert_allclose(erlang_b(1.5, loads), 1 / (1 + 1.5 / loads / half), rtol=1e-13)


def points(seed: int, count: int) -> list[tuple[float, float]]:
    """Circuits and loads of all kinds, many on the borders between two formulas."""
    some = random.Random(seed)
    found = []
    for _ in range(count):
        c = some.choice(
            [
                some.uniform(0, 4),
                some.uniform(0, 60),
                float(some.randint(1, 60)),
                10 ** some.uniform(1.7, 9),
                some.choice([0.5, math.nextafter(1, 0), 1.0, 49.0, math.nextafter(50, 0), 50.0, 50.5]),
            ]
        )
        a = some.choice(
            [
                c * 10 ** some.uniform(-3, 3),
                c * some.uniform(0.3, 2.5),
                max(c + some.uniform(-38, 20) * math.sqrt(c), c / 1000),
                c * some.choice([math.nextafter(0.5, 0), 0.5, 1.0, 2.0]),
                (c + 5 * math.sqrt(c)) * some.choice([1 - 1e-15, 1.0, 1 + 1e-15]),
                some.choice([math.nextafter(4, 0), 4.0]),
            ]
        )
        found.append((c, a))
    return found


def test_quadrature_at_random_points() -> None:
    for c, a in points(seed=1, count=20):
        b, log_b = integral(c, a)
        if b > 1e-300:
            assert off(erlang_b(c, a), b) < 1e-12, (c, a)
        assert abs(log_erlang_b(c, a) - log_b) < 1e-12 * max(1, abs(log_b)), (c, a)


def test_the_quadrature_is_right_and_sees_a_wrong_formula() -> None:
    for c, a, b, log_b in triples()[:42:6]:
        exact, log_exact = integral(c, a)
        assert off(b, exact) < 1e-15
        assert off(log_b, log_exact) < 1e-15
        assert off(erlang_b(c, a * (1 + 1e-9)), exact) > 1e-12
        assert off(erlang_b(c + 1, a), exact) > 1e-12


def test_many_circuits_at_their_own_load() -> None:
    """``B(C, C) ≈ 1/(sqrt(πC/2) + ⅔)`` and ``B ≈ 1 − C/A`` above, both from the next term on 1/C smaller."""
    for circuits in (1e12, 1e20, 1e30, 1e200, 1e289):
        at_load = 1 / (math.sqrt(math.pi * circuits / 2) + 2 / 3)
        assert erlang_b(circuits, circuits) == pytest.approx(at_load, 1e-12, abs=0)
        assert erlang_b(circuits, 2 * circuits) == pytest.approx(0.5, 1e-11)
        assert erlang_b(circuits, 1.25 * circuits) == pytest.approx(0.2, 1e-10)


def test_the_insensitivity_example() -> None:
    """100 circuits, 1.6 attempts a second, 2 s of hold and 60 s of TIME_WAIT (simulated: 0.070 to 0.072)."""
    assert erlang_b(100, 1.6 * (2 + 60)) == pytest.approx(0.07115, abs=5e-6)


# --- floats and arrays ----------------------------------------------------------------------------


def test_floats_and_arrays_agree_at_random_points() -> None:
    pairs = points(seed=2, count=2000)
    c, a = np.array(pairs).T
    one = np.array([erlang_b(*pair) for pair in pairs])
    logs = np.array([log_erlang_b(*pair) for pair in pairs])
    with np.errstate(divide="ignore"):
        tolerance = 2e-13 * (1 + np.abs(logs) / 300)
    assert (np.abs(erlang_b(c, a) - one) <= tolerance * one + 1e-307).all()
    np.testing.assert_allclose(log_erlang_b(c, a), logs, rtol=2e-13, atol=2e-13)


@pytest.mark.parametrize("circuits", [0, 0.25, 7.5, 49.5, 50, 64512, 1e9])
def test_one_pool_and_many_loads(circuits: float) -> None:
    """More than one piece, of one number of circuits, with the loads of one region or of all."""
    for low, high in ((0.6, 1.9), (2.0, 9.0), (1e-9, 0.4), (1e-3, 1e3)):
        loads = circuits * np.linspace(low, high, 20_000)
        ours, logs = erlang_b(circuits, loads), log_erlang_b(circuits, loads)
        for i in range(0, 20_000, 1271):
            assert ours[i] == pytest.approx(erlang_b(circuits, loads[i]), rel=5e-13, abs=1e-307)
            assert logs[i] == pytest.approx(log_erlang_b(circuits, loads[i]), rel=2e-13)
    assert erlang_b(circuits, [0, 0]).tolist() == [float(not circuits)] * 2


def test_no_jump_where_the_formula_changes() -> None:
    for c in (0.7, 10.0, 49.5, 50.0, 64512.0):
        for a in (c / 2, c + 5 * math.sqrt(c), 4.0):
            below, at = log_erlang_b(c, math.nextafter(a, 0)), log_erlang_b(c, a)
            assert at == pytest.approx(below, rel=1e-12)
    for c in (1.0, 2.0, 50.0):
        for a in (c / 4, c / 2, c, 1.5 * c, 3 * c):
            assert log_erlang_b(math.nextafter(c, 0), a) == pytest.approx(log_erlang_b(c, a), rel=1e-12)


def test_shapes_and_kinds() -> None:
    assert erlang_b([1, 2], [[1], [2], [3]]).shape == (3, 2)
    assert erlang_b(np.array(2), 1).shape == ()
    assert erlang_b(range(3), 1).tolist() == [1.0, 0.5, 0.2]
    assert erlang_b([], 1).shape == (0,)
    assert erlang_b([Fraction(1), 2], Fraction(1)).tolist() == [0.5, 0.2]
    assert log_erlang_b(0, [0.0, 5.0]).tolist() == [0.0, 0.0]
    assert log_erlang_b([5], 0).tolist() == [-math.inf]
    for kind in (int, float, Fraction, np.int64, np.float64, np.float32):
        assert type(erlang_b(kind(2), kind(1))) is float
        assert erlang_b(kind(2), kind(1)) == 0.2
    assert type(log_erlang_b(2, 1)) is float


def test_numbers_need_no_numpy() -> None:
    code = (
        "import sys; from fractions import Fraction; from tuplecalc.under_load import erlang as e\n"
        "e.erlang_b(28232, Fraction(28000)), e.log_erlang_b(9.5, 1e-300)\n"
        "e.max_load(64512, 0.01), e.min_circuits(60000, 1e-6)\n"
        "assert not {'numpy', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- laws ------------------------------------------------------------------------------------------

circuit_counts = st.one_of(
    st.integers(1, 10**9).map(float), st.floats(1, 1e9), st.floats(0, 9).map(lambda power: 10.0**power)
)
shares = st.floats(-3, 3).map(lambda power: 10.0**power)
numbers = st.one_of(
    st.floats(0, 1e290),
    st.floats(-320, 290).map(lambda power: 10.0**power),
    st.integers(0, 10**30).map(float),
    st.sampled_from([0.0, 5e-324, 0.5, 1.0, 4.0, 49.999, 50.0, 100.0, 999.9, 1000.0, 1e9, 1e30, 1e290]),
)


def within_bounds(log_b: float, c: float, a: float) -> bool:
    """``1 − C/A < B ≤ A/(A + C)``, ``B ≤ A^C/C!`` and the bound that follows from a variance of 0 or more."""
    b = math.exp(log_b)
    ahead = a - c
    root = math.hypot(ahead + 1, 2 * math.sqrt(c))
    top = (ahead - 1 + root) if ahead > 0 else 4 * a / (root + 1 - ahead)
    rounding = 1e-15 * (c * abs(math.log(a)) + math.lgamma(c + 2))
    return (
        1 - c / a <= b * (1 + 1e-12)
        and b <= min(a / (a + c), top / (2 * a) * (1 + 1e-15 * c / a)) * (1 + 1e-12)
        and log_b <= c * math.log(a) - math.lgamma(c + 1) + 10 * rounding
        and log_b <= 0
    )


def one_more(log_b: float, c: float, a: float) -> float:
    """ln B of one circuit more than c − 1: ``1/B(C, A) = 1 + (C/A)/B(C − 1, A)``."""
    log_rest = math.log(c) - math.log(a) - log_b
    return -math.log1p(math.exp(log_rest)) if log_rest < 600 else -log_rest


@given(circuit_counts, shares)
@settings(max_examples=60, deadline=None)
def test_the_bounds(c: float, share: float) -> None:
    assert within_bounds(log_erlang_b(c, c * share), c, c * share)


@given(circuit_counts, shares)
@settings(max_examples=60, deadline=None)
def test_the_logarithm_is_that_of_b(c: float, share: float) -> None:
    b, log_b = erlang_b(c, c * share), log_erlang_b(c, c * share)
    assert b == pytest.approx(math.exp(log_b), rel=2e-13 * (1 + abs(log_b)), abs=1e-307)


@given(st.one_of(st.integers(2, 10**9).map(float), st.floats(1, 1e9)), shares)
@settings(max_examples=60, deadline=None)
def test_one_circuit_more(c: float, share: float) -> None:
    exact = one_more(log_erlang_b(c - 1, c * share), c, c * share)
    assert log_erlang_b(c, c * share) == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_the_laws_object_to_other_formulas() -> None:
    """The Poisson probability, the normal approximation, and Erlang C of queueing."""

    def poisson(c: float, a: float) -> float:
        return c * math.log(a) - a - math.lgamma(c + 1)

    def normal(c: float, a: float) -> float:
        distance = (c - a) / math.sqrt(a)
        return -(distance**2) / 2 - math.log(math.sqrt(2 * math.pi * a) * special.ndtr(distance))

    def queueing(c: float, a: float) -> float:
        b = erlang_b(c, a)
        return math.log(b / (1 - a / c * (1 - b)))

    for wrong in (poisson, normal, queueing):
        assert abs(one_more(wrong(99, 90), 100, 90) - wrong(100, 90)) > 1e-4
    assert not within_bounds(poisson(100, 150), 100, 150)
    assert not within_bounds(normal(100, 1000), 100, 1000)
    assert not within_bounds(queueing(100, 99), 100, 99)


@given(circuit_counts, shares, st.floats(1e-6, 1))
@settings(max_examples=60, deadline=None)
def test_more_load_loses_more_and_more_circuits_lose_less(c: float, share: float, more: float) -> None:
    a = c * share
    assert log_erlang_b(c, a) < log_erlang_b(c, a * (1 + more))
    assert log_erlang_b(c, a) > log_erlang_b(c * (1 + more), a)
    assert erlang_b(c, a) <= erlang_b(c, a * (1 + more)) * (1 + 1e-12)
    assert erlang_b(c, a) * (1 + 1e-12) >= erlang_b(c * (1 + more), a)


@given(circuit_counts, shares, st.floats(1e-3, 1))
@settings(max_examples=60, deadline=None)
def test_ln_b_is_concave_in_ln_a(c: float, share: float, step: float) -> None:
    a = c * share
    low, middle, high = (log_erlang_b(c, a * math.exp(k * step)) for k in (-1, 0, 1))
    assert low + high - 2 * middle <= 1e-12 * (1 + abs(low))


@given(circuit_counts, shares)
@settings(max_examples=30, deadline=None)
def test_the_slope_is_the_mean_of_the_idle_circuits(c: float, share: float) -> None:
    """``d ln B / d ln A = C − A(1 − B)``, between the slopes of two chords (ln B is concave)."""
    a = c * share
    step = 1e-3 / math.sqrt(c)
    low, middle, high = (log_erlang_b(c, a * math.exp(k * step)) for k in (-1, 0, 1))
    noise = 4e-12 * (1 + abs(low)) / step
    idle = c - a * (1 - erlang_b(c, a))
    assert (high - middle) / step - noise - 1e-15 * a <= idle <= (middle - low) / step + noise + 1e-15 * a


@given(numbers, numbers)
@settings(max_examples=60, deadline=None)
@example(1e290, 1e290)
@example(50.0, 5e-324)
@example(1e-300, 1e290)
@example(0.0, 0.0)
def test_never_anything_but_a_probability(c: float, a: float) -> None:
    b, log_b = erlang_b(c, a), log_erlang_b(c, a)
    assert 0 <= b <= 1
    assert log_b <= 0
    assert (log_b == -math.inf) == (a == 0 and c > 0)
    [many_b], [many_log] = erlang_b([c], a), log_erlang_b([c], a)
    assert many_b == pytest.approx(b, rel=1e-12, abs=1e-307)
    assert many_log == pytest.approx(log_b, rel=1e-12, abs=1e-12)


# --- errors ---------------------------------------------------------------------------------------

FINITE = "this is a finite number of 0 or more; change it"


@pytest.mark.parametrize(
    ("circuits", "load", "text"),
    [
        (-1, 1, f"circuits: -1: {FINITE}"),
        (1, math.nan, f"load: nan: {FINITE}"),
        (1, math.inf, f"load: inf: {FINITE}"),
        (True, 1, f"circuits: true: {FINITE}"),
        (1, "2", f'load: "2": {FINITE}'),
        (1, None, f"load: {FINITE}"),
        (1, 1 + 0j, f"load: (1+0j): {FINITE}"),
        (1e291, 1, "circuits: 1e+291: this is a number of at most 1e290; change it"),
        (1, [1, 1e291], "load[1]: 1e+291: this is a number of at most 1e290; change it"),
        (10**400, 1, f"circuits: 1{'0' * 58}…: {FINITE}"),
        ([1, 10**400], 1, f"circuits[1]: 1{'0' * 58}…: {FINITE}"),
        (1, [1.0, math.nan], f"load[1]: nan: {FINITE}"),
        ([[1, 2], [-3, 4]], 1, f"circuits[1, 0]: -3: {FINITE}"),
        (np.array(-2.0), 1, f"circuits: -2.0: {FINITE}"),
        ([1, None], 1, f"circuits[1]: {FINITE}"),
        ([True], 1, 'circuits: "bool": these are real numbers; change the array\'s type'),
        (1, ["2"], 'load: "<U1": these are real numbers; change the array\'s type'),
        (1, [[1], [2, 3]], "load: rows of different lengths make no array; make them equal"),
        ([1, 2], [1, 2, 3], 'circuits, load: "(2,), (3,)": these shapes do not broadcast; add an axis'),
    ],
)
def test_errors(circuits: Any, load: Any, text: str) -> None:
    for function in (erlang_b, log_erlang_b):
        with pytest.raises(ChainError) as raised:
            function(circuits, load)
        assert str(raised.value) == text
