"""What is said about a chain file that breaks a rule, word for word."""

import math
from decimal import Decimal
from typing import Any

import pytest

from tests.limits.chains import Topology
from tests.network.test_chain import said, topology
from tuplecalc.errors import ChainError
from tuplecalc.network.file import from_dict

WRITE_PORTS = 'write one port (80), a range ("8000-8099"), a list of these or { count = 55000 }'
NOT_A_DURATION = "a duration is seconds, or a number with ms, s, m, h or d, and not negative"
WRITE_DURATION = 'write it as in "60s", "1m30s", "500ms", "2h" or "5d"'
WHOLE = 'a count is an integer of 1 or more; write it as in 10000, "10,000" or "10k"'
IN_RANGE = "a count is an integer from 1 to 2^128; write a number in this range"


def hop(**keys: Any) -> Topology:
    return topology(proxy=keys)


MESSAGES = [
    (
        hop(capture=...),
        'hops[1].capture: a layer-7 hop says how it captures; add "tproxy", "nat" or "listen"',
    ),
    (hop(layer=5), "hops[1].layer: 5: the value is 2, 3, 4 or 7; write one of these"),
    (hop(layer=True), "hops[1].layer: true: the value is 2, 3, 4 or 7; write one of these"),
    (hop(layer="7"), 'hops[1].layer: "7": the value is 2, 3, 4 or 7; write one of these'),
    (
        hop(source="clients"),
        'hops[1].source: "clients": the value is "own", "client" or "client-port"; did you mean "client"?',
    ),
    (
        hop(split="service"),
        'hops[1].split: "service": the value is "flows" or "services"; did you mean "services"?',
    ),
    (
        hop(listen_ports=80),
        'hops[1].listen_ports: 80: this key fits capture = "nat" or capture = "listen"; here it is "tproxy"; '
        "leave it out, or change `capture`",
    ),
    (
        hop(source="client", addresses=1),
        'hops[1].addresses: 1: this key fits source = "own"; here it is "client"; write source = "own", or '
        "leave it out",
    ),
    (
        hop(source="client-port", allocation="bind"),
        'hops[1].allocation: "bind": with source = "client-port" no port is allocated; leave it '
        "out, or write "
        'source = "client"',
    ),
    (
        hop(capture="nat", tracking="off"),
        'hops[1].tracking: "off": capture = "nat" needs connection tracking; write "strict" or "loose", or '
        'capture = "tproxy"',
    ),
    (
        hop(capture="nat", source="client-port"),
        'hops[1].source: "client-port": with capture = "nat" the upstream SYN would match the '
        "client side's entry "
        'and come back; write "client" or "own", or capture = "tproxy"',
    ),
    (
        hop(kind="hourglas"),
        'hops[1].kind: "hourglas": a hop\'s kind is "cone" or "hourglass"; did you mean "hourglass"?',
    ),
    (
        hop(kind=["cone"], preset="haproxy"),
        'hops[1].kind: ["cone"]: a hop\'s kind is "cone" or "hourglass"; write one of these',
    ),
    (hop(kind=...), 'hops[1].kind: this key is required; add kind = "cone" or "hourglass"'),
    (hop(name=...), "hops[1].name: this key is required; add it"),
    (hop(name="nat"), 'hops[1].name: "nat": another hop has this name; choose another'),
    (hop(name=" nat "), 'hops[1].name: " nat ": another hop has this name; choose another'),
    (hop(name=" "), 'hops[1].name: " ": a name is not empty; write one, as in "nat"'),
    (
        hop(name="clients"),
        'hops[1].name: "clients": this name is taken by the chain\'s own ends; choose another',
    ),
    (
        hop(name="services"),
        'hops[1].name: "services": this name is taken by the chain\'s own ends; choose another',
    ),
    (hop(name=3), 'hops[1].name: 3: a name is a text; put it in quotes, as in "nat"'),
    (
        hop(name="a\nb"),
        'hops[1].name: "a\\nb": a name has no line breaks or control characters, such as this U+000A; '
        "leave it out",
    ),
    (
        hop(preset="f5"),
        'hops[1].preset: "f5": no preset has this name; did you mean "f5-snat"? `tuplecalc presets` lists '
        "them",
    ),
    (hop(instnces=2), "hops[1].instnces: 2: unknown key; did you mean `instances`?"),
    (topology(nat={"adresses": 2}), "hops[0].adresses: 2: unknown key; did you mean `addresses`?"),
    (topology(trafic={}), "trafic: {}: unknown key; did you mean `traffic`?"),
    (topology(x=1), "x: 1: unknown key; the keys here are title, traffic, clients, hops, services"),
    (topology(clients=...), "clients: this key is required; add it"),
    (topology(services=...), "services: this key is required; add it"),
    (topology(nat={"addresses": ...}), "hops[0].addresses: this key is required; add it"),
    (topology(nat={"instances": 0}), f"hops[0].instances: 0: {IN_RANGE}"),
    (topology(nat={"instances": 2**128 + 1}), f"hops[0].instances: {2**128 + 1}: {IN_RANGE}"),
    (topology(nat={"instances": True}), f"hops[0].instances: true: {WHOLE}"),
    (topology(nat={"max_entries": 1.5}), f"hops[0].max_entries: 1.5: {WHOLE}"),
    (hop(max_files="9.5"), f'hops[1].max_files: "9.5": {WHOLE}'),
    (
        topology(nat={"ports": "1-4", "block": 5}),
        "hops[0].block: 5: a block is at most the NAT's 4 ports; write a number from 1 to 4, or "
        "widen `ports`",
    ),
    (
        topology(nat={"instances": 2, "addresses": "198.18.0.1"}),
        'hops[0].addresses: "198.18.0.1": with instances above 1 this is a count: machines cannot '
        "share addresses; "
        "write how many addresses each instance has, as in addresses = 1",
    ),
    (
        hop(instances=2, capture="listen", listen_addresses=["198.18.0.1", 3]),
        'hops[1].listen_addresses: ["198.18.0.1", 3]: with instances above 1 this is a count: '
        "machines cannot share "
        "addresses; write how many addresses each instance has, as in listen_addresses = 1",
    ),
    (
        topology(traffic={"rate": 0}),
        "traffic.rate: 0: a rate is above 0; leave the key out where no rate is offered",
    ),
    (
        topology(traffic={"rate": True}),
        "traffic.rate: true: a rate is a finite number; write it as in 0.25",
    ),
    (
        topology(traffic={"rate": math.nan}),
        "traffic.rate: NaN: a rate is a finite number; write a number, as in 0.25",
    ),
    (
        topology(traffic={"rate": Decimal("-Infinity")}),
        "traffic.rate: -Infinity: a rate is a finite number; write a number, as in 0.25",
    ),
    (topology(traffic={"hold": "2x"}), f'traffic.hold: "2x": {NOT_A_DURATION}; {WRITE_DURATION}'),
    (topology(traffic={"hold": "-1s"}), f'traffic.hold: "-1s": {NOT_A_DURATION}; {WRITE_DURATION}'),
    (topology(traffic={"hold": "1s1s"}), f'traffic.hold: "1s1s": {NOT_A_DURATION}; {WRITE_DURATION}'),
    (topology(traffic={"hold": -1}), f'traffic.hold: -1: {NOT_A_DURATION}; write it as in "60s"'),
    (topology(clients={"time_wait": ""}), f'clients.time_wait: "": {NOT_A_DURATION}; {WRITE_DURATION}'),
    (
        topology(traffic={"first_close": "both"}),
        'traffic.first_close: "both": first_close is "client", "server" or the client\'s share from 0 to 1; '
        'write "client", "server" or a number such as 0.9',
    ),
    (
        topology(traffic={"first_close": 1.5}),
        'traffic.first_close: 1.5: first_close is "client", "server" or the client\'s share from 0 to 1; '
        "write a number from 0 to 1",
    ),
    (topology(clients={"ports": "0-3"}), 'clients.ports: "0-3": ports run from 1 to 65535; write "1-3"'),
    (topology(clients={"ports": "9-1"}), 'clients.ports: "9-1": a range of ports runs upwards; write "1-9"'),
    (topology(clients={"ports": []}), f"clients.ports: []: the list is empty; {WRITE_PORTS}"),
    (
        topology(clients={"addresses": 0}),
        "clients.addresses: 0: a count of addresses is 1 or more; write at least 1",
    ),
    (topology(clients=3), "clients: 3: this is a table of keys and values; write [clients] above its keys"),
    (topology(services=[]), "services: []: this has one table or more; write [[services]]"),
    (
        topology(services=3),
        "services: 3: this is a table of keys and values; write [services] above its keys",
    ),
    (topology(hops="nat"), 'hops: "nat": this is a list of tables; write [[hops]]'),
    (topology(title=3), 'title: 3: a title is a text; put it in quotes, as in "nat"'),
    (
        topology(services={"share": 0}),
        'services.share: 0: a share is above 0 and at most 1; write it as in 0.25 or "1/4"',
    ),
    (
        topology(services={"share": "1/2"}),
        "services: the shares sum to 1; here to 1/2 (0.5); change one of them",
    ),
    (
        topology(services={"share": True}),
        "services.share: true: a share is a finite number; write it as in 0.25",
    ),
    (topology(nat={"virtual": {"addresses": 1}}), "hops[0].virtual.ports: this key is required; add it"),
]


@pytest.mark.parametrize(("written", "message"), MESSAGES, ids=[message for _, message in MESSAGES])
def test_what_is_said(written: Topology, message: str) -> None:
    assert said(written) == message


def test_all_problems_are_said_at_once() -> None:
    written = topology(
        nat={"ports": "9-1", "blok": 3}, proxy={"tracking": "of", "max_files": 0}, traffic={"hold": "x"}
    )
    with pytest.raises(ChainError) as caught:
        from_dict(written, source="net.toml")
    places = [problem.place for problem in caught.value.problems]
    assert places == [
        "traffic.hold",
        "hops[0].ports",
        "hops[0].blok",
        "hops[1].tracking",
        "hops[1].max_files",
    ]
    first, *lines = str(caught.value).splitlines()
    assert first == "net.toml: 5 errors"
    assert lines == [f"  {problem}" for problem in caught.value.problems]


def test_one_problem_stands_on_one_line_with_its_source() -> None:
    with pytest.raises(ChainError) as caught:
        from_dict(topology(clients={"ports": "9-1"}), source="net.toml")
    assert str(caught.value) == 'net.toml: clients.ports: "9-1": a range of ports runs upwards; write "1-9"'


@pytest.mark.parametrize("name", ["运营商\u3000网关", "a\u00a0b", "👩\u200d💻", "出口"])
def test_a_name_may_have_any_space_and_joined_emoji(name: str) -> None:
    assert from_dict(hop(name=name)).hops[1].name == name
