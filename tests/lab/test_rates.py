"""Sustained rates, with TIME_WAIT scaled down."""

from typing import Any

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import chain, nat, proxy
from tuplecalc.errors import InputError
from tuplecalc.lab import sustained
from tuplecalc.network.file import from_dict

pytestmark = MARKS


def _needs_the_knob() -> None:
    try:
        sustained.check()
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("topology", "rate"),
    [
        (chain(addresses=2, ports="20000-20049", services=1), 50),
        (chain(proxy(addresses=2, ports="20000-20049")), 100),
        (chain(proxy(capture="listen", ports="20000-20029"), services=3), 45),
        ({"traffic": {"protocol": "udp"}} | chain(nat(udp_timeout="30s")), 100),
    ],
    ids=["clients", "own addresses", "a balancer", "a cone's mappings of UDP"],
)
def test_ports_that_wait(topology: dict[str, Any], rate: int) -> None:
    _needs_the_knob()
    found = sustained.sustain(from_dict(topology))
    assert found is not None
    assert found.figure.is_held
    assert found.figure.predicted == rate
    assert found.figure.measured == pytest.approx(rate, rel=0.05)


def test_a_nat_is_shown_only() -> None:
    """Since 6.5 entries that are closing give way; the model's time_wait is that of older kernels."""
    _needs_the_knob()
    found = sustained.sustain(from_dict(chain(nat(ports="20000-20049"), services=1)))
    assert found is not None
    assert not found.figure.is_held
    assert found.figure.agrees
