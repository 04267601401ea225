"""Where two limits meet: the share of a kind in symbols, and what the chain then carries."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra.forms import Form
from tuplecalc.algebra.notation import Notation, labels, letters, origin
from tuplecalc.algebra.symbols import number
from tuplecalc.limits.expression import Constant, Expression, Minimum, Quantity, Size, evaluate
from tuplecalc.limits.kinds import JOINT
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.mixture import Figure


class Meeting(NamedTuple):
    """The share of the first kind at which two limits are equal, and the flows or the rate there."""

    share: Form
    total: Form


def meeting(limits: tuple[Limit, Limit], kinds: tuple[str, str], figure: Figure) -> Meeting | None:
    """The closed form of the mix at which two limits meet, while other kinds keep their shares.

    Both limits are a constant over a straight line in the share x of the first kind,

        flows = size·scopes / keys(x)        rate = size·scopes / seconds(x)

    so that x is a ratio.  The letters are for what is here: what is equal has one letter, and numbers that
    are 1 stand in no formula.  None for joint faces, which have no letters.
    """
    if any(limit.kind is JOINT for limit in limits):
        return None
    shorter = _Shorter()
    plain = [shorter.limit(limit, figure) for limit in limits]
    notation = Notation(plain, "", labels({leaf.hop for leaf in letters(plain)}))
    used: dict[Any, None] = {}
    (room, taken), (other_room, other_taken) = (
        [notation.read(part, used) for part in (limit.size * limit.scopes, limit.seconds)] for limit in plain
    )
    shares = {leaf.hop: notation.symbols(leaf)[0] for leaf in letters(plain) if leaf.symbol == "σ"}
    x, rest = (shares.pop(kind) for kind in kinds)
    line, _ = sympy.fraction(sympy.cancel(room * other_taken - other_room * taken))
    line = line.subs(rest, 1 - x - sum(shares.values()))
    slope, constant = sympy.Poly(line, x).all_coeffs()
    share = sympy.factor(-constant / slope)
    total = sympy.factor((room / taken).subs(rest, 1 - x - sum(shares.values())).subs(x, share))
    return Meeting(*(_form(quantity, found, used, notation) for quantity, found in (("share", share), (figure, total))))
