"""The kinds of limits: one registry of their names, what they are a limit of, and why they exist."""

from __future__ import annotations

from typing import Literal, NamedTuple

Resource = Literal["ports", "entries", "files"]


class Kind(NamedTuple):
    """A kind of limit; ``name`` is unique within a hop, but for rows, which add their number of legs.

    ``legs`` are those of a flow that take keys; ``sentence`` says why the limit exists.
    """

    name: str
    sentence: str
    legs: Literal["entering", "leaving", "both", "a row"] = "leaving"
    resource: Resource = "ports"
    is_private: bool = False
    """Whether its keys are one client's own, whichever address they are on."""


CLIENT_PORTS = Kind("ports", "a client needs a port of its own towards each endpoint")
CLIENT_PORTS_BOUND = Kind("ports", "a client's port is taken for all services at once (bind)")
CLIENT_FILES = Kind("files", "a client has only so many open connections (ulimit)", "entering", "files")
CONE_PORTS = Kind("ports", "many sources share few addresses, told apart by port")
BLOCK = Kind("block", "a client has only the ports of its block", is_private=True)
BLOCK_OVERFLOW = Kind(
    "block", "clients have the ports of their blocks, and share the overflow", is_private=True
)
CLIENT = Kind("client", "a client may hold only so many ports")
ENTRIES = Kind("entries", "each tuple takes an entry of the tracking table", "both", "entries")
FILES = Kind("files", "each leg takes a file descriptor of the proxy", "both", "files")
FORWARDED = Kind("forwarded", "the source must be unique towards the new destination", "entering")
REMEMBERED = Kind("forwarded", "a device remembers closed tuples and refuses them again", "entering")
ACCEPTED = Kind("accepted", "the client-side leg must be unique at the proxy", "entering")
ANSWERED = Kind("accepted", "a service holds the tuples that it closed first", "entering")
CAPTURE = Kind("capture", "all services collapse into the proxy's few listeners", "entering")
LISTENER = Kind("listener", "clients must be unique towards the proxy's listeners", "entering")
MEETING = Kind("accepted", "flows that reach a service by several ways differ there", "entering")
UPSTREAM = Kind("upstream", "the service-side leg needs a port of its own")
BIND = Kind("bind", "a port bound before connect is taken for all services")
SHARED = Kind("shared", "both legs of a flow need a port of their own (one table)", "both")
SAME_TUPLE = Kind("shared", "both legs of a flow would be one and the same tuple", "both")
JOINT = Kind("joint", "both legs of a flow need ports of one table, and some are held elsewhere", "both")
GAPS = Kind("gaps", "a port idles in the table while the hop that chose it still holds it", "both")
IN_TURN = Kind("in-turn", "a port waits now here, now there, by who closes first", "entering")
ROW = Kind("shared", "legs of proxies in a row need other ports than their neighbours", "a row")
