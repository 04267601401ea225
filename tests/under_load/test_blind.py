"""Blind choice against exact chains, single connections at random, closed forms and laws."""

import csv
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial
from itertools import pairwise
from math import inf, isfinite, pi, sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.blind import (
    Chain,
    Sizes,
    State,
    admissions,
    burst_admitted,
    exact_blocking,
    means_at_rest,
    simulated,
)
from tuplecalc.errors import ChainError
from tuplecalc.under_load.blind import blind_blocking, blind_burst_admitted
from tuplecalc.under_load.roots import crossing

Formula = Callable[[Chain], float]
Arguments = dict[str, Any]
REFERENCE = Path(__file__).parents[1] / "data" / "tproxy_blocking_reference.csv"


def reference() -> list[tuple[Chain, dict[str, float]]]:
    """Each case with the columns that are not empty."""
    with REFERENCE.open() as file:
        return [(case(row), {k: float(v) for k, v in row.items() if v}) for row in csv.DictReader(file)]


def case(row: dict[str, str]) -> Chain:
    sizes = Sizes(int(row["A_only"]), int(row["overlap"]), int(row["L_only"]))
    assert int(row["nA"]) == sizes.cone_only + sizes.overlap
    return Chain(sizes, *(float(row[column]) for column in ("lambda", "H", "T_in", "T_out")))


def counts(sizes: Sizes) -> Arguments:
    return sizes._asdict()


def times(chain: Chain) -> Arguments:
    return {key: getattr(chain, key) for key in ("hold", "cone_linger", "proxy_linger")}


def blocking(chain: Chain) -> float:
    return blind_blocking(**counts(chain.sizes), rate=chain.rate, **times(chain))


def accepted(chain: Chain) -> float:
    return chain.rate * (1 - blocking(chain))


def full(ports: int, rate: float, hold: float = 1, cone_linger: float = 0, proxy_linger: float = 0) -> Chain:
    return Chain(Sizes(0, ports, 0), rate, hold, cone_linger, proxy_linger)


REFERENCE_CASES = reference()
EXACT = [
    (chain, row["blocking_exact_ctmc"]) for chain, row in REFERENCE_CASES if "blocking_exact_ctmc" in row
]
LARGE = [chain for chain, row in REFERENCE_CASES if "blocking_exact_ctmc" not in row]


# The reference table.


def test_the_table_is_whole() -> None:
    assert len(REFERENCE_CASES) == 21
    assert len(EXACT) == 16


@pytest.mark.parametrize(("chain", "expected"), EXACT)
def test_exact_chains(chain: Chain, expected: float) -> None:
    assert exact_blocking(chain) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("chain", "row"), REFERENCE_CASES)
def test_mean_field_column(chain: Chain, row: dict[str, float]) -> None:
    assert blocking(chain) == pytest.approx(row["blocking_meanfield"], rel=1e-12)


@pytest.mark.parametrize("chain", LARGE)
@pytest.mark.parametrize("fixed_hold", [False, True])
def test_large_cases_by_single_connections(chain: Chain, fixed_hold: bool) -> None:
    seen = simulated(chain, 40_000, fixed_hold=fixed_hold)
    assert 0 < seen.error < 0.006
    assert seen.blocking == pytest.approx(blocking(chain), abs=4 * seen.error)


def test_single_connections_agree_with_the_exact_chain() -> None:
    """No lingers: the simulation has fixed ones, the chain exponential ones."""
    for chain in (Chain(Sizes(2, 8, 2), 5, 1), Chain(Sizes(6, 3, 6), 6, 1), Chain(Sizes(5, 0, 5), 6, 1)):
        seen = simulated(chain, 30_000)
        assert seen.blocking == pytest.approx(exact_blocking(chain), abs=4 * seen.error)


# How far the mean field is from the truth.

LOPSIDED = Chain(Sizes(0, 8, 16), 4, 1, 0, 4)


@cache
def lopsided() -> float:
    return exact_blocking(LOPSIDED)


def closeness(formula: Formula) -> float:
    """The largest P·|formula - exact chain| over the table, apart ranges left out, and a lopsided chain."""
    cases = [(chain, exact) for chain, exact in EXACT if chain.sizes.overlap]
    cases.append((LOPSIDED, lopsided()))
    return max(sum(chain.sizes) * abs(formula(chain) - exact) for chain, exact in cases)


def test_error_is_of_order_one_over_ports() -> None:
    assert closeness(blocking) < 0.7
    for load, expected in ((0.5, 0.207), (2 / 3, 0.180), (1.0, 0.123)):
        errors = [P * (exact_blocking(full(P, load * P)) - blocking(full(P, load * P))) for P in (40, 160)]
        assert errors == pytest.approx([expected] * 2, abs=0.003)


def test_error_at_saturation_is_of_order_one_over_the_root_of_ports() -> None:
    """Apart ranges without lingers are Erlang's pool: at full load it blocks about √(2/(π·P)), not 0."""
    for ports in (20, 80):
        chain = Chain(Sizes(ports, 0, ports), ports, 1)
        assert blocking(chain) == 0
        assert exact_blocking(chain) == pytest.approx(1 / (sqrt(pi * ports / 2) + 2 / 3), rel=0.1 / ports)


def test_five_and_five_apart_ports_are_erlangs_pool() -> None:
    chain = Chain(Sizes(5, 0, 5), 6, 1)
    erlang = 1.0
    for servers in range(1, 6):
        erlang = 6 * erlang / (servers + 6 * erlang)
    assert exact_blocking(chain) == pytest.approx(erlang, rel=1e-12)
    assert erlang == pytest.approx(0.360400444938821, rel=1e-12)
    assert blocking(chain) == pytest.approx(1 / 6, rel=1e-14)


WRONG: dict[str, Formula] = {
    "lingers exchanged": lambda c: blocking(
        c._replace(cone_linger=c.proxy_linger, proxy_linger=c.cone_linger)
    ),
    "sides exchanged": lambda c: blocking(c._replace(sizes=Sizes(*c.sizes[::-1]))),
    "no linger": lambda c: blocking(c._replace(cone_linger=0, proxy_linger=0)),
    "half": lambda c: 0.5,
    "the cone sees all its ports as free": lambda c: (
        accepted(c) * (c.hold + c.proxy_linger) / sum(c.sizes[:2]) * c.sizes.overlap / sum(c.sizes[1:])
    ),
    "overlap left out": lambda c: blocking(c._replace(sizes=Sizes(sum(c.sizes[:2]), 0, sum(c.sizes[1:])))),
    "proxy without ports of its own": lambda c: blocking(c._replace(sizes=c.sizes._replace(proxy_only=0))),
    "coordinated": lambda c: max(0.0, 1 - coordinated(c) / c.rate),
}


def coordinated(chain: Chain) -> float:
    """The highest rate that any choice of ports can sustain."""
    sizes, cone, proxy = chain.sizes, chain.hold + chain.cone_linger, chain.hold + chain.proxy_linger
    rooms = (sum(sizes[:2]), cone), (sum(sizes[1:]), proxy), (sum(sizes), cone + proxy)
    return min((ports / seconds if seconds else inf) for ports, seconds in rooms)


@pytest.mark.parametrize("name", WRONG)
def test_the_oracle_objects_to_wrong_formulas(name: str) -> None:
    assert closeness(WRONG[name]) > 0.7


Admissions = Iterator[tuple[float, State]]


def forgetful(chain: Chain, state: State) -> Admissions:
    """The cone picks among all its ports, its own use included."""
    used = state.xo + state.xx + state.oo + state.ox + state.cone_x + state.cone_o
    ports = chain.sizes.cone_only + chain.sizes.overlap
    return ((chance * (ports - used) / ports, after) for chance, after in admissions(chain, state))


def seeing(chain: Chain, state: State) -> Admissions:
    """The cone knows what the proxy uses."""
    entries = list(admissions(chain, state))
    total = sum(chance for chance, _ in entries)
    return ((chance / total, after) for chance, after in entries if total)


@pytest.mark.parametrize("wrong", [forgetful, seeing])
def test_the_table_objects_to_a_wrong_chain(
    wrong: Callable[[Chain, State], Admissions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.oracle.blind.admissions", wrong)
    for chain, exact in EXACT:
        if chain.sizes.overlap and sum(chain.sizes) < 100:
            assert abs(exact_blocking(chain) - exact) > 0.02


# Closed forms and published figures.


@pytest.mark.parametrize(
    ("load", "expected"),
    [(0.5, sqrt(2) - 1), (2 / 3, 0.5), (1, (sqrt(5) - 1) / 2), (2, (sqrt(17) - 1) / 4)],
)
@pytest.mark.parametrize(("ports", "hold", "linger"), [(1, 1, 0), (28232, 1, 60), (64512, 0, 120)])
def test_full_overlap_with_equal_times(
    load: float, expected: float, ports: int, hold: float, linger: float
) -> None:
    chain = full(ports, load * ports / (hold + linger), hold, linger, linger)
    assert blocking(chain) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("lingers", [(0, 60), (60, 0), (1, 2), (1e-6, 1e6), (1e6, 1e-6)])
@pytest.mark.parametrize("load", [1e-3, 0.3, 1, 3, 1e3])
def test_full_overlap_with_unequal_times(lingers: tuple[float, float], load: float) -> None:
    chain = full(1000, load * 1000, 0.5, *lingers)
    s, t = (0.5 + linger for linger in lingers)
    middle = 1 + load * (s + t)
    carried = 2 * load / (middle + sqrt(middle * middle - 4 * s * load))  # smaller root of the quadratic
    assert blocking(chain) == pytest.approx(1 - carried / load, rel=1e-9)


def test_default_linux_range() -> None:
    shares = [blocking(full(28232, rate, 1, 60, 60)) for rate in (100, 200, 231.4, 300, 400)]
    assert [round(share, 3) for share in shares] == [0.207, 0.372, 0.414, 0.492, 0.577]
    assert coordinated(full(28232, 1, 1, 60, 60)) == pytest.approx(231.41, abs=0.005)


@pytest.mark.parametrize(
    "sizes", [Sizes(0, 1000, 0), Sizes(500, 500, 500), Sizes(0, 600, 400), Sizes(3, 1, 9000)]
)
def test_little_traffic(sizes: Sizes) -> None:
    for rate in (1e-9, 1e-6):
        chain = Chain(sizes, rate, 1, 3, 60)
        expected = rate * 61 * sizes.overlap / (sum(sizes[:2]) * sum(sizes[1:]))
        assert blocking(chain) == pytest.approx(expected, rel=1e-4)


# A second route: the flow of the means, and what is beyond saturation.


@pytest.mark.parametrize(
    "sizes", [Sizes(300, 20, 100), Sizes(0, 100, 300), Sizes(300, 100, 0), Sizes(50, 50, 60)]
)
@pytest.mark.parametrize("lingers", [(0, 3), (5, 0), (10, 10)])
def test_the_flow_of_the_means_comes_to_rest_there(sizes: Sizes, lingers: tuple[float, float]) -> None:
    for part in (0.1, 0.45):
        chain = Chain(sizes, 1, 1, *lingers)
        half = crossing(lambda rate, of=chain: blocking(of._replace(rate=rate)) - 0.5, 0, 1e6)  # type: ignore[misc]
        chain = chain._replace(rate=part * half)
        assert blocking(chain) == pytest.approx(means_at_rest(chain), rel=1e-7)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (Chain(Sizes(100, 100, 1800), 300, 1), 1 / 3),  # the cone is exhausted
        (Chain(Sizes(1000, 200, 200), 1500, 1), 11 / 15),  # the proxy is
        (Chain(Sizes(1000, 200, 200), 600, 1, 0, 1), 2 / 3),
        (Chain(Sizes(400, 0, 300), 600, 1, 0, 1), 0.75),
    ],
)
def test_beyond_saturation(chain: Chain, expected: float) -> None:
    assert blocking(chain) == pytest.approx(expected, rel=1e-12)
    assert simulated(chain, 20_000).blocking == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("sizes", "onset"),
    [(Sizes(100, 100, 1800), 212.5), (Sizes(1000, 200, 200), 2 / 3 * 800), (Sizes(9, 0, 5), 5)],
)
def test_blocking_is_continuous_at_saturation(sizes: Sizes, onset: float) -> None:
    below, above = (blocking(Chain(sizes, onset * (1 + step), 1)) for step in (-1e-9, 1e-9))
    assert below == pytest.approx(above, abs=1e-6)


# Laws.

sizes_of_sets = st.one_of(st.integers(0, 3), st.integers(0, 200), st.integers(0, 21_000))
settings_of_sets = st.builds(Sizes, sizes_of_sets, sizes_of_sets, sizes_of_sets).filter(
    lambda sizes: sizes.cone_only + sizes.overlap > 0 < sizes.overlap + sizes.proxy_only
)
seconds = st.one_of(st.sampled_from([0.0, 1.0, 60.0]), st.floats(-9, 9).map(lambda power: 10**power))
rates = st.one_of(st.just(0.0), st.floats(-9, 12).map(lambda power: 10**power))
chains = st.builds(Chain, settings_of_sets, rates, seconds, seconds, seconds)
# around what can be carried, where all the regimes meet
busy = st.builds(
    lambda chain, factor: chain._replace(
        rate=coordinated(chain) * factor if isfinite(coordinated(chain)) else 1.0
    ),
    chains,
    st.floats(0.01, 20),
)


@given(st.one_of(chains, busy))
@settings(max_examples=150, deadline=None)
def test_a_share_and_nothing_beats_coordination(chain: Chain) -> None:
    assert 0 <= blocking(chain) <= 1
    assert accepted(chain) <= min(chain.rate, coordinated(chain) * (1 + 1e-12) + 1e-15 * chain.rate)


@given(busy, st.lists(st.floats(0.5, 2), min_size=2, max_size=6), rates)
@settings(max_examples=80, deadline=None)
def test_more_attempts_block_more(chain: Chain, factors: list[float], other: float) -> None:
    ordered = sorted([0.0, *(chain.rate * factor for factor in factors), other])
    shares = [blocking(chain._replace(rate=rate)) for rate in ordered]
    assert all(after >= before - 1e-14 for before, after in pairwise(shares))


@given(st.one_of(chains, busy))
@settings(max_examples=100, deadline=None)
def test_when_nothing_fails(chain: Chain) -> None:
    """Nothing collides without overlap or where the proxy holds ports for no time; then only room counts."""
    sizes, cone, proxy = chain.sizes, chain.hold + chain.cone_linger, chain.hold + chain.proxy_linger
    harmless = not sizes.overlap or not proxy
    room = min(sum(sizes[:2]) / cone if cone else inf, sum(sizes[1:]) / proxy if proxy else inf)
    if harmless and chain.rate:
        assert blocking(chain) == pytest.approx(max(0, 1 - room / chain.rate), abs=1e-15)
    elif chain.rate:
        assert blocking(chain) > 0


@given(busy)
@settings(max_examples=80, deadline=None)
def test_an_overlap_in_place_of_apart_ports_blocks_more(chain: Chain) -> None:
    a, o, others = chain.sizes
    if a and others:
        wider = chain._replace(sizes=Sizes(a - 1, o + 1, others - 1))
        assert blocking(wider) >= blocking(chain) - 1e-14


@given(busy, st.booleans())
@settings(max_examples=80, deadline=None)
def test_one_range_within_the_other_is_full_overlap_of_the_larger(chain: Chain, cone_within: bool) -> None:
    """As if both had the union, until the smaller range is exhausted."""
    sizes = chain.sizes._replace(
        **{"cone_only" if cone_within else "proxy_only": 0}, overlap=chain.sizes.overlap + 1
    )
    small, large = (accepted(chain._replace(sizes=each)) for each in (sizes, Sizes(0, sum(sizes), 0)))
    cone, proxy = chain.hold + chain.cone_linger, chain.hold + chain.proxy_linger
    room = min(sum(sizes[:2]) / cone if cone else inf, sum(sizes[1:]) / proxy if proxy else inf)
    assert small == pytest.approx(min(large, room), rel=1e-9, abs=1e-14 * chain.rate)


@given(busy, st.floats(1e-6, 1e6))
@settings(max_examples=100, deadline=None)
def test_the_unit_of_time_does_not_matter(chain: Chain, factor: float) -> None:
    scaled = Chain(chain.sizes, chain.rate / factor, *(factor * value for value in times(chain).values()))
    assert blocking(scaled) == pytest.approx(blocking(chain), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    "sizes", [Sizes(0, 1, 0), Sizes(0, 1, 1), Sizes(0, 65535, 0), Sizes(21845, 21845, 21845)]
)
@pytest.mark.parametrize(
    "lingers", [(0, 0), (1e200, 1e-200), (1e-200, 1e200), (5e-324, 0), (0, 5e-324), (1e307, 0)]
)
def test_absurd_numbers(sizes: Sizes, lingers: tuple[float, float]) -> None:
    for rate in (0, 5e-324, 1e-9, 1, 1e12, 1e308):
        for hold in (0, 1):
            assert 0 <= blocking(Chain(sizes, rate, hold, *lingers)) <= 1


# Bursts.


def test_the_burst_of_a_nat_and_a_proxy_with_the_same_ports() -> None:
    same = {"cone_only": 0, "overlap": 64_512, "proxy_only": 0}
    assert blind_burst_admitted(**same) == 32_256
    assert blind_burst_admitted(cone_only=0, overlap=7, proxy_only=0) == 3


@pytest.mark.parametrize("ports", range(1, 13))
def test_full_overlap_and_apart_ranges_are_exact(ports: int) -> None:
    for sizes in (Sizes(0, ports, 0), Sizes(ports, 0, 5), Sizes(5, 0, ports)):
        assert burst_admitted(sizes) == pytest.approx(float(blind_burst_admitted(**counts(sizes))), abs=1e-12)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (Sizes(500, 500, 500), 750),
        (Sizes(0, 1000, 1000), 750),
        (Sizes(0, 28232, 36280), 22054.5),
        (Sizes(32768, 28232, 0), 21698.8),
    ],
)
def test_general_bursts(sizes: Sizes, expected: float) -> None:
    admitted = blind_burst_admitted(**counts(sizes))
    assert float(admitted) == pytest.approx(expected, abs=0.05)


@given(settings_of_sets)
def test_the_burst_in_the_form_of_two_cases(sizes: Sizes) -> None:
    """The form in which it is derived: the cone's ports end first, or the proxy's at a point D."""
    a, o, others = sizes
    cone, proxy = a + o, o + others
    if not o or cone == o == proxy:
        return
    if a <= others:
        assert blind_burst_admitted(**counts(sizes)) == cone * (1 - Fraction(o, 2 * proxy))
    else:
        left = Fraction(a * proxy, cone)
        assert blind_burst_admitted(**counts(sizes)) == Fraction(cone, 2 * o * proxy) * (proxy**2 - left**2)


RATIOS = [(0, 2, 1), (0, 1, 1), (1, 2, 0), (1, 1, 0), (2, 1, 0), (1, 2, 3), (3, 2, 1)]


def fluid_errors(formula: Callable[[Sizes], float], ratio: tuple[int, int, int]) -> list[float]:
    """The exact mean less a formula, for small and for twice and four times as large sets."""
    scaled = [Sizes(*(scale * part for part in ratio)) for scale in (4, 8, 16 if 0 in ratio else 8)]
    return [burst_admitted(sizes) - formula(sizes) for sizes in scaled]


def admitted(sizes: Sizes) -> float:
    return float(blind_burst_admitted(**counts(sizes)))


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_error_of_a_burst_does_not_grow(ratio: tuple[int, int, int]) -> None:
    assert max(map(abs, fluid_errors(admitted, ratio))) < 0.3


def test_a_burst_into_equal_ranges_that_overlap_in_part_falls_behind_by_a_square_root() -> None:
    """Both sides run out together, so every fluctuation costs: about 0.2·√(|A ∩ L|) for equal parts."""
    errors = [burst_admitted(Sizes(n, n, n)) - admitted(Sizes(n, n, n)) for n in (4, 16)]
    assert errors == pytest.approx([-0.3275, -0.8004], abs=5e-5)


WRONG_BURSTS: dict[str, Callable[[Sizes], float]] = {
    "coordinated": lambda s: float(min(sum(s[:2]), sum(s[1:]), sum(s) // 2)),
    "all of the overlap": lambda s: (
        min(sum(s[:2]), sum(s[1:])) * (1 - s.overlap / max(sum(s[:2]), sum(s[1:])))
    ),
    "always the cone": lambda s: sum(s[:2]) * (1 - s.overlap / (2 * sum(s[1:]))),
    "half": lambda s: sum(s[:2]) / 2,
}


@pytest.mark.parametrize("name", WRONG_BURSTS)
def test_the_enumeration_objects_to_wrong_bursts(name: str) -> None:
    assert max(abs(error) for ratio in RATIOS for error in fluid_errors(WRONG_BURSTS[name], ratio)) > 1


# Errors.

GOOD: Arguments = {"cone_only": 1, "overlap": 2, "proxy_only": 3, "rate": 1, "hold": 1} | {
    "cone_linger": 0,
    "proxy_linger": 0,
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"overlap": -1}, "overlap: -1: this is a whole number of 0 or more; change it"),
        ({"cone_only": 1.5}, "cone_only: 1.5: this is a whole number of 0 or more; change it"),
        ({"rate": -1}, "rate: -1: this is a finite number of 0 or more; change it"),
        ({"rate": float("nan")}, "rate: nan: this is a finite number of 0 or more; change it"),
        ({"hold": inf}, "hold: inf: this is a finite number of 0 or more; change it"),
        ({"cone_linger": -1}, "cone_linger: -1: this is a finite number of 0 or more; change it"),
        ({"proxy_linger": "x"}, 'proxy_linger: "x": this is a finite number of 0 or more; change it'),
        (
            {"hold": 1e308, "cone_linger": 1e308},
            "hold + linger: inf: this is a finite number of 0 or more; change it",
        ),
        (
            {"cone_only": 0, "overlap": 0},
            "cone_only: 0: the cone has no port at all; give it at least one, or an overlap",
        ),
        (
            {"proxy_only": 0, "overlap": 0},
            "proxy_only: 0: the proxy has no port at all; give it at least one, or an overlap",
        ),
        (
            {"cone_only": 40_000, "proxy_only": 40_000},
            "cone_only + overlap + proxy_only: 80002: these are different ports, and there are only 65,536; "
            "count those of one source address and one service",
        ),
    ],
)
def test_errors(wrong: Arguments, message: str) -> None:
    arguments = GOOD | wrong
    sizes = {key: arguments[key] for key in ("cone_only", "overlap", "proxy_only")}
    calls: list[Callable[[], object]] = [partial(blind_blocking, **arguments)]
    calls += [partial(blind_burst_admitted, **sizes)] if wrong.keys() <= sizes.keys() else []
    for call in calls:
        with pytest.raises(ChainError, match=f"^{re.escape(message)}$"):
            call()
