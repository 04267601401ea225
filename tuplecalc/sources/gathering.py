"""What a reader gathers on its way: remarks, words that hold no tuple, options that are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tuplecalc.sources.draft import Remark

EVEN = "its servers are taken as even: write services with a share where weights differ"
NO_IP = "no TCP over IP: it has no tuple"
SPARE = "it gets flows only when others fail"
WANTED = "it is wherever its client wanted to go: write these services yourself"


class Written(Protocol):
    """A line or a directive."""

    @property
    def where(self) -> str:
        """Its place."""

    @property
    def written(self) -> str:
        """As it stands there."""


@dataclass
class Gathering:
    """Grows while a source is read."""

    remarks: list[Remark] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    options: dict[str, dict[str, Remark]] = field(default_factory=dict)
    """By the option, where it stands."""

    def remark(self, line: Written, why: str) -> None:
        """Add a remark on a line."""
        self.remarks.append(Remark(line.where, line.written, why))

    def leave_out(self, option: str, line: Written) -> None:
        """Remember an option that is left out; many lines may have it."""
        self.options.setdefault(option, {})[line.where] = Remark(line.where, line.written, "")

    def tell_options(self, reasons: Mapping[str, str]) -> None:
        """Add one remark for each option, where it stands first, with the reason."""
        for option, lines in self.options.items():
            first, *more = lines.values()
            count = f" ({len(more)} more)" if more else ""
            self.remarks.append(first._replace(why=f"{option}: {reasons[option]}{count}"))
