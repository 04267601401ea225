"""Layer-7 proxies, small and real: accept, connect onwards as the plan says, hand bytes on."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import Counter
from fractions import Fraction
from functools import partial
from typing import Any

from tuplecalc.lab.inside.pool import Pool
from tuplecalc.lab.inside.series import NAME
from tuplecalc.lab.inside.sockets import (
    NO_PORT_LEFT,
    Endpoint,
    Ports,
    abort,
    listener,
    marked,
    open_files,
    original,
    reset,
)


def limit_files(most: int | None) -> None:
    """Let this process open so many more files, if there is a limit."""
    if most is not None:
        open_files(len(os.listdir("/proc/self/fd")) - 1 + most)  # noqa: PTH208


class Proxy:
    """Captures by ``tproxy``, ``nat`` or ``listen``; two connections for each flow, or some from a pool.

    A client whose flow cannot be opened is reset, and ``errors`` counts what the kernel said.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.hop: str = spec["hop"]
        self.capture: str = spec["capture"]
        self.source: str = spec["source"]
        self.own: list[str] = spec["addresses"]
        self.onwards: dict[int, list[Endpoint]] = {
            mark: [(address, port) for address, port in endpoints] for mark, endpoints in spec["endpoints"]
        }
        self.ratios = {mark: Fraction(*ratio) for mark, ratio in spec["upstream"]}
        self.pools: dict[tuple[int, Endpoint | None], Pool] = {}
        self.ports = Ports(spec["ports"], spec["allocation"], transparent=self.source != "own")
        self.turn = self.open = 0
        self.errors: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()
        self.legs: set[_Leg] = set()  # towards the clients
        for address, port in spec["listen"]:
            waiting = listener(address, port, transparent=self.capture == "tproxy")
            asyncio.get_running_loop().add_reader(waiting, self._accept, waiting)
        self.spare = os.open(os.devnull, os.O_RDONLY)

    def report(self) -> dict[str, Any]:
        """Flows that are open, the connections of its pools, and what the kernel said."""
        pools = self.pools.values()
        return {
            "hop": self.hop,
            "open": self.open + sum(len(pool.flows) for pool in pools),
            "pooled": sum(len(pool.lanes) for pool in pools),
            "errors": dict(self.errors),
        }

    def forget(self, names: list[str]) -> None:
        """Close the flows of these names, and those that never said theirs: dead ones hear of no end."""
        for leg in [each for each in self.legs if each.name in ("", *names)]:
            for end in (leg.transport, leg.other.transport):
                if end:
                    reset(end.get_extra_info("socket"))
                    end.abort()

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
        try:
            mark, to = marked(client), self._aim(client)
            if mark in self.ratios:
                await self._join(client, peer, mark, to)
            else:
                await self._pair(client, peer, mark, to)
        except OSError as error:
            self.errors[errno.errorcode.get(error.errno or 0, "closed")] += 1
            abort(client)

    def _aim(self, client: socket.socket) -> Endpoint | None:
        """Where a client wanted to; None where that was the proxy itself."""
        if self.capture == "tproxy":
            address, port = client.getsockname()
            return address, port
        return original(client) if self.capture == "nat" else None

    async def _pair(self, client: socket.socket, peer: Endpoint, mark: int, to: Endpoint | None) -> None:
        """One connection upstream for the flow alone."""
        loop = asyncio.get_running_loop()
        here, there = _Leg(self), _Leg(self)
        here.other, there.other = there, here
        upstream = await self._upstream(peer, mark, to)
        self.open += 1
        self.legs.add(here)
        await loop.create_connection(lambda: there, sock=upstream)
        await loop.connect_accepted_socket(lambda: here, client)

    async def _join(self, client: socket.socket, peer: Endpoint, mark: int, to: Endpoint | None) -> None:
        """A place in the pool of the flow's destination."""
        if (mark, to) not in self.pools:
            self.pools[mark, to] = Pool(self.ratios[mark], partial(self._upstream, peer, mark, to))
        await self.pools[mark, to].begin(client)

    async def _upstream(self, peer: Endpoint, mark: int, to: Endpoint | None) -> socket.socket:
        upstream, there = self._connect(peer, mark, to)
        try:
            await asyncio.get_running_loop().sock_connect(upstream, there)
        except OSError:
            upstream.close()
            raise
        return upstream

    def _connect(self, peer: Endpoint, mark: int, aim: Endpoint | None) -> tuple[socket.socket, Endpoint]:
        last = OSError(errno.EADDRNOTAVAIL, "no ports")
        for to in [aim] if aim else self._in_turn(self.onwards[mark]):
            self.turn += 1
            turned = self.turn % len(self.own) if self.own else 0
            for own in self.own[turned:] + self.own[:turned] if self.source == "own" else [peer[0]]:
                try:
                    if self.source == "client-port":
                        return self.ports.connect_from(peer, to, mark), to
                    return self.ports.connect(own, to, mark), to
                except OSError as error:
                    if error.errno not in NO_PORT_LEFT:
                        raise
                    last = error
        raise last

    def _in_turn(self, onwards: list[Endpoint]) -> list[Endpoint]:
        first = self.turn % len(onwards)
        return onwards[first:] + onwards[:first]


class _Leg(asyncio.Protocol):
    """One connection of a flow: what it gets goes to the other one, which ends as it does."""

    other: _Leg
    transport: asyncio.Transport | None = None
    name = ""
    """The first word that it got: a flow's name (:class:`~tuplecalc.lab.inside.series.Series`)."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.name = self.name or data[:NAME].decode()
        if self.other.transport:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport, other = None, self.other.transport
        self.proxy.legs.discard(self)
        if other is None:  # it has ended first
            return
        self.other.transport = None
        self.proxy.open -= 1
        if exc:
            reset(other.get_extra_info("socket"))
        other.close()
