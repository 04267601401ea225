"""The closed forms against exact integers; sympy, integers and floats read the same limits."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, isclose
from typing import Any

import numpy as np
import pytest
import sympy  # type: ignore[import-untyped]
from hypothesis import given, settings

import tuplecalc as tc
from tests.algebra.cases import ALL
from tests.limits.chains import Topology, topologies
from tuplecalc.algebra import Explanation, explain
from tuplecalc.algebra.forms import Form, forms
from tuplecalc.algebra.notation import Notation
from tuplecalc.limits.expression import Constant, Expression, Quantity, Size, evaluate
from tuplecalc.limits.letters import SYMBOLS
from tuplecalc.network.file import EXAMPLES

every_chain = pytest.mark.parametrize("chain", ALL.values(), ids=ALL)


def fraction(number: Any) -> Fraction:
    assert number.is_Rational, number
    return Fraction(int(number.p), int(number.q))


def check(explanation: Explanation) -> None:
    """Every form, with its values put in, is what exact arithmetic says."""
    result = explanation.result
    assert fraction(explanation.flows.xreplace(explanation.values)) == result.flows
    if result.rate is None:
        assert explanation.rate is None
    else:
        assert fraction(explanation.rate.xreplace(explanation.values)) == result.rate
    for limit in explanation.limits:
        assert limit.flows
        assert fraction(limit.flows.expression.xreplace(limit.flows.values)) == limit.limit.flows
        assert (limit.rate is None) == (limit.limit.rate is None)
        if limit.rate:
            assert fraction(limit.rate.expression.xreplace(limit.rate.values)) == limit.limit.rate
    for form in filter(None, (explanation.flows_form, explanation.rate_form)):
        terms = [limit for term in form.terms for limit in term.limits]
        assert len(terms) == len({id(limit) for limit in terms})
        for term in form.terms:  # what is one term has one value
            figures = {getattr(limit, term.form.quantity) for limit in term.limits}
            assert figures == {term.form.value}


@pytest.mark.parametrize("name", EXAMPLES)
def test_values_put_in_give_the_capacity(name: str) -> None:
    explanation = explain(tc.example(name))
    result = tc.capacity(tc.example(name))
    assert explanation.flows.subs(explanation.values) == result.flows
    assert explanation.rate.subs(explanation.values) == result.rate
    check(explanation)


@every_chain
def test_every_form_of_odd_chains(chain: tc.Chain) -> None:
    check(explain(chain))


@settings(max_examples=150, deadline=None)
@given(topologies(max_hops=4))
def test_every_form_of_random_chains(topology: Topology) -> None:
    check(explain(tc.from_dict(topology)))


def as_float(expression: Expression) -> float:
    def leaf(node: Quantity | Size | Constant) -> np.float64:
        return np.float64(node.value.numerator) / np.float64(node.value.denominator)

    return float(evaluate(expression, leaf, floor=np.floor, ceiling=ceil, minimum=min))


@settings(max_examples=150, deadline=None)
@given(topologies(max_hops=4))
def test_floats_read_the_same(topology: Topology) -> None:
    for limit in tc.capacity(tc.from_dict(topology)).limits:
        for part in (limit.size, limit.scopes, limit.seconds):
            assert isclose(as_float(part), part.value, rel_tol=1e-12, abs_tol=1e-300)
        if limit.rate:
            rate = as_float(limit.busy or limit.size) * as_float(limit.scopes) / as_float(limit.seconds)
            assert isclose(rate, limit.rate, rel_tol=1e-12)


def test_a_wrong_limit_is_noticed() -> None:
    explanation = explain(tc.example("outage"))
    shared = explanation.limits[-1]
    wrong = forms(replace(shared.limit, keys=1), shared.notation).flows
    assert wrong
    assert wrong.expression.xreplace(wrong.values) == 2 * (shared.limit.flows or 0)


def test_the_story_of_the_inverted_cone() -> None:
    """Both halves: the cone's and the proxy's ports for themselves, and half of what they have together."""
    form = explain(tc.example("inverted-cone-tproxy")).flows_form
    assert form.text == "min(|A_clients|·a·E, |A|·b·E, |L|·b·E, floor(|A ∪ L| / 2)·b·E·n)"
    assert [[f"{limit.hop} {limit.name}" for limit in term.limits] for term in form.terms] == [
        ["clients ports"],
        ["nat ports", "proxy accepted"],  # |P|·M·E at the NAT is |A|·b·E at the proxy
        ["proxy upstream"],
        ["proxy shared"],
    ]
    assert form.binding_term is form.terms[-1]


def test_the_expression_answers_other_questions() -> None:
    """Ranges apart double the union, and the half that was lost comes back."""
    explanation = explain(tc.example("inverted-cone-tproxy"))
    named = {symbol.name: symbol for symbol in explanation.values}
    apart = {**explanation.values, named["|A ∪ L|"]: sympy.Integer(2 * 64512)}
    assert explanation.flows.xreplace(apart) == 2 * explanation.result.flows
    linger = sympy.diff(
        explanation.rate_form and explanation.rate_form.binding_term.form.expression, named["T_nat"]
    )
    assert linger.xreplace(explanation.values) < 0


def steps(form: Form | None) -> list[str]:
    return [f"{step.relation} {step.text}" for step in form.steps] if form else []


def test_substitution_step_by_step() -> None:
    shared = explain(tc.example("inverted-cone-tproxy")).limits[-1]
    assert steps(shared.flows) == [
        "= floor(|A ∪ L| / 2)·b·E'·n",
        "= floor(64,512 / 2)·4·10·1",
        "= 1,290,240",
    ]
    assert steps(shared.rate) == [
        "= |A ∪ L|·b·E'·n / (2·H + c·T)",
        "= 64,512·4·10·1 / (2·2 + 1·60)",
        "= 40,320/s",
    ]


@pytest.mark.parametrize(
    ("case", "limit", "flows", "rate"),
    [
        ("taken", "block", "k·min(a, M·floor(|P| / k))", "k·min(a, M·floor(|P| / k)) / (H + T)"),
        ("taken", "bind", "|L|·a·n", "|L|·a·n / (H + c·T)"),
        (
            "blocks",
            "listener",
            "floor(|A|·E·M·floor(|P| / k) / n')",
            "|A|·E·M·floor(|P| / k) / (n'·H)",
        ),
        ("shares", "shared", "floor(floor(|A ∪ L| / 2)·b·E')", "|A ∪ L|·b·E' / (2·H + c·T)"),
        ("fractions", "files", "floor(floor(files / 2)·n')", "files·n' / (2·H)"),
        ("refused", "shared", "0", "0"),
        (
            "row",
            "shared-4",
            "floor((Σ_p α(A_1, A_[p2], A, L)) / 4)·b·E'·n",
            "(64512 + 28232·H^2 / ((H + c·T_[p2])·(H + c·T_1)))·b·E'·n / "
            "(2·H + H^2 / (H + c·T_[p2]) + H^3 / ((H + c·T_[p2])·(H + c·T_1)) + c·T)",
        ),
    ],
)
def test_formulas_in_the_hop_s_own_letters(case: str, limit: str, flows: str, rate: str) -> None:
    found = next(form for form in explain(ALL[case]).limits if form.limit.name == limit)
    assert found.flows
    assert found.rate
    assert found.flows.text == flows
    assert found.rate.text == rate


def test_two_meanings_of_a_letter_at_one_hop_get_two_names() -> None:
    """Behind a listener that shares out its endpoints, b is another number on the other side."""
    found = {form.limit.name: form.flows for form in explain(ALL["blocks"]).limits if form.limit.hop == "h1"}
    texts = {name: form.text for name, form in found.items() if form}
    assert texts["listener"] == "floor(|A|·E·M·floor(|P| / k) / n')"
    assert texts["upstream"] == "floor(|L|·b'·E'·M·floor(|P| / k) / (b·n'))"


@every_chain
def test_one_name_is_one_symbol(chain: tc.Chain) -> None:
    explanation = explain(chain)
    found: set[Any] = set(explanation.values)
    for limit in explanation.limits:
        found |= {symbol for form in (limit.flows, limit.rate) if form for symbol in form.values}
    assert len({symbol.name for symbol in found}) == len(found)


@every_chain
def test_every_letter_is_explained(chain: tc.Chain) -> None:
    explanation = explain(chain)
    rows = explanation.symbols
    for row in rows:
        assert row.meaning
        assert row.unit
        assert row.latex
        known = {row.place, row.definition} - {""}
        compound = row.letter.startswith("Σ") or " " in row.letter
        assert known or compound or row.letter == "n'", row  # n' may follow from the shares
    own = {(row.hop, row.letter) for row in rows}
    along = {row.chain: row.value for row in rows if row.chain}
    anywhere = {letter for _, letter in own} | {row.chain for row in rows}
    for limit in explanation.limits:
        for form in filter(None, (limit.flows, limit.rate)):
            for symbol in form.values:
                foreign = "_" in symbol.name and symbol.name not in SYMBOLS
                assert (limit.limit.hop, symbol.name) in own or symbol.name in anywhere or foreign, symbol
    for symbol, value in explanation.values.items():
        assert along[symbol.name] == fraction(value)


def test_all_letters_of_the_table_can_be_written() -> None:
    for limit in explain(ALL["taken"]).limits:
        notation = limit.notation
        assert isinstance(notation, Notation)
        assert set(notation.latex) == set(notation.values)


def test_one_line() -> None:
    assert repr(explain(tc.example("outage"))) == (
        "<Explanation inverted cone: flows = min of 4 = 193,536, rate = min of 5 ≈ 586.473/s>"
    )
    limit = explain(tc.example("outage")).limits[1]
    assert repr(limit) == "<LimitForms lvs/ports: flows = |P|·M·E'>"
