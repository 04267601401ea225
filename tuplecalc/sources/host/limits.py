"""Processes: who listens on which port (``ss -tlnp``), and how many files each may open."""

from __future__ import annotations

import re
from typing import NamedTuple

from tuplecalc.sources.texts import Text

_LISTENER = re.compile(r"^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(.*)$")
_PRINTED = re.compile(r"State\s+Recv-Q|LISTEN\s")
_USER = re.compile(r'\("([^"]*)",pid=(\d+),')
_PROCESS = re.compile(r"^# (\S+) (\d+)$", re.MULTILINE)
_FILES = re.compile(r"^Max open files\s+(\d+)\s")


class Listener(NamedTuple):
    """A listening socket and the processes that hold it."""

    port: int
    processes: tuple[tuple[str, int], ...]
    where: str


class Limit(NamedTuple):
    """How many files a process may open (the soft limit)."""

    process: str
    pid: int
    files: int
    where: str


def listeners(text: Text) -> tuple[Listener, ...] | None:
    """The listeners that ``ss`` prints; None where this is something else.

    >>> line = 'LISTEN 0 4096 0.0.0.0:3128 0.0.0.0:* users:(("squid",pid=77,fd=9))'
    >>> listeners(Text("ss", line))
    (Listener(port=3128, processes=(('squid', 77),), where='ss:1'),)
    """
    if not _PRINTED.match(text.text):
        return None
    found = []
    for number, line in enumerate(text.text.splitlines(), 1):
        if matched := _LISTENER.match(line):
            users = dict.fromkeys((name, int(pid[:9])) for name, pid in _USER.findall(matched[3]))
            found.append(Listener(int(matched[2][:6]), tuple(users), text.at(number)))
    return tuple(found)


def limit(text: Text) -> Limit | None:
    """The limit of a process, from the collector's copy of ``/proc/PID/limits``; None where it is none.

    >>> limit(Text("limits", "# squid 77\\nMax open files  1024  4096  files"))
    Limit(process='squid', pid=77, files=1024, where='limits:2')
    """
    process = _PROCESS.search(text.text)
    name, pid = (process[1], int(process[2][:9])) if process else ("", 0)
    for number, line in enumerate(text.text.splitlines(), 1):
        if (files := _FILES.match(line)) and int(files[1][:18]) > 0:
            return Limit(name, pid, int(files[1][:18]), text.at(number))
    return None
