"""What the page's tables and formulas have in them: hops, limits, closed forms, letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tuplecalc.algebra import Explanation, Form, LimitForms, SymbolRow, mathml
from tuplecalc.algebra.forms import ChainForm, Term
from tuplecalc.algebra.notation import Notation
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.render.report.chain import hop_kind, mark

_MOST_LIMITS, _SMALLEST = 40, 12  # a page or two; of more, so many of the smallest by flows and by rate


class FormulaSteps(NamedTuple):
    """A closed form step by step: each step is a relation and an element of MathML."""

    quantity: str
    steps: tuple[tuple[str, str], ...]


class ExplainedLimit(NamedTuple):
    """One limit: its figures, why it exists, and its closed forms."""

    limit: Limit
    why: str
    forms: tuple[FormulaSteps, ...]
    binds: str


class ChainTerm(NamedTuple):
    """One term of the chain's minimum: its formula, its value, the limits that it stands for."""

    formula: str
    value: str
    limits: str
    binds: bool


def shown_limits(result: Capacity) -> list[Limit]:
    """All limits, or of very many the smallest, in the chain's order."""
    if len(result.limits) <= _MOST_LIMITS:
        return list(result.limits)
    by_flows = sorted(result.limits, key=lambda limit: limit.flows)[:_SMALLEST]
    limited = [limit for limit in result.limits if limit.rate is not None]
    by_rate = sorted(limited, key=lambda limit: limit.rate or 0)[:_SMALLEST]
    shown = {(limit.hop, limit.name) for limit in (*by_flows, *by_rate, result.binding)}
    return [limit for limit in result.limits if (limit.hop, limit.name) in shown]


def shown_hops(result: Capacity, limits: Sequence[Limit]) -> list[tuple[str, HopCapacity]]:
    """The clients and each hop of the limits that are shown, with its kind; all hops where these are few."""
    named = {limit.hop for limit in limits} | {"clients"}
    parts = {hop.name: hop for hop in result.chain.hops}
    pairs = ((hop_kind(parts.get(hop.name), hop.kind), hop) for hop in result.hops)
    few = len(result.limits) <= _MOST_LIMITS and len(result.hops) <= _MOST_LIMITS
    return [(kind, hop) for kind, hop in pairs if few or hop.name in named]


def explained(found: Explanation, limits: Sequence[Limit]) -> list[tuple[str, list[ExplainedLimit]]]:
    """The limits with their closed forms, hop by hop."""
    shown = {(limit.hop, limit.name) for limit in limits}
    forms = (each for each in found.limits if (each.limit.hop, each.limit.name) in shown)
    return [
        (hop, [_explained(found.result, each) for each in group])
        for hop, group in groupby(forms, key=lambda each: each.limit.hop)
    ]


def _explained(result: Capacity, found: LimitForms) -> ExplainedLimit:
    limit = found.limit
    forms = (
        FormulaSteps(form.quantity, tuple(mathml.steps(form, found.notation)))
        for form in (found.flows, found.rate)
        if form
    )
    binds = mark(result, flows=limit is result.binding, rate=limit is result.rate_binding)
    return ExplainedLimit(limit, limit.kind.sentence, tuple(forms), binds)


def closed_forms(found: Explanation) -> Iterator[tuple[Form, list[ChainTerm], int]]:
    """The chain's minimum for flows and rate: the binding term's form, the terms, how many are left out."""
    for form in filter(None, (found.flows_form, found.rate_form)):
        shown = form.shown()
        terms = [_term(form, term, found.notation) for term in shown]
        yield form.binding_term.form, terms, len(form.terms) - len(shown)


def _term(form: ChainForm, term: Term, notation: Notation) -> ChainTerm:
    few = [f"{limit.hop} {limit.name}" for limit in term.limits[:3]]
    more = len(term.limits) - len(few)
    names = ", ".join(few) + (f" and {more:,} more" if more else "")
    written = mathml.formula(term.form, notation)
    return ChainTerm(written, term.form.result.text, names, term is form.binding_term)


def letters(found: Explanation, limits: Sequence[Limit]) -> list[tuple[str, str, list[SymbolRow]]]:
    """The letters of the formulas that are shown, by hop; with the hop's name in the chain's formulas."""
    hops = {"services", "traffic", *(limit.hop for limit in limits)}
    rows = (row for row in found.symbols if row.hop in hops)
    labels = found.notation.labels
    return [(hop, labels[hop], list(group)) for hop, group in groupby(rows, key=lambda row: row.hop)]
