"""Closed forms and their steps in MathML."""

from __future__ import annotations

from collections.abc import Iterator

from tuplecalc.algebra import mathml, numbers, symbols
from tuplecalc.algebra.forms import Form
from tuplecalc.algebra.notation import Notation


def formula(form: Form, notation: Notation) -> str:
    """A closed form in the names of its notation."""
    return mathml.mathml(form.expression, tuple(form.values), notation.mathml)


def steps(form: Form, notation: Notation) -> Iterator[tuple[str, str]]:
    """The steps of a form, each with its relation: the formula, its numbers put in, the result."""
    *given, result = form.steps
    exact = {made: numbers.text(symbols.number(value)) for made, value in form.values.items()}
    put_in = {made: mathml.number(written) for made, written in exact.items()}
    for step, names in zip(given, (notation.mathml, put_in), strict=False):
        yield step.relation, mathml.mathml(form.expression, tuple(form.values), names)
    written, per_second, _ = result.text.partition("/s")
    unit = ["<mo>/</mo>", "<mtext>s</mtext>"] if per_second else []
    yield result.relation, mathml.row(mathml.number(written), *unit)
