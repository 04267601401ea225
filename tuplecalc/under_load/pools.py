"""Limits as loss systems: each scope of a limit is a pool of its own, and the traffic falls on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    Number,
    Product,
    Quantity,
    Size,
    Sum,
    evaluate,
    ingredients,
    product,
)
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.targets import Target, targets
from tuplecalc.network.chain import Chain, Traffic
from tuplecalc.network.cone import Cone
from tuplecalc.network.services import machine_shares

if TYPE_CHECKING:
    from tuplecalc.under_load.search import Search

_TAKEN_TOGETHER = frozenset(("entries", "files"))
"""Limits of which a flow's keys come and go together; the two legs of ``shared`` linger each for itself."""
_ACCEPTED = ("accepted", "listener")
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


class Hashing(NamedTuple):
    """Clients that a hash puts on addresses, each for itself."""

    clients: int
    addresses: int


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
    keys: int
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
    evenly, and behind a cone with ``spread = "hashed"``.  Where a port serves fewer destinations than
    there are, these share it: one pool holds d flows for each of its ports.  Blocks with an overflow
    are one pool at each address, or in all where addresses have more clients and fewer.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> shared = pools(capacity(example("outage")))[-1]
    >>> shared.limit.name, shared.circuits, shared.slices
    ('shared', 32256, (Slice(share=Fraction(1, 1), pools=Fraction(6, 1)),))
    """
    falls = _Falls(result)
    searches = {
        (hop.name, "ports" if hop.block is None else "block"): hop.port_search  # a client has only its block
        for hop in result.chain.hops
        if isinstance(hop, Cone)
    }
    found: list[Pools] = []
    for limit in result.limits:
        size = limit.busy_keys
        if limit.rate is None or size is None:
            continue
        closes = _closes(limit, result.chain.traffic)
        alike = limit.keys == 1 or limit.name in _TAKEN_TOGETHER or not any(c.longest for c in closes)
        search: Search = searches.get((limit.hop, limit.name), "exhaustive")
        seconds = Fraction(limit.seconds.value) / limit.keys
        slices, hashed, scopes, times = falls.of(limit)
        size = Fraction(size) * times
        addresses, clients = _sharing_overflow(limit)
        users = clients / (addresses or 1)
        each = Pools(limit, size, limit.keys, seconds, closes, alike, slices, hashed, search, scopes, users)
        found.append(_with_its_source(each, found))
    return tuple(found)


def _with_its_source(each: Pools, found: Sequence[Pools]) -> Pools:
    """What a proxy accepts, taken for as long as the port is taken there *or* where it was chosen.

    If either side may close first, a port waits now here, now there, and serves a new flow when both
    are over: the mean of the longer one, which is more than the longer mean.
    """
    if len(each.closes) == 1 or each.limit.name not in _ACCEPTED or not isinstance(each.limit.size, Size):
        return each
    chooser = each.limit.size.sets[0].origin.hop
    for source in reversed(found):
        limit = source.limit
        if limit.hop == chooser and limit.name in ("ports", "upstream") and source.scopes == each.scopes:
            sides = [
                (mine.share, max(mine.longest, theirs.longest))
                for mine, theirs in zip(each.closes, source.closes, strict=True)
            ]
            longer = sum(share * linger for share, linger in sides)
            before = sum(close.share * close.longest for close in each.closes)
            closes = tuple(Close(share, (linger,)) for share, linger in sides)
            return each._replace(closes=closes, seconds=each.seconds + longer - before)
    return each


def _closes(limit: Limit, traffic: Traffic) -> tuple[Close, ...]:
    """How long each key of a flow lingers, by who closes first; one case if it is always the same side."""
    c = traffic.first_close
    if c in (0, 1):
        return (Close(Fraction(1), _lingers(limit, Fraction(limit.seconds.value), traffic.hold)),)
    found = []
    for share, client in ((c, 1), (1 - c, 0)):

        def read(leaf: Quantity | Size | Constant, client: int = client) -> Number:
            return client if isinstance(leaf, Quantity) and leaf.symbol == "c" else leaf.value

        total = evaluate(limit.seconds, read, floor=floor, ceiling=ceil, minimum=min)
        found.append(Close(share, _lingers(limit, Fraction(total), traffic.hold)))
    return tuple(found)


def _lingers(limit: Limit, seconds: Fraction, hold: Fraction) -> tuple[Fraction, ...]:
    total = seconds - limit.keys * hold
    if limit.keys == _BOTH and limit.name not in _TAKEN_TOGETHER:
        return (Fraction(0), total)
    return (total / limit.keys,) * limit.keys


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

    def of(self, limit: Limit) -> tuple[tuple[Slice, ...], Hashing | None, tuple[object, ...], Fraction]:
        """The slices of a limit's pools, the hashing that they come out of, which parts they are.

        And how many times the limit's size is in each.
        """
        apart, times = _in_one(product(limit.scopes))
        scopes = Fraction(apart.value)
        found = list(ingredients(apart))
        addresses, _ = _sharing_overflow(limit)
        if addresses:
            scopes, times = scopes * addresses, times / addresses
        hashed = None
        if not limit.name.startswith("block"):  # a block is its client's own, wherever that is
            own = limit.hop if limit.name == "client" else None
            among = (q.hop for q in found if q.symbol == "M" and q.hop != own)
            hashed = next((self._hashed[hop] for hop in among if hop in self._hashed), None)
        letters = {(q.symbol, q.hop) for q in found if q.definition is None and q.value != 1}
        parts = (scopes, hashed, *sorted(letters))
        for quantity in found:
            if uneven := self._uneven(quantity):
                others = scopes / quantity.value
                slices = tuple(Slice(part.share, part.pools * others) for part in uneven)
                return slices, hashed, parts, times
        return (Slice(Fraction(1), scopes),), hashed, parts, times

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


def _in_one(scopes: Expression) -> tuple[Expression, Fraction]:
    """The scopes that are apart from each other, and how many that are not are put together.

    Of min(E', d) with d the smaller: any of the endpoints may have the d flows of a port.
    """
    factors = scopes.factors if isinstance(scopes, Product) else (scopes,)
    for place, factor in enumerate(factors):
        if isinstance(factor, Minimum):
            endpoints, *_, d = factor.choices
            if isinstance(d, Quantity) and d.symbol == "d" and d.value < endpoints.value:
                return product(*factors[:place], *factors[place + 1 :]), Fraction(d.value)
    return scopes, Fraction(1)


def _sharing_overflow(limit: Limit) -> tuple[int, Fraction]:
    """The addresses at which clients with a block share an overflow, all alike, and how many they are.

    0 addresses where these are not alike, or there is no overflow.
    """
    if limit.name != "block" or not isinstance(limit.size, Sum):
        return 0, Fraction(1)
    blocks, shared = limit.size.terms
    assert isinstance(blocks, Product)  # k for each client
    clients = Fraction(blocks.factors[1].value)
    match shared:
        case Product((_, Minimum((Quantity("a"), Quantity("M")) as in_use))):
            addresses = Fraction(min(choice.value for choice in in_use))
            if clients % addresses == 0 and addresses.denominator == 1:
                return int(addresses), clients
    return 0, clients


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
