"""A chain's blocking against small chains that are solved exactly, laws, and Erlang's formula."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tuplecalc as tc
from tests.limits.chains import Topology, topologies
from tests.oracle.loss import two_phases
from tuplecalc.errors import ChainError
from tuplecalc.under_load.chains import Bracket, blocking, max_rate
from tuplecalc.under_load.erlang import erlang_b, log_erlang_b
from tuplecalc.under_load.hashing import hashed_blocking


def nat(ports: int = 50, services: int = 1, hold: float | Fraction = 2, **keys: Any) -> tc.Chain:
    return tc.cone(clients=1000, services=services, hold=hold, ports={"count": ports}, **keys)


def inverted(ports: int, hold: float, linger: float) -> tc.Chain:
    """A NAT and a transparent proxy that share all their ports; only the proxy's sockets linger."""
    count = {"count": ports}
    cone = tc.Cone(name="nat", addresses=1, ports=count, time_wait=0)
    proxy = tc.Proxy(name="proxy", capture="tproxy", source="client", ports=count, time_wait=linger)
    return tc.Chain(
        traffic=tc.Traffic(hold=hold),
        clients=tc.Clients(addresses=10**6),
        hops=[cone, proxy],
        services=tc.Services(addresses=1, ports=80),
    )


def test_one_pool_is_erlangs_formula_exactly() -> None:
    found = blocking(nat(time_wait=60), rate=0.8)
    assert found.is_exact
    assert found.upper == pytest.approx(erlang_b(50, 0.8 * 62), rel=1e-12)


def test_even_pools_each_see_their_part() -> None:
    chain = nat(services=4, addresses=3, time_wait=60)
    assert blocking(chain, rate=9.6).upper == pytest.approx(erlang_b(50, 9.6 / 12 * 62), rel=1e-12)


def test_hops_in_series_with_equal_times_have_the_smallest_ones_blocking() -> None:
    """theory: one class, taken and released at once, blocks as its smallest pool, not as a product."""
    chain = inverted(ports=60, hold=1, linger=0)
    found = blocking(chain, rate=28)
    assert found.is_exact
    assert found.upper == pytest.approx(erlang_b(30, 28), rel=1e-12)


@pytest.mark.parametrize("ports", [2, 3, 10, 41, 60])
@pytest.mark.parametrize("times", [(1, 0.1), (1, 1), (1, 10), (5, 1)])
@pytest.mark.parametrize("share", [0.3, 0.8, 1, 1.5, 5])
def test_two_legs_that_are_held_unequally(ports: int, times: tuple[float, float], share: float) -> None:
    hold, linger = times
    rate = share * ports / (2 * hold + linger)
    exact = two_phases(lambda n, t: 2 * n + t <= ports, rate, hold, linger)
    found = blocking(inverted(ports, hold, linger), rate)
    assert found.lower <= exact * (1 + 1e-9)
    assert exact <= found.upper * (1 + 1e-9)


def test_that_oracle_objects_to_a_pool_of_half_the_ports() -> None:
    """As if ⌊ports / 2⌋ flows were held for their mean time: too low with an even number of ports."""
    exact = two_phases(lambda n, t: 2 * n + t <= 10, 5.0, 1.0, 0.1)
    assert erlang_b(5, 5.0 * 2.1 / 2) < exact


def files_before_ports(files: int, ports: int, hold: float, linger: float) -> tc.Chain:
    """A proxy with so many files behind a NAT whose ports linger: two pools in series."""
    proxy = tc.Proxy(name="proxy", capture="tproxy", time_wait=0, max_files=2 * files)
    return tc.Chain(
        traffic=tc.Traffic(hold=hold),
        clients=tc.Clients(addresses=10**6),
        hops=[tc.Cone(name="nat", addresses=1, ports={"count": ports}, time_wait=linger), proxy],
        services=tc.Services(addresses=1, ports=80),
    )


SERIES = [
    ((6, 10, 4, 1, 1), 0.151983, 0.162940),
    ((4, 20, 3, 1, 4), 0.207539, 0.217895),
    ((20, 40, 18, 1, 1), 0.115047, 0.122847),
    ((30, 60, 30, 1, 1), 0.140276, 0.150685),
    ((10, 10, 5, 1, 1), 0.214582, 0.214582),
]


@pytest.mark.parametrize(("case", "expected", "product_form"), SERIES)
def test_pools_in_series_that_hold_for_other_times(
    case: tuple[int, int, float, float, float], expected: float, product_form: float
) -> None:
    """Files for as long as a connection is open, ports for TIME_WAIT as well: no product form."""
    files, ports, rate, hold, linger = case
    exact = two_phases(lambda n, t: n <= files and n + t <= ports, rate, hold, linger)
    assert exact == pytest.approx(expected, abs=1e-6)
    found = blocking(files_before_ports(files, ports, hold, linger), rate)
    assert found.lower <= exact * (1 + 1e-12) <= found.upper * (1 + 2e-12)
    if exact != pytest.approx(product_form, abs=1e-6):
        assert found.lower < exact < product_form
    else:
        assert found.is_exact  # only the last that is released can bind


@pytest.mark.parametrize("times_the_limit", [0.5, 0.9, 1.0, 1.2, 1.5, 2, 3, 5, 10, 20])
@pytest.mark.parametrize(
    "case", [(8, 30, 3), (3, 29, 10), (2, 19, 10), (5, 39, 10), (10, 37, 3), (1, 2, 0.1)]
)
def test_pools_in_series_in_overload(case: tuple[int, int, float], times_the_limit: float) -> None:
    """The reduced load is no bound there: the docstring says how far beyond it the truth was seen."""
    files, ports, linger = case
    rate = times_the_limit * min(files, ports / (1 + linger))
    exact = two_phases(lambda n, t: n <= files and n + t <= ports, rate, 1, linger)
    found = blocking(files_before_ports(files, ports, 1, linger), rate)
    beyond = 0.0125 if times_the_limit > 1 else 1e-12
    assert found.lower <= exact * (1 + 1e-9)
    assert exact <= found.upper + beyond


def test_a_table_does_not_hide_that_a_search_fails_before_the_range_is_full() -> None:
    """A pool that has room for whatever the table lets in still fails where its search gives up."""
    plain = tc.cone(clients=1000, services=1, hold="5s", port_search="linux")
    table = tc.with_settings(plain, "hops.nat.max_entries=60000")
    for rate in (400, 480, 520):
        assert blocking(table, rate).upper >= blocking(plain, rate).upper


EITHER_CLOSES: list[tuple[dict[str, Any], dict[str, Any], float, float]] = [
    # clients, proxy, rate, simulated share in concert (reader's own event simulation, ± 0.0015)
    (
        {"addresses": 1, "ports": "2000-2009", "time_wait": 60},
        {"source": "own", "ports": "3000-3063", "time_wait": 0, "max_entries": 20, "tracking_time_wait": 30},
        0.25,
        0.2604,
    ),
]


@pytest.mark.parametrize(("clients", "proxy", "rate", "simulated"), EITHER_CLOSES)
def test_who_closes_first_changes_from_flow_to_flow(
    clients: dict[str, Any], proxy: dict[str, Any], rate: float, simulated: float
) -> None:
    """A mean linger says nothing of which of two pools lets go of a flow first."""
    chain = tc.Chain(
        traffic=tc.Traffic(hold=10, first_close="0.5"),
        clients=tc.Clients(**clients),
        hops=[tc.Proxy(name="proxy", capture="tproxy", **proxy)],
        services=tc.Services(addresses=1, ports=80),
    )
    found = blocking(chain, rate)
    assert found.lower <= simulated <= found.upper


def waits_in_turn(nat: float, proxy: float) -> tc.Chain:
    """Ports that wait for the NAT, or for the proxy's sockets, whichever is longer each time."""
    return tc.Chain(
        traffic=tc.Traffic(hold=10, first_close="0.5"),
        clients=tc.Clients(addresses=100, time_wait=0),
        hops=[
            tc.Cone(name="nat", addresses=1, ports="2000-2019", time_wait=nat),
            tc.Proxy(
                name="proxy",
                capture="tproxy",
                source="client",
                tracking="off",
                ports="3000-3099",
                time_wait=proxy,
                accept_wait=proxy,
            ),
        ],
        services=tc.Services(addresses=1, ports=80),
    )


def test_a_port_that_waits_in_two_places_waits_for_the_longer() -> None:
    """Erlang with the mean of the longer time; 0.4218 ± 0.0013 was simulated in concert."""
    chain = waits_in_turn(15, 30)
    found = blocking(chain, 1.0)
    assert found.is_exact
    assert found.upper == pytest.approx(erlang_b(20, 1.0 * (10 + (15 + 30) / 2)), rel=1e-12)
    assert found.upper == pytest.approx(0.4218, abs=4 * 0.0013)
    assert tc.capacity(chain).rate == Fraction(20, 1) / Fraction(65, 2)  # 0.8/s for the means
    for nat, proxy in ((30, 15), (0, 30)):  # one of the two is the longer one always
        assert all(limit.name != "in-turn" for limit in tc.capacity(waits_in_turn(nat, proxy)).limits)


def test_groups_with_shares_have_pools_of_their_own() -> None:
    chain = tc.Chain(
        traffic=tc.Traffic(hold=2),
        clients=tc.Clients(addresses=10**6),
        hops=[tc.Cone(name="nat", addresses=2, ports={"count": 50}, time_wait=60)],
        services=[
            tc.Services(addresses=1, ports=80, share="3/4"),
            tc.Services(addresses=3, ports=80, share="1/4"),
        ],
    )
    found = blocking(chain, rate=2)
    hot, cool = erlang_b(50, 2 * 0.75 / 2 * 62), erlang_b(50, 2 * 0.25 / 6 * 62)
    assert found.is_exact
    assert found.upper == pytest.approx(0.75 * hot + 0.25 * cool, rel=1e-12)


def test_machines_that_share_out_services_unevenly() -> None:
    """Five services on two machines: three fifths of the connections meet the first one's files."""
    proxy = tc.Proxy(name="proxy", capture="tproxy", instances=2, split="services", max_files=200)
    chain = tc.Chain(
        traffic=tc.Traffic(hold=10),
        clients=tc.Clients(addresses=10**6),
        hops=[proxy],
        services=tc.Services(addresses=5, ports=80),
    )
    found = blocking(chain, rate=18)
    busy, idle = erlang_b(100, 18 * 10 * 3 / 5), erlang_b(100, 18 * 10 * 2 / 5)
    assert found.upper == pytest.approx(0.6 * busy + 0.4 * idle, rel=1e-9)


def test_clients_that_a_hash_spreads_over_addresses() -> None:
    even = tc.cone(clients=100, addresses=4, services=1, hold=2, ports={"count": 500}, time_wait=60)
    hashed = tc.with_settings(even, "hops.nat.spread=hashed")
    found = blocking(hashed, rate=25)
    expected = hashed_blocking(100, 4, 25 / 100 * 62, lambda load: log_erlang_b(500, load))
    assert found.upper == pytest.approx(expected, rel=1e-12)
    assert found.upper > 100 * blocking(even, rate=25).upper


def test_one_client_that_is_hashed_uses_one_address() -> None:
    one = tc.cone(
        clients=1, addresses=4, services=1, hold=2, ports={"count": 50}, time_wait=60, spread="hashed"
    )
    assert blocking(one, rate=1).upper == pytest.approx(erlang_b(50, 62), rel=1e-9)


def test_a_search_with_few_probes_fails_before_the_range_is_full() -> None:
    chain = tc.cone(clients=1000, services=1, hold="5s", time_wait="120s")
    search = tc.with_settings(chain, "hops.nat.port_search=linux")
    full, found = blocking(chain, rate=500), blocking(search, rate=500)
    assert full.upper < 1e-12
    assert 1e-4 < found.lower < found.upper < 0.05


@settings(max_examples=25, deadline=None)
@given(topologies(), st.floats(0.01, 50))
def test_laws_of_any_chain(topology: Topology, factor: float) -> None:
    chain = tc.from_dict(topology)
    result = tc.capacity(chain)
    assume(result.rate)
    rate = factor * float(result.rate or 0)
    found, more = blocking(chain, rate), blocking(chain, 1.2 * rate)
    assert 0 <= found.lower <= found.upper <= 1
    assert found.lower <= more.lower * (1 + 1e-9)
    assert found.upper <= more.upper * (1 + 1e-6)
    if all(group.share is None for group in chain.services):
        even = all(getattr(hop, "split", "flows") == "flows" for hop in chain.hops)
        assert not even or found.lower >= 1 - 1 / factor - 1e-9  # no more than the fluid limit gets through


def test_max_rate_is_where_the_upper_bound_reaches_the_share() -> None:
    for chain in (tc.example("outage"), tc.example("mixed"), nat(time_wait=60), inverted(41, 1, 1)):
        for share in (0.5, 1e-2, 1e-6, 1e-12):
            rate = max_rate(chain, share)
            assert rate is not None
            assert blocking(chain, rate).upper == pytest.approx(share, rel=1e-6)
    assert max_rate(tc.example("outage")) == max_rate(tc.example("outage"), blocking=1e-3)


def uneven(*shares: tuple[int, str]) -> tc.Chain:
    groups = [tc.Services(addresses=n, ports=80, share=share) for n, share in shares]
    return tc.cone(hold="5s", services=groups)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.01, 1e-6])
@pytest.mark.parametrize("groups", [[(1, "1/50"), (1000, "49/50")], [(1, "2/3"), (2, "1/3")]])
def test_max_rate_of_uneven_traffic(groups: list[tuple[int, str]], share: float) -> None:
    """More than the highest rate of the hottest part can pass, and does where much may fail."""
    chain = uneven(*groups)
    rate = max_rate(chain, share)
    assert rate is not None
    assert blocking(chain, rate).upper == pytest.approx(share, rel=1e-6)


def test_max_rate_where_nothing_limits_and_where_nothing_passes() -> None:
    free = tc.Chain(clients=tc.Clients(addresses=1, time_wait=0), services=tc.Services(addresses=1, ports=80))
    assert max_rate(free) is None
    assert blocking(free, rate=1e9) == Bracket(0, 0)
    closed = tc.hourglass(source="client-port", services=1)
    assert max_rate(closed) == 0
    assert blocking(closed, rate=1) == Bracket(1, 1)


def test_the_rate_of_the_chain_is_the_default() -> None:
    assert blocking(tc.example("outage")) == blocking(tc.example("outage"), rate=700)
    with pytest.raises(ChainError, match="rate: "):
        blocking(nat())
    with pytest.raises(ChainError, match="rate: -1: "):
        blocking(nat(), rate=-1)
    for share in (0, 1, -0.5, float("nan"), "1e-3"):
        with pytest.raises(ChainError, match=r"blocking: .*: this is a probability above 0 and below 1"):
            max_rate(nat(), share)  # type: ignore[arg-type]


INSENSITIVE = Path(__file__).parent.parent / "data" / "insensitivity_check.csv"


@pytest.mark.parametrize(
    "row",
    list(csv.DictReader(INSENSITIVE.read_text(encoding="utf-8").splitlines())),
    ids=lambda row: row["C"],
)
def test_simulated_for_several_laws_of_the_hold(row: dict[str, str]) -> None:
    """Simulated figures of the notes: fixed, exponential, Pareto and hyperexponential holds."""
    hold, linger = Fraction(row["H_mean"]), Fraction(row["T_timewait"])
    found = blocking(nat(int(row["C"]), hold=hold, time_wait=linger), float(row["lambda"]))
    assert found.upper == pytest.approx(float(row["erlang_B"]), rel=1e-9)
    for law in ("det", "exp", "pareto1.5", "hyperexp"):
        assert found.upper == pytest.approx(float(row[f"sim_{law}"]), rel=0.05)


def test_a_name_is_no_chain() -> None:
    with pytest.raises(ChainError, match=r'^chain: "outage": this is a Chain; give tc\.load'):
        blocking("outage", 1)  # type: ignore[arg-type]
