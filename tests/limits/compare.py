"""A claimed answer against the integer program: what may differ, and by how much."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.limits.chains import Topology
from tests.oracle.program import highest_rate, most_flows
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.kinds import GAPS, IN_TURN, JOINT
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import AnyHop
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.forwarder import Forwarder

OF_TIME = (GAPS, IN_TURN, JOINT)
"""What ports do one connection after the other, which the program of means does not see whole."""
NEAR = 1e-5
"""Relative: the linear program's own tolerance."""
MOST = 1.5
"""Where the result says "at most", a figure is no more than this times the truth, rounding aside.

Measured: up to 4/3, for rates, and for flows where a hop changes the destination but keeps the port.
"""


@dataclass(frozen=True)
class Answer:
    """Flows and rate of one chain, from whichever source."""

    flows: int
    rate: float


def calculated(topology: Topology) -> Capacity:
    """What tuplecalc says."""
    return capacity(from_dict(topology))


def answer(result: Capacity) -> Answer:
    """The two figures of a result; no rate at all is an infinite one."""
    return Answer(result.flows, math.inf if result.rate is None else float(result.rate))


def true_flows(topology: Topology) -> int:
    """What the integer program says."""
    return _flows_of(json.dumps(topology))


def true_rate(topology: Topology) -> float:
    """What the linear program says."""
    return _rate_of(json.dumps(topology))


@cache
def _flows_of(written: str) -> int:
    return most_flows(json.loads(written))


@cache
def _rate_of(written: str) -> float:
    return highest_rate(json.loads(written))


def mutated(result: Capacity, change: Callable[[Limit], Limit | None]) -> Answer:
    """The answer with every limit changed, or left out where the change gives None."""
    hops = tuple(
        hop._replace(limits=tuple(new for limit in hop.limits if (new := change(limit)) is not None))
        for hop in result.hops
    )
    return answer(Capacity(result.chain, hops))


def most_flows_claimed(truth: int, result: Capacity) -> float:
    """What the flows may be where the result says "at most"; else they are the truth.

    Rounding: a shared limit is floored once for a whole source (or for a source and instance), but
    ports are whole in each (source address, service, instance). Half a flow is lost there at most, at
    every hop that has such a limit; measured in 20,000 random chains: half of this at one such hop,
    two thirds at two in a row.

    Where a hop changes the destination but keeps source and port, ports that are apart for each
    destination on one side can meet on the other: that loss grows with the ports. With port blocks
    whole sources may go without, and what a client holds may all be of one address: no bound.
    """
    if not result.flows_at_most:
        return truth
    if has_blocks(result):
        return math.inf
    shared = (limit for limit in result.limits if limit.name == "shared")
    rounding = float(sum(limit.scopes.value for limit in shared)) / 2
    return truth * (MOST if any(map(changes_destination, result.chain.hops)) else 1) + rounding


def highest_rate_claimed(truth: float, result: Capacity) -> float:
    """What the rate may be where the result says "at most"; else it is the truth."""
    if not any(bound.figure == "rate" and not bound.is_of_time for bound in result.at_most):
        return truth
    return math.inf if has_blocks(result) else MOST * truth


def has_blocks(result: Capacity) -> bool:
    """Whether a cone hands out port blocks, or lets a client hold so many ports only."""
    cones = [hop for hop in result.chain.hops if isinstance(hop, Cone)]
    return any(hop.block is not None or hop.client_ports is not None for hop in cones)


def changes_destination(hop: AnyHop) -> bool:
    """Whether it does so and keeps the source's address and port."""
    if isinstance(hop, Cone):
        return False
    if isinstance(hop, Forwarder):
        return hop.virtual is not None
    return hop.capture == "listen" and hop.source == "client-port"


def objections(topology: Topology, result: Capacity, claim: Answer | None = None) -> list[str]:
    """What is wrong with a claim (by default the result's own), given how exact the result says it is."""
    claim = claim or answer(result)
    return [*flow_objections(topology, result, claim), *rate_objections(topology, result, claim)]


def flow_objections(topology: Topology, result: Capacity, claim: Answer) -> Iterator[str]:
    """What is wrong with the flows."""
    truth = true_flows(topology)
    if claim.flows < truth:
        yield f"{claim.flows} flows are below the true {truth}"
    if claim.flows > most_flows_claimed(truth, result):
        yield f"{claim.flows} flows are above the true {truth}"


def rate_objections(topology: Topology, result: Capacity, claim: Answer) -> Iterator[str]:
    """What is wrong with the rate.

    The linear program has parts of flows, of which one may have its two legs at times when the other
    has none.  Where not one whole flow fits, none gets through, at any rate.
    """
    nothing = result.flows == 0 and true_flows(topology) == 0
    truth = 0.0 if nothing else true_rate(topology)
    most = highest_rate_claimed(truth, result)
    in_time = result.rate_binding is not None and result.rate_binding.kind in OF_TIME
    if claim.rate < truth and not close(claim.rate, truth) and not (in_time and claim == answer(result)):
        yield f"a rate of {claim.rate} is below the true {truth}"
    if claim.rate > most and not close(claim.rate, most):
        yield f"a rate of {claim.rate} is above the true {truth}"


def close(left: float, right: float) -> bool:
    """Equal within what a linear program promises."""
    return left == right or math.isclose(left, right, rel_tol=NEAR, abs_tol=NEAR)
