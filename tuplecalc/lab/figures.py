"""Numbers, predicted and measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import ceil
from typing import Any

from tuplecalc.lab.inside import deal
from tuplecalc.lab.scale import Scaled
from tuplecalc.lab.ways import Way, whole
from tuplecalc.network.proxy import Proxy

RATE_TOLERANCE = 0.05
"""A rate may differ by so much of itself: a port that is free again waits for the next connection."""

CERTAIN = 3.2905
"""Standard deviations to either side within which 99.9 % of a normal law are."""

DYING = "flows that die"
"""A share of those that are replaced, in a steady state."""


@dataclass(frozen=True)
class Figure:
    """One number, predicted and measured.

    >>> Figure("chain", "flows", 100, 99).agrees, Figure("chain", "rate", 50.0, 49.5, 0.05).agrees
    (False, True)
    """

    name: str
    """Of the hop, the kind, the clients, or "chain" for the whole."""
    what: str
    """``flows`` that carried a byte after all were open, ``flows opened`` where some die of others, ``flows
    open`` in a proxy and its ``connections upstream`` where flows share them, the ``rate`` a second, the
    share of ``flows that die``."""
    predicted: float
    measured: float
    tolerance: float = 0.0
    """The share of the prediction by which the two may differ."""
    is_held: bool = True
    """Whether the two must agree; not where chance has a part in it, or the lab cannot scale a time down."""

    is_bound: bool = False
    """Whether its prediction is "at most"."""
    is_chance: bool = False
    """Whether it is the mean of a law of chance, and the tolerance that of 99.9 % of runs."""

    @property
    def is_equal(self) -> bool:
        """Whether the two agree."""
        return abs(self.measured - self.predicted) <= self.tolerance * self.predicted

    @property
    def agrees(self) -> bool:
        """Whether it does not speak against the prediction."""
        return self.is_equal or not self.is_held or (self.is_bound and self.measured < self.predicted)


def counted(
    scaled: Scaled, found: Sequence[Way], admitted: Mapping[str, Any], proxies: Sequence[Mapping[str, Any]]
) -> Iterator[Figure]:
    """The flows of the chain, of each kind, of each group of clients, what each proxy has open.

    Exact where all are alike.  Several strands, and flows that share connections, are whole at each of
    their endpoints: by so many the two may differ.
    """
    flows = scaled.result.flows
    parts = deal.parts(whole([way.weight for way in found]), flows)
    slack = 0
    if len(found) > 1 or any(len(set(way.connections)) > 1 for way in found):
        slack = sum(len(way.legs[0]) for way in found)

    def figure(name: str, what: str, predicted: int, measured: int) -> Figure:
        return Figure(name, what, predicted, measured, slack / max(predicted, 1))

    yield figure("chain", "flows", flows, admitted["flows"])
    kinds = [kind.name for kind in scaled.chain.traffic.kinds]
    groups = [group.name or "" for group in scaled.chain.clients]
    told = [[way.strand.kind for way in found], [way.strand.clients.name or "" for way in found]]
    for names, of in zip((kinds, groups), told, strict=True):
        for name in names if len(names) > 1 else ():
            mine = [each == name for each in of]
            there = sum(compress(admitted["working"], mine))
            yield figure(name, "flows", sum(compress(parts, mine)), there)
    for number, hop in enumerate(scaled.chain.hops):
        if not isinstance(hop, Proxy):
            continue
        here = [proxy for proxy in proxies if proxy["hop"] == hop.name]
        ended = [(way, part) for way, part in zip(found, parts, strict=True) if way.ends_at(hop)]
        captured = ceil(sum(part * way.connections[number] for way, part in ended))
        yield figure(hop.name, "flows open", captured, sum(each["open"] for each in here))
        shared = [part * way.connections[number + 1] for way, part in ended if way.upstream(number) != 1]
        if shared:
            pooled = sum(each["pooled"] for each in here)
            yield figure(hop.name, "connections upstream", ceil(sum(shared)), pooled)
