"""The highest rate at which really no more than a share is expected to fail: as the verdict counts it.

Searched from below: rates by equal ratios, then bisected between the first that is too much and the one
before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor, log10
from typing import Any

from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import written_setting
from tuplecalc.questions.axis import axis
from tuplecalc.questions.paths import parsed
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.under_load.checks import probability
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import wanted_flows, with_wanted
from tuplecalc.under_load.pools import pools
from tuplecalc.under_load.roots import first_whole
from tuplecalc.under_load.share_failing import Failing, failing_at

RATE = "traffic.rate"
_DIGITS, _MOST_DIGITS = 4, 12  # of the rate, and of one above 1,000, which is a whole number
_BELOW, _ABOVE = 40, 6  # of these ratios below the highest rate, and above it
_RATIO = Fraction(3, 2)
_LARGEST = Fraction(10**18)


def highest_rate(
    chain: Chain, path: str, *, flows: Any, rate: Any, blocking: object, most_failing: object
) -> Solution:
    """The highest rate at which no more than a share is expected to fail, of all, of any kind or group.

    The share is that of the verdict and of ``--most-failing``, the upper end of its bracket.  What is
    expected to fail rises with the rate almost everywhere; rates from a millionth to ten times the
    highest one are looked at, by ratios of 3/2, and the answer is the end of the first that will do:
    :attr:`~tuplecalc.questions.solution.Solution.is_proven` says whether all above it that were looked at
    are too much.  It has four digits, or is a whole number, and meets the share; one more in its last
    digit does not.

    Raises :class:`~tuplecalc.errors.InputError` without a share, beside other targets, and where kinds have
    rates of their own.
    """
    share = _share(chain, path, flows, rate, blocking, most_failing)
    result = capacity(chain)
    search = _Search(result, share)
    written = parsed(path)[1]
    ends = None if written is None else axis(chain, path, points=2).values
    best = search.highest(*((ends[0], ends[-1]) if ends else (None, None)))
    shown = best if best is not None else search.lowest
    above = None if best is None or search.is_any else tidy(best + search.unit(best))
    return Solution(
        RATE,
        "rate",
        "1/s",
        Target(failing=share),
        best,
        written_setting(RATE, shown),
        result,
        beyond=None,
        blocking=None,
        is_any=search.is_any and ends is None,
        looked_at=None if ends is None else (ends[0], ends[-1]),
        is_largest=True,
        is_proven=search.is_proven,
        expected=search.at(shown),
        above=above,
    )


def _share(chain: Chain, path: str, flows: Any, rate: Any, blocking: object, most_failing: object) -> float:
    if most_failing is None or (flows, rate, blocking) != (None, None, None):
        rule = "the rate is what is looked for, by the share of it that may fail"
        raise InputError(f"{show(path)}: {rule}; write --most-failing 1%, and no other target")
    if chain.traffic.kinds and chain.traffic.rate is None and chain.traffic.offered is not None:
        rule = "the kinds have rates of their own, and the total is their sum"
        raise InputError(f"{show(path)}: {rule}; give them shares")
    return probability(most_failing, "most_failing")


class _Search:
    """What is expected to fail of a chain, rate by rate."""

    def __init__(self, result: Capacity, share: float) -> None:
        self._result, self._share = result, share
        self._pools, self._field = pools(result), MeanField(result)
        self._wanted = tuple(wanted_flows(result))
        self._known: dict[Number, Failing] = {}
        self.is_proven, self.is_any = True, False
        self.lowest: Number = 1

    def at(self, rate: Number) -> Failing:
        """What is expected to fail at a rate."""
        if rate not in self._known:
            self._known[rate] = failing_at(self._result, float(rate), self._pools, self._field)
        return self._known[rate]

    def met(self, rate: Number) -> bool:
        """Whether that is no more than the share, with what of wanted flows is known to fail."""
        return with_wanted(self.at(rate).most, self._wanted) <= self._share

    def unit(self, rate: Number) -> Fraction:
        """The last digit of a rate."""
        digits = floor(log10(rate)) + 1
        return Fraction(10) ** max(min(digits - _DIGITS, 0), digits - _MOST_DIGITS)

    def highest(self, low: Number | None, high: Number | None) -> Number | None:
        """The end of the first rates that will do; ``is_proven`` where no other does of those looked at."""
        rates = list(self._rates(low, high))
        self.lowest = rates[0]
        met = [self.met(rate) for rate in rates]
        if not any(met):
            return None
        first = met.index(True)
        if all(met[first:]):
            self.is_any = True
            self.is_proven = first == 0
            return rates[-1]
        end = met.index(False, first)
        below, above = rates[end - 1], rates[end]
        unit = self.unit(below)
        least, most = floor(below / unit), ceil(above / unit)
        self.is_proven = first == 0 and not any(met[end:])
        best = first_whole(lambda n: not self.met(tidy(n * unit)), least, most) - 1
        return tidy(best * unit)

    def _rates(self, low: Number | None, high: Number | None) -> Iterator[Number]:
        """Rates by equal ratios, of few digits each but for the ends that were written."""
        if low is not None and high is not None:
            yield low
            between = Fraction(low) * _RATIO
            while between < high:
                yield self._rounded(between)
                between *= _RATIO
            if high > low:
                yield high
            return
        middle = Fraction(self._result.rate or 1)
        for power in range(-_BELOW, _ABOVE + 1):
            yield self._rounded(middle * _RATIO**power)
        if self.met(rate := self._rounded(middle * _RATIO**_ABOVE)):
            while rate < _LARGEST and self.met(rate):
                rate = min(self._rounded(Fraction(rate) * 1000), _LARGEST)
                yield rate

    def _rounded(self, rate: Fraction) -> Number:
        unit = self.unit(rate)
        return tidy(max(floor(rate / unit), 1) * unit)
