"""The multi-rate loss formula: one pool of keys, of which flows of several kinds take different numbers.

Flows that take d keys come at random moments (Poisson) and bring ``a_d`` erlang; who finds fewer than d
keys free is lost.  The keys in use, X, are then Σ d·N_d of independent Poisson numbers N_d, cut off at the
size C.  Kaufman and Roberts count them by a recursion of C steps

    n·q(n) = Σ d·a_d·q(n − d)        B_d = Σ_{C−d < n ≤ C} q(n) / Σ_{n ≤ C} q(n)

Exact for every law of the hold (insensitive).  One kind with d = 1 is Erlang's formula.
Source: Kaufman, IEEE Trans. Commun. 29 (1981) 1474; Roberts 1981 (both recalled).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, expm1, inf, log, sqrt

_NOTHING = 1e-300
_FAR = 40.0  # e^-40 of the law is left out on each side


def log_losses(size: int, loads: Mapping[int, float]) -> dict[int, float]:
    """``ln B_d`` for each number of keys d, of which ``loads`` are the erlangs (flows, not keys).

    The same q as by the recursion, in about 20·√C points instead of C steps, so that pools of millions of
    keys take a millisecond: the law is tilted by ``e^{x·n}`` until its mean is C, where it is widest, and a
    discrete Fourier transform of its generating function gives it around C::

        Σ d·a_d·e^{d·x} = C        P(X = n)·e^{x·n} ∝ ∮ exp(Σ a_d·e^{d·x}·(e^{i·d·θ} − 1) − i·n·θ) dθ / 2π

    What aliases is below e^-40 (Bernstein's inequality).  The error is that of the transform, 1e-16 of q's
    peak: against the recursion in fractions below 1e-11 of B_d, but where flows of one key are very few
    beside those of two or more (2e-7 of 4e-11 seen).

    >>> log_losses(2, {1: 1.0, 2: 0.5})  # q = 1, 1, 1: the last, and the last two of three
    {1: -1.098612..., 2: -0.405465...}
    """
    import numpy as np  # only where flows of several kinds meet

    coming = {keys: load for keys, load in loads.items() if 0 < keys <= size and load > _NOTHING}
    found = {keys: -inf if keys <= size else 0.0 for keys in loads}
    if not coming:
        return found
    d, a = np.array(list(coming), float), np.array(list(coming.values()))
    x = _tilt(size, coming)
    tilted = a * np.exp(d * x)
    widest = float(d.max())
    reach = _FAR * widest / 3
    reach += sqrt(reach * reach + 2 * _FAR * float((tilted * d * d).sum()))
    points = 1 << max(int(2 * reach + 2 * widest), 8).bit_length()
    turn = np.arange(points // 2 + 1) * (2 * np.pi / points)
    angles = np.outer(d, turn)
    log_size = -2 * tilted @ np.sin(angles / 2) ** 2
    law = np.fft.irfft(np.exp(log_size + 1j * (tilted @ np.sin(angles) - size * turn)), points)
    below, above = law[: points // 2], law[: points // 2 : -1]  # at C, C − 1, …; at C + 1, C + 2, …
    with np.errstate(divide="ignore"):
        below = np.log(np.maximum(below, 0.0))
    ended = np.logaddexp.accumulate(below + x * np.arange(len(below)))  # ln Σ_{j ≤ i} q(C − j)
    if x < 0:
        whole = float(ended[min(size, len(below) - 1)])
    else:  # all but what lies beyond C
        scale = -float((tilted * (np.expm1(-d * x) + d * x)).sum())
        beyond = float((above * np.exp(-x * np.arange(1, len(above) + 1))).sum())
        whole = log(-expm1(log(beyond) + scale) if beyond > 0 else 1.0) - scale
    return {
        keys: lost if keys > size else min(float(ended[keys - 1]) - whole, 0.0)
        for keys, lost in found.items()
    }


def _tilt(size: int, loads: Mapping[int, float]) -> float:
    """x where ``Σ d·a_d·e^{d·x} = C``: Newton's method for its logarithm, convex, from the right."""
    logs = [(keys, log(keys * load / size)) for keys, load in loads.items()]
    top = max(each for _, each in logs)
    mean = top + log(sum(exp(each - top) for _, each in logs))
    x = -mean / (min(loads) if mean < 0 else max(loads))
    for _ in range(100):
        top = max(each + keys * x for keys, each in logs)
        parts = [(keys, exp(each + keys * x - top)) for keys, each in logs]
        total = sum(part for _, part in parts)
        step = (top + log(total)) * total / sum(keys * part for keys, part in parts)
        x -= step
        if abs(step) <= 1e-16 + 4e-16 * abs(x):
            break
    return x
