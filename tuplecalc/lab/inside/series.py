"""The clients where ports are chosen blindly: one flow after the other, so that one leg is the newer."""

from __future__ import annotations

import asyncio
import socket
from random import Random
from time import monotonic
from typing import Any

from tuplecalc.lab.inside.clients import Clients, name_of, round_trip
from tuplecalc.lab.inside.sockets import Endpoint, abort

_TRIES = 150
"""Attempts for one flow: a device in between may draw one of several addresses, of which few have room."""
_SYN_SECONDS = 0.1  # a SYN that is dropped holds nothing, and is not sent again
_FIRST_SECONDS = 0.2  # a flow may be dead at once: both of its legs may have one tuple
NAME = 8
"""Characters of a flow's name, which it says first."""


class Series(Clients):
    """Flows that all stay open, dead or not, until they are told to close.

    Each says its name first: whoever holds a part of a dead one hears of its end by that (``forget``), since
    nothing else reaches it, and a new connection would hit what is left.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        (self.strand,) = self.strands
        self.flows: dict[str, socket.socket] = {}  # the oldest first
        self.born = 0
        self.random = Random()

    async def open(self, flows: int) -> dict[str, Any]:
        """So many more, or as many as find room; all that are open now."""
        for _ in range(flows):
            if monotonic() >= self.ends or not await self._one():
                break
        return {"open": len(self.flows), "tried": self.strand.tried, "errors": dict(self.errors)}

    async def close(self, flows: int, *, is_oldest: bool) -> dict[str, Any]:
        """Close so many, the oldest or any: their names, and how many still carried a byte there and back."""
        there = list(self.flows)
        names = there[:flows] if is_oldest else self.random.sample(there, flows)
        said = await asyncio.gather(*(self._answers(self.flows[name], b"!") for name in names))
        for name in names:
            abort(self.flows.pop(name))
        return {"names": names, "living": sum(map(bool, said))}

    async def _one(self) -> bool:
        to = self.strand.endpoints[self.born % len(self.strand.endpoints)]
        for _ in range(_TRIES):
            self.strand.tried += 1
            sock = await self._connected(
                self.strand.addresses[self.strand.tried % len(self.strand.addresses)], to
            )
            if sock is None:
                continue
            name = f"{self.born:0{NAME}}"
            if await self._answers(sock, name.encode(), _FIRST_SECONDS) is None:
                self.errors["closed"] += 1
                abort(sock)
                continue
            self.flows[name] = sock
            self.born += 1
            return True
        return False

    async def _connected(self, source: str, to: Endpoint) -> socket.socket | None:
        sock = None
        try:
            sock = self.strand.ports.connect(source, to, self.strand.mark)
            async with asyncio.timeout(_SYN_SECONDS):
                await asyncio.get_running_loop().sock_connect(sock, to)
        except OSError as error:
            self.errors["no answer" if error.errno is None else name_of(error)] += 1
            if sock is not None:
                abort(sock)
            return None
        return sock

    async def _answers(self, sock: socket.socket, word: bytes, patience: float | None = None) -> bool | None:
        """Whether a word comes back in time; None where the other side has closed."""
        try:
            async with asyncio.timeout(self.patience if patience is None else patience):
                back = await round_trip(sock, word)
                while back and not back.endswith(word):  # an earlier word that was late
                    back = await asyncio.get_running_loop().sock_recv(sock, 16)
                return bool(back) or None
        except TimeoutError:
            return False
        except OSError:
            return None
