"""Limits as loss systems: each scope of a limit is a pool of its own, and the traffic falls on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number, Quantity, ingredients
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.targets import Target, targets
from tuplecalc.model.chain import Chain, Cone
from tuplecalc.model.services import machine_shares

if TYPE_CHECKING:
    from tuplecalc.traffic.search import Search

_TAKEN_TOGETHER = frozenset(("entries", "files"))
"""Limits of which a flow's keys come and go together; the two legs of ``shared`` linger each for itself."""
_MOST_SLICES = 256  # slices beyond that are put together with neighbours whose load differs little


class Slice(NamedTuple):
    """A part of the traffic that falls evenly on a number of pools."""

    share: Fraction
    pools: Fraction

    @property
    def weight(self) -> Fraction:
        """One pool's part of all traffic."""
        return self.share / self.pools


class Hashing(NamedTuple):
    """Clients that a hash puts on addresses, each for itself."""

    clients: int
    addresses: int


class Pools(NamedTuple):
    """The pools of one limit.

    ``size`` keys are in each.  A flow takes ``keys`` of them, each for ``seconds`` on average;
    ``lingers`` is for each key how long it stays taken after the close, and ``alike`` whether a
    flow's keys come and go together.  ``slices`` say how the traffic falls on the pools, ``hashed``
    that it does so by chance besides.  ``search`` is how a free key is looked for;
    ``scopes`` is equal for limits whose pools are the same parts of the traffic.
    """

    limit: Limit
    size: Number
    keys: int
    seconds: Fraction
    lingers: tuple[Fraction, ...]
    alike: bool
    slices: tuple[Slice, ...]
    hashed: Hashing | None
    search: Search
    scopes: tuple[object, ...]

    @property
    def circuits(self) -> int:
        """Flows that one pool holds at once."""
        return floor(Fraction(self.size) / self.keys)

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

    A limit that holds keys for no time is none.  Pools are even, save where services carry shares
    (each group of services has its own), where machines share out services that do not divide
    evenly, and behind a cone with ``spread = "hashed"``.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.model.file import example
    >>> shared = pools(capacity(example("outage")))[-1]
    >>> shared.limit.name, shared.circuits, shared.slices
    ('shared', 32256, (Slice(share=Fraction(1, 1), pools=Fraction(6, 1)),))
    """
    falls = _Falls(result)
    searches = {hop.name: hop.port_search for hop in result.chain.hops if isinstance(hop, Cone)}
    found = []
    for limit in result.limits:
        size = limit.busy_keys
        if limit.rate is None or size is None:
            continue
        lingers, alike = _lingers(limit, result.chain.traffic.hold)
        search: Search = searches.get(limit.hop, "exhaustive") if limit.name == "ports" else "exhaustive"
        seconds = Fraction(limit.seconds.value) / limit.keys
        slices, hashed, scopes = falls.of(limit)
        found.append(Pools(limit, size, limit.keys, seconds, lingers, alike, slices, hashed, search, scopes))
    return tuple(found)


def _lingers(limit: Limit, hold: Fraction) -> tuple[tuple[Fraction, ...], bool]:
    """How long each key of a flow lingers, and whether its keys come and go together.

    Of the two legs under ``shared`` the one that its side closed first lingers, the other does not,
    whoever it was; the legs of a longer row are put at their mean.
    """
    total = Fraction(limit.seconds.value) - limit.keys * hold
    if limit.keys == 1 or not total or limit.name in _TAKEN_TOGETHER:
        return (total / limit.keys,) * limit.keys, True
    if limit.keys == 2:
        return (Fraction(0), total), False
    return (total / limit.keys,) * limit.keys, False


class _Falls:
    """How traffic falls on the pools of a chain's limits."""

    def __init__(self, result: Capacity) -> None:
        self._chain = result.chain
        sources = [hop.sources for hop in result.hops]
        self._hashed = {
            hop.name: Hashing(before, hop.addresses.size * hop.instances)
            for hop, before in zip(result.chain.hops, sources, strict=False)
            if isinstance(hop, Cone) and hop.spread == "hashed"
        }
        self._dealt: dict[str, tuple[Slice, ...]] = {}

    def of(self, limit: Limit) -> tuple[tuple[Slice, ...], Hashing | None, tuple[object, ...]]:
        """The slices of a limit's pools, the hashing that they come out of, and which parts they are."""
        scopes = Fraction(limit.scopes.value)
        found = list(ingredients(limit.scopes))
        hashed = None
        if not limit.name.startswith("block"):  # a block is its client's own, wherever that is
            hashed = next(
                (self._hashed[q.hop] for q in found if q.symbol == "M" and q.hop in self._hashed), None
            )
        letters = {(q.symbol, q.hop) for q in found if q.definition is None and q.value != 1}
        parts = (scopes, hashed, *sorted(letters))
        for quantity in found:
            if uneven := self._uneven(quantity):
                others = scopes / quantity.value
                return tuple(Slice(part.share, part.pools * others) for part in uneven), hashed, parts
        return (Slice(Fraction(1), scopes),), hashed, parts

    def _uneven(self, quantity: Quantity) -> tuple[Slice, ...]:
        """What a quantity stands for that is a mean of uneven parts: E with shares, n'."""
        if quantity.place == "services.share":
            if "services" not in self._dealt:
                groups = self._chain.services
                self._dealt["services"] = _merged(
                    Slice(group.share, Fraction(group.endpoints)) for group in groups if group.share
                )
            return self._dealt["services"]
        if quantity.symbol != "n'" or quantity.value == _instances(self._chain, quantity.hop):
            return ()
        if quantity.hop not in self._dealt:
            self._dealt[quantity.hop] = _merged(_machines(self._chain, quantity.hop))
        return self._dealt[quantity.hop]


def _instances(chain: Chain, name: str) -> int:
    return next(hop.instances for hop in chain.hops if hop.name == name)


def _machines(chain: Chain, name: str) -> Iterator[Slice]:
    """How the traffic falls on machines that share out the endpoints behind them."""
    place = next(i for i, hop in enumerate(chain.hops) if hop.name == name)
    behind, machines = targets(chain)[place + 1], chain.hops[place].instances
    for share, number in _shares(behind, machines):
        if share:
            yield Slice(share * number, Fraction(number))


def _shares(target: Target, machines: int) -> Iterator[tuple[Fraction, int]]:
    if target.groups:
        yield from machine_shares(target.groups, machines)
        return
    endpoints = floor(target.endpoints.value)
    each, rest = divmod(endpoints, machines)
    if rest:
        yield Fraction(each + 1, endpoints), rest
    yield Fraction(each, endpoints), machines - rest


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
