"""The two sets that a tuple is drawn from: ports and addresses, exact and never enumerated.

Both are values: made from what stands in a topology file, checked when made, equal when they
hold the same.  A field of a pydantic model may be declared as either; it then takes the raw
value of the file, and is written back as :attr:`PortSet.spec` or :attr:`AddressSet.spec`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)
from itertools import chain
from operator import attrgetter
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, TypeGuard, TypeVar

from pydantic_core import CoreSchema, core_schema

from tuplecalc.errors import Problem, TopologyError, reject
from tuplecalc.model import intervals
from tuplecalc.model.intervals import Range, Ranges

LAST_PORT = 65535
FIRST_COUNTED_PORT = 1024
"""Where ``{ count = … }`` begins: below are the system ports (RFC 6335, section 6)."""
MOST_COUNTED_PORTS = LAST_PORT - FIRST_COUNTED_PORT + 1
MOST_COUNTED_ADDRESSES = 2**128

_WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'
_WRITE_ADDRESSES = (
    'write a count (4), a block ("198.18.0.0/16"), a range ("198.18.0.1-198.18.0.9"), '
    "one address or a list of these"
)

T = TypeVar("T")


class _Value:
    """Frozen, and equal and hashed by its slots.

    Not a dataclass: in a JSON Schema, pydantic writes a default that is one field by field.
    """

    __slots__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} does not change; make a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} does not change; make a new one")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__slots__)))


class PortSet(_Value):
    """A set of TCP ports, 1 to 65535.

    Made from one port, a range with both ends included, a list of these (as a list or with
    commas), or a count: that many ports from 1024 on.

    >>> PortSet([80, 443, "8000-8099"])
    PortSet('80, 443, 8000-8099')
    >>> PortSet({"count": 55000})
    PortSet('1024-56023')
    >>> PortSet("1024-65535").size
    64512

    ``|``, ``&`` and ``-`` make new sets; only they can make an empty one.

    >>> PortSet("1024-65535") - PortSet(3128)
    PortSet('1024-3127, 3129-65535')
    """

    __slots__ = ("ranges",)

    ranges: Ranges
    """Sorted, disjoint, never adjacent; both ends included."""

    def __init__(self, value: object) -> None:
        object.__setattr__(self, "ranges", _parse_ports(value))

    @classmethod
    def of_ranges(cls, ranges: Iterable[Range]) -> PortSet:
        """The union of ranges that are already pairs of integers; none at all is the empty set.

        >>> PortSet.of_ranges([(443, 443), (80, 90), (85, 99)])
        PortSet('80-99, 443')
        """
        given = tuple(ranges)
        for low, high in given:
            if not 1 <= low <= high <= LAST_PORT:
                raise _bad_range(f"{low}-{high}", low, high)
        return cls._of_normal(intervals.merged(given))

    @classmethod
    def _of_normal(cls, ranges: Ranges) -> PortSet:
        ports = cls.__new__(cls)
        object.__setattr__(ports, "ranges", ranges)
        return ports

    def __reduce__(self) -> tuple[object, ...]:
        return PortSet.of_ranges, (self.ranges,)

    @property
    def size(self) -> int:
        """How many ports there are."""
        return intervals.size(self.ranges)

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(low, high + 1) for low, high in self.ranges)

    def __contains__(self, port: object) -> bool:
        return _is_integer(port) and intervals.contains(self.ranges, port)

    def __or__(self, other: PortSet) -> PortSet:
        if not isinstance(other, PortSet):
            return NotImplemented
        return PortSet._of_normal(intervals.merged(self.ranges + other.ranges))

    def __and__(self, other: PortSet) -> PortSet:
        if not isinstance(other, PortSet):
            return NotImplemented
        return PortSet._of_normal(intervals.intersection(self.ranges, other.ranges))

    def __sub__(self, other: PortSet) -> PortSet:
        if not isinstance(other, PortSet):
            return NotImplemented
        return PortSet._of_normal(intervals.difference(self.ranges, other.ranges))

    def isdisjoint(self, other: PortSet) -> bool:
        """Whether the two have no port in common.

        >>> PortSet("1-1023").isdisjoint(PortSet({"count": 1}))
        True
        """
        return not intervals.intersection(self.ranges, other.ranges)

    def lowest(self, n: int) -> PortSet:
        """The ``n`` lowest ports; asking for more than there are is an error.

        >>> PortSet([80, "8000-8099"]).lowest(3)
        PortSet('80, 8000-8001')
        """
        self._check_has(n)
        return PortSet._of_normal(intervals.lowest(self.ranges, n))

    def highest(self, n: int) -> PortSet:
        """The ``n`` highest ports: all but the lowest size − n.

        >>> PortSet([80, "8000-8099"]).highest(3)
        PortSet('8097-8099')
        """
        self._check_has(n)
        return self - self.lowest(self.size - n)

    def _check_has(self, n: int) -> None:
        if not 0 <= n <= self.size:
            raise reject(n, f"the set has {self.size} ports", f"ask for 0 to {self.size} of them")

    @property
    def spec(self) -> int | str | list[int | str]:
        """The plain value for a file; ``PortSet(ports.spec) == ports`` unless ``ports`` is empty.

        >>> PortSet("80, 443, 8000-8099").spec
        [80, 443, '8000-8099']
        """
        items: list[int | str] = [low if low == high else f"{low}-{high}" for low, high in self.ranges]
        return items[0] if len(items) == 1 else items

    def __str__(self) -> str:
        return _joined(self.spec) or "none"

    def __repr__(self) -> str:
        return f"PortSet({str(self)!r})" if self else "PortSet.of_ranges([])"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return _from_plain_value(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        port = {"type": "integer", "minimum": 1, "maximum": LAST_PORT}
        one = r"[1-9][0-9]{0,4}(\s*-\s*[1-9][0-9]{0,4})?"
        text = {"type": "string", "pattern": rf"^\s*{one}(\s*,\s*{one})*\s*$"}
        count = {
            "type": "object",
            "properties": {"count": {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED_PORTS}},
            "required": ["count"],
            "additionalProperties": False,
        }
        return {
            "description": f"Ports: one port, a range with both ends included, a list of these, or a count: "
            f"that many ports from {FIRST_COUNTED_PORT} on.",
            "anyOf": [port, text, {"type": "array", "items": {"anyOf": [port, text]}, "minItems": 1}, count],
            "examples": ["1024-65535", 80, [80, 443, "8000-8099"], {"count": 55000}],
        }


class AddressSet(_Value):
    """A set of IP addresses: explicit ones, and a count of further ones that nobody else has.

    Made from a count, a CIDR block, a range with both ends included, one address, or a list of
    these, IPv4 and IPv6 alike.  Explicit addresses count once however often they are written,
    and every address of a block counts; counts add.

    >>> AddressSet("198.18.0.0/16").size
    65536
    >>> AddressSet(["198.18.0.1-198.18.0.9", "198.18.0.8/29", "2001:db8::/64", 4]).size - 2**64
    19
    >>> AddressSet(["198.18.1.0/24", "198.18.0.0/24"])
    AddressSet('198.18.0.0/23')
    """

    __slots__ = ("count", "v4", "v6")

    count: int
    """How many addresses there are besides the explicit ones; 0 if there are only those."""
    v4: Ranges
    """The explicit IPv4 addresses as integers: sorted, disjoint, never adjacent."""
    v6: Ranges
    """The explicit IPv6 addresses likewise; IPv4-mapped ones are plain IPv6."""

    def __init__(self, value: object) -> None:
        count, explicit = _parse_addresses(value)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "v4", intervals.merged((low, high) for v, low, high in explicit if v == 4))
        object.__setattr__(self, "v6", intervals.merged((low, high) for v, low, high in explicit if v == 6))

    def __reduce__(self) -> tuple[object, ...]:
        return AddressSet, (self.spec,)

    @property
    def ranges(self) -> tuple[tuple[int, int, int], ...]:
        """The explicit addresses as (version, lowest, highest), IPv4 first.

        >>> AddressSet(["::/127", "0.0.0.9"]).ranges
        ((4, 9, 9), (6, 0, 1))
        """
        return (
            *((4, low, high) for low, high in self.v4),
            *((6, low, high) for low, high in self.v6),
        )

    @property
    def size(self) -> int:
        """How many addresses there are, exactly, however many.

        >>> AddressSet([2**128, "::/0"]).size == 2**129
        True
        """
        return self.count + intervals.size(self.v4) + intervals.size(self.v6)

    @property
    def is_count(self) -> bool:
        """Whether no address is named: only their number is known.

        >>> AddressSet(4).is_count, AddressSet([4, "198.18.0.1"]).is_count
        (True, False)
        """
        return not (self.v4 or self.v6)

    def __contains__(self, address: object) -> bool:
        version, number = _address(str(address))
        return intervals.contains(self.v4 if version == 4 else self.v6, number)

    def overlaps(self, other: AddressSet) -> bool:
        """Whether the two have an address in common; counted addresses are nobody else's.

        >>> AddressSet("198.18.0.0/16").overlaps(AddressSet("198.18.255.255-198.19.0.0"))
        True
        >>> AddressSet(4).overlaps(AddressSet(4))
        False
        """
        common4 = intervals.intersection(self.v4, other.v4)
        return bool(common4 or intervals.intersection(self.v6, other.v6))

    @property
    def spec(self) -> int | str | list[int | str]:
        """The plain value for a file; ``AddressSet(addresses.spec) == addresses``.

        >>> AddressSet(["2001:db8::/64", "198.18.0.1-198.18.0.9", 3, 1]).spec
        [4, '198.18.0.1-198.18.0.9', '2001:db8::/64']
        """
        items: list[int | str] = [self.count] if self.count else []
        items += [_block_or_range(version, low, high) for version, low, high in self.ranges]
        return items[0] if len(items) == 1 else items

    def __str__(self) -> str:
        return _joined(self.spec)

    def __repr__(self) -> str:
        return f"AddressSet({self.spec!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return _from_plain_value(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        count = {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED_ADDRESSES}
        one = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(\s*[-/]\s*[0-9A-Fa-f.:]+)?"
        text = {"type": "string", "pattern": rf"^\s*{one}(\s*,\s*{one})*\s*$"}
        return {
            "description": "Addresses: a count (that many addresses of their own), a CIDR block, a range "
            "with both ends included, one address, or a list of these.",
            "anyOf": [count, text, {"type": "array", "items": {"anyOf": [count, text]}, "minItems": 1}],
            "examples": [4, "198.18.0.0/16", "198.18.0.1-198.18.0.9", ["198.18.0.1", "2001:db8::/64"]],
        }


# What both share.


def _from_plain_value(cls: type[PortSet] | type[AddressSet]) -> CoreSchema:
    return core_schema.no_info_plain_validator_function(
        cls, serialization=core_schema.plain_serializer_function_ser_schema(attrgetter("spec"))
    )


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _joined(spec: int | str | list[int | str]) -> str:
    return ", ".join(map(str, spec)) if isinstance(spec, list) else str(spec)


def _each(values: Sequence[object], parse: Callable[[object], list[T]]) -> list[T]:
    """Every element parsed, or the problems of all of them at once."""
    parsed: list[T] = []
    problems: list[Problem] = []
    for index, value in enumerate(values):
        try:
            parsed += parse(value)
        except TopologyError as error:
            problems += (problem.below(f"[{index}]") for problem in error.problems)
    if problems:
        raise TopologyError(problems)
    return parsed


def _comma_separated(text: str, remedy: str) -> list[str]:
    items = [item.strip() for item in text.split(",")]
    if items == [""]:
        raise reject(text, "this is empty", remedy)
    if "" in items:
        raise reject(text, "nothing stands beside a comma", "leave the comma out")
    return items


# Reading ports.

_PORT_RANGE = re.compile(r"([1-9][0-9]*|0)(?:\s*-\s*([1-9][0-9]*|0))?")
_NEARLY_A_RANGE = re.compile(r"0*([1-9][0-9]{0,4})(?:\s*(?:-|–|—|:|\.{2,3}|to)\s*0*([1-9][0-9]{0,4}))?")


def _parse_ports(value: object) -> Ranges:
    if isinstance(value, PortSet):
        return value.ranges
    if isinstance(value, Mapping):
        return (_counted_ports(value),)
    if not isinstance(value, list | tuple):
        return intervals.merged(_port_ranges(value))
    if not value:
        raise reject(list(value), "the list is empty", _WRITE_PORTS)
    return intervals.merged(_each(value, _port_ranges))


def _port_ranges(value: object) -> list[Range]:
    """One port, one range, or several with commas between them."""
    if _is_integer(value):
        if not 1 <= value <= LAST_PORT:
            raise _bad_range(value, value, value)
        return [(value, value)]
    if isinstance(value, str):
        return [_port_range(item) for item in _comma_separated(value, _WRITE_PORTS)]
    if isinstance(value, Mapping):
        remedy = _write_range(*_counted_ports(value))
        raise reject(value, "a count of ports stands alone, not in a list", remedy)
    if isinstance(value, list | tuple):
        raise reject(list(value), "a list of ports holds no further list", "write one flat list")
    if value is None:
        raise reject(None, "no ports are given", _WRITE_PORTS)
    raise reject(value, "ports are whole numbers, or ranges in quotes", _WRITE_PORTS)


def _port_range(text: str) -> Range:
    match = _PORT_RANGE.fullmatch(text)
    if not match:
        near = _NEARLY_A_RANGE.fullmatch(text)
        remedy = _write_range(*(int(end or near[1]) for end in near.groups())) if near else _WRITE_PORTS
        raise reject(text, "this is neither a port nor a range of ports", remedy)
    low_digits, high_digits = match.groups()
    # Six digits tell already that a port is too high, and int() of thousands is refused or slow.
    low = int(low_digits[:6])
    high = int(high_digits[:6]) if high_digits else low
    if not 1 <= low <= high <= LAST_PORT:
        raise _bad_range(text, low, high)
    return low, high


def _bad_range(value: object, low: int, high: int) -> TopologyError:
    nearest = max(1, min(low, high)), min(LAST_PORT, max(low, high))
    if low > high:
        return reject(value, "a range of ports runs upwards", _write_range(*nearest))
    helps = low < high and nearest[0] <= nearest[1]
    remedy = _write_range(*nearest) if helps else f"write a port from 1 to {LAST_PORT}"
    return reject(value, f"ports run from 1 to {LAST_PORT}", remedy)


def _write_range(low: int, high: int) -> str:
    return f'write "{low}-{high}"' if low != high else f"write {low}"


def _counted_ports(value: Mapping[object, object]) -> Range:
    """``{ count = n }``: the n ports from 1024 on."""
    for key in value:
        if key != "count":
            misspelt = "count" not in value and get_close_matches(str(key), ["count"])
            remedy = "did you mean `count`?" if misspelt else _WRITE_PORTS
            raise reject(str(key), "a mapping of ports has the one key `count`", remedy)
    if "count" not in value:
        raise reject(dict(value), "a mapping of ports has the one key `count`", _WRITE_PORTS)
    count = value["count"]
    if not _is_integer(count):
        quoted = isinstance(count, str) and re.fullmatch("[1-9][0-9]{0,4}", count)
        remedy = f"write {count} without the quotes" if quoted else "write { count = 55000 }"
        raise reject(count, "a count of ports is a whole number", remedy, "count")
    if count < 1:
        raise reject(count, "a count of ports is 1 or more", f"write 1 to {MOST_COUNTED_PORTS}", "count")
    if count > MOST_COUNTED_PORTS:
        rule = f"from port {FIRST_COUNTED_PORT} on there are {MOST_COUNTED_PORTS} ports"
        remedy = f'write {MOST_COUNTED_PORTS}, or "1-{LAST_PORT}" in place of the count for every port'
        raise reject(count, rule, remedy, "count")
    return FIRST_COUNTED_PORT, FIRST_COUNTED_PORT + count - 1


# Reading and writing addresses.

_Versioned = tuple[int, int, int]
"""(version, lowest, highest)."""

_BITS = {4: 32, 6: 128}


def _parse_addresses(value: object) -> tuple[int, Sequence[_Versioned]]:
    """The count of anonymous addresses, and the explicit ranges, not merged."""
    if isinstance(value, AddressSet):
        return value.count, value.ranges
    if not isinstance(value, list | tuple):
        items = _address_items(value)
    elif value:
        items = _each(value, _address_items)
    else:
        raise reject(list(value), "the list is empty", _WRITE_ADDRESSES)
    count = sum(item for item in items if isinstance(item, int))
    if count > MOST_COUNTED_ADDRESSES:
        raise reject(count, "there are 2^128 addresses at most, even in IPv6", "write a smaller count")
    return count, [item for item in items if not isinstance(item, int)]


def _address_items(value: object) -> list[int | _Versioned]:
    """One count, or what one text names."""
    if _is_integer(value):
        if value < 1:
            raise reject(value, "a count of addresses is 1 or more", "write at least 1")
        return [value]
    if isinstance(value, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        value = str(value)
    if isinstance(value, str):
        return [_address_range(item) for item in _comma_separated(value, _WRITE_ADDRESSES)]
    if isinstance(value, list | tuple):
        raise reject(list(value), "a list of addresses holds no further list", "write one flat list")
    if value is None:
        raise reject(None, "no addresses are given", _WRITE_ADDRESSES)
    raise reject(value, "addresses are a whole number or text", _WRITE_ADDRESSES)


def _address_range(text: str) -> _Versioned:
    """A range, a block or one address."""
    if "-" in text:
        return _range(text, *_ends(text, "-"))
    if "/" in text:
        return _block(text, *_ends(text, "/"))
    if _is_digits(text):
        raise reject(text, "a count of addresses is a number, not text", "write it without the quotes")
    version, number = _address(text)
    return version, number, number


def _ends(text: str, mark: str) -> tuple[str, str]:
    first, _, last = text.partition(mark)
    first, last = first.strip(), last.strip()
    if not (first and last):
        raise reject(text, f'nothing stands beside the "{mark}"', _WRITE_ADDRESSES)
    return first, last


def _range(text: str, first: str, last: str) -> _Versioned:
    version, low = _address(first)
    if version == 4 and _is_digits(last) and int(last[:4]) <= 255:
        whole = f"{first.rpartition('.')[0]}.{int(last[:4])}"
        raise reject(text, "both ends of a range are whole addresses", f'write "{first}-{whole}"')
    last_version, high = _address(last)
    if version != last_version:
        raise reject(text, "both ends of a range are of one version", "write two IPv4 or two IPv6 addresses")
    if low > high:
        raise reject(text, "a range of addresses runs upwards", f'write "{last}-{first}"')
    return version, low, high


def _block(text: str, first: str, prefix: str) -> _Versioned:
    version, low = _address(first)
    bits = _BITS[version]
    if not _is_digits(prefix) or len(prefix) > 3 or int(prefix) > bits:
        rule = f"the length of an IPv{version} prefix is 0 to {bits}"
        raise reject(text, rule, _write_prefix(first, prefix, bits))
    size = 1 << (bits - int(prefix))
    if low % size:
        block = f"{_text(version, low - low % size)}/{int(prefix)}"
        remedy = f'write "{block}" for the block or "{first}" for the one address'
        raise reject(text, "a block begins at its lowest address", remedy)
    return version, low, low + size - 1


def _write_prefix(first: str, prefix: str, bits: int) -> str:
    try:
        block = ip_network(f"{first}/{prefix}", strict=False)  # understands 255.255.0.0
    except ValueError:
        return f'write "{first}/{bits}" for the one address, or a shorter prefix'
    return f'write "{block}"'


def _address(text: str) -> tuple[int, int]:
    """One address as (version, number)."""
    address, scoped, _ = text.partition("%")
    if scoped:
        raise reject(text, "a scope belongs to one machine, not to an address", f'write "{address}"')
    try:
        # The same strict reading as that of ipaddress, in a fraction of its time.
        if ":" in text:
            return 6, int.from_bytes(inet_pton(AF_INET6, text))
        return 4, int.from_bytes(inet_pton(AF_INET, text))
    except (OSError, ValueError):
        raise reject(text, _why_no_address(text), _WRITE_ADDRESSES) from None


def _why_no_address(text: str) -> str:
    if ":" in text:
        return 'an IPv6 address is up to eight groups of hexadecimal digits, with "::" at most once'
    if re.fullmatch("[0-9.]+", text):
        return "an IPv4 address is four numbers from 0 to 255 without leading zeros"
    return "this is no IP address"


def _text(version: int, number: int) -> str:
    return str(IPv4Address(number) if version == 4 else IPv6Address(number))


def _block_or_range(version: int, low: int, high: int) -> str:
    size = high - low + 1
    if size == 1:
        return _text(version, low)
    if size.bit_count() == 1 and low % size == 0:
        return f"{_text(version, low)}/{_BITS[version] - size.bit_length() + 1}"
    return f"{_text(version, low)}-{_text(version, high)}"
