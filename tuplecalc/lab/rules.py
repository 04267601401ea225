"""The rules of each namespace: nft's text, and the marks by which packets find their instance.

nft 1.0.6 wants a newline before a closing brace.  A namespace tracks connections only where one of its
rules needs it, so that ``tracking = "off"`` is to have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tuplecalc.lab import addressing
from tuplecalc.lab.ways import Endpoint, Way, listeners, machine_of
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import UNPRIVILEGED_PORTS
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

LOCAL = 1
"""The mark of packets that a transparent socket of this namespace is to get."""
LOCAL_TABLE = 100
ONWARDS = 0x100
"""The mark of the first instance towards the services; the next ones follow."""
BACK = 0x200
"""The mark of the first instance towards the clients."""

_DISPATCH = -50  # after DNAT, before the route is looked up
_CHECK = -160  # after connection tracking, before TPROXY
_RAW = -300  # before connection tracking


def marked(mark: int, gateway: str) -> tuple[str, str]:
    """Lines for ``ip -batch``: packets with a mark go through a gateway.

    >>> marked(0x101, "198.19.128.2")
    ('rule add fwmark 257 lookup 257', 'route add default via 198.19.128.2 table 257')
    """
    return f"rule add fwmark {mark} lookup {mark}", f"route add default via {gateway} table {mark}"


def machine(chain: Chain, numbers: Sequence[int], instance: int, ways: Sequence[Way]) -> str:
    """What a machine does with the flows that reach it: each of its hops, and its one table."""
    hops = [chain.hops_at_work[number] for number in numbers]
    protocol = _protocol(ways)
    text = ""
    for number, hop in zip(numbers, hops, strict=True):
        ended = _Flows(ways, [way for way in ways if way.ends_at(hop)], number, protocol)
        if not ended.ended:
            continue  # of share 0, or all pass
        if isinstance(hop, Cone):
            text += _cone(hop, instance, ended)
        elif isinstance(hop, Proxy):
            text += _proxy(hop, listeners(chain, number, instance), ended, _senders(chain, number, ways))
        text += _virtual(hop, ended)
    around = [way for way in ways if not any(way.strand.crosses(hop) for hop in hops)]
    return text + _tracking(hops, protocol) + _around(around, ways)


class _Flows(NamedTuple):
    """The flows that a hop ends or translates, out of all."""

    all: Sequence[Way]
    ended: Sequence[Way]
    number: int
    """Of the hop."""
    protocol: str
    """The match of what they speak."""

    @property
    def match(self) -> str:
        """The match of their packets, by their marks and what they speak."""
        return _marks(self.ended, self.all) + self.protocol


def _marks(some: Iterable[Way], of: Iterable[Way]) -> str:
    """A match of packets of some kinds; nothing where they are all."""
    marks = {way.mark for way in some}
    if marks == {way.mark for way in of}:
        return ""
    return f"ip dscp {{ {', '.join(map(str, sorted(marks)))} }} "


def elsewhere(ports: Sequence[int]) -> tuple[str, list[int]]:
    """Rules of the services' namespace by which they hear on other ports than are called, and which.

    >>> rules, ports = elsewhere([80, 443])
    >>> ports, rules.splitlines()[3]
    ([1, 2], ' tcp dport 80 tcp dport set 1')
    """
    others = [port for port in range(1, len(ports) * 2 + 1) if port not in ports][: len(ports)]
    pairs = list(zip(ports, others, strict=True))
    there = [f"tcp dport {port} tcp dport set {other}" for port, other in pairs]
    back = [f"tcp sport {other} tcp sport set {port}" for port, other in pairs]
    chains = _chain("there", "filter", "prerouting", _RAW, there)
    return _table("elsewhere", chains + _chain("back", "filter", "output", _RAW, back)), others


def _protocol(ways: Iterable[Way]) -> str:
    protocols = sorted({way.strand.protocol for way in ways})
    return f"meta l4proto {protocols[0] if len(protocols) == 1 else '{ tcp, udp }'}"


def _around(some: Sequence[Way], ways: Sequence[Way]) -> str:
    """Flows that go round a machine pass through its namespace, but not through its table."""
    if not some:
        return ""
    return _table("around", _chain("around", "filter", "prerouting", _RAW, [f"{_marks(some, ways)}notrack"]))


def _cone(hop: Cone, instance: int, flows: _Flows) -> str:
    """Source NAT to the cone's addresses and ports.

    ``spread = "even"`` draws an address; ``"hashed"`` leaves it to the kernel's hash.
    """
    hosts = addressing.hop_addresses(flows.number, instance, "translated", hop.addresses.size)
    ports, match = _range(hop.ports), f'oifname "b*" {flows.match}'
    if hop.spread == "hashed" or len(hosts) == 1:
        whole = hosts[0] if len(hosts) == 1 else f"{hosts[0]}-{hosts[-1]}"
        chains = _chain("snat", "nat", "postrouting", 100, [f"{match} snat to {whole}:{ports}"])
    else:
        # A verdict map over chains: a map to an address and a range of ports is beyond nft 1.0.6.
        chains = "".join(
            _plain_chain(f"to{i}", [f"{flows.protocol} snat to {host}:{ports}"])
            for i, host in enumerate(hosts)
        )
        jumps = ", ".join(f"{i} : jump to{i}" for i in range(len(hosts)))
        line = f"{match} numgen random mod {len(hosts)} vmap {{ {jumps} }}"
        chains += _chain("snat", "nat", "postrouting", 100, [line])
    return _table("cone", chains)


def _proxy(hop: Proxy, own: Sequence[Endpoint], flows: _Flows, senders: Iterable[str]) -> str:
    """How a layer-7 hop captures."""
    chains = ""
    lines = []
    if hop.source != "own":  # replies to sockets that have a client's address
        lines.append(f'iifname "b*" socket transparent 1 meta mark set {LOCAL} accept')
    if hop.capture == "tproxy":
        lines.append(f'iifname "f*" {flows.match} tproxy to :{own[0][1]} meta mark set {LOCAL} accept')
    if lines:
        chains += _chain("capture", "filter", "prerouting", -150, lines)
    if hop.capture == "nat":
        chains += _chain("redirect", "nat", "prerouting", -100, [_spread(f'iifname "f*" {flows.match}', own)])
        if hop.rewrite_ports != UNPRIVILEGED_PORTS:  # else the kernel's own class of ports is the range
            ports = _range(hop.rewrite_ports)
            hosts = ", ".join(sorted({host for host, _ in own}))
            lines = [
                f"ip saddr {host} ip daddr {{ {hosts} }} {flows.protocol} snat to {host}:{ports}"
                for host in senders
            ]
            chains += _chain("rewrite", "nat", "input", 100, lines)
    return _table(f"proxy_{flows.number}", chains)


def _tracking(hops: Sequence[AnyHop], protocol: str) -> str:
    """The table of a machine: what it drops, and how many entries it has."""
    chains = ""
    tracking = next((hop.tracking for hop in hops if isinstance(hop, Proxy)), None)
    hooks = ("prerouting",) if tracking is None else ("prerouting", "output")
    if tracking == "strict":
        for hook in hooks:
            chains += _chain(f"strict_{hook}", "filter", hook, _CHECK, ["ct state invalid counter drop"])
    elif tracking == "loose":
        chains += _chain("loose", "filter", "prerouting", _CHECK, ["ct state new counter"])
    if tracking != "off" and hops[0].max_entries is not None:
        chains += _entries(hops[0].max_entries, hooks, protocol)
    return _table("tracking", chains)


def dispatch(
    chain: Chain, machines: Sequence[Sequence[int]], stage: int, targets: Sequence[Sequence[Endpoint]]
) -> str:
    """Marks that send packets to the right one of several instances, ahead of this stage and behind it.

    By the service where each instance serves its own; else by a hash of the client's address and port,
    which is the same in both directions.  Where an address tells the instance, a route does.
    """
    here = machines[stage - 1] if 0 < stage <= len(machines) else ()
    local = not here or any(isinstance(chain.hops_at_work[number], Proxy) for number in here)
    earlier = [str(addressing.CLIENTS)]
    earlier += [str(addressing.hop_block(number)) for numbers in machines[:stage] for number in numbers]
    to_clients = f"ip daddr {{ {', '.join(earlier)} }} "
    lines = []
    if stage < len(machines) and (hop := chain.hops_at_work[ahead := machines[stage][0]]).instances > 1:
        onwards = f"ip daddr != {{ {', '.join(earlier)} }} " if local else 'iifname "f*" '
        if _by_service(hop):
            lines.append(onwards + _by_map("ip daddr . tcp dport", targets[ahead], hop.instances, ONWARDS))
        elif not (isinstance(hop, Proxy) and hop.capture == "listen"):
            lines.append(onwards + _by_hash("ip saddr . tcp sport", hop.instances, ONWARDS))
    if stage > 1 and (hop := chain.hops_at_work[before := machines[stage - 2][0]]).instances > 1:
        back = to_clients if local else 'iifname "b*" '
        if isinstance(hop, Proxy) and hop.source != "own" and hop.split == "services":
            lines.append(back + _by_map("ip saddr . tcp sport", targets[before + 1], hop.instances, BACK))
        elif is_told_by_hash(hop):
            lines.append(back + _by_hash("ip daddr . tcp dport", hop.instances, BACK))
    if not lines:
        return ""
    if local:
        return _table("dispatch", _chain("dispatch", "route", "output", -150, lines))
    return _table("dispatch", _chain("dispatch", "filter", "prerouting", _DISPATCH, lines))


def is_told_by_hash(hop: AnyHop) -> bool:
    """Whether only a hash of the client's address and port tells which instance a connection went through.

    >>> is_told_by_hash(Forwarder(name="firewall", layer=3)), is_told_by_hash(Cone(name="nat", addresses=1))
    (True, False)
    """
    if isinstance(hop, Proxy):
        return hop.source != "own" and hop.split == "flows"
    return isinstance(hop, Forwarder)


_TCP = "meta l4proto tcp"


def _by_service(hop: AnyHop) -> bool:
    return isinstance(hop, Proxy) and hop.split == "services" and hop.capture != "listen"


def _by_map(key: str, endpoints: Sequence[Endpoint], instances: int, first: int) -> str:
    entries = (f"{host} . {port} : {first + i % instances}" for i, (host, port) in enumerate(endpoints))
    return f"meta mark set {key} map {{ {', '.join(entries)} }}"


def _by_hash(key: str, instances: int, first: int) -> str:
    return f"{_TCP} meta mark set jhash {key} mod {instances} seed 0x1 offset {first}"


def _senders(chain: Chain, number: int, ways: Iterable[Way]) -> Iterable[str]:
    """The addresses that reach a hop which ends them."""
    hop = chain.hops_at_work[number]
    return dict.fromkeys(
        address for way in ways if way.ends_at(hop) for address in _senders_of(chain, number, way)
    )


def _senders_of(chain: Chain, number: int, way: Way) -> Iterator[str]:
    for at, hop in reversed(list(enumerate(chain.hops_at_work[:number]))):
        if hop.own_addresses is not None and way.ends_at(hop):
            kind = "translated" if isinstance(hop, Cone) else "own"
            for instance in range(hop.instances):
                yield from addressing.hop_addresses(
                    machine_of(chain, at), instance, kind, hop.own_addresses.size
                )
            return
    yield from way.sources


def _virtual(hop: AnyHop, flows: _Flows) -> str:
    """The virtual service of a hop: each kind's leads to that kind's endpoints."""
    if hop.virtual is None:
        return ""
    by_legs: dict[tuple[tuple[Endpoint, ...], ...], list[Way]] = {}
    for way in flows.ended:
        by_legs.setdefault(way.legs[flows.number : flows.number + 2], []).append(way)
    lines = []
    for (before, behind), ways in by_legs.items():
        hosts = ", ".join(sorted({host for host, _ in before}))
        lines.append(_spread(f"{_marks(ways, flows.all)}ip daddr {{ {hosts} }} {flows.protocol}", behind))
    return _table("virtual", _chain("virtual", "nat", "prerouting", -100, lines))


def _spread(which: str, to: Sequence[Endpoint]) -> str:
    """One of the destinations for every connection, and another for a SYN that is sent again.

    At random: two rules that took theirs in turn would keep in step, and some pairs would never meet.
    """
    if len(to) == 1:
        return f"{which} dnat to {to[0][0]}:{to[0][1]}"
    entries = ", ".join(f"{i} : {host} . {port}" for i, (host, port) in enumerate(to))
    return f"{which} dnat ip to numgen random mod {len(to)} map {{ {entries} }}"


def _entries(most: int, hooks: Iterable[str], protocol: str) -> str:
    """A table of so many tracked connections.

    ``nf_conntrack_max`` is the host's alone, so the rule counts entries instead (nf_conncount), and drops
    the packet that would make one too many, as the full table does.  All have one key: the version of IP.
    """
    text = "set entries {\n typeof ip version\n flags dynamic\n size 4\n}\n"
    for hook in hooks:
        line = f"{protocol} ct state new add @entries {{ ip version ct count over {most} }} counter drop"
        text += _chain(f"entries_{hook}", "filter", hook, _CHECK + 1, [line])
    return text


def _range(ports: PortSet) -> str:
    low, high = ports.ranges[0]
    return f"{low}-{high}" if low != high else f"{low}"


def _table(name: str, chains: str) -> str:
    return f"table ip lab_{name} {{\n{chains}}}\n" if chains else ""


def _chain(name: str, kind: str, hook: str, priority: int, lines: Iterable[str]) -> str:
    return _plain_chain(
        f"on_{name}", [f"type {kind} hook {hook} priority {priority}; policy accept;", *lines]
    )


def _plain_chain(name: str, lines: Iterable[str]) -> str:
    return f"chain {name} {{\n" + "".join(f" {line}\n" for line in lines) + "}\n"
