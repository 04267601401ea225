"""The clients: open connections until no more are admitted, and count those that still work."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from random import Random
from time import monotonic
from typing import Any

from tuplecalc.lab.inside.deal import dealt, most, parts
from tuplecalc.lab.inside.sockets import NO_PORT_LEFT, DatagramPorts, Endpoint, Ports, abort

_LEFTOVERS_SECONDS = 5.0  # lost SYNs of a proxy end, and tracking entries of closed connections
_RESETS_SECONDS = 0.2  # until a proxy has heard of what was closed here
_AGAIN_SECONDS = 1.0  # as a SYN
_FAILURES = 6
_SPARE = 20
_TICK = 0.005


class Strand:
    """Flows from the same clients to the same services, evenly over both."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.weight: int = spec["weight"]
        self.mark: int = spec["mark"]
        self.addresses: list[str] = spec["addresses"]
        self.endpoints: list[Endpoint] = [(address, port) for address, port in spec["endpoints"]]
        ports = Ports if spec["protocol"] == "tcp" else DatagramPorts
        self.ports = ports(spec["ports"], spec["allocation"])
        self.is_closable = spec["protocol"] == "tcp"  # a mapping of UDP stays
        self.tried = 0
        self.order = list(range(len(self.endpoints)))
        self.random = Random(1)  # the same order in every run
        self.live: list[socket.socket] = []
        self.full: set[tuple[int, int]] = set()
        self.combinations = self.looks = len(self.addresses) * len(self.endpoints)

    @property
    def is_full(self) -> bool:
        """Whether its clients have no tuple left."""
        return len(self.full) == self.combinations

    def begin(self, errors: Counter[str]) -> tuple[socket.socket, Endpoint] | None:
        """One more connection; None where the clients themselves have no tuple left."""
        for _ in range(self.looks):
            service, source = self._next()
            if (source, service) in self.full:
                continue
            to = self.endpoints[service]
            try:
                return self.ports.connect(self.addresses[source], to, self.mark), to
            except OSError as error:
                errors[name_of(error)] += 1
                if error.errno not in NO_PORT_LEFT:
                    return None
                self.full.add((source, service))
        return None

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


class Clients:
    """Opens the flows of a mix in waves, each strand's by its part, until a wave is in vain for one of them.

    What is predicted comes first, then more of the mix, so that it is the chain that ends it.  A flow
    is admitted once a byte has gone to the service and back.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.strands = [Strand(each) for each in spec["strands"]]
        self.weights = [strand.weight for strand in self.strands]
        self.window: int = spec["window"]
        self.patience: float = spec["patience"]
        self.ends = monotonic() + spec["seconds"]
        self.pending: set[asyncio.Task[bool]] = set()
        self.errors: Counter[str] = Counter()

    async def admit(
        self, wanted: int, more: int, waves: int, *, search: bool, rivals: bool
    ) -> dict[str, Any]:
        """Open ``wanted`` flows, then so many more; the most of the mix that still work when all are open.

        ``rivals``: attempts may take room from each other, so the first ones beyond go one by one.
        ``search``: once what failed attempts left has gone, single ones look for the rest.
        """
        mixed = len(self.strands) > 1  # else more than its part takes no room from another
        if mixed or rivals:
            await self._reach(wanted, waves if mixed else 1, spare=_SPARE * mixed)
        is_reached = not any(self._missing(wanted))
        if rivals and is_reached:
            await self._creep(wanted, wanted + more)
        if not mixed or is_reached:
            await self._reach(wanted + more, waves)
        if search and any(self._missing(wanted)):
            await asyncio.sleep(_LEFTOVERS_SECONDS)
            await self._look(wanted)
        flows = most(self.weights, [len(strand.live) for strand in self.strands])
        if not any(self._missing(wanted)):
            flows = max(flows, wanted)  # whole flows, which need not be the mix to the last digit
        await self._keep(flows)
        working = [sum(await asyncio.gather(*map(self._is_working, strand.live))) for strand in self.strands]
        if sum(working) < flows:
            flows = most(self.weights, working)
        return {
            "tried": sum(strand.tried for strand in self.strands),
            "flows": flows,
            "working": working,
            "errors": dict(self.errors),
        }

    async def _reach(self, goal: int, waves: int, spare: int = 0) -> None:
        """Waves of what is missing until so many flows of the mix are open, or one strand finds no room.

        After the first wave ``spare`` more look for room that only some find; what is too many is closed.
        """
        for wave in range(waves):
            missing = self._missing(goal)
            if self._is_over or not any(missing):
                break
            more = [spare * (wave > 0 and strand.is_closable) for strand in self.strands]
            gained = await self._wave(
                [each and each + spare for each, spare in zip(missing, more, strict=True)]
            )
            if spare:
                await self._keep(goal)
            if any(wanted and not found for wanted, found in zip(missing, gained, strict=True)):
                break

    async def _creep(self, flows: int, goal: int) -> None:
        """One flow of the mix after the other, until one finds no room."""
        while flows < goal and not self._is_over and not any(self._missing(flows)):
            flows += 1
            await self._wave(self._missing(flows))

    async def _look(self, goal: int) -> None:
        """Single attempts for what is missing, until a few in a row are in vain."""
        left = _FAILURES
        while left and not self._is_over and any(missing := self._missing(goal)):
            strand = max(range(len(missing)), key=missing.__getitem__)
            one = [int(number == strand) for number in range(len(missing))]
            left = _FAILURES if any(await self._wave(one)) else left - 1

    def _missing(self, goal: int) -> list[int]:
        """How many flows of each strand there should be beside those that are open."""
        there = parts(self.weights, goal)
        return [max(0, part - len(strand.live)) for strand, part in zip(self.strands, there, strict=True)]

    @property
    def _is_over(self) -> bool:
        return monotonic() >= self.ends or all(strand.is_full for strand in self.strands)

    async def _wave(self, missing: list[int]) -> list[int]:
        """How many more of each strand are admitted after so many attempts."""
        before = [len(strand.live) for strand in self.strands]
        left = list(missing)
        for number in dealt([max(weight, 1) for weight in missing]):
            if not any(left) or monotonic() >= self.ends:
                break
            if not left[number]:
                continue
            left[number] -= 1
            while len(self.pending) >= self.window:
                await asyncio.sleep(_TICK)
            if not self._attempt(self.strands[number]):
                left[number] = 0
        if self.pending:
            await asyncio.wait(self.pending)
        return [len(strand.live) - there for strand, there in zip(self.strands, before, strict=True)]

    def _attempt(self, strand: Strand) -> bool:
        """One more connection; False where there is no tuple left for it."""
        begun = strand.begin(self.errors)
        if begun is None:
            return False
        task = asyncio.create_task(self._open(strand, *begun))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)
        return True

    async def _open(self, strand: Strand, sock: socket.socket, to: Endpoint) -> bool:
        """Wait for a byte to come back; a SYN that something drops without a word is given up in time."""
        try:
            async with asyncio.timeout(self.patience):
                await asyncio.get_running_loop().sock_connect(sock, to)
                why = "" if await round_trip(sock, b"?") else "closed"
        except TimeoutError as error:
            why = "no answer" if error.errno is None else name_of(error)
        except OSError as error:
            why = name_of(error)
        if why:
            self.errors[why] += 1
            abort(sock)
        else:
            self._opened(strand, sock)
        return not why

    def _opened(self, strand: Strand, sock: socket.socket) -> None:
        strand.live.append(sock)

    async def _keep(self, flows: int) -> None:
        """Close what is beyond so many flows of the mix: a strand may have found more room than another."""
        closed = 0
        for strand, part in zip(self.strands, parts(self.weights, flows), strict=True):
            for sock in strand.live[part:]:
                abort(sock)
                closed += 1
            del strand.live[part:]
        if closed:
            await asyncio.sleep(_RESETS_SECONDS)

    async def _is_working(self, sock: socket.socket) -> bool:
        """Whether an admitted flow carries a byte there and back now that all are open."""
        try:
            async with asyncio.timeout(self.patience):
                return await round_trip(sock, b"!") == b"!"
        except OSError:
            return False


async def round_trip(sock: socket.socket, byte: bytes) -> bytes:
    """What came back: the byte, or nothing where the other side has closed."""
    loop = asyncio.get_running_loop()
    if sock.type == socket.SOCK_STREAM:
        await loop.sock_sendall(sock, byte)
        return await loop.sock_recv(sock, 16)
    while True:
        await loop.sock_sendall(sock, byte)
        try:
            async with asyncio.timeout(_AGAIN_SECONDS):
                while (back := await loop.sock_recv(sock, 16)) != byte:
                    pass  # an earlier one that was sent twice
                return back
        except TimeoutError:
            continue


def name_of(error: OSError) -> str:
    """Its name as the kernel has it."""
    return errno.errorcode.get(error.errno or 0, "?")
