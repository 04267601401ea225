"""The words of the output, each explained once: one entry for a terminal, all of them for a page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tuplecalc.errors import nearest
from tuplecalc.render import table

_MOST_NEAR, _SHORT = 3, 2  # words that are offered; characters that stand in too many words
_PIECES = re.compile(r" ?(?:[!-~]+|[“（]*[^ -~])[，。；、：）”]*")


class Entry(NamedTuple):
    """What a word means; the first of ``words`` names it, the others are said for it or belong to it."""

    words: tuple[str, ...]
    text: str
    zh_words: tuple[str, ...]
    zh_text: str
    """The same in Chinese."""


class Section(NamedTuple):
    """Entries that belong together, in reading order; ``zh`` is the title in Chinese."""

    title: str
    zh: str
    entries: tuple[Entry, ...]


@cache
def sections() -> tuple[Section, ...]:
    """The whole glossary."""
    text = (Path(__file__).parent / "glossary.toml").read_text(encoding="utf-8")
    return tuple(map(_section, tomllib.loads(text)["sections"]))


def _section(table: dict[str, Any]) -> Section:
    entries = (
        Entry(tuple(each["words"]), each["text"], tuple(each["zh_words"]), each["zh_text"])
        for each in table["entries"]
    )
    return Section(table["title"], table["zh"], tuple(entries))


def find(word: str) -> Entry | None:
    """The entry of a word, in capitals or not, in English or Chinese.

    >>> find("nat").words, find("端口块").words[0], find("nothing")
    (('NAT', 'cone'), 'port block', None)
    """
    return _by_word().get(_plain(word)) or _by_chinese_word().get(_plain(word))


def near(word: str) -> tuple[str, ...]:
    """The words that may be meant, the nearest first, each of another entry.

    >>> near("hourgalss"), near("blind picks"), near("端口块块"), near("2^16")
    (('hourglass',), ('blind pick', 'binds'), ('端口块', '端口'), ())
    """
    from difflib import get_close_matches  # only for those who mistype

    known = _by_word() if word.isascii() else _by_chinese_word()
    plain = _plain(word)
    best = nearest(plain, known)
    longer = [each for each in known if len(plain) > _SHORT and plain in each]
    meant = [each for each in (best, *longer, *get_close_matches(plain, known)) if each is not None]
    found: dict[Entry, str] = {}
    for each in meant:
        entry = known[each]
        spelled = next(name for name in (*entry.words, *entry.zh_words) if _plain(name) == each)
        found.setdefault(entry, spelled)
    return tuple(found.values())[:_MOST_NEAR]


@cache
def _by_word() -> dict[str, Entry]:
    return {_plain(word): entry for each in sections() for entry in each.entries for word in entry.words}


@cache
def _by_chinese_word() -> dict[str, Entry]:
    return {_plain(word): entry for each in sections() for entry in each.entries for word in entry.zh_words}


def _plain(word: str) -> str:
    return " ".join(word.casefold().split())


def text(entry: Entry, *, chinese: bool = False) -> str:
    """An entry for a terminal.

    >>> print(text(find("TIGHT")), end="")
    tight
      It fits, but more than 80% of what is possible is used.
    """
    if chinese:
        first = f"{'、'.join(entry.zh_words)} ({', '.join(entry.words)})"
        return "\n".join([*table.prose(first), *_broken(entry.zh_text), ""])
    first, *others = entry.words
    also = f" (also: {', '.join(others)})" if others else ""
    return "\n".join([*table.prose(first + also), *table.prose(entry.text, start="  ", hang="  "), ""])


def _broken(words: str) -> Iterator[str]:
    """A Chinese text in lines: broken between any two characters, but not in a word or before a comma.

    >>> [table.cell_len(line) <= table.WIDTH for line in _broken("端口" * 50)]
    [True, True, True]
    """
    line = " "
    for piece in _PIECES.findall(words):
        if table.cell_len(line + piece) > table.WIDTH:
            yield line.rstrip()
            line = " "
        line += piece if line.strip() else f" {piece.lstrip()}"
    yield line
