"""The tables of this machine as it runs: sockets by sock_diag, the tracking table as text or by nfnetlink.

As text (/proc/net/nf_conntrack, which not every kernel has) it is read in a fifteenth of the time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, AF_INET6, AF_UNSPEC, IPPROTO_TCP, IPPROTO_UDP
from typing import Any, Literal

from tuplecalc.errors import InputError, show
from tuplecalc.sources.draft import not_understood
from tuplecalc.sources.needs import needs
from tuplecalc.sources.tables.connection import SOCKET_STATES, Connection, TableName, address, socket
from tuplecalc.sources.tables.conntrack import OTHER, PARSER, STATES
from tuplecalc.sources.tables.lines import Lines

_TABLE = Path("/proc/net/nf_conntrack")
_TRACKS = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_PROTOCOLS: Mapping[int, Literal["tcp", "udp"]] = {IPPROTO_TCP: "tcp", IPPROTO_UDP: "udp"}
_TIMEWAIT = 3
_STATES = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
    "SYN_SENT2",
)  # fmt: skip
"""TCP's states in the tracking table, in the kernel's order."""
_NEEDED = "pyroute2", "reading the tables of this machine"
_FROM_TEXT = "give the text of ss -tan and conntrack -L -o extended with --from"


@dataclass(frozen=True)
class Live:
    """One table of this machine, read anew each time."""

    table: TableName

    @property
    def name(self) -> str:
        """Which it is, in words."""
        return f"the {'tracking table' if self.table == 'tracking' else 'sockets'} of this machine"

    @property
    def tables(self) -> tuple[TableName]:
        """The one."""
        return (self.table,)

    def __iter__(self) -> Iterator[Connection]:
        error_of_netlink = needs("pyroute2", *_NEEDED).NetlinkError
        try:
            if self.table == "sockets":
                yield from _sockets()
            else:
                yield from _printed() if _TABLE.exists() else _tracked()
        except (OSError, error_of_netlink) as error:
            raise InputError(f"{self.name}: {error.args[-1]}; {_FROM_TEXT}") from error


def live() -> tuple[Live, ...]:
    """The tables of this network namespace: its sockets, and its tracking table where the kernel has one.

    Raises :class:`~tuplecalc.errors.InputError` off Linux, without root's rights or without pyroute2.
    """
    if not sys.platform.startswith("linux"):
        raise InputError(f"only Linux tells its tables, and this is {sys.platform}; {_FROM_TEXT}")
    if os.geteuid() != 0:
        rule = "only root may read the tracking table"
        raise InputError(f"{rule}; run it as in sudo tuplecalc observe, or {_FROM_TEXT}")
    needs("pyroute2", *_NEEDED)
    sockets, tracking = Live("sockets"), Live("tracking")
    return (sockets, tracking) if _TRACKS.exists() else (sockets,)


def _sockets() -> Iterator[Connection]:
    """Listeners first: the kernel goes through them before the others."""
    library = needs("pyroute2.netlink.diag", *_NEEDED)
    with library.DiagSocket() as diag:
        diag.bind()
        diag.status["nlm_generator"] = True  # one after the other, where get_sock_stats has all at once
        for number, protocol in _PROTOCOLS.items():
            for family in (AF_INET, AF_INET6):
                request = library.inet_diag_req()
                request["sdiag_family"], request["sdiag_protocol"] = family, number
                request["idiag_states"] = library.SS_ALL
                for found in diag.nlm_request(request, library.SOCK_DIAG_BY_FAMILY):
                    local = address(found["idiag_src"]), found["idiag_sport"]
                    peer = address(found["idiag_dst"]), found["idiag_dport"]
                    left = found["idiag_expires"] / 1000 if found["idiag_timer"] == _TIMEWAIT else None
                    yield socket(protocol, SOCKET_STATES[found["idiag_state"]], local, peer, left)


def _printed() -> Iterator[Connection]:
    with _TABLE.open("rb") as file:
        lines = Lines(str(_TABLE), file)
        yield from PARSER.parse(lines)
        for line in lines:
            lines.misunderstand(line, not_understood("no entry of the tracking table"))
        for where, said, why in lines.remarks:
            raise InputError(f"{where}: {show(said)}: {why}; {_FROM_TEXT}")


def _tracked() -> Iterator[Connection]:
    conntrack = needs("pyroute2.netlink.nfnetlink.nfctsocket", *_NEEDED)
    with conntrack.NFCTSocket(nfgen_family=AF_UNSPEC) as table:
        yield from map(_entry, table.dump())


def _entry(found: Any) -> Connection:
    """An entry, of which the kernel leaves out the state and the time where the hardware has it."""
    original, reply = found.get_attr("CTA_TUPLE_ORIG"), found.get_attr("CTA_TUPLE_REPLY")
    number = original.get_attr("CTA_TUPLE_PROTO").get_attr("CTA_PROTO_NUM")
    if (protocol := _PROTOCOLS.get(number)) is None:
        return OTHER
    tcp = found.get_nested("CTA_PROTOINFO", "CTA_PROTOINFO_TCP", "CTA_PROTOINFO_TCP_STATE")
    state = STATES[None if tcp is None else _STATES[tcp]]
    left, zone = found.get_attr("CTA_TIMEOUT"), found.get_attr("CTA_ZONE") or 0
    return Connection("tracking", protocol, state, *_ends(original), *_ends(reply), left, zone)


def _ends(found: Any) -> tuple[str, int, str, int]:
    """Where from and where to."""
    ip, proto = found.get_attr("CTA_TUPLE_IP"), found.get_attr("CTA_TUPLE_PROTO")
    version = "V4" if ip.get_attr("CTA_IP_V4_SRC") else "V6"
    source, destination = (address(ip.get_attr(f"CTA_IP_{version}_{side}")) for side in ("SRC", "DST"))
    return source, proto.get_attr("CTA_PROTO_SRC_PORT"), destination, proto.get_attr("CTA_PROTO_DST_PORT")
