"""The formulas against an integer program over every possible flow, which knows none of them.

Every kind of chain once, then chains by chance.
"""

from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given, settings

from tests.limits import every_chain
from tests.limits.chains import Topology, topologies
from tests.limits.compare import answer, calculated, flow_objections, objections, rate_objections


def check(chains: Iterator[Topology], at_least: int, exact: float, *, rates: int = 1) -> None:
    """Compare all of them (the rate of every so manieth), and see that enough say that they are exact."""
    checked = claims = 0
    for topology in chains:
        result = calculated(topology)
        found = [*flow_objections(topology, result, answer(result))]
        if checked % rates == 0:
            found += rate_objections(topology, result, answer(result))
        assert not found, topology
        checked += 1
        claims += not result.flows_at_most
    assert checked >= at_least
    assert claims > exact * checked


def test_no_proxy() -> None:
    check(every_chain.of_no_proxy(), 290, 0.15)


@pytest.mark.parametrize("part", range(4))
def test_rules_of_cones(part: int) -> None:
    check(islice(every_chain.of_rules(), part, None, 4), 95, 0.3)


def test_virtual_services() -> None:
    check(every_chain.of_virtual(), 250, 0.99)


@pytest.mark.parametrize("part", range(4))
def test_one_proxy(part: int) -> None:
    check(islice(every_chain.of_one_proxy(), part, None, 4), 400, 0.8)


@pytest.mark.parametrize("part", range(6))
def test_two_proxies(part: int) -> None:
    check(islice(every_chain.of_two_proxies(), part, None, 6), 450, 0.7, rates=2)


def test_rows_of_proxies() -> None:
    check(every_chain.of_rows(), 250, 0.9)


def test_ports_taken_for_all_services() -> None:
    check(every_chain.of_wide_ports(), 190, 0.2)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(topologies())
def test_random_chains(topology: Topology) -> None:
    assert not objections(topology, calculated(topology))
