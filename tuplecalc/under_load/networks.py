"""Loss networks: several pools of which a connection needs more than one at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain
from math import expm1, inf, log1p
from operator import mul
from typing import Any

from tuplecalc.errors import reject
from tuplecalc.under_load.checks import number, share

Loss = Callable[[float], float]
"""The share that a pool blocks of a load."""

_MOST_ROUNDS, _ENOUGH, _SHORTEST = 2000, 1e-13, 1 / 64


def reduced_load(losses: Sequence[Loss], routes: Sequence[tuple[float, Sequence[int]]]) -> tuple[float, ...]:
    """The share that each route loses, by the Erlang fixed point (reduced load).

    ``losses`` are the pools; a route is the load that it offers and the pools that it needs, one
    tuple of each.  Each pool sees what the others let through, as if they blocked independently::

        B_j = E_j(Σ_r a_r · Π_{i in r, i ≠ j} (1 - B_i))        L_r = 1 - Π_{j in r} (1 - B_j)

    An approximation: unique for fixed routes, and exact in the limit of many circuits.  It takes
    no account of pools in series that are full together (10 and 10 circuits at 8 erlang: 0.172,
    in truth 0.122), so put pools that carry the same flows together first.  Damped iteration.
    Raises :class:`~tuplecalc.errors.TopologyError` for loads below 0 and pools that do not exist.
    Source: Kelly, Adv. Appl. Prob. 18 (1986) 473-505 (abstract seen).

    >>> from tuplecalc.under_load.erlang import erlang_b
    >>> round(reduced_load([lambda load: erlang_b(10, load)] * 2, [(8.0, (0, 1))])[0], 5)
    0.17217
    """
    for place, route in enumerate(routes):
        load, pools = _pair(route, f"routes[{place}]", "a load and the pools that it needs")
        number(load, f"routes[{place}].load")
        if wrong := [pool for pool in pools if not 0 <= pool < len(losses)]:
            rule = f"a route needs pools from 0 to {len(losses) - 1}"
            raise reject(wrong[0], rule, "give the pool, or leave it out", f"routes[{place}].pools")
        if len(set(pools)) < len(pools):
            rule = "a route takes one tuple of each pool that it needs"
            raise reject(list(pools), rule, "name each once", f"routes[{place}].pools")
    lost, step, before = [0.0] * len(losses), 0.5, inf
    for _ in range(_MOST_ROUNDS):
        offered = [0.0] * len(losses)
        for load, pools in routes:
            for pool, passing in zip(
                pools, _products_without([1 - lost[pool] for pool in pools]), strict=True
            ):
                offered[pool] += load * passing
        found = [
            share(loss(load), f"losses[{place}]({load:g})")
            for place, (loss, load) in enumerate(zip(losses, offered, strict=True))
        ]
        change = max((abs(new - old) for new, old in zip(found, lost, strict=True)), default=0.0)
        if change <= _ENOUGH * max(found, default=0.0):
            break
        if change > 0.9 * before:  # many full pools in a row overshoot together
            step = max(step / 2, _SHORTEST)
        before = change
        lost = [old + step * (new - old) for new, old in zip(found, lost, strict=True)]
    return tuple(
        -expm1(sum(log1p(-lost[pool]) if lost[pool] < 1 else -inf for pool in pools)) for _, pools in routes
    )


def _pair(value: object, place: str, rule: str) -> tuple[Any, Any]:
    if isinstance(value, Sequence) and len(value) == 2:
        return value[0], value[1]
    raise reject(value, f"this is a pair: {rule}", "write it as (…, …)", place)


def _products_without(factors: Sequence[float]) -> list[float]:
    """For each factor the product of all others."""
    if not factors:
        return []
    before = accumulate(chain([1.0], factors[:-1]), mul)
    behind = list(accumulate(chain([1.0], reversed(factors[1:])), mul))
    return [left * right for left, right in zip(before, reversed(behind), strict=True)]
