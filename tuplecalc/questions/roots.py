"""The least count and the longest time from the formulas: where limits meet a target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_FLOOR, Context
from fractions import Fraction

from tuplecalc.errors import TuplecalcError
from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import with_settings
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.crossover import MOST_VALUES, Stretch, beside, stretches
from tuplecalc.questions.curves import Curve, Ratio, SteppedError, flows_curve, lower, rate_curve
from tuplecalc.questions.pieces import paths_of
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.under_load.roots import first_whole

FARTHEST = 1_000_000
"""Machines or services: more is no design."""
CLOSE = Fraction(1, 10**9)
"""Relative: how well a time is known that only blocking tells."""
_DIGITS = 12  # of a time that no decimal number is


class FromFormulas:
    """Flows and a rate, by a number that is a leaf of the formulas."""

    def __init__(self, chain: Chain, axis: Axis, target: Target, *, is_open: bool) -> None:
        self.chain, self.axis, self.target, self.is_open = chain, axis, target, is_open

    def solution(self) -> Solution:
        """The least count or the longest time, verified beside it."""
        low, high = self.axis.values[0], self.axis.values[-1]
        try:
            if self.axis.path not in paths_of(with_settings(self.chain, self.axis.setting(low))):
                raise SteppedError
            best = self._from_roots()
        except SteppedError:
            if not self.axis.is_count:
                best = high if self._is_met(high) else None
            else:
                best = self._one_by_one()
                low, high = self.axis.values[0], self.axis.values[-1]
        return self._told(best, nearest=low if not self.axis.is_count else high)

    def _from_roots(self) -> Number | None:
        found = list(stretches(self.chain, self.axis))
        for stretch in found if self.axis.is_count else reversed(found):
            for value in self._candidates(stretch):
                if all(self.target.is_met(flows, rate) for _, flows, rate in stretch.at(self.axis, value)):
                    return value
        return None

    def _candidates(self, stretch: Stretch) -> Iterator[Number]:
        """Where a limit meets the target, and the ends: counts upwards, times downwards."""
        low, high = stretch.low, stretch.high
        places: set[Number] = {low, high}
        if low < high:
            for form in stretch.forms.values():
                if self.target.flows is not None:
                    places |= _meetings(flows_curve(form, low, high), self.target.flows)
                if self.target.rate is not None:
                    places |= _meetings(rate_curve(form, low, high), self.target.rate)
        if self.axis.is_count:
            yield from sorted({n for place in places for n in beside(place, low, high)})
            return
        for place in sorted(places, reverse=True):
            yield place
            if low < (rounded := rounded_down(place)) < place:  # a root that is no fraction may be too high
                yield rounded

    def _one_by_one(self) -> int | None:
        """The first value of all that will do; beyond the first thousand bisected, as if more were better."""
        from tuplecalc.questions.sweep import sweep  # numpy

        low, high = (int(end) for end in (self.axis.values[0], self.axis.values[-1]))
        last = min(high, low + max(MOST_VALUES, 4 * int(self.axis.present or 0)) - 1)
        every = self.axis.between(low, last, last - low + 1)
        found = sweep(self.chain, [every])
        meets = found.flows >= (self.target.flows or 0) * (1 - 1e-12)
        meets &= found.rate >= float(self.target.rate or 0) * (1 - 1e-12)
        best = next(
            (int(every.values[at]) for at in meets.nonzero()[0] if self._is_met(every.values[at])), None
        )
        most = min(high, FARTHEST)
        if best is None and last < most:
            best = self._bisected(last, most)
        self.axis, self.is_open = replace(self.axis, values=(low, most)), False
        return best

    def _bisected(self, low: int, most: int) -> int | None:
        step = low
        while not self._is_met(high := min(low + step, most)):
            if high == most:
                return None
            low, step = high, 2 * step
        return first_whole(self._is_met, low, high)

    def _is_met(self, value: Number) -> bool:
        result = capacity(with_settings(self.chain, self.axis.setting(value)))
        return self.target.is_met(result.flows, result.rate)

    def _told(self, best: Number | None, nearest: Number) -> Solution:
        """The answer, verified at the value and beside it."""
        axis = self.axis
        shown = nearest if best is None else best if axis.is_count else _settable(best)
        setting = axis.setting(shown)
        result = capacity(with_settings(self.chain, setting))
        beyond = None
        low, high = axis.values[0], axis.values[-1]
        if best is not None:
            aside = best - 1 if axis.is_count else a_little_more(best)
            if low <= aside <= high:
                beyond = capacity(with_settings(self.chain, axis.setting(aside)))
        for side, wanted in ((result, best is not None), (beyond, False)):
            if side is not None and self.target.is_met(side.flows, side.rate) is not wanted:
                rule = "what the closed form says is not what the capacity says; this is our mistake"
                raise TuplecalcError(f"{setting}: {rule}, please report it with the topology")
        any_time = best == high and not axis.is_count and self.is_open
        looked_at = None if self.is_open else (low, high)
        return Solution(
            axis.path,
            axis.name,
            axis.unit,
            self.target,
            best,
            setting,
            result,
            beyond,
            None,
            any_time,
            looked_at,
        )


def _meetings(curve: Curve, target: Number) -> set[Number]:
    """Where a curve crosses a target, and where it changes."""
    flat = Curve.of(Ratio.constant(target), curve.starts[0], curve.high)
    return {place for place, _, _ in lower(flat, curve)}


def _settable(value: Number) -> Number:
    """A time that decimals can say: itself, or a little less."""
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return value if below == 1 and value.denominator < 10**18 else rounded_down(value)


def rounded_down(value: Number) -> Number:
    """A time to twelve digits, and no longer than it is.

    >>> float(rounded_down(Fraction(2, 3)))
    0.666666666666
    """
    context = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
    return tidy(Fraction(context.divide(value.numerator, value.denominator)))


def a_little_more(value: Number) -> Number:
    """A little more than a time."""
    return rounded_down(max(value, 1) * CLOSE * 2 + value)
