"""The formula behind Erlang B, written once and read with floats or with numpy arrays.

It gives the **excess** ``E = 1/B − 1`` by its logarithm, in which nothing is lost: ``B = 1/(1 + E)`` has all
its digits, whether it is near 0, near 1, or below the floats.  The letters: C circuits, A the load in erlang.

Source: ``1/B = ∫_0^∞ e^−t (1 + t/A)^C dt`` (Jagerman 1974), by parts and with ``A + t = m e^v``.  How
many points suffice was found against 30-digit values.
"""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

from tuplecalc.under_load.series import Values, log1p_less

_POINTS = 28
_FAR = 36.0
"""The integrand is cut off where it is e^−36 of its peak."""
_EXP = 709.0  # beyond, the exponential is no float
_NEAR = 1e-3  # the difference in e^v − 1 − v has few digits
_FEWEST = 1e-20
"""Fewer circuits lose all that a float tells from everything."""
_STEPS = 60
"""More than Newton's method ever needs; it may go on forever in the last digit."""


def _less(v: float) -> float:
    return math.expm1(v) - v if abs(v) > _NEAR else _less_near(v)


def _less_near(v: Values) -> Values:
    return v * v / 2 * (1 + v / 3 * (1 + v / 4 * (1 + v / 5)))


FLOATS = SimpleNamespace(
    exp=math.exp,
    less=_less,
    lgamma=math.lgamma,
    log=lambda x: math.log(x) if x else -math.inf,
    log1p=math.log1p,
    hypot=math.hypot,
    sqrt=math.sqrt,
    floor=math.floor,
    all=bool,
    any=bool,
    where=lambda condition, then, otherwise: then if condition else otherwise,
)
"""The functions that the formulas need, of the standard library; ``less`` is ``e^v − 1 − v``."""


@cache
def arrays() -> SimpleNamespace:
    """The same functions of numpy and scipy."""
    import numpy as np
    from scipy import special  # type: ignore[import-untyped]

    def less(v: Values) -> Values:
        return np.where(abs(v) > _NEAR, np.expm1(v) - v, _less_near(v))

    own = {name: getattr(np, name, None) for name in vars(FLOATS)}
    return SimpleNamespace(**own | {"less": less, "lgamma": special.gammaln})


@cache
def _gauss() -> tuple[tuple[float, float], ...]:
    """Points and weights of Gauss and Legendre between 0 and 1: the roots of ``P_n`` by Newton's method."""
    found = []
    for number in range(_POINTS):
        x = math.cos(math.pi * (number + 0.75) / (_POINTS + 0.5))
        for _ in range(6):
            before, value = 1.0, x
            for n in range(2, _POINTS + 1):
                before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
            slope = _POINTS * (x * value - before) / (x * x - 1)
            x -= value / slope
        found.append(((1 + x) / 2, 1 / ((1 - x * x) * slope * slope)))
    return tuple(found)


def lost(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``B = 1/(1 + E)``, 0 where that is below 1e-308."""
    x = log_excess(circuits, load, f)
    return 1 / (1 + f.exp(f.where(x < _EXP, x, math.inf)))


def log_blocking(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``ln B = −ln(1 + E)``, finite where B is below the floats; ``-inf`` for no load."""
    x = log_excess(circuits, load, f)
    return 0.0 - f.where(x > 0, x, 0.0) - f.log1p(f.exp(-abs(x)))


def log_excess(circuits: Values, load: Values, f: SimpleNamespace = FLOATS) -> Values:
    """``ln(1/B − 1)`` by one integral, of a smooth hump on either side of its peak at ``v = 0``::

        E = C·e^y·∫_(−ln(m/A))^∞ e^(−h(v)) dv        m = max(A, C)    y = C·ln(m/A) − (m − A)
        h(v) = m·(e^v − 1 − v) + (m − C)·v

    Each side ends where ``h = 36`` or a little later, by ``e^−w − 1 + w ≥ w²/(2 + w)`` on the left, on the
    right by ``x − ln(1 + x) ≥ x²/(2(1 + x))`` for ``x = e^v − 1``.

    >>> round(log_excess(1000.0, 1.0), 3)  # ln 1000! + 1: 1/B is 1e2568
    5913.128
    """
    nothing = (circuits < _FEWEST) | (load == 0)
    c, a = f.where(nothing, 1.0, circuits), f.where(nothing, 1.0, load)
    m = f.where(a > c, a, c)
    over, under, far = m - c, m - a, _FAR / c
    left, cut = (far + f.sqrt(far * (far + 8))) / 2, f.log1p(under / a)
    ahead = _FAR - over
    reach = abs(ahead) + f.hypot(ahead, f.sqrt(2 * _FAR * (2 * over + c)))
    right = f.log1p(f.where(ahead > 0, reach / (2 * over + c), 2 * _FAR / reach))
    total, exp, less = 0.0, f.exp, f.less
    for length in (-f.where(left < cut, left, cut), right):
        if f.any(length):
            side = 0.0
            for place, weight in _gauss():
                v = length * place
                side = side + weight * exp(-m * less(v) - over * v)
            total = total + abs(length) * side
    relative = -under / c
    gap = f.where(2 * a < c, relative - f.log(a) + f.log(c), -log1p_less(relative))
    found = c * gap + f.log(c * total)
    return f.where(nothing, f.where((load == 0) & (circuits > 0), math.inf, -math.inf), found)


def max_load(circuits: Values, blocking: Values, f: SimpleNamespace = FLOATS) -> Values:
    """The load of ``B = blocking``; 0 where it is below the floats.

    Newton's method over ``u = ln A`` for the log-odds of being served, ``ln E``: convex, with a slope
    ``A − C − C/E`` from −C (light load) to −1 (heavy).  ``(ε C!)^(1/C) ≤ A ≤ C/(1 − ε)`` holds always; the
    lower end is halved for its rounding.
    """
    steep, flat = f.where(circuits > 1, circuits, 1.0), f.where(circuits > 1, 1.0, circuits)
    log_chance, some = f.log(blocking), f.where(circuits > 0, circuits, math.ulp(0.0))
    low, high = 0.5 * f.exp((log_chance + f.lgamma(circuits + 1)) / some), circuits / (1 - blocking)
    heavy = high - 1 / blocking  # nearly the answer above C
    load = f.where(low > 0, f.where(heavy > circuits, heavy, _within(low, circuits, high, f)), 1.0)
    target = f.log1p(-blocking) - log_chance
    for _ in range(_STEPS):
        x = log_excess(circuits, load, f)
        step = (x - target) / _within(flat, circuits * f.exp(-x) - (load - circuits), steep, f)
        load = _within(low, load * f.exp(step), high, f)
        near = (abs(step) * f.sqrt(1 + circuits) < 1e-8) | (abs(step) < 4e-15)  # the next is noise
        if f.all(near | (low == 0)):
            break
    return f.where(low > 0, load, 0.0)


def min_circuits(load: Values, blocking: Values, f: SimpleNamespace = FLOATS) -> Values:
    """The least whole number of circuits whose computed B is at most ``blocking``, at least 1.

    By halves, between ``A(1 − ε)``, as ``B ≥ 1 − C/A``, and C with ``(C − A)² = 2C ln(1/ε)``, as
    ``B ≤ e^−y ≤ exp(−(C − A)²/(2C))`` above the load.
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
