"""Sources as texts: a file, a folder, a tar or standard input, with the name and lines of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """One file of a source; ``name`` is as messages show it."""

    name: str
    text: str

    def at(self, line: int) -> str:
        """The place of a line, counted from 1: ``haproxy.cfg:12``."""
        return f"{self.name}:{line}"


@dataclass(frozen=True)
class Source:
    """What the command line names once: one text, or the texts of a folder or a tar.

    ``texts`` go by their paths within it; a single file goes by its own name.
    """

    name: str
    texts: dict[str, Text]
    path: Path | None = None
    """The file or folder, for parsers that follow includes; None for standard input."""

    @property
    def only(self) -> Text | None:
        """The text of a source of one file."""
        return next(iter(self.texts.values())) if len(self.texts) == 1 else None
