"""A chain as namespaces: which there are, how they are linked, what each of them does.  Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from tuplecalc.lab import addressing, rules
from tuplecalc.lab.refusals import refuse
from tuplecalc.lab.ways import Way, listeners, machine_of, stages, ways, whole
from tuplecalc.network.chain import Chain
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

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
UDP_TIMEOUTS = ("netfilter/nf_conntrack_udp_timeout", "netfilter/nf_conntrack_udp_timeout_stream")
TRACKING: dict[str, int | str] = {
    "netfilter/nf_conntrack_tcp_timeout_close": 1,  # failed attempts make room soon
    "netfilter/nf_conntrack_tcp_timeout_syn_sent": 4,
    **dict.fromkeys(UDP_TIMEOUTS, 180),  # a mapping outlives the measurement
}
"""Settings of connection tracking in each namespace."""


@dataclass
class Node:
    """One namespace: a machine, its stage (0: the clients), its number there, and what makes it."""

    name: str
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
    """What its process does: ``echo``, ``proxies``, or nothing but forward."""
    sysctls: dict[str, int | str] = field(default_factory=lambda: dict(_SYSCTLS))
    tracking: dict[str, int | str] = field(default_factory=lambda: dict(TRACKING))


@dataclass(frozen=True)
class Plan:
    """All namespaces of a lab, from the clients to the services, and what the clients do."""

    chain: Chain
    nodes: tuple[Node, ...]
    links: tuple[tuple[Node, Node], ...]
    """Who is linked with whom: the end towards the clients first."""
    strands: tuple[dict[str, Any], ...]
    """What the clients open: each strand's part, addresses, ports, and what it calls."""


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
    machines = stages(chain)
    nodes = [[Node("clients", 0)]]
    for stage, (first, *_) in enumerate(machines, start=1):
        machine, instances = chain.hops_at_work[first].on, chain.hops_at_work[first].instances
        names = [machine] if instances == 1 else [f"{machine}.{i + 1}" for i in range(instances)]
        nodes.append([Node(name, stage, i) for i, name in enumerate(names)])
    nodes.append([Node("services", len(nodes))])
    links: list[tuple[Node, Node]] = []
    for before, behind in pairwise(nodes):
        for here, there in product(before, behind):
            near, far = addressing.link(len(links))
            here.backs.append((near, far))
            there.fronts.append((far, near))
            links.append((here, there))
    found = ways(chain)
    for several in nodes:
        for node in several:
            _equip(chain, node, machines, found)
    weights = whole([way.weight for way in found])
    return Plan(
        chain,
        tuple(node for several in nodes for node in several),
        tuple(links),
        tuple(
            {
                "weight": weight,
                "mark": way.mark,
                "protocol": way.strand.protocol,
                "addresses": way.sources,
                "endpoints": way.legs[0],
                "ports": way.strand.clients.ports.ranges,
                "allocation": way.strand.clients.allocation,
            }
            for way, weight in zip(found, weights, strict=True)
        ),
    )


def _equip(chain: Chain, node: Node, machines: Sequence[Sequence[int]], found: Sequence[Way]) -> None:
    node.routes = _routes(chain, node, machines)
    node.nft = rules.dispatch(chain, machines, node.stage, found[0].legs)
    if any(way.mark for way in found):
        node.sysctls["ipv4/tcp_reflect_tos"] = 1  # answers and accepted sockets have the kind's mark
    if node.stage == 0:
        _own_range(node, [group.ports for group in chain.clients])
        return
    if node.stage > len(machines):
        protocols = sorted({way.strand.protocol for way in found})
        ports = sorted({port for way in found for _, port in way.legs[-1]})
        node.role = {"what": "echo", "ports": ports, "protocols": protocols}
        return
    numbers = machines[node.stage - 1]
    node.nft = rules.machine(chain, numbers, node.instance, found) + node.nft
    hops = [chain.hops_at_work[number] for number in numbers]
    _own_range(node, [hop.own_ports for hop in hops if isinstance(hop, Proxy) and hop.own_ports])
    proxies = [
        _proxy(chain, number, node.instance, found)
        for number in numbers
        if isinstance(chain.hops_at_work[number], Proxy)
    ]
    if proxies:
        most = next(hop.max_files for hop in hops if isinstance(hop, Proxy))
        node.role = {"what": "proxies", "proxies": proxies, "max_files": most}


def _proxy(chain: Chain, number: int, instance: int, found: Sequence[Way]) -> dict[str, Any]:
    """What the process of a proxy does."""
    hop = chain.hops_at_work[number]
    assert isinstance(hop, Proxy)
    captured = {way.mark: way for way in found if way.ends_at(hop)}
    onwards = {mark: way.legs[number + 1] for mark, way in captured.items()}
    if hop.split == "services":
        onwards = {mark: legs[instance :: hop.instances] for mark, legs in onwards.items()}
    own = hop.own_addresses.size if hop.own_addresses else 0
    return {
        "hop": hop.name,
        "capture": hop.capture,
        "source": hop.source,
        "allocation": hop.allocation,
        "addresses": addressing.hop_addresses(machine_of(chain, number), instance, "own", own),
        "ports": hop.own_ports.ranges if hop.own_ports else (),
        "listen": listeners(chain, number, instance),
        "endpoints": list(onwards.items()),
        "upstream": [
            (mark, ratio.as_integer_ratio())
            for mark, way in captured.items()
            if (ratio := way.upstream(number)) != 1
        ],
    }


def _own_range(node: Node, sets: Iterable[PortSet]) -> None:
    """The one range of a namespace's sockets as its own: before Linux 6.3 no socket has one."""
    ranges = {each for ports in sets for each in ports.ranges}
    if len(ranges) == 1:
        ((low, high),) = ranges
        node.sysctls["ipv4/ip_local_port_range"] = f"{low} {high}"


def _routes(chain: Chain, node: Node, machines: Sequence[Sequence[int]]) -> list[str]:
    """Everything goes on towards the services; what is the clients' or an earlier hop's goes back."""
    lines = []
    if node.stage == 0:
        lines.append(f"route add local {addressing.CLIENTS} dev lo")
    if node.stage > len(machines):
        lines.append(f"route add local {addressing.SERVICES} dev lo")
    gateways = node.backs or node.fronts
    lines.append(f"route add default via {gateways[0][1]}")
    here = machines[node.stage - 1] if 0 < node.stage <= len(machines) else ()
    if here:
        lines.append(f"route add {addressing.CLIENTS} via {node.fronts[0][1]}")
    has_proxy = any(isinstance(chain.hops_at_work[number], Proxy) for number in here)
    for number in here:
        own = addressing.hop_block(number, node.instance)
        lines.append(f"route add local {own} dev lo" if has_proxy else f"route add blackhole {own}")
    for stage, numbers in enumerate(machines[: max(node.stage - 1, 0)], start=1):
        for number in numbers:
            if stage == node.stage - 1 and len(node.fronts) > 1:
                for instance, (_, gateway) in enumerate(node.fronts):
                    lines.append(f"route add {addressing.hop_block(number, instance)} via {gateway}")
            else:
                lines.append(f"route add {addressing.hop_block(number)} via {node.fronts[0][1]}")
    if len(node.backs) > 1:
        (behind,) = machines[node.stage]
        for instance, (_, gateway) in enumerate(node.backs):
            lines.append(f"route add {addressing.hop_block(behind, instance)} via {gateway}")
            lines += rules.marked(rules.ONWARDS + instance, gateway)
    if len(node.fronts) > 1:
        for instance, (_, gateway) in enumerate(node.fronts):
            lines += rules.marked(rules.BACK + instance, gateway)
    if here:
        lines.append(f"rule add fwmark {rules.LOCAL} lookup {rules.LOCAL_TABLE}")
        lines.append(f"route add local 0.0.0.0/0 dev lo table {rules.LOCAL_TABLE}")
    return lines
