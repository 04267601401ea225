"""Envoy: its listeners, clusters and binds, from `/config_dump` or a bootstrap in JSON.

The messages are those of envoy.admin.v3.ConfigDump and envoy.config (bootstrap, listener, cluster, core) v3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuplecalc.errors import InputError
from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.sources.draft import Draft, Said, Table
from tuplecalc.sources.gathering import NO_IP, SPARE, WANTED
from tuplecalc.sources.json_node import Node, parsed
from tuplecalc.sources.places import ANY, NO_PORTS, Place, addresses_of, is_address
from tuplecalc.sources.proxies.envoy_dump import Configuration, gather, is_configuration
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.routes import LOCAL_PORTS, Route, drafted
from tuplecalc.sources.texts import Source

_SHARES = "upstream_cx_total of each cluster: /stats of the admin port"
_POOLS = "upstream_cx_total of all clusters ÷ downstream_cx_total of all listeners: /stats of the admin port"
_BOUND = '"tuple" with an Envoy of July 2026 or later: envoy --version'
_CLIENTS_BOUND = '"bind" with an Envoy before February 2025: envoy --version'
_FILES = "Max open files: /proc/PID/limits of the process"
_ADMIN = ("admin", "address", "socket_address")
_DOWNSTREAM = "global_downstream_max_connections"
_ELSEWHERE = """
access_log grpc_service http_filters http_service http_uri request_mirror_policies server_uri tracing
"""
_NOT_PASSED_ON = frozenset(_ELSEWHERE.split())
"""Where the name of a cluster is not that of a flow's service."""
_USUAL_BREAKER = 1024  # envoy.config.cluster.v3.CircuitBreakers.Thresholds.max_connections
_NO_BREAKER = 2**31


class _Listener(NamedTuple):
    """A listener that connections reach, and how."""

    node: Node
    capture: Table
    places: tuple[Place, ...]


def _recognises(source: Source) -> bool:
    return any(is_configuration(text) for text in source.texts.values())


def _read(source: Source) -> Draft:
    found = Configuration()
    for text in source.distinct:
        if is_configuration(text):
            gather(parsed(text), found)
        else:
            found.passed_over["files of another kind"] += 1
    routes = [route for listener in _listeners(found) for route in _routes(listener, found)]
    if not routes:
        rule = "no listener of this Envoy leads to a cluster"
        raise InputError(f"{source.name}: {rule}; take the whole of /config_dump?include_eds")
    _tell_breakers(found, {route.name for route in routes})
    return drafted("envoy", routes, _files(found.bootstrap), _SHARES, found.remarks, found.passed_over)


READER = Reader("Envoy", _recognises, _read)


def _listeners(found: Configuration) -> Iterator[_Listener]:
    """Listeners with how they capture; one that is not bound has its connections from another."""
    bound: dict[str, _Listener] = {}
    waiting: list[Node] = []
    for node in found.listeners:
        if node.at("bind_to_port").value is False or node.at("deprecated_v1", "bind_to_port").value is False:
            waiting.append(node)
            continue
        listener = _Listener(node, _capture(node), tuple(_places(node, found)))
        if not listener.places:
            continue
        if node.at("use_original_dst").holds:
            bound.setdefault(node.at("traffic_direction").text, listener)
        yield listener
    for node in waiting:
        catching = bound.get(node.at("traffic_direction").text) or next(iter(bound.values()), None)
        if catching is None:
            found.remark(node, _name(node), "it is not bound, and no listener hands connections on to it")
        else:
            yield catching._replace(node=node)


def _name(node: Node) -> str:
    return node.at("name").text or "without a name"


def _capture(listener: Node) -> Table:
    transparent, original = listener.at("transparent"), listener.at("use_original_dst")
    filters = [
        each for each in listener.at("listener_filters").each() if _is(each, "OriginalDst", "original_dst")
    ]
    if transparent.holds:
        return {
            "capture": Said("tproxy", transparent.where),
        }
    if original.holds or filters:
        return {"capture": Said("nat", original.where if original.holds else filters[0].where)}
    return {"capture": Said("listen", listener.where)}


def _is(each: Node, message: str, name: str) -> bool:
    """Whether a filter is of a type, or has its usual name where no type stands there."""
    kind = each.at("typed_config", "@type").text or each.at("typed_config", "type_url").text
    return kind.rpartition(".")[2] == message if kind else each.at("name").text.rpartition(".")[2] == name


def _places(listener: Node, found: Configuration) -> Iterator[Place]:
    extra = (each.at("address") for each in listener.at("additional_addresses").each())
    for address in (listener.at("address"), *extra):
        socket = address.at("socket_address")
        if not socket.names() or socket.at("protocol").text == "UDP":
            found.remark(address, _name(listener), "no TCP over IP: it is not counted")
            continue
        yield _place(socket)


def _place(socket: Node) -> Place:
    host, port = socket.at("address").text, socket.at("port_value").number or 0
    ports = PortSet(port) if 0 < port <= LAST_PORT else NO_PORTS
    return Place(ANY if host in ("", "0.0.0.0", "::") else host, ports, socket.where)


def _routes(listener: _Listener, found: Configuration) -> Iterator[Route]:
    """A route for each cluster that a listener leads to."""
    names = dict.fromkeys(_clusters_of(listener.node.at("filter_chains"), found))
    names |= dict.fromkeys(_clusters_of(listener.node.at("default_filter_chain"), found))
    reached = False
    chains = (*listener.node.at("filter_chains").each(), listener.node.at("default_filter_chain"))
    filters = [each for chain in chains for each in chain.at("filters").each()]
    is_http = any(_is(each, "HttpConnectionManager", "http_connection_manager") for each in filters)
    as_client = _as_client(listener.node, filters)
    places_ = () if listener.capture["capture"].value == "tproxy" else listener.places
    for name in names:
        cluster = found.clusters.get(name)
        if cluster is not None and name not in found.servers:
            found.servers[name] = tuple(_servers(name, cluster, found))
        servers = found.servers.get(name)
        if cluster is None:
            found.remark(listener.node, name, "no cluster of this name is here")
        if cluster is None or not servers:
            continue
        hop = {**listener.capture, **(as_client or _own(cluster, found))}
        if is_http and hop["source"].value != "client-port":
            hop["connections_per_flow"] = Said(1, listener.node.where, _POOLS)
        yield Route(name, hop, places_, servers)
        reached = True
    if not reached:
        found.remark(listener.node, _name(listener.node), "no service is behind it: it is not counted")


def _clusters_of(top: Node, found: Configuration) -> Iterator[str]:
    """The clusters that filters and routes name, in their order, each once."""
    nodes = [top]
    seen: set[str] = set()
    while nodes:
        node = nodes.pop()
        nodes += reversed([*node.inner(_NOT_PASSED_ON)])
        table = node.value if isinstance(node.value, dict) else {}
        if "cluster" in table or "weighted_clusters" in table:
            weighted = (each.at("name").text for each in node.at("weighted_clusters", "clusters").each())
            yield from filter(None, (node.at("cluster").text, *weighted))
        if "cluster_header" in table:
            found.remark(node, node.at("cluster_header").text, "which cluster it is shows while it runs")
        named = node.at("rds", "route_config_name").text if "rds" in table else ""
        if named in found.routes and named not in seen:
            seen.add(named)
            nodes.append(found.routes[named])
        elif named and named not in seen:
            found.remark(node, named, "the routes of this name are not here")


def _servers(name: str, cluster: Node, found: Configuration) -> Iterator[Place]:
    kind = cluster.at("type").text
    if kind == "ORIGINAL_DST" or _is_dynamic(cluster):
        found.remark(cluster, name, WANTED)
        yield Place(ANY, NO_PORTS, cluster.where)
        return
    inline, service = cluster.at("load_assignment"), cluster.at("eds_cluster_config", "service_name").text
    assignment = inline if inline.names() else found.endpoints.get(service or name, inline)
    groups = list(assignment.at("endpoints").each())
    lowest = min((each.at("priority").number or 0 for each in groups), default=0)
    for group in groups:
        if (group.at("priority").number or 0) > lowest:
            found.remark(group, name, SPARE)
            continue
        for each in group.at("lb_endpoints").each():
            socket = each.at("endpoint", "address", "socket_address")
            if socket.names() and socket.value == found.bootstrap.at(*_ADMIN).value:
                found.remark(socket, name, "it is this Envoy's own admin port: not counted")
            elif socket.names():
                yield _place(socket)
            else:
                found.remark(each, name, NO_IP)
    if not groups:
        found.remark(cluster, name, "its endpoints are not here: /config_dump?include_eds has them")


def _is_dynamic(cluster: Node) -> bool:
    return cluster.at("cluster_type", "name").text.rpartition(".")[2] == "dynamic_forward_proxy"


def _as_client(listener: Node, filters: Sequence[Node]) -> Table:
    """The client's address upstream, by original_src; nothing without it."""
    inner = [each for filter_ in filters for each in filter_.at("typed_config", "http_filters").each()]
    for each in (*listener.at("listener_filters").each(), *inner):
        if _is(each, "OriginalSrc", "original_src"):
            if each.at("typed_config", "bind_port").holds:
                return {"preset": Said("envoy", each.where), "source": Said("client-port", each.where)}
            return {
                "preset": Said("envoy", each.where),
                "source": Said("client", each.where),
                "ports": Said(None, "", LOCAL_PORTS),
                "allocation": Said("tuple", each.where, _CLIENTS_BOUND),
            }
    return {}


def _own(cluster: Node, found: Configuration) -> Table:
    """Envoy's own address upstream, as the cluster binds it, or the bootstrap for all of them."""
    of_cluster = cluster.at("upstream_bind_config")
    bind = of_cluster if of_cluster.names() else found.bootstrap.at("cluster_manager", "upstream_bind_config")
    if not bind.names():
        return {"preset": Said("envoy"), "source": Said("own"), "ports": Said(None, "", LOCAL_PORTS)}
    more = (each.at("address") for each in bind.at("extra_source_addresses").each())
    of_family: dict[bool, Place] = {}
    for socket in (bind.at("source_address"), *more, *bind.at("additional_source_addresses").each()):
        place = _place(socket)
        if of_family.setdefault(":" in place.address, place) != place:
            found.remark(socket, place.address, "only the first address of a family is taken")
    ports = [place.ports for place in of_family.values() if place.ports]
    local = Said(ports[0].spec, bind.where) if ports else Said(None, "", LOCAL_PORTS)
    own = [place for place in of_family.values() if is_address(place.address)]
    return {
        "preset": Said("envoy-bind", bind.where),
        "source": Said("own", bind.where),
        **({"addresses": addresses_of(own)} if own else {}),
        "ports": local,
        "allocation": Said("bind", bind.where, _BOUND),
    }


def _tell_breakers(found: Configuration, used: set[str]) -> None:
    """Connections to a cluster are limited, by default to 1,024: for that the model has no key."""
    usual: list[str] = []
    for name in sorted(used):
        thresholds = found.clusters[name].at("circuit_breakers", "thresholds")
        usual_ones = (each for each in thresholds.each() if each.at("priority").text in ("", "DEFAULT"))
        given = [each.at("max_connections") for each in usual_ones]
        number = next((each.number for each in given if each.number is not None), None)
        if number is None:
            usual.append(name)
        elif number < _NO_BREAKER:
            found.remark(
                given[0], f"max_connections {number} of {name}", "it limits connections: not in the model"
            )
    if usual:
        at_most = f"{_USUAL_BREAKER} connections to each of {len(usual)} clusters"
        why = f"at most {at_most}, by the usual circuit breaker: not in the model"
        found.remark(found.clusters[usual[0]], usual[0], why)


def _files(bootstrap: Node) -> Table:
    """Two files for each connection that it accepts, where their number is limited."""
    monitors = bootstrap.at("overload_manager", "resource_monitors").each()
    layers = [each.at("static_layer") for each in bootstrap.at("layered_runtime", "layers").each()]
    limits = [
        *(each.at("typed_config", "max_active_downstream_connections") for each in monitors),
        *(each.at(f"overload.{_DOWNSTREAM}") for each in layers),
        *(each.at("overload", _DOWNSTREAM) for each in layers),
    ]
    found = [(2 * each.number, f"{each.where}: × 2") for each in limits if each.number]
    return {"max_files": Said(*min(found)) if found else Said(None, "", _FILES)}
