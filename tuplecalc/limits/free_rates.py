"""What rates kinds can have together: every limit is a straight line, and some show only at the mix they cut.

The faces of one key space hold in every mix.  A joint face holds in every mix too, but its multipliers are
best for one.  So what is possible is found by cutting planes: take the best of the faces that are known,
look for a joint face that it exceeds, add it, and repeat until there is none (Kelley 1960).

Where clients get no ports, rates are those of clients with ports (:func:`tuplecalc.limits.served.of_served`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.coupled import Figure
from tuplecalc.limits.limit import KindShare, Limit
from tuplecalc.limits.mixture import Mix
from tuplecalc.network.values import exact

Rates = Mapping[str, Fraction]


class Cut(NamedTuple):
    """Σ x·taken ≤ room, where kinds have rates of x new connections a second."""

    limit: Limit
    room: Fraction
    taken: Mapping[str, Fraction]

    def left(self, rates: Rates) -> Fraction:
        """What these rates leave of the room; below 0 where they exceed it."""
        return self.room - sum(rate * self.taken.get(kind, 0) for kind, rate in rates.items())


class FreeRates:
    """The cuts on the rates of the kinds of a mix: all that are known, of open flows or of seconds."""

    def __init__(self, mix: Mix, limits: Iterable[Limit], figure: Figure) -> None:
        self._mix, self._figure = mix, figure
        self.cuts: list[Cut] = []
        self._add(limits)
        if figure == "rate":
            self._add(mix.unlisted())

    def _add(self, limits: Iterable[Limit]) -> None:
        for limit in limits:
            taken = {each.kind: self._taken(limit, each) for each in limit.shares}
            if any(taken.values()):
                size = limit.busy_keys if self._figure == "rate" else limit.size.value
                room = exact(size * limit.scopes.value) if limit.size.value >= 1 else Fraction(0)
                self.cuts.append(Cut(limit, room, taken))

    def _taken(self, limit: Limit, each: KindShare) -> Fraction:
        if limit.size.value < 1:  # nothing of the kind gets through, however little it takes
            return Fraction(1)
        return each.seconds if self._figure == "rate" else each.open

    def are_cut_at(self, rates: Rates) -> bool:
        """Whether these rates exceed a joint face that was not known; then it is known from here on."""
        known = len(self.cuts)
        self._add(self._mix.joint_faces_at(rates, self._figure))
        self.cuts[known:] = [cut for cut in self.cuts[known:] if cut.left(rates) < 0]
        return len(self.cuts) > known

    def headroom(self, offered: Rates) -> Iterator[tuple[Fraction | None, Limit | None]]:
        """The highest rate of each kind beside the others as offered, and what limits it.

        0 where the others are too much already, None where nothing limits it.
        """
        left: list[Fraction] = []
        for kind in offered:
            found = self._highest(kind, offered, left)
            while found[0] and self.are_cut_at({**offered, kind: found[0]}):
                found = self._highest(kind, offered, left)
            yield found

    def _highest(
        self, kind: str, offered: Rates, left: list[Fraction]
    ) -> tuple[Fraction | None, Limit | None]:
        """The same of one kind, by the cuts that are known; ``left`` is what all kinds leave of each."""
        left += [cut.left(offered) for cut in self.cuts[len(left) :]]
        ends: list[tuple[Fraction, Limit]] = []
        for cut, each in zip(self.cuts, left, strict=True):
            taken = cut.taken.get(kind, Fraction(0))
            beside = each + offered[kind] * taken
            if beside < 0:
                return Fraction(0), cut.limit
            if taken:
                ends.append((beside / taken, cut.limit))
        return min(ends, key=lambda end: end[0], default=(None, None))
