"""What the records have in common: exact numbers, floats, limits by their names."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.under_load.chains import Bracket

Record = dict[str, Any]


def as_float(number: Number | None) -> float | None:
    """The nearest float."""
    return None if number is None else float(number)


def exact(number: Number) -> int | str:
    """An integer, or a fraction as a string.

    >>> exact(Fraction(6, 2)), exact(Fraction(17, 3))
    (3, '17/3')
    """
    return number.numerator if number.denominator == 1 else str(Fraction(number))


def named(limit: Limit) -> Record:
    """A limit by its names."""
    return {"hop": limit.hop, "limit": limit.name}


def bracket(found: Bracket | None) -> Record | None:
    """Two bounds."""
    return found and found._asdict()


def figures(result: Capacity) -> Record:
    """What the whole chain carries."""
    return {"flows": result.flows, "rate": as_float(result.rate)}


def binding(result: Capacity) -> Record:
    """What binds it."""
    rate = result.rate_binding
    return {"binding": named(result.binding), "rate_binding": rate and named(rate)}


def at_most(result: Capacity) -> Record:
    """Whether the figures are bounds."""
    return {"flows": result.flows_at_most, "rate": result.rate_at_most}


def limit_record(limit: Limit) -> Record:
    """One limit; ``busy`` stands in it only where the rate counts it instead of ``size``."""
    busy = {} if limit.busy is None else {"busy": limit.busy_keys and exact(limit.busy_keys)}
    return {
        "name": limit.name,
        "size": exact(limit.size.value),
        "scopes": exact(limit.scopes.value),
        "keys_per_flow": limit.keys,
        "seconds_per_flow": float(limit.seconds.value),
        "flows": limit.flows,
        "rate": as_float(limit.rate),
        "formula": limit.formula,
        **busy,
    }
