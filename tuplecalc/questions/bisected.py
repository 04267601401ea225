"""What only single chains tell: sizes of ranges of ports, and blocking; bisected."""

from __future__ import annotations

from fractions import Fraction
from math import inf, log

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import with_settings
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.roots import CLOSE, FromFormulas, a_little_more, rounded_down
from tuplecalc.questions.sizes import PortRange
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.under_load.chains import Bracket, result_blocking
from tuplecalc.under_load.roots import crossing, first_whole

_SHORTEST = Fraction(1, 1000)  # seconds: where a search for a time begins


class _Bisected:
    """What only single chains tell: the least size that will do, bisected between bounds."""

    def __init__(self, chain: Chain, target: Target) -> None:
        self.chain, self.target = chain, target
        self.known: dict[Number, tuple[Capacity, Bracket | None, bool]] = {}

    def setting(self, value: Number) -> str:
        """What sets a value."""
        raise NotImplementedError

    def at(self, value: Number) -> tuple[Capacity, Bracket | None, bool]:
        """The chain with a value, what fails, and whether the target is met."""
        if value not in self.known:
            result = capacity(with_settings(self.chain, self.setting(value)))
            share = self.target.blocking
            if share is None or self.target.rate is None:
                self.known[value] = result, None, self.target.is_met(result.flows, result.rate)
            else:
                rate = float(self.target.rate)
                lost = result_blocking(result, rate)
                met = lost.upper <= share and self.target._replace(rate=None).is_met(result.flows, None)
                self.known[value] = result, lost, met
        return self.known[value]

    def least(self, low: int, high: int, guess: int) -> int | None:
        """The least whole number that will do, looked for around a guess."""
        if not self.at(high)[2]:
            return None
        step = 1
        guess = min(max(guess, low), high)
        if self.at(guess)[2]:
            while guess > low and self.at(max(low, guess - step))[2]:
                guess, step = max(low, guess - step), 2 * step
            low, high = max(low, guess - step), guess
        else:
            while not self.at(min(high, guess + step))[2]:
                guess, step = guess + step, 2 * step
            low, high = guess, min(high, guess + step)
        if self.at(low)[2]:
            return low
        return first_whole(lambda n: self.at(n)[2], low, high)


class PortSizes(_Bisected):
    """The size of a range of ports."""

    def __init__(self, chain: Chain, ports: PortRange, target: Target) -> None:
        super().__init__(chain, target)
        self.ports = ports

    def setting(self, value: Number) -> str:
        """A range of so many ports."""
        return self.ports.setting(int(value))

    def solution(self) -> Solution:
        """The least size."""
        most = self.ports.most
        best = self.least(1, most, self.ports.present.size)
        shown = most if best is None else best
        result, lost, _ = self.at(shown)
        beyond = self.at(best - 1)[0] if best is not None and best > 1 else None
        return Solution(
            self.ports.path,
            self.ports.name,
            "ports",
            self.target,
            best,
            self.setting(shown),
            result,
            beyond,
            lost,
        )


class Lossy(_Bisected):
    """A number with which few enough connections fail."""

    def __init__(self, chain: Chain, axis: Axis, target: Target) -> None:
        super().__init__(chain, target)
        self.axis = axis

    def setting(self, value: Number) -> str:
        """A value of the number."""
        return self.axis.setting(value)

    def solution(self) -> Solution:
        """The least count or the longest time."""
        axis, low, high = self.axis, self.axis.values[0], self.axis.values[-1]
        sustained = FromFormulas(
            self.chain, axis, self.target._replace(blocking=None), is_open=True
        ).solution()
        if axis.is_count:
            guess = low if sustained.value is None else sustained.value
            best: Number | None = self.least(int(low), int(high), int(guess))
            nearest, aside = high, None if best is None or best == low else best - 1
        else:
            best = self._longest(low, high, max(_SHORTEST, sustained.value or 0))
            nearest, aside = low, None if best is None or best == high else a_little_more(best)
        shown = nearest if best is None else best
        result, lost, _ = self.at(shown)
        beyond = None if aside is None else self.at(aside)[0]
        is_any = best == high and not axis.is_count
        return Solution(
            axis.path,
            axis.name,
            axis.unit,
            self.target,
            best,
            self.setting(shown),
            result,
            beyond,
            lost,
            is_any,
        )

    def _longest(self, low: Number, high: Number, guess: Number) -> Number | None:
        """The longest time that will do, to 1e-9 of it."""
        if self.at(high)[2]:
            return high
        if not self.at(low)[2]:
            return None
        below, above = (guess, 2 * guess) if self.at(guess)[2] else (Fraction(guess) / 2, guess)
        while below > _SHORTEST and not self.at(below)[2]:
            below, above = Fraction(below) / 2, below
        while above < high and self.at(above)[2]:
            below, above = above, 2 * above
        share = self.target.blocking or 1.0

        def excess(seconds: float) -> float:
            lost = self.at(rounded_down(Fraction(seconds)))[1]
            return log(lost.upper / share) if lost and lost.upper else -inf

        best = rounded_down(Fraction(crossing(excess, float(below), float(above), float(CLOSE) / 4)))
        while not self.at(best)[2]:
            best = rounded_down(best * (1 - CLOSE / 4))
        return best
