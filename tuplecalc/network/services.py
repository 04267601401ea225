"""Services: groups of endpoints, and how traffic falls on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.bounds import Bounded
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import Name, Seconds, Share, exact


class Services(Bounded):
    """A group of service endpoints: every address with every port.

    >>> Services(addresses=10, ports=[80, 443]).endpoints
    20
    """

    table = "[[services]]"

    name: Name | None = None
    """Unique among the groups of services; needed where kinds name them."""
    addresses: AddressSet
    """The services' addresses."""
    ports: PortSet
    """The ports that each of them serves."""
    share: Share | None = None
    """Part of the traffic that goes to this group; all groups have one, or none."""
    time_wait: Seconds | None = None
    """How long a service holds a tuple that it closed first; none means not at all."""

    @property
    def linger(self) -> Fraction:
        """How long a service keeps a tuple that it closed first, in seconds."""
        return self.time_wait or Fraction(0)

    @property
    def endpoints(self) -> int:
        """How many (address, port) pairs."""
        return self.addresses.size * self.ports.size


def overlap(groups: Sequence[Services]) -> tuple[int, int] | None:
    """Two groups that have an endpoint in common, or None.  Counts stand for addresses of their own.

    A sweep over the addresses: the ports of the groups in use at its place are disjoint, or a group
    that comes in clashes with one of them.

    >>> web = Services(addresses="198.18.0.0/24", ports=[80])
    >>> overlap([web, Services(addresses="198.18.0.7", ports=[443, 80])])
    (0, 1)
    """
    if len(groups) < 2:
        return None
    events: list[tuple[int, int, int, int]] = []
    for number, group in enumerate(groups):
        for version, low, high in group.addresses.ranges:
            events.append((version, low, 1, number))
            events.append((version, high + 1, 0, number))
    active: set[int] = set()
    taken = groups[0].ports - groups[0].ports
    for _, _, starts, number in sorted(events):
        ports = groups[number].ports
        if not starts:
            active.discard(number)
            taken = taken - ports
        elif taken.isdisjoint(ports):
            active.add(number)
            taken = taken | ports
        else:
            other = next(each for each in active if not groups[each].ports.isdisjoint(ports))
            return min(other, number), max(other, number)
    return None


def machine_shares(groups: Sequence[Services], parts: int) -> Iterator[tuple[Fraction, int]]:
    """What part of the traffic falls on each of ``parts`` machines: (share, machines with it) pairs.

    Endpoint j of all groups in order belongs to machine j mod parts; within a group endpoints
    share evenly.  A group gives every machine the same whole number of endpoints and one more to
    a cyclic row of them, so the shares change only at the bounds of these rows.

    >>> list(machine_shares([Services(addresses=5, ports=80)], 3))
    [(Fraction(2, 5), 2), (Fraction(1, 5), 1)]
    """
    base, offset = Fraction(0), 0
    changes: dict[int, Fraction] = {0: Fraction(0)}
    for group, share in zip(groups, shares(groups), strict=True):
        each = share / group.endpoints
        whole, rest = divmod(group.endpoints, parts)
        base += whole * each
        start, stop = offset % parts, offset % parts + rest
        for low, high in ((start, min(stop, parts)), (0, stop - parts)):
            if low < high:
                changes[low] = changes.get(low, Fraction(0)) + each
                changes[high] = changes.get(high, Fraction(0)) - each
        offset += group.endpoints
    extra = Fraction(0)
    places = sorted(changes)
    for place, following in pairwise([*places, max(parts, places[-1])]):
        extra += changes[place]
        if place < following:
            yield base + extra, following - place


def shares(groups: Sequence[Services]) -> Iterator[Fraction]:
    """Each group's part of the traffic: its share, or by its number of endpoints where none is given."""
    total = sum(group.endpoints for group in groups)
    return (group.share or exact(group.endpoints) / total for group in groups)
