"""Where listeners and servers are: addresses, names and ports, and the places in a source that say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import NamedTuple

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.sources.draft import Said

ANY = "*"
"""The address of a listener that is bound to none."""
NO_PORTS = PortSet.of_ranges(())
_MOST_PLACES = 3


class Place(NamedTuple):
    """Where a listener or a server is: an IP address, a name or :data:`ANY`, and its ports; none: unknown."""

    address: str
    ports: PortSet
    where: str
    addresses: int = 1
    """How many a name stands for."""


def places(wheres: Iterable[str]) -> str:
    """Several places in a few words: each once, the file once where it stays the same.

    >>> places(["haproxy.cfg:3", "haproxy.cfg:4", "haproxy.cfg:3", "b.cfg:1"])
    'haproxy.cfg:3, 4, b.cfg:1'
    >>> places(["dump.json: a[0].b", "dump.json: a[1]"])
    'dump.json: a[0].b, a[1]'
    """
    found = [where for where in dict.fromkeys(wheres) if where]
    shown: list[str] = []
    before = ""
    for where in found[:_MOST_PLACES]:
        mark = ": " if ": " in where else ":"
        file = where.partition(mark)[0] if mark == ": " else where.rpartition(mark)[0]
        shown.append(where.removeprefix(f"{file}{mark}") if file == before else where)
        before = file
    more = len(found) - _MOST_PLACES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def host_and_port(text: str) -> tuple[str, str]:
    """What stands before and behind the last colon outside brackets, without them.

    >>> host_and_port("[2001:db8::1]:80"), host_and_port(":::443"), host_and_port("[::1]")
    (('2001:db8::1', '80'), ('::', '443'), ('::1', ''))
    """
    host, colon, port = text.rpartition(":")
    host, port = (host, port) if colon and "]" not in port else (text, "")
    return host.removeprefix("[").removesuffix("]"), port


def ports_of(written: str) -> PortSet:
    """One port or a range of them; none where it is something else.

    >>> ports_of("8000-8099"), ports_of("$port")
    (PortSet('8000-8099'), PortSet.of_ranges([]))
    """
    ends = [int(end) for end in written.split("-") if re.fullmatch("[0-9]{1,5}", end)]
    if len(ends) != written.count("-") + 1 or not 0 < ends[0] <= ends[-1] <= LAST_PORT:
        return NO_PORTS
    return PortSet.of_ranges([(ends[0], ends[-1])])


def is_address(text: str) -> bool:
    """Whether it is an IP address as a chain file takes it.

    >>> is_address("2001:db8::1"), is_address("fe80::1%eth0"), is_address("db.example")
    (True, False, False)
    """
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False


def addresses_of(found: Iterable[Place], any_: str = "ip -brief addr: those that clients use") -> Said:
    """The addresses of these places: written out where they are, counted where they are names.

    ``any_`` says how to find out which addresses :data:`ANY` stands for.
    """
    found = list(found)
    written = sorted({each.address for each in found if is_address(each.address)}, key=_order)
    names = {each.address: each.addresses for each in found if not is_address(each.address)}
    values: list[object] = [*written, *([sum(names.values())] if names else [])]
    asked = ", ".join(sorted(names.keys() - {ANY})[:_MOST_PLACES])
    unknown = f"how many addresses {asked} stands for: getent ahosts NAME" if asked else any_ if names else ""
    return Said(values[0] if len(values) == 1 else values, places(each.where for each in found), unknown)


def _order(address: str) -> tuple[int, int]:
    parsed = ip_address(address)
    return parsed.version, int(parsed)


def writes_addresses(table: Mapping[str, Said]) -> bool:
    """Whether it has addresses, not only how many."""
    return isinstance(table.get("addresses", Said()).value, str | list)


def write_once(tables: Iterable[dict[str, Said]]) -> None:
    """An address that two of these hops have is written at the first, and only counted at the other.

    A chain file takes an address for one machine's.
    """
    written: list[tuple[AddressSet, Said]] = []
    for table in filter(writes_addresses, tables):
        said = table["addresses"]
        own = AddressSet(said.value)
        for other, name in written:
            if (common := other.common(own)) is not None:
                why = f"{common} is an address of {name.value} too, and counted twice"
                table["addresses"] = Said(own.size, said.where, why)
                break
        else:
            written.append((own, table["name"]))
