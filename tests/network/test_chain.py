"""Every rule of a topology: defaults, what fits where, and what is said about what does not."""

import copy
import json
import pickle
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.limits.chains import Topology, topologies
from tuplecalc.errors import TopologyError
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain, Clients, Traffic
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services


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
    """What is said about a topology that is not sound."""
    with pytest.raises(TopologyError) as caught:
        from_dict(written)
    return str(caught.value)


# Defaults.


def test_defaults() -> None:
    chain = from_dict(topology())
    assert chain.title == ""
    assert chain.traffic == Traffic(rate=None, hold=0, first_close="client")
    assert chain.traffic.first_close == 1
    clients = chain.clients
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


@pytest.mark.parametrize(
    ("keys", "linger"),
    [({}, 60), ({"reuse_after": 1}, 1), ({"time_wait": "1s", "reuse_after": 5}, 1), ({"time_wait": 0}, 0)],
)
def test_linger(keys: dict[str, Any], linger: int) -> None:
    assert Clients(addresses=1, **keys).linger == linger


# What fits where: the table of the topology's description, once more.

LAYER_7_KEYS = {
    "listen_addresses": 1,
    "listen_ports": 80,
    "rewrite_ports": "1-9",
    "addresses": 1,
    "ports": "1-9",
    "allocation": "tuple",
    "tracking": "strict",
    "split": "flows",
    "max_files": 5,
    "source": "own",
}
EVERYWHERE = {"instances": 2, "max_entries": 5, "time_wait": 1, "reuse_after": 1, "tracking_time_wait": 1}


def fits(key: str, capture: str, source: str) -> bool:
    """Whether a key fits a layer-7 hourglass."""
    match key:
        case "listen_addresses" | "listen_ports":
            return capture in ("nat", "listen")
        case "rewrite_ports":
            return capture == "nat"
        case "addresses":
            return source == "own"
        case "ports":
            return source in ("own", "client")
    return True


PROXIES = [
    (capture, source)
    for capture, source in product(("tproxy", "nat", "listen"), ("own", "client", "client-port"))
    if (capture, source) != ("nat", "client-port")
]


@pytest.mark.parametrize(("capture", "source"), PROXIES)
@pytest.mark.parametrize("key", sorted(LAYER_7_KEYS.keys() - {"source"}))
def test_keys_of_a_proxy(capture: str, source: str, key: str) -> None:
    written = topology(proxy={"capture": capture, "source": source, key: LAYER_7_KEYS[key]})
    if fits(key, capture, source):
        assert key in from_dict(written).hops[1].model_fields_set
    else:
        assert said(written).startswith(f"hops[1].{key}: ")
        assert "this key fits" in said(written)


@pytest.mark.parametrize("layer", [2, 3, 4])
@pytest.mark.parametrize("key", sorted(LAYER_7_KEYS))
def test_a_forwarder_has_no_keys_of_a_proxy(layer: int, key: str) -> None:
    written = topology(proxy={"layer": layer, "capture": ..., key: LAYER_7_KEYS[key]})
    assert said(written).startswith(f"hops[1].{key}: ")
    kind = ' or kind = "cone"' if key in ("addresses", "ports") else ""
    rule = f"this key fits layer = 7{kind}, not layer = 2, 3 or 4; leave it out, or change `layer`"
    assert said(written).endswith(f": {rule}")


@pytest.mark.parametrize("key", sorted(LAYER_7_KEYS.keys() - {"addresses", "ports"} | {"layer", "capture"}))
def test_a_cone_has_no_keys_of_an_hourglass(key: str) -> None:
    value = {"layer": 3, "capture": "nat"}.get(key) or LAYER_7_KEYS[key]
    assert said(topology(nat={key: value})).endswith(
        ': this key fits kind = "hourglass"; leave it out, or change `kind`'
    )


@pytest.mark.parametrize("key", ["mapping", "block", "destinations", "overflow", "client_ports"])
def test_an_hourglass_has_no_keys_of_a_cone(key: str) -> None:
    assert said(topology(proxy={key: 1})) == (
        f'hops[1].{key}: 1: this key fits kind = "cone"; leave it out, or change `kind`'
    )


@pytest.mark.parametrize("hop", ["nat", "proxy", "forwarder"])
@pytest.mark.parametrize("key", sorted(EVERYWHERE))
def test_keys_that_every_hop_has(hop: str, key: str) -> None:
    forwarder = {"layer": 4, "capture": ...} if hop == "forwarder" else {}
    name = "nat" if hop == "nat" else "proxy"
    chain = from_dict(topology(**{name: {**forwarder, key: EVERYWHERE[key]}}))
    assert getattr(chain.hops[name == "proxy"], key) == EVERYWHERE[key]


@pytest.mark.parametrize(("hop", "fits"), [({}, False), ({"layer": 4, "capture": ...}, True)])
def test_virtual_fits_cones_and_forwarders(hop: dict[str, Any], fits: bool) -> None:
    virtual = {"virtual": {"addresses": 1, "ports": [80]}}
    assert from_dict(topology(nat=virtual)).hops[0].virtual is not None
    if fits:
        assert from_dict(topology(proxy=hop | virtual)).hops[1].virtual is not None
    else:
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
    with pytest.raises(TopologyError, match="a range of ports runs upwards"):
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
    with pytest.raises(TopologyError, match="a layer-7 hop says how it captures"):
        Proxy(name="px", capture=None)


def test_an_empty_set_is_no_part_of_a_chain() -> None:
    none = PortSet(80) - PortSet(80)
    with pytest.raises(TopologyError, match="this set is empty"):
        Cone(name="nat", addresses=1, ports=none)


def test_hops_may_come_from_a_generator_and_are_checked_all_the_same() -> None:
    hops = (Cone(name="nat", addresses=4) for _ in range(2))
    with pytest.raises(TopologyError, match="another hop has this name"):
        Chain(clients=Clients(addresses=1), hops=hops, services=Services(addresses=1, ports=80))


def test_an_error_survives_pickling() -> None:
    with pytest.raises(TopologyError) as caught:
        Cone(name="nat", addresses=0)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.problems) == (str(caught.value), caught.value.problems)
