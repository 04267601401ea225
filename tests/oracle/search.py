"""The port search of a NAT, run probe by probe on a table of used ports.

Written from the loop of the kernel's nf_nat_l4proto_unique_tuple: windows of consecutive ports, each from a
random start.  No formula of the package is used here.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from random import Random
from statistics import fmean
from typing import NamedTuple

import numpy as np


class Seen(NamedTuple):
    """The share of searches that failed, and the mean of what the tables at that time make of it exactly."""

    share: float
    exact: float


class Table:
    """Ports towards one destination.

    ``period`` is how many offsets a start is drawn from, where counting on wraps: 65,536 for the kernel's
    ``u16 % ports``.  ``original_first``: the client's own port, any of the range, is tried before the search.
    """

    def __init__(
        self,
        ports: int,
        windows: Sequence[int],
        *,
        seed: int = 1,
        period: int | None = None,
        original_first: bool = False,
    ) -> None:
        self.used, self.windows = bytearray(ports), windows
        self.random, self.period, self.original_first = Random(seed), period or ports, original_first

    def search(self) -> int:
        """The port that a new connection gets, -1 if it gets none."""
        ports = len(self.used)
        if self.original_first and not self.used[port := int(self.random.random() * ports)]:
            return port
        for window in self.windows:
            offset, left = int(self.random.random() * self.period), window
            while left:
                start = offset % ports
                step = min(left, ports - start, self.period - offset)
                if (port := self.used.find(0, start, start + step)) >= 0:
                    return port
                left, offset = left - step, (offset + step) % self.period
        return -1

    def fill(self, in_use: int) -> None:
        """From empty, nothing released."""
        while in_use:
            if (port := self.search()) >= 0:
                self.used[port], in_use = 1, in_use - 1

    def exact(self) -> float:
        """How often a search fails now: of each window the share of starts that see no free port."""
        around = np.tile(np.resize(np.frombuffer(self.used, dtype=np.uint8), self.period), 2)
        free = np.concatenate([[0], np.cumsum(around == 0)])
        starts = np.arange(self.period)
        chance = sum(self.used) / len(self.used) if self.original_first else 1.0
        for window, times in Counter(self.windows).items():
            chance *= float(np.mean(free[starts + window] == free[starts])) ** times
        return chance

    def steady(self, in_use: int, searches: int, *, fixed: bool = False, turnovers: float = 20) -> Seen:
        """A closed loop: where a search finds a port an entry leaves, the oldest (fixed) or any (random)."""
        entries = OrderedDict.fromkeys(self.random.sample(range(len(self.used)), in_use))
        order = list(entries)
        for port in order:
            self.used[port] = 1
        failed, exact, warm = 0, [], round(turnovers * in_use)
        for attempt in range(warm + searches):
            port = self.search()
            if port < 0:
                failed += attempt >= warm
            elif fixed:
                self.used[port] = entries[port] = 1
                self.used[entries.popitem(last=False)[0]] = 0
            else:
                self.used[port] = 1
                order.append(port)
                place = int(self.random.random() * len(order))
                order[place], order[-1] = order[-1], order[place]
                self.used[order.pop()] = 0
            if attempt >= warm and (attempt - warm) % (searches // 20) == 0:
                exact.append(self.exact())
        return Seen(failed / searches, fmean(exact))
