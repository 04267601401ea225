"""A layer-7 proxy, small and real: accept, connect onwards as the plan says, hand bytes on."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import Counter
from typing import Any

from tuplecalc.lab.inside.sockets import (
    NO_PORT_LEFT,
    Endpoint,
    Ports,
    abort,
    listener,
    open_files,
    original,
    reset,
)


class Proxy:
    """Captures by ``tproxy``, ``nat`` or ``listen``; two connections for each flow.

    A client whose flow cannot be opened is reset, and ``errors`` counts what the kernel said.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.capture: str = spec["capture"]
        self.source: str = spec["source"]
        self.own: list[str] = spec["addresses"]
        self.onwards: list[Endpoint] = [(address, port) for address, port in spec["endpoints"]]
        self.ports = Ports(spec["ports"], spec["allocation"], transparent=self.source != "own")
        self.turn = self.open = 0
        self.errors: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()
        for address, port in spec["listen"]:
            waiting = listener(address, port, transparent=self.capture == "tproxy")
            asyncio.get_running_loop().add_reader(waiting, self._accept, waiting)
        self.spare = os.open(os.devnull, os.O_RDONLY)
        if spec["max_files"] is not None:
            open_files(len(os.listdir("/proc/self/fd")) - 1 + spec["max_files"])  # noqa: PTH208

    def report(self) -> dict[str, Any]:
        """Flows that are open, and what the kernel said."""
        return {"open": self.open, "errors": dict(self.errors)}

    def _accept(self, waiting: socket.socket) -> None:
        for _ in range(64):  # then let others have a turn
            try:
                sock, peer = waiting.accept()
            except OSError as error:
                if error.errno != errno.EMFILE:
                    return
                self._refuse(waiting)
                continue
            task = asyncio.create_task(self._begin(sock, peer))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

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

    async def _begin(self, client: socket.socket, peer: Endpoint) -> None:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        here, there = _Leg(self), _Leg(self)
        here.other, there.other = there, here
        try:
            upstream, to = self._connect(client, peer)
            try:
                await loop.sock_connect(upstream, to)
            except OSError:
                upstream.close()
                raise
        except OSError as error:
            self.errors[errno.errorcode.get(error.errno or 0, "closed")] += 1
            abort(client)
            return
        self.open += 1
        await loop.create_connection(lambda: there, sock=upstream)
        await loop.connect_accepted_socket(lambda: here, client)

    def _connect(self, client: socket.socket, peer: Endpoint) -> tuple[socket.socket, Endpoint]:
        last = OSError(errno.EADDRNOTAVAIL, "no ports")
        for to in self._targets(client):
            self.turn += 1
            turned = self.turn % len(self.own) if self.own else 0
            for own in self.own[turned:] + self.own[:turned] if self.source == "own" else [peer[0]]:
                try:
                    if self.source == "client-port":
                        return self.ports.connect_from(peer, to), to
                    return self.ports.connect(own, to), to
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


class _Leg(asyncio.Protocol):
    """One connection of a flow: what it gets goes to the other one, which ends as it does."""

    other: _Leg
    transport: asyncio.Transport | None = None

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other.transport:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport, other = None, self.other.transport
        if other is None:  # it has ended first
            return
        self.other.transport = None
        self.proxy.open -= 1
        if exc:
            reset(other.get_extra_info("socket"))
        other.close()
