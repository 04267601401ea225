"""Whose an address is: among flows that go on to the same place, one machine's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from tuplecalc.errors import Problem
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.clients import Clients
from tuplecalc.network.hop import Hop
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy


class _Owner(NamedTuple):
    place: str
    addresses: AddressSet
    machine: str
    """Of a proxy, whose addresses others of its machine may have as well; else empty."""


def two_owners(
    clients: Sequence[Clients], hops: Sequence[Hop], strands: Iterable[Strand]
) -> Iterator[Problem]:
    """Written addresses that two send under to one place, where answers could not tell them apart.

    They are sent under from who has them up to the next hop with addresses of its own, or to the services:
    behind that another network begins, in which the same addresses may stand again.
    """
    groups = {group.name: number for number, group in enumerate(clients)}
    numbers = {hop.name: number for number, hop in enumerate(hops)}
    sending: dict[str, dict[_Owner, None]] = {}
    for strand in strands:
        place = f"clients[{groups[strand.clients.name]}]" if len(clients) > 1 else "clients"
        owner = _Owner(place, strand.clients.addresses, "")
        for hop in strand.hops:
            own = hop.own_addresses if strand.is_captured(hop) else None
            if own is not None:
                sending.setdefault(hop.name, {})[owner] = None
                owner = _Owner(f"hops[{numbers[hop.name]}]", own, hop.on if isinstance(hop, Proxy) else "")
        sending.setdefault("", {})[owner] = None
    said = set()
    for owners in sending.values():
        for first, second in combinations(owners, 2):
            same = first.place == second.place or (first.machine and first.machine == second.machine)
            common = None if same else first.addresses.common(second.addresses)
            if common is not None and (first.place, second.place) not in said:
                said.add((first.place, second.place))
                rule = f"an address is of one machine; {first.place} sends under it to the same place"
                remedy = "write it once, or counts where each has addresses of its own"
                yield Problem(f"{second.place}.addresses", common, rule, remedy)
