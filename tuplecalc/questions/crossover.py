"""Crossovers: for one number of a chain, from where to where each limit binds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain as chained
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import Number, ingredients
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.replace import with_settings
from tuplecalc.questions.axis import MOST_POINTS, POINTS, Axis, ends_of
from tuplecalc.questions.curves import Curve, Ratio, SteppedError, flows_curve, lower, rate_curve
from tuplecalc.questions.forms import Form
from tuplecalc.questions.pieces import Key, alike, between, forms_of, paths_of

if TYPE_CHECKING:
    from tuplecalc.questions.sweep import Places, Sweep

Name = tuple[str, str]
"""A hop's name and a limit's."""
MOST_VALUES = 1000
"""Of a number that is no leaf of the formulas, so many values are looked at where no range is given."""
_FINEST = Fraction(1, 10**13)  # of the value, or a second: nearer than that, forms change at one place
_FINER = 65  # points of a refined axis: 64 times as fine
_BESIDE = 2  # whole numbers beside a crossing: rounding down may move it by the keys of a flow


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
    the least value to the highest that a chain can have.  Solved exactly: two limits change places
    where the difference of two fractions of polynomials is zero; where that is no fraction, to
    thirty digits.  Of whole numbers the intervals are whole, and rounding down is heeded.  Numbers
    that are no leaf of the formulas (services, instances that share them out, blocks) are looked
    at one by one, in a range.

    Ties go to the earliest limit.  Raises :class:`~tuplecalc.errors.InputError` for a path that
    leads to no number, and for a number without limits.

    >>> from tuplecalc.network.file import example
    >>> found = crossovers(example("outage"), "traffic.hold")
    >>> for low, high, limit in found.rate:
    ...     print(float(low), float(high), limit)
    0.0 60.0 ('lvs', 'ports')
    60.0 1e+17 ('login-proxy', 'shared')
    """
    check_chain(chain)
    axis, is_open = (number, False) if isinstance(number, Axis) else ends_of(chain, number, MOST_VALUES)
    try:
        ends = (axis.values[0], axis.values[-1])  # at 0 seconds a device has no limit of what it remembers
        if not any(axis.path in paths_of(_set(chain, axis, end)) for end in ends):
            raise SteppedError
        found = list(stretches(chain, axis))
        flows, rate = (list(_envelope(axis, found, of)) for of in (0, 1))
    except SteppedError:
        if is_open and axis.values[-1] > axis.values[0] + MOST_POINTS:
            most = max(MOST_VALUES, 4 * int(axis.present or 0))
            axis, is_open = replace(axis, values=(axis.values[0], most)), False
        flows, rate = _one_by_one(chain, axis)
    return Crossovers(chain, axis, tuple(flows), tuple(rate), is_open)


class Stretch(NamedTuple):
    """A part of an axis in which each limit has one form."""

    low: Number
    high: Number
    forms: dict[Key, Form]

    def at(self, axis: Axis, value: Number) -> list[tuple[Name, int, Number | None]]:
        """Name, flows and rate of each limit at one value, exactly."""
        return [((hop, name), *form.at({axis.path: value})) for (hop, name), form in self.forms.items()]


def stretches(chain: Chain, axis: Axis) -> Iterator[Stretch]:
    """The axis from end to end, cut where some limit's form changes; of whole numbers exactly.

    Else where the two forms are equal to within 1e-13 of the range, at the simplest number there.
    """
    places = frozenset((axis.path,))
    known: dict[Number, dict[Key, Form]] = {}
    parts = between(chain, (axis.path,))

    def at(value: Number) -> dict[Key, Form]:
        if value not in known:
            known[value] = forms_of(_set(chain, axis, value), places)
        return known[value]

    def cut(low: Number, high: Number) -> Iterator[Stretch]:
        steps = {
            low,
            high,
            *(_between(axis, low, high, Fraction(part, parts)) for part in range(1, parts)),
        }
        samples = [at(value) for value in sorted(steps)]
        if (forms := alike(samples)) is not None:
            yield Stretch(low, high, forms)
        elif axis.is_count and high - low == 1:
            yield Stretch(low, low, at(low))
            yield Stretch(high, high, at(high))
        elif not axis.is_count and high - low <= max(high, 1) * _FINEST:
            middle = _simplest(Fraction(low), Fraction(high))
            yield Stretch(low, middle, at(low))
            yield Stretch(middle, high, at(high))
        else:
            middle = _between(axis, low, high, Fraction(1, 2))
            yield from cut(low, middle)
            yield from cut(middle + 1 if axis.is_count else middle, high)

    low, high = axis.values[0], axis.values[-1]
    marks = set() if axis.is_count else {time for time in _times(chain) if low < time < high}
    spans = pairwise(sorted({low, *marks, high}))
    yield from _together(
        chained.from_iterable(cut(*span) for span in spans) if low < high else cut(low, high)
    )


def _times(chain: Chain) -> set[Number]:
    """The times of a chain: a limit that is lower only between two of them is not missed."""
    parts = (limit.seconds for limit in capacity(chain).limits)
    return {quantity.value for part in parts for quantity in ingredients(part)}


def _together(parts: Iterator[Stretch]) -> Iterator[Stretch]:
    """Neighbours with the same forms as one."""
    last: Stretch | None = None
    for part in parts:
        if last is not None and last.forms == part.forms:
            last = last._replace(high=part.high)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _between(axis: Axis, low: Number, high: Number, part: Fraction) -> Number:
    """A value part of the way; where the range is wide, of the way between the logarithms."""
    if low > 0 and high > 1000 * low:
        digits = len(str(floor(high / low)))
        value = low * Fraction(10) ** max(1, floor(digits * part))
        value = value if low < value < high else low + (high - low) * part
    else:
        value = low + (high - low) * part
    return floor(value) if axis.is_count else Fraction(f"{float(value):.16g}")  # what a file can say


def _simplest(low: Fraction, high: Fraction) -> Number:
    """The fraction with the least denominator from one number to another.

    >>> _simplest(Fraction(59999, 1000), Fraction(60001, 1000))
    60
    """
    whole = ceil(low)
    if whole <= high:
        return whole
    base = floor(low)
    return base + 1 / Fraction(_simplest(1 / (high - base), 1 / (low - base)))


def _envelope(axis: Axis, found: list[Stretch], of: int) -> Iterator[Interval]:
    """What binds flows (0) or rate (1) along the stretches."""
    make: Callable[[Form, Number, Number], Curve] = (flows_curve, rate_curve)[of]
    runs: list[tuple[Number, Name | None]] = []
    for stretch in found:
        low, high = stretch.low, stretch.high
        if low == high:
            runs.append((low, _binds(stretch.at(axis, low), of)))
            continue
        starts = _least({key: make(form, low, high) for key, form in stretch.forms.items()}, low, high)
        if not axis.is_count:
            here = [(start, key and key[:2]) for start, key in starts]
            for end, inner in ((low, here[0][1]), (high, here[-1][1])):  # a tie, or nothing at all
                is_outer = end in (axis.values[0], axis.values[-1])
                if is_outer and (name := _binds(stretch.at(axis, end), of)) != inner:
                    here = [(end, name), *here] if end == low else [*here, (end, name)]
            runs += here
            continue
        looked_at = {
            low,
            *beside(high, low, high),
            *(n for start, _ in starts for n in beside(start, low, high)),
        }
        runs += ((n, _binds(stretch.at(axis, n), of)) for n in sorted(looked_at))
    yield from _intervals(axis, runs, found[-1].high)


def _least(curves: dict[Key, Curve], low: Number, high: Number) -> list[tuple[Number, Key | None]]:
    """From where on which curve is the lowest; None where all are infinite."""
    labelled: list[tuple[Number, Key | None]] = [(low, None)]
    least = Curve.of(Ratio.constant(1) / Ratio(()), low, high)
    for key, curve in curves.items():
        parts = list(lower(least, curve))
        before = iter([*labelled, (high, None)])
        _, now = next(before)
        start, following = next(before)
        merged_labels: list[tuple[Number, Key | None]] = []
        for place, _, is_new in parts:
            while start <= place and start < high:
                now, (start, following) = following, next(before)
            merged_labels.append((place, key if is_new else now))
        labelled = [
            each for n, each in enumerate(merged_labels) if not n or each[1] != merged_labels[n - 1][1]
        ]
        least = Curve([place for place, _, _ in parts], [ratio for _, ratio, _ in parts], high)
    return labelled


def beside(start: Number, low: Number, high: Number) -> Iterator[int]:
    """The whole numbers next to a crossing."""
    for n in range(floor(start) - _BESIDE, floor(start) + _BESIDE + 2):
        if low <= n <= high:
            yield n


def _binds(limits: list[tuple[Name, int, Number | None]], of: int) -> Name | None:
    """The first of the smallest."""
    figures = [(each[of + 1], each[0]) for each in limits]
    known = [(figure, name) for figure, name in figures if figure is not None]
    return min(known, key=lambda each: each[0])[1] if known else None


def _intervals(axis: Axis, runs: list[tuple[Number, Name | None]], end: Number) -> Iterator[Interval]:
    """Runs as intervals, without those in which nothing changes."""
    kept = [run for n, run in enumerate(runs) if not n or run[1] != runs[n - 1][1]]
    for (start, name), (following, _) in zip(kept, [*kept[1:], (end, None)], strict=True):
        is_last = (start, name) == kept[-1]
        yield Interval(start, following - 1 if axis.is_count and not is_last else following, name)


def _one_by_one(chain: Chain, axis: Axis) -> tuple[list[Interval], list[Interval]]:
    """The same by looking at every value; of very many, at some, and ever closer where they differ."""
    from tuplecalc.questions.sweep import sweep  # numpy

    low, high = axis.values[0], axis.values[-1]
    if not axis.is_count:  # a time that no limit asks for
        high_only = sweep(chain, [replace(axis, values=(high,))])
        names = [_names(high_only, places)[0] for places in (high_only.binding, high_only.rate_binding)]
        return [Interval(low, high, names[0])], [Interval(low, high, names[1])]
    points = int(high - low) + 1
    every = axis.between(low, high, points if points <= MOST_POINTS else POINTS)
    whole = sweep(chain, [every])

    def runs(of: str, part: Axis, found: Sweep) -> Iterator[tuple[Number, Name | None]]:
        here = list(zip(part.values, _names(found, getattr(found, of)), strict=True))
        for (start, before), (end, after) in pairwise([*here, here[-1]]):
            yield start, before
            if before != after and end - start > 1:
                finer = part.between(start, end, _FINER)
                yield from runs(of, finer, sweep(chain, [finer]))

    flows, rate = (
        list(_intervals(axis, list(runs(of, every, whole)), high)) for of in ("binding", "rate_binding")
    )
    return flows, rate


def _names(found: Sweep, places: Places) -> list[Name | None]:
    return [found.names[place] if place >= 0 else None for place in places]


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


def _set(chain: Chain, axis: Axis, value: Number) -> Chain:
    return with_settings(chain, axis.setting(value))
