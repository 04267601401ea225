"""The drawing of the chain: one station for the clients, each hop and the services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import AnyHop
from tuplecalc.network.cone import Cone
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.render import numbers
from tuplecalc.render.sentences import totals

_MOST_STATIONS = 14  # two or three lines on a screen; the figures have all hops


class Station(NamedTuple):
    """One station of the drawing.

    ``glyph`` is ``"clients"``, ``"cone"``, ``"hourglass"``, ``"proxy"``, ``"services"`` or, for hops
    that are left out, ``"more"``; ``binds`` says what it limits, if anything.
    """

    glyph: str
    name: str
    kind: str
    facts: tuple[str, ...]
    binds: str = ""


def stations(result: Capacity) -> tuple[Station, ...]:
    """The chain from the clients to the services; in the middle of a long one only the tightest.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> for station in stations(capacity(example("outage"))):
    ...     print(station.glyph, station.facts)
    clients ('131,072 addresses × 64,512 ports', 'room for 8,455,716,864 connections')
    cone ('1 address × 64,512 ports', 'clients call 1 endpoint', 'room for 387,072 connections')
    proxy ('64,512 ports at the client’s address', '6 instances', 'room for 193,536 connections')
    services ('6 addresses × 1 port', '6 endpoints')
    """
    parts = {hop.name: hop for hop in result.chain.hops}
    found = [_station(result, parts.get(hop.name), hop) for hop in result.hops if hop.kind != "services"]
    return (*_cut(found), _services(result))


def mark(result: Capacity, *, flows: bool, rate: bool) -> str:
    """The word for what limits the flows, the rate, or both; empty for what limits neither."""
    if flows and (rate or result.rate_binding is None):
        return "limits"
    return "limits the flows" if flows else "limits the rate" if rate else ""


def binds(result: Capacity, hop: str) -> str:
    """The word for a hop."""
    rates = result.rate_binding
    return mark(result, flows=result.binding.hop == hop, rate=rates is not None and rates.hop == hop)


def _station(result: Capacity, part: AnyHop | None, hop: HopCapacity) -> Station:
    match part:
        case Cone():
            glyph, facts = "cone", [_pairs(part.addresses, part.ports)]
        case Proxy():
            glyph, facts = "proxy", list(_proxy(part))
        case None:
            glyph = "clients"
            facts = [_pairs(group.addresses, group.ports) for group in result.chain.clients]
        case _:
            glyph, facts = "hourglass", []
    if part and part.virtual:
        endpoints = part.virtual.addresses.size * part.virtual.ports.size
        facts.append(f"clients call {_several(endpoints, 'endpoint')}")
    if part and part.instances > 1:
        facts.append(f"{numbers.count(part.instances)} instances")
    kind = f"{totals.hop_kind(result, hop)}{f', {part.capture}' if isinstance(part, Proxy) else ''}"
    least = min((limit.flows for limit in hop.limits if limit.flows is not None), default=None)
    facts.append("limits nothing itself" if least is None else f"room for {_several(least, 'connection')}")
    return Station(glyph, hop.name, kind, tuple(facts), binds(result, hop.name))


def _proxy(hop: Proxy) -> Iterator[str]:
    if hop.capture != "tproxy":
        yield _several(hop.listen_addresses.size * hop.listen_ports.size, "listener")
    match hop.source:
        case "own":
            yield f"{_pairs(hop.addresses, hop.ports)} of its own"
        case "client":
            yield f"{_several(hop.ports.size, 'port')} at the client’s address"
        case "client-port":
            yield "the client’s address and port"


def _services(result: Capacity) -> Station:
    groups = result.chain.services
    total = sum(group.endpoints for group in groups)
    one = _pairs(groups[0].addresses, groups[0].ports) if len(groups) == 1 else f"{len(groups):,} groups"
    return Station("services", "services", "services", (one, _several(total, "endpoint")))


def _pairs(addresses: AddressSet, ports: PortSet) -> str:
    several = _several(addresses.size, "address", "addresses")
    return f"{several} × {_several(ports.size, 'port')}"


def _several(number: int, one: str, many: str = "") -> str:
    return f"{numbers.count(number)} {one if number == 1 else many or f'{one}s'}"


def _cut(found: list[Station]) -> Iterator[Station]:
    """All stations, or of very many the first and last few and the tightest, with the gaps said."""
    few = _MOST_STATIONS // 3
    left: list[Station] = []
    for place, station in enumerate(found):
        near = place < few or place >= len(found) - few
        if len(found) <= _MOST_STATIONS or near or station.binds:
            if left:
                yield Station("more", f"{len(left):,} more hop{'' if len(left) == 1 else 's'}", "", ())
                left = []
            yield station
        else:
            left.append(station)
