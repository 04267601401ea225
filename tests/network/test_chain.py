"""Every rule of a chain file: defaults, what fits where, and what is said about what does not."""

import copy
import json
import pickle
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.limits.chains import Topology, topologies
from tuplecalc.errors import ChainError
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Traffic


def topology(**parts: Any) -> Topology:
    """A sound one: a cone and a proxy; `nat` and `proxy` change the hops, other names the tables."""
    nat = {"name": "nat", "kind": "cone", "addresses": 1, **parts.pop("nat", {})}
    proxy = {"name": "p", "kind": "hourglass", "capture": "tproxy", **parts.pop("proxy", {})}
    hops = [written(nat), written(proxy)]
    sound: dict[str, Any] = {
        "clients": {"addresses": 4},
        "hops": hops,
        "services": {"addresses": 2, "ports": 80},
    }
    for name, value in parts.items():
        merge = isinstance(value, dict) and isinstance(sound.get(name, {}), dict)
        sound[name] = {**sound.get(name, {}), **value} if merge else value
    return written(sound)


def written(table: dict[str, Any]) -> dict[str, Any]:
    """A table without the keys that are taken away by writing `...`."""
    return {key: value for key, value in table.items() if value is not ...}


def said(written: Topology) -> str:
    """What is said about a chain file that is not sound."""
    with pytest.raises(ChainError) as caught:
        from_dict(written)
    return str(caught.value)


# Defaults.


def test_defaults() -> None:
    chain = from_dict(topology())
    assert chain.title == ""
    assert chain.traffic == Traffic(rate=None, hold=0, first_close="client")
    assert chain.traffic.first_close == 1
    [clients] = chain.clients
    assert (clients.ports, clients.allocation) == (PortSet("32768-60999"), "tuple")
    assert clients.time_wait == 60
    assert clients.reuse_after is None
    nat, proxy = chain.hops
    assert isinstance(nat, Cone)
    assert (nat.ports, nat.mapping, nat.block) == (PortSet("1024-65535"), "endpoint-dependent", None)
    assert nat.time_wait == nat.tracking_time_wait == 120
    assert nat.instances == 1
    assert (nat.virtual, nat.max_entries, nat.reuse_after, nat.preset) == (None, None, None, None)
    assert isinstance(proxy, Proxy)
    assert (proxy.layer, proxy.source, proxy.tracking, proxy.split) == (7, "own", "strict", "flows")
    assert (proxy.listen_addresses, proxy.listen_ports.size) == (AddressSet(1), 1)
    assert (proxy.rewrite_ports, proxy.ports) == (PortSet("1024-65535"), PortSet("32768-60999"))
    assert (proxy.addresses, proxy.allocation, proxy.max_files) == (AddressSet(1), "tuple", None)
    assert [proxy.time_wait, proxy.tracking_time_wait] == [60, 120]
    assert chain.services[0].share is None
    assert from_dict({key: value for key, value in topology().items() if key != "hops"}).hops == ()


BOTH = {"time_wait": 8, "reuse_after": 5}


@pytest.mark.parametrize(
    ("part", "keys", "linger_by"),
    [
        (Clients, {}, {"time_wait": 60}),
        (Clients, BOTH, BOTH),
        (Clients, {"time_wait": "1s", "reuse_after": 5}, {"time_wait": 1, "reuse_after": 5}),
        (Clients, {"time_wait": 0}, {"time_wait": 0}),
        (Clients, {"allocation": "bind", **BOTH}, {"time_wait": 8}),
        (Cone, {}, {"time_wait": 120}),
        (Cone, BOTH, BOTH),
        (Cone, {"closing": "gives-way", **BOTH}, {"half_close": 0}),
        (Cone, {"closing": "gives-way", "half_close": "3s"}, {"half_close": 3}),
        (Forwarder, {}, {"reuse_after": 0}),
        (Forwarder, {"reuse_after": "10s"}, {"reuse_after": 10}),
        (Proxy, {}, {"time_wait": 60}),
        (Proxy, {"source": "client", **BOTH}, BOTH),
        (Proxy, {"allocation": "bind", **BOTH}, {"time_wait": 8}),
        (Proxy, {"source": "client-port"}, {"reuse_after": 0}),
        (Proxy, {"source": "client-port", "reuse_after": 5}, {"reuse_after": 5}),
    ],
)
def test_linger(part: Any, keys: dict[str, Any], linger_by: dict[str, int]) -> None:
    needed: dict[Any, dict[str, Any]] = {
        Clients: {"addresses": 1},
        Cone: {"name": "nat", "addresses": 1},
        Forwarder: {"name": "fw", "layer": 3},
        Proxy: {"name": "p", "capture": "tproxy"},
    }
    made = part(**needed[part], **keys)
    assert made.linger_by == linger_by
    assert made.linger == min(linger_by.values())


def test_services_linger_only_where_it_is_said() -> None:
    assert Services(addresses=1, ports=80).linger == 0
    assert Services(addresses=1, ports=80, time_wait="1m").linger == 60


# What fits where: the table of the chain file's description, once more.

LAYER_7_KEYS = {
    "listen_addresses": 1,
    "listen_ports": 80,
    "rewrite_ports": "1-9",
    "addresses": 1,
    "ports": "1-9",
    "allocation": "tuple",
    "accept_wait": "1s",
    "tracking": "strict",
    "split": "flows",
    "max_files": 5,
    "source": "own",
}
OF_CONES = ("mapping", "block", "destinations", "overflow", "client_ports", "spread", "closing", "half_close")
EVERYWHERE = {"instances": 2, "max_entries": 5, "reuse_after": 1, "tracking_time_wait": 1}
WAITING = {"time_wait": 1}
FORWARDER = {"layer": 4, "capture": ...}


def unfit(capture: str, source: str) -> dict[str, str]:
    """The keys that do not fit a proxy, each with what it would fit."""
    by_capture: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("listen_addresses", "listen_ports"), ("nat", "listen")
    )
    by_capture["rewrite_ports"] = ("nat",)
    by_source = {"addresses": ("own",), "ports": ("own", "client"), "time_wait": ("own", "client")}
    rules = (("capture", capture, by_capture), ("source", source, by_source))
    return {
        key: " or ".join(f'{other} = "{each}"' for each in allowed) + f'; here it is "{value}"'
        for other, value, keys in rules
        for key, allowed in keys.items()
        if value not in allowed
    }


PROXIES = [
    (capture, source)
    for capture, source in product(("tproxy", "nat", "listen"), ("own", "client", "client-port"))
    if (capture, source) != ("nat", "client-port")
]


@pytest.mark.parametrize(("capture", "source"), PROXIES)
def test_keys_of_a_proxy(capture: str, source: str) -> None:
    chosen = {"capture": capture, "source": source}
    wrong, keys = unfit(capture, source), {**EVERYWHERE, **WAITING, **LAYER_7_KEYS, **chosen}
    fit = from_dict(topology(proxy={key: value for key, value in keys.items() if key not in wrong}))
    assert fit.hops[1].model_fields_set == keys.keys() - wrong.keys() | {"name", "kind"}
    lines = said(topology(proxy=keys)).splitlines() if wrong else []
    assert {line.split(": ")[0] for line in lines} == {f"hops[1].{key}" for key in wrong}
    for line in lines:
        key = line.split(": ")[0].removeprefix("hops[1].")
        assert f": this key fits {wrong[key]}; " in line


@pytest.mark.parametrize("layer", [2, 3, 4])
def test_keys_of_a_forwarder(layer: int) -> None:
    made = from_dict(topology(proxy={**FORWARDER, **EVERYWHERE, "layer": layer})).hops[1]
    assert made.model_dump(include=set(EVERYWHERE)) == EVERYWHERE
    lines = said(topology(proxy={**LAYER_7_KEYS, **WAITING, "layer": layer, "capture": "nat"})).splitlines()
    assert len(lines) == len(LAYER_7_KEYS) + 2
    for line in lines:
        key = line.split(": ")[0].removeprefix("hops[1].")
        kind = ' or kind = "cone"' if key in ("addresses", "ports", "time_wait") else ""
        remedy = "leave it out, or change `layer`"
        if key in ("addresses", "ports"):
            remedy = (
                "leave it out; or, if this hop changes the source address too (SNAT, masquerade, FULLNAT), "
                'write kind = "cone", and a preset of that kind'
            )
        if key == "time_wait":
            remedy = "a SYN reopens a closed entry: leave it out, or write reuse_after for one that remembers"
        assert line.endswith(f": this key fits layer = 7{kind}, not layer = 2, 3 or 4; {remedy}")


def test_keys_of_a_cone() -> None:
    made = from_dict(topology(nat={**EVERYWHERE, **WAITING})).hops[0]
    assert made.model_dump(include={*EVERYWHERE, *WAITING}) == EVERYWHERE | WAITING
    lines = said(topology(nat={**LAYER_7_KEYS, "layer": 3, "capture": "nat"})).splitlines()
    assert len(lines) == len(LAYER_7_KEYS)  # two more, and addresses and ports fit
    assert all(
        line.endswith(': this key fits kind = "hourglass"; leave it out, or change `kind`') for line in lines
    )


@pytest.mark.parametrize("hop", [{}, FORWARDER])
def test_an_hourglass_has_no_keys_of_a_cone(hop: dict[str, Any]) -> None:
    rule = 'this key fits kind = "cone"; leave it out, or change `kind`'
    lines = said(topology(proxy=hop | dict.fromkeys(OF_CONES, 1))).splitlines()
    assert lines == [f"hops[1].{key}: 1: {rule}" for key in OF_CONES]


def test_half_close_fits_a_cone_whose_closed_entries_give_way() -> None:
    for keys in ({}, {"closing": "holds"}):
        assert said(topology(nat={"half_close": 3, **keys})) == (
            'hops[0].half_close: 3: this key fits closing = "gives-way"; here it is "holds"; '
            "leave it out, or change `closing`"
        )


def test_the_class_is_chosen_by_kind_and_layer() -> None:
    hops = from_dict(topology(proxy=FORWARDER)).hops
    assert [type(hop) for hop in (*hops, *from_dict(topology()).hops)] == [Cone, Forwarder, Cone, Proxy]
    assert [hop.tuples_per_flow for hop in (*hops, *from_dict(topology()).hops)] == [1, 1, 1, 2]
    assert said(topology(proxy={"layer": 5, "max_files": 0})).startswith("hops[1].layer: 5: ")
    assert "\nhops[1].max_files: 0: " in said(topology(proxy={"layer": 5, "max_files": 0}))
    assert said(topology(hops=[3])) == (
        "hops[0]: 3: this is a table of keys and values; write [[hops]] above its keys"
    )


@pytest.mark.parametrize("name", ["nat", "proxy"])
def test_virtual_fits_cones_and_forwarders(name: str) -> None:
    virtual = {"virtual": {"addresses": 1, "ports": [80]}}
    keys = virtual | (FORWARDER if name == "proxy" else {})
    assert from_dict(topology(**{name: keys})).hops[name == "proxy"].virtual is not None
    assert from_dict(topology()).hops[1].virtual is None
    assert said(topology(proxy=virtual)) == (
        "hops[1].virtual: {addresses = 1, ports = [80]}: this key fits layer = 2, 3 or 4 or "
        'kind = "cone", not layer = 7; a layer-7 balancer is capture = "listen"'
    )


# Parts, and a chain as a whole.


def test_a_part_does_not_change() -> None:
    nat = Cone(name="nat", addresses=4)
    with pytest.raises(ValidationError, match="frozen"):
        nat.ports = PortSet("1-9")  # type: ignore[misc]
    assert nat.changed(addresses=5) == Cone(name="nat", addresses=5)
    with pytest.raises(ChainError, match="a range of ports runs upwards"):
        nat.changed(ports="9-1")


@pytest.mark.parametrize(
    ("hops", "shape"),
    [
        ([], "direct"),
        ([{"kind": "hourglass", "layer": 3}], "hourglass"),
        ([{"kind": "hourglass", "capture": "listen"}], "hourglass"),
        ([{"kind": "cone", "addresses": 1}], "cone"),
        ([{"kind": "cone", "addresses": 1}, {"kind": "hourglass", "capture": "listen"}], "cone"),
        ([{"kind": "hourglass", "capture": "tproxy"}, {"kind": "cone", "addresses": 1}], "cone"),
        ([{"kind": "cone", "addresses": 1}, {"kind": "hourglass", "capture": "nat"}], "inverted cone"),
        (
            [
                {"kind": "cone", "addresses": 1},
                {"kind": "hourglass", "layer": 4},
                {"kind": "hourglass", "capture": "tproxy"},
            ],
            "inverted cone",
        ),
    ],
)
def test_shape(hops: list[dict[str, Any]], shape: str) -> None:
    named = [{**hop, "name": str(number)} for number, hop in enumerate(hops)]
    assert from_dict(topology(hops=named)).shape == shape


@given(topologies())
def test_a_chain_is_written_and_read_again(written: Topology) -> None:
    chain = from_dict(written)
    assert from_dict(chain.to_dict()) == chain
    assert from_dict(json.loads(json.dumps(chain.to_dict()))) == chain


@given(topologies())
def test_reading_leaves_the_mapping_as_it_is(written: Topology) -> None:
    before = copy.deepcopy(written)
    from_dict(written)
    assert written == before


def test_parts_may_stand_where_a_table_does() -> None:
    parts = Chain(
        clients=Clients(addresses=4),
        hops=[Cone(name="nat", addresses=1), Proxy(name="p", capture="tproxy")],
        services=Services(addresses=2, ports=80),
    )
    assert parts == from_dict(topology())


def test_null_is_no_capture() -> None:
    with pytest.raises(ChainError, match="a layer-7 hop says how it captures"):
        Proxy(name="px", capture=None)


def test_an_empty_set_is_no_part_of_a_chain() -> None:
    none = PortSet(80) - PortSet(80)
    with pytest.raises(ChainError, match="this set is empty"):
        Cone(name="nat", addresses=1, ports=none)


def test_hops_may_come_from_a_generator_and_are_checked_all_the_same() -> None:
    hops = (Cone(name="nat", addresses=4) for _ in range(2))
    with pytest.raises(ChainError, match="another hop has this name"):
        Chain(clients=Clients(addresses=1), hops=hops, services=Services(addresses=1, ports=80))


def test_an_error_survives_pickling() -> None:
    with pytest.raises(ChainError) as caught:
        Cone(name="nat", addresses=0)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.problems) == (str(caught.value), caught.value.problems)
