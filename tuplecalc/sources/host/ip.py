"""``ip -j addr``, ``ip -j rule`` and ``ip -j route``: addresses, and where marked packets go."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Any, NamedTuple

from tuplecalc.sources.texts import Text

_USUALLY = {"type": "unicast", "table": "main"}
"""What is not printed of most routes."""
_TO_ALL = {"default", "0.0.0.0/0", "::/0"}


class Address(NamedTuple):
    """An address of an interface."""

    interface: str
    address: IPv4Interface | IPv6Interface
    where: str

    @property
    def family(self) -> str:
        """As rules say it."""
        return "ip" if self.address.version == 4 else "ip6"

    @property
    def host(self) -> str:
        """The address without its network."""
        return str(self.address.ip)

    @property
    def is_reachable(self) -> bool:
        """Whether other machines reach it beyond the link."""
        return not (self.address.is_loopback or self.address.is_link_local)


class Lookup(NamedTuple):
    """A policy rule that sends packets with a mark to a table of routes; 0 and 0 are all packets."""

    mark: int
    mask: int
    table: str
    where: str


class Route(NamedTuple):
    """A route: ``kind`` is ``local`` where packets go to this machine's own sockets."""

    kind: str
    destination: str
    interface: str
    gateway: str
    table: str
    family: str
    where: str


class Routing(NamedTuple):
    """What ``ip`` says of a machine; empty where that file is missing."""

    addresses: tuple[Address, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    routes: tuple[Route, ...] = ()

    def and_(self, other: Routing) -> Routing:
        """Both together: those of IPv6 come in files of their own."""
        routes, lookups = self.routes + other.routes, self.lookups + other.lookups
        return Routing(self.addresses + other.addresses, lookups, routes)

    def of(self, interfaces: str, family: str) -> list[Address]:
        """The addresses of interfaces (``eth0,eth*``) that others reach, of a family, in their order."""
        return [
            each
            for each in self.addresses
            if each.is_reachable
            and family in (each.family, "both")
            and any(fnmatchcase(each.interface, name) for name in interfaces.split(","))
        ]

    def source(self, interfaces: str, family: str) -> Address | None:
        """The address that a connection leaves an interface with: one in the gateway's network, or the first.

        Without interfaces it is that of the default route.
        """
        routes = [r for r in self.routes if (r.kind, r.destination) == ("unicast", "default")]
        routes = [r for r in routes if r.family == family]
        routes.sort(key=lambda r: r.table != "main")  # other tables are printed first
        interfaces = interfaces or (routes[0].interface if routes else "")
        found = self.of(interfaces, family) if interfaces else []
        gateways = [ip_address(r.gateway) for r in routes if r.gateway]
        near = [each for each in found if any(g in each.address.network for g in gateways)]
        return next(iter(near + found), None)

    def is_own(self, address: str) -> bool:
        """Whether packets to an address end on this machine."""
        try:
            found = ip_address(address.partition("-")[0])
        except ValueError:
            return False
        return found.is_loopback or any(found == each.address.ip for each in self.addresses)

    def leads_home(self, mark: int, family: str) -> bool | None:
        """Whether packets with a mark go to this machine's own sockets; None where files are missing."""
        if not self.lookups or not self.routes:
            return None
        tables = {each.table for each in self.lookups if mark & each.mask == each.mark}
        homewards = [r for r in self.routes if (r.kind, r.family) == ("local", family)]
        return any(each.table in tables and each.destination in _TO_ALL for each in homewards)


def read(text: Text) -> Routing | None:
    """One of the three; None where it is none of them."""
    if not text.text.lstrip().startswith("["):
        return None
    try:
        rows = json.loads(text.text)
    except (ValueError, RecursionError):
        return None
    addresses: list[Address] = []
    lookups: list[Lookup] = []
    routes: list[Route] = []
    kinds = set()
    for number, row in enumerate(rows):
        where = f"{text.name}:[{number}]"
        match row:
            case {"ifname": str(name), "addr_info": [*several]}:
                kinds.add("addresses")
                addresses += _addresses(name, several, where)
            case {"priority": _, "table": str(table)}:
                kinds.add("lookups")
                lookups += _lookups(row, table, where)
            case {"dst": str(destination), "dev": str(device), **way} | {
                "dst": str(destination),
                "nexthops": [{"dev": str(device), **way}, *_],
            }:
                kinds.add("routes")
                kind, table = (str(row.get(key, usual)) for key, usual in _USUALLY.items())
                gateway = _address(way.get("gateway"))
                of_six = "pref" in row or ":" in f"{destination}{gateway}"  # only IPv6 has a preference
                family = "ip6" if of_six else "ip"
                routes.append(Route(kind, destination, device, gateway, table, family, where))
    if len(kinds) > 1 or (rows and not kinds):
        return None
    return Routing(tuple(addresses), tuple(lookups), tuple(routes))


def _address(given: object) -> str:
    """An address, or nothing where it is none."""
    try:
        return str(ip_address(str(given)))
    except ValueError:
        return ""


def _addresses(interface: str, several: list[Any], where: str) -> list[Address]:
    found = []
    for number, each in enumerate(several):
        match each:
            case {"local": str(address), "prefixlen": int(length)}:
                try:
                    network = ip_interface(f"{address}/{length}")
                except ValueError:
                    continue
                found.append(Address(interface, network, f"{where}.addr_info[{number}]"))
    return found


def _lookups(row: dict[str, Any], table: str, where: str) -> list[Lookup]:
    marked = str(row.get("fwmark", "0"))
    try:
        mask = int(str(row.get("fwmask", "0xffffffff" if "fwmark" in row else "0")), 0)
        return [Lookup(int(marked, 0), mask, table, where)]
    except ValueError:
        return []
