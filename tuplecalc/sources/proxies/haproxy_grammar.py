"""The grammar of haproxy.cfg: words with quotes, variables, conditional blocks, sections and their defaults.

As in sections 2.2 to 2.4 and 4 of HAProxy's configuration manual, version 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.sources.draft import Remark
from tuplecalc.sources.gathering import Gathering
from tuplecalc.sources.proxies.haproxy_words import SECTIONS
from tuplecalc.sources.texts import Text

_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(x[0-9a-fA-F]{2}|.)|([^\s'"\\#]+)""", re.DOTALL)
_VARIABLE = re.compile(
    r"\\(x[0-9a-fA-F]{2}|.)|\$(?:\{([.\w]+)(?:\[\*\])?(?:-([^}]*))?\}|([.\w]+))", re.DOTALL
)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_FALSE, _TRUE = ("", "0"), re.compile("[1-9][0-9]*")


class Line(NamedTuple):
    """A line's words, and where and how it stands."""

    where: str
    words: tuple[str, ...]
    written: str


@dataclass(frozen=True)
class Section:
    """A section: ``frontend web``; what it does not say is as its defaults section has it."""

    kind: str
    name: str
    line: Line
    defaults: Section | None
    lines: list[Line] = field(default_factory=list)

    def own(self, *words: str) -> list[Line]:
        """Its own lines that begin with one of these words."""
        return [line for line in self.lines if line.words[0] in words]

    def last(self, *words: str) -> Line | None:
        """The last line that begins with all of these words, of its own or of its defaults."""
        found = [line for line in self.lines if line.words[: len(words)] == words]
        if found:
            return found[-1]
        return self.defaults.last(*words) if self.defaults else None


def sections_of(texts: Iterable[Text], gathering: Gathering) -> list[Section]:
    """The sections of files that are read one after the other, as HAProxy does with a folder."""
    found: list[Section] = []
    for line in _lines(texts, gathering):
        word, name = line.words[0], line.words[1] if len(line.words) > 1 else ""
        if word in SECTIONS:
            found.append(Section(word, name, line, _defaults(line, found, gathering)))
        elif found:
            found[-1].lines.append(line)
        else:
            gathering.remark(line, "it stands before any section")
    return found


def _defaults(line: Line, before: list[Section], gathering: Gathering) -> Section | None:
    sections = [each for each in before if each.kind == "defaults"]
    if "from" in line.words[1:-1]:
        name = line.words[line.words.index("from", 1) + 1]
        named = [each for each in sections if each.name == name]
        if not named:
            gathering.remark(line, "no defaults section of this name stands before it")
        return named[-1] if named else None
    inherits = line.words[0] in ("frontend", "backend", "listen")
    return sections[-1] if sections and inherits else None


def _lines(texts: Iterable[Text], gathering: Gathering) -> Iterator[Line]:
    """The lines that count: variables that the file sets are put in, branches that do not hold left out."""
    variables: dict[str, str] = {}
    for text in texts:
        branches: list[list[bool]] = []  # of each open block: whether this branch, and whether any, was taken
        for number, written in enumerate(text.text.split("\n"), 1):
            where, shown = text.at(number), written.strip()
            words = split(written, {**variables, ".FILE": text.name, ".LINE": str(number)})
            if words is None:
                gathering.remarks.append(Remark(where, shown, "its quote is never closed"))
            elif words and words[0] in (".if", ".elif", ".else", ".endif"):
                _branch(Line(where, words, shown), branches, variables, gathering)
            elif words and all(taken for taken, _ in branches):
                if words[0] in ("setenv", "presetenv") and len(words) > 2:
                    variables.setdefault(words[1], words[2])
                    if words[0] == "setenv":
                        variables[words[1]] = words[2]
                yield Line(where, words, shown)
        if branches:
            gathering.remarks.append(Remark(text.name, ".if", "its .endif is missing"))


def _branch(line: Line, branches: list[list[bool]], variables: dict[str, str], gathering: Gathering) -> None:
    word, *condition = line.words
    if word == ".if":
        branches.append([False, False])
    if not branches:
        gathering.remark(line, "no .if is open here")
        return
    if word == ".endif":
        branches.pop()
        return
    block = branches[-1]
    holds = True if word == ".else" else _holds(" ".join(condition), variables)
    if holds is None and not block[1]:
        gathering.remark(line, "whether it holds is not known here; it is read as if it did")
    if word != ".if" and block[1]:
        gathering.remark(line, "left out, since the branch above it is read")
    block[0] = not block[1] and holds is not False
    block[1] = block[1] or block[0]


def _holds(condition: str, variables: dict[str, str]) -> bool | None:
    """Whether a condition holds, None where only the running process knows.

    >>> _holds("0", {}), _holds("!defined(A)", {"A": ""}), _holds("feature(OPENSSL)", {})
    (False, False, None)
    """
    if condition.startswith("!"):
        holds = _holds(condition[1:].strip(), variables)
        return None if holds is None else not holds
    if condition in _FALSE or _TRUE.fullmatch(condition):
        return condition not in _FALSE
    named = re.fullmatch(r"defined\((\w+)\)", condition)
    return True if named and named[1] in variables else None


def split(line: str, variables: dict[str, str]) -> tuple[str, ...] | None:
    r"""The words of a line without its comment; None where a quote is never closed.

    Variables stand within double quotes only, and one that is not known here stays as it is written.

    >>> split(r'''bind "${A}:80" 'a # b'\ c # no''', {"A": "::1"})
    ('bind', '::1:80', 'a # b c')
    >>> split('server s "${HOST}:${PORT-80}"', {}), split("log 'a", {})
    (('server', 's', '${HOST}:80'), None)
    """
    words: list[str] = []
    word: str | None = None
    place = 0
    while place < len(line) and line[place] != "#":
        if line[place].isspace():
            words += [] if word is None else [word]
            word, place = None, place + 1
            continue
        piece = _PIECE.match(line, place)
        if piece is None:
            if line[place] == "\\":  # a backslash at the very end
                break
            return None
        single, double, escaped, plain = piece.groups()
        if double is not None:
            single = _VARIABLE.sub(lambda found: _value(found, variables), double)
        word = (word or "") + (single or plain or (_character(escaped) if escaped else ""))
        place = piece.end()
    return (*words, *([] if word is None else [word]))


def _character(escaped: str) -> str:
    return chr(int(escaped[1:], 16)) if len(escaped) == 3 else _CONTROL.get(escaped, escaped)


def _value(found: re.Match[str], variables: dict[str, str]) -> str:
    escaped, braced, default, plain = found.groups()
    if escaped:
        return _character(escaped)
    return variables.get(braced or plain, found[0] if default is None else default)
