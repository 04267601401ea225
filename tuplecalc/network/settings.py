"""Settings: one value of a topology changed by its path, as after ``--set``."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.network.part import Part

_STEP = r"""\[(?P<index>[0-9]{1,9})\]|\.?(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>[^.\["=]+))"""


def set_value(mapping: dict[str, Any], setting: str) -> None:
    """Change one value in place: ``hops.nat.addresses=4``; a hop by name or number, any key.

    Names with dots, blanks or signs stand in quotes, as in TOML: ``hops."nat.1".addresses=4``.
    Values are read as in TOML, and as a text where they are none: ``hops.nat.time_wait=30s``.
    Parts that were already made (a :class:`Part`) are opened on the way.  Raises
    :class:`InputError` where the setting or a step of its path is none.

    >>> topology = {"hops": [{"name": "nat", "kind": "cone"}]}
    >>> set_value(topology, "hops.nat.ports=1024-2047")
    >>> topology["hops"][0]["ports"]
    '1024-2047'
    """
    steps, written = read_setting(setting)
    if steps[0] == "hops" and len(steps) > 1:
        mapping.setdefault("hops", [])
    if steps[0] == "services" and len(steps) > 2 and isinstance(mapping.get("services"), Mapping):
        mapping["services"] = [mapping["services"]]  # one table stands for a list of one
        steps = steps if steps[1].isdigit() else ["services", "0", *steps[1:]]
    groups = mapping.get("services")
    if steps[0] == "services" and len(steps) == 2 and isinstance(groups, list | tuple) and len(groups) == 1:
        steps = ["services", "0", steps[1]]  # of the only group
    place: Any = mapping
    for step in steps[:-1]:
        key = _key(place, step, setting)
        if isinstance(place, dict):
            place.setdefault(key, {})
        place[key] = _opened(place[key])
        place = place[key]
    place[_key(place, steps[-1], setting)] = _value(written)


def read_setting(setting: str) -> tuple[list[str], str]:
    """The steps of a setting's path, and what stands behind the equals sign.

    >>> read_setting('hops."nat.1".addresses=4')
    (['hops', 'nat.1', 'addresses'], '4')
    """
    steps, at = [], 0
    while found := re.match(_STEP, setting[at:]):
        index, quoted, bare = found["index"], found["quoted"], found["bare"]
        steps.append(index or (_unquoted(quoted, setting) if quoted else bare.strip()))
        at += found.end()
    rest = setting[at:].lstrip()
    if not steps or not all(steps) or not rest.startswith("="):
        rule = "a setting is a path, = and a value; write it as in hops.nat.addresses=4"
        raise InputError(f"--set {show(setting)}: {rule}")
    return steps, rest[1:].strip()


def _unquoted(quoted: str, setting: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError as error:
        rule = f"{show(quoted)} has an escape that is none; write a backslash twice"
        raise InputError(f"--set {show(setting)}: {rule}") from error


def _key(place: Any, step: str, setting: str) -> Any:
    """The key or number that a step means at its place."""
    if isinstance(place, dict):
        return step
    if isinstance(place, list):
        return _number(place, step, setting)
    raise InputError(f"--set {show(setting)}: {show(step)} does not stand in a table that has keys")


def _opened(found: Any) -> Any:
    """What a step leads to, such that it can be changed without changing what others hold."""
    if isinstance(found, Part):
        return found.written()
    if isinstance(found, list | tuple):
        return list(found)
    return dict(found) if isinstance(found, Mapping) else found


def _number(items: list[Any], step: str, setting: str) -> int:
    names = [item.get("name") if isinstance(item, Mapping) else getattr(item, "name", None) for item in items]
    if step in names:
        return names.index(step)
    if step.isascii() and step.isdecimal() and int(step) < len(items):
        return int(step)
    known = [name for name in names if isinstance(name, str)]
    near = nearest(step, known)
    numbers = f"a number from 0 to {len(items) - 1}" if len(items) > 1 else "0"
    hint = f'did you mean "{near}"?' if near else f"write {' or '.join([*known[:8], numbers])}"
    hint = hint if items else "there are none yet"
    raise InputError(f"--set {show(setting)}: nothing here is called {show(step)}; {hint}")


def _value(written: str) -> Any:
    try:
        value = tomllib.loads(f"value = {written}", parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        return written
    plain = list(value) == ["value"] and isinstance(value["value"], int | Decimal | str | list | dict)
    return value["value"] if plain else written
