"""Sockets that choose their source as a hop of the chain does."""

from __future__ import annotations

import errno
import resource
import secrets
import socket
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

Endpoint = tuple[str, int]
Range = tuple[int, int]

IP_TRANSPARENT = getattr(socket, "IP_TRANSPARENT", 19)
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; Python has names for these only from 3.12 or later
IP_LOCAL_PORT_RANGE = 51
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21  # linux/tcp.h
TCP_SEND_QUEUE = 2
SO_ORIGINAL_DST = 80  # linux/netfilter_ipv4.h
IP_PKTINFO, IP_RECVTOS, SO_RCVBUFFORCE = 8, 13, 33
BACKLOG = 4096
_ECN_BITS = 2  # of the field, below the DSCP
_BUFFER = 1 << 24
LAST_PORT = 65535
NO_PORT_LEFT = (errno.EADDRNOTAVAIL, errno.EADDRINUSE)


class Ports:
    """Source ports of a leg, chosen by the kernel: for each tuple, or with a bind for all destinations.

    ``IP_LOCAL_PORT_RANGE`` (Linux 6.3) keeps a socket to a range.  A range of odd size is cut in two: the
    kernel's search walks by parity and may not find the last port of such a range.  Older kernels have
    the namespace's one range instead.  Raises ``OSError`` where that would have to be several.
    """

    def __init__(
        self, ranges: Sequence[Sequence[int]], allocation: str, *, transparent: bool = False
    ) -> None:
        self.narrows = not ranges or _can_narrow()
        if not self.narrows and len(ranges) > 1:
            rule = "several ranges of ports need IP_LOCAL_PORT_RANGE, which Linux has from 6.3 on"
            raise OSError(errno.ENOPROTOOPT, rule)
        self.ranges = [part for low, high in ranges for part in _even(low, high)][
            : None if self.narrows else 1
        ]
        self.binds = allocation == "bind"
        self.transparent = transparent

    def connect(self, address: str, to: Endpoint, mark: int = 0) -> socket.socket:
        """A connection under way from an address; ``OSError`` as the kernel says it where no port is left.

        All its packets have the mark (DSCP).
        """
        last = OSError(errno.EADDRNOTAVAIL, "no ports")
        for low, high in self.ranges:
            sock = self._socket(mark)
            try:
                if self.narrows:
                    _narrow(sock, low, high)
                if not self.binds:
                    sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                return _under_way(sock, (address, 0), to)
            except OSError as error:
                sock.close()
                if error.errno not in NO_PORT_LEFT:
                    raise
                last = error
        raise last

    def connect_from(self, source: Endpoint, to: Endpoint, mark: int = 0) -> socket.socket:
        """A connection under way from an address and port that are given."""
        sock = self._socket(mark)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the 4-tuple decides
            return _under_way(sock, source, to)
        except OSError:
            sock.close()
            raise

    def _socket(self, mark: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            _mark(sock, mark)
            _begin_anywhere(sock)
            if self.transparent:
                sock.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
        except OSError:
            sock.close()
            raise
        return sock


class DatagramPorts:
    """Source ports of UDP: chosen here, since the kernel keeps a port for all destinations of a socket."""

    def __init__(self, ranges: Sequence[Sequence[int]], allocation: str) -> None:
        self.ports = [port for low, high in ranges for port in range(low, high + 1)]
        self.binds = allocation == "bind"
        self.taken: dict[tuple[str, Endpoint | None], deque[tuple[int, socket.socket]]] = {}

    def connect(self, address: str, to: Endpoint, mark: int = 0) -> socket.socket:
        """A socket for one destination, from a new port, or once there is none from the first one's again."""
        taken = self.taken.setdefault((address, None if self.binds else to), deque())
        if len(taken) < len(self.ports):
            port = self.ports[len(taken)]
        elif taken[0][1].fileno() < 0:
            port, _ = taken.popleft()
        else:
            raise OSError(errno.EADDRNOTAVAIL, "no ports")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.append((port, sock))
        sock.setblocking(False)
        _mark(sock, mark)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # towards another destination
        return _under_way(sock, (address, port), to)


def _mark(sock: socket.socket, mark: int) -> None:
    if mark:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, mark << _ECN_BITS)


def marked(sock: socket.socket) -> int:
    """The mark of a connection that was accepted (``tcp_reflect_tos``)."""
    return sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> _ECN_BITS


def _begin_anywhere(sock: socket.socket) -> None:
    """A first sequence number of the socket's own, as on a machine of its own.

    All namespaces of a kernel share the secret behind these numbers (secure_tcp_seq), so that two legs
    with one tuple would begin nearly alike, and live where legs of two machines die.  Switching the
    repair off resets SO_REUSEADDR: this comes first.  All 32 bits, else some numbers would be ahead of most.
    """
    for option, value in (
        (TCP_REPAIR, 1),
        (TCP_REPAIR_QUEUE, TCP_SEND_QUEUE),
        (TCP_QUEUE_SEQ, secrets.randbits(32) - (1 << 31)),
        (TCP_REPAIR, 0),
    ):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _narrow(sock: socket.socket, low: int, high: int) -> None:
    sock.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("=I", high << 16 | low))


def _can_narrow() -> bool:
    with socket.socket() as sock:
        try:
            _narrow(sock, 1, LAST_PORT)
        except OSError:
            return False
    return True


def _even(low: int, high: int) -> list[Range]:
    if (high - low) % 2 or low == high:
        return [(low, high)]
    return [(low, high - 1), (high, high)]


def _under_way(sock: socket.socket, source: Endpoint, to: Endpoint) -> socket.socket:
    sock.bind(source)
    code = sock.connect_ex(to)
    if code not in (0, errno.EINPROGRESS):
        raise OSError(code, errno.errorcode.get(code, ""))
    return sock


def listener(address: str, port: int, *, transparent: bool = False) -> socket.socket:
    """A listening socket.  Behind REDIRECT it must not be transparent: the kernel would keep the socket
    that it found before the NAT rewrote the source port, and a new SYN would hit an old connection."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if transparent:
        sock.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    sock.setblocking(False)
    sock.bind((address, port))
    sock.listen(BACKLOG)
    return sock


def datagram_listener(port: int) -> socket.socket:
    """A socket that hears which address a datagram was for, and its mark."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER)
    for option in (IP_PKTINFO, IP_RECVTOS):
        sock.setsockopt(socket.IPPROTO_IP, option, 1)
    sock.setblocking(False)
    sock.bind(("0.0.0.0", port))
    return sock


def echo_datagrams(sock: socket.socket) -> None:
    """Every datagram that waits goes back, from the address that it was for and with its mark."""
    with suppress(BlockingIOError):
        while True:
            data, heard, _, peer = sock.recvmsg(16, 256)
            said: list[tuple[int, int, bytes]] = []
            for level, option, value in heard:
                if option == IP_PKTINFO:  # interface, local address, destination of the header
                    said.append((level, option, struct.pack("=I4s4x", 0, value[8:12])))
                else:
                    said.append((level, option, value))
            sock.sendmsg([data], said, 0, peer)


def original(sock: socket.socket) -> Endpoint:
    """Where a connection went before REDIRECT or DNAT."""
    _, port, packed = struct.unpack("!HH4s8x", sock.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16))
    return socket.inet_ntoa(packed), port


def reset(sock: socket.socket) -> None:
    """Its close will be a reset: the other side hears of it at once, and nothing lingers."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def abort(sock: socket.socket) -> None:
    """Close with a reset."""
    reset(sock)
    sock.close()


def open_files(most: int) -> None:
    """Set this process's limit of file descriptors, as far as it may: raising the hard one is not
    every root's right."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if hard < 0 else min(most, hard), hard))
