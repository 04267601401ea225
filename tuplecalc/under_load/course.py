"""Connections over time where what gets in is constant from one moment to the next, in closed form."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from math import expm1
from typing import NamedTuple


class Cell(NamedTuple):
    """From ``start`` on, connections get in at one rate; accepted so far, and open, in flows."""

    start: float
    accepted: float
    open: float
    rate: float


class Course:
    """Connections of a pool over time, where what gets in is constant from one moment to the next."""

    def __init__(self, hold: float, lags: Mapping[float, float]) -> None:
        self.hold, self.lags = hold, lags
        self.starts: list[float] = []
        self.cells: list[Cell] = []

    def go_on(self, start: float, rate: float) -> None:
        """From a moment after all others on, at this rate."""
        _, accepted, still_open, _ = self.at(start)
        self.starts.append(start)
        self.cells.append(Cell(start, accepted, still_open, rate))

    def at(self, time: float) -> Cell:
        """What is so at a moment: ``x = x_0·e^(-t/H) + N'·H·(1 - e^(-t/H))``, t from the cell's start."""
        place = bisect_right(self.starts, time)
        if not place:
            return Cell(time, 0.0, 0.0, 0.0)
        start, accepted, before, rate = self.cells[place - 1]
        gone = self._gone(time - start)
        still_open = before * (1 - gone) + rate * self.hold * gone
        return Cell(time, accepted + rate * (time - start), still_open, rate)

    def closed(self, time: float) -> float:
        """Connections closed so far."""
        _, accepted, still_open, _ = self.at(time)
        return accepted - still_open

    def lingering(self, time: float) -> float:
        """Keys that linger, over the keys of one connection."""
        closed = self.closed(time)
        return sum(part * (closed - self.closed(time - linger)) for linger, part in self.lags.items())

    def taken(self, time: float) -> float:
        """Keys that are not free, over the keys of one connection."""
        return self.at(time).open + self.lingering(time)

    def taken_by(self, start: float, end: float) -> tuple[float, float]:
        """What is taken at ``end``, and how much more for each connection a second from ``start`` on.

        What has come back by then, ``Σ m_T·D(end - T)``, is known where ``T`` reaches back to the
        time before ``start``; for a shorter one it depends on the rate, as a linear function of it.
        """
        _, accepted, still_open, _ = self.at(start)
        known, gain = accepted, end - start
        for linger, part in self.lags.items():
            age = end - start - linger
            if age <= 0:
                known -= part * self.closed(end - linger)
            else:
                gone = self._gone(age)
                known -= part * (accepted - still_open * (1 - gone))
                gain -= part * (age - self.hold * gone)
        return known, gain

    def _gone(self, age: float) -> float:
        """The part of the connections of one moment that are closed so much later."""
        return -expm1(-age / self.hold) if self.hold else 1.0
