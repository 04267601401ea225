"""Envoy: listeners, clusters and binds of a sidecar's dump and of bootstraps, and JSON of wrong shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.drafts import (
    FIXTURES,
    all_values,
    chain_of,
    fixture,
    loads_or_is_refused,
    remarks,
    texts,
    unknown,
    values,
)
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.sources.draft import Draft
from tuplecalc.sources.proxies.envoy import READER


def socket(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def read(listener: dict[str, Any], cluster: dict[str, Any] | None = None, **bootstrap: Any) -> Draft:
    """A bootstrap of one TCP listener and one cluster."""
    name = "envoy.filters.network.tcp_proxy"
    chains = [{"filters": [{"name": name, "typed_config": {"cluster": "c"}}]}]
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": socket("198.18.2.1", 80)}}]}]
    listeners = [{"address": socket("198.18.1.1", 443), "filter_chains": chains, **listener}]
    clusters = [{"name": "c", "load_assignment": {"endpoints": endpoints}, **(cluster or {})}]
    resources = {"listeners": listeners, "clusters": clusters}
    draft = READER.read(texts(e_json=json.dumps({"static_resources": resources, **bootstrap})))
    chain_of(draft)
    return draft


def test_a_sidecar_is_a_hop_inbound_and_one_outbound() -> None:
    draft = READER.read(fixture("envoy/sidecar.json"))
    outbound, inbound = draft.hops
    assert values(outbound) == {
        "name": "envoy-PassthroughCluster+2",
        "kind": "hourglass",
        "machine": "envoy",
        "traffic": ["envoy-PassthroughCluster+2"],
        "capture": "nat",
        "preset": "envoy",
        "source": "own",
        "addresses": 1,
        "connections_per_flow": 1,
        "listen_addresses": 1,
        "listen_ports": 15001,
        "max_files": 40000,
    }
    assert values(inbound) == {
        "name": "envoy-inbound|8080||",
        "kind": "hourglass",
        "machine": "envoy",
        "traffic": ["envoy-inbound|8080||"],
        "capture": "nat",
        "preset": "envoy-bind",
        "source": "own",
        "addresses": ["127.0.0.6", "::6"],
        "allocation": "bind",
        "connections_per_flow": 1,
        "listen_addresses": 1,
        "listen_ports": 15006,
        "max_files": 40000,
    }
    assert unknown(inbound) == {"ports", "allocation", "connections_per_flow", "listen_addresses"}
    bind = "sidecar.json: configs[1].dynamic_active_clusters[3].cluster.upstream_bind_config"
    assert inbound["allocation"] == (
        "bind",
        bind,
        '"tuple" with an Envoy of July 2026 or later: envoy --version',
    )
    assert all_values(draft.services) == [
        {"name": "PassthroughCluster", "addresses": 1, "ports": 80},
        {"name": "outbound|5432||db.shop.svc.cluster.local", "addresses": "198.18.8.9", "ports": 5432},
        {
            "name": "outbound|9080||reviews.shop.svc.cluster.local",
            "addresses": ["198.18.8.1", "198.18.8.2"],
            "ports": 9080,
        },
        {"name": "inbound|8080||", "addresses": "198.18.7.7", "ports": 8080},
    ]
    assert unknown(draft.services[0]) == {"addresses", "ports", "share"}
    assert [each.why.partition(":")[0] for each in draft.remarks] == [
        "it is this Envoy's own admin port",
        "no service is behind it",
        "it is wherever its client wanted to go",
        "it limits connections",
    ]
    assert draft.passed_over == {"SecretsConfigDump": 1}
    chain_of(draft)


def test_a_transparent_listener_with_original_src() -> None:
    draft = READER.read(fixture("envoy/transparent.json"))
    (hop,) = draft.hops
    assert values(hop) == {
        "name": "envoy",
        "kind": "hourglass",
        "capture": "tproxy",
        "tracking": "strict",
        "preset": "envoy",
        "source": "client",
        "allocation": "tuple",
        "max_files": 60000,
    }
    assert hop["source"].where == "transparent.json: static_resources.listeners[0].listener_filters[1]"
    assert [remark.said for remark in draft.remarks] == ["max_connections 50000 of login"]
    assert capacity(chain_of(draft)).flows == 30000


def test_an_edge_with_routes_weights_and_a_bind_of_one_cluster() -> None:
    draft = READER.read(fixture("envoy/edge.json"))
    web, mqtt = draft.hops
    assert values(web)["listen_addresses"] == ["198.18.1.1", "2001:db8:1::1"]
    assert {key: values(mqtt)[key] for key in ("addresses", "allocation", "listen_ports")} == {
        "addresses": ["198.18.1.9", "2001:db8:1::9"],
        "allocation": "bind",
        "listen_ports": 8883,
    }
    assert "connections_per_flow" not in mqtt
    assert [values(group)["name"] for group in draft.services] == ["api", "site", "brokers"]
    route = (
        "listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[1].route"
    )
    assert {where.partition(": static_resources.")[2]: why for where, why in remarks(draft).items()} == {
        route: "which cluster it is shows while it runs",
        "clusters[1].load_assignment.endpoints[0].lb_endpoints[1]": "no TCP over IP: it has no tuple",
        "clusters[1].load_assignment.endpoints[1]": "it gets flows only when others fail",
        "clusters[2]": "its endpoints are not here: /config_dump?include_eds has them",
        "clusters[4].upstream_bind_config.extra_source_addresses[1].address": (
            "only the first address of a family is taken"
        ),
        "listeners[2].address": "no TCP over IP: it is not counted",
        "listeners[3]": "no service is behind it: it is not counted",
        "clusters[1]": (
            "at most 1024 connections to each of 3 clusters, by the usual circuit breaker: not in the model"
        ),
    }
    chain_of(draft)


_BIND = {"source_address": {"address": "198.18.1.9", "port_value": 0}}


@pytest.mark.parametrize(
    ("listener", "cluster", "expected"),
    [
        ({}, {}, {"capture": "listen", "source": "own", "addresses": None, "max_files": None}),
        ({"transparent": True, "use_original_dst": True}, {}, {"capture": "tproxy", "listen_ports": None}),
        ({"use_original_dst": True}, {}, {"capture": "nat", "listen_ports": 443}),
        ({"listener_filters": [{"name": "envoy.filters.listener.original_dst"}]}, {}, {"capture": "nat"}),
        ({"listener_filters": [{"name": "envoy.filters.listener.original_src"}]}, {}, {"source": "client"}),
        (
            {
                "listener_filters": [
                    {"name": "x", "typed_config": {"@type": "a.b/c.v3.OriginalSrc", "bind_port": True}}
                ]
            },
            {},
            {"source": "client-port", "ports": None},
        ),
        ({}, {"upstream_bind_config": _BIND}, {"addresses": "198.18.1.9", "allocation": "bind"}),
        (
            {},
            {"upstream_bind_config": {"source_address": {"address": "0.0.0.0", "port_value": 0}}},
            {"addresses": None, "allocation": "bind"},
        ),
        (
            {},
            {"upstream_bind_config": {"source_address": {"address": "198.18.1.9", "port_value": 7000}}},
            {"ports": 7000},
        ),
    ],
)
def test_a_listener_and_a_cluster_make_a_hop(
    listener: dict[str, Any], cluster: dict[str, Any], expected: dict[str, object]
) -> None:
    (hop,) = read(listener, cluster).hops
    assert {key: values(hop).get(key) for key in expected} == expected


def test_what_holds_for_all_clusters_is_in_the_bootstrap() -> None:
    bound, own = (
        {"upstream_bind_config": _BIND},
        {"upstream_bind_config": {"source_address": {"address": "198.18.1.8"}}},
    )
    assert values(read({}, cluster_manager=bound).hops[0])["addresses"] == "198.18.1.9"
    assert values(read({}, own, cluster_manager=bound).hops[0])["addresses"] == "198.18.1.8"
    layers = [{"static_layer": {"overload": {"global_downstream_max_connections": n}}} for n in (500, 300)]
    (hop,) = read({}, layered_runtime={"layers": layers}).hops
    assert hop["max_files"].value == 600


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"type": "ORIGINAL_DST"}, (1, 80)),
        ({"cluster_type": {"name": "envoy.clusters.dynamic_forward_proxy"}}, (1, 80)),
        (
            {
                "load_assignment": {
                    "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket("db", 70)}}]}]
                }
            },
            (1, 70),
        ),
    ],
)
def test_services(cluster: dict[str, Any], expected: tuple[object, object]) -> None:
    (group,) = read({}, cluster).services
    assert (values(group)["addresses"], values(group)["ports"]) == expected
    assert "addresses" in unknown(group)


def test_a_listener_that_is_not_bound_and_gets_nothing_is_remarked_on() -> None:
    with pytest.raises(InputError) as caught:
        read({"bind_to_port": False})
    assert str(caught.value) == (
        "source: no listener of this Envoy leads to a cluster; take the whole of /config_dump?include_eds"
    )


def test_json_that_is_cut_off_is_an_error_with_its_line() -> None:
    whole = (FIXTURES / "envoy" / "transparent.json").read_text()
    with pytest.raises(InputError) as caught:
        READER.read(texts(e_json=whole[:1500]))
    assert str(caught.value) == (
        "e.json:68: not JSON: expecting property name enclosed in double quotes; "
        "print it anew, it may be cut off"
    )


@pytest.mark.parametrize(
    "written", ["", "{}", '{"configs": []}', '[{"static_resources": {"clusters": []}}]', "a: 1"]
)
def test_other_sources_are_not_recognised(written: str) -> None:
    assert not READER.recognises(texts(a=written))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 70000)
    | st.sampled_from(["", "c", "198.18.1.1", "::", "EDS", "a\tb"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "address", "endpoints"]), inner)
    ),
    max_leaves=6,
)


@given(st.data())
def test_json_of_other_shapes_loads_or_is_refused_in_our_words(data: st.DataObject) -> None:
    text = (FIXTURES / "envoy" / f"{data.draw(st.sampled_from(['sidecar', 'edge']))}.json").read_text()
    document = json.loads(text)
    for _ in range(data.draw(st.integers(1, 4))):
        node, steps = document, data.draw(st.integers(1, 14))
        for step in range(steps):
            if not node or not isinstance(node, dict | list):
                break
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if step == steps - 1:
                node[key] = data.draw(_VALUES)
            node = node[key]
    loads_or_is_refused(READER, texts(a_json=json.dumps(document)))


@given(st.text(max_size=30), st.integers(0, 3000))
def test_any_text_is_read_or_refused_in_our_words(written: str, at: int) -> None:
    whole = (FIXTURES / "envoy" / "transparent.json").read_text()
    for source in (texts(a=written), texts(a=whole[:at] + written + whole[at:])):
        if READER.recognises(source):
            loads_or_is_refused(READER, source)


def test_json_that_is_nested_too_deep_is_an_error() -> None:
    deep = '{"static_resources": ' + '{"clusters": ' * 100_000
    with pytest.raises(InputError, match="nested too deep to be a configuration"):
        READER.read(texts(a_json=deep))
