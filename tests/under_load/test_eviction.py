"""Linux since 6.5: searches that may evict closed entries, against runs of the search."""

from itertools import combinations

import pytest

import tuplecalc as tc
from tests.oracle.eviction import EvictingTable
from tuplecalc.render.sentences import sentences
from tuplecalc.under_load.eviction import served_by_linux
from tuplecalc.under_load.pools import pools
from tuplecalc.under_load.search import EVICTING, failure_lower, failure_upper, search_blocking

LINUX = (128, 64, 32, 16, 8)
CURVE = [(0.8, 0.9998, 1), (0.9, 0.99, 1), (0.95, 0.92, 1), (0.98, 0.72, 0.987), (1.0, 0.66, 0.971)]


@pytest.mark.parametrize(("ports", "open_"), [(1, 0), (5, 2), (9, 8), (12, 6), (12, 12)])
def test_open_ports_anywhere_against_every_placement(ports: int, open_: int) -> None:
    """A sweep fails if each closed entry that it meets refuses, which it does with a coin; all meet all."""
    placements = list(combinations(range(ports), open_))
    expected = sum(0.5 ** (ports - len(placement)) for placement in placements) / len(placements)
    assert failure_lower(open_, ports, EVICTING) == pytest.approx(expected)


def test_part_of_a_sweep_against_every_placement() -> None:
    ports, open_, seen = 36, 34, 32
    pairs = list(combinations(range(ports), ports - open_))
    expected = sum(0.5 ** sum(port < seen for port in pair) for pair in pairs) / len(pairs)
    assert failure_lower(open_, ports, EVICTING) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ports", "alpha"), [(4096, 0.9), (4096, 0.95), (1024, 0.97), (100, 0.8), (100, 0.9)]
)
def test_the_estimate_against_searches(ports: int, alpha: float) -> None:
    in_use, windows = round(ports * alpha), LINUX if ports > 128 else (ports,)
    seen = EvictingTable(ports, windows).steady(in_use, 40_000)
    assert failure_lower(in_use, ports, EVICTING) < seen
    assert failure_upper(in_use, ports, EVICTING) == pytest.approx(seen, abs=0.02)
    assert failure_lower(in_use, ports, "linux") < seen / 10 or alpha > 0.96


@pytest.mark.parametrize(("load", "first", "soon"), CURVE)
def test_the_curve_with_syns_that_are_sent_again(load: float, first: float, soon: float) -> None:
    assert tuple(served_by_linux(load)) == pytest.approx((first, soon), abs=0.02)


@pytest.mark.parametrize("load", [0.9, 0.97, 0.99])
def test_the_curve_against_a_run(load: float) -> None:
    seen = EvictingTable(1024, LINUX).served(load, seconds=100, warm=50)
    assert seen == pytest.approx(tuple(served_by_linux(load)), abs=0.04)


@pytest.mark.parametrize(
    ("load", "lost"), [(0.9, 0.0071), (0.95, 0.026), (1.0, 0.0561), (1.1, 0.1275), (1.5, 0.3478)]
)
def test_who_does_not_try_again(load: float, lost: float) -> None:
    """Simulated with 64,512 ports and connections of 1 s."""
    assert search_blocking(64512, 64512 * load, EVICTING, "upper") == pytest.approx(lost, abs=0.003)
    assert search_blocking(64512, 64512 * load, EVICTING) < lost


def chain(**keys: object) -> tc.Chain:
    nat = {"name": "nat", "kind": "cone", "addresses": 1, "port_search": "linux", "closing": "gives-way"}
    ends = {"clients": {"addresses": 99}, "services": {"addresses": 1, "ports": 80}}
    return tc.from_dict({**ends, "hops": [nat | keys], "traffic": {"hold": 1, "rate": 61286}})


def test_a_cone_that_gives_way_searches_like_that() -> None:
    def search(chain: tc.Chain) -> object:
        return next(each.search for each in pools(tc.capacity(chain)) if each.limit.hop == "nat")

    assert search(chain()) == EVICTING
    assert search(chain(closing="holds")) == "linux"
    assert search(chain(port_search=9)) == 9


def test_what_is_said_of_it() -> None:
    text = "\n".join(sentences(tc.capacity(chain())))
    assert "with the first packet (SYN)" not in text  # a quarter fails all the same
    assert "with the first packet (SYN)" not in "\n".join(sentences(tc.capacity(chain(closing="holds"))))
