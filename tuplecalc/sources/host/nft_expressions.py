"""Expressions of nft's JSON: matches, values, and the sets and maps that they look up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, NamedTuple

from tuplecalc.sources.host.chains import PROTOCOLS, Match, addresses_of, ports_of

_LONGEST = 200
_NOT_TRANSPORT = {"th", "ether", "vlan", "arp"}


class NotKnownError(Exception):
    """An expression or a statement that is none of those that are read."""


class Entry(NamedTuple):
    """One entry of a map: the packets that it is for, and what they get."""

    match: Match
    value: Any


@dataclass
class Sets:
    """The sets and maps of a table by their names, and what expressions mean with them."""

    named: dict[str, list[Any]] = field(default_factory=dict)
    looked_up: dict[tuple[str, str, str], Match] = field(default_factory=dict)
    """What matches with a named set come to: some have 100,000 elements, and many rules."""

    def cases(self, value: object) -> Iterator[Entry]:
        """The entries of a map, or the value itself."""
        match value:
            case {"map": {"key": key, "data": data}}:
                yield from self.entries(key, data)
            case _:
                yield Entry(Match(), value)

    def entries(self, key: object, data: object) -> Iterator[Entry]:
        """The entries of a map; for all packets where the key is drawn (numgen, a hash)."""
        for each in self.elements(data):
            match each:
                case [found, value]:
                    drawn = isinstance(key, dict) and bool({"numgen", "jhash", "symhash"} & {*key})
                    yield Entry(Match() if drawn else self.matches("==", key, _plain(found)), value)
                case _:
                    raise NotKnownError

    def elements(self, value: object) -> list[Any]:
        """The elements of a set or map, named or not."""
        match value:
            case str() if value.startswith("@"):
                return self.named.get(value[1:], [])
            case {"set": elements}:
                return listed(elements)
            case [*elements]:
                return elements
        return [value]

    def matches(self, op: str, left: object, right: object) -> Match:
        """A match as far as it is one of the fields of a rule."""
        if not isinstance(right, str) or not right.startswith("@"):
            return self._matches(op, left, right)
        key = (op, said(left), right)
        if key not in self.looked_up:
            self.looked_up[key] = self._matches(op, left, right)
        return self.looked_up[key]

    def _matches(self, op: str, left: object, right: object) -> Match:
        others = replace(_implied(left), others=said({"op": op, "left": left, "right": right}))
        values = [_plain(each) for each in self.elements(right)]
        if op not in ("==", "in") or not values:
            return others
        try:
            match left:
                case {"concat": [*keys]}:
                    columns = zip(*(each["concat"] for each in values), strict=True)
                    parts = [
                        self.header(key, list(column)) for key, column in zip(keys, columns, strict=True)
                    ]
                    known = [part or replace(others) for part in parts]
                    return reduce(lambda one, also: also.within(one) or one, known, Match())
                case _:
                    return self.header(left, values) or others
        except (KeyError, TypeError, ValueError, NotKnownError):
            return others

    def header(self, left: object, values: list[Any]) -> Match | None:
        """The match of one header field or property; None where a rule has no field for it."""
        match left:
            case {"payload": {"protocol": "ip" | "ip6" as family, "field": "saddr"}}:
                return Match(family=family, sources=self.addresses(values))
            case {"payload": {"protocol": "ip" | "ip6" as family, "field": "daddr"}}:
                return Match(family=family, destinations=self.addresses(values))
            case {"payload": {"protocol": "tcp" | "udp" | "th" as protocol, "field": "sport"}}:
                return Match(protocol=protocol.replace("th", ""), source_ports=self.ports(values))
            case {"payload": {"protocol": "tcp" | "udp" | "th" as protocol, "field": "dport"}}:
                return Match(protocol=protocol.replace("th", ""), destination_ports=self.ports(values))
            case {"meta": {"key": "l4proto"}} | {"payload": {"field": "protocol" | "nexthdr"}}:
                names = {PROTOCOLS.get(str(each), str(each)) for each in values}
                return Match(protocol=names.pop() if len(names) == 1 else "")
            case {"meta": {"key": "nfproto"}}:
                return Match(family={"ipv4": "ip", "ipv6": "ip6"}.get(str(values[0]), "both"))  # type: ignore[arg-type]
            case {"meta": {"key": "iifname" | "iif"}}:
                return Match(in_interface=",".join(map(str, values)))
            case {"meta": {"key": "oifname" | "oif"}}:
                return Match(out_interface=",".join(map(str, values)))
            case {"ct": {"key": "state"}} if "invalid" in values:
                return Match(invalid=True)
            case {"ct": {"key": "state"}} if "established" in values:
                return Match(established=True)
            case {"socket": {"key": "transparent"}} if values == [1]:
                return Match(transparent=True)
        return None

    def addresses(self, value: object) -> tuple[str, ...]:
        """Addresses, blocks, ranges, sets of these."""
        found: list[str] = []
        for each in self.elements(value):
            match _plain(each):
                case {"prefix": {"addr": str(address), "len": int(length)}}:
                    found.append(f"{address}/{length}")
                case {"range": [str(low), str(high)]}:
                    found.append(f"{low}-{high}")
                case str(address):
                    found.append(address)
                case _:
                    raise NotKnownError
        return addresses_of(found)

    def ports(self, value: object) -> str:
        """Ports, ranges, sets of these."""
        found: list[str] = []
        for each in self.elements(value):
            match _plain(each):
                case {"range": [int(low), int(high)]}:
                    found.append(f"{low}-{high}")
                case int(port):
                    found.append(str(port))
                case _:
                    raise NotKnownError
        return ports_of(found)


def _implied(left: object) -> Match:
    """What a header that is looked at says of the packet, whatever its fields are compared with."""
    match left:
        case {"payload": {"protocol": "ip" | "ip6" as family}}:
            return Match(family=family)
        case {"payload": {"protocol": str(protocol)}} if protocol not in _NOT_TRANSPORT:
            return Match(protocol=protocol)
    return Match()


def _plain(element: Any) -> Any:
    """An element of a set without its timeout, counter or comment."""
    match element:
        case {"elem": {"val": value}}:
            return value
    return element


def listed(value: object) -> list[Any]:
    """A list, or of one value the list of it."""
    return value if isinstance(value, list) else [value]


def said(value: object) -> str:
    """Much as nft prints it.

    >>> said({"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": ["eth0", "eth1"]}})
    'meta oifname eth0, eth1'
    """
    match value:
        case {"op": str(op), "left": left, "right": right}:
            return " ".join([said(left), *([] if op in ("==", "in") else [op]), said(right)])
        case {"addr": address, "len": length}:
            return f"{address}/{length}"
        case {"range": [low, high]}:
            return f"{said(low)}-{said(high)}"
        case {"set": elements}:
            return f"{{ {said(elements)} }}"
        case {"concat": [*parts]}:
            return " . ".join(map(said, parts))
        case {"&": [*parts]}:
            return " & ".join(map(said, parts))
        case {"key": key, **rest}:
            return " ".join(map(said, (key, *rest.values())))
        case {"protocol": protocol, "field": name}:
            return f"{protocol} {name}"
        case dict():
            silent = ("match", "payload", "prefix", "target", "packets", "bytes", "elem", "val")
            words = [word for key, each in value.items() for word in (key * (key not in silent), said(each))]
            return " ".join(filter(None, words))
        case list():
            return ", ".join(map(said, value))
    return "" if value is None else str(value)


def shortened(text: str) -> str:
    """A text that has room in a message; sets may have thousands of elements."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
