"""What is expected to fail where devices choose ports blindly, against a simulation flow by flow.

The simulated share lies in the bracket, within four standard errors and half a per cent of itself, which
finite numbers of ports make.
"""

from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.blind_networks import ALL, figures, networks
from tests.oracle.kinds import from_seed
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.chains import Bracket, Losing, by_kind, of_all
from tuplecalc.under_load.expected import Choosing
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import offered
from tuplecalc.under_load.pools import pools, strand_name

ERRORS, FINITE, ROUNDED = 4, 0.005, 1e-15

ROUGH = {"fan-in twice": 0.002}
"""How far off the mean field is besides: who gets past the first fold is no longer spread evenly."""
NETWORKS, FIGURES = networks(), figures()


@pytest.mark.parametrize("name", NETWORKS)
def test_expected_is_what_is_simulated(name: str) -> None:
    result, rate = capacity(Chain(**NETWORKS[name])), NETWORKS[name]["traffic"]["rate"]
    strands = result.chain.strands
    failing = Choosing(result, Losing(pools(result))).strands(rate)
    kinds = {kind: share for kind, share in by_kind(strands, failing).items() if kind}
    brackets = {ALL: of_all(strands, failing)} | kinds
    assert brackets.keys() == FIGURES[name].keys()
    for kind, (failed, error) in FIGURES[name].items():
        bracket, off = brackets[kind], ERRORS * error + FINITE * failed + ROUGH.get(name, ROUNDED)
        assert bracket.lower - off <= failed <= bracket.upper + off, kind


PROXY: dict[str, Any] = {
    "kind": "hourglass",
    "capture": "tproxy",
    "source": "client",
    "ports": "1024-2023",
    "time_wait": 1,
}
LAWS: dict[str, dict[str, Any]] = {
    "off": {"tracking": "off"},
    "loose": {"tracking": "loose"},
    "refuses": {"collision": "refuses"},
    "kills": {"collision": "kills-older", "survival": 0.25},
    "binds": {"tracking": "off", "allocation": "bind"},
}


@pytest.mark.parametrize("how", LAWS)
@pytest.mark.parametrize("number", [2, 3])
def test_instances_fail_as_that_many_hops_with_a_part_of_the_traffic_each(number: int, how: str) -> None:
    def failing(traffic: dict[str, Any], *proxies: dict[str, Any]) -> Bracket | None:
        nat = {"name": "nat", "kind": "cone", "addresses": 1, "ports": "1024-2023", "time_wait": 0}
        return offered(
            Chain(
                traffic={"rate": 150, "hold": 1} | traffic,
                clients={"addresses": 100},
                hops=[nat, *(PROXY | LAWS[how] | proxy for proxy in proxies)],
                services={"addresses": 2, "ports": 443},
            )
        ).expected

    shares = [Fraction(1, number)] * number
    kinds = [{"name": f"k{i}", "share": share} for i, share in enumerate(shares)]
    hops = [{"name": f"p{i}", "traffic": f"k{i}"} for i in range(number)]
    together = failing({}, {"name": "p", "instances": number})
    assert together == pytest.approx(failing({"kinds": kinds}, *hops), rel=1e-6)
    assert together
    assert together.upper > 0.01
    by_services = failing({}, {"name": "p", "instances": 2, "split": "services"})
    assert by_services == pytest.approx(failing({}, {"name": "p"}), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("seed", [4, 21, 27])
def test_what_collides_rises_with_the_rate(seed: int) -> None:
    """In networks where simple steps swing about for ever and end anywhere."""
    result = capacity(Chain(**from_seed(seed)))
    assert result.rate
    field = MeanField(result)
    parts = {strand_name(each): float(each.part * result.rate) for each in result.chain.strands}
    for each_way in (field, field.longer()):
        shares = [
            each_way.at({each: part * times for each, part in parts.items()}).refused
            for times in (0.3, 0.7, 0.95, 1, 1.3)
        ]
        for strand in parts:
            rising = [each[strand] for each in shares]
            assert rising == sorted(rising)
