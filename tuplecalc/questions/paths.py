"""Paths: where in a chain a number stands, and what it counts."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.part import Part
from tuplecalc.network.replace import read_setting
from tuplecalc.network.values import Block, Count, FirstClose, Rate, Seconds

WRITE = "write it as in hops.lvs.addresses=1..64, or traffic.hold=0s..10m/25 for 25 points"
_UNITS: dict[Any, str] = {
    Count: "1",
    Block: "1",
    AddressSet: "addresses",
    Seconds: "s",
    Rate: "1/s",
    FirstClose: "",
}
_COUNTED = {
    "instances": "instances",
    "max_entries": "entries",
    "max_files": "files",
    "destinations": "destinations",
    "block": "ports",
    "client_ports": "ports",
}
_RULE = "what is varied is a path, and = and a range where it should be another"


class Found(NamedTuple):
    """A number of a chain: the table that holds it and its key there."""

    part: Part
    key: str
    path: str
    name: str

    @property
    def unit(self) -> str:
        """``"s"``, ``"1/s"``, ``"addresses"``, …; empty for a share."""
        unit = numbers_of(type(self.part))[self.key]
        return _COUNTED[self.key] if unit == "1" else unit

    @property
    def value(self) -> Any:
        """What stands there, as it is held."""
        return getattr(self.part, self.key)

    @property
    def present(self) -> Number | None:
        """What the chain has now; None where it has none, or a rule (block = "even")."""
        return plain(self.value) if isinstance(self.value, int | Fraction | AddressSet) else None


def found_at(chain: Chain, steps: list[str], text: str) -> Found:
    """The number that a path leads to."""
    part, key, path, name = place_of(chain, steps, text)
    known = numbers_of(type(part))
    if key not in known:
        raise _no_number(part, key, list(known), text)
    return Found(part, key, path, name)


def place_of(chain: Chain, steps: list[str], text: str) -> tuple[Part, str, str, str]:
    """The table that a path leads to, the key in it, the path with the hop's name, and a name in words.

    The services' own paths may leave out the number of the only group.  Raises
    :class:`~tuplecalc.errors.InputError` where there is no such table.
    """
    part: Part | None
    match steps:
        case ["traffic", key]:
            part, path, name = chain.traffic, "traffic", key
        case ["clients", key]:
            part, path, name = chain.clients, "clients", f"{key} of clients"
        case ["hops", which, *virtual, key] if virtual in ([], ["virtual"]):
            hop = chain.hops[_number(which, [hop.name for hop in chain.hops], text)]
            part, path, name = hop, hop.path, f"{key} of {hop.name}"
            if virtual:
                part, path, name = hop.virtual, f"{path}.virtual", f"virtual {name}"
        case ["services", *group, key] if len(group) == 1 or (not group and len(chain.services) == 1):
            number = _number(group[0], [None] * len(chain.services), text) if group else 0
            part, path, name = chain.services[number], f"services.{number}", f"{key} of services"
            name = name if len(chain.services) == 1 else f"{key} of services[{number}]"
        case ["services", _]:
            last = len(chain.services) - 1
            raise wrong(
                text, "there are several groups of services", f"name one, as in services.{last}.addresses"
            )
        case [table, *_]:
            tables = ("traffic", "clients", "hops", "services")
            near = nearest(table, tables)
            hint = (
                WRITE
                if table in tables
                else f"did you mean {near}?"
                if near
                else f"write one of {', '.join(tables)}"
            )
            raise wrong(text, "no number of a chain stands there", hint)
    if part is None:
        raise wrong(text, "this hop has no virtual service", f"set {path} first")
    return part, key, f"{path}.{key}", name


@cache
def numbers_of(part: type[Part]) -> dict[str, str]:
    """The keys of a table that hold a number, each with its unit."""
    hints = get_type_hints(part, include_extras=True).items()
    return {key: _UNITS[kind] for key, hint in hints for kind in (hint, *get_args(hint)) if kind in _UNITS}


def _no_number(part: Part, key: str, known: list[str], text: str) -> InputError:
    there = f"the numbers there are {', '.join(known)}"
    if key in type(part).model_fields:
        return wrong(text, f"`{key}` is not a number that can be varied", there)
    near = nearest(key, type(part).model_fields)
    return wrong(
        text, f"unknown key `{key}`", part.hints.get(key) or (f"did you mean `{near}`?" if near else there)
    )


def _number(which: str, names: list[str | None], text: str) -> int:
    """Which of several: by its name or its number."""
    if which in names:
        return names.index(which)
    if which.isascii() and which.isdecimal() and int(which) < len(names):
        return int(which)
    known = [name for name in names if name is not None]
    near = nearest(which, known)
    hint = (
        f'did you mean "{near}"?'
        if near
        else f"write {' or '.join([*known[:8], f'a number below {len(names)}'])}"
    )
    raise wrong(text, f"nothing here is called {show(which)}", hint if names else "there are none")


def parsed(text: str) -> tuple[list[str], str | None]:
    """The steps of the path, and the range; None where the path stands alone."""
    if not isinstance(text, str):
        raise wrong(text, _RULE, WRITE)
    with suppress(InputError, ValueError):
        return read_setting(text)
    with suppress(InputError, ValueError):
        return read_setting(f"{text}=")[0], None
    raise wrong(text, _RULE, WRITE)


def plain(value: Any) -> Number:
    """How many addresses; every other number as it is."""
    number: Number = value.size if isinstance(value, AddressSet) else tidy(value)
    return number


def wrong(text: str, rule: str, remedy: str) -> InputError:
    """What is wrong with a path or a range, and the way out."""
    return InputError(f"{show(text)}: {rule}; {remedy}")
