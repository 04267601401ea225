"""Hashed clients: reference tables, full enumeration, exact integers, mpmath, laws, wrong formulas."""

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial
from itertools import product
from math import comb, exp, factorial, fsum, inf, log, log1p
from pathlib import Path

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson  # type: ignore[import-untyped]

from tuplecalc.errors import TopologyError
from tuplecalc.under_load import hashing
from tuplecalc.under_load.erlang import log_erlang_b
from tuplecalc.under_load.hashing import (
    clients_that_fit,
    fullest_cdf,
    fullest_estimate,
    fullest_mean,
    fullest_quantile,
    hashed_blocking,
)

DATA = Path(__file__).parent.parent / "data"
Cdf = Callable[[int, int, int], float]


def table(name: str) -> list[dict[str, float]]:
    """The rows of a reference table, as numbers."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


MAXIMA = table("hash_maxload_reference.csv")
FITS = table("hash_effective_capacity.csv")
BLOCKING = table("hash_blocking_reference.csv")


def poisson_power(k: int, clients: int, addresses: int) -> float:
    """The approximation that forgets that the numbers add up."""
    return float(poisson.cdf(k, clients / addresses) ** addresses)


# --- the fullest address ---------------------------------------------------------------------


def enumerated(clients: int, addresses: int) -> Counter[int]:
    """The fullest address of every placement there is."""
    return Counter(max(Counter(placed).values()) for placed in product(range(addresses), repeat=clients))


def differs_from_enumeration(cdf: Cdf) -> float:
    """The largest error over some tiny cases, every k."""
    errors = [0.0]
    for clients, addresses in [(1, 3), (2, 2), (5, 3), (6, 4), (9, 2), (7, 3), (4, 7)]:
        found = enumerated(clients, addresses)
        for k in range(clients + 2):
            exact = sum(number for fullest, number in found.items() if fullest <= k) / addresses**clients
            errors.append(abs(cdf(k, clients, addresses) - exact))
    return max(errors)


def test_every_placement_counted() -> None:
    assert differs_from_enumeration(fullest_cdf) < 1e-13


def test_the_enumeration_objects_to_wrong_formulas() -> None:
    assert differs_from_enumeration(poisson_power) > 0.05
    assert differs_from_enumeration(lambda k, n, m: fullest_cdf(k + 1, n, m)) > 0.05
    assert differs_from_enumeration(lambda k, n, m: float(binom.cdf(k, n, 1 / m) ** m)) > 0.05


def in_fractions(k: int, clients: int, addresses: int) -> Fraction:
    """By whole numbers: clients!/addresses^clients times a coefficient of a power of a polynomial."""
    weights = [Fraction(1, factorial(j)) for j in range(k + 1)]
    power = [Fraction(1)]
    for _ in range(addresses):
        longer = [Fraction(0)] * min(clients + 1, len(power) + k)
        for i, x in enumerate(power):
            for j, y in enumerate(weights[: len(longer) - i]):
                longer[i + j] += x * y
        power = longer
    return power[clients] * Fraction(factorial(clients), addresses**clients)


@pytest.mark.parametrize(("clients", "addresses"), [(40, 4), (45, 7), (24, 24)])
def test_exact_fractions_down_to_the_smallest_probability(clients: int, addresses: int) -> None:
    for k in range(-(-clients // addresses), clients):
        assert fullest_cdf(k, clients, addresses) == pytest.approx(
            float(in_fractions(k, clients, addresses)), rel=1e-12
        )
        if k > 12:
            break


def by_squaring(k: int, clients: int, addresses: int) -> float:
    """Plain convolutions of Poisson probabilities, all of them positive: nothing cancels, no transform."""
    sizes = np.arange(1, min(k, clients) + 1, dtype=np.longdouble)
    rate = np.longdouble(clients) / addresses
    factor = np.append(np.longdouble(1), (rate / sizes).cumprod()) * np.exp(-rate)
    power, left = np.ones(1, dtype=np.longdouble), addresses
    while left:
        if left % 2:
            power = np.convolve(power, factor)[: clients + 1]
        factor, left = np.convolve(factor, factor)[: clients + 1], left // 2
    with mpmath.workdps(40):
        whole = mpmath.mpf(clients) ** clients * mpmath.exp(-clients) / mpmath.factorial(clients)
        return float(power[clients] / np.longdouble(str(whole)))


@pytest.mark.parametrize(
    ("k", "clients", "addresses"),
    [
        (63, 1000, 16),  # 1e-12: next to the most even placement
        (70, 1000, 16),
        (90, 1000, 16),
        (3, 1000, 1000),
        (6, 1000, 1000),
        (2, 1500, 65536),
        (1, 1500, 1_000_000),
        (750, 1499, 2),
    ],
)
def test_plain_convolution(k: int, clients: int, addresses: int) -> None:
    expected = by_squaring(k, clients, addresses)
    assert expected < 0.999
    assert fullest_cdf(k, clients, addresses) == pytest.approx(expected, rel=1e-12 + 1e-14 * addresses)


@pytest.mark.parametrize("k", [500_000, 500_300, 501_000, 503_000])
def test_two_addresses_are_a_binomial(k: int) -> None:
    number = 1_000_000
    with mpmath.workdps(30):
        tail = (mpmath.binomial(number, j) / mpmath.mpf(2) ** number for j in range(number - k, k + 1))
        middle = float(mpmath.fsum(tail)) if k <= 500_300 else None
    expected = middle if middle is not None else float(1 - 2 * binom.sf(k, number, 0.5))
    assert fullest_cdf(k, number, 2) == pytest.approx(expected, rel=1e-10)


def test_the_most_even_placement() -> None:
    assert fullest_cdf(3, 12, 4) == pytest.approx(factorial(12) / (6**4 * 4**12), rel=1e-13)
    assert fullest_cdf(2, 12, 4) == 0
    assert fullest_cdf(12, 12, 4) == 1
    assert fullest_cdf(0, 0, 4) == 1
    # all but one place taken: one of M addresses has one less
    almost = Fraction(factorial(999), factorial(10) ** 99 * factorial(9)) * 100 / 100**999
    assert fullest_cdf(10, 999, 100) == pytest.approx(float(almost), rel=1e-12)


def test_large_numbers_keep_to_the_poisson_power() -> None:
    """Where the sum hardly binds: M large, k in the tail; and it always lies above (negative dependence)."""
    for clients, addresses, k in [(10**7, 10**5, 150), (10**9, 1000, 1_004_000), (10**10, 16, 625_080_000)]:
        exact, free = fullest_cdf(k, clients, addresses), poisson_power(k, clients, addresses)
        assert 0.2 < exact < 0.9999
        assert abs(exact - free) < 0.03


@pytest.mark.parametrize("row", MAXIMA, ids=lambda row: f"{row['N_clients']:g} on {row['M_ips']:g}")
def test_table_of_maxima(row: dict[str, float]) -> None:
    clients, addresses, k = int(row["N_clients"]), int(row["M_ips"]), int(row["k99_exact"])
    assert fullest_cdf(k, clients, addresses) == pytest.approx(row["P_max_le_k99_exact"], abs=1e-10)
    assert fullest_quantile(0.99, clients, addresses) == k
    assert fullest_mean(clients, addresses) == pytest.approx(row["E_max_exact"], rel=1e-10)
    assert fullest_mean(clients, addresses) == pytest.approx(row["E_max_montecarlo_20000"], rel=2e-3)
    assert fullest_estimate(clients, addresses) == pytest.approx(row["E_max_gumbel"], rel=1e-9)
    assert fullest_estimate(clients, addresses) == pytest.approx(fullest_mean(clients, addresses), rel=0.03)
    # what the table calls the Poisson approximation is another number, and this table can tell
    near = int(row["k99_poisson_approx"])
    assert poisson_power(near, clients, addresses) >= 0.99 > poisson_power(near - 1, clients, addresses)
    assert poisson_power(k, clients, addresses) != pytest.approx(row["P_max_le_k99_exact"], abs=1e-6)


@pytest.mark.parametrize("row", FITS, ids=lambda row: f"{row['k_per_ip']:g} on each of {row['M']:g}")
def test_table_of_clients_that_fit(row: dict[str, float]) -> None:
    addresses, k = int(row["M"]), int(row["k_per_ip"])
    fit = clients_that_fit(k, addresses)
    assert fit == row["N_star_99_exact"]
    assert fit / (addresses * k) == pytest.approx(row["efficiency"])
    assert fullest_cdf(k, fit, addresses) >= 0.99 > fullest_cdf(k, fit + 1, addresses)


def mean_of(chances: Iterator[float], start: int) -> float:
    return start + fsum(1 - chance for chance in chances)


@pytest.mark.parametrize(("clients", "addresses"), [(1, 1), (7, 1), (6, 4), (9, 2), (4, 7)])
def test_the_mean_of_every_placement(clients: int, addresses: int) -> None:
    found = enumerated(clients, addresses)
    mean = sum(fullest * number for fullest, number in found.items()) / addresses**clients
    assert fullest_mean(clients, addresses) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize(("clients", "addresses"), [(200_000, 2), (300_001, 3), (400_000, 4), (10**6, 16)])
def test_spaced_terms_give_the_mean_of_all(
    clients: int, addresses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = fullest_mean(clients, addresses)
    monkeypatch.setattr(hashing, "_MOST_TERMS", 10**6)
    assert fullest_mean(clients, addresses) == pytest.approx(spaced, rel=1e-10)


@pytest.mark.parametrize("clients", [999, 10**6])
def test_the_mean_on_two_addresses_is_de_moivres(clients: int) -> None:
    with mpmath.workdps(30):
        away = clients * mpmath.binomial(clients - 1, clients // 2) / mpmath.mpf(2) ** clients
        expected = float(mpmath.mpf(clients) / 2 + away)
    assert fullest_mean(clients, 2) == pytest.approx(expected, rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 300), st.floats(0.3, 3.0))
def test_laws_of_the_fullest(clients: int, addresses: int, spread: float) -> None:
    mean = clients / addresses
    k = int(mean + spread * mean**0.5 + 1)
    chance = fullest_cdf(k, clients, addresses)
    assert 0 <= chance <= 1
    assert chance <= fullest_cdf(k + 1, clients, addresses) + 1e-12
    assert chance >= fullest_cdf(k, clients + 1, addresses) - 1e-12
    one = float(binom.cdf(k, clients, 1 / addresses))
    assert 1 - addresses * (1 - one) - 1e-11 <= chance <= one**addresses + 1e-11


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000), st.integers(1, 64), st.floats(1e-9, 1 - 1e-9))
def test_the_quantile_is_the_least(clients: int, addresses: int, chance: float) -> None:
    k = fullest_quantile(chance, clients, addresses)
    assert fullest_cdf(k, clients, addresses) >= chance
    assert k == 0 or fullest_cdf(k - 1, clients, addresses) < chance


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
        (3_000_000, 16, 4096),
        (3_000_000, 1000, 4096),
        (3_000_000, 65536, 1000),
        (10**7, 1000, 10**8),  # a bend in B much sharper than the spread of the clients
    ],
)
@pytest.mark.parametrize("relative_load", [0.95, 0.99, 1.2])
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
        found = hashing._log_binomial(y, n, m)
        assert abs(found - expected) < 4e-15 * max(10, abs(expected))
        plain = _plain_log_binomial(y, n, m)
        if n > 2**100 and m < 2**110:  # what lgamma alone makes of it
            assert abs(plain - expected) > 1


def _plain_log_binomial(y: int, n: int, m: int) -> float:
    from math import lgamma

    whole = lgamma(n + 1) - lgamma(y + 1) - lgamma(n - y + 1)
    return whole - y * log(m) + (n - y) * log1p(-1 / m)


@settings(max_examples=40, deadline=None)
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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fullest_cdf(-1, 5, 2), "k: -1: this is a whole number of 0 or more; change it"),
        (lambda: fullest_cdf(2, 5, 0), "addresses: 0: this is a whole number of 1 or more; change it"),
        (
            lambda: fullest_mean(10**11, 2),
            "clients: 100000000000: this is at most 10,000,000,000; take fewer: the shares hardly change",
        ),
        (
            lambda: fullest_quantile(1.0, 5, 2),
            "probability: 1.0: this is a probability above 0 and below 1; write it as in 1e-3",
        ),
        (
            lambda: clients_that_fit(10**6, 10**5),
            "per_address: 1000000: times 100000 addresses this is at most 10,000,000,000; take fewer",
        ),
        (
            lambda: hashed_blocking(0, 2, 1.0, log),
            "clients: 0: this is a whole number of 1 or more; change it",
        ),
        (
            lambda: hashed_blocking(5, 2, -1.0, log),
            "load_per_client: -1.0: this is a finite number of 0 or more; change it",
        ),
    ],
)
def test_errors(call: Callable[[], float], message: str) -> None:
    with pytest.raises(TopologyError) as raised:
        call()
    assert str(raised.value) == message


def test_blocking_needs_no_numpy() -> None:
    code = (
        "import sys\n"
        "from math import log\n"
        "from tuplecalc.under_load.hashing import hashed_blocking\n"
        "assert 0 < hashed_blocking(2**64, 2**20, 2.0**-44, lambda a: log(a / (1 + a))) < 1\n"
        "assert 'numpy' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("addresses", [2, 5, 50, 1000])
@pytest.mark.parametrize("clients", [1, 2, 10, 16, 50, 1000, 3000, 20_000])
def test_the_estimate_of_the_fullest(clients: int, addresses: int) -> None:
    """Two ways to the same number; the mean once summed the law's own error up to the last client."""
    tolerance = 0.06 if clients > 15 else 0.13
    expected = fullest_mean(clients, addresses)
    assert fullest_estimate(clients, addresses) == pytest.approx(expected, rel=tolerance)


def test_the_mean_of_few_clients_on_many_addresses() -> None:
    """9.99 in 2,000 simulations."""
    assert fullest_mean(3000, 1000) == pytest.approx(9.99, abs=0.05)


@pytest.mark.parametrize(("clients", "addresses"), [(2**100, 2**98), (10**6, 10**9), (5, 2**100)])
def test_an_estimate_for_all_of_ipv6(clients: int, addresses: int) -> None:
    assert 1 <= fullest_estimate(clients, addresses) < 50
