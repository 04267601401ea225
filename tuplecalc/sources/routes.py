"""Routes through a proxy: what is alike becomes one hop, what differs becomes hops of separate kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain, combinations
from operator import or_
from typing import NamedTuple

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.machine import are_apart
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Draft, Remark, Said, Table
from tuplecalc.sources.places import NO_PORTS, Place, addresses_of, is_address, places, write_once

LOCAL_PORTS = "sysctl net.ipv4.ip_local_port_range"
_TRACKING = '"strict" where a rule drops `ct state invalid`, "off" where nothing tracks: nft list ruleset'
_USUAL_PORTS = PortSet("80, 443, 1024-65535")
_TELLS_APART = ("capture", "source", "addresses", "ports", "allocation")
"""Keys in which routes of one hop agree; what else they say is unknown, or follows from these."""
_OTHER_FAMILY = "its addresses of the other family that some servers have; until then so many of any"
_ROUTE = "ip route get SERVER: which address it has there; taken as none that another hop names"
_PARTS = "how the files are shared: connections of each way"
_WANTED = "which services clients want: ss -tn"


class Route(NamedTuple):
    """Flows that come in at some listeners and go on to some servers."""

    name: str
    hop: Table
    """How they are captured and where they leave from: routes that agree in this share a hop."""
    listeners: tuple[Place, ...]
    servers: tuple[Place, ...]


def drafted(
    name: str,
    routes: Sequence[Route],
    common: Table,
    shares: str,
    remarks: Iterable[Remark],
    passed_over: Mapping[str, int],
) -> Draft:
    """One hop for routes that agree, else one for each way with a kind of traffic of its own.

    ``common`` are keys of the whole machine; ``shares`` says how to measure which part goes which way.
    """
    ways: dict[str, list[Route]] = {}
    for route in routes:
        agreed = [route.hop[key].value if key in route.hop else None for key in _TELLS_APART]
        ways.setdefault(str(agreed), []).append(route)
    groups = list(ways.values())
    names = distinct(f"{name}-{_name(group)}" for group in groups)
    services, of_way = services_of(groups, shares)
    several = len(groups) > 1
    keys = _with_addresses([_keys(group) for group in groups])
    own = [AddressSet(each["addresses"].value) for each in keys if "addresses" in each]
    together = all(one == other or are_apart(one, other) for one, other in combinations(own, 2))
    if several and together:
        common = {"machine": Said(name), **common}
    elif several:
        why = (
            "each hop is taken as a machine with its part of the files: some of their addresses are the same"
        )
        remarks = [*remarks, Remark(name, f"{len(groups)} ways through one proxy", why)]
        common = _divided(common, len(groups))
    hops: list[dict[str, Said]] = [
        {
            "name": Said(each if several else name),
            "kind": Said("hourglass"),
            **({"traffic": Said([each])} if several else {}),
            **said,
            **(_listening(group) if not _is_transparent(group) else {}),
            **_tracking(groups),
            **common,
        }
        for each, group, said in zip(names, groups, keys, strict=True)
    ]
    if not together:
        write_once(hops)
    of_kind = {each: {"services": Said(reached)} for each, reached in zip(names, of_way, strict=True)}
    kinds = kinds_of(of_kind if several else {}, shares)
    return Draft(
        hops=tuple(hops),
        services=services,
        kinds=kinds,
        remarks=tuple(dict.fromkeys(remarks)),
        process=name,
        listens=tuple(_ports(route.listeners for route in group) for group in groups),
        passed_over=dict(passed_over),
    )


def kinds_of(keys: Mapping[str, Table], shares: str) -> tuple[Table, ...]:
    """Kinds of traffic with these names and keys; no source tells their shares, which are taken as equal."""
    share = Said(f"1/{len(keys)}", "", shares)
    return tuple({"name": Said(name), "share": share, **table} for name, table in keys.items())


def distinct(names: Iterable[str]) -> list[str]:
    """The names as a chain file takes them, with a number behind those that were there before.

    >>> distinct(["web", "web", "a\\tb", ""])
    ['web', 'web-2', 'a b', 'unnamed']
    """
    found: dict[str, None] = {}
    for written in names:
        name = "".join(c if c.isprintable() else " " for c in written).strip() or "unnamed"
        number, new = 1, name
        while new in found:
            number += 1
            new = f"{name}-{number}"
        found[new] = None
    return list(found)


def _keys(group: Sequence[Route]) -> Table:
    """What the routes of a hop say; its addresses as a count where some servers are of another family."""
    keys = {key: said for route in reversed(group) for key, said in route.hop.items()}
    if "addresses" in keys:
        own = AddressSet(keys["addresses"].value)
        written = [each.address for route in group for each in route.servers if is_address(each.address)]
        families, reached = ({each[0] for each in some.ranges} for some in (own, AddressSet(written or 1)))
        if families and reached - families:
            said = keys["addresses"]
            keys["addresses"] = Said(own.size, f"{said.where}: {_shown(own)}", _OTHER_FAMILY)
    return keys


def _shown(addresses: AddressSet) -> str:
    spec = addresses.spec
    return ", ".join(map(str, spec if isinstance(spec, list) else [spec]))


def _with_addresses(hops: Sequence[Table]) -> list[Table]:
    """The keys of hops of a process: where some name their addresses, the others have one of their own."""
    if not any("addresses" in keys for keys in hops):
        return [*hops]
    routed = Said(1, "", _ROUTE)
    return [
        {**keys, "addresses": keys.get("addresses", routed)} if keys["source"].value == "own" else keys
        for keys in hops
    ]


def _divided(common: Table, parts: int) -> Table:
    """The keys of a process that stands in several machines, so that all have what it has."""
    files = common["max_files"]
    if not isinstance(files.value, int):
        return common
    where = f"{files.where}: 1/{parts} of {files.value}, the whole process has no more"
    return {**common, "max_files": Said(files.value // parts or 1, where, _PARTS)}


def _ports(several: Iterable[Sequence[Place]]) -> PortSet:
    return reduce(or_, (each.ports for listeners in several for each in listeners), NO_PORTS)


def _is_transparent(group: Sequence[Route]) -> bool:
    return group[0].hop["capture"].value == "tproxy"


def _tracking(groups: Sequence[Sequence[Route]]) -> Table:
    """What only the machine's rules tell, where a hop is transparent.

    One that keeps its clients' addresses and ports gets no flow through under strict tracking, so that loose
    is more likely there.
    """
    transparent = [group for group in groups if _is_transparent(group)]
    same = any(group[0].hop["source"].value == "client-port" for group in transparent)
    return {"tracking": Said("loose" if same else "strict", "", _TRACKING)} if transparent else {}


def _name(group: Sequence[Route]) -> str:
    names = list(dict.fromkeys(route.name for route in group))
    return "+".join(names if len(names) < 3 else [names[0], str(len(names) - 1)])


def _listening(group: Sequence[Route]) -> Table:
    """Listeners as addresses and ports; exactly as many where not all addresses have all ports."""
    listeners = list(dict.fromkeys(each for route in group for each in route.listeners))
    of_address: dict[str, PortSet] = {}
    for each in listeners:
        of_address[each.address] = of_address.get(each.address, NO_PORTS) | each.ports
    every = reduce(or_, of_address.values())
    if not every:
        return {"listen_ports": Said(None, "", "ss -ltn: the ports that it listens at")}
    addresses, where = addresses_of(listeners), places(each.where for each in listeners)
    if all(ports == every for ports in of_address.values()):
        return {"listen_addresses": addresses, "listen_ports": Said(every.spec, where)}
    pairs = sum(max(ports.size, 1) for ports in of_address.values())
    counted = Said(pairs, f"{where}: so many pairs of address and port", addresses.unknown)
    return {"listen_addresses": counted, "listen_ports": Said(every.lowest(1).spec, where)}


class _Endpoints(NamedTuple):
    """Ports of one address that the same ways lead to."""

    name: str
    ways: frozenset[int]
    ports: PortSet
    server: Place


def services_of(groups: Sequence[Sequence[Route]], shares: str) -> tuple[tuple[Table, ...], list[list[str]]]:
    """Groups of services, each endpoint in one, and the names of those that each way reaches."""
    of_address: dict[str, list[_Endpoints]] = {}
    for way, group in enumerate(groups):
        for route in group:
            for server in route.servers:
                before = of_address.get(server.address, [])
                of_address[server.address] = _with(before, route.name, way, server)
    tables: dict[tuple[str, frozenset[int], PortSet], list[Place]] = {}
    for each in chain.from_iterable(of_address.values()):
        tables.setdefault((each.name, each.ways, each.ports), []).append(each.server)
    names = distinct(name for name, _, _ in tables)
    known = reduce(or_, (ports for _, _, ports in tables), NO_PORTS)
    instead = ((_USUAL_PORTS - known) or _USUAL_PORTS).lowest(1)  # no endpoint stands in two groups
    services: list[Table] = []
    for name, ((_, _, ports), found) in zip(names, tables.items(), strict=True):
        where = places(each.where for each in found)
        said = Said(ports.spec, where) if ports else Said(instead.spec, where, "which port it is")
        services.append({"name": Said(name), "addresses": addresses_of(found, _WANTED), "ports": said})
    if len(services) > 1:
        services[0] = {**services[0], "share": Said(None, "", shares)}
    reached = [
        [name for name, (_, ways, _) in zip(names, tables, strict=True) if way in ways]
        for way in range(len(groups))
    ]
    return tuple(services), reached


def _with(before: Sequence[_Endpoints], name: str, way: int, server: Place) -> list[_Endpoints]:
    """The endpoints of an address with one more server: those that it has already have one more way."""
    found: list[_Endpoints] = []
    rest, is_new = server.ports, True
    for each in before:
        common = each.ports & rest
        if common or each.ports == rest:
            is_new = False
            found.append(each._replace(ways=each.ways | {way}, ports=common))
            rest, left = rest - common, each.ports - common
            found += [each._replace(ports=left)] if left else []
        else:
            found.append(each)
    return [*found, *([_Endpoints(name, frozenset({way}), rest, server)] if rest or is_new else [])]
