"""The two inverses of Erlang B: Newton's method where B is nearly a straight line, from a start nearby.

Over ``u = ln A`` the log-odds of being served, ``ln E = ln(1/B − 1)``, is a straight line for one circuit
and bends little for more: its slope ``−(C − A(1 − B))/(1 − B)`` runs from −C (light load) to −1 (heavy).  So
Newton's method needs three or four steps from :func:`first_load`.  The letters: C circuits, A the load in
erlang, ε the blocking that is asked for.
"""

from __future__ import annotations

import math

from tuplecalc.under_load.erlang_kernels import FLOATS, Functions, Values, excess, idle, log_excess

STEPS = 40
"""More than Newton's method ever needs; it may go on forever in the last digit."""


def max_load(circuits: float, blocking: float) -> float:
    """The load of two floats' ``B = blocking``; 0 where it is below the floats.

    >>> round(max_load(15.0, 0.01), 3)
    8.108
    """
    if circuits == 0:
        return 0.0
    low, load, high = first_load(circuits, blocking, FLOATS)
    if low == 0:
        return 0.0
    target = log_odds(blocking, FLOATS)
    before = math.inf
    for _ in range(STEPS):
        step = load_step(circuits, load, log_excess(circuits, load), target, FLOATS)
        load = min(max(load * FLOATS.exp(step), low), high)
        if settled(abs(step), before, circuits, FLOATS):
            break
        before = abs(step)
    return float(load)


def log_odds(blocking: Values, f: Functions) -> Values:
    """``ln E`` of the blocking asked for: ``ln(1 − ε) − ln ε``."""
    return f.log1p(-blocking) - f.log(blocking)


def load_step(circuits: Values, load: Values, log_excess: Values, target: Values, f: Functions) -> Values:
    """Newton's step in ``ln A``: ``(ln E − target)(1 − B)/(C − A(1 − B))``."""
    blocked = 1 / (1 + f.exp(log_excess))
    served = 1 / (1 + f.exp(-log_excess))
    return (log_excess - target) * served / idle(circuits, load, blocked, f)


def settled(step: Values, before: Values, circuits: Values, f: Functions) -> Values:
    """Whether the next step would be below the last digit, or this one is only noise.

    Newton's next step is about ``½ sqrt(C) step²``.
    """
    last = 1e-8 / f.sqrt(1 + circuits)
    return (step < last) | (step < 2e-15) | ((step < 1e-6) & (2 * step > before))


def first_load(circuits: Values, blocking: Values, f: Functions) -> tuple[Values, Values, Values]:
    """A load near the one asked for, between two loads that enclose it.

    * Near C, from the leading terms ``1/ε = 2/3 + sqrt(πC/2) erfcx(z)`` of the uniform expansion, with
      ``A/C = 1 + η + η²/3 + η³/36 − η⁴/270`` and ``η = z sqrt(2/C)``.
    * Above, ``C/(1 − ε) − 1/ε``: the idle circuits are ``(1 − ε)/ε`` where their variance does not count.
    * Far below, where B is the Poisson term: ``A e^(−A/C) = (ε C!)^(1/C)``.

    ``(ε C!)^(1/C) ≤ A ≤ C/(1 − ε)`` holds always; the lower end is halved for its rounding.
    """
    poisson = f.exp((f.log(blocking) + f.lgamma(circuits + 1)) / circuits)
    low, high = 0.5 * poisson, circuits / (1 - blocking)
    share = poisson / circuits
    below = poisson * (1 + share * (1 + share * (1.5 + share * 8 / 3)))
    z = _level(f.log1p(-2 / 3 * blocking) - f.log(blocking) - 0.5 * f.log(math.pi / 2 * circuits), f)
    eta = z * f.sqrt(2 / circuits)
    near = circuits * (1 + eta * (1 + eta * (1 / 3 + eta * (1 / 36 - eta / 270))))
    load = f.where(eta < -0.7, below, f.where((z > 2.5) | (eta > 0.5), high - 1 / blocking, near))
    return low, f.where(load > high, high, f.where(load > low, load, low)), high


def _level(log_value: Values, f: Functions) -> Values:
    """About the z with ``ln erfcx(z) = log_value``, where that is below 3.

    A guess from a bound on erfcx, and one step of Newton's method on its logarithm.
    """
    within = f.where(log_value > 600, 600.0, f.where(log_value < -2, -2.0, log_value))
    value = f.exp(within)
    root = 1 / (math.sqrt(math.pi) * value)
    rising = -f.sqrt(f.where(within > 0, f.log(0.5 * value + 0.5), 0.0))
    guess = f.where(within > 0, rising, root - 1 / (math.pi * root))
    found = f.erfcx(guess)
    better = guess - (f.log(found) - within) / (2 * guess - 2 / (math.sqrt(math.pi) * found))
    return f.where(log_value > 600, -f.sqrt(f.where(log_value > 600, log_value - math.log(2), 0.0)), better)


def min_circuits(load: float, blocking: float) -> int:
    """The least whole number of circuits whose computed B is at most ``blocking``, at least 1.

    >>> min_circuits(100.0, 0.001)
    128
    """
    if load == 0:
        return 1
    circuits = first_circuits(load, blocking, FLOATS)
    for _ in range(STEPS):
        step = circuits_step(circuits, load, log_excess(circuits, load), blocking, FLOATS)
        circuits += step
        if step == 0:
            break
    while 1 / (1 + excess(circuits, load)) > blocking:
        circuits += 1
    while circuits > 1 and 1 / (1 + excess(circuits - 1, load)) <= blocking:
        circuits -= 1
    return int(circuits)


def first_circuits(load: Values, blocking: Values, f: Functions) -> Values:
    """A whole number of circuits, at least 1, near the one asked for.

    As in :func:`first_load`, with ``A = C + z sqrt(2C) + ⅔z²`` solved for C, or ``(A + 1/ε)(1 − ε)``.
    """
    z = _level(f.log1p(-2 / 3 * blocking) - f.log(blocking) - 0.5 * f.log(math.pi / 2 * load), f)
    inside = load - z * z / 6
    root = f.sqrt(f.where(inside > 0, inside, 0.0)) - z / math.sqrt(2)
    circuits = f.where(z > 2.5, (load + 1 / blocking) * (1 - blocking), root * root)
    return f.where(circuits > 1, f.floor(circuits), 1.0)


def circuits_step(
    circuits: Values, load: Values, log_excess: Values, blocking: Values, f: Functions
) -> Values:
    """How many circuits to add (or, negative, to take away) next; 0 at the least number that suffices.

    ln B is concave in C, so that the line through its values at C and at the next whole number meets ln ε at
    or above the solution: to the right with ``B(C)/B(C+1) = (C + 1)/A + B`` where B is too large, to the left
    with ``B(C−1)/B(C) = C/(A(1 − B))`` where it is not.
    """
    blocked = 1 / (1 + f.exp(log_excess))
    free = idle(circuits, load, blocked, f)
    served = -_softplus(-log_excess, f)  # ln(1 − B)
    over = -_softplus(log_excess, f) - f.log(blocking)
    up = f.ceil(over / f.log1p((free + 1) / load))
    crowded = 2 * free < circuits
    kept = f.log1p(-f.where(crowded, free, 0.0) / circuits)
    down = -f.floor(over / f.where(crowded, kept, f.log(load) + served - f.log(circuits)))
    return f.where(over > 0, up, down)


def _softplus(x: Values, f: Functions) -> Values:
    """``ln(1 + e^x)``, for any x."""
    positive = f.where(x > 0, x, 0.0)
    return positive + f.log1p(f.exp(x - 2 * positive))
