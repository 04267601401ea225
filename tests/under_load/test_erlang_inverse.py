"""The two inverses against computed and published tables, exact sums, and B itself."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuplecalc.errors import ChainError
from tuplecalc.under_load.erlang import erlang_b, log_erlang_b, max_load, min_circuits

DATA = Path(__file__).parents[1] / "data"


def rows(name: str) -> list[dict[str, float]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        plain = csv.DictReader(line for line in lines if not line.startswith("#"))
        return [{key: float(value) for key, value in row.items() if value} for row in plain]


# --- the largest load -----------------------------------------------------------------------------


def worst(inverse: Callable[[float, float], float]) -> float:
    table = rows("erlang_b_inverse.csv")
    assert len(table) == 58
    return max(abs(inverse(row["C"], row["eps"]) / row["A_max"] - 1) for row in table)


def test_the_reference_loads() -> None:
    assert worst(max_load) < 1e-12
    table = rows("erlang_b_inverse.csv")
    circuits, chance, load = (np.array([row[key] for row in table]) for key in ("C", "eps", "A_max"))
    np.testing.assert_allclose(max_load(circuits, chance), load, rtol=1e-12)


def test_the_reference_loads_see_a_wrong_inverse() -> None:
    assert worst(lambda c, e: max_load(c, e * (1 + 1e-8))) > 1e-11
    assert worst(lambda c, e: c / (1 - e)) > 0.1  # fluid


def test_the_classic_table() -> None:
    """Erlangs at 1 % (the usual printed tables; recalled), and 15 lines in a manual of erlang.com."""
    printed = {10: 4.46, 20: 12.0, 30: 20.3, 50: 37.9, 100: 84.1}
    for circuits, load in printed.items():
        assert max_load(circuits, 0.01) == pytest.approx(load, abs=0.05)
    assert round(max_load(15, 0.01), 3) == 8.108


def test_one_circuit_in_closed_form() -> None:
    """``A = ε/(1 − ε)``, and of two circuits the root of ``(1 − ε)A² = 2ε(1 + A)``."""
    for chance in (1e-300, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9):
        assert max_load(1, chance) == pytest.approx(chance / (1 - chance), rel=1e-12)
        root = math.sqrt(chance * chance + 2 * chance * (1 - chance))
        assert max_load(2, chance) == pytest.approx((chance + root) / (1 - chance), rel=1e-12)


def test_splitting_a_pool_into_blocks() -> None:
    for row in rows("trunking_efficiency.csv"):
        block, shared = max_load(row["block"], row["eps"]), max_load(row["C_total"], row["eps"])
        assert block == pytest.approx(row["A_block"], rel=1e-12)
        assert shared == pytest.approx(row["A_shared"], rel=1e-12)
        assert row["K"] * block / shared == pytest.approx(row["efficiency"], rel=1e-12)


@given(
    st.one_of(st.integers(1, 10**9), st.floats(0.5, 100), st.floats(0, 9).map(lambda power: 10.0**power)),
    st.one_of(st.floats(-12, -0.01).map(lambda power: 10.0**power), st.floats(0.01, 0.999)),
)
@settings(max_examples=50, deadline=None)
def test_the_load_gives_the_blocking(circuits: float, chance: float) -> None:
    load = max_load(circuits, chance)
    steepness = max(1, circuits - load * (1 - chance))  # a digit of the load is so many of B
    assert erlang_b(circuits, load) == pytest.approx(chance, rel=5e-13 + 4e-16 * steepness, abs=1e-14)
    # and the converse: the root is where B crosses, as far as B tells
    assert log_erlang_b(circuits, load * (1 - 1e-10)) < math.log(chance) + 1e-14
    assert log_erlang_b(circuits, load * (1 + 1e-10)) > math.log(chance) - 1e-14


@given(
    st.one_of(st.floats(0, 1e290), st.floats(-320, 290).map(lambda power: 10.0**power)),
    st.one_of(
        st.floats(0, 1, exclude_min=True, exclude_max=True),
        st.floats(-320, -1).map(lambda power: 10.0**power),
        st.floats(-15.9, -1).map(lambda power: 1 - 10.0**power),
    ),
)
@settings(max_examples=50, deadline=None)
@example(1e290, 1 - 2**-53)
@example(1e-300, 5e-324)
@example(5e-324, 1 - 2**-53)
@example(1.0, 5e-324)
@example(50.0, 5e-324)
@example(1e9, 5e-324)
@example(4.563769109761319e35, 5e-324)
def test_any_circuits_and_any_blocking(circuits: float, chance: float) -> None:
    load = max_load(circuits, chance)
    assert 0 <= load <= circuits / (1 - chance)
    [many] = max_load([circuits], chance)
    if circuits > 1e-9:
        assert many == pytest.approx(load, rel=1e-12 + 1e-13 / circuits, abs=1e-300)
    if circuits >= 1 and 1e-300 <= load <= 1e289:
        few_digits = 4e-15 * load
        below, above = log_erlang_b(circuits, load - few_digits), log_erlang_b(circuits, load + few_digits)
        slack = 2e-15 - 1e-12 * math.log(chance)
        assert below - slack <= math.log(chance) <= above + slack


def test_no_circuits_carry_nothing() -> None:
    assert max_load(0, 0.01) == 0.0
    assert max_load([0, 1], 0.5).tolist() == [0.0, pytest.approx(1, rel=1e-15)]
    assert max_load([0, 0], [0.1, 0.5]).tolist() == [0.0, 0.0]


# --- the least number of circuits -----------------------------------------------------------------


def test_the_reference_counts() -> None:
    table = rows("erlang_b_min_servers.csv")
    assert len(table) == 29
    for row in table:
        assert min_circuits(row["A"], row["eps"]) == row["C_min"]
    loads, chances = (np.array([row[key] for row in table]) for key in ("A", "eps"))
    assert min_circuits(loads, chances).tolist() == [row["C_min"] for row in table]


def exact_count(load: Fraction, chance: Fraction) -> int:
    circuits, inverse = 0, Fraction(1)
    while inverse * chance < 1:
        circuits += 1
        inverse = 1 + circuits / load * inverse
    return circuits


@given(st.integers(1, 4000), st.integers(1, 10**7))
@settings(max_examples=50, deadline=None)
def test_the_exact_count_of_a_small_pool(hundredths: int, parts: int) -> None:
    load, chance = hundredths / 128, parts / (10**7 + 1)
    assert min_circuits(load, chance) == exact_count(Fraction(load), Fraction(chance))


def test_a_blocking_that_is_just_met_suffices() -> None:
    assert min_circuits(1, 0.5) == 1
    assert min_circuits(1, 0.2) == 2
    assert min_circuits(2, 0.4) == 2
    assert min_circuits(1, 0.0625) == 3
    assert min_circuits(1, 0.0625 * (1 - 1e-14)) == 4


loads_of_all_kinds = st.one_of(st.floats(0, 2e9), st.floats(-300, 9.3).map(lambda power: 10.0**power))
chances_of_all_kinds = st.one_of(
    st.floats(-300, -0.01).map(lambda power: 10.0**power),
    st.floats(0.001, 0.999),
    st.floats(-9, -1).map(lambda power: 1 - 10.0**power),
)


@given(loads_of_all_kinds, chances_of_all_kinds)
@settings(max_examples=50, deadline=None)
@example(0.0, 0.5)
@example(5e-324, 1e-323)
@example(1e-310, 5e-324)
@example(1e9, 1 - 1e-9)
def test_the_count_is_the_least(load: float, chance: float) -> None:
    circuits = min_circuits(load, chance)
    assert type(circuits) is int
    assert erlang_b(circuits, load) <= chance < erlang_b(circuits - 1, load)
    [many] = min_circuits([load], chance)
    if many != circuits:  # scipy may round to the other side what meets the blocking to the last digit
        assert abs(many - circuits) == 1
        assert erlang_b(min(many, circuits), load) == pytest.approx(chance, rel=1e-13, abs=0)


def test_counts_of_huge_loads() -> None:
    """Far above, ``C ≈ (A + 1/ε)(1 − ε)``."""
    for load in (1e12, 1e15):
        for chance in (0.001, 0.5, 0.999):
            circuits = min_circuits(load, chance)
            assert circuits == pytest.approx((load + 1 / chance) * (1 - chance), rel=1e-11, abs=1)
            assert erlang_b(circuits, load) <= chance < erlang_b(circuits - 1, load)


def test_the_two_inverses_enclose_each_other() -> None:
    for load in (0.3, 17.0, 30_000.0, 1e8):
        for chance in (1e-6, 0.01, 0.3):
            circuits = min_circuits(load, chance)
            assert max_load(circuits - 1, chance) < load <= max_load(circuits, chance)


def test_kinds_and_shapes() -> None:
    assert type(max_load(10, Fraction(1, 100))) is float
    assert type(max_load(np.int64(10), np.float64(0.01))) is float
    assert type(min_circuits(np.float64(10), 0.01)) is int
    assert min_circuits([1, 10], [[0.1], [0.01]]).dtype == np.int64
    assert max_load([[1], [2]], [0.1, 0.2, 0.3]).shape == (2, 3)
    assert max_load([], 0.5).shape == min_circuits([], 0.5).shape == (0,)


def test_floats_and_arrays_agree() -> None:
    rng = np.random.default_rng(5)
    circuits = np.concatenate(
        [rng.integers(1, 60, 100), 10 ** rng.uniform(0, 9, 100), rng.uniform(1, 60, 100)]
    )
    chances = np.where(rng.random(300) < 0.5, rng.random(300), 10 ** rng.uniform(-30, 0, 300))
    one = [max_load(c, e) for c, e in zip(circuits, chances, strict=True)]
    np.testing.assert_allclose(max_load(circuits, chances), one, rtol=1e-12)
    counts = [min_circuits(a, e) for a, e in zip(circuits, chances, strict=True)]
    assert min_circuits(circuits, chances).tolist() == counts
    assert min_circuits(28232, np.full(20_000, 0.01)).tolist() == [min_circuits(28232, 0.01)] * 20_000
    assert set(max_load(28232, np.full(20_000, 0.01))) == {max_load([28232], 0.01)[0]}


# --- errors ---------------------------------------------------------------------------------------

CHANCE = "this is a probability above 0 and below 1; write it as in 1e-3"


@pytest.mark.parametrize(
    ("circuits", "chance", "text"),
    [
        (1, 0, f"blocking: 0: {CHANCE}"),
        (1, 1, f"blocking: 1: {CHANCE}"),
        (1, math.nan, f"blocking: nan: {CHANCE}"),
        (1, "1%", f'blocking: "1%": {CHANCE}'),
        (1, [0.5, 1.0], f"blocking[1]: 1.0: {CHANCE}"),
        ([1, 2], [0.5, -0.5], f"blocking[1]: -0.5: {CHANCE}"),
        (1, [Fraction(1, 2), 1], f"blocking[1]: 1: {CHANCE}"),
        (-1, 0.5, "circuits: -1: this is a finite number of 0 or more; change it"),
        (1e291, 0.5, "circuits: 1e+291: this is a number of at most 1e290; change it"),
        (
            [1, 2],
            [0.1, 0.2, 0.3],
            'circuits, blocking: "(2,), (3,)": these shapes do not broadcast; add an axis',
        ),
    ],
)
def test_errors_of_the_load(circuits: Any, chance: Any, text: str) -> None:
    with pytest.raises(ChainError) as raised:
        max_load(circuits, chance)
    assert str(raised.value) == text


@pytest.mark.parametrize(
    ("load", "chance", "text"),
    [
        (1, 0, f"blocking: 0: {CHANCE}"),
        ([1, math.inf], 0.5, "load[1]: inf: this is a finite number of 0 or more; change it"),
        (
            2e15,
            0.5,
            "load: 2000000000000000.0: a load of at most 1e15 has a whole number of circuits that a float "
            "holds; take max_load for larger pools",
        ),
    ],
)
def test_errors_of_the_count(load: Any, chance: Any, text: str) -> None:
    with pytest.raises(ChainError) as raised:
        min_circuits(load, chance)
    assert str(raised.value) == text
