"""What share of a chain's connections fails at a rate, and the highest rate for a share that may fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from math import exp, floor, inf, log, log1p
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.served import served_parts
from tuplecalc.network import mix
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.checks import number, probability
from tuplecalc.under_load.losses import Losses, losses
from tuplecalc.under_load.networks import Loss, passing, reduced_load, reduced_loads, together
from tuplecalc.under_load.pools import Pools, Strand, Taking, pools, strand_name
from tuplecalc.under_load.roots import crossing

_FEW = 20
_NEGLIGIBLE = 1e-15  # of the largest pool's blocking: less is lost in the figures' own error


class Bracket(NamedTuple):
    """A share of connections that fail: between ``lower`` and ``upper``, equal where it is exact."""

    lower: float
    upper: float

    @property
    def is_exact(self) -> bool:
        """Whether both bounds are the same up to rounding."""
        return self.upper - self.lower <= 1e-9 * self.upper


def blocking(chain: Chain, rate: float | Fraction | None = None) -> Bracket:
    """The share of connections that fails in steady state, at a rate (None: the one that the chain offers).

    A connection fails where its client gets no ports at all (:func:`tuplecalc.limits.served.served`), or
    where one of the pools that it needs is full; it is not tried again.  With
    ``C`` the flows that a pool holds and ``A = λ · seconds`` what it is offered:

    * One pool that binds, keys that come and go together: exactly Erlang's ``B(C, A)``, for every
      law of the holds.  A pool that cannot be full unless an other one is adds nothing: with equal
      times the chain has the blocking of its smallest pool.
    * Two legs in one table that are held unequally (TIME_WAIT): between ``B(|A ∪ L|, A)``, as if
      each leg came for itself, and ``B((|A ∪ L| - 1) / 2, A / 2)``, as if both were held alike.
      Not proven; it held in every small chain that was solved exactly.
    * Blocks of ports with an overflow: between ``B(k·s + |O|, A)``, as if the s clients of an address
      shared all its ports, and ``B(k + |O| / s, A / s)``, as if each had an equal part of the overflow.
      Not proven; a simulation lay between them.
    * Several pools: between the largest single one and the reduced load (Erlang fixed point)
      ``1 - Π (1 - B_j)``, ``B_j = B(C_j, A_j · Π_{i≠j} (1 - B_i))``.  That the truth lies between
      them is not proven either: in small chains that were solved exactly it did up to the highest
      rate; in overload it was up to 0.011 over ``upper`` (0.689 for 0.678 at three times that rate).
    * Several kinds of traffic, of which flows take other numbers of keys: the mean over kinds of
      :func:`strand_blocking`.
    * Either side may close first: a port that a proxy accepts is taken for the longer of two times,
      its own and that of the hop that chose the port, and that longer time is what counts.

    Traffic falls on pools as :func:`tuplecalc.under_load.pools.pools` says; where a cone searches for
    a port with so many probes, both bounds are those of the search.  Hops choose their keys in
    concert here; see :mod:`tuplecalc.under_load.blind` for what is lost if not.

    Raises :class:`~tuplecalc.errors.ChainError` for a rate below 0, or none at all.  Sources:
    Sevastyanov 1957 (insensitivity, recalled); Kelly, Adv. Appl. Prob. 18 (1986) 473.

    >>> from tuplecalc.network.builders import cone
    >>> share = blocking(cone(services=1, hold="5s"), rate=520)
    >>> share.is_exact, round(share.lower, 6)
    (True, 0.008999)
    """
    if rate is None:
        rate = chain.traffic.offered
    return result_blocking(capacity(chain), number(rate, "rate"))


def result_blocking(result: Capacity, rate: float) -> Bracket:
    """:func:`blocking` for a capacity that is found already; all is lost where not one flow fits."""
    if not result.flows:
        return Bracket(1.0, 1.0)
    found = pools(result)
    if not found:  # nothing is held for any time: only clients without ports fail
        return Bracket(*[float(unserved(result.chain))] * 2)
    return chain_blocking(found, rate)


def unserved(chain: Chain) -> Fraction:
    """The part of the new connections whose clients get no ports."""
    parts = served_parts(chain)
    return sum((each.part * (1 - parts[strand_name(each)]) for each in chain.strands), Fraction(0))


def chain_blocking(found: Sequence[Pools], rate: float) -> Bracket:
    """:func:`blocking` for pools that are found already."""
    return total(found, strand_blocking(found, rate))


def total(found: Sequence[Pools], lost: Mapping[Strand, Bracket]) -> Bracket:
    """What fails of all flows together."""
    parts = {taking.strand: float(taking.whole) for each in found for taking in each.takings}
    return Bracket(*(sum((parts[each] * share[at] for each, share in lost.items()), 0.0) for at in (0, 1)))


def of_all_clients(
    lost: Mapping[Strand, Bracket], with_ports: Mapping[Strand, Fraction]
) -> dict[Strand, Bracket]:
    """What fails of each strand where only such a part of its clients has ports: all that the others open."""
    found = {}
    for strand, part in with_ports.items():
        without, each = float(1 - part), lost.get(strand, Bracket(0.0, 0.0))
        found[strand] = Bracket(*(without + (1 - without) * share for share in each))
    return found


def strand_blocking(found: Sequence[Pools], rate: float) -> dict[Strand, Bracket]:
    """:meth:`Losing.strands` at one rate."""
    return Losing(found).strands(rate)


class Losing:
    """Pools that flows need together, asked at many rates: what does not depend on the rate is found once."""

    def __init__(self, found: Sequence[Pools], alone: Sequence[_Alone] | None = None) -> None:
        self.found = tuple(found)
        self._alone = [_Alone(each) for each in found] if alone is None else alone
        self._alike = list(_alike(found))
        self._needed: dict[tuple[int, ...], list[int]] = {}
        self._served: dict[float, dict[Strand, Bracket]] = {}

    def without(self, *left_out: Pools) -> Losing:
        """The others, of which each pool's own losses are known already."""
        if not left_out:
            return self
        kept = [at for at, each in enumerate(self.found) if not any(each is other for other in left_out)]
        return Losing([self.found[at] for at in kept], [self._alone[at] for at in kept])

    def strands(self, rate: float) -> dict[Strand, Bracket]:
        """What fails of each strand that needs any of the pools, with what clients without ports open."""
        takings = (taking for each in self.found for taking in each.takings)
        parts = {each.strand: each.part / each.whole if each.without else Fraction(1) for each in takings}
        return of_all_clients(self.served(rate), parts)

    def served(self, rate: float) -> dict[Strand, Bracket]:
        """What fails of the flows of each kind from each group of clients to each group of services.

        Those that need none of the pools are left out.  So are those of clients without ports, which are a
        part of the ``rate``.  One pool alone is exact where a flow's keys come and go together
        (:mod:`tuplecalc.under_load.multirate`; :func:`tuplecalc.under_load.losses.losses` where not).
        Of several pools, with E_js what pool j alone loses of the flows s of loads a::

            upper   1 - Π (1 - B_js)       B_js = E_js(a_r·Π_{i ≠ j} (1 - B_ir))      the reduced load
            lower   max over j of E_js(a_s, and for other flows a_r·Π_{i ≠ j} (1 - B_ir))

        Where all flows are alike both are those of :func:`blocking`.  Neither is proven: of 1,500 networks
        of two or three kinds over up to three pools of 4 to 16 keys, solved exactly, the truth lay below the
        lower one for 9 % of the kinds (by 0.075 at most) and above the upper one for 3 % (by 0.031 at most);
        of those with 400 to 1,600 keys for one kind in 378 (by less than 0.002).
        """
        if rate not in self._served:
            self._served[rate] = self._found(rate)
        return self._served[rate]

    def _found(self, rate: float) -> dict[Strand, Bracket]:
        singles = [alone.single(rate) for alone in self._alone]
        lost = self.reduced(rate)
        shares: dict[Strand, Bracket] = {}
        for strands in self._alike:
            lower, own = 0.0, dict.fromkeys(strands, 1.0)
            mine = [(single[strands[0]], at) for at, single in enumerate(singles) if strands[0] in single]
            for most, at in sorted(mine, reverse=True):
                if most <= lower:
                    break
                others = passing(each for place, each in lost.items() if place != at)
                lower = max(lower, self._alone[at].lower(rate, others | own)[strands[0]])
            upper = together([each[strands[0]] for each in lost.values() if strands[0] in each])
            shares |= dict.fromkeys(strands, Bracket(lower, max(lower, upper)))
        return shares

    def reduced(self, rate: float) -> dict[int, dict[Strand, float]]:
        """The pools that are needed, and what each of them loses by the reduced load."""
        singles = [alone.single(rate) for alone in self._alone]
        most = [max(single.values(), default=0.0) for single in singles]
        least = _NEGLIGIBLE * max(most, default=0.0)
        met = tuple(at for at, single in enumerate(most) if single > least)
        if met not in self._needed:
            self._needed[met] = [met[at] for at in _needed([self.found[at] for at in met])]
        needed = self._needed[met]
        if len(needed) < 2:
            return {at: singles[at] for at in needed}
        strands = {strand for at in needed for strand in singles[at]}
        uppers = [self._alone[at].upper for at in needed]
        if len(strands) == 1:
            (strand,) = strands
            return {needed[0]: {strand: reduced_load([_of(upper, strand) for upper in uppers], rate)}}
        return dict(zip(needed, reduced_loads([partial(upper, rate) for upper in uppers]), strict=True))


class _Alone:
    """What the pools of one limit lose, were they alone."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self.upper = losses(pools, "upper")
        self._singles: dict[float, dict[Strand, float]] = {}

    @cached_property
    def lower(self) -> Losses:
        """By the lower bound, which only the pools that lose most need."""
        return losses(self._pools, "lower")

    def single(self, rate: float) -> dict[Strand, float]:
        """By the upper bound, of all that comes: the same with and without other pools."""
        if rate not in self._singles:
            self._singles[rate] = self.upper(rate, {})
        return self._singles[rate]


def by_kind(strands: Iterable[mix.Strand], lost: Mapping[Strand, Bracket]) -> dict[str, Bracket]:
    """What fails of each kind."""
    kinds: dict[str, list[mix.Strand]] = {}
    for each in strands:
        kinds.setdefault(each.kind, []).append(each)
    return {kind: of_all(several, lost) for kind, several in kinds.items()}


def of_all(strands: Sequence[mix.Strand], lost: Mapping[Strand, Bracket]) -> Bracket:
    """What fails of these strands together: the mean, by their parts of the new connections."""
    whole = sum((each.part for each in strands), Fraction(0))
    shares = [
        (float(each.part / whole), lost[name]) for each in strands if (name := strand_name(each)) in lost
    ]
    return Bracket(*(sum((part * share[at] for part, share in shares), 0.0) for at in (0, 1)))


def _alike(found: Sequence[Pools]) -> Iterable[list[Strand]]:
    """The strands, those together that take the same of all pools."""
    takes: dict[Strand, list[object]] = {}
    for at, each in enumerate(found):
        for taking in each.takings:
            same = at, taking.keys, taking.closes, frozenset(taking.held.items())
            takes.setdefault(taking.strand, []).append(same)
    alike: dict[object, list[Strand]] = {}
    for strand, several in takes.items():
        alike.setdefault(tuple(several), []).append(strand)
    return alike.values()


def _of(loss: Losses, strand: Strand) -> Loss:
    return lambda rate: loss(rate, {})[strand]


def _needed(found: Sequence[Pools]) -> list[int]:
    """Which pools are left without those that cannot be full unless another one is.

    Each is held against the others of its own scopes; one pool for all traffic against the
    smallest others.  What is left over needlessly only widens the bracket.
    """
    smallest = sorted(range(len(found)), key=lambda at: found[at].everywhere)[:_FEW]
    alike: dict[object, list[int]] = {}
    for at, each in enumerate(found):
        alike.setdefault(each.scopes, []).append(at)
    left = dict.fromkeys(range(len(found)))
    for at, each in enumerate(found):
        others = alike[each.scopes] + (smallest if each.limit.scopes.value == 1 else [])
        if any(other in left and other != at and _follows(each, found[other]) for other in others):
            del left[at]
    return list(left)


def _follows(each: Pools, other: Pools) -> bool:
    """Whether ``each`` has room for whatever ``other`` lets in: exact, flow by flow.

    Its pools are the same parts of the traffic, or one pool for all of it; whoever closes first, it
    holds a flow no longer than the other does, and as many as the other can have at any time.
    """
    if each.search != "exhaustive":  # that fails before it is full
        return False
    theirs = {taking.strand: taking for taking in other.takings}
    if any(mine.strand not in theirs for mine in each.takings):
        return False
    pairs = [(mine, theirs[mine.strand]) for mine in each.takings]
    if not all(_comes_and_goes_with(*pair) for pair in pairs):
        return False
    together = Fraction(1) if each.scopes == other.scopes else other.number
    if each.users in (1, other.users) and all(_key_by_key(*pair) for pair in pairs):
        return each.size >= together * other.size  # proxies in a row: thus one of them is left
    sides = [pair for mine, its in pairs for pair in zip(mine.closes, its.closes, strict=True)]
    if all(mine.longest <= its.shortest for mine, its in sides):
        if each.keys and other.keys:
            return each.circuits >= together * other.circuits
        return each.size >= together * max(mine.keys / its.keys for mine, its in pairs) * other.size
    if all(mine.longest <= max(its.lingers) for mine, its in sides):  # one key is there at least
        if each.keys:
            return each.circuits >= together * floor(other.size)
        return each.size >= together * max(mine.keys for mine, _ in pairs) * floor(other.size)
    return False


def _key_by_key(mine: Taking, its: Taking) -> bool:
    """Whether each key has one there that is held at least as long, whoever closes."""
    sides = zip(mine.closes, its.closes, strict=True)
    lingers = [(sorted(close.lingers), sorted(other.lingers)) for close, other in sides]
    return mine.keys == its.keys and all(
        len(ours) == len(theirs) and all(one <= other for one, other in zip(ours, theirs, strict=True))
        for ours, theirs in lingers
    )


def _comes_and_goes_with(mine: Taking, its: Taking) -> bool:
    """Whether keys of the same flows, each of which takes some of both, are held while these are open."""
    whole = mine.keys.denominator == its.keys.denominator == 1
    sides = [close.share for close in mine.closes] == [close.share for close in its.closes]
    return whole and sides and mine.hold is not None and mine.hold == its.hold


def max_rate(chain: Chain, blocking: float = 1e-3) -> float | None:
    """The highest rate at which at most this share of the connections fails; None where none ever does.

    The upper bound of :func:`blocking` counts, so that the rate is safe where only a bracket is
    known.  Connections a second.  Raises :class:`~tuplecalc.errors.ChainError` unless the share
    lies between 0 and 1.

    >>> from tuplecalc.network.builders import cone
    >>> round(max_rate(cone(services=1, hold="5s"), blocking=1e-3), 2)
    513.88
    """
    return rate_for(capacity(chain), probability(blocking, "blocking"))


def rate_for(result: Capacity, share: float) -> float | None:
    """:func:`max_rate` for a capacity that is found already."""
    if not result.flows:
        return 0.0
    without = float(unserved(result.chain))
    if without >= share:
        return 0.0
    if result.rate is None:
        return None
    if not result.rate:
        return 0.0
    found = pools(result)
    losing = Losing(found)
    parts = {taking.strand: float(taking.part) for each in found for taking in each.takings}

    def excess(log_rate: float) -> float:
        rate = exp(log_rate)
        lost = losing.reduced(rate).values()
        shares = {
            strand: together([each[strand] for each in lost if strand in each])
            for strand in dict.fromkeys(strand for each in lost for strand in each)
        }
        failing = without + sum(parts[strand] * each for strand, each in shares.items())
        return log(failing / share) if failing else -inf

    # Of even traffic no more than the fluid limit gets through; of uneven traffic the rest may.
    high = log(float(result.rate)) - log1p(-share)
    while excess(high) < 0:
        high += 1.0
    low = high - 0.01
    while excess(low) > 0:
        low -= 3 * (high - low)
    return exp(crossing(excess, low, high, tolerance=1e-13))
