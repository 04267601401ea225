"""A topology file → a chain: read, parse, change, check; every error with its place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

from tuplecalc.errors import InputError, TopologyError, nearest, show
from tuplecalc.model.chain import Chain
from tuplecalc.model.part import Part

LARGEST_FILE = 8_000_000
"""Bytes; 10,000 service groups take about one million."""

_EXAMPLES = Path(__file__).parent.parent / "examples"
EXAMPLES = ("outage", "cone", "hourglass", "inverted-cone-nat", "inverted-cone-tproxy", "mixed")


def load(path: str | Path, settings: Iterable[str] = ()) -> Chain:
    """The chain of a TOML or JSON file, with ``settings`` such as ``"hops.nat.addresses=5"`` made first.

    Raises :class:`InputError` where the file cannot be read, and :class:`TopologyError` with all
    that is wrong in it.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return read(stream, str(path), path.name, settings)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{show_path(path)}: cannot be read: {reason}") from error
    except ValueError as error:
        if isinstance(error, TopologyError):
            raise
        raise InputError(f"{show_path(path)}: this is not a path: {error}") from error


def read(stream: BinaryIO, source: str, title: str, settings: Iterable[str] = ()) -> Chain:
    """The chain of an open file; ``source`` names it in messages, ``title`` stands in for a title."""
    data = stream.read(LARGEST_FILE + 1)
    source = show_path(source)
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"{source}: larger than {LARGEST_FILE:,} bytes; a topology is a small TOML or JSON file"
        )
    if not data.strip():
        raise InputError(f"{source}: empty; `tuplecalc examples outage` prints a topology to start from")
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{source}: binary, not text; a topology is a TOML or JSON file")
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
    mapping = parse(written, source)
    for setting in settings:
        set_value(mapping, setting)
    return from_dict(mapping, source=source, title=title)


def parse(written: str, source: str = "") -> dict[str, Any]:
    """The tables of a text in TOML or JSON; decimals are kept as they are written."""
    is_json = written.lstrip().startswith("{")
    language = "JSON" if is_json else "TOML"
    where = f"{source}: " if source else ""
    try:
        if is_json:
            mapping = json.loads(written, parse_float=Decimal, object_pairs_hook=_unique)
        else:
            mapping = tomllib.loads(written, parse_float=Decimal)
    except RecursionError as error:
        raise InputError(f"{where}nested too deep to be a topology") from error
    except (ValueError, InvalidOperation) as error:
        raise InputError(f"{where}not {language}: {_lowered(str(error))}") from error
    if not isinstance(mapping, dict):
        raise InputError(f"{where}a topology is a table of keys, not {show(mapping)}")
    return mapping


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {show(twice)} stands twice in one table")
    return dict(pairs)


def from_dict(mapping: Mapping[str, Any], *, source: str = "", title: str = "") -> Chain:
    """The chain of a mapping with the keys of a topology file.

    >>> from_dict({"clients": {"addresses": 9}, "services": {"addresses": 2, "ports": [80]}}).shape
    'direct'
    """
    if not isinstance(mapping, Mapping):
        raise InputError(f"a topology is a mapping of keys, not {show(mapping)}")
    odd = [key for key in mapping if not isinstance(key, str)]
    if odd:
        raise InputError(f"the keys of a topology are texts, not {show(odd[0])}")
    try:
        chain = Chain(**mapping)
    except TopologyError as error:
        raise TopologyError(error.problems, source) from None
    return chain if chain.title or not title else chain.model_copy(update={"title": title})


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


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def with_settings(chain: Chain, *settings: str) -> Chain:
    """Another chain with some values changed, checked again; settings as after ``--set``.

    >>> with_settings(example("cone"), "hops.nat.addresses=5").hops[0].addresses.size
    5
    """
    mapping = _written(chain)
    for setting in settings:
        set_value(mapping, setting)
    return from_dict(mapping)


_STEP = re.compile(r"""\[(?P<index>\d{1,9})\]|\.?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^.\["=]+))""")


def set_value(mapping: dict[str, Any], setting: str) -> None:
    """Change one value in place: ``hops.nat.addresses=4``; a hop by name or number, any key.

    Values are read as in TOML, and as a text where they are none: ``hops.nat.time_wait=30s``.
    Parts that were already made (a :class:`Part`) are opened on the way.

    >>> topology = {"hops": [{"name": "nat", "kind": "cone"}]}
    >>> set_value(topology, "hops.nat.ports=1024-2047")
    >>> topology["hops"][0]["ports"]
    '1024-2047'
    """
    path, separator, written = setting.partition("=")
    steps = _steps(path.strip())
    if not separator or not steps:
        raise InputError(
            f"--set {show(setting)}: a setting is a path, = and a value; write it as in hops.nat.addresses=4"
        )
    place: Any = mapping
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        place = _enter(place, step, setting, _value(written.strip()) if last else None, last)


def _steps(path: str) -> list[str]:
    steps, at = [], 0
    while at < len(path):
        found = _STEP.match(path, at)
        if not found:
            return []
        steps.append(next(group for group in found.groups() if group is not None).strip())
        at = found.end()
    return steps


def _enter(place: Any, step: str, setting: str, value: Any, last: bool) -> Any:
    if isinstance(place, dict):
        if last:
            place[step] = value
            return None
        found = place.setdefault(step, {})
        key: Any = step
    elif isinstance(place, list):
        key = _number(place, step, setting)
        found = place[key]
        if last:
            place[key] = value
            return None
    else:
        raise InputError(f"--set {show(setting)}: {show(step)} is not a table that has keys")
    if isinstance(found, Part):
        found = {"kind": found.kind, **_written(found)} if hasattr(found, "kind") else _written(found)
    elif isinstance(found, tuple):
        found = list(found)
    place[key] = found
    return found


def _written(part: Part) -> dict[str, Any]:
    return {key: getattr(part, key) for key in part.model_fields_set}


def _number(items: list[Any], step: str, setting: str) -> int:
    names = [item.get("name") if isinstance(item, Mapping) else getattr(item, "name", None) for item in items]
    if step in names:
        return names.index(step)
    if step.isdecimal() and int(step) < len(items):
        return int(step)
    known = [name for name in names if isinstance(name, str)]
    near = nearest(step, known)
    numbers = f"0 to {len(items) - 1}" if len(items) > 1 else "0"
    hint = f'did you mean "{near}"?' if near else ", ".join([*known[:8], f"or a number, {numbers}"])
    raise InputError(f"--set {show(setting)}: nothing here is called {show(step)}; {hint}")


def _value(written: str) -> Any:
    try:
        value = tomllib.loads(f"value = {written}", parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        return written
    plain = list(value) == ["value"] and isinstance(value["value"], int | Decimal | str | list | dict)
    return value["value"] if plain else written
