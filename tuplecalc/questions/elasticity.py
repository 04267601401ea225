"""Which knob: by how many percent a limit changes where one input changes by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra import printing
from tuplecalc.algebra.notation import groups_of, labels_of
from tuplecalc.algebra.symbols import exact, number, size_symbol, symbol
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Constant, Expression, Number, Quantity, Size, evaluate
from tuplecalc.limits.limit import Limit, by_flows, by_rate
from tuplecalc.network.chain import Chain

_A_LITTLE_MORE = 1 + sympy.Rational(1, 10**12)
RANKS = 3
"""The limit that binds and the two behind it."""


class Elasticity(NamedTuple):
    """What one input does for one limit: d ln(figure) / d ln(input) at the present values."""

    limit: Limit
    figure: str
    """``"flows"`` or ``"rate"``."""
    rank: int
    """0 for the limit that binds, 1 for the next one, …"""
    path: str
    """The key of the chain file, as for ``--set``; of ports, the keys whose ranges make the set."""
    letter: str
    """The input in the formula."""
    value: Number
    expression: Any
    """The closed form (sympy)."""
    text: str
    """The closed form in plain text."""
    only: str = ""
    """``"down"`` or ``"up"`` where other limits bind alike, and the chain follows this one for less or for
    more of the input only; ``"neither way"`` where they bind first in both."""

    @property
    def at(self) -> Number | None:
        """The figure of the limit."""
        return self.limit.flows if self.figure == "flows" else self.limit.rate

    def __repr__(self) -> str:
        at = f"{self.figure} of {self.limit.hop}/{self.limit.name}"
        return f"<Elasticity of {at} to {self.path}: {float(self.value):.3g} = {self.text}>"


def elasticities(chain: Chain, ranks: int = RANKS) -> tuple[Elasticity, ...]:
    """Of the limit that binds and the next ones, the elasticity of flows and rate to each input.

    ``e = (x / f) · ∂f/∂x``: one percent more of ``x`` gives ``e`` percent more of ``f``, as long as
    the limit stays the smallest.  ``f`` is ``size · scopes / keys`` or ``size · scopes / seconds``
    without rounding down, a minimum is its smallest choice, of equal ones that for a little more.
    Exact fractions; sorted by rank, then by how much the input does.  Limits that let nothing
    through, and a rate that nothing limits, have none.

    Of several kinds, where the share σ of one grows, the others keep their proportions and leave it
    room; where its rate grows, the total does:

        e = (σ / f)·(∂f/∂σ − Σ σ'·∂f/∂σ' / (1 − σ)),    e = (σ / f)·(∂f/∂σ − Σ σ'·∂f/∂σ')

    with the sums over the other kinds, and over all.  A joint face is a number, and has none.

    >>> from tuplecalc.network.file import example
    >>> found = [e for e in elasticities(example("outage")) if e.figure == "rate" and e.rank == 0]
    >>> for each in found:
    ...     print(each.path, each.value, each.text)
    hops.lvs.addresses 1 1
    hops.lvs.instances 1 1
    services 1 1
    hops.login-proxy.ports, hops.lvs.ports 1 1
    traffic.hold -10/11 -2·H / (2·H + c·T)
    traffic.first_close -1/11 -c·T / (2·H + c·T)
    hops.login-proxy.time_wait -1/11 -c·T / (2·H + c·T)
    """
    found = tuple(_all(capacity(chain), ranks))
    return tuple(each._replace(only=_only(each, found)) for each in found)


def _all(result: Capacity, ranks: int) -> Iterator[Elasticity]:
    inputs = _Inputs(result.chain)
    of_flows = sorted((each for each in result.limits if each.size.value), key=by_flows)
    of_rate = sorted((each for each in result.limits if each.rate), key=by_rate)
    for figure, limits in (("flows", of_flows), ("rate", of_rate)):
        for rank, limit in enumerate(limits[:ranks]):
            found = _Reading(limit, inputs).elasticities(figure, rank)
            yield from sorted(found, key=lambda each: -abs(Fraction(each.value)))


def _only(of: Elasticity, found: Iterable[Elasticity]) -> str:
    """Which way the chain follows a limit: up the one of least elasticity of those that bind alike, down the
    one of most.

    Empty where it is both, where the limit does not bind, and where ports of several hops overlap.
    """

    tied = [each for each in found if each.figure == of.figure and each.at == of.at]
    if tied[0].rank:
        return ""
    slopes: dict[int, Number] = dict.fromkeys((each.rank for each in tied), 0)
    for each in tied:
        keys, its = ({*path.split(", ")} for path in (each.path, of.path))
        if keys != its and keys & its:
            return ""
        if keys == its:
            slopes[each.rank] = each.value
    up, down = of.value == min(slopes.values()), of.value == max(slopes.values())
    return {(True, False): "up", (False, True): "down", (False, False): "neither way"}.get((up, down), "")


class _Inputs:
    """Whose the inputs of a chain are, and which of them are shares that sum to 1."""

    def __init__(self, chain: Chain) -> None:
        kinds = chain.traffic.kinds
        self.fixed_total = not any(kind.rate is not None for kind in kinds)
        self.shares = {f"{kind.path}.{'share' if self.fixed_total else 'rate'}" for kind in kinds}
        self.short, self.named = labels_of(chain), {*groups_of(chain), *(kind.name for kind in kinds)}


class _Reading:
    """A limit's expressions in the symbols of its inputs."""

    def __init__(self, limit: Limit, known: _Inputs) -> None:
        self.limit, self.known = limit, known
        self.inputs: dict[Any, tuple[str, str]] = {}
        """Each symbol's path and letter, in reading order."""
        self.values: dict[Any, Any] = {}
        self._made: dict[object, Any] = {}
        self._more: dict[Any, Any] = {}  # of two equal choices, the one that is smaller for a little more

    def elasticities(self, figure: str, rank: int) -> Iterator[Elasticity]:
        busy = self.limit.busy or self.limit.size
        parts = [(self.limit.scopes, 1), (self.limit.size if figure == "flows" else busy, 1)]
        if figure == "rate":
            parts.append((self.limit.seconds, -1))
        elif self.limit.keys_formula is not None:
            parts.append((self.limit.keys_formula, -1))
        for part, _ in parts:
            self.read(part)
        for x, (path, letter) in list(self.inputs.items()):
            if not path or self.values[x] == 0:
                continue
            if path in self.known.shares and self.values[x] == 1:
                continue  # there is no other kind to take from
            self._more = {x: self.values[x] * _A_LITTLE_MORE}
            read = [(self.read(part), sign) for part, sign in parts]
            grows = self._with(x, path)
            terms = [
                sign * by * sympy.diff(part, y) / part
                for part, sign in read
                for y, by in grows.items()
                if part.has(y)
            ]
            closed = _short(sum(terms, start=sympy.Integer(0)), self.values)
            value = number(closed.xreplace(self.values))
            if value == 0:  # a wait that never comes; who closes first, where both wait the same time
                continue
            sign = "-" if closed.could_extract_minus_sign() else ""
            text = sign + printing.plain_text(-closed if sign else closed, tuple(self.inputs))
            yield Elasticity(self.limit, figure, rank, path, letter, value, closed, text)

    def _with(self, x: Any, path: str) -> dict[Any, Any]:
        """What grows with an input, and by how much where that grows by a part of itself."""
        if path not in self.known.shares:
            return {x: x}
        shares = [y for y, (at, _) in self.inputs.items() if at in self.known.shares]
        if self.known.fixed_total:
            return {y: x if y is x else -x * y / (1 - x) for y in shares}
        return {y: x * (1 - x) if y is x else -x * y for y in shares}

    def read(self, expression: Expression) -> Any:
        def leaf(node: Quantity | Size | Constant) -> Any:
            if isinstance(node, Constant):
                return exact(node.value)
            if isinstance(node, Size):
                paths = sorted({named.origin.place for named in node.sets})
                return self._input(node, ", ".join(paths), str(node), node.value)
            if node.definition is not None:
                return self.read(node.definition)
            key = node.symbol, node.hop, node.place
            return self._input(key, node.place, node.symbol, node.value, node.hop)

        def least(*choices: Any) -> Any:
            return min(choices, key=lambda choice: choice.xreplace(self.values | self._more))

        return evaluate(expression, leaf, floor=_as_it_is, ceiling=_as_it_is, minimum=least)

    def _input(self, key: object, path: str, letter: str, value: Number, hop: str = "") -> Any:
        if key not in self._made:
            name = letter
            if hop in self.known.named or any(other == name for _, other in self.inputs.values()):
                name = f"{letter}_{self.known.short.get(hop, hop)}" if hop else f"{letter} of {path}"
            made = symbol(name, letter) if hop else size_symbol(name)
            self._made[key] = made
            self.inputs[made] = path, name
            self.values[made] = exact(value)
        return self._made[key]


def _as_it_is(quotient: Any) -> Any:
    """Rounding is left out: a step has no slope."""
    return quotient


def _short(closed: Any, values: Mapping[Any, Any]) -> Any:
    """The sum of a few fractions as one, where that is shorter, over a denominator above 0."""
    together = sympy.cancel(closed)
    short = together if together.count_ops() <= closed.count_ops() else closed
    over, under = sympy.fraction(short)
    return sympy.expand(-over) / sympy.expand(-under) if under.xreplace(values) < 0 else short
