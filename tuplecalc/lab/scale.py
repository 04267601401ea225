"""A large chain made small enough for one machine, with its limits in the same order.

Ports: 1 to 65535 is cut at every end of every port set of the chain.  Each of the pieces then lies
in any of the sets as a whole or not at all, and shrinks by the same factor, to an even number of
ports and at least two; so unions, intersections and differences of the sets keep their proportions.
The pieces move together, from port 20000 on, in their order.

Counts: addresses, service ports, listeners and instances above a few become a few; clients more
than a few, so that they do not become the limit.  ``max_entries`` and ``max_files`` shrink by one
common factor.

Then the capacity of the small chain is held against that of the large one: each limit that was below
another still is, ties are ties, and the same limits bind, for flows and for the rate.  Of all chains
for which that is so and which hold few enough flows, the one with the largest counts, and then the
most ports, is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tuplecalc.errors import InputError
from tuplecalc.lab import addressing
from tuplecalc.lab.ways import chosen_from
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import Limit, by_flows
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.hop import Virtual
from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services

AIM = 1000
"""Flows that a chain is scaled down to, at most."""
MOST_FLOWS = 5000
"""Flows that the lab opens, at most, however small the factor is that a user asks for."""
_FIRST_PORT = 20000
_COUNTS = (10, 8, 6, 5, 4, 3, 2, 1)
_CLIENTS_FOR_EACH = 16
_MOST_ENDPOINTS = 400
_ROOMY = 20
_FACTORS = tuple(sorted({round(2 ** (n / 2)) for n in range(1, 31)}))
_TABLES = (500, 350, 250, 150, 100, 60, 40, 20, 10)


@dataclass(frozen=True)
class Scaled:
    """A chain that the lab can build, and how it came from the one that was asked about."""

    original: Chain
    chain: Chain
    factor: int
    """Each piece of the ports is so many times smaller; 1: the chain is left as it is."""
    keeps_order: bool
    """Whether all limits are in the order of the large chain; else only the binding one is the same."""
    result: Capacity
    """The prediction for the small chain."""

    @property
    def is_same(self) -> bool:
        """Whether nothing had to shrink."""
        return self.chain is self.original


def scale(chain: Chain, factor: int | None = None) -> Scaled:
    """The chain as the lab builds it; a small one is left as it is.

    ``factor`` says how many times smaller the ranges of ports become; without it the scaling looks for
    the mildest that will do.  Raises :class:`~tuplecalc.errors.InputError` where none does.

    >>> from tuplecalc.network.file import example
    >>> small = scale(example("inverted-cone-nat"))
    >>> small.result.binding.name, small.result.flows <= AIM, small.keeps_order
    ('capture', True, True)
    """
    whole = capacity(chain)
    if factor in (None, 1) and _fits(chain, whole, AIM if factor is None else MOST_FLOWS):
        return Scaled(chain, chain, 1, True, whole)
    if factor == 1:
        rule = f"the lab opens at most {MOST_FLOWS:,} flows, on few addresses"
        raise InputError(
            f"--scale 1: as it is the chain holds {whole.flows:,} flows; {rule}; leave --scale out"
        )
    most = AIM if factor is None else MOST_FLOWS
    if len(chain.services) > _MOST_ENDPOINTS:  # none of them goes, however small the rest becomes
        rule = (
            f"it has {_MOST_ENDPOINTS} service endpoints at most, and there are {len(chain.services)} groups"
        )
        raise InputError(f"the lab cannot scale this chain down: {rule}; leave some out")
    found: list[Scaled] = []
    for candidate, by in _candidates(chain, whole, factor):
        result = capacity(candidate)
        if not _fits(candidate, result, most) or not _binds_alike(whole, result):
            continue
        found.append(Scaled(chain, candidate, by, _same_order(whole, result), result))
        if found[-1].keeps_order and _is_roomy(candidate):
            break
    if found:  # the last of those that are best, hence the one that is as it should be
        return max(reversed(found), key=lambda each: (each.keeps_order, _is_roomy(each.chain)))
    rule = f"no chain of {most:,} flows or fewer has the same tightest limit"
    way_out = "write another --scale" if factor is not None else "shrink it with --set"
    raise InputError(f"the lab cannot scale this chain down: {rule}; {way_out}")


def _candidates(chain: Chain, whole: Capacity, factor: int | None) -> Iterator[tuple[Chain, int]]:
    tables = [
        limit.flows for limit in whole.limits if limit.kind.resource != "ports" and limit.flows is not None
    ]
    divisors = [max(1, min(tables) // size) for size in _TABLES] if tables else [1]
    pieces = _pieces(chain)
    seen: set[str] = set()
    smaller = {by: _Ports(pieces, by) for by in (_FACTORS if factor is None else (factor,))}
    for most in _COUNTS:
        for by, ports in smaller.items():
            if not ports.fits:
                continue
            for divisor in dict.fromkeys(divisors):
                small = _shrunk(chain, ports, most, divisor)
                if (known := repr(small)) not in seen:
                    seen.add(known)
                    yield from_dict(small), by


def _is_roomy(chain: Chain) -> bool:
    """Whether each range has ports enough to tell an effect from its rounding."""
    return all(hop.own_ports.size >= _ROOMY for hop in chain.hops if hop.own_ports is not None)


def _fits(chain: Chain, result: Capacity, most: int) -> bool:
    """Whether the lab has flows, addresses and instances enough for it."""
    sizes = [size for hop in chain.hops for size in _sizes(hop)]
    return (
        result.flows <= most
        and sum(group.addresses.size for group in chain.clients) <= 4 * most
        and len(chain.hops) <= addressing.MOST_HOPS
        and sum(group.endpoints for group in chain.services) <= _MOST_ENDPOINTS
        and all(hop.instances <= addressing.MOST_INSTANCES for hop in chain.hops)
        and max(sizes, default=1) <= addressing.MOST_ADDRESSES
    )


def _sizes(hop: AnyHop) -> Iterator[int]:
    """How many addresses of each kind a hop has, and ports that it listens on."""
    if hop.virtual is not None:
        yield from (hop.virtual.addresses.size, hop.virtual.ports.size)
    if isinstance(hop, Cone):
        yield hop.addresses.size
    elif isinstance(hop, Proxy):
        yield from (hop.addresses.size, hop.listen_addresses.size, hop.listen_ports.size)


def _binds_alike(whole: Capacity, small: Capacity) -> bool:
    rates = [result.rate_binding for result in (whole, small)]
    return _place(whole.binding) == _place(small.binding) and _place(rates[0]) == _place(rates[1])


def _place(limit: Limit | None) -> tuple[str, str] | None:
    return (limit.hop, limit.name) if limit else None


def _same_order(whole: Capacity, small: Capacity) -> bool:
    if list(map(_place, whole.limits)) != list(map(_place, small.limits)):
        return False
    ordered = sorted(zip(whole.limits, small.limits, strict=True), key=lambda pair: by_flows(pair[0]))
    steps = pairwise(ordered)
    return all(
        (by_flows(now) < by_flows(then)) if by_flows(before) < by_flows(after) else (now.flows == then.flows)
        for (before, now), (after, then) in steps
    )


class _Ports:
    """Where each piece of the ports goes."""

    def __init__(self, pieces: Iterable[PortSet], factor: int) -> None:
        self.moved: list[tuple[PortSet, tuple[int, int]]] = []
        at = _FIRST_PORT
        for piece in pieces:
            size = max(2, 2 * round(piece.size / (2 * factor)))
            self.moved.append((piece, (at, at + size - 1)))
            at += size
        self.fits = at <= LAST_PORT
        self.known: dict[PortSet, Any] = {}

    def of(self, ports: PortSet) -> Any:
        """What a port set becomes."""
        if ports not in self.known:
            self.known[ports] = PortSet.of_ranges(to for piece, to in self.moved if piece & ports).spec
        return self.known[ports]


def _pieces(chain: Chain) -> list[PortSet]:
    """The ports cut at every end of every set that flows choose from, in order; those in none left out."""
    sets = chosen_from(chain)
    ends = sorted(
        {low for each in sets for low, _ in each.ranges}
        | {high + 1 for each in sets for _, high in each.ranges}
    )
    pieces = [PortSet.of_ranges([(low, end - 1)]) for low, end in pairwise(ends)]
    return [piece for piece in pieces if any(piece & each for each in sets)]


def _shrunk(chain: Chain, ports: _Ports, most: int, divisor: int) -> dict[str, Any]:
    """The chain as a file would say it, with smaller sets and counts."""

    def few(several: AddressSet | PortSet) -> int:
        return min(several.size, most)

    def served(group: Services | Virtual) -> dict[str, Any]:
        return {"addresses": few(group.addresses), "ports": group.ports.lowest(few(group.ports)).spec}

    def room(size: int) -> int:
        return max(2, size // divisor // 2 * 2)

    less: dict[str, Callable[[Any], Any]] = {
        "instances": lambda count: min(count, most),
        "virtual": served,
        "max_entries": room,
        "max_files": room,
        "addresses": few,
        "ports": ports.of,
        "rewrite_ports": ports.of,
        "listen_addresses": few,
        "listen_ports": lambda several: {"count": few(several)},
    }

    def smaller(hop: AnyHop, table: dict[str, Any]) -> dict[str, Any]:
        held = {key: getattr(hop, key) for key in less if hop.fits(key, table)}
        return table | {key: less[key](value) for key, value in held.items() if value not in (None, 1)}

    written = chain.to_dict()
    written["clients"] = [
        group.to_dict()
        | {
            "addresses": min(group.addresses.size, most * _CLIENTS_FOR_EACH),
            "ports": ports.of(group.ports),
        }
        for group in chain.clients
    ]
    written["hops"] = list(map(smaller, chain.hops, written["hops"]))
    written["services"] = [group.to_dict() | served(group) for group in chain.services]
    return written
