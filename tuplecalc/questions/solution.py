"""What a solution says: the value that meets a target, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.under_load.chains import Bracket


class Target(NamedTuple):
    """What a chain should do: flows at once, connections a second, and how few of these may fail.

    With ``blocking`` the rate is offered, and may be more than the chain can sustain.
    """

    flows: int | None = None
    rate: Fraction | None = None
    blocking: float | None = None

    def is_met(self, flows: int, rate: Number | None) -> bool:
        """Whether so many flows and such a rate do (None: nothing limits it); blocking aside."""
        return self.has_flows(flows) and (self.rate is None or rate is None or rate >= self.rate)

    def has_flows(self, flows: int) -> bool:
        """Whether so many flows are enough."""
        return self.flows is None or flows >= self.flows


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
