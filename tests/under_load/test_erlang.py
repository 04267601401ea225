"""Erlang B against 20-digit values, exact sums and quadrature; floats against arrays; errors."""

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
from scipy import special  # type: ignore[import-untyped]

from tuplecalc.errors import TopologyError
from tuplecalc.under_load.erlang import erlang_b, log_erlang_b
from tuplecalc.under_load.erlang_kernels import ROWS

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
                some.choice(
                    [49.0, math.nextafter(50, 0), 50.0, 50.5, 999.0, math.nextafter(1000, 0), 1000.0]
                ),
            ]
        )
        a = some.choice(
            [
                c * 10 ** some.uniform(-3, 3),
                c * some.uniform(0.3, 2.5),
                max(c + some.uniform(-38, 20) * math.sqrt(c), c / 1000),
                c
                * some.choice(
                    [math.nextafter(0.5, 0), 0.5, 0.874, 0.875, 1.0, 1.125, math.nextafter(2, 0), 2.0]
                ),
                some.choice([math.nextafter(4, 0), 4.0]),
            ]
        )
        found.append((c, a))
    return found


def test_quadrature_at_random_points() -> None:
    for c, a in points(seed=1, count=70):
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
        assert erlang_b(circuits, circuits) == pytest.approx(at_load, 1e-12)
        assert erlang_b(circuits, 2 * circuits) == pytest.approx(0.5, 1e-11)
        assert erlang_b(circuits, 1.25 * circuits) == pytest.approx(0.2, 1e-10)


def test_the_insensitivity_example() -> None:
    """100 circuits, 1.6 attempts a second, 2 s of hold and 60 s of TIME_WAIT (simulated: 0.070 to 0.072)."""
    assert erlang_b(100, 1.6 * (2 + 60)) == pytest.approx(0.07115, abs=5e-6)


# --- the expansion's coefficients -----------------------------------------------------------------


def test_the_coefficients_are_those_of_the_table() -> None:
    for row in rows("temme_ck_coefficients.csv"):
        n = int(row["n"])
        for k, ours in enumerate(ROWS[:5]):
            if n < len(ours):
                assert ours[n] == pytest.approx(float(row[f"c{k}"]), rel=1e-15, abs=0)


@pytest.mark.parametrize("eta", [-0.6, -0.25, 0.1, 0.5, 0.75])
def test_the_coefficients_obey_their_recursion(eta: float) -> None:
    """``η c_k = dc_(k−1)/dη + (−1)^k g_k η/μ``, from ``c_0 = 1/μ − 1/η``."""
    with mp.workdps(30):
        mu = mp.findroot(lambda m: m - mp.log1p(m) - mp.mpf(eta) ** 2 / 2, eta * (1 + eta / 3))
        value = [mp.polyval(list(reversed(row)), eta) for row in ROWS]
        slope = [mp.polyval([n * c for n, c in enumerate(row)][:0:-1], eta) for row in ROWS]
        stirling = [1, mp.mpf(1) / 12, mp.mpf(1) / 288, mp.mpf(-139) / 51840]
        stirling += [mp.mpf(-571) / 2488320, mp.mpf(163879) / 209018880]
        assert abs(value[0] - (1 / mu - 1 / mp.mpf(eta))) < 1e-15
        for k in range(1, 6):
            exact = (slope[k - 1] + (-1) ** k * stirling[k] * eta / mu) / eta
            assert abs(value[k] - exact) < 3e-17 * 50**k, k
            assert abs(slope[k - 1] / eta - value[k]) > 1e-4  # without its last term it would not hold


# --- floats and arrays ----------------------------------------------------------------------------


def test_floats_and_arrays_agree_at_thousands_of_points() -> None:
    pairs = points(seed=2, count=8000)
    c, a = np.array(pairs).T
    one = np.array([erlang_b(*pair) for pair in pairs])
    logs = np.array([log_erlang_b(*pair) for pair in pairs])
    with np.errstate(divide="ignore"):
        tolerance = 2e-13 * (1 + np.abs(logs) / 300)
    assert (np.abs(erlang_b(c, a) - one) <= tolerance * one + 1e-307).all()
    np.testing.assert_allclose(log_erlang_b(c, a), logs, rtol=2e-13, atol=2e-13)


@pytest.mark.parametrize("circuits", [0, 0.25, 7, 7.5, 49.5, 50, 700, 28232, 64512, 1e9])
def test_one_pool_and_many_loads(circuits: float) -> None:
    """More than one piece, of one number of circuits, with the loads of one region or of all."""
    for low, high in ((0.6, 1.9), (2.0, 9.0), (1e-9, 0.4), (1e-3, 1e3)):
        loads = circuits * np.linspace(low, high, 20_000)
        ours, logs = erlang_b(circuits, loads), log_erlang_b(circuits, loads)
        for i in range(0, 20_000, 271):
            assert ours[i] == pytest.approx(erlang_b(circuits, loads[i]), rel=5e-13, abs=1e-307)
            assert logs[i] == pytest.approx(log_erlang_b(circuits, loads[i]), rel=2e-13)
    assert erlang_b(circuits, [0, 0]).tolist() == [float(not circuits)] * 2


def test_no_jump_where_the_formula_changes() -> None:
    for c in (10.0, 49.5, 50.0, 64.0, 999.0, 1000.0, 64512.0):
        for a in (c / 2, 0.875 * c, 1.125 * c, 2 * c, 4.0):
            below, at = log_erlang_b(c, math.nextafter(a, 0)), log_erlang_b(c, a)
            assert at == pytest.approx(below, rel=1e-12)
    for c in (2.0, 50.0, 1000.0):
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
        with pytest.raises(TopologyError) as raised:
            function(circuits, load)
        assert str(raised.value) == text
