"""The words of the output, each explained once: one entry for a terminal, all of them for a page."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tuplecalc.errors import nearest
from tuplecalc.render import table


class Entry(NamedTuple):
    """What a word means; the first of ``words`` names it, the others are said for it or belong to it."""

    words: tuple[str, ...]
    text: str


class Section(NamedTuple):
    """Entries that belong together, in reading order."""

    title: str
    entries: tuple[Entry, ...]


@cache
def sections() -> tuple[Section, ...]:
    """The whole glossary."""
    text = (Path(__file__).parent / "glossary.toml").read_text(encoding="utf-8")
    return tuple(map(_section, tomllib.loads(text)["sections"]))


def _section(table: dict[str, Any]) -> Section:
    entries = (Entry(tuple(each["words"]), each["text"]) for each in table["entries"])
    return Section(table["title"], tuple(entries))


def find(word: str) -> Entry | None:
    """The entry of a word, in capitals or not.

    >>> find("nat").words, find("nothing")
    (('NAT', 'cone'), None)
    """
    return _by_word().get(_plain(word))


def near(word: str) -> str | None:
    """The word that may be meant.

    >>> near("hourgalss"), near("blind picks"), near("2^16")
    ('hourglass', 'blind pick', None)
    """
    found = nearest(_plain(word), _by_word())
    return None if found is None else next(each for each in _by_word()[found].words if _plain(each) == found)


@cache
def _by_word() -> dict[str, Entry]:
    return {_plain(word): entry for each in sections() for entry in each.entries for word in entry.words}


def _plain(word: str) -> str:
    return " ".join(word.casefold().split())


def text(entry: Entry) -> str:
    """An entry for a terminal.

    >>> print(text(find("TIGHT")), end="")
    tight
      It fits, but more than 80% of what is possible is used.
    """
    first, *others = entry.words
    also = f" (also: {', '.join(others)})" if others else ""
    return "\n".join([*table.prose(first + also), *table.prose(entry.text, start="  ", hang="  "), ""])
