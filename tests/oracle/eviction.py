"""The port search of Linux since 6.5, run probe by probe on a table that is full of closed entries.

Written from the loop of nf_nat_l4proto_unique_tuple: of each window the last 32 probes may take a closed
entry, each with a coin, since the sequence number has to be ahead.  No formula of the package is used here.
"""

from collections import deque
from heapq import heappop, heappush
from random import Random

OPEN, CLOSED = 1, 0


class EvictingTable:
    """Ports towards one destination, each with an entry that is open or closed."""

    def __init__(self, ports: int, windows: tuple[int, ...], seed: int = 1) -> None:
        self.state, self.windows, self.random = bytearray(ports), windows, Random(seed)

    def search(self) -> int:
        """The port that a new connection gets, -1 if it gets none."""
        ports, state = len(self.state), self.state
        for window in self.windows:
            start = int(self.random.random() * ports) + max(0, window - 32)
            at, end = start, start + min(32, window)
            while at < end:
                low, high = at % ports, min(ports, at % ports + end - at)
                found = state.find(CLOSED, low, high)
                if found < 0:
                    at += high - low
                elif self.random.random() < 0.5:
                    return found
                else:
                    at += found - low + 1
        return -1

    def steady(self, in_use: int, searches: int, turnovers: float = 10) -> float:
        """The share of searches that fail where for each that finds a port the oldest connection closes."""
        self.state[:] = bytes(len(self.state))
        order = deque(self.random.sample(range(len(self.state)), in_use))
        for port in order:
            self.state[port] = OPEN
        failed, warm = 0, round(turnovers * in_use)
        for attempt in range(warm + searches):
            port = self.search()
            if port < 0:
                failed += attempt >= warm
            else:
                self.state[port] = OPEN
                order.append(port)
                self.state[order.popleft()] = CLOSED
        return failed / searches

    def served(self, load: float, seconds: float, warm: float) -> tuple[float, float]:
        """Poisson arrivals that are open for 1 s: shares served at once, and with SYNs at 1 s and 3 s."""
        rate, now, events = load * len(self.state), 0.0, [(0.0, -1, False)]
        new = first = soon = 0
        while now < seconds:
            now, what, counts = heappop(events)
            if what >= 0:
                self.state[what] = CLOSED
                continue
            if what == -1:
                heappush(events, (now + self.random.expovariate(rate), -1, False))
                counts = warm < now < seconds - 4
                new += counts
            port = self.search()
            if port >= 0:
                self.state[port] = OPEN
                heappush(events, (now + 1, port, False))
                first += counts and what == -1
                soon += counts
            elif what > -3:
                heappush(events, (now - what, what - 1, counts))
        return first / new, soon / new
