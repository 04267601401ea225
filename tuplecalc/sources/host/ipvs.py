"""``ipvsadm -Sn``: virtual services of IPVS and their real servers."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from typing import NamedTuple

from tuplecalc.sources.draft import Remark, not_understood
from tuplecalc.sources.host.chains import addresses_of, ports_of
from tuplecalc.sources.texts import Text

_LINE = re.compile(r"^-([Aa])\s+(-[tuf])\s+(\S+)(.*)$")
_MODES = {"-m": "nat", "-g": "direct", "-i": "tunnel", "--masquerading": "nat", "--gatewaying": "direct"}
_MODES |= {"--ipip": "tunnel"}


class Server(NamedTuple):
    """A real server, and how packets reach it: ``nat`` rewrites the destination, the others leave it."""

    address: str
    port: str
    mode: str
    weight: int
    where: str
    text: str


class Balanced(NamedTuple):
    """A virtual service."""

    protocol: str
    address: str
    port: str
    servers: list[Server]
    where: str
    text: str


def recognises(text: Text) -> bool:
    """Whether this is what ``ipvsadm --restore`` reads."""
    return any(_LINE.match(line) for line in text.text.splitlines()[:50])


def read(text: Text) -> tuple[list[Balanced], list[Remark]]:
    """The virtual services, and lines that are none."""
    found: dict[tuple[str, str], Balanced] = {}
    remarks = []
    for number, line in enumerate(map(str.strip, text.text.splitlines()), 1):
        where = text.at(number)
        if not line or line.startswith("#"):
            continue
        matched = _LINE.match(line)
        if matched is None:
            remarks.append(Remark(where, line, not_understood("no line of ipvsadm-save")))
            continue
        word, protocol, endpoint, rest = matched.groups()
        if protocol == "-f":
            why = "a virtual service by mark: its addresses and ports stand where the mark is set"
            remarks += [Remark(where, line, why)] if word == "A" else []
        elif word == "A":
            kind = "tcp" if protocol == "-t" else "udp"
            if _is_endpoint(*_endpoint(endpoint)):
                found[protocol, endpoint] = Balanced(kind, *_endpoint(endpoint), [], where, line)
            else:
                remarks.append(Remark(where, line, "no address and port, or for all ports"))
        elif (server := _server(rest, where, line)) is None or (protocol, endpoint) not in found:
            why = "its virtual service stands nowhere before it, or it has no address and port"
            remarks.append(Remark(where, line, not_understood(why)))
        elif server.weight:  # a server of weight 0 gets no new connections
            found[protocol, endpoint].servers.append(server)
    return list(found.values()), remarks


def _server(rest: str, where: str, line: str) -> Server | None:
    try:
        words = shlex.split(rest)
    except ValueError:
        return None
    after = dict(pairwise(words))
    mode = next((_MODES[word] for word in words if word in _MODES), "direct")
    weight = after.get("-w", "1")
    if "-r" not in after or not re.fullmatch("[0-9]{1,9}", weight):
        return None
    server = Server(*_endpoint(after["-r"]), mode, int(weight), where, line)
    return server if _is_endpoint(server.address, server.port) else None


def _is_endpoint(address: str, port: str) -> bool:
    try:
        return bool(addresses_of([address])) and bool(ports_of([port]))
    except ValueError:
        return False


def _endpoint(text: str) -> tuple[str, str]:
    """Address and port.

    >>> _endpoint("198.18.0.1:80"), _endpoint("[2001:db8::1]:443")
    (('198.18.0.1', '80'), ('2001:db8::1', '443'))
    """
    address, _, port = text.rpartition(":")
    return address.strip("[]"), port
