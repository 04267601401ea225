"""One entry of a table of connections."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from sys import intern
from typing import Literal, NamedTuple

TableName = Literal["sockets", "tracking"]
State = Literal["opening", "open", "closing", "lingering", "reset", "listening"]
"""``closing`` is all from the first FIN to ``lingering``, TIME_WAIT; ``reset`` is CLOSE of the tracking
table, which lingers as well, but not as long."""
LINGER = frozenset[State]({"lingering", "reset"})
"""The states of what is left of closed connections."""
SOCKET_STATES: Mapping[int, State] = {
    1: "open",
    2: "opening",
    3: "opening",
    4: "closing",
    5: "closing",
    6: "lingering",
    7: "listening",  # UDP: bound, without a peer
    8: "closing",
    9: "closing",
    10: "listening",
    11: "closing",
    12: "opening",
}
"""The kernel's numbers (include/net/tcp_states.h)."""
ANY = "*"
"""The address of a listener on all addresses, and the peer of one that has none; its port is 0."""
TIME_WAIT: Mapping[TableName, float] = {"sockets": 60.0, "tracking": 120.0}
"""Seconds that Linux keeps a closed connection, where nobody wrote another time."""
_MAPPED = bytes(10) + b"\xff\xff"


class Connection(NamedTuple):
    """An entry of the machine's sockets or of its tracking table.

    For a socket ``source`` is the local end and ``destination`` the peer.  For the tracking table they
    are the original direction, and ``answer_…`` the reply tuple: ``answer_source`` is who answers (the
    destination after DNAT), ``answer_destination`` whom it answers to (the source after SNAT).  Of
    sockets the reply tuple is the same turned round.  ``remaining`` are the seconds until the entry
    goes, where the table tells.  ``zone`` is that of the reply tuple (CT zones): tuples of others are apart.

    Entries of other protocols (``other``) have no ports; they take room in the tracking table.
    """

    table: TableName
    protocol: Literal["tcp", "udp", "other"]
    state: State
    source: str
    source_port: int
    destination: str
    destination_port: int
    answer_source: str
    answer_source_port: int
    answer_destination: str
    answer_destination_port: int
    remaining: float | None = None
    zone: int = 0


def socket(
    protocol: Literal["tcp", "udp"],
    state: State,
    local: tuple[str, int],
    peer: tuple[str, int],
    remaining: float | None = None,
) -> Connection:
    """A socket, by its local end and its peer."""
    return Connection("sockets", protocol, state, *local, *peer, *peer, *local, remaining)


@lru_cache(maxsize=1 << 16)
def address(text: str) -> str:
    """An address as all tables write it: short, IPv4-mapped ones as IPv4, without a scope; one object each.

    Raises ValueError where it is none.

    >>> [address(each) for each in ("::ffff:198.18.0.1", "2001:db8:0:0:0:0:0:1", "fe80::1%eth0", "0.0.0.0")]
    ['198.18.0.1', '2001:db8::1', 'fe80::1', '*']
    """
    if text == ANY:
        return ANY
    bare = text.partition("%")[0]
    try:
        if ":" not in bare:
            inet_pton(AF_INET, bare)
            return intern(bare) if bare != "0.0.0.0" else ANY
        packed = inet_pton(AF_INET6, bare)
    except OSError as error:
        raise ValueError(text) from error
    if packed.startswith(_MAPPED):
        return address(inet_ntop(AF_INET, packed[12:]))
    return intern(inet_ntop(AF_INET6, packed)) if any(packed) else ANY


def endpoint(host: str, port: int) -> str:
    """An address and a port as one word: ``198.18.0.1:80``, ``[2001:db8::1]:80``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
