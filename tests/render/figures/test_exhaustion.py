"""Filling and recovering over time: the areas, the marks, the finding."""

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, DIRECT, SIZES, by_gid, check_words, key, line, words
from tuplecalc.errors import InputError
from tuplecalc.render import numbers
from tuplecalc.render.figures import plot_exhaustion, style
from tuplecalc.render.figures.labels import Mark, marked
from tuplecalc.under_load.fluid import Fluid, over_time


@lru_cache(32)
def draw(chain: tc.Chain, size: style.Size = "slide") -> Axes:
    return plot_exhaustion(tc.capacity(chain), ax=style.blank(size))


def course(chain: tc.Chain) -> Fluid:
    return over_time(tc.capacity(chain))


def nat(rate: float, hold: float, **keys: Any) -> tc.Chain:
    """A NAT with one address in front of one service."""
    return tc.Chain(
        traffic=tc.Traffic(rate=rate, hold=hold),
        clients=tc.Clients(addresses=10**7),
        hops=[tc.Cone(**{"name": "nat", "addresses": 1} | keys)],
        services=tc.Services(addresses=1, ports=80),
    )


UNEVEN = tc.from_dict(
    tc.inverted_cone(hold=5, rate=9000, proxy_ports="1024-65535").to_dict()
    | {
        "services": [
            {"addresses": 1, "ports": 80, "share": 0.9},
            {"addresses": 1, "ports": 443, "share": 0.1},
        ]
    }
)
ODD = {
    "sawtooth": nat(2000, 0),
    "bursts": nat(2000, 2),
    "sharp bursts": nat(60_000, 2),
    "slow": tc.with_settings(tc.example("outage"), "traffic.rate=587"),
    "fits": tc.with_settings(tc.example("outage"), "traffic.rate=500"),
    "just": nat(64512 / 120, 0),
    "no linger": nat(300, 600, time_wait=0),
    "thin linger": nat(30, 6000, time_wait="200s"),
    "days": nat(1, 5 * 86_400),
    "moments": nat(10**9, 0.003, time_wait="2ms"),
    "seven ports": nat(5, 3, ports={"count": 7}, time_wait="4s"),
    "hashed": nat(3000, 1, addresses=4, spread="hashed"),
    "uneven": UNEVEN,
    "long name": nat(700, 2, name="a very long name of a hop in $the$ data centre of the north"),
    "direct": DIRECT.changed(traffic=tc.Traffic(rate=700, hold=2)),
}
DRAWN = {**CHAINS, **ODD}
del DRAWN["no flow"]

# --- the areas -------------------------------------------------------------------------------


def area(ax: Axes, gid: str) -> set[tuple[float, float]]:
    """The corners of an area."""
    (artist,) = by_gid(ax, gid)
    assert isinstance(artist, PolyCollection)
    (path,) = artist.get_paths()
    return {(float(x), float(y)) for x, y in np.asarray(path.vertices)}


@pytest.mark.parametrize("name", ["outage", "bursts", "uneven", "fits", "hashed"])
def test_areas_are_what_is_open_and_what_lingers(name: str) -> None:
    ax, found = draw(ODD.get(name, CHAINS.get(name, DIRECT))), course(DRAWN[name])
    time = found.time.tolist()
    assert set(zip(time, found.open.tolist(), strict=True)) <= area(ax, "open")
    both = set(zip(time, found.taken.tolist(), strict=True)) | set(
        zip(time, found.open.tolist(), strict=True)
    )
    assert both <= area(ax, "lingering")
    assert set(line(ax, "capacity")[1]) == {found.size}


@pytest.mark.parametrize("name", ["outage", "bursts", "slow", "uneven"])
def test_what_is_turned_away_is_the_demand_over_the_size(name: str) -> None:
    ax, found = draw(DRAWN[name]), course(DRAWN[name])
    time, demand = line(ax, "demand")
    assert found.exhausted_after is not None
    assert min(time) == found.exhausted_after
    assert max(time) == found.seconds
    assert demand == pytest.approx(np.interp(time, found.time, found.demand))
    assert set(zip(time, demand, strict=True)) <= area(ax, "turned away")
    assert key(ax)[-1] == f"{numbers.share(1 - 1 / found.use)} turned away, chance not counted"
    assert ax.get_ylim()[1] <= 1.6 * found.size


def test_the_outage_is_told_as_everywhere() -> None:
    """The time of the table, the share of the other figure, the ports of one of six scopes."""
    ax = draw(tc.example("outage"))
    load = tc.offered(tc.example("outage"))
    assert load is not None
    assert load.exhausted is not None
    assert (
        words(ax, "dry")
        == f"runs out after {numbers.duration(load.exhausted.seconds)}"
        == "runs out after 9 min 9 s"
    )
    assert list(line(ax, "dry:line")[0]) == [pytest.approx(load.exhausted.seconds)] * 2
    assert words(ax, "offer") == "offer ends after 25 min"
    assert list(line(ax, "offer:line")[0]) == [1500, 1500]
    assert words(ax, "recovered") == "half free 3 min 31 s later"
    half, middle = line(ax, "half")
    assert list(half) == [pytest.approx(1500 + 210.85, abs=0.01)]
    assert list(middle) == [32_256]
    assert load.blocking is not None
    assert numbers.share(load.blocking.upper) == "16.2%"
    assert ax.get_ylabel() == "ports taken in each of 6 places"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0", "32,256", "64,512"]
    assert key(ax) == ["open", "lingering", "16.2% turned away, chance not counted"]


def test_what_fits_has_no_marks_and_ends_with_the_offer() -> None:
    ax, found = draw(ODD["fits"]), course(ODD["fits"])
    for gid in ("dry", "offer", "recovered", "half", "turned away", "demand"):
        assert not by_gid(ax, gid)
    assert ax.get_xlim() == (0, found.seconds)
    assert ax.get_ylim()[1] > found.size


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("outage", "At 700/s login-proxy shared runs out 9 min 9 s from empty"),
        ("slow", "At 587/s login-proxy shared runs out 35 min 7 s from empty"),
        ("fits", "500/s never fills login-proxy shared: 85% in use; {expected} are expected to fail"),
        ("just", "537.6/s just fills nat ports; 0.313% are expected to fail"),
        ("hourglass", "2,000/s never fills firewall entries: 95% in use"),
        ("cone", "1,500/s never fills nat ports: 3.5% in use"),
        ("moments", "At 1,000,000,000/s nat ports runs out 64.5 µs from empty"),
        ("long name", "At 700/s a very long name of a hop in… ports runs out 1 min 32 s from empty"),
    ],
)
def test_the_title_states_the_finding(name: str, finding: str) -> None:
    expected = numbers.between(tc.offered(DRAWN[name]).expected or (0.0, 0.0))
    assert draw(DRAWN[name]).get_title(loc="left").replace("\n", " ") == finding.format(expected=expected)


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("outage", "minutes from empty"),
        ("seven ports", "seconds from empty"),
        ("moments", "milliseconds from empty"),
        ("days", "days from empty"),
        ("no linger", "minutes from empty"),
        ("thin linger", "hours from empty"),
    ],
)
def test_time_is_in_readable_units(name: str, axis: str) -> None:
    ax = draw(DRAWN[name])
    assert ax.get_xlabel() == axis
    ticks = [text.get_text() for text in ax.get_xticklabels()]
    assert 4 <= len(ticks) <= 10
    assert ticks[0] == "0"
    assert all(len(tick) <= 4 for tick in ticks)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("hourglass", "entries taken"),
        ("sawtooth", "ports taken"),
        ("hashed", "ports taken in the fullest of 4 places"),
        ("uneven", "ports taken in the fullest of 2 places"),
        ("cone", "ports taken in each of 80 places"),
    ],
)
def test_the_axis_says_what_it_counts(name: str, counted: str) -> None:
    assert draw(DRAWN[name]).get_ylabel() == counted


def test_areas_that_can_be_seen_are_named_below() -> None:
    """The least that is named is 0.2% of the height: a hold that fills less than that has no name."""
    for name, seen in {
        "no linger": ["open", "64.2% turned away, chance not counted"],
        "sawtooth": ["lingering", "73.1% turned away, chance not counted"],
    }.items():
        assert key(draw(DRAWN[name])) == seen
    assert key(draw(nat(500, 0.2))) == ["lingering"]
    assert key(draw(nat(500, 0.4))) == ["open", "lingering"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(DRAWN))
def test_no_words_lie_over_each_other(name: str, size: style.Size) -> None:
    check_words(draw(DRAWN[name], size))


def test_words_over_the_axes_lie_apart_wherever_their_lines_are() -> None:
    places = [0, 0.06, 0.13, 0.4, 0.86, 1]
    for one, other in combinations_with_replacement(places, 2):
        ax = style.blank("half-page")
        with style.style():
            height = marked(
                ax, [Mark(one, "runs out after 9 h", "a", "-"), Mark(other, "700/s offered", "b", "-")]
            )
        assert height == 15 or other - one < 0.35
        check_words(ax)


# --- errors ----------------------------------------------------------------------------------


def test_without_a_rate_there_is_nothing_to_draw() -> None:
    expected = r"^exhaustion needs an offered rate; write `rate` under \[traffic\], or --rate 700$"
    with pytest.raises(InputError, match=expected):
        draw(DIRECT)
    with pytest.raises(
        InputError, match=r"^exhaustion: no connection gets through .* shared, so nothing fills"
    ):
        draw(CHAINS["no flow"])
    free = tc.Chain(
        traffic=tc.Traffic(rate=7),
        clients=tc.Clients(addresses=2, time_wait=0),
        services=tc.Services(addresses=1, ports=80),
    )
    with pytest.raises(InputError, match=r"^exhaustion: nothing limits the rate, so nothing fills; write "):
        draw(free)


# --- kinds of traffic ------------------------------------------------------------------------

KINDS = tc.loads("""
clients = {addresses = 100000, time_wait = 0}
services = {addresses = 6, ports = 80}
[[traffic.kinds]]
name = "login"
rate = 900
hold = "2m"
[[traffic.kinds]]
name = "web"
rate = 1800
hold = "5m"
[[traffic.kinds]]
name = "rare"
rate = 0.001
hold = "5m"
[[hops]]
name = "lvs"
kind = "cone"
addresses = 1
time_wait = 0
[[hops]]
name = "login-proxy"
kind = "hourglass"
capture = "tproxy"
source = "client"
captures = ["login"]
ports = "1024-65535"
""")


def test_kinds_stand_one_on_the_other() -> None:
    ax, found = draw(KINDS), course(KINDS)
    login, web, _ = found.kinds
    time, low = found.time.tolist(), login.open + login.lingering
    assert set(zip(time, low.tolist(), strict=True)) <= area(ax, "kind:login") & area(ax, "kind:web")
    assert set(zip(time, (low + web.open).tolist(), strict=True)) <= area(ax, "kind:web")
    assert not by_gid(ax, "kind:rare")
    assert not by_gid(ax, "open")
    assert list(line(ax, "kind:login:open")[1]) == login.open.tolist()
    assert not by_gid(ax, "kind:web:open")  # of which nothing lingers
    away = f"{numbers.share(1 - 1 / found.use)} of the demand turned away, chance not counted"
    assert key(ax) == ["login", "web", "open below, lingering above", away]
    assert ax.get_title(loc="left").startswith("At 2,700/s login-proxy shared runs out")


@pytest.mark.parametrize("size", SIZES)
def test_words_of_kinds_stand_apart(size: style.Size) -> None:
    check_words(draw(KINDS, size))
