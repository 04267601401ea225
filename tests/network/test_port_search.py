"""How a cone finds a port: what a file may say of it."""

from typing import Any

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.network.cone import Cone
from tuplecalc.under_load.pools import pools


@pytest.mark.parametrize("value", ["exhaustive", "linux", 248, {"sequential": 10_000}])
def test_it_is_written_as_it_was_read(value: object) -> None:
    nat = Cone(name="nat", addresses=1, port_search=value)
    assert nat.model_dump()["port_search"] == value
    assert Cone(**nat.written()) == nat


@pytest.mark.parametrize(
    "value", ["random", 0, True, {"sequential": 0}, {"sequential": 65_537}, {}, (1, 2), {"sequential": [1]}]
)
def test_nothing_else_is_a_search(value: Any) -> None:
    rule = 'a port search is "exhaustive", "linux", or 1 to 65536 random probes or sequential ones; write '
    with pytest.raises(tc.ChainError) as caught:
        Cone(name="nat", addresses=1, port_search=value)
    assert rule in str(caught.value)
    assert "{ sequential = 10000 }" in str(caught.value)


def test_a_balancer_that_tries_ports_in_order() -> None:
    setting = "hops.nat.port_search={ sequential = 10000 }", "hops.nat.ports=5000-65535"
    chain = tc.with_settings(tc.example("cone"), *setting)
    assert [each.search for each in pools(tc.capacity(chain)) if each.limit.hop == "nat"] == [(10_000,)]
    text = " ".join(invoke("capacity", "cone", "--set", setting[0], "--set", setting[1]).stdout.split())
    assert (
        "nat looks at some ports only: 1 search in 1,000 finds none free once 99.9% of its ports are in use"
        in text
    )
    assert "(97% where these lie in clusters: many in a row)" in text
