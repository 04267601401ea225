"""How kinds of traffic look: the same colour and hatch in every figure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from matplotlib.patches import Patch

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.render import table
from tuplecalc.render.figures import style

_NAME = 26
_LOOKS = (
    *((style.BLUE, ""), (style.YELLOW, ""), (style.GREEN, "////"), (style.PURPLE, "....")),
    *((style.SKY, "\\\\\\\\"), (style.ORANGE, "xx")),
)
_REST = style.MUTED, ""


class Look(NamedTuple):
    """The name, the colour and the hatch of a kind, or of all that have no look of their own."""

    label: str
    colour: str
    hatch: str

    @property
    def patch(self) -> Patch:
        """Its part of a legend."""
        return Patch(label=self.label, **self.filled)

    @property
    def filled(self) -> dict[str, Any]:
        """An area of this look."""
        return {"facecolor": self.colour, "hatch": self.hatch, "edgecolor": style.PAPER, "linewidth": 0}


def looks(result: Capacity) -> dict[str, Look]:
    """The look of each kind, in the order of the file; none where all flows are alike.

    Of more kinds than there are colours, those that take least of the limits look the same.
    """
    kinds = [kind.name for kind in result.chain.traffic.kinds]
    taken = [taken_of(limit, of_rate=True) for limit in result.limits]
    ranked = sorted(kinds, key=lambda kind: -sum(parts.get(kind, 0) for parts in taken))
    own = set(ranked[: len(_LOOKS) - (len(kinds) > len(_LOOKS))])
    fills = iter(_LOOKS)
    rest = Look(f"{len(kinds) - len(own)} other kinds", *_REST)
    return {kind: Look(table.name(kind, _NAME), *next(fills)) if kind in own else rest for kind in kinds}


def taken_of(limit: Limit, *, of_rate: bool) -> Mapping[str, Fraction]:
    """The part of a limit that each kind takes at the present mix: of its seconds, or of its keys."""
    taken = {each.kind: each.share * (each.seconds if of_rate else each.open) for each in limit.shares}
    whole = sum(taken.values())
    return {kind: part / whole for kind, part in taken.items() if part}
