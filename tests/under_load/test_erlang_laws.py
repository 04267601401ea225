"""The laws that Erlang B obeys, at random points of a wide domain; and that they object to other formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special  # type: ignore[import-untyped]

from tuplecalc.under_load.erlang import erlang_b, log_erlang_b

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
@settings(max_examples=150, deadline=None)
def test_the_bounds(c: float, share: float) -> None:
    assert within_bounds(log_erlang_b(c, c * share), c, c * share)


@given(circuit_counts, shares)
@settings(max_examples=150, deadline=None)
def test_the_logarithm_is_that_of_b(c: float, share: float) -> None:
    b, log_b = erlang_b(c, c * share), log_erlang_b(c, c * share)
    assert b == pytest.approx(math.exp(log_b), rel=2e-13 * (1 + abs(log_b)), abs=1e-307)


@given(st.one_of(st.integers(2, 10**9).map(float), st.floats(1, 1e9)), shares)
@settings(max_examples=150, deadline=None)
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
@settings(max_examples=150, deadline=None)
def test_more_load_loses_more_and_more_circuits_lose_less(c: float, share: float, more: float) -> None:
    a = c * share
    assert log_erlang_b(c, a) < log_erlang_b(c, a * (1 + more))
    assert log_erlang_b(c, a) > log_erlang_b(c * (1 + more), a)
    assert erlang_b(c, a) <= erlang_b(c, a * (1 + more)) * (1 + 1e-12)
    assert erlang_b(c, a) * (1 + 1e-12) >= erlang_b(c * (1 + more), a)


@given(circuit_counts, shares, st.floats(1e-3, 1))
@settings(max_examples=150, deadline=None)
def test_ln_b_is_concave_in_ln_a(c: float, share: float, step: float) -> None:
    a = c * share
    low, middle, high = (log_erlang_b(c, a * math.exp(k * step)) for k in (-1, 0, 1))
    assert low + high - 2 * middle <= 1e-12 * (1 + abs(low))


@given(circuit_counts, shares)
@settings(max_examples=50, deadline=None)
def test_the_slope_is_the_mean_of_the_idle_circuits(c: float, share: float) -> None:
    """``d ln B / d ln A = C − A(1 − B)``, between the slopes of two chords (ln B is concave)."""
    a = c * share
    step = 1e-3 / math.sqrt(c)
    low, middle, high = (log_erlang_b(c, a * math.exp(k * step)) for k in (-1, 0, 1))
    noise = 4e-12 * (1 + abs(low)) / step
    idle = c - a * (1 - erlang_b(c, a))
    assert (high - middle) / step - noise - 1e-15 * a <= idle <= (middle - low) / step + noise + 1e-15 * a


@given(numbers, numbers)
@settings(max_examples=150, deadline=None)
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
