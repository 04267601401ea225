"""Settings of a chain's open numbers by chance, and what the code itself counts there."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import Number, tidy
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
        for number in random.sample(
            range(len(inputs)), random.choice([1, 2, 3, len(inputs)]) % (len(inputs) + 1)
        ):
            each = inputs[number]
            part = Fraction(random.randrange(1001), 1000)
            value = Fraction(each.least) + part * (Fraction(each.most) - Fraction(each.least))
            values = with_value(inputs, values, number, Fraction(round(value)) if each.is_count else value)
        yield values


def counted(chain: Chain, known: Regions, values: list[Fraction]) -> Figures | None:
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


def known_figures(known: Regions, values: list[Fraction]) -> Figures | str | None:
    """What is known of the figures there: the same, a text where there is no formula, None for nothing."""
    found = known.at(values)
    if found is None or isinstance(found, str):
        return found
    value = known.formulas.values(values)
    return [
        (
            each.hop,
            None if each.flows is None else int(value(each.flows)),
            None if each.rate is None else tidy(value(each.rate)),
        )
        for each in found.limits
    ]
