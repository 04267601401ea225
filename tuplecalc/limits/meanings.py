"""Why each limit exists: one short sentence for each name, for tables and explanations."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "ports": "a tuple needs a port of its own towards each endpoint",
    "clients ports": "a client needs a port of its own towards each endpoint",
    "cone ports": "many sources share few addresses, told apart by port",
    "block": "a client has only the ports of its block",
    "entries": "each tuple takes an entry of the tracking table",
    "forwarded": "the source must be unique towards the new destination",
    "accepted": "the client-side leg must be unique at the proxy",
    "capture": "all services collapse into the proxy's few listeners",
    "listener": "clients must be unique towards the proxy's listeners",
    "upstream": "the service-side leg needs a port of its own",
    "bind": "a port bound before connect is taken for all services",
    "shared": "both legs of a flow need a port of their own (one table)",
    "shared-bind": "one table for both legs, upstream ports taken for all",
    "shared-mapping": "one table for both legs, source ports taken for all",
    "shared-k": "legs of proxies in a row: neighbours need other ports",
    "block-": "only sources that hold a block of ports can send",
    "files": "each leg takes a file descriptor of the proxy",
}
"""Limit name → sentence.  ``shared-k`` stands for every k; ``block-`` for what it precedes; a hop's
kind stands before a name that means something else there."""


def meaning(limit_name: str, hop_kind: str = "") -> str:
    """The sentence for a limit; ``hop_kind`` (``"clients"``, ``"cone"``, …) where it makes a difference.

    >>> meaning("shared")
    'both legs of a flow need a port of their own (one table)'
    >>> meaning("shared-17") == MEANINGS["shared-k"], meaning("block-ports") == MEANINGS["block-"]
    (True, True)
    >>> meaning("ports", "cone")
    'many sources share few addresses, told apart by port'
    """
    if limit_name.startswith("block-"):
        return MEANINGS["block-"]
    if limit_name.startswith("shared-") and limit_name.removeprefix("shared-").isdecimal():
        return MEANINGS["shared-k"]
    return MEANINGS.get(f"{hop_kind} {limit_name}") or MEANINGS[limit_name]
