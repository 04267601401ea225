"""Why each limit exists: one short sentence for each name, for tables and explanations."""

from __future__ import annotations

from collections.abc import Mapping

from tuplecalc.limits.expression import Constant, Quantity, Sum
from tuplecalc.limits.limit import Limit

MEANINGS: Mapping[str, str] = {
    "ports": "a tuple needs a port of its own towards each endpoint",
    "clients ports": "a client needs a port of its own towards each endpoint",
    "clients ports, bound": "a client's port is taken for all services at once (bind)",
    "cone ports": "many sources share few addresses, told apart by port",
    "block": "a client has only the ports of its block",
    "block, overflow": "clients have the ports of their blocks, and share the overflow",
    "client": "a client may hold only so many ports",
    "entries": "each tuple takes an entry of the tracking table",
    "forwarded": "the source must be unique towards the new destination",
    "accepted": "the client-side leg must be unique at the proxy",
    "capture": "all services collapse into the proxy's few listeners",
    "listener": "clients must be unique towards the proxy's listeners",
    "upstream": "the service-side leg needs a port of its own",
    "bind": "a port bound before connect is taken for all services",
    "shared": "both legs of a flow need a port of their own (one table)",
    "shared, the same": "both legs of a flow would be one and the same tuple",
    "shared-bind": "one table for both legs, upstream ports taken for all",
    "shared-mapping": "one table for both legs, source ports taken for all",
    "shared-k": "legs of proxies in a row: neighbours need other ports",
    "block-": "only sources that hold a block of ports can send",
    "files": "each leg takes a file descriptor of the proxy",
}
"""Limit name → sentence.  ``shared-k`` stands for every k; ``block-`` for what it precedes; a hop's
kind stands before a name that means something else there."""


def meaning(limit: Limit, hop_kind: str = "") -> str:
    """The sentence for a limit; ``hop_kind`` (``"clients"``, ``"cone"``, …) where it makes a difference.

    >>> from tuplecalc.limits.expression import Constant
    >>> def named(name, scopes=Constant(1)):
    ...     return Limit(name, "", Constant(8), scopes, 2, Constant(0))
    >>> meaning(named("shared"))
    'both legs of a flow need a port of their own (one table)'
    >>> meaning(named("shared-17")) == MEANINGS["shared-k"]
    True
    >>> meaning(named("ports"), "cone")
    'many sources share few addresses, told apart by port'
    """
    name = limit.name
    if name.startswith("block-"):
        return MEANINGS["block-"]
    if name.startswith("shared-") and name.removeprefix("shared-").isdecimal():
        return MEANINGS["shared-k"]
    if name == "shared" and limit.size == Constant(0):
        return MEANINGS["shared, the same"]
    if name == "block" and isinstance(limit.size, Sum):
        return MEANINGS["block, overflow"]
    if hop_kind == "clients" and isinstance(limit.scopes, Quantity):
        return MEANINGS["clients ports, bound"]
    return MEANINGS.get(f"{hop_kind} {name}") or MEANINGS[name]
