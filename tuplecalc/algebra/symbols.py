"""Quantities and sizes of port sets → sympy symbols.

:func:`symbol` and :func:`size_symbol` are the one place where symbols are made: what sympy may
assume follows from the letter, so that two symbols of one name are always the same symbol.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy  # type: ignore[import-untyped]

from tuplecalc.limits.expression import Number
from tuplecalc.limits.letters import SYMBOLS

_WHOLE = frozenset({"N", "V", "m", "M", "n", "K", "Q", "o", "d", "k", "u", "u_m", "h", "entries", "files"})
_MAY_BE_ZERO = frozenset({"H", "H_m", "H_u", "c", "c_u", "T", "T_w", "T_r", "T_a", "T_t", "k"})


def symbol(name: str, letter: str) -> Any:
    """The symbol of a quantity: ``letter`` (of :data:`SYMBOLS`) decides what sympy may assume.

    Numbers of machines are whole; shares of traffic make fractions of the others.

    >>> n = symbol("n_nat", "n")
    >>> n.is_integer, symbol("E", "E").is_integer, symbol("T", "T").is_nonnegative
    (True, None, True)
    """
    if letter not in SYMBOLS:
        raise KeyError(f"{letter} is not in the table of letters")
    whole = True if letter in _WHOLE else None
    if letter in _MAY_BE_ZERO:
        return sympy.Symbol(name, nonnegative=True, integer=whole)
    return sympy.Symbol(name, positive=True, integer=whole)


def size_symbol(name: str) -> Any:
    """The symbol of a number of ports: ``|A ∪ L|``.

    >>> sympy.floor(size_symbol("|A ∪ L|") / 2)
    floor(|A ∪ L|/2)
    """
    return sympy.Symbol(name, nonnegative=True, integer=True)


def exact(number: Number) -> Any:
    """sympy's integer or rational."""
    return sympy.Rational(number.numerator, number.denominator)


def number(made: Any) -> Number:
    """The same number back from sympy.

    >>> number(sympy.Rational(17, 3)), number(sympy.Integer(2))
    (Fraction(17, 3), 2)
    """
    return int(made) if made.is_Integer else Fraction(int(made.p), int(made.q))


def minimum(*choices: Any) -> Any:
    """``Min``, without the search for what is smaller (quadratic, and it would hide terms).

    >>> minimum(size_symbol("|A|"), size_symbol("|A|"))
    |A|
    """
    distinct = list(dict.fromkeys(choices))
    return distinct[0] if len(distinct) == 1 else sympy.Min(*distinct, evaluate=False)
