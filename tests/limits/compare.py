"""A claimed answer against the integer program: what may differ, and by how much."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tests.limits.chains import Topology
from tests.limits.one_by_one import is_of_time
from tests.oracle.program import highest_rate, most_flows
from tuplecalc.limits.at_most import Bound
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.file import from_dict

NEAR = 1e-5
"""Relative: the linear program's own tolerance."""
PARTS = {"half": 1 / 2, "a third": 1 / 3, "two fifths": 2 / 5, "a tenth": 1 / 10}
"""How the reasons of "at most" call a part of a figure that may be missing."""


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


def reasons(result: Capacity, figure: Literal["flows", "rate"]) -> list[Bound]:
    """Why a figure may be above the program's: it is equal where there is none."""
    return [bound for bound in result.at_most if bound.figure == figure and not bound.is_of_time]


def times_too_high(bounds: list[Bound]) -> float:
    """How many times the truth a figure may be, by what the reasons themselves say."""
    factor = 1.0
    for bound in bounds:
        if "none gets through" in bound.reason or (bound.figure == "rate" and "of the rate" in bound.reason):
            return math.inf
        if part := re.search("up to (.*?) less", bound.reason):
            factor /= 1 - PARTS[part[1]]
        else:
            assert "no chain lost by it yet" in bound.reason, bound
    return factor


def objections(topology: Topology, result: Capacity, claim: Answer | None = None) -> list[str]:
    """What is wrong with a claim (by default the result's own), given how exact the result says it is."""
    claim = claim or answer(result)
    return [*flow_objections(topology, result, claim), *rate_objections(topology, result, claim)]


def flow_objections(topology: Topology, result: Capacity, claim: Answer) -> Iterator[str]:
    """What is wrong with the flows."""
    truth = true_flows(topology)
    if claim.flows < truth:
        yield f"{claim.flows} flows are below the true {truth}"
    if claim.flows > truth * times_too_high(reasons(result, "flows")):
        yield f"{claim.flows} flows are above the true {truth}"


def rate_objections(topology: Topology, result: Capacity, claim: Answer) -> Iterator[str]:
    """What is wrong with the rate.

    It may be below the program where a limit binds that comes out of time: the program counts means.
    """
    truth = rate_of_whole_flows(topology, result)
    most = truth * times_too_high(reasons(result, "rate")) if truth else 0.0
    below = claim.rate < truth and not close(claim.rate, truth)
    if below and not (is_of_time(result) and close(claim.rate, answer(result).rate)):
        yield f"a rate of {claim.rate} is below the true {truth}"
    if claim.rate > most and not close(claim.rate, most):
        yield f"a rate of {claim.rate} is above the true {truth}"


def rate_of_whole_flows(topology: Topology, result: Capacity) -> float:
    """The program's rate; 0 where not one whole flow fits.

    The program has parts of flows, of which one may have its two legs at times when the other has none.
    """
    return 0.0 if result.flows == 0 and true_flows(topology) == 0 else true_rate(topology)


def close(left: float, right: float) -> bool:
    """Equal within what a linear program promises."""
    return left == right or math.isclose(left, right, rel_tol=NEAR, abs_tol=NEAR)
