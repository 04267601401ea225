"""Where two limits meet: the share of a kind in symbols, and what the chain then carries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra.forms import Form
from tuplecalc.algebra.notation import origin
from tuplecalc.algebra.symbols import exact, minimum, number, size_symbol, symbol
from tuplecalc.limits.expression import Constant, Expression, Number, Quantity, Size, evaluate
from tuplecalc.limits.kinds import JOINT
from tuplecalc.limits.letters import SYMBOLS
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.mixture import Figure


class Meeting(NamedTuple):
    """The share of the first kind at which two limits are equal, and the flows or the rate there."""

    share: Form
    total: Form


def meeting(
    limits: tuple[Limit, Limit], kinds: tuple[str, str], others: Mapping[str, Number], figure: Figure
) -> Meeting | None:
    """The closed form of the mix at which two limits meet, while other kinds keep their shares.

    Both limits are a constant over a straight line in the share x of the first kind,

        flows = size·scopes / keys(x)        rate = size·scopes / seconds(x)

    so that x is a ratio.  The letters are for what is here: what is equal has one letter, and numbers that
    are 1 stand in no formula.  None for joint faces, which have no letters.
    """
    if any(limit.kind is JOINT for limit in limits):
        return None
    letters = _Letters(kinds, others)
    (room, taken), (other_room, other_taken) = (letters.of(limit, figure) for limit in limits)
    line, _ = sympy.fraction(sympy.cancel(room * other_taken - other_room * taken))
    slope, constant = sympy.Poly(line, letters.x).all_coeffs()
    share = sympy.factor(-constant / slope)
    total = sympy.factor((room / taken).subs(letters.x, share))
    return Meeting(letters.form("share", share), letters.form(figure, total))


class _Letters:
    """A letter for each number, the same for what is equal; the share of the first kind is x."""

    def __init__(self, kinds: tuple[str, str], others: Mapping[str, Number]) -> None:
        self._made: dict[Hashable, Any] = {}
        self._values: dict[Any, Any] = {}
        self.x = sympy.Symbol("x", positive=True)
        shares = {kind: self._named(kind, "σ", kind, share) for kind, share in others.items()}
        self._shares = shares | dict(zip(kinds, (self.x, 1 - self.x - sum(shares.values())), strict=True))

    def of(self, limit: Limit, figure: Figure) -> tuple[Any, Any]:
        """The room of a limit, and what it is over."""
        if figure == "flows":
            return self._read(limit.size * limit.scopes), self._read(
                limit.keys_formula or Constant(limit.keys)
            )
        return self._read((limit.busy or limit.size) * limit.scopes), self._read(limit.seconds)

    def _read(self, expression: Expression) -> Any:
        return evaluate(expression, self._leaf, floor=sympy.floor, ceiling=sympy.ceiling, minimum=minimum)

    def _leaf(self, leaf: Quantity | Size | Constant) -> Any:
        match leaf:
            case Size(operation, sets):
                one = next((each for each in sets if each.ports.size == leaf.value), None)
                names = [each.origin.symbol for each in sets]
                text = f"|{one.origin.symbol}|" if one else leaf.text(names)
                return self._named(one.ports if one else (operation, sets), text, sets[0].hop, leaf.value)
            case Quantity(symbol="σ", hop=kind):
                return self._shares[kind]
            case Quantity(value=0 | 1) | Constant():
                return exact(leaf.value)
        source = origin(leaf)
        letter = leaf.symbol.removesuffix("'") if source.hop == "services" else source.symbol
        return self._named((letter, leaf.value), letter, source.hop, leaf.value)

    def _named(self, what: Hashable, letter: str, hop: str, value: Number) -> Any:
        if what not in self._made:
            taken = {made.name for made in self._made.values()}
            name = letter if letter not in taken else f"{letter}_{hop}"
            while name in taken:
                name += "'"
            made = self._made[what] = symbol(name, letter) if letter in SYMBOLS else size_symbol(name)
            self._values[made] = exact(value)
        return self._made[what]

    def form(self, quantity: str, expression: Any) -> Form:
        """An expression with the values of its letters."""
        here = {made: value for made, value in self._values.items() if expression.has(made)}
        value = number(expression.subs(here))
        return Form(quantity, expression, value, here, {made: sympy.latex(made) for made in here})
