"""A chain as namespaces: which there are, how they are linked, what each of them does.  Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from tuplecalc.lab import addressing, rules
from tuplecalc.lab.refusals import refuse
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

Endpoint = tuple[str, int]

_SYSCTLS: dict[str, int | str] = {
    "ipv4/ip_forward": 1,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv4/conf/all/accept_local": 1,
    "ipv4/conf/default/accept_local": 1,
    "ipv4/conf/all/send_redirects": 0,
    "ipv4/conf/default/send_redirects": 0,
    "ipv4/ip_unprivileged_port_start": 0,  # the range below may not begin before it
    "ipv4/ip_local_port_range": "1 65535",  # IP_LOCAL_PORT_RANGE only narrows it; see _own_range
    "ipv4/tcp_syn_retries": 1,  # a SYN that is dropped is news soon
    "ipv4/tcp_syncookies": 0,
    "ipv4/tcp_max_syn_backlog": 8192,
    "core/somaxconn": 8192,
}
TRACKING: dict[str, int | str] = {
    "netfilter/nf_conntrack_tcp_timeout_close": 1,  # failed attempts make room soon
    "netfilter/nf_conntrack_tcp_timeout_syn_sent": 4,
}
"""Settings of connection tracking in each namespace."""


@dataclass
class Node:
    """One namespace: its stage (0: the clients), its number there, and what makes it."""

    name: str
    hop: str
    stage: int
    instance: int = 0
    fronts: list[tuple[str, str]] = field(default_factory=list)
    """Links towards the clients: (this end, the other end)."""
    backs: list[tuple[str, str]] = field(default_factory=list)
    """Links towards the services, likewise."""
    routes: list[str] = field(default_factory=list)
    """Lines for ``ip -batch``."""
    nft: str = ""
    role: dict[str, Any] = field(default_factory=dict)
    """What its process does: ``echo``, ``proxy``, or nothing but forward."""
    sysctls: dict[str, int | str] = field(default_factory=lambda: dict(_SYSCTLS))


@dataclass(frozen=True)
class Plan:
    """All namespaces of a lab, from the clients to the services, and what the clients do."""

    chain: Chain
    nodes: tuple[Node, ...]
    links: tuple[tuple[Node, Node], ...]
    """Who is linked with whom: the end towards the clients first."""
    clients: dict[str, Any]


def plan(chain: Chain) -> Plan:
    """The namespaces of a chain that is small enough to be built as it is.

    Raises :class:`~tuplecalc.errors.InputError` for what Linux cannot do and the lab does not build.

    >>> from tuplecalc.network.clients import Clients
    >>> from tuplecalc.network.services import Services
    >>> from tuplecalc.network.cone import Cone
    >>> nat = Cone(name="nat", addresses=1, ports="20000-20099")
    >>> found = plan(Chain(clients=Clients(addresses=9), hops=[nat],
    ...                    services=Services(addresses=1, ports=80)))
    >>> [node.name for node in found.nodes]
    ['clients', 'nat', 'services']
    """
    refuse(chain)
    stages = [[Node("clients", "clients", 0)]]
    for number, hop in enumerate(chain.hops, start=1):
        names = [hop.name] if hop.instances == 1 else [f"{hop.name}.{i + 1}" for i in range(hop.instances)]
        stages.append([Node(name, hop.name, number, i) for i, name in enumerate(names)])
    stages.append([Node("services", "services", len(stages))])
    links: list[tuple[Node, Node]] = []
    for before, behind in pairwise(stages):
        for here, there in product(before, behind):
            near, far = addressing.link(len(links))
            here.backs.append((near, far))
            there.fronts.append((far, near))
            links.append((here, there))
    targets = endpoints(chain)
    for nodes in stages:
        for node in nodes:
            _equip(chain, node, stages, targets)
    return Plan(
        chain,
        tuple(node for nodes in stages for node in nodes),
        tuple(links),
        {
            "addresses": addressing.addresses(addressing.CLIENTS, chain.clients[0].addresses.size),
            "endpoints": targets[0],
            "ports": chain.clients[0].ports.ranges,
            "allocation": chain.clients[0].allocation,
        },
    )


def endpoints(chain: Chain) -> list[list[Endpoint]]:
    """What each leg addresses: leg i enters hop i, the last one reaches the services."""
    services: list[Endpoint] = []
    taken = 0
    for group in chain.services:
        hosts = addressing.addresses(addressing.SERVICES, group.addresses.size, 1 + taken)
        taken += group.addresses.size
        services += product(hosts, group.ports)
    legs = [services]
    for number, hop in reversed(list(enumerate(chain.hops))):
        own: list[Endpoint] = []
        if hop.virtual is not None:
            hosts = addressing.hop_addresses(number, 0, "virtual", hop.virtual.addresses.size)
            own = list(product(hosts, hop.virtual.ports))
        elif isinstance(hop, Proxy) and hop.capture == "listen":
            # With more instances than services some serve none, and nobody calls them.
            working = hop.instances if hop.split == "flows" else min(hop.instances, len(legs[-1]))
            for instance in range(working):
                own += listeners(chain, number, instance)
        legs.append(own or legs[-1])
    return legs[::-1]


def listeners(chain: Chain, number: int, instance: int) -> list[Endpoint]:
    """The listeners of an instance of a proxy: only their number is the chain's, the ports are free ones."""
    hop = chain.hops[number]
    assert isinstance(hop, Proxy)
    if hop.capture == "tproxy":
        return [("0.0.0.0", free_ports(chain, 1)[0])]
    hosts = addressing.hop_addresses(number, instance, "listen", hop.listen_addresses.size)
    return list(product(hosts, free_ports(chain, hop.listen_ports.size)))


def free_ports(chain: Chain, count: int) -> list[int]:
    """Ports that no hop chooses from: a listener would take them away from it."""
    taken = chain.clients[0].ports
    for hop in chain.hops:
        taken = taken | hop.own_ports if hop.own_ports else taken
        taken = taken | hop.rewrite_ports if isinstance(hop, Proxy) and hop.capture == "nat" else taken
    free = PortSet("1024-65535") - taken
    if free.size < count:
        free = PortSet("1024-65535")  # then the highest, though a hop may choose them as well
    return list(free.highest(count))


def _equip(chain: Chain, node: Node, stages: list[list[Node]], targets: list[list[Endpoint]]) -> None:
    node.routes = _routes(chain, node, stages)
    dispatch = rules.dispatch(chain, node.stage, targets)
    if node.stage == 0:
        node.nft = dispatch
        _own_range(node, chain.clients[0].ports)
        return
    if node.stage == len(stages) - 1:
        node.nft = dispatch
        node.role = {"what": "echo", "ports": sorted({port for _, port in targets[-1]})}
        return
    number = node.stage - 1
    hop = chain.hops[number]
    if isinstance(hop, Cone):
        node.nft = rules.cone(hop, number, node.instance, targets) + dispatch
    elif isinstance(hop, Forwarder):
        node.nft = rules.forwarder(hop, targets[number], targets[number + 1]) + dispatch
    elif isinstance(hop, Proxy):
        own = listeners(chain, number, node.instance)
        if hop.own_ports:
            _own_range(node, hop.own_ports)
        node.nft = rules.proxy(chain, number, own) + dispatch
        onwards = targets[number + 1]
        if hop.split == "services":
            onwards = onwards[node.instance :: hop.instances]
        node.role = {
            "what": "proxy",
            "capture": hop.capture,
            "source": hop.source,
            "allocation": hop.allocation,
            "addresses": addressing.hop_addresses(number, node.instance, "own", hop.own_addresses.size)
            if hop.own_addresses
            else (),
            "ports": hop.own_ports.ranges if hop.own_ports else (),
            "listen": own,
            "endpoints": onwards,
            "max_files": hop.max_files,
        }


def _own_range(node: Node, ports: PortSet) -> None:
    """The one range of a namespace's sockets as its own: before Linux 6.3 no socket has one."""
    if len(ports.ranges) == 1:
        ((low, high),) = ports.ranges
        node.sysctls["ipv4/ip_local_port_range"] = f"{low} {high}"


def _routes(chain: Chain, node: Node, stages: list[list[Node]]) -> list[str]:
    """Everything goes on towards the services; what is the clients' or an earlier hop's goes back."""
    last = len(stages) - 1
    lines = []
    if node.stage == 0:
        lines.append(f"route add local {addressing.CLIENTS} dev lo")
    if node.stage == last:
        lines.append(f"route add local {addressing.SERVICES} dev lo")
    gateways = node.backs or node.fronts
    lines.append(f"route add default via {gateways[0][1]}")
    if 0 < node.stage < last:
        lines.append(f"route add {addressing.CLIENTS} via {node.fronts[0][1]}")
        hop = chain.hops[node.stage - 1]
        proxy = isinstance(hop, Proxy)
        own = addressing.hop_block(node.stage - 1, node.instance)
        lines.append(f"route add local {own} dev lo" if proxy else f"route add blackhole {own}")
    if node.stage > 0:
        for earlier in range(1, node.stage):
            if earlier == node.stage - 1 and len(node.fronts) > 1:
                for instance, (_, gateway) in enumerate(node.fronts):
                    lines.append(f"route add {addressing.hop_block(earlier - 1, instance)} via {gateway}")
            else:
                lines.append(f"route add {addressing.hop_block(earlier - 1)} via {node.fronts[0][1]}")
    if len(node.backs) > 1:
        for instance, (_, gateway) in enumerate(node.backs):
            lines.append(f"route add {addressing.hop_block(node.stage, instance)} via {gateway}")
            lines += rules.marked(rules.ONWARDS + instance, gateway)
    if len(node.fronts) > 1:
        for instance, (_, gateway) in enumerate(node.fronts):
            lines += rules.marked(rules.BACK + instance, gateway)
    if 0 < node.stage < last:
        lines.append(f"rule add fwmark {rules.LOCAL} lookup {rules.LOCAL_TABLE}")
        lines.append(f"route add local 0.0.0.0/0 dev lo table {rules.LOCAL_TABLE}")
    return lines
