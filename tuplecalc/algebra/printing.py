"""sympy's printers, such that a formula keeps the order in which the limit was written.

The same printers write the numbers of a substitution: a symbol's name is then its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy  # type: ignore[import-untyped]
from sympy.printing.latex import LatexPrinter  # type: ignore[import-untyped]
from sympy.printing.str import StrPrinter  # type: ignore[import-untyped]


def plain_text(expression: Any, order: Sequence[Any], names: Mapping[Any, str] | None = None) -> str:
    """An expression in plain text; ``order`` are its symbols in reading order.

    >>> size, b, time = (sympy.Symbol(name, positive=True) for name in ("|A ∪ L|", "b", "T"))
    >>> plain_text(sympy.floor(size / 2) * b, (size, b))
    'floor(|A ∪ L| / 2)·b'
    >>> plain_text(b * size / (2 + time), (size, b, time), {size: "64,512", b: "4", time: "60"})
    '64,512·4 / (2 + 60)'
    """
    return str(_TextPrinter(order, names or {}).doprint(expression))


def latex(expression: Any, order: Sequence[Any], names: Mapping[Any, str]) -> str:
    r"""An expression in LaTeX.

    >>> size, b = (sympy.Symbol(name, positive=True) for name in ("|A|", "b"))
    >>> print(latex(sympy.floor(size / 2) * b, (size, b), {size: r"\left|A\right|"}))
    \left\lfloor{\frac{\left|A\right|}{2}}\right\rfloor \cdot b
    """
    return str(_LatexPrinter(order, names).doprint(expression))


class Reading:
    """The reading order of factors and terms: by their last symbol, then by their first."""

    def __init__(self, order: Sequence[Any]) -> None:
        self._places = {made: place for place, made in enumerate(order)}

    def __call__(self, part: Any) -> tuple[int, list[int]]:
        """What to sort by."""
        places = sorted(self._places.get(made, len(self._places)) for made in part.free_symbols)
        return (places[-1] if places else -1, places)

    def terms(self, total: Any) -> list[Any]:
        """The terms of a sum; a 1 stands last as in E + 1 and E - 1, unless that puts a minus in front."""
        terms = sorted(total.args, key=self)
        if terms[0].is_number and terms[0] <= 1 and not terms[1].as_coeff_Mul()[0].is_negative:
            terms.append(terms.pop(0))
        return terms


def fraction(product: Any) -> tuple[list[Any], list[Any]]:
    """Factors above and below the line."""
    above, below = [], []
    for factor in sympy.Mul.make_args(product):
        if factor.is_Rational:
            above += [sympy.Integer(abs(factor.p))] if abs(factor.p) != 1 else []  # the sign stands in front
            below += [sympy.Integer(factor.q)] if factor.q != 1 else []
        elif factor.is_Pow and factor.exp.is_negative:
            below.append(factor.base**-factor.exp)
        else:
            above.append(factor)
    return above, below


def common_divisor(total: Any) -> tuple[Any, int]:
    """``total = whole / divisor`` where all terms have the same rational divisor."""
    content, rest = total.primitive()
    return (rest, content.q) if content.p == 1 and content.q > 1 else (total, 1)


class _TextPrinter(StrPrinter):  # type: ignore[misc]
    def __init__(self, order: Sequence[Any], names: Mapping[Any, str]) -> None:
        super().__init__()
        self._reading, self._texts = Reading(order), names

    def _print_Symbol(self, made: Any) -> str:
        return self._texts.get(made, str(made.name))

    def _factor(self, part: Any) -> str:
        written = str(self._print(part))
        loose = part.is_Add or (part.is_Symbol and (written.startswith("Σ") or "/" in written))
        return f"({written})" if loose else written

    def _print_Mul(self, product: Any) -> str:
        above, below = fraction(product)
        sign = "-" if product.as_coeff_Mul()[0].is_negative else ""
        written = "·".join(map(self._factor, sorted(above, key=self._reading))) or "1"
        if len(above) == 1 and not below and not above[0].is_Add:
            written = str(self._print(above[0]))
        if below:
            divisor = "·".join(map(self._factor, sorted(below, key=self._reading)))
            written += f" / ({divisor})" if len(below) > 1 else f" / {divisor}"
        return sign + written

    def _print_Add(self, total: Any, order: object = None) -> str:
        whole, divisor = common_divisor(total)
        if divisor > 1:
            return f"({self._print(whole)}) / {divisor}"
        written = ""
        for term in self._reading.terms(total):
            text = str(self._print(term))
            if not written:
                written = text
            else:
                written += f" - {text[1:]}" if text.startswith("-") else f" + {text}"
        return written

    def _print_Pow(self, power: Any, rational: bool = False) -> str:
        if power.exp.is_negative:
            return self._print_Mul(power)
        return f"{self._factor(power.base)}^{self._print(power.exp)}"

    def _print_floor(self, rounded: Any) -> str:
        return f"floor({self._print(rounded.args[0])})"

    def _print_ceiling(self, rounded: Any) -> str:
        return f"ceil({self._print(rounded.args[0])})"

    def _print_Min(self, least: Any) -> str:
        return f"min({', '.join(map(self._print, sorted(least.args, key=self._reading)))})"


class _LatexPrinter(LatexPrinter):  # type: ignore[misc]
    def __init__(self, order: Sequence[Any], names: Mapping[Any, str]) -> None:
        super().__init__({"symbol_names": dict(names), "mul_symbol": "dot"})
        self._reading = Reading(order)

    def _product(self, factors: list[Any]) -> str:
        written = []
        for factor in sorted(factors, key=self._reading):
            text = str(self._print(factor))
            loose = factor.is_Add or (factor.is_Symbol and text.startswith(r"\sum"))
            written.append(rf"\left({text}\right)" if loose and len(factors) > 1 else text)
        return r" \cdot ".join(written) or "1"

    def _print_Mul(self, product: Any) -> str:
        above, below = fraction(product)
        sign = "- " if product.as_coeff_Mul()[0].is_negative else ""
        if not below:
            return sign + self._product(above)
        return rf"{sign}\frac{{{self._product(above)}}}{{{self._product(below)}}}"

    def _print_Add(self, total: Any, order: object = None) -> str:
        whole, divisor = common_divisor(total)
        if divisor > 1:
            return rf"\frac{{{self._print(whole)}}}{{{divisor}}}"
        written = ""
        for term in self._reading.terms(total):
            text = str(self._print(term))
            if written:
                text = f"- {text[1:].lstrip()}" if text.startswith("-") else f"+ {text}"
            written += f"{text} "
        return written.rstrip()

    def _print_Min(self, least: Any, exp: object = None) -> str:
        parts = ", ".join(map(self._print, sorted(least.args, key=self._reading)))
        return rf"\min\left({parts}\right)"
