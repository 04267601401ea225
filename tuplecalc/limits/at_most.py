"""Where the truth may lie below the figures: which hop causes it, why, and how far."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple


if TYPE_CHECKING:
    from tuplecalc.limits.capacity import Capacity


class Bound(NamedTuple):
    """Why a figure is "at most": the hop that causes it, the reason, and how far off it can be."""

    figure: Literal["flows", "rate"]
    hop: str
    reason: str


def bounds(result: Capacity) -> Iterator[Bound]:
    """..."""
    return iter(())
