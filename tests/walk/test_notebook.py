"""A developer in a notebook: import it, and guess what the functions take."""

from collections.abc import Callable

import pytest

import tuplecalc as tc
from tests.walk.chains import EDGE
from tests.walk.newcomer import Newcomer


@pytest.fixture
def chain(me: Newcomer) -> tc.Chain:
    me.writes("edge.toml", EDGE)
    return tc.load("edge.toml")


def test_a_file_is_read_and_counted(chain: tc.Chain) -> None:
    result = tc.capacity(chain)
    assert (result.flows, float(result.rate or 0)) == (129_024, 921.6)
    assert tc.offered(result).verdict == "fits"


@pytest.mark.parametrize("function", [tc.capacity, tc.explain, tc.compare])
def test_a_name_in_the_place_of_a_chain_leads_to_load(function: Callable[..., object]) -> None:
    with pytest.raises(tc.ChainError, match=r"give tc\.load"):
        function(*["edge.toml"] * (2 if function is tc.compare else 1))


@pytest.mark.parametrize("function", [tc.figures.plot_shape, tc.advise])
def test_a_chain_in_the_place_of_its_capacity(function: Callable[..., object], chain: tc.Chain) -> None:
    with pytest.raises(tc.ChainError, match=r"give it tc\.capacity\(chain\)"):
        function(chain)


def test_an_example_by_half_its_name() -> None:
    with pytest.raises(tc.InputError, match='did you mean "outage"'):
        tc.example("outge")


def test_another_value(chain: tc.Chain) -> None:
    assert tc.capacity(tc.replace(chain, "hops.nat.addresses", 8)).flows == 4 * 129_024
    with pytest.raises(tc.TuplecalcError, match=r"did you mean hops\.nat\.addresses\?"):
        tc.replace(chain, "nat.addresses", 8)


def test_the_least_that_does_it(chain: tc.Chain) -> None:
    assert tc.solve(chain, "hops.nat.addresses", rate=50_000).value == 109


def test_a_table_of_results_for_pandas(chain: tc.Chain) -> None:
    pytest.importorskip("pandas")
    table = tc.sweep(chain, {"hops.nat.addresses": [1, 2, 4]}).to_dataframe()
    assert list(table["flows"]) == [64_512, 129_024, 258_048]


def test_a_chain_without_a_file() -> None:
    assert tc.capacity(tc.inverted_cone(addresses=4, services=10, hold="2s")).flows == 1_290_240
    with pytest.raises(tc.ChainError, match="did you mean `addresses`"):
        tc.inverted_cone(adresses=4)
