"""The kinds of limits: one registry of their names, what they are a limit of, and why they exist."""

from __future__ import annotations

from typing import Literal, NamedTuple

Resource = Literal["ports", "entries", "files"]


class Kind(NamedTuple):
    """A kind of limit; ``name`` is unique within a hop, but for rows, which add their number of legs.

    ``legs`` are those of a flow that take keys; ``sentence`` says what runs out, and why.
    """

    name: str
    sentence: str
    legs: Literal["entering", "leaving", "both", "a row"] = "leaving"
    resource: Resource = "ports"
    is_private: bool = False
    """Whether its keys are one client's own, whichever address they are on."""


CLIENT_PORTS = Kind("ports", "a client needs a port of its own for each connection to the same service")
CLIENT_PORTS_BOUND = Kind(
    "ports", "a client picks its port before the service (bind), so each port serves one connection only"
)
CLIENT_FILES = Kind(
    "files", "each connection is an open file, and a client may open only so many", "entering", "files"
)
CONE_PORTS = Kind(
    "ports", "many clients share few addresses, and only the port tells their connections apart"
)
BLOCK = Kind("block", "a client has only the ports of its own block", is_private=True)
BLOCK_OVERFLOW = Kind(
    "block", "a client has the ports of its own block, then shares the overflow with others", is_private=True
)
CLIENT = Kind("client", "one client may hold only so many ports (client_ports)")
ENTRIES = Kind(
    "entries",
    "each connection takes entries of the tracking table, which has only so many",
    "both",
    "entries",
)
FILES = Kind(
    "files",
    "each side of a connection is an open file of the proxy, which may open only so many",
    "both",
    "files",
)
FORWARDED = Kind(
    "forwarded",
    "all connections get the same few destinations, and only the source tells them apart",
    "entering",
)
REMEMBERED = Kind(
    "forwarded", "the hop remembers closed connections, and refuses their addresses and ports", "entering"
)
ACCEPTED = Kind(
    "accepted", "on its client side the proxy tells connections apart by address and port only", "entering"
)
ANSWERED = Kind(
    "accepted", "the service closed first, and refuses the same addresses and ports for a while", "entering"
)
CAPTURE = Kind(
    "capture", "connections to all services end at the proxy's few listeners (REDIRECT)", "entering"
)
LISTENER = Kind(
    "listener", "only a client's address and port tell its connections apart at a listener", "entering"
)
MEETING = Kind("accepted", "connections that reach a service by several ways must differ there", "entering")
UPSTREAM = Kind("upstream", "on its service side the proxy needs a port for each connection to a service")
BIND = Kind("bind", "the proxy picks its port before the service (bind), so each serves one connection only")
SHARED = Kind(
    "shared", "a connection has two sides at the proxy, and each takes a port of the same table", "both"
)
SAME_TUPLE = Kind(
    "shared", "both sides of a connection at the proxy would look the same in its table", "both"
)
JOINT = Kind(
    "joint",
    "each side of a connection takes a port of the same table (as in shared), and other hops that use these "
    "ports too leave some of them unused",
    "both",
)
GAPS = Kind("gaps", "a port stays empty in the table while the hop that picked it still holds it", "both")
IN_TURN = Kind("in-turn", "a port lingers now at one end, now at the other, by who closes first", "entering")
ROW = Kind("shared", "proxies in a row share a table: both sides of each need different ports there", "a row")
