"""The closed forms as plain data: ``schema_version`` 1.

Counts are exact integers, rates floats, fractions strings such as "17/3"; ``None`` where nothing limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuplecalc.algebra.forms import ChainForm, Form
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.record import as_float, exact

if TYPE_CHECKING:
    from tuplecalc.algebra.explanation import Explanation

SCHEMA_VERSION = 1


def record(explanation: Explanation) -> dict[str, Any]:
    """``Explanation.to_dict``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": explanation.title,
        "at_most": {"flows": explanation.result.flows_at_most, "rate": explanation.result.rate_at_most},
        "flows": _chain(explanation.flows_form),
        "rate": explanation.rate_form and _chain(explanation.rate_form),
        "limits": [
            {
                **_limit(form.limit),
                "meaning": form.limit.kind.sentence,
                "flows": _form(form.flows),
                "rate": form.rate and _form(form.rate),
            }
            for form in explanation.limits
        ],
        "symbols": [
            {
                "hop": row.hop,
                "symbol": row.letter,
                "latex": row.latex,
                "chain_symbol": row.chain or None,
                "value": exact(row.value),
                "unit": row.unit,
                "meaning": row.meaning,
                "definition": row.definition or None,
                "place": row.place or None,
            }
            for row in explanation.symbols
        ],
    }


def _chain(form: ChainForm) -> dict[str, Any]:
    least = form.binding_term.form
    return {
        "formula": form.text,
        "latex": form.latex,
        "value": _value(least),
        "binding": _limit(form.binding),
        "terms": [
            {**_form(term.form), "limits": [_limit(limit) for limit in term.limits]} for term in form.terms
        ],
    }


def _form(form: Form) -> dict[str, Any]:
    return {
        "formula": form.text,
        "latex": form.latex,
        "steps": [step._asdict() for step in form.steps],
        "value": _value(form),
    }


def _value(form: Form) -> int | float | str | None:
    return exact(form.value) if form.quantity == "flows" else as_float(form.value)


def _limit(limit: Limit) -> dict[str, str]:
    return {"hop": limit.hop, "limit": limit.name}
