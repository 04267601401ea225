"""What share of a chain's connections fails at a rate, and the highest rate for a share that may fail."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from math import exp, floor, inf, log, log1p
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.checks import number, probability
from tuplecalc.under_load.erlang_kernels import log_blocking
from tuplecalc.under_load.networks import Loss, reduced_load
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.roots import crossing

if TYPE_CHECKING:
    from tuplecalc.under_load.search import Bound

_FEW = 20
_OF_SEARCHES = 1e-8  # the error of what is lost by them
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

    A connection fails where one of the pools that it needs is full; it is not tried again.  With
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
    * Either side may close first: a port that a proxy accepts is taken for the longer of two times,
      its own and that of the hop that chose the port, and that longer time is what counts.

    Traffic falls on pools as :func:`tuplecalc.under_load.pools.pools` says; where a cone searches for
    a port with so many probes, both bounds are those of the search.  Hops choose their keys in
    concert here; see :mod:`tuplecalc.under_load.blind` for what is lost if not.

    Raises :class:`~tuplecalc.errors.TopologyError` for a rate below 0, or none at all.  Sources:
    Sevastyanov 1957 (insensitivity, recalled); Kelly, Adv. Appl. Prob. 18 (1986) 473.

    >>> from tuplecalc.network.builders import cone
    >>> share = blocking(cone(services=1, hold="5s"), rate=520)
    >>> share.is_exact, round(share.lower, 6)
    (True, 0.008999)
    """
    if rate is None:
        rate = chain.traffic.rate
    return chain_blocking(pools(capacity(chain)), number(rate, "rate"))


def result_blocking(result: Capacity, rate: float) -> Bracket:
    """:func:`blocking` for a capacity that is found already; all is lost where not one flow fits."""
    return chain_blocking(pools(result), rate) if result.flows else Bracket(1.0, 1.0)


def chain_blocking(found: Sequence[Pools], rate: float) -> Bracket:
    """:func:`blocking` for pools that are found already."""
    lower = max((_loss(each, "lower")(rate) for each in found), default=0.0)
    return Bracket(lower, max(lower, _upper(found)(rate)))


def _upper(found: Sequence[Pools]) -> Loss:
    """The upper bound by the rate, from those of the single pools."""
    losses = [_loss(each, "upper") for each in found]

    def lost(rate: float) -> float:
        singles = [loss(rate) for loss in losses]
        least = _NEGLIGIBLE * max(singles, default=0.0)
        met = [at for at, single in enumerate(singles) if single > least]
        needed = [met[at] for at in _needed([found[at] for at in met])]
        if len(needed) < 2:
            return max((singles[at] for at in needed), default=0.0)
        return reduced_load([losses[at] for at in needed], rate)

    return lost


def _loss(each: Pools, bound: Bound) -> Loss:
    """The share that fails at the pools of one limit, were they alone: the mean over its slices."""
    if not each.circuits:
        return lambda _: 1.0
    of_pool = _of_pool(each, log_loss(each, bound))
    slices = [(float(part.share), float(part.weight * each.seconds)) for part in each.slices]

    def lost(rate: float) -> float:
        total, left = 0.0, 1.0
        for share, load in reversed(slices):  # the hottest first: each pool of the rest loses less
            mine = of_pool(rate * load)
            total += share * mine
            left -= share
            if left * mine <= 1e-17 * total:
                break
        return min(total, 1.0)

    return lost


def _of_pool(each: Pools, log_lost: Loss) -> Loss:
    if each.hashed is None:
        return lambda load: exp(log_lost(load))
    from tuplecalc.under_load.hashing import hashed_blocking  # only cones that hash need it

    clients, addresses = each.hashed
    error = 0.0 if each.search == "exhaustive" else _OF_SEARCHES
    return lambda load: hashed_blocking(clients, addresses, load * addresses / clients, log_lost, error)


def log_loss(each: Pools, bound: Bound) -> Loss:
    """The logarithm of one pool's blocking as a function of its load, in flows (erlang)."""
    if each.users > 1:
        parts = float(each.users) if bound == "upper" else 1.0
        return lambda load: log_blocking(float(each.size) / parts, load / parts)
    if each.search != "exhaustive":
        from tuplecalc.under_load.search import search_blocking  # only cones that search need it

        lost = partial(search_blocking, floor(each.size), search=each.search, bound=bound)
        return lambda load: log(lost(load=load) or exp(-700))
    if each.alike:
        return partial(log_blocking, each.circuits)
    size = float(each.size)
    if bound == "lower":
        return lambda load: log_blocking(size, load * each.keys)
    return lambda load: log_blocking((size - each.keys + 1) / each.keys, load)


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
    together = Fraction(1) if each.scopes == other.scopes else other.number
    sides = list(zip(each.closes, other.closes, strict=True))
    if all(mine.longest <= theirs.shortest for mine, theirs in sides):
        return each.circuits >= together * other.circuits
    if all(mine.longest <= max(theirs.lingers) for mine, theirs in sides):  # one key is there at least
        return each.circuits >= together * floor(other.size)
    return False


def max_rate(chain: Chain, blocking: float = 1e-3) -> float | None:
    """The highest rate at which at most this share of the connections fails; None where none ever does.

    The upper bound of :func:`blocking` counts, so that the rate is safe where only a bracket is
    known.  Connections a second.  Raises :class:`~tuplecalc.errors.TopologyError` unless the share
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
    if result.rate is None:
        return None
    if not result.rate:
        return 0.0
    upper = _upper(pools(result))

    def excess(log_rate: float) -> float:
        lost = upper(exp(log_rate))
        return log(lost / share) if lost else -inf

    # Of even traffic no more than the fluid limit gets through; of uneven traffic the rest may.
    high = log(float(result.rate)) - log1p(-share)
    while excess(high) < 0:
        high += 1.0
    low = high - 0.01
    while excess(low) > 0:
        low -= 3 * (high - low)
    return exp(crossing(excess, low, high, tolerance=1e-13))
