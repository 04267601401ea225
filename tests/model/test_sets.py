"""Ports and addresses against sets of integers and against ipaddress; every message word for word."""

from __future__ import annotations

import copy
import datetime
import ipaddress
import json
import pickle
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tuplecalc.errors import TopologyError, show
from tuplecalc.model.addresses import AddressSet
from tuplecalc.model.ports import PortSet

WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'
WRITE_ADDRESSES = (
    'write a count (4), a block ("198.18.0.0/16"), a range ("198.18.0.1-198.18.0.9"), '
    "one address or a list of these"
)


# Ports as sets of integers.


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


@given(port_ranges)
def test_a_port_set_is_the_set_of_its_ports(ranges: list[tuple[int, int]]) -> None:
    ports, oracle = PortSet.of_ranges(ranges), enumerated(ranges)
    assert list(ports) == sorted(oracle)
    assert ports.size == len(ports) == len(oracle)
    assert bool(ports) == bool(oracle)
    assert is_normal(ports.ranges)
    edges = {end + step for pair in ranges for end in pair for step in (-1, 0, 1)}
    assert {port for port in edges if port in ports} == edges & oracle


@given(port_ranges, port_ranges)
def test_set_operators_are_those_of_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    a, b = PortSet.of_ranges(left), PortSet.of_ranges(right)
    x, y = enumerated(left), enumerated(right)
    for ports, oracle in ((a | b, x | y), (a & b, x & y), (a - b, x - y)):
        assert set(ports) == oracle
        assert is_normal(ports.ranges)
    assert a.isdisjoint(b) == x.isdisjoint(y)
    assert (a == b) == (x == y)


@given(port_sets, port_sets, port_sets)
def test_algebra_of_ports(a: PortSet, b: PortSet, c: PortSet) -> None:
    every = PortSet("1-65535")
    assert a | b == b | a
    assert hash(a | b) == hash(b | a)
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert a - (b | c) == (a - b) & (a - c)
    assert every - (every - a) == a
    assert (a | b).size == a.size + b.size - (a & b).size
    assert not a - a
    assert (a - b) | (a & b) == a


@given(port_sets, st.data())
def test_lowest_and_highest(ports: PortSet, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, ports.size))
    assert list(ports.lowest(n)) == list(ports)[:n]
    assert list(ports.highest(n)) == list(ports)[ports.size - n :]
    assert ports.lowest(ports.size - n) | ports.highest(n) == ports


@given(port_sets.filter(bool))
def test_what_a_port_set_writes_it_reads(ports: PortSet) -> None:
    assert PortSet(ports.spec) == PortSet(str(ports)) == PortSet(ports) == ports
    assert eval(repr(ports)) == ports
    assert PortSet(json.loads(json.dumps(ports.spec))) == ports


@given(st.integers(1, 64512))
def test_a_count_is_so_many_ports_from_1024_on(count: int) -> None:
    ports = PortSet({"count": count})
    assert (ports.size, next(iter(ports))) == (count, 1024)


@pytest.mark.parametrize(
    ("value", "ranges", "spec", "text"),
    [
        (80, ((80, 80),), 80, "80"),
        ("80", ((80, 80),), 80, "80"),
        ("1024-65535", ((1024, 65535),), "1024-65535", "1024-65535"),
        (" 1024 - 2048 ", ((1024, 2048),), "1024-2048", "1024-2048"),
        ("7-7", ((7, 7),), 7, "7"),
        (
            [80, 443, "8000-8099"],
            ((80, 80), (443, 443), (8000, 8099)),
            [80, 443, "8000-8099"],
            "80, 443, 8000-8099",
        ),
        ((443, 80), ((80, 80), (443, 443)), [80, 443], "80, 443"),
        ("443,80 , 81", ((80, 81), (443, 443)), ["80-81", 443], "80-81, 443"),
        (["80, 90", 85], ((80, 80), (85, 85), (90, 90)), [80, 85, 90], "80, 85, 90"),
        ({"count": 64512}, ((1024, 65535),), "1024-65535", "1024-65535"),
        ({"count": 1}, ((1024, 1024),), 1024, "1024"),
    ],
)
def test_ways_to_write_ports(value: object, ranges: object, spec: object, text: str) -> None:
    ports = PortSet(value)
    assert (ports.ranges, ports.spec, str(ports)) == (ranges, spec, text)


def test_the_empty_set_of_ports() -> None:
    empty = PortSet(80) - PortSet(80)
    assert empty == PortSet.of_ranges([]) == PortSet(80) & PortSet(81)
    assert (empty.size, bool(empty), list(empty), empty.spec) == (0, False, [], [])
    assert (str(empty), repr(empty)) == ("none", "PortSet.of_ranges([])")
    assert (
        empty.lowest(0)
        == empty.highest(0)
        == empty | empty
        == empty & PortSet(1)
        == empty - PortSet(1)
        == empty
    )


def test_a_port_set_iterates_lazily() -> None:
    assert next(iter(PortSet("1-65535"))) == 1


def test_only_integers_are_ports() -> None:
    ports = PortSet("1-65535")
    assert 1 in ports
    assert True not in ports
    assert 1.0 not in ports
    assert "1" not in ports


@pytest.mark.parametrize("operator", ["__or__", "__and__", "__sub__"])
def test_operators_take_port_sets_only(operator: str) -> None:
    assert getattr(PortSet(80), operator)({80}) is NotImplemented


PORT_ERRORS: list[tuple[object, str]] = [
    ("9-1", '"9-1": a range of ports runs upwards; write "1-9"'),
    ("70000-1", '"70000-1": a range of ports runs upwards; write "1-65535"'),
    (0, "0: ports run from 1 to 65535; write a port from 1 to 65535"),
    (-1, "-1: ports run from 1 to 65535; write a port from 1 to 65535"),
    (65536, "65536: ports run from 1 to 65535; write a port from 1 to 65535"),
    (10**5000, "a number of more than 4300 digits: ports run from 1 to 65535; write a port from 1 to 65535"),
    ("0-65535", '"0-65535": ports run from 1 to 65535; write "1-65535"'),
    ("1024-65536", '"1024-65536": ports run from 1 to 65535; write "1024-65535"'),
    ("0-1", '"0-1": ports run from 1 to 65535; write 1'),
    ("70000-80000", '"70000-80000": ports run from 1 to 65535; write a port from 1 to 65535'),
    ("9" * 9999, f'"{"9" * 57}…": ports run from 1 to 65535; write a port from 1 to 65535'),
    ("8000:8099", '"8000:8099": this is neither a port nor a range of ports; write "8000-8099"'),
    ("8000..8099", '"8000..8099": this is neither a port nor a range of ports; write "8000-8099"'),
    ("8000 to 8099", '"8000 to 8099": this is neither a port nor a range of ports; write "8000-8099"'),
    ("8000–8099", '"8000–8099": this is neither a port nor a range of ports; write "8000-8099"'),
    ("8099:8000", '"8099:8000": this is neither a port nor a range of ports; write "8000-8099"'),
    ("1:70000", f'"1:70000": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("080", '"080": this is neither a port nor a range of ports; write 80'),
    ("http", f'"http": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("80-", f'"80-": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("-80", f'"-80": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("1-2-3", f'"1-2-3": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("80 443", f'"80 443": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("٨٠", f'"٨٠": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("80\x00", f'"80\\x00": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("x" * 10**6, f'"{"x" * 57}…": this is neither a port nor a range of ports; {WRITE_PORTS}'),
    ("", f'"": this is empty; {WRITE_PORTS}'),
    ("  ", f'"  ": this is empty; {WRITE_PORTS}'),
    ("80,", '"80,": nothing stands beside a comma; leave the comma out'),
    ("80,,90", '"80,,90": nothing stands beside a comma; leave the comma out'),
    ([], f"[]: the list is empty; {WRITE_PORTS}"),
    ((), f"[]: the list is empty; {WRITE_PORTS}"),
    (None, f"no ports are given; {WRITE_PORTS}"),
    (True, f"true: ports are whole numbers, or ranges in quotes; {WRITE_PORTS}"),
    (80.0, f"80.0: ports are whole numbers, or ranges in quotes; {WRITE_PORTS}"),
    (float("nan"), f"nan: ports are whole numbers, or ranges in quotes; {WRITE_PORTS}"),
    (
        datetime.date(2024, 1, 31),
        f"2024-01-31: ports are whole numbers, or ranges in quotes; {WRITE_PORTS}",
    ),
    (b"80", f"b'80': ports are whole numbers, or ranges in quotes; {WRITE_PORTS}"),
    ([80, [443, 444]], "[1]: [443, 444]: a list of ports holds no further list; write one flat list"),
    ([80, ()], "[1]: []: a list of ports holds no further list; write one flat list"),
    (
        [80, {"count": 5}],
        "[1]: {'count': 5}: a count of ports stands alone, not in a list; write \"1024-1028\"",
    ),
    (
        [80, {"count": 1}],
        "[1]: {'count': 1}: a count of ports stands alone, not in a list; write 1024",
    ),
    ([{"count": 0}], "[0].count: 0: a count of ports is 1 or more; write 1 to 64512"),
    (
        [0, 80, "9-1", None],
        "[0]: 0: ports run from 1 to 65535; write a port from 1 to 65535\n"
        '[2]: "9-1": a range of ports runs upwards; write "1-9"\n'
        f"[3]: no ports are given; {WRITE_PORTS}",
    ),
    ({}, f"{{}}: a mapping of ports has the one key `count`; {WRITE_PORTS}"),
    ({"cuont": 5}, '"cuont": a mapping of ports has the one key `count`; did you mean `count`?'),
    ({"Count": 5}, '"Count": a mapping of ports has the one key `count`; did you mean `count`?'),
    ({"from": 5}, f'"from": a mapping of ports has the one key `count`; {WRITE_PORTS}'),
    ({"count": 5, "counts": 5}, f'"counts": a mapping of ports has the one key `count`; {WRITE_PORTS}'),
    ({1: 5}, f'"1": a mapping of ports has the one key `count`; {WRITE_PORTS}'),
    ({"count": 0}, "count: 0: a count of ports is 1 or more; write 1 to 64512"),
    ({"count": -3}, "count: -3: a count of ports is 1 or more; write 1 to 64512"),
    (
        {"count": 64513},
        "count: 64513: from port 1024 on there are 64512 ports; "
        'write 64512, or "1-65535" in place of the count for every port',
    ),
    (
        {"count": "55000"},
        'count: "55000": a count of ports is a whole number; write 55000 without the quotes',
    ),
    ({"count": "many"}, 'count: "many": a count of ports is a whole number; write { count = 55000 }'),
    ({"count": 5.5}, "count: 5.5: a count of ports is a whole number; write { count = 55000 }"),
    ({"count": True}, "count: true: a count of ports is a whole number; write { count = 55000 }"),
    ({"count": None}, "count: a count of ports is a whole number; write { count = 55000 }"),
]


@pytest.mark.parametrize(("value", "message"), PORT_ERRORS, ids=[show(value) for value, _ in PORT_ERRORS])
def test_every_message_about_ports(value: object, message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        PortSet(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PortSet("80-89").lowest(11), "11: the set has 10 ports; ask for 0 to 10 of them"),
        (lambda: PortSet("80-89").highest(-1), "-1: the set has 10 ports; ask for 0 to 10 of them"),
        (
            lambda: PortSet.of_ranges([(80, 81), (0, 9)]),
            '"0-9": ports run from 1 to 65535; write "1-9"',
        ),
        (lambda: PortSet.of_ranges([(9, 1)]), '"9-1": a range of ports runs upwards; write "1-9"'),
    ],
)
def test_messages_of_methods(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        make()
    assert str(caught.value) == message


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


@given(written, st.lists(st.integers(1, 2**120), max_size=3))
def test_an_address_set_is_the_set_of_its_addresses(
    explicit: tuple[list[str], set[tuple[int, int]]], counts: list[int]
) -> None:
    names, oracle = explicit
    addresses = AddressSet([*counts, *names])
    assert addresses.size == len(oracle) + sum(counts)
    assert addresses.count == sum(counts)
    assert not addresses.is_count
    assert {
        (version, number - BASE[version])
        for version, low, high in addresses.ranges
        for number in range(low, high + 1)
    } == oracle
    assert is_normal(addresses.v4)
    assert is_normal(addresses.v6)
    for version in (4, 6):
        for offset in range(-1, 257):
            assert (address(version, offset) in addresses) == ((version, offset) in oracle)
    assert AddressSet(addresses.spec) == AddressSet(addresses) == eval(repr(addresses)) == addresses
    assert hash(AddressSet(addresses.spec)) == hash(addresses)
    assert AddressSet(json.loads(json.dumps(addresses.spec))) == addresses


@given(written, written)
def test_overlap_is_that_of_sets(
    left: tuple[list[str], set[tuple[int, int]]], right: tuple[list[str], set[tuple[int, int]]]
) -> None:
    a, b = AddressSet(left[0]), AddressSet(right[0])
    assert a.overlaps(b) == b.overlaps(a) == (not left[1].isdisjoint(right[1]))
    assert (a == b) == (left[1] == right[1])
    assert AddressSet(left[0] + right[0]).size == len(left[1] | right[1])


@given(
    st.one_of(st.ip_addresses(), st.ip_addresses(network="::ffff:0:0/96"), st.ip_addresses(network="::/100"))
)
def test_any_address_is_read_as_ipaddress_reads_it(
    one: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    addresses = AddressSet(str(one))
    assert addresses.ranges == ((one.version, int(one), int(one)),)
    assert addresses == AddressSet(one) == AddressSet(one.exploded)
    assert one in addresses
    assert addresses.spec == str(one)


@given(st.text("0123456789abcdfF.:x ", max_size=20))
def test_what_ipaddress_refuses_is_refused(text: str) -> None:
    try:
        oracle = ipaddress.ip_address(text.strip())
    except ValueError:
        with pytest.raises(TopologyError):
            AddressSet(text)
    else:
        assert AddressSet(text).ranges == ((oracle.version, int(oracle), int(oracle)),)


@pytest.mark.parametrize(
    ("value", "size", "spec", "text"),
    [
        (4, 4, 4, "4"),
        (2**128, 2**128, 2**128, str(2**128)),
        ("198.18.0.0/16", 2**16, "198.18.0.0/16", "198.18.0.0/16"),
        (" 198.18.0.0 / 16 ", 2**16, "198.18.0.0/16", "198.18.0.0/16"),
        ("198.18.0.1-198.18.0.9", 9, "198.18.0.1-198.18.0.9", "198.18.0.1-198.18.0.9"),
        ("198.18.0.1 - 198.18.0.9", 9, "198.18.0.1-198.18.0.9", "198.18.0.1-198.18.0.9"),
        ("198.18.0.8-198.18.0.15", 8, "198.18.0.8/29", "198.18.0.8/29"),
        ("198.18.0.7-198.18.0.14", 8, "198.18.0.7-198.18.0.14", "198.18.0.7-198.18.0.14"),
        ("198.18.0.1/32", 1, "198.18.0.1", "198.18.0.1"),
        ("0.0.0.0/0", 2**32, "0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", 2**128, "::/0", "::/0"),
        (
            ["::/0", "0.0.0.0/0", 2**128],
            2**129 + 2**32,
            [2**128, "0.0.0.0/0", "::/0"],
            f"{2**128}, 0.0.0.0/0, ::/0",
        ),
        ([1, "10.0.0.1", 3], 5, [4, "10.0.0.1"], "4, 10.0.0.1"),
        ("10.0.0.1, 2001:DB8::/64", 2**64 + 1, ["10.0.0.1", "2001:db8::/64"], "10.0.0.1, 2001:db8::/64"),
        (("10.0.0.1", "10.0.0.0/31"), 2, "10.0.0.0/31", "10.0.0.0/31"),
        (["255.255.255.255", "::"], 2, ["255.255.255.255", "::"], "255.255.255.255, ::"),
        (ipaddress.ip_network("10.0.0.0/8"), 2**24, "10.0.0.0/8", "10.0.0.0/8"),
    ],
)
def test_ways_to_write_addresses(value: object, size: int, spec: object, text: str) -> None:
    addresses = AddressSet(value)
    assert (addresses.size, addresses.spec, str(addresses)) == (size, spec, text)
    assert AddressSet(addresses.spec) == addresses


def test_a_counted_address_is_nobody_else_s() -> None:
    assert AddressSet([2, 2]) == AddressSet(4)
    assert AddressSet(4).is_count
    assert AddressSet(4).ranges == ()
    assert "10.0.0.1" not in AddressSet(2**128)
    assert not AddressSet(2**128).overlaps(AddressSet(["::/0", "0.0.0.0/0"]))


def test_an_ipv4_mapped_address_is_plain_ipv6() -> None:
    assert not AddressSet("::ffff:198.18.0.1").overlaps(AddressSet("198.18.0.1"))


IPV4_RULE = "an IPv4 address is four numbers from 0 to 255 without leading zeros"
IPV6_RULE = 'an IPv6 address is up to eight groups of hexadecimal digits, with "::" at most once'

ADDRESS_ERRORS: list[tuple[object, str]] = [
    (0, "0: a count of addresses is 1 or more; write at least 1"),
    (-1, "-1: a count of addresses is 1 or more; write at least 1"),
    (
        2**128 + 1,
        f"{2**128 + 1}: there are 2^128 addresses at most, even in IPv6; write a smaller count",
    ),
    ([2**128, 1], f"{2**128 + 1}: there are 2^128 addresses at most, even in IPv6; write a smaller count"),
    (True, f"true: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (4.0, f"4.0: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    ({"count": 4}, f"{{'count': 4}}: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (datetime.date(2024, 1, 31), f"2024-01-31: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (None, f"no addresses are given; {WRITE_ADDRESSES}"),
    ([], f"[]: the list is empty; {WRITE_ADDRESSES}"),
    ("", f'"": this is empty; {WRITE_ADDRESSES}'),
    ("10.0.0.1,", '"10.0.0.1,": nothing stands beside a comma; leave the comma out'),
    ([4, [5]], "[1]: [5]: a list of addresses holds no further list; write one flat list"),
    ("4", '"4": a count of addresses is a number, not text; write it without the quotes'),
    ("9" * 9999, f'"{"9" * 57}…": a count of addresses is a number, not text; write it without the quotes'),
    (
        "198.18.0.5/16",
        '"198.18.0.5/16": a block begins at its lowest address; '
        'write "198.18.0.0/16" for the block or "198.18.0.5" for the one address',
    ),
    (
        "2001:db8::1/64",
        '"2001:db8::1/64": a block begins at its lowest address; '
        'write "2001:db8::/64" for the block or "2001:db8::1" for the one address',
    ),
    (
        "10.0.0.0/33",
        '"10.0.0.0/33": the length of an IPv4 prefix is 0 to 32; '
        'write "10.0.0.0/32" for the one address, or a shorter prefix',
    ),
    (
        "2001:db8::/129",
        '"2001:db8::/129": the length of an IPv6 prefix is 0 to 128; '
        'write "2001:db8::/128" for the one address, or a shorter prefix',
    ),
    (
        "10.0.0.0/" + "9" * 5000,
        f'"10.0.0.0/{"9" * 48}…": the length of an IPv4 prefix is 0 to 32; '
        'write "10.0.0.0/32" for the one address, or a shorter prefix',
    ),
    (
        "198.18.0.5/255.255.0.0",
        '"198.18.0.5/255.255.0.0": the length of an IPv4 prefix is 0 to 32; write "198.18.0.0/16"',
    ),
    ("10.0.0.0/", f'"10.0.0.0/": nothing stands beside the "/"; {WRITE_ADDRESSES}'),
    ("-10.0.0.1", f'"-10.0.0.1": nothing stands beside the "-"; {WRITE_ADDRESSES}'),
    (
        "198.18.0.9-198.18.0.1",
        '"198.18.0.9-198.18.0.1": a range of addresses runs upwards; write "198.18.0.1-198.18.0.9"',
    ),
    (
        "198.18.0.1-198.18.0.9-198.18.0.12",
        f'"198.18.0.9-198.18.0.12": this is no IP address; {WRITE_ADDRESSES}',
    ),
    ("10.0.0.0/8-10.1.0.0/16", f'"10.0.0.0/8": this is no IP address; {WRITE_ADDRESSES}'),
    (
        "198.18.0.1-9",
        '"198.18.0.1-9": both ends of a range are whole addresses; write "198.18.0.1-198.18.0.9"',
    ),
    (
        "198.18.0.9-01",
        '"198.18.0.9-01": both ends of a range are whole addresses; write "198.18.0.1-198.18.0.9"',
    ),
    ("198.18.0.1-999", f'"999": {IPV4_RULE}; {WRITE_ADDRESSES}'),
    (
        "198.18.0.1-::9",
        '"198.18.0.1-::9": both ends of a range are of one version; write two IPv4 or two IPv6 addresses',
    ),
    ("fe80::1%eth0", '"fe80::1%eth0": a scope belongs to one machine, not to an address; write "fe80::1"'),
    ("fe80::%1/64", '"fe80::%1": a scope belongs to one machine, not to an address; write "fe80::"'),
    (
        ipaddress.ip_address("fe80::1%eth0"),
        '"fe80::1%eth0": a scope belongs to one machine, not to an address; write "fe80::1"',
    ),
    ("198.18.0.256", f'"198.18.0.256": {IPV4_RULE}; {WRITE_ADDRESSES}'),
    ("198.18.0.01", f'"198.18.0.01": {IPV4_RULE}; {WRITE_ADDRESSES}'),
    ("198.18.1", f'"198.18.1": {IPV4_RULE}; {WRITE_ADDRESSES}'),
    ("2001::db8::1", f'"2001::db8::1": {IPV6_RULE}; {WRITE_ADDRESSES}'),
    ("[::1]", f'"[::1]": {IPV6_RULE}; {WRITE_ADDRESSES}'),
    ("localhost", f'"localhost": this is no IP address; {WRITE_ADDRESSES}'),
    ("٩", f'"٩": this is no IP address; {WRITE_ADDRESSES}'),
    ("198.18.0.1-٩", f'"٩": this is no IP address; {WRITE_ADDRESSES}'),
    (
        "10.0.0.0/٨",
        '"10.0.0.0/٨": the length of an IPv4 prefix is 0 to 32; '
        'write "10.0.0.0/32" for the one address, or a shorter prefix',
    ),
    ("198.18.0.٩", f'"198.18.0.٩": this is no IP address; {WRITE_ADDRESSES}'),
    ("10.0.0.1\x00", f'"10.0.0.1\\x00": this is no IP address; {WRITE_ADDRESSES}'),
    ("\ud800", f'"\\ud800": this is no IP address; {WRITE_ADDRESSES}'),
    ("x" * 10**6, f'"{"x" * 57}…": this is no IP address; {WRITE_ADDRESSES}'),
    (
        [0, 4, "4", "198.18.0.5/16"],
        "[0]: 0: a count of addresses is 1 or more; write at least 1\n"
        '[2]: "4": a count of addresses is a number, not text; write it without the quotes\n'
        '[3]: "198.18.0.5/16": a block begins at its lowest address; '
        'write "198.18.0.0/16" for the block or "198.18.0.5" for the one address',
    ),
]


@pytest.mark.parametrize(
    ("value", "message"), ADDRESS_ERRORS, ids=[show(value) for value, _ in ADDRESS_ERRORS]
)
def test_every_message_about_addresses(value: object, message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        AddressSet(value)
    assert str(caught.value) == message


@pytest.mark.parametrize("other", ["10.0.0.0/8", "gateway", 4])
def test_only_one_address_is_looked_for(other: object) -> None:
    with pytest.raises(TopologyError):
        _ = other in AddressSet("10.0.0.0/8")


# Both.

VALUES: list[PortSet | AddressSet] = [
    PortSet(80) - PortSet(80),
    PortSet([80, "8000-8099"]),
    AddressSet(4),
    AddressSet([4, "198.18.0.0/16", "2001:db8::/64"]),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_frozen_hashable_and_copied_whole(value: Any) -> None:
    for same in (
        copy.copy(value),
        copy.deepcopy(value),
        pickle.loads(pickle.dumps(value)),
        type(value)(value),
    ):
        assert same == value
        assert hash(same) == hash(value)
    assert value != value.spec
    assert not hasattr(value, "__dict__")
    slot = value.__slots__[0]
    with pytest.raises(AttributeError, match=f"{slot} does not change; make a new one"):
        setattr(value, slot, 5)
    with pytest.raises(AttributeError, match=f"{slot} does not change; make a new one"):
        delattr(value, slot)


def test_ports_are_no_addresses() -> None:
    ports: object = PortSet(4)
    assert ports != AddressSet(4)


class Hop(BaseModel):
    addresses: AddressSet
    ports: PortSet = PortSet("1024-65535")


def test_a_model_takes_raw_values_and_instances() -> None:
    hop = Hop.model_validate({"addresses": ["198.18.0.0/31", 2], "ports": {"count": 2}})
    assert hop == Hop(addresses=AddressSet([2, "198.18.0.0/31"]), ports=PortSet("1024-1025"))
    assert hop.model_dump() == {"addresses": [2, "198.18.0.0/31"], "ports": "1024-1025"}
    assert Hop.model_validate_json(hop.model_dump_json()) == hop
    assert Hop.model_validate(hop.model_dump(), strict=True) == hop
    assert Hop.model_validate_json(f'{{"addresses": {2**128}}}').addresses.size == 2**128


def test_a_model_passes_the_problems_on() -> None:
    with pytest.raises(ValidationError) as caught:
        Hop.model_validate({"addresses": [1, 0, "4"], "ports": {"count": 0}})
    passed_on = [(error["loc"], error["type"], error["ctx"]["error"]) for error in caught.value.errors()]
    assert [(loc, kind) for loc, kind, _ in passed_on] == [
        (("addresses",), "value_error"),
        (("ports",), "value_error"),
    ]
    assert [problem.place for _, _, error in passed_on for problem in error.problems] == [
        "[1]",
        "[2]",
        "count",
    ]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_describes_itself(mode: Any) -> None:
    schema = Hop.model_json_schema(mode=mode)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["ports"]["default"] == "1024-65535"
    for field, make in (("ports", PortSet), ("addresses", AddressSet)):
        described = schema["properties"][field]
        assert described["description"]
        for example in described["examples"]:
            assert make(example).size
            jsonschema.validate(example, described)


def accepted(make: Callable[[object], object], value: object) -> bool:
    try:
        make(value)
    except TopologyError:
        return False
    return True


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-2, 70000) | st.text("0123456789-, \n.:/af", max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["count", "x"]), inner),
        max_leaves=4,
    )
)
def test_the_schema_accepts_what_the_program_accepts(value: object) -> None:
    for make, field in ((PortSet, "ports"), (AddressSet, "addresses")):
        if accepted(make, value):
            jsonschema.validate(value, Hop.model_json_schema()["properties"][field])


@given(written, port_sets.filter(bool))
def test_the_schema_accepts_what_is_written(explicit: tuple[list[str], object], ports: PortSet) -> None:
    properties = Hop.model_json_schema()["properties"]
    for given_addresses in (explicit[0], ", ".join(explicit[0]), AddressSet(explicit[0]).spec):
        jsonschema.validate(given_addresses, properties["addresses"])
    for given_ports in (ports.spec, str(ports)):
        jsonschema.validate(given_ports, properties["ports"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ports", "http"),
        ("ports", "8000:8099"),
        ("ports", 0),
        ("ports", []),
        ("ports", {"cuont": 5}),
        ("ports", [[80]]),
        ("ports", True),
        ("addresses", "4"),
        ("addresses", "localhost"),
        ("addresses", 0),
        ("addresses", []),
        ("addresses", True),
        ("addresses", None),
    ],
)
def test_the_schema_refuses_the_usual_mistakes(field: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, Hop.model_json_schema()["properties"][field])


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def test_ten_thousand_ranges_are_no_burden() -> None:
    every_sixth = [f"{port}-{port + 2}" for port in range(1, 60000, 6)]
    blocks = [f"10.{i >> 8}.{i & 255}.0/25" for i in range(10000)] + [
        f"2001:db8:{i:x}::/64" for i in range(10000)
    ]
    ports, addresses = PortSet(every_sixth), AddressSet(blocks)
    others = PortSet("1-65535") - ports
    assert len(ports.ranges) == len(others.ranges) == 10000
    assert seconds(lambda: PortSet(every_sixth)) < 0.5
    assert seconds(lambda: AddressSet(blocks)) < 0.5
    assert seconds(lambda: [ports | others, ports & others, ports - others, ports.highest(9999)]) < 0.5
    assert seconds(lambda: [addresses.overlaps(addresses), addresses.size]) < 0.5
    assert seconds(lambda: [AddressSet("::/0").size, "ffff::" in AddressSet("::/0")]) < 0.5
