"""LaTeX: balanced, and drawn by a second program that reads it."""

import re

import pytest
from matplotlib.mathtext import MathTextParser

import tuplecalc as tc
from tests.algebra.cases import ALL
from tuplecalc.algebra import explain
from tuplecalc.algebra.notation import escaped, subscript
from tuplecalc.render.explanation import formula

every_chain = pytest.mark.parametrize("chain", ALL.values(), ids=ALL)


def balanced(latex: str) -> bool:
    bare = re.sub(r"\\[{}]", "", latex)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    pairs = [(r"\left", r"\right"), (r"\begin", r"\end")]
    return depth == 0 and all(
        len(re.findall(rf"{re.escape(left)}(?![a-z])", bare))
        == len(re.findall(rf"{re.escape(right)}(?![a-z])", bare))
        for left, right in pairs
    )


def test_balanced_can_fail() -> None:
    assert balanced(r"\frac{a}{b}")
    assert not balanced(r"\frac{a}{b")
    assert not balanced(r"}{")
    assert not balanced(r"\left|A")


@every_chain
def test_every_formula_is_balanced(chain: tc.Chain) -> None:
    explanation = explain(chain)
    for limit in explanation.limits:
        for form in filter(None, (limit.flows, limit.rate)):
            assert all(balanced(step.latex) for step in form.steps)
    assert balanced(explanation.latex())
    assert balanced(formula(explanation))
    assert all(balanced(row.latex) for row in explanation.symbols)


@pytest.mark.filterwarnings("ignore:Glyph")  # a font without Japanese
@pytest.mark.parametrize("name", [name for name in ALL if name != "many"])
def test_every_formula_can_be_drawn(name: str) -> None:
    parser = MathTextParser("path")
    explanation = explain(ALL[name])
    found = [form for limit in explanation.limits for form in (limit.flows, limit.rate) if form]
    chain_forms = [form for form in (explanation.flows_form, explanation.rate_form) if form]
    latexes = {step.latex for form in found for step in form.steps}
    latexes |= {term.form.latex for form in chain_forms for term in form.terms}
    for latex in latexes:
        assert parser.parse(f"${latex}$").width > 0


def test_the_printer_keeps_the_order_of_the_limit() -> None:
    shared = explain(tc.example("inverted-cone-tproxy")).limits[-1]
    assert shared.flows
    assert shared.flows.latex == (
        r"\left\lfloor{\frac{\left|A \cup L\right|}{2}}\right\rfloor \cdot b \cdot E' \cdot n"
    )
    assert shared.rate
    assert (
        shared.rate.latex == r"\frac{\left|A \cup L\right| \cdot b \cdot E' \cdot n}{2 \cdot H + c \cdot T}"
    )
    assert shared.rate.steps[1].latex == r"\frac{64{,}512 \cdot 4 \cdot 10 \cdot 1}{2 \cdot 2 + 1 \cdot 60}"


def test_hop_names_are_plain_words() -> None:
    assert subscript("A", "50%_nat") == r"A_{\text{50\%\_nat}}"
    assert subscript("T_{t}", "nat") == r"T_{t,\text{nat}}"
    assert escaped("[a]{b}\\~^") == r"{[}a]\{b\}\textbackslash{}\textasciitilde{}\textasciicircum{}"
