"""Loss networks against the reference table, small chains and Erlang's formula."""

import csv
import json
from collections.abc import Callable
from functools import partial
from itertools import product as all_of
from math import factorial, prod
from pathlib import Path

import pytest

from tuplecalc.errors import TopologyError
from tuplecalc.under_load.erlang import erlang_b
from tuplecalc.under_load.networks import reduced_load

TABLE = Path(__file__).parent.parent / "data" / "loss_network_tree_reference.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))


def leaves(row: dict[str, str]) -> list[tuple[int, float]]:
    return list(zip(json.loads(row["leaf_C"]), map(float, json.loads(row["leaf_A"])), strict=True))


def fixed_point(tree: list[tuple[int, float]], root: int) -> tuple[float, ...]:
    circuits = [*(room for room, _ in tree), root]
    losses = [partial(erlang_b, room) for room in circuits]
    return reduced_load(losses, [(load, (leaf, len(tree))) for leaf, (_, load) in enumerate(tree)])


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_trees_of_the_reference_table(row: dict[str, str]) -> None:
    place, tree, root = int(row["class"]), leaves(row), int(row["root_C"])
    assert fixed_point(tree, root)[place] == pytest.approx(float(row["blocking_EFPA"]), rel=1e-6)


def by_states(tree: list[tuple[int, float]], root: int) -> list[float]:
    """The truncated product form, state by state."""
    weights = {
        state: prod(load**n / factorial(n) for n, (_, load) in zip(state, tree, strict=True))
        for state in all_of(*(range(room + 1) for room, _ in tree))
        if sum(state) <= root
    }
    full = [
        sum(w for state, w in weights.items() if sum(state) == root or state[leaf] == room)
        for leaf, (room, _) in enumerate(tree)
    ]
    return [share / sum(weights.values()) for share in full]


@pytest.mark.parametrize("root", [1, 3, 5, 9])
def test_a_small_tree_state_by_state(root: int) -> None:
    """The fixed point is an approximation, within 0.07 here; pools that block nothing leave it exact."""
    tree = [(2, 1.5), (4, 2.25), (3, 0.5)]
    assert fixed_point(tree, root) == pytest.approx(by_states(tree, root), abs=0.07)
    assert fixed_point(tree, 100) == pytest.approx(by_states(tree, 100), rel=1e-9)


def test_the_table_objects_to_the_fixed_point_as_if_it_were_exact() -> None:
    row = ROWS[0]
    wrong = fixed_point(leaves(row), int(row["root_C"]))[int(row["class"])]
    assert wrong != pytest.approx(float(row["blocking_exact"]), rel=0.01)


@pytest.mark.parametrize(
    ("circuits", "load", "expected"),
    [(10, 8, 0.17217), (1000, 990, 0.02516), (64512, 64512, 0.003976)],
)
def test_two_pools_in_series_as_the_notes_have_it(circuits: int, load: float, expected: float) -> None:
    (found,) = reduced_load([partial(erlang_b, circuits)] * 2, [(load, (0, 1))])
    assert found == pytest.approx(expected, abs=5e-6)


def test_one_pool_is_erlangs_formula() -> None:
    (found,) = reduced_load([partial(erlang_b, 100)], [(90.0, (0,))])
    assert found == pytest.approx(erlang_b(100, 90.0), rel=1e-12)
    assert reduced_load([], []) == ()


def test_errors_name_the_route() -> None:
    with pytest.raises(TopologyError, match=r"routes\[0\].pools: 3: a route needs pools from 0 to 0"):
        reduced_load([partial(erlang_b, 1)], [(1.0, (0, 3))])
    with pytest.raises(TopologyError, match=r"routes\[0\].load: -1"):
        reduced_load([partial(erlang_b, 1)], [(-1, (0,))])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reduced_load([lambda _: 0.1], [1]), "routes[0]: 1: this is a pair"),  # type: ignore[list-item]
        (
            lambda: reduced_load([lambda _: 0.1], [(1.0, (0, 0))]),
            "routes[0].pools: [0, 0]: a route takes one",
        ),
        (lambda: reduced_load([lambda _: 2.0], [(1.0, (0,))]), "losses[0](1): 2.0: this is a share"),
        (lambda: reduced_load([lambda _: float("nan")], [(1.0, (0,))]), "losses[0](1): nan: this is"),
    ],
)
def test_what_is_no_network(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        call()
    assert str(caught.value).startswith(message)
