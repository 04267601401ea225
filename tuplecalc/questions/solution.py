"""What a solution says: the value that meets a target, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.served import Served
from tuplecalc.under_load.chains import Bracket
from tuplecalc.under_load.share_failing import Failing


class Target(NamedTuple):
    """What a chain should do: flows at once, connections a second, and how few of these may fail.

    With ``blocking`` or ``failing`` the rate is offered, and may be more than the chain can sustain: the one
    is the best case, the other what is expected, of all and of each kind and group (``--most-failing``).
    ``serves`` says that every client is served and has its ``flows_each`` open; ``each`` are the numbers of
    these that are given.
    """

    flows: int | None = None
    rate: Fraction | None = None
    blocking: float | None = None
    each: tuple[int, ...] = ()
    serves: bool = False
    failing: float | None = None

    @property
    def share(self) -> float | None:
        """The share that may fail, in the best case or really; None where neither was asked."""
        return self.blocking if self.failing is None else self.failing

    def is_met(self, result: Capacity) -> bool:
        """Whether all clients get ports, and there are the flows and the rate (None: nothing limits it).

        Blocking aside: of clients without ports all that they open fails, and so blocking counts them.
        """
        return self.has_clients(result.served) and self.has_flows(result) and self.has_rate(result)

    def has_clients(self, found: Served) -> bool:
        """Whether enough clients get ports: all of them, or all but the part that may fail."""
        return found.without <= (self.share or 0)

    def has_flows(self, result: Capacity) -> bool:
        """Whether its flows are enough, in all and of each client."""
        if self.flows is not None and result.flows < self.flows:
            return False
        return not self.serves or (
            result.served.are_all and result.as_wanted.flows >= (wanted_by_clients(result.chain) or 0)
        )

    def open_at_once(self, result: Capacity) -> Capacity:
        """The capacity for the flows that are asked: mixed as clients want them, where that counts."""
        return result.as_wanted if self.serves and self.flows is None else result

    def has_rate(self, result: Capacity) -> bool:
        """Whether its rate is enough."""
        return self.rate is None or result.rate is None or result.rate >= self.rate


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
    """The least count, or the largest of what takes room (a time, a share); None where no value helps."""
    setting: str
    """What sets it; where no value helps, the value that comes nearest."""
    result: Capacity
    """The chain with that setting."""
    beyond: Capacity | None
    """What lies next to the value and misses the target: one less, or of the largest a little more;
    None where there is no such value."""
    blocking: Bracket | None
    """What fails with that setting, if that was asked."""
    is_any: bool = False
    """Whether any value will do: a time of any length, any number of what was asked the largest of."""
    looked_at: tuple[Number, Number] | None = None
    """The range in which the values were looked at, where that is not all that there are."""
    is_largest: bool = False
    """Whether the largest value was asked, not the least."""
    most: int | None = None
    """The largest value that the product allows; None where it names none in the range."""
    step: int = 1
    """How far it is from the value to the next one that the key takes."""
    is_proven: bool = True
    """Whether there is no other value in the range that would do, where there is none."""
    expected: Failing | None = None
    """What is expected to fail with that setting, if that was asked."""
    above: Number | None = None
    """Of the highest rate the next one, at which more is expected to fail."""
    serving: int | None = None
    """The largest value with which enough clients get ports, where more leave more of them without."""

    @property
    def is_time(self) -> bool:
        """Whether the value is a time."""
        return self.unit == "s"

    @property
    def is_of_rate(self) -> bool:
        """Whether the rate is what binds then: of a target in connections a second with enough flows."""
        misses_flows = not self.target.has_flows(self.result)
        return self.target.rate is not None and not misses_flows and self.result.rate_binding is not None

    @property
    def binding(self) -> Limit:
        """What binds then: for a target in connections a second the rate, else the flows."""
        rate = self.result.rate_binding if self.is_of_rate else None
        return rate or self.target.open_at_once(self.result).binding

    @property
    def tightest(self) -> tuple[Limit, ...]:
        """All limits of its hop that are as tight as :attr:`binding`."""
        return (
            self.result.tightest_of_rate
            if self.is_of_rate
            else self.target.open_at_once(self.result).tightest
        )

    def __repr__(self) -> str:
        wanted = [
            *([] if self.target.flows is None else [f"{self.target.flows:,} flows"]),
            *([] if self.target.rate is None else [f"{float(self.target.rate):,.6g}/s"]),
            *([] if self.target.blocking is None else [f"blocking {self.target.blocking:g}"]),
            *([] if self.target.failing is None else [f"most failing {self.target.failing:g}"]),
            *(f"{each:,} flows of each client" for each in self.target.each),
            *(["all clients"] if self.target.serves and not self.target.each else []),
        ]
        value = "none" if self.value is None else "any" if self.is_any else f"{float(self.value):,.12g}"
        if isinstance(self.value, int):
            value = f"{self.value:,}"
        rate = "" if self.result.rate is None else f", {float(self.result.rate):,.6g}/s"
        flows = self.target.open_at_once(self.result).flows
        then = f"{flows:,} flows{rate}, limited by {self.binding.hop}/{self.binding.name}"
        return f"<Solution {self.path} = {value} for {', '.join(wanted)}: {then}>"
