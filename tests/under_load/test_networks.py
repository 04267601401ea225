"""Loss networks against small chains and Erlang's formula."""

from functools import partial
from math import factorial

import pytest

from tuplecalc.under_load.erlang import erlang_b
from tuplecalc.under_load.networks import reduced_load


def both_states(rooms: list[int], load: float) -> float:
    """What connections lose that need pools of their own for each keys: full where the smallest is."""
    terms = [load**n / factorial(n) for n in range(min(rooms) + 1)]
    return terms[-1] / sum(terms)


@pytest.mark.parametrize("rooms", [[2, 40], [5, 60], [40, 3, 50]])
def test_pools_that_block_nothing_leave_it_exact(rooms: list[int]) -> None:
    assert reduced_load([partial(erlang_b, room) for room in rooms], 2.0) == pytest.approx(
        both_states(rooms, 2.0), rel=1e-9
    )


def test_pools_offered_far_more_than_they_hold_settle_soon() -> None:
    """Seen by what passes, which is what the smaller pool holds, and in how few rounds."""
    calls: list[float] = []

    def large(load: float) -> float:
        calls.append(load)
        return erlang_b(4000, load)

    lost = reduced_load([partial(erlang_b, 1000), large], 1e10)
    assert (1 - lost) * 1e10 == pytest.approx(1000, rel=1e-5)
    assert len(calls) < 400


@pytest.mark.parametrize(
    ("circuits", "load", "expected"),
    [(10, 8, 0.17217), (1000, 990, 0.02516), (64512, 64512, 0.003976)],
)
def test_two_pools_in_series_as_the_notes_have_it(circuits: int, load: float, expected: float) -> None:
    found = reduced_load([partial(erlang_b, circuits)] * 2, load)
    assert found == pytest.approx(expected, abs=5e-6)


def test_one_pool_is_erlangs_formula() -> None:
    found = reduced_load([partial(erlang_b, 100)], 90.0)
    assert found == pytest.approx(erlang_b(100, 90.0), rel=1e-12)
    assert reduced_load([], 1.0) == 0


@pytest.mark.parametrize(("count", "circuits", "load"), [(3, 23, 315.0), (4, 7500, 23_000.0), (2, 10, 1.0)])
def test_alike_pools_see_what_the_others_let_through(count: int, circuits: int, load: float) -> None:
    passes = 1 - reduced_load([partial(erlang_b, circuits)] * count, load)
    seen = load * passes ** (1 - 1 / count)
    assert erlang_b(circuits, seen) == pytest.approx(1 - passes ** (1 / count), rel=1e-9)
