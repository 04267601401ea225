"""Sources as texts: a file, a folder, a tar or standard input, with the name and lines of each."""

from __future__ import annotations

import codecs
import io
import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath
from typing import BinaryIO

from tuplecalc.errors import InputError
from tuplecalc.network.file import show_path
from tuplecalc.sources.draft import Remark

LARGEST = 256_000_000
"""Bytes of one source; the configuration dump of a large mesh has some ten millions."""
MOST_FILES = 10_000
"""Files of one folder or tar."""


_File = tuple[str, bytes | None]
"""A file by its path, and what is in it; None where it is a link that leads nowhere."""


@dataclass(frozen=True)
class Text:
    """One file of a source; ``name`` is as messages show it."""

    name: str
    text: str
    before: int = 0
    """Lines of its file that stand before it."""

    def at(self, line: int) -> str:
        """The place of a line, counted from 1: ``haproxy.cfg:12``."""
        return f"{self.name}:{self.before + line}"


@dataclass(frozen=True)
class Source:
    """What the command line names once: one text, or the texts of a folder or a tar.

    ``texts`` go by their paths within it; a single file goes by its own name.
    """

    name: str
    texts: dict[str, Text]
    path: Path | None = None
    """The file or folder, for parsers that follow includes; None for standard input."""
    remarks: tuple[Remark, ...] = ()
    """Files in it that are no text, and links that lead nowhere in it."""

    @property
    def only(self) -> Text | None:
        """The text of a source of one file."""
        return next(iter(self.texts.values())) if len(self.texts) == 1 else None

    @property
    def distinct(self) -> list[Text]:
        """Its texts in the order of their paths, each once: a link is the file that it leads to."""
        found: dict[str, Text] = {}
        for _, text in sorted(self.texts.items()):
            found.setdefault(text.text, text)
        return list(found.values())


def opened(path: str, standard_input: BinaryIO | None = None, called: str = "standard input") -> Source:
    """The source of a path; ``-`` is standard input, or what ``called`` says.

    Raises :class:`~tuplecalc.errors.InputError` where it cannot be read, is empty, or is too large.
    """
    name = called if path == "-" else show_path(path)
    try:
        if path == "-":
            if standard_input is None:
                raise InputError("standard input: closed; there is nothing to read")
            files, where = _files_of(standard_input.read(LARGEST + 1), name), None
        elif Path(path).is_dir():
            files, where = _folder(Path(path)), Path(path)
        else:
            where = Path(path)
            with where.open("rb") as stream:
                files = _files_of(stream.read(LARGEST + 1), name)
        return _source(name, files, where)
    except (OSError, tarfile.TarError, EOFError) as error:  # a tar that is cut off ends in any of them
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name}: cannot be read: {reason[:1].lower()}{reason[1:]}") from error
    except ValueError as error:
        raise InputError(f"{name}: this is not a path: {error}") from error


def _source(name: str, files: Iterator[_File], path: Path | None) -> Source:
    texts: dict[str, Text] = {}
    remarks: list[Remark] = []
    size = count = 0
    for inner, data in files:
        size, count = size + len(data or b""), count + 1
        if size > LARGEST or count > MOST_FILES:
            most = f"{LARGEST // 1_000_000} MB in {MOST_FILES:,} files"
            raise InputError(f"{name}: more than {most}; name only what belongs to one machine")
        place = f"{name}/{inner}" if inner else name
        if data is None:
            remarks.append(Remark(show_path(place), "(link)", "where it leads is not in the source"))
        elif b"\0" in data:
            remarks.append(Remark(show_path(place), "(binary)", "no text, so that it is not read"))
        elif data.strip():
            texts[inner or Path(name).name] = Text(show_path(place), _decoded(data))
    if not texts:
        what = "nothing in it is text" if remarks else "empty"
        raise InputError(f"{name}: {what}; `tuplecalc import --help` says what can be read")
    return Source(name, texts, path, tuple(remarks))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # comments of long ago
        text = data.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    return text.replace("\r\n", "\n")


def _files_of(data: bytes, name: str) -> Iterator[_File]:
    """The files of a tar, packed or not; else the data itself, without a path in it."""
    if len(data) > LARGEST:
        raise InputError(f"{name}: more than {LARGEST // 1_000_000} MB; a configuration is smaller")
    try:
        archive = tarfile.open(fileobj=io.BytesIO(data))  # noqa: SIM115 - only the opening tells what it is
    except tarfile.ReadError:
        yield "", data
        return
    with archive:
        if not data.strip(b"\0"):  # a tar without files, or none at all
            return
        known: dict[str, bytes] = {}
        links: dict[str, str] = {}
        for member in archive:
            inner = normpath(member.name).lstrip("/")
            if member.isfile() and (stream := archive.extractfile(member)) is not None:
                known[inner] = stream.read(LARGEST + 1)
                yield inner, known[inner]
            elif member.issym():
                links[inner] = normpath(join(dirname(inner), member.linkname))
            elif member.islnk():
                links[inner] = normpath(member.linkname).lstrip("/")
        yield from _linked(known, links)


def _linked(known: Mapping[str, bytes], links: Mapping[str, str]) -> Iterator[_File]:
    """The files to which links of a tar lead, below the name of each; None where there are none in it.

    An absolute path may begin above what was packed.
    """
    folders = {str(parent) for name in known for parent in PurePosixPath(name).parents}
    for name, link in links.items():
        target, seen = _packed(link, known, folders, links), {name}
        while target in links and target not in seen:
            seen.add(target)
            target = _packed(links[target], known, folders, links)
        if target in known:
            yield name, known[target]
        elif target in folders and target != ".":
            inside = [each for each in known if each.startswith(f"{target}/")]
            yield from ((name + each.removeprefix(target), known[each]) for each in inside)
        else:
            yield name, None


def _packed(path: str, *names: Collection[str]) -> str:
    """A path as it is in a tar, by its longest end that is there; itself where none is."""
    parts = PurePosixPath(path).parts[1:] if path.startswith("/") else (path,)
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((each for each in ends if any(each in known for known in names)), path)


def _folder(folder: Path) -> Iterator[_File]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.exists():
            yield str(path.relative_to(folder)), None
        elif path.is_file():
            with path.open("rb") as stream:
                yield str(path.relative_to(folder)), stream.read(LARGEST + 1)
