"""A forwarder: a switch, a router, a firewall, a balancer that passes connections on (layers 2-4)."""

from __future__ import annotations

from typing import Literal

from tuplecalc.network.hop import Hop, Virtual


class Forwarder(Hop, defer_build=False):
    """An hourglass of layer 2, 3 or 4: each flow passes as it is, or with another destination.

    >>> Forwarder(name="firewall", layer=3, max_entries=262144).tuples_per_flow
    1
    """

    preset_kind = "hourglass"
    layers = "2, 3 or 4"
    kind: Literal["hourglass"] = "hourglass"
    layer: Literal[2, 3, 4]
    """2 (a bridge), 3 (a router or firewall) or 4 (a balancer that passes connections on)."""
    virtual: Virtual | None = None
    """What clients of this hop address instead of the services (a balancer's virtual service)."""
