"""The result as plain data: the JSON contract, ``schema_version`` 1.

Integers are exact, rates are floats, fractions are strings such as "17/3", ``None`` where nothing
limits.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.network.presets import Use, used

if TYPE_CHECKING:
    from tuplecalc.limits.capacity import Capacity
    from tuplecalc.under_load.offered import Offered

SCHEMA_VERSION = 1


def record(result: Capacity, offered: Offered) -> dict[str, Any]:
    """``Capacity.to_dict``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": result.title,
        "shape": result.shape,
        "constraint": result.constraint,
        "flows": result.flows,
        "rate": as_float(result.rate),
        "binding": named(result.binding),
        "rate_binding": result.rate_binding and named(result.rate_binding),
        "hops": [
            {
                "name": hop.name,
                "kind": hop.kind,
                "flows": hop.flows,
                "rate": as_float(hop.rate),
                "tuple_space": hop.tuple_space,
                "tuples_per_flow": hop.tuples_per_flow,
                "limits": [limit_record(limit) for limit in hop.limits],
            }
            for hop in result.hops
        ],
        "collapse": [
            {"cone": c.cone, "hop": c.hop, "limit": c.limit, "kept": as_float(c.kept)}
            for c in result.collapse
        ],
        "at_most": {"flows": result.flows_at_most, "rate": result.rate_at_most},
        "offered": offered.to_dict() if offered.rate is not None or offered.most else None,
        "presets": [_use_record(use) for use in used(result.chain)],
    }


def _use_record(use: Use) -> dict[str, Any]:
    """``values`` are those that the result took from the preset, ``unknown`` has defaults of the tool."""
    return {
        "hop": use.hop,
        "name": use.preset.name,
        "title": use.preset.title,
        "values": use.values,
        "source": list(use.preset.source),
        "date": use.preset.date,
        "unknown": use.unknown,
        "left_out": list(use.left_out),
    }


def limit_record(limit: Limit) -> dict[str, Any]:
    """One limit of the contract; ``busy`` stands in it only where the rate counts it instead of ``size``."""
    busy = {} if limit.busy is None else {"busy": limit.busy_keys and exact(limit.busy_keys)}
    return {
        "name": limit.name,
        "size": exact(limit.size.value),
        "scopes": exact(limit.scopes.value),
        "keys_per_flow": limit.keys,
        "seconds_per_flow": as_float(limit.seconds.value),
        "flows": limit.flows,
        "rate": as_float(limit.rate),
        "formula": limit.formula,
        **busy,
    }


def exact(number: Number) -> int | str:
    """An integer, or a fraction as a string.

    >>> exact(Fraction(6, 2)), exact(Fraction(17, 3))
    (3, '17/3')
    """
    return number.numerator if number.denominator == 1 else str(Fraction(number))


def as_float(number: Number | None) -> float | None:
    """The nearest float."""
    return None if number is None else float(number)


def named(limit: Limit) -> dict[str, str]:
    """A limit by its names."""
    return {"hop": limit.hop, "limit": limit.name}
