"""Strategies for sets of ports and of addresses, beside what Python's own sets say."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from hypothesis import strategies as st

from tuplecalc.network.ports import PortSet

WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'
WRITE_ADDRESSES = (
    'write a count (4), a block ("198.18.0.0/16"), a range ("198.18.0.1-198.18.0.9"), '
    "one address or a list of these"
)


def few_or_many(lowest: int, highest: int) -> st.SearchStrategy[tuple[int, int]]:
    """Ranges at the edges and crowded enough to touch and overlap, or anywhere."""
    crowded = st.one_of(st.integers(lowest, lowest + 30), st.integers(highest - 30, highest))
    return st.tuples(*[st.one_of(crowded, st.integers(lowest, highest))] * 2).map(
        lambda ends: (min(ends), max(ends))
    )


port_ranges = st.lists(few_or_many(1, 65535), max_size=8)
port_sets = port_ranges.map(PortSet.of_ranges)


def enumerated(ranges: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in ranges for number in range(low, high + 1)}


def is_normal(ranges: tuple[tuple[int, int], ...]) -> bool:
    return all(low <= high for low, high in ranges) and all(
        left[1] + 1 < right[0] for left, right in pairwise(ranges)
    )


# Addresses as sets of integers within 198.18.0.0/24 and 2001:db8::/120.

BASE = {4: int(ipaddress.ip_address("198.18.0.0")), 6: int(ipaddress.ip_address("2001:db8::"))}


def address(version: int, offset: int) -> str:
    number = BASE[version] + offset
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, set[tuple[int, int]]]:
    """One way to write addresses, and the (version, offset) of each."""
    version = draw(st.sampled_from([4, 6]))
    match draw(st.sampled_from(["one", "range", "block"])):
        case "one":
            low = high = draw(st.integers(0, 255))
            text = address(version, low)
        case "range":
            low, high = sorted(draw(st.tuples(st.integers(0, 255), st.integers(0, 255))))
            text = f"{address(version, low)}-{address(version, high)}"
        case _:
            free = draw(st.integers(0, 8))
            low = draw(st.integers(0, 255)) >> free << free
            high = low + (1 << free) - 1
            text = f"{address(version, low)}/{(32 if version == 4 else 128) - free}"
    return text, {(version, offset) for offset in range(low, high + 1)}


written = st.lists(texts(), min_size=1, max_size=6).map(
    lambda parts: (
        [text for text, _ in parts],
        set[tuple[int, int]]().union(*(numbers for _, numbers in parts)),
    )
)
