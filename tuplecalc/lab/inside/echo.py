"""The services: every byte goes back."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from tuplecalc.lab.inside.sockets import Loop, listener


class Echo:
    """Listens on ports of every local address and sends back what comes."""

    def __init__(self, loop: Loop, ports: Iterable[int]) -> None:
        self.loop = loop
        self.open: dict[int, socket.socket] = {}
        self.accepted = 0
        self.listeners = [listener("0.0.0.0", port) for port in ports]
        for sock in self.listeners:
            loop.watch(sock.fileno(), select.EPOLLIN, partial(self._accept, sock))

    def report(self) -> dict[str, int]:
        """Connections so far, and those that are open."""
        return {"accepted": self.accepted, "open": len(self.open)}

    def _accept(self, waiting: socket.socket, _: int) -> None:
        with suppress(BlockingIOError, ConnectionError):
            while True:
                sock, _ = waiting.accept()
                sock.setblocking(False)
                self.accepted += 1
                self.open[sock.fileno()] = sock
                self.loop.watch(sock.fileno(), select.EPOLLIN, partial(self._echo, sock))

    def _echo(self, sock: socket.socket, _: int) -> None:
        try:
            data = sock.recv(4096)
            if data:
                sock.send(data)
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.loop.forget(sock.fileno())
        self.open.pop(sock.fileno(), None)
        sock.close()
