"""Advice where a rate is offered: it lowers what is expected to fail, and raises it nowhere."""

import json

import pytest

import tuplecalc as tc
from tests.questions.test_advice import CGN, SPREAD, advice
from tuplecalc.network.file import loads
from tuplecalc.render import numbers
from tuplecalc.render.sentences import advised
from tuplecalc.under_load import search

REMEMBERS = """
traffic = {rate = 500, hold = "1s"}
clients = {addresses = 1, ports = "1024-65535", reuse_after = "1s"}
hops = [{name = "fw", kind = "hourglass", layer = 3, reuse_after = "10s"}]
services = {addresses = 1, ports = 443}
"""


@pytest.mark.parametrize(
    ("topology", "helps", "idle"),
    [
        (
            tc.example("outage", ["traffic.rate=570"]),
            "hops.login-proxy.tracking=off",
            "hops.login-proxy.reuse_after=1s",
        ),
        (
            tc.example("outage", ["traffic.rate=50"]),
            "hops.lvs.addresses=2",
            "hops.login-proxy.reuse_after=1s",
        ),
        (loads(SPREAD), "clients.ports=1024-65535", "clients.reuse_after=1s"),
        (loads(CGN), "hops.cgn.addresses=57", "hops.cgn.time_wait=30s"),
        (tc.example("inverted-cone-tproxy"), "hops.nat.addresses=5", "hops.nat.time_wait=30s"),
        # Two kinds: what binds is not where flows collide.
        (
            tc.example("mixed-by-share"),
            "hops.nat.ports=1024-33279 hops.tproxy.ports=33280-65535",
            "hops.redirect.listen_addresses=2",
        ),
    ],
)
def test_what_lowers_nothing_of_what_fails_is_no_remedy(topology: tc.Chain, helps: str, idle: str) -> None:
    now, found = tc.offered(topology).expected, advice(topology)
    assert now is not None
    assert idle not in found
    for settings in (helps, idle):
        then = tc.offered(tc.with_settings(topology, *settings.split())).expected
        assert then is not None
        assert (then.upper < 0.999 * now.upper) == (settings == helps)
    assert found[helps].expected is not None
    assert all(each.expected is not None and each.expected.upper < now.upper for each in found.values())


def test_a_tuple_is_not_used_again_while_a_firewall_remembers_it() -> None:
    """Reuse after 1 s is refused for 9 s more; where the service closed, clients have nothing to wait for."""
    topology = loads(REMEMBERS)
    found = advice(topology)
    item = found["clients.reuse_after=10s"]
    assert item.text == "tuples of the clients not used again for 10s, as long as fw remembers them"
    assert item.expected is not None
    assert item.expected.upper == pytest.approx(0, abs=1e-9)
    assert item.rate == tc.capacity(topology).rate
    assert found["hops.fw.reuse_after=1s"].expected == item.expected
    short = tc.with_settings(topology, "clients.reuse_after=", "clients.time_wait=5s")
    assert "clients.time_wait=10s" in advice(short)
    linux = tc.with_settings(topology, "clients.preset=linux-client")
    assert "tcp_tw_reuse_delay" in advice(linux)["clients.reuse_after=10s"].text
    assert "clients.reuse_after=10s" not in advice(tc.with_settings(topology, "traffic.first_close=server"))
    assert "clients.reuse_after=10s" not in advice(tc.with_settings(topology, "clients.reuse_after=10s"))


MANY = """
clients = {addresses = 65536, ports = "1024-65535"}
services = {addresses = 2, ports = 443, time_wait = "60s"}
"""
ANSWERED = (
    MANY
    + """
traffic = {rate = 500, hold = "10s", first_close = "server"}
hops = [{name = "nat", kind = "cone", addresses = 1, time_wait = "1s"}]
"""
)
FORGETS = (
    MANY
    + """
traffic = {rate = 300, hold = "60s"}
hops = [
  {name = "nat", kind = "cone", addresses = 1, time_wait = "120s"},
  {name = "fw", kind = "hourglass", layer = 3, reuse_after = "100s"},
]
"""
)
UDP = (
    MANY
    + """
traffic = {rate = 500, hold = "10s", protocol = "udp"}
hops = [
  {name = "nat", kind = "cone", addresses = 1, udp_timeout = "30s"},
  {name = "fw", kind = "hourglass", layer = 3, udp_timeout = "180s", reuse_after = "10s"},
]
"""
)
CAPPED = (
    MANY
    + """
traffic = {rate = 200, hold = "10s"}
hops = [{name = "nat", kind = "cone", addresses = 1, client_ports = 1, mapping = "endpoint-independent"}]
"""
)
KEEPING = (
    MANY
    + """
traffic = {rate = 300, hold = "60s"}
hops = [
  {name = "nat1", kind = "cone", addresses = 8, port_choice = "preserve"},
  {name = "nat2", kind = "cone", addresses = 4, port_choice = "preserve"},
]
"""
)
SIDE_BY_SIDE = (
    MANY
    + """
traffic = {rate = 600, hold = "60s", kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]}
[[hops]]
name = "nat"
kind = "cone"
addresses = 1
[[hops]]
name = "p1"
kind = "hourglass"
capture = "tproxy"
source = "client"
ports = "1024-65535"
tracking = "off"
traffic = "a"
[[hops]]
name = "p2"
kind = "hourglass"
capture = "tproxy"
source = "client"
ports = "1024-65535"
tracking = "off"
traffic = "b"
"""
)


@pytest.mark.parametrize(
    ("text", "first", "now", "then"),
    [
        (ANSWERED, "hops.nat.time_wait=60s", 0.191, 0),
        (UDP, "hops.nat.udp_timeout=180s", 0.391, 0),
        (CAPPED, "hops.nat.client_ports=2", 0.284, 0.0533),
        (KEEPING, "hops.nat1.port_choice=any hops.nat2.port_choice=any", 0.0947, 0),
        (SIDE_BY_SIDE, "hops.p1.ports=1024-33279 hops.p2.ports=33280-65535", 0.154, 0),
    ],
)
def test_what_costs_nothing_comes_first_where_it_ends_what_fails(
    text: str, first: str, now: float, then: float
) -> None:
    topology = loads(text)
    settings, item = next(iter(advice(topology).items()))
    assert settings == first
    assert item.now is not None
    assert item.expected is not None
    assert item.now == tc.offered(topology).expected
    assert (item.now.upper, item.expected.upper) == pytest.approx((now, then), rel=5e-3, abs=1e-9)


@pytest.mark.parametrize("text", [ANSWERED.replace('"1s"', '"120s"'), FORGETS])
def test_nothing_that_makes_a_rate_fail_is_offered_where_it_fits(text: str) -> None:
    """A shorter linger at the NAT raises the rate of ports chosen in concert, and is remembered behind."""
    topology, shorter = loads(text), "hops.nat.time_wait=30s"
    assert tc.offered(topology).verdict == "fits"
    assert tc.offered(tc.with_settings(topology, shorter)).verdict == "fails"
    assert [*advice(topology)] == ["hops.nat.addresses=2"]
    assert [*advice(tc.with_settings(topology, "traffic.rate="))] == ["hops.nat.addresses=2", shorter]


def test_what_fails_then_is_said_where_it_is_another_share() -> None:
    result = tc.capacity(loads(FORGETS))
    (item,) = tc.advise(result)
    said = "; then 300/s is 21% of the highest rate"
    assert advised.advice(result, item).endswith(said)
    few = item._replace(now=tc.under_load.Bracket(1e-5, 1e-5))
    assert advised.advice(result, few).endswith(f"{said}, and none is expected to fail")


def test_no_change_stands_there_that_another_makes_idle() -> None:
    """Each client has an address of its own at the first: only the second has clients that clash."""
    found = advice(tc.with_settings(loads(KEEPING), "hops.nat1.addresses=65536"))
    assert next(iter(found)) == "hops.nat2.port_choice=any"
    assert not any("hops.nat1" in settings for settings in found)


def test_what_a_search_loses_is_computed_once() -> None:
    """The other cones of a chain that is changed at one lose as before."""
    chain = loads(KEEPING.replace("300", "301"))
    misses = []
    for _ in range(2):
        tc.advise(tc.capacity(chain))
        misses.append(search._lost.cache_info().misses)
    assert misses[0] == misses[1] > 0


CARRIER = """
traffic = { rate = 20_000, hold = "30s" }
clients.addresses = 12_000
hops = [{ name = "nat", kind = "cone", addresses = 56, block = 1024 }]
services = { addresses = 1, ports = 443 }
"""


def test_the_rate_of_clients_with_ports_is_set_against_the_new_highest_rate() -> None:
    """Of 12,000 clients 57 · 63 get ports, and open 5,985/s of 20,000/s: 24 % of 24,515/s, not 82 %."""
    result = tc.capacity(tc.loads(CARRIER))
    for change in tc.advise(result, most=99):
        changed = tc.offered(tc.with_settings(result.chain, *change.settings))
        assert change.carried is not None
        assert change.carried == (changed.rate, changed.of_served, changed.utilisation)
        said = advised.advice(result, change)
        assert changed.utilisation is not None
        assert f"{numbers.percent(changed.utilisation)} of the highest rate" in said
    told = {each.settings: advised.advice(result, each) for each in tc.advise(result)}
    assert (
        "then of 20,000/s the clients with ports open 5,985/s, which is 24% of the highest rate"
        in told[("hops.nat.addresses=57",)]
    )


@pytest.mark.parametrize(
    ("rate", "settings"),
    [
        (700, ["hops.login-proxy.tracking=off"]),  # does it alone
        (1500, ["hops.login-proxy.tracking=off", "hops.lvs.addresses=2"]),
        (5000, ["hops.login-proxy.tracking=off"]),  # no two do it
    ],
)
def test_two_changes_where_none_does_it_alone(rate: int, settings: list[str]) -> None:
    """6 · 64,512 ports for 300 s + 120 s: without tracking 921.6/s, with two addresses 1,843.2/s."""
    chain = tc.example("outage", [f"traffic.rate={rate}"])
    found = tc.advise(tc.capacity(chain))
    assert [*found[0].settings] == settings
    assert [len(each.settings) > 1 for each in found].count(True) <= 3  # two of each, and separate ranges
    mends = [tc.offered(tc.with_settings(chain, *each.settings)).verdict != "fails" for each in found]
    assert mends == sorted(mends, reverse=True)
    if len(settings) > 1:
        assert mends[0]
        for one in settings:
            assert tc.offered(tc.with_settings(chain, one)).verdict == "fails"


KEPT = ["ports", "connections_per_flow", "time_wait", "reuse_after"]


def test_who_runs_the_services_is_asked_last() -> None:
    """Another port of theirs helps as much as another address of the proxy."""
    chain = tc.from_dict(
        {
            "clients": {"addresses": 100},
            "hops": [{"name": "proxy", "kind": "hourglass", "capture": "listen", "fixed": KEPT}],
            "services": {"addresses": 1, "ports": 443},
        }
    )
    chain = tc.with_settings(chain, "services.fixed=addresses")
    result = tc.capacity(chain)
    first, second = tc.advise(result)
    assert first.settings == ("hops.proxy.addresses=2",)
    assert second.settings == ("services.ports=[443, 8443]",)
    assert "if it can listen on one" in second.text
    only = tc.with_settings(chain, f"hops.proxy.fixed={json.dumps([*KEPT, 'addresses'])}")
    assert [each.settings for each in tc.advise(tc.capacity(only))] == [second.settings]


def test_that_none_is_enough_is_said() -> None:
    chain = tc.example("outage", ["traffic.rate=5000"])
    result = tc.capacity(chain)
    words = "None of these is enough alone: make one, and ask again what helps then."
    assert advised.not_enough(tc.offered(result), tc.advise(result)) == words
    for rate in (1500, 400):  # two together are; nothing fails
        result = tc.capacity(tc.example("outage", [f"traffic.rate={rate}", "hops.login-proxy.ports=1-1023"]))
        assert (advised.not_enough(tc.offered(result), tc.advise(result)) == "") == any(
            tc.offered(tc.with_settings(result.chain, *each.settings)).of_rate != "fails"
            for each in tc.advise(result)
        )
