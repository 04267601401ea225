"""What is busy now beside what the model grants: types that tables fill and renderers show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tuplecalc.limits.limit import Limit


class Busy(NamedTuple):
    """A scope of a limit: how many of its keys are taken.

    ``labels`` say which scope it is: ``{"address": "198.18.0.1", "endpoint": "198.18.9.9:443"}``, empty
    where a table is one scope.
    """

    labels: Mapping[str, str]
    open: int
    """Keys of connections that are opening, open or closing."""
    lingering: int
    """Keys that are taken after the close."""

    @property
    def taken(self) -> int:
        """All keys that are taken."""
        return self.open + self.lingering


@dataclass(frozen=True)
class Usage:
    """A limit of the model beside the table that it is a limit of."""

    limit: Limit
    size: int
    """Keys of one scope."""
    table: Literal["sockets", "tracking"]
    """Which of the two was counted: a connection stands in both, so that they are never added up."""
    scopes: int
    """How many scopes have a key taken."""
    busiest: tuple[Busy, ...]
    """The fullest scopes, fullest first."""

    @property
    def share(self) -> float:
        """The share of its keys that the fullest scope has taken; 0 where nothing is open."""
        return self.busiest[0].taken / self.size if self.busiest else 0.0
