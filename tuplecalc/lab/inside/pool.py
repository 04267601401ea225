"""Flows of a proxy that share upstream connections, or have several: so many connections for each flow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from fractions import Fraction
from math import ceil
from socket import socket

from tuplecalc.lab.inside.sockets import reset


class Pool:
    """The upstream connections of all flows to one destination: ``ratio`` for each, rounded up."""

    def __init__(self, ratio: Fraction, connect: Callable[[], Awaitable[socket]]) -> None:
        self.ratio = ratio
        self.connect = connect
        self.lanes: list[_Lane] = []
        self.flows: list[_Flow] = []
        self.turn = 0
        self.lock = asyncio.Lock()  # one flow after the other: the next one needs what the last one opened

    async def begin(self, client: socket) -> None:
        """Join one more flow; ``OSError`` where the connections that it needs cannot be made."""
        async with self.lock:
            own: list[_Lane] = []
            try:
                while len(self.lanes) < self._needed(1):
                    own.append(await self._open())
            except OSError:
                self._close(own)
                raise
            self.turn += 1
            flow = _Flow(own or [self.lanes[self.turn % len(self.lanes)]], self._left)
            self.flows.append(flow)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: flow, client)

    def _needed(self, more: int = 0) -> int:
        return ceil(self.ratio * (len(self.flows) + more))

    async def _open(self) -> _Lane:
        loop, lane = asyncio.get_running_loop(), _Lane(self._lost)
        sock = await self.connect()
        self.lanes.append(lane)
        await loop.create_connection(lambda: lane, sock=sock)
        return lane

    def _left(self, flow: _Flow) -> None:
        if flow in self.flows:
            self.flows.remove(flow)
        self._close(flow.lanes)

    def _lost(self, lane: _Lane) -> None:
        """The other side has closed it: who uses it ends, and the newest ones if it was there for them."""
        if lane in self.lanes:
            self.lanes.remove(lane)
        for flow in list(lane.users):
            self._drop(flow)
        while len(self.lanes) < self._needed():
            self._drop(self.flows[-1])

    def _drop(self, flow: _Flow) -> None:
        if flow in self.flows:
            self.flows.remove(flow)
        flow.drop()

    def _close(self, lanes: list[_Lane]) -> None:
        """Close those that nobody uses, as far as there are more than the flows need."""
        for lane in lanes:
            if not lane.users and lane in self.lanes and len(self.lanes) > self._needed():
                self.lanes.remove(lane)
                lane.transport.close()


class _Lane(asyncio.Protocol):
    """A connection upstream: what comes back is for those who sent, in their order."""

    transport: asyncio.WriteTransport

    def __init__(self, lost: Callable[[_Lane], None]) -> None:
        self.lost = lost
        self.users: set[_Flow] = set()
        self.waiting: deque[_Flow] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for byte in data:
            self.waiting.popleft().answered(bytes([byte]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost(self)


class _Flow(asyncio.Protocol):
    """The client's side: each byte goes to all of its connections, and back once all have answered."""

    transport: asyncio.WriteTransport | None = None

    def __init__(self, lanes: list[_Lane], left: Callable[[_Flow], None]) -> None:
        self.lanes, self.left = lanes, left
        self.answers = 0
        self.is_dropped = False
        for lane in lanes:
            lane.users.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        if self.is_dropped:
            self.drop()

    def data_received(self, data: bytes) -> None:
        for byte in data:
            for lane in self.lanes:
                lane.waiting.append(self)
                lane.transport.write(bytes([byte]))

    def answered(self, byte: bytes) -> None:
        self.answers += 1
        if self.answers % len(self.lanes) == 0 and self.transport:
            self.transport.write(byte)

    def drop(self) -> None:
        """End it with a reset, as soon as there is something to end."""
        self.is_dropped = True
        if self.transport:
            reset(self.transport.get_extra_info("socket"))
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        for lane in self.lanes:
            lane.users.discard(self)
        self.left(self)
