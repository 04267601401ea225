"""Sets of TCP ports: exact values, never enumerated.

A field of a pydantic model may be declared as a :class:`PortSet`; it then takes the raw value of
the file, and is written back as :attr:`PortSet.spec`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from tuplecalc.errors import TopologyError, nearest, reject
from tuplecalc.network import intervals
from tuplecalc.network.intervals import Range, Ranges
from tuplecalc.network.setvalue import (
    SetValue,
    comma_separated,
    each,
    is_integer,
    joined,
)

LAST_PORT = 65535
FIRST_COUNTED_PORT = 1024
"""Where ``{ count = … }`` begins: below are the system ports (RFC 6335, section 6)."""
MOST_COUNTED_PORTS = LAST_PORT - FIRST_COUNTED_PORT + 1

_WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'


class PortSet(SetValue):
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

    __slots__ = ("_known_bits", "_known_ranges", "_known_size")

    # A set is known by its ranges, as it is written, or by its bits, as it is calculated with;
    # each of the three is found when it is first asked for.
    _known_bits: int | None
    _known_ranges: Ranges | None
    _known_size: int | None

    def __init__(self, value: object) -> None:
        self._remember(None, _parse_ports(value))

    def _remember(self, bits: int | None, ranges: Ranges | None) -> None:
        object.__setattr__(self, "_known_bits", bits)
        object.__setattr__(self, "_known_ranges", ranges)
        object.__setattr__(self, "_known_size", None)

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
        ports = cls.__new__(cls)
        ports._remember(None, intervals.merged(given))
        return ports

    @classmethod
    def _of_bits(cls, bits: int) -> PortSet:
        ports = cls.__new__(cls)
        ports._remember(bits, None)
        return ports

    @property
    def _bits(self) -> int:
        """Bit p stands for port p: with 65,536 of them, union, intersection and difference of any
        two sets are single operations on integers, however many ranges they have."""
        bits = self._known_bits
        if bits is None:
            bits = 0
            for low, high in self._known_ranges or ():
                bits |= (1 << (high + 1)) - (1 << low)
            object.__setattr__(self, "_known_bits", bits)
        return bits

    @property
    def ranges(self) -> Ranges:
        """Sorted, disjoint, never adjacent; both ends included.

        >>> (PortSet("80-90") | PortSet("91, 443")).ranges
        ((80, 91), (443, 443))
        """
        ranges = self._known_ranges
        if ranges is None:
            ranges = tuple(_rows_of_ones(bin(self._bits)[:1:-1] + "0"))
            object.__setattr__(self, "_known_ranges", ranges)
        return ranges

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PortSet) and self._bits == other._bits

    def __hash__(self) -> int:
        return hash((PortSet, self._bits))

    def __reduce__(self) -> tuple[object, ...]:
        return PortSet.of_ranges, (self.ranges,)

    @property
    def size(self) -> int:
        """How many ports there are."""
        size = self._known_size
        if size is None:
            ranges = self._known_ranges
            size = self._bits.bit_count() if ranges is None else intervals.size(ranges)
            object.__setattr__(self, "_known_size", size)
        return size

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return self.size > 0

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(low, high + 1) for low, high in self.ranges)

    def __contains__(self, port: object) -> bool:
        return is_integer(port) and port >= 0 and bool(self._bits >> port & 1)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet._of_bits(self._bits | other._bits) if isinstance(other, PortSet) else NotImplemented

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet._of_bits(self._bits & other._bits) if isinstance(other, PortSet) else NotImplemented

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet._of_bits(self._bits & ~other._bits) if isinstance(other, PortSet) else NotImplemented

    def isdisjoint(self, other: PortSet) -> bool:
        """Whether the two have no port in common.

        >>> PortSet("1-1023").isdisjoint(PortSet({"count": 1}))
        True
        """
        return not self._bits & other._bits

    def lowest(self, n: int) -> PortSet:
        """The ``n`` lowest ports; asking for more than there are is an error.

        >>> PortSet([80, "8000-8099"]).lowest(3)
        PortSet('80, 8000-8001')
        """
        self._check_has(n)
        return PortSet.of_ranges(intervals.lowest(self.ranges, n))

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
        return joined(self.spec) or "none"

    def __repr__(self) -> str:
        return f"PortSet({str(self)!r})" if self else "PortSet.of_ranges([])"

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


def _rows_of_ones(bits: str) -> Iterator[Range]:
    """Where the ones of a text such as ``0110`` begin and end; it ends with a zero."""
    low = bits.find("1")
    while low >= 0:
        end = bits.find("0", low)
        yield low, end - 1
        low = bits.find("1", end)


_PORT_RANGE = r"([1-9][0-9]*|0)(?:\s*-\s*([1-9][0-9]*|0))?"
_NEARLY_A_RANGE = r"0*([1-9][0-9]{0,4})(?:\s*(?:-|–|—|:|\.{2,3}|to)\s*0*([1-9][0-9]{0,4}))?"


def _parse_ports(value: object) -> Ranges:
    if isinstance(value, PortSet):
        return value.ranges
    if isinstance(value, Mapping):
        return (_counted_ports(value),)
    if not isinstance(value, list | tuple):
        return intervals.merged(_port_ranges(value))
    if not value:
        raise reject(list(value), "the list is empty", _WRITE_PORTS)
    return intervals.merged(each(value, _port_ranges))


def _port_ranges(value: object) -> list[Range]:
    """One port, one range, or several with commas between them."""
    if is_integer(value):
        if not 1 <= value <= LAST_PORT:
            raise _bad_range(value, value, value)
        return [(value, value)]
    if isinstance(value, str):
        return [_port_range(item) for item in comma_separated(value, _WRITE_PORTS)]
    if isinstance(value, Mapping):
        remedy = _write_range(*_counted_ports(value))
        raise reject(value, "a count of ports stands alone, not in a list", remedy)
    if isinstance(value, list | tuple):
        raise reject(list(value), "a list of ports holds no further list", "write one flat list")
    if value is None:
        raise reject(None, "no ports are given", _WRITE_PORTS)
    raise reject(value, "ports are whole numbers, or ranges in quotes", _WRITE_PORTS)


def _port_range(text: str) -> Range:
    match = re.fullmatch(_PORT_RANGE, text)
    if not match:
        near = re.fullmatch(_NEARLY_A_RANGE, text)
        ends = sorted(int(end or near[1]) for end in near.groups()) if near else []
        remedy = _write_range(*ends) if near and ends[-1] <= LAST_PORT else _WRITE_PORTS
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
            misspelt = "count" not in value and nearest(str(key), ["count"])
            remedy = "did you mean `count`?" if misspelt else _WRITE_PORTS
            raise reject(str(key), "a mapping of ports has the one key `count`", remedy)
    if "count" not in value:
        raise reject(dict(value), "a mapping of ports has the one key `count`", _WRITE_PORTS)
    count = value["count"]
    if not is_integer(count):
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
