"""The clients: open connections until no more are admitted, and count those that still work."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from random import Random
from time import monotonic
from typing import Any

from tuplecalc.lab.inside.sockets import NO_PORT_LEFT, Endpoint, Ports, abort

_LEFTOVERS_SECONDS = 5.0  # lost SYNs of a proxy end, and tracking entries of closed connections
_FAILURES = 6
_TICK = 0.005


class Clients:
    """Opens flows evenly over sources and services, in waves, until a whole wave is in vain.

    The first wave is larger than the prediction, so that it is the chain that ends it; further ones
    look for room that is left where attempts meet by chance.  A flow is admitted once a byte has
    gone to the service and back.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.addresses: list[str] = spec["addresses"]
        self.endpoints: list[Endpoint] = [(address, port) for address, port in spec["endpoints"]]
        self.ports = Ports(spec["ports"], spec["allocation"])
        self.window: int = spec["window"]
        self.patience: float = spec["patience"]
        self.ends = monotonic() + spec["seconds"]
        self.tried = 0
        self.order = list(range(len(self.endpoints)))
        self.random = Random(1)  # the same order in every run
        self.live: list[socket.socket] = []
        self.pending: set[asyncio.Task[None]] = set()
        self.full: set[tuple[int, int]] = set()
        self.errors: Counter[str] = Counter()
        self.combinations = self.looks = len(self.addresses) * len(self.endpoints)

    async def admit(self, first: int, more: int, waves: int, wanted: int) -> dict[str, Any]:
        """A wave of attempts, then smaller ones; what was admitted, and what still works.

        Where fewer than ``wanted`` were admitted, attempts may have taken room from each other: once
        what the failed ones left has gone, single ones look for the rest, until a few in a row are in vain.
        """
        await self._wave(first)
        for _ in range(waves):
            if self._is_over or not await self._wave(more):
                break
        if len(self.live) < wanted and monotonic() < self.ends:
            await asyncio.sleep(_LEFTOVERS_SECONDS)
            failures = 0
            while failures < _FAILURES:
                failures = 0 if await self._wave(1) else failures + 1
                if self._is_over:
                    break
        answers = await asyncio.gather(*map(self._is_working, self.live))
        return {"tried": self.tried, "flows": sum(answers), "errors": dict(self.errors)}

    @property
    def _is_over(self) -> bool:
        return monotonic() >= self.ends or len(self.full) == self.combinations

    async def _wave(self, attempts: int) -> int:
        """How many more are admitted after so many attempts."""
        before = len(self.live)
        for _ in range(attempts):
            while len(self.pending) >= self.window:
                await asyncio.sleep(_TICK)
            if monotonic() >= self.ends or not self._attempt():
                break
        if self.pending:
            await asyncio.wait(self.pending)
        return len(self.live) - before

    def _next(self) -> tuple[int, int]:
        """A service and a source: all services once, in an order that is another one each time.

        In a fixed order whatever else goes in turns on the way would keep in step with it, and some pairs
        would never meet.
        """
        turn, place = divmod(self.tried, len(self.order))
        if place == 0:
            self.random.shuffle(self.order)
        self.tried += 1
        return self.order[place], turn % len(self.addresses)

    def _attempt(self) -> bool:
        """One more connection; False where the clients themselves have no tuple left."""
        for _ in range(self.looks):
            service, source = self._next()
            if (source, service) in self.full:
                continue
            to = self.endpoints[service]
            try:
                sock = self.ports.connect(self.addresses[source], to)
            except OSError as error:
                self.errors[_name(error)] += 1
                if error.errno not in NO_PORT_LEFT:
                    return False
                self.full.add((source, service))
                continue
            task = asyncio.create_task(self._open(sock, to))
            self.pending.add(task)
            task.add_done_callback(self.pending.discard)
            return True
        return False

    async def _open(self, sock: socket.socket, to: Endpoint) -> None:
        """Wait for a byte to come back; a SYN that something drops without a word is given up in time."""
        try:
            async with asyncio.timeout(self.patience):
                await asyncio.get_running_loop().sock_connect(sock, to)
                why = "" if await _round_trip(sock, b"?") else "closed"
        except TimeoutError as error:
            why = "no answer" if error.errno is None else _name(error)
        except OSError as error:
            why = _name(error)
        if why:
            self.errors[why] += 1
            abort(sock)
        else:
            self._opened(sock)

    def _opened(self, sock: socket.socket) -> None:
        self.live.append(sock)

    async def _is_working(self, sock: socket.socket) -> bool:
        """Whether an admitted flow carries a byte there and back now that all are open."""
        try:
            async with asyncio.timeout(self.patience):
                return await _round_trip(sock, b"!") == b"!"
        except OSError:
            return False


async def _round_trip(sock: socket.socket, byte: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, byte)
    return await loop.sock_recv(sock, 16)


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "?")
