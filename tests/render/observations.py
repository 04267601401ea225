"""Observations made by hand, for the tests of what shows them."""

from datetime import UTC, datetime

from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import loads
from tuplecalc.sources.draft import Remark
from tuplecalc.sources.observation import Measured, Observation, TableCount, Watched
from tuplecalc.sources.usage import Busy, Usage

HUB = """
title = "A hub of sessions"
clients = {addresses = "198.18.0.1", ports = "32768-60999"}
services = {addresses = "198.18.9.9", ports = [443, 8443]}
hops = [{name = "nat", kind = "cone", addresses = "198.18.8.1", max_entries = 262144}]
"""
AT = datetime(2026, 11, 29, 11, 4, 5, tzinfo=UTC)


def observation(chain: Chain | None = None, growth: float | None = None) -> Observation:
    """A NAT whose ports to one endpoint are all but gone."""
    chain = chain or loads(HUB)
    ports, entries = capacity(chain).limit("nat", "ports"), capacity(chain).limit("nat", "entries")
    scopes = tuple(
        Busy({"address": "198.18.8.1", "endpoint": f"198.18.9.9:{port}"}, opened, lingering)
        for port, opened, lingering in ((443, 60_280, 4231), (8443, 200, 80))
    )
    return Observation(
        chain,
        ("nat",),
        AT,
        (
            Watched(Usage(ports, 64512, "tracking", 2, scopes), growth),
            Watched(Usage(entries, 262144, "tracking", 1, (Busy({}, 60_480, 4311),)), None),
        ),
        (TableCount("tracking", 60_480, 4311, 262144), TableCount("sockets", 12, 3)),
        (Measured("", "tracking", 35.9, 1684.0, "Little's law: 4,311 linger over 120 s"),),
        snapshots=1 if growth is None else 31,
        seconds=0.0 if growth is None else 300.0,
        remarks=(Remark("conntrack.txt:12", "tcp 6 what", "no tuple"),),
    )
