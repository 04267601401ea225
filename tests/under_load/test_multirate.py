"""The multi-rate loss formula against its recursion in fractions, a textbook, Erlang's formula and laws."""

from fractions import Fraction
from functools import partial
from math import exp, inf, log
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.loss import Kind, Phase, kinds_blocking
from tuplecalc.under_load.erlang import log_erlang_b
from tuplecalc.under_load.multirate import log_losses
from tuplecalc.under_load.networks import passing, reduced_loads, together

Loads = dict[int, float]


def recursion(size: int, loads: Loads) -> dict[int, Fraction]:
    """Kaufman and Roberts: ``n·q(n) = Σ d·a_d·q(n − d)``, exactly."""
    q = [Fraction(1)]
    for n in range(1, size + 1):
        q.append(sum((d * Fraction(a) * q[n - d] for d, a in loads.items() if d <= n), Fraction(0)) / n)
    return {d: sum(q[max(size - d + 1, 0) :], Fraction(0)) / sum(q) for d in loads}


def logarithm(share: Fraction) -> float:
    if not share:
        return -inf
    shift = share.numerator.bit_length() - share.denominator.bit_length()
    return log(share * Fraction(2) ** -shift) + shift * log(2)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 120),
    st.dictionaries(st.sampled_from([1, 2, 3, 4, 7]), st.floats(1e-3, 3), min_size=1, max_size=3),
)
def test_the_recursion(size: int, use: Loads) -> None:
    loads = {keys: part * size / keys for keys, part in use.items()}
    found = log_losses(size, loads)
    for keys, share in recursion(size, loads).items():
        if keys == 1 or 1 in loads:  # else whole steps of keys are left out, and may be by rounding only
            assert found[keys] == pytest.approx(logarithm(share), abs=1e-8)
        else:
            assert exp(found[keys]) == pytest.approx(float(share), rel=1e-8, abs=1e-12)


def test_figures_of_a_textbook() -> None:
    """Moscholios and Logothetis, Efficient Multirate Teletraffic Loss Models Beyond Erlang (2019).

    As github.com/mariakourtesi/Teletraffic-models tests them (call-blocking-probability.spec.ts).
    """
    found = log_losses(5, {1: 2.0, 2: 1.0})
    assert [exp(share) for share in found.values()] == pytest.approx([0.1721854, 0.3818984], abs=1e-7)


NETWORKS = [((4, 5), (0.11479, 0.26778)), ((2, 3), (0.34027, 0.55634)), ((3, 4), (0.21376, 0.38066))]


@pytest.mark.parametrize(("rooms", "published"), NETWORKS)
def test_reduced_loads_of_a_textbook(rooms: tuple[int, int], published: tuple[float, float]) -> None:
    """One kind takes a key of both links, the other two of the second; each brings 1 erlang.

    The same book; figures from reduced-load-approximation.spec.ts there.
    """

    def link(place: int, passed: dict[str, float]) -> dict[str, float]:
        loads = {1: passed.get("one", 1.0)} | ({2: passed.get("two", 1.0)} if place == 1 else {})
        lost = log_losses(rooms[place], loads)
        return {kind: exp(share) for kind, share in zip(("one", "two"), lost.values(), strict=False)}

    lost = reduced_loads([partial(link, place) for place in range(len(rooms))])
    for kind, expected in zip(("one", "two"), published, strict=True):
        shares = [each[kind] for each in lost if kind in each]
        assert together(shares) == pytest.approx(expected, abs=6e-6)
        assert together(shares) == pytest.approx(1 - passing(lost)[kind])


@pytest.mark.parametrize("size", [1, 7, 300, 64_512, 10**6, 10**7])
@pytest.mark.parametrize("use", [1e-3, 0.5, 0.99, 1.0, 1.001, 3.0, 1e4])
def test_one_key_each_is_erlangs_formula(size: int, use: float) -> None:
    (found,) = log_losses(size, {1: use * size}).values()
    assert found == pytest.approx(float(log_erlang_b(size, use * size)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("keys", [2, 3, 50])
def test_equal_keys_are_circuits(keys: int) -> None:
    (found,) = log_losses(keys * 40 + 1, {keys: 35.0}).values()
    assert found == pytest.approx(float(log_erlang_b(40, 35.0)), rel=1e-12)


def test_the_limit_of_large_pools() -> None:
    """In overload ``x^d`` of those that take d keys gets in, with ``Σ d·a_d·x^d = C``."""
    found = log_losses(10**7, {1: 8e6, 2: 4e6})
    x = (-8e6 + (8e6**2 + 4 * 8e6 * 1e7) ** 0.5) / (2 * 8e6)
    assert [1 - exp(share) for share in found.values()] == pytest.approx([x, x * x], abs=1e-6)


def test_small_pools_solved_as_markov_chains() -> None:
    exact = kinds_blocking([8], [Kind(2.0, (Phase(1.5, (3,)),)), Kind(4.0, (Phase(0.5, (1,)),))])
    found = log_losses(8, {3: 3.0, 1: 2.0})
    assert [exp(share) for share in found.values()] == pytest.approx(exact, rel=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 5000), st.floats(0.01, 3), st.floats(0, 1))
def test_laws(size: int, use: float, part: float) -> None:
    loads = {1: use * size * (1 - part), 2: use * size * part / 2}
    one, two = log_losses(size, loads).values()
    assert one <= two <= 0
    assert log_losses(size, loads | {5: 0.0})[1] == pytest.approx(one, abs=1e-9)
    if use * size > 1 and part < 1:
        assert log_losses(size, {1: 1.05 * loads[1], 2: loads[2]})[2] > two - 1e-9


def test_what_never_fits_and_what_never_comes() -> None:
    assert log_losses(3, {5: 1.0, 1: 0.0}) == {5: 0.0, 1: -inf}
    assert log_losses(0, {1: 1.0}) == {1: 0.0}


def test_a_pool_of_millions_takes_milliseconds() -> None:
    log_losses(10, {1: 1.0})
    start = perf_counter()
    log_losses(4_000_000, {1: 1.5e6, 2: 1.2e6, 3: 1e4})
    assert perf_counter() - start < 0.25
