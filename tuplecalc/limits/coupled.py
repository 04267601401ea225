"""Key spaces that legs connect: together they may hold less than any one of them says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from tuplecalc.limits.expression import Number
from tuplecalc.limits.flow import Flow
from tuplecalc.limits.legs import Leg, Membership, Space
from tuplecalc.limits.program import Face, Member, Program, roughly

Figure = Literal["flows", "rate"]
_NEARLY_ALL = 1 - 1e-12  # what floats cannot tell from all

Spaces = Mapping[Space, Sequence[Membership]]


class Coupled:
    """Key spaces that hang together, in the order of the flows, and all legs in them.

    ``open_`` says how long a connection is open, for each of its kind.
    """

    def __init__(self, spaces: Spaces, open_: Callable[[Flow], Number]) -> None:
        self.spaces = list(spaces)
        self.legs = list(dict.fromkeys(each.leg for members in spaces.values() for each in members))
        self._members = spaces.values()
        self._weights: dict[Figure, list[Number]] = {
            "flows": [open_(leg.flow) for leg in self.legs],
            "rate": [leg.flow.number for leg in self.legs],
        }
        self._programs: dict[Figure, Program] = {}

    def has_room(self, rates: Mapping[str, Number], figure: Figure) -> bool:
        """Whether kinds can surely have these rates; where they cannot, or only with care, a face tells."""
        asked = [
            _NEARLY_ALL * rate if isinstance(rate, float) else rate for rate in self._of_legs(rates, figure)
        ]
        return self._program(figure).has_room(asked)

    def best_face(self, rates: Mapping[str, Number], figure: Figure) -> Face | None:
        """The face that is lowest for kinds in these proportions, and what a connection of each leg takes."""
        face = self._program(figure).best_face(self._of_legs(rates, figure))
        if face is None:
            return None
        prices = zip(self._weights[figure], face.prices, strict=True)
        return face._replace(prices=[weight * price for weight, price in prices])

    def _of_legs(self, rates: Mapping[str, Number], figure: Figure) -> list[Any]:
        asked = {kind: roughly(rate) for kind, rate in rates.items()}
        return [
            asked[leg.flow.kind] * roughly(weight)
            for leg, weight in zip(self.legs, self._weights[figure], strict=True)
        ]

    def _program(self, figure: Figure) -> Program:
        if figure not in self._programs:
            number = {leg: n for n, leg in enumerate(self.legs)}
            members = [
                [
                    Member(
                        number[each.leg],
                        each.times.seconds.value if figure == "rate" else 1,
                        each.copies.value,
                    )
                    for each in space
                ]
                for space in self._members
            ]
            self._programs[figure] = Program([leg.ports.ports for leg in self.legs], members)
        return self._programs[figure]


def coupled_spaces(spaces: Spaces, open_: Callable[[Flow], Number]) -> Iterator[Coupled]:
    """Spaces that legs of different ports connect: evenly over the same ports every face is reached."""
    for found in _components(spaces):
        if len({each.leg.ports.ports for space in found for each in spaces[space]}) > 1:
            yield Coupled({space: spaces[space] for space in spaces if space in found}, open_)


def _components(spaces: Spaces) -> Iterator[set[Space]]:
    """The spaces that legs connect."""
    of_leg: dict[Leg, list[Space]] = {}
    for space, members in spaces.items():
        for each in members:
            of_leg.setdefault(each.leg, []).append(space)
    seen: set[Space] = set()
    for start in spaces:
        if start in seen:
            continue
        found, todo = {start}, [start]
        while todo:
            legs = (each.leg for each in spaces[todo.pop()])
            new = {other for leg in legs for other in of_leg[leg]} - found
            found |= new
            todo += new
        seen |= found
        yield found
