"""Port search: the closed forms against counting, other algebra and the reference tables."""

import csv
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations
from math import prod
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.search import Table
from tuplecalc.errors import ChainError
from tuplecalc.under_load.search import (
    Bound,
    Search,
    failure_lower,
    failure_upper,
    search_blocking,
    usable_share,
    windows,
)

DATA = Path(__file__).parent.parent / "data"
LINUX = (128, 64, 32, 16, 8)
R = 64512


def rows(name: str) -> list[dict[str, float]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def different_ports(k: int, ports: int, probes: int = 248) -> float:
    """All probes on different ports: what the reference tables hold."""
    return prod((k - i) / (ports - i) for i in range(probes))


# ---------------------------------------------------------------- windows


def test_windows_of_each_search() -> None:
    assert windows("linux", 129) == LINUX
    assert sum(windows("linux", R)) == 248
    assert windows("linux", 128) == (128,)
    assert windows("exhaustive", R) == (R,)
    assert windows(32, 10) == (1,) * 32
    assert windows((10_000,), 60_536) == (10_000,)
    assert windows((10_000,), 500) == (500,)


@pytest.mark.parametrize("search", ["random", 0, -1, (), (0,), 1.5, True, None])
def test_no_such_search(search: Any) -> None:
    with pytest.raises(ChainError, match=r"^search: "):
        windows(search, 100)


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: failure_lower(101, 100), "in_use"),
        (lambda: failure_upper(-1, 100), "in_use"),
        (lambda: failure_upper(1, 0), "ports"),
        (lambda: usable_share(1.0, 100), "failure"),
    ],
)
def test_errors_name_the_argument(call: Callable[[], float], place: str) -> None:
    with pytest.raises(ChainError, match=rf"^{place}: "):
        call()


# ---------------------------------------------------------------- used ports anywhere


@cache
def placements(ports: int, k: int) -> list[dict[int, float]]:
    """For every set of k used ports: the share of starts at which a window of w ports is full."""
    return [
        {
            w: sum(all((start + i) % ports in used for i in range(w)) for start in range(ports)) / ports
            for w in range(1, k + 1)
        }
        for used in map(set, combinations(range(ports), k))
    ]


def mean_failure(ports: int, k: int, search: tuple[int, ...]) -> float:
    shares = placements(ports, k)
    return sum(prod(share[w] for w in search) for share in shares) / len(shares)


@pytest.mark.parametrize("ports", range(2, 10))
def test_one_window_is_exact_for_the_mean_over_all_placements(ports: int) -> None:
    for k in range(1, ports):
        for w in range(1, k + 1):
            assert failure_lower(k, ports, (w,)) == pytest.approx(
                mean_failure(ports, k, (w,)), rel=1e-12, abs=0
            )


def test_that_oracle_objects_to_probes_that_may_repeat() -> None:
    assert mean_failure(9, 6, (3,)) != pytest.approx((6 / 9) ** 3, rel=0.1)


@pytest.mark.parametrize("ports", range(2, 10))
def test_several_windows_are_a_lower_bound_of_that_mean(ports: int) -> None:
    for k in range(1, ports):
        for size in (2, 3):
            for search in combinations_with_replacement(range(1, k + 1), size):
                bound = failure_lower(k, ports, search)
                assert bound <= mean_failure(ports, k, search) + 1e-13
                assert different_ports(k, ports, min(sum(search), ports)) <= bound + 1e-13


def test_the_bound_of_the_mean_is_none_of_each_placement() -> None:
    evenly = min(share[2] for share in placements(8, 4))  # every other port
    assert evenly == 0 < failure_lower(4, 8, (2,))


@given(st.integers(1, 50), st.integers(0, 3000), st.integers(1, 3000))
def test_random_probes_are_a_power_under_both_bounds(probes: int, k: int, ports: int) -> None:
    k = min(k, ports)
    assert failure_lower(k, ports, probes) == pytest.approx((k / ports) ** probes, rel=1e-10, abs=0)
    assert failure_upper(k, ports, probes) == pytest.approx((k / ports) ** probes, rel=1e-9, abs=0)


@pytest.mark.parametrize("row", rows("linux_nat_search_alpha_curve.csv"), ids=lambda row: str(row["alpha"]))
def test_the_reference_is_the_form_with_all_probes_on_different_ports(row: dict[str, float]) -> None:
    k = round(row["alpha"] * R)
    assert different_ports(k, R) == pytest.approx(row["randomset_248"], rel=1e-9, abs=0)
    assert 1 < failure_lower(k, R) / row["randomset_248"] < 1.06


@pytest.mark.parametrize("search", ["exhaustive", "linux", (100,), (3, 100, 2)])
def test_a_search_that_sees_every_port_fails_only_when_all_are_used(search: Search) -> None:
    for form in (failure_lower, failure_upper):
        assert [form(k, 100, search) for k in (0, 50, 99, 100)] == [0, 0, 0, 1]


# ---------------------------------------------------------------- clusters


def borel(w: int, alpha: mpmath.mpf) -> mpmath.mpf:
    terms = (
        (w - n) * mpmath.exp(-alpha * n) * (alpha * n) ** (n - 1) / mpmath.factorial(n)
        for n in range(1, w + 1)
    )
    return (1 - alpha) * (1 / (1 - alpha) - w + mpmath.fsum(terms))


@pytest.mark.parametrize("k", [6451, 32256, 44300, 44600, 54835, 61286, 64511])
def test_clusters_against_the_closed_form_in_many_digits(k: int) -> None:
    with mpmath.workdps(120 if k > 10000 else 500):
        alpha = mpmath.mpf(k) / R
        for search in ((1,), (2,), (8,), (128,), LINUX, (5, 300)):
            expected = float(mpmath.fprod(borel(w, alpha) for w in search))
            assert failure_upper(k, R, search) == pytest.approx(expected, rel=1e-8, abs=0)


def test_that_oracle_objects_to_another_cluster_law() -> None:
    with mpmath.workdps(50):
        poisson = 1 - mpmath.mpf("0.05") * (
            8 - sum((8 - n) * mpmath.mpf("0.95") ** (n - 1) for n in range(8))
        )
    assert failure_upper(61286, R, (8,)) != pytest.approx(float(poisson), rel=0.1)


def test_one_long_window() -> None:
    with mpmath.workdps(60):
        alpha = mpmath.mpf(9) / 10
        tail = mpmath.nsum(
            lambda n: (
                (n - 2000) * mpmath.exp(-alpha * n + (n - 1) * mpmath.log(alpha * n) - mpmath.loggamma(n + 1))
            ),
            [2001, 9000],
            method="direct",
        )
    assert failure_upper(54000, 60000, (2000,)) == pytest.approx(float((1 - alpha) * tail), rel=1e-9, abs=0)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4000), st.integers(0, 4000), st.sampled_from(["linux", "exhaustive", (4, 2), (200, 3)]))
def test_laws_of_the_two_bounds(ports: int, k: int, search: Search) -> None:
    k = min(k, ports)
    lower, upper = failure_lower(k, ports, search), failure_upper(k, ports, search)
    assert 0 <= lower <= upper * (1 + 1e-8) <= 1 + 1e-8
    if k < ports:
        assert lower <= failure_lower(k + 1, ports, search)
        assert upper <= failure_upper(k + 1, ports, search) * (1 + 1e-8)
    if isinstance(search, tuple):
        assert failure_upper(k, ports, (*search, 5)) <= upper


def test_every_simulated_failure_of_the_reference_lies_between_the_bounds() -> None:
    reference = rows("linux_nat_search_reference.csv")
    assert len(reference) == 18
    for row in reference:  # starts with and without the bias of u16 % ports; α from 0.90 on
        k, ports = int(row["k"]), int(row["R"])
        for name in ("origfirst_expdel", "origfirst_fifo", "fullyrandom_expdel", "fullyrandom_fifo"):
            first = k / ports if name.startswith("orig") else 1
            found = row[f"sim_{name}_pfail"]
            assert failure_lower(k, ports) * first < found < failure_upper(k, ports) * first


# ---------------------------------------------------------------- usable share


@pytest.mark.parametrize(
    ("ports", "published"),
    [(64512, (63916, 63327, 62743, 61023)), (28232, (27972, 27714, 27459, 26708))],
)
def test_usable_ports_are_within_five_of_those_for_different_probes(
    ports: int, published: tuple[int, ...]
) -> None:
    for failure, k in zip((1e-1, 1e-2, 1e-3, 1e-6), published, strict=True):
        assert different_ports(k, ports) <= failure < different_ports(k + 1, ports)
        assert 0 <= k - round(usable_share(failure, ports).spread * ports) <= 5


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-9, 0.5), st.integers(2, 3000), st.sampled_from(["linux", 3, (8, 8), "exhaustive"]))
def test_usable_is_the_largest(failure: float, ports: int, search: Search) -> None:
    usable = usable_share(failure, ports, search)
    for share, form in ((usable.spread, failure_lower), (usable.clustered, failure_upper)):
        k = round(share * ports)
        assert form(k, ports, search) <= failure < form(k + 1, ports, search)
    assert usable.clustered <= usable.spread or search == 3


# ---------------------------------------------------------------- open systems


def erlang(circuits: int, load: float) -> float:
    blocking = 1.0
    for n in range(1, circuits + 1):
        blocking = load * blocking / (n + load * blocking)
    return blocking


def chain(ports: int, load: float, failure: Callable[[int], float], first: int = 0) -> float:
    """The loss of the birth–death chain, state by state from below."""
    here, loss = 1.0, failure(first)  # the share of state k among states up to k, and their loss
    for k in range(first + 1, ports + 1):
        here = here / (here + k / (load * (1 - failure(k - 1))))
        loss = here * failure(k) + (1 - here) * loss
    return loss


@pytest.mark.parametrize("ports", [1, 2, 10, 100, 1000])
@pytest.mark.parametrize("share", [0.3, 0.9, 1.0, 1.2, 30.0])
def test_an_exhaustive_search_is_erlang_b(ports: int, share: float) -> None:
    loss = search_blocking(ports, share * ports, "exhaustive")
    assert loss == pytest.approx(erlang(ports, share * ports), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("row", rows("linux_nat_open_loop_blocking.csv"), ids=lambda row: str(row["A"]))
def test_the_reference_of_open_systems(row: dict[str, float]) -> None:
    assert search_blocking(R, row["A"], "exhaustive") == pytest.approx(row["erlang_B"], rel=1e-9, abs=0)
    lower, upper = search_blocking(R, row["A"]), search_blocking(R, row["A"], bound="upper")
    assert 1 < lower / row["randomset248"] < 1.05  # all probes on different ports fail less often
    assert row["erlang_B"] < lower < row["cluster_fifo20_origfirst"] < upper
    assert lower < row["cluster_exp_origfirst"] < upper


FORMS: list[tuple[Bound, Callable[[int, int, Search], float]]] = [
    ("lower", failure_lower),
    ("upper", failure_upper),
]


@pytest.mark.parametrize(("bound", "form"), FORMS)
@pytest.mark.parametrize("ports", [100, 700, 3000])
@pytest.mark.parametrize("share", [0.5, 0.95, 1.3, 10.0])
def test_every_state_and_every_failure(
    ports: int, share: float, bound: Bound, form: Callable[[int, int, Search], float]
) -> None:
    failure = cache(lambda k: form(k, ports, "linux"))
    expected = chain(ports, share * ports, failure, max(0, round(ports * min(share, 1)) - 700))
    assert search_blocking(ports, share * ports, bound=bound) == pytest.approx(expected, rel=1e-7, abs=0)


def test_that_oracle_objects_to_the_failure_of_the_next_state() -> None:
    wrong = chain(700, 665.0, lambda k: failure_upper(min(k + 1, 699), 700) if k < 700 else 1)
    assert search_blocking(700, 665.0, bound="upper") != pytest.approx(wrong, rel=1e-3)


@pytest.mark.parametrize(("bound", "form"), FORMS)
def test_the_cubic_at_full_size(bound: Bound, form: Callable[[int, int, Search], float]) -> None:
    load = 62000.0
    expected = chain(R, load, lambda k: form(k, R, "linux") if k < 63700 else 0.9, 58500)
    assert search_blocking(R, load, bound=bound) == pytest.approx(expected, rel=1e-6, abs=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(130, 6000), st.floats(0.5, 2), st.sampled_from(["linux", 5, (40, 4)]))
def test_laws_of_open_systems(ports: int, share: float, search: Search) -> None:
    load = share * ports
    lower, upper = (search_blocking(ports, load, search, bound) for bound in ("lower", "upper"))
    assert erlang(ports, load) * (1 - 1e-9) <= lower <= upper * (1 + 1e-7) <= 1
    assert load * (1 - upper) <= ports * (1 + 1e-12)  # Little's law: the carried load fits
    assert lower <= search_blocking(ports, load * 1.01, search) * (1 + 1e-7)


@pytest.mark.parametrize("load", [7e18, 1e35, 1e300])
@pytest.mark.parametrize("bound", ["lower", "upper"])
@pytest.mark.parametrize(("ports", "search"), [(64, 32), (1, "linux"), (R, "linux"), (3000, (5, 4))])
def test_loads_beyond_all_ports(ports: int, search: Search, bound: Bound, load: float) -> None:
    """What is carried is all ports at most; the digits of the load once cancelled, up to an OverflowError."""
    assert 1 - ports / load <= search_blocking(ports, load, search, bound) <= 1


def test_no_load_and_much_load() -> None:
    assert search_blocking(R, 0) == 0
    assert search_blocking(R, 10.0) == 0
    assert search_blocking(R, 1e9) == pytest.approx(1 - R / 1e9, rel=1e-6, abs=0)
    exact = chain(100, 1e6, lambda k: failure_lower(k, 100, 3))
    assert 1 - search_blocking(100, 1e6, 3) == pytest.approx(1 - exact, rel=1e-9)


def test_numbers_of_numpy_are_numbers() -> None:
    """Small integers of numpy wrap around, so they are Python's own from the first line on."""
    assert usable_share(1e-3, np.uint16(65535)) == usable_share(1e-3, 65535)  # type: ignore[arg-type]
    with pytest.raises(ChainError, match="search: "):
        search_blocking(200, 2.0, np.array([1, 2]))  # type: ignore[arg-type]
    with pytest.raises(ChainError, match="this is a whole number of 65,536 or less"):
        search_blocking(200, 2.0, 10**400)


@pytest.mark.parametrize("ports", [1, 2, 5, 1000])
@pytest.mark.parametrize("load", [1e-30, 1e-17, 1e-9, 0.1])
def test_loads_that_are_next_to_nothing(ports: int, load: float) -> None:
    """A load that is lost in the rounding beside the ports: a search of all of them is Erlang's."""
    found = search_blocking(ports, load, "exhaustive")
    assert found == pytest.approx(erlang(ports, load), rel=1e-10, abs=1e-300)


# ---------------------------------------------------------------- simulated


def ways(used: frozenset[int], ports: int, search: tuple[int, ...]) -> dict[int, float]:
    """The chance of each port, and of none (-1), by going through every start."""
    chances: dict[int, float] = defaultdict(float)
    going = 1.0
    for window in search:
        failed = 0.0
        for start in range(ports):
            seen = ((start + i) % ports for i in range(window))
            port = next((port for port in seen if port not in used), -1)
            if port >= 0:
                chances[port] += going / ports
            else:
                failed += going / ports
        going = failed
    chances[-1] = going
    return chances


def settled(ports: int, k: int, search: tuple[int, ...], fixed: bool) -> float:
    """The exact failure of the closed loop: a chain over the used ports in the order of their age."""
    states = list(permutations(range(ports), k))
    weights = dict.fromkeys(states, 1 / len(states))
    found = {used: ways(used, ports, search) for used in set(map(frozenset, states))}
    for _ in range(60):
        after = dict.fromkeys(weights, 0.0)
        for state, weight in weights.items():
            for port, chance in found[frozenset(state)].items():
                grown = (*state, port)
                leavers = [k] if port < 0 else [0] if fixed else range(k + 1)
                for i in leavers:
                    after[grown[:i] + grown[i + 1 :]] += weight * chance / len(leavers)
        weights = after
    return sum(weight * found[frozenset(state)][-1] for state, weight in weights.items())


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize(("ports", "k", "search"), [(5, 3, (2, 1)), (6, 4, (3, 2))])
def test_the_simulation_against_the_exact_chain(
    ports: int, k: int, search: tuple[int, ...], fixed: bool
) -> None:
    expected = settled(ports, k, search, fixed)
    seen = Table(ports, search).steady(k, 40_000, fixed=fixed)
    assert seen.share == pytest.approx(expected, abs=0.01)
    assert seen.share != pytest.approx(settled(ports, k, (search[0],), fixed), abs=0.01)
    assert expected >= failure_lower(k, ports, search)


@pytest.mark.parametrize("alpha", [0.85, 0.95])
def test_fills_and_steady_states_lie_between_the_bounds(alpha: float) -> None:
    ports = 4096  # it divides 65,536: no bias
    k = round(alpha * ports)
    tables = [Table(ports, LINUX, seed=seed) for seed in range(30)]
    for table in tables:
        table.fill(k)
    exact = [table.exact() for table in tables]
    assert failure_lower(k, ports) < fmean(exact) < failure_upper(k, ports)
    for fixed in (False, True):
        seen = Table(ports, LINUX).steady(k, 20_000, fixed=fixed, turnovers=10)
        assert failure_lower(k, ports) < seen.exact < failure_upper(k, ports)
        assert seen.share == pytest.approx(seen.exact, rel=0.3, abs=1e-3)


@pytest.mark.parametrize(("window", "alpha"), [(100, 0.9), (300, 0.98)])
def test_neighbours_in_order_fail_at_a_run_of_used_ones(window: int, alpha: float) -> None:
    """One long window: releases break runs up, so that a fill from random starts is the worst."""
    ports = 2048
    k = round(alpha * ports)
    lower, upper = failure_lower(k, ports, (window,)), failure_upper(k, ports, (window,))
    for fixed in (False, True):
        seen = Table(ports, (window,)).steady(k, 20_000, fixed=fixed, turnovers=10)
        assert 10 * lower < seen.exact < upper < 1
        assert seen.exact > (upper / 5 if fixed else upper / 20)


def test_the_modulo_bias_breaks_the_upper_bound() -> None:
    ports = 60_000
    k = round(0.85 * ports)  # 5,536 of 60,000 ports are drawn twice as often
    fair, biased = Table(ports, LINUX), Table(ports, LINUX, period=65_536)
    for table in (fair, biased):
        table.original_first = True
        table.fill(k)
    assert fair.exact() < failure_upper(k, ports) < biased.exact() / 3


def test_linear_probing_without_an_end_has_the_clusters_of_the_upper_bound() -> None:
    k = round(0.9 * R)
    tables = [Table(R, (R,), seed=seed) for seed in range(6)]
    for table in tables:
        table.fill(k)
    for window in (1, 8, 32, 128):
        for table in tables:
            table.windows = (window,)
        found = [table.exact() for table in tables]
        error = 4 * stdev(found) / len(found) ** 0.5
        assert fmean(found) == pytest.approx(failure_upper(k, R, (window,)), abs=error + 1e-9)
        if window > 1:  # and not those of ports that lie anywhere
            assert fmean(found) > failure_lower(k, R, (window,)) + error


def test_random_lifetimes_against_the_reference() -> None:
    row = next(row for row in rows("linux_nat_search_alpha_curve.csv") if row["alpha"] == 0.97)
    seen = Table(R, LINUX, period=65_536, original_first=True).steady(round(0.97 * R), 50_000, turnovers=4)
    assert seen.exact == pytest.approx(row["origfirst_expdel"], rel=0.15)
    assert failure_lower(round(0.97 * R), R) < seen.exact < failure_upper(round(0.97 * R), R) * 0.97


def test_a_sweep_whose_16_bit_offset_wraps_misses_ports() -> None:
    """The 3.5e-4 of the windows' docstring: starts 65,500 to 65,535 never see the last port of 100."""
    table = Table(100, windows("linux", 100), period=65_536)
    table.fill(99)
    table.used[:] = bytes([1] * 99 + [0])
    assert table.exact() == pytest.approx(36 / 65_536)
    table.period = 100
    assert table.exact() == 0
