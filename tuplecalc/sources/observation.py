"""What a machine was seen to hold, in one snapshot of its tables or between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from tuplecalc.network.chain import Chain
from tuplecalc.sources.draft import Remark
from tuplecalc.sources.usage import Usage


class Watched(NamedTuple):
    """A limit's usage, and how it grows."""

    usage: Usage
    growth: float | None = None
    """Keys a second that the fullest scope takes more; None of a single snapshot."""

    @property
    def dry_after(self) -> float | None:
        """Seconds until the fullest scope has no key left, as it grows now; None where it does not grow.

        The keys that are free over the growth.
        """
        if not self.growth or self.growth < 0:
            return None
        free = self.usage.size - self.usage.busiest[0].taken
        return max(free, 0) / self.growth


class TableCount(NamedTuple):
    """All that stands in one of the machine's tables."""

    table: Literal["sockets", "tracking"]
    open: int
    lingering: int
    size: int | None = None
    """How many it holds; None where nobody says."""

    @property
    def taken(self) -> int:
        """All of it."""
        return self.open + self.lingering


class Measured(NamedTuple):
    """New connections a second and how long they last, of all services or of one group."""

    services: str
    """The group's name; empty for all together."""
    table: Literal["sockets", "tracking"]
    rate: float | None
    """Connections a second."""
    hold: float | None
    """Mean seconds that one stays open."""
    method: str
    """How this was measured, in a few words."""


@dataclass(frozen=True)
class Observation:
    """What is busy now beside what the model grants."""

    chain: Chain
    hops: tuple[str, ...]
    """Those that the machine is."""
    at: datetime
    """When the last snapshot was taken."""
    limits: tuple[Watched, ...]
    tables: tuple[TableCount, ...] = ()
    measured: tuple[Measured, ...] = ()
    snapshots: int = 1
    seconds: float = 0.0
    """From the first snapshot to the last."""
    remarks: tuple[Remark, ...] = ()
    """What of the tables was not understood."""

    @property
    def fullest(self) -> Watched | None:
        """The limit whose fullest scope has the highest share of its keys taken; None where nothing is."""
        used = [each for each in self.limits if each.usage.busiest]
        return max(used, key=lambda each: each.usage.share, default=None)
