"""Blind choice: a cone and a transparent proxy behind it take ports, neither knowing the other's.

The cone (a NAT) picks the source port ``p`` of a connection uniformly among those of its ports ``A`` that it
does not use itself.  The proxy then picks the port ``q`` of its own leg uniformly among the free ports of
``L``.  All ports in use under one (source address, service) must differ, but the cone does not see the
proxy's: where ``p`` is in use by the proxy, the connection fails; a later attempt is a new one.  Both legs
keep their ports for the hold and then each for its own linger.

The ports are counted by class: ``a = |A ∖ L|`` (``cone_only``), ``o = |A ∩ L|`` (``overlap``) and
``l = |L ∖ A|`` (``proxy_only``), all for one source address and one service.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, sqrt
from typing import NamedTuple

from tuplecalc.errors import reject
from tuplecalc.under_load.checks import count, number

_PORT_NUMBERS = 65_536
_MOST_OFFERED = 1e300


def blind_blocking(
    *,
    cone_only: int,
    overlap: int,
    proxy_only: int,
    rate: float,
    hold: float,
    cone_linger: float,
    proxy_linger: float,
) -> float:
    """The share of ``rate`` attempts a second that fails where cone and proxy choose blindly.

    A mean field, of steady state.  When it holds: many ports, attempts at random moments (Poisson), no
    retries; holds and lingers of any law (only means count).  Away from saturation the error is of order
    1/P: with full overlap 0.01 at 20 ports and 0.0002 at 1,000.  Around the rate from which on the cone or
    the proxy runs out of ports it is of order 1/√P, because fluctuations fail attempts too: for apart ranges
    of 5 and 5 ports at 1.2 times their capacity the exact share is 0.36 (Erlang B), here it is 1/6.

    With ``s = hold + cone_linger``, ``t = hold + proxy_linger``, ``θ`` accepted connections a second and
    ``k`` collisions for each of them, ``k`` is the positive root of::

        s·(|A ∪ L| - θ·(s + t))·k² + (|A|·|L|/θ - s·t·θ - |A ∩ L|·(s + t))·k = t·|A ∩ L|
        rate = θ·(1 + k)        share = k/(1 + k)

    Why: let each port that the cone believes free see ``r`` attempts a second, and let the proxy take each
    free port ``κ`` times a second.  Then ``|A| - θ·s = (θ + t·z)/r``, ``|L| - θ·t = (θ + s·z)/κ`` and
    ``|A ∩ L|·r·κ = z·(1 + r·s + κ·t)`` with ``z = r·κ·(free ports of A ∩ L) = k·θ/t``;
    eliminate ``r`` and ``κ``.

    ``k`` rises with ``θ``, which is found by bisection.  More than ``|A|/s`` (the cone is exhausted) or
    ``|L|/t`` (the proxy is) are never accepted.  With full overlap (P ports), equal times S and ρ = rate·S/P
    the share is ``1 - (1 + 2ρ - √(1 + 4ρ²))/(2ρ)``; for little traffic it is about
    ``rate·t·|A ∩ L|/(|A|·|L|)``; for apart ranges it is what exceeds the capacity.

    Units: counts of ports, connections a second, seconds.  Raises ``ChainError`` for a number that is
    negative or not finite, for no port on either side, and for more ports than there are.
    Source: docs/model.md, "Blind choice"; simulated and held against exact Markov chains.

    >>> full = {"cone_only": 0, "overlap": 1000, "proxy_only": 0}
    >>> times = {"hold": 1, "cone_linger": 0, "proxy_linger": 0}
    >>> [round(blind_blocking(**full, rate=rate, **times), 5) for rate in (500, 1000)]  # √2-1, golden ratio
    [0.41421, 0.61803]
    >>> [blind_blocking(cone_only=500, overlap=0, proxy_only=500, rate=rate, **times) for rate in (500, 1000)]
    [0.0, 0.5]
    """
    ports = ports_of(cone_only, overlap, proxy_only)
    attempts = number(rate, "rate")
    base = number(hold, "hold")
    cone, proxy = base + number(cone_linger, "cone_linger"), base + number(proxy_linger, "proxy_linger")
    unit = number(cone + proxy, "hold + linger")
    if attempts * unit == 0:
        return 0.0
    setting = _Setting(*ports, cone / unit, proxy / unit)
    offered = min(attempts * unit, _MOST_OFFERED)
    if offered >= setting.capacity * (1 + setting.collisions(setting.capacity)):
        return max(0.0, 1 - setting.capacity / offered)
    low, high = 0.0, min(offered, setting.capacity)
    while low < (middle := low + (high - low) / 2) < high:
        enough = middle * (1 + setting.collisions(middle)) >= offered
        low, high = (low, middle) if enough else (middle, high)
    collisions = setting.collisions(high)
    # the first form is the more exact one, but not where few are accepted
    return 1 - high / offered if collisions > 1e-3 else collisions / (1 + collisions)


def blind_burst_admitted(*, cone_only: int, overlap: int, proxy_only: int) -> Fraction:
    """How many of ``|A|`` attempts get in, one for each of the cone's ports, from empty, none released.

    Full overlap of P ports: exactly ``floor(P/2)``, whatever the order, because each accepted connection
    takes the port of one later attempt.  Apart ranges: exactly ``min(|A|, |L|)``.  Else it is the limit of
    many ports (fluid).  The mean is about 1 connection off or less, but where ``|A| = |L|`` both run out
    together and it is lower by the order of a square root (500, 500, 500: 745.4 on average, simulated)::

        admitted = min(|A|, |L|)·(1 - |A ∩ L|/(2·max(|A|, |L|)))

    Why: let v be the share of A not tried yet and g(v) the share of L's untried ports that the proxy has not
    taken.  Then dg/dv = (o·g + a)/(o·v + l) with g(1) = 1, and (o·g + a)·dv get in, until v or g is 0.
    Units: ports in, connections out.  Raises ``ChainError`` as :func:`blind_blocking` does.
    Source: docs/model.md, "Blind choice"; enumerated and simulated in the tests.

    >>> int(blind_burst_admitted(cone_only=0, overlap=64512, proxy_only=0))
    32256
    >>> int(blind_burst_admitted(cone_only=500, overlap=500, proxy_only=500))
    750
    """
    A, o, L = ports_of(cone_only, overlap, proxy_only)
    if A == o == L:
        return Fraction(o // 2)
    return min(A, L) * (1 - Fraction(o, 2 * max(A, L)))


class _Setting(NamedTuple):
    """``|A|``, ``|A ∩ L|``, ``|L|``, and the two times as shares of their sum, the unit of time here."""

    A: int
    o: int
    L: int
    s: float
    t: float

    @property
    def capacity(self) -> float:
        """What a cone and a proxy that see each other could carry."""
        A, o, L, s, t = self
        return min(A / s if s else inf, L / t if t else inf, A + L - o)

    def collisions(self, accepted: float) -> float:
        """Collisions for each accepted connection; infinite at most at the capacity."""
        A, o, L, s, t = self
        if not o or not t:
            return 0.0
        return _positive_root(s * (A + L - o - accepted), A * L / accepted - s * t * accepted - o, t * o)


def _positive_root(square: float, linear: float, constant: float) -> float:
    """The positive root of ``square·x² + linear·x = constant``, none of which but ``linear`` is negative."""
    root = sqrt(linear * linear + 4 * square * constant)
    above, below = (2 * constant, root + linear) if linear > 0 else (root - linear, 2 * square)
    return above / below if below else inf


def ports_of(cone_only: int, overlap: int, proxy_only: int) -> tuple[int, int, int]:
    """``|A|``, ``|A ∩ L|`` and ``|L|``, of counts that are checked."""
    a, o, others = count(cone_only, "cone_only"), count(overlap, "overlap"), count(proxy_only, "proxy_only")
    for owner, ports in (("cone", a + o), ("proxy", o + others)):
        if not ports:
            rule = f"the {owner} has no port at all"
            raise reject(0, rule, "give it at least one, or an overlap", f"{owner}_only")
    if a + o + others > _PORT_NUMBERS:
        rule = f"these are different ports, and there are only {_PORT_NUMBERS:,}"
        remedy = "count those of one source address and one service"
        raise reject(a + o + others, rule, remedy, "cone_only + overlap + proxy_only")
    return a + o, o, o + others
