"""Axes as the command line writes them: which values, and what is said about those that are none."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tuplecalc as tc
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.hop import Virtual
from tuplecalc.network.part import Part
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.traffic import Traffic
from tuplecalc.network.values import LARGEST_COUNT
from tuplecalc.questions.axis import MOST_POINTS, WIDE, axis, ends_of

OUTAGE = tc.example("outage")
WRITE = "write it as in hops.lvs.addresses=1..64, or traffic.hold=0s..10m/25 for 25 points"
POINTS = f"a range has 1 to {MOST_POINTS:,} points; write their number behind the /, as in 0s..240s/25"
OF_LVS = (
    "the numbers there are instances, max_entries, tracking_time_wait, udp_timeout, time_wait, reuse_after, "
    "addresses, half_close, destinations, block, blocks_per_client, client_ports"
)
DURATION = (
    "a duration is seconds, or a number with ms, s, m, h or d, and not negative; "
    'write it as in "60s", "1m30s", "500ms", "2h" or "5d"'
)


def odd(name: str) -> tc.Chain:
    """A chain of one translator with this name."""
    nat = tc.Cone(name=name, addresses=2)
    return tc.Chain(clients=tc.Clients(addresses=9), hops=[nat], services=tc.Services(addresses=2, ports=80))


# Ranges.


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("hops.lvs.addresses=1..4", (1, 2, 3, 4)),
        ("hops.lvs.addresses=1..9/3", (1, 5, 9)),
        ("hops.lvs.addresses=1..3/50", (1, 2, 3)),
        ("hops.lvs.addresses=4..4", (4,)),
        ("hops.lvs.addresses=4..4/1", (4,)),
        ("hops.lvs.addresses= 1 .. 3 / 2 ", (1, 3)),
        ("hops.lvs.time_wait=0s..240s/5", (0, 60, 120, 180, 240)),
        ("hops.lvs.time_wait=500ms..1m/2", (Fraction(1, 2), 60)),
        ("traffic.hold=0.5..2/4", (Fraction(1, 2), 1, Fraction(3, 2), 2)),
        ("traffic.hold=0s..1s/4", (0, Fraction(333333333333, 10**12), Fraction(666666666667, 10**12), 1)),
        ("traffic.hold=1s..1000s/4", (1, 10, 100, 1000)),
        ("traffic.first_close=0..1/3", (0, Fraction(1, 2), 1)),
        ("traffic.first_close=server..client/2", (0, 1)),
        ("clients.addresses=1..1000/4", (1, 10, 100, 1000)),
        (f"clients.addresses=1..{2**128}/3", (1, 2**64, 2**128)),
        ("hops.lvs.block=1..64512/2", (1, 64512)),
    ],
)
def test_the_values_of_a_range(text: str, values: tuple[object, ...]) -> None:
    assert axis(OUTAGE, text).values == values


def test_all_whole_numbers_where_there_are_no_more_than_the_points() -> None:
    assert axis(OUTAGE, "hops.lvs.addresses=1..64").values == tuple(range(1, 65))
    assert axis(OUTAGE, "hops.lvs.addresses=1..64", points=2).values == (1, 64)
    assert len(axis(OUTAGE, "traffic.hold=0s..10m").values) == 300
    assert len(axis(OUTAGE, "traffic.hold=0s..10m", points=25).values) == 25


@pytest.mark.parametrize(
    ("text", "low", "high", "is_log"),
    [
        ("hops.lvs.addresses", 1, 8, False),
        ("hops.login-proxy.instances", 1, 24, False),
        ("clients.addresses", 1, 4 * 131_072, True),
        ("traffic.hold", 0, 1200, False),
        ("hops.lvs.time_wait", 0, 480, False),
        ("hops.lvs.reuse_after", 0, 60, False),
        ("hops.lvs.max_entries", 1, 4 * 262_144, True),
        ("hops.login-proxy.max_files", 1, 4 * 1_048_576, True),
        ("hops.lvs.block", 1, 4096, True),
        ("hops.lvs.virtual.addresses", 1, 8, False),
        ("traffic.first_close", 0, 1, False),
        ("traffic.rate", 70, 2800, False),
    ],
)
def test_a_path_alone_takes_a_range_around_the_present_value(
    text: str, low: int, high: int, is_log: bool
) -> None:
    found = axis(OUTAGE, text)
    assert (found.values[0], found.values[-1], found.is_log) == (low, high, is_log)
    assert all(one < other for one, other in pairwise(found.values))


def test_a_range_around_a_present_value_ends_where_values_end() -> None:
    chain = tc.with_settings(OUTAGE, f"clients.addresses={2**127}", "hops.lvs.block=50000")
    assert axis(chain, "clients.addresses").values[-1] == LARGEST_COUNT
    assert axis(chain, "hops.lvs.block").values[-1] == 64_512
    for hold in ("4d", "999999999999999999s", "0.1ms"):
        assert axis(tc.with_settings(OUTAGE, f"traffic.hold={hold}"), "traffic.hold").values[-1] >= 60


@pytest.mark.parametrize(
    ("path", "canonical", "name", "unit", "present"),
    [
        ("traffic.hold", "traffic.hold", "hold", "s", 300),
        ("hops.0.addresses", "hops.lvs.addresses", "addresses of lvs", "addresses", 1),
        ("hops[1].max_files", "hops.login-proxy.max_files", "max_files of login-proxy", "files", None),
        ("clients.addresses", "clients.addresses", "addresses of clients", "addresses", 131_072),
        ("services.addresses", "services.addresses", "addresses of services", "addresses", 6),
        ("services[0].addresses", "services.addresses", "addresses of services", "addresses", 6),
        (
            'hops."lvs".virtual.addresses',
            "hops.lvs.virtual.addresses",
            "virtual addresses of lvs",
            "addresses",
            1,
        ),
    ],
)
def test_an_axis_knows_what_it_varies(
    path: str, canonical: str, name: str, unit: str, present: int | None
) -> None:
    found = axis(OUTAGE, path)
    assert (found.path, found.name, found.unit, found.present) == (canonical, name, unit, present)
    assert found.is_count == (unit != "s")


@pytest.mark.parametrize("name", ["nat.1", 'a "b" = c', "0", "virtual", "ü[2]", "a\\b"])
def test_a_hop_of_any_name(name: str) -> None:
    chain = odd(name)
    found = axis(chain, f"{chain.hops[0].path}.addresses=1..3")
    assert found.path == f"{chain.hops[0].path}.addresses"
    changed = [tc.with_settings(chain, found.setting(value)).hops[0] for value in found.values]
    assert [hop.addresses.size for hop in changed if isinstance(hop, Cone)] == [1, 2, 3]


def test_groups_of_services_have_numbers() -> None:
    groups = [tc.Services(addresses=n, ports=80) for n in (3, 5)]
    chain = tc.Chain(clients=tc.Clients(addresses=9), services=groups)
    found = axis(chain, "services.1.addresses")
    assert (found.present, found.name) == (5, "addresses of services[1]")
    with pytest.raises(tc.InputError) as caught:
        axis(chain, "services.addresses")
    assert str(caught.value) == (
        '"services.addresses": there are several groups of services; name one, as in services.1.addresses'
    )


def test_every_number_of_the_model_can_be_varied_and_nothing_else() -> None:
    """Numbers of pydantic's fields, found by their types; a share hangs on the others' shares."""
    chain = tc.with_settings(OUTAGE, "hops.login-proxy.source=own", "hops.login-proxy.capture=nat")
    tables: dict[str, type[Part]] = {
        "traffic": Traffic,
        "clients": Clients,
        "hops.lvs": Cone,
        "hops.login-proxy": Proxy,
        "hops.lvs.virtual": Virtual,
    }
    numbers = set()
    for path, part in tables.items():
        for key in part.model_fields:
            try:
                numbers.add(axis(chain, f"{path}.{key}").path)
            except tc.InputError as error:
                others = {"half_close": "this key fits", "survival": "this key fits"}
                others |= {"blocks_per_client": "this key is for blocks"}
                there = others.get(key, "is not a number that can be varied")
                assert there in str(error), key  # noqa: PT017
    times = {"time_wait", "reuse_after"}
    both = {"instances", "max_entries", "tracking_time_wait", "udp_timeout", "addresses", *times}
    upstream = {"connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow"}
    assert numbers == {
        *(f"traffic.{key}" for key in ("rate", "flows", "hold", "first_close")),
        *(f"clients.{key}" for key in {"addresses", "flows_each", "max_files", *times}),
        *(f"hops.lvs.{key}" for key in {"block", "destinations", "client_ports", *both}),
        "hops.lvs.virtual.addresses",
        *(
            f"hops.login-proxy.{key}"
            for key in {"listen_addresses", "max_files", "accept_wait", *both, *upstream}
        ),
    }


@given(
    st.sampled_from(["traffic.hold", "hops.lvs.time_wait"]),
    st.fractions(0, 10**6, max_denominator=1000),
    st.fractions(0, 10**6, max_denominator=1000),
    st.integers(2, 40),
)
def test_every_value_can_be_set_and_read_again(
    path: str, one: Fraction, other: Fraction, points: int
) -> None:
    low, high = sorted((round(one, 6), round(other, 6)))
    found = axis(OUTAGE, f"{path}=0..1/2").between(low, high, points)
    assert (found.values[0], found.values[-1]) == (low, high)
    assert all(before < after for before, after in pairwise(found.values))
    assert len(found.values) == (points if low < high else 1)
    assert found.is_log == (low > 0 and high >= WIDE * low)
    for value in found.values:
        changed = tc.with_settings(OUTAGE, found.setting(value))
        hop = changed.hops[0]
        assert value == (changed.traffic.hold if path == "traffic.hold" else hop.linger)


# What is said.


MESSAGES = [
    ("hops.lvs.adresses=1..4", "unknown key `adresses`; did you mean `addresses`?"),
    ("hops.lvs.qq=1..4", f"unknown key `qq`; {OF_LVS}"),
    ("hops.login-proxy.block=1..4", 'unknown key `block`; this key fits kind = "cone"'),
    ("hops.lvs.ports=1..4", f"`ports` is not a number that can be varied; {OF_LVS}"),
    ("hops.lvs.mapping", f"`mapping` is not a number that can be varied; {OF_LVS}"),
    (
        "services.share",
        "`share` is not a number that can be varied; the numbers there are addresses, time_wait",
    ),
    ("hops.lv.addresses", 'nothing here is called "lv"; did you mean "lvs"?'),
    ("hops.7.addresses", 'nothing here is called "7"; write lvs or login-proxy or a number from 0 to 1'),
    ("services.1.addresses", 'nothing here is called "1"; write 0'),
    ("trafic.hold", "no number of a chain stands there; did you mean traffic?"),
    (
        "title=1..2",
        "no number of a chain stands there; write one of traffic, clients, hops, services",
    ),
    ("hops.lvs=1..2", f"no number of a chain stands there; {WRITE}"),
    (
        "hops.login-proxy.virtual.addresses",
        "this hop has no virtual service; set hops.login-proxy.virtual first",
    ),
    ("", f"what is varied is a path, and = and a range where it should be another; {WRITE}"),
    ("=1..2", f"what is varied is a path, and = and a range where it should be another; {WRITE}"),
    (r'hops."\q".x', f"what is varied is a path, and = and a range where it should be another; {WRITE}"),
    ("hops.lvs.addresses=", f"a range is LOW..HIGH, or LOW..HIGH/POINTS; {WRITE}"),
    ("hops.lvs.addresses=1..", f"a range is LOW..HIGH, or LOW..HIGH/POINTS; {WRITE}"),
    (
        "hops.lvs.addresses=4",
        f"a range is LOW..HIGH, or LOW..HIGH/POINTS; {WRITE}; --set sets a single value",
    ),
    ("hops.lvs.addresses=4..1", "a range runs upwards; write 1..4"),
    ("traffic.hold=10m..1s/5", "a range runs upwards; write 1s..10m"),
    ("hops.lvs.addresses=1..4/0", f'"0": {POINTS}'),
    ("hops.lvs.addresses=1..4/many", f'"many": {POINTS}'),
    ("hops.lvs.addresses=1..4/", f'"": {POINTS}'),
    ("hops.lvs.addresses=1..4/100001", f'"100001": {POINTS}'),
    ("traffic.hold=0s..1s/1", "one point has no two ends; write 0s..0s, or more points"),
    (
        "hops.lvs.addresses=0..4",
        "hops[0].addresses: 0: a count of addresses is 1 or more; write at least 1",
    ),
    (
        "hops.lvs.addresses=10.0.0.1..10.0.0.9",
        "10.0.0.1 is not a count of addresses; write two counts, as in 1..64",
    ),
    (
        "hops.lvs.instances=1.5..2",
        'hops[0].instances: 1.5: a count is an integer of 1 or more; write it as in 10000, "10,000" or "10k"',
    ),
    (
        "hops.lvs.block=1..100000",
        "hops[0].block: 100000: a block is at most the NAT's 64512 ports; "
        "write a number from 1 to 64512, or widen `ports`",
    ),
    (
        "hops.login-proxy.addresses",
        'hops[1].addresses: 1: this key fits source = "own"; here it is "client"; '
        'write source = "own", or leave it out',
    ),
    ("traffic.hold=now..1s", f'traffic.hold: "now": {DURATION}'),
    ("traffic.hold=-1s..1s", f'traffic.hold: "-1s": {DURATION}'),
    ("traffic.hold=nan..1", "traffic.hold: NaN: a duration is a finite number; write a number, as in 0.25"),
    (
        "traffic.first_close=0..2",
        'traffic.first_close: 2: first_close is "client", "server" or the client\'s share from 0 to 1; '
        "write a number from 0 to 1",
    ),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_what_is_said(text: str, message: str) -> None:
    with pytest.raises(tc.InputError) as caught:
        axis(OUTAGE, text)
    assert str(caught.value) == f'"{text}": {message}'


def test_a_chain_without_hops_or_without_a_rate() -> None:
    chain = tc.loads("clients.addresses = 9\nservices = {addresses = 2, ports = 80}")
    for text, message in (
        ("hops.nat.addresses", 'nothing here is called "nat"; there are none yet'),
        ("traffic.rate", "no rate is offered; write a range, as in traffic.rate=100..1000"),
    ):
        with pytest.raises(tc.InputError) as caught:
            axis(chain, text)
        assert str(caught.value) == f'"{text}": {message}'


@pytest.mark.parametrize("text", [None, 5, ["traffic.hold"]])
def test_what_is_no_text(text: object) -> None:
    with pytest.raises(tc.InputError, match="what is varied is a path"):
        axis(OUTAGE, text)  # type: ignore[arg-type]


@given(st.text(max_size=30))
def test_any_text_is_an_axis_or_an_input_error(text: str) -> None:
    for written in (text, f"hops.lvs.{text}", f"hops.lvs.addresses={text}", f"traffic.hold=0..{text}"):
        try:
            assert axis(OUTAGE, written).values
        except tc.InputError as error:
            assert str(error).startswith("")  # noqa: PT017


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ("traffic.hold=0..10/5", (0, 10)),
        ("hops.lvs.addresses=3..90/7", (3, 90)),
        ("traffic.hold=5..5", (5, 5)),
    ],
)
def test_ends_are_two_however_many_points_are_asked_for(written: str, ends: tuple[int, int]) -> None:
    found, is_open = ends_of(OUTAGE, written, 1000)
    assert (found.values, is_open) == (ends, False)
