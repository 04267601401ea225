"""Loss networks: several pools of which a connection needs more than one at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import expm1, inf, log1p, prod

Loss = Callable[[float], float]
"""The share that a pool blocks of a load."""

_MOST_ROUNDS, _ENOUGH, _SHORTEST = 2000, 1e-13, 1 / 64
_ROUNDING = 1e-15  # of 1 - B; the load that passes is as unsure
_FITS = 1e-6


def reduced_load(losses: Sequence[Loss], load: float) -> float:
    """The share that is lost of a load that needs all pools, by the Erlang fixed point (reduced load).

    Each pool sees what the others let through, as if they blocked independently::

        B_j = E_j(A · Π_{i ≠ j} (1 - B_i))        L = 1 - Π_j (1 - B_j)

    An approximation: unique, and exact in the limit of many circuits.  It takes no account of pools
    in series that are full together (10 and 10 circuits at 8 erlang: 0.172, in truth 0.122), so put
    pools that carry the same flows together first.  Damped iteration.
    Source: Kelly, Adv. Appl. Prob. 18 (1986) 473-505 (abstract seen).

    >>> from tuplecalc.under_load.erlang import erlang_b
    >>> round(reduced_load([lambda load: erlang_b(10, load)] * 2, 8.0), 5)
    0.17217
    """
    lost, step, before = _start(losses, load), 0.5, inf
    for _ in range(_MOST_ROUNDS):
        passing = [prod(1 - other for other in [*lost[:at], *lost[at + 1 :]]) for at in range(len(lost))]
        found = [loss(load * part) for loss, part in zip(losses, passing, strict=True)]
        change = max((abs(new - old) for new, old in zip(found, lost, strict=True)), default=0.0)
        enough = max(_ENOUGH, _ROUNDING / max(min(passing, default=1.0), _ROUNDING))
        if change <= enough * max(found, default=0.0):
            break
        if change > 0.9 * before:  # many full pools in a row overshoot together
            step = max(step / 2, _SHORTEST)
        before = change
        lost = [old + step * (new - old) for new, old in zip(found, lost, strict=True)]
    return -expm1(sum(log1p(-each) if each < 1 else -inf for each in lost))


def _start(losses: Sequence[Loss], load: float) -> list[float]:
    """What the smallest pool loses, where what it lets through fits the others; else nothing.

    In overload all pools would block nearly all at first, and take very many rounds to give it back.
    """
    alone = [loss(load) for loss in losses]
    most = max(alone, default=0.0)
    first = [most if at == alone.index(most) else 0.0 for at in range(len(alone))]
    rest = [loss(load * (1 - most)) for loss, lost in zip(losses, first, strict=True) if not lost]
    return first if max(rest, default=0.0) <= _FITS else [0.0] * len(alone)
