"""A process for each namespace: made here, told over a socket what to do, gone with who asked.

The first process forks one child for each socket that it was given.  A child leaves for a network
namespace of its own, which has no name: it lives as long as the processes in it, so that whatever
ends them also takes the namespace, its links, rules and addresses away.  They end when the socket
closes, and the kernel ends them when their parent dies (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tuplecalc.lab.inside.clients import Clients
from tuplecalc.lab.inside.pace import Pace
from tuplecalc.lab.inside.proxy import Proxy, limit_files
from tuplecalc.lab.inside.series import NAME, Series
from tuplecalc.lab.inside.sockets import (
    BACKLOG,
    datagram_listener,
    echo_datagrams,
    listener,
    open_files,
    reset,
)

_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_TOOL_SECONDS = 30
MOST_FILES = 65536
_LONGEST = 1 << 26  # bytes of a request: the rules of a namespace are one line
_NET = Path("/proc/sys/net")


def main(arguments: list[str]) -> None:
    """``NAME PARENT FD…``: one child for each descriptor; ends when all of them have ended."""
    _, parent, *sockets = arguments
    _die_with(int(parent))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is for the children; they are seen off below
    for fd in map(int, sockets):
        here = os.getpid()
        if os.fork() == 0:
            _die_with(here)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for other in map(int, sockets):
                if other != fd:
                    os.close(other)
            open_files(MOST_FILES)
            asyncio.run(Agent().live(socket.socket(fileno=fd)))
            os._exit(0)
    for fd in map(int, sockets):
        os.close(fd)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


class Agent:
    """Answers one request after the other, and serves its sockets in between."""

    def __init__(self) -> None:
        self.host = os.readlink("/proc/self/ns/net")  # noqa: PTH115
        self.proxies: list[Proxy] = []
        self.servers: list[asyncio.Server] = []  # kept: they close with their last reference
        self.echoes: set[Echo] = set()
        self.clients: Clients | None = None  # likewise their sockets
        self.series: Series | None = None

    async def live(self, control: socket.socket) -> None:
        """Until who asked is gone."""
        reader, writer = await asyncio.open_unix_connection(sock=control, limit=_LONGEST)
        with suppress(ConnectionError):
            async for request in reader:
                try:
                    answer: dict[str, Any] = {"answer": await self.do(**json.loads(request))}
                except OSError as error:
                    answer = {"errno": error.errno, "error": str(error)}
                except subprocess.SubprocessError as error:
                    answer = {"errno": None, "error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

    async def do(self, what: str, **spec: Any) -> Any:
        """One request: to leave the host's namespace first, and only then any other."""
        if what == "leave":
            return _leave(self.host)
        if os.readlink("/proc/self/ns/net") == self.host:  # noqa: PTH115
            raise OSError("this process has not left the host's network namespace")
        match what:
            case "sysctl":
                for key, value in spec["values"].items():
                    if spec["needed"] or (_NET / key).exists():
                        _write(key, value)
            case "ip":
                _tool(["ip", "-batch", "-"], "\n".join(spec["lines"]) + "\n")
            case "nft":
                _tool(["nft", "-f", "-"], spec["rules"])
            case "echo":
                await self._echo(spec["ports"], spec["protocols"])
            case "proxies":
                self.proxies = [Proxy(each) for each in spec["proxies"]]
                limit_files(spec["max_files"])
            case "admit":
                self.clients = Clients(spec)
                return await self.clients.admit(**spec["admit"])
            case "sustain":
                return await Pace(spec).sustain(spec["offered"], spec["delay"], spec["periods"])
            case "offer":
                return await Pace(spec).offer(spec["rate"], spec["hold"], spec["window_seconds"])
            case "series":
                self.series = Series(spec)
            case "open" if self.series:
                return await self.series.open(spec["flows"])
            case "close" if self.series:
                return await self.series.close(spec["flows"], is_oldest=spec["is_oldest"])
            case "forget":
                for proxy in self.proxies:
                    proxy.forget(spec["names"])
                for echo in [each for each in self.echoes if each.name in ("", *spec["names"])]:
                    reset(echo.transport.get_extra_info("socket"))
                    echo.transport.abort()
            case "report":
                return {"proxies": [proxy.report() for proxy in self.proxies], "kernel": counters()}
        return None

    async def _echo(self, ports: list[int], protocols: list[str]) -> None:
        loop = asyncio.get_running_loop()
        for port in ports:
            if "tcp" in protocols:
                waiting = listener("0.0.0.0", port)
                self.servers.append(
                    await loop.create_server(lambda: Echo(self.echoes), sock=waiting, backlog=BACKLOG)
                )
            if "udp" in protocols:
                sock = datagram_listener(port)
                loop.add_reader(sock, echo_datagrams, sock)


class Echo(asyncio.Protocol):
    """The services: every byte goes back."""

    def __init__(self, all_of_them: set[Echo]) -> None:
        self.all_of_them = all_of_them
        self.name = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.all_of_them.add(self)

    def data_received(self, data: bytes) -> None:
        """Back with it; the first word is its name."""
        self.name = self.name or data[:NAME].decode()
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self.all_of_them.discard(self)


def _leave(host: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")
    if os.readlink("/proc/self/ns/net") == host:  # noqa: PTH115
        raise OSError("unshare did not make a network namespace")
    return os.getpid()


def _write(key: str, value: object) -> None:
    try:
        (_NET / key).write_text(str(value), encoding="ascii")
    except OSError as error:
        name = f"net.{key.replace('/', '.')}"
        raise OSError(error.errno, f"{name}: the kernel does not take {value}: {error.strerror}") from error


def _tool(command: list[str], text: str) -> None:
    run = subprocess.run(
        command, input=text, text=True, capture_output=True, check=False, timeout=_TOOL_SECONDS
    )
    if run.returncode:
        raise OSError(f"{command[0]}: {(run.stderr or run.stdout).strip()}")


def counters() -> dict[str, int]:
    """What the kernel counts in this namespace: its tracking table, and SYNs that were sent again."""
    found: dict[str, int] = {}
    with suppress(OSError):
        head, *rows = Path("/proc/net/stat/nf_conntrack").read_text(encoding="ascii").splitlines()
        names = head.split()
        table = [[int(cell, 16) for cell in row.split()] for row in rows]
        for number, name in enumerate(names):
            column = [row[number] for row in table]
            found[name] = column[0] if name == "entries" else sum(column)
    with suppress(OSError):
        lines = Path("/proc/net/netstat").read_text(encoding="ascii").splitlines()
        for names_line, values in zip(lines[::2], lines[1::2], strict=True):
            pairs = dict(zip(names_line.split()[1:], values.split()[1:], strict=True))
            for name in ("TCPSynRetrans", "ListenOverflows", "ListenDrops"):
                if name in pairs:
                    found[name] = int(pairs[name])
    return {name: value for name, value in found.items() if value}


if __name__ == "__main__":
    main(sys.argv[1:])
