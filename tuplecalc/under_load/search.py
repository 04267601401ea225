"""Port search with a limited number of probes: how often a NAT finds no port while some are free.

The windows of a search each look at a run of consecutive ports from a start of their own.  How often
all of them miss depends on how the used ports lie.  Two arrangements have closed forms: used ports
anywhere (:func:`failure_lower`) and the clusters that such searches themselves build while nothing is
released (:func:`failure_upper`).  What lies between is simulated in the tests.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import accumulate, repeat
from math import ceil, exp, inf, log, log1p, pi, prod
from numbers import Integral
from operator import mul
from typing import Literal, NamedTuple, TypeAlias

from tuplecalc.errors import reject
from tuplecalc.under_load import eviction
from tuplecalc.under_load.checks import count, probability
from tuplecalc.under_load.preserved import Preserved
from tuplecalc.under_load.series import deviance, log_sum, stirling

Search: TypeAlias = Literal["exhaustive", "linux", "linux since 6.5"] | int | tuple[int, ...] | Preserved
"""How a NAT looks for a free port: ``"exhaustive"``, ``"linux"``, the same where it may evict closed entries
(:mod:`tuplecalc.under_load.eviction`), a number of independent random probes, or the lengths of windows of
consecutive ports, each from a random start."""

Bound: TypeAlias = Literal["lower", "upper"]
"""Which of the two closed forms of the failure."""

EVICTING: Literal["linux since 6.5"] = "linux since 6.5"

_MOST_PROBES = 65536
_STARTS = 65536
_LINUX = (128, 64, 32, 16, 8)
LONGEST_SWEEP = _LINUX[0]
"""So many ports are seen by Linux in one sweep."""
_NEGLIGIBLE = 1e-18
_NO_LOAD = 1e-300
_OF_THE_CUBIC = 1e-9  # where its pieces meet; no sum settles below that
_CANCELS = 8.0
"""Windows times decay beyond which the closed form of a cluster loses digits, and its tail is summed."""


def windows(search: Search, ports: int) -> tuple[int, ...]:
    """The windows of a search, in order: how many consecutive ports each looks at.

    ``"linux"`` is nf_nat_l4proto_unique_tuple: one sweep of up to 128 ports; above that windows of
    128, 64, 32, 16 and 8 ports, each from a new random start, 248 probes in all.  An integer n is n
    windows of one port.  No window is longer than the range.

    Not in the closed forms: the kernel's offset has 16 bits.  Where it wraps within the one sweep of a small
    range that does not divide 65,536, the sweep misses ports: with one free port of 100 in 3.5e-4 of the
    searches (counted from the code, not measured).

    Raises ChainError for no ports, and for anything else as a search.  Source: read in the
    kernel's net/netfilter/nf_nat_core.c (6.x).

    >>> windows("linux", 64512), windows("linux", 100), windows(3, 64512), windows("exhaustive", 500)
    ((128, 64, 32, 16, 8), (100,), (1, 1, 1), (500,))
    """
    ports = count(ports, "ports", least=1)
    if isinstance(search, str) and search == "exhaustive":
        return (ports,)
    if isinstance(search, str) and search in ("linux", EVICTING):
        return _LINUX if ports > LONGEST_SWEEP else (ports,)
    if isinstance(search, Preserved):
        return (1,)
    if isinstance(search, tuple) and search:
        return tuple(min(count(window, "search", least=1), ports) for window in search)
    if isinstance(search, bool) or not isinstance(search, Integral):
        rule = 'this is "linux", "exhaustive", a number of probes or the tuple of the lengths of windows'
        raise reject(search, rule, "write one of these", "search")
    return (1,) * count(search, "search", least=1, most=_MOST_PROBES)


def start_bias(ports: int) -> float:
    """Which share of Linux' starts, ``u16 % ports``, would have to move for all ports to be alike.

    With ``q, f = divmod(65536, R)`` f ports are drawn q + 1 times as 65,536 is counted through, the
    others q times: ``f·(R − f)/(65536·R)``, the distance in total variation from even starts.

    >>> round(start_bias(64512), 4), round(start_bias(40_000), 4), start_bias(32_768)
    (0.0154, 0.1409, 0.0)
    """
    ports = count(ports, "ports", least=1)
    more = _STARTS % ports
    return more * (ports - more) / (_STARTS * ports)


def failure_lower(in_use: int, ports: int, search: Search = "linux") -> float:
    """How often a search fails if the used ports lie anywhere, all placements alike.

    With k = ``in_use`` of R = ``ports`` and windows of w ports, independent of each other:
    ``P = Π_w Π_{i<w} (k−i)/(R−i)``; ``(k/R)ⁿ`` for n random probes; 0 for an exhaustive search with a
    free port.  The original source port, where the NAT tries it first, is not in it: times k/R.

    One window is exact for the mean over all placements.  Over several windows the product is a lower
    bound of that mean: windows see the same placement, so a bad placement is bad for all (checked by
    enumeration of small ranges, not proved; ``Π_{i<Σw} (k−i)/(R−i)``, all probes on different ports,
    is smaller still, and proved).  It is no bound for each single placement: ports spread at
    even gaps fail less often.  Real searches build clusters and fail more often (simulated).

    Raises ChainError unless 0 ≤ in_use ≤ ports.  Source: the kernel's nf_nat_l4proto_unique_tuple; the
    formula: docs/model.md, "Port search".

    >>> f"{failure_lower(61286, 64512):.2e}"
    '2.96e-06'
    >>> failure_lower(99, 100), failure_lower(100, 100), failure_lower(90, 100, 2)
    (0.0, 1.0, 0.81)
    """
    return _form(search, "lower")(*_in_use(in_use, ports), _counted(search, ports))


def failure_upper(in_use: int, ports: int, search: Search = "linux") -> float:
    """How often a search fails in the clusters that linear probing builds while nothing is released.

    A fill from random starts leaves runs of used ports; a run and the free port behind it have n ports
    with the Borel law ``B(n) = e^{−αn}(αn)^{n−1}/n!``, α = ``in_use``/``ports``.  In one of them
    a window of w ports finds nothing from n−w of its starts:
    ``P_w = (1−α)·Σ_{n>w} (n−w)·B(n) = (1−α)·[1/(1−α) − w + Σ_{n≤w} (w−n)·B(n)]``; the product over the
    windows.  P_1 = α: for n random probes this is αⁿ, as :func:`failure_lower`.  The original source port,
    where the NAT tries it first, is not in it: times α.  For large ranges.

    What it bounds (simulated, 64,512 ports, α = 0.85 to 0.98): failures where starts are uniformly random,
    in the mean over fills and in the steady states of random and of fixed lifetimes.  The latter settle,
    after some 500 turnovers, at a fifth of it at 0.90 and at half of it from 0.95 on.  Several short windows
    build smaller clusters than probing without an end, and releases break clusters up.

    What it does not bound: Linux draws ``u16 % ports``.  Where that favours some ports, those fill first.
    With 64,512 ports (1.6 % of them twice as likely) it is exceeded in a fill below α = 0.91, and in
    steady states below 0.84, where both are rare (4e-6 for 1e-6 at 0.80).  With 40,000 ports (64 % of them
    twice as likely) fixed lifetimes come to 9e-4 for 7e-5 at 0.85 and 1.3e-2 for 3.0e-3 at 0.90, the original
    port tried first.  Ranges of 32,768, 16,384, … ports have no such bias.

    Raises ChainError unless 0 ≤ in_use ≤ ports.  Source: the cluster law of linear probing (Borel;
    Flajolet, Poblete and Viola 1998, recalled); its use here: docs/model.md,
    "Port search".

    >>> f"{failure_upper(61286, 64512):.4f}", failure_upper(90, 100, 2)
    ('0.0747', 0.81)
    >>> failure_upper(99, 100), failure_upper(64512, 64512)
    (0.0, 1.0)
    """
    return _form(search, "upper")(*_in_use(in_use, ports), _counted(search, ports))


class UsableShare(NamedTuple):
    """Which share of the ports may be in use before more searches fail than is allowed."""

    spread: float
    """Where the used ports lie anywhere: from :func:`failure_lower`."""
    clustered: float
    """Where they lie in clusters: from :func:`failure_upper`."""


def usable_share(failure: float, ports: int, search: Search = "linux") -> UsableShare:
    """The largest share of used ports at which a search still fails with at most ``failure``.

    The largest k/R with ``P(k) ≤ ε``, for both forms of P; about ``ε^{1/248}`` for the spread ports of
    Linux.  k = share · ``ports`` is exact, and what a search meets: an exhaustive search may meet R−1 used
    ports, and takes the last one.

    Raises ChainError unless 0 < failure < 1 and ports ≥ 1.  Source: as for the two forms.

    >>> spread, clustered = usable_share(1e-3, 64512)
    >>> spread * 64512, clustered * 64512, round(clustered, 4)
    (62741.0, 56934.0, 0.8825)
    >>> usable_share(1e-3, 100)
    UsableShare(spread=0.99, clustered=0.99)
    """
    failure = probability(failure, "failure")
    ports = count(ports, "ports", least=1)
    parts = _counted(search, ports)
    spread, clustered = (
        bisect_right(range(ports + 1), failure, key=lambda k: form(k, ports, parts)) - 1
        for form in (_form(search, "lower"), _form(search, "upper"))
    )
    return UsableShare(spread / ports, clustered / ports)


def search_blocking(ports: int, load: float, search: Search = "linux", bound: Bound = "lower") -> float:
    """The share of connections lost by an open system: Poisson arrivals that do not try again.

    In state k an arrival is lost with f(k), the failure of ``bound``, and f(R) = 1.  The birth–death chain
    gives ``π_k ∝ Π_{j<k} A·(1−f(j))/(j+1)`` and the loss ``Σ π_k f(k)``, A = ``load`` in erlangs.  This takes
    f for a function of k alone: the arrangement is at every k the one of the bound.  With an exhaustive
    search it is Erlang's B formula.

    The terms are a Poisson law times ``G(k) = Π_{j<k} (1−f(j))``; where they are many, evenly spaced ones are
    summed, which is as good for so smooth a law.  For ranges above 2,048 ports ln f comes from a cubic
    through points R/1024 apart: ln f is smooth on the scale of R/10 (relative error below 1e-8).

    Source: a birth–death chain with losses; docs/model.md, "Port search".

    >>> f"{search_blocking(64512, 62000):.2e}", f"{search_blocking(64512, 62000, bound='upper'):.2e}"
    ('8.30e-05', '2.87e-02')
    >>> round(search_blocking(2, 1.0, "exhaustive"), 12)
    0.2
    """
    if load < _NO_LOAD:
        return 0.0
    return _lost(ports, load, _counted(search, ports), _form(search, bound))


@lru_cache(maxsize=1 << 14)  # a chain that is changed at one hop asks the same of all others again
def _lost(ports: int, load: float, parts: _Parts, form: _Form) -> float:
    chain = _chain(ports, parts, form)
    mean = min(load, ports)  # what is beyond it only tilts the law: its digits would cancel
    tilt = log(load / mean)

    def state(k: int) -> float:  # ln of the Poisson law of the load, up to a constant, and of what is kept
        tilted = (k - ports) * tilt + chain.kept(k)
        if not k:
            return tilted - mean
        return tilted - deviance(k, mean, 1) - stirling(k) - log(2 * pi * k) / 2

    def lost(k: int) -> float:
        failure = chain.failure(k)
        return state(k) + (log(failure) if failure else -inf)

    sums = (log_sum(terms, 0, ports, _OF_THE_CUBIC) for terms in (lost, state))
    return min(1.0, exp(next(sums) - next(sums)))


_Parts: TypeAlias = tuple[tuple[int, int], ...]
_Form: TypeAlias = Callable[[int, int, _Parts], float]


def _in_use(in_use: int, ports: int) -> tuple[int, int]:
    ports, in_use = count(ports, "ports", least=1), count(in_use, "in_use")
    if in_use > ports:
        raise reject(in_use, f"no more than the {ports} ports are in use", "change it", "in_use")
    return in_use, ports


def _counted(search: Search, ports: int) -> _Parts:
    """Each length of window and how many there are of it: a search may have thousands of one port."""
    lengths = windows(search, ports)
    return tuple(Counter(eviction.may_evict(lengths) if search == EVICTING else lengths).items())


def _form(search: Search, bound: Bound) -> _Form:
    if isinstance(search, Preserved):
        return search
    if search == EVICTING:
        return eviction.spread if bound == "lower" else eviction.clustered
    return _spread if bound == "lower" else _clustered


def _spread(k: int, R: int, parts: _Parts) -> float:
    longest, _ = max(parts)
    if longest > k:  # no such window lies on used ports alone
        return 0.0
    if k == R:
        return 1.0
    chances = list(accumulate(((k - i) / (R - i) for i in range(longest)), mul))
    return float(prod(chances[w - 1] ** times for w, times in parts))


def _clustered(k: int, R: int, parts: _Parts) -> float:
    longest, _ = max(parts)
    if longest > k:
        return 0.0
    if k == R:
        return 1.0
    alpha = k / R
    z = alpha * exp(1 - alpha)  # B(n) = zⁿ·b_n/α with b_n = n^{n−1} e^{−n}/n!
    decay = alpha - 1 - log(alpha)
    if longest * decay < _CANCELS:
        terms = map(mul, accumulate(repeat(z, longest), mul), _borel(longest))
        sums = list(accumulate(accumulate(terms), initial=0.0))  # Σ_{n≤w} (w−n)·zⁿ·b_n at w−1
        return float(prod((1 - (1 - alpha) * (w - sums[w - 1] / alpha)) ** times for w, times in parts))
    shortest, _ = min(parts)
    size = longest + ceil(42 / decay)
    powers = accumulate(repeat(z, size - shortest - 1), mul, initial=z ** (shortest + 1))
    falling = list(map(mul, powers, _borel(1 << size.bit_length())[shortest:]))[::-1]
    tails = list(accumulate(accumulate(falling)))[::-1]  # Σ_{n>w} (n−w)·zⁿ·b_n at w−shortest
    return float(prod(((1 - alpha) * tails[w - shortest] / alpha) ** times for w, times in parts))


@lru_cache(maxsize=8)
def _borel(size: int) -> tuple[float, ...]:
    """``n^{n−1} e^{−n}/n!`` for n from 1, by the ratio of neighbours."""
    ratios = (exp((n - 1) * log1p(1 / n) - 1) for n in range(1, size))
    return tuple(accumulate(ratios, mul, initial=exp(-1)))


class _Chain(NamedTuple):
    """The failure f in every state, and ``ln G``."""

    failure: Callable[[int], float]
    first: int
    """Below it f is nothing to 1."""
    logs: list[float]
    """``ln G`` from there on."""

    def kept(self, k: int) -> float:
        """``ln G(k)``."""
        return self.logs[k - self.first] if k > self.first else 0.0


@lru_cache(maxsize=8)  # a search for the load that loses a given share asks again and again
def _chain(R: int, parts: _Parts, form: _Form) -> _Chain:
    failure = _interpolated(R, parts, form)
    first = bisect_right(range(R), _NEGLIGIBLE, key=failure)
    logs = accumulate((log1p(-failure(k)) for k in range(first, R)), initial=0.0)
    return _Chain(failure, first, list(logs))


def _interpolated(R: int, parts: _Parts, form: _Form) -> Callable[[int], float]:
    """``form`` as a function of k; a cubic in ln f through every (R/1024)th k where that is fewer."""
    step = R // 1024

    @cache
    def exactly(k: int) -> float:
        return form(k, R, parts)

    if step < 2:
        return exactly

    @cache
    def cell(i: int) -> list[float]:
        """The values at ``R − i·step − (0, 1, …, step−1)``."""
        first = max(i - 1, 0)
        knots = [R - (first + j) * step for j in range(4)]
        if knots[-1] < 0 or not exactly(knots[-1]):
            return [exactly(k) for k in range(R - i * step, max(R - (i + 1) * step, -1), -1)]
        a, y1, y2, y3 = (log(exactly(k)) for k in knots)
        b, c, d = y1 - a, (y2 - 2 * y1 + a) / 2, (y3 - 3 * y2 + 3 * y1 - a) / 6
        xs = (i - first + j / step for j in range(step))
        return [exp(a + x * (b + (x - 1) * (c + (x - 2) * d))) for x in xs]

    def value(k: int) -> float:
        i, j = divmod(R - k, step)
        return cell(i)[j]

    return value
