"""What is open and what lingers in one pool over time, in the fluid: filling, full, and empty again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor, log10
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.under_load import checks
from tuplecalc.under_load.course import Course
from tuplecalc.under_load.exhaustion import NOTHING, Exhausted, exhausted, hottest
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.roots import crossing

Series: TypeAlias = NDArray[np.float64]

_POINTS = 200  # of each of the three parts of a curve, besides its corners
_SETTLED = 5.0  # holds, after which less than 1 % is still to come
_SHOWN = 4.0  # holds, after which 2 % of the open connections are left
_FAN = tuple(0.05 * 1.27**step for step in range(22))  # holds, after which a bend is looked at again
_NUMBERS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 60)
_APART = 1e-9  # of the whole time: moments closer than that are one


class KindOverTime(NamedTuple):
    """What the flows of one kind take of the pool, in keys."""

    kind: str
    open: Series
    lingering: Series


@dataclass(frozen=True, eq=False)
class Fluid:
    """One pool of one limit over time, from empty; made by :func:`over_time`, which has the equations.

    The arrays have one value for each moment of ``time``.  They count the keys (ports, entries, files) of
    this one pool, not of the whole chain and not in flows: ``open + lingering`` are taken, of ``size``.
    """

    limit: Limit
    """The limit that the pool belongs to."""
    pools: Fraction
    """How many pools the limit has; where they are uneven, this is the hottest."""
    share: Fraction
    """The part of the traffic that falls on this pool; behind a hash what the fullest address gets, about."""
    size: float
    """Keys of the pool."""
    use: float
    """Keys that would be taken in the long run, over ``size``; above 1 the pool is overloaded."""
    seconds: float
    """When the offer ends."""
    exhausted_after: float | None
    """When the pool is full; None where it is not while the offer lasts."""
    half_free_after: float
    """Seconds from the end of the offer until half of the pool is free; 0 where it is already."""
    time: Series
    """Seconds from empty."""
    open: Series
    """Keys of open connections."""
    lingering: Series
    """Keys whose connection is closed (TIME_WAIT, or the timer of a table)."""
    demand: Series
    """Keys that would be taken if there were enough."""
    kinds: tuple[KindOverTime, ...]
    """What is open and what lingers of each kind; one without a name where all flows are alike."""

    @property
    def taken(self) -> Series:
        """Keys that are not free."""
        return self.open + self.lingering


def over_time(result: Capacity, *, seconds: float | None = None, steps: int = 2000) -> Fluid:
    """The pool that runs dry first at the offered rate, else the one most in use: from empty, and after.

    For so many ``seconds`` ``λ`` connections a second fall on the pool, then none.  Each takes ``k`` keys.
    It is open for a time of mean ``H`` (exponential), and then each key lingers for a fixed ``T``, which
    may depend on the key and on who closes first: ``m_T`` is the part of all keys that linger for ``T``.
    With ``N`` connections accepted so far, ``x`` of them open and ``D = N - x`` closed::

        x' = N' - x/H                      taken = k·(N(t) - Σ m_T·D(t - T))
        filling       N' = λ               x = λ·H·(1 - e^(-t/H))
        full          N(t) = size/k + Σ m_T·D(t - T)        what comes back is taken again
        offer ended   N' = 0               x falls as e^(-t/H)

    Once full the pool stays full while the offer lasts, as no more comes back than was offered before; what
    gets in tends to ``size/(k·H + Σ k·m_T·T)``.  Of several kinds, each by the equations above with times of
    its own, the part ``x^k`` gets in of those that take k keys, with the x that keeps the pool full: the
    limit of large pools (Kelly 1986).  Only here time goes in ``steps``: ``N'`` is constant over
    each, and such that the pool is full at its end; all else is closed form.  Steps are short near every
    bend, and there are enough where half as many change nothing that matters: with the default for
    ``seconds`` no more than 2e-3 of the pool at 100 times its rate, 1e-4 at twice, nothing where H = 0.

    Holds for large pools, and for this pool alone: where another one fills later on, less gets in.  Chance,
    retries and searches that give up early are not in it.  Without ``seconds`` the offer lasts until the
    pool is full and for two mean times ``H + T`` more, or until nothing changes any more; rounded up.

    Units: seconds, connections a second, keys.  Raises :class:`~tuplecalc.errors.InputError` where no rate is
    offered, nothing limits it, or no flow gets through; :class:`~tuplecalc.errors.ChainError` for
    seconds or steps out of bounds.  Source: the fluid of M/G/∞, cut off at the pool; derived.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> course = over_time(capacity(example("outage")), seconds=1200)
    >>> course.limit.name, course.size, round(course.exhausted_after, 1), round(course.half_free_after, 1)
    ('shared', 64512.0, 548.6, 210.8)
    """
    offered = result.chain.traffic.offered
    if offered is None:
        raise InputError("exhaustion needs an offered rate; write `rate` under [traffic], or --rate 700")
    each, first = _first(result, offered)
    share = hottest(each)
    streams = tuple(_streams(each, float(offered * share)))
    hold = max(stream.course.hold for stream in streams)
    linger = max(float(lag) for _, lag in each.held)
    size = float(each.room)
    if seconds is None:
        most = first.seconds + 2 * _mean_time(each) if first else 1.5 * linger + _SETTLED * hold
        seconds = _told(most)
    ends = checks.number(seconds, "seconds", above=0)
    steps = checks.count(steps, "steps", least=1)
    dry = first.seconds if first and first.seconds < ends else None
    over = ends + linger + _SHOWN * hold
    turns = sorted({0.0, ends} if dry is None else {0.0, dry, ends})
    corners = _corners(turns, hold, {float(lag) for _, lag in each.held}, over, steps)

    endless = [stream._replace(course=Course(stream.course.hold, stream.course.lags)) for stream in streams]
    for stream in (*streams, *endless):
        stream.course.go_on(0.0, stream.rate)
    if dry is not None:
        for start, end in pairwise(_moments([*np.linspace(dry, ends, steps + 1), *corners], dry, ends)):
            _keep_full(streams, size, start, end)
    for stream in (*streams, *endless):
        stream.course.go_on(ends, 0.0)

    evenly = [moment for part in pairwise([*turns, over]) for moment in np.linspace(*part, _POINTS)]
    time = _moments([*evenly, *corners], 0.0, over)
    kinds = tuple(
        KindOverTime(
            kind,
            _frozen(sum(s.keys * s.course.at(moment).open for s in several) for moment in time),
            _frozen(sum(s.keys * s.course.lingering(moment) for s in several) for moment in time),
        )
        for kind in dict.fromkeys(stream.kind for stream in streams)
        for several in [[stream for stream in streams if stream.kind == kind]]
    )
    return Fluid(
        limit=each.limit,
        pools=each.number,
        share=share,
        size=size,
        use=float(_use(each, offered)),
        seconds=ends,
        exhausted_after=dry,
        half_free_after=_half_free(streams, size, ends, linger + NOTHING * hold),
        time=_frozen(time),
        open=_frozen(sum((kind.open for kind in kinds), np.zeros(len(time)))),
        lingering=_frozen(sum((kind.lingering for kind in kinds), np.zeros(len(time)))),
        demand=_frozen(_taken(endless, moment) for moment in time),
        kinds=kinds,
    )


class _Stream(NamedTuple):
    """Connections of one kind whose keys are all held for one mean time; each takes ``keys``."""

    kind: str
    keys: float
    rate: float
    course: Course


def _streams(each: Pools, rate: float) -> Iterator[_Stream]:
    """What comes to the pool at the rate that falls on it."""
    parts: dict[tuple[str, Fraction, Fraction], Fraction] = {}
    lags: dict[tuple[str, Fraction, Fraction], dict[Fraction, Fraction]] = {}
    for taking in each.takings:
        for (hold, lag), keys in taking.held.items():
            stream = taking.strand[0], hold, taking.keys
            parts[stream] = parts.get(stream, Fraction(0)) + taking.part * keys
            several = lags.setdefault(stream, {})
            several[lag] = several.get(lag, Fraction(0)) + taking.part * keys
    for stream, keys in parts.items():
        kind, hold, each_flow = stream
        of_keys = {float(lag): float(part / keys) for lag, part in lags[stream].items()}
        course = Course(float(hold), of_keys)
        yield _Stream(kind, float(each_flow), rate * float(keys / each_flow), course)


def _taken(streams: Iterable[_Stream], time: float) -> float:
    return sum(stream.keys * stream.course.taken(time) for stream in streams)


def _keep_full(streams: Sequence[_Stream], size: float, start: float, end: float) -> None:
    """Let in from ``start`` on what makes the pool full at ``end``."""
    missing, gains = size, dict[float, float]()
    for stream in streams:
        known, gain = stream.course.taken_by(start, end)
        missing -= stream.keys * known
        gains[stream.keys] = gains.get(stream.keys, 0.0) + stream.keys * gain * stream.rate
    if len(gains) == 1:
        ((_, gain),) = gains.items()
        for stream in streams:
            stream.course.go_on(start, stream.rate * missing / gain)
        return
    free = crossing(lambda x: sum(gain * x**keys for keys, gain in gains.items()) - missing, 0.0, 1.0)
    for stream in streams:
        stream.course.go_on(start, stream.rate * free**stream.keys)


def _frozen(values: Iterable[float]) -> Series:
    found = np.fromiter(values, float)
    found.flags.writeable = False
    return found


def _first(result: Capacity, rate: Fraction) -> tuple[Pools, Exhausted | None]:
    """The pools of the limit that runs dry first, and when; else of the one most in use."""
    if not result.flows:
        where = f"{result.binding.hop} {result.binding.name}"
        raise InputError(f"exhaustion: no connection gets through {where}, so nothing fills; make room there")
    found = pools(result)
    if not found:
        rule = "nothing limits the rate, so nothing fills"
        raise InputError(f"exhaustion: {rule}; write `hold` under [traffic], or a `time_wait` above 0")
    dry = [(each, time) for each in found if (time := exhausted(each, rate))]
    if dry:
        return min(dry, key=lambda pair: pair[1].seconds)
    return max(found, key=lambda each: _use(each, rate)), None


def _use(each: Pools, rate: Fraction) -> Fraction:
    seconds = sum((keys * sum(times) for times, keys in each.held.items()), Fraction(0))
    return rate * hottest(each) * seconds / each.room


def _mean_time(each: Pools) -> float:
    """For how long a key is taken."""
    held = each.held
    return float(sum(keys * sum(times) for times, keys in held.items()) / sum(held.values()))


def _told(seconds: float) -> float:
    """The next longer time that people would say.

    >>> [_told(seconds) for seconds in (0.0042, 41, 1209, 5000, 10**6)]
    [0.005, 45.0, 1500.0, 5400.0, 1036800.0]
    """
    unit = next((size for size in (86400.0, 3600.0, 60.0, 1.0) if seconds >= size), 0.0)
    if not unit or seconds >= 60 * unit:
        unit = 10.0 ** floor(log10(seconds / (unit or 1.0))) * (unit or 1.0)
    return unit * next(number for number in _NUMBERS if number * unit >= seconds * (1 - 1e-9))


def _half_free(streams: Sequence[_Stream], size: float, ends: float, longest: float) -> float:
    """Seconds from the end of the offer until no more than half is taken."""
    return crossing(lambda after: size / 2 - _taken(streams, ends + after), 0.0, longest)


def _corners(
    turns: Iterable[float], hold: float, lags: Iterable[float], until: float, most: int
) -> list[float]:
    """Where the curves may bend: whenever the accepted rate does, each linger after that, and soon after.

    Lingers that are short beside a step are left out: what they do within it is solved as a whole.
    """
    found = fresh = set(turns)
    steps = [linger for linger in lags if linger * most > until]
    while fresh and len(found) < most:
        fresh = {turn + linger for turn in fresh for linger in steps if turn + linger < until} - found
        found = found | fresh
    first = sorted(found)[: most // len(_FAN)]
    return [*found, *(corner + hold * later for corner in first for later in _FAN)]


def _moments(several: Iterable[float], begin: float, end: float) -> list[float]:
    """Those between begin and end in order, both included, without any that are the same but for rounding."""
    apart = _APART * end
    found = [begin]
    for moment in sorted(several):
        if found[-1] + apart < moment < end - apart:
            found.append(float(moment))
    return [*found, end]
