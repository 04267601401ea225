"""A chain file → a chain: read, parse, change, check; every error with its place."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

from tuplecalc.errors import ChainError, InputError, foreign_sign, in_ascii, nearest, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import set_values

LARGEST_FILE = 8_000_000
"""Bytes; 10,000 service groups take about one million."""

ENDINGS = (".toml", ".json")
_IN_JSON = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
_EXAMPLES = Path(__file__).parent.parent / "examples"
EXAMPLES = (
    *("outage", "cone", "hourglass", "inverted-cone-nat", "inverted-cone-tproxy", "mixed"),
    *("office-and-branch", "pooled-frontend", "mixed-by-share"),
)


def load(path: str | Path, settings: Iterable[str] = ()) -> Chain:
    """The chain of a TOML or JSON file, with ``settings`` such as ``"hops.nat.addresses=5"`` made first.

    Raises :class:`InputError` where the file cannot be read, and :class:`ChainError` with all
    that is wrong in it.
    """
    try:
        path = Path(path)
    except TypeError:
        raise InputError(f'{show(path)}: this is the path of a file; write it as in "shop.toml"') from None
    try:
        with path.open("rb") as stream:
            return read(stream, str(path), path.name, settings)
    except OSError as error:
        if lead := _lead(path):
            raise InputError(f"{show_path(path)}: there is no such file; {lead}") from error
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{show_path(path)}: cannot be read: {reason}") from error
    except ChainError:
        raise
    except ValueError as error:
        raise InputError(f"{show_path(path)}: this is not a path: {error}") from error


def _lead(path: Path) -> str:
    """What was meant by a name that is no file's; nothing where that is not known."""
    if os.path.lexists(path):
        return ""  # also where nobody may look: opening it says why
    if (name := str(path)) in EXAMPLES:
        return f'the bundled example is tc.example("{name}")'
    meant = with_ending(name)
    return f'did you mean tc.load("{show_path(meant)}")?' if meant else ""


def with_ending(name: str) -> str | None:
    """The file that a name without its ending stands for; None where there is none."""
    ended = (name + ending for ending in ENDINGS)
    return next((each for each in ended if os.path.isfile(each)), None)  # noqa: PTH113 - of any length


def read(stream: BinaryIO, source: str, title: str, settings: Iterable[str] = ()) -> Chain:
    """The chain of an open file; ``source`` names it in messages, ``title`` stands in for a title."""
    data = stream.read(LARGEST_FILE + 1)
    source = show_path(source)
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"{source}: larger than {LARGEST_FILE:,} bytes; a chain file is a small TOML or JSON file"
        )
    if not data.strip():
        raise InputError(f"{source}: empty; `tuplecalc examples outage` prints a chain file to start from")
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{source}: binary, not text; a chain file is a TOML or JSON file")
    try:
        written = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{source}: not UTF-8 (line {line}, byte {error.start}); save it as UTF-8"
        ) from error
    return loads(written, settings=settings, source=source, title=title)


def loads(written: str, *, settings: Iterable[str] = (), source: str = "", title: str = "") -> Chain:
    """The chain of a text in TOML or JSON.

    >>> loads('clients.addresses = 9\\nservices = {addresses = 2, ports = 80}').services[0].endpoints
    2
    """
    if not source and re.fullmatch(r"[^\s={}#]+", written.strip()):
        rule = "this is the text of no chain file"
        raise InputError(f"{show(written)}: {rule}; tc.load reads a file, tc.example a bundled example")
    mapping = parse(written, source)
    set_values(mapping, [settings] if isinstance(settings, str) else settings)
    return from_dict(mapping, source=source, title=title)


def parse(written: str, source: str = "") -> dict[str, Any]:
    """The tables of a text in TOML or JSON; decimals are kept as they are written."""
    is_json = _is_json(written, source)
    language = "JSON" if is_json else "TOML"
    where = f"{source}: " if source else ""
    try:
        if is_json:
            mapping = json.loads(written, parse_float=Decimal, object_pairs_hook=_unique)
        else:
            mapping = tomllib.loads(written, parse_float=Decimal)
    except RecursionError as error:
        raise InputError(f"{where}nested too deep to be a chain file") from error
    except (ValueError, InvalidOperation) as error:
        said = str(error)
        reason = "a number has too many digits" if "int_max_str" in said else said[:1].lower() + said[1:]
        way_out = _way_out(written, said, is_json=is_json)
        raise InputError(f"{where}not {language}: {reason}{way_out}") from error
    if not isinstance(mapping, dict):
        rule = f"JSON, but {_IN_JSON.get(type(mapping), 'a number')}"
        raise InputError(f'{where}{rule}; a chain file in JSON is one object, {{"clients": …}}')
    return mapping


def _is_json(written: str, source: str) -> bool:
    """Whether a text is JSON, or was meant to be: by its first characters, else by the file's name.

    >>> _is_json("[]", ""), _is_json("[[hops]]", "")
    (True, False)
    >>> _is_json("nothing", "a.json"), _is_json("a = 1", "a.json")
    (True, False)
    """
    if re.match(r"\s*(\{|\[\s*[\]{])", written):  # as no TOML begins
        return True
    if not source.lower().endswith(".json"):
        return False
    try:
        tomllib.loads(written)
    except (ValueError, RecursionError):
        return True
    return False


def _way_out(written: str, said: str, *, is_json: bool) -> str:
    """What to write instead, for slips that a parser's own words do not explain; nothing for others."""
    place = re.search(r"line (\d+),? column (\d+)", said)
    if place is None:
        return ""
    line = "".join(written.split("\n")[int(place[1]) - 1 : int(place[1])])
    if wide := _full_width(line, int(place[2])):
        return wide
    if is_json:
        return ""
    if sign := foreign_sign(line.partition("=")[2].partition("#")[0]):
        return f"; {sign}"
    if header := re.match(r"\s*\[(hops|services|clients)\]", line):
        return f"; write [[{header[1]}]], in two brackets, above each of several"
    if "after a statement" in said and (
        bare := re.match(r"\s*([\w.]+\s*=)\s*(\d[\w.,%/]*(?: [a-zA-Z]+)?)\s*(?:#.*)?$", line)
    ):
        return f'; what is more than a number stands in quotes: {bare[1]} "{bare[2]}"'
    return ""


def _full_width(line: str, column: int) -> str:
    """What to write for a character of a Chinese or Japanese keyboard that stands where reading failed.

    >>> _full_width("rate ＝ 5", 6)
    '; ＝ is a full-width character: write ='
    """
    found = line[column - 1 : column]
    meant = in_ascii(found)
    if found.isascii() or not meant.isascii():
        return ""
    name = "this space" if meant == " " else found
    return f"; {name} is a full-width character: write {meant if meant.strip() else 'an ASCII one'}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"the key {show(key)} stands twice in one table")
        table[key] = value
    return table


def from_dict(mapping: Mapping[str, Any], *, source: str = "", title: str = "") -> Chain:
    """The chain of a mapping with the keys of a chain file.

    >>> from_dict({"clients": {"addresses": 9}, "services": {"addresses": 2, "ports": [80]}}).shape
    'direct'
    """
    if not isinstance(mapping, Mapping):
        raise InputError(f"a chain file is a mapping of keys, not {show(mapping)}")
    try:
        odd = list(_odd_keys(mapping))
    except RecursionError as error:
        raise InputError("nested too deep to be a chain file") from error
    if odd:
        raise InputError(f"the keys of a chain file are texts, not {show(odd[0])}")
    try:
        chain = Chain(**mapping)
    except ChainError as error:
        raise ChainError(error.problems, source) from None
    return chain if chain.title or not title else chain.model_copy(update={"title": title})


def _odd_keys(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from (key for key in value if not isinstance(key, str))
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for below in value:
            yield from _odd_keys(below)


def example(name: str, settings: Iterable[str] = ()) -> Chain:
    """A bundled example by its name."""
    return loads(example_text(name), settings=settings, source=f"example {name}", title=name)


def example_text(name: str) -> str:
    """The text of a bundled example."""
    if name not in EXAMPLES:
        near = nearest(name, EXAMPLES)
        hint = f'did you mean "{near}"?' if near else f"there are {', '.join(EXAMPLES)}"
        raise InputError(f"no example is called {show(name)}; {hint}")
    return (_EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")


def show_path(path: str | Path) -> str:
    """A path such that a terminal shows it as it is."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path)) or '""'
