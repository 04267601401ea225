"""The small language in which limits are written: data that every reader interprets for itself.

A limit's size, scopes and seconds are trees of the nodes below.  They hold exact numbers, and no
reader's library: integers and fractions come from ``.value``, plain text from ``str``, and sympy
or numpy from :func:`evaluate` with their own leaves and functions.  So a formula is written down
once, and its readers can be held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import ceil, floor, prod
from operator import and_, or_, sub
from typing import Any, NamedTuple, TypeAlias

from tuplecalc.limits.spread import Spread
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import exact

Number = int | Fraction


class Node(tuple[Any, ...]):
    """What all nodes have in common: arithmetic.

    Operators make nodes: sums and products are flat, and drop a 0 or a 1 that changes nothing.
    Below the fields of each node are a named tuple: a chain has hundreds of them, and a dataclass
    takes eight times as long to define at every start.

    >>> a, b, c = (Quantity(symbol, "", number) for symbol, number in (("a", 7), ("b", 2), ("c", 3)))
    >>> for node in (a * b * c + 2, (a + b) / (b * c), a // b - c, 1 * a * 1, sum((a, b)), 2 - a / 3):
    ...     print(node, "=", node.value)
    a·b·c + 2 = 44
    (a + b) / (b·c) = 3/2
    floor(a / b) - c = 0
    a = 7
    a + b = 9
    2 - a / 3 = -1/3
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __add__(self, other: Operand) -> Expression:  # type: ignore[override]
        return _flat(Sum, 0, self, other)

    def __radd__(self, other: Number) -> Expression:
        return _flat(Sum, 0, other, self)

    def __mul__(self, other: Operand) -> Expression:  # type: ignore[override]
        return _flat(Product, 1, self, other)

    def __rmul__(self, other: Number) -> Expression:  # type: ignore[override]
        return _flat(Product, 1, other, self)

    def __sub__(self, other: Operand) -> Expression:
        return Difference(_node(self), _node(other))

    def __rsub__(self, other: Number) -> Expression:
        return Difference(_node(other), _node(self))

    def __truediv__(self, other: Operand) -> Expression:
        return Quotient(_node(self), _node(other))

    def __rtruediv__(self, other: Number) -> Expression:
        return Quotient(_node(other), _node(self))

    def __floordiv__(self, other: Operand) -> Expression:
        return Quotient(_node(self), _node(other), "floor")


class _Constant(NamedTuple):
    value: Number


class Constant(Node, _Constant):
    """A number that belongs to the formula itself, such as the 2 of two legs.

    >>> str(Constant(2))
    '2'
    """

    __slots__ = ()

    def __str__(self) -> str:
        return str(self.value)


class _Quantity(NamedTuple):
    symbol: str
    hop: str
    value: Number
    definition: Expression | None = None
    place: str = ""
    spread: Spread | None = None


class Quantity(Node, _Quantity):
    """A named number of one hop: ``M`` of ``nat``.

    ``definition`` says how it follows from other quantities (``None``: the chain file gives it);
    ``place`` is the key of the chain file that sets it, ``spread`` how traffic falls on what is
    counted, where that is uneven.

    >>> m = Quantity("M", "nat", 4, place="hops.nat.addresses")
    >>> str(m), m.value
    ('M', 4)
    """

    __slots__ = ()

    def __str__(self) -> str:
        return self.symbol


class NamedPorts(NamedTuple):
    """A port set under the name that a hop's formulas give it; ``alias`` is whose it is."""

    symbol: str
    hop: str
    ports: PortSet
    place: str = ""
    alias: NamedPorts | None = None

    @property
    def origin(self) -> NamedPorts:
        """The set as the hop that owns it names it."""
        return self if self.alias is None else self.alias.origin


class _Size(NamedTuple):
    operation: str
    sets: tuple[NamedPorts, ...]


class Size(Node, _Size):
    """How many ports a combination of port sets holds.

    ``operation`` is ``"union"`` (one set: itself), ``"difference"``, ``"intersection"``, or
    ``"alternate"``: the sum over ports of the largest number of legs, no two next to each other,
    whose sets hold the port (α in docs/model.md, "Proxies in a row").

    >>> low = NamedPorts("A", "proxy", PortSet("1-4"))
    >>> high = NamedPorts("L", "proxy", PortSet("3-6"))
    >>> union = Size("union", (low, high))
    >>> str(union), union.value
    ('|A ∪ L|', 6)
    >>> str(Size("difference", (low, high))), Size("difference", (low, high)).value
    ('|A ∖ L|', 2)
    >>> row = Size("alternate", (low, high, low))
    >>> str(row), row.value  # the first and the last leg may use the same four ports
    ('|A ∪ L ∪ A| + |A ∩ A|', 10)
    """

    __slots__ = ()

    @property
    def value(self) -> int:
        """The number of ports."""
        first, *others = (named.ports for named in self.sets)
        if self.operation == "alternate":
            return sum(size * apart(legs) for legs, size in atoms((first, *others)))
        combine = {"union": or_, "difference": sub, "intersection": and_}[self.operation]
        return reduce(combine, others, first).size

    def __str__(self) -> str:
        return self.text([named.symbol for named in self.sets])

    def text(self, names: list[str]) -> str:
        """The formula with other names for its sets."""
        if self.operation != "alternate":
            sign = {"union": "∪", "difference": "∖", "intersection": "∩"}[self.operation]
            return f"|{f' {sign} '.join(names)}|"
        if len(names) == 3:
            return f"|{' ∪ '.join(names)}| + |{names[0]} ∩ {names[2]}|"
        return f"Σ_p α({', '.join(names)})"


class _Sum(NamedTuple):
    terms: tuple[Expression, ...]


class Sum(Node, _Sum):
    """``x + y + …``."""

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The sum of the terms' values."""
        return sum(term.value for term in self.terms)

    def __str__(self) -> str:
        return " + ".join(_joined(term) for term in self.terms)


class _Difference(NamedTuple):
    minuend: Expression
    subtrahend: Expression


class Difference(Node, _Difference):
    """``x - y``.

    >>> str(Difference(Constant(1), Quantity("c", "", Fraction(1, 4))))
    '1 - c'
    """

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The difference of the two values."""
        return self.minuend.value - self.subtrahend.value

    def __str__(self) -> str:
        return f"{self.minuend} - {self.subtrahend}"


class _Product(NamedTuple):
    factors: tuple[Expression, ...]


class Product(Node, _Product):
    """``x · y · …``.

    >>> nat = Quantity("M", "nat", 4), Quantity("E'", "nat", 10)
    >>> str(Product(nat)), Product(nat).value
    ("M·E'", 40)
    """

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The product of the factors' values."""
        return prod(factor.value for factor in self.factors)

    def __str__(self) -> str:
        return "·".join(_joined(factor) for factor in self.factors)


class _Quotient(NamedTuple):
    dividend: Expression
    divisor: Expression
    rounding: str = ""


class Quotient(Node, _Quotient):
    """``x / y``, exactly; rounded where ``rounding`` says so (``"floor"``, ``"ceiling"``).

    >>> n = Quotient(Constant(7), Constant(2), "ceiling")
    >>> str(n), n.value
    ('ceil(7 / 2)', 4)
    """

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The quotient: an integer where it is one."""
        quotient = exact(self.dividend.value) / self.divisor.value
        if self.rounding:
            return floor(quotient) if self.rounding == "floor" else ceil(quotient)
        return tidy(quotient)

    def __str__(self) -> str:
        below = f"({self.divisor})" if isinstance(self.divisor, Product) else _joined(self.divisor)
        text = f"{_joined(self.dividend)} / {below}"
        return {"": text, "floor": f"floor({text})", "ceiling": f"ceil({text})"}[self.rounding]


class _Minimum(NamedTuple):
    choices: tuple[Expression, ...]


class Minimum(Node, _Minimum):
    """``min(x, y, …)``."""

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The smallest value."""
        return min(choice.value for choice in self.choices)

    def __str__(self) -> str:
        return f"min({', '.join(map(str, self.choices))})"


Expression: TypeAlias = Constant | Quantity | Size | Sum | Difference | Product | Quotient | Minimum
"""Any node."""
Operand: TypeAlias = Expression | Number
"""What stands beside an operator: a node, or a number of the formula itself."""


def _joined(part: Expression) -> str:
    loose = isinstance(part, Sum | Difference) or (isinstance(part, Quotient) and not part.rounding)
    return f"({part})" if loose or (isinstance(part, Size) and len(part.sets) > 2) else str(part)


def tidy(number: Number) -> Number:
    """An integer where the number is one.

    >>> tidy(Fraction(6, 2)), tidy(Fraction(1, 2))
    (3, Fraction(1, 2))
    """
    if isinstance(number, Fraction) and number.denominator == 1:
        return number.numerator
    return number


def product(*factors: Expression) -> Expression:
    """The product, flat, without factors that are the constant 1.

    >>> str(product(Constant(1), product(Quantity("a", "", 2), Quantity("E", "", 3))))
    'a·E'
    """
    return _flat(Product, 1, *factors)


def addition(*terms: Expression) -> Expression:
    """The sum, flat, without terms that are the constant 0.

    >>> str(addition(Constant(0), Quantity("H", "", 2) + Quantity("T", "", 3), Quantity("S", "", 1)))
    'H + T + S'
    """
    return _flat(Sum, 0, *terms)


def _node(operand: object) -> Any:
    return operand if isinstance(operand, Node) else Constant(operand)  # type: ignore[arg-type]


def _flat(kind: type[Sum] | type[Product], neutral: int, *operands: object) -> Expression:
    flat: list[Expression] = []
    for node in map(_node, operands):
        if isinstance(node, kind):
            flat.extend(node[0])
        elif not (isinstance(node, Constant) and node.value == neutral):
            flat.append(node)
    if len(flat) == 1:
        return flat[0]
    return kind(tuple(flat)) if flat else Constant(neutral)


def apart(legs: Sequence[int]) -> int:
    """α: how many of these legs can hold a port at once, no two of them neighbours.

    >>> apart([0, 1, 2]), apart([0, 2, 3])
    (2, 2)
    """
    count, last = 0, -2
    for leg in legs:
        if leg > last + 1:
            count, last = count + 1, leg
    return count


def atoms(sets: Sequence[PortSet]) -> Iterator[tuple[list[int], int]]:
    """Which of the sets hold the same ports, and how many ports these are.

    >>> list(atoms([PortSet("1-4"), PortSet("3-9")]))
    [([0], 2), ([0, 1], 2), ([1], 5)]
    """
    bounds = sorted({bound for ports in sets for low, high in ports.ranges for bound in (low, high + 1)})
    sizes: dict[tuple[int, ...], int] = {}
    for low, high in pairwise(bounds):
        users = tuple(number for number, ports in enumerate(sets) if low in ports)
        if users:
            sizes[users] = sizes.get(users, 0) + high - low
    return ((list(users), size) for users, size in sizes.items())


def evaluate(
    expression: Expression,
    leaf: Callable[[Quantity | Size | Constant], Any],
    *,
    floor: Callable[[Any], Any],
    ceiling: Callable[[Any], Any],
    minimum: Callable[..., Any],
) -> Any:
    """Read an expression with another reader's numbers.

    ``leaf`` turns a quantity, a size or a constant into the reader's own (a sympy symbol, a numpy
    array, …); sums, products and quotients use the operators of what it returns; ``floor``,
    ``ceiling`` and ``minimum(*choices)`` are the reader's.

    >>> e = Quotient(Quantity("P", "", 7), Quantity("b", "", 2), "floor")
    >>> evaluate(e, lambda q: float(q.value), floor=floor, ceiling=ceil, minimum=min)
    3
    """

    def read(node: Expression) -> Any:
        match node:
            case Sum(terms=terms):
                first, *rest = map(read, terms)
                return sum(rest, first)
            case Difference(minuend=minuend, subtrahend=subtrahend):
                return read(minuend) - read(subtrahend)
            case Product(factors=factors):
                return prod(map(read, factors))
            case Quotient(dividend=dividend, divisor=divisor, rounding=rounding):
                quotient = read(dividend) / read(divisor)
                return {"": lambda q: q, "floor": floor, "ceiling": ceiling}[rounding](quotient)
            case Minimum(choices=choices):
                return minimum(*map(read, choices))
            case Quantity() | Size() | Constant():
                return leaf(node)

    return read(expression)


def leaves(expression: Expression) -> Iterator[Quantity | Size]:
    """The quantities and sizes of an expression, as they stand."""
    match expression:
        case Sum(terms=parts) | Product(factors=parts) | Minimum(choices=parts):
            for part in parts:
                yield from leaves(part)
        case Difference(minuend=left, subtrahend=right) | Quotient(dividend=left, divisor=right):
            yield from leaves(left)
            yield from leaves(right)
        case Quantity() | Size():
            yield expression


def ingredients(expression: Expression) -> Iterator[Quantity]:
    """Every quantity that an expression goes back to, those in definitions as well.

    >>> m = Quantity("M", "nat", 4, Product((Quantity("m", "nat", 2), Quantity("n", "nat", 2))))
    >>> [quantity.symbol for quantity in ingredients(Quantity("b", "proxy", 4, m))]
    ['b', 'M', 'm', 'n']
    """
    for leaf in leaves(expression):
        if isinstance(leaf, Quantity):
            yield leaf
            if leaf.definition is not None:
                yield from ingredients(leaf.definition)
