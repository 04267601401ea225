"""Kinds of traffic, groups, machines and families in a file: what is read, and what is said."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import tuplecalc as tc
from tests.network.test_chain import said
from tests.oracle.kinds import from_seed
from tuplecalc.errors import ChainError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.network.schema import json_schema

Table = dict[str, Any]

A, B = {"name": "a", "share": 0.25}, {"name": "b", "share": "3/4"}
OFFICE, BRANCH = {"name": "office", "addresses": 9}, {"name": "branch", "addresses": 3}
WEB, MAIL = {"name": "web", "addresses": 2, "ports": 80}, {"name": "mail", "addresses": 1, "ports": 25}
PROXY = {"name": "p", "kind": "hourglass", "capture": "tproxy"}
CONE = {"name": "c", "kind": "cone", "addresses": 1}


def net(
    *hops: Table, kinds: Any = (A, B), clients: Any = OFFICE, services: Any = WEB, **traffic: Any
) -> Table:
    return {
        "traffic": {**traffic, "kinds": kinds if isinstance(kinds, dict | int) else list(kinds)},
        "clients": clients,
        "hops": [dict(hop) for hop in hops],
        "services": services,
    }


def alone(**traffic: Any) -> Table:
    return {**net(**traffic), "traffic": traffic}


def on_one(*each: Table) -> list[Table]:
    return [{**PROXY, "name": f"p{n}", "machine": "m", **keys} for n, keys in enumerate(each)]


ADD = "all kinds have a share, or all a rate; add it"
ALL = "this is a name, or a list of names; leave it out where it is all of them"
NO_KINDS = "this is a kind of traffic; there are none; leave it out, or write [[traffic.kinds]]"
SAME = "write the same, or take another machine"
OWN = (
    "a source reaches endpoints of its own family (IPv4, IPv6) only; "
    "put a NAT with addresses of theirs between"
)
UNNAMED = {"addresses": 1, "ports": 99}
V4, V6 = {"addresses": "10.0.0.1"}, {"addresses": "::1"}
AT_80: Table = {"ports": 80}

MESSAGES: list[tuple[Table, str]] = [
    # names
    (
        net(kinds=[A, A | {"share": "3/4"}]),
        'traffic.kinds[1].name: "a": another kind has this name; choose another',
    ),
    (net(kinds=[{"share": 1}]), "traffic.kinds[0].name: this key is required; add it"),
    (
        net(PROXY | {"traffic": "aa"}),
        'hops[0].traffic: "aa": this is a kind of traffic; there are a, b; did you mean "a"?',
    ),
    (
        net(PROXY | {"captures": ["x", "b"]}),
        'hops[0].captures: "x": this is a kind of traffic; there are a, b; write one of these',
    ),
    (
        net(PROXY | {"traffic": "x"}, kinds=[A | {"share": 1}]),
        'hops[0].traffic: "x": this is a kind of traffic; the only one is a; write that',
    ),
    (net(PROXY | {"captures": []}), f"hops[0].captures: []: {ALL}"),
    (net(PROXY | {"captures": "a"}, kinds=[]), f'hops[0].captures: "a": {NO_KINDS}'),
    (
        net(PROXY | {"traffic": "a", "captures": "b"}),
        'hops[0].captures: "b": a hop captures what crosses it; "b" goes round it; '
        "leave it out, or add it to `traffic`",
    ),
    (
        net(CONE | {"captures": "a"}),
        'hops[0].captures: "a": this key fits kind = "hourglass"; leave it out, or change `kind`',
    ),
    (
        net(kinds=[A | {"clients": "brnach"}, B], clients=[OFFICE, BRANCH]),
        'traffic.kinds[0].clients: "brnach": this is a group of clients; there are office, branch; '
        'did you mean "branch"?',
    ),
    (
        net(kinds=[A | {"services": "x"}, B], services=[WEB]),
        'traffic.kinds[0].services: "x": this is a group of services; the only one is web; write that',
    ),
    (net(kinds=[A | {"clients": []}, B]), f"traffic.kinds[0].clients: []: {ALL}"),
    (
        net(kinds=[A | {"clients": "office"}, B | {"clients": ["office"]}], clients=[OFFICE, BRANCH]),
        'clients[1]: no kind of traffic has the clients "branch"; '
        "name them in `clients` of a kind, or leave them out",
    ),
    (
        net(kinds=[A | {"services": "web"}, B | {"services": "web"}], services=[WEB, MAIL]),
        'services[1]: no kind of traffic has the services "mail"; '
        "name them in `services` of a kind, or leave them out",
    ),
    (
        net(kinds=[A | {"services": "web"}, B], services=[WEB, UNNAMED]),
        "services[1].name: groups of services have names where kinds name them; add it",
    ),
    (
        net(kinds=[A | {"clients": "x"}, B], clients={"addresses": 1}),
        "clients.name: groups of clients have names where kinds name them; add it",
    ),
    (
        net(clients=[OFFICE, {"addresses": 1}]),
        "clients[1].name: groups of clients have names where there are several; add it",
    ),
    (
        net(clients=[OFFICE, OFFICE]),
        'clients[1].name: "office": another group of clients has this name; choose another',
    ),
    # shares and rates
    (
        net(kinds=[A, B | {"share": 0.5}]),
        "traffic.kinds: the shares sum to 1; here to 3/4 (0.75); change one of them",
    ),
    (net(kinds=[A, {"name": "b"}]), f"traffic.kinds[1].share: {ADD}"),
    (net(kinds=[{"name": "b"}]), f"traffic.kinds[0].share: {ADD}"),
    (net(kinds=[{"name": "a", "rate": 3}, B]), f"traffic.kinds[1].rate: {ADD}"),
    (
        net(kinds=[A | {"rate": 3}, B]),
        "traffic.kinds[0].rate: 3: a kind has a share or a rate; leave one of them out",
    ),
    (
        net(kinds=[{"name": "a", "rate": 3}], rate=3),
        "traffic.rate: 3: where kinds have rates the total is their sum; "
        "leave it out, or give the kinds shares",
    ),
    (
        net(kinds=[A | {"share": -0.1}, B]),
        'traffic.kinds[0].share: -0.1: a share is from 0 to 1; write it as in 0.25 or "1/4"',
    ),
    (
        net(kinds=A),
        'traffic.kinds: {name = "a", share = 0.25}: this is a list of tables; write [[traffic.kinds]]',
    ),
    (
        net(kinds=["a"]),
        'traffic.kinds[0]: "a": this is a table of keys and values; write [[traffic.kinds]] above its keys',
    ),
    (
        net(kinds=[A | {"protocol": "icmp"}, B]),
        'traffic.kinds[0].protocol: "icmp": the value is "tcp" or "udp"; write one of these',
    ),
    (alone(flows=0), "traffic.flows: 0: a count is an integer from 1 to 2^128; write a number in this range"),
    # families
    (net(kinds=[], clients=V4, services=V6 | AT_80), f"services: the clients reach no service: {OWN}"),
    (
        net(clients=V4, services=V6 | AT_80),
        f"traffic.kinds[0]: the clients reach no service: {OWN}\n"
        f"traffic.kinds[1]: the clients reach no service: {OWN}",
    ),
    (
        net(kinds=[A | {"clients": "branch"}, B], clients=[OFFICE | V4, BRANCH | V6], services=V4 | AT_80),
        f'traffic.kinds[0]: the clients "branch" reach no service: {OWN}\n'
        f'traffic.kinds[1]: the clients "branch" reach no service: {OWN}',
    ),
    (
        net(kinds=[], clients=V4, services=[V6 | AT_80 | {"share": 0.9}, V4 | AT_80 | {"share": 0.1}]),
        'services[0].addresses: "::1": no client reaches those of IPv6: '
        "a source reaches its own family only; "
        "leave them out, or put a NAT with addresses of theirs between",
    ),
    # machines
    (
        net(*on_one({"instances": 2}, {})),
        "hops[1].instances: 1: hops of one machine agree on `instances`, said or not; hops[0] has 2; " + SAME,
    ),
    (
        net(*on_one({}, {"tracking": "off"})),
        'hops[1].tracking: "off": hops of one machine agree on `tracking`, said or not; '
        'hops[0] has "strict"; ' + SAME,
    ),
    (
        net(*on_one({"split": "services"}, {"split": "flows"})),
        'hops[1].split: "flows": hops of one machine agree on `split`; hops[0] has "services"; ' + SAME,
    ),
    (
        net(*on_one({"max_files": 3}, {}, {"max_files": 4})),
        "hops[2].max_files: 4: hops of one machine agree on `max_files`; hops[0] has 3; " + SAME,
    ),
    (
        net(*on_one({"addresses": 2}, {"addresses": 3})),
        "hops[1].addresses: 3: hops of one machine agree on `addresses`; hops[0] has 2; " + SAME,
    ),
    (
        net(*on_one({"addresses": "10.1.0.1"}, {}, {"addresses": "10.1.0.2"}, {"addresses": "10.1.0.0/30"})),
        'hops[3].addresses: "10.1.0.0/30": hops of one machine agree on `addresses`; '
        'hops[0] has "10.1.0.1"; ' + SAME,
    ),
    (
        net(*on_one({"udp_timeout": "5s"}, {"udp_timeout": "6.5s"})),
        "hops[1].udp_timeout: 6.5: hops of one machine agree on `udp_timeout`; hops[0] has 5.0; " + SAME,
    ),
    (
        net(PROXY, CONE | {"machine": "p"}),
        'hops[1].machine: "p": a machine has a name of its own; hops[0] is called so and is not on it; '
        'choose another, or write machine = "p" there too',
    ),
    # where keys fit
    *(
        (
            net(PROXY | {"source": "client-port", key: 1}),
            f'hops[0].{key}: 1: this key fits source = "own" or source = "client"; here it is "client-port"; '
            "leave it out, or change `source`",
        )
        for key in ("connections_per_flow", "upstream_hold", "upstream_first_close")
    ),
    *(
        (
            net(PROXY | {key: 0}),
            f'hops[0].{key}: 0: a number of {what} is above 0; write it as in 2, 0.25 or "2/35"',
        )
        for key, what in (("connections_per_flow", "connections"), ("files_per_flow", "files"))
    ),
    *(
        (
            net({"name": "r", "kind": "hourglass", "layer": 3, key: 1}),
            f"hops[0].{key}: 1: this key fits layer = 7, not layer = 2, 3 or 4; "
            "leave it out, or change `layer`",
        )
        for key in ("connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow")
    ),
    *(
        (
            net(CONE | {"blocks_per_client": 3} | block),
            "hops[0].blocks_per_client: 3: this key is for blocks of a number of ports; "
            "write `block` as a number, or leave it out",
        )
        for block in ({}, {"block": "even"}, {"block": [[9, 8]]})
    ),
    (
        net(CONE | {"block": 8, "blocks_span": "yes"}),
        'hops[0].blocks_span: "yes": this is true or false; write one of the two, without quotes',
    ),
    (
        net(clients=OFFICE | {"max_files": 0}),
        "clients.max_files: 0: a count is an integer from 1 to 2^128; write a number in this range",
    ),
]


@pytest.mark.parametrize(("written", "message"), MESSAGES, ids=[message[:60] for _, message in MESSAGES])
def test_what_is_said(written: Table, message: str) -> None:
    assert said(written) == message


def test_all_problems_are_said_at_once() -> None:
    """Shares, names and machines too, beside what is wrong with a single value."""
    hops = on_one({"ports": "9-1", "captures": "c"}, {}, {"instances": 2, "traffic": "d"})
    written = net(*hops, kinds=[A | {"clients": "x"}, B | {"share": 0.5}], rate=-1, clients=[OFFICE, BRANCH])
    with pytest.raises(ChainError) as caught:
        from_dict(written)
    assert [problem.place for problem in caught.value.problems] == [
        "traffic.rate",
        "traffic.kinds",
        "hops[0].ports",
        "traffic.kinds[0].clients",
        "hops[0].captures",
        "hops[2].traffic",
    ]
    written["hops"][0]["ports"] = "1-9"
    with pytest.raises(ChainError) as caught:
        from_dict(written)
    assert [problem.place for problem in caught.value.problems][2] == "hops[2].instances"


def test_defaults() -> None:
    chain = from_dict(net(CONE | {"block": 64}, PROXY, hold="5m", first_close=0.5, protocol="udp"))
    cone, proxy = (hop.model_dump(exclude={"preset"}) for hop in chain.hops)
    none = dict.fromkeys(("traffic", "machine"))
    assert cone.items() >= {**none, "udp_timeout": 120, "blocks_per_client": 1, "blocks_span": False}.items()
    upstream = {"connections_per_flow": 1, "upstream_hold": None, "upstream_first_close": None}
    assert proxy.items() >= {**none, "captures": None, "files_per_flow": 2, **upstream}.items()
    assert (chain.hops[0].on, chain.clients[0].max_files, chain.clients[0].flows_each) == ("c", None, None)
    assert chain.traffic.flows is None
    for strand, part in zip(chain.strands, (Fraction(1, 4), Fraction(3, 4)), strict=True):
        assert (strand.hold, strand.first_close, strand.part) == (Fraction(300), Fraction(1, 2), part)
        assert strand.protocol == "udp"
        assert strand.hops == chain.hops


def test_parts_of_the_mix() -> None:
    """Clients by their addresses, services by their endpoints or shares, kinds by shares or rates."""
    kinds = [
        {"name": "a", "rate": 30, "services": "web"},
        {"name": "b", "rate": 10, "clients": "branch", "hold": "2s", "protocol": "udp"},
    ]
    services = [WEB | {"share": 0.9}, MAIL | {"share": 0.1}]
    chain = from_dict(net(kinds=kinds, clients=[OFFICE, BRANCH], services=services))
    assert chain.traffic.offered == 40
    assert [(each.kind, each.part, each.source, each.target) for each in chain.strands] == [
        ("a", Fraction(9, 16), "office", "web"),
        ("a", Fraction(3, 16), "branch", "web"),
        ("b", Fraction(9, 40), "branch", "web"),
        ("b", Fraction(1, 40), "branch", "mail"),
    ]
    assert [(float(each.hold), str(each.protocol)) for each in chain.strands[1:3]] == [(0, "tcp"), (2, "udp")]


def test_groups_of_both_families_are_two_groups() -> None:
    """As many clients as addresses, towards the services of their family."""
    both = ["10.0.0.0/30", "::1"]
    chain = from_dict(
        net(kinds=[], clients={"addresses": both}, services={"addresses": both, "ports": [80, 81]})
    )
    assert [(s.target, s.clients.addresses.size, s.services[0].endpoints, s.part) for s in chain.strands] == [
        ("IPv4", 4, 8, Fraction(4, 5)),
        ("IPv6", 1, 2, Fraction(1, 5)),
    ]


def test_a_machine_has_what_one_of_its_hops_says() -> None:
    """And what is written stays as it was written."""
    said = {"max_files": 9, "max_entries": 8, "tracking_time_wait": "1s", "udp_timeout": "2s", "addresses": 3}
    chain = from_dict(net(*on_one({}, said, {"source": "client"}), CONE | {"addresses": 5, "machine": "m"}))
    first, _, third, cone = chain.hops_at_work
    assert first.model_dump(include=set(said)) == said | {"tracking_time_wait": 1, "udp_timeout": 2}
    assert (third.model_dump()["max_files"], "addresses" in third.stated) == (9, False)
    assert cone.model_dump(include={"max_entries", "addresses"}) == {"max_entries": 8, "addresses": 5}
    assert chain.hops[0].stated == {"name", "kind", "capture", "machine"}


def test_short_builders_take_kinds_and_groups() -> None:
    kinds = [tc.Kind(name="login", share="1/10"), tc.Kind(name="bulk", share=0.9, clients="branch")]
    groups = [tc.Clients(name="office", addresses=9), tc.Clients(name="branch", addresses=3)]
    chain = tc.inverted_cone(kinds=kinds, clients=groups, services=6, captures="login", hold="5m")
    assert [(strand.kind, strand.source) for strand in chain.strands] == [
        ("login", "office"),
        ("login", "branch"),
        ("bulk", "branch"),
    ]
    assert tc.cone(clients=["10.0.0.0/30", 4]).clients[0].addresses.size == 8


def test_closed_connections_are_no_matter_where_nothing_but_udp_crosses() -> None:
    """Of another kind, or as the preset says it, they may be said."""
    yields, kinds = CONE | {"closing": "gives-way"}, (A | {"protocol": "udp"}, B)
    message = 'hops[0].closing: "gives-way": only UDP crosses this hop, and nobody closes that; leave it out'
    for refused in (net(yields, protocol="udp"), net(yields | {"traffic": "a"}, kinds=kinds)):
        assert said(refused) == message
    for taken in (net(yields, kinds=kinds), net(CONE | {"preset": "linux-snat"}, protocol="udp")):
        assert from_dict(taken).hops[0].model_dump()["closing"] == "gives-way"


def test_written_and_read_again() -> None:
    """Also by what reads the schema, on networks of every kind."""
    valid = jsonschema.Draft7Validator(json_schema())
    for seed in range(50):
        topology = from_seed(seed)
        chain = from_dict(topology)
        written = json.loads(json.dumps(chain.to_dict()))
        assert from_dict(written) == chain
        assert from_dict(written).strands == chain.strands
        valid.validate(topology)
        valid.validate(written)


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("kinds", "share", -0.1),
        ("kinds", "clients", []),
        ("kinds", "protocol", "icmp"),
        ("kinds", "hops", 1),
        ("hop", "captures", 3),
        ("hop", "connections_per_flow", 0),
        ("hop", "machine", ""),
        ("hop", "blocks_span", True),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(table: str, key: str, value: object) -> None:
    change = {key: value}
    written = net(PROXY | change) if table == "hop" else net(kinds=[A | change, B])
    said(written)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, json_schema())


def test_the_schema_describes_kinds() -> None:
    schema = json_schema()["$defs"]["Kind"]
    assert schema["properties"]["share"]["description"].startswith("Part of the new connections")
    assert all("description" in key for key in schema["properties"].values())


# Whatever is written, there is an answer.

ODD = [None, 0, -1, 1.5, "x", "", "a", [], {}, ["k0", 3], "1-2", True, 10**30, "1/0", {"addresses": 1}]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of every table, and every item of every list."""
    for key, below in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(below, dict | list):
            yield from places(below)


def moved(choose: Callable[[Any], Any], topology: Table) -> Table:
    """The network with some of its values taken away, copied elsewhere, or replaced by odd ones."""
    changed: Table = json.loads(json.dumps(topology))
    for _ in range(choose([1, 1, 2, 3])):
        if not (every := list(places(changed))):
            break
        table, key = choose(every)
        other, there = choose(every)
        how = choose(["odd", "copy", "delete", "key"])
        if how == "delete":
            del table[key]
        elif how == "key" and isinstance(table, dict) and isinstance(other, dict) and there in other:
            table[there] = json.loads(json.dumps(other[there]))
        else:
            new = choose(ODD) if how == "odd" or there not in other else other[there]
            table[key] = json.loads(json.dumps(new))
    return changed


def answered(seed: int) -> bool:
    """Whether a network that was changed by chance has a capacity; else it is said what is wrong."""
    choose = Random(seed).choice
    written = moved(choose, from_seed(seed))
    try:
        found = capacity(from_dict(written))
    except ChainError as error:
        return not error.problems
    return found.flows >= 0


def test_any_network_has_an_answer() -> None:
    found = [answered(seed) for seed in range(150)]
    assert 15 < sum(found) < 135
