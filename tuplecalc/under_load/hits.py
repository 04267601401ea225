"""How many flows die where newer legs take their ports, unseen, and each such hit may kill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, prod, sqrt
from typing import NamedTuple

_NEVER_FULL = 1e-9
_POINTS = 32  # even: for Simpson's rule
_TIMES = [-4 * log(point / _POINTS) for point in range(1, _POINTS + 1)]
_WEIGHTS = [  # of v = 1/32, 2/32, …: there is nothing at 0
    (1 if point == _POINTS else 4 if point % 2 else 2) * (point / _POINTS) ** 3
    for point in range(1, _POINTS + 1)
]


class Hits(NamedTuple):
    """How often a port is taken by those that do not see who has it; what part of the time they hold it."""

    deadly: float
    rate: float
    held: float

    def lives(self) -> Sequence[float]:
        """The probability that a leg on the port is not killed, at each time of :data:`_TIMES`.

        The two rates at which it falls, and the part of the first, are those of a port that is free, then
        taken, then free again.
        """
        if not self.rate or not self.held:
            return [1.0] * len(_TIMES)
        free = max(_NEVER_FULL, 1 - self.held)
        enter, leave = self.rate / free, self.rate / self.held
        root = sqrt(max(0.0, (enter + leave) ** 2 - 4 * enter * leave * self.deadly))
        slow, fast = (root - enter - leave) / 2, -(root + enter + leave) / 2
        part = (self.rate * self.deadly + fast) / (fast - slow) if root else 1.0
        return [part * exp(slow * time) + (1 - part) * exp(fast * time) for time in _TIMES]

    def lives_fixed(self) -> Sequence[float]:
        """The same after its whole hold, where all that takes the port holds it for one and the same time."""
        dies = self.deadly * min(self.rate, 1.0)
        return [1 - dies if self.rate <= 1 else (1 - self.deadly) ** self.rate]


class Struck(NamedTuple):
    """A leg that may be hit: how many a flow has, and by what in its mean hold, on which of its ports."""

    ratio: float
    ports: Mapping[tuple[Hits, ...], float]

    def lives(self, *, fixed: bool) -> Sequence[float]:
        """The probability that it lives, at each of the times."""
        whole = 1 - sum(self.ports.values())
        several = [
            (part, [each.lives_fixed() if fixed else each.lives() for each in by])
            for by, part in self.ports.items()
        ]
        times = range(1 if fixed else len(_TIMES))
        found = (whole + sum(part * prod(each[at] for each in by) for part, by in several) for at in times)
        return [float(max(0.0, each) ** self.ratio) for each in found]


def dies(legs: Sequence[Struck], *, fixed: bool) -> float:
    """For fixed holds, or for exponential ones: the mean over v^4 = e^-t, by Simpson's rule."""
    together: list[float] = [
        prod(each) for each in zip(*(leg.lives(fixed=fixed) for leg in legs), strict=True)
    ]
    if fixed:
        return 1 - together[0]
    lived = sum(weight * each for weight, each in zip(_WEIGHTS, together, strict=True))
    return max(0.0, 1 - lived / sum(_WEIGHTS))
