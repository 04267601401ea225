"""Port sets against Python's sets of integers; every message."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.sets import (
    WRITE_PORTS,
    enumerated,
    is_normal,
    port_ranges,
    port_sets,
)
from tuplecalc.errors import ChainError, show
from tuplecalc.network.ports import PortSet


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
    (
        "80 443",
        '"80 443": this is neither a port nor a range of ports; '
        'write "80-443" for the range, or "80, 443" for the two',
    ),
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
        '[1]: {count = 5}: a count of ports stands alone, not in a list; write "1024-1028"',
    ),
    (
        [80, {"count": 1}],
        "[1]: {count = 1}: a count of ports stands alone, not in a list; write 1024",
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
    with pytest.raises(ChainError) as caught:
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
    with pytest.raises(ChainError) as caught:
        make()
    assert str(caught.value) == message
