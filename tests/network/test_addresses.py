"""Address sets against Python's sets of integers; every message."""

from __future__ import annotations

import datetime
import ipaddress
import json
from contextlib import nullcontext
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.sets import (
    BASE,
    WRITE_ADDRESSES,
    is_normal,
    written,
)
from tuplecalc.errors import ChainError, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.setvalue import whole

A_NAME = "this is a name, and nothing here looks names up; write its addresses, or how many they are, as in 1"
A_PORT = "the port is a key of its own"


@given(written, st.lists(st.integers(1, 2**120), max_size=3))
def test_an_address_set_is_the_set_of_its_addresses(
    explicit: tuple[list[str], set[tuple[int, int]]], counts: list[int]
) -> None:
    names, oracle = explicit
    addresses = AddressSet([*counts, *names])
    assert addresses.size == len(oracle) + sum(counts)
    assert addresses.count == sum(counts)
    assert {
        (version, number - BASE[version])
        for version, low, high in addresses.ranges
        for number in range(low, high + 1)
    } == oracle
    for version in (4, 6):
        assert is_normal(tuple((low, high) for v, low, high in addresses.ranges if v == version))
    assert sorted(addresses.ranges) == list(addresses.ranges)
    assert AddressSet(addresses.spec) == AddressSet(addresses) == eval(repr(addresses)) == addresses
    assert hash(AddressSet(addresses.spec)) == hash(addresses)
    assert AddressSet(json.loads(json.dumps(addresses.spec))) == addresses


@given(written, written)
def test_a_union_is_that_of_sets(
    left: tuple[list[str], set[tuple[int, int]]], right: tuple[list[str], set[tuple[int, int]]]
) -> None:
    a, b = AddressSet(left[0]), AddressSet(right[0])
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
    assert AddressSet([addresses.spec, str(one)]) == addresses
    assert addresses.spec == str(one)


@given(st.text("0123456789abcdfF.:x ", max_size=20))
def test_what_ipaddress_refuses_is_refused(text: str) -> None:
    try:
        oracle = ipaddress.ip_address(text.strip())
    except ValueError:
        counted = whole(text)  # a count may be a text as well
        with nullcontext() if counted else pytest.raises(ChainError):
            assert AddressSet(text) == AddressSet(counted)
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
    assert AddressSet(4).ranges == ()
    assert AddressSet([2**128, "::/0", "0.0.0.0/0"]).size == 2**129 + 2**32


def test_an_ipv4_mapped_address_is_plain_ipv6() -> None:
    assert AddressSet(["::ffff:198.18.0.1", "198.18.0.1"]).size == 2


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
    (4.0, "4.0: a count of addresses has no point and no exponent; write 4"),
    (Decimal("1e3"), "1E+3: a count of addresses has no point and no exponent; write 1000"),
    (Decimal("1e400"), f"1E+400: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (Decimal("nan"), f"NaN: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (4.5, f"4.5: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    ({"count": 4}, f"{{count = 4}}: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (datetime.date(2024, 1, 31), f"2024-01-31: addresses are a whole number or text; {WRITE_ADDRESSES}"),
    (None, f"no addresses are given; {WRITE_ADDRESSES}"),
    ([], f"[]: the list is empty; {WRITE_ADDRESSES}"),
    ("", f'"": this is empty; {WRITE_ADDRESSES}'),
    ("10.0.0.1,", '"10.0.0.1,": nothing stands beside a comma; leave the comma out'),
    ([4, [5]], "[1]: [5]: a list of addresses holds no further list; write one flat list"),
    ("9" * 9999, f'"{"9" * 57}…": there are 2^128 addresses at most, even in IPv6; write a smaller count'),
    ("000", "0: a count of addresses is 1 or more; write at least 1"),
    ("www.example.com", f'"www.example.com": {A_NAME}'),
    ("https://shop.example.com:8443/a", f'"https://shop.example.com:8443/a": {A_NAME}'),
    ("10.0.0.1:80", f'"10.0.0.1:80": {A_PORT}; write addresses = "10.0.0.1" and ports = 80'),
    ("http://10.0.0.1:80/", f'"http://10.0.0.1:80/": {A_PORT}; write addresses = "10.0.0.1" and ports = 80'),
    ("[2001:db8::1]:443", f'"[2001:db8::1]:443": {A_PORT}; write addresses = "2001:db8::1" and ports = 443'),
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
    ("localhost", f'"localhost": {A_NAME}'),
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
    ("x" * 10**6, f'"{"x" * 57}…": {A_NAME}'),
    (
        [0, 4, "4", "-4", "198.18.0.5/16"],
        "[0]: 0: a count of addresses is 1 or more; write at least 1\n"
        f'[3]: "-4": nothing stands beside the "-"; {WRITE_ADDRESSES}\n'
        '[4]: "198.18.0.5/16": a block begins at its lowest address; '
        'write "198.18.0.0/16" for the block or "198.18.0.5" for the one address',
    ),
]


@pytest.mark.parametrize(
    ("value", "message"), ADDRESS_ERRORS, ids=[show(value) for value, _ in ADDRESS_ERRORS]
)
def test_every_message_about_addresses(value: object, message: str) -> None:
    with pytest.raises(ChainError) as caught:
        AddressSet(value)
    assert str(caught.value) == message
