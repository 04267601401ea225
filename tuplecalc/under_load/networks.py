"""Loss networks: several pools of which a connection needs more than one at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, expm1, inf, log1p
from typing import TypeVar

from tuplecalc.under_load.roots import crossing

Loss = Callable[[float], float]
"""The share that a pool blocks of a load."""

Name = TypeVar("Name")
Passed = Mapping[Name, float]

_ALL = 700.0  # e^-700 of the load is nothing
_SETTLED, _MOST_ROUNDS = 1e-9, 200


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
        return crossing(lambda own: own - blocked(loss, load * exp(own - total)), 0.0, total, scale=total)

    alone = [min(blocked(loss, load), _ALL) for loss in losses]
    least, most = max(alone, default=0.0), min(sum(alone), _ALL)
    return -expm1(-crossing(lambda total: total - sum(part(loss, total) for loss in losses), least, most))


def reduced_loads(losses: Sequence[Callable[[Passed[Name]], dict[Name, float]]]) -> list[dict[Name, float]]:
    """What each pool loses of each kind of load, by the same fixed point for several kinds.

    A pool's loss is a function of what part of each kind reaches it, and names the kinds that need it::

        B_jr = E_jr(a_s · Π_{i ≠ j} (1 - B_is))

    One pool after the other, until nothing changes: for loads that take one key each the least of a convex
    function, coordinate by coordinate, which converges (Kelly 1986).  Where kinds take different numbers
    of keys there may be several fixed points (Chung and Ross 1993, recalled); this is that from light load.

    >>> from tuplecalc.under_load.erlang import erlang_b
    >>> def pool(passed):
    ...     return {"flows": erlang_b(10, 8.0 * passed.get("flows", 1.0))}
    >>> [round(each["flows"], 4) for each in reduced_loads([pool, pool])]
    [0.0901, 0.0901]
    """
    found = [dict[Name, float]() for _ in losses]
    for _ in range(_MOST_ROUNDS):
        change = 0.0
        for at, loss in enumerate(losses):
            others = passing(each for place, each in enumerate(found) if place != at)
            before, found[at] = found[at], loss(others)
            for kind, lost in found[at].items():
                change = max(change, abs(lost - before.get(kind, 0.0)) / (lost or 1.0))
        if change <= _SETTLED:
            break
    return found


def passing(lost: Iterable[Passed[Name]]) -> dict[Name, float]:
    """What part of each kind several pools let through, of those that lose anything."""
    found: dict[Name, float] = {}
    for each in lost:
        for kind, share in each.items():
            found[kind] = found.get(kind, 1.0) * (1 - share)
    return found


def together(shares: Sequence[float]) -> float:
    """What independent pools lose together.

    >>> together([1e-20]), together([0.5, 0.5]), together([])
    (1e-20, 0.75, 0.0)
    """
    if len(shares) == 1 or max(shares, default=0.0) >= 1:
        return max(shares)
    return 0.0 - expm1(sum(log1p(-share) for share in shares))
