"""Which reader understands a source: by what is in it, not by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tuplecalc.sources.draft import Draft
from tuplecalc.sources.texts import Source


class Reader(NamedTuple):
    """A kind of source: its name in messages, how it is known, and how it is read."""

    name: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source], Draft]
