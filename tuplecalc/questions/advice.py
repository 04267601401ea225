"""What would help, and what it would buy: single changes, each evaluated on the changed chain.

Advice says them as the ``--set`` settings that make them, so that a user can try them as they are.
The figures are those of the changed chain; a change that buys nothing is not offered, save one:
port ranges that overlap under a shared limit, because the figures there hold only if both hops
choose their ports in concert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from heapq import nsmallest
from itertools import islice, product
from typing import NamedTuple

from tuplecalc.errors import TopologyError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import NamedPorts, Number, Size
from tuplecalc.limits.kinds import (
    ACCEPTED,
    ANSWERED,
    CAPTURE,
    CLIENT_PORTS,
    CLIENT_PORTS_BOUND,
    CONE_PORTS,
    FORWARDED,
    GAPS,
    IN_TURN,
    JOINT,
    LISTENER,
    REMEMBERED,
    SAME_TUPLE,
    SHARED,
    UPSTREAM,
)
from tuplecalc.limits.limit import Limit, by_flows
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.hop import UNPRIVILEGED_PORTS
from tuplecalc.network.ports import PortSet
from tuplecalc.network.presets import preset
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import Change, replace_all, written_setting

# Each change is a calculation of its own, and a chain may have a thousand proxies.
_MOST_APART, _MOST_PAIRS = 3, 40
_BY_ENDPOINT = (CLIENT_PORTS, CLIENT_PORTS_BOUND, CONE_PORTS, UPSTREAM)
_ONE_TABLE = (SHARED, SAME_TUPLE, JOINT, GAPS)
_BY_SOURCE = (*_ONE_TABLE, ACCEPTED, ANSWERED, LISTENER, UPSTREAM, FORWARDED, REMEMBERED, IN_TURN)
_WORTH_IT = 1.05  # less than that is the next port or address, not a remedy
REUSE_AFTER = "1s"  # net.ipv4.tcp_tw_reuse_delay
SHORT_TIME_WAIT = "30s"  # what newer NAT gateways hold a port for (model: published figures)


class Advice(NamedTuple):
    """A change, the settings that make it, and the figures of the changed chain.

    ``apart`` marks the advice to keep overlapping port ranges apart: it may cost some of the
    figures, and makes them hold without coordination.
    """

    text: str
    settings: tuple[str, ...]
    flows: int
    rate: Number | None
    apart: bool = False


class _Remedy(NamedTuple):
    text: str
    changes: tuple[Change, ...]
    apart: bool = False


def _change(text: str, path: str, value: object) -> _Remedy:
    return _Remedy(text, ((path, value),))


def advise(result: Capacity, most: int = 5) -> tuple[Advice, ...]:
    """The changes that help most, best first: at most ``most`` of them.

    They act on the limits that bind the flows and the rate, and where no single one helps since
    two limits bind alike, on both.  A change that raises one figure counts as much as it raises
    it; one that lowers the other as well counts with the product.  Separate port ranges come last,
    and are there wherever hops draw on the same ports.

    >>> from tuplecalc.network.file import example
    >>> for advice in advise(capacity(example("cone"))):
    ...     print(*advice.settings, f"{advice.flows:,}", f"{float(advice.rate):,.0f}")
    hops.nat.time_wait=30s 5,160,960 161,280
    hops.nat.addresses=5 6,451,200 52,879
    """
    gains = _evaluated(result, _helping(result))
    if all(_gain(result, advice.flows, advice.rate) < _WORTH_IT for advice in gains):
        gains += _evaluated(result, _helping_ties(result))
    ranked = sorted(gains, key=lambda advice: -_gain(result, advice.flows, advice.rate))
    apart = _evaluated(result, _keeping_apart(result))
    return tuple([*ranked[: most - 1 if apart else most], *apart][:most]) if most > 0 else ()


def _evaluated(result: Capacity, remedies: Iterable[_Remedy]) -> list[Advice]:
    """The remedies with their figures; of those that are to help, the ones that do."""
    found: dict[tuple[str, ...], Advice] = {}
    fixed = set(_fixed(result.chain))
    for text, changes, apart in remedies:
        settings = tuple(written_setting(*change) for change in changes)
        if settings in found or any(path in fixed for path, _ in changes):
            continue
        try:
            changed = capacity(replace_all(result.chain, changes))
        except TopologyError:  # another key of the hop does not fit the change
            continue
        if apart or _gain(result, changed.flows, changed.rate) > 1:
            found[settings] = Advice(text, settings, changed.flows, changed.rate, apart)
    return list(found.values())


def _fixed(chain: Chain) -> Iterator[str]:
    """What a product does not let one change."""
    for path, part in chain.parts():
        if part.preset is not None:
            fixed = set(preset(part.preset).fixed) - part.model_fields_set
            yield from (f"{path}.{key}" for key in fixed)


def _gain(result: Capacity, flows: int, rate: Number | None) -> float:
    def ratio(new: Number | None, old: Number | None) -> float:
        if new == old:
            return 1.0
        if new is None or old == 0:
            return float("inf")
        return float(Fraction(new) / old) if old is not None else 0.0

    gains = ratio(flows, result.flows), ratio(rate, result.rate)
    return max(gains) if min(gains) >= 1 else gains[0] * gains[1]


def _keeping_apart(result: Capacity) -> Iterator[_Remedy]:
    """Separate ranges for two hops under a shared limit, the tightest first; each hop in one pair only."""
    tables = (limit for limit in result.limits if limit.kind == SHARED)
    changed: set[str] = set()
    for limit in nsmallest(_MOST_APART, tables, key=by_flows):
        if isinstance(limit.size, Size) and len(limit.size.sets) == 2:
            hops = {named.origin.hop for named in limit.size.sets}
            for change in () if hops & changed else _apart(*limit.size.sets):
                yield change
                changed |= hops


def _helping(result: Capacity) -> Iterator[_Remedy]:
    """What acts on the limits that bind."""
    for limit in filter(None, (result.binding, result.rate_binding)):
        yield from _for_limit(result, limit)


def _helping_ties(result: Capacity) -> Iterator[_Remedy]:
    """Where several limits bind alike, one change for each of the first two."""
    ties = [limit for limit in result.limits if limit.flows == result.flows]
    if len(ties) > 1:
        pairs = product(_for_limit(result, ties[0]), list(_for_limit(result, ties[1])))
        for one, other in islice(pairs, _MOST_PAIRS):
            if one != other:
                yield _Remedy(f"{one.text}, and {other.text}", (*one.changes, *other.changes))


def _for_limit(result: Capacity, limit: Limit) -> Iterator[_Remedy]:
    place = next((i for i, hop in enumerate(result.chain.hops) if hop.name == limit.hop), -1)
    if limit.kind in _BY_ENDPOINT:
        yield from _for_target(result.chain, place + 1)
    if limit.hop == "clients":
        yield from _for_clients(result.chain.clients[0])
        return
    if limit.hop == "services":
        yield from _for_sources(result.chain, len(result.chain.hops))
        return
    hop = result.chain.hops[place]
    if limit.kind.resource == "entries":
        yield from _doubled(hop.name, hop.path, "max_entries", hop.max_entries, "tracking table")
    elif isinstance(hop, Cone):
        yield from _for_cone(hop)
    if isinstance(hop, Proxy):
        yield from _for_proxy(hop, limit)
    if limit.kind in _BY_SOURCE:
        yield from _for_sources(result.chain, place)
    if limit.kind == GAPS:
        yield from (
            each
            for before in result.chain.hops[:place]
            if isinstance(before, Cone)
            for each in _sooner_at_cone(before)
        )


def _apart(A: NamedPorts, L: NamedPorts) -> Iterator[_Remedy]:
    """Disjoint ranges out of the same ports, split so that the smaller one is as large as can be."""
    first, second = A.origin, L.origin
    common = first.ports & second.ports
    if not common or first.place == second.place or not (first.place and second.place):
        return
    only_first, only_second = (first.ports - common).size, (second.ports - common).size
    part = min(max((only_second + common.size - only_first) // 2, 0), common.size)
    low, high = common.lowest(part), common.highest(common.size - part)
    ports = (first.ports - common) | low, (second.ports - common) | high
    if not all(ports):
        return
    changes = (first.place, ports[0]), (second.place, ports[1])
    yield _Remedy(f"separate port ranges for {first.hop} and {second.hop}", changes, apart=True)


def _for_clients(clients: Clients) -> Iterator[_Remedy]:
    if clients.allocation == "bind":
        yield _change("clients that connect with IP_BIND_ADDRESS_NO_PORT", "clients.allocation", "tuple")
    yield from _wider("the clients", "clients.ports", clients.ports)
    yield from _sooner("the clients", "clients", clients.linger)
    yield from _another("client address", "clients.addresses", clients.addresses)


def _for_target(chain: Chain, place: int) -> Iterator[_Remedy]:
    """More endpoints for the legs that enter a hop: where a hop on their way is what they address."""
    for hop in chain.hops[place:]:
        if hop.virtual is not None:
            more = _one_more(hop.virtual.ports)
            text = f"another port for the virtual service of {hop.name}"
            yield _change(text, f"{hop.path}.virtual.ports", more)
            return
        if isinstance(hop, Proxy) and hop.capture == "listen":
            yield from _listeners(hop)
            return


def _listeners(hop: Proxy) -> Iterator[_Remedy]:
    path = f"{hop.path}.listen_addresses"
    yield from _another(f"listener address for {hop.name}", path, hop.listen_addresses)
    more = f"{hop.path}.listen_ports", _one_more(hop.listen_ports)
    yield _Remedy(f"another listener port for {hop.name}", (more,))


def _one_more(ports: PortSet) -> PortSet:
    free = UNPRIVILEGED_PORTS - ports
    return ports | free.lowest(min(1, free.size))


def _for_sources(chain: Chain, place: int) -> Iterator[_Remedy]:
    """More source addresses in front of a hop that counts its room for each of them."""
    for hop in reversed(chain.hops[:place]):
        if hop.own_addresses is not None:
            yield from _another(f"address for {hop.name}", f"{hop.path}.addresses", hop.own_addresses)
            return


def _for_cone(hop: Cone) -> Iterator[_Remedy]:
    path = hop.path
    yield from _another(f"address for {hop.name}", f"{path}.addresses", hop.addresses)
    yield from _wider(hop.name, f"{path}.ports", hop.ports)
    if hop.mapping == "endpoint-independent":
        text = f"endpoint-dependent mapping at {hop.name} (a port for each destination)"
        yield _change(text, f"{path}.mapping", "endpoint-dependent")
    if isinstance(hop.block, int) and 2 * hop.block <= hop.ports.size:
        yield _change(f"blocks twice as large at {hop.name}", f"{path}.block", 2 * hop.block)
    yield from _doubled(hop.name, path, "client_ports", hop.client_ports, "cap on a client's ports")
    if hop.destinations is not None:
        text = f"twice as many destinations for each port at {hop.name}"
        yield _change(text, f"{path}.destinations", 2 * hop.destinations)
    yield from _sooner_at_cone(hop)


def _sooner_at_cone(hop: Cone) -> Iterator[_Remedy]:
    if hop.linger > 30:
        on_linux = hop.preset is None or hop.preset.startswith("linux")
        text = f"a linger of {SHORT_TIME_WAIT} at {hop.name}"
        text += " (nf_conntrack_tcp_timeout_time_wait)" if on_linux else ""
        yield _change(text, f"{hop.path}.time_wait", SHORT_TIME_WAIT)


def _for_proxy(hop: Proxy, limit: Limit) -> Iterator[_Remedy]:
    path, name = hop.path, hop.name
    if limit.kind.resource == "entries":
        if hop.tracking != "off" and hop.capture in ("tproxy", "listen"):
            yield _change(f"no connection tracking at {name} (notrack)", f"{path}.tracking", "off")
        return
    if limit.kind.resource == "files":
        yield from _doubled(name, path, "max_files", hop.max_files, "limit of open files")
        return
    if limit.kind in (CAPTURE, LISTENER):
        yield from _listeners(hop)
        if limit.kind == CAPTURE:
            yield from _wider(f"the capture of {name}", f"{path}.rewrite_ports", hop.rewrite_ports)
            yield _change(f"capture by TPROXY instead of REDIRECT at {name}", f"{path}.capture", "tproxy")
        return
    if hop.allocation == "bind":
        yield _change(f"IP_BIND_ADDRESS_NO_PORT at {name}", f"{path}.allocation", "tuple")
    if (limit.kind in _ONE_TABLE or limit.kind.legs == "a row") and hop.capture == "tproxy":
        text = f"no connection tracking at {name} (notrack), so that both legs may use one port"
        yield _change(text, f"{path}.tracking", "off")
    if hop.source == "own":
        yield from _another(f"source address for {name}", f"{path}.addresses", hop.addresses)
    if hop.source == "client-port":
        yield _change(f"a port of its own for the upstream leg at {name}", f"{path}.source", "client")
    else:
        yield from _wider(name, f"{path}.ports", hop.ports)
    yield from _sooner(name, path, hop.linger)


def _another(what: str, path: str, addresses: AddressSet) -> Iterator[_Remedy]:
    spec = addresses.spec
    more = spec + 1 if isinstance(spec, int) else [*(spec if isinstance(spec, list) else [spec]), 1]
    yield _change(f"another {what}", path, more)


def _wider(whose: str, path: str, ports: PortSet) -> Iterator[_Remedy]:
    wider = ports | UNPRIVILEGED_PORTS
    if ports != wider:
        yield _change(f"the ports {UNPRIVILEGED_PORTS} for {whose}", path, wider)


def _sooner(whose: str, path: str, linger: Fraction) -> Iterator[_Remedy]:
    if linger > 1:
        text = f"reuse of TIME_WAIT after {REUSE_AFTER} at {whose} (tcp_tw_reuse)"
        yield _change(text, f"{path}.reuse_after", REUSE_AFTER)


def _doubled(name: str, path: str, key: str, value: int | None, what: str) -> Iterator[_Remedy]:
    if value is not None:
        yield _change(f"a {what} twice as large at {name}", f"{path}.{key}", 2 * value)
