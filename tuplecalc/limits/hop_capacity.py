"""What is reachable up to one hop."""

from __future__ import annotations

from typing import NamedTuple

from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit


class HopCapacity(NamedTuple):
    """One hop: its limits, and what is reachable from the clients up to and including it."""

    name: str
    kind: str
    limits: tuple[Limit, ...]
    flows: int
    """The smallest of all limits so far (reachable tuples)."""
    rate: Number | None
    """The smallest rate of all limits so far, in connections a second; None where nothing limits it."""
    tuples_per_flow: int
    tuple_space: int
    """Tuples of the leg that leaves: sources × ports × endpoints."""
    sources: int
    """Source addresses of the leg that leaves."""
    ports: int
    """Source ports of each of these."""
    endpoints: int
    """Endpoints that the leg addresses."""

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", {float(self.rate):,.6g}/s"
        return f"<HopCapacity {self.name}: {self.flows:,} flows{rate}, {len(self.limits)} limits>"
