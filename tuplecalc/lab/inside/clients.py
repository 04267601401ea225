"""The clients: open connections until no more are admitted, and count those that still work."""

from __future__ import annotations

import errno
import select
import socket
from collections import Counter, deque
from contextlib import suppress
from functools import partial
from random import Random
from time import monotonic
from typing import Any

from tuplecalc.lab.inside.sockets import NO_PORT_LEFT, Endpoint, Loop, Ports, abort

_LEFTOVERS_SECONDS = 5.0  # lost SYNs of a proxy end, and tracking entries of closed connections
_FAILURES = 6


class Clients:
    """Opens flows evenly over sources and services, in waves, until a whole wave is in vain.

    The first wave is larger than the prediction, so that it is the chain that ends it; further ones
    look for room that is left where attempts meet by chance.  A flow is admitted once a byte has
    gone to the service and back.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.loop = Loop()
        self.addresses: list[str] = spec["addresses"]
        self.endpoints: list[Endpoint] = [(address, port) for address, port in spec["endpoints"]]
        self.ports = Ports(spec["ports"], spec["allocation"])
        self.window: int = spec["window"]
        self.patience: float = spec["patience"]
        self.ends = monotonic() + spec["seconds"]
        self.tried = 0
        self.order = list(range(len(self.endpoints)))
        self.random = Random(1)  # the same order in every run
        self.live: dict[int, socket.socket] = {}
        self.waiting: deque[tuple[float, int, socket.socket]] = deque()
        self.pending: dict[int, socket.socket] = {}
        self.full: set[tuple[int, int]] = set()
        self.errors: Counter[str] = Counter()
        self.looks = self._combinations

    def admit(self, first: int, more: int, waves: int, wanted: int) -> dict[str, Any]:
        """A wave of attempts, then smaller ones; what was admitted, and what still works.

        Where fewer than ``wanted`` were admitted, attempts may have taken room from each other: once
        what the failed ones left has gone, single ones look for the rest.
        """
        self._wave(first)
        for _ in range(waves):
            before = len(self.live)
            if monotonic() >= self.ends or len(self.full) == self._combinations:
                break
            self._wave(more)
            if len(self.live) <= before:
                break
        if len(self.live) < wanted and monotonic() < self.ends:
            self._rest(_LEFTOVERS_SECONDS)
            self._singly()
        admitted = len(self.live)
        return {
            "tried": self.tried,
            "admitted": admitted,
            "flows": self._round_trips(),
            "errors": dict(self.errors),
            "in_time": monotonic() < self.ends,
        }

    @property
    def _combinations(self) -> int:
        return len(self.addresses) * len(self.endpoints)

    def _rest(self, seconds: float) -> None:
        until = monotonic() + seconds
        while monotonic() < until:
            self.loop.turn(until - monotonic())

    def _singly(self) -> None:
        """One attempt after the other, until a few in a row are in vain."""
        failures = 0
        while failures < _FAILURES:
            before = len(self.live)
            self._wave(1)
            failures = 0 if len(self.live) > before else failures + 1
            if monotonic() >= self.ends or len(self.full) == self._combinations:
                break

    def _wave(self, attempts: int) -> None:
        left = attempts
        while left or self.pending:
            while left and len(self.pending) < self.window and monotonic() < self.ends:
                if not self._attempt():
                    left = 0
                    break
                left -= 1
            if monotonic() >= self.ends:
                left = 0
            self.loop.turn(0.05)
            self._give_up()

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
            try:
                sock = self.ports.connect(self.addresses[source], self.endpoints[service])
            except OSError as error:
                self.errors[errno.errorcode.get(error.errno or 0, "?")] += 1
                if error.errno not in NO_PORT_LEFT:
                    return False
                self.full.add((source, service))
                continue
            self._await(sock)
            return True
        return False

    def _await(self, sock: socket.socket) -> None:
        fd = sock.fileno()
        self.pending[fd] = sock
        self.waiting.append((monotonic() + self.patience, fd, sock))
        self.loop.watch(fd, select.EPOLLOUT, lambda _: self._connected(sock))

    def _connected(self, sock: socket.socket) -> None:
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._lost(sock, errno.errorcode.get(code, "?"))
            return
        try:
            sock.send(b"?")
        except OSError as error:
            self._lost(sock, errno.errorcode.get(error.errno or 0, "?"))
            return
        self.loop.watch(sock.fileno(), select.EPOLLIN, lambda _: self._answered(sock))

    def _answered(self, sock: socket.socket) -> None:
        try:
            answer = sock.recv(16)
        except OSError as error:
            self._lost(sock, errno.errorcode.get(error.errno or 0, "?"))
            return
        if not answer:
            self._lost(sock, "closed")
            return
        fd = sock.fileno()
        self.pending.pop(fd, None)
        self.loop.forget(fd)
        self.live[fd] = sock

    def _lost(self, sock: socket.socket, why: str) -> None:
        self.errors[why] += 1
        self.pending.pop(sock.fileno(), None)
        self.loop.forget(sock.fileno())
        abort(sock)

    def _give_up(self) -> None:
        """Attempts that were not answered in time: a SYN that something dropped without a word."""
        now = monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, fd, sock = self.waiting.popleft()
            if self.pending.get(fd) is sock:
                self._lost(sock, "no answer")

    def _round_trips(self) -> int:
        """How many of the admitted flows carry a byte there and back now that all are open."""
        answered: set[int] = set()

        def answer(sock: socket.socket, _: int) -> None:
            fd = sock.fileno()
            self.loop.forget(fd)
            with suppress(OSError):
                if sock.recv(16) == b"!":
                    answered.add(fd)

        for fd, sock in self.live.items():
            with suppress(OSError):
                sock.send(b"!")
                self.loop.watch(fd, select.EPOLLIN, partial(answer, sock))
        until = monotonic() + self.patience
        while self.loop.calls and monotonic() < until:
            self.loop.turn(0.05)
        return len(answered)
