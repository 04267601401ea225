"""Sets of IP addresses: exact values, never enumerated.

A field of a pydantic model may be declared as an :class:`AddressSet`; it then takes the raw value
of the file, and is written back as :attr:`AddressSet.spec`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import pairwise
from math import isfinite
from typing import Any, TypeGuard

from tuplecalc.errors import ChainError, reject
from tuplecalc.network.setvalue import WHOLE, SetValue, is_integer, items, merged, schema_of, whole

MOST_COUNTED_ADDRESSES = 2**128
_BITS = {4: 32, 6: 128}
_Versioned = tuple[int, int, int]
"""(version, lowest, highest)."""

_WRITE_ADDRESSES = (
    'write a count (4), a block ("198.18.0.0/16"), a range ("198.18.0.1-198.18.0.9"), '
    "one address or a list of these"
)


_WITH_PORT = r"(?:[a-z]+://)?(?:([0-9]+(?:\.[0-9]+){3})|\[([0-9A-Fa-f:]+)\]):([1-9][0-9]{0,4})/?"
_HOST = r"(?:[a-z]+://)?(?=.*[A-Za-z])[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_-]+)*\.?(?::[0-9]+)?(?:/.*)?"


@dataclass(frozen=True, init=False, repr=False)
class AddressSet(SetValue):
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

    count: int
    """How many addresses there are besides the explicit ones; 0 if there are only those."""
    ranges: tuple[_Versioned, ...]
    """The explicit addresses as (version, lowest, highest), IPv4 first: sorted, disjoint, never adjacent;
    IPv4-mapped ones are plain IPv6."""
    repeated: int = field(compare=False)
    """How many of the explicit addresses were written once more, as where a range lies in a block."""

    def __init__(self, value: object) -> None:
        if isinstance(value, AddressSet):
            vars(self).update(vars(value))
            return
        value = whole(value) or value  # "10,000" is no list of two
        found = items(value, "addresses", _WRITE_ADDRESSES, _address_range, _count)
        explicit = [item for item in found if not isinstance(item, int)]
        count = sum(item for item in found if isinstance(item, int))
        if count > MOST_COUNTED_ADDRESSES:
            raise reject(count, "there are 2^128 addresses at most, even in IPv6", "write a smaller count")
        of = {version: merged((low, high) for v, low, high in explicit if v == version) for version in _BITS}
        ranges = tuple((version, *ends) for version, several in of.items() for ends in several)
        said, kept = (sum(high - low + 1 for _, low, high in each) for each in (explicit, ranges))
        vars(self).update(count=count, ranges=ranges, repeated=said - kept)

    @property
    def size(self) -> int:
        """How many addresses there are, exactly, however many.

        >>> AddressSet([2**128, "::/0"]).size == 2**129
        True
        """
        return self.count + sum(high - low + 1 for _, low, high in self.ranges)

    def of_family(self, family: int) -> AddressSet:
        """The explicit addresses of IPv4 or IPv6."""
        return AddressSet([_block_or_range(*each) for each in self.ranges if each[0] == family])

    def common(self, other: AddressSet) -> str | None:
        """An explicit address that both have, the lowest; None where they have none.

        >>> AddressSet("198.18.0.0/16").common(AddressSet(["198.18.3.1", 5]))
        '198.18.3.1'
        """
        both = sorted((*self.ranges, *other.ranges))  # of either set they are apart
        for (version, _, high), (next_version, low, _) in pairwise(both):
            if version == next_version and low <= high:
                return _text(version, low)
        return None

    @property
    def spec(self) -> int | str | list[int | str]:
        """The plain value for a file; ``AddressSet(addresses.spec) == addresses``.

        >>> AddressSet(["2001:db8::/64", "198.18.0.1-198.18.0.9", 3, 1]).spec
        [4, '198.18.0.1-198.18.0.9', '2001:db8::/64']
        """
        items: list[int | str] = [self.count] if self.count else []
        items += [_block_or_range(version, low, high) for version, low, high in self.ranges]
        return items[0] if len(items) == 1 else items

    def __repr__(self) -> str:
        return f"AddressSet({self.spec!r})"

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        count = {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED_ADDRESSES}
        return {
            "description": "Addresses: a count (that many addresses of their own), a CIDR block, a range "
            "with both ends included, one address, or a list of these.",
            **schema_of(count, rf"([0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(\s*[-/]\s*[0-9A-Fa-f.:]+)?|{WHOLE})"),
            "examples": [4, "198.18.0.0/16", "198.18.0.1-198.18.0.9", ["198.18.0.1", "2001:db8::/64"]],
        }


def _count(value: object) -> int | _Versioned:
    """What is neither text nor list: a count, or an address or a network of ipaddress."""
    if is_integer(value):
        if value < 1:
            raise reject(value, "a count of addresses is 1 or more", "write at least 1")
        return value
    if isinstance(value, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return _address_range(str(value))
    if _is_whole(value):  # 1e30
        raise reject(value, "a count of addresses has no point and no exponent", f"write {int(value)}")
    raise reject(value, "addresses are a whole number or text", _WRITE_ADDRESSES)


def _is_whole(value: object) -> TypeGuard[float | Decimal]:
    if not isinstance(value, float | Decimal) or not isfinite(value):
        return False
    return 1 <= value <= MOST_COUNTED_ADDRESSES and int(value) == value


def _address_range(text: str) -> int | _Versioned:
    """A range, a block or one address."""
    if "://" in text:
        raise _no_address(text)
    for mark, read in (("-", _range), ("/", _block)):
        first, found, last = (part.strip() for part in text.partition(mark))
        if found and not (first and last):
            raise reject(text, f'nothing stands beside the "{mark}"', _WRITE_ADDRESSES)
        if found:
            return read(text, first, last)
    if (counted := whole(text)) is not None:
        return _count(counted)
    if _is_digits(text):
        raise reject(text, "there are 2^128 addresses at most, even in IPv6", "write a smaller count")
    version, number = _address(text)
    return version, number, number


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _range(text: str, first: str, last: str) -> _Versioned:
    version, low = _address(first)
    if version == 4 and _is_digits(last) and int(last[:4]) <= 255:
        ends = sorted((low, (low & ~0xFF) + int(last[:4])))
        remedy = f'write "{"-".join(_text(4, end) for end in ends)}"'
        raise reject(text, "both ends of a range are whole addresses", remedy)
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
        try:
            instead = f'write "{ip_network(f"{first}/{prefix}", strict=False)}"'  # understands 255.255.0.0
        except ValueError:
            instead = f'write "{first}/{bits}" for the one address, or a shorter prefix'
        raise reject(text, f"the length of an IPv{version} prefix is 0 to {bits}", instead)
    size = 1 << (bits - int(prefix))
    if low % size:
        block = f"{_text(version, low - low % size)}/{int(prefix)}"
        remedy = f'write "{block}" for the block or "{first}" for the one address'
        raise reject(text, "a block begins at its lowest address", remedy)
    return version, low, low + size - 1


def _address(text: str) -> tuple[int, int]:
    """One address as (version, number)."""
    address, scoped, _ = text.partition("%")
    if scoped:
        raise reject(text, "a scope belongs to one machine, not to an address", f'write "{address}"')
    from socket import AF_INET, AF_INET6, inet_pton  # slow to import, and many chains need counts only

    version, family = (6, AF_INET6) if ":" in text else (4, AF_INET)
    try:  # the same strict reading as that of ipaddress, in a fraction of its time
        return version, int.from_bytes(inet_pton(family, text))
    except (OSError, ValueError):
        raise _no_address(text) from None


def _no_address(text: str) -> ChainError:
    if found := re.fullmatch(_WITH_PORT, text):
        way_out = f'write addresses = "{found[1] or found[2]}" and ports = {found[3]}'
        return reject(text, "the port is a key of its own", way_out)
    if re.fullmatch(_HOST, text):
        rule = "this is a name, and nothing here looks names up"
        return reject(text, rule, "write its addresses, or how many they are, as in 1")
    return reject(text, _why_no_address(text), _WRITE_ADDRESSES)


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
