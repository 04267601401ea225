"""Advice keeps what it promises, stands where it belongs, and is never idle."""

import json
from fractions import Fraction
from typing import Any

import pytest
from typer.testing import CliRunner

import tuplecalc as tc
from tuplecalc.cli import app
from tuplecalc.network.file import EXAMPLES

PROMISES = [
    pytest.param(name, advice, id=f"{name}: {advice.text}")
    for name in EXAMPLES
    for advice in tc.advise(tc.capacity(tc.example(name)), most=99)
]


def chain(*hops: dict[str, Any], clients: object = 4096, services: object = 10, **keys: Any) -> tc.Chain:
    """A chain with plain ends."""
    parts = {"hops": list(hops), "services": {"addresses": services, "ports": 80}, "traffic": {"hold": "2s"}}
    return tc.from_dict({"clients": {"addresses": clients}, **parts, **keys})


def advice(topology: tc.Chain) -> dict[str, tc.Advice]:
    """All advice, by its settings."""
    return {" ".join(item.settings): item for item in tc.advise(tc.capacity(topology), most=99)}


NAT = {"name": "nat", "kind": "cone", "addresses": 4}
PROXY = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "source": "client", "ports": "1024-65535"}


@pytest.mark.parametrize(("name", "item"), PROMISES)
def test_what_is_promised_is_what_the_settings_give(name: str, item: tc.Advice) -> None:
    arguments = [word for setting in item.settings for word in ("--set", setting)]
    result = CliRunner().invoke(app, ["capacity", name, "-o", "json", *arguments], catch_exceptions=False)
    changed = json.loads(result.stdout)
    assert changed["flows"] == item.flows
    assert changed["rate"] == (None if item.rate is None else float(item.rate))


@pytest.mark.parametrize(("name", "item"), PROMISES)
def test_a_library_user_gets_the_same(name: str, item: tc.Advice) -> None:
    changed = tc.capacity(tc.with_settings(tc.example(name), *item.settings))
    assert (changed.flows, changed.rate) == (item.flows, item.rate)


@pytest.mark.parametrize(("name", "item"), PROMISES)
def test_nothing_is_offered_that_does_not_help(name: str, item: tc.Advice) -> None:
    result = tc.capacity(tc.example(name))
    assert result.rate is not None
    better = item.flows > result.flows or item.rate is None or item.rate > result.rate
    assert item.apart or better


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_best_comes_first_and_there_are_five_at_most(name: str) -> None:
    result = tc.capacity(tc.example(name))
    assert result.rate is not None
    all_items, items = tc.advise(result, most=99), tc.advise(result)
    assert len(items) <= 5
    assert [item for item in items if not item.apart] == list(all_items[: len(items) - items[-1].apart])
    gains = [
        Fraction(item.flows, result.flows) * Fraction(item.rate or 0) / result.rate
        for item in items
        if not item.apart and item.flows >= result.flows and (item.rate or 0) >= result.rate
    ]
    # One figure may grow alone; what grows both by x counts as x, so products only bound the order.
    assert gains
    assert all(gain > 1 for gain in gains)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_ranges_apart_are_the_last_advice_under_strict_tracking_and_always_there(most: int) -> None:
    *others, last = tc.advise(tc.capacity(chain(NAT, PROXY)), most=most)
    assert last.apart
    assert len(others) < most
    assert not any(item.apart for item in others)
    assert last.settings == ("hops.nat.ports=1024-33279", "hops.proxy.ports=33280-65535")
    assert last.flows == 4 * 10 * 32256  # no fewer than half, which the shared limit allows as well


def test_no_advice_where_none_is_wanted() -> None:
    assert tc.advise(tc.capacity(chain(NAT, PROXY)), most=0) == ()


def test_each_hop_of_a_row_gets_one_range_only() -> None:
    ranges = ("1024-33279", "1024-65535", "33280-65535")
    row = [{**PROXY, "name": f"p{i}", "ports": ports} for i, ports in enumerate(ranges)]
    settings = [item.settings for item in advice(chain(NAT, *row)).values() if item.apart]
    paths = [setting.partition("=")[0] for pair in settings for setting in pair]
    assert paths
    assert len(set(paths)) == len(paths)


def test_two_limits_that_bind_alike_are_raised_together() -> None:
    bound = chain({**PROXY, "allocation": "bind", "ports": "32768-60999"})
    bound = tc.with_settings(bound, "clients.allocation=bind")
    found = advice(bound)
    both = found["clients.allocation=tuple hops.proxy.allocation=tuple"]
    assert both.flows > 2 * tc.capacity(bound).flows


@pytest.mark.parametrize(
    ("nat", "proxy", "settings"),
    [
        ("1-10", "5-20", ("hops.nat.ports=1-10", "hops.proxy.ports=11-20")),
        ("1-20", "5-10", ('hops.nat.ports=["1-4", "11-20"]', "hops.proxy.ports=5-10")),
        ("1-3", "1-3", ("hops.nat.ports=1", "hops.proxy.ports=2-3")),
    ],
)
def test_ranges_apart_make_the_smaller_as_large_as_can_be(
    nat: str, proxy: str, settings: tuple[str, str]
) -> None:
    topology = chain({**NAT, "ports": nat}, {**PROXY, "ports": proxy})
    found = [item for item in advice(topology).values() if item.apart]
    assert [item.settings for item in found] == [settings]


def test_every_split_of_a_few_ports_is_no_better_than_the_advised_one() -> None:
    topology = chain({**NAT, "ports": "1-7"}, {**PROXY, "ports": "3-9"})
    (item,) = (item for item in advice(topology).values() if item.apart)
    both = tc.PortSet("3-7")
    for chosen in range(2**5):
        to_nat = [port for bit, port in enumerate(both) if chosen >> bit & 1]
        to_proxy = [port for port in both if port not in to_nat]
        split = chain({**NAT, "ports": [1, 2, *to_nat]}, {**PROXY, "ports": [8, 9, *to_proxy]})
        assert tc.capacity(split).flows <= item.flows


@pytest.mark.parametrize("tracking", ["loose", "off"])
def test_overlapping_ranges_are_fine_where_tracking_does_not_mind(tracking: str) -> None:
    assert not any(item.apart for item in advice(chain(NAT, {**PROXY, "tracking": tracking})).values())


def test_ranges_that_are_apart_are_left_alone() -> None:
    topology = chain({**NAT, "ports": "1024-33279"}, {**PROXY, "ports": "33280-65535"})
    assert not any(item.apart for item in advice(topology).values())


def test_one_port_cannot_be_kept_apart() -> None:
    assert not any(item.apart for item in advice(chain({**NAT, "ports": 9}, {**PROXY, "ports": 9})).values())


def test_no_tracking_is_offered_for_the_port_constraint() -> None:
    item = advice(chain(NAT, PROXY))["hops.proxy.tracking=off"]
    assert item.flows == 2 * tc.capacity(chain(NAT, PROXY)).flows


def test_bind_is_answered_with_bind_address_no_port() -> None:
    topology = chain({**PROXY, "source": "own", "allocation": "bind"})
    item = advice(topology)["hops.proxy.allocation=tuple"]
    assert item.text == "IP_BIND_ADDRESS_NO_PORT at proxy"
    assert item.flows == 10 * tc.capacity(topology).flows


def test_clients_that_bind_get_the_same_answer() -> None:
    topology = chain(clients=1).model_copy()
    topology = tc.with_settings(topology, "clients.allocation=bind")
    item = advice(topology)["clients.allocation=tuple"]
    assert item.text == "clients that connect with IP_BIND_ADDRESS_NO_PORT"
    assert item.flows == 10 * tc.capacity(topology).flows


@pytest.mark.parametrize("settings", ["hops.proxy.listen_addresses=2", "hops.proxy.listen_ports=1024-1025"])
def test_another_listener_is_offered_where_listeners_bind(settings: str) -> None:
    topology = chain(NAT, {**PROXY, "capture": "nat", "source": "own", "addresses": 9})
    item = advice(topology)[settings]
    assert item.text.startswith("another listener ")
    assert item.flows == 2 * tc.capacity(topology).flows


def test_tproxy_is_offered_instead_of_redirect() -> None:
    topology = chain(NAT, {**PROXY, "capture": "nat", "source": "own", "addresses": 9})
    assert advice(topology)["hops.proxy.capture=tproxy"].flows > tc.capacity(topology).flows


def test_reuse_of_time_wait_is_offered_where_the_proxy_waits() -> None:
    topology = chain({**PROXY, "source": "own"})
    item = advice(topology)["hops.proxy.reuse_after=1s"]
    assert "tcp_tw_reuse" in item.text
    assert item.flows == tc.capacity(topology).flows
    assert item.rate == 64512 * 10 / Fraction(2 + 1)


def test_no_reuse_is_offered_where_nothing_waits() -> None:
    assert "hops.proxy.reuse_after=1s" not in advice(chain({**PROXY, "source": "own", "time_wait": "1s"}))


@pytest.mark.parametrize(
    ("hops", "settings"),
    [
        ([NAT], "hops.nat.addresses=5"),
        ([NAT, PROXY], "hops.nat.addresses=5"),
        ([{**PROXY, "source": "own", "addresses": 3}], "hops.proxy.addresses=4"),
        ([{**NAT, "addresses": "192.0.2.0/30"}], 'hops.nat.addresses=["192.0.2.0/30", 1]'),
    ],
)
def test_another_address_is_offered_where_addresses_are_few(
    hops: list[dict[str, Any]], settings: str
) -> None:
    topology = chain(*hops)
    now = tc.capacity(topology).flows
    assert (own := topology.hops[0].own_addresses)
    assert advice(topology)[settings].flows == now + now // own.size


def test_another_client_address_is_offered_where_clients_bind() -> None:
    assert advice(chain(clients=1))["clients.addresses=2"].flows == 2 * 28232 * 10


def test_more_ports_are_offered_to_who_uses_few() -> None:
    assert advice(chain(clients=1))["clients.ports=1024-65535"].flows == 64512 * 10
    assert advice(chain({**NAT, "ports": "1-2047"}))["hops.nat.ports=1-65535"].flows == 4 * 65535 * 10


def test_a_larger_table_or_more_files_are_offered_where_they_bind() -> None:
    firewall = {"name": "fw", "kind": "hourglass", "layer": 3, "max_entries": 100}
    assert advice(chain(firewall))["hops.fw.max_entries=200"].flows == 200
    assert advice(chain({**NAT, "max_entries": 100}))["hops.nat.max_entries=200"].flows == 200
    proxy = {**PROXY, "max_files": 100, "max_entries": 150}
    assert advice(chain(proxy))["hops.proxy.max_files=200"].flows == 75
    no_tracking = advice(chain({**proxy, "max_files": 200}))["hops.proxy.tracking=off"]
    assert no_tracking.flows == 100


def test_cones_that_waste_ports_are_told_so() -> None:
    shared = advice(chain({**NAT, "mapping": "endpoint-independent"}))
    assert shared["hops.nat.mapping=endpoint-dependent"].flows == 4 * 64512 * 10
    blocks = advice(chain({**NAT, "block": 1024}, clients=9))
    assert blocks["hops.nat.block=2048"].flows == 9 * 2048 * 10


@pytest.mark.parametrize("name", ["edge nat.1", "[b]", "'", 'a "b"', "a=b", "back\\slash", "7"])
def test_any_name_will_do(name: str) -> None:
    topology = chain({**NAT, "name": name})
    for item in advice(topology).values():
        assert tc.capacity(tc.with_settings(topology, *item.settings)).flows == item.flows


def test_a_name_with_blanks_is_quoted() -> None:
    assert next(iter(advice(chain({**NAT, "name": "edge nat.1"})))).startswith('hops."edge nat.1".')


def test_advice_that_does_not_fit_the_hop_is_left_out() -> None:
    topology = chain({**NAT, "instances": 2, "block": 40_000})
    assert not any("block" in settings for settings in advice(topology))


def test_no_product_is_asked_for_what_it_does_not_let_one_change() -> None:
    """Another address, but neither more ports nor a shorter wait; what was written by hand may be changed."""
    chain = tc.from_dict(
        {
            "traffic": {"hold": "1s"},
            "clients": {"addresses": 10**6},
            "hops": [{"name": "nat", "preset": "aws-nat-gateway", "addresses": 1}],
            "services": {"addresses": 1, "ports": 80},
        }
    )
    settings = [setting for advice in tc.advise(tc.capacity(chain)) for setting in advice.settings]
    assert settings == ["hops.nat.addresses=2"]
    by_hand = tc.with_settings(chain, "hops.nat.time_wait=60s")
    settings = [setting for advice in tc.advise(tc.capacity(by_hand)) for setting in advice.settings]
    assert sorted(settings) == ["hops.nat.addresses=2", "hops.nat.time_wait=30s"]


def test_gaps_get_what_a_shared_table_gets() -> None:
    """With fewer ports at lvs than in the table the gaps bind the rate, and files the flows.

    Without a table ``35,976·6/420``.
    """
    changes = ["hops.lvs.ports=1024-36999", "hops.login-proxy.max_files=60000"]
    result = tc.capacity(tc.example("outage", changes))
    assert result.binding is result.limit("login-proxy", "files")
    assert result.rate_binding is result.limit("login-proxy", "gaps")
    found = {advice.settings: advice for advice in tc.advise(result)}
    assert found[("hops.login-proxy.tracking=off",)].rate == Fraction(35_976 * 6, 420)
    assert ("hops.lvs.addresses=2",) in found
    assert [advice.settings for advice in found.values() if advice.apart] == [
        ("hops.lvs.ports=1024-33279", "hops.login-proxy.ports=33280-65535")
    ]
    sooner = next(each for each in tc.advise(result, 9) if each.settings == ("hops.lvs.time_wait=30s",))
    assert sooner.rate == tc.capacity(tc.with_settings(result.chain, *sooner.settings)).rate
    assert Fraction(sooner.rate or 0) > Fraction(result.rate or 0) > 0
