"""The clients at work: connections opened and closed again, as many a second as the chain sustains."""

from __future__ import annotations

import asyncio
import socket
from math import inf
from random import Random
from time import monotonic
from typing import Any

from tuplecalc.lab.inside.clients import Clients, Strand
from tuplecalc.lab.inside.sockets import Endpoint

_TICK = 0.005
_LOOKS = 4


class Pace(Clients):
    """Opens more connections a second than the chain sustains, closes each after one byte, and counts.

    The clients close first, so that the tuple lingers in TIME_WAIT at the side that chose its port.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        self.done: list[float] = []
        self.hold = 0.0
        self.offered = self.served = 0
        self.counted_from = inf
        self.counts = dict.fromkeys(self.strands, 0)  # opened, or being opened
        for strand in self.strands:
            strand.looks = min(strand.looks, _LOOKS)  # who has no port now has one again by the next turn

    async def sustain(self, offered: float, delay: float, periods: int) -> dict[str, Any]:
        """Completed connections a second over whole ``periods`` of the delay, after one to fill the chain.

        Within each period every tuple serves once, so that whole periods have no edge.
        """
        began = monotonic()
        begun, ends = 0, began + delay * (1 + periods)
        while (now := monotonic()) < min(ends, self.ends):
            due = int((now - began) * offered)
            while begun < due and len(self.pending) < self.window:
                begun += 1
                self._attempt(self._lagging())
            begun = max(begun, due - self.window)  # a late turn does not offer a burst
            await asyncio.sleep(_TICK)
        for task in self.pending:
            task.cancel()
        counted = sum(began + delay <= at < ends for at in self.done)
        return {"rate": counted / (delay * periods)}

    def _lagging(self) -> Strand:
        """The strand that has least of its part: one that finds no room holds the others back."""
        strand = min(self.strands, key=lambda each: self.counts[each] / each.weight)
        strand.full.clear()  # what is full now is free again later
        return strand

    async def offer(self, rate: float, hold: float, seconds: float) -> dict[str, int]:
        """Connections at random moments, held for so long: those offered and served once the first end."""
        self.hold = hold
        self.counted_from = monotonic() + hold
        began = due = monotonic()
        random = Random()
        while (now := monotonic()) < min(began + hold + seconds, self.ends):
            while due <= now:
                self._attempt(self._lagging())
                due += random.expovariate(rate)
            await asyncio.sleep(_TICK)
        await asyncio.gather(*self.pending)
        return {"offered": self.offered, "served": self.served}

    async def _open(self, strand: Strand, sock: socket.socket, to: Endpoint) -> bool:
        self.counts[strand] += 1
        is_counted = monotonic() >= self.counted_from
        self.offered += is_counted
        try:
            is_open = await super()._open(strand, sock, to)
        finally:
            self.counts[strand] -= 1
        self.served += is_open and is_counted
        return is_open

    def _opened(self, strand: Strand, sock: socket.socket) -> None:
        self.done.append(monotonic())
        self.counts[strand] += 1
        asyncio.get_running_loop().call_later(self.hold, sock.close)
