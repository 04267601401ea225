"""The box of a sweep cut into pieces, within each of which every limit has one form.

A limit's expressions are data, but code decides which limits there are, which leg is held for
longer, how many machines work.  So the box is cut until all of that is the same in a piece, as
walks along the chain at its corners tell; a piece then takes one evaluation of each limit, however
many points it has.

Corners tell it where only *smooth* numbers vary: times, counts of addresses, sizes of tables and
blocks.  These are leaves of the expressions, and what the code decides by them compares sums and
products that are monotonic in each.  Along any other axis (services, and instances where machines
share out the services) each value is a piece of its own.  A limit that is listed at some corners
only is left out where it cannot bind, so that a piece takes the limits of all its corners; but for
those whose formula holds only where they are listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import ingredients
from tuplecalc.limits.kinds import ENTRIES, GAPS, IN_TURN
from tuplecalc.limits.legs import Table
from tuplecalc.network.chain import Chain
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import replace_all
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.comparison import merged
from tuplecalc.questions.forms import Form

Key = tuple[str, str]
"""Hop and limit."""
Box = tuple[range, ...]
"""Which values of each axis, by their numbers."""
BETWEEN = 4  # parts of a span at whose ends limits are looked for that are listed where they are lower
# A table that never fills is no limit, and without a gap its formula allows too little.
_HOLDS_WHERE_LISTED = (ENTRIES.name, GAPS.name, IN_TURN.name)
_NEXT_TO_ONE = Fraction(1, 1024)


@dataclass(frozen=True)
class Leaf:
    """A piece in which each limit has one form."""

    box: Box
    forms: dict[Key, Form]


@dataclass(frozen=True)
class Split:
    """Pieces next to each other along an axis."""

    box: Box
    axis: int
    parts: tuple[Piece, ...]


Piece = Leaf | Split


class Walks:
    """Walks along a chain at single points of a box, and how they cut it into pieces.

    Where flows are of several kinds each point stands for itself: the parts that kinds have of an
    open flow hang together, and the joint face of coupled spaces is a number, not a formula.
    """

    def __init__(self, chain: Chain, axes: tuple[Axis, ...]) -> None:
        self.chain, self.axes = chain, axes
        self.each_alone = has_kinds(chain)
        self.found: dict[tuple[int, ...], dict[Key, Form]] = {}
        ends = (0,) * len(axes), tuple(len(axis.values) - 1 for axis in axes)
        if self.each_alone or any(has_kinds(self.changed(end)) for end in ends):
            self.each_alone = True
            return
        self.between = between(chain, {axis.path for axis in axes})
        known = set().union(*(paths_of(self.changed(end)) for end in ends))
        # 1 - c has few digits left in floats where c is next to 1.
        self.places = frozenset(
            axis.path
            for axis in axes
            if axis.path in known
            and (axis.path != "traffic.first_close" or all(not 0 < 1 - c < _NEXT_TO_ONE for c in axis.values))
        )

    @cached_property
    def whole(self) -> Piece:
        """All values of all axes, cut; one piece where each point stands for itself."""
        box = tuple(range(len(axis.values)) for axis in self.axes)
        return Leaf(box, {}) if self.each_alone else self.cut(box)

    def cut(self, box: Box) -> Piece:
        """A box in pieces: one for each value along the axes that are not smooth."""
        for number, (axis, span) in enumerate(zip(self.axes, box, strict=True)):
            if axis.path not in self.places and len(span) > 1:
                return Split(
                    box,
                    number,
                    tuple(self.cut(_with(box, number, span[at : at + 1])) for at in range(len(span))),
                )
        return self._uniform(box)

    def _uniform(self, box: Box) -> Piece:
        corners = [self.at(point) for point in product(*map(self._samples, box))]
        if (forms := alike(corners)) is not None:
            return Leaf(box, forms)
        axis = min(self._dividers(box), key=lambda axis: len(box[axis]))
        half = len(box[axis]) // 2
        halves = (_with(box, axis, part) for part in (box[axis][:half], box[axis][half:]))
        return Split(box, axis, tuple(map(self._uniform, halves)))

    def _samples(self, span: range) -> Iterable[int]:
        """The ends of a span; some of the values between as well where limits come and go in it."""
        parts = self.between
        return sorted({span[0] + (span[-1] - span[0]) * part // parts for part in range(parts + 1)})

    def _dividers(self, box: Box) -> list[int]:
        """The axes along which the form of some limit changes, from one corner to another."""
        long = [axis for axis, span in enumerate(box) if len(span) > 1]

        def changes(axis: int) -> bool:
            across = [(span[0],) if at == axis else (span[0], span[-1]) for at, span in enumerate(box)]
            pairs = (
                (self.at(p), self.at((*p[:axis], box[axis][-1], *p[axis + 1 :]))) for p in product(*across)
            )
            return any(one[key] != other[key] for one, other in pairs for key in one.keys() & other.keys())

        return list(filter(changes, long)) or long

    def at(self, point: tuple[int, ...]) -> dict[Key, Form]:
        """The limits at a point, by their names."""
        if point not in self.found:
            self.found[point] = forms_of(self.changed(point), self.places)
        return self.found[point]

    def changed(self, point: tuple[int, ...]) -> Chain:
        """The chain at a point."""
        values = zip(self.axes, point, strict=True)
        return replace_all(self.chain, (axis.change(axis.values[at]) for axis, at in values))


def forms_of(chain: Chain, places: frozenset[str]) -> dict[Key, Form]:
    """The forms of all limits of a chain, by their names, where these places vary."""
    return {(limit.hop, limit.name): Form.of(limit, places) for limit in capacity(chain).limits}


def alike(samples: Sequence[Mapping[Key, Form]]) -> dict[Key, Form] | None:
    """The form of each limit that is listed in some sample, in order; None where samples differ in one."""
    forms: dict[Key, Form] = {}
    everywhere = [{key for key in each if key[1] in _HOLDS_WHERE_LISTED} for each in samples]
    if any(keys != everywhere[0] for keys in everywhere):
        return None
    if all(forms.setdefault(key, each[key]) == each[key] for each in samples for key in each):
        return {key: forms[key] for key in merged(*samples)}
    return None


def has_kinds(chain: Chain) -> bool:
    """Whether flows are told apart, or could be after a change of shares."""
    return chain.is_mixed or bool(chain.traffic.kinds)


def paths_of(chain: Chain) -> set[str]:
    """The smooth numbers of a chain, by their paths.

    What the code decides by one of these is told by a smallest and a largest value; instances of a
    proxy are not among them where machines share out the services by their numbers, and neither are
    shares of services, of which the busiest group counts.
    """
    parts = (part for limit in capacity(chain).limits for part in limit.expressions())
    found = {quantity.place for part in parts for quantity in ingredients(part)}
    proxies = [hop for hop in chain.hops if isinstance(hop, Proxy)]
    if any(hop.split == "services" for hop in proxies):
        found -= {f"{hop.path}.instances" for hop in proxies}
    return {path for path in found if not path.endswith(".share")}


def between(chain: Chain, paths: Collection[str]) -> int:
    """In how many parts a span is looked at: in several where limits are listed only where they are lower.

    Those are the faces of two legs whose ports overlap in part, those of rows of proxies, and where
    either side may close first those of ports that wait in turn.
    """
    tables = [each for hop in capacity(chain).declared for each in hop if isinstance(each, Table)]
    pairs = [(each.entering.ports.ports, each.leaving.ports.ports) for each in tables]
    listed_if_lower = len(tables) > 1 or any(A != L and not A.isdisjoint(L) for A, L in pairs)
    either_closes = chain.traffic.first_close not in (0, 1) or "traffic.first_close" in paths
    return BETWEEN if listed_if_lower or either_closes else 1


def _with(box: Box, axis: int, span: range) -> Box:
    return (*box[:axis], span, *box[axis + 1 :])


def leaves(piece: Piece) -> Iterator[Leaf]:
    """The pieces that are not cut any further, from the first on."""
    if isinstance(piece, Leaf):
        yield piece
    else:
        for part in piece.parts:
            yield from leaves(part)
