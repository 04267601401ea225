"""Whole chains as they happen: blocking and exhaustion times against an event simulation.

Each comparison allows four standard errors of the simulation itself; the runs are seeded.
"""

from math import sqrt
from statistics import mean, stdev
from typing import Any

import pytest

import tuplecalc as tc
from tests.oracle.events import Simulation
from tuplecalc.under_load.chains import blocking
from tuplecalc.under_load.erlang import erlang_b

ERRORS = 4


def chain(*hops: tc.Cone | tc.Forwarder | tc.Proxy, hold: float, clients: int = 40, **more: Any) -> tc.Chain:
    services = more.pop("services", tc.Services(addresses=2, ports=80))
    return tc.Chain(
        traffic=tc.Traffic(hold=hold, **more),
        clients=tc.Clients(addresses=clients, ports="1024-1123", time_wait=0),
        hops=hops,
        services=services,
    )


def nat(ports: int, **keys: Any) -> tc.Cone:
    return tc.Cone(name="nat", ports={"count": ports}, **({"addresses": 2, "time_wait": 6} | keys))


def proxy(ports: str, **keys: Any) -> tc.Proxy:
    keys = {"capture": "tproxy", "source": "client", "time_wait": 3} | keys
    return tc.Proxy(name="proxy", ports=ports, **keys)


SHARES = [tc.Services(addresses=1, ports=80, share=0.7), tc.Services(addresses=1, ports=443, share=0.3)]
SINGLE = {
    "a NAT": (chain(nat(12), hold=4), 4.0),
    "a NAT, overloaded": (chain(nat(12), hold=4), 12.0),
    "a NAT's ports apart from the proxy's": (chain(nat(12), proxy("3000-3012"), hold=4), 4.0),
    "groups with shares": (chain(nat(12), hold=4, services=SHARES), 4.5),
    "a firewall's table": (
        chain(nat(40), tc.Forwarder(name="fw", layer=3, max_entries=30, tracking_time_wait=6), hold=4),
        2.8,
    ),
    "files of a proxy": (chain(proxy("5000-5200", source="own", time_wait=0, max_files=40), hold=4), 5.0),
    "its own port": (chain(proxy("5000-5011", source="own"), hold=4, first_close=1), 3.0),
    "both legs in one table": (chain(nat(24, time_wait=0), proxy("1024-1047", time_wait=0), hold=4), 8.0),
}


@pytest.mark.parametrize("fixed", [False, True], ids=["exponential", "fixed"])
@pytest.mark.parametrize("name", SINGLE)
def test_one_pool_that_binds(name: str, fixed: bool) -> None:
    design, rate = SINGLE[name]
    found = blocking(design, rate)
    assert found.is_exact
    outcome = Simulation(design, rate, seed=7, fixed_hold=fixed).run(14_000, warm_up=2_000)
    assert 0.001 < found.upper < 0.9
    assert abs(outcome.share - found.upper) < ERRORS * outcome.error


SEVERAL = {
    "two legs, TIME_WAIT on one": (chain(nat(24, time_wait=0), proxy("1024-1047"), hold=4), 6.0),
    "a NAT and the files behind it": (
        chain(nat(12), proxy("3000-3200", source="own", max_files=24), hold=4),
        3.0,
    ),
    "a table for two NAT addresses": (
        chain(nat(12), tc.Forwarder(name="fw", layer=3, max_entries=36, tracking_time_wait=1), hold=4),
        4.5,
    ),
}


@pytest.mark.parametrize("fixed", [False, True], ids=["exponential", "fixed"])
@pytest.mark.parametrize("name", SEVERAL)
def test_several_pools_within_the_bracket(name: str, fixed: bool) -> None:
    design, rate = SEVERAL[name]
    found = blocking(design, rate)
    assert not found.is_exact
    outcome = Simulation(design, rate, seed=11, fixed_hold=fixed).run(14_000, warm_up=2_000)
    assert found.lower - ERRORS * outcome.error < outcome.share < found.upper + ERRORS * outcome.error


def test_hashed_clients() -> None:
    """The hash puts each client on one address for good: many short runs, each with hashes of its own."""
    design = chain(nat(20, addresses=3, spread="hashed"), hold=4, clients=15)
    rate, runs = 9.0, 30
    shares = [Simulation(design, rate, seed).run(2_400, warm_up=400).share for seed in range(runs)]
    found, error = blocking(design, rate), stdev(shares) / sqrt(runs)
    even = blocking(tc.with_settings(design, "hops.nat.spread=even"), rate)
    assert abs(mean(shares) - found.upper) < ERRORS * error
    assert abs(mean(shares) - even.upper) > ERRORS * error  # which a wrong answer would be


def test_the_simulation_objects_to_a_load_without_the_linger() -> None:
    design, rate = SINGLE["a NAT"]
    outcome = Simulation(design, rate, seed=7).run(14_000, warm_up=2_000)
    assert abs(outcome.share - erlang_b(12, rate / 4 * 4)) > 10 * outcome.error


@pytest.mark.parametrize("hold", [0.2, 4])
def test_first_failure_from_empty(hold: float) -> None:
    """One pool of 400: the fluid time of exhaustion, within its own spread."""
    design = tc.with_settings(
        chain(nat(400, addresses=1), hold=hold), "services.0.addresses=1", "traffic.rate=90"
    )
    times = [Simulation(design, 90, seed).until_first_failure() for seed in range(30)]
    offered = tc.offered(design)
    assert offered is not None
    assert offered.exhausted is not None
    poisson = sqrt(400) / 90  # of the fluid time: what chance adds
    assert abs(mean(times) - offered.exhausted.seconds) < ERRORS * stdev(times) / sqrt(30) + poisson
    assert offered.exhausted.soonest == pytest.approx(400 / 90)
