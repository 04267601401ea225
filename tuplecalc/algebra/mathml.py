"""Formulas in MathML, which browsers draw and screen readers speak: names, numbers, expressions.

Each function gives one element (of presentation MathML, without the ``<math>`` around it), so that
it may stand wherever MathML wants exactly one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from sympy.printing.printer import Printer  # type: ignore[import-untyped]

from tuplecalc.algebra.printing import Reading, common_divisor, fraction

_SIGNS = {"union": "∪", "intersection": "∩", "difference": "∖"}


def row(*parts: str) -> str:
    """Elements as one."""
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def letter(symbol: str, primes: int = 0, below: str = "") -> str:
    """A letter of the table of letters, with ``primes`` behind it and a hop's name ``below``.

    >>> letter("T_t", below="nat & co")
    '<msub><mi>T</mi><mrow><mi>t</mi><mo>,</mo><mtext>nat &amp; co</mtext></mrow></msub>'
    >>> letter("E'", primes=1), letter("entries")
    ('<mrow><mi>E</mi><mo>′′</mo></mrow>', '<mi>entries</mi>')
    """
    plain = symbol.rstrip("'")
    base, _, index = plain.partition("_")
    primes += len(symbol) - len(plain)
    # Fonts have primes that are raised already; as a superscript they would be raised twice.
    marked = row(f"<mi>{base}</mi>", *([f"<mo>{'′' * primes}</mo>"] if primes else []))
    indices = [f"<mi>{index}</mi>"] if index else []
    indices += ["<mo>,</mo>"] if index and below else []
    indices += [f"<mtext>{escape(below)}</mtext>"] if below else []
    return f"<msub>{marked}{row(*indices)}</msub>" if indices else marked


def size(operation: str, sets: Sequence[str]) -> str:
    """The number of ports of some sets, given by their elements: ``|A ∪ L|``, ``Σ_p α(A, …, L)``.

    >>> size("union", [letter("A"), letter("L")])
    '<mrow><mo>|</mo><mi>A</mi><mo>∪</mo><mi>L</mi><mo>|</mo></mrow>'
    """
    if operation != "alternate":
        return row("<mo>|</mo>", f"<mo>{_SIGNS[operation]}</mo>".join(sets), "<mo>|</mo>")
    over_ports = "<munder><mo>∑</mo><mi>p</mi></munder>"
    return row(over_ports, "<mi>α</mi>", "<mo>(</mo>", "<mo>,</mo>".join(sets), "<mo>)</mo>")


def number(written: str) -> str:
    """A number as :mod:`tuplecalc.algebra.numbers` writes it in plain text.

    >>> number("1,290,240"), number("17/3")
    ('<mn>1,290,240</mn>', '<mfrac><mn>17</mn><mn>3</mn></mfrac>')
    >>> number("3·2^100")
    '<mrow><mn>3</mn><mo>·</mo><msup><mn>2</mn><mn>100</mn></msup></mrow>'
    >>> number("1.429e29")
    '<mrow><mn>1.429</mn><mo>·</mo><msup><mn>10</mn><mn>29</mn></msup></mrow>'
    """
    digits, e, exponent = written.partition("e")
    if e:
        return number(f"{digits}·10^{exponent}")
    if "/" in written:
        return f"<mfrac>{''.join(map(number, written.split('/')))}</mfrac>"
    if "·" in written:
        return f"<mrow>{'<mo>·</mo>'.join(map(number, written.split('·')))}</mrow>"
    if "^" in written:
        return f"<msup>{''.join(map(number, written.split('^')))}</msup>"
    return f"<mn>{written.replace('-', '−')}</mn>"


def mathml(expression: Any, order: Sequence[Any], names: Mapping[Any, str]) -> str:
    """An expression in MathML; ``order`` are its symbols in reading order, ``names`` their elements.

    >>> import sympy
    >>> b, T = (sympy.Symbol(name, positive=True) for name in ("b", "T_t"))
    >>> print(mathml(b / T, (b, T), {T: letter("T_t")}))
    <mfrac><mi>b</mi><msub><mi>T</mi><mi>t</mi></msub></mfrac>
    """
    return str(_MathMLPrinter(order, names).doprint(expression))


def _bracketed(inside: str) -> str:
    return row("<mo>(</mo>", inside, "<mo>)</mo>")


class _MathMLPrinter(Printer):  # type: ignore[misc]
    def __init__(self, order: Sequence[Any], names: Mapping[Any, str]) -> None:
        super().__init__()
        self._reading, self._names = Reading(order), names

    def _print_Symbol(self, made: Any) -> str:
        return self._names.get(made) or f"<mi>{escape(made.name)}</mi>"

    def _print_Integer(self, whole: Any) -> str:
        return f"<mn>{whole}</mn>"

    def _print_Rational(self, ratio: Any) -> str:
        return f"<mfrac><mn>{ratio.p}</mn><mn>{ratio.q}</mn></mfrac>"

    def _print_floor(self, rounded: Any) -> str:
        return row("<mo>⌊</mo>", self._print(rounded.args[0]), "<mo>⌋</mo>")

    def _print_ceiling(self, rounded: Any) -> str:
        return row("<mo>⌈</mo>", self._print(rounded.args[0]), "<mo>⌉</mo>")

    def _factor(self, part: Any) -> str:
        printed = str(self._print(part))
        return _bracketed(printed) if part.is_Add or (part.is_Symbol and "∑" in printed) else printed

    def _product(self, factors: Sequence[Any]) -> str:
        factors = sorted(factors, key=self._reading)
        if len(factors) < 2:  # above or below a line, or with a sign, nothing needs brackets
            return str(self._print(factors[0])) if factors else "<mn>1</mn>"
        return f"<mrow>{'<mo>·</mo>'.join(map(self._factor, factors))}</mrow>"

    def _print_Mul(self, product: Any) -> str:
        above, below = fraction(product)
        printed = self._product(above)
        if below:
            printed = f"<mfrac>{printed}{self._product(below)}</mfrac>"
        return row("<mo>−</mo>", printed) if product.as_coeff_Mul()[0].is_negative else printed

    def _print_Add(self, total: Any) -> str:
        whole, divisor = common_divisor(total)
        if divisor > 1:
            return f"<mfrac>{self._print(whole)}<mn>{divisor}</mn></mfrac>"
        parts: list[str] = []
        for term in self._reading.terms(total):
            negative = term.could_extract_minus_sign()
            sign = [f"<mo>{'−' if negative else '+'}</mo>"] if parts or negative else []
            parts += [*sign, self._print(-term if negative else term)]
        return row(*parts)

    def _print_Pow(self, power: Any) -> str:
        if power.exp.is_negative:
            return self._print_Mul(power)
        base = str(self._print(power.base))
        simple = re.fullmatch(r"<m[in]>[^<]*</m[in]>", base)
        return f"<msup>{base if simple else _bracketed(base)}{self._print(power.exp)}</msup>"

    def _print_Min(self, least: Any) -> str:
        choices = "<mo>,</mo>".join(map(self._print, sorted(least.args, key=self._reading)))
        return row("<mi>min</mi>", "<mo>(</mo>", choices, "<mo>)</mo>")
