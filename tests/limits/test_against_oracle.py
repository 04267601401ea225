"""The formulas against an integer program over every possible flow, which knows none of them.

Every kind of chain once, then chains by chance.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from math import prod

import pytest
from hypothesis import assume, given, settings

from tests.limits import every_chain
from tests.limits.chains import Topology, topologies
from tests.limits.compare import (
    answer,
    calculated,
    close,
    flow_objections,
    objections,
    rate_objections,
    rate_of_whole_flows,
    reasons,
    true_flows,
)
from tests.limits.one_by_one import rates_by_schedule
from tests.limits.test_laws import check_result
from tuplecalc.limits.capacity import Capacity


def check(chains: Iterator[Topology], *, rates: int = 1) -> Counter[str]:
    """Compare all of them (the rate of every so manieth), and count what is said and seen.

    ``exact`` chains say that both figures equal the program, ``above`` are figures that do not and are
    higher, ``below`` are rates that ports allow one connection after the other, and no more; where that
    is too much to try they are ``unscheduled``.
    """
    seen: Counter[str] = Counter()
    for number, topology in enumerate(chains):
        result = calculated(topology)
        check_result(result)
        claim = answer(result)
        found = [*flow_objections(topology, result, claim)]
        if number % rates == 0:
            found += rate_objections(topology, result, claim)
            truth = rate_of_whole_flows(topology, result)
            if not close(claim.rate, truth):
                seen["above" if claim.rate > truth else confirmed(result)] += 1
        assert not found, topology
        seen["chains"] += 1
        seen["exact"] += not reasons(result, "flows") and not reasons(result, "rate")
        seen["above"] += claim.flows > true_flows(topology)
    return seen


def confirmed(result: Capacity) -> str:
    """See that no schedule is faster than a rate below the program."""
    try:
        found = list(rates_by_schedule(result))
    except ValueError:
        found = []
    assert not found or min(found) <= answer(result).rate * (1 + 1e-9)
    return "below" if found else "unscheduled"


MANY = (every_chain.of_one_proxy, every_chain.of_rules)
"""Sets so large that the rate of every fifth chain will do."""
Chains = Callable[[], Iterator[Topology]]


@pytest.mark.parametrize(
    ("chains", "seen"),
    [
        (every_chain.of_no_proxy, {"chains": 292, "exact": 52}),
        (every_chain.of_rules, {"chains": 384, "exact": 189, "above": 4}),
        (every_chain.of_virtual, {"chains": 258, "exact": 258}),
        (every_chain.of_rows, {"chains": 256, "exact": 256, "below": 1}),
        (every_chain.of_wide_ports, {"chains": 192, "exact": 192, "unscheduled": 2}),
        (every_chain.of_one_proxy, {"chains": 1710, "exact": 1710}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_every_chain(chains: Chains, seen: dict[str, int]) -> None:
    """The counts are all there is to say: a chain that is exact no more, or is at last, changes them."""
    assert +check(chains(), rates=5 if chains in MANY else 1) == seen


def test_two_proxies() -> None:
    seen = check(islice(every_chain.of_two_proxies(), 5, None, 4), rates=2)
    assert +seen == {"chains": 721, "exact": 713, "below": 2}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(topologies())
def test_random_chains(topology: Topology) -> None:
    machines = prod(hop.get("instances", 1) for hop in topology["hops"])
    assume(machines * topology["services"]["addresses"] <= 36)  # else the program takes seconds
    result = calculated(topology)
    check_result(result)
    assert not objections(topology, result)
