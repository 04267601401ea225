"""The least count, or the largest time, with which a chain meets a target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Context
from fractions import Fraction
from math import inf, log
from typing import Any, NamedTuple

from tuplecalc.design.crossover import MOST_VALUES, Stretch, beside, stretches
from tuplecalc.design.curves import Curve, Ratio, SteppedError, flows_curve, lower, rate_curve
from tuplecalc.design.pieces import paths_of
from tuplecalc.design.sizes import PortRange, port_range
from tuplecalc.design.vary import Axis, ends_of
from tuplecalc.errors import InputError, TopologyError, TuplecalcError, reject, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.record import as_float
from tuplecalc.model.chain import Chain
from tuplecalc.model.file import with_settings
from tuplecalc.model.values import number
from tuplecalc.traffic.chains import Bracket, chain_blocking
from tuplecalc.traffic.checks import probability
from tuplecalc.traffic.pools import pools
from tuplecalc.traffic.roots import crossing

_FARTHEST = 1_000_000  # machines or services: more is no design
_DIGITS = 12  # of a time that no decimal number is
_SHORTEST = Fraction(1, 1000)  # seconds: where a search for a time begins
_CLOSE = Fraction(1, 10**9)  # relative: how well a time is known that only blocking tells


class Target(NamedTuple):
    """What a chain should do: flows at once, connections a second, and how few of these may fail.

    With ``blocking`` the rate is offered, and may be more than the chain can sustain.
    """

    flows: int | None = None
    rate: Fraction | None = None
    blocking: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"flows": self.flows, "rate": as_float(self.rate), "blocking": self.blocking}


@dataclass(frozen=True, repr=False)
class Solution:
    """The value that meets a target, or that none does; made by :func:`solve`."""

    path: str
    name: str
    """In words: ``"addresses of lvs"``."""
    unit: str
    """``"s"``, ``"addresses"``, ``"ports"``, …"""
    target: Target
    value: Number | None
    """The least count, or the largest time in seconds; None where no value helps."""
    setting: str
    """What sets it; where no value helps, the value that comes nearest."""
    result: Capacity
    """The chain with that setting."""
    beyond: Capacity | None
    """One less, or for a time a little more, which misses the target; None where there is no such value."""
    blocking: Bracket | None
    """What fails with that setting, if that was asked."""
    is_any: bool = False
    """Whether a time of any length will do."""
    looked_at: tuple[Number, Number] | None = None
    """The range in which the values were looked at, where that is not all that there are."""

    @property
    def is_time(self) -> bool:
        """Whether the largest value was asked, not the least."""
        return self.unit == "s"

    @property
    def binding(self) -> Limit:
        """What binds then: for a target in connections a second the rate, else the flows."""
        misses_flows = self.target.flows is not None and self.result.flows < self.target.flows
        if self.target.rate is not None and not misses_flows and self.result.rate_binding:
            return self.result.rate_binding
        return self.result.binding

    def to_dict(self) -> dict[str, Any]:
        """As plain data (``schema_version`` 1): counts exactly, times and rates as floats."""
        value = self.value
        return {
            "schema_version": 1,
            "title": self.result.title,
            "for": self.path,
            "unit": self.unit,
            "target": self.target.to_dict(),
            "value": None if self.is_any else float(value) if self.is_time and value is not None else value,
            "any": self.is_any,
            "setting": self.setting,
            "flows": self.result.flows,
            "rate": as_float(self.result.rate),
            "binding": {"hop": self.binding.hop, "limit": self.binding.name},
            "blocking": self.blocking and self.blocking._asdict(),
            "looked_at": self.looked_at and [float(e) if self.is_time else int(e) for e in self.looked_at],
            "beyond": self.beyond and {"flows": self.beyond.flows, "rate": as_float(self.beyond.rate)},
        }

    def _repr_html_(self) -> str:
        from tuplecalc.render.html import preformatted  # a notebook asks for it, nothing else does
        from tuplecalc.render.solved import text

        return preformatted(text(self))

    def __repr__(self) -> str:
        wanted = [
            *([] if self.target.flows is None else [f"{self.target.flows:,} flows"]),
            *([] if self.target.rate is None else [f"{float(self.target.rate):,.6g}/s"]),
            *([] if self.target.blocking is None else [f"blocking {self.target.blocking:g}"]),
        ]
        value = "none" if self.value is None else "any" if self.is_any else f"{float(self.value):,.12g}"
        if isinstance(self.value, int):
            value = f"{self.value:,}"
        rate = "" if self.result.rate is None else f", {float(self.result.rate):,.6g}/s"
        then = f"{self.result.flows:,} flows{rate}, {self.binding.hop}/{self.binding.name} binds"
        return f"<Solution {self.path} = {value} for {', '.join(wanted)}: {then}>"


def solve(
    chain: Chain,
    path: str,
    *,
    flows: int | None = None,
    rate: object = None,
    blocking: float | None = None,
) -> Solution:
    """The least value of a count, or the largest of a time, with which a chain meets a target.

    ``path`` is that of ``--set``: any number of addresses, instances, ports of a block, entries or
    files; a range of ports, of which the size is asked (:class:`~tuplecalc.design.sizes.PortRange`
    says which ports it has then); or a time.  ``=LOW..HIGH`` behind it keeps the answer in a range.
    The target is so many ``flows`` at once, a ``rate`` in connections a second, or at this rate at
    most a share ``blocking`` that fails; without any of them the rate that the chain offers.

    Solved in closed form: each limit is a fraction of polynomials in the number, and meets the
    target at a root (:mod:`tuplecalc.design.curves`).  What the roots say is verified with
    :func:`~tuplecalc.limits.capacity.capacity` at the value and beside it.  Numbers that are no leaf
    of the formulas (services, instances that share them out, blocks) are looked at one by one, and
    bisected beyond the first thousand; blocking is bisected, by its upper bound.

    Raises :class:`~tuplecalc.errors.InputError` for a path that leads to no count or time, for a
    target that is none, and where there is no target.

    >>> from tuplecalc.model.file import example
    >>> solve(example("outage"), "hops.lvs.addresses", rate=50_000)
    <Solution hops.lvs.addresses = 86 for 50,000/s: 16,644,096 flows, 50,436.7/s, login-proxy/shared binds>
    >>> solve(example("outage"), "traffic.hold", rate=700).value
    Fraction(6162, 25)
    """
    if not isinstance(chain, Chain):
        raise reject(chain, "this is a Chain", "read a file with load, or take one of the examples", "chain")
    target = _target(chain, flows, rate, blocking)
    ports = port_range(chain, path)
    if ports is not None:
        return _Ports(chain, ports, target).solution()
    axis, is_open = ends_of(chain, path, _FARTHEST)
    if axis.unit == "":
        raise InputError(f"{show(path)}: a share has no least or largest; name a count or a time")
    if target.blocking is not None:
        return _Lossy(chain, axis, target).solution()
    return _Numbers(chain, axis, target, is_open=is_open).solution()


def _target(chain: Chain, flows: Any, rate: Any, blocking: object) -> Target:
    flows = flows.item() if hasattr(flows, "item") else flows
    if flows is not None and (isinstance(flows, bool) or not isinstance(flows, int) or flows < 1):
        raise InputError(
            f"flows {show(flows)}: a target is a whole number of 1 or more; write it as in 100000"
        )
    wanted: Any = chain.traffic.rate if rate is None and (flows is None or blocking is not None) else rate
    wanted = wanted.item() if hasattr(wanted, "item") else wanted  # numpy's numbers
    try:
        found = None if wanted is None else number(wanted, "a rate")
    except TopologyError as error:
        raise InputError(f"rate: {error}") from None
    if found is not None and found <= 0:
        raise InputError(f"rate {show(rate)}: a rate is above 0; write it as in 700")
    if found is None and flows is None:
        raise InputError("there is no target; name flows or a rate, or write `rate` under [traffic]")
    if found is None and blocking is not None:
        raise InputError("blocking is that of a rate; name one, or write `rate` under [traffic]")
    share = None if blocking is None else probability(blocking, "blocking")
    return Target(flows, found, share)


def _meets(target: Target, flows: int, rate: Number | None) -> bool:
    if target.flows is not None and flows < target.flows:
        return False
    return target.rate is None or rate is None or rate >= target.rate


class _Numbers:
    """Flows and a rate, by a number that is a leaf of the formulas."""

    def __init__(self, chain: Chain, axis: Axis, target: Target, *, is_open: bool) -> None:
        self.chain, self.axis, self.target, self.is_open = chain, axis, target, is_open

    def solution(self) -> Solution:
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
                if all(_meets(self.target, flows, rate) for _, flows, rate in stretch.at(self.axis, value)):
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
            if low < (rounded := _rounded_down(place)) < place:  # a root that is no fraction may be too high
                yield rounded

    def _one_by_one(self) -> int | None:
        """The first value of all that will do; beyond the first thousand bisected, as if more were better."""
        from tuplecalc.design.grid import sweep  # numpy

        low, high = (int(end) for end in (self.axis.values[0], self.axis.values[-1]))
        last = min(high, low + max(MOST_VALUES, 4 * int(self.axis.present or 0)) - 1)
        every = self.axis.between(low, last, last - low + 1)
        found = sweep(self.chain, [every])
        meets = found.flows >= (self.target.flows or 0) * (1 - 1e-12)
        meets &= found.rate >= float(self.target.rate or 0) * (1 - 1e-12)
        best = next(
            (int(every.values[at]) for at in meets.nonzero()[0] if self._is_met(every.values[at])), None
        )
        most = min(high, _FARTHEST)
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
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._is_met(middle) else (middle, high)
        return high

    def _is_met(self, value: Number) -> bool:
        result = capacity(with_settings(self.chain, self.axis.setting(value)))
        return _meets(self.target, result.flows, result.rate)

    def _told(self, best: Number | None, nearest: Number) -> Solution:
        """The answer, verified at the value and beside it."""
        axis = self.axis
        shown = nearest if best is None else best if axis.is_count else _settable(best)
        setting = axis.setting(shown)
        result = capacity(with_settings(self.chain, setting))
        beyond = None
        low, high = axis.values[0], axis.values[-1]
        if best is not None:
            aside = best - 1 if axis.is_count else _beside(best)
            if low <= aside <= high:
                beyond = capacity(with_settings(self.chain, axis.setting(aside)))
        for side, wanted in ((result, best is not None), (beyond, False)):
            if side is not None and _meets(self.target, side.flows, side.rate) is not wanted:
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
    return value if below == 1 and value.denominator < 10**18 else _rounded_down(value)


def _rounded_down(value: Number) -> Number:
    context = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
    return tidy(Fraction(context.divide(value.numerator, value.denominator)))


def _beside(value: Number) -> Number:
    """A little more than a time."""
    return _rounded_down(max(value, 1) * _CLOSE * 2 + value)


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
                self.known[value] = result, None, _meets(self.target, result.flows, result.rate)
            else:
                rate = float(self.target.rate)
                lost = chain_blocking(pools(result), rate) if result.flows else Bracket(1.0, 1.0)
                met = lost.upper <= share and _meets(self.target._replace(rate=None), result.flows, None)
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
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.at(middle)[2] else (middle, high)
        return high


class _Ports(_Bisected):
    """The size of a range of ports."""

    def __init__(self, chain: Chain, ports: PortRange, target: Target) -> None:
        super().__init__(chain, target)
        self.ports = ports

    def setting(self, value: Number) -> str:
        return self.ports.setting(int(value))

    def solution(self) -> Solution:
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


class _Lossy(_Bisected):
    """A number with which few enough connections fail."""

    def __init__(self, chain: Chain, axis: Axis, target: Target) -> None:
        super().__init__(chain, target)
        self.axis = axis

    def setting(self, value: Number) -> str:
        return self.axis.setting(value)

    def solution(self) -> Solution:
        axis, low, high = self.axis, self.axis.values[0], self.axis.values[-1]
        sustained = _Numbers(self.chain, axis, self.target._replace(blocking=None), is_open=True).solution()
        if axis.is_count:
            guess = low if sustained.value is None else sustained.value
            best: Number | None = self.least(int(low), int(high), int(guess))
            nearest, aside = high, None if best is None or best == low else best - 1
        else:
            best = self._longest(low, high, max(_SHORTEST, sustained.value or 0))
            nearest, aside = low, None if best is None or best == high else _beside(best)
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
            lost = self.at(_rounded_down(Fraction(seconds)))[1]
            return log(lost.upper / share) if lost and lost.upper else -inf

        best = _rounded_down(Fraction(crossing(excess, float(below), float(above), float(_CLOSE) / 4)))
        while not self.at(best)[2]:
            best = _rounded_down(best * (1 - _CLOSE / 4))
        return best
