"""What is expected to fail as devices really choose: blindly, hashed, with a search that gives up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import exp, sqrt
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import ROW, SHARED
from tuplecalc.limits.served import served_parts
from tuplecalc.network.chain import Chain
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.chains import Bracket, served_blocking, strand_blocking
from tuplecalc.under_load.hashing import log_binomial
from tuplecalc.under_load.mean_field import Collisions, MeanField, Meeting
from tuplecalc.under_load.pools import Pools, Strand, strand_name

_ROUNDS, _SETTLED = 8, 1e-6
_MANY_ON_EACH = 50
_NONE = Bracket(0.0, 0.0)


class Expected(NamedTuple):
    """What fails of each strand, and where legs meet that no device sees both of."""

    failing: Mapping[Strand, Bracket]
    meetings: tuple[Meeting, ...]


def expected(
    result: Capacity,
    found: Sequence[Pools],
    lost: Mapping[Strand, Bracket],
    rate: float,
    field: MeanField | None = None,
) -> Expected:
    """What fails of each strand at a rate; ``lost`` is what they lose where ports are chosen in concert.

    With κ the share that collides, of what finds room, and b the share that finds none, of what does not
    collide, the two by turns until nothing changes::

        upper   1 - (1 - κ)(1 - b)          lower   max(κ, b in concert)

    κ is the mean field (:mod:`tuplecalc.under_load.mean_field`), the lower one with the tables' times, the
    upper one with the longer of the table's and the chooser's.  Where collisions kill older flows instead of
    refusing newcomers, the lower one is for exponential holds and the upper one for fixed ones, and no table
    refuses: only the choosers' own ports, tables' entries and files do.  Uneven traffic (shares of services,
    a hash) is the mean over the pools that it falls on.

    An estimate: held against simulations of small networks.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.pools import pools
    >>> result = capacity(example("outage"))
    >>> every = pools(result)
    >>> dies = expected(result, every, strand_blocking(every, 50.0), 50.0).failing["", "", ""]
    >>> round(dies.lower, 3), round(dies.upper, 3)
    (0.056, 0.057)
    """
    field = MeanField(result) if field is None else field
    fields = field, field.longer()
    served, parts = served_parts(result.chain), with_ports(result.chain)
    of_served = sum(parts.values())
    if not fields[0] or not of_served:
        return Expected(lost, ())
    deadly = {
        hop.name for hop in result.chain.hops if isinstance(hop, Proxy) and hop.collision == "kills-older"
    }
    refusing = [
        each for each in found if each.limit.hop not in deadly or each.limit.kind not in (SHARED, ROW)
    ]

    def finds_none(passing: Mapping[Strand, float]) -> dict[Strand, Bracket]:
        """What finds no room, of clients that have ports, where these parts do not collide."""
        reach = sum(part * passing.get(strand, 1.0) for strand, part in parts.items()) / of_served
        return served_blocking(refusing, rate * reach)

    concert = finds_none({})
    slices = list(falls(found, field.hops))
    bounds = [Bound(field, slices, {each: part * rate for each, part in parts.items()}) for field in fields]
    shares = []
    for bound in bounds:
        blocked: Mapping[Strand, Bracket] = concert
        collided = bound.collide(blocked)
        for _ in range(_ROUNDS):
            if max((each.upper for each in blocked.values()), default=0.0) <= _SETTLED:
                break
            before, blocked = collided, finds_none({each: 1 - share for each, share in bound.refused.items()})
            collided = bound.collide(blocked)
            if all(abs(collided[strand] - share) <= _SETTLED for strand, share in before.items()):
                break
        shares.append((collided, blocked))
    (low, _), (high, blocked) = shares
    failing = {}
    for strand in parts:
        upper = 1 - (1 - high[strand]) * (1 - blocked.get(strand, _NONE).upper)
        lower = min(upper, max(low[strand], concert.get(strand, _NONE).lower))
        without = 1 - float(served[strand])
        failing[strand] = Bracket(*(without + (1 - without) * each for each in (lower, upper)))
    return Expected(failing, bounds[0].meetings)


def in_concert(result: Capacity, found: Sequence[Pools], rate: float) -> dict[Strand, Bracket]:
    """What fails of each strand where ports are chosen in concert: clients without ports, and no room."""
    without = {each: 1 - float(part) for each, part in served_parts(result.chain).items()}
    return {each: Bracket(part, part) for each, part in without.items()} | strand_blocking(found, rate)


def expected_share(
    result: Capacity, found: Sequence[Pools], rate: float, field: MeanField | None = None
) -> Bracket:
    """What fails of all flows at a rate, as devices choose; ``found`` are all pools.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.pools import pools
    >>> result = capacity(example("outage"))
    >>> [round(share, 3) for share in expected_share(result, pools(result), 570)]
    [0.425, 0.553]
    """
    return of_all(result.chain, expected(result, found, in_concert(result, found, rate), rate, field).failing)


def of_all(chain: Chain, failing: Mapping[Strand, Bracket]) -> Bracket:
    """The mean over strands."""
    parts = {strand_name(each): float(each.part) for each in chain.strands}
    return Bracket(*(sum(part * failing[each][at] for each, part in parts.items()) for at in (0, 1)))


def with_ports(chain: Chain) -> dict[Strand, float]:
    """The part of the new connections that is of each strand, of clients that have ports."""
    served = served_parts(chain)
    return {strand_name(each): float(each.part * served[strand_name(each)]) for each in chain.strands}


class Bound:
    """One bound of what collides, the mean over parts of the traffic that load the tables differently."""

    def __init__(
        self, field: MeanField, slices: Sequence[tuple[float, float]], rates: Mapping[Strand, float]
    ) -> None:
        self._field, self._slices, self._rates = field, slices, rates
        self.refused: dict[Strand, float] = {}
        self.meetings: tuple[Meeting, ...] = ()

    def collide(self, blocked: Mapping[Strand, Bracket]) -> dict[Strand, float]:
        """The share of what finds room that collides."""
        rates = {each: rate * (1 - blocked.get(each, _NONE).upper) for each, rate in self._rates.items()}
        found = [
            (share, self._field.at({each: rate * load for each, rate in rates.items()}))
            for share, load in self._slices
        ]
        self.refused = {each: _mean(found, lambda c, each=each: c.refused.get(each, 0.0)) for each in rates}  # type: ignore[misc]
        self.meetings = tuple(
            meeting._replace(share=_mean(found, lambda c, place=place: c.meetings[place].share))  # type: ignore[misc]
            for place, meeting in enumerate(found[0][1].meetings)
        )

        def fails(each: Strand, collisions: Collisions) -> float:
            dies = collisions.dies.get(each, 0.0)
            return 1 - (1 - collisions.refused.get(each, 0.0)) * (1 - dies)

        return {each: sum(share * fails(each, collisions) for share, collisions in found) for each in rates}


def _mean(found: Sequence[tuple[float, Collisions]], of: Callable[[Collisions], float]) -> float:
    return sum(share * of(collisions) for share, collisions in found)


def falls(found: Sequence[Pools], hops: set[str]) -> Iterator[tuple[float, float]]:
    """Parts of the traffic, and how they load the tables where they meet, beside the even load there."""
    here = [each for each in found if each.limit.hop in hops]
    uneven = max(here, key=lambda each: len(each.slices), default=None)
    falls = [(1.0, 1.0)]
    if uneven is not None:
        falls = [(float(part.share), float(part.weight / uneven.hottest)) for part in uneven.slices]
    hashed = next((each.hashed for each in here if each.hashed), None)
    loads = [(1.0, 1.0)] if hashed is None else list(_hashed(hashed.sources, hashed.addresses))
    yield from ((share * part, load * more) for share, load in falls for part, more in loads)


def _hashed(clients: int, addresses: int) -> Iterator[tuple[float, float]]:
    """A client's own view: how many share its address, with which chance, beside the mean of all addresses.

    Where these are many it is three points of the normal law, which are as good for smooth functions.
    """
    others, each = clients - 1, clients / addresses
    mean = others / addresses
    if addresses == 1 or not others:
        yield 1.0, (1 + mean) / each
    elif mean >= _MANY_ON_EACH:
        spread = sqrt(3 * mean * (1 - 1 / addresses))
        for chance, away in ((2 / 3, 0.0), (1 / 6, -spread), (1 / 6, spread)):
            yield chance, (1 + mean + away) / each
    else:
        for y in range(min(others, int(mean + 12 * sqrt(mean + 1))) + 1):
            if (chance := exp(log_binomial(y, others, addresses))) > 1e-9:
                yield chance, (1 + y) / each
