"""The rules of each namespace: nft's text, and the marks by which packets find their instance.

nft 1.0.6 wants a newline before a closing brace.  A namespace tracks connections only where one of its
rules needs it, so that ``tracking = "off"`` is to have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuplecalc.lab import addressing
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import UNPRIVILEGED_PORTS
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

Endpoint = tuple[str, int]

LOCAL = 1
"""The mark of packets that a transparent socket of this namespace is to get."""
LOCAL_TABLE = 100
ONWARDS = 0x100
"""The mark of the first instance towards the services; the next ones follow."""
BACK = 0x200
"""The mark of the first instance towards the clients."""

_DISPATCH = -50  # after DNAT, before the route is looked up
_CHECK = -160  # after connection tracking, before TPROXY


def marked(mark: int, gateway: str) -> tuple[str, str]:
    """Lines for ``ip -batch``: packets with a mark go through a gateway.

    >>> marked(0x101, "198.19.128.2")
    ('rule add fwmark 257 lookup 257', 'route add default via 198.19.128.2 table 257')
    """
    return f"rule add fwmark {mark} lookup {mark}", f"route add default via {gateway} table {mark}"


def cone(hop: Cone, number: int, instance: int, targets: Sequence[Sequence[Endpoint]]) -> str:
    """Source NAT to the cone's addresses and ports, and what it does to the destination.

    ``spread = "even"`` draws an address; ``"hashed"`` leaves it to the kernel's hash.
    """
    hosts = addressing.hop_addresses(number, instance, "translated", hop.addresses.size)
    ports = _range(hop.ports)
    if hop.spread == "hashed" or len(hosts) == 1:
        whole = hosts[0] if len(hosts) == 1 else f"{hosts[0]}-{hosts[-1]}"
        chains = _chain("snat", "nat", "postrouting", 100, [f'oifname "b*" {_TCP} snat to {whole}:{ports}'])
    else:
        # A verdict map over chains: a map to an address and a range of ports is beyond nft 1.0.6.
        chains = "".join(
            _plain_chain(f"to{i}", [f"{_TCP} snat to {host}:{ports}"]) for i, host in enumerate(hosts)
        )
        jumps = ", ".join(f"{i} : jump to{i}" for i in range(len(hosts)))
        line = f'oifname "b*" {_TCP} numgen random mod {len(hosts)} vmap {{ {jumps} }}'
        chains += _chain("snat", "nat", "postrouting", 100, [line])
    return _table(
        "cone", chains + _virtual(hop, targets[number], targets[number + 1]) + _entries(hop, ["prerouting"])
    )


def forwarder(hop: Forwarder, before: Sequence[Endpoint], behind: Sequence[Endpoint]) -> str:
    """Layer 3 and 4: nothing, or a virtual service, or a table of tracked connections."""
    return _table("forwarder", _virtual(hop, before, behind) + _entries(hop, ["prerouting"]))


def proxy(chain: Chain, number: int, own: Sequence[Endpoint]) -> str:
    """How a layer-7 hop captures, and what its tracking drops."""
    hop = chain.hops[number]
    assert isinstance(hop, Proxy)
    chains = ""
    lines = []
    if hop.source != "own":  # replies to sockets that have a client's address
        lines.append(f'iifname "b*" socket transparent 1 meta mark set {LOCAL} accept')
    if hop.capture == "tproxy":
        lines.append(f'iifname "f*" {_TCP} tproxy to :{own[0][1]} meta mark set {LOCAL} accept')
    if lines:
        chains += _chain("capture", "filter", "prerouting", -150, lines)
    if hop.capture == "nat":
        chains += _chain("redirect", "nat", "prerouting", -100, [_spread('iifname "f*"', own)])
        if hop.rewrite_ports != UNPRIVILEGED_PORTS:  # else the kernel's own class of ports is the range
            ports = _range(hop.rewrite_ports)
            lines = [f"ip saddr {host} {_TCP} snat to {host}:{ports}" for host in _sources(chain, number)]
            chains += _chain("rewrite", "nat", "input", 100, lines)
    if hop.tracking == "strict":
        for hook in ("prerouting", "output"):
            chains += _chain(f"strict_{hook}", "filter", hook, _CHECK, ["ct state invalid counter drop"])
    elif hop.tracking == "loose":
        chains += _chain("loose", "filter", "prerouting", _CHECK, ["ct state new counter"])
    if hop.tracking != "off":
        chains += _entries(hop, ["prerouting", "output"])
    return _table("proxy", chains)


def dispatch(chain: Chain, stage: int, targets: Sequence[Sequence[Endpoint]]) -> str:
    """Marks that send packets to the right one of several instances, ahead of this stage and behind it.

    By the service where each instance serves its own; else by a hash of the client's address and port,
    which is the same in both directions.  Where an address tells the instance, a route does.
    """
    local = stage in (0, len(chain.hops) + 1) or isinstance(chain.hops[stage - 1], Proxy)
    earlier = [str(addressing.CLIENTS), *(str(addressing.hop_block(hop)) for hop in range(stage))]
    to_clients = f"ip daddr {{ {', '.join(earlier)} }} "
    lines = []
    if stage < len(chain.hops) and (hop := chain.hops[stage]).instances > 1:
        onwards = f"ip daddr != {{ {', '.join(earlier)} }} " if local else 'iifname "f*" '
        if _by_service(hop):
            lines.append(onwards + _by_map("ip daddr . tcp dport", targets[stage], hop.instances, ONWARDS))
        elif not (isinstance(hop, Proxy) and hop.capture == "listen"):
            lines.append(onwards + _by_hash("ip saddr . tcp sport", hop.instances, ONWARDS))
    if stage > 1 and (hop := chain.hops[stage - 2]).instances > 1:
        back = to_clients if local else 'iifname "b*" '
        if isinstance(hop, Proxy) and hop.source != "own" and hop.split == "services":
            lines.append(back + _by_map("ip saddr . tcp sport", targets[stage - 1], hop.instances, BACK))
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


def _sources(chain: Chain, number: int) -> Iterable[str]:
    """The addresses that reach a hop."""
    for at, hop in reversed(list(enumerate(chain.hops[:number]))):
        kind = "translated" if isinstance(hop, Cone) else "own"
        if hop.own_addresses is not None:
            for instance in range(hop.instances):
                yield from addressing.hop_addresses(at, instance, kind, hop.own_addresses.size)
            return
    yield from addressing.addresses(addressing.CLIENTS, chain.clients[0].addresses.size)


def _virtual(hop: AnyHop, before: Sequence[Endpoint], behind: Sequence[Endpoint]) -> str:
    if hop.virtual is None:
        return ""
    hosts = ", ".join(sorted({host for host, _ in before}))
    return _chain("virtual", "nat", "prerouting", -100, [_spread(f"ip daddr {{ {hosts} }}", behind)])


def _spread(which: str, to: Sequence[Endpoint]) -> str:
    """One of the destinations for every connection, and another for a SYN that is sent again.

    At random: two rules that took theirs in turn would keep in step, and some pairs would never meet.
    """
    if len(to) == 1:
        return f"{which} {_TCP} dnat to {to[0][0]}:{to[0][1]}"
    entries = ", ".join(f"{i} : {host} . {port}" for i, (host, port) in enumerate(to))
    return f"{which} {_TCP} dnat ip to numgen random mod {len(to)} map {{ {entries} }}"


def _entries(hop: AnyHop, hooks: Iterable[str]) -> str:
    """A table of so many tracked connections.

    ``nf_conntrack_max`` is the host's alone, so the rule counts entries instead (nf_conncount), and drops
    the packet that would make one too many, as the full table does.
    """
    if hop.max_entries is None:
        return ""
    text = "set entries {\n type inet_proto\n flags dynamic\n size 4\n}\n"
    for hook in hooks:
        line = (
            f"{_TCP} ct state new add @entries {{ ip protocol ct count over {hop.max_entries} }} counter drop"
        )
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
