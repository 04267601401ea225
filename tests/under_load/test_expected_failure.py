"""What is expected to fail where devices choose ports blindly, against a simulation flow by flow.

The simulated share lies in the bracket, within four standard errors and half a per cent of itself, which
finite numbers of ports make.
"""

import pytest

from tests.oracle.blind_networks import ALL, figures, networks
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.chains import by_kind, of_all
from tuplecalc.under_load.expected import expected, in_concert
from tuplecalc.under_load.pools import pools

ERRORS, FINITE = 4, 0.005

ROUGH = {"fan-in twice": 0.002}
"""How far off the mean field is besides: who gets past the first fold is no longer spread evenly."""
NETWORKS, FIGURES = networks(), figures()


@pytest.mark.parametrize("name", NETWORKS)
def test_expected_is_what_is_simulated(name: str) -> None:
    result, rate = capacity(Chain(**NETWORKS[name])), NETWORKS[name]["traffic"]["rate"]
    strands, every = result.chain.strands, pools(result)
    failing = expected(result, every, in_concert(result, every, rate), rate)
    kinds = {kind: share for kind, share in by_kind(strands, failing).items() if kind}
    brackets = {ALL: of_all(strands, failing)} | kinds
    assert brackets.keys() == FIGURES[name].keys()
    for kind, (failed, error) in FIGURES[name].items():
        bracket, off = brackets[kind], ERRORS * error + FINITE * failed + ROUGH.get(name, 0)
        assert bracket.lower - off <= failed <= bracket.upper + off, kind
