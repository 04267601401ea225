"""nginx configurations as a tree of directives, with the files that they include in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from tuplecalc.errors import InputError
from tuplecalc.network.file import show_path
from tuplecalc.sources.draft import Remark
from tuplecalc.sources.gathering import Gathering
from tuplecalc.sources.needs import needs
from tuplecalc.sources.texts import Source, Text

_BLOCK = re.compile(
    r"(?:^|[;{}])[ \t]*(?:http|events|stream|server|upstream[ \t]+[^\s{;]+)\s*\{", re.MULTILINE
)
_STATEMENT = re.compile(
    r"^[^#\n]*\b(?:listen|server|worker_connections|proxy_pass|include)\s[^;{}\n]{0,200};", re.MULTILINE
)
_MAIN = re.compile(r"(?:^|[;{}])[ \t]*(?:http|events|stream)\s*\{", re.MULTILINE)
_PRINTED = re.compile(r"^# configuration file (/\S+):$", re.MULTILINE)
"""What `nginx -T` prints before each file."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
NOT_THERE = "no such file is in the source"
_MOST_BRACES = 20
_MOST_DEEP = 10
_MOST_VALUES = 1000


@dataclass(frozen=True)
class Directive:
    """A directive, its words, and what stands in its block."""

    where: str
    name: str
    words: tuple[str, ...]
    block: tuple[Directive, ...] = ()
    is_block: bool = False

    @property
    def written(self) -> str:
        """As one line."""
        return " ".join((self.name, *self.words)) + (" {…}" if self.is_block else "")

    def all(self, *names: str) -> tuple[Directive, ...]:
        """The directives of its block that have one of these names."""
        return tuple(each for each in self.block if each.name in names)


def is_configuration(text: Text) -> bool:
    """Whether it has a block and a statement as nginx has them."""
    return bool(_BLOCK.search(text.text) and _STATEMENT.search(text.text))


def _as_files(source: Source, gathering: Gathering) -> Source:
    """The files that `nginx -T` printed one behind the other, with their lines there; else the source."""
    texts: dict[str, Text] = {}
    for name, text in source.texts.items():
        marks = [*_PRINTED.finditer(text.text)]
        if not marks:
            texts[name] = text
        elif text.text[: marks[0].start()].strip():
            gathering.passed_over["what stands before the first file"] += 1
        before = place = 0
        for mark, behind in zip_longest(marks, marks[1:]):
            before, place = before + text.text.count("\n", place, mark.end()), mark.end()
            inner = text.text[place : behind.start() if behind else None]
            texts[mark[1].lstrip("/")] = Text(text.name, inner, before)
    return replace(source, texts=texts)


def tree_of(source: Source, gathering: Gathering) -> tuple[Directive, ...]:
    """The directives of the file that has `http`, `stream` or `events`, else those of all files.

    Raises :class:`~tuplecalc.errors.InputError` where no file of them can be read.
    """
    source = _as_files(source, gathering)
    ours = {name: text for name, text in sorted(source.texts.items()) if is_configuration(text)}
    mains = [name for name, text in ours.items() if _MAIN.search(text.text)]
    main = next((name for name in mains if "events" in ours[name].text), mains[0] if mains else None)
    starts = list(ours) if main is None else [main]
    prefix = PurePosixPath(main or "").parent
    with TemporaryDirectory(prefix="tuplecalc-") as folder:
        files = _Files(source, prefix, Path(folder) / "nginx.conf", gathering)
        found = tuple(each for name in starts for each in files.directives(ours[name], (name,)))
    if not found:
        reason = (
            "; ".join(f"{each.where}: {each.why}" for each in gathering.remarks[:3]) or "nothing stands in it"
        )
        raise InputError(f"{source.name}: nginx does not take this configuration: {reason}")
    return found


@dataclass(frozen=True)
class _Files:
    """The files of a source, and how they include each other."""

    source: Source
    prefix: PurePosixPath
    """The folder of the main file, which includes are relative to."""
    scratch: Path
    """Where a text is put for the parser, which reads files only."""
    gathering: Gathering

    def directives(self, text: Text, opened: tuple[str, ...]) -> Iterator[Directive]:
        return self._expanded(self._parsed(text), text, opened)

    def _parsed(self, text: Text) -> Sequence[Mapping[str, Any]]:
        parse = needs("crossplane", "nginx-crossplane", "reading nginx's configuration").parse
        written = text.text
        for _ in range(_MOST_BRACES):
            self.scratch.unlink(missing_ok=True)  # to overwrite waits for the disk where ext4 takes care
            self.scratch.write_text(written, encoding="utf-8", errors="replace")
            (config,) = parse(str(self.scratch), single=True, check_ctx=False)["config"]
            if not any('end of file, expecting "}"' in each["error"] for each in config["errors"]):
                break
            written += "\n}"  # cut off: what stands there counts
        if written != text.text:
            self.gathering.remarks.append(
                Remark(text.name, "", "it ends within a block, as if it were cut off")
            )
        lines = text.text.split("\n")
        for each in config["errors"]:
            number = min(each["line"] or 1, len(lines))
            why = each["error"].partition(f" in {self.scratch}")[0]
            self.gathering.remarks.append(Remark(text.at(number), lines[number - 1].strip(), why))
        parsed: Sequence[Mapping[str, Any]] = config["parsed"]
        return parsed

    def _expanded(
        self, parsed: Sequence[Mapping[str, Any]], text: Text, opened: tuple[str, ...]
    ) -> Iterator[Directive]:
        for each in parsed:
            where, words = text.at(each["line"]), tuple(each["args"])
            block = tuple(self._expanded(each.get("block", ()), text, opened))
            directive = Directive(where, each["directive"], words, block, "block" in each)
            if directive.name == "include" and len(words) == 1:
                yield from self._included(directive, opened)
            else:
                yield directive

    def _included(self, directive: Directive, opened: tuple[str, ...]) -> Iterator[Directive]:
        found = self._within(directive.words[0]) or self._on_disk(directive.words[0])
        if not found:
            self.gathering.remark(directive, NOT_THERE)
        for name, text in found.items():
            if name in opened or len(opened) > _MOST_DEEP:
                self.gathering.remark(directive, "it includes itself")
            else:
                yield from self.directives(text, (*opened, name))

    def _within(self, pattern: str) -> dict[str, Text]:
        """Files of the source: below the main file's folder, or where the end of the path is the same."""
        texts = dict(sorted(self.source.texts.items()))
        path = PurePosixPath(pattern)
        if not path.is_absolute():
            return {n: each for n, each in texts.items() if _matches(PurePosixPath(n), self.prefix / path)}
        parts = path.parts[1:]
        for start in range(len(parts) - 1):
            ending = "/".join(parts[start:])
            if found := {n: text for n, text in texts.items() if PurePosixPath(n).match(ending)}:
                return found
        beside = str(self.prefix / path.name)
        return {beside: texts[beside]} if beside in texts else {}

    def _on_disk(self, pattern: str) -> dict[str, Text]:
        """Files below the folder of a file that was named itself; others may be of another machine."""
        path = self.source.path
        if path is None or path.name not in self.source.texts or not path.is_file():
            return {}
        folder = path.resolve().parent
        wanted = Path(pattern)
        if wanted.is_absolute():
            if not wanted.is_relative_to(folder):
                return {}
            wanted = wanted.relative_to(folder)
        if ".." in wanted.parts or not wanted.parts:
            return {}
        files = sorted(each for each in folder.glob(str(wanted)) if each.is_file())
        names = {str(each.relative_to(folder)): each for each in files}
        return {
            name: Text(show_path(path.parent / name), each.read_text("utf-8", "replace"))
            for name, each in names.items()
        }


def _matches(name: PurePosixPath, pattern: PurePosixPath) -> bool:
    return len(name.parts) == len(pattern.parts) and all(map(fnmatch, name.parts, pattern.parts))


def values_of(block: Sequence[Directive], outer: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What variables may be: what `set` gives them, or any value of a `map` or `split_clients`."""
    found = dict(outer)
    for each in block:
        if each.name == "set" and len(each.words) == 2:
            found[each.words[0].lstrip("$")] = (each.words[1],)
        elif each.name in ("map", "split_clients", "geo") and each.words:
            given = dict.fromkeys(line.words[-1] for line in each.block if line.words)
            found[each.words[-1].lstrip("$")] = tuple(given)
    return found


def expanded(written: str, values: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What a text with variables may be; those that only the running nginx knows stay in it.

    >>> expanded("http://$a:80", {"a": ("198.18.0.1", "198.18.0.2")})
    ['http://198.18.0.1:80', 'http://198.18.0.2:80']
    """
    found = [written]
    for name in dict.fromkeys(_VARIABLE.findall(written)):
        pattern = re.compile(rf"\$(?:{name}\b|\{{{name}\}})")
        pieces = [pattern.split(each) for each in found]
        given = values.get(name, (f"${{{name}}}",))
        found = [value.join(each) for each in pieces for value in given][:_MOST_VALUES]
    return found
