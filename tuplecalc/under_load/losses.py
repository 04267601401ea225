"""What the pools of one limit lose, were they alone: of each kind of flows, by the rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from math import exp, floor, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.under_load.erlang_kernels import log_blocking
from tuplecalc.under_load.nearby import nearby
from tuplecalc.under_load.pools import Pools, Strand, Taking

if TYPE_CHECKING:
    from tuplecalc.under_load.search import Bound, Search

Losses = Callable[[float, Mapping[Strand, float]], dict[Strand, float]]
"""The share of each strand that pools lose at a rate, of which such parts reach them (1 if none is said)."""

Loads = dict[int, float]  # erlangs by the keys that a flow takes

_OF_SEARCHES = 1e-8  # the error of what is lost by them
_NOTHING = 1e-17
_SCALE = 4.0


class _Stream(NamedTuple):
    """Flows of a strand that take so many keys, ``counted`` as if by so many at a time."""

    strand: Strand
    chance: float
    counted: int
    loads: tuple[float, ...]
    """In each slice, at a rate of 1."""


def losses(each: Pools, bound: Bound) -> Losses:
    """The share that fails, the mean over its slices.

    Where all flows take as many keys it is Erlang's formula, else the multi-rate formula.  It is exact where
    the keys of a flow come and go together.  Of other flows two keys are, for the upper bound, held for
    their mean time, and one key more may be taken by what fits no flow.  For the lower bound each key comes
    for itself; what is left for other kinds then counts only the flows that the upper bound lets in.
    Held against 72 small pools that were solved exactly, not proven.
    """
    if each.keys or each.search != "exhaustive":
        single = _averaged(each, log_loss(each, bound))

        def alike(loads: Loads) -> Loads:
            ((keys, load),) = loads.items()
            return {keys: single(load) if each.circuits else 1.0}

        return _over_slices(each, [s for t in each.takings for s in _streams(each, t, each.keys or 1)], alike)
    size = floor(each.size)
    apart = [taking for taking in each.takings if not taking.alike]
    slack = max((keys - 1 for taking in apart for keys, _ in taking.chances), default=0)
    streams = [stream for taking in each.takings for stream in _streams(each, taking)]
    whole = _over_slices(each, streams, _multirate(each, *{size, size - slack}))
    if bound == "upper" or not apart:
        return whole
    streams = [s for t in each.takings for s in _streams(each, t, None if t.alike else 1)]
    singly = _over_slices(each, streams, _multirate(each, size))

    def lower(rate: float, arriving: Mapping[Strand, float]) -> dict[Strand, float]:
        most = whole(rate, arriving)
        names = [taking.strand for taking in apart]
        thinned = {name: arriving.get(name, 1.0) * (1 - most[name]) for name in names}
        mine = singly(rate, arriving)
        return singly(rate, {**arriving, **thinned}) | {name: mine[name] for name in names}

    return lower


def _streams(each: Pools, taking: Taking, counted: int | None = None) -> Iterator[_Stream]:
    for keys, chance in taking.chances:
        several = counted or keys
        times = taking.part * chance * taking.seconds * keys / several
        loads = tuple(float(part.weight * times) for part in each.slices)
        yield _Stream(taking.strand, float(chance), several, loads)


def _over_slices(each: Pools, streams: Sequence[_Stream], of_pool: Callable[[Loads], Loads]) -> Losses:
    shares = [float(part.share) for part in each.slices]

    def lost(rate: float, arriving: Mapping[Strand, float]) -> dict[Strand, float]:
        total, left = dict.fromkeys((stream.counted for stream in streams), 0.0), 1.0
        for place in reversed(range(len(shares))):  # the hottest first: each pool of the rest loses less
            loads: Loads = {}
            for stream in streams:
                load = rate * stream.loads[place] * arriving.get(stream.strand, 1.0)
                loads[stream.counted] = loads.get(stream.counted, 0.0) + load
            mine = of_pool(loads)
            for counted in total:
                total[counted] += shares[place] * mine[counted]
            left -= shares[place]
            if all(left * mine[counted] <= _NOTHING * total[counted] for counted in total):
                break
        found: dict[Strand, float] = {}
        for stream in streams:
            part = stream.chance * min(total[stream.counted], 1.0)
            found[stream.strand] = found.get(stream.strand, 0.0) + part
        return found

    return lost


def _multirate(each: Pools, *sizes: int) -> Callable[[Loads], Loads]:
    """What one pool loses, by the keys that flows take; the most, where several sizes are tried."""
    from tuplecalc.under_load.multirate import log_losses  # needs numpy

    def most(loads: Loads) -> Loads:
        several = [log_losses(size, loads) for size in sizes]
        return {keys: max(losses[keys] for losses in several) for keys in loads}

    def lost(loads: Loads) -> Loads:
        if each.hashed is None:
            return {keys: exp(share) for keys, share in most(loads).items()}
        whole = sum(loads.values())
        parts = {keys: load / whole if whole else 0.0 for keys, load in loads.items()}

        def log_lost(keys: int, load: float) -> float:
            return most({other: load * part for other, part in parts.items()})[keys]

        return {keys: _averaged(each, partial(log_lost, keys))(whole) for keys in loads}

    return lost


def _averaged(each: Pools, log_lost: Callable[[float], float]) -> Callable[[float], float]:
    """Over the addresses that a hash puts clients on, where it does."""
    if each.hashed is None:
        return lambda load: exp(log_lost(load))
    from tuplecalc.under_load.hashing import hashed_blocking  # only cones that hash need it

    clients, addresses = each.hashed
    error = 0.0 if each.search == "exhaustive" else _OF_SEARCHES
    return lambda load: hashed_blocking(clients, addresses, load * addresses / clients, log_lost, error)


def _log_of_search(ports: int, search: Search, bound: Bound) -> Callable[[float], float]:
    from tuplecalc.under_load.search import search_blocking  # only cones that search need it

    return lambda load: log(search_blocking(ports, load, search, bound) or exp(-700))


@lru_cache(maxsize=256)  # the other cones of a chain that is changed at one lose as before
def _near_to_each_other(ports: int, search: Search, bound: Bound) -> Callable[[float], float]:
    """For a sum over a hash, which asks at a hundred loads for each rate: better than 2e-6 of the loss.

    What a search loses changes on the scale of 1/√R around R erlangs.
    """
    return nearby(_log_of_search(ports, search, bound), ports, _SCALE / sqrt(ports))


def log_loss(each: Pools, bound: Bound) -> Callable[[float], float]:
    """The logarithm of one pool's blocking as a function of its load, in flows (erlang) that take as many."""
    if each.users > 1:
        parts = float(each.users) if bound == "upper" else 1.0
        return lambda load: log_blocking(float(each.size) / parts, load / parts)
    if each.search != "exhaustive":
        lost = _log_of_search(floor(each.size), each.search, bound)
        if each.hashed is None:
            return lost
        return _near_to_each_other(floor(each.size), each.search, bound)
    if each.alike:
        return partial(log_blocking, each.circuits)
    size, keys = float(each.size), each.keys or 1
    if bound == "lower":
        return lambda load: log_blocking(size, load * keys)
    return lambda load: log_blocking((size - keys + 1) / keys, load)
