"""Closed forms: an expression, its numbers put in, its result; of one limit and of the chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra import numbers, printing
from tuplecalc.algebra.notation import Notation
from tuplecalc.algebra.symbols import exact, minimum, number
from tuplecalc.limits.expression import Expression, Number, Quotient, Size, leaves
from tuplecalc.limits.kinds import JOINT
from tuplecalc.limits.limit import Limit

_MOST_TERMS_SHOWN, _SMALLEST_TERMS = 12, 6


class Step(NamedTuple):
    """One step of a substitution; ``relation`` is ``"="``, or ``"≈"`` where the step rounds."""

    relation: str
    text: str
    latex: str

    @property
    def latex_relation(self) -> str:
        """The relation in LaTeX."""
        return self.relation.replace("≈", r"\approx")


@dataclass(frozen=True)
class Form:
    """One closed form: a sympy expression, the values of its symbols, and its exact value.

    ``values`` holds the symbols in the order in which the limit names them; ``names`` are their
    LaTeX names.  A rate is in connections a second.
    """

    quantity: str
    """``"flows"`` or ``"rate"``."""
    expression: Any
    value: Number
    values: Mapping[Any, Any]
    names: Mapping[Any, str]

    @cached_property
    def text(self) -> str:
        """The formula in plain text."""
        return printing.plain_text(self.expression, tuple(self.values))

    @cached_property
    def latex(self) -> str:
        """The formula in LaTeX."""
        return printing.latex(self.expression, tuple(self.values), self.names)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The formula, its numbers put in, the result."""
        if not self.values:
            return (self.result,)
        given = {made: number(value) for made, value in self.values.items()}
        exactly = all(map(numbers.is_exact, given.values()))
        order = tuple(self.values)
        texts = {made: numbers.text(value) for made, value in given.items()}
        latexes = {made: numbers.latex(value) for made, value in given.items()}
        put_in = Step(
            "=" if exactly else "≈",
            printing.plain_text(self.expression, order, texts),
            printing.latex(self.expression, order, latexes),
        )
        found = (Step("=", self.text, self.latex), put_in, self.result)
        return found if put_in.text not in (self.text, self.result.text) else (found[0], found[2])

    @property
    def result(self) -> Step:
        """The value; a rate with its unit, rounded where it is no whole number."""
        if self.quantity != "rate":
            relation = "=" if numbers.is_exact(self.value) else "≈"
            return Step(relation, numbers.text(self.value), numbers.latex(self.value))
        written, relation = numbers.rounded(self.value)
        return Step(relation, f"{written}/s", rf"{numbers.rounded_latex(self.value)} / \text{{s}}")


class Forms(NamedTuple):
    """The closed forms of one limit; no flows or no rate where nothing limits them."""

    flows: Form | None
    rate: Form | None


def forms(limit: Limit, notation: Notation) -> Forms:
    """The closed forms of a limit in the letters of a notation.

    ``flows = floor(scopes · floor(size / keys))``, the outer floor only where the scopes are a
    fraction, and the inner one only where a flow's keys are a whole number; ``rate = size · scopes /
    seconds``.
    """
    return Forms(_flows(limit, notation), _rate(limit, notation))


def _flows(limit: Limit, notation: Notation) -> Form | None:
    if limit.flows is None:
        return None
    used: dict[Any, None] = {}
    size = notation.read(limit.size, used)
    scopes = notation.read(limit.scopes, used)
    if limit.flows == 0 and limit.is_of_a_mix:
        return _form("flows", sympy.Integer(0), 0, used, notation)
    if limit.is_of_a_mix:
        keys = exact(limit.keys) if limit.keys_formula is None else notation.read(limit.keys_formula, used)
        return _form("flows", _floor(size * scopes / keys), limit.flows, used, notation)
    flows = scopes * _floor(size / limit.keys)
    if _may_be_fraction(limit.scopes):
        flows = _floor(flows)
    return _form("flows", flows, limit.flows, used, notation)


def _rate(limit: Limit, notation: Notation) -> Form | None:
    if limit.rate is None:
        return None
    used: dict[Any, None] = {}
    if limit.keys_formula is not None:
        notation.read(limit.keys_formula, used)  # so that H stands before T in the sums of all kinds
    size, scopes, seconds = (
        notation.read(part, used) for part in (limit.busy or limit.size, limit.scopes, limit.seconds)
    )
    if limit.rate == 0:
        return _form("rate", sympy.Integer(0), limit.rate, used, notation)
    return _form("rate", size * scopes / _short(seconds), limit.rate, used, notation)


def _floor(quotient: Any) -> Any:
    """``floor``; of symbols as it stands, since sympy would look long for what is whole in it."""
    if quotient.is_Symbol and quotient.is_integer:
        return quotient
    return sympy.floor(quotient, evaluate=quotient.is_number)


def _form(quantity: str, expression: Any, value: Number, used: Iterable[Any], notation: Notation) -> Form:
    left = expression.free_symbols
    here = [made for made in used if made in left]
    values = {made: notation.values[made] for made in here}
    return Form(quantity, expression, value, values, {made: notation.latex[made] for made in here})


def _short(seconds: Any) -> Any:
    """Both legs' seconds add up to 2·H + T: the parts in c cancel where that is shorter."""
    if len(seconds.args) <= 2 or seconds.has(sympy.Min):
        return seconds
    expanded = seconds.expand()
    return expanded if expanded.count_ops() < seconds.count_ops() else seconds


def _may_be_fraction(expression: Expression) -> bool:
    fractions = (leaf for leaf in leaves(expression) if not isinstance(leaf, Size))
    return _divides(expression) or any(leaf.value.denominator != 1 for leaf in fractions)


def _divides(expression: Expression) -> bool:
    if isinstance(expression, Quotient):
        return not expression.rounding
    parts: Sequence[Expression] = getattr(expression, "factors", ()) or getattr(expression, "choices", ())
    return any(map(_divides, parts))


@dataclass(frozen=True)
class LimitForms:
    """The closed forms of one limit in the letters of its hop."""

    limit: Limit
    kind: str
    """The hop's kind: ``"clients"``, ``"cone"`` or ``"hourglass"``."""
    notation: Notation

    @cached_property
    def forms(self) -> Forms:
        """Flows and rate."""
        return forms(self.limit, self.notation)

    @property
    def flows(self) -> Form | None:
        """``floor(|A ∪ L| / 2)·b·E'``; None where those that are open take no key."""
        return self.forms.flows

    @property
    def is_of_numbers(self) -> bool:
        """Whether it is what a linear program found: its formula is of numbers, there are no letters."""
        return self.limit.kind is JOINT and self.limit.is_of_a_mix

    @property
    def rate(self) -> Form | None:
        """``|A ∪ L|·b·E' / (2·H + T)``; None where nothing limits it."""
        return self.forms.rate

    def __repr__(self) -> str:
        flows = self.flows.text if self.flows else "any"
        return f"<LimitForms {self.limit.hop}/{self.limit.name}: flows = {flows}>"


@dataclass(frozen=True)
class Term:
    """One term of the chain's minimum, and the limits that it stands for."""

    form: Form
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class ChainForm:
    """The minimum over all limits, equal terms once; ``binding`` is the limit that gives it."""

    terms: tuple[Term, ...]
    binding: Limit

    @cached_property
    def expression(self) -> Any:
        """``Min(…)``, unevaluated."""
        return minimum(*(term.form.expression for term in self.terms))

    @cached_property
    def values(self) -> dict[Any, Any]:
        """Every symbol's exact value."""
        found: dict[Any, Any] = {}
        for term in self.terms:
            found.update(term.form.values)
        return found

    @cached_property
    def binding_term(self) -> Term:
        """The term of the binding limit."""
        return next(term for term in self.terms if any(limit is self.binding for limit in term.limits))

    def is_tightest(self, term: Term) -> bool:
        """Whether it is the binding limit's term, or has one of the same hop that is as tight."""
        is_there = any(limit.hop == self.binding.hop for limit in term.limits)
        return is_there and term.form.value == self.binding_term.form.value

    @property
    def text(self) -> str:
        """``min(…)`` in plain text."""
        return self._joined([term.form.text for term in self.terms], "min(", ")")

    @property
    def latex(self) -> str:
        r"""``\min\left(…\right)``."""
        return self._joined([term.form.latex for term in self.terms], r"\min\left(", r"\right)")

    @staticmethod
    def _joined(terms: list[str], before: str, after: str) -> str:
        return terms[0] if len(terms) == 1 else f"{before}{', '.join(terms)}{after}"

    def shown(self) -> tuple[Term, ...]:
        """What people read, in the chain's order: all terms, or of very many only the smallest few."""
        if len(self.terms) <= _MOST_TERMS_SHOWN:
            return self.terms
        ranked = sorted(self.terms, key=lambda term: (term is not self.binding_term, term.form.value))
        kept = {id(term) for term in ranked[:_SMALLEST_TERMS]}
        return tuple(term for term in self.terms if id(term) in kept)


def chain_form(found: Iterable[tuple[Limit, Form]], binding: Limit) -> ChainForm:
    """The minimum of the limits' forms in one notation."""
    terms: dict[Any, tuple[Form, list[Limit]]] = {}
    for limit, form in found:
        terms.setdefault(form.expression, (form, []))[1].append(limit)
    return ChainForm(tuple(Term(form, tuple(limits)) for form, limits in terms.values()), binding)
