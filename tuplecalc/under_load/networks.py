"""Loss networks: several pools of which a connection needs more than one at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, expm1, inf, log1p

from tuplecalc.under_load.roots import crossing

Loss = Callable[[float], float]
"""The share that a pool blocks of a load."""

_ALL = 700.0  # e^-700 of the load is nothing


def reduced_load(losses: Sequence[Loss], load: float) -> float:
    """The share that is lost of a load that needs all pools, by the Erlang fixed point (reduced load).

    Each pool sees what the others let through, as if they blocked independently::

        B_j = E_j(A · Π_{i ≠ j} (1 - B_i))        L = 1 - Π_j (1 - B_j)

    An approximation: unique, and exact in the limit of many circuits.  It takes no account of pools
    in series that are full together (10 and 10 circuits at 8 erlang: 0.172, in truth 0.122), so put
    pools that carry the same flows together first.  With ``s_j = -ln(1 - B_j)`` and ``s`` their sum
    each is the root of ``s_j = -ln(1 - E_j(A·e^(s_j - s)))``: they fall as ``s`` rises, one crossing in all.
    Source: Kelly, Adv. Appl. Prob. 18 (1986) 473-505 (abstract seen).

    >>> from tuplecalc.under_load.erlang import erlang_b
    >>> round(reduced_load([lambda load: erlang_b(10, load)] * 2, 8.0), 5)
    0.17217
    """

    def blocked(loss: Loss, seen: float) -> float:
        lost = loss(seen)
        return -log1p(-lost) if lost < 1 else inf

    def part(loss: Loss, total: float) -> float:
        return crossing(lambda own: own - blocked(loss, load * exp(own - total)), 0.0, total)

    alone = [min(blocked(loss, load), _ALL) for loss in losses]
    least, most = max(alone, default=0.0), min(sum(alone), _ALL)
    return -expm1(-crossing(lambda total: total - sum(part(loss, total) for loss in losses), least, most))
