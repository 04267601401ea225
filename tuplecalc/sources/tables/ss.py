"""Sockets as ``ss`` prints them: ``ss -tan``, ``ss -uan``, and with more columns or lines for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from tuplecalc.sources.tables.connection import ANY, Connection, State, address, socket
from tuplecalc.sources.tables.lines import Lines, Parser

_HEADING = re.compile(r"(?:Netid +)?(?:State +)?Recv-Q +Send-Q +Local Address")
_ENDS = r"(\S+):(\d{1,5}|\*) +(\S+):(\d{1,5}|\*)(?:\s|$)"
_NET = r"(?:(tcp|udp) +)?"
_ENTRY = re.compile(rf"{_NET}([A-Z][A-Z0-9-]+) +\d+ +\d+ +{_ENDS}", re.ASCII)
_STATELESS = re.compile(rf"{_NET}\d+ +\d+ +{_ENDS}", re.ASCII)
_NAMED = re.compile(rf"{_NET}(?:[A-Z][A-Z0-9-]+ +)?\d+ +\d+ +\S+:[\w*-]+ +\S+:[\w*-]+(?:\s|$)")
_OTHERS = re.compile(r"(nl|u_str|u_dgr|u_seq|raw|p_raw|p_dgr|icmp6|mptcp|sctp|dccp|xdp|ti_\w+|v_\w+)\s")
_TIMER = re.compile(r"timer:\(timewait,(?:(\d+)min)?(?:(\d+)sec)?(?:(?:(\d+)\.)?(\d+)ms)?,", re.ASCII)
_UNDECIDED = 1000
_STATES: dict[str, State] = {
    "SYN-SENT": "opening",
    "SYN-RECV": "opening",
    "NEW-SYN-RECV": "opening",
    "ESTAB": "open",
    "FIN-WAIT-1": "closing",
    "FIN-WAIT-2": "closing",
    "CLOSE-WAIT": "closing",
    "LAST-ACK": "closing",
    "CLOSING": "closing",
    "TIME-WAIT": "lingering",
    "LISTEN": "listening",
    "UNCONN": "listening",
}
_Row = tuple[State, tuple[str, int], tuple[str, int], float | None]
_Protocol = Literal["tcp", "udp"]


def _parse(lines: Lines) -> Iterator[Connection]:
    """The sockets; of a table of one protocol, which has no column for it, by a state that only one has.

    UNCONN is UDP's, all others but ESTAB are TCP's; with neither among the first 1,000 it is TCP's.
    """
    lines.tables.add("sockets")
    protocol: _Protocol | None = None
    waiting: list[_Row] = []
    for line in lines:
        if (found := _ENTRY.match(line)) is not None:
            net, state, *ends = found.groups()
            try:
                row = _STATES[state], _end(*ends[:2]), _end(*ends[2:]), _remaining(state, line)
            except (KeyError, ValueError):
                lines.misunderstand(line, "a state or an address that sockets do not have")
                continue
            if net is None and protocol is None:
                waiting.append(row)
                if state == "ESTAB" and len(waiting) < _UNDECIDED:
                    continue
                protocol = "udp" if state == "UNCONN" else "tcp"
                yield from (socket(protocol, *each) for each in waiting)
                waiting.clear()
            else:
                yield socket("udp" if net == "udp" else protocol or "tcp", *row)
        elif _HEADING.match(line):
            lines.pass_over("headings")
            yield from (socket("tcp", *each) for each in waiting)
            waiting, protocol = [], None
        elif line.startswith("\t") or not line:
            lines.pass_over("details of sockets" if line else "empty lines")
        elif _recognises(line):
            _explain(line, lines)
        else:
            lines.give_back(line)
            break
    yield from (socket(protocol or "tcp", *each) for each in waiting)


def _end(host: str, port: str) -> tuple[str, int]:
    bare = host.replace("[", "").replace("]", "")
    return address(bare), 0 if port == ANY else int(port)


def _remaining(state: str, line: str) -> float | None:
    """Seconds that a TIME-WAIT has left, with ``ss -o``; the tool writes 5.123 s as ``5.123ms``."""
    found = _TIMER.search(line) if state == "TIME-WAIT" else None
    if found is None:
        return None
    minutes, seconds, whole, thousandths = (int(each or 0) for each in found.groups())
    return 60 * minutes + seconds + whole + thousandths / 1000


def _explain(line: str, lines: Lines) -> None:
    if other := _OTHERS.match(line):
        lines.pass_over(f"{other[1]} sockets")
    elif _STATELESS.match(line):
        lines.misunderstand(line, "the column State is missing: print all states, as in ss -tan")
    else:
        lines.misunderstand(line, "ports are names here: print them as numbers, ss -tan")


def _recognises(line: str) -> bool:
    return any(each.match(line) for each in (_HEADING, _ENTRY, _NAMED, _OTHERS))


PARSER = Parser("ss -tan", _recognises, _parse)
