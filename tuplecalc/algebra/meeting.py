"""Where two limits meet: the share of a kind in symbols, and what the chain then carries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra.forms import Form
from tuplecalc.algebra.notation import Notation, labels, letters, origin
from tuplecalc.algebra.symbols import number
from tuplecalc.limits.coupled import Figure
from tuplecalc.limits.expression import Constant, Expression, Minimum, Quantity, Size, evaluate
from tuplecalc.limits.kinds import JOINT
from tuplecalc.limits.limit import Limit

ONE = Constant(1)


class Meeting(NamedTuple):
    """The share of the first kind at which two limits are equal, and the flows or the rate there."""

    share: Form
    total: Form


def meeting(
    limits: tuple[Limit, Limit], kinds: tuple[str, str], shares: Mapping[str, Expression], figure: Figure
) -> Meeting | None:
    """The closed form of the mix at which two limits meet, while other kinds keep their shares.

    Both limits are a constant over a straight line in the share x of the first kind,

        flows = size·scopes / keys(x)        rate = size·scopes / seconds(x)

    so that x is a ratio.  The letters are for what is here: what is equal has one letter, and numbers that
    are 1 stand in no formula.  The mean time H_m is written out, since it is another one in another mix.
    None for joint faces, which have no letters, and where x is no ratio.
    """
    if any(limit.kind is JOINT for limit in limits):
        return None
    read = _Shorter().read
    taken = [limit.seconds if figure == "rate" else limit.keys_formula or ONE for limit in limits]
    sizes = [limit.busy or limit.size if figure == "rate" else limit.size for limit in limits]
    short = [
        replace(limit, size=read(size), scopes=read(limit.scopes), busy=None, seconds=read(each))
        for limit, size, each in zip(limits, sizes, taken, strict=True)
    ]
    short.append(replace(short[0], seconds=sum(shares.values(), Constant(0))))
    notation = Notation(short, "", labels({leaf.hop: None for leaf in letters(short)}))
    used: dict[Any, None] = {}
    room, other_room = (notation.read(limit.size * limit.scopes, used) for limit in short[:2])
    x, rest, *others = (notation.read(shares[kind], used) for kind in (*kinds, *(shares.keys() - kinds)))
    line, other_line = (
        notation.read(limit.seconds, used).subs(rest, 1 - x - sum(others)) for limit in short[:2]
    )
    equal, _ = sympy.fraction(sympy.cancel(room * other_line - other_room * line))
    line_of_shares = sympy.Poly(equal, x)
    if line_of_shares.degree() != 1:
        return None
    slope, constant = line_of_shares.all_coeffs()
    share = sympy.factor(-constant / slope)
    total = sympy.factor((room / line).subs(x, share))
    return Meeting(_form("share", share, used, notation), _form(figure, total, used, notation))


def _form(quantity: str, expression: Any, used: Iterable[Any], notation: Notation) -> Form:
    here = {made: notation.values[made] for made in used if expression.has(made)}
    return Form(quantity, expression, number(expression.subs(here)), here, notation.latex)


class _Shorter:
    """Reads expressions with one letter for what is equal, and none for what is 0 or 1."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Expression] = {}

    def read(self, expression: Expression) -> Expression:
        """The same with fewer letters."""
        found: Expression = evaluate(
            expression,
            self._leaf,
            floor=lambda quotient: quotient._replace(rounding="floor"),
            ceiling=lambda quotient: quotient._replace(rounding="ceiling"),
            minimum=lambda *choices: Minimum(choices),
        )
        return found

    def _leaf(self, leaf: Quantity | Size | Constant) -> Expression:
        match leaf:
            case Constant():
                return leaf
            case Size(operation, sets):
                whole = [each for each in sets if each.ports.size == leaf.value]  # the others lie in it
                if not whole:
                    return Size(operation, tuple(each.origin for each in sets))
                return self._known.setdefault(whole[0].ports, Size("union", (whole[0].origin,)))
            case Quantity(symbol="σ"):
                return leaf
            case Quantity(symbol="H_m", definition=mean) if mean is not None:
                return self.read(mean)
            case Quantity(value=0 | 1):
                return Constant(leaf.value)
        source = origin(leaf)
        if source.hop == "services":
            source = source._replace(symbol=leaf.symbol.removesuffix("'"))
        return self._known.setdefault((source.symbol, leaf.value), source._replace(definition=None))
