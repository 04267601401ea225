"""What could help a limit: changes of single keys, or of a few that go together, not evaluated yet."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Quantity, leaves
from tuplecalc.limits.kinds import (
    ACCEPTED,
    ANSWERED,
    BIND,
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
from tuplecalc.limits.limit import Limit
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.families import by_family
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import UNPRIVILEGED_PORTS, Sockets
from tuplecalc.network.mix import Strand
from tuplecalc.network.ports import FIRST_COUNTED_PORT, PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import Change, written_setting
from tuplecalc.questions.not_counted import Sized, needed
from tuplecalc.questions.paths import path_of
from tuplecalc.questions.roundings import as_decimal
from tuplecalc.under_load.offered import TIGHT

_BY_ENDPOINT = (CLIENT_PORTS, CLIENT_PORTS_BOUND, CONE_PORTS, UPSTREAM)
_BY_SERVICE = (CLIENT_PORTS, UPSTREAM)
_ONE_TABLE = (SHARED, SAME_TUPLE, JOINT, GAPS)
_BY_SOURCE = (*_ONE_TABLE, ACCEPTED, ANSWERED, LISTENER, UPSTREAM, FORWARDED, REMEMBERED, IN_TURN)
_POOLS = (2, 5, 10, 20, 50, 100)  # requests of a connection; servers close it at some hundred or thousand
_MOST_GROUPS = 3
REUSE_AFTER = "1s"  # RFC 6191: a tick of the timestamps
_AT_CONNECT = "ports picked for each destination, not for all by a bind before connecting,"
_LARGEST = 2**24  # entries, or files
_MEMORY = "this takes gigabytes of memory already"  # an entry is some hundred bytes
_BESIDE = 8000  # an administrator knows 8443 and 8080
SHORT_TIME_WAIT = "30s"  # what newer NAT gateways hold a port for (model: published figures)


class Remedy(NamedTuple):
    """A change that could help.

    ``apart`` marks port ranges that are separated, which is no gain by itself.  Of several for one
    ``purpose``, in ascending order, the first counts that gains as much as any.
    """

    text: str
    changes: tuple[Change, ...]
    apart: bool = False
    purpose: str = ""

    @property
    def settings(self) -> tuple[str, ...]:
        """The changes as ``--set`` takes them."""
        return tuple(written_setting(*change) for change in self.changes)


def _change(text: str, path: str, value: object) -> Remedy:
    return Remedy(text, ((path, value),))


def for_limit(result: Capacity, limit: Limit) -> Iterator[Remedy]:
    """What acts on a limit."""
    chain = result.chain
    hops = list(chain.hops)
    place = next((i for i, hop in enumerate(hops) if hop.name == limit.hop), -1)
    if limit.hop == "services":
        place = len(hops)
    strands = [each for each in chain.strands if not limit.kinds or each.kind in limit.kinds]
    if limit.kind in _BY_ENDPOINT:
        yield from _for_target(chain, limit, strands, place + 1)
    if limit.hop == "clients":
        for group in _groups_of(chain, limit):
            yield from _for_clients(result, group, limit)
        return
    yield from _kept_before(chain, hops[:place], strands)
    if place == len(hops):
        yield from _for_sources(hops, strands)
        return
    hop = hops[place]
    if limit.kind.resource == "entries":
        yield from _for_table(result, hop, limit)
    elif isinstance(hop, Cone):
        yield from _for_cone(chain, hop, strands, result.hops[place].sources)
    elif isinstance(hop, Forwarder) and hop.linger > 1:
        text = f"closed connections that {hop.name} lets in again after {REUSE_AFTER}"
        yield _change(text, f"{hop.path}.reuse_after", REUSE_AFTER)
    if isinstance(hop, Proxy):
        yield from _for_proxy(result, hop, limit, strands)
    if limit.kind in _BY_SOURCE:
        yield from _for_sources(hops[:place], strands)
    if limit.kind == GAPS:
        yield from (
            each
            for before in hops[:place]
            if isinstance(before, Cone)
            for each in _sooner_at_cone(before, strands)
        )


def _groups_of(chain: Chain, limit: Limit) -> list[Clients]:
    """The groups of clients that a limit at the clients is one of."""
    places = {leaf.place for leaf in leaves(limit.scopes) if isinstance(leaf, Quantity)}
    found = [group for group in chain.clients if f"{group.path}.addresses" in places]
    return found or list(chain.clients[:_MOST_GROUPS])


def _ends(strand: Strand, hop: AnyHop) -> bool:
    return strand.crosses(hop) and strand.is_captured(hop)


def _for_clients(result: Capacity, clients: Clients, limit: Limit) -> Iterator[Remedy]:
    path = clients.path
    who = "the clients" if clients.name is None else f"the clients {clients.name}"
    if limit.kind.resource == "files" and clients.max_files is not None:
        size = _large_enough(result, limit, clients, "max_files", clients.max_files)
        text = f"a limit of {size:,} open files at {who} (ulimit)"
        yield _change(text, f"{path}.max_files", size)
    if clients.allocation == "bind":
        yield _change(f"{_AT_CONNECT} at {who}", f"{path}.allocation", "tuple")
    yield from _wider(who, f"{path}.ports", clients.ports)
    yield from _sooner(who, path, clients)
    yield from _another(f"client address{_of(clients.name)}", f"{path}.addresses", clients.addresses)


def _of(name: str | None) -> str:
    return "" if name is None else f" of {name}"


def _for_target(chain: Chain, limit: Limit, strands: list[Strand], place: int) -> Iterator[Remedy]:
    """More endpoints for the legs that enter a hop: of what they address on their way, else of services."""
    for hop in chain.hops[place:]:
        if not any(_ends(strand, hop) for strand in strands):
            continue
        if hop.virtual is not None:
            if isinstance(hop, Cone):  # others fold several virtual endpoints onto one service, unseen
                text = f"another port for the virtual service of {hop.name}"
                yield _change(text, f"{hop.path}.virtual.ports", _one_more(hop.virtual.ports))
            return
        if isinstance(hop, Proxy) and hop.capture == "listen":
            yield from _listeners(hop)
            return
    if limit.kind in _BY_SERVICE:
        yield from _services(chain, strands)


def _services(chain: Chain, strands: list[Strand]) -> Iterator[Remedy]:
    """Another address or port for the services that these flows reach."""
    reached = {group.name for strand in strands for group in strand.services}
    found = [(n, group) for n, group in enumerate(chain.services) if group.name in reached]
    for number, group in found[:_MOST_GROUPS]:
        path = path_of(chain.services, number, "services")
        yield from _another(f"service address{_of(group.name)}", f"{path}.addresses", group.addresses)
        text = f"another port for the service{_of(group.name)}, if it can listen on one"
        yield _change(text, f"{path}.ports", _one_more(group.ports))


def _listeners(hop: Proxy) -> Iterator[Remedy]:
    path = f"{hop.path}.listen_addresses"
    yield from _another(f"listener address for {hop.name}", path, hop.listen_addresses)
    more = f"{hop.path}.listen_ports", _one_more(hop.listen_ports)
    yield Remedy(f"another listener port for {hop.name}", (more,))


def _one_more(ports: PortSet) -> PortSet:
    """One port more: 8443 beside 443, 8080 beside 80, else the next free one.

    >>> _one_more(PortSet(443)), _one_more(PortSet([80, 8080])), _one_more(PortSet("8000-8001"))
    (PortSet('443, 8443'), PortSet('80, 8080-8081'), PortSet('8000-8002'))
    """
    free = UNPRIVILEGED_PORTS - ports
    beside = [low + _BESIDE for low, _ in ports.ranges if low < FIRST_COUNTED_PORT]
    usual = [port for port in beside if port in free]
    above = [high + 1 for _, high in ports.ranges if high + 1 in free]
    if usual or above:
        return ports | PortSet((usual or above[-1:])[0])
    return ports | free.lowest(min(1, free.size))


def _for_sources(before: list[AnyHop], strands: list[Strand]) -> Iterator[Remedy]:
    """More source addresses in front of what counts its room for each of them."""
    for hop in reversed(before):
        if hop.own_addresses is not None and any(_ends(strand, hop) for strand in strands):
            yield from _another(f"address for {hop.name}", f"{hop.path}.addresses", hop.own_addresses)
            return


def for_all_clients(result: Capacity) -> Iterator[Remedy]:
    """What leaves no client without a block of ports: smaller blocks, or more addresses, at one cone."""
    for hop, before in zip(result.chain.hops, result.hops, strict=False):
        if isinstance(hop, Cone) and isinstance(hop.block, int):
            yield from _blocks(hop, before.sources)
            ports = hop.ports.size
            needed = before.sources / (Fraction(ports, hop.block) if hop.blocks_span else ports // hop.block)
            each = ceil(needed / hop.instances)
            text = f"{each:,} addresses at {hop.name}, so that every client gets a block"
            yield _change(text, f"{hop.path}.addresses", each)


def _blocks(hop: Cone, sources: int) -> Iterator[Remedy]:
    """Blocks of a number that leaves nobody without one."""
    addresses = hop.addresses.size * hop.instances
    each = addresses * hop.ports.size // sources if hop.blocks_span else 0
    each = each or hop.ports.size // ceil(Fraction(sources, addresses))
    if each := hop.rounded_down("block", each):
        yield _change(f"blocks of {each:,} ports for every client at {hop.name}", f"{hop.path}.block", each)


def _for_table(result: Capacity, hop: AnyHop, limit: Limit) -> Iterator[Remedy]:
    """A larger tracking table, entries that leave it sooner, or none of them."""
    yield from _sized(result, limit, hop, "max_entries", "a tracking table of {} entries")
    if hop.tracking_time_wait > 30:
        machine = mates(result.chain, hop, "tracking_time_wait")
        changes = tuple((f"{each.path}.tracking_time_wait", SHORT_TIME_WAIT) for each in machine)
        yield Remedy(f"closed entries that leave the table of {hop.name} after {SHORT_TIME_WAIT}", changes)
    if isinstance(hop, Forwarder) and hop.virtual is None and "max_entries" in hop.model_fields_set:
        text = f"no connection tracking at {hop.name} (notrack), if it needs no states"
        yield _change(text, f"{hop.path}.max_entries", None)


def _for_cone(chain: Chain, hop: Cone, strands: list[Strand], sources: int) -> Iterator[Remedy]:
    path = hop.path
    yield from _another(f"address for {hop.name}", f"{path}.addresses", hop.addresses)
    yield from _wider(hop.name, f"{path}.ports", hop.ports)
    if hop.mapping == "endpoint-independent":
        text = f"endpoint-dependent mapping at {hop.name} (a port may serve several destinations)"
        yield _change(text, f"{path}.mapping", "endpoint-dependent")
    if isinstance(hop.block, int) and 2 * hop.block <= hop.ports.size:
        yield _change(f"blocks twice as large at {hop.name}", f"{path}.block", 2 * hop.block)
    if isinstance(hop.block, tuple):
        yield from _blocks(hop, sources)
    if hop.client_ports is not None:
        changes = tuple(
            (f"{each.path}.client_ports", 2 * hop.client_ports) for each in mates(chain, hop, "client_ports")
        )
        yield Remedy(f"a cap on a client's ports twice as large at {hop.name}", changes)
    if hop.destinations is not None:
        text = f"twice as many destinations for each port at {hop.name}"
        yield _change(text, f"{path}.destinations", 2 * hop.destinations)
    yield from _sooner_at_cone(hop, strands)


def _sooner_at_cone(hop: Cone, strands: list[Strand]) -> Iterator[Remedy]:
    if hop.linger > 30:
        text = f"closed connections that free their port at {hop.name} after {SHORT_TIME_WAIT}"
        if any(each.first_close < 1 for each in strands if each.crosses(hop)):
            text += ", though services that closed first may still hold them in TIME_WAIT"
        yield _change(text, f"{hop.path}.time_wait", SHORT_TIME_WAIT)


def _for_proxy(result: Capacity, hop: Proxy, limit: Limit, strands: list[Strand]) -> Iterator[Remedy]:
    chain, path, name = result.chain, hop.path, hop.name
    machine = (each for each in chain.hops if isinstance(each, Proxy) and each.on == hop.on)
    no_tracking = tuple((f"{each.path}.tracking", "off") for each in machine)
    if limit.kind.resource == "entries":
        if hop.tracking != "off" and hop.capture in ("tproxy", "listen"):
            yield Remedy(f"no connection tracking at {name} (notrack)", no_tracking)
        return
    if limit.kind.resource == "files":
        yield from _sized(result, limit, hop, "max_files", "a limit of {} open files")
        return
    if limit.kind in (UPSTREAM, BIND):
        yield from _pools(chain, hop, strands)
    if len(limit.kinds) > 1:
        yield from _passing(chain, hop, limit)
    if limit.kind in (CAPTURE, LISTENER):
        yield from _listeners(hop)
        if limit.kind == CAPTURE:
            yield from _wider(f"the capture of {name}", f"{path}.rewrite_ports", hop.rewrite_ports)
            yield _by_tproxy(hop)
        return
    if hop.allocation == "bind":
        yield _change(f"{_AT_CONNECT} at {name}", f"{path}.allocation", "tuple")
    if (limit.kind in _ONE_TABLE or limit.kind.legs == "a row") and hop.capture == "tproxy":
        text = (
            f"no connection tracking at {name} (notrack), so that both sides of a connection may use one port"
        )
        yield Remedy(text, no_tracking)
    if hop.source == "own":
        yield from _another(f"source address for {name}", f"{path}.addresses", hop.addresses)
    if hop.source == "client-port":
        yield _change(f"a port of its own for the service side at {name}", f"{path}.source", "client")
    else:
        yield from _wider(name, f"{path}.ports", hop.ports)
    yield from _sooner(name, path, hop)


def _by_tproxy(hop: Proxy) -> Remedy:
    """Another capture, without the keys that do not fit it."""
    written = hop.written() | {"capture": "tproxy"}
    gone = [key for key in sorted(hop.model_fields_set) if not hop.fits(key, written)]
    text = f"capture by TPROXY instead of REDIRECT at {hop.name}"
    text += f", without {' and '.join(gone)}" if gone else ""
    return Remedy(text, ((f"{hop.path}.capture", "tproxy"), *((f"{hop.path}.{key}", None) for key in gone)))


def _pools(chain: Chain, hop: Proxy, limited: list[Strand]) -> Iterator[Remedy]:
    """Connections to the services that are kept, and serve one client after the other.

    Connections that are always busy stay open for H / r, or as long as they do now.  The keys are for all
    kinds that the proxy ends: H is the mean of those that share their services, the longest one counts.
    """
    if hop.source == "client-port" or not any(_ends(each, hop) for each in limited):
        return
    sharing: dict[frozenset[str | None], list[Strand]] = {}
    for each in chain.strands:
        if _ends(each, hop) and each.part:
            sharing.setdefault(frozenset(group.name for group in each.services), []).append(each)
    hold = max((_mean_hold(each) for each in sharing.values()), default=Fraction(0))
    for pool in _POOLS:
        r = hop.connections_per_flow / pool
        upstream_hold = max(hold / r, hop.upstream_hold or Fraction(0))
        text = (
            f"each connection of {hop.name} to the services kept for {1 / r} client connections (keep-alive)"
        )
        changes: list[Change] = [(f"{hop.path}.connections_per_flow", str(r))]
        if hop.upstream_hold != upstream_hold:
            changes.append((f"{hop.path}.upstream_hold", written_seconds(upstream_hold)))
        yield Remedy(text, tuple(changes), purpose=f"pool at {hop.name}")


def _mean_hold(strands: list[Strand]) -> Fraction:
    """The mean of several strands, by their parts of the new connections."""
    part = sum((each.part for each in strands), Fraction(0))
    return sum((each.part * each.hold for each in strands), Fraction(0)) / part


def _kept_before(chain: Chain, before: list[AnyHop], strands: list[Strand]) -> Iterator[Remedy]:
    """Connections that proxies in front keep: what binds behind them counts theirs, not the clients'."""
    nearest = [each for each in reversed(before) if isinstance(each, Proxy)]
    for hop in nearest[:_MOST_GROUPS]:
        yield from _pools(chain, hop, strands)


def written_seconds(time: Fraction) -> object:
    """A time as a setting says it: ``30s``, and as a decimal where it is no whole number."""
    seconds = as_decimal(time)
    return f"{seconds}s" if seconds.denominator == 1 else seconds


def _passing(chain: Chain, hop: Proxy, limit: Limit) -> Iterator[Remedy]:
    """One of the kinds that a proxy ends passes instead."""
    captured = [
        kind.name for kind in chain.traffic.kinds if hop.captures is None or kind.name in hop.captures
    ]
    crossing = [name for name in captured if hop.traffic is None or name in hop.traffic]
    for kind in limit.kinds[:_MOST_GROUPS]:
        others = [name for name in crossing if name != kind]
        if kind in crossing and others:
            yield _change(
                f"connections of {kind} pass {hop.name} without being ended there",
                f"{hop.path}.captures",
                tuple(others),
            )


def mates(chain: Chain, hop: AnyHop, key: str) -> Iterator[AnyHop]:
    """A hop, and the others of its machine that say the same key."""
    for each in chain.hops:
        if each is hop or (each.on == hop.on and key in each.stated):
            yield each


def _another(what: str, path: str, addresses: AddressSet) -> Iterator[Remedy]:
    if len(by_family(addresses)) > 1:
        return  # one more is of one family, and helps that one only
    spec = addresses.spec
    more = spec + 1 if isinstance(spec, int) else [*(spec if isinstance(spec, list) else [spec]), 1]
    yield _change(f"another {what}", path, more)


def _wider(whose: str, path: str, ports: PortSet) -> Iterator[Remedy]:
    wider = ports | UNPRIVILEGED_PORTS
    if ports != wider:
        yield _change(f"the ports {UNPRIVILEGED_PORTS} for {whose}", path, wider)


def _sooner(whose: str, path: str, part: Sockets) -> Iterator[Remedy]:
    """Reuse of what waits, or where the platform knows a shorter wait only, that."""
    has_wait_only = "time_wait" in part.knobs and "reuse_after" not in part.knobs
    if part.linger > 30 and has_wait_only:
        yield _change(f"TIME_WAIT of {SHORT_TIME_WAIT} at {whose}", f"{path}.time_wait", SHORT_TIME_WAIT)
    elif part.linger > 1 and not has_wait_only:
        text = f"reuse of ports in TIME_WAIT after {REUSE_AFTER} at {whose}"
        yield _change(text, f"{path}.reuse_after", REUSE_AFTER)


def _sized(result: Capacity, limit: Limit, hop: AnyHop, key: Sized, what: str) -> Iterator[Remedy]:
    """A table or files of a size that no longer limits, at all hops of a machine that say the same key."""
    value = getattr(hop, key)
    if value is not None:
        size = _large_enough(result, limit, hop, key, value)
        changes = tuple((f"{each.path}.{key}", size) for each in mates(result.chain, hop, key))
        memory = f" (no larger: {_MEMORY})" if size == _LARGEST and key == "max_entries" else ""
        yield Remedy(f"{what.format(f'{size:,}')} at {hop.name}{memory}", changes)


def _of_others(result: Capacity, limit: Limit) -> Iterator[Limit]:
    """The limits of other resources."""
    return (each for each in result.limits if each.kind.resource != limit.kind.resource)


def _large_enough(result: Capacity, limit: Limit, part: AnyHop | Clients, key: Sized, present: int) -> int:
    """The power of two with which the next limit decides, or what is offered takes 80 % at most.

    The smaller one of the two, or two times the present where that is enough already; no more than the
    product allows, nor than a machine is given memory for.
    """
    traffic, wanted = result.chain.traffic, wanted_by_clients(result.chain)
    has_target = traffic.offered is not None or traffic.flows is not None or wanted is not None
    rates = (each.rate for each in _of_others(result, limit) if each.rate is not None)
    rate = min(rates, default=Fraction(0))
    if has_target:
        rate = min(rate, (traffic.offered or 0) / TIGHT)
    keys = 1
    for mixed, asked in ((result, traffic.flows), (result.as_wanted, wanted)):
        here = next((each for each in mixed.limits if (each.hop, each.name) == (limit.hop, limit.name)), None)
        if here is None:  # what binds in this mix only
            continue
        open_ = (each.flows for each in _of_others(mixed, limit) if each.flows is not None)
        flows = min(open_, default=2 * mixed.flows)
        if has_target:
            flows = min(flows, ceil((asked or 0) / TIGHT))
        keys = max(keys, needed(mixed, here, rate if mixed is result else 0, flows))
    power = 1 << (keys - 1).bit_length()
    size = min(power, _LARGEST) if min(power, _LARGEST) > present else 2 * present
    most = part.largest.get(key)
    return size if most is None or most <= present else min(size, most)
