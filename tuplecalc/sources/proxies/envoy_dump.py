"""What an Envoy says of itself: the parts of `/config_dump`, or a bootstrap in JSON, put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tuplecalc.sources.draft import Remark
from tuplecalc.sources.json_node import Node
from tuplecalc.sources.places import Place
from tuplecalc.sources.texts import Text

_MARKS = (('"configs"', "envoy.admin."), ('"static_resources"', '"clusters"'))
_GATHERED = {
    "ListenersConfigDump": (
        ("static_listeners", "listener"),
        ("dynamic_listeners", "active_state", "listener"),
        ("dynamic_active_listeners", "listener"),
    ),
    "ClustersConfigDump": (("static_clusters", "cluster"), ("dynamic_active_clusters", "cluster")),
    "EndpointsConfigDump": (
        ("static_endpoint_configs", "endpoint_config"),
        ("dynamic_endpoint_configs", "endpoint_config"),
    ),
    "RoutesConfigDump": (
        ("static_route_configs", "route_config"),
        ("dynamic_route_configs", "route_config"),
    ),
    "BootstrapConfigDump": (),
}
"""What is read of each part of a dump: the list, and the path of the message in each of its items."""


@dataclass
class Configuration:
    """What a dump or a bootstrap says, put together."""

    listeners: list[Node] = field(default_factory=list)
    clusters: dict[str, Node] = field(default_factory=dict)
    endpoints: dict[str, Node] = field(default_factory=dict)
    routes: dict[str, Node] = field(default_factory=dict)
    servers: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    """Of clusters that a listener leads to."""
    bootstrap: Node = field(default=Node(None, ""))
    remarks: list[Remark] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    def remark(self, node: Node, said: str, why: str) -> None:
        """Add a remark on what stands at a path."""
        self.remarks.append(Remark(node.where, said, why))


def is_configuration(text: Text) -> bool:
    """Whether it is a dump or a bootstrap in JSON, as far as some words tell."""
    return text.text.lstrip().startswith("{") and any(all(each in text.text for each in m) for m in _MARKS)


def gather(document: Node, found: Configuration) -> None:
    """Add what a dump or a bootstrap says."""
    if document.at("static_resources").value is not None:
        found.bootstrap = document
    for dump in document.at("configs").each():
        kind = dump.at("@type").text.rpartition(".")[2]
        if kind == "BootstrapConfigDump":
            found.bootstrap = dump.at("bootstrap")
        elif kind not in _GATHERED:
            found.passed_over[kind or "dump of no type"] += 1
        for key, *path in _GATHERED.get(kind, ()):
            for each in dump.at(key).each():
                _keep(each.at(*path), path[-1], found)
    if not found.listeners and not found.clusters:  # a dump has what its bootstrap has
        for listener in found.bootstrap.at("static_resources", "listeners").each():
            _keep(listener, "listener", found)
        for cluster in found.bootstrap.at("static_resources", "clusters").each():
            _keep(cluster, "cluster", found)


def _keep(node: Node, what: str, found: Configuration) -> None:
    if what == "listener" and node.value is not None:
        found.listeners.append(node)
    of_name = {"cluster": found.clusters, "endpoint_config": found.endpoints, "route_config": found.routes}
    name = node.at("cluster_name" if what == "endpoint_config" else "name").text
    if what in of_name and name:
        of_name[what][name] = node
