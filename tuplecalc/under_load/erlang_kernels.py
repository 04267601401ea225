"""The formulas behind Erlang B, each written once and read with floats or with numpy arrays.

They give the **excess** ``E = 1/B − 1``, because nothing is lost in it: ``B = 1/(1 + E)`` has all its digits,
whether it is near 0 or near 1.  The letters: C circuits, A the load in erlang.

=========================== ===========================================
where                       formula
=========================== ===========================================
A ≥ 4 and A ≥ C + 5√C       continued fraction (:func:`_fraction`)
C ≥ 50, the rest            uniform expansion (:func:`_uniform`)
C < 1, the rest             power series (:func:`_start`)
C < 50, the rest            recurrence from the fractional part of C
                            (:func:`_recurrence`)
E beyond the floats, C < 50 the Poisson term alone (:func:`_poisson`)
=========================== ===========================================

Source: the formulas are those of the incomplete gamma function, ``1/B = Γ(C+1, A) e^A A^−C`` (DLMF 8.7,
8.9.2, 8.12); where one gives way to the next is the project's own choice, held against 30-digit values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any, TypeAlias

from tuplecalc.under_load.series import log1p_less_near, stirling_of_many

Values: TypeAlias = Any
"""A float or a numpy array of floats: the formulas do not tell them apart."""

Kernel: TypeAlias = Callable[[Values, Values, SimpleNamespace], Values]

MANY = 50
"""Circuits from which the uniform expansion is good to the last digits."""
_FRACTION_TERMS = 24  # for the smallest load that it serves: error below 1e-15
_START_TERMS = 40  # of the series at a load of 6: 6^40/40! is 2e-17

STEPS = 40
"""More than Newton's method ever needs; it may go on forever in the last digit."""

# ``ROWS[k][n]`` is the coefficient of η^n in c_k(η).  They follow from ``c_0 = 1/μ − 1/η`` and
# ``c_k = (1/η) dc_(k−1)/dη + (−1)^k g_k/μ`` with ``½η² = μ − ln(1 + μ)`` and the Stirling coefficients
# ``g = 1, 1/12, 1/288, …`` (DLMF 8.12.10; Temme 1979).  A row ends where the rest adds less than 1e-13 for 50
# circuits and |η| < 0.6; below, where η goes on, the sum hardly counts any more.
# fmt: off
ROWS: tuple[tuple[float, ...], ...] = (
    (
        -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073,
        0.0003527336860670194, -0.0001787551440329218, 3.919263178522438e-05, -2.185448510679992e-06,
        -1.85406221071516e-06, 8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09,
        1.0261809784240309e-08, -4.382036018453353e-09, 9.14769958223679e-10, -2.5514193994946248e-11,
        -5.830772132550426e-11),
    (
        -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
        0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
        -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08,
        1.1951628599778148e-08, -1.7543241719747647e-11),
    (
        0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
        -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05, 3.423578734096138e-08,
        1.3721957309062934e-06, -6.298992138380055e-07, 1.4280614206064242e-07),
    (
        0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
        -7.561801671883977e-05, -2.396505113867297e-07, 1.1082654115347302e-05, -5.6749528269915965e-06,
        1.4230900732435883e-06),
    (
        -0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-06,
        6.641498215465122e-05, -3.968365047179435e-05),
)
# fmt: on
_COLUMNS = tuple(zip_longest(*ROWS, fillvalue=0.0))[::-1]


def _growing(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if x < 709 else math.inf


FLOATS = SimpleNamespace(
    exp=_growing(math.exp),
    expm1=_growing(math.expm1),
    erfc=math.erfc,
    lgamma=math.lgamma,
    log=lambda x: math.log(x) if x else -math.inf,
    log1p=math.log1p,
    sqrt=math.sqrt,
    floor=math.floor,
    all=bool,
    max=float,
    copysign=math.copysign,
    where=lambda condition, then, otherwise: then if condition else otherwise,
)
"""The functions that the formulas need, of the standard library."""


@cache
def arrays() -> SimpleNamespace:
    """The same functions of numpy and scipy."""
    import numpy as np
    from scipy import special  # type: ignore[import-untyped]

    own = {name: getattr(np, name, None) for name in vars(FLOATS)}
    return SimpleNamespace(**own | {"erfc": special.erfc, "lgamma": special.gammaln})


def lost(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``B = 1/(1 + E)``.

    >>> lost(2.0, 1.0)
    0.2
    """
    return 1 / (1 + excess(circuits, load, f))


def log_blocking(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``ln B = −ln(1 + E)``, finite where B is below the floats; ``-inf`` for no load.

    >>> log_blocking(5.0, 0.0), log_blocking(0.0, 5.0)
    (-inf, 0.0)
    """
    x = log_excess(circuits, load, f)
    return 0.0 - f.where(x > 0, x, 0.0) - f.log1p(f.exp(-abs(x)))


def log_excess(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``ln(1/B − 1)``, also where that is beyond the floats.

    >>> round(log_excess(1000.0, 1.0), 3)  # ln 1000! + 1: 1/B is 1e2568
    5913.128
    """
    return _by_region(_LOGS, circuits, load, f)


def excess(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``1/B − 1``, infinite where B is below 1e-308.

    >>> excess(2.0, 1.0)  # 1/B = 1 + 2/1 + 2·1/1²
    4.0
    """
    return _by_region(_KERNELS, circuits, load, f)


def _by_region(kernels: Sequence[Kernel], circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    """Each region by its own kernel; circuits may be one float for all loads."""
    light = f.where(circuits >= MANY, 1, f.where(circuits < 1, 2, 3))
    region = f.where((load >= 4) & (load - circuits >= 5 * f.sqrt(circuits)), 0, light)
    region = f.where((load == 0) | (circuits == 0), 4, region)
    if f is FLOATS:
        return kernels[region](circuits, load, f)
    found = load * 0.0
    for number, kernel in enumerate(kernels):
        here = region == number
        if here.all():  # without copies
            return found + kernel(circuits, load, f)
        if here.any():
            found[here] = kernel(circuits if isinstance(circuits, float) else circuits[here], load[here], f)
    return found


def _nothing(circuits: Values, _: Values, f: SimpleNamespace) -> Values:
    """No circuits lose everything, no load nothing."""
    return f.where(circuits > 0, math.inf, 0.0)


def _fraction(circuits: Values, load: Values, _: SimpleNamespace) -> Values:
    """The excess by a continued fraction, for loads well above the circuits.

    ``E = C/(d + 1(C−1)/(d+2 + 2(C−2)/(d+4 + …)))`` with ``d = A − C + 1``: the even part of DLMF 8.9.2, of
    C − 1 circuits, since ``E = C/(A B(C−1, A))``.  The terms are worked out from the last one backwards; how
    many suffice was found with 40 digits.
    """
    ahead = load - circuits + 1
    rest = 0.0
    for n in range(_FRACTION_TERMS, 0, -1):
        rest = n * (circuits - n) / (ahead + 2 * n + rest)
    return circuits / (ahead + rest)


def _start(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    """The excess of less than 1 circuit, at a load below 6.

    ``E = Γ(C+1) e^A A^−C − 1 − T`` with ``T = A/(C+1) + A²/((C+1)(C+2)) + …`` (DLMF 8.7.1), at most 400 times
    larger than 1/B.  For hardly any circuits the difference is only noise: then ``E ≥ C/(A + 1)``.
    """
    series = 0.0
    for k in range(_START_TERMS, 0, -1):
        series = load / (circuits + k) * (1 + series)
    total = f.expm1(_poisson(circuits, load, f)) - series
    least = circuits / (load + 1)
    return f.where(total > least, total, least)


def _recurrence(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    """From C − 1 circuits to C: ``E_C = (C/A)(1 + E_(C−1))``, which never loses digits."""
    whole = f.floor(circuits)
    total = excess(circuits - whole, load, f)
    for k in range(int(f.max(whole)) - 1, -1, -1):
        total = f.where(whole > k, (circuits - k) / load * (1 + total), total)
    return total


def _uniform(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    """``ln E`` by Temme's uniform expansion, for 50 circuits or more.

    ``E = Γ* [ sqrt(πC/2) e^y erfc(z) + Σ_k c_k(η) C^−k ]``, ``y = C (μ − ln(1 + μ))`` with ``μ = (A − C)/C``,
    ``z = sign(μ) sqrt(y)``, ``η = z sqrt(2/C)``, ``Γ* = C!/(sqrt(2πC) C^C e^−C)``.
    """
    powers, normal, log_gamma = (_of_few if f is FLOATS else _of_circuits)(circuits)
    ahead = (load - circuits) / circuits
    far = ahead - (f.log(load) - f.log(circuits))  # the quotient of the two may be below the floats
    y = circuits * f.where(2 * load < circuits, far, -log1p_less_near(ahead))
    z = f.copysign(f.sqrt(y), ahead)
    eta = z * f.sqrt(2 / circuits)
    total = eta * 0.0
    for coefficient in powers:
        total *= eta
        total += coefficient
    return y + log_gamma + f.log(normal * f.erfc(z) + f.exp(-y) * total)


def _of_circuits(circuits: Values) -> tuple[list[Values], Values, Values]:
    """What depends on the circuits alone: ``Σ_k c_k C^−k`` by powers of η, ``sqrt(πC/2)`` and ``ln Γ*``."""
    inverse = 1 / circuits
    powers = [
        c0 + inverse * (c1 + inverse * (c2 + inverse * (c3 + inverse * c4)))
        for c0, c1, c2, c3, c4 in _COLUMNS
    ]
    return powers, (math.pi / 2 * circuits) ** 0.5, stirling_of_many(circuits)


_of_few = lru_cache(maxsize=256)(_of_circuits)


def _large(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    return f.exp(_uniform(circuits, load, f))


def _poisson(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
    """``ln 1/B`` where B is far below 1: minus the logarithm of ``A^C e^−A / C!``."""
    return f.lgamma(circuits + 1) + load - circuits * f.log(load)


def _log_of(kernel: Kernel) -> Kernel:
    def log(circuits: Values, load: Values, f: SimpleNamespace) -> Values:
        total = kernel(circuits, load, f)
        return f.where(total < math.inf, f.log(total), _poisson(circuits, load, f))

    return log


_KERNELS = (_fraction, _large, _start, _recurrence, _nothing)
_LOGS = tuple(_uniform if kernel is _large else _log_of(kernel) for kernel in _KERNELS)


def max_load(circuits: Values, blocking: Values, f: SimpleNamespace = FLOATS) -> Values:
    """The load of ``B = blocking``; 0 where it is below the floats.

    Newton's method over ``u = ln A`` for the log-odds of being served, ``ln E``, whose slope
    ``A − C − C/E`` runs from −C (light load) to −1 (heavy).  It starts near C at the leading term
    ``1/ε = sqrt(2πC) e^y`` and above at ``C/(1 − ε) − 1/ε``.  ``(ε C!)^(1/C) ≤ A ≤ C/(1 − ε)`` holds always;
    the lower end is halved for its rounding.

    >>> round(max_load(15.0, 0.01), 3)
    8.108
    """
    steep, flat = f.where(circuits > 1, circuits, 1.0), f.where(circuits > 1, 1.0, circuits)
    log_chance, tiny = f.log(blocking), f.where(circuits > 0, circuits, math.ulp(0.0))
    low, high = 0.5 * f.exp((log_chance + f.lgamma(circuits + 1)) / tiny), circuits / (1 - blocking)
    below = -log_chance - 0.5 * f.log(math.pi / 2 * tiny)  # y of the load C − …
    eta = -f.sqrt(_within(0.0, 2 * below / tiny, 2.25, f))
    load = f.where(below > 0, circuits * (1 + eta * (1 + eta / 3)), high - 1 / blocking)
    load = f.where(low > 0, _within(low, load, high, f), 1.0)
    target = f.log1p(-blocking) - log_chance
    for _ in range(STEPS):
        x = log_excess(circuits, load, f)
        step = (x - target) / _within(flat, circuits * f.exp(-x) - (load - circuits), steep, f)
        load = _within(low, load * f.exp(step), high, f)
        if f.all((abs(step) * f.sqrt(1 + circuits) < 1e-8) | (abs(step) < 4e-15)):  # the next is noise
            break
    return f.where(low > 0, load, 0.0)


def min_circuits(load: Values, blocking: Values, f: SimpleNamespace = FLOATS) -> Values:
    """The least whole number of circuits whose computed B is at most ``blocking``, at least 1.

    By halves, between ``A(1 − ε)``, as ``B ≥ 1 − C/A``, and C with ``(C − A)² = 2C ln(1/ε)``, as
    ``B ≤ e^−y ≤ exp(−(C − A)²/(2C))`` above the load.

    >>> min_circuits(100.0, 0.001)
    128
    """
    bits = -f.log(blocking)
    least = load * (1 - blocking) * (1 - 1e-9) - 1
    low = f.floor(f.where(least > 0, least, 0.0))
    high = f.floor(load + bits + f.sqrt(bits * (bits + 2 * load))) + 2
    while not f.all(high - low <= 1):
        middle = f.floor((low + high) / 2)
        enough = lost(middle, load, f) <= blocking
        low, high = f.where(enough, low, middle), f.where(enough, middle, high)
    return high


def _within(low: Values, value: Values, high: Values, f: SimpleNamespace) -> Values:
    return f.where(value < low, low, f.where(value > high, high, value))
