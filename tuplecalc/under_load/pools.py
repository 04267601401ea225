"""Limits as loss systems: each scope of a limit is a pool of its own, and the traffic falls on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Constant, Expression, Number, ingredients
from tuplecalc.limits.flow import Linger, Part
from tuplecalc.limits.kinds import BLOCK, BLOCK_OVERFLOW, CLIENT, CONE_PORTS
from tuplecalc.limits.limit import Limit, Pool
from tuplecalc.limits.served import served_parts
from tuplecalc.limits.spread import Groups, Hashing, Machines
from tuplecalc.network import mix
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.under_load.preserved import Preserved

if TYPE_CHECKING:
    from tuplecalc.under_load.search import Search

Strand = tuple[str, str, str]
"""Which flows: of which kind, from which clients, to which services."""

_BLOCKS = (BLOCK, BLOCK_OVERFLOW)
_BOTH = 2  # legs
_MOST_SLICES = 256  # slices beyond that are put together with neighbours whose load differs little


class Slice(NamedTuple):
    """A part of the traffic that falls evenly on a number of pools."""

    share: Fraction
    pools: Fraction

    @property
    def weight(self) -> Fraction:
        """One pool's part of all traffic."""
        return self.share / self.pools


class Close(NamedTuple):
    """The flows that one side closes first: their share, and how long each key stays taken then.

    Of the two legs under ``shared`` the one that its side closed first lingers, the other does not;
    the legs of a longer row are put at their mean.
    """

    share: Fraction
    lingers: tuple[Fraction, ...]

    @property
    def longest(self) -> Fraction:
        """No key stays longer."""
        return max(self.lingers) if len(self.lingers) <= _BOTH else sum(self.lingers, Fraction(0))

    @property
    def shortest(self) -> Fraction:
        """Every key stays at least as long."""
        return min(self.lingers) if len(self.lingers) <= _BOTH else Fraction(0)


class Taking(NamedTuple):
    """What flows that are alike take of a pool.

    They are ``part`` of the new connections; ``without`` are those of the same flows whose clients get no
    ports, and which take nothing.  One takes ``keys``, each for ``seconds`` on average: while it
    is open, for ``hold`` (None where its keys do not have that in common), and then they linger:
    ``closes`` are the same sides in the same order for every limit.  ``held`` are the keys by their mean
    hold and the fixed time after it.  Keys that are no whole number are so many by chance: the whole
    number below or the next (an estimate; r connections for a flow).
    """

    strand: Strand
    part: Fraction
    keys: Fraction
    seconds: Fraction
    hold: Expression | None
    closes: tuple[Close, ...]
    held: Mapping[tuple[Fraction, Fraction], Fraction]
    chances: tuple[tuple[int, Fraction], ...]
    """How many keys one flow takes, and with which probability."""
    without: Fraction = Fraction(0)

    @property
    def whole(self) -> Fraction:
        """Of the new connections, with those of clients that get no ports."""
        return self.part + self.without

    @property
    def alike(self) -> bool:
        """Whether a flow's keys come and go together."""
        together = self.hold is not None and all(len(set(close.lingers)) == 1 for close in self.closes)
        return together or self.keys <= 1


def chances(keys: Fraction) -> tuple[tuple[int, Fraction], ...]:
    """Whole numbers of that mean, and their probabilities; none is left out.

    >>> chances(Fraction(37, 35))
    ((1, Fraction(33, 35)), (2, Fraction(2, 35)))
    """
    least = floor(keys)
    more = keys - least
    found = (least, 1 - more), (least + 1, more)
    return tuple((number, chance) for number, chance in found if number and chance)


class Pools(NamedTuple):
    """The pools of one limit.

    ``size`` keys are in each, and ``takings`` what flows take of them.  ``slices`` say how the traffic falls
    on the pools (by weight, the hottest last), ``hashed`` that it does so by chance besides.  ``search`` is
    how a free key is looked for; ``scopes`` is equal for limits whose pools are the same parts of the
    traffic.  ``users`` have keys of their own in each pool and share the rest, which is between one
    pool for all of them and an equal part for each.
    """

    limit: Limit
    size: Number
    takings: tuple[Taking, ...]
    slices: tuple[Slice, ...]
    hashed: Hashing | None
    search: Search
    scopes: tuple[object, ...]
    users: Fraction = Fraction(1)

    @property
    def keys(self) -> int | None:
        """The keys of a flow where all take as many; else None."""
        several = {keys for each in self.takings for keys, _ in each.chances}
        return several.pop() if len(several) == 1 else None

    @property
    def alike(self) -> bool:
        """Whether the keys of each flow come and go together."""
        return all(each.alike for each in self.takings)

    @property
    def circuits(self) -> int:
        """Flows that one pool holds at once, if they are of those that take least."""
        least = min((keys for each in self.takings for keys, _ in each.chances), default=1)
        return floor(Fraction(self.size) / least)

    @property
    def room(self) -> Fraction:
        """Keys that can be taken: of those that come and go together, whole flows' worth."""
        whole = self.keys and self.alike
        return Fraction(self.circuits * self.keys if whole and self.keys else self.size)

    @property
    def held(self) -> dict[tuple[Fraction, Fraction], Fraction]:
        """Keys of each new connection of the chain, by their mean hold and the fixed time after it."""
        found: dict[tuple[Fraction, Fraction], Fraction] = {}
        for each in self.takings:
            for times, keys in each.held.items():
                found[times] = found.get(times, Fraction(0)) + each.part * keys
        return found

    @property
    def hottest(self) -> Fraction:
        """The largest part of the traffic that falls on one pool."""
        return max(part.weight for part in self.slices)

    @property
    def number(self) -> Fraction:
        """How many pools there are."""
        return sum((part.pools for part in self.slices), Fraction(0))

    @property
    def everywhere(self) -> Fraction:
        """Flows that all pools together hold at once."""
        return self.number * self.circuits


def pools(result: Capacity) -> tuple[Pools, ...]:
    """The pools of every limit that the rate meets, in the order of the limits.

    A limit that holds keys for no time is none.  Pools are even, save where a quantity in the scopes
    says otherwise: services carry shares (each group of services has its own), machines share out
    services that do not divide evenly, a cone puts clients on addresses by a hash.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> shared = pools(capacity(example("outage")))[-1]
    >>> shared.limit.name, shared.circuits, shared.slices
    ('shared', 32256, (Slice(share=Fraction(1, 1), pools=Fraction(6, 1)),))
    """
    searching = {
        hop.name: (hop, search_of(hop, before.sources))
        for hop, before in zip(result.chain.hops, result.hops, strict=False)
        if isinstance(hop, Cone)
    }
    merged: dict[object, tuple[Slice, ...]] = {}
    found = [
        _pools(limit, result.chain, searching.get(limit.hop), merged)
        for limit in result.limits
        if limit.rate is not None
    ]
    if not result.served.are_all:
        parts = served_parts(result.chain)
        found = [each._replace(takings=tuple(_of_served(each.takings, parts))) for each in found]
    return tuple(each for each in found if each.takings)


def _of_served(takings: Iterable[Taking], parts: Mapping[Strand, Fraction]) -> Iterator[Taking]:
    """Only clients that get ports take anything."""
    for each in takings:
        part = each.part * parts[each.strand]
        yield each._replace(part=part, without=each.part - part)


def search_of(cone: Cone, sources: int) -> Search:
    """How a cone looks for a free port: a search of Linux evicts closed entries where these give way."""
    if cone.port_choice == "preserve":
        return Preserved(max(Fraction(1), Fraction(sources, cone.addresses.size * cone.instances)))
    if cone.port_search == "linux" and cone.closing == "gives-way":
        return "linux since 6.5"
    return cone.port_search


def _pools(
    limit: Limit, chain: Chain, at: tuple[Cone, Search] | None, merged: dict[object, tuple[Slice, ...]]
) -> Pools:
    pool = limit.pool or Pool(limit.scopes, Fraction(limit.busy_keys))
    slices, hashed, parts = _falls(limit, pool.scopes, merged)
    search: Search = "exhaustive"
    if at is not None and limit.kind in ((CONE_PORTS,) if at[0].block is None else _BLOCKS):
        search = at[1]
    takings = tuple(_takings_of_mix(limit, chain) if limit.parts else _takings(limit, chain))
    if not pool.scopes.value:  # no source has a port: one pool without a key
        return Pools(limit, 0, takings, (Slice(Fraction(1), Fraction(1)),), None, "exhaustive", parts)
    return Pools(limit, pool.size, takings, slices, hashed, search, parts, pool.users)


def _takings(limit: Limit, chain: Chain) -> Iterator[Taking]:
    """The same of all flows."""
    seconds = Fraction(limit.seconds.value) / Fraction(limit.keys or 1)
    for each in chain.strands:
        closes = tuple(_closes(each.first_close, limit.lingers))
        held: dict[tuple[Fraction, Fraction], Fraction] = {}
        for close in closes:
            for linger in close.lingers:
                held[each.hold, linger] = held.get((each.hold, linger), Fraction(0)) + close.share
        keys = Fraction(limit.keys or 1)
        yield Taking(
            strand_name(each), each.part, keys, seconds, Constant(each.hold), closes, held, chances(keys)
        )


def _takings_of_mix(limit: Limit, chain: Chain) -> Iterator[Taking]:
    """What each strand's legs take together."""
    shares = {strand_name(each): each.part for each in chain.strands}
    several: dict[Strand, list[Part]] = {}
    for part in limit.parts:
        several.setdefault(part.flow.strand, []).append(part)
    for strand, parts in several.items():
        if not shares[strand]:
            continue
        each = [part.flow.share.value * part.flow.number * part.each.value for part in parts]
        counts = [Fraction(count) / shares[strand] for count in each]
        keys = sum(counts, Fraction(0))
        if not keys:
            continue
        held: dict[tuple[Fraction, Fraction], Fraction] = {}
        lingers = [part.times.linger for part in parts]
        for part, count, each_side in zip(parts, counts, lingers, strict=True):
            hold, c = Fraction(part.times.hold.value), Fraction(part.times.client_share.value)
            for share, linger in ((c, each_side.client), (1 - c, each_side.service)):
                if share:
                    times = hold, Fraction(linger)
                    held[times] = held.get(times, Fraction(0)) + share * count
        time = sum((count * sum(times) for times, count in held.items()), Fraction(0))
        flows = {(part.times.hold, part.times.client_share) for part in parts}
        (hold_, share_), *others = flows
        closes = tuple(_closes(Fraction(share_.value), lingers))
        alike = None if others or keys.denominator != 1 else hold_
        yield Taking(strand, shares[strand], keys, time / keys, alike, closes, held, chances(keys))


def strand_name(each: mix.Strand) -> Strand:
    """Which flows a strand is: its kind, its clients, its services."""
    return each.kind, each.source, each.target


def _closes(c: Fraction, several: Sequence[Linger]) -> Iterator[Close]:
    """How long each key of a flow lingers, by who closes first; one case if it is always the same side.

    The legs of a longer row are put at their mean.
    """
    for share, lingers in (
        (c, [linger.client for linger in several]),
        (1 - c, [linger.service for linger in several]),
    ):
        if share:
            mean = sum(lingers) / Fraction(len(lingers))
            longer = len(lingers) > _BOTH
            yield Close(share, tuple(mean if longer else Fraction(linger) for linger in lingers))


def _falls(
    limit: Limit, scopes: Expression, merged: dict[object, tuple[Slice, ...]]
) -> tuple[tuple[Slice, ...], Hashing | None, tuple[object, ...]]:
    """The slices of a limit's pools, the hash that they come out of, which parts of the traffic they are."""
    found, number = list(ingredients(scopes)), Fraction(scopes.value)
    letters = {(q.symbol, q.hop) for q in found if q.definition is None and q.value != 1}
    hashed: Hashing | None = None
    slices: tuple[Slice, ...] = (Slice(Fraction(1), number),)
    for quantity in found:
        match quantity.spread:
            case Hashing() as hashing:
                is_own = limit.kind.is_private or (limit.kind is CLIENT and quantity.hop == limit.hop)
                hashed = hashed or (None if is_own else hashing)
            case Groups() | Machines() as uneven if len(slices) == 1:
                if uneven not in merged:
                    merged[uneven] = _merged(Slice(share, pools) for share, pools in uneven.parts())
                others = number / quantity.value
                slices = tuple(Slice(part.share, part.pools * others) for part in merged[uneven])
    return slices, hashed, (number, hashed, *sorted(letters))


def _merged(slices: Iterator[Slice]) -> tuple[Slice, ...]:
    """Slices of one weight as one; where there are very many, neighbours within a thousandth as well."""
    ordered = sorted(slices, key=lambda part: part.weight)
    exact = _joined(ordered, Fraction(1))
    return exact if len(exact) <= _MOST_SLICES else _joined(ordered, Fraction(1001, 1000))


def _joined(ordered: Sequence[Slice], tolerance: Fraction) -> tuple[Slice, ...]:
    found: list[Slice] = []
    lowest = Fraction(0)
    for part in ordered:
        if found and part.weight <= lowest * tolerance:
            found[-1] = Slice(found[-1].share + part.share, found[-1].pools + part.pools)
        else:
            found.append(part)
            lowest = part.weight
    return tuple(found)
