"""One entry of a table of connections."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["opening", "open", "closing", "lingering", "listening"]
"""``lingering`` is TIME_WAIT (and CLOSE of the tracking table), ``closing`` all from the FIN to that."""


class Connection(NamedTuple):
    """An entry of the machine's sockets or of its tracking table.

    For a socket ``source`` is the local end and ``destination`` the peer.  For the tracking table they
    are the original direction, and ``answer_…`` the reply tuple: ``answer_source`` is who answers (the
    destination after DNAT), ``answer_destination`` whom it answers to (the source after SNAT).  Of
    sockets the reply tuple is the same turned round.  ``remaining`` are the seconds until the entry
    goes, where the table tells.
    """

    table: Literal["sockets", "tracking"]
    protocol: Literal["tcp", "udp"]
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
