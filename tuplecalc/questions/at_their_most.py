"""Keys that would help, were they not at the largest value that their product allows."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from tuplecalc.errors import ChainError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number
from tuplecalc.network.replace import path_steps, replace_all
from tuplecalc.questions.allowed import allowed
from tuplecalc.questions.paths import place_of
from tuplecalc.questions.remedies import for_limit

_ANY = 2**128  # above all counts


class AtMost(NamedTuple):
    """A key that has its largest value."""

    path: str
    most: int


def at_their_most(result: Capacity) -> tuple[AtMost, ...]:
    """The keys that would raise what the chain carries, but may not: each once, in the order of the limits.

    They are those of the remedies for the limits that bind; each is tried on the chain without its ``most``.

    >>> from tuplecalc.network.file import example
    >>> at_their_most(capacity(example("cone", ["hops.nat.most.addresses=4"])))
    (AtMost(path='hops.nat.addresses', most=4),)
    """
    return tuple(dict.fromkeys(_found(result)))


def _found(result: Capacity) -> Iterator[AtMost]:
    chain = result.chain
    limits = (result.binding, result.rate_binding, result.as_wanted.binding)
    for remedy in (each for limit in limits if limit is not None for each in for_limit(result, limit)):
        bounds = {path: allowed(chain, path) for path, _ in remedy.changes}
        full = [
            AtMost(path, bound.most)
            for path, bound in bounds.items()
            if bound.most is not None
            for value in [place_of(chain, list(path_steps(path)), path).value]
            if getattr(value, "size", value) == bound.most
        ]
        if not full or any(bound.is_fixed for bound in bounds.values()):
            continue
        freed = [(".most.".join(each.path.rsplit(".", 1)), _ANY) for each in full]
        try:
            then = capacity(replace_all(chain, [*freed, *remedy.changes]))
        except ChainError:  # another key does not fit the change
            continue
        if any(after > before for after, before in zip(_figures(then), _figures(result), strict=True)):
            yield from full


def _figures(result: Capacity) -> tuple[Number | float, ...]:
    return result.flows, inf if result.rate is None else result.rate, result.as_wanted.flows
