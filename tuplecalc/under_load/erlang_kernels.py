"""The formulas behind Erlang B, each written once and read with floats or with numpy arrays.

All of them give the **excess** ``E = 1/B − 1``, because nothing is lost in it: from it follow
``B = 1/(1 + E)``, ``1 − B = E/(1 + E)`` and ``ln B = −log1p(E)`` without cancelling, whether B is near 0 or
near 1.  The letters: C circuits, A the load in erlang, ``μ = (A − C)/C``.

=========================== =============================================
where                       formula
=========================== =============================================
A ≥ 2C and A ≥ 4            continued fraction (:func:`fraction`)
C ≥ 50, the rest            uniform expansion (:func:`uniform`)
C < 50, the rest            recurrence (:func:`one_more`) from the start
                            at the fractional part (:func:`start`)
E beyond the floats         the Poisson term alone (:func:`tail`)
=========================== =============================================

Source: the formulas are those of the incomplete gamma function, ``1/B = Γ(C+1, A) e^A A^−C`` (DLMF 8.7,
8.9.2, 8.12); where one gives way to the next is the project's own choice, held against 30-digit values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from tuplecalc.under_load.erlang_coefficients import COLUMNS
from tuplecalc.under_load.series import stirling_of_many

Values: TypeAlias = Any
"""A float or a numpy array of floats: the formulas do not tell them apart."""

MANY = 50
"""Circuits from which the uniform expansion is good to the last digits."""
FOUR_ROWS = 1000
"""Circuits from which its fifth row adds less than 1e-15."""
HEAVY_START = 4
"""Load from which the continued fraction serves even a single circuit."""
VANISHING = 1e-100
"""Load over circuits below which, with many circuits, B is beyond the floats."""

_TERMS = 24  # of the continued fraction, for the smallest load that it serves: error below 2e-16
_TERMS_OF_MANY = 12  # the same from MANY circuits on: error below 3e-17
_START_TERMS = 34  # of the series at a load of HEAVY_START: 4^34/34! is 1e-18


class Reach(NamedTuple):
    """The terms of the two power series that a distance of the load from C takes (error below 3e-17)."""

    exponent: tuple[float, ...]
    """``1/3, 1/5, …``; none where the plain logarithm is as good."""
    columns: tuple[tuple[float, ...], ...]
    """The coefficients of the uniform expansion, the highest power of η first."""


def _reach(exponent_terms: int, columns: int) -> Reach:
    odd = tuple(1 / (2 * k + 3) for k in reversed(range(exponent_terms)))
    return Reach(odd, COLUMNS[columns - 1 :: -1])


CLOSE = _reach(6, 11)
"""From 7/8 to 9/8 as many erlang as circuits."""
NEAR = _reach(16, 23)
"""From half to twice as many: ``|η| < 0.79``."""
FAR = _reach(0, 23)
"""Below half as many."""
CLOSE_SHARE = 0.125


class Functions(NamedTuple):
    """The functions that the formulas need, of one kind of number."""

    exp: Callable[[Values], Values]
    expm1: Callable[[Values], Values]
    log: Callable[[Values], Values]
    log1p: Callable[[Values], Values]
    sqrt: Callable[[Values], Values]
    copysign: Callable[[Values, Values], Values]
    hypot: Callable[[Values, Values], Values]
    erfcx: Callable[[Values], Values]
    lgamma: Callable[[Values], Values]
    floor: Callable[[Values], Values]
    ceil: Callable[[Values], Values]
    where: Callable[[Values, Values, Values], Values]
    """``where(condition, then, otherwise)``; both are worked out."""


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


def _expm1(x: float) -> float:
    return math.expm1(x) if x < 709 else math.inf


def _erfcx(x: float) -> float:
    """``exp(x²) erfc(x)``; its asymptotic series where erfc is near the end of the floats.

    >>> _erfcx(0.0), round(_erfcx(24.999) / _erfcx(25.0), 4)
    (1.0, 1.0)
    """
    if x < 25:
        return math.exp(x * x) * math.erfc(x) if x > -26.6 else math.inf
    t = 0.5 / (x * x)
    series = 1 - t * (1 - 3 * t * (1 - 5 * t * (1 - 7 * t * (1 - 9 * t * (1 - 11 * t)))))
    return series / (x * math.sqrt(math.pi))


FLOATS = Functions(
    exp=_exp,
    expm1=_expm1,
    log=math.log,
    log1p=math.log1p,
    sqrt=math.sqrt,
    copysign=math.copysign,
    hypot=math.hypot,
    erfcx=_erfcx,
    lgamma=math.lgamma,
    floor=math.floor,
    ceil=math.ceil,
    where=lambda condition, then, otherwise: then if condition else otherwise,
)
"""The standard library's."""


def excess(circuits: float, load: float) -> float:
    """``1/B − 1`` of two floats, infinite where B is below 1e-308.

    >>> excess(2.0, 1.0)  # 1/B = 1 + 2/1 + 2·1/1²
    4.0
    """
    if circuits == 0:
        return 0.0
    if load >= HEAVY_START and load >= 2 * circuits:
        return float(fraction(circuits, load, many=circuits >= MANY))
    if circuits < MANY:
        if load == 0:
            return math.inf
        steps = int(circuits)
        part = circuits - steps
        total = 0.0
        if part:
            total = fraction(part, load, many=False) if load >= HEAVY_START else start(part, load, FLOATS)
        for k in range(steps - 1, -1, -1):
            total = one_more(total, circuits - k, load)
        return float(total)
    if load <= VANISHING * circuits:
        return math.inf
    return float(uniform(circuits, load, FLOATS, reach_of(circuits, load), circuits >= FOUR_ROWS))


def log_excess(circuits: float, load: float) -> float:
    """``ln(1/B − 1)`` of two floats above 0.

    >>> round(log_excess(1000.0, 1.0), 3)  # ln 1000! + 1: 1/B is 1e2568
    5913.128
    """
    total = excess(circuits, load)
    return math.log(total) if total < math.inf else _log_tail(circuits, load)


def _log_tail(circuits: float, load: float) -> float:
    return float(tail(circuits, load, FLOATS, reach_of(circuits, load) if circuits >= MANY else None))


def reach_of(circuits: float, load: float) -> Reach:
    """The reach of a load below twice the circuits."""
    if abs(load - circuits) <= CLOSE_SHARE * circuits:
        return CLOSE
    return NEAR if 2 * load >= circuits else FAR


def log_blocking(circuits: float, load: float) -> float:
    """``ln B`` of two floats, finite where B is below the floats; ``-inf`` for no load.

    >>> log_blocking(5.0, 0.0), log_blocking(0.0, 5.0)
    (-inf, 0.0)
    """
    total = excess(circuits, load)
    if total < math.inf or load == 0:
        return 0.0 - math.log1p(total)
    return -_log_tail(circuits, load)


def one_more(excess: Values, circuits: Values, load: Values) -> Values:
    """From C − 1 circuits to C: ``E_C = (C/A)(1 + E_(C−1))``, which never loses digits."""
    return circuits / load * (1 + excess)


def start(circuits: Values, load: Values, f: Functions) -> Values:
    """The excess of less than 1 circuit, at a load below 4 (above: :func:`fraction`).

    ``E = Γ(C+1) e^A A^−C − 1 − T`` with ``T = A/(C+1) + A²/((C+1)(C+2)) + …`` (DLMF 8.7.1), at most 50 times
    larger than 1/B.  For hardly any circuits the difference is only noise: then ``E ≥ C/(A + 1)``.
    """
    series = 0.0
    for k in range(_START_TERMS, 0, -1):
        series = load / (circuits + k) * (1 + series)
    total = f.expm1(f.lgamma(circuits + 1) + load - circuits * f.log(load)) - series
    least = circuits / (load + 1)
    return f.where(total > least, total, least)


def fraction(circuits: Values, load: Values, *, many: bool) -> Values:
    """The excess by a continued fraction, for a load of twice the circuits or more (and 4 or more).

    ``E = C/(d + 1(C−1)/(d+2 + 2(C−2)/(d+4 + …)))`` with ``d = A − C + 1``: the even part of DLMF 8.9.2, of
    C − 1 circuits, since ``E = C/(A B(C−1, A))``.  The terms are worked out from the last one backwards; how
    many suffice was found with 40 digits.
    """
    ahead = load - circuits + 1
    rest = 0.0
    for n in range(_TERMS_OF_MANY if many else _TERMS, 0, -1):
        rest = n * (circuits - n) / (ahead + 2 * n + rest)
    return circuits / (ahead + rest)


def exponent(circuits: Values, load: Values, f: Functions, reach: Reach) -> tuple[Values, Values]:
    """``μ`` and ``y = C (μ − ln(1 + μ))``, which rules how fast B falls below the load C.

    Near C, where that would cancel: ``y = C r (μ − 2r²(1/3 + r²/5 + r⁴/7 + …))`` with ``r = μ/(2 + μ)`` (as
    Loader 2000 for the Poisson distribution).
    """
    ahead = (load - circuits) / circuits
    if not reach.exponent:
        return ahead, load - circuits - circuits * f.log(load / circuits)
    ratio = ahead / (2 + ahead)
    square = ratio * ratio
    series = square * 0.0
    for coefficient in reach.exponent:
        series += coefficient
        series *= square
    return ahead, circuits * ratio * (ahead - 2 * series)


def uniform(circuits: Values, load: Values, f: Functions, reach: Reach, four_rows: bool) -> Values:
    """The excess by Temme's uniform expansion, for 50 circuits or more and a load below twice as many.

    ``E = Γ* [ sqrt(πC/2) erfcx(z) + Σ_k c_k(η) C^−k ]``, ``z = sign(μ) sqrt(y)``, ``η = z sqrt(2/C)``,
    ``Γ* = C!/(sqrt(2πC) C^C e^−C)``.  Below half of C the sum no longer counts, so that its powers of η need
    not converge there.
    """
    ahead, y = exponent(circuits, load, f, reach)
    z = f.copysign(f.sqrt(y), ahead)
    eta = z * f.sqrt(2 / circuits)
    inverse = 1 / circuits
    total = eta * 0.0
    if four_rows:
        for c0, c1, c2, c3, _, _ in reach.columns:
            total *= eta
            total += c0 + inverse * (c1 + inverse * (c2 + inverse * c3))
    else:
        for c0, c1, c2, c3, c4, c5 in reach.columns:
            total *= eta
            total += c0 + inverse * (c1 + inverse * (c2 + inverse * (c3 + inverse * (c4 + inverse * c5))))
    total += math.sqrt(math.pi / 2) * f.sqrt(circuits) * f.erfcx(z)
    return f.exp(stirling_of_many(circuits)) * total


def tail(circuits: Values, load: Values, f: Functions, reach: Reach | None) -> Values:
    """``ln E`` where E is beyond the floats: B is then the Poisson probability ``A^C e^−A / C!``.

    Without a reach, for less than 50 circuits.
    """
    if reach is None:
        return f.lgamma(circuits + 1) + load - circuits * f.log(load)
    if reach is FAR:
        # Two logarithms, because the quotient of load and circuits may be below the floats.
        y = load - circuits - circuits * (f.log(load) - f.log(circuits))
    else:
        y = exponent(circuits, load, f, reach)[1]
    return y + stirling_of_many(circuits) + 0.5 * (math.log(2 * math.pi) + f.log(circuits))


def idle(circuits: Values, load: Values, blocking: Values, f: Functions) -> Values:
    """The mean number of idle circuits, ``C − A(1 − B)``: the slope of ln B over ln A.

    Written as ``AB − (A − C)``, which loses digits only far above the load C; there from
    ``x² + (A − C + 1)x = C − Var(N)``, where the variance no longer counts.
    """
    lost = load * blocking
    ahead = load - circuits
    plain = lost - ahead
    root = f.hypot(ahead + 1, 2 * f.sqrt(circuits))
    return f.where(plain > 1e-6 * lost, plain, 2 * circuits / (ahead + 1 + root))
