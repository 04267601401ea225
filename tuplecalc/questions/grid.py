"""Flows and rate of a chain over a grid of values: the same limits, read with arrays.

A limit's expressions are read with arrays in place of the numbers that vary
(:mod:`tuplecalc.questions.forms`), once for each piece of the grid in which the code behind them
decides alike (:mod:`tuplecalc.questions.pieces`); there is no loop over points, but for flows of
several kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit, by_flows, by_rate
from tuplecalc.network.chain import Chain
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.comparison import merged
from tuplecalc.questions.forms import Leaves
from tuplecalc.questions.pieces import Box, Key, Leaf, Piece, Walks, leaves

_NONE = np.float64(np.inf)  # a limit that is not listed here
_NEAR = 2.0**-45  # relative: more than any rate's floats are off by

Name = tuple[str, str]
"""A hop's name and a limit's."""
Array = NDArray[np.float64]
Places = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Grid:
    """A chain at each point of a grid, calculated when it is asked.

    Arrays have one dimension for each axis.  At points where a limit is not listed it could not
    bind: its figures there are those of its formula, or infinite.
    """

    chain: Chain
    axes: tuple[Axis, ...]
    _walks: Walks
    _window: Box

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(map(len, self._window))

    @property
    def size(self) -> int:
        """How many points there are."""
        return prod(self.shape)

    @property
    def whole(self) -> tuple[Chain, tuple[Axis, ...]]:
        """The chain and the axes of the grid of which this may be a part."""
        return self.chain, self._walks.axes

    @cached_property
    def coordinates(self) -> tuple[Array, ...]:
        """The values of each axis: as floats, or in the array that was given."""
        return tuple(map(_array, self.axes))

    @property
    def names(self) -> tuple[Name, ...]:
        """(hop, limit) of each limit, in the order of the result."""
        return tuple((hop, name) for hop, name in self._keys)

    @cached_property
    def flows_of(self) -> tuple[Array, ...]:
        """Of each limit, how many flows can be open at once."""
        return tuple(self._joined([read.flows(key) for read in self._readers]) for key in self._keys)

    @cached_property
    def rates_of(self) -> tuple[Array, ...]:
        """Of each limit, connections a second; infinite where it does not limit them."""
        return tuple(self._joined([read.rate(key) for read in self._readers]) for key in self._keys)

    @property
    def flows(self) -> Array:
        """The smallest flows of all limits."""
        least: Array = self._flows[0]
        return least

    @property
    def binding(self) -> Places:
        """Which limit gives the flows: its place in ``names``, ties to the earliest."""
        first: Places = self._flows[1]
        return first

    @property
    def rate(self) -> Array:
        """The smallest rate of all limits; infinite where none limits it."""
        least: Array = self._rates[0]
        return least

    @property
    def rate_binding(self) -> Places:
        """Which limit gives the rate; -1 where none limits it."""
        first: Places = self._rates[1]
        return first

    def first_results(self, count: int) -> list[Capacity]:
        """The chains at the first points, in the order of the grid: what no formula says, a chain each."""
        if self._walks.each_alone:
            (points,) = self._readers
            assert isinstance(points, _Points)
            return points.results[:count]
        return [capacity(self._walks.changed(point)) for point in islice(product(*self._window), count)]

    @cached_property
    def _flows(self) -> tuple[Any, Any]:
        return self._smallest(0)

    @cached_property
    def _rates(self) -> tuple[Any, Any]:
        return self._smallest(1)

    def _smallest(self, of: int) -> tuple[Any, Any]:
        """The smallest of the flows (0) or the rate (1) at each point, and whose it is."""
        found = [read.smallest(of, self._keys) for read in self._readers]
        return self._joined([least for least, _ in found]), self._joined([first for _, first in found])

    @cached_property
    def _readers(self) -> Sequence[_Piece | _Points]:
        """One for each piece that the window meets."""
        if self._walks.each_alone:
            return [_Points(self._walks, self._window)]
        met = (leaf for leaf in leaves(self._walks.whole) if all(_cut(leaf.box, self._window)))
        return [_Piece(leaf, self._leaves(leaf.box)) for leaf in met]

    def _leaves(self, box: Box) -> Leaves:
        """The values of the axes in a part of the window, each along a dimension of its own."""
        return Leaves(self._along(box, self.coordinates), lambda: Leaves(self._along(box, self._exactly)))

    @cached_property
    def _exactly(self) -> tuple[Any, ...]:
        return tuple(
            np.array([int(v) if v.denominator == 1 else v for v in a.values], dtype=object) for a in self.axes
        )

    def _along(self, box: Box, coordinates: tuple[Any, ...]) -> dict[str, Any]:
        found = {}
        for number, (one, span) in enumerate(zip(self._walks.axes, _cut(box, self._window), strict=True)):
            start = self._window[number].start
            place: list[Any] = [None] * len(self.axes)
            place[number] = slice(span.start - start, span.stop - start)
            found[one.path] = coordinates[number][tuple(place)]
        return found

    @cached_property
    def _keys(self) -> list[Key]:
        """All limits of all pieces, in the order of the chain."""
        return merged(*(read.keys for read in self._readers))

    def _joined(self, parts: list[Any]) -> Any:
        """The pieces' arrays as one of the whole window."""
        found = iter(parts)
        with np.errstate(all="ignore"):
            return self._join(self._walks.whole, found)

    def _join(self, piece: Piece, parts: Iterator[Any]) -> Any:
        shape = tuple(map(len, _cut(piece.box, self._window)))
        if isinstance(piece, Leaf):
            return np.broadcast_to(self._alike(next(parts), piece.box), shape)
        met = [part for part in piece.parts if all(_cut(part.box, self._window))]
        joined = [self._join(part, parts) for part in met]
        return joined[0] if len(joined) == 1 else np.concatenate(joined, axis=piece.axis)

    def _alike(self, figure: Any, box: Box) -> Any:
        """The figure as an array of the kind that was given, also where it depends on no axis."""
        if isinstance(figure, np.ndarray | np.generic):
            for values in self._leaves(box).values():
                if not isinstance(values, np.ndarray):
                    figure = np.where(values == values, figure, figure)  # noqa: PLR0124 - always true
        return figure


class _Piece:
    """One piece, and the values of what varies in it."""

    def __init__(self, leaf: Leaf, values: Leaves) -> None:
        self.keys, self.values = leaf.forms, values

    def flows(self, key: Key) -> Any:
        with np.errstate(all="ignore"):
            return self.keys[key].flows(self.values) if key in self.keys else _NONE

    def rate(self, key: Key) -> Any:
        with np.errstate(all="ignore"):
            return self.keys[key].rate(self.values) if key in self.keys else _NONE

    def smallest(self, of: int, keys: Sequence[Key]) -> tuple[Any, Any]:
        figure = (self.flows, self.rate)[of]
        return _least([(place, figure(key)) for place, key in enumerate(keys) if key in self.keys])


class _Points:
    """Points each of which is a chain of its own."""

    def __init__(self, walks: Walks, window: Box) -> None:
        self._shape = tuple(map(len, window))
        self.results = [capacity(walks.changed(point)) for point in product(*window)]
        self._found = [{_key(limit): limit for limit in each.limits} for each in self.results]
        self.keys = merged(*dict.fromkeys(tuple(each) for each in self._found))

    def flows(self, key: Key) -> Any:
        return self._array(by_flows(each[key]) if key in each else np.inf for each in self._found)

    def rate(self, key: Key) -> Any:
        return self._array(by_rate(each[key]) if key in each else np.inf for each in self._found)

    def smallest(self, of: int, keys: Sequence[Key]) -> tuple[Any, Any]:
        least = [(each.binding, each.rate_binding)[of] for each in self.results]
        figure = (by_flows, by_rate)[of]
        places = [-1 if limit is None else keys.index(_key(limit)) for limit in least]
        figures = self._array(np.inf if limit is None else figure(limit) for limit in least)
        return figures, np.array(places, dtype=np.int32).reshape(self._shape)

    def _array(self, figures: Iterable[Number | float]) -> Array:
        return np.array(list(map(float, figures))).reshape(self._shape)


def _key(limit: Limit) -> Key:
    return limit.hop, limit.name


def _least(arrays: Iterable[tuple[int, Any]]) -> tuple[Any, Any]:
    """The smallest at each point, and the first that is as small; -1 where all are infinite.

    Arrays of one shape first, so that few are as large as the grid.
    """
    found: dict[tuple[int, ...], tuple[Any, Any]] = {}
    for place, array in arrays:
        mine = array, np.int32(place)
        shape = array.shape
        found[shape] = _lesser(found[shape], mine) if shape in found else mine
    least: Any = None
    first: Any = None
    for mine in sorted(found.values(), key=lambda each: prod(each[0].shape)):
        least, first = mine if least is None else _lesser((least, first), mine)
    assert least is not None  # the clients have a limit
    return least, np.where(least < np.inf, first, np.int32(-1))


def _lesser(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    """The smaller of two at each point; of those that floats cannot tell apart the earlier."""
    (mine, my_place), (theirs, their_place) = one, other
    is_theirs = theirs < mine * (1 - _NEAR)
    if isinstance(my_place, np.int32) and isinstance(their_place, np.int32):
        if their_place < my_place:
            is_theirs = theirs <= mine * (1 + _NEAR)
    else:
        is_theirs = is_theirs | ((theirs <= mine * (1 + _NEAR)) & (their_place < my_place))
    return np.minimum(mine, theirs), np.where(is_theirs, their_place, my_place)


def _array(axis: Axis) -> Any:
    if axis.given is not None:
        return axis.given * np.float64(1)  # products of whole numbers would wrap around
    return np.array([float(value) for value in axis.values])


def _cut(box: Box, window: Box) -> Box:
    """The part of a box inside a window."""
    pairs = zip(box, window, strict=True)
    return tuple(range(max(b.start, w.start), min(b.stop, w.stop)) for b, w in pairs)
