"""Proxies in a row, whose tables all hold the same connections: what is said of them is said soon."""

import pytest

from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import loads
from tuplecalc.under_load import erlang_kernels, losses, pools
from tuplecalc.under_load.chains import result_blocking
from tuplecalc.under_load.networks import reduced_load
from tuplecalc.under_load.offered import offered

_HEAD = """
traffic = {rate = 700, hold = "5m", first_close = "client"}
clients = {addresses = 100_000}
services = {addresses = 6, ports = 443}
[[hops]]
name = "nat"
kind = "cone"
addresses = 1
"""
_PROXY = """
[[hops]]
name = "p{0}"
kind = "hourglass"
capture = "tproxy"
source = "client"
ports = "{1}-65535"
"""


def in_a_row(proxies: int) -> str:
    return _HEAD + "".join(_PROXY.format(each, 1024 + 100 * each) for each in range(proxies))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The loads for which a pool's loss was asked."""
    asked: list[float] = []
    real = erlang_kernels.log_blocking

    def counting(circuits: float, load: float) -> float:
        asked.append(load)
        return float(real(circuits, load))

    monkeypatch.setattr(losses, "log_blocking", counting)
    return asked


@pytest.mark.parametrize("proxies", [2, 4, 6])
def test_what_fails_is_found_with_few_calls(proxies: int, counted: list[float]) -> None:
    assert offered(capacity(loads(in_a_row(proxies)))).verdict == "fails"
    assert len(counted) < 20_000


def test_of_tables_that_hold_the_same_the_smallest_counts() -> None:
    """The others have room for whatever it lets in, key by key, so that they turn nothing away."""
    result = capacity(loads(in_a_row(4)))
    smallest = max(losses.losses(each, "upper")(700, {})["", "", ""] for each in pools.pools(result))
    assert result_blocking(result, 700).upper == pytest.approx(smallest, rel=1e-12)


def test_a_pool_that_loses_next_to_nothing_beside_another_takes_few_calls() -> None:
    asked = []

    def tiny(load: float) -> float:
        asked.append(load)
        return 1e-100 * load

    assert reduced_load([lambda load: load / (1 + load), tiny], 5.0) == pytest.approx(5 / 6, rel=1e-13)
    assert len(asked) < 100
