"""A chain with other values: by typed changes, or by settings as they are written after ``--set``."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from tuplecalc.errors import ChainError, InputError, nearest, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.part import Part
from tuplecalc.network.part import step as step_of
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import number

_STEP = r"""\[(?P<index>[0-9]{1,9})\]|\.?(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>[^.\["=]+))"""
_MOST_DIGITS = 34  # that a file takes, less those before a rounding

Change = tuple[str, object]
"""A path as of ``--set``, and the value that stands there then; None takes the key away."""
_Put = tuple[tuple[str, ...], object, str]  # steps, value, and what an error is about


def replace(chain: Chain, path: str, value: object) -> Chain:
    """The chain with another value at one path, checked again.

    The value is one as a file has it, or as a part of a chain holds it: a whole number, an exact
    fraction, a text, a list, a set of addresses or ports; None takes the key away.  Only the table
    that holds it is made anew, with what its preset says beside the value; the chain's own rules are
    checked again.

    Raises :class:`InputError` where a step of the path is none, or nothing is written where it
    should be taken away, and :class:`ChainError` where the value does not fit.

    >>> from tuplecalc.network.file import example
    >>> third = replace(example("outage"), "traffic.hold", Fraction(1, 3))
    >>> third.traffic.hold, replace(third, "traffic.hold", None).traffic.hold
    (Fraction(1, 3), Fraction(0, 1))
    """
    return replace_all(chain, [(path, value)])


def replace_all(chain: Chain, changes: Iterable[Change]) -> Chain:
    """The chain after several changes, checked when all are made; see :func:`replace`.

    Shares of kinds, or of groups of services, sum to 1: those that no change sets keep their
    proportions among themselves and take what is left, in equal parts where they are all 0.  Where
    all are set they have to sum to 1.  A kind with a rate has it for itself.

    >>> from tuplecalc.network.file import loads
    >>> names = loads('''
    ... traffic.kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.3}, {name = "c", share = 0.2}]
    ... clients.addresses = 9
    ... services = {addresses = 2, ports = 80}
    ... ''')
    >>> [str(kind.share) for kind in replace(names, "traffic.kinds.a.share", Fraction(3, 4)).traffic.kinds]
    ['3/4', '3/20', '1/10']
    """
    mapping = chain.written()
    _put_all(mapping, [(path_steps(path), value, show(path)) for path, value in changes])
    return Chain(**mapping)


def with_settings(chain: Chain, *settings: str) -> Chain:
    """Another chain with some values changed, checked again; settings as after ``--set``.

    Shares that are not set take what is left, as in :func:`replace_all`.

    >>> from tuplecalc.network.file import example
    >>> with_settings(example("cone"), "hops.nat.addresses=5").hops[0].addresses.size
    5
    """
    mapping = chain.written()
    for setting in settings:
        if not isinstance(setting, str):
            rule = 'a setting is a text, as in "hops.nat.addresses=4"'
            raise InputError(f"{show(setting)}: {rule}; give several one after the other")
    set_values(mapping, settings)
    return Chain(**mapping)


def set_values(mapping: dict[str, Any], settings: Iterable[str]) -> None:
    """Change values in place: ``hops.nat.addresses=4``; a hop, kind or group by name or number, any key.

    Names with dots, blanks or signs stand in quotes, as in TOML: ``hops."nat.1".addresses=4``.
    Values are read as in TOML, and as a text where they are none: ``hops.nat.time_wait=30s``;
    nothing behind the equals sign takes the key away.  Parts that were already made (a
    :class:`Part`) are opened on the way.  Raises :class:`InputError` where the setting or a step of
    its path is none.

    >>> mapping = {"hops": [{"name": "nat", "kind": "cone"}]}
    >>> set_values(mapping, ["hops.nat.ports=1024-2047"])
    >>> mapping["hops"][0]["ports"]
    '1024-2047'
    """
    changes = []
    for setting in settings:
        steps, written = read_setting(setting)
        changes.append((tuple(steps), _value(written) if written else None, f"--set {show(setting)}"))
    _put_all(mapping, changes)


def written_setting(path: str, value: object) -> str:
    """What ``--set`` takes to make a change: ``hops.nat.addresses=5``, ``hops.nat.block=``.

    Fractions are written as decimals, to 34 digits where they do not end.

    >>> written_setting("traffic.hold", Fraction(1, 8)), written_setting("hops.nat.ports", ["1", "3-4"])
    ('traffic.hold=0.125', 'hops.nat.ports=["1", "3-4"]')
    >>> written_setting("traffic.kinds.登录.clients", ["玩家"])
    'traffic.kinds.登录.clients=["玩家"]'
    """
    match value.spec if isinstance(value, AddressSet | PortSet) else value:
        case None:
            text = ""
        case Fraction(numerator=above, denominator=below) if below != 1:
            text = f"{Context(prec=_MOST_DIGITS).divide(above, below):f}"
        case list() | tuple() as several:
            text = json.dumps(several, ensure_ascii=False)
        case other:
            text = str(other)
    return f"{path}={text}"


def path_steps(path: str) -> tuple[str, ...]:
    """The steps of a path that stands alone."""
    return tuple(read_setting(f"{path}=")[0])


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


def _put_all(mapping: dict[str, Any], changes: Sequence[_Put]) -> None:
    for change in changes:
        _put(mapping, *change)
    for table in (("services",), ("traffic", "kinds")):
        given = [
            (steps[-2], said)
            for steps, value, said in changes
            if (steps[:-2], steps[-1]) == (table, "share") and value is not None
        ]
        if given:
            _share_the_rest(mapping["services"] if len(table) == 1 else mapping["traffic"]["kinds"], given)


def _share_the_rest(several: list[Any], given: Iterable[tuple[str, str]]) -> None:
    """What is left to 1 by the shares that are given goes to the others, in their proportions."""
    chosen = {index_of(several, which, said): said for which, said in given}
    others = [n for n in range(len(several)) if n not in chosen]
    tables = [_opened(each) for each in several]
    try:
        shares = [number(each.get("share"), "a share") for each in tables]
    except (ChainError, AttributeError):
        return  # said when the chain is made of it
    rest, before = 1 - sum(shares[n] for n in chosen), sum(shares[n] for n in others)
    if others and rest < 0:
        *_, said = chosen.values()
        rule = f"the shares that are set sum to {1 - rest}, and all together to 1"
        raise InputError(f"{said}: {rule}; lower one of them")
    for n in others:
        several[n] = tables[n] | {"share": rest * shares[n] / before if before else rest / len(others)}


def _put(mapping: dict[str, Any], steps: tuple[str, ...], value: object, said: str) -> None:
    """Change one value in place; ``said`` is what an error is about."""
    if len(steps) > 1 and steps[0] in _names(mapping.get("hops")) and steps[0] not in Chain.model_fields:
        path = ".".join(map(step_of, ("hops", *steps)))
        raise InputError(f"{said}: {show(steps[0])} is a hop; did you mean {path}?")
    if steps[0] in ("clients", "services") and len(steps) > 1:
        groups = mapping.get(steps[0])
        if len(steps) > 2 and isinstance(groups, Mapping) and steps[1] not in groups:
            mapping[steps[0]] = [groups]  # one table stands for a list of one
        groups, is_key = mapping.get(steps[0]), len(steps) == 2 or steps[1] == "most"
        if is_key and isinstance(groups, list | tuple) and len(groups) == 1:
            steps = (steps[0], "0", *steps[1:])  # of the only group
    place: Any = mapping
    for step in steps[:-1]:
        key = _key(place, step, said)
        if isinstance(place, dict):
            place.setdefault(key, [] if key in ("hops", "kinds") else {})
        place[key] = _opened(place[key])
        place = place[key]
    key = _key(place, steps[-1], said)
    if value is not None:
        place[key] = value
    elif isinstance(place, dict) and key not in place:
        near = nearest(key, place)
        hint = f'did you mean "{near}"?' if near else "leave this out"
        raise InputError(f"{said}: {show(key)} is not written there, and cannot be taken away; {hint}")
    else:
        del place[key]


def _key(place: Any, step: str, said: str) -> Any:
    """The key or number that a step means at its place."""
    if isinstance(place, dict):
        return step
    if isinstance(place, list):
        return index_of(place, step, said)
    raise InputError(f"{said}: {show(step)} does not stand in a table that has keys")


def _opened(found: Any) -> Any:
    """What a step leads to, such that it can be changed without changing what others hold."""
    if isinstance(found, Part):
        return found.written()
    if isinstance(found, list | tuple):
        return list(found)
    return dict(found) if isinstance(found, Mapping) else found


def _names(items: object) -> list[Any]:
    several = items if isinstance(items, list | tuple) else ()
    return [
        each.get("name") if isinstance(each, Mapping) else getattr(each, "name", None) for each in several
    ]


def index_of(items: Sequence[Any], step: str, said: str) -> int:
    """Which of several parts or tables a step means: by its name, or by its number."""
    names = _names(items)
    if step in names:
        return names.index(step)
    if step.isascii() and step.isdecimal() and int(step) < len(items):
        return int(step)
    known = [name for name in names if isinstance(name, str)]
    near = nearest(step, known)
    numbers = f"a number from 0 to {len(items) - 1}" if len(items) > 1 else "0"
    hint = f'did you mean "{near}"?' if near else f"write {' or '.join([*known[:8], numbers])}"
    hint = hint if items else "there are none yet"
    raise InputError(f"{said}: nothing here is called {show(step)}; {hint}")


def _value(written: str) -> Any:
    try:
        value = tomllib.loads(f"value = {written}", parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        return written
    plain = list(value) == ["value"] and isinstance(value["value"], int | Decimal | str | list | dict)
    return value["value"] if plain else written
