"""Families: a source reaches endpoints of its own, IPv4 or IPv6, and a count of addresses fits any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tuplecalc.errors import Problem
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.cone import Cone
from tuplecalc.network.hop import Hop
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Traffic

Families = frozenset[int | None]
"""4 and 6; None for addresses of which only the number is known."""
ANY: Families = frozenset({None})


def by_family(addresses: AddressSet) -> list[tuple[int | None, AddressSet]]:
    """The addresses of each family, as they are where there is but one; None where a count fits any.

    >>> [(family, each.size) for family, each in by_family(AddressSet(["127.0.0.1", "::1"]))]
    [(4, 1), (6, 1)]
    """
    families = sorted({version for version, *_ in addresses.ranges})
    if addresses.count or len(families) < 2:
        return [(families[0] if families and not addresses.count else None, addresses)]
    return [(family, addresses.of_family(family)) for family in families]


def meet(source: int | None, target: int | None, hops: Sequence[Hop | None]) -> bool:
    """Whether flows get from a source to a target: each leg's two ends are of one family."""
    return all(_legs(source, target, hops))


def all_meet(source: int | None, targets: Iterable[int | None], hops: Sequence[Hop | None]) -> bool:
    """Whether flows get from a source to all targets, and the same way to each."""
    several = set(targets)
    both = any(len(_families(each)) > 1 for hop in hops if hop is not None for each in _addresses(hop))
    return all(meet(source, each, hops) for each in several) and (len(several) == 1 or not both)


def leg_families(source: int | None, target: int | None, hops: Sequence[Hop | None]) -> list[int | None]:
    """The family of each leg between a source and a target; None where any can be."""
    return [min(each) if len(each) == 1 else None for each in _legs(source, target, hops)]


def _legs(source: int | None, target: int | None, hops: Sequence[Hop | None]) -> list[set[int]]:
    """The families that each leg can have; a hop that leaves these flows alone is None.

    What is addressed before a cone may be of another family than behind it (NAT64).
    """
    senders, ends = [frozenset({source})], [frozenset({target})]
    for hop in hops:
        own = hop.own_addresses if hop is not None else None
        senders.append(senders[-1] if own is None else _families(own))
    for hop in reversed(hops):
        here = _stand_in(hop) if hop is not None else None
        any_ = ANY if isinstance(hop, Cone) else ends[-1]
        ends.append(any_ if here is None else here)
    found = [_in_common(one, other) for one, other in zip(senders, reversed(ends), strict=True)]
    for number, hop in reversed(list(enumerate(hops))):
        if hop is None or hop.own_addresses is None:  # the same source goes on
            found[number] &= found[number + 1]
    return found


def translated(source: int | None, hops: Iterable[Hop]) -> Iterator[tuple[Cone, int, int]]:
    """The cones that turn one family into the other, and which: NAT64, or NAT46.

    The hops are those of a strand, with the addresses that its legs have.
    """
    family = source
    for hop in hops:
        own = hop.own_addresses
        if own is None:
            continue
        several = by_family(own)
        behind = several[0][0] if len(several) == 1 else None
        if isinstance(hop, Cone) and family and behind and family != behind:
            yield hop, family, behind
        family = behind


def with_addresses_of(hop: Hop, before: int | None, behind: int | None) -> Hop:
    """The hop with the addresses that legs of these families have, before it and behind it."""
    found: dict[str, Any] = {}
    if hop.own_addresses is not None:
        found["addresses"] = dict(by_family(hop.own_addresses)).get(behind, hop.own_addresses)
    if isinstance(hop, Proxy):
        listening = hop.listen_addresses
        found["listen_addresses"] = dict(by_family(listening)).get(before, listening)
    if (virtual := getattr(hop, "virtual", None)) is not None:
        addresses = dict(by_family(virtual.addresses)).get(before, virtual.addresses)
        found["virtual"] = virtual.model_copy(update={"addresses": addresses})
    changed = {key: value for key, value in found.items() if value != getattr(hop, key)}
    return hop.model_copy(update=changed) if changed else hop


def unreached(traffic: Traffic, services: Sequence[Services], every: Iterable[Services]) -> Iterator[Problem]:
    """Services of a family that no client of theirs reaches, where these are all that are reached."""
    reached = {(each.addresses, each.ports) for each in every}
    for number, group in enumerate(services):
        if traffic.kinds and all(k.services and group.name not in k.services for k in traffic.kinds):
            continue
        for family, addresses in by_family(group.addresses):
            if not reached & {(addresses, group.ports), (group.addresses, group.ports)}:
                rule = f"no client reaches those of IPv{family}: a source reaches its own family only"
                way_out = "leave them out, or put a NAT with addresses of theirs between"
                yield Problem(f"services[{number}].addresses", addresses.spec, rule, way_out)


def _addresses(hop: Hop) -> Iterator[AddressSet]:
    """All sets of addresses that a hop has."""
    if hop.own_addresses is not None:
        yield hop.own_addresses
    if isinstance(hop, Proxy) and hop.capture != "tproxy":
        yield hop.listen_addresses
    if (virtual := getattr(hop, "virtual", None)) is not None:
        yield virtual.addresses


def _stand_in(hop: Hop) -> Families | None:
    """The families of what flows address at the hop itself; None where they do not."""
    if isinstance(hop, Proxy):
        return _families(hop.listen_addresses) if hop.capture == "listen" else None
    virtual = getattr(hop, "virtual", None)
    return None if virtual is None else _families(virtual.addresses)


def _families(addresses: AddressSet) -> Families:
    return frozenset(family for family, _ in by_family(addresses))


def _in_common(some: Families, others: Families) -> set[int]:
    """The families that a leg between these can have."""
    return {each for each in (4, 6) if {None, each} & some and {None, each} & others}
