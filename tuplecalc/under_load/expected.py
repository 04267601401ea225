"""What is expected to fail as devices really choose: blindly, hashed, with a search that gives up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import exp, sqrt
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import ROW, SHARED
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.chains import Bracket, served_blocking, unserved
from tuplecalc.under_load.hashing import log_binomial
from tuplecalc.under_load.mean_field import Collisions, MeanField, Meeting
from tuplecalc.under_load.pools import Pools, Strand

_ROUNDS, _SETTLED = 8, 1e-6
_MANY_ON_EACH = 50
_NONE = Bracket(0.0, 0.0)


class Expected(NamedTuple):
    """What fails of each strand, and where legs meet that no device sees both of."""

    failing: Mapping[Strand, Bracket]
    meetings: tuple[Meeting, ...]


def expected(
    result: Capacity, found: Sequence[Pools], lost: Mapping[Strand, Bracket], rates: Mapping[Strand, float]
) -> Expected:
    """What fails of strands that come so often; ``lost`` is what they lose where ports are chosen in concert.

    All of it is of clients that have ports.  With κ the share that collides, of what finds room, and b the
    share that finds none, of what does not collide, the two by turns until nothing changes::

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
    >>> every, rates = pools(result), {("", "", ""): 50.0}
    >>> dies = expected(result, every, served_blocking(every, 50.0), rates).failing["", "", ""]
    >>> round(dies.lower, 3), round(dies.upper, 3)
    (0.055, 0.056)
    """
    fields = MeanField(result), MeanField(result, longer=True)
    if not fields[0]:
        return Expected(lost, ())
    deadly = {
        hop.name for hop in result.chain.hops if isinstance(hop, Proxy) and hop.collision == "kills-older"
    }
    tables = SHARED, ROW
    refusing = [each for each in found if each.limit.hop not in deadly or each.limit.kind not in tables]
    served = float(1 - unserved(result.chain))  # pools count parts of all connections, rates are of these
    total = sum(rates.values()) / served
    full = served_blocking(refusing, total) if len(refusing) < len(found) else lost
    slices = list(_slices(found, {each.hop for each in fields[0].at(rates).meetings}))
    bounds = [_Bound(field, slices, rates) for field in fields]
    shares = []
    for at, bound in enumerate(bounds):
        blocked: Mapping[Strand, Bracket] = full
        collided = bound.collide(blocked, at)
        for _ in range(_ROUNDS):
            if max((each.upper for each in blocked.values()), default=0.0) <= _SETTLED:
                break
            passing = sum(rate * (1 - bound.refused.get(strand, 0.0)) for strand, rate in rates.items())
            before, blocked = collided, served_blocking(refusing, passing / served)
            collided = bound.collide(blocked, at)
            if all(abs(collided[strand] - share) <= _SETTLED for strand, share in before.items()):
                break
        shares.append((collided, blocked))
    (low, _), (high, blocked) = shares
    failing = {}
    for strand in rates:
        upper = 1 - (1 - high.get(strand, 0.0)) * (1 - blocked.get(strand, _NONE).upper)
        lower = max(low.get(strand, 0.0), full.get(strand, _NONE).lower)
        failing[strand] = Bracket(min(lower, upper), max(lower, upper))
    return Expected(failing, bounds[0].meetings)


class _Bound:
    """One bound of what collides, the mean over parts of the traffic that load the tables differently."""

    def __init__(
        self, field: MeanField, slices: Sequence[tuple[float, float]], rates: Mapping[Strand, float]
    ) -> None:
        self._field, self._slices, self._rates = field, slices, rates
        self.refused: dict[Strand, float] = {}
        self.meetings: tuple[Meeting, ...] = ()

    def collide(self, blocked: Mapping[Strand, Bracket], at: int) -> dict[Strand, float]:
        """The share of what finds room that collides; ``at`` 1 is for fixed holds."""
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
            dies = collisions.dies.get(each, (0.0, 0.0))[at]
            return 1 - (1 - collisions.refused.get(each, 0.0)) * (1 - dies)

        return {each: sum(share * fails(each, collisions) for share, collisions in found) for each in rates}


def _mean(found: Sequence[tuple[float, Collisions]], of: Callable[[Collisions], float]) -> float:
    return sum(share * of(collisions) for share, collisions in found)


def _slices(found: Sequence[Pools], hops: set[str]) -> Iterator[tuple[float, float]]:
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
