"""Closed forms and elasticities as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuplecalc.render.json.values import Record, at_most, exact, named

if TYPE_CHECKING:
    from tuplecalc.algebra.explanation import Explanation
    from tuplecalc.algebra.forms import ChainForm, Form
    from tuplecalc.questions.elasticity import Elasticity


def explanation(found: Explanation) -> Record:
    """The closed form of each limit and of the chain, and the table of symbols."""
    return {
        "title": found.title,
        "at_most": at_most(found.result),
        "flows": _chain_form(found.flows_form),
        "rate": found.rate_form and _chain_form(found.rate_form),
        "limits": [
            {
                **named(each.limit),
                "meaning": each.limit.kind.sentence,
                "flows": _form(each.flows),
                "rate": each.rate and _form(each.rate),
            }
            for each in found.limits
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
            for row in found.symbols
        ],
    }


def _chain_form(form: ChainForm) -> Record:
    return {
        "formula": form.text,
        "latex": form.latex,
        "value": _value(form.binding_term.form),
        "binding": named(form.binding),
        "terms": [{**_form(term.form), "limits": [*map(named, term.limits)]} for term in form.terms],
    }


def _form(form: Form) -> Record:
    steps = [step._asdict() for step in form.steps]
    return {"formula": form.text, "latex": form.latex, "steps": steps, "value": _value(form)}


def _value(form: Form) -> int | float | str:
    return exact(form.value) if form.quantity == "flows" else float(form.value)


def elasticity(each: Elasticity) -> Record:
    """What one percent more of an input does."""
    return {
        "figure": each.figure,
        "rank": each.rank,
        **named(each.limit),
        "path": each.path,
        "letter": each.letter,
        "value": exact(each.value),
        "formula": each.text,
    }
