"""A transparent proxy and whoever is before it choose ports blindly: what the law says, and what is.

Where two legs have one tuple the newer one lives.  The older one's flow lives if both of its sequence
numbers are behind, which is chance between machines of their own.  All namespaces share the kernel's secret
behind these numbers, so that legs of one tuple would begin alike.  Therefore connectors begin anywhere
(:mod:`tuplecalc.lab.inside.sockets`), and the services hear on another port than the one that is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, sqrt
from typing import Any

from tuplecalc.lab import rules
from tuplecalc.lab.figures import CERTAIN, DYING, Figure
from tuplecalc.lab.plan import Plan, plan
from tuplecalc.lab.processes import Lab
from tuplecalc.lab.ways import Way
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.cone import Cone
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.collision import SEPARATE_MACHINES, filled, steady

SECONDS = 150.0
_PATIENCE = 2.0
_SOON = 0.3  # seconds for a byte there and back while little else happens
_LOAD = Fraction(1, 10)  # of the ports, in a steady state
REPLACED = 480
_LEAST_STEPS = 8  # for as many flows as are open


@dataclass(frozen=True)
class Blindly:
    """The ports of one address and service on both sides of the proxy, and how many such pairs there are."""

    ports: PortSet
    """Of whoever is before the proxy."""
    own: PortSet
    """Of the proxy's own legs."""
    groups: int
    flows: int
    """In all, until something else than the shared ports is full."""
    survival: Fraction = SEPARATE_MACHINES
    """What the chain says; the lab does as separate machines do."""

    def sizes(self) -> dict[str, int]:
        """The ports by class."""
        both = (self.ports & self.own).size
        return {"cone_only": self.ports.size - both, "overlap": both, "proxy_only": self.own.size - both}

    def filled(self) -> tuple[float, float]:
        """How many flows live when all are open, on average, and the standard deviation."""
        each, more = divmod(self.flows, self.groups)
        groups = [(self.groups - more, each), (more, each + 1)]
        some = [
            (count, filled(**self.sizes(), survival=self.survival, flows=flows))
            for count, flows in groups
            if count
        ]
        mean = sum(count * found.mean for count, found in some)
        return float(mean), sqrt(sum(count * found.deviation**2 for count, found in some))

    def open(self) -> int:
        """How many flows are open in a steady state."""
        return max(2, round(_LOAD * min(self.flows, min(self.ports.size, self.own.size) * self.groups)))

    def dying(self, step: int) -> float:
        """The share that dies where the oldest so many are replaced at a time."""
        later = self.open() - (step + 1) / 2  # come while one is open; its own two legs are half a meeting
        held = later / self.groups + 0.5
        return steady(**self.sizes(), survival=self.survival, rate=held, hold=1, is_fixed=True)


def blindly(result: Capacity, found: Sequence[Way], blind: Sequence[str]) -> Blindly | None:
    """What of a chain the law is about; None where there is more to it, and nothing is predicted.

    That is one kind of flow, and one proxy by TPROXY that keeps the address and drops what is invalid; and
    each pair of address and service gets its part, because all are full or the clients call each by itself.

    >>> from tuplecalc.lab.scale import scale
    >>> from tuplecalc.lab.ways import ways
    >>> from tuplecalc.network.file import example
    >>> small = scale(example("outage"))
    >>> law = blindly(small.result, ways(small.chain), ["login-proxy"])
    >>> law.flows, law.sizes(), [round(each, 1) for each in law.filled()]
    (1512, {'cone_only': 0, 'overlap': 252, 'proxy_only': 0}, [660.9, 12.1])
    """
    chain = result.chain
    names = [hop.name for hop in chain.hops_at_work]
    if len(found) > 1 or len(blind) != 1 or blind[0] not in names:
        return None
    (way,) = found
    number = names.index(blind[0])
    hop = chain.hops_at_work[number]
    if not isinstance(hop, Proxy) or (hop.capture, hop.source, hop.tracking) != (
        "tproxy",
        "client",
        "strict",
    ):
        return None
    before = chain.hops_at_work[:number]
    if any(isinstance(each, Proxy) for each in before) or hop.own_ports is None or hop.collision == "refuses":
        return None
    cones = [each for each in before if isinstance(each, Cone)]
    ports = cones[-1].ports if cones else chain.clients[0].ports
    addresses = cones[-1].addresses.size * cones[-1].instances if cones else len(way.sources)
    groups = addresses * len(way.legs[number + 1])
    full = min(ports.size, hop.own_ports.size) * groups
    flows = min(full, *(int(by_flows(limit)) for limit in result.limits if limit.kind is not SHARED))
    called = len(way.legs[0]) * (1 if cones else addresses)
    if called != groups and (flows < full or ports.size > hop.own_ports.size):
        return None
    return Blindly(ports, hop.own_ports, groups, flows, hop.survival)


def fill(
    law: Blindly, result: Capacity, begin: Callable[[str], None]
) -> tuple[list[Figure], dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """One flow after the other until all are open: how many live, and what clients and namespaces say."""
    begin("building the chain")
    with Lab(_apart(result)) as lab:
        begin(f"opening {law.flows:,} connections, one after the other")
        clients, *others = lab.peers
        _begin(lab)
        clients.send("open", flows=law.flows)
        opened = clients.answer(SECONDS + 15)
        begin("counting those that live")
        clients.send("close", flows=opened["open"], is_oldest=True)
        living = clients.answer(60)["living"]
        reports = [(peer.node.name, peer.ask("report")) for peer in others]
    mean, deviation = law.filled()
    figures = [
        Figure("chain", "flows", mean, living, CERTAIN * deviation / mean, is_chance=True),
        Figure("chain", "flows opened", law.flows, opened["open"]),
    ]
    return figures, opened, reports


def replace(law: Blindly, result: Capacity, flows: int = REPLACED) -> Figure:
    """So many flows replaced, always the oldest, as if all were held equally long: the share that died.

    Not any of them: where the newer one of two ends first, the older one may come to life again.
    """
    there = law.open()
    step = max(1, there // _LEAST_STEPS)
    closed = living = 0
    with Lab(_apart(result)) as lab:
        clients, *others = lab.peers
        _begin(lab, patience=_SOON)
        clients.ask("open", flows=there)
        for number in range(-ceil(there / step), ceil(flows / step)):
            said = clients.ask("close", flows=step, is_oldest=True)
            for peer in others:
                peer.send("forget", names=said["names"])
            for peer in others:
                peer.answer()
            clients.ask("open", flows=step)
            if number >= 0:  # before, they had fewer behind them
                closed, living = closed + step, living + said["living"]
    share = law.dying(step)
    skew = (CERTAIN**2 - 1) / 6 / closed  # of a binomial law of few
    chance = CERTAIN * sqrt(share * (1 - share) / closed) + skew
    return Figure("chain", DYING, share, 1 - living / closed, chance / share, is_chance=True)


def _apart(result: Capacity) -> Plan:
    """The plan of a chain in which the services' first sequence numbers are as those of another machine."""
    found = plan(result.chain)
    services = found.nodes[-1]
    moved, services.role["ports"] = rules.elsewhere(services.role["ports"])
    services.nft += moved
    return found


def _begin(lab: Lab, patience: float = _PATIENCE) -> None:
    lab.peers[0].ask("series", strands=lab.plan.strands, window=1, patience=patience, seconds=SECONDS)
