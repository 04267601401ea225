"""What is expected to fail as devices really choose: blindly, hashed, with a search that gives up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import ROW, SHARED
from tuplecalc.limits.served import served_parts
from tuplecalc.network.chain import Chain
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.chains import Bracket, Losing, of_all, of_all_clients
from tuplecalc.under_load.hidden import Placed
from tuplecalc.under_load.mean_field import Collisions, MeanField
from tuplecalc.under_load.pools import Pools, Strand, strand_name

_ROUNDS, _SETTLED = 8, 1e-6
_POINTS = 5
_NONE = Bracket(0.0, 0.0)


class Choosing:
    """What fails as devices choose, at many rates: what does not depend on the rate is found once."""

    def __init__(self, result: Capacity, losing: Losing, field: MeanField | None = None) -> None:
        self._result, self._losing = result, losing
        self._field = MeanField(result) if field is None else field
        self._served, self._parts = served_parts(result.chain), with_ports(result.chain)
        deadly = {
            hop.name for hop in result.chain.hops if isinstance(hop, Proxy) and hop.collision == "kills-older"
        }
        self._refusing = losing.without(
            *(each for each in losing.found if each.limit.hop in deadly and each.limit.kind in (SHARED, ROW))
        )

    def all(self, rate: float) -> Bracket:
        """What fails of all flows."""
        return of_all(self._result.chain.strands, self.strands(rate))

    def in_concert(self, rate: float) -> dict[Strand, Bracket]:
        """What fails of each strand where ports are chosen in concert: clients without ports, and no room."""
        without = {each: 1 - float(part) for each, part in self._served.items()}
        return {each: Bracket(part, part) for each, part in without.items()} | self._losing.strands(rate)

    def strands(self, rate: float) -> Mapping[Strand, Bracket]:
        """What fails of each strand at a rate.

        With κ the share that collides, of what finds room, and b the share that finds none, of what does not
        collide, the two by turns until nothing changes::

            upper   1 - (1 - κ)(1 - b)          lower   max(κ, b in concert)

        κ is the mean field (:mod:`tuplecalc.under_load.mean_field`), the lower one with the tables' times,
        the upper one with the longer of the table's and the chooser's.  Of flows that are all alike the
        lower κ is of all that is offered: what survives, λ·(1 - κ(λ)), rises with λ, so that refusing some
        lets no more live.  Where collisions kill older flows instead of refusing newcomers, the lower one is
        for exponential holds and the upper one for fixed ones, and no table refuses: only the choosers' own
        ports, tables' entries and files do.  Uneven traffic (shares of services, a hash) is the mean over
        the pools that it falls on.

        An estimate: held against simulations of small networks.

        >>> from tuplecalc.limits.capacity import capacity
        >>> from tuplecalc.network.file import example
        >>> from tuplecalc.under_load.pools import pools
        >>> result = capacity(example("outage"))
        >>> dies = Choosing(result, Losing(pools(result))).strands(50.0)["", "", ""]
        >>> round(dies.lower, 3), round(dies.upper, 3)
        (0.056, 0.057)
        """
        parts, of_served = self._parts, sum(self._parts.values())
        if not self._field or not of_served:
            return self.in_concert(rate)

        def finds_none(passing: Mapping[Strand, float]) -> dict[Strand, Bracket]:
            """What finds no room, of clients that have ports, where these parts do not collide."""
            reach = sum(part * passing.get(strand, 1.0) for strand, part in parts.items()) / of_served
            return self._refusing.served(rate * reach)

        concert = finds_none({})
        fields = self._field, self._field.longer()
        slices = falls(self._losing.found, self._field.hops)
        bounds = [
            Bound(field, slices, {each: part * rate for each, part in parts.items()}) for field in fields
        ]
        shares = []
        for bound in bounds:
            blocked: Mapping[Strand, Bracket] = concert
            collided = bound.collide(blocked)
            for _ in range(_ROUNDS):
                if max((each.upper for each in blocked.values()), default=0.0) <= _SETTLED:
                    break
                before, blocked = (
                    collided,
                    finds_none({each: 1 - share for each, share in bound.refused.items()}),
                )
                collided = bound.collide(blocked)
                if all(abs(collided[strand] - share) <= _SETTLED for strand, share in before.items()):
                    break
            shares.append((collided, blocked))
        (low, _), (high, blocked) = shares
        if len(parts) == 1 and any(each.upper > _SETTLED for each in concert.values()):
            low = bounds[0].collide({})  # a newcomer that finds no room spares less than one flow
        failing = {}
        for strand in parts:
            upper = 1 - (1 - high[strand]) * (1 - blocked.get(strand, _NONE).upper)
            lower = min(upper, max(low[strand], concert.get(strand, _NONE).lower))
            failing[strand] = Bracket(lower, upper)
        return of_all_clients(failing, self._served)


def with_ports(chain: Chain) -> dict[Strand, float]:
    """The part of the new connections that is of each strand, of clients that have ports."""
    served = served_parts(chain)
    return {strand_name(each): float(each.part * served[strand_name(each)]) for each in chain.strands}


class Bound:
    """One bound of what collides, the mean over parts of the traffic that load the tables differently.

    A hash loads what it puts on a cone's addresses, seen from one client: with its own group's luck, and the
    mean of others.
    """

    def __init__(
        self, field: MeanField, slices: Sequence[tuple[float, float]], rates: Mapping[Strand, float]
    ) -> None:
        self._field, self._slices, self._rates = field, slices, rates
        self.refused: dict[Strand, float] = {}

    def collide(self, blocked: Mapping[Strand, Bracket]) -> dict[Strand, float]:
        """The share of what finds room that collides."""
        rates = {each: rate * (1 - blocked.get(each, _NONE).upper) for each, rate in self._rates.items()}
        hashes = self._field.placed
        placed = {each: hashes.get(each) for each in rates}
        views = {where: list(self._views(where, rates)) for where in {*placed.values()}}
        found: dict[Strand, float] = {}
        for strand, where in placed.items():
            seen = [
                (part, each.refused.get(strand, 0.0), each.dies.get(strand, 0.0))
                for part, each in views[where]
            ]
            self.refused[strand] = sum(part * refused for part, refused, _ in seen)
            found[strand] = sum(part * (1 - (1 - refused) * (1 - dies)) for part, refused, dies in seen)
        return found

    def _views(
        self, placed: Placed | None, rates: Mapping[Strand, float]
    ) -> Iterator[tuple[float, Collisions]]:
        """What parts of the traffic meet, as those see it that a hash puts where they are."""
        for share, load in self._slices:
            loaded = {each: rate * load for each, rate in rates.items()}
            for part, more in _loads(placed):
                yield share * part, self._field.at(loaded, placed, more)


def falls(found: Sequence[Pools], hops: set[str]) -> list[tuple[float, float]]:
    """Parts of the traffic, and how they load the tables where they meet, beside the even load there."""
    here = [each for each in found if each.limit.hop in hops]
    uneven = max(here, key=lambda each: len(each.slices), default=None)
    if uneven is None:
        return [(1.0, 1.0)]
    return [(float(part.share), float(part.weight / uneven.hottest)) for part in uneven.slices]


def _loads(placed: Placed | None) -> Iterator[tuple[float, float]]:
    """How loaded a client's address is beside the mean of all, with which chance: 1 + y share it.

    Of y, binomial in N - 1 and p = 1/M, a few points that have the mean of each polynomial of up to degree 9
    (Gauss).  Source: Golub and Welsch, Math. Comp. 23 (1969) 221, with Krawtchouk's polynomials (recalled).
    """
    clients, addresses = placed.hashing if placed else (1, 1)
    if clients == 1 or addresses == 1:
        yield 1.0, float(addresses)
        return
    import numpy as np  # only cones that hash need it

    others, p = clients - 1, 1 / addresses
    degree = np.arange(min(others + 1, _POINTS))
    beside = np.sqrt(degree[1:] * p * (1 - p) * (others + 1 - degree[1:]))
    jacobi = np.diag(p * (others - degree) + (1 - p) * degree) + np.diag(beside, 1) + np.diag(beside, -1)
    places, vectors = np.linalg.eigh(jacobi)
    for y, chance in zip(places.tolist(), (vectors[0] ** 2).tolist(), strict=True):
        yield chance, (1 + y) * addresses / clients
