"""One number, predicted and measured."""

from __future__ import annotations

from dataclasses import dataclass

RATE_TOLERANCE = 0.05
"""A rate may differ by so much of itself: a port that is free again waits for the next connection."""


@dataclass(frozen=True)
class Figure:
    """One number, predicted and measured.

    >>> Figure("chain", "flows", 100, 99).agrees, Figure("chain", "rate", 50.0, 49.5, 0.05).agrees
    (False, True)
    """

    name: str
    """Of the hop, or "chain" for the whole."""
    what: str
    """``flows`` that carried a byte after all were open, ``flows open`` in a proxy, the ``rate`` a second."""
    predicted: float
    measured: float
    tolerance: float = 0.0
    """The share of the prediction by which the two may differ."""
    is_held: bool = True
    """Whether the two must agree; not where chance has a part in it, or the lab cannot scale a time down."""

    is_bound: bool = False
    """Whether its prediction is "at most"."""

    @property
    def is_equal(self) -> bool:
        """Whether the two agree."""
        return abs(self.measured - self.predicted) <= self.tolerance * self.predicted

    @property
    def agrees(self) -> bool:
        """Whether it does not speak against the prediction."""
        return self.is_equal or not self.is_held or (self.is_bound and self.measured < self.predicted)
