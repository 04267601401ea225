"""Every result as plain data: what the commands write with ``-o json``, under one ``schema_version``.

Integers are exact, rates and times floats, fractions strings such as "17/3", None where nothing
limits.  The JSON Schema of each command's output is in ``render/schemas``; ``tuplecalc schema
COMMAND`` prints it.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.resources import files
from typing import Any

from tuplecalc.errors import InputError, nearest, show

SCHEMA_VERSION = 1

_RECORDS = {
    "tuplecalc.limits.capacity.Capacity": "capacity.capacity",
    "tuplecalc.under_load.offered.Offered": "capacity.offered",
    "tuplecalc.network.presets.Preset": "capacity.preset",
    "tuplecalc.algebra.explanation.Explanation": "formulas.explanation",
    "tuplecalc.questions.elasticity.Elasticity": "formulas.elasticity",
    "tuplecalc.questions.comparison.Comparison": "questions.comparison",
    "tuplecalc.questions.crossover.Crossovers": "questions.crossovers",
    "tuplecalc.questions.solution.Solution": "questions.solution",
    "tuplecalc.questions.sweep.Sweep": "questions.sweep",
    "tuplecalc.lab.verification.Verification": "verification.verification",
}
"""A result's type → its function here; by name, so that ``capacity`` loads neither sympy nor numpy."""

SCHEMAS = ("capacity", "explain", "crossovers", "solve", "sweep", "compare", "verify", "presets")
"""The commands with a schema; ``crossovers`` is ``explain --crossover`` and ``explain --knobs``."""


def to_dict(result: object) -> dict[str, Any]:
    """A result as plain data, ready for ``json.dumps``: what its command writes with ``-o json``.

    Raises :class:`~tuplecalc.errors.InputError` for what is no result.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> found = to_dict(capacity(example("outage")))
    >>> found["flows"], found["binding"]
    (193536, {'hop': 'login-proxy', 'limit': 'shared'})
    """
    kind = type(result)
    home = _RECORDS.get(f"{kind.__module__}.{kind.__qualname__}")
    if home is None:
        raise InputError(f"{kind.__name__}: this is no result; give what capacity, solve, sweep … return")
    module, function = home.split(".")
    return versioned(getattr(import_module(f"{__name__}.{module}"), function)(result))


def versioned(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it is written."""
    return {"schema_version": SCHEMA_VERSION, **record}


def output_schema(command: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what a command writes with ``-o json``.

    Raises :class:`~tuplecalc.errors.InputError` for a command that writes none.

    >>> output_schema("capacity")["title"]
    'tuplecalc capacity -o json'
    """
    if command not in SCHEMAS:
        meant = nearest(command, SCHEMAS)
        remedy = f'did you mean "{meant}"?' if meant else f"there are {', '.join(SCHEMAS)}"
        raise InputError(f"{show(command)}: this has no JSON with a schema; {remedy}")
    text = files("tuplecalc.render").joinpath("schemas", f"{command}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
