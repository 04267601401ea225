"""Settings of a chain's open numbers by chance, and what the code itself counts there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from random import Random
from typing import Literal

from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import Number
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import replace_all
from tuplecalc.whatif.regions import Regions, with_value

Figures = list[tuple[str, int | None, Number | None]]
"""Hop, flows and rate of each limit, in their order."""


def some_settings(known: Regions, count: int, seed: int) -> Iterator[list[Fraction]]:
    """Values of all inputs, of which one, a few or all are changed."""
    random, inputs = Random(seed), known.inputs
    for _ in range(count):
        values = [Fraction(each.present) for each in inputs]
        several = min(random.choice([1, 2, 3, len(inputs)]), len(inputs))
        for number in random.sample(range(len(inputs)), several):
            each = inputs[number]
            part = Fraction(random.randrange(1001), 1000)
            value = Fraction(each.least) + part * (Fraction(each.most) - Fraction(each.least))
            values = with_value(inputs, values, number, Fraction(round(value)) if each.is_count else value)
        yield values


def counted(chain: Chain, known: Regions, values: Sequence[Number]) -> Figures | None:
    """What the code counts for these values; None where they make no chain."""
    changed = [
        change
        for each, value in zip(known.inputs, values, strict=True)
        if value != each.present
        for change in each.changes(value)
    ]
    try:
        result = capacity(replace_all(chain, changed))
    except (ChainError, InputError):
        return None
    return [(limit.hop, limit.flows, limit.rate) for limit in result.limits]


def agree(found: Figures, expected: Figures, *, is_bound: bool) -> bool:
    """Whether figures are the same exactly, whatever their size; or bounds, where they are said to be."""
    if not is_bound:
        return found == expected
    return least(found, 1) >= least(expected, 1) and least(found, 2) >= least(expected, 2)


def least(figures: Figures, at: Literal[1, 2]) -> Number | float:
    """The lowest of one figure."""
    return min((found for each in figures if (found := each[at]) is not None), default=inf)
