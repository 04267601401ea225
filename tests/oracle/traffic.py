"""Kinds of traffic: which clients reach which services over which hops, and what part of a kind they are."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from .meaning import (
    Topology,
    client_share,
    duration,
    endpoints,
    families,
    kind,
    listeners,
    meet,
    names,
    tables,
)


@dataclass(frozen=True)
class Kind:
    """A kind of traffic; without kinds in the file there is one, which has no name."""

    name: str
    share: float  # of the new connections
    hold: float
    first_close: float  # share that the client closes first
    udp: bool
    clients: list[str] | None
    services: list[str] | None

    def crosses(self, hop: Topology) -> bool:
        """Return whether the kind goes through a hop."""
        return self.is_named(hop.get("traffic"))

    def captured(self, hop: Topology) -> bool:
        """Return whether a layer-7 hop that the kind goes through ends it."""
        return self.is_named(hop.get("captures"))

    def is_named(self, value: Any) -> bool:
        """Return whether the kind is among those that are named, which are all where none is."""
        return value is None or self.name in names(value)


@dataclass(frozen=True)
class Group:
    """Clients or endpoints that are alike: of one group of the file and one family."""

    number: int  # of the group in the file; 0 for services
    family: int
    members: list[int]
    share: Fraction | None = None  # of the group in the file, here by the part of its endpoints
    wait: float = 0


@dataclass(frozen=True)
class Part:
    """The flows of one kind from one group of clients to one group of services."""

    kind: Kind
    part: float
    clients: Group
    services: Group


def kinds(traffic: Topology) -> list[Kind]:
    """Return the kinds of traffic, which inherit what they do not say themselves."""
    given = traffic.get("kinds") or [{"name": "", "share": 1}]
    rates = [part.get("rate", part.get("share")) for part in given]
    whole = sum(Fraction(str(each)) for each in rates) if "rate" in given[0] else Fraction(1)
    found = []
    for part, rate in zip(given, rates, strict=True):
        full = {**traffic, **part}
        found.append(
            Kind(
                part["name"],
                float(Fraction(str(rate)) / whole),
                duration(full.get("hold", 0)),
                client_share(full.get("first_close", "client")),
                full.get("protocol", "tcp") == "udp",
                names(part["clients"]) if "clients" in part else None,
                names(part["services"]) if "services" in part else None,
            )
        )
    if abs(sum(each.share for each in found) - 1) > 1e-9:
        raise ValueError("shares do not sum to 1")
    return found


def rates(traffic: Topology) -> dict[str, float]:
    """Return the rate that each kind is offered at."""
    total = traffic.get("rate")
    given = traffic.get("kinds", [])
    if total is None:
        total = sum(float(part["rate"]) for part in given)
    return {each.name: each.share * float(total) for each in kinds(traffic)}


def client_groups(clients: list[Topology], named: list[str] | None) -> list[Group]:
    """Return the clients of these names: all of one group that have one family."""
    found = []
    for number, group in enumerate(clients):
        if named is None or group.get("name") in named:
            each = families(group.get("addresses", 1))
            for family in sorted(set(each)):
                found.append(Group(number, family, [i for i, f in enumerate(each) if f == family]))
    return found


def service_groups(services: list[Topology], kind: Kind, every: list[Kind]) -> list[Group]:
    """Return the endpoints that a kind goes to: all that are alike, for other kinds too."""
    alike: dict[tuple[int, float, Fraction | None, tuple[bool, ...]], list[int]] = {}
    count = 0
    for group in services:
        each = endpoints(group)
        users = tuple(other.services is None or group.get("name") in other.services for other in every)
        if users[every.index(kind)]:
            share = Fraction(str(group["share"])) / len(each) if "share" in group else None
            for i, family in enumerate(each):
                key = (family, duration(group.get("time_wait", 0)), share, users)
                alike.setdefault(key, []).append(count + i)
        count += len(each)
    return [
        Group(0, family, members, None if share is None else share * len(members), wait)
        for (family, wait, share, _), members in alike.items()
    ]


def parts(topology: Topology) -> list[Part]:
    """Return the parts of all kinds: from clients by their number, to endpoints evenly or by their shares."""
    clients, services = tables(topology["clients"]), tables(topology["services"])
    found = []
    every = kinds(topology.get("traffic", {}))
    for each in every:
        hops = [hop for hop in topology.get("hops", []) if each.crosses(hop)]
        sources, sinks = client_groups(clients, each.clients), service_groups(services, each, every)
        there = sum(len(group.members) for group in sources)
        pairs = {
            (source.number, source.family, i): (source, sink)
            for source, (i, sink) in product(sources, enumerate(sinks))
            if reaches(hops, each.captured, source.family, sink.family)
        }
        for source in sources:
            reached = [sink for one, sink in pairs.values() if one is source]
            if not reached:
                raise ValueError(f"{each.name}: clients of family {source.family} reach no service")
            weights = [len(sink.members) if sink.share is None else sink.share for sink in reached]
            for sink, weight in zip(reached, weights, strict=True):
                part = Fraction(len(source.members), there) * weight / sum(weights)
                found.append(Part(each, float(part), source, sink))
        if unreached := [sink for sink in sinks if all(sink is not other for _, other in pairs.values())]:
            raise ValueError(f"{each.name}: services of family {unreached[0].family} have no client")
    return found


def reaches(hops: list[Topology], captured: Callable[[Topology], bool], source: int, sink: int) -> bool:
    """Return whether a client of a family gets to services of a family."""
    now = {source}
    for i, hop in enumerate(hops):
        if (at := addressed(hop, captured)) is not None:
            now = {one for one in now if any(meet(one, other) for other in at)}
        if kind(hop) == "cone":
            now = set(families(hop.get("addresses", 1))) if now else now
        elif kind(hop) == "proxy" and captured(hop) and hop.get("source", "own") == "own":
            if hop["capture"] != "listen":  # what the client addresses is reached from here, too
                behind = next((a for other in hops[i:] if (a := addressed(other, captured))), [sink])
                if not any(kind(other) == "cone" for other in hops[i:]):
                    now = {one for one in now if any(meet(one, other) for other in behind)}
            now = set(families(hop.get("addresses", 1))) if now else now
    return any(meet(one, sink) for one in now)


def addressed(hop: Topology, captured: Callable[[Topology], bool]) -> list[int] | None:
    """Return the families of what flows address at a hop itself, None where they do not."""
    if "virtual" in hop:
        return endpoints(hop["virtual"])
    if kind(hop) == "proxy" and hop["capture"] == "listen" and captured(hop):
        return listeners(hop)
    return None
