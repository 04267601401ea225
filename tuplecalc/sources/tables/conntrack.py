"""The tracking table: ``conntrack -L``, with and without ``-o extended``, and /proc/net/nf_conntrack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuplecalc.sources.tables.connection import Connection, State, address
from tuplecalc.sources.tables.lines import Lines, Parser

_HEAD = r"(?:ipv[46] +\d+ +)?"
_TUPLE = r"src=(\S+) dst=(\S+) sport=(\d{1,5}) dport=(\d{1,5})"
_ENTRY = re.compile(
    rf"{_HEAD}(tcp|udp) +\d+ +(?:(\d+) )?(?:([A-Z][A-Z_0-9]*) )?"
    rf"{_TUPLE} (?:[a-z-]+=\d+ )*(?:\[[A-Z_]+\] )*{_TUPLE}(?: |$)",
    re.ASCII,
)
_ANY = re.compile(rf"{_HEAD}([a-z][a-z0-9-]*) +\d+ [^\[]*?\bsrc=\S+ dst=\S+ ", re.ASCII)
_ZONE = re.compile(r" zone(?:-reply)?=(\d+)(?: |$)", re.ASCII)
_SUMMARY = re.compile(r"conntrack v[\d.]+ \(conntrack-tools\): ")
STATES: dict[str | None, State] = {
    None: "open",  # UDP, and what is offloaded
    "NONE": "opening",
    "SYN_SENT": "opening",
    "SYN_SENT2": "opening",
    "SYN_RECV": "opening",
    "ESTABLISHED": "open",
    "FIN_WAIT": "closing",
    "CLOSE_WAIT": "closing",
    "LAST_ACK": "closing",
    "TIME_WAIT": "lingering",
    "CLOSE": "reset",
}
OTHER = Connection("tracking", "other", "open", "", 0, "", 0, "", 0, "", 0)
"""An entry of a protocol without ports."""


def _parse(lines: Lines) -> Iterator[Connection]:
    match, states, made = _ENTRY.match, STATES, tuple.__new__
    lines.tables.add("tracking")
    for line in lines:
        if (found := match(line)) is not None:
            protocol, left, state, a, b, p, q, c, d, r, s = found.groups()
            try:
                ends = address(a), int(p), address(b), int(q), address(c), int(r), address(d), int(s)
                remaining = None if left is None else int(left)
                zone = 0 if " zone=0 " in line else _zone(line, found.end())
                yield made(Connection, ("tracking", protocol, states[state], *ends, remaining, zone))
            except (KeyError, ValueError):
                lines.misunderstand(line, "a state or an address that the tracking table does not have")
        elif (other := _ANY.match(line)) is None:
            if not _SUMMARY.match(line):
                lines.give_back(line)
                return
            lines.pass_over("the tool's summary")
        elif other[1] in ("tcp", "udp"):
            lines.misunderstand(line, "an entry that is not whole")
        else:
            yield OTHER


def _zone(line: str, reply: int) -> int:
    """The zone, which stands behind the reply tuple if there is one."""
    found = _ZONE.search(line, reply - 1)
    return 0 if found is None else int(found[1])


def _recognises(line: str) -> bool:
    return any(each.match(line) for each in (_ANY, _SUMMARY))


PARSER = Parser("conntrack -L", _recognises, _parse)
