"""What dies where a cone and a transparent proxy take ports blindly, and a Linux machine tracks both legs.

Under ``strict`` nobody is refused.  Where two legs have one tuple, the newer one gets the entry and lives;
the older one's flow lives on with probability π (``survival``), else its packets are invalid and are dropped.
π is 1/4 between separate machines, where both sequence numbers of the older leg must be behind those of the
newer one.  It is 1 where nothing drops invalid packets, and 0 in kernels that compare no numbers.

All is for one source address and one service: ``A`` are the ports of the cone, ``L`` those of the proxy,
``o = |A ∩ L|`` and ``d = 1 - π``.  Each side takes a port at random out of those that it does not use itself,
and a flow that is dead keeps its ports until it is closed.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import NamedTuple

from tuplecalc.errors import reject
from tuplecalc.under_load.blind import ports_of
from tuplecalc.under_load.checks import count, number, value_of

SEPARATE_MACHINES = Fraction(1, 4)
"""π where clients, proxy and server are separate kernels."""

KERNELS = (
    "0.25 on Linux 6.18 (measured) and since 6.1 (read in its source, not measured), 0 on 5.18 to 6.0 (read)"
)
"""What is known of π by kernel, as it is said everywhere."""


class Living(NamedTuple):
    """How many flows live: the mean, and the standard deviation."""

    mean: Fraction
    deviation: float


def lives(
    *, cone_only: int, overlap: int, proxy_only: int, survival: Fraction | float, later: int
) -> Fraction:
    """The probability that a flow lives after ``later`` more were opened, all of which are still open.

    Exact, with ``k`` later flows::

        1 - d·(2·k + 1)·o/(|A|·|L|) + d²·k²·o·(o - 1)/(|A|·(|A| - 1)·|L|·(|L| - 1))

    Why: a later leg meets each of its two ports with probability ``k·o/(|A|·|L|)``, its own legs have one
    tuple with ``o/(|A|·|L|)``, and the last term is that both ports are met.  Units: flows.
    Raises ``ChainError`` for a survival that is no probability, and where there are no ports for so many.
    Source: the law as run on Linux 6.18 (docs/model.md, "Blind choice"); enumerated in the tests.

    >>> print(lives(cone_only=0, overlap=2, proxy_only=0, survival=Fraction(1, 2), later=1))
    3/8
    """
    A, o, L = ports_of(cone_only, overlap, proxy_only)
    k = count(later, "later", most=min(A, L) - 1)
    d = _dying(survival)
    both = Fraction(o * (o - 1), max(A * (A - 1) * L * (L - 1), 1))
    return 1 - d * (2 * k + 1) * Fraction(o, A * L) + (d * k) ** 2 * both


def filled(
    *, cone_only: int, overlap: int, proxy_only: int, survival: Fraction | float, flows: int
) -> Living:
    """How many of ``flows`` live that were opened one after the other, and are all open.

    The mean is exact, the sum of :func:`lives`; for many ports and ``n`` flows it is, with
    ``D = d·n·o/(|A|·|L|)``::

        n·(1 - (1 - D)³)/(3·D), and P·(1 - d + d²/3) where both use all of P ports

    The variance is that of many ports.  Flows that meet are chains in a random order, and whether one lives
    is decided by its two neighbours: so only neighbours, and neighbours of those, go together.  That gives
    ``n·v(D)``, as if each met another independently; then the part that the number ``K`` of meetings has in
    it is set right, since ``K`` is the number of ports that two random sets of ``n`` have in common::

        v(D) = m·(1 - m) + 2·((1 - D)·(1 - D/2)² - m²) + 2·(∫₀¹ g² - m²),  m = (1 - (1 - D)³)/(3·D),
        g(t) = 1 - D/2 - D·((1 - D)·t + D·t²/2)
        variance = n·v(D) + (d - 2·d·D/3)²·(var K - E K·(1 - E K/n))

    Units: flows.  Raises ``ChainError`` as :func:`lives` does.
    Source: as :func:`lives`; for π = 0 and all ports the living are the peaks of a random permutation's
    cycles, whose variance is 2·P/45; simulated in the tests.

    >>> full = filled(cone_only=0, overlap=252, proxy_only=0, survival=SEPARATE_MACHINES, flows=252)
    >>> round(float(full.mean), 1), round(full.deviation, 1)
    (110.2, 4.9)
    """
    A, o, L = ports_of(cone_only, overlap, proxy_only)
    n = count(flows, "flows", most=min(A, L))
    d = _dying(survival)
    both = Fraction(o * (o - 1), max(A * (A - 1) * L * (L - 1), 1))
    mean = n - d * n**2 * Fraction(o, A * L) + d**2 * both * Fraction((n - 1) * n * (2 * n - 1), 6)
    if not n:
        return Living(mean, 0.0)
    met = Fraction(o * n * n, A * L)  # on average
    spread = met + both * (n * (n - 1)) ** 2 - met**2
    D = d * met / n
    m = 1 - D + D**2 / 3
    b, c = D * (1 - D), D**2 / 2  # g = 1 - D/2 - b·t - c·t²
    start = 1 - D / 2
    square = start**2 + b**2 / 3 + c**2 / 5 - start * b - 2 * start * c / 3 + b * c / 2
    each = m * (1 - m) + 2 * ((1 - D) * start**2 - m**2) + 2 * (square - m**2)
    variance = n * each + (d - 2 * d * D / 3) ** 2 * (spread - met * (1 - met / n))
    return Living(mean, sqrt(max(float(variance), 0.0)))


def steady(
    *,
    cone_only: int,
    overlap: int,
    proxy_only: int,
    survival: Fraction | float,
    rate: float,
    hold: float,
    is_fixed: bool = False,
) -> float:
    """The share of flows that die where ``rate`` flows a second come, and each lasts for ``hold`` on average.

    With ``N = rate·hold`` flows open, of which none is refused, and ``K = d·2·N·o/(|A|·|L|)``::

        K/(1 + K) for exponential holds        1 - (1 - K/2)² for fixed ones, about 1 - e^(-K)

    When it holds: many ports, N well below them; a closed tuple is reused without loss, so that nothing
    lingers.  Why: each newcomer's two legs meet ``2·N·o/(|A|·|L|)`` older ones, and ``d`` of these kill.
    Fixed holds are exact (:func:`lives` with N later ones); exponential ones are off by about ``K²/4``.
    Units: flows a second, seconds.  Raises ``ChainError`` for a number that is negative or not finite,
    and as :func:`lives` does.  Source: as :func:`lives`; simulated in the tests.

    >>> ports = {"cone_only": 0, "overlap": 252, "proxy_only": 0, "survival": SEPARATE_MACHINES}
    >>> round(steady(**ports, rate=25.2, hold=1), 3), round(steady(**ports, rate=10.08, hold=1), 3)
    (0.13, 0.057)
    """
    A, o, L = ports_of(cone_only, overlap, proxy_only)
    held = min(number(rate, "rate") * number(hold, "hold"), A, L)
    killed = 2 * held * float(_dying(survival)) * o / (A * L)
    return 1 - (1 - killed / 2) ** 2 if is_fixed else killed / (1 + killed)


def _dying(survival: Fraction | float) -> Fraction:
    """``d``."""
    if not 0 <= value_of(survival) <= 1:
        rule = "this is a probability from 0 to 1"
        raise reject(survival, rule, "write it as in 0.25", "survival")
    return 1 - Fraction(survival)
