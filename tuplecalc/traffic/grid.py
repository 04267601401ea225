"""Flows and rates of every limit over a grid of values: the same limits, read with numpy.

A limit's expressions are read by :func:`~tuplecalc.limits.expression.evaluate` with arrays.  What
is not in them is decided by code, from exact numbers: which limits there are, which leg is held for
longer, how many machines work.  So the grid is cut into boxes within which all of that is the same,
as walks along the chain at a box's corners tell; a box then takes one evaluation of each limit,
however many points it has.

Corners tell it where only *smooth* numbers vary: times, counts of addresses, sizes of tables and
blocks.  These are leaves of the expressions, and what the code decides by them compares sums and
products that are monotonic in each.  Along any other axis (instances, services) each value is a box
of its own.  A limit that is listed at some corners only is left out where it cannot bind, so that a
box takes the limits of all its corners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import walk
from tuplecalc.limits.expression import (
    Constant,
    Difference,
    Expression,
    Minimum,
    Number,
    Product,
    Quantity,
    Quotient,
    Size,
    Sum,
    evaluate,
    ingredients,
)
from tuplecalc.limits.hops import of_served
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.proxy import shares_table
from tuplecalc.limits.rows import ALWAYS_LISTED
from tuplecalc.limits.state import Sources
from tuplecalc.model.chain import Chain, Hourglass
from tuplecalc.model.file import with_settings
from tuplecalc.traffic.vary import Axis

MOST_POINTS = 10_000_000
_BETWEEN = 4  # parts of a span at whose ends a long row is looked at
_FINER = 65  # points of a refined axis: 64 times as fine
_NEAR = 2.0**-45  # relative: more than any rate's floats are off by
_NO_TIME = 5e-324  # the smallest float: all but 0 divided by it is infinite
_NEXT_TO_ONE = Fraction(1, 1024)
_NEVER = Limit("", "", Constant(2**999), Constant(1), 1, Constant(0))  # every limit is lower

Name = tuple[str, str]
"""A hop's name and a limit's."""
Array = NDArray[np.float64]
Places = NDArray[np.intp]
_Key = tuple[str, str, int]  # a name may stand twice at a hop: block-upstream, of two proxies before it
_Box = tuple[range, ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """All limits of a chain at each point of a grid; made by :func:`limits_over`.

    Arrays have one dimension for each axis.  At points where a limit is not listed it could not
    bind: its figures there are those of its formula, or infinite.
    """

    axes: tuple[Axis, ...]
    names: tuple[Name, ...]
    """(hop, limit) of each limit, in the model's order."""
    flows_of: tuple[Array, ...]
    """Of each limit, how many flows can be open at once."""
    rates_of: tuple[Array, ...]
    """Of each limit, connections a second; infinite where it does not limit them."""
    flows: Array
    """The smallest flows of all limits."""
    rate: Array
    """The smallest rate of all limits; infinite where none limits it."""
    binding: Places
    """Which limit gives the flows: its place in ``names``, ties to the earliest."""
    rate_binding: Places
    """Which limit gives the rate; -1 where none limits it."""

    @property
    def coordinates(self) -> tuple[Array, ...]:
        """The values of each axis as floats."""
        return tuple(np.array([float(value) for value in axis.values]) for axis in self.axes)


def limits_over(chain: Chain, *axes: Axis) -> Grid:
    """Flows and rate of every limit at every point of a grid of axes.

    ``floor(scopes · floor(size / keys))`` and ``size · scopes / seconds`` of each limit, in floats:
    to 1e-12 the numbers of ``capacity(with_settings(chain, …))`` at each point.  Of limits that are
    nearer to each other than that, the earliest binds.  Flows, and connections a second.  Raises
    :class:`~tuplecalc.errors.InputError` for an axis that stands twice and for too many points.

    >>> from tuplecalc.model.file import example
    >>> from tuplecalc.traffic.vary import axis
    >>> chain = example("outage")
    >>> hold, addresses = axis(chain, "traffic.hold=0s..5m/3"), axis(chain, "hops.lvs.addresses=1..2")
    >>> grid = limits_over(chain, hold, addresses)
    >>> grid.rate.round(1).tolist()
    [[3225.6, 6451.2], [1075.2, 2150.4], [586.5, 1172.9]]
    >>> [grid.names[limit] for limit in grid.rate_binding[:, 0]]
    [('lvs', 'ports'), ('login-proxy', 'shared'), ('login-proxy', 'shared')]
    """
    shape = tuple(len(axis.values) for axis in axes)
    paths = [axis.path for axis in axes]
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"--vary {show(twice)}: this stands twice; leave one out, or vary another number")
    if prod(shape) > MOST_POINTS:
        rule = f"a grid has at most {MOST_POINTS:,} points, this one has {prod(shape):,}"
        raise InputError(f"--vary {show(paths[0])}: {rule}; write fewer behind the /, as in 0s..10m/25")
    walks = _Walks(chain, axes)
    boxes = [cut for box in walks.boxes() for cut in walks.uniform(box)]
    leaves = [_Leaves(axes, box) for box, _ in boxes]
    found: dict[_Key, tuple[Array, Array]] = {}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for key in _merged(forms for _, forms in boxes):
            here = [
                (box, forms[key], at) for (box, forms), at in zip(boxes, leaves, strict=True) if key in forms
            ]
            flows = _joined(shape, [(box, form.flows(at)) for box, form, at in here])
            found[key] = flows, _joined(shape, [(box, form.rate(at)) for box, form, at in here])
    found = _without_idle_blocks(found)
    flows_of, rates_of = (tuple(figures[of] for figures in found.values()) for of in (0, 1))
    least_flows, least_rate = _least(flows_of, shape), _least(rates_of, shape)
    names = tuple((hop, name) for hop, name, _ in found)
    return Grid(axes, names, flows_of, rates_of, least_flows[0], least_rate[0], least_flows[1], least_rate[1])


class Change(NamedTuple):
    """Where another limit begins to bind the rate; None where nothing limits it."""

    value: Number
    """The first value of the axis at which it does: the next whole number, or to 1e-12."""
    before: Name | None
    after: Name | None


def changes(chain: Chain, axis: Axis) -> Iterator[Change]:
    """Where along an axis the limit that binds the rate changes.

    Between two values of the axis at which different limits bind, the axis is refined until they
    are next to each other.  A limit that binds between two neighbours only, both of which another
    one binds, is missed.

    >>> from tuplecalc.model.file import example
    >>> from tuplecalc.traffic.vary import axis
    >>> chain = example("outage")
    >>> [(round(float(value), 9), after) for value, _, after in changes(chain, axis(chain, "traffic.hold"))]
    [(60.0, ('login-proxy', 'shared'))]
    """
    span = axis.values[-1] - axis.values[0]
    return _changes(chain, axis, finest=Fraction(span) / 10**13)


def _changes(chain: Chain, axis: Axis, finest: Fraction) -> Iterator[Change]:
    grid = limits_over(chain, axis)
    names = [grid.names[place] if place >= 0 else None for place in grid.rate_binding]
    for (before, low), (after, high) in pairwise(zip(names, axis.values, strict=True)):
        if before != after:
            finer = axis.between(low, high, _FINER)
            if len(finer.values) == 2 or high - low <= finest:
                yield Change(high, before, after)
            else:
                yield from _changes(chain, finer, finest)


def _least(arrays: tuple[Array, ...], shape: tuple[int, ...]) -> tuple[Array, Places]:
    """The smallest at each point, and the first that is as small; -1 where all are infinite."""
    least = np.broadcast_to(reduce(np.minimum, arrays), shape)
    bound = least * (1 + _NEAR)
    first = np.full(shape, -1)
    for place in reversed(range(len(arrays))):
        first = np.where((arrays[place] <= bound) & (least < np.inf), place, first)
    return least, first


def _joined(shape: tuple[int, ...], parts: list[tuple[_Box, Array]]) -> Array:
    if len(parts) == 1 and tuple(map(len, parts[0][0])) == shape:
        return np.broadcast_to(parts[0][1], shape)
    whole = np.full(shape, np.inf)
    for box, part in parts:
        whole[tuple(slice(span.start, span.stop) for span in box)] = part
    return whole


def _merged(lists: Iterable[Iterable[_Key]]) -> list[_Key]:
    """All keys, in the order in which each list has its own."""
    merged: list[_Key] = []
    for keys in lists:
        at = 0
        for key in keys:
            if key not in merged:
                merged.insert(at, key)
            at = merged.index(key) + 1
    return merged


def _without_idle_blocks(found: dict[_Key, tuple[Array, Array]]) -> dict[_Key, tuple[Array, Array]]:
    """Without what sources with a block bring along, where that lowers no figure of the hop."""
    kept = dict(found)
    for key, figures in found.items():
        hop, name, _ = key
        if name.startswith("block-"):
            others = zip(figures, found[hop, "ports", 0], found[hop, "block", 0], strict=True)
            if not any(np.any(mine < np.minimum(ports, block)) for mine, ports, block in others):
                del kept[key]
    return kept


class _Leaves:
    """The values of the axes in a box, each along a dimension of its own."""

    def __init__(self, axes: tuple[Axis, ...], box: _Box) -> None:
        shapes = np.eye(len(axes), dtype=int) * -2 + 1  # (-1, 1, 1), (1, -1, 1), …
        self.values = {
            axis.path: (axis.values[span.start : span.stop], tuple(shape))
            for axis, span, shape in zip(axes, box, shapes, strict=True)
        }

    @cached_property
    def floats(self) -> dict[str, Array]:
        return {
            path: np.array([float(value) for value in values]).reshape(shape)
            for path, (values, shape) in self.values.items()
        }

    @cached_property
    def exact(self) -> dict[str, NDArray[np.object_]]:
        return {
            path: np.array([Fraction(value) for value in values], dtype=object).reshape(shape)
            for path, (values, shape) in self.values.items()
        }


class _Form(NamedTuple):
    """A limit's expressions, of which only the axes' own quantities are left, and exact numbers."""

    keys: int
    size: Expression
    scopes: Expression
    seconds: Expression
    busy: Expression

    @classmethod
    def of(cls, limit: Limit, places: frozenset[str]) -> _Form:
        """The form of a limit, where these places vary."""
        busy = limit.size if limit.busy is None else limit.busy
        parts = (limit.size, limit.scopes, limit.seconds, busy)
        return cls(limit.keys, *(_folded(part, places) for part in parts))

    def flows(self, leaves: _Leaves) -> Array:
        """floor(scopes · floor(size / keys)): in floats where all is whole, else in fractions."""
        if _is_whole(self.size) and _is_whole(self.scopes):
            size, scopes = (_read(part, leaves.floats, np.float64) for part in (self.size, self.scopes))
            return np.asarray(scopes * np.floor(size / self.keys))
        size, scopes = (_read(part, leaves.exact, Fraction) for part in (self.size, self.scopes))
        return np.asarray(np.floor(scopes * np.floor(size / self.keys)), dtype=np.float64)

    def rate(self, leaves: _Leaves) -> Array:
        """busy · scopes / seconds; none (infinite) where some keys are busy for no time at all.

        0 where not one flow fits.
        """
        parts = (self.scopes, self.seconds, self.busy, self.size)
        scopes, seconds, busy, size = (_read(part, leaves.floats, np.float64) for part in parts)
        room = np.where(np.isfinite(busy), busy * scopes, np.inf)
        room = np.where(size < self.keys, 0.0, room)
        return np.asarray(room / np.where(seconds == 0, _NO_TIME, seconds))


def _read(expression: Expression, leaves: Mapping[str, Any], number: Callable[[Number], Any]) -> Any:
    def leaf(node: Quantity | Size | Constant) -> Any:
        return leaves[node.place] if isinstance(node, Quantity) else number(node.value)

    def minimum(*choices: Any) -> Any:
        return reduce(np.minimum, choices)

    return evaluate(expression, leaf, floor=np.floor, ceiling=np.ceil, minimum=minimum)


def _is_whole(node: Expression) -> bool:
    """Whether a folded expression of counts gives whole numbers."""
    match node:
        case Constant(value=value):
            return value.denominator == 1
        case Sum(parts) | Product(parts) | Minimum(parts):
            return all(map(_is_whole, parts))
    return isinstance(node, Quantity) or (isinstance(node, Quotient) and bool(node.rounding))


def _folded(node: Expression, places: frozenset[str]) -> Expression:
    """With exact numbers for all that does not go back to these places, and no values for the rest."""
    if not any(quantity.place in places for quantity in ingredients(node)):
        with suppress(ZeroDivisionError):
            return Constant(node.value)
    match node:
        case Quantity(definition=definition):
            return node._replace(value=0) if definition is None else _folded(definition, places)
        case Difference(minuend=left, subtrahend=right):
            return Difference(_folded(left, places), _folded(right, places))
        case Quotient(dividend=left, divisor=right, rounding=rounding):
            return Quotient(_folded(left, places), _folded(right, places), rounding)
        case Sum(parts) | Product(parts) | Minimum(parts):
            return type(node)(tuple(_folded(part, places) for part in parts))
    return node


class _Walks:
    """Walks along the chain at single points of the grid."""

    def __init__(self, chain: Chain, axes: tuple[Axis, ...]) -> None:
        self.chain, self.axes = chain, axes
        self.found: dict[tuple[int, ...], dict[_Key, _Form]] = {}
        sharing = [hop for hop in chain.hops if isinstance(hop, Hourglass) and shares_table(hop)]
        self.has_long_row = len(sharing) >= ALWAYS_LISTED
        first = list(_limits(self._changed((0,) * len(axes))))
        parts = (part for limit in first for part in (limit.size, limit.scopes, limit.seconds))
        known = {quantity.place for part in parts for quantity in ingredients(part)}
        self.places = frozenset(axis.path for axis in axes if axis.path in known and self._is_smooth(axis))

    def _is_smooth(self, axis: Axis) -> bool:
        """Whether what the code decides by these values is told by the smallest and the largest."""
        if axis.path.endswith(".instances"):
            return False
        # 1 - c has few digits left in floats where c is next to 1.
        return axis.path != "traffic.first_close" or all(not 0 < 1 - c < _NEXT_TO_ONE for c in axis.values)

    def boxes(self) -> Iterator[_Box]:
        """The grid, one value at a time along the axes that are not smooth."""
        spans = [range(len(axis.values)) for axis in self.axes]
        return product(
            *(
                [span] if axis.path in self.places else [span[at : at + 1] for at in span]
                for axis, span in zip(self.axes, spans, strict=True)
            )
        )

    def uniform(self, box: _Box) -> Iterator[tuple[_Box, dict[_Key, _Form]]]:
        """The box in parts, within each of which a limit has one form."""
        corners = [self.at(point) for point in product(*map(self._samples, box))]
        forms: dict[_Key, _Form] = {}
        if all(forms.setdefault(key, corner[key]) == corner[key] for corner in corners for key in corner):
            yield box, {key: forms[key] for key in _merged(corners)}
            return
        axis = min(self._dividers(box), key=lambda axis: len(box[axis]))
        middle = box[axis][len(box[axis]) // 2]
        for half in (range(box[axis].start, middle), range(middle, box[axis].stop)):
            yield from self.uniform((*box[:axis], half, *box[axis + 1 :]))

    def _samples(self, span: range) -> Iterable[int]:
        """The ends of a span; some of the values between as well where proxies stand in a long row.

        Of such a row only those limits are listed that are lower than all shorter ones.  One that
        is so between two samples only would be missed; of 60,000 random rows none had one.
        """
        between = _BETWEEN if self.has_long_row else 1
        return sorted({span[0] + (span[-1] - span[0]) * part // between for part in range(between + 1)})

    def _dividers(self, box: _Box) -> list[int]:
        """The axes along which the form of some limit changes, from one corner to another."""
        long = [axis for axis, span in enumerate(box) if len(span) > 1]

        def changes(axis: int) -> bool:
            across = [(span[0],) if at == axis else (span[0], span[-1]) for at, span in enumerate(box)]
            pairs = (
                (self.at(p), self.at((*p[:axis], box[axis][-1], *p[axis + 1 :]))) for p in product(*across)
            )
            return any(one[key] != other[key] for one, other in pairs for key in one.keys() & other.keys())

        return list(filter(changes, long)) or long

    def at(self, point: tuple[int, ...]) -> dict[_Key, _Form]:
        """The limits at a point, by their names."""
        if point not in self.found:
            forms: dict[_Key, _Form] = {}
            for limit in _limits(self._changed(point)):
                times = sum(key[:2] == (limit.hop, limit.name) for key in forms)
                forms[limit.hop, limit.name, times] = _Form.of(limit, self.places)
            self.found[point] = forms
        return self.found[point]

    def _changed(self, point: tuple[int, ...]) -> Chain:
        settings = (axis.setting(axis.values[at]) for axis, at in zip(self.axes, point, strict=True))
        return with_settings(self.chain, *settings)


def _limits(chain: Chain) -> Iterator[Limit]:
    """The limits of a chain, and all that sources with a block of ports bring along.

    Of the latter, those are listed that lower the figures, which corners do not tell.
    """
    entering: Sources | None = None
    for _, _, limits, leaving, *_ in walk(chain):
        for limit in limits:
            if not limit.name.startswith("block-"):
                yield limit
            if limit.name == "block" and entering is not None:
                first = limit.scopes.factors[0] if isinstance(limit.scopes, Product) else limit.scopes
                assert isinstance(first, Minimum)  # min(sources, blocks)
                yield from of_served(entering, first.choices[1], [replace(_NEVER, hop=limit.hop)])
        entering = leaving
