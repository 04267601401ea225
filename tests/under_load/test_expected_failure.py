"""What is expected to fail where devices choose ports blindly, against a simulation flow by flow.

The simulated share lies in the bracket, within four standard errors and half a per cent of itself, which
finite numbers of ports make.
"""

import pytest

from tests.oracle.blind_networks import ALL, figures, networks
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.offered import offered

ERRORS, FINITE = 4, 0.005

ROUGH = {"fan-in twice": 0.002}
"""How far off the mean field is besides: who gets past the first fold is no longer spread evenly."""
NETWORKS, FIGURES = networks(), figures()


@pytest.mark.parametrize("name", NETWORKS)
def test_expected_is_what_is_simulated(name: str) -> None:
    found = offered(Chain(**NETWORKS[name]))
    expected = {ALL: found.expected} | {each.kind: each.expected for each in found.kinds if each.kind}
    assert expected.keys() == FIGURES[name].keys()
    for kind, (failed, error) in FIGURES[name].items():
        bracket, off = expected[kind], ERRORS * error + FINITE * failed + ROUGH.get(name, 0)
        assert bracket is not None
        assert bracket.lower - off <= failed <= bracket.upper + off, kind
