"""Sustained rates, with TIME_WAIT and UDP's timeouts scaled down."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from platform import release

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import KINDS, chain, nat, proxy
from tuplecalc.errors import InputError
from tuplecalc.lab import sustained
from tuplecalc.lab.sustained import Sustained, gives_way
from tuplecalc.network.file import from_dict

pytestmark = MARKS

CHAINS = {
    "clients": chain(addresses=2, ports="20000-20049", services=1),
    "own addresses": chain(proxy(addresses=2, ports="20000-20049")),
    "a balancer": chain(proxy(capture="listen", ports="20000-20029"), services=3),
    "a cone's mappings of UDP": {"traffic": {"protocol": "udp"}} | chain(nat(udp_timeout="30s")),
    "a branch of few ports": KINDS["a branch of few ports"] | {"hops": []},
    "a cone": chain(nat(ports="20000-20049"), services=1),
}
Measured = Callable[[str], Sustained | None]


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    """Each chain's rate, all measured at once: they idle most of the time."""
    try:
        sustained.check()
    except InputError as error:
        pytest.skip(str(error))
    with ThreadPoolExecutor(len(CHAINS)) as pool:
        found = {name: pool.submit(sustained.sustain, from_dict(each)) for name, each in CHAINS.items()}
        yield lambda name: found[name].result()


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("clients", 50),
        ("own addresses", 100),
        ("a balancer", 45),
        ("a cone's mappings of UDP", 100),
        ("a branch of few ports", 80),  # a quarter of the flows, and 40 ports in two seconds
    ],
)
def test_ports_that_wait(name: str, rate: int, measured: Measured) -> None:
    found = measured(name)
    assert found is not None
    assert found.figure is not None
    assert found.figure.is_held
    assert found.figure.predicted == rate
    assert 0.9 * rate <= found.figure.measured <= 1.05 * rate  # a busy machine is slow


@pytest.mark.skipif(not gives_way(release()), reason="entries that are closing give way since Linux 6.5")
def test_a_cone_carries_its_ports_over_the_hold(measured: Measured) -> None:
    """Near all that is offered is served, some thirty times what the chain's time_wait grants."""
    found = measured("a cone")
    assert found is not None
    assert found.figure is not None
    assert found.prediction.rate == Fraction(50, found.hold)
    assert 0.5 * found.prediction.rate < found.figure.predicted <= 0.8 * found.prediction.rate
    assert found.figure.is_held
    assert found.figure.measured >= 0.99 * found.figure.predicted


def test_ports_that_were_bound_are_not_measured() -> None:
    bound = chain(addresses=2, ports="20000-20049", allocation="bind")
    found = sustained.sustain(from_dict(bound))
    assert found is not None
    assert found.figure is None
