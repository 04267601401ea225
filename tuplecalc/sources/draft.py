"""What a source says of a chain, key by key, each with the place where it stands.

A reader makes a :class:`Draft`; :mod:`tuplecalc.sources.written` makes a chain file of one or several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.network.ports import PortSet


class Said(NamedTuple):
    """A value as a chain file writes it, and where it comes from.

    ``where`` is a file and a line, ``haproxy.cfg:12``, or what was read, ``preset linux-snat``.
    ``unknown`` says how to find out what the source does not tell; the value then holds until somebody
    does, and without a value the key is left out, so that its default holds.
    """

    value: object = None
    where: str = ""
    unknown: str = ""


Table = Mapping[str, Said]
"""The keys of one table of a chain file, in the order in which they are written."""


class Remark(NamedTuple):
    """Something that a reader saw and made nothing of, or less than it says."""

    where: str
    said: str
    """What stands there, as it is written."""
    why: str
    """Why, or what it means that it is left out, in a few words."""


def not_understood(why: str) -> str:
    """What is said of text that no reader knows: always why."""
    return f"not understood: {why}"


SERVICE: Table = {
    "addresses": Said(1, unknown="how many addresses answer; 1 stands for all connections to one of them"),
    "ports": Said(443, unknown="on which ports they answer; `tuplecalc observe --fill` finds both"),
}
"""What stands for services of which no source says anything."""


@dataclass(frozen=True)
class Draft:
    """What one source says of a chain.

    ``hops`` stand in the order of the flows.  ``clients`` and ``services`` are empty where the source
    says nothing of them.  Names of hops need not be unique: drafts are put together in
    :mod:`tuplecalc.sources.written`, which sees to that.
    """

    hops: tuple[Table, ...] = ()
    clients: Table = field(default_factory=dict)
    services: tuple[Table, ...] = ()
    kinds: tuple[Table, ...] = ()
    """Tables of ``[[traffic.kinds]]``, where some flows go another way than others."""
    traffic: Table = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    """What was not understood: it is listed on standard error, and nothing of it is in the tables."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Words that are known to hold no tuple, and how often they stand there: ``{"log": 3}``."""
    process: str = ""
    """The process whose configuration it is, as its machine names it."""
    listens: tuple[PortSet, ...] = ()
    """At which ports this process listens, for each hop."""
