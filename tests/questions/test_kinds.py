"""Every question about flows of several kinds, against single chains: random networks, and cases by hand."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

import tuplecalc as tc
from tests.oracle.kinds import from_seed
from tests.oracle.meaning import Topology
from tests.questions.test_sweep import check as check_sweep
from tuplecalc.network.replace import path_steps, replace
from tuplecalc.questions.crossover import Crossovers, crossovers
from tuplecalc.questions.elasticity import Elasticity, elasticities
from tuplecalc.questions.paths import number_at

SEEDS = range(24)


def paths_of(topology: Topology) -> list[str]:
    """Numbers of a random network, with ranges that it can have."""
    kinds = topology["traffic"]["kinds"]
    found = []
    for kind in kinds:
        path = f"traffic.kinds.{kind['name']}"
        found += [f"{path}.hold=0s..3s/4", f"{path}.first_close=0..1/3"]
        if "rate" in kind:
            found.append(f"{path}.rate=0.1..2/4")
        elif len(kinds) > 1:
            found.append(f"{path}.share=0..1/5")
    for group in topology["clients"]:
        if isinstance(group["addresses"], int):
            found.append(f"clients.{group['name']}.addresses=1..4")
        found += [f"clients.{group['name']}.time_wait=0s..2s/3"]
        found += [f"clients.{group['name']}.max_files=1..6"] if "max_files" in group else []
    found += [
        f"services.{group['name']}.addresses=1..3"
        for group in topology["services"]
        if isinstance(group["addresses"], int)
    ]
    for hop in topology["hops"]:
        path = f"hops.{hop['name']}"
        found.append(f"{path}.udp_timeout=0s..2s/3")
        if hop.get("source", "client-port") != "client-port":
            found += [f"{path}.connections_per_flow=0.25..2/4", f"{path}.upstream_hold=0s..4s/3"]
            found += [f"{path}.upstream_first_close=0..1/3"]
        if "capture" in hop and "max_files" in hop:
            found.append(f"{path}.files_per_flow=1..6/3")
        found += [f"{path}.blocks_per_client=1..3"] if "block" in hop else []
    return found


def networks() -> list[Any]:
    """Networks of several kinds, each with one of its numbers."""
    found = []
    for seed in SEEDS:
        topology = from_seed(seed)
        paths = paths_of(topology)
        found += [pytest.param(topology, path, id=f"{seed} {path}") for path in paths[seed % 3 :: 7]]
    return found


@pytest.mark.parametrize(("topology", "path"), networks())
def test_every_point_of_a_sweep_is_a_single_chain(topology: Topology, path: str) -> None:
    check_sweep(tc.from_dict(topology), path)


def check_crossovers(found: Crossovers) -> None:
    """Beside each place where limits change, and between, a limit binds that is as low as any."""
    for of, intervals in enumerate((found.flows, found.rate)):
        assert (intervals[0].low, intervals[-1].high) == (found.axis.values[0], found.axis.values[-1])
        for one, other in pairwise(intervals):
            assert other.low == (one.high + 1 if found.axis.is_count else one.high)
            assert one.limit != other.limit
        for low, high, limit in intervals:
            if not found.axis.is_count and high - low < Fraction(1, 10**12):
                continue  # a jump, which is known as well as that
            ends = [low, high] if found.axis.is_count else []
            inside = [Fraction(low + (high - low) * Fraction(part, 100)) for part in (1, 37, 50, 99)]
            for value in [*ends, *(int(each) if found.axis.is_count else each for each in inside)]:
                result = tc.capacity(replace(found.chain, found.axis.path, value))
                least = (result.binding, result.rate_binding)[of]
                if limit is None or least is None:
                    assert limit == (least and (least.hop, least.name)), (found, value)
                    continue
                binds = result.limit(*limit)
                assert (binds.rate, binds.flows)[1 - of] == (least.rate, least.flows)[1 - of], (found, value)


@pytest.mark.parametrize(("topology", "path"), networks())
def test_intervals_are_those_of_single_chains(topology: Topology, path: str) -> None:
    check_crossovers(crossovers(tc.from_dict(topology), path))


# Elasticities.

REAL = {
    *("share", "rate", "hold", "first_close", "time_wait", "reuse_after", "udp_timeout", "half_close"),
    *("connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow", "accept_wait"),
    "tracking_time_wait",
}
STEP = Fraction(1, 10**8)


def figure(chain: tc.Chain, each: Elasticity) -> Fraction:
    limit = tc.capacity(chain).limit(each.limit.hop, each.limit.name)
    taken = limit.keys if each.figure == "flows" else limit.seconds.value
    size = limit.size.value if each.figure == "flows" else limit.busy_keys
    return Fraction(size * limit.scopes.value) / taken


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_elasticities_are_slopes_of_single_chains(seed: int) -> None:
    """Of times, shares, rates and connections of a flow: of what can be a little more."""
    chain = tc.from_dict(from_seed(seed))
    for each in elasticities(chain):
        key = each.path.rpartition(".")[2]
        if key not in REAL or "," in each.path:
            continue
        found = number_at(chain, list(path_steps(each.path)), each.path)
        if not found.present or (found.unit == "" and found.present == 1):
            continue
        here = figure(chain, each)
        try:
            low, high = sorted(
                (figure(replace(chain, each.path, found.present * (1 + by)), each) / here - 1) / by
                for by in (STEP, -STEP)
            )
        except tc.TopologyError as error:
            assert "hops of one machine agree" in str(error)  # noqa: PT017
            continue
        assert low - Fraction(1, 10**5) <= each.value <= high + Fraction(1, 10**5), each
