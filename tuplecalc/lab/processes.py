"""The processes in the namespaces: started, told what to do, ended."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Any, Self

from tuplecalc.errors import InputError
from tuplecalc.lab.machine import MODULE, PREFIX
from tuplecalc.lab.plan import Node, Plan

_NUMBERS = count(1)
_START_SECONDS = 60.0
_STEP_SECONDS = 60.0
_RULES = "nft_ct nft_nat nft_tproxy nft_socket nft_connlimit nft_numgen nft_hash"
_MISSING = (
    "No such file or directory",
    "Operation not supported",
    "Protocol not supported",
    "Unknown device",
)


class Peer:
    """One process in a namespace of its own, seen from outside."""

    def __init__(self, node: Node, sock: socket.socket) -> None:
        self.node = node
        self.sock = sock
        self.unread = b""
        self.pid = 0

    def send(self, what: str, **spec: Any) -> None:
        """Ask for something, without waiting for it."""
        try:
            self.sock.sendall(json.dumps({"what": what, **spec}).encode() + b"\n")
        except OSError as error:
            raise self._gone() from error

    def answer(self, seconds: float = _STEP_SECONDS) -> Any:
        """What came of the oldest request that is not answered yet.

        Raises :class:`~tuplecalc.errors.InputError` with what the kernel or a tool said.
        """
        self.sock.settimeout(seconds)
        try:
            while b"\n" not in self.unread:
                data = self.sock.recv(1 << 20)
                if not data:
                    raise self._gone()
                self.unread += data
        except TimeoutError as error:
            place = f"the namespace of {self.node.name}"
            raise InputError(f"{place}: no answer in {seconds:g} s; this machine is too busy") from error
        except ConnectionError as error:
            raise self._gone() from error
        line, _, self.unread = self.unread.partition(b"\n")
        said = json.loads(line)
        if "error" in said:
            raise InputError(reason(self.node.name, said["errno"], said["error"]))
        return said["answer"]

    def ask(self, what: str, **spec: Any) -> Any:
        """Ask and wait."""
        self.send(what, **spec)
        return self.answer()

    def _gone(self) -> InputError:
        return InputError(f"the namespace of {self.node.name}: its process has ended; run it again")


class Lab:
    """The namespaces of a plan, for as long as the ``with`` block lasts.

    Everything is made by processes that have left the host's namespace before they do anything else.
    The namespaces have no names and end with these processes; these end with this one, however it ends.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.name = f"{PREFIX}-{os.getpid()}-{next(_NUMBERS)}"
        self.peers: list[Peer] = []
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
            self._build()
        except BaseException:  # an interrupt as well
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and the namespaces with them."""
        for peer in self.peers:
            with suppress(OSError):
                peer.sock.close()
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                self.process.wait(1)
                return
            except subprocess.TimeoutExpired:  # one of them is busy: end the children, then all
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, number)
        self.process.wait(10)

    def _start(self, *, leave: bool = True) -> None:
        pairs = [socket.socketpair() for _ in self.plan.nodes]
        ends = [str(there.fileno()) for _, there in pairs]
        self.peers = [Peer(node, here) for node, (here, _) in zip(self.plan.nodes, pairs, strict=True)]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", MODULE, self.name, str(os.getpid()), *ends],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno() for _, there in pairs],
                start_new_session=True,  # an interrupt from the keyboard is for this process alone
            )
        finally:
            for _, there in pairs:
                there.close()
        for peer in self.peers if leave else ():
            peer.send("leave")
        for peer in self.peers if leave else ():
            peer.pid = peer.answer(_START_SECONDS)

    def _build(self) -> None:
        first: dict[int, list[str]] = {id(node): ["link set lo up"] for node in self.plan.nodes}
        second: dict[int, list[str]] = {id(node): [] for node in self.plan.nodes}
        pids = {id(peer.node): peer.pid for peer in self.peers}
        for near, far in self.plan.links:
            here, there = f"b{far.instance}", f"f{near.instance}"
            first[id(near)].append(f"link add {here} type veth peer name {there} netns {pids[id(far)]}")
            for lines, device, (address, _) in (
                (first[id(near)], here, near.backs[far.instance]),
                (second[id(far)], there, far.fronts[near.instance]),
            ):
                lines += [f"address add {address}/30 dev {device}", f"link set {device} up"]
        self._all(lambda node: {"what": "sysctl", "values": node.sysctls, "needed": True})
        self._all(lambda node: {"what": "ip", "lines": first[id(node)]})
        self._all(lambda node: {"what": "ip", "lines": [*second[id(node)], *node.routes]})
        self._all(lambda node: {"what": "nft", "rules": node.nft} if node.nft else {})
        # Only now: these exist once a rule has loaded connection tracking.
        self._all(lambda node: {"what": "sysctl", "values": node.tracking, "needed": False})
        self._all(lambda node: node.role)

    def _all(self, request: Callable[[Node], dict[str, Any]]) -> None:
        """The same step in all namespaces at once, where it is any."""
        asked = [(peer, said) for peer in self.peers if (said := request(peer.node))]
        for peer, said in asked:
            peer.send(**said)
        for peer, _ in asked:
            peer.answer()


def reason(where: str, code: int | None, said: str) -> str:
    """What a namespace's process said, with the way out where there is one.

    >>> reason("nat", 1, "[Errno 1] unshare: Operation not permitted")
    'this process may not make network namespaces, though it is root; give the container CAP_SYS_ADMIN'
    >>> print(reason("nat", None, "nft: rules:7:1: Error: Could not process rule: No such file or directory"))
    the namespace of nat: this kernel lacks a module that a rule needs; try modprobe with these: nft_ct \
nft_nat nft_tproxy nft_socket nft_connlimit nft_numgen nft_hash. \
nft: rules:7:1: Error: Could not process rule: No such file or directory
    """
    if code == errno.EPERM and "unshare" in said:
        rule = "this process may not make network namespaces, though it is root"
        return f"{rule}; give the container CAP_SYS_ADMIN"
    place = f"the namespace of {where}"
    if code == errno.EROFS:
        return f"{place}: {said}; /proc/sys is read-only here, as in an unprivileged container"
    missing = any(words in said for words in _MISSING)
    if missing and said.startswith("nft"):
        rule = "this kernel lacks a module that a rule needs"
        return f"{place}: {rule}; try modprobe with these: {_RULES}. {said}"
    if missing and said.startswith("ip"):
        return f"{place}: this kernel lacks veth or policy routing; try modprobe veth. {said}"
    return f"{place}: {said}"
