"""The simulation of blind choice against chains of every state, the formulas of the kernel, known figures.

Each comparison allows four standard errors of the simulation; the runs are seeded.
"""

from math import exp
from typing import Any

import numpy as np
import pytest

from tests.oracle import blind, blind_exact, blind_networks
from tests.oracle.blind_events import Share, Simulation
from tuplecalc.network.chain import Chain

ERRORS = 4


def network(hold: float, *hops: dict[str, Any], ports: str, rate: float, **more: Any) -> Any:
    traffic = {"hold": hold, "rate": rate} | more.pop("traffic", {})
    clients = {"addresses": 1, "ports": ports, "time_wait": 0} | more.pop("clients", {})
    hops = tuple({"kind": "hourglass"} | hop for hop in hops)
    return {"traffic": traffic, "clients": clients, "hops": hops} | {"services": _services(1)} | more


def balancer(addresses: int) -> dict[str, Any]:
    return {"name": "lb", "layer": 4, "virtual": {"addresses": addresses, "ports": 443}}


def proxy(ports: str, **more: Any) -> dict[str, Any]:
    plain = {"name": "p", "capture": "tproxy", "source": "client", "time_wait": 0, "ports": ports}
    return plain | {"collision": "refuses"} | more


def killing(ports: str, survival: float, **more: Any) -> dict[str, Any]:
    return proxy(ports, collision="kills-older", survival=survival, **more)


def _services(addresses: int) -> dict[str, Any]:
    return {"addresses": addresses, "ports": 443}


def _close(found: Share, expected: float) -> bool:
    return abs(found.failed - expected) < ERRORS * found.error


HALF = {"kinds": [{"name": "captured", "share": 0.5}, {"name": "passing", "share": 0.5}]}
TINY = {
    "a virtual fold": (
        network(1, balancer(2), ports="1-3", rate=2, services=_services(2)),
        blind_exact.fan_in(3, 2, 2),
    ),
    "a virtual fold of three onto one": (
        network(1, balancer(3), ports="1-2", rate=0.7),
        blind_exact.fan_in(2, 3, 1),
    ),
    "TPROXY": (network(1, proxy("2-5"), ports="1-4", rate=1), blind_exact.tproxy(range(4), range(1, 5))),
    "TPROXY for half of it": (
        network(1, proxy("1-3", captures="captured"), ports="1-4", rate=1, traffic=HALF),
        blind_exact.tproxy(range(4), range(3), 0.5),
    ),
    "TPROXY kills": (
        network(1, killing("1-3", 0.25), ports="1-3", rate=1),
        blind_exact.tproxy_that_kills(range(3), range(3), 0.25),
    ),
    "TPROXY kills, ranges in part": (
        network(1, killing("2-5", 0.5), ports="1-3", rate=1.5),
        blind_exact.tproxy_that_kills(range(3), range(1, 5), 0.5),
    ),
}


@pytest.mark.parametrize("name", TINY)
def test_tiny_networks_are_as_every_state_says(name: str) -> None:
    topology, chain = TINY[name]
    found = blind_networks.simulation(topology).run(42_000, 1_000).all
    assert _close(found, blind_exact.failing(chain, topology["traffic"]["rate"]))


def test_both_enumerations_are_one() -> None:
    sizes = blind.Sizes(cone_only=1, overlap=3, proxy_only=1)
    by_classes = blind.exact_blocking(blind.Chain(sizes, rate=1, hold=1))
    assert blind_exact.failing(blind_exact.tproxy(range(4), range(1, 5)), 1) == pytest.approx(by_classes)


def test_fan_in_of_three_onto_four_fails_1_8_percent() -> None:
    """As at 100/s for 30 s with 28,232 ports."""
    ports = "1024-2023"
    topology = network(1, balancer(3), ports=ports, rate=3_000_000 / 28_232, services=_services(4))
    found = blind_networks.simulation(topology).run(60_000, 2_000).all
    assert _close(found, 0.018)
    assert found.error < 0.0007


def test_a_firewall_that_remembers_10_s_longer_fails_7_2_percent() -> None:
    firewall = {"name": "fw", "layer": 3, "reuse_after": 10}
    topology = network(1, firewall, ports="1024-65535", rate=500, traffic={"first_close": "server"})
    found = blind_networks.simulation(topology).run(60_000, 10_000).all
    assert _close(found, 0.072)
    assert found.error < 0.002


def replaced(load: float, survival: float, fixed: bool) -> Share:
    """What dies where flows are replaced, each of 3,000 ports in use for this part of the time."""
    topology = network(1, killing("1024-4023", survival), ports="1024-4023", rate=3000 * load)
    return blind_networks.simulation(topology, fixed_hold=fixed).run(25_000, 2_500).all


@pytest.mark.parametrize(("load", "survival"), [(0.1, 0.25), (0.1, 0.5), (0.04, 0.25)])
@pytest.mark.parametrize("fixed", [False, True], ids=["exponential", "fixed"])
def test_the_older_flow_dies_as_the_kernel_was_seen_to_do(load: float, survival: float, fixed: bool) -> None:
    """K/(1 + K) and 1 - exp(-K) are for little load."""
    kills = (1 - survival) * 2 * load
    found = replaced(load, survival, fixed)
    expected = 1 - exp(-kills) if fixed else kills / (1 + kills)
    assert abs(found.failed - expected) < ERRORS * found.error + load**2 / 4
    assert not _close(found, 2 * load / (1 + 2 * load))  # nobody survives


def dies_of_many(load: float, survival: float) -> float:
    """For many ports and exponential holds: while a port is in use already, nobody else can take it.

    A flow has two ports, each in use in the other's table or not.  Where it is not, it is taken (a hit) so
    often as makes it used for ``load`` of the time, and given back after one hold.
    """
    taken = load / (1 - load)
    hit = taken * survival
    steps = [[1 + 2 * taken, -2 * hit, 0], [-1, 2 + taken, -hit], [0, -2, 3]]  # for none, one, both in use
    lives = np.linalg.solve(np.array(steps), np.ones(3))
    return float(1 - np.array([(1 - load) ** 2, 2 * load * (1 - load), load**2]) @ lives)


def dies_of_many_fixed(load: float, survival: float) -> float:
    """The same for fixed holds: who takes a port keeps it until the flow ends, so each port is hit once."""
    return 1 - (1 - (1 - survival) * load) ** 2


@pytest.mark.parametrize("fixed", [False, True], ids=["exponential", "fixed"])
@pytest.mark.parametrize(("load", "survival"), [(0.1, 0.25), (0.44, 0.25), (0.44, 0.5), (0.7, 0.25)])
def test_more_die_of_much_load_than_the_law_for_little_says(
    load: float, survival: float, fixed: bool
) -> None:
    found, kills = replaced(load, survival, fixed), (1 - survival) * 2 * load
    expected = dies_of_many_fixed(load, survival) if fixed else dies_of_many(load, survival)
    assert abs(found.failed - expected) < ERRORS * found.error + 0.001  # both legs on one of 3,000 ports
    assert expected > (1 - exp(-kills) if fixed else kills / (1 + kills))


@pytest.mark.parametrize(("survival", "filled"), [(0.5, 1.0), (0.25, 1.0), (0.25, 0.5), (0.0, 1.0)])
def test_filling_ends_with_as_many_as_the_kernel_let_live(survival: float, filled: float) -> None:
    ports, dies = 2000, 1 - survival
    topology = network(1, killing("1024-3023", survival), ports="1024-3023", rate=1)
    living = blind_networks.simulation(topology, seed=3).fill(int(filled * ports))
    assert living == pytest.approx(ports * (1 - (1 - dies * filled) ** 3) / (3 * dies), abs=60)


def test_every_network_has_its_figures() -> None:
    networks, figures = blind_networks.networks(), blind_networks.figures()
    assert networks.keys() == figures.keys()
    for name, topology in networks.items():
        kinds = {kind["name"] for kind in topology["traffic"].get("kinds", [])}
        assert figures[name].keys() == {blind_networks.ALL} | kinds
        assert 0.005 < figures[name][blind_networks.ALL].failed < 0.6


@pytest.mark.parametrize("name", ["fan-in behind a cone", "services with time_wait"])
def test_figures_are_what_another_run_sees(name: str) -> None:
    figure = blind_networks.figures()[name][blind_networks.ALL]
    again = blind_networks.simulation(blind_networks.networks()[name], seed=2).run(24_000, 3_000).all
    assert abs(again.failed - figure.failed) < ERRORS * (again.error**2 + figure.error**2) ** 0.5


def test_what_is_not_simulated_is_refused() -> None:
    chain = Chain(**network(1, {"name": "fw", "layer": 3, "max_entries": 9}, ports="1-2", rate=1))
    with pytest.raises(NotImplementedError, match=r"not simulated: hops\.fw\.max_entries"):
        Simulation(chain, 1)
