"""Limits as loss systems: each scope of a limit is a pool of its own, and the traffic falls on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Expression, Number, ingredients
from tuplecalc.limits.kinds import BLOCK, BLOCK_OVERFLOW, CLIENT, CONE_PORTS
from tuplecalc.limits.limit import Limit, Pool
from tuplecalc.limits.spread import Groups, Hashing, Machines
from tuplecalc.network.cone import Cone
from tuplecalc.network.traffic import Traffic

if TYPE_CHECKING:
    from tuplecalc.under_load.search import Search

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


class Pools(NamedTuple):
    """The pools of one limit.

    ``size`` keys are in each.  A flow takes ``keys`` of them, each for ``seconds`` on average;
    ``closes`` are the same sides in the same order for every limit of a chain, and ``alike`` says
    whether a flow's keys come and go together.  ``slices`` say how the traffic falls on the pools
    (by weight, the hottest last), ``hashed`` that it does so by chance besides.  ``search`` is how a
    free key is looked for; ``scopes`` is equal for limits whose pools are the same parts of the
    traffic.  ``users`` have keys of their own in each pool and share the rest, which is between one
    pool for all of them and an equal part for each.
    """

    limit: Limit
    size: Number
    keys: Number
    seconds: Fraction
    closes: tuple[Close, ...]
    alike: bool
    slices: tuple[Slice, ...]
    hashed: Hashing | None
    search: Search
    scopes: tuple[object, ...]
    users: Fraction = Fraction(1)

    @property
    def circuits(self) -> int:
        """Flows that one pool holds at once."""
        return floor(Fraction(self.size) / self.keys)

    @property
    def room(self) -> Fraction:
        """Keys that can be taken: of those that come and go together, whole flows' worth."""
        return Fraction(self.circuits * self.keys if self.alike else self.size)

    @property
    def lags(self) -> dict[Fraction, Fraction]:
        """How long keys linger, and which part of all keys does for so long."""
        found: dict[Fraction, Fraction] = {}
        for close in self.closes:
            for linger in close.lingers:
                found[linger] = found.get(linger, Fraction(0)) + close.share / self.keys
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
    traffic = result.chain.traffic
    searching = {hop.name: hop for hop in result.chain.hops if isinstance(hop, Cone)}
    merged: dict[object, tuple[Slice, ...]] = {}
    return tuple(
        _pools(limit, traffic, searching.get(limit.hop), merged)
        for limit in result.limits
        if limit.rate is not None
    )


def _pools(
    limit: Limit, traffic: Traffic, cone: Cone | None, merged: dict[object, tuple[Slice, ...]]
) -> Pools:
    pool = limit.pool or Pool(limit.scopes, Fraction(limit.busy_keys))
    slices, hashed, parts = _falls(limit, pool.scopes, merged)
    closes = tuple(_closes(limit, traffic))
    alike = all(len(set(close.lingers)) == 1 for close in closes)
    looks_here = cone is not None and limit.kind in ((CONE_PORTS,) if cone.block is None else _BLOCKS)
    search: Search = cone.port_search if cone is not None and looks_here else "exhaustive"
    seconds = Fraction(limit.seconds.value) / limit.keys
    return Pools(
        limit, pool.size, limit.keys, seconds, closes, alike, slices, hashed, search, parts, pool.users
    )


def _closes(limit: Limit, traffic: Traffic) -> Iterator[Close]:
    """How long each key of a flow lingers, by who closes first; one case if it is always the same side.

    The legs of a longer row are put at their mean.
    """
    c = traffic.first_close
    for share, lingers in (
        (c, [linger.client for linger in limit.lingers]),
        (1 - c, [linger.service for linger in limit.lingers]),
    ):
        if share:
            mean = sum(lingers) / Fraction(len(lingers))
            several = len(lingers) > _BOTH
            yield Close(share, tuple(mean if several else Fraction(linger) for linger in lingers))


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
