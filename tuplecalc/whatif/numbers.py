"""Numbers that are left open: they write down what is done with them, and what is decided by them.

An :class:`Open` number has a value, with which the code that counts limits goes its way as ever, and it is
a node of a formula.  Each comparison of two of them is a decision: where all decisions come out as they
did, the same formulas hold.  So the code that counts is the only source of what is printed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, isfinite
from typing import Any, Literal, NamedTuple

from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.values import exact

Relation = Literal["<", "="]
BEGIN, END = "\ue000", "\ue001"
"""Around the number of a node in a text: what is written there is its value."""
Interval = tuple[Number | None, Number | None]
"""The least and the largest value; None where there is none."""


class NotPrintedError(Exception):
    """Code asked an open number for a float, of which no exact formula can be made; or there are too many."""


class Node(NamedTuple):
    """A step of a formula, by the numbers of the nodes that it takes.

    ``operation`` is ``"input"`` or ``"constant"`` (``parts`` are the number of the input, or the fraction),
    ``"+"``, ``"-"``, ``"*"``, ``"/"``, ``"floor"`` or ``"ceil"``.
    """

    operation: str
    parts: tuple[Any, ...]


class Formulas:
    """All nodes of the formulas of one chain, each of them once, with what is known of its values."""

    def __init__(self, most: int = 10**9) -> None:
        self.steps = 0
        """How many operations were asked for, in all runs."""
        self.most = most
        """Of how many of them the formulas are given up."""
        self.nodes: list[Node] = []
        self.within: list[Interval] = []
        self.whole: list[bool] = []
        self._known: dict[Node, int] = {}

    def constant(self, value: Number) -> int:
        """The node of a number."""
        value = tidy(value)
        return self._add(Node("constant", (value,)), (value, value), whole=isinstance(value, int))

    def input(self, number: int, least: Number, most: Number, *, whole: bool) -> int:
        """The node of an input, which has a value between these two."""
        return self._add(Node("input", (number,)), (least, most), whole=whole)

    def fixed(self, node: int) -> Number | None:
        """The value of a constant."""
        operation, parts = self.nodes[node]
        return parts[0] if operation == "constant" else None

    def made(self, operation: str, *parts: int) -> int:
        """The node of an operation; of constants their result; no step that changes nothing."""
        self.steps += 1
        if self.steps > self.most:
            raise NotPrintedError
        fixed = [self.fixed(part) for part in parts]
        known = [each for each in fixed if each is not None]
        if len(known) == len(parts):
            return self.constant(_OPERATIONS[operation](*known))
        if operation in _NEUTRAL and fixed[-1] == _NEUTRAL[operation]:
            return parts[0]
        if operation in "+*" and fixed[0] == _NEUTRAL[operation]:
            return parts[1]
        if operation == "*" and 0 in fixed:
            return self.constant(0)
        if operation in ("floor", "ceil") and self.whole[parts[0]]:
            return parts[0]
        if operation in ("+", "*") and parts[1] < parts[0]:
            parts = parts[::-1]
        whole = operation in ("floor", "ceil") or (
            operation != "/" and all(self.whole[part] for part in parts)
        )
        return self._add(
            Node(operation, parts), _within(operation, *(self.within[p] for p in parts)), whole=whole
        )

    def _add(self, node: Node, within: Interval, *, whole: bool) -> int:
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
            self.within.append(within)
            self.whole.append(whole)
        return self._known[node]

    def values(self, inputs: Sequence[Number]) -> Callable[[int], Number]:
        """The values of nodes for these values of the inputs, each found once."""
        known: dict[int, Number] = {}

        def value(node: int) -> Number:
            if node not in known:
                operation, parts = self.nodes[node]
                if operation == "constant":
                    known[node] = parts[0]
                elif operation == "input":
                    known[node] = tidy(inputs[parts[0]])
                else:
                    known[node] = _OPERATIONS[operation](*map(value, parts))
            return known[node]

        return value


class Decision(NamedTuple):
    """How two nodes stand to each other: is the first less than the other, or are they equal?"""

    relation: Relation
    one: int
    other: int

    def holds(self, value: Callable[[int], Number]) -> bool:
        """Whether it holds where nodes have such values."""
        one, other = value(self.one), value(self.other)
        return one < other if self.relation == "<" else one == other


class Run:
    """One way through the code, for one value of each input: the decisions that it took, in their order."""

    def __init__(self, formulas: Formulas, inputs: Sequence[Number]) -> None:
        self.formulas, self.inputs = formulas, inputs
        self.decisions: list[tuple[Decision, bool]] = []
        self.is_bound = False
        """Whether some formula is the best one for these values only, and a bound for others."""
        self._value = formulas.values(inputs)
        self._signs: dict[tuple[int, int], frozenset[int]] = {}

    def holds(self, decision: Decision) -> bool:
        """How a decision comes out with these values, whether this run took it or not."""
        return decision.holds(self._value)

    def number(self, node: int) -> Open:
        """The open number of a node."""
        return Open(self, node, self._value(node))

    def constant(self, value: int | Fraction | float) -> Open:
        """A number that is not open, among those that are."""
        return self.number(self.formulas.constant(Fraction(value) if isinstance(value, float) else value))

    def stands(self, relation: Relation, one: Open, other: Open) -> bool:
        """Decide by the values, and write it down where it could come out otherwise."""
        if one.node == other.node:
            return relation == "="
        first, second = min(one.node, other.node), max(one.node, other.node)
        turned = first != one.node
        known = self._signs.get((first, second)) or self._possible(first, second)
        wanted = frozenset({0}) if relation == "=" else frozenset({1 if turned else -1})
        holds = one.value == other.value if relation == "=" else one.value < other.value
        if not known <= wanted and known & wanted:
            pair = (first, second) if relation == "=" else (one.node, other.node)
            self.decisions.append((Decision(relation, *pair), holds))
        self._signs[first, second] = known & wanted if holds else known - wanted
        return holds

    def _possible(self, one: int, other: int) -> frozenset[int]:
        """Which signs their difference can have at all."""
        (low, high), (least, most) = self.formulas.within[one], self.formulas.within[other]
        signs = {-1, 0, 1}
        if high is not None and least is not None:
            signs -= {0, 1} if high < least else {1} if high == least else set()
        if low is not None and most is not None:
            signs -= {-1, 0} if low > most else {-1} if low == most else set()
        return frozenset(signs)


class Open:
    """A number with a value and a formula.

    It calculates as a fraction does.  Whether it is less than another, or equal, is a decision of its run;
    a whole number of Python's can be made of it, which then holds for this value alone; a float cannot.

    >>> formulas = Formulas()
    >>> run = Run(formulas, [Fraction(4)])
    >>> addresses = run.number(formulas.input(0, Fraction(1), Fraction(64), whole=True))
    >>> ports = addresses * 64512 // 2
    >>> ports.value, ports < 100_000, run.decisions == [(Decision("<", addresses.node, ports.node), True)]
    (129024, False, False)
    >>> len(run.decisions)
    1
    """

    __slots__ = ("node", "run", "value")

    def __init__(self, run: Run, node: int, value: Number) -> None:
        self.run, self.node, self.value = run, node, value

    def _made(self, operation: str, *parts: Open) -> Open:
        return self.run.number(self.run.formulas.made(operation, *(part.node for part in parts)))

    def _of(self, other: Any) -> Open | None:
        if isinstance(other, Open):
            return other
        if isinstance(other, float) and not isfinite(other):
            return None
        return self.run.constant(other) if isinstance(other, (int, Fraction, float)) else None

    def _with(self, operation: str, other: Any, *, turned: bool = False) -> Any:
        found = self._of(other)
        if found is None:
            return NotImplemented
        pair = (found, self) if turned else (self, found)
        if operation == "/":
            self.run.stands("=", pair[1], self.run.constant(0))  # the division is only where it is not
        return self._made(operation, *pair)

    def __add__(self, other: Any) -> Any:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, turned=True)

    def __sub__(self, other: Any) -> Any:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, turned=True)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, turned=True)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, turned=True)

    def __floordiv__(self, other: Any) -> Any:
        quotient = self / other
        return quotient if quotient is NotImplemented else floor(quotient)

    def __rfloordiv__(self, other: Any) -> Any:
        quotient = other / self
        return quotient if quotient is NotImplemented else floor(quotient)

    def __mod__(self, other: Any) -> Any:
        return self - self // other * other

    def __rmod__(self, other: Any) -> Any:
        return other - other // self * self

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __neg__(self) -> Open:
        return self._made("-", self.run.constant(0), self)

    def __floor__(self) -> Open:
        return self._made("floor", self)

    def __ceil__(self) -> Open:
        return self._made("ceil", self)

    def __trunc__(self) -> int:
        return self.__index__()

    def __index__(self) -> int:
        if self.value.denominator != 1:
            raise TypeError(f"{self.value} is no whole number")
        self.run.stands("=", self, self.run.constant(self.value))
        return self.value.numerator

    def __float__(self) -> float:
        raise NotPrintedError

    def settled(self) -> Number:
        """The value, where a float is enough: for a formula that holds for all, but is best for this one."""
        self.run.is_bound = True
        return self.value

    def __bool__(self) -> bool:
        return self != 0

    def __hash__(self) -> int:
        return 0  # equal ones are found by comparing, so that this is written down

    def __eq__(self, other: object) -> bool:
        found = self._of(other)
        return found is not None and self.run.stands("=", self, found)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _less(self, other: Any, *, turned: bool = False) -> bool:
        found = self._of(other)
        if found is None:  # infinite: nothing else is compared with numbers
            return bool(other > 0) != turned
        return self.run.stands("<", found, self) if turned else self.run.stands("<", self, found)

    def __lt__(self, other: Any) -> bool:
        return self._less(other)

    def __gt__(self, other: Any) -> bool:
        return self._less(other, turned=True)

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __str__(self) -> str:
        return f"{BEGIN}{self.node}{END}"  # tables are told apart by such texts, whatever the value is

    def __format__(self, _: str) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"<Open {self.value}>"


_OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": lambda a, b: tidy(a + b),
    "-": lambda a, b: tidy(a - b),
    "*": lambda a, b: tidy(a * b),
    "/": lambda a, b: tidy(exact(a) / b),
    "floor": floor,
    "ceil": ceil,
}
_NEUTRAL = {"+": 0, "-": 0, "*": 1, "/": 1}


def _within(operation: str, *parts: Interval) -> Interval:
    """Between which values a result lies, where the parts lie between such; None where nothing is known."""
    if operation in ("floor", "ceil"):
        ((low, high),) = parts
        of = _OPERATIONS[operation]
        return None if low is None else of(low), None if high is None else of(high)
    (a, b), (c, d) = parts
    match operation:
        case "+":
            return None if a is None or c is None else a + c, None if b is None or d is None else b + d
        case "-":
            return None if a is None or d is None else a - d, None if b is None or c is None else b - c
    if a is None or a < 0 or c is None or c < 0:  # below 0 there are but differences
        return None, None
    if operation == "*":
        return a * c, None if b is None or d is None else b * d
    low = 0 if d is None or not d else exact(a) / d
    return low, None if b is None or not c else exact(b) / c
