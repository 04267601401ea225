"""A forwarder: a switch, a router, a firewall, a balancer that passes connections on (layers 2-4)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, Literal

from tuplecalc.network.hop import Hop, Virtual
from tuplecalc.network.values import Seconds

_OWN = (
    "leave it out; or, if this hop changes the source address too (SNAT, masquerade, FULLNAT), "
    'write kind = "cone", and a preset of that kind'
)


class Forwarder(Hop, defer_build=False):
    """An hourglass of layer 2, 3 or 4: each flow passes as it is, or with another destination.

    >>> Forwarder(name="firewall", layer=3, max_entries=262144).tuples_per_flow
    1
    """

    instead: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("addresses", "ports"), _OWN),
        "time_wait": "a SYN reopens a closed entry: leave it out, or write reuse_after for one that "
        "remembers",
    }

    preset_kind = "hourglass"
    layers = "2, 3 or 4"
    kind: Literal["hourglass"] = "hourglass"
    layer: Literal[2, 3, 4]
    """2 (a bridge), 3 (a router or firewall) or 4 (a balancer that passes connections on)."""
    virtual: Virtual | None = None
    """What clients of this hop address instead of the services (a balancer's virtual service)."""
    reuse_after: Seconds = Fraction(0)
    """How long it remembers a closed connection and refuses a new one with its tuple."""

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """``reuse_after`` alone."""
        return {"reuse_after": self.reuse_after}
