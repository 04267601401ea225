"""Advice keeps what it promises, stands where it belongs, and is never idle."""

import json
import re
from fractions import Fraction
from typing import Any

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.network.file import EXAMPLES, loads
from tuplecalc.questions.solving import solve
from tuplecalc.render import solved
from tuplecalc.render.capacity import markdown
from tuplecalc.render.sentences import advised
from tuplecalc.under_load.offered import offered

CGN = """
traffic.rate = 20000
clients.addresses = 12000
hops = [{name = "cgn", kind = "cone", addresses = 56, block = 1024}]
services = {addresses = 1, ports = 443}
"""
SPREAD = """
traffic = {rate = 100, hold = "30s"}
clients.addresses = 1
hops = [{name = "nlb", kind = "hourglass", layer = 4, virtual = {addresses = 3, ports = 443}}]
services = {addresses = 4, ports = 443}
"""
SERVER_CLOSES = """
traffic.first_close = "server"
clients.addresses = 256
hops = [{name = "nat", kind = "cone", addresses = 1, time_wait = "120s"}]
services = {addresses = 1, ports = 443, time_wait = "60s"}
"""
REDIRECT = """
clients.addresses = 100
services = {addresses = 1000, ports = 443}
hops = [
  {name = "nat", kind = "cone", addresses = 1},
  {name = "p", kind = "hourglass", capture = "nat", source = "own", listen_ports = 3128},
]
"""
DIRECT = """
traffic.hold = "1s"
clients.addresses = 1
services = {addresses = 1, ports = 443}
"""
FULL = """
traffic = {rate = 100, hold = "10ms"}
clients.addresses = 1
hops = [{name = "fw", kind = "hourglass", layer = 3, max_entries = 10067}]
services = {addresses = 1, ports = 443}
"""
CLOUD = """
traffic.hold = "1s"
clients.addresses = 20
hops = [{name = "lb", preset = "azure-load-balancer-default", addresses = 1}]
services = {addresses = 1, ports = 443}
"""
AWS = """
traffic.hold = "1s"
clients.addresses = 1000
hops = [{name = "nat", preset = "aws-nat-gateway", addresses = 1}]
services = {addresses = 1, ports = 443}
"""
ALIKE = """
traffic.hold = "1s"
clients = {addresses = 1, allocation = "bind"}
hops = [{name = "p", kind = "hourglass", capture = "listen", allocation = "bind"}]
services = {addresses = 4, ports = 443}
"""
LITERAL = """
traffic = {rate = 600, hold = "60s", kinds = [{name = "a", share = "1/2"}, {name = "b", share = "1/2"}]}
clients.addresses = 65536
hops = [
  {name = "n1", kind = "cone", addresses = ["203.0.113.2", "203.0.113.9"], traffic = "a"},
  {name = "n2", kind = "cone", addresses = ["203.0.113.1", "203.0.113.5"], traffic = "b"},
]
services = {addresses = 2, ports = 443}
"""
CASES = {
    "two alike, addresses in lists": LITERAL,
    "clients that get nothing": CGN,
    "fan-in": SPREAD,
    "the service closes": SERVER_CLOSES,
    "redirect": REDIRECT,
    "direct": DIRECT,
    "windows": DIRECT.replace("= 1\n", '= 1\nclients.preset = "windows-client"\n', 1),
    "a full table": FULL,
    "a cloud": CLOUD,
    "limits alike": ALIKE,
}
EVERY = [*EXAMPLES, *CASES]


def chain(*hops: dict[str, Any], clients: object = 4096, services: object = 10, **keys: Any) -> tc.Chain:
    """A chain with plain ends."""
    parts = {"hops": list(hops), "services": {"addresses": services, "ports": 80}, "traffic": {"hold": "2s"}}
    return tc.from_dict({"clients": {"addresses": clients}, **parts, **keys})


def advice(topology: tc.Chain) -> dict[str, tc.Advice]:
    """All advice, by its settings."""
    return {" ".join(item.settings): item for item in tc.advise(tc.capacity(topology), most=99)}


NAT = {"name": "nat", "kind": "cone", "addresses": 4}
PROXY = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "source": "client", "ports": "1024-65535"}


def case(name: str) -> tc.Chain:
    """A chain by its name: one of those above, or a bundled example."""
    return loads(CASES[name]) if name in CASES else tc.example(name)


def record(name: str, *settings: str) -> dict[str, Any]:
    """What the command says of it, with these settings."""
    arguments = [word for setting in settings for word in ("--set", setting)]
    file = ("-", CASES[name]) if name in CASES else (name, None)
    found: dict[str, Any] = json.loads(
        invoke("capacity", file[0], "-o", "json", *arguments, stdin=file[1]).stdout
    )
    return found


@pytest.mark.parametrize("name", EVERY)
def test_what_the_command_promises_is_what_its_settings_give(name: str) -> None:
    now = record(name)
    assert now["advice"]
    for item in now["advice"]:
        then = record(name, *item["set"])
        assert {key: then[key] for key in ("flows", "rate")} == {key: item[key] for key in ("flows", "rate")}
        assert then["served"]["served"] >= now["served"]["served"]
        if now["offered"]:
            after = then["offered"]["expected_failing"]
            assert item["expected_failing"] == pytest.approx(after)
            if now["offered"]["verdict"] == "fails":
                assert after["upper"] < now["offered"]["expected_failing"]["upper"]
                continue
            assert after["upper"] <= 1e-3
        more = [then["served"]["served"] > now["served"]["served"], then["flows"] > now["flows"]]
        assert any([*more, then["rate"] > now["rate"], "separate" in item["text"]])


@pytest.mark.parametrize("name", EVERY)
def test_what_a_terminal_shows_can_be_followed(name: str) -> None:
    """The settings stand there as they are written in JSON, each on a line of its own."""
    file = ("-", CASES[name]) if name in CASES else (name, None)
    shown = re.findall(r"^ +--set (.+)$", invoke("capacity", file[0], stdin=file[1]).stdout, re.MULTILINE)
    told = [setting for item in record(name)["advice"] for setting in item["set"]]
    assert [each.strip("'") for each in shown] == told


@pytest.mark.parametrize("name", EVERY)
def test_a_library_user_gets_the_same_and_nothing_idle(name: str) -> None:
    """No change and the same with another beside it that adds nothing; none twice, in whatever order."""
    found = tc.advise(tc.capacity(case(name)), most=99)
    assert len({frozenset(item.settings) for item in found}) == len(found)
    for item in found:
        changed = tc.capacity(tc.with_settings(case(name), *item.settings))
        assert (changed.flows, changed.rate, changed.served) == (item.flows, item.rate, item.served)
        for other in found:
            if set(other.settings) < set(item.settings):
                assert (other.flows, other.rate or 0) < (item.flows, item.rate or 0)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_best_comes_first_and_there_are_five_at_most(name: str) -> None:
    result = tc.capacity(tc.example(name))
    assert result.rate is not None
    all_items, items = tc.advise(result, most=99), tc.advise(result)
    assert len(items) <= 5
    fails = any(item.now is not None and item.now.upper > 1e-3 for item in items)
    first = items if fails else [item for item in items if not item.apart]
    assert [*first] == list(all_items[: len(first)])
    gains = [
        Fraction(item.flows, result.flows) * Fraction(item.rate or 0) / result.rate
        for item in items
        if not item.apart and item.flows >= result.flows and (item.rate or 0) >= result.rate
    ]
    if fails:
        offered = result.chain.traffic.offered or 0
        order = [
            (item.rate is not None and offered > item.rate, item.is_of_services, item.expected.upper)
            for item in items
            if item.expected is not None and item.expected.upper > 1e-3
        ]
        assert order == sorted(order)
        return
    # One figure may grow alone; what grows both by x counts as x, so products only bound the order.
    assert all(gain > 1 for gain in gains)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_ranges_apart_are_the_last_advice_under_strict_tracking_and_always_there(most: int) -> None:
    *others, last = tc.advise(tc.capacity(chain(NAT, PROXY)), most=most)
    assert last.apart
    assert len(others) < most
    assert not any(item.apart for item in others)
    assert last.settings == ("hops.nat.ports=1024-33279", "hops.proxy.ports=33280-65535")
    assert last.flows == 4 * 10 * 32256  # no fewer than half, which the shared limit allows as well


def test_advice_for_flows_helps_flows() -> None:
    """Not a shorter linger: it would raise the rate only, of which nothing is offered."""
    wanted = tc.with_settings(tc.example("cone"), "traffic.rate=", "traffic.flows=9999999")
    assert [each.settings for each in tc.advise(tc.capacity(wanted))] == [("hops.nat.addresses=5",)]
    unknown = tc.with_settings(wanted, "traffic.flows=")
    assert ("hops.nat.time_wait=30s",) in [each.settings for each in tc.advise(tc.capacity(unknown))]


WANTED = """
traffic = {hold = 60, rate = 100, flows = 80_000}
clients = {addresses = 400}
services = {addresses = 1, ports = 80}
hops = [{name = "nat", kind = "cone", addresses = 1}]
"""


def test_advice_says_what_becomes_of_flows_that_are_wanted() -> None:
    """A second address has room for 129,024 of 80,000; a shorter linger helps the rate, and comes last."""
    result = tc.capacity(tc.loads(WANTED))
    first, *_, last = tc.advise(result)
    assert first.settings == ("hops.nat.addresses=2",)
    assert advised.advice(result, first).endswith(
        "80,000 connections wanted at once are 62% of those that can be open"
    )
    assert last.settings == ("hops.nat.time_wait=30s",)
    assert advised.advice(result, last).endswith(
        "80,000 connections wanted at once are 124% of those that can be open: still too many"
    )


@pytest.mark.parametrize("advice_for", [120_000, 4_000_000])
def test_what_a_remedy_says_of_wanted_flows_is_what_capacity_says_with_it(advice_for: int) -> None:
    chain = tc.with_settings(tc.loads(WANTED), f"traffic.flows={advice_for}")
    for item in tc.advise(tc.capacity(chain)):
        (wanted,) = item.wanted
        assert wanted == offered(tc.with_settings(chain, *item.settings)).wanted[0]


def test_that_nothing_helps_is_said() -> None:
    fixed = ["traffic.rate=99999", 'hops.nat.fixed=["addresses", "ports", "time_wait"]']
    fails = tc.with_settings(tc.example("cone"), *fixed, 'services.fixed=["addresses", "ports"]')
    several = "Several together may: try them by --set."
    words = f"\n\nNo single change is known to lower what fails. {several}\n"
    assert words in markdown(tc.capacity(fails))
    preset = tc.with_settings(fails, "hops.nat.preset=tencent-nat-gateway")
    words = f"No single change that the preset of nat leaves open is known to lower what fails. {several}\n"
    assert f"\n\n{words}" in markdown(tc.capacity(preset))
    assert "would help" not in markdown(tc.capacity(tc.with_settings(fails, "traffic.rate=9")))


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
    assert item.text == "ports picked for each destination, not for all by a bind before connecting, at proxy"
    assert item.flows == 10 * tc.capacity(topology).flows


def test_clients_that_bind_get_the_same_answer() -> None:
    topology = chain(clients=1).model_copy()
    topology = tc.with_settings(topology, "clients.allocation=bind")
    item = advice(topology)["clients.allocation=tuple"]
    assert (
        item.text
        == "ports picked for each destination, not for all by a bind before connecting, at the clients"
    )
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
    assert item.text == "reuse of ports in TIME_WAIT after 1s at proxy"  # whatever its system calls that
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
    largest = advice(chain(firewall))["hops.fw.max_entries=16777216"]
    assert largest.text.endswith("(no larger: this takes gigabytes of memory already)")
    # 21,151/s of 122 s at the NAT: 2,580,480 entries, and the next power of two.
    assert advice(chain({**NAT, "max_entries": 100}))["hops.nat.max_entries=4194304"].flows == 2_580_480
    # 122 s of what is offered, 80 % full at most.
    small = {**NAT, "max_entries": 100}
    assert "hops.nat.max_entries=16384" in advice(tc.with_settings(chain(small), "traffic.rate=100"))
    assert "hops.nat.max_entries=32768" in advice(tc.with_settings(chain(small), "traffic.rate=110"))
    proxy = {**PROXY, "max_files": 100, "max_entries": 150}
    assert advice(chain(proxy))["hops.proxy.max_files=256"].flows == 75
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
    assert "hops.nat.block=80000" not in advice(topology)


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


# What can be followed.


def rates(name: str) -> dict[str, float]:
    """All advice by its settings, with the rates."""
    found = {
        " ".join(each.settings): float(each.rate or 0) for each in tc.advise(tc.capacity(case(name)), 99)
    }
    return {settings: round(rate, 1) for settings, rate in found.items()}


def test_who_gets_nothing_comes_first() -> None:
    """3,528 clients have a block of 1,024; 191 addresses, or blocks of 300, are enough for 12,000."""
    first, second, *others = tc.advise(tc.capacity(case("clients that get nothing")))
    assert first.settings == ("hops.cgn.addresses=191",)
    assert second.settings == ("hops.cgn.block=300",)
    assert first.served.are_all
    assert second.served.are_all
    assert others
    assert not any("block" in settings for each in others for settings in each.settings)
    text = invoke("capacity", "-", stdin=CGN).stdout
    assert "; all 12,000 clients get ports" in " ".join(text.split())
    spanning = loads(CGN.replace("1024", "1024, blocks_span = true"))
    first, second, *_ = tc.advise(tc.capacity(spanning))
    assert first.settings == ("hops.cgn.addresses=191",)  # 12,000 × 1,024 of 64,512 each
    assert second.settings == ("hops.cgn.block=301",)


def test_more_virtual_endpoints_are_advised_where_ports_are_chosen_behind_them() -> None:
    """A balancer that keeps the source folds them onto the services, unseen; a cone chooses ports anew."""
    assert not any("virtual" in settings for settings in rates("fan-in"))
    nat = {**NAT, "virtual": {"addresses": 1, "ports": 443}}
    assert "hops.nat.virtual.ports=[443, 8443]" in advice(chain(nat, clients=1))


def test_a_shorter_linger_says_what_services_see() -> None:
    item = advice(case("the service closes"))["hops.nat.time_wait=30s"]
    assert item.text.endswith("though services that closed first may still hold them in TIME_WAIT")
    assert item.rate == 64512 / Fraction(60)
    by_clients = tc.with_settings(case("the service closes"), "traffic.first_close=client")
    assert (
        advice(by_clients)["hops.nat.time_wait=30s"].text
        == "closed connections that free their port at nat after 30s"
    )
    gives_way = "hops.nat.closing=gives-way", "hops.nat.time_wait="
    assert list(advice(tc.with_settings(case("the service closes"), *gives_way))) == ["hops.nat.addresses=2"]


def test_what_needs_another_key_gone_says_so() -> None:
    item = advice(case("redirect"))["hops.p.capture=tproxy hops.p.listen_ports="]
    assert item.text == "capture by TPROXY instead of REDIRECT at p, without listen_ports"
    assert item.flows == 28_232_000


def test_services_are_a_remedy_of_who_runs_out_of_ports() -> None:
    found = rates("direct")
    assert found["services.addresses=2"] == found["services.ports=[443, 8443]"] == 925.6
    assert "services.addresses=2" not in rates("a full table")


@pytest.mark.parametrize(
    ("preset", "settings", "knob"),
    [
        ("linux-client", "clients.reuse_after=1s", "net.ipv4.tcp_tw_reuse"),
        ("linux-client", "clients.ports=1024-65535", "net.ipv4.ip_local_port_range"),
        ("windows-client", "clients.time_wait=30s", "TcpTimedWaitDelay"),
    ],
)
def test_a_platform_is_told_its_own_knob(preset: str, settings: str, knob: str) -> None:
    found = advice(tc.with_settings(case("direct"), f"clients.preset={preset}"))
    assert f"({knob}" in found[settings].text
    assert ("clients.reuse_after=1s" in found) == (preset == "linux-client")
    assert not any(knob in each.text for each in advice(case("direct")).values())


def test_a_full_table_empties_sooner_or_is_not_used() -> None:
    assert rates("a full table") == {
        "hops.fw.max_entries=": 470.5,
        "hops.fw.tracking_time_wait=30s": 335.5,
        "hops.fw.max_entries=16384": 136.5,
    }
    balancer = tc.with_settings(case("a full table"), "hops.fw.virtual={addresses = 1, ports = 80}")
    assert "hops.fw.max_entries=" not in advice(balancer)  # it needs its table to find the way back


def test_explicit_ports_replace_the_default_table_of_a_cloud() -> None:
    """64,000 for 20 clients, in multiples of 8; 21 would have 3,047."""
    item = advice(case("a cloud"))["hops.lb.block=3200"]
    assert item.flows == 64_000
    assert "allocatedOutboundPorts" in item.text
    assert "hops.lb.block=3040" in advice(tc.with_settings(case("a cloud"), "clients.addresses=21"))


def test_several_limits_alike_take_several_changes_each_once() -> None:
    found = advice(case("limits alike"))
    assert found["clients.ports=1024-65535 hops.p.allocation=tuple"].flows == 64_512
    assert not any(settings.startswith("hops.p.allocation=tuple ") for settings in found)
    assert not any("connections_per_flow=1/100" in settings for settings in found)  # of 5 gains as much


def test_what_is_fixed_is_left_alone_and_most_is_the_end() -> None:
    direct = case("direct")
    fixed = (
        'services.fixed=["addresses"]',
        "services.most.ports=1",
        'clients.fixed=["ports", "reuse_after"]',
    )
    found = advice(tc.with_settings(direct, *fixed, "clients.most.addresses=2"))
    (item,) = found.values()
    assert item.settings == ("clients.addresses=2",)
    assert item.text == "another client address (2 are the most that are allowed)"


def test_solve_stays_within_what_a_product_allows() -> None:
    most, nat = "8 addresses are the most that this product allows", "hops.nat.addresses"
    found = solve(loads(AWS), nat, flows=440_000)
    assert found.value == 8
    assert solved.text(found).endswith(f"{most}.\n  --set {nat}=8\n")
    assert solve(loads(AWS), nat, flows=440_001).value is None
    reason = solved.reason(solve(loads(AWS), nat, flows=440_001))
    assert reason.endswith(f"allows 440,000 connections. {most}.")
    assert solve(tc.with_settings(loads(AWS), "hops.nat.most.addresses=9"), nat, flows=440_001).value == 9
    with pytest.raises(tc.InputError) as beyond:
        solve(loads(AWS), f"{nat}=9..12", flows=9)
    rule = 'hops[0].addresses: 9: the preset "aws-nat-gateway" allows 8 at most'
    way_out = "write no more, or most = { addresses = 9 } where yours allows them"
    assert str(beyond.value) == f'"{nat}=9..12": {rule}; {way_out}'
    with pytest.raises(tc.InputError) as fixed:
        solve(loads(AWS), "hops.nat.ports", flows=9)
    rule = "this cannot be changed here: it is `fixed`, by the file or by its preset"
    assert str(fixed.value) == f'"hops.nat.ports": {rule}; name another number'


def test_solve_takes_multiples_only() -> None:
    """50,500 flows of 20 clients are 2,525 each, and 2,528 is the next multiple of 8."""
    azure = loads(CLOUD.replace('default"', '", block = 8').replace("balancer-", "balancer"))
    assert solve(azure, "hops.lb.block", flows=50_500).value == 2528
    assert solve(azure, "hops.lb.block", flows=50_561).value == 2536


@pytest.mark.parametrize(
    ("preset", "least"),
    [("google-cloud-nat", [4, 2048, 4096]), ("a10-lsn", [64, 2048, 4096])],
)
def test_solve_and_advice_take_powers_of_two_only(preset: str, least: list[int]) -> None:
    """2,525 each for 50,500 flows of 20 clients; 600 clients of 2 addresses get 215 each, so 128."""
    text = CLOUD.replace('azure-load-balancer-default"', f'{preset}", block = 64')
    cloud = loads(text.replace("addresses = 1}", "addresses = 2, blocks_per_client = 1}"))
    found = [solve(cloud, "hops.lb.block", flows=flows) for flows in (20 * 3, 20 * 2048, 20 * 2048 + 1)]
    assert [each.value for each in found] == least
    assert "With 2,048" in solved.text(found[-1])
    many = tc.with_settings(cloud, "clients.addresses=600", "hops.lb.block=1024")
    assert "hops.lb.block=128" in advice(many)
    assert "block a power of two" in invoke("presets", preset).stdout


def test_solve_and_advice_know_the_smallest_block() -> None:
    """10,000 clients at 7 addresses would have blocks of 42, and FortiGate's begin at 64."""
    text = CLOUD.replace("azure-load-balancer-default", "fortigate-pba").replace("= 20\n", "= 10000\n")
    fortigate = tc.with_settings(loads(text), "hops.lb.addresses=7")
    assert not any("hops.lb.block" in each for each in advice(fortigate))
    assert "hops.lb.block=72" in advice(tc.with_settings(fortigate, "hops.lb.addresses=12"))
    few = tc.with_settings(fortigate, "clients.addresses=10")
    assert solve(few, "hops.lb.block", flows=1).value == 64
    assert "at least 64 block" in invoke("presets", "fortigate-pba").stdout


def test_a_change_stands_alone_where_another_beside_it_adds_nothing() -> None:
    """One address more is 1%, so that pairs are tried: the cone's ports bind as the proxy's legs do."""
    many = {**NAT, "addresses": 100, "fixed": ["ports", "time_wait"]}
    both = chain(many, {**PROXY, "tracking": "off"})
    assert list(advice(both)) == [
        "services.addresses=11",
        "hops.nat.addresses=101",
        "services.ports=[80, 8080]",
    ]
    fixed = tc.with_settings(both, 'services.fixed=["addresses", "ports"]')
    assert list(advice(fixed)) == ["hops.nat.addresses=101"]


def test_all_proxies_of_a_machine_go_without_tracking_together() -> None:
    """Each of them would disagree with the other, said or not."""
    both = chain({**PROXY, "machine": "m"}, {**PROXY, "name": "q", "machine": "m"})
    assert "hops.proxy.tracking=off hops.q.tracking=off" in advice(both)


def test_instances_are_told_to_share_out_the_services_and_not_the_flows() -> None:
    """By flows none sees the ports that another took; by services each has its own."""
    several = {**PROXY, "instances": 3, "tracking": "off"}
    busy = "traffic.rate=3000"
    found = advice(tc.with_settings(chain(several, clients=2), busy))["hops.proxy.split=services"]
    assert found.expected is not None
    assert found.expected.upper == pytest.approx(0, abs=1e-9)
    assert "hops.proxy.split=services" not in advice(tc.with_settings(chain(PROXY, clients=2), busy))
