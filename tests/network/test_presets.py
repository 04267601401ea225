"""Presets: what is in the file, what a preset gives, what wins over it, and what is said."""

import copy
import json
import pickle
import re
import tomllib
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import tuplecalc as tc
from tests.network.test_chain import said, topology
from tuplecalc.errors import ChainError
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.presets import NEEDED, Preset, preset, presets
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.schema import json_schema
from tuplecalc.network.used import used

NAMES = list(presets())


def filled(name: str, **keys: Any) -> dict[str, Any]:
    """A chain file with a preset, what it needs and these keys."""
    found = preset(name)
    needed = tomllib.loads("\n".join(f"{key} = {NEEDED[key]}" for key in found.needs))
    table = {"preset": name, **needed, **keys}
    if found.kind == "clients":
        return {"clients": table, "services": {"addresses": 2, "ports": 80}}
    hop = {"name": "hop", **table}
    return {"clients": {"addresses": 4}, "hops": [hop], "services": {"addresses": 2, "ports": 80}}


def part(chain: Chain) -> Any:
    """The part with the preset."""
    return chain.hops[0] if chain.hops else chain.clients[0]


# The file.


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_makes_a_valid_chain_with_what_it_needs(name: str) -> None:
    chain = from_dict(filled(name))
    assert part(chain).preset == name
    assert tc.capacity(chain).flows > 0
    assert part(chain).preset_keys == tuple(preset(name).values)


@pytest.mark.parametrize("found", presets().values(), ids=NAMES)
def test_every_preset_says_where_it_is_from(found: Preset) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found.name)
    assert found.kind in ("cone", "hourglass", "clients")
    assert found.source
    assert all(isinstance(source, str) and source.strip() == source and source for source in found.source)
    assert re.search(r"\d{4}|undated|release|ASA|PAN-OS|RFC|Linux", found.date)
    assert found.why.endswith(".")
    assert found.caveats == "" or found.caveats.endswith(".")
    assert found.values
    assert not {*found.unknown, *found.needs} & set(found.values)
    assert set(found.needs) <= set(NEEDED)
    assert len(found.title) <= 39  # beside its name and kind on a line of 80
    assert len(found.name) <= 28
    for text in (found.title, found.why, found.caveats, found.date, *found.source):
        assert "  " not in text


@pytest.mark.parametrize("found", presets().values(), ids=NAMES)
def test_what_a_product_leaves_open_is_said_of_keys_that_it_has(found: Preset) -> None:
    of_it = part(from_dict(filled(found.name)))
    for key in (
        *found.fixed,
        *found.most,
        *found.least,
        *found.multiples,
        *found.powers,
        *found.knobs,
        *found.unknown,
    ):
        assert type(of_it).fits(key, found.values), key
    assert not set(found.fixed) & (found.most.keys() | found.multiples.keys() | found.knobs.keys())
    for key, most in found.most.items():
        assert found.values.get(key, 1) <= most
        assert found.multiples.get(key, 1) <= most
    for key, step in found.multiples.items():
        table = found.values.get(key, [])
        assert [ports % step for _, ports in table] == [0] * len(table)
    for key in found.powers:
        ports = found.values.get(key, 1)
        assert ports & (ports - 1) == 0
    assert of_it.largest == found.most
    assert of_it.kept == set(found.fixed)


def test_the_presets_that_were_asked_for() -> None:
    asked = (
        "aws-nat-gateway aws-nlb-client-ip azure-nat-gateway azure-load-balancer-default tencent-nat-gateway"
    )
    asked += (
        " macos-client freebsd-client windows-client map-e map-t lw4o6 jool fortigate-pba a10-lsn juniper-pba"
    )
    asked += " pf-nat squid traefik haproxy-clientip redsocks linux-snat-before-6-5 linux-snat-before-5-0"
    assert set(asked.split()) <= set(NAMES)
    closing = {name: part(from_dict(filled(name))).linger for name in NAMES if name.startswith("linux-snat")}
    assert closing == {"linux-snat": 0, "linux-snat-before-6-5": 120, "linux-snat-before-5-0": 120}
    tables = [part(from_dict(filled(name))).max_entries for name in (*closing, "linux-router", "redsocks")]
    assert tables == [262_144] * 5
    table = presets()["azure-load-balancer-default"].values["block"]
    assert table == [[50, 1024], [100, 512], [200, 256], [400, 128], [800, 64], [1000, 32]]


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_gives_what_its_values_written_out_would_give(name: str) -> None:
    found, chain = preset(name), from_dict(filled(name))
    table = {key: value for key, value in filled(name).items() if key != "title"}
    place = table["hops"][0] if found.kind != "clients" else table["clients"]
    del place["preset"]
    place |= dict(found.values) | ({} if found.kind == "clients" else {"kind": str(found.kind)})
    by_hand = from_dict(table)
    assert part(by_hand).model_dump(exclude={"preset"}) == part(chain).model_dump(exclude={"preset"})
    one, other = (tc.to_dict(tc.capacity(each)) for each in (chain, by_hand))
    assert one.pop("presets") != other.pop("presets") == []
    assert one.pop("advice") is not None
    assert other.pop("advice") is not None  # it stays within what a named product allows
    for record in (one, other):  # what is usual on Linux is said only of hops without a preset
        record["not_counted"] = [(each["hop"], each["key"]) for each in record["not_counted"]]
    assert one == other


# What wins.


def test_what_is_written_wins() -> None:
    nat = part(from_dict(filled("aws-nat-gateway", time_wait="30s", ports="1024-2047")))
    assert (nat.time_wait, nat.ports.size, nat.preset_keys) == (30, 1024, ())
    clients = part(from_dict(filled("linux-client-bind", allocation="tuple")))
    assert (clients.allocation, clients.ports.size) == ("tuple", 28232)


def test_a_preset_may_be_one_of_a_kind_that_is_written_as_well() -> None:
    assert from_dict(filled("haproxy", kind="hourglass")) == from_dict(filled("haproxy"))
    assert Cone(name="n", preset="aws-nat-gateway", addresses=1).ports.size == 55_000
    assert Clients(addresses=1, preset="rfc6056-client").ports.size == 64_512
    assert (
        from_dict(filled("haproxy", preset=None, kind="hourglass", capture="listen")).hops[0].preset is None
    )


@pytest.mark.parametrize(
    ("name", "keys", "dropped"),
    [
        ("haproxy", {"source": "client"}, {"addresses"}),
        ("haproxy", {"source": "client-port"}, {"addresses", "ports", "time_wait"}),
        ("envoy-bind", {"source": "client-port"}, {"addresses", "ports", "allocation", "time_wait"}),
        ("istio-outbound", {"capture": "tproxy"}, {"listen_addresses", "listen_ports"}),
        ("haproxy", {"layer": 4}, {"capture", "addresses", "ports", "allocation", "time_wait"}),
        ("vyos-cgnat", {"ports": "1024-2047"}, {"block"}),
        ("palo-alto-dipp", {"mapping": "endpoint-independent"}, {"destinations"}),
        ("rfc7422-deterministic", {"ports": "1024-65535"}, {"overflow"}),
    ],
)
def test_what_no_longer_fits_is_left_out(name: str, keys: dict[str, Any], dropped: set[str]) -> None:
    found = part(from_dict(filled(name, **keys)))
    given = set(preset(name).values) - set(keys)
    assert dropped <= given
    assert dropped.isdisjoint(found.preset_keys)
    left = dropped | {"source"} if keys.get("layer") == 4 else dropped
    assert set(found.preset_keys) == given - left
    for key in dropped & type(found).model_fields.keys():
        assert getattr(found, key) == type(found).model_fields[key].default


def test_a_key_that_is_needed_but_does_not_fit_is_not_needed() -> None:
    proxy = {"name": "p", "preset": "haproxy-source-range", "source": "client-port"}
    chain = from_dict({**filled("haproxy"), "hops": [proxy]})
    assert part(chain).preset_keys == ("layer", "capture")


# What is said.

HOP = "hops[0].preset: "


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"nat": {"preset": "aws-nat-gatway"}},
            f'{HOP}"aws-nat-gatway": no preset has this name; did you mean "aws-nat-gateway"? '
            "`tuplecalc presets` lists them",
        ),
        (
            {"nat": {"preset": "Istio", "kind": ...}},
            f'{HOP}"Istio": no preset has this name; did you mean "istio-inbound-redirect" or '
            '"istio-inbound-tproxy" or "istio-outbound"? `tuplecalc presets` lists them',
        ),
        (
            {"nat": {"preset": ""}},
            f'{HOP}"": no preset has this name; `tuplecalc presets` lists them; without one, write the ports '
            "and timers that its maker documents",
        ),
        (
            {"nat": {"preset": "docker"}},
            f'{HOP}"docker": no preset has this name; did you mean "linux-snat"? '
            "`tuplecalc presets` lists them",
        ),
        ({"nat": {"preset": 7}}, f"{HOP}7: a preset is named by a text; `tuplecalc presets` lists them"),
        (
            {"nat": {"preset": "haproxy"}},
            f'{HOP}"haproxy": this is a preset for a hop of kind = "hourglass", and stands at a hop of kind = "cone"; write kind = '  # noqa: E501
            '"hourglass", or leave `kind` out',
        ),
        (
            {"proxy": {"preset": "aws-nat-gateway"}},
            'hops[1].preset: "aws-nat-gateway": this is a preset for a hop of kind = "cone", and stands at a hop of kind = "hourglass"; '  # noqa: E501
            'write kind = "cone", or leave `kind` out',
        ),
        (
            {"nat": {"preset": "linux-client"}},
            f'{HOP}"linux-client": this is a preset for the clients, and stands at a hop of kind = "cone"; write it under '  # noqa: E501
            "[clients]",
        ),
        (
            {"nat": {"preset": "linux-client", "kind": ...}},
            f'{HOP}"linux-client": this is a preset for the clients, and stands at a hop; write it under '
            "[clients]",
        ),
        (
            {"clients": {"preset": "haproxy"}},
            'clients.preset: "haproxy": this is a preset for a hop of kind = "hourglass", and stands at the clients; write '  # noqa: E501
            'it in a hop of kind = "hourglass"',
        ),
        (
            {"nat": {"preset": "aws-nat-gateway", "addresses": ...}},
            'hops[0].addresses: the preset "aws-nat-gateway" needs this key; add it, as in addresses = 4',
        ),
        (
            {"nat": {"preset": "lvs-fullnat", "addresses": None}},
            'hops[0].addresses: the preset "lvs-fullnat" needs this key; add it, as in addresses = 4\n'
            'hops[0].virtual: the preset "lvs-fullnat" needs this key; add it, as in virtual = '
            "{ addresses = 1, ports = 443 }",
        ),
        (
            {"proxy": {"preset": "haproxy-source-range", "capture": ...}},
            'hops[1].ports: the preset "haproxy-source-range" needs this key; add it, as in ports = '
            '"20000-29999"',
        ),
        (
            {"nat": {"preset": "aws-nat-gatway", "addresses": ..., "ports": "9-1"}},
            f'{HOP}"aws-nat-gatway": no preset has this name; did you mean "aws-nat-gateway"? '
            "`tuplecalc presets` lists them\n"
            'hops[0].ports: "9-1": a range of ports runs upwards; write "1-9"',
        ),
        (
            {"proxy": {"preset": "istio-outbound", "capture": ..., "tracking": "off"}},
            'hops[1].tracking: "off": capture = "nat" needs connection tracking; write "strict" or "loose", '
            'or capture = "tproxy"',
        ),
    ],
)
def test_messages(keys: dict[str, Any], message: str) -> None:
    assert said(topology(**keys)) == message


# What a chain remembers.


@pytest.mark.parametrize("name", NAMES)
def test_a_chain_with_a_preset_is_written_and_read_again(name: str) -> None:
    chain = from_dict(filled(name))
    written = chain.to_dict()
    table = (written["hops"] or [written["clients"]])[0]
    kind = {} if preset(name).kind == "clients" else {"kind": preset(name).kind}
    given = filled(name).get("hops", [filled(name)["clients"]])[0]
    assert table.keys() == given.keys() | kind
    assert from_dict(written) == chain
    assert from_dict(json.loads(json.dumps(written))) == chain
    assert part(from_dict(written)).preset_keys == part(chain).preset_keys


def test_what_a_part_says_of_itself() -> None:
    nat = Cone(name="nat", preset="aws-nat-gateway", addresses=2)
    assert nat.model_fields_set == {"name", "preset", "addresses"}
    assert nat.stated == {"name", "preset", "addresses", "ports", "time_wait"}
    assert nat.to_dict() == {"preset": "aws-nat-gateway", "name": "nat", "addresses": 2}
    assert repr(nat) == "Cone(preset='aws-nat-gateway', name='nat', addresses=AddressSet(2))"
    for other in (copy.deepcopy(nat), pickle.loads(pickle.dumps(nat)), nat.model_copy(), nat.changed()):
        assert other == nat
        assert other.preset_keys == nat.preset_keys == ("ports", "time_wait")
        assert other.model_fields_set - {"kind"} == nat.model_fields_set
    plain = Cone(name="nat", addresses=2)
    assert plain.preset_keys == ()
    assert plain.stated == {"name", "addresses"}


def test_a_changed_part_is_settled_again() -> None:
    nat = Cone(name="nat", preset="aws-nat-gateway", addresses=2)
    assert nat.changed(ports="1-9").preset_keys == ("time_wait",)
    assert nat.changed(preset="tencent-nat-gateway").time_wait == 120
    assert nat.changed(preset=None).ports.size == 64_512
    proxy = Proxy(name="p", preset="haproxy", source="client")  # type: ignore[call-arg]
    assert "addresses" in proxy.changed(source="own").preset_keys


def test_settings() -> None:
    chain = tc.example("cone")
    named = tc.with_settings(chain, "hops.nat.preset=aws-nat-gateway")
    hop = named.hops[0]
    assert hop.preset == "aws-nat-gateway"
    assert set(hop.preset_keys) == {"ports", "time_wait"} - set(chain.hops[0].model_fields_set)
    assert hop.linger == 60
    again = tc.with_settings(named, "hops.nat.time_wait=7s", "hops.nat.addresses=7")
    assert again.hops[0].preset == hop.preset
    assert again.hops[0].linger == 7
    assert again.hops[0].preset_keys == ()
    assert tc.with_settings(named, "hops.nat.addresses=7").hops[0].preset_keys == ("time_wait",)
    [clients] = tc.with_settings(from_dict(filled("haproxy")), "clients.preset=linux-client-bind").clients
    assert clients.allocation == "bind"


def test_a_builder_takes_presets_as_well() -> None:
    assert tc.capacity(tc.cone(preset="aws-nat-gateway", addresses=8)).flows == 440_000
    proxy = tc.hourglass(preset="haproxy").hops[0]
    assert isinstance(proxy, Proxy)
    assert (proxy.capture, proxy.source) == ("listen", "own")
    behind = tc.inverted_cone(preset="istio-outbound").hops[1]
    assert isinstance(behind, Proxy)
    assert (behind.capture, behind.source, behind.ports.size) == ("nat", "own", 28_232)


def test_what_a_chain_uses() -> None:
    table = filled("tencent-nat-gateway", ports="1-9")
    table["clients"]["preset"] = "linux-client"
    clients, nat = used(from_dict(table))
    assert (clients.hop, clients.preset.name) == ("clients", "linux-client")
    assert clients.values == dict(preset("linux-client").values)
    assert (nat.hop, nat.values, nat.unknown) == ("hop", {}, {"time_wait": 120})
    (timed,) = used(from_dict(filled("tencent-nat-gateway", time_wait=5)))
    assert timed.unknown == {}
    assert list(used(tc.example("cone"))) == []


# The JSON Schema.


def accepts(table: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft7Validator(SCHEMA).is_valid(table))


SCHEMA = json_schema()


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_accepts_a_preset_with_what_it_needs(name: str) -> None:
    assert accepts(filled(name))
    kind = {} if preset(name).kind == "clients" else {"kind": preset(name).kind}
    assert accepts(filled(name, **kind))


@pytest.mark.parametrize(
    "table",
    [
        filled("lvs-nat"),
        filled("istio-outbound", listen_ports=8080),
        filled("haproxy", source="client"),
        filled("haproxy", layer=4),
        filled("haproxy", preset=None, kind="hourglass", capture="listen"),
    ],
)
def test_the_schema_accepts_what_the_program_accepts(table: dict[str, Any]) -> None:
    from_dict(table)
    assert accepts(table)


@pytest.mark.parametrize(
    "table",
    [
        filled("haproxy", preset="haproxi"),
        filled("haproxy", kind="cone"),
        filled("aws-nat-gateway", kind="hourglass"),
        filled("linux-client", preset="haproxy"),
        filled("haproxy", preset="linux-client"),
        filled("haproxy", preset=None),
        filled("haproxy", preset=None, kind="hourglass"),
        filled("haproxy", preset=None, kind="hourglass", layer=4, addresses=1),
        {**filled("aws-nat-gateway"), "hops": [{"name": "nat", "preset": "aws-nat-gateway"}]},
        {**filled("lvs-fullnat"), "hops": [{"name": "lb", "preset": "lvs-fullnat", "addresses": 1}]},
    ],
)
def test_the_schema_refuses_what_the_program_refuses(table: dict[str, Any]) -> None:
    with pytest.raises(ChainError):
        from_dict(table)
    assert not accepts(table)
