"""Simulated port searches: against exact Markov chains of tiny ranges, counting, the bounds and a table."""

import csv
import random
from collections import defaultdict
from functools import cache
from itertools import permutations
from math import prod
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest

from tuplecalc.errors import TopologyError
from tuplecalc.under_load.search import failure_lower, failure_upper, windows
from tuplecalc.under_load.search_simulation import (
    SearchRun,
    failure_given,
    simulate_fill,
    simulate_search,
)
from tuplecalc.under_load.transients import Law

DATA = Path(__file__).parent.parent / "data"
R = 64512


def mean_and_error(values: list[float]) -> tuple[float, float]:
    return fmean(values), stdev(values) / len(values) ** 0.5


def outcomes(
    used: frozenset[int], ports: int, search: tuple[int, ...], original_first: bool
) -> dict[int, float]:
    """The chance of each port, and of none (-1), by going through every start."""
    chances: dict[int, float] = defaultdict(float)
    going = 1.0
    if original_first:
        for port in set(range(ports)) - used:
            chances[port] += 1 / ports
        going = len(used) / ports
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


@cache
def stationary(ports: int, k: int, search: tuple[int, ...], lifetimes: Law, original_first: bool) -> float:
    """The exact failure of the closed loop: a chain over the used ports in the order of their age."""
    states = list(permutations(range(ports), k))
    weights = dict.fromkeys(states, 1 / len(states))
    found = {used: outcomes(used, ports, search, original_first) for used in set(map(frozenset, states))}
    for _ in range(150):
        after = dict.fromkeys(weights, 0.0)
        for state, weight in weights.items():
            for port, chance in found[frozenset(state)].items():
                if port < 0:
                    after[state] += weight * chance
                    continue
                grown = (*state, port)
                leavers = range(1) if lifetimes == "fixed" else range(k + 1)
                for i in leavers:
                    after[grown[:i] + grown[i + 1 :]] += weight * chance / len(leavers)
        weights = after
    return sum(weight * found[frozenset(state)][-1] for state, weight in weights.items())


@pytest.mark.parametrize("lifetimes", ["exponential", "fixed"])
@pytest.mark.parametrize("original_first", [True, False])
@pytest.mark.parametrize(("ports", "k", "search"), [(5, 3, (2, 1)), (6, 4, (3, 2)), (6, 3, (2,))])
def test_the_exact_chain_of_a_tiny_range(
    ports: int, k: int, search: tuple[int, ...], lifetimes: Law, original_first: bool
) -> None:
    expected = stationary(ports, k, search, lifetimes, original_first)
    run = simulate_search(
        ports, k, search=search, searches=40_000, lifetimes=lifetimes, original_first=original_first, seed=5
    )
    assert run.share == pytest.approx(expected, abs=4.5 * run.standard_error)
    assert run.standard_error < 0.005
    assert expected >= failure_lower(k, ports, search) * (k / ports if original_first else 1)


def test_that_oracle_objects_to_other_searches() -> None:
    run = simulate_search(6, 4, search=(3, 2), searches=40_000, original_first=False, seed=5)
    for wrong in (stationary(6, 4, (3, 2), "exponential", True), stationary(6, 4, (2, 2), "fixed", False)):
        assert abs(run.share - wrong) > 10 * run.standard_error


def filled(ports: int, k: int, search: tuple[int, ...]) -> float:
    """The exact mean failure after a fill."""
    weights = {frozenset[int](): 1.0}
    for _ in range(k):
        after: dict[frozenset[int], float] = defaultdict(float)
        for used, weight in weights.items():
            chances = outcomes(used, ports, search, original_first=False)
            for port, chance in chances.items():
                if port >= 0:
                    after[used | {port}] += weight * chance / (1 - chances[-1])
        weights = after
    return sum(w * outcomes(used, ports, search, original_first=False)[-1] for used, w in weights.items())


@pytest.mark.parametrize(("ports", "k", "search"), [(8, 5, (2, 1)), (7, 5, (3, 2)), (9, 6, (4,))])
def test_fills_of_a_tiny_range(ports: int, k: int, search: tuple[int, ...]) -> None:
    runs = [
        simulate_fill(ports, k, search=search, searches=50, original_first=False, seed=seed).exact
        for seed in range(1000)
    ]
    mean, error = mean_and_error(runs)
    expected = filled(ports, k, search)
    assert mean == pytest.approx(expected, abs=4.5 * error)
    assert expected >= failure_lower(k, ports, search)


# ---------------------------------------------------------------- a given table


def counted(
    used: bytes, search: tuple[int, ...], period: int, evict_chance: float, original_first: bool
) -> float:
    """Every start of every window, probe by probe as the kernel's loop has it."""
    ports = len(used)
    chance = sum(map(bool, used)) / ports if original_first else 1.0
    for window in search:
        total = 0.0
        for start in range(period):
            stays = 1.0
            for i in range(window):
                state = used[(start + i) % period % ports]
                if state == 0:
                    stays = 0.0
                elif state == 2 and window - i <= 32:
                    stays *= 1 - evict_chance
            total += stays
        chance *= total / period
    return chance


@pytest.mark.parametrize("original_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_a_given_table_against_going_through_every_start(bias: bool, original_first: bool) -> None:
    draw = random.Random(4)
    for ports, search in ((13, (3, 2)), (40, (40,))):
        used = bytes(draw.choices((0, 1, 2), (1, 30, 30), k=ports))
        found = failure_given(used, search, evict_chance=0.3, modulo_bias=bias, original_first=original_first)
        expected = counted(used, search, 65536 if bias else ports, 0.3, original_first)
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_mean_of_given_tables_lies_at_or_above_the_formulas() -> None:
    draw = random.Random(1)
    ports, k, closing = 400, 396, 40
    chances = []
    for _ in range(1500):
        used = bytearray([2] * closing + [1] * (k - closing) + [0] * (ports - k))
        draw.shuffle(used)
        chances.append(failure_given(used, modulo_bias=False, evict_chance=0.5))
    mean = sum(chances) / len(chances)
    assert 1 < mean / failure_lower(k, ports, closing=closing) < 2  # windows overlap a lot in 400 ports


# ---------------------------------------------------------------- the bounds


@pytest.mark.parametrize("alpha", [0.85, 0.90, 0.95, 0.98])
def test_a_fill_without_releases_lies_between_the_bounds(alpha: float) -> None:
    k = round(alpha * R)
    runs = [
        simulate_fill(R, k, original_first=False, modulo_bias=False, searches=5000, seed=seed)
        for seed in range(12 if alpha < 0.9 else 4)
    ]
    mean, error = mean_and_error([run.exact for run in runs])
    assert failure_lower(k, R) < mean - 3 * error
    assert mean < failure_upper(k, R)
    assert fmean(run.share for run in runs) == pytest.approx(mean, rel=0.1, abs=5e-4)


def linear_probing(ports: int, k: int, seed: int) -> bytearray:
    draw = random.Random(seed)
    used = bytearray(ports)
    for _ in range(k):
        start = draw.randrange(ports)
        port = used.find(0, start)
        used[port if port >= 0 else used.find(0)] = 1
    return used


@pytest.mark.parametrize("alpha", [0.8, 0.9, 0.95])
def test_linear_probing_without_an_end_has_the_clusters_of_the_upper_bound(alpha: float) -> None:
    k = round(alpha * R)
    tables = [linear_probing(R, k, seed) for seed in range(10)]
    for window in (1, 8, 32, 128):
        mean, error = mean_and_error([failure_given(used, (window,)) for used in tables])
        assert mean == pytest.approx(failure_upper(k, R, (window,)), abs=4 * error + 1e-9)
        if window > 1:  # and not those of ports that lie anywhere
            assert mean > failure_lower(k, R, (window,)) + 5 * error


def test_the_modulo_bias_breaks_the_upper_bound() -> None:
    k = round(0.85 * 60000)  # 5,536 of 60,000 ports are drawn twice as often
    fair = simulate_fill(60000, k, searches=20, modulo_bias=False)
    biased = simulate_fill(60000, k, searches=20)
    assert fair.exact < failure_upper(k, 60000) < biased.exact / 3


@pytest.mark.parametrize("alpha", [0.95, 0.97, 0.98])
def test_random_lifetimes_against_the_reference(alpha: float) -> None:
    with (DATA / "linux_nat_search_alpha_curve.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if float(row["alpha"]) == alpha)
    k = round(alpha * R)
    run = simulate_search(R, k, searches=100_000, warm_up_turnovers=4)
    expected = float(row["origfirst_expdel"])
    assert run.share == pytest.approx(expected, abs=4 * run.standard_error + 0.03 * expected)
    assert run.exact == pytest.approx(expected, rel=0.15)
    assert failure_lower(k, R) < run.exact < failure_upper(k, R) * alpha


def test_fixed_lifetimes_against_the_reference() -> None:
    run = simulate_search(R, round(0.9 * R), lifetimes="fixed", searches=100_000, warm_up_turnovers=10)
    assert run.exact == pytest.approx(2.1795e-4, rel=0.25)
    assert run.exact != pytest.approx(2.2e-5, rel=3)  # what random lifetimes come to


@pytest.mark.parametrize("alpha", [0.85, 0.95])
def test_fixed_lifetimes_settle_below_the_upper_bound(alpha: float) -> None:
    ports = 4096  # it divides 65,536: no bias
    k = round(alpha * ports)
    run = simulate_search(
        ports, k, lifetimes="fixed", original_first=False, searches=100_000, warm_up_turnovers=40
    )
    assert failure_lower(k, ports) < run.exact < failure_upper(k, ports)


# ---------------------------------------------------------------- the kernel's details


def test_up_to_128_ports_one_sweep_finds_the_last_free_port() -> None:
    for ports in (2, 100, 128):
        assert simulate_search(ports, ports - 1, searches=5000, modulo_bias=False).failures == 0
        assert simulate_search(ports, ports, searches=50).failures == 50
    assert simulate_search(128, 127, searches=5000).failures == 0


def test_a_sweep_whose_16_bit_offset_wraps_misses_ports() -> None:
    used = bytes([1] * 99 + [0])
    assert failure_given(used) == pytest.approx(36 / 65536)  # starts 65500 to 65535 never see port 99
    assert failure_given(used, modulo_bias=False) == 0


def test_a_failed_search_takes_248_probes() -> None:
    assert simulate_search(1000, 1000, searches=100).mean_probes == 248
    assert simulate_search(R, 60000, searches=1000, warm_up_turnovers=0).mean_probes < 248
    empty = simulate_search(1000, 0, searches=100, original_first=False)
    assert (empty.mean_probes, empty.failures) == (1, 0)


def test_random_probes_are_a_power() -> None:
    run = simulate_search(500, 450, search=10, searches=50_000, original_first=False, warm_up_turnovers=1)
    assert run.exact == pytest.approx(0.9**10)
    assert run.share == pytest.approx(0.9**10, abs=4.5 * run.standard_error)


@pytest.mark.parametrize("lifetimes", ["exponential", "fixed"])
@pytest.mark.parametrize("ports", [100, 256, 3000])
def test_evicting_closing_entries(lifetimes: Law, ports: int) -> None:
    closing = ports // 30
    run = simulate_search(ports, ports, closing=closing, searches=20_000, lifetimes=lifetimes)
    assert run.share == pytest.approx(run.exact, abs=4.5 * run.standard_error + 0.15 * run.exact)
    lower = failure_lower(ports, ports, closing=closing)
    assert 0.95 * lower < run.exact < 1
    never = simulate_search(ports, ports, closing=closing, evict_chance=0.0, searches=200)
    assert never.share == never.exact == 1


def test_everything_closing_and_surely_evicted() -> None:
    run = simulate_search(1000, 1000, closing=1000, evict_chance=1.0, searches=500, original_first=False)
    assert run.failures == 0
    assert run.mean_probes == 97  # the first probe of the last 32 of the first window


def test_the_same_seed_gives_the_same_run() -> None:
    def run(seed: int) -> SearchRun:
        return simulate_search(500, 480, searches=2000, closing=20, seed=seed)

    assert run(1) == run(1) != run(2)
    assert simulate_fill(500, 480, searches=500) == simulate_fill(500, 480, searches=500)


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"ports": 10, "in_use": 11}, "in_use"),
        ({"ports": 0, "in_use": 0}, "ports"),
        ({"ports": 70000, "in_use": 10}, "ports"),
        ({"ports": 10, "in_use": 5, "closing": 6}, "closing"),
        ({"ports": 10, "in_use": 5, "closing": 5, "search": 3}, "closing"),
        ({"ports": 10, "in_use": 5, "closing": 5, "evict_chance": 2.0}, "evict_chance"),
        ({"ports": 10, "in_use": 5, "lifetimes": "pareto"}, "lifetimes"),
        ({"ports": 10, "in_use": 5, "searches": 0}, "searches"),
        ({"ports": 10, "in_use": 5, "seed": -1}, "seed"),
        ({"ports": 10, "in_use": 5, "warm_up_turnovers": -1}, "warm_up_turnovers"),
    ],
)
def test_errors_name_the_argument(arguments: dict[str, Any], place: str) -> None:
    with pytest.raises(TopologyError, match=rf"^{place}: "):
        simulate_search(**arguments)


def test_windows_and_lower_bound_agree_with_a_full_table() -> None:
    assert prod(windows("linux", R)) == 128 * 64 * 32 * 16 * 8
    assert failure_given(bytes([1] * 1000)) == failure_lower(1000, 1000) == 1
