"""Clients hashed onto addresses: how full the fullest gets, and what that costs.

``N`` clients are placed independently and evenly onto ``M`` addresses, each with a pool of its
own.  A Linux SNAT to a range does so: it picks the address by a hash of the client's address (and
of the destination's, unless ``persistent`` is set: then what is placed is the pair), scaled to the
range (``find_best_ips_proto``).  The numbers of clients are multinomial, each of them
Binomial(N, 1/M), and no address knows that another one has room.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from math import exp, expm1, fsum, log, log1p, pi, sqrt

from tuplecalc.errors import reject
from tuplecalc.under_load import checks
from tuplecalc.under_load.series import NEGLIGIBLE, UNDERFLOW, first_below, log1p_less, log_sum, stirling

_MOST_CLIENTS = 10**10
_MOST_ADDRESSES = 10**6
_MOST_OF_IPV6 = 2**128
_MOST_TERMS = 200
_FEW = 15
_EULER = 0.5772156649015329


def fullest_cdf(k: int, clients: int, addresses: int) -> float:
    """The probability that no address has more than ``k`` clients.

    Given their sum ``N``, independent Poisson numbers are multinomial (Levin 1981, recalled).  So
    with the weights ``w_j = r^j/j!`` for ``j ≤ k``, of the sum ``Z``, and any ``r > 0``::

        P(max ≤ k) = N!/(M^N·r^N)·Z^M·[(w/Z)^{*M}](N)

    where ``*M`` is an ``M``-fold convolution: the power of one Fourier transform.  Here ``r`` is
    such that ``w/Z`` has the mean ``N/M``, which puts ``N`` in the middle of the convolution.  So
    small probabilities come out as exactly as large ones, and ``10·√N`` points are enough: the
    tails of the convolution are at most those of a Poisson law of mean ``N`` (Chernoff's bound;
    the variance of a cut-off Poisson law is below its mean at every ``r``).

    Exact but for rounding: relative error below ``1e-12 + 1e-14·M``.  Takes a millisecond with
    10⁶ clients, up to a second with 10¹⁰; the quantile and the mean take 50 to 300 of them.

    Holds for independent, even placement.  Raises :class:`~tuplecalc.errors.TopologyError` for
    numbers that are not whole, more than 10¹⁰ clients or 10⁶ addresses.

    >>> round(fullest_cdf(1, clients=23, addresses=365), 4)  # no two of 23 share a birthday
    0.4927
    >>> round(fullest_cdf(89, clients=1000, addresses=16), 6)
    0.993383
    """
    most = checks.count(k, "k")
    number, pools = _sizes(clients, addresses, _MOST_CLIENTS, _MOST_ADDRESSES)
    if most >= number:
        return 1.0
    if most * pools < number:
        return 0.0
    if most * pools == number:
        return exp(_log_scale(most, number, pools))
    return min(1.0, exp(_log_fullest(most, number, pools)))


def fullest_quantile(probability: float, clients: int, addresses: int) -> int:
    """The least ``k`` such that with that probability no address has more than ``k`` clients.

    Holds, and raises errors, as :func:`fullest_cdf`, from which it comes by bisection.
    Probabilities closer to 1 than its error are taken as 1.

    >>> fullest_quantile(0.99, clients=30000, addresses=32)  # the mean of all is 937.5
    1042
    """
    chance = checks.probability(probability, "probability")
    number, pools = _sizes(clients, addresses, _MOST_CLIENTS, _MOST_ADDRESSES)
    return bisect_left(range(number), chance, lo=number // pools, key=lambda k: fullest_cdf(k, number, pools))


def fullest_mean(clients: int, addresses: int) -> float:
    """The mean number of clients on the fullest address.

    ``E[max] = Σ_{k ≥ 0} (1 - P(max ≤ k))``, over every ``k`` where the probability is neither 0
    nor 1; where those are many, over some 200 of them, evenly spaced, with the first terms of
    the Euler-Maclaurin formula at the lower end: relative error below ``1e-10 + 1e-12·M``.

    Holds, and raises errors, as :func:`fullest_cdf`.

    >>> round(fullest_mean(clients=1000, addresses=16), 6)  # the mean of all is 62.5
    76.847693
    """
    number, pools = _sizes(clients, addresses, _MOST_CLIENTS, _MOST_ADDRESSES)

    def above(k: int) -> float:
        return 1 - fullest_cdf(k, number, pools)

    def first(limit: float, start: int) -> int:
        return bisect_left(range(number), limit, lo=start, key=lambda k: fullest_cdf(k, number, pools))

    low = first(1e-16, -(-number // pools))
    high = first(1 - 4 * (1e-12 + 1e-14 * pools), low)  # beyond, the error of the law is all there is
    stride = -(-(high - low) // _MOST_TERMS)
    if stride <= 1:
        return low + fsum(above(k) for k in range(low, high))
    spaced = stride * fsum(above(k) for k in range(low, high, stride))
    at, after, later = (above(low + further) for further in range(3))
    slope = (4 * after - later - 3 * at) / 2
    return low + spaced - (stride - 1) / 2 * at + (stride**2 - 1) / 12 * slope


def fullest_estimate(clients: int, addresses: int) -> float:
    """About how many clients are on the fullest address; without numpy, for any number of clients.

    With fewer than 15 clients on each address, as if the M addresses filled up independently:
    ``E[max] = Σ_{k ≥ 0} (1 - F(k)^M)``, F the binomial law of one.  From there on Gumbel's law of the
    largest of M nearly normal numbers, between the mean ``m = N/M`` and N::

        m + √(m·(1 - 1/M))·(b + γ/a),   a = √(2·ln M),   b = a - (ln ln M + ln 4π)/(2a)

    Within 13 % of :func:`fullest_mean`, below it as a rule, and within 6 % from 15 clients on.  Raises
    :class:`~tuplecalc.errors.TopologyError` unless both are 1 or more.  Source: extreme value theory
    of the normal distribution (recalled).

    >>> round(fullest_estimate(10_000, 16), 2), round(fullest_mean(10_000, 16), 2)
    (669.68, 669.55)
    >>> round(fullest_estimate(10, 16), 2), round(fullest_mean(10, 16), 2)
    (2.21, 2.33)
    """
    number = checks.count(clients, "clients", least=1)
    parts = checks.count(addresses, "addresses", least=1)
    mean = number / parts
    if parts == 1 or number == 1:
        return float(max(mean, 1.0))
    if mean < _FEW:
        estimate = _fullest_of_independent(number, parts)
    else:
        a = sqrt(2 * log(parts))
        b = a - (log(log(parts)) + log(4 * pi)) / (2 * a)
        estimate = mean + max(sqrt(mean * (1 - 1 / parts)) * (b + _EULER / a), 0.0)
    return min(max(estimate, 1.0), float(number))


def _fullest_of_independent(clients: int, addresses: int) -> float:
    """The sum over k, from where ``M·P(one has more) < 1e-9`` downwards."""
    mode = clients // addresses
    terms = [exp(_log_binomial(k, clients, addresses)) for k in range(mode + 1)]
    while len(terms) <= clients and (terms[-1] * addresses > 1e-10 or len(terms) < mode + 3):
        terms.append(exp(_log_binomial(len(terms), clients, addresses)))
    more = accumulate(reversed(terms[1:]))  # P(one has more than k), k falling
    return sum(-expm1(addresses * log1p(-min(each, 1 - 1e-16))) for each in more)


def clients_that_fit(per_address: int, addresses: int, probability: float = 0.99) -> int:
    """The most clients such that with that probability no address has more than ``per_address``.

    The largest ``N`` with ``P(max ≤ k) ≥ p``; the share ``N/(M·k)`` is what hashing leaves of the
    ideal.  With ``d`` tuples a client to one destination, ``k = floor(C/d)`` clients fit a pool.

    Holds, and raises errors, as :func:`fullest_cdf`, from which it comes by bisection.

    >>> clients_that_fit(1000, addresses=16)  # of 16000
    14482
    """
    most = checks.count(per_address, "per_address")
    chance = checks.probability(probability, "probability")
    _, pools = _sizes(0, addresses, _MOST_CLIENTS, _MOST_ADDRESSES)
    if most * pools > _MOST_CLIENTS:
        rule = f"times {pools} addresses this is at most {_MOST_CLIENTS:,}"
        raise reject(most, rule, "take fewer", "per_address")
    return most + bisect_left(
        range(most, most * pools), True, key=lambda fit: fullest_cdf(most, fit + 1, pools) < chance
    )


def hashed_blocking(
    clients: int,
    addresses: int,
    load_per_client: float,
    log_blocking: Callable[[float], float],
    error: float = 0.0,
) -> float:
    """The blocking that a client meets on average where clients are hashed onto addresses.

    An address with ``x`` clients of ``a`` erlangs each blocks a share ``B(a·x)``.  Over all
    addresses, weighted by what is offered to them::

        B̄ = Σ_x Binomial(x; N, 1/M)·x·B(a·x)/(N/M) = Σ_y Binomial(y; N - 1, 1/M)·B(a·(1 + y))

    The second form is a client's own view: ``y`` others share its address.  ``log_blocking`` is
    ``ln B`` of one pool by its load in erlangs: rising, and smooth up to ``error``.  Where blocking is
    rare, the terms that count lie far above the mean.  The sum takes all terms above e^-50 of the largest;
    where they are many, evenly spaced ones, twice as many until nothing changes (for smooth terms
    that converges geometrically).  So the number of clients hardly matters: up to all of IPv6,
    2¹²⁸.

    Holds for independent, even placement, clients with the same load, and as ``B`` does.
    Units: erlangs.  Raises :class:`~tuplecalc.errors.TopologyError` for numbers out of bounds.
    Source: the project's model; conditioning on one client's address.

    >>> def one_tuple(load: float) -> float:  # Erlang's formula for a pool of 1
    ...     return log(load / (1 + load))
    >>> round(hashed_blocking(2, 2, 1.0, one_tuple), 12)  # alone 1/2, together 2/3
    0.583333333333
    """
    number = checks.count(clients, "clients", least=1)
    number, pools = _sizes(number, addresses, _MOST_OF_IPV6, _MOST_OF_IPV6)
    load = checks.number(load_per_client, "load_per_client")
    others = number - 1
    if pools == 1 or not others or not load:
        return exp(log_blocking(load * (number if pools == 1 else 1)))

    def term(y: int) -> float:
        return _log_binomial(y, others, pools) + log_blocking(load * (1 + y))

    mean = others // pools
    least = max(term(mean), UNDERFLOW) - NEGLIGIBLE
    left = mean - first_below(least, mean, lambda away: term(mean - away))
    right = mean + first_below(least, others - mean, lambda away: _log_binomial(mean + away, others, pools))
    noise = max(error, 1e-15 * abs(_log_binomial(mean, others, pools)))
    return min(1.0, exp(log_sum(term, left, right, noise)))


def _sizes(clients: int, addresses: int, most_clients: int, most_addresses: int) -> tuple[int, int]:
    number = checks.count(clients, "clients")
    pools = checks.count(addresses, "addresses", least=1)
    for value, most, place in ((number, most_clients, "clients"), (pools, most_addresses, "addresses")):
        if value > most:
            raise reject(value, f"this is at most {most:,}", "take fewer: the shares hardly change", place)
    return number, pools


def _log_fullest(k: int, clients: int, addresses: int) -> float:
    """``ln P(max ≤ k)`` for ``N/M < k < N``; see :func:`fullest_cdf`."""
    import numpy as np

    rate = clients / addresses
    for _ in range(100):  # Newton in ln r; it climbs to the root, as the mean is concave in ln r
        mode = max(1, min(k, int(rate)))
        reach = int(10 * sqrt(min(rate, k))) + 40
        sizes = np.arange(max(0, mode - reach), min(k, mode + reach) + 1)
        relative = (rate - sizes[1:]) / sizes[1:]
        ratios = np.where(relative > -0.5, np.log1p(relative), np.log(rate / sizes[1:]))  # ln w_j/w_(j-1)
        centre = mode - int(sizes[0])
        logs = np.concatenate((-ratios[:centre][::-1].cumsum()[::-1], [0.0], ratios[centre:].cumsum()))
        weights = np.exp(logs)
        weight = float(weights.sum())
        weights /= weight
        short = (sizes * addresses - clients) / addresses
        mean = float(weights @ short)
        variance = float(weights @ (short - mean) ** 2)
        if abs(mean) * sqrt(addresses) < 0.01 * sqrt(variance):
            break
        rate *= exp(min(2.0, -mean / variance))
    needed = 17 + int(sqrt(17**2 + 102 * clients))  # the Poisson tails beyond are below e^-51
    length = 1 << max(needed, len(sizes)).bit_length()
    wave = np.bincount((sizes - mode) % length, weights, length)
    folded = np.fft.irfft(np.fft.rfft(wave) ** addresses, length)
    surplus = mode * addresses - clients
    middle = float(folded[-surplus % length])
    return (
        surplus * log(rate / mode)
        + _log_scale(mode, clients, addresses)
        + addresses * log(weight)
        + log(middle)
    )


def _log_scale(mode: int, clients: int, addresses: int) -> float:
    """``ln N!/(M^N·m!^M) + (M·m - N)·ln m``, in terms that stay small where ``M·m`` is near ``N``."""
    return (
        _log_factorial(clients)
        - addresses * _log_factorial(mode)
        - clients * log1p_less((mode * addresses - clients) / clients)
    )


def _log_factorial(n: int) -> float:
    """``ln n! - (n·ln n - n)`` for ``n ≥ 1``: what Stirling's formula leaves."""
    return log(2 * pi * n) / 2 + stirling(n)


def _log_binomial(y: int, n: int, m: int) -> float:
    """``ln`` of the probability that ``y`` of ``n`` clients share one of ``m ≥ 2`` addresses.

    Loader's form ("Fast and accurate computation of binomial probabilities", 2000, recalled):
    differences from the mean are taken in whole numbers, so that nothing cancels.
    """
    if y == 0:
        return n * log1p(-1 / m)
    if y == n:
        return -n * log(m)
    return (
        stirling(n)
        - stirling(y)
        - stirling(n - y)
        - _deviance(y, n, m)
        - _deviance(n - y, n * (m - 1), m)
        - log(2 * pi * y * (1 - y / n)) / 2
    )


def _deviance(x: int, above: int, below: int) -> float:
    """``x·ln(x/μ) + μ - x`` with ``μ = above/below``."""
    relative = (above - x * below) / (x * below)
    if abs(relative) > 0.35:
        return x * (relative - log(above / (x * below)))
    return -x * log1p_less(relative)
