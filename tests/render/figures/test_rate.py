"""The highest rate against one number: curves, crossovers, the present design."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, MIXES, SIZES, by_gid, check_words, line, words
from tuplecalc.questions.axis import axis
from tuplecalc.render.figures import plot_rate, style

pytestmark = pytest.mark.xdist_group("rate")  # one process: what is counted or drawn is so once

FEW = "hops.lvs.time_wait=0s..4m/9"


@lru_cache(32)
def rate(chain: tc.Chain, vary: str | None = None, size: style.Size = "slide") -> Axes:
    return plot_rate(tc.capacity(chain), axis(chain, vary) if vary else None, ax=style.blank(size))


@pytest.mark.parametrize(
    "vary", [FEW, "traffic.hold=0s..10m/11", "hops.lvs.addresses=1..6", "traffic.first_close=0..1/5"]
)
def test_the_envelope_is_the_capacity_of_the_changed_chain(vary: str) -> None:
    chain = tc.example("outage")
    varied = axis(chain, vary)
    across, rates = line(rate(chain, vary), "envelope")
    for value, x, y in zip(varied.values, across, rates, strict=True):
        exact = tc.capacity(tc.with_settings(chain, varied.setting(value))).rate
        assert exact
        assert x == float(value)
        assert y == pytest.approx(float(exact), rel=1e-12)


def test_a_line_is_its_limit() -> None:
    across, rates = line(rate(tc.example("outage")), "line:lvs ports")
    assert rates == pytest.approx(64_512 * 6 / (across + 120))
    across, rates = line(rate(tc.example("outage")), "line:login-proxy shared")
    assert rates == pytest.approx(64_512 * 6 / (2 * across + 60))


def test_the_crossover_is_where_the_two_formulas_are_equal() -> None:
    """H + 120 = 2·H + 60 at 60 seconds."""
    ax = rate(tc.example("outage"))
    across, rates = line(ax, "crossover")
    assert across[0] == pytest.approx(60, rel=1e-9)
    assert rates[0] == pytest.approx(64_512 * 6 / 180, rel=1e-9)
    assert words(ax, "crossover:value") == "above 1 min login-proxy shared limits"


def test_of_counts_the_crossover_is_the_first_whole_number() -> None:
    """Each address has 387,072 / 120 a second, the table 1,000,000 / 120: enough for two of them."""
    chain = tc.with_settings(tc.example("outage"), "hops.lvs.max_entries=1000000", "traffic.hold=0s")
    ax = rate(chain, "hops.lvs.addresses=1..16")
    across, rates = line(ax, "crossover")
    assert (across[0], rates[0]) == (3, pytest.approx(1_000_000 / 120, rel=1e-12))
    assert words(ax, "crossover:value") == "from 3 on lvs entries limits"
    assert ax.get_title(loc="left") == "lvs ports allows 3,226/s; lvs entries where addresses of lvs ≥ 3"


def test_every_change_of_the_binding_limit_is_marked() -> None:
    """A table of 100,000 takes over from the balancer for short lingers only."""
    chain = tc.with_settings(tc.example("outage"), "hops.lvs.max_entries=250000", "traffic.hold=20s")
    ax = rate(chain, "hops.lvs.time_wait=0s..4m")
    marks = [mark.get_xdata()[0] for mark in by_gid(ax, "crossover") if isinstance(mark, Line2D)]  # type: ignore[index]
    grid = axis(chain, "hops.lvs.time_wait=0s..4m/2401")
    names = []
    for value in grid.values:
        binding = tc.capacity(tc.with_settings(chain, grid.setting(value))).rate_binding
        names.append((binding.hop, binding.name) if binding else None)
    changed = [float(grid.values[i]) for i in range(1, len(names)) if names[i] != names[i - 1]]
    assert len(marks) == len(changed) > 0
    assert marks == pytest.approx(changed, abs=0.11)


def test_a_ring_is_the_present_design() -> None:
    ax = rate(tc.example("outage"))
    across, rates = line(ax, "present")
    result = tc.capacity(tc.example("outage"))
    assert (across[0], rates[0]) == (300, float(result.rate or 0))
    assert words(ax, "present:value") == "now 586.5/s at 5 min"
    assert not by_gid(rate(tc.example("outage"), "traffic.hold=0s..10s"), "present")


def test_equal_limits_are_one_line() -> None:
    """A client that closes last lingers nowhere: accepted and upstream are one."""
    chain = tc.with_settings(tc.example("outage"), "hops.login-proxy.time_wait=0s")
    labels = [str(text.get_gid()) for text in rate(chain).texts if str(text.get_gid()).startswith("label:")]
    assert "label:login-proxy accepted\nlogin-proxy upstream" in labels


def test_the_offered_rate_is_a_line_where_it_is_in_the_picture() -> None:
    ax = rate(tc.example("outage"))
    assert set(line(ax, "offered")[1]) == {700}
    assert words(ax, "label:offered") == "700/s offered"
    far = rate(tc.with_settings(tc.example("cone"), "traffic.rate=100"))
    assert not by_gid(far, "offered")
    assert "offered" not in far.get_title(loc="left")
    over = rate(tc.with_settings(tc.example("cone"), "traffic.rate=1000000000"))
    assert not by_gid(over, "offered")
    never = "nat ports never allows 1,000,000,000/s for hold from 0 s to 1 min"
    assert over.get_title(loc="left").replace("\n", " ") == never


def test_whole_numbers_are_points_and_durations_have_their_unit() -> None:
    ax = rate(tc.example("outage"), "hops.lvs.addresses=1..8")
    (shared,) = by_gid(ax, "line:login-proxy shared")
    assert isinstance(shared, Line2D)
    assert shared.get_marker() == "o"
    assert ax.get_xlabel() == "addresses of lvs"
    assert rate(tc.example("outage")).get_xlabel() == "hold, minutes"


@pytest.mark.parametrize(
    ("settings", "vary", "title"),
    [
        ((), None, "login-proxy shared allows 586.5/s; lvs ports where hold < 1 min"),
        (("traffic.hold=30s",), None, "lvs ports allows 2,580/s; login-proxy shared where hold > 1 min"),
        (
            (),
            "hops.login-proxy.time_wait=0s..9s",
            "login-proxy shared limits it for time_wait of login-proxy from 0 s to 9 s",
        ),
        (
            ("hops.lvs.max_entries=1000000", "traffic.hold=0s"),
            "hops.lvs.addresses=2..16",
            "addresses of lvs: lvs ports limits it up to 2, then lvs entries",
        ),
        (
            (),
            "traffic.hold=2m..4m",
            "login-proxy shared limits it for hold from 2 min to 4 min",
        ),
        (
            (),
            "hops.lvs.addresses=1..8",
            "700/s needs addresses of lvs ≥ 2; login-proxy shared limits throughout",
        ),
        (
            ("traffic.rate=",),
            "hops.lvs.addresses=1..8",
            "login-proxy shared limits throughout; now it allows 586.5/s at 1",
        ),
        (
            ("clients.allocation=bind",),
            "traffic.hold=2m..5m",
            "700/s needs hold ≤ 4 min 6 s; login-proxy shared limits throughout",
        ),
    ],
)
def test_the_title_says_the_finding(settings: tuple[str, ...], vary: str | None, title: str) -> None:
    ax = rate(tc.with_settings(tc.example("outage"), *settings), vary)
    assert " ".join(ax.get_title(loc="left").split()) == title


def test_a_limit_that_binds_where_nobody_sees_it_is_not_the_finding() -> None:
    """Below a hold of some 100 ns this table lets fewer connections through than the open files."""
    ax = rate(CHAINS["huge"])
    assert ax.get_title(loc="left") == "another-very-long-name-… files allows 5/s for hold from 0 s to 1 min"
    assert not by_gid(ax, "crossover")


def test_of_many_crossovers_all_have_dots_and_the_nearest_have_words() -> None:
    """``1/rate = (H + T)/N`` of each table is a tangent of a parabola, at 10, 20, …: they meet halfway."""
    hops = [
        tc.Forwarder(
            name=f"fw{at}",
            layer=3,
            max_entries=840_000 // at,
            tracking_time_wait=Fraction(7000 - at * at, 2 * at),
        )
        for at in range(10, 90, 10)
    ]
    clients, services = tc.Clients(addresses=10**6), tc.Services(addresses=2, ports=80)
    chain = tc.Chain(traffic=tc.Traffic(hold="20s"), clients=clients, hops=hops, services=services)
    ax = rate(chain, "traffic.hold=0s..2m")
    dots = [dot.get_xdata()[0] for dot in by_gid(ax, "crossover") if isinstance(dot, Line2D)]  # type: ignore[index]
    assert dots == pytest.approx([15, 25, 35, 45, 55, 65, 75], rel=1e-9)
    spoken = [text.get_text() for text in ax.texts if text.get_gid() == "crossover:value"]
    assert spoken == [f"above {at + 5} s fw{at + 10} entries limits" for at in (10, 20, 30, 40)]
    check_words(ax)


def test_where_nothing_limits_the_rate_there_is_no_figure() -> None:
    chain = tc.with_settings(CHAINS["direct"], "clients.time_wait=0s")
    message = (
        "rate, clients.addresses: nothing limits the rate, whatever the value; "
        "vary another number, or write `hold` under [traffic]"
    )
    with pytest.raises(tc.InputError) as caught:
        rate(chain, "clients.addresses")
    assert str(caught.value) == message
    with pytest.raises(tc.InputError, match="no connection gets through, whatever the value"):
        rate(CHAINS["no flow"])


def test_rates_that_are_infinite_at_one_end_only() -> None:
    """Without a hold nothing limits the rate of this chain; with one the clients do."""
    chain = tc.with_settings(CHAINS["direct"], "clients.time_wait=0s")
    ax = rate(chain, "traffic.hold=0s..1m/61")
    assert ax.get_title(loc="left") == "clients ports limits it for hold from 0 s to 1 min"
    across, rates = line(ax, "envelope")
    assert np.isnan(rates[0])
    assert rates[1:] == pytest.approx(508_176 / across[1:])
    assert Fraction(508_176, 60) == tc.capacity(tc.with_settings(chain, "traffic.hold=1m")).rate


def test_of_a_mix_a_share_is_varied_and_the_rate_is_that_of_all_kinds() -> None:
    """Whoever is captured takes both legs, 660 s, of one table, the others 300 s; each a port for 420 s."""
    ax = rate(MIXES["captured"])
    across, rates = line(ax, "envelope")
    assert rates == pytest.approx(6 * 64_512 / np.maximum(420, 660 - 360 * across))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("share of play", "highest rate of all kinds, a second")
    assert ax.get_title(loc="left").endswith("p shared where share of play < 67%")
    assert words(ax, "label:offered") == "700/s offered"
    assert (
        rate(MIXES["branches"]).get_xlabel() == "hold of branch, minutes"
    )  # kinds with rates have no shares


def test_what_binds_at_the_very_end_of_a_share_alone_is_not_seen() -> None:
    """Where all is backup, the limits of the NAT need no names of services."""
    ax = rate(tc.example("office-and-branch"))
    labels = {str(text.get_gid()) for text in ax.texts}
    assert {label for label in labels if label.startswith("label:nat")} == {
        *("label:nat ports vault", "label:nat entries")
    }
    assert (
        ax.get_title(loc="left") == "nat ports vault allows 896/s; nat entries where share of backup < 5.6%"
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "name", [name for name in CHAINS | MIXES if name not in ("no flow", "tiny", "alike", "far too much")]
)
def test_words_lie_apart(name: str, size: style.Size) -> None:
    check_words(rate((CHAINS | MIXES)[name], None, size))
