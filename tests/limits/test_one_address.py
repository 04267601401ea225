"""A cone and a proxy of one machine that send from its one address."""

from __future__ import annotations

import pytest

import tuplecalc as tc
from tuplecalc.errors import ChainError

_BOX = """
traffic.kinds = [{name = "captured", share = 0.5}, {name = "passing", share = 0.5}]
clients = {addresses = 256}
services = {addresses = 1, ports = 443}
"""


def box(proxy: str, cone: str, *, kind: str = 'kind = "hourglass", capture = "nat"') -> tc.Chain:
    return tc.loads(
        f"""{_BOX}
hops = [
    {{name = "proxy", {kind}, addresses = "198.18.0.1", traffic = ["captured"], {proxy}}},
    {{name = "nat", kind = "cone", addresses = "198.18.0.1", traffic = ["passing"], {cone}}},
]"""
    )


def test_hops_of_one_machine_may_share_its_address_and_that_is_said() -> None:
    """Their ports are counted apart, 28,232 and 64,512, where the machine has 64,512 for both."""
    result = tc.capacity(box('machine = "box"', 'machine = "box"'))
    bound, of_the_rate = result.at_most
    assert (bound.figure, bound.hop, of_the_rate.figure) == ("flows", "proxy", "rate")
    assert bound.reason.startswith("nat sends from the same address to the same services")
    assert result.flows == 2 * 28232


@pytest.mark.parametrize(
    ("proxy", "cone", "kind"),
    [
        ('machine = "a"', 'machine = "b"', 'kind = "hourglass", capture = "nat"'),
        ('machine = "box"', 'machine = "box"', 'kind = "cone"'),
    ],
)
def test_two_machines_or_two_cones_may_not(proxy: str, cone: str, kind: str) -> None:
    with pytest.raises(ChainError, match=r'hops\[1\]\.addresses: "198\.18\.0\.1": an address is of one'):
        box(proxy, cone, kind=kind)
