"""Over time, in the fluid: closed forms, generations of flows, a simulation, laws, steps."""

import heapq
from fractions import Fraction
from math import exp, log, sqrt
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]
from scipy.stats import gamma  # type: ignore[import-untyped]

import tuplecalc as tc
from tuplecalc.errors import ChainError, InputError
from tuplecalc.network.traffic import Kind
from tuplecalc.under_load.exhaustion import exhaustion_time
from tuplecalc.under_load.fluid import Fluid, over_time
from tuplecalc.under_load.hashing import fullest_estimate


def nat(ports: int, rate: float | None, hold: float, linger: float, **keys: Any) -> tc.Chain:
    """A NAT with one address in front of one service: one pool of so many ports."""
    return tc.Chain(
        traffic=tc.Traffic(hold=hold, **({} if rate is None else {"rate": rate})),
        clients=tc.Clients(addresses=10**7),
        hops=[tc.Cone(name="nat", **{"addresses": 1} | keys, ports={"count": ports}, time_wait=linger)],
        services=tc.Services(addresses=1, ports=80),
    )


def tproxy(hold: float, linger: float, first_close: float, over: float) -> tc.Chain:
    """A transparent proxy, whose legs share a table and linger one at a time, that much overloaded."""
    ports = "1024-65535"
    proxy = tc.Proxy(
        name="p", capture="tproxy", source="client", ports=ports, time_wait=linger, accept_wait=linger
    )
    chain = tc.Chain(
        traffic=tc.Traffic(hold=hold, first_close=first_close),
        clients=tc.Clients(addresses=1, ports="1024-65535", time_wait=0),
        hops=[proxy],
        services=tc.Services(addresses=1, ports=80),
    )
    rate = tc.capacity(chain).rate
    assert rate
    return chain.changed(traffic=chain.traffic.changed(rate=Fraction(rate) * Fraction(over)))


def course(chain: tc.Chain, seconds: float | None = None, **keys: int) -> Fluid:
    return over_time(tc.capacity(chain), seconds=seconds, **keys)


def at(found: Fluid, moment: float, name: str = "taken") -> float:
    return float(np.interp(moment, found.time, getattr(found, name)))


# --- closed forms ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hold", "linger", "rate"),
    [(1, 120, 600), (0, 60, 2000), (300, 0, 300), (300, 60, 200), (5, 60, 16000), (3, 4, 9300)],
)
def test_it_is_full_when_the_closed_form_says_so(hold: float, linger: float, rate: float) -> None:
    found = course(nat(64512, rate, hold, linger))
    held = {(Fraction(hold), Fraction(linger)): Fraction(1)}
    seconds = exhaustion_time(Fraction(64512), Fraction(rate), held)
    assert seconds is not None
    assert found.exhausted_after == seconds
    assert at(found, seconds) == pytest.approx(64512, rel=1e-9)
    for part in (0.2, 0.7, 0.99):
        moment = part * seconds
        moment = found.time[np.searchsorted(found.time, moment)]
        left = rate * hold * (1 - exp(-moment / hold)) if hold else 0.0
        late = max(moment - linger, 0.0)
        taken = rate * (min(moment, linger) + (hold * (1 - exp(-late / hold)) if hold else 0.0))
        assert at(found, moment, "open") == pytest.approx(left, rel=1e-9)
        assert at(found, moment) == pytest.approx(taken, rel=1e-9)


@pytest.mark.parametrize("settings", [(), ("traffic.first_close=0.3",), ("hops.lvs.time_wait=5m",)])
def test_it_is_full_when_the_offer_says_so(settings: tuple[str, ...]) -> None:
    result = tc.capacity(tc.with_settings(tc.example("outage"), *settings))
    found, load = over_time(result), tc.offered(result)
    assert load is not None
    assert load.exhausted is not None
    assert found.limit is load.exhausted.limit
    assert found.exhausted_after == pytest.approx(load.exhausted.seconds, rel=1e-12)
    assert at(found, load.exhausted.seconds) == pytest.approx(found.size, rel=1e-6)


def test_without_a_linger_it_stays_full_of_open_ones_and_empties_by_halves() -> None:
    found = course(nat(1000, 300, 10, 0), seconds=50)
    full = (found.time >= (found.exhausted_after or 0)) & (found.time < 50)
    assert found.open[full] == pytest.approx(1000)
    assert at(found, 50 + found.half_free_after) == pytest.approx(500, rel=1e-3)
    assert found.half_free_after == pytest.approx(10 * log(2), rel=1e-9)


def test_a_fixed_burst_comes_back_as_it_came() -> None:
    filled = 64512 / 2000
    found = course(nat(64512, 2000, 0, 60), seconds=filled)
    assert found.half_free_after == pytest.approx(60 - filled / 2)
    assert found.taken[-1] == 0


# --- generations of flows --------------------------------------------------------------------


@pytest.mark.parametrize(("hold", "linger", "rate"), [(2, 60, 1500), (20, 60, 1500), (0.3, 120, 30_000)])
def test_a_key_that_comes_back_begins_anew(hold: float, linger: float, rate: float) -> None:
    """While nothing comes back before it is full, each key goes through generations of its own.

    One of generation n began at ``u + S_n``, u anywhere in the time of filling, ``S_n`` the sum of n lives.
    """
    ports = 64512
    filling = ports / rate
    assert filling <= linger
    found = course(nat(ports, rate, hold, linger))
    for moment in np.linspace(filling * 1.01, found.seconds, 9):
        opened = 0.0
        for n in range(1 + int(moment / linger)):

            def alive(age: float, n: int = n) -> float:
                began = gamma.cdf(age - n * linger, n, scale=hold) if n else float(age >= 0)
                return float(began - gamma.cdf(age - n * linger, n + 1, scale=hold))

            points = [n * linger + hold * far for far in (0, 1, 3, 10, 30)]
            inside = [point for point in points if moment - filling < point < moment]
            part, _ = quad(alive, moment - filling, moment, points=inside or None, limit=200)
            opened += rate * part
        assert at(found, moment, "open") == pytest.approx(opened, abs=2e-3 * ports)


# --- a simulation ----------------------------------------------------------------------------


def simulated(
    size: int, rate: float, hold: float, lingers: tuple[float, ...], seconds: float, moments: list[float]
) -> list[tuple[int, int]]:
    """Keys of open flows, and keys that linger, at each moment: flow by flow."""
    random, now, free, opened, seen = Random(5), 0.0, size, 0, []
    ends: list[tuple[float, int]] = []
    waiting = sorted(moments, reverse=True)

    def until(moment: float) -> None:
        nonlocal free, opened
        while ends and ends[0][0] <= moment:
            when, closes = heapq.heappop(ends)
            if closes:
                opened -= 1
                for linger in lingers:
                    heapq.heappush(ends, (when + linger, 0))
            else:
                free += 1

    while waiting:
        step = random.expovariate(rate)
        while waiting and now + step > waiting[-1]:
            until(waiting[-1])
            waiting.pop()
            seen.append((opened * len(lingers), size - free - opened * len(lingers)))
        now += step
        until(now)
        if free >= len(lingers) and now < seconds:
            free -= len(lingers)
            opened += 1
            heapq.heappush(ends, (now + random.expovariate(1 / hold), 1))
    return seen


@pytest.mark.parametrize(
    ("chain", "lingers"),
    [
        (nat(40_000, 1500, 4, 30), (30,)),
        (tproxy(40, 60, 1, 1.4), (0, 60)),
        (tproxy(10, 30, 0, 4), (0, 30)),
    ],
)
def test_flow_by_flow_it_is_the_same(chain: tc.Chain, lingers: tuple[float, ...]) -> None:
    found = course(chain)
    moments = [part * found.time[-1] for part in np.linspace(0.02, 0.98, 40)]
    hold = float(chain.traffic.hold)
    rate = float((chain.traffic.rate or 0) * found.share)
    runs = simulated(int(found.size), rate, hold, lingers, found.seconds, moments)
    for moment, (opened, lingering) in zip(moments, runs, strict=True):
        assert at(found, moment, "open") == pytest.approx(opened, abs=0.02 * found.size)
        assert at(found, moment, "lingering") == pytest.approx(lingering, abs=0.02 * found.size)


# --- laws ------------------------------------------------------------------------------------

CHAINS = st.one_of(
    st.builds(
        lambda ports, hold, linger, over: nat(ports, over * ports / (hold + linger), hold, linger),
        st.integers(10, 60_000),
        st.one_of(st.just(0.0), st.floats(0.05, 500)),
        st.floats(0.5, 300),
        st.floats(0.3, 30),
    ),
    st.builds(
        tproxy,
        st.floats(0.05, 500),
        st.just(0.0) | st.floats(0.01, 300),
        st.sampled_from([0, 0.25, 1]),
        st.floats(0.3, 30),
    ),
)


@settings(max_examples=25, deadline=None)
@given(CHAINS)
def test_laws(chain: tc.Chain) -> None:
    found = course(chain, steps=500)
    little = 1e-6 * found.size
    assert found.open.min() > -little
    assert found.lingering.min() > -little
    assert found.taken.max() < 1.003 * found.size  # between the ends of steps
    assert (found.demand - found.taken).min() > -0.003 * found.size
    assert (np.diff(found.time) > 0).all()
    after = found.time >= found.seconds
    assert (np.diff(found.taken[after]) <= little).all()
    assert at(found, found.seconds + found.half_free_after) <= found.size / 2 * 1.02
    if found.exhausted_after is None:
        assert found.use <= 1
    else:
        full = (found.time >= found.exhausted_after) & ~after
        assert found.taken[full] == pytest.approx(found.size, rel=0.003)


# --- steps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "tolerance"),
    [
        (tc.example("outage"), 1e-6),
        (nat(64512, 2000, 0, 60), 1e-12),
        (nat(64512, 2000, 0.3, 60), 1e-4),
        (nat(64512, 30, 600, 1), 1e-4),
        (nat(64512, 54_000, 1, 120), 2e-3),
        (tproxy(0.36, 60, 0.5, 2), 1e-4),
        (tproxy(100, 60, 0.5, 100), 2e-3),
    ],
)
def test_half_the_steps_do_as_well(chain: tc.Chain, tolerance: float) -> None:
    fine, coarse = course(chain), course(chain, steps=1000)
    _, here, there = np.intersect1d(fine.time.round(9), coarse.time.round(9), return_indices=True)
    assert len(here) > 300
    for name in ("open", "lingering"):
        change = np.abs(getattr(fine, name)[here] - getattr(coarse, name)[there]).max()
        assert change <= tolerance * fine.size
    assert fine.half_free_after == pytest.approx(coarse.half_free_after, rel=tolerance)


# --- which pool ------------------------------------------------------------------------------


def test_what_fits_levels_off() -> None:
    found = course(tc.with_settings(tc.example("outage"), "traffic.rate=500"))
    assert (found.limit.hop, found.limit.name, found.exhausted_after) == ("login-proxy", "shared", None)
    assert found.use == pytest.approx(500 / (64512 * 6 / 660))
    assert at(found, found.seconds) == pytest.approx(found.use * found.size, rel=0.01)
    assert found.demand == pytest.approx(found.taken)
    assert found.pools == 6
    assert found.share == Fraction(1, 6)


def test_it_is_the_first_to_run_dry_not_the_one_that_binds() -> None:
    chain = nat(60_000, 520, 1.2, 120)
    small = tc.Forwarder(name="fw", layer=3, max_entries=600, tracking_time_wait=0)
    assert course(chain.changed(hops=[*chain.hops, small])).limit.hop == "fw"


def test_behind_a_hash_it_is_the_fullest_address() -> None:
    chain = nat(200, 8, 0, 120, addresses=4, spread="hashed").changed(clients=tc.Clients(addresses=100))
    found = course(chain)
    assert found.pools == 4
    assert found.share == pytest.approx(fullest_estimate(100, 4) / 100)
    assert found.exhausted_after == pytest.approx(200 / (8 * float(found.share)))


def test_of_uneven_pools_it_is_the_hottest() -> None:
    groups = [{"addresses": 1, "ports": 80, "share": 0.9}, {"addresses": 1, "ports": 443, "share": 0.1}]
    found = course(tc.from_dict(nat(100, 10, 1, 30).to_dict() | {"services": groups}))
    assert (found.share, found.pools) == (Fraction(9, 10), Fraction(2))


def test_an_offer_that_ends_early_fills_nothing() -> None:
    found = course(tc.example("outage"), seconds=100)
    assert found.exhausted_after is None
    assert found.use > 1
    assert found.half_free_after == 0
    assert found.taken.max() < found.size / 2


def test_nothing_can_be_written_over() -> None:
    found = course(tc.example("outage"))
    with pytest.raises(AttributeError):
        found.size = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        found.open[0] = 1


# --- errors ----------------------------------------------------------------------------------


def test_errors() -> None:
    rate = r"^exhaustion needs an offered rate; write `rate` under \[traffic\], or --rate 700$"
    with pytest.raises(InputError, match=rate):
        course(nat(100, None, 1, 1))
    nothing = (
        r"^exhaustion: nothing limits the rate, so nothing fills; write `hold` under \[traffic\], or a "
        r"`time_wait` above 0$"
    )
    with pytest.raises(InputError, match=nothing):
        course(nat(100, 5, 0, 0).changed(clients=tc.Clients(addresses=10, time_wait=0)))
    through = r"^exhaustion: no connection gets through proxy shared, so nothing fills; make room there$"
    with pytest.raises(InputError, match=through):
        course(tc.inverted_cone(source="client-port", rate=5))
    with pytest.raises(ChainError, match=r"^seconds: 0: this is a finite number above 0; change it$"):
        course(nat(100, 5, 1, 1), seconds=0)
    with pytest.raises(ChainError, match=r"^steps: 0: this is a whole number of 1 or more; change it$"):
        course(nat(100, 5, 1, 1), steps=0)


# --- several kinds ---------------------------------------------------------------------------


def captured(*kinds: Kind, linger: float = 60) -> tc.Chain:
    """Logins take two of the same 6,000 ports, all others one."""
    ports = {"count": 6000}
    proxy = {"capture": "tproxy", "source": "client", "ports": ports, "time_wait": linger}
    return tc.Chain(
        traffic=tc.Traffic(kinds=kinds),
        clients=tc.Clients(addresses=10**6, time_wait=0),
        hops=[
            tc.Cone(name="nat", addresses=1, ports=ports, time_wait=0),
            tc.Proxy(name="proxy", captures=["login"], **proxy),
        ],
        services=tc.Services(addresses=1, ports=80),
    )


def test_kinds_that_are_alike_are_one() -> None:
    login = Kind(name="login", rate=20, hold=9)
    others = [Kind(name=name, rate=rate, hold=40) for name, rate in (("a", 50), ("b", 100))]
    apart, one = course(captured(login, *others)), course(captured(login, Kind(name="a", rate=150, hold=40)))
    assert apart.exhausted_after == one.exhausted_after
    for name in ("open", "lingering", "demand"):
        assert at(apart, 400.0, name) == pytest.approx(at(one, 400.0, name), rel=1e-9)
    _, a, b = apart.kinds
    assert b.open == pytest.approx(2 * a.open, abs=1e-6)


def test_full_of_kinds_for_long_each_gets_what_large_pools_let_in() -> None:
    """x of those that take one port, x² of those that take two, so that all ports are taken."""
    login = Kind(name="login", rate=50, hold=30)
    found = course(captured(login, Kind(name="web", rate=300, hold=20)), seconds=3000)
    assert found.limit.name == "shared"
    for part in ("open", "lingering"):
        together = sum(getattr(kind, part) for kind in found.kinds)
        assert together == pytest.approx(getattr(found, part))
    offered = (found.time >= (found.exhausted_after or 0)) & (found.time <= found.seconds)
    assert found.taken[offered] == pytest.approx(6000, rel=1e-3)
    moment = np.searchsorted(found.time, 2999)
    x = (-300 * 20 + sqrt((300 * 20) ** 2 + 4 * 50 * 120 * 6000)) / (2 * 50 * 120)
    of_login, of_web = found.kinds
    assert of_web.open[moment] == pytest.approx(x * 300 * 20, rel=1e-3)
    assert of_login.open[moment] == pytest.approx(x * x * 2 * 50 * 30, rel=1e-3)
    assert of_login.lingering[moment] == pytest.approx(x * x * 50 * 60, rel=1e-3)
    assert of_web.lingering[moment] == 0
