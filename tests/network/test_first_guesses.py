"""What somebody writes who has not read the manual: it works, or is answered with our word, word for word."""

from fractions import Fraction
from typing import Any

import pytest

from tests.limits.chains import Topology
from tests.network.test_chain import said, topology
from tuplecalc.errors import TuplecalcError
from tuplecalc.network.aliases import KEYS, VALUES
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Kind, Traffic
from tuplecalc.network.values import count, rate, seconds

UNKNOWN = "unknown key; here this is "
NO_PRESET = "no preset has this name; did you mean"
KIND = 'a hop\'s kind is "cone" or "hourglass"; '
BALANCER = (
    'one that ends connections is kind = "hourglass" with capture = "listen", one that passes them on '
    'kind = "hourglass" with layer = 4, one that translates their sources kind = "cone"'
)
IPS = '`addresses`: a count or the addresses themselves, as in addresses = 4 or "198.18.0.0/29"'
CAPTURE = 'the value is "tproxy", "nat" or "listen"; '


def nat(**keys: Any) -> Topology:
    return topology(nat=keys)


def proxy(**keys: Any) -> Topology:
    return topology(proxy=keys)


def clients(**keys: Any) -> Topology:
    return topology(clients=keys)


def traffic(**keys: Any) -> Topology:
    return topology(traffic=keys)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (nat(kind="nat"), f'hops[0].kind: "nat": {KIND}a NAT is kind = "cone"'),
        (nat(kind="NAT"), f'hops[0].kind: "NAT": {KIND}a NAT is kind = "cone"'),
        (
            nat(kind="proxy"),
            f'hops[0].kind: "proxy": {KIND}a proxy is kind = "hourglass" with capture = "listen" '
            '(or "tproxy", "nat")',
        ),
        (
            nat(kind="firewall"),
            f'hops[0].kind: "firewall": {KIND}a firewall is kind = "hourglass" with layer = 3, '
            "and max_entries for its table",
        ),
        (nat(kind="router"), f'hops[0].kind: "router": {KIND}a router is kind = "hourglass" with layer = 3'),
        (nat(kind="switch"), f'hops[0].kind: "switch": {KIND}a switch is kind = "hourglass" with layer = 2'),
        (nat(kind="load balancer"), f'hops[0].kind: "load balancer": {KIND}{BALANCER}'),
        (nat(kind="load-balancer"), f'hops[0].kind: "load-balancer": {KIND}{BALANCER}'),
        (nat(kind="lb"), f'hops[0].kind: "lb": {KIND}{BALANCER}'),
        (nat(kind="haproxy"), f'hops[0].kind: "haproxy": {KIND}write preset = "haproxy" in its place'),
        (nat(kind="Cone"), f'hops[0].kind: "Cone": {KIND}did you mean "cone"?'),
        (proxy(capture="redirect"), f'hops[1].capture: "redirect": {CAPTURE}write "nat"'),
        (proxy(capture="DNAT"), f'hops[1].capture: "DNAT": {CAPTURE}write "nat"'),
        (proxy(capture="transparent"), f'hops[1].capture: "transparent": {CAPTURE}write "tproxy"'),
        (
            proxy(tracking=False),
            'hops[1].tracking: false: the value is "strict", "loose" or "off"; write "off"',
        ),
        (
            nat(mapping="symmetric"),
            'hops[0].mapping: "symmetric": the value is "endpoint-dependent" or "endpoint-independent"; '
            'write "endpoint-dependent"',
        ),
        # keys
        (
            proxy(maxconn=4000),
            f"hops[1].maxconn: 4000: {UNKNOWN}`max_files`: open files, of which a proxy has two for each "
            "connection",
        ),
        (
            proxy(worker_connections=1024),
            f"hops[1].worker_connections: 1024: {UNKNOWN}`max_files`: of all workers: nginx counts both "
            "sides of a connection",
        ),
        *(
            (
                proxy(**{word: 32}),
                f"hops[1].{word}: 32: {UNKNOWN}`connections_per_flow`: below 1 for pooling or keep-alive, "
                "as in connections_per_flow = 0.1",
            )
            for word in ("keepalive", "pool", "Keep-Alive")
        ),
        (nat(pool=4), f"hops[0].pool: 4: {UNKNOWN}{IPS}"),
        (clients(ips=4), f"clients.ips: 4: {UNKNOWN}{IPS}"),
        (
            nat(reserved_ports="40000-40099"),
            f'hops[0].reserved_ports: "40000-40099": {UNKNOWN}`ports`: leave the reserved ones out, as in '
            'ports = "32768-39999, 40100-60999"',
        ),
        (
            nat(ip_local_port_range="32768 60999"),
            f'hops[0].ip_local_port_range: "32768 60999": {UNKNOWN}`ports`: as in ports = "32768-60999"',
        ),
        (
            nat(nf_conntrack_max=9),
            f"hops[0].nf_conntrack_max: 9: {UNKNOWN}`max_entries`: as in max_entries = 262144",
        ),
        (
            proxy(ulimit=9),
            f"hops[1].ulimit: 9: {UNKNOWN}`max_files`: file descriptors, as in max_files = 65536",
        ),
        (
            nat(idle_timeout="30s"),
            f'hops[0].idle_timeout: "30s": {UNKNOWN}`udp_timeout`: how long a mapping outlives its last UDP '
            'packet, as in udp_timeout = "30s"',
        ),
        (
            traffic(timeout="30s"),
            f'traffic.timeout: "30s": {UNKNOWN}`hold`: how long a connection stays open, as in hold = "30s"',
        ),
        (
            clients(timeout="30s"),
            f'clients.timeout: "30s": {UNKNOWN}`hold` in [traffic]: how long a connection stays open, '
            'as in hold = "30s"',
        ),
        (
            traffic(conns=9),
            f"traffic.conns: 9: {UNKNOWN}`flows`: connections open at once, as in flows = 10000",
        ),
        (
            clients(conns=9),
            f"clients.conns: 9: {UNKNOWN}`flows_each`: connections that each address wants open at once",
        ),
        (
            traffic(cps=9),
            f"traffic.cps: 9: {UNKNOWN}`rate`: new connections a second, as in rate = 670",
        ),
        (
            nat(cps=9),
            f"hops[0].cps: 9: {UNKNOWN}`rate` in [traffic]: new connections a second, as in rate = 670",
        ),
        (
            topology(servers={}),
            f"servers: {{}}: {UNKNOWN}`services`: as in services = {{ addresses = 2, ports = 443 }}",
        ),
        (
            topology(nats=[]),
            f"nats: []: {UNKNOWN}`hops`: one [[hops]] table for each, in the order in which connections "
            "cross them",
        ),
        (topology(name="x"), f'name: "x": {UNKNOWN}`title`: as in title = "the shop at noon"'),
        (topology(rate=5), "rate: 5: this key stands in [traffic]; write it there"),
        (clients(rate=5), "clients.rate: 5: this key stands in [traffic]; write it there"),
        (nat(Addresses=5), "hops[0].Addresses: 5: unknown key; did you mean `addresses`?"),
        # presets
        (
            clients(preset="linux"),
            f'clients.preset: "linux": {NO_PRESET} "linux-client" or "linux-client-bind" or '
            '"linux-client-tw-reuse"? `tuplecalc presets` lists them',
        ),
        (
            nat(preset="AWS NAT"),
            f'hops[0].preset: "AWS NAT": {NO_PRESET} "aws-nat-gateway"? `tuplecalc presets` lists them',
        ),
        (
            clients(preset="haproxy"),
            'clients.preset: "haproxy": this is a preset for a hop of kind = "hourglass", and stands at the '
            'clients; write it in a hop of kind = "hourglass"',
        ),
        # values
        (
            traffic(rate="ten"),
            'traffic.rate: "ten": a rate is a finite number; write it as in 670, "10k", "670/s" or "40k/min"',
        ),
        (
            nat(max_entries="many"),
            'hops[0].max_entries: "many": a count is an integer of 1 or more; '
            'write it as in 10000, "10,000" or "10k"',
        ),
    ],
)
def test_what_is_said(written: Topology, message: str) -> None:
    assert said(written) == message


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("670rps", 670),
        ("670/s", 670),
        ("670 per second", 670),
        ("670 conn/s", 670),
        ("10 cps", 10),
        ("40k/min", Fraction(2000, 3)),
        ("10,000", 10_000),
        ("10k", 10_000),
        ("1.5M", 1_500_000),
        ("1/3", Fraction(1, 3)),
        ("0.5/s", Fraction(1, 2)),
    ],
)
def test_rates_have_units(text: str, number: Fraction) -> None:
    assert rate(text) == number
    assert from_dict(traffic(rate=text)).traffic.rate == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("1 min", 60), ("90 sec", 90), ("2 hours", 7200), ("1 minute 30 seconds", 90), ("250 msec", 0.25)],
)
def test_durations_have_words(text: str, number: float) -> None:
    assert seconds(text) == Fraction(number)


@pytest.mark.parametrize("text", ["5 mi", "2 fortnights", "1 m 1 min", "10k", "1 minutes2"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(TuplecalcError, match="a duration is seconds, or a number with ms, s, m, h or d"):
        seconds(text)


def test_counts_are_written_as_they_are_said() -> None:
    assert [count(text) for text in ("10,000", "10k", "1.5M", "9", "262_144")] == [
        10_000,
        10_000,
        1_500_000,
        9,
        262_144,
    ]
    for none in ("10,00", "1.5", "10 apples", "k", "1,0000"):
        with pytest.raises(TuplecalcError, match="a count is an integer of 1 or more"):
            count(none)
    assert from_dict(clients(addresses="10,000")).clients[0].addresses.size == 10_000
    assert from_dict(clients(addresses=["1k", "198.18.0.0/24"])).clients[0].addresses.size == 1256


def test_each_answer_names_what_there_is() -> None:
    """Keys of ours are no aliases where they stand, and each alias leads to a key that some table has."""
    parts = (Chain, Traffic, Kind, Clients, Cone, Forwarder, Proxy, Services)
    ours = {key for part in parts for key in part.model_fields}
    led = {key.rpartition(".")[2] for meant in KEYS.values() for key, _ in meant}
    assert led <= ours
    assert VALUES.keys() <= ours
