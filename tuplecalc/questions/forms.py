"""Limits with a few numbers left open: expressions in which only what varies is not a number yet.

Each reader puts its own values in: arrays for a sweep (:meth:`Form.flows`, :meth:`Form.rate`), single
numbers for a crossover (:meth:`Form.at`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from tuplecalc.limits.expression import (
    Constant,
    Difference,
    Expression,
    Minimum,
    Node,
    Number,
    Product,
    Quantity,
    Quotient,
    Size,
    Sum,
    evaluate,
    ingredients,
)
from tuplecalc.limits.kinds import FILES
from tuplecalc.limits.limit import Limit

_WHOLE = 2.0**53  # from here on floats skip whole numbers


class Leaves(dict[str, Any]):
    """The values of what varies, by its path: arrays of any kind that follows numpy's protocols.

    ``exact`` makes the same of fractions, in numpy's arrays of objects.
    """

    def __init__(self, values: Mapping[str, Any], exact: Callable[[], Leaves] | None = None) -> None:
        super().__init__(values)
        self.exact = exact


class Form(NamedTuple):
    """A limit's expressions, of which only the quantities that vary are left, and exact numbers."""

    keys: Number
    size: Expression
    scopes: Expression
    seconds: Expression
    busy: Expression

    @classmethod
    def of(cls, limit: Limit, places: frozenset[str], *, chosen: bool = False) -> Form:
        """The form of a limit, where these places vary; with what minima choose now in their place."""
        busy = limit.size if limit.busy is None else limit.busy
        parts = (limit.size, limit.scopes, limit.seconds, busy)
        return cls(limit.keys, *(folded(part, places, chosen=chosen) for part in parts))

    def at(self, values: Mapping[str, Number]) -> tuple[int | None, Number | None]:
        """Flows and rate for single numbers, exactly; no rate where nothing limits it."""

        def leaf(node: Quantity | Size | Constant) -> Fraction:
            return Fraction(values[node.place] if isinstance(node, Quantity) else node.value)

        size, scopes, seconds, busy = (
            Constant(evaluate(part, leaf, floor=floor, ceiling=ceil, minimum=min))
            for part in (self.size, self.scopes, self.seconds, self.busy)
        )
        limit = Limit(FILES, "", size, scopes, self.keys, seconds, busy)
        return limit.flows, limit.rate

    def flows(self, leaves: Leaves) -> Any:
        """floor(scopes · floor(size / keys)).

        Scopes may be broken: numerator and denominator are whole and read for themselves, so that
        floats are as good as fractions up to 2^53.  Beyond that, where rounding down could go
        wrong, numpy's arrays give way to fractions.
        """
        size = _ratio(self.size, leaves)
        each = _Ratio(size.above, size.below * self.keys).floor()
        room = _ratio(self.scopes, leaves) * each
        if leaves.exact is not None and not _is_one(room.below) and _is_large(room.above):
            return np.asarray(self.flows(leaves.exact()), dtype=np.float64)
        return room.floor().above

    def rate(self, leaves: Leaves) -> Any:
        """busy · scopes / seconds; none (infinite) where some keys are busy for no time at all.

        0 where not one flow fits.
        """
        scopes, seconds, size = (_floats(part, leaves) for part in (self.scopes, self.seconds, self.size))
        if self.busy == self.size:
            room = size * scopes
        else:
            busy = _floats(self.busy, leaves)
            room = np.where(np.isfinite(busy), busy * scopes, np.inf)
        if not isinstance(self.size, Constant) or self.size.value < self.keys:
            room = np.where(size < self.keys, 0.0, room)
        held = (seconds > 0) & np.isfinite(seconds)
        if isinstance(held, np.ndarray | np.generic) and np.all(held):
            return room / seconds
        free = np.where(size < self.keys, 0.0, np.inf)  # keys that are held for no time
        return np.where(held, room / np.where(held, seconds, 1.0), free)


def folded(node: Expression, places: frozenset[str], *, chosen: bool = False) -> Expression:
    """With exact numbers for all that does not go back to these places, and no values for the rest.

    ``chosen`` leaves of each minimum the least choice.
    """
    if not any(quantity.place in places for quantity in ingredients(node)):
        with suppress(ZeroDivisionError):
            return Constant(node.value)

    def fold(part: Expression) -> Expression:
        return folded(part, places, chosen=chosen)

    match node:
        case Quantity(symbol, hop, _, None, place):
            return Quantity(symbol, hop, 0, place=place)
        case Quantity(definition=Node() as definition):
            return fold(definition)
        case Difference(minuend=left, subtrahend=right):
            return Difference(fold(left), fold(right))
        case Quotient(dividend=left, divisor=right, rounding=rounding):
            return Quotient(fold(left), fold(right), rounding)
        case Minimum(choices) if chosen:
            return fold(min(choices, key=lambda choice: choice.value))
        case Sum(parts) | Product(parts) | Minimum(parts):
            return type(node)(tuple(map(fold, parts)))
    return node


def is_rounded(node: tuple[Any, ...]) -> bool:
    """Whether some part of what varies is a rounded quotient."""
    if isinstance(node, Quotient) and node.rounding:
        return True
    return any(isinstance(part, tuple) and is_rounded(part) for part in node)


def _floats(expression: Expression, leaves: Leaves) -> Any:
    def leaf(node: Quantity | Size | Constant) -> Any:
        return leaves[node.place] if isinstance(node, Quantity) else np.float64(node.value)

    def minimum(*choices: Any) -> Any:
        return reduce(np.minimum, choices)

    return evaluate(expression, leaf, floor=np.floor, ceiling=np.ceil, minimum=minimum)


def _ratio(expression: Expression, leaves: Leaves) -> _Ratio:
    """The expression as numerator and denominator, both whole."""

    number = np.float64 if leaves.exact is not None else int

    def leaf(node: Quantity | Size | Constant) -> _Ratio:
        if isinstance(node, Quantity):
            return _Ratio(leaves[node.place], 1)
        return _Ratio(number(node.value.numerator), node.value.denominator)

    found: _Ratio = evaluate(expression, leaf, floor=_Ratio.floor, ceiling=_Ratio.ceiling, minimum=_least)
    return found


class _Ratio:
    """Two arrays of whole numbers, one over the other; a denominator of 1 is a plain number."""

    def __init__(self, above: Any, below: Any) -> None:
        self.above, self.below = above, below

    def floor(self) -> _Ratio:
        return self if _is_one(self.below) else _Ratio(self.above // self.below, 1)

    def ceiling(self) -> _Ratio:
        return self if _is_one(self.below) else _Ratio(-(-self.above // self.below), 1)

    def __add__(self, other: _Ratio) -> _Ratio:
        if _is_one(self.below) and _is_one(other.below):
            return _Ratio(self.above + other.above, 1)
        return _Ratio(self.above * other.below + other.above * self.below, self.below * other.below)

    def __sub__(self, other: _Ratio) -> _Ratio:
        return self + _Ratio(-other.above, other.below)

    def __mul__(self, other: _Ratio) -> _Ratio:
        return _Ratio(self.above * other.above, self.below * other.below)

    def __rmul__(self, one: int) -> _Ratio:  # the 1 with which a product begins
        return self

    def __truediv__(self, other: _Ratio) -> _Ratio:
        return _Ratio(self.above * other.below, self.below * other.above)


def _least(*choices: _Ratio) -> _Ratio:
    def lesser(one: _Ratio, other: _Ratio) -> _Ratio:
        if _is_one(one.below) and _is_one(other.below):
            return _Ratio(np.minimum(one.above, other.above), 1)
        is_one = one.above * other.below <= other.above * one.below
        return _Ratio(np.where(is_one, one.above, other.above), np.where(is_one, one.below, other.below))

    return reduce(lesser, choices)


def _is_large(above: Any) -> bool:
    """Whether there are numbers that floats do not hold exactly; other libraries' arrays are not asked."""
    return isinstance(above, np.ndarray | np.generic) and float(np.max(above)) >= _WHOLE


def _is_one(below: Any) -> bool:
    return isinstance(below, int) and below == 1
