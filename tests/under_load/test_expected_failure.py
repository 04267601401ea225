"""What is expected to fail where devices choose ports blindly, against a simulation flow by flow.

The simulated share lies in the bracket, within four standard errors and half a per cent of itself, which
finite numbers of ports make.
"""

import pytest

from tests.oracle.blind_networks import ALL, figures, networks
from tuplecalc.network.chain import Chain
from tuplecalc.under_load.offered import offered

ERRORS, FINITE = 4, 0.005

NETWORKS, FIGURES = networks(), figures()
ROUGH = {  # how far off they are: where these numbers shrink the mean field has become better
    "fan-in of clients that bind": 0.025,  # what is remembered may be in use towards another service
    "one of two groups of services has time_wait": 0.11,  # every service is taken for the one that waits
    "fan-in and services with time_wait": 0.012,  # who gets past the first table is spread anew
    "a proxy of its own ports before TPROXY": 0.009,  # each end lingers where the other does not
}


@pytest.mark.parametrize("name", NETWORKS)
def test_expected_is_what_is_simulated(name: str) -> None:
    found = offered(Chain(**NETWORKS[name]))
    expected = {ALL: found.expected} | {each.kind: each.expected for each in found.kinds if each.kind}
    assert expected.keys() == FIGURES[name].keys()
    for kind, (failed, error) in FIGURES[name].items():
        bracket, off = expected[kind], ERRORS * error + FINITE * failed + ROUGH.get(name, 0)
        assert bracket is not None
        assert bracket.lower - off <= failed <= bracket.upper + off, kind
