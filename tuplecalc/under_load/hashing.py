"""Clients hashed onto addresses: how full the fullest gets, and what that costs.

``N`` clients are placed independently and evenly onto ``M`` addresses, each with a pool of its
own.  A Linux SNAT to a range does so: it picks the address by a hash of the client's address (and
of the destination's, unless ``persistent`` is set: then what is placed is the pair), scaled to the
range (``find_best_ips_proto``).  The numbers of clients are multinomial, each of them
Binomial(N, 1/M), and no address knows that another one has room.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import exp, expm1, log, log1p, pi, sqrt

from tuplecalc.under_load.series import deviance, log_sum, stirling

_FEW = 15
_UNDERFLOW = -750.0  # its exponential is 0
_EULER = 0.5772156649015329


def fullest_estimate(clients: int, addresses: int) -> float:
    """About how many clients are on the fullest address; without numpy, for any number of clients.

    With fewer than 15 clients on each address, as if the M addresses filled up independently:
    ``E[max] = Σ_{k ≥ 0} (1 - F(k)^M)``, F the binomial law of one.  From there on Gumbel's law of the
    largest of M nearly normal numbers, between the mean ``m = N/M`` and N::

        m + √(m·(1 - 1/M))·(b + γ/a),   a = √(2·ln M),   b = a - (ln ln M + ln 4π)/(2a)

    Within 13 % of the exact mean, below it as a rule, and within 6 % from 15 clients on.  Source:
    extreme value theory of the normal distribution (recalled).

    >>> round(fullest_estimate(10_000, 16), 2), round(fullest_estimate(10, 16), 2)  # 669.55 and 2.33
    (669.68, 2.21)
    """
    mean = clients / addresses
    if addresses == 1 or clients == 1:
        return max(mean, 1.0)
    if mean < _FEW:
        estimate = _fullest_of_independent(clients, addresses)
    else:
        a = sqrt(2 * log(addresses))
        b = a - (log(log(addresses)) + log(4 * pi)) / (2 * a)
        estimate = mean + max(sqrt(mean * (1 - 1 / addresses)) * (b + _EULER / a), 0.0)
    return min(max(estimate, 1.0), float(clients))


def _fullest_of_independent(clients: int, addresses: int) -> float:
    """The sum over k, from where ``M·P(one has more) < 1e-9`` downwards."""
    mode = clients // addresses
    terms = [exp(log_binomial(k, clients, addresses)) for k in range(mode + 1)]
    while len(terms) <= clients and (terms[-1] * addresses > 1e-10 or len(terms) < mode + 3):
        terms.append(exp(log_binomial(len(terms), clients, addresses)))
    more = accumulate(reversed(terms[1:]))  # P(one has more than k), k falling
    return sum(-expm1(addresses * log1p(-min(each, 1 - 1e-16))) for each in more)


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
    Units: erlangs.  Source: docs/model.md, "Hashed addresses": conditioning on one client's address.

    >>> def one_tuple(load: float) -> float:  # Erlang's formula for a pool of 1
    ...     return log(load / (1 + load))
    >>> round(hashed_blocking(2, 2, 1.0, one_tuple), 12)  # alone 1/2, together 2/3
    0.583333333333
    """
    others = clients - 1
    if addresses == 1 or not others or not load_per_client:
        return exp(log_blocking(load_per_client * (clients if addresses == 1 else 1)))

    def term(y: int) -> float:
        return log_binomial(y, others, addresses) + log_blocking(load_per_client * (1 + y))

    noise = max(error, 1e-15 * abs(log_binomial(others // addresses, others, addresses)))
    return min(1.0, exp(log_sum(term, 0, others, noise, _UNDERFLOW)))


def log_binomial(y: int, n: int, m: int) -> float:
    """``ln`` of the probability that ``y`` of ``n`` clients share one of ``m ≥ 2`` addresses.

    Loader's form: differences from the mean are taken in whole numbers, so that nothing cancels.
    """
    if y == 0:
        return n * log1p(-1 / m)
    if y == n:
        return -n * log(m)
    return (
        stirling(n)
        - stirling(y)
        - stirling(n - y)
        - deviance(y, n, m)
        - deviance(n - y, n * (m - 1), m)
        - log(2 * pi * y * (1 - y / n)) / 2
    )
