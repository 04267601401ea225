"""The port search of a NAT, run probe by probe on a table of used ports."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import chain, pairwise, repeat
from math import sqrt
from statistics import fmean, variance
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tuplecalc.errors import reject
from tuplecalc.under_load.checks import count, number, share, word
from tuplecalc.under_load.search import LAST_PROBES, Search, evictable, ports_in_use, windows
from tuplecalc.under_load.transients import LAWS, Law

_FREE, _OPEN, _CLOSING = 0, 1, 2
_BATCHES = 20
_BLOCK = 4096
_OFFSETS = 65536


class SearchRun(NamedTuple):
    """What a simulation saw at a fixed number of used ports.

    ``exact`` is the mean, over 20 snapshots of the table, of the failure probability that follows exactly
    from where the used ports lie: it also resolves failures too rare to be counted.
    """

    ports: int
    in_use: int
    searches: int
    failures: int
    mean_probes: float
    """Ports looked at by one search, the original source port not counted."""
    standard_error: float
    """Of ``share``: the larger of the binomial one and that of the means of 20 batches in a row."""
    exact: float

    @property
    def share(self) -> float:
        """The share of the searches that failed."""
        return self.failures / self.searches


class _Entries(Protocol):
    def add(self, port: int) -> None: ...
    def remove(self, port: int) -> None: ...
    def leave(self) -> int: ...


class _Random:
    """Entries of which a random one leaves next: exponential lifetimes."""

    def __init__(self, random: Callable[[], float], ports: int) -> None:
        self._random = random
        self._entries: list[int] = []
        self._place = [0] * ports

    def add(self, port: int) -> None:
        self._place[port] = len(self._entries)
        self._entries.append(port)

    def remove(self, port: int) -> None:
        place, last = self._place[port], self._entries.pop()
        if last != port:
            self._entries[place] = last
            self._place[last] = place

    def leave(self) -> int:
        port = self._entries[int(self._random() * len(self._entries))]
        self.remove(port)
        return port


class _Oldest:
    """Entries of which the oldest leaves next: fixed lifetimes."""

    def __init__(self) -> None:
        self._entries: OrderedDict[int, None] = OrderedDict()

    def add(self, port: int) -> None:
        self._entries[port] = None

    def remove(self, port: int) -> None:
        del self._entries[port]

    def leave(self) -> int:
        return self._entries.popitem(last=False)[0]


class _Table:
    """The ports towards one destination, and the search through them."""

    def __init__(
        self,
        *,
        ports: int,
        in_use: int,
        search: Search,
        original_first: bool,
        modulo_bias: bool | None,
        evict_chance: float,
        seed: int,
    ) -> None:
        self.in_use, self.ports = ports_in_use(in_use, ports)
        self.windows = windows(search, self.ports)
        self.period = _period(self.ports, search, modulo_bias)
        self.original_first = original_first
        self.evict_chance = evict_chance
        self.state = bytearray(self.ports)
        self.probes = 0
        self._shuffle, starts, originals, chances = np.random.default_rng(count(seed, "seed")).spawn(4)
        self._offset: Callable[[], int] = _stream(lambda: starts.integers(self.period, size=_BLOCK))
        self._original: Callable[[], int] = _stream(lambda: originals.integers(self.ports, size=_BLOCK))
        self.random: Callable[[], float] = _stream(lambda: chances.random(_BLOCK))

    def shuffled(self) -> list[int]:
        """All ports in a random order."""
        return list(map(int, self._shuffle.permutation(self.ports)))

    def search(self) -> int:
        """The port that a new connection gets, -1 if it gets none."""
        state, ports, period, find = self.state, self.ports, self.period, self.state.find
        if self.original_first:
            port = self._original()
            if not state[port]:
                return port
        for window in self.windows:
            offset = self._offset()
            start = offset % ports
            if self.evict_chance or start + window > ports or offset + window > period:
                port = self._piecewise(offset, window)
                if port >= 0:
                    return port
                continue
            port = find(_FREE, start, start + window)
            if port >= 0:
                self.probes += port - start + 1
                return port
            self.probes += window
        return -1

    def _piecewise(self, offset: int, window: int) -> int:
        """One window that wraps, or whose last probes may evict."""
        patient = max(window - LAST_PROBES, 0) if self.evict_chance else window
        done = 0
        while done < window:
            start = offset % self.ports
            limit = patient if done < patient else window
            end = start + min(limit - done, self.ports - start, self.period - offset)
            port = self.state.find(_FREE, start, end)
            if done >= patient:
                port = self._evicted(start, end if port < 0 else port, port)
            if port >= 0:
                self.probes += port - start + 1
                return port
            self.probes += end - start
            done += end - start
            offset = (offset + end - start) % self.period
        return -1

    def _evicted(self, start: int, end: int, otherwise: int) -> int:
        port = self.state.find(_CLOSING, start, end)
        while port >= 0:
            if self.random() < self.evict_chance:
                return port
            port = self.state.find(_CLOSING, port + 1, end)
        return otherwise

    def measure(self, one: Callable[[], bool], searches: int) -> SearchRun:
        """Counts the failures of ``one``, in batches; a snapshot of the table after each."""
        searches = count(searches, "searches", least=1)
        edges = [searches * i // _BATCHES for i in range(_BATCHES + 1)]
        sizes = [end - start for start, end in pairwise(edges) if end > start]
        self.probes = 0
        failed, chances, seen = [], [], b""
        for size in sizes:
            failed.append(sum(not one() for _ in range(size)))
            if self.state != seen:
                seen = bytes(self.state)
                chance = failure_given(
                    seen,
                    self.windows,
                    original_first=self.original_first,
                    modulo_bias=self.period != self.ports,
                    evict_chance=self.evict_chance,
                )
            chances.append(chance)
        total = sum(failed)
        error = sqrt(total * (searches - total) / searches**3)
        if len(sizes) > 1:
            shares = [part / size for part, size in zip(failed, sizes, strict=True)]
            error = max(error, sqrt(variance(shares) / len(shares)))
        probes = self.probes / searches
        return SearchRun(self.ports, self.in_use, searches, total, probes, error, fmean(chances))


def simulate_search(
    ports: int,
    in_use: int,
    *,
    search: Search = "linux",
    searches: int = 1_000_000,
    lifetimes: Law = "exponential",
    warm_up_turnovers: float = 20,
    original_first: bool = True,
    modulo_bias: bool | None = None,
    closing: int = 0,
    evict_chance: float = 0.5,
    seed: int = 0,
) -> SearchRun:
    """How often searches fail in the steady state, each meeting exactly ``in_use`` used ports.

    A closed loop: a search runs; if it finds a port, one entry leaves, a random one (exponential lifetimes)
    or the oldest (fixed lifetimes).  A search that fails is counted and changes nothing; the next one is
    another client's.  The used ports start anywhere, and every used port is replaced ``warm_up_turnovers``
    times before anything is counted.  Fixed lifetimes settle slowly: with 64,512 ports the share still
    doubles between 20 and 500 turnovers at 0.95 and above (1.5e-2, then 3.1e-2 at 0.95).

    ``original_first``: the client's own port, uniform over the range, is tried before the search.
    ``modulo_bias``: starts are ``u16 % ports`` and the u16 wraps, as in the kernel; None: for "linux" only.

    ``closing`` of the used ports are in TIME_WAIT or CLOSE.  Each of the last 32 probes of a window takes
    such a port with ``evict_chance``.  After a success one open entry starts closing and, unless one was
    evicted, one closing entry leaves, both by the same rule of lifetimes.

    About 2.5 µs for one search on one core at 64,512 ports and 0.95.  Raises TopologyError unless
    0 ≤ closing ≤ in_use ≤ ports; with the bias, for more than 65,536 ports.  Source: the loop of the kernel's
    nf_nat_l4proto_unique_tuple, read; the model of arrivals and lifetimes is the project's.

    >>> run = simulate_search(256, 250, searches=2000, seed=1)
    >>> run.failures, run == simulate_search(256, 250, searches=2000, seed=1)
    (19, True)
    """
    in_use, ports = ports_in_use(in_use, ports)
    closing, evict_chance = evictable(closing, in_use, search), share(evict_chance, "evict_chance")
    warm_up_turnovers = number(warm_up_turnovers, "warm_up_turnovers")
    table = _Table(
        ports=ports,
        in_use=in_use,
        search=search,
        original_first=original_first,
        modulo_bias=modulo_bias,
        evict_chance=evict_chance if closing else 0.0,
        seed=seed,
    )
    opened, closed = _entries(lifetimes, table), _entries(lifetimes, table)
    state = table.state
    for place, port in enumerate(table.shuffled()[:in_use]):
        state[port], entries = (_CLOSING, closed) if place < closing else (_OPEN, opened)
        entries.add(port)

    def one() -> bool:
        port = table.search()
        if port < 0:
            return False
        evicts = state[port]
        if evicts:
            closed.remove(port)
        state[port] = _OPEN
        opened.add(port)
        leaving = opened.leave()
        if closing:
            state[leaving] = _CLOSING
            closed.add(leaving)
            if evicts:
                return True
            leaving = closed.leave()
        state[leaving] = _FREE
        return True

    for _ in range(round(warm_up_turnovers * in_use)):
        one()
    return table.measure(one, searches)


def simulate_fill(
    ports: int,
    in_use: int,
    *,
    search: Search = "linux",
    searches: int = 1_000_000,
    original_first: bool = True,
    modulo_bias: bool | None = None,
    seed: int = 0,
) -> SearchRun:
    """How often searches fail once an empty range has filled up to ``in_use`` and nothing was released.

    The searches that are counted leave the table as it is.  This is the case that
    :func:`~tuplecalc.under_load.search.failure_upper` bounds, without the bias and the original port.
    The other arguments are those of :func:`simulate_search`.

    Raises TopologyError unless 0 ≤ in_use ≤ ports.  Source: as :func:`simulate_search`.

    >>> simulate_fill(4096, 3891, searches=1000, original_first=False, modulo_bias=False).failures
    74
    """
    table = _Table(
        ports=ports,
        in_use=in_use,
        search=search,
        original_first=original_first,
        modulo_bias=modulo_bias,
        evict_chance=0.0,
        seed=seed,
    )
    used = 0
    while used < table.in_use:
        port = table.search()
        if port >= 0:
            table.state[port] = _OPEN
            used += 1
    return table.measure(lambda: table.search() >= 0, searches)


def failure_given(
    used: bytes | bytearray,
    search: Search = "linux",
    *,
    original_first: bool = False,
    modulo_bias: bool | None = None,
    evict_chance: float = 0.0,
) -> float:
    """The exact probability that a search fails, given which ports are in use.

    ``used`` has one byte a port: 0 free, 1 open, 2 closing.  The windows start independently, so this is the
    product, over the windows, of the share of starts whose window has no free port; with an
    ``evict_chance`` p each start counts ``(1−p)`` for every closing port in the last 32 of its window.

    Raises TopologyError for no ports or a search that does not exist.  Source: counting.

    >>> failure_given(bytes([1, 1, 1, 0]), (2,)), failure_given(bytes([1, 0, 1, 0]), (2, 1))
    (0.5, 0.0)
    """
    ports = len(used)
    parts = windows(search, ports)
    period = _period(ports, search, modulo_bias)
    stays = 1 - share(evict_chance, "evict_chance")
    state = np.frombuffer(used, dtype=np.uint8)
    around = np.tile(np.resize(state, period), 2)
    free = np.concatenate([[0], np.cumsum(around == _FREE)])
    closing = np.concatenate([[0], np.cumsum(around == _CLOSING)])
    starts = np.arange(period)
    chance = float(np.mean(state != _FREE)) if original_first else 1.0
    for window, times in Counter(parts).items():
        full = free[starts + window] == free[starts]
        evictable = closing[starts + window] - closing[starts + max(window - LAST_PROBES, 0)]
        chance *= float(np.mean(full * stays**evictable)) ** times
    return chance


def _entries(lifetimes: Law, table: _Table) -> _Entries:
    if word(lifetimes, "lifetimes", LAWS) == "fixed":
        return _Oldest()
    return _Random(table.random, table.ports)


def _period(ports: int, search: Search, modulo_bias: bool | None) -> int:
    """How many offsets a start is drawn from; counting on from one wraps there."""
    biased = search == "linux" if modulo_bias is None else modulo_bias
    if not biased:
        return ports
    if ports > _OFFSETS:
        raise reject(ports, "a 16-bit start reaches 65536 ports", "set modulo_bias to False", "ports")
    return _OFFSETS


def _stream(block: Callable[[], npt.NDArray[Any]]) -> Callable[[], Any]:
    """Random numbers one by one, drawn in blocks."""
    return chain.from_iterable(block().tolist() for _ in repeat(None)).__next__
