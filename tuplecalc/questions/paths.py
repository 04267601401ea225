"""Paths: where in a chain a number stands, and what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.part import Part, step
from tuplecalc.network.replace import index_of, read_setting
from tuplecalc.network.services import Services
from tuplecalc.network.values import Block, Count, Files, FirstClose, PerFlow, Portion, Rate, Seconds, Share

WRITE = "write it as in hops.lvs.addresses=1..64, or traffic.hold=0s..10m/25 for 25 points"
_TABLES = ("traffic", "clients", "hops", "services")
_UNITS: dict[Any, str] = {
    Count: "1",
    Block: "1",
    AddressSet: "addresses",
    Seconds: "s",
    Rate: "1/s",
    FirstClose: "",
    Portion: "",
    Share: "",
    PerFlow: "per flow",
    Files: "files",
}
_COUNTED = {
    "instances": "instances",
    "max_entries": "entries",
    "max_files": "files",
    "destinations": "destinations",
    "block": "ports",
    "client_ports": "ports",
    "blocks_per_client": "blocks",
    "flows": "flows",
    "flows_each": "flows",
}
REAL_UNITS = ("s", "1/s", "", "per flow")
"""Units of numbers that need not be whole."""
COSTS = ("files_per_flow",)
"""Keys of whole numbers of which each flow takes more: the largest is the useful answer, as of a time."""


class Place(NamedTuple):
    """Where a path leads: the table, the key in it, the path with the hop's name, a name in words."""

    part: Part
    key: str
    path: str
    name: str

    @property
    def value(self) -> Any:
        """What stands there."""
        return getattr(self.part, self.key, None)

    @property
    def unit(self) -> str:
        """``"s"``, ``"1/s"``, ``"per flow"``, ``"addresses"``, …; empty for a share."""
        unit = numbers_of(type(self.part))[self.key]
        return _COUNTED.get(self.key, self.key) if unit == "1" else unit

    @property
    def present(self) -> Number | None:
        """The number that the chain has now; None where it has none, or a rule (block = "even")."""
        return plain(self.value) if isinstance(self.value, int | Fraction | AddressSet) else None


def likely(chain: Chain) -> str:
    """A path that people ask for: how many addresses the first hop has that has some, else the services.

    >>> from tuplecalc.network.file import example
    >>> likely(example("outage")), likely(example("hourglass"))
    ('hops.lvs.addresses', 'services.addresses')
    """
    return next((f"{hop.path}.addresses" for hop in chain.hops if hop.own_addresses), "services.addresses")


def number_at(chain: Chain, steps: list[str], text: str) -> Place:
    """The number that a path leads to; raises :class:`~tuplecalc.errors.InputError` where there is none."""
    found = place_of(chain, steps, text)
    known, part = dict(numbers_of(type(found.part))), type(found.part)
    if isinstance(found.part, Services) and len(chain.services) == 1:
        del known["share"]  # which is 1
    if found.key in known:
        return found
    there = f"the numbers there are {', '.join(known)}"
    if found.key in part.model_fields:
        raise wrong(text, f"`{found.key}` is not a number that can be varied", there)
    if elsewhere := part.elsewhere(found.key):
        raise wrong(text, f"unknown key `{found.key}`", f"this key fits {elsewhere}")
    near = nearest(found.key, part.model_fields)
    raise wrong(text, f"unknown key `{found.key}`", f"did you mean `{near}`?" if near else there)


def place_of(chain: Chain, steps: list[str], text: str) -> Place:
    """Where a path leads; the name or number of the only group of clients or services may be left out.

    Raises :class:`~tuplecalc.errors.InputError` where there is no such table.
    """
    match steps:
        case ["traffic", "kinds", which, key]:
            kind = chain.traffic.kinds[index_of(chain.traffic.kinds, which, show(text))]
            return Place(kind, key, f"{kind.path}.{key}", f"{key} of {kind.name}")
        case ["traffic", key]:
            return Place(chain.traffic, key, f"traffic.{key}", key)
        case ["hops", which, *virtual, key] if virtual in ([], ["virtual"]):
            hop = chain.hops[index_of(chain.hops, which, show(text))]
            if not virtual:
                return Place(hop, key, f"{hop.path}.{key}", f"{key} of {hop.name}")
            if hop.virtual is None:
                raise wrong(text, "this hop has no virtual service", f"set {hop.path}.virtual first")
            return Place(hop.virtual, key, f"{hop.path}.virtual.{key}", f"virtual {key} of {hop.name}")
        case ["clients" | "services" as table, *group, key] if len(group) < 2:
            groups = chain.clients if table == "clients" else chain.services
            last = path_of(groups, len(groups) - 1, table)
            if len(groups) > 1 and not group:
                remedy = f"name one, as in {last}.addresses"
                raise wrong(text, f"there are several groups of {table}", remedy)
            number = index_of(groups, group[0], show(text)) if group else 0
            of = groups[number].name or (table if len(groups) == 1 else f"{table}[{number}]")
            return Place(groups[number], key, f"{path_of(groups, number, table)}.{key}", f"{key} of {of}")
    key = steps[-1]
    meant = [
        f"hops.{number}.{key}" if "." in hop.name else f"{hop.path}.{key}"  # a shell takes quotes away
        for number, hop in enumerate(chain.hops)
        if ".".join(steps[steps[0] == "hops" : -1]) == hop.name
        or (steps == [key] and key in numbers_of(type(hop)))
    ]
    if meant:
        raise wrong(text, "no number of a chain stands there", f"did you mean {' or '.join(meant[:3])}?")
    near = nearest(steps[0], _TABLES)
    hint = f"did you mean {near}?" if near else f"write one of {', '.join(_TABLES)}"
    raise wrong(text, "no number of a chain stands there", WRITE if steps[0] in _TABLES else hint)


def path_of(groups: Sequence[Clients | Services], number: int, table: str) -> str:
    """The path of a group: by its name, else by its number where there are several.

    >>> office, web = Clients(name="office", addresses=1), Services(addresses=1, ports=80)
    >>> path_of([office], 0, "clients"), path_of([web], 0, "services"), path_of([web, web], 1, "services")
    ('clients.office', 'services', 'services.1')
    """
    if (name := groups[number].name) is not None:
        return f"{table}.{step(name)}"
    return table if len(groups) == 1 else f"{table}.{number}"


@cache
def numbers_of(part: type[Part]) -> dict[str, str]:
    """The keys of a table that hold a number, each with its unit."""
    hints = get_type_hints(part, include_extras=True).items()
    return {key: _UNITS[kind] for key, hint in hints for kind in (hint, *get_args(hint)) if kind in _UNITS}


def parsed(text: str) -> tuple[list[str], str | None]:
    """The steps of the path, and the range; None where the path stands alone."""
    if isinstance(text, str):
        with suppress(InputError, ValueError):
            return read_setting(text)
        with suppress(InputError, ValueError):
            return read_setting(f"{text}=")[0], None
    raise wrong(text, "what is varied is a path, and = and a range where it should be another", WRITE)


def plain(value: Any) -> Number:
    """How many addresses; every other number as it is."""
    number: Number = value.size if isinstance(value, AddressSet) else tidy(value)
    return number


def wrong(text: str, rule: str, remedy: str) -> InputError:
    """What is wrong with a path or a range, and the way out."""
    return InputError(f"{show(text)}: {rule}; {remedy}")
