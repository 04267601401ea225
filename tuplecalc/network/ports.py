"""Sets of TCP ports: exact values, never enumerated.

A field of a pydantic model may be declared as a :class:`PortSet`; it then takes the raw value of
the file, and is written back as :attr:`PortSet.spec`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from tuplecalc.errors import ChainError, nearest, reject
from tuplecalc.network.setvalue import Range, SetValue, is_integer, items, merged, schema_of

LAST_PORT = 65535
FIRST_COUNTED_PORT = 1024
"""Where ``{ count = … }`` begins: below are the system ports (RFC 6335, section 6)."""
MOST_COUNTED_PORTS = LAST_PORT - FIRST_COUNTED_PORT + 1

_WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'


@dataclass(frozen=True, init=False, repr=False)
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

    bits: int
    """Bit p stands for port p: with 65,536 of them, union, intersection and difference of any two sets
    are single operations on integers, however many ranges they have."""

    def __init__(self, value: object) -> None:
        vars(self)["bits"] = _bits(_parse_ports(value))

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
        return cls._of(_bits(given))

    @classmethod
    def _of(cls, bits: int) -> PortSet:
        ports = cls.__new__(cls)
        vars(ports)["bits"] = bits
        return ports

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        """Sorted, disjoint, never adjacent; both ends included.

        >>> (PortSet("80-90") | PortSet("91, 443")).ranges
        ((80, 91), (443, 443))
        """
        ones = re.finditer("1+", bin(self.bits)[:1:-1])
        return tuple((row.start(), row.end() - 1) for row in ones)

    @cached_property
    def size(self) -> int:
        """How many ports there are."""
        return self.bits.bit_count()

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(low, high + 1) for low, high in self.ranges)

    def __contains__(self, port: object) -> bool:
        return is_integer(port) and port >= 0 and bool(self.bits >> port & 1)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet._of(self.bits | other.bits) if isinstance(other, PortSet) else NotImplemented

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet._of(self.bits & other.bits) if isinstance(other, PortSet) else NotImplemented

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet._of(self.bits & ~other.bits) if isinstance(other, PortSet) else NotImplemented

    def isdisjoint(self, other: PortSet) -> bool:
        """Whether the two have no port in common.

        >>> PortSet("1-1023").isdisjoint(PortSet({"count": 1}))
        True
        """
        return not self.bits & other.bits

    def lowest(self, n: int) -> PortSet:
        """The ``n`` lowest ports; asking for more than there are is an error.

        >>> PortSet([80, "8000-8099"]).lowest(3)
        PortSet('80, 8000-8001')
        """
        self._check_has(n)
        taken = []
        for low, high in self.ranges:
            if n <= 0:
                break
            taken.append((low, min(high, low + n - 1)))
            n -= high - low + 1
        return PortSet.of_ranges(taken)

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

    def __repr__(self) -> str:
        return f"PortSet({str(self)!r})" if self else "PortSet.of_ranges([])"

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        port = {"type": "integer", "minimum": 1, "maximum": LAST_PORT}
        count = {
            "properties": {"count": {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED_PORTS}},
            "minProperties": 1,
            "additionalProperties": False,
        }
        return {
            "description": f"Ports: one port, a range with both ends included, a list of these, or a count: "
            f"that many ports from {FIRST_COUNTED_PORT} on.",
            **schema_of(port, r"[1-9][0-9]{0,4}(\s*-\s*[1-9][0-9]{0,4})?", **count),
            "examples": ["1024-65535", 80, [80, 443, "8000-8099"], {"count": 55000}],
        }


def _bits(ranges: Iterable[Range]) -> int:
    return sum((1 << (high + 1)) - (1 << low) for low, high in merged(ranges))


_PORT_RANGE = r"([1-9][0-9]*|0)(?:\s*-\s*([1-9][0-9]*|0))?"
_NEARLY_A_RANGE = r"0*([1-9][0-9]{0,4})(?:\s*(?:-|–|—|:|\.{2,3}|to)\s*0*([1-9][0-9]{0,4}))?"


def _parse_ports(value: object) -> Iterable[Range]:
    if isinstance(value, PortSet):
        return value.ranges
    if isinstance(value, Mapping):
        return [_counted_ports(value)]
    return items(value, "ports", _WRITE_PORTS, _port_range, _port)


def _port(value: object) -> Range:
    """What is neither text nor list."""
    if is_integer(value):
        if not 1 <= value <= LAST_PORT:
            raise _bad_range(value, value, value)
        return value, value
    if isinstance(value, Mapping):
        remedy = _write_range(*_counted_ports(value))
        raise reject(value, "a count of ports stands alone, not in a list", remedy)
    raise reject(value, "ports are whole numbers, or ranges in quotes", _WRITE_PORTS)


def _port_range(text: str) -> Range:
    match = re.fullmatch(_PORT_RANGE, text)
    if not match:
        near = re.fullmatch(_NEARLY_A_RANGE, text)
        ends = sorted(int(end or near[1]) for end in near.groups()) if near else []
        remedy = _write_range(*ends) if near and ends[-1] <= LAST_PORT else _WRITE_PORTS
        if two := re.fullmatch(r"([1-9][0-9]{0,4})\s+([1-9][0-9]{0,4})", text):  # as sysctl shows a range
            remedy = (
                f'write "{"-".join(two.groups())}" for the range, or "{", ".join(two.groups())}" for the two'
            )
        raise reject(text, "this is neither a port nor a range of ports", remedy)
    # Six digits tell already that a port is too high, and int() of thousands is refused or slow.
    low, high = (int(digits[:6]) for digits in (match[1], match[2] or match[1]))
    if not 1 <= low <= high <= LAST_PORT:
        raise _bad_range(text, low, high)
    return low, high


def _bad_range(value: object, low: int, high: int) -> ChainError:
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
    stray = [str(key) for key in value if key != "count"]
    if stray or not value:
        misspelt = stray and "count" not in value and nearest(stray[0], ["count"])
        remedy = "did you mean `count`?" if misspelt else _WRITE_PORTS
        raise reject(stray[0] if stray else {}, "a mapping of ports has the one key `count`", remedy)
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
