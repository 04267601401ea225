"""A layer-7 proxy, small and real: accept, connect onwards as the plan says, hand bytes on."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

from tuplecalc.lab.inside.sockets import (
    NO_PORT_LEFT,
    Endpoint,
    Loop,
    Ports,
    abort,
    listener,
    open_files,
    original,
)

_GONE = select.EPOLLERR | select.EPOLLHUP


class Proxy:
    """Captures by ``tproxy``, ``nat`` or ``listen``; two connections for each flow.

    A client whose flow cannot be opened is reset, and ``errors`` counts what the kernel said.
    """

    def __init__(self, loop: Loop, spec: dict[str, Any]) -> None:
        self.loop = loop
        self.capture: str = spec["capture"]
        self.source: str = spec["source"]
        self.own: list[str] = spec["addresses"]
        self.onwards: list[Endpoint] = [(address, port) for address, port in spec["endpoints"]]
        self.ports = Ports(spec["ports"], spec["allocation"], transparent=self.source != "own")
        self.turn = 0
        self.open = self.most = self.accepted = 0
        self.errors: Counter[str] = Counter()
        transparent = self.capture == "tproxy"
        self.listeners = [
            listener(address, port, transparent=transparent) for address, port in spec["listen"]
        ]
        for sock in self.listeners:
            loop.watch(sock.fileno(), select.EPOLLIN, self._acceptor(sock))
        self.spare = os.open(os.devnull, os.O_RDONLY)
        if spec["max_files"] is not None:
            open_files(len(os.listdir("/proc/self/fd")) - 1 + spec["max_files"])  # noqa: PTH208

    def report(self) -> dict[str, Any]:
        """Flows that are open, the most there were, and what the kernel said."""
        return {"accepted": self.accepted, "open": self.open, "most": self.most, "errors": dict(self.errors)}

    def _acceptor(self, waiting: socket.socket) -> Callable[[int], None]:
        def accept(_: int) -> None:
            for _ in range(64):  # then let others have a turn
                try:
                    sock, peer = waiting.accept()
                except BlockingIOError:
                    return
                except OSError as error:
                    if error.errno != errno.EMFILE:
                        return
                    self._refuse(waiting)
                    continue
                self._begin(sock, peer)

        return accept

    def _refuse(self, waiting: socket.socket) -> None:
        """No descriptor is left: the spare one serves to take a client from the queue and reset it."""
        self.errors["EMFILE"] += 1
        os.close(self.spare)
        try:
            abort(waiting.accept()[0])
        except OSError:
            pass
        finally:
            self.spare = os.open(os.devnull, os.O_RDONLY)

    def _begin(self, client: socket.socket, peer: Endpoint) -> None:
        self.accepted += 1
        client.setblocking(False)
        try:
            upstream = self._connect(client, peer)
        except OSError as error:
            self._failed(client, error.errno or 0)
            return
        self.loop.watch(
            upstream.fileno(), select.EPOLLOUT, lambda events: self._opened(client, upstream, events)
        )

    def _connect(self, client: socket.socket, peer: Endpoint) -> socket.socket:
        last = OSError(errno.EADDRNOTAVAIL, "no ports")
        for to in self._targets(client):
            self.turn += 1
            if self.source == "client-port":
                try:
                    return self.ports.connect_from(peer, to)
                except OSError as error:
                    if error.errno not in NO_PORT_LEFT:
                        raise
                    last = error
                continue
            for number in range(len(self.own) if self.source == "own" else 1):
                own = self.own[(self.turn + number) % len(self.own)] if self.source == "own" else peer[0]
                try:
                    return self.ports.connect(own, to)
                except OSError as error:
                    if error.errno not in NO_PORT_LEFT:
                        raise
                    last = error
        raise last

    def _targets(self, client: socket.socket) -> list[Endpoint]:
        if self.capture == "tproxy":
            return [client.getsockname()]
        if self.capture == "nat":
            return [original(client)]
        first = self.turn % len(self.onwards)
        return self.onwards[first:] + self.onwards[:first]

    def _opened(self, client: socket.socket, upstream: socket.socket, events: int) -> None:
        code = upstream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code or events & _GONE:
            self.loop.forget(upstream.fileno())
            upstream.close()
            self._failed(client, code)
            return
        self.open += 1
        self.most = max(self.most, self.open)
        self.loop.watch(client.fileno(), select.EPOLLIN, lambda _: self._hand_on(client, upstream))
        self.loop.watch(upstream.fileno(), select.EPOLLIN, lambda _: self._hand_on(upstream, client))

    def _failed(self, client: socket.socket, code: int) -> None:
        self.errors[errno.errorcode.get(code, "closed")] += 1
        abort(client)

    def _hand_on(self, here: socket.socket, there: socket.socket) -> None:
        try:
            data = here.recv(4096)
            if data:
                there.send(data)
                return
            end: Callable[[socket.socket], None] = socket.socket.close
        except BlockingIOError:
            return
        except OSError:
            end = abort
        self.open -= 1
        for sock in (here, there):
            self.loop.forget(sock.fileno())
            end(sock)
