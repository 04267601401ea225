"""A function that is found between points, against itself."""

from math import exp, expm1, log

import pytest

from tuplecalc.under_load import search
from tuplecalc.under_load.hashing import hashed_blocking
from tuplecalc.under_load.losses import _log_of_search, _near_to_each_other

RELATIVE = (-2.5, -0.8, -0.21, -0.09, -0.031, -0.004, 0.0, 0.0007, 0.013, 0.05, 0.18, 0.6, 1.7, 3.9)


@pytest.mark.parametrize("bound", ["lower", "upper"])
@pytest.mark.parametrize(
    ("ports", "how"),
    [
        (64_512, "linux"),
        (28_232, "linux since 6.5"),
        (4096, "linux since 6.5"),
        (504, "linux"),
        (64, "linux"),
        (1, "linux"),
        (64_512, 16),
        (2048, (64, 8, 8)),
    ],
)
def test_it_is_as_good_as_the_function(ports: int, how: search.Search, bound: search.Bound) -> None:
    exact, near = _log_of_search(ports, how, bound), _near_to_each_other(ports, how, bound)
    for place in RELATIVE:
        load = ports * exp(place)
        if exact(load) > log(1e-290):
            assert abs(expm1(near(load) - exact(load))) < 2e-6, place


@pytest.mark.parametrize("load", [0.7, 0.95, 1.0, 1.4])
def test_a_sum_over_a_hash_is_the_same(load: float) -> None:
    exact, near = (of(64_512, "linux", "upper") for of in (_log_of_search, _near_to_each_other))
    each = load * 64_512 * 4 / 50_000
    assert hashed_blocking(50_000, 4, each, near, 1e-8) == pytest.approx(
        hashed_blocking(50_000, 4, each, exact, 1e-8), rel=1e-6
    )


def test_many_rates_cost_no_more_than_their_range() -> None:
    """So that a hash in front of a search in a loop of loops takes seconds, not minutes."""
    search._lost.cache_clear()
    near = _near_to_each_other.__wrapped__(65_000, "linux", "lower")
    for step in range(20_000):
        near(65_000 * exp(step / 10_000 - 1))
    assert search._lost.cache_info().misses < 500
