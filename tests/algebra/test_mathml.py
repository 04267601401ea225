"""MathML: well-formed, and read back by a reader of its own it is the formula in plain text."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import sympy  # type: ignore[import-untyped]
from hypothesis import given, settings

import tuplecalc as tc
from tests.algebra.cases import ALL, PROXY, chain, cone
from tests.limits.chains import Topology, topologies
from tuplecalc.algebra import Explanation, Form, explain, mathml, printing
from tuplecalc.algebra.markup import formula
from tuplecalc.algebra.markup import steps as steps_of
from tuplecalc.algebra.notation import Notation

every_chain = pytest.mark.parametrize("chain", ALL.values(), ids=ALL)
ARITY = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2}
TOKENS = ("mi", "mn", "mo", "mtext")


def read(element: Element) -> str:
    """A formula as plain text writes it: fractions on one line, with the brackets that these then need."""
    parts = [read(child) for child in element]
    assert len(parts) == ARITY.get(element.tag, len(parts))
    match element.tag:
        case "mrow":
            assert not (element.text or "").strip()
            return joined(parts)
        case "mfrac":
            above, below = parts
            sums = re.search(" [+-] ", outside(above))
            loose = (above.startswith("Σ") or sums, re.search(" [+-] |·", outside(below)))
            return f"{f'({above})' if loose[0] else above} / {f'({below})' if loose[1] else below}"
        case "msub" | "munder":
            return f"{parts[0]}_{parts[1]}"
        case "msup":
            return f"{parts[0]}^{parts[1]}"
    assert element.tag in TOKENS
    assert element.text
    assert not parts
    return element.text


def joined(parts: list[str]) -> str:
    """A row's parts, with the blanks of plain text; the comma of two indices is its underscore."""
    if len(parts) == 3 and parts[0] in ("O", "a", "g", "i", "m", "r", "s", "t", "w") and parts[1] == ",":
        return f"{parts[0]}_{parts[2]}"
    text = ""
    for part in parts:
        text += (
            f" {part} " if part in "+∪∩∖" or (part == "−" and text) else f"{part} " if part == "," else part
        )
    text = text.replace("−", "-").replace("∑_p", "Σ_p ").replace("′", "'")
    return re.sub("⌊(.*)⌋", r"floor(\1)", re.sub("⌈(.*)⌉", r"ceil(\1)", text))


def outside(text: str) -> str:
    """What stands in no brackets."""
    while (shorter := re.sub(r"\([^()]*\)|\|[^|]*\|", "", text)) != text:
        text = shorter
    return text


def plain(markup: str) -> str:
    return read(ElementTree.fromstring(markup))


def flat(text: str) -> str:
    """Numbers as MathML has them: ``1.429·10^29`` for ``1.429e29``, ``1 / 3`` for ``(1/3)``."""
    text = re.sub(r"([\d.]+)e(\d+)", r"\1·10^\2", text)
    return re.sub(r"([\d,])/([\d,])", r"\1 / \2", re.sub(r"\(([\d,]+/[\d,]+)\)", r"\1", text))


def every_form(explained: Explanation) -> Iterator[tuple[Form, Notation]]:
    for limit in explained.limits:
        yield from ((form, limit.notation) for form in (limit.flows, limit.rate) if form)
    for whole in filter(None, (explained.flows_form, explained.rate_form)):
        yield from ((term.form, explained.notation) for term in whole.terms)


def check(form: Form, notation: Notation) -> None:
    assert plain(formula(form, notation)) == form.text
    steps = list(steps_of(form, notation))
    assert [relation for relation, _ in steps] == [step.relation for step in form.steps]
    for (_, markup), step in zip(steps, form.steps, strict=True):
        assert plain(markup) == flat(step.text)


@every_chain
def test_it_reads_like_the_plain_text(chain: tc.Chain) -> None:
    for form, notation in every_form(explain(chain)):
        check(form, notation)


@settings(max_examples=60, deadline=None)
@given(topologies(max_hops=4))
def test_it_reads_like_the_plain_text_of_random_chains(topology: Topology) -> None:
    for form, notation in every_form(explain(tc.from_dict(topology))):
        check(form, notation)


def test_the_reader_objects_to_another_formula() -> None:
    shared = explain(tc.example("outage")).limits[-1]
    assert shared.flows
    markup = formula(shared.flows, shared.notation)
    assert plain(markup) == "floor(|A ∪ L| / 2)·b·E'"
    for wrong in (
        markup.replace("∪", "∩"),
        markup.replace("<mi>b</mi>", "<mi>a</mi>"),
        markup.replace("<mo>⌊</mo>", "").replace("<mo>⌋</mo>", ""),
        markup.replace("<mo>′</mo>", "<mo></mo>"),
        markup.replace("<mi>b</mi><mo>·</mo>", "").replace("<mrow>", "<mrow><mi>b</mi><mo>·</mo>", 1),
    ):
        assert wrong != markup
        with pytest.raises(AssertionError):
            assert plain(wrong) == shared.flows.text


def test_a_letter_that_stands_for_another_thing_has_the_hop_below() -> None:
    explained = explain(tc.example("outage"))
    (clients, *_) = explained.flows_form.terms
    assert formula(clients.form, explained.notation) == (
        "<mrow><mrow><mo>|</mo><msub><mi>A</mi><mtext>clients</mtext></msub><mo>|</mo></mrow>"
        "<mo>·</mo><mi>a</mi><mo>·</mo><msub><mi>E</mi><mtext>clients</mtext></msub></mrow>"
    )


def test_names_of_hops_are_words() -> None:
    odd = chain(
        PROXY,
        {**PROXY, "name": "<b>&\"'"},
        {**PROXY, "name": "</math>"},
        cone(name="x"),
        clients={"addresses": 2},
    )
    explained = explain(odd)
    markups = [formula(form, notation) for form, notation in every_form(explained)]
    assert any("<mtext>&lt;b&gt;&amp;\"'</mtext>" in markup for markup in markups)
    assert not any("<b>" in markup or "</math>" in markup for markup in markups)
    assert "|L_</math>|" in [plain(markup).split("·")[0] for markup in markups]


def test_the_steps_of_a_rate() -> None:
    shared = explain(tc.example("outage")).limits[-1]
    assert shared.rate
    relations, markups = zip(*steps_of(shared.rate, shared.notation), strict=True)
    assert relations == ("=", "=", "≈")
    assert [plain(markup) for markup in markups] == [
        "|A ∪ L|·b·E' / (2·H + c·T)",
        "64,512·1·6 / (2·300 + 1·60)",
        "586.473/s",
    ]


def test_shapes_that_no_limit_has_today() -> None:
    """Powers, differences of products, minima and sums as factors keep their brackets."""
    x, y, total = (sympy.Symbol(name, positive=True) for name in ("x", "y", "Σ"))
    names = {total: mathml.size("alternate", [mathml.letter("A"), mathml.letter("L")])}
    order = (x, y, total)

    def printed(expression: object) -> str:
        return plain(mathml.mathml(expression, order, names))

    assert printed(x**2 * (x - y) / 3) == "x^2·(x - y) / 3"
    assert printed(sympy.Min(x, y + 1, evaluate=False)) == "min(x, y + 1)"
    assert printed(x * total) == "x·(Σ_p α(A, L))"
    assert printed((x + y) ** 2) == "(x + y)^2"
    assert printed(-x) == "-x"
    assert printed(-2 * x) == printing.plain_text(-2 * x, order) == "-2·x"
    assert printed(1 / x) == "1 / x"
    assert printed(-x / 2 + y / 2) == "(-x + y) / 2"
    assert printed(sympy.ceiling(x / y)) == "ceil(x / y)"
