"""Sockets as the kernel prints them: /proc/net/tcp, tcp6, udp, udp6."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from tuplecalc.sources.tables.connection import SOCKET_STATES, Connection, address, socket
from tuplecalc.sources.tables.lines import Lines, Parser

_HEADING = re.compile(r"\s*sl +local_address +rem(?:ote)?_address +st ")
_END = r"((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})"
_ENTRY = re.compile(
    rf"\s*\d+: {_END} {_END} ([0-9A-F]{{2}}) [0-9A-F]+:[0-9A-F]+ ([0-9A-F]{{2}}):([0-9A-F]+) ", re.ASCII
)
_TIMEWAIT = "03"
_TICKS = 100
"""USER_HZ, of all architectures of today."""


def _parse(lines: Lines) -> Iterator[Connection]:
    """The sockets; the heading says whose they are: UDP's ends with the column ``drops``."""
    lines.tables.add("sockets")
    protocol: Literal["tcp", "udp"] | None = None
    for line in lines:
        if (found := _ENTRY.match(line)) is None:
            if not _HEADING.match(line):
                lines.give_back(line)
                return
            protocol = "udp" if line.rstrip().endswith("drops") else "tcp"
            lines.pass_over("headings")
            continue
        if protocol is None:
            lines.misunderstand(line, "the heading is missing, which tells TCP from UDP")
            continue
        local, port, peer, peer_port, state, timer, left = found.groups()
        try:
            ends = (_address(local), int(port, 16)), (_address(peer), int(peer_port, 16))
            remaining = int(left, 16) / _TICKS if timer == _TIMEWAIT else None
            yield socket(protocol, SOCKET_STATES[int(state, 16)], *ends, remaining)
        except (KeyError, ValueError):
            lines.misunderstand(line, "a state or an address that sockets do not have")


@lru_cache(maxsize=1 << 16)
def _address(text: str) -> str:
    """An address of which each four bytes are a number of a little-endian machine.

    >>> _address("090912C6"), _address("B80D0120000000000000000001000000")
    ('198.18.9.9', '2001:db8::1')
    """
    packed = b"".join(bytes.fromhex(text[place : place + 8])[::-1] for place in range(0, len(text), 8))
    return address(str(IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)))


def _recognises(line: str) -> bool:
    return any(each.match(line) for each in (_HEADING, _ENTRY))


PARSER = Parser("/proc/net/tcp", _recognises, _parse)
