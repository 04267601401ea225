"""Observations made by hand, for the tests of what shows them."""

from datetime import UTC, datetime

from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import loads
from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.busy.usage import Busy, Measured, Observation, Total, Uncounted, Usage
from tuplecalc.sources.draft import Remark

HUB = """
title = "A hub of sessions"
clients = {addresses = "198.18.0.1", ports = "32768-60999"}
services = [
  {name = "sessions", addresses = "198.18.9.9", ports = 443},
  {name = "admin", addresses = "198.18.9.9", ports = 8443},
]
hops = [{name = "nat", kind = "cone", addresses = "198.18.8.1", max_entries = 262144}]
"""
AT = datetime(2026, 11, 29, 11, 4, 5, tzinfo=UTC)
BASIS = "4,311 are left of closed ones, each for 120 s"


def observed(growth: float | None = None) -> Observed:
    """A NAT whose ports to one endpoint are all but gone."""
    chain = loads(HUB)
    of = capacity(chain)
    scopes = tuple(
        Busy({"address": "198.18.8.1", "endpoint": f"198.18.9.9:{port}"}, opened, lingering, grown)
        for port, opened, lingering, grown in ((443, 60_280, 4231, growth), (8443, 200, 80, growth and 0.0))
    )
    found = Observation(
        (
            Usage(of.limit("nat", "ports"), 64512, "tracking", 2, scopes),
            Usage(of.limit("nat", "entries"), 262144, "tracking", 1, (Busy({}, 60_480, 4311, growth),)),
        ),
        (Uncounted(of.limit("clients", "ports"), "the clients' own sockets are not in these tables"),),
        (
            Total("tracking", {"open": 60_380, "opening": 100, "lingering": 4300, "reset": 11}, 3),
            Total("sockets", {"open": 12, "lingering": 3, "listening": 2}),
        ),
        (Measured("tracking", "", 60_480, 36.0, 36.0, BASIS),),
        (
            Measured("tracking", "sessions", 60_280, 35.0, 35.0, BASIS),
            Measured("tracking", "admin", 200, 1.0, 1.0, BASIS),
        ),
    )
    of_time = (1, 0.0) if growth is None else (31, 300.0)
    remarks = (Remark("conntrack.txt:12", "tcp 6 what", "no tuple"),)
    return Observed(chain, ("nat",), AT, found, *of_time, 12, 262144, remarks, {"the tool's summary": 1})
