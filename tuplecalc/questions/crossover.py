"""Crossovers: for one number of a chain, from where to where each limit binds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import floor
from typing import NamedTuple

import numpy as np

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Constant, Number, ingredients, tidy
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.replace import replace_all
from tuplecalc.questions.axis import MOST_POINTS, POINTS, Axis, ends_of
from tuplecalc.questions.forms import Form, is_rounded
from tuplecalc.questions.pieces import has_kinds, paths_of
from tuplecalc.questions.roundings import middle, simplest
from tuplecalc.questions.sweep import sweep
from tuplecalc.under_load.roots import crossing

Name = tuple[str, str]
"""A hop's name and a limit's."""
MOST_VALUES = 1000
"""Of a number that is no leaf of the formulas, so many values are looked at where no range is given."""
_FINEST = Fraction(1, 10**13)  # of the value, or a second: nearer than that, limits change at one place
_MARKS = 64  # values of a count at which flows of several kinds are looked at
_LOOKS = 2  # halvings of a span at whose ends the same binds
_BESIDE = 10 * _FINEST
_HIGHEST = 10**60  # more than any rate
_FREE = Form(1, Constant(1), Constant(1), Constant(0), Constant(1))  # nothing limits it


class Interval(NamedTuple):
    """From where to where one limit binds; None where nothing limits."""

    low: Number
    high: Number
    """Of whole numbers the last one; else where the next interval begins."""
    limit: Name | None


@dataclass(frozen=True)
class Crossovers:
    """Which limit binds for which values of one number; made by :func:`crossovers`."""

    chain: Chain
    axis: Axis
    """The number; its ``values`` are the two ends."""
    flows: tuple[Interval, ...]
    """What binds the flows, in ascending order without gaps."""
    rate: tuple[Interval, ...]
    """What binds the rate."""
    is_open: bool
    """Whether there is no higher value than the last end, of any chain."""

    def __repr__(self) -> str:
        return f"<Crossovers of {self.axis.path}: flows {len(self.flows) - 1}, rate {len(self.rate) - 1}>"


def crossovers(chain: Chain, number: str | Axis) -> Crossovers:
    """For one number of a chain, the intervals in which each limit binds: its flows and its rate.

    ``number`` is a path as of ``--set``, with a range as of ``--vary`` or without one: then from
    the least value to the highest that a chain can have.  Flows and the rate are straight lines in
    a count, and 1/rate is one in a time or a share, but for some limits on the rate.  So two limits
    change places where two lines meet, which is a fraction, and which single chains tell to be so;
    if a third limit is lower there, it meets either of them.  Where lines bend or jump, the place
    is known to 1e-13.  Of whole numbers the intervals are whole, and rounding down is heeded.
    Numbers that are no leaf of the formulas (services, instances that share them out, blocks) are
    looked at one by one, in a range.

    Of several kinds the part of the time that a limit takes of an open flow, keys·Σ σ·H, is a straight
    line in a share as well, so that those places are fractions, too: of two limits, before they are
    rounded down.  Of counts some values are looked at, all where they are few.

    Ties go to the earliest limit.  Raises :class:`~tuplecalc.errors.InputError` for a path that
    leads to no number, and for a number without limits.  Source: Eisner and Severance, J. ACM 23
    (1976) 619.

    >>> from tuplecalc.network.file import example
    >>> found = crossovers(example("outage"), "traffic.hold")
    >>> for low, high, limit in found.rate:
    ...     print(float(low), float(high), limit)
    0.0 60.0 ('lvs', 'ports')
    60.0 1e+17 ('login-proxy', 'shared')
    """
    check_chain(chain)
    axis, is_open = (number, False) if isinstance(number, Axis) else ends_of(chain, number, MOST_VALUES)
    low, high = axis.values[0], axis.values[-1]

    @cache
    def result_at(value: Number) -> Capacity:
        return capacity(replace_all(chain, [axis.change(value)]))

    search = _Search if not has_kinds(chain) else _SearchOfKinds
    if search is _SearchOfKinds:
        marks, looks = {*axis.between(low, high, _MARKS).values} if axis.is_count else _times(chain), _LOOKS
    elif axis.is_count and _is_stepped(axis.path, result_at(low), result_at(high)):
        if is_open and high > low + MOST_POINTS:
            high, is_open = max(MOST_VALUES, 4 * int(axis.present or 0)), False
            axis = replace(axis, values=(low, high))
        marks, looks = _steps(chain, axis), 0
    else:
        marks, looks = set() if axis.is_count else _times(chain), _LOOKS
    marks = {low, high, *(mark for mark in marks if low < mark < high)}
    flows, rate = (
        tuple(_intervals(axis, search(axis, result_at, of).runs(sorted(marks), looks), high)) for of in (0, 1)
    )
    return Crossovers(chain, axis, flows, rate, is_open)


def _is_stepped(path: str, *ends: Capacity) -> bool:
    """Whether formulas do not know a number, or know what follows from it in steps only."""
    forms = [Form.of(limit, frozenset((path,))) for end in ends for limit in end.limits]
    return not any(path in paths_of(end.chain) for end in ends) or any(map(is_rounded, forms))


def _steps(chain: Chain, axis: Axis) -> set[Number]:
    """The values next to each other at which not the same binds: of all values, or of some of very many."""
    low, high = axis.values[0], axis.values[-1]
    every = int(high - low) + 1
    looked_at = axis.between(low, high, every if every <= MOST_POINTS else POINTS)
    found = sweep(chain, [looked_at])
    changes = {at for of in (found.binding, found.rate_binding) for at in np.flatnonzero(np.diff(of))}
    return {value for at in changes for value in looked_at.values[at : at + 2]}


def _times(chain: Chain) -> set[Number]:
    """The times of a chain: a limit that is lower only between two of them is not missed."""
    parts = (limit.seconds for limit in capacity(chain).limits)
    return {quantity.value for part in parts for quantity in ingredients(part)}


class _Line(NamedTuple):
    """What binds at some value, as its formula reads there."""

    name: Name | None
    form: Form


class _Point(NamedTuple):
    """A value, and what binds there, or next to it."""

    value: Number
    line: _Line


class _Search:
    """What binds flows (0) or rate (1) for values of one number."""

    def __init__(self, axis: Axis, result_at: Callable[[Number], Capacity], of: int) -> None:
        self.axis, self.result_at, self.of = axis, result_at, of

    def at(self, value: Number) -> _Point:
        """A point by the capacity of a single chain."""
        found = self.result_at(value)
        limit = (found.binding, found.rate_binding)[self.of]
        if limit is None:
            return _Point(value, _Line(None, _FREE))
        form = Form.of(limit, frozenset((self.axis.path,)), chosen=True)
        form = form if self.of else form._replace(seconds=Constant(0), busy=Constant(0))
        return _Point(value, _Line((limit.hop, limit.name), form))

    def runs(self, marks: Iterable[Number], looks: int) -> Iterator[tuple[Number, Name | None]]:
        """From where on what binds."""
        points = list(map(self.at, marks))
        yield points[0].value, points[0].line.name
        for low, high in pairwise(points):
            yield from ((value, line.name) for value, line in self._changes(low, high, looks))

    def _changes(self, low: _Point, high: _Point, looks: int, turn: int = 1) -> Iterator[_Point]:
        """From where on between two points another line is the lowest.

        Where the same is at both, so many times more in the middle is looked for others.
        """
        is_count, span, is_same = self.axis.is_count, high.value - low.value, low.line == high.line
        is_near = span <= (1 if is_count else max(high.value, 1) * _FINEST)
        if is_near or (is_same and not looks):
            if not is_same:
                yield _Point(high.value if is_count else simplest(low.value, high.value), high.line)
            return
        at = None if is_same or turn % 3 == 0 else self._meeting(low, high)
        if at is not None and not is_count and self._is_change(low, at, high):
            yield from self._changes(low, _Point(at, low.line), looks)
            yield _Point(at, high.line)
            yield from self._changes(_Point(at, high.line), high, looks)
            return
        if at is None or not low.value < at < high.value:
            at, looks = middle(low.value, high.value), max(looks - 1, 0)
        if is_count:
            at = min(max(floor(at), low.value + 1), high.value - 1)
        point = self.at(at)
        yield from self._changes(low, point, looks, turn + 1)
        yield from self._changes(point, high, looks, turn + 1)

    def _is_change(self, low: _Point, at: Number, high: _Point) -> bool:
        """Whether right before and behind a place the lines of two points are the lowest."""
        beside = max(at, 1) * _BESIDE
        before, behind = self.at(max(at - beside, low.value)), self.at(min(at + beside, high.value))
        return (before.line, behind.line) == (low.line, high.line)

    def _meeting(self, low: _Point, high: _Point) -> Number | None:
        """Where the lines of two points meet; None where they do not."""

        def above(value: Number) -> Fraction:
            return Fraction(self._height(high.line.form, value) - self._height(low.line.form, value))

        before, behind = above(low.value), above(high.value)
        if before < 0 or behind > 0 or before == behind:
            return None
        straight = low.value + (high.value - low.value) * before / (before - behind)
        if self.axis.is_count or not above(straight):
            return tidy(straight)
        root = Fraction(
            crossing(lambda value: -float(above(Fraction(value))), float(low.value), float(high.value))
        )
        return simplest(root * (1 - _FINEST), root * (1 + _FINEST))

    def _height(self, form: Form, value: Number) -> Number:
        """What is a straight line in most forms: flows, the rate by a count, else -1/rate."""
        flows, rate = form.at({self.axis.path: value})
        if self.of == 0:
            return _HIGHEST if flows is None else flows
        if self.axis.is_count:
            return _HIGHEST if rate is None else rate
        return 0 if rate is None else -1 / Fraction(rate) if rate else -_HIGHEST


class _SearchOfKinds(_Search):
    """The same for flows of several kinds: limits go by their names, and single chains say their heights."""

    def at(self, value: Number) -> _Point:
        """A point by the capacity of a single chain; of equal limits the earliest, before rounding down."""
        heights = self._heights(value)
        name = max(heights, key=lambda each: heights[each])
        return _Point(value, _Line(None if heights[name] in (0, -_HIGHEST) else name, _FREE))

    def _heights(self, value: Number) -> dict[Name, Number]:
        """What is a straight line for each limit: what flows take of it, by a count what it lets through."""
        found = self.result_at(value)
        hold = sum((each.part * each.hold for each in found.chain.strands), Fraction(0)) or 1
        offered = found.chain.traffic.offered or 1  # of a kind that has its own rate it is the sum
        heights: dict[Name, Number] = {}
        for limit in found.limits:
            taken = offered * (_of_a_rate(limit) if self.of else _of_a_flow(limit) * hold)
            heights[limit.hop, limit.name] = (
                taken if not self.axis.is_count else -1 / taken if taken else -_HIGHEST
            )
        return heights

    def _meeting(self, low: _Point, high: _Point) -> Number | None:
        """Where the lines meet that bind at two points; None where they do not."""
        nothing = -_HIGHEST if self.axis.is_count else 0
        above = []
        for point in (low, high):
            heights = self._heights(point.value)
            if not {low.line.name, high.line.name} <= {None, *heights}:
                return None
            one, other = (heights[line.name] if line.name else nothing for line in (low.line, high.line))
            above.append(Fraction(other - one))
        before, behind = above
        if before > 0 or behind < 0 or before == behind:
            return None
        return tidy(low.value + (high.value - low.value) * before / (before - behind))


def _of_a_flow(limit: Limit) -> Fraction:
    """What part of a limit an open flow takes, before rounding down."""
    if limit.flows is None or not limit.size.value:
        return Fraction(0 if limit.flows is None else _HIGHEST)
    each = limit.size.value // limit.keys if isinstance(limit.keys, int) else limit.size.value / limit.keys
    return 1 / Fraction(limit.scopes.value * each) if each else Fraction(_HIGHEST)


def _of_a_rate(limit: Limit) -> Fraction:
    """What part of a limit a flow a second takes."""
    return (
        Fraction(0) if limit.rate is None else 1 / Fraction(limit.rate) if limit.rate else Fraction(_HIGHEST)
    )


def _intervals(axis: Axis, runs: Iterable[tuple[Number, Name | None]], end: Number) -> Iterator[Interval]:
    """Runs as intervals, without those in which nothing changes or that are inside and have no length."""
    kept: list[tuple[Number, Name | None]] = []
    for start, name in runs:
        if len(kept) > 1 and kept[-1][0] == start < end:
            kept.pop()
        if not kept or kept[-1][1] != name:
            kept.append((start, name))
    for (start, name), (following, _) in zip(kept, [*kept[1:], (end, None)], strict=True):
        is_last = (start, name) == kept[-1]
        yield Interval(start, following - 1 if axis.is_count and not is_last else following, name)


class Change(NamedTuple):
    """Where another limit begins to bind the rate; None where nothing limits it."""

    value: Number
    before: Name | None
    after: Name | None


def changes(chain: Chain, axis: Axis) -> Iterator[Change]:
    """Where along an axis the limit that binds the rate changes: the ends between intervals.

    >>> from tuplecalc.questions.axis import axis
    >>> from tuplecalc.network.file import example
    >>> chain = example("outage")
    >>> list(changes(chain, axis(chain, "traffic.hold")))
    [Change(value=60, before=('lvs', 'ports'), after=('login-proxy', 'shared'))]
    """
    for one, other in pairwise(crossovers(chain, axis).rate):
        yield Change(other.low, one.limit, other.limit)
