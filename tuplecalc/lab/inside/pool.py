"""Flows of a proxy that share upstream connections, or have several: so many connections for each flow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from fractions import Fraction
from math import ceil
from socket import socket


class Pool:
    """The upstream connections of all flows to one destination: ``ratio`` for each, rounded up."""

    def __init__(self, ratio: Fraction, connect: Callable[[], Awaitable[socket]]) -> None:
        self.ratio = ratio
        self.connect = connect
        self.lanes: list[_Lane] = []
        self.flows = 0
        self.turn = 0
        self.lock = asyncio.Lock()  # one flow after the other: the next one needs what the last one opened

    async def begin(self, client: socket, gone: Callable[[], None]) -> None:
        """Join one more flow; ``OSError`` where the connections that it needs cannot be made."""
        async with self.lock:
            own: list[_Lane] = []
            try:
                while len(self.lanes) < ceil(self.ratio * (self.flows + 1)):
                    own.append(await self._open())
            except OSError:
                self._close(own)
                raise
            self.flows += 1
            self.turn += 1
            flow = _Flow(own or [self.lanes[self.turn % len(self.lanes)]], lambda: self._left(flow, gone))
        await asyncio.get_running_loop().connect_accepted_socket(lambda: flow, client)

    async def _open(self) -> _Lane:
        loop, lane = asyncio.get_running_loop(), _Lane()
        sock = await self.connect()
        await loop.create_connection(lambda: lane, sock=sock)
        self.lanes.append(lane)
        return lane

    def _left(self, flow: _Flow, gone: Callable[[], None]) -> None:
        self.flows -= 1
        self._close(flow.lanes)
        gone()

    def _close(self, lanes: list[_Lane]) -> None:
        """Close those that nobody uses, as far as there are more than the flows need."""
        for lane in lanes:
            if not lane.users and len(self.lanes) > ceil(self.ratio * self.flows):
                self.lanes.remove(lane)
                lane.transport.close()


class _Lane(asyncio.Protocol):
    """A connection upstream: what comes back is for those who sent, in their order."""

    transport: asyncio.WriteTransport

    def __init__(self) -> None:
        self.users = 0
        self.waiting: deque[_Flow] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for byte in data:
            self.waiting.popleft().answered(bytes([byte]))


class _Flow(asyncio.Protocol):
    """The client's side: each byte goes to all of its connections, and back once all have answered."""

    transport: asyncio.WriteTransport

    def __init__(self, lanes: list[_Lane], gone: Callable[[], None]) -> None:
        self.lanes, self.gone = lanes, gone
        self.answers = 0
        for lane in lanes:
            lane.users += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for byte in data:
            for lane in self.lanes:
                lane.waiting.append(self)
                lane.transport.write(bytes([byte]))

    def answered(self, byte: bytes) -> None:
        self.answers += 1
        if self.answers % len(self.lanes) == 0:
            self.transport.write(byte)

    def connection_lost(self, exc: Exception | None) -> None:
        for lane in self.lanes:
            lane.users -= 1
        self.gone()
