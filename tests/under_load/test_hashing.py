"""Hashed clients: reference tables, every placement, every term, mpmath, laws, wrong formulas."""

import csv
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from itertools import product
from math import comb, exp, fsum, inf, lgamma, log, log1p
from pathlib import Path
from statistics import fmean

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson  # type: ignore[import-untyped]

from tuplecalc.under_load import hashing
from tuplecalc.under_load.erlang import log_erlang_b
from tuplecalc.under_load.hashing import (
    fullest_estimate,
    hashed_blocking,
)

DATA = Path(__file__).parent.parent / "data"


def table(name: str) -> list[dict[str, float]]:
    """The rows of a reference table, as numbers."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


MAXIMA = table("hash_maxload_reference.csv")
BLOCKING = table("hash_blocking_reference.csv")


# --- the fullest address ---------------------------------------------------------------------


def exact_mean(clients: int, addresses: int) -> float:
    """``Σ_k P(max > k)``, by convolving Poisson laws that are cut off at k: given their sum, multinomial."""
    law = poisson.pmf(np.arange(clients + 1), clients / addresses)
    mean = 0.0
    for k in range(clients):
        within = np.ones(1)
        for _ in range(addresses):
            within = np.convolve(within, law[: k + 1])[: clients + 1]
        mean += 1 - float(within[clients:].sum() / poisson.pmf(clients, clients))
    return mean


def test_the_exact_mean_counts_every_placement() -> None:
    for clients, addresses in ((1, 1), (7, 1), (6, 4), (9, 2), (4, 7)):
        placed = product(range(addresses), repeat=clients)
        counted = fmean(max(Counter(each).values()) for each in placed)
        assert exact_mean(clients, addresses) == pytest.approx(counted, rel=1e-7)


@pytest.mark.parametrize("addresses", [2, 5, 50])
@pytest.mark.parametrize("clients", [1, 2, 10, 16, 50, 120])
def test_the_estimate_of_the_fullest(clients: int, addresses: int) -> None:
    expected = exact_mean(clients, addresses)
    assert fullest_estimate(clients, addresses) == pytest.approx(expected, rel=0.06 if clients > 15 else 0.13)


@pytest.mark.parametrize("row", MAXIMA, ids=lambda row: f"{row['N_clients']:g} on {row['M_ips']:g}")
def test_table_of_maxima(row: dict[str, float]) -> None:
    found = fullest_estimate(int(row["N_clients"]), int(row["M_ips"]))
    assert found == pytest.approx(row["E_max_gumbel"], rel=1e-9)
    assert found == pytest.approx(row["E_max_exact"], rel=0.03)
    assert found != pytest.approx(row["N_clients"] / row["M_ips"], rel=0.03)


# --- blocking --------------------------------------------------------------------------------


def log_erlang(circuits: int) -> Callable[[float], float]:
    """ln B from 1/B = Σ_j C!/(C - j)!·A^-j, every term."""
    falling = np.log(np.arange(circuits, 0, -1.0)).cumsum()
    order = np.arange(1, circuits + 1)

    @cache
    def blocking(load: float) -> float:
        logs = falling - order * log(load)
        largest = max(0.0, float(logs.max()))
        return -largest - log(exp(-largest) + float(np.exp(logs - largest).sum()))

    return blocking


@pytest.mark.parametrize("row", BLOCKING, ids=lambda row: f"{row['N_clients']:g}: {row['mean_rho']:.3f}")
def test_table_of_blocking(row: dict[str, float]) -> None:
    blocking = log_erlang(int(row["C_per_ip"]))
    clients, addresses, load = int(row["N_clients"]), int(row["M_ips"]), row["a_erl_per_client"]
    found = hashed_blocking(clients, addresses, load, blocking)
    assert found == pytest.approx(row["Bbar_binomial_mix"], rel=1e-9 if found > 1e-7 else 1e-10)
    if found > 1e-4:  # below, the simulation misses the rare placements that count
        assert found == pytest.approx(row["Bbar_montecarlo"], rel=0.1)
    # the even split is what hashing is not
    assert exp(blocking(load * clients / addresses)) == pytest.approx(row["B_equal_split"], rel=1e-9)
    assert found > 1e3 * row["B_equal_split"]


def every_placement(clients: int, addresses: int, load: float, blocking: Callable[[float], float]) -> float:
    """What is lost over what is offered, over every placement."""
    lost = 0.0
    for placed in product(range(addresses), repeat=clients):
        lost += sum(x * load * exp(blocking(x * load)) for x in Counter(placed).values())
    return float(lost / (addresses**clients * clients * load))


@pytest.mark.parametrize(("clients", "addresses"), [(1, 3), (2, 2), (6, 4), (9, 2), (4, 7), (5, 1)])
@pytest.mark.parametrize("circuits", [1, 3, 10])
def test_blocking_of_every_placement(clients: int, addresses: int, circuits: int) -> None:
    blocking = log_erlang(circuits)
    expected = every_placement(clients, addresses, 0.7, blocking)
    assert hashed_blocking(clients, addresses, 0.7, blocking) == pytest.approx(expected, rel=1e-13)
    if clients > 1 and addresses > 1:  # wrong: addresses not weighted by what is offered to them
        shares = ((comb(clients, x) * (addresses - 1) ** (clients - x), x) for x in range(1, clients + 1))
        unweighted = sum(n * exp(blocking(0.7 * x)) for n, x in shares) / addresses**clients
        assert unweighted < 0.98 * expected


@pytest.mark.parametrize(
    ("clients", "addresses", "circuits"),
    [
        (3_000_000, 16, 100),
        (3_000_000, 1000, 4096),
        (3_000_000, 65536, 1000),
        (10**7, 1000, 10**8),  # a bend in B much sharper than the spread of the clients
    ],
)
@pytest.mark.parametrize("relative_load", [0.95, 1.2])
def test_spaced_terms_give_the_sum_of_all(
    clients: int, addresses: int, circuits: int, relative_load: float
) -> None:
    load = relative_load * circuits * addresses / clients
    blocking = partial(log_erlang_b, circuits)
    mean = clients // addresses
    y = np.arange(max(0, mean - 6000), mean + 8000)
    steps = np.log((clients - 1 - y[:-1]) / (y[1:] * (addresses - 1.0)))  # ln of neighbours' ratio
    logs = np.append(0.0, steps.cumsum()) - steps[: mean - int(y[0])].sum()
    logs -= log(fsum(np.exp(logs)))
    terms = [float(size) + blocking(load * (1 + int(at))) for at, size in zip(y, logs, strict=True)]
    expected = fsum(exp(term) for term in terms if term > -700)
    assert expected > 1e-250
    assert hashed_blocking(clients, addresses, load, blocking) == pytest.approx(expected, rel=1e-11)


def test_a_bend_needs_every_term() -> None:
    """Where B has a corner, evenly spaced terms are off until there are enough of them."""

    def fluid(load: float) -> float:
        return log1p(-1 / load) if load > 1.001 else log(0.001) - 1000 * (1.001 - load)

    clients, addresses = 10**9, 1000
    mean = clients // addresses
    y = np.arange(mean - 11_000, mean + 11_000)
    sizes = binom.pmf(y, clients - 1, 1 / addresses)
    expected = fsum(float(p) * exp(fluid((1 + int(at)) / mean)) for p, at in zip(sizes, y, strict=True))
    found = hashed_blocking(clients, addresses, 1 / mean, fluid)
    assert found == pytest.approx(expected, rel=1e-9)
    coarse = 16 * fsum(
        float(p) * exp(fluid((1 + int(at)) / mean)) for p, at in zip(sizes[::16], y[::16], strict=True)
    )
    assert coarse != pytest.approx(expected, rel=1e-7)


def test_clients_without_number() -> None:
    """With 2^128 clients on a few addresses there is no luck left; with two each it is Poisson's."""
    blocking = log_erlang(100)
    load = 95 * 16 / 2**128
    assert hashed_blocking(2**128, 16, load, blocking) == pytest.approx(exp(blocking(95)), rel=1e-12)
    pairs = fsum(float(poisson.pmf(y, 2)) * exp(blocking(30 * (1 + y))) for y in range(80))
    assert hashed_blocking(2**128, 2**127, 30.0, blocking) == pytest.approx(pairs, rel=1e-12)
    alone = hashed_blocking(2, 2**128, 30.0, blocking)
    assert alone == pytest.approx(exp(blocking(30)), rel=1e-12)


def test_a_spread_of_2_to_the_14() -> None:
    """2^128 clients on 2^100 addresses: 2^28 each, give or take 2^14, against a normal law."""
    circuits, mean = 1000, 2.0**28
    blocking = log_erlang(circuits)
    load = 990 / mean
    from numpy.polynomial.hermite_e import hermegauss

    nodes, weights = hermegauss(40)
    by_gauss = fsum(
        float(w) * exp(blocking(load * (1 + mean + 2.0**14 * float(x))))
        for x, w in zip(nodes, weights, strict=True)
    ) / float(weights.sum())
    assert hashed_blocking(2**128, 2**100, load, blocking) == pytest.approx(by_gauss, rel=1e-11)


@pytest.mark.parametrize(
    ("y", "n", "m"),
    [
        (3, 10, 4),
        (0, 10, 4),
        (10, 10, 4),
        (1, 10**6, 2),
        (700, 10**4, 16),
        (62_000, 10**6, 16),
        (2**28 + 2**16, 2**128, 2**100),
        (2**127 + 2**66, 2**128 - 1, 2),
        (5, 2**128, 2**127),
        (40, 2**128, 2**128),
    ],
)
def test_binomial_with_sixty_digits(y: int, n: int, m: int) -> None:
    with mpmath.workdps(120):
        expected = (
            mpmath.loggamma(n + 1)
            - mpmath.loggamma(y + 1)
            - mpmath.loggamma(n - y + 1)
            - y * mpmath.log(m)
            + (n - y) * mpmath.log1p(-mpmath.mpf(1) / m)
        )
        found = hashing.log_binomial(y, n, m)
        assert abs(found - expected) < 4e-15 * max(10, abs(expected))
        plain = _plain_log_binomial(y, n, m)
        if n > 2**100 and m < 2**110:  # what lgamma alone makes of it
            assert abs(plain - expected) > 1


def _plain_log_binomial(y: int, n: int, m: int) -> float:
    whole = lgamma(n + 1) - lgamma(y + 1) - lgamma(n - y + 1)
    return whole - y * log(m) + (n - y) * log1p(-1 / m)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 10**12), st.integers(2, 1000), st.floats(0.2, 1.5), st.sampled_from([1, 5, 64, 1000]))
def test_laws_of_blocking(clients: int, addresses: int, relative_load: float, circuits: int) -> None:
    blocking = log_erlang(circuits)
    load = relative_load * circuits * addresses / clients
    found = hashed_blocking(clients, addresses, load, blocking)
    assert 0 <= found <= 1
    assert found <= hashed_blocking(clients, addresses, 1.1 * load, blocking) * (1 + 1e-9)
    assert found >= exp(blocking(load)) * (1 - 1e-12)  # alone on its address
    # what is carried is concave in the load: luck costs (Jensen)
    assert found >= exp(blocking(load * clients / addresses)) * (1 - 1e-9)


def test_no_load_and_no_chance() -> None:
    assert hashed_blocking(10, 4, 0.0, lambda load: log(load) if load else -inf) == 0
    assert hashed_blocking(10, 4, 1.0, lambda load: -inf) == 0
    assert hashed_blocking(10, 4, 1.0, lambda load: 0.0) == pytest.approx(1, rel=1e-14)
    # a probability that stands still at the smallest number, then rises, as a table's may
    step = hashed_blocking(1000, 1000, 1.0, lambda load: -700.0 if load < 12 else -5.0)
    assert step == pytest.approx(exp(-5) * float(binom.sf(10, 999, 1 / 1000)), rel=1e-9)


# --- errors, imports ---------------------------------------------------------------------------


@pytest.mark.parametrize(("clients", "addresses"), [(2**100, 2**98), (10**6, 10**9), (5, 2**100)])
def test_an_estimate_for_all_of_ipv6(clients: int, addresses: int) -> None:
    assert 1 <= fullest_estimate(clients, addresses) < 50
