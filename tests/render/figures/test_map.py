"""The highest rate against two numbers: regions, contours, the present design."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet
from matplotlib.patches import Patch

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, MIXED_EXAMPLES, MIXES, SIZES, by_gid, check_words, key
from tuplecalc.network.file import EXAMPLES
from tuplecalc.questions.axis import axis
from tuplecalc.render.figures import plot_map, style
from tuplecalc.render.figures.around import around
from tuplecalc.render.figures.map import _levels

X, Y = "traffic.hold=1s..5m/12", "hops.lvs.time_wait=0s..10m/9"


@lru_cache(32)
def drawn(chain: tc.Chain, *vary: str, size: style.Size = "slide") -> Axes:
    axes = [axis(chain, each) for each in vary]
    return plot_map(tc.capacity(chain), *axes, ax=style.blank(size))


def contours(ax: Axes, gid: str) -> dict[float, Any]:
    """The points of each level's line."""
    (found,) = by_gid(ax, gid)
    assert isinstance(found, QuadContourSet)
    lines = zip(np.array(found.levels).tolist(), found.get_paths(), strict=True)
    return {level: np.asarray(path.vertices) for level, path in lines}


def test_a_cell_is_filled_by_the_limit_that_binds() -> None:
    """Numbers of the cells are those of the names below, so that their colours are too."""
    chain = tc.example("outage")
    across, up = axis(chain, X), axis(chain, Y)
    ax = drawn(chain, X, Y)
    (mesh,) = by_gid(ax, "regions")
    assert isinstance(mesh, QuadMesh)
    filled = np.asarray(mesh.get_array()).reshape(9, 12)
    patches = [each for each in ax.get_legend().get_patches() if isinstance(each, Patch)]  # type: ignore[union-attr]
    assert [patch.get_label() for patch in patches] == key(ax)[:2]
    for row, high in enumerate(up.values):
        for column, wide in enumerate(across.values):
            changed = tc.with_settings(chain, across.setting(wide), up.setting(high))
            binding = tc.capacity(changed).rate_binding
            assert binding
            number = int(filled[row, column])
            assert patches[number].get_label() == f"{binding.hop} {binding.name}"
            assert mesh.to_rgba(np.array(number)) == patches[number].get_facecolor()
    assert set(filled.ravel()) == {0, 1}


def test_the_line_between_two_regions_is_where_their_formulas_are_equal() -> None:
    """``H + T = 2·H + 60``: ``T = H + 60``."""
    ax = drawn(tc.example("outage"), "traffic.hold=1s..10m", "hops.lvs.time_wait=1s..10m")
    (border,) = [
        each
        for each in ax.collections
        if isinstance(each, QuadContourSet) and not each.filled and each.get_gid() is None
    ]
    points = np.concatenate([np.asarray(path.vertices) for path in border.get_paths()])
    assert len(points) > 100
    assert points[:, 1] == pytest.approx(points[:, 0] + 60, rel=1e-3)


def test_contours_lie_where_the_rate_is() -> None:
    """Along a contour of the binding formula the formula has its value."""
    ax = drawn(tc.example("outage"), "traffic.hold=2m..10m", "hops.login-proxy.time_wait=1s..2m")
    offered, levels = contours(ax, "offered"), contours(ax, "rates")
    assert list(offered) == [700]
    assert {text.get_text() for text in ax.texts} == {f"{style.si(level)}/s" for level in levels}
    assert key(ax)[-1] == "700/s offered"
    assert len(levels) > 3
    assert sum(map(len, levels.values())) > 100
    for level, points in (offered | levels).items():
        assert 64_512 * 6 / (2 * points[:, 0] + points[:, 1]) == pytest.approx(level, rel=1e-3)


def test_contours_step_with_whole_numbers() -> None:
    """A line crosses the cell of a whole number where the number's own rate is that of the line."""
    ax = drawn(tc.example("outage"), "traffic.hold=2m..10m", "hops.lvs.addresses=1..8")
    crossings = 0
    for level, points in contours(ax, "rates").items():
        for (hold, low), (beside, high) in pairwise(points):
            if abs(high - low) == 1:
                assert beside == pytest.approx(hold)
                assert (low + high) / 2 * 64_512 * 6 / (2 * hold + 60) == pytest.approx(level, rel=1e-3)
                crossings += 1
    assert crossings > 10


@pytest.mark.parametrize(
    ("low", "high", "levels"),
    [
        (100, 1000, [150, 200, 300, 400, 500, 600, 800]),
        (150, 8000, [200, 300, 500, 1000, 2000, 3000, 5000]),
        (15, 80_000, [30, 100, 300, 1000, 3000, 10_000, 30_000]),
        (101, 102, [101.5]),
        (1, 1e12, [10, 1e3, 1e5, 1e7, 1e9, 1e11]),
    ],
)
def test_contours_are_round_and_few(low: float, high: float, levels: list[float]) -> None:
    assert _levels(low, high) == pytest.approx(levels)


def test_a_ring_is_the_present_design() -> None:
    ax = drawn(tc.example("outage"))
    (ring,) = by_gid(ax, "present")
    assert [float(ring.get_xdata()[0]), float(ring.get_ydata()[0])] == [300, 1]  # type: ignore[attr-defined]
    assert key(ax) == ["login-proxy shared", "lvs ports", "now 586.5/s", "700/s offered"]
    elsewhere = drawn(tc.example("outage"), "traffic.hold=1s..9s", Y)
    assert not by_gid(elsewhere, "present")
    assert "now" not in str(key(elsewhere))


def test_without_axes_it_is_hold_and_what_the_binding_limit_hangs_on() -> None:
    labels = {name: drawn(CHAINS[name]).get_ylabel() for name in ("outage", "hourglass", "direct", "mixed")}
    assert labels == {
        "outage": "addresses of lvs",
        "hourglass": "max_entries of firewall",
        "direct": "addresses of clients",
        "mixed": "addresses of nat",
    }
    assert drawn(CHAINS["outage"]).get_xlabel() == "hold"


def ends(name: str, path: str) -> tuple[float, float]:
    found = around(tc.capacity(tc.example(name)), path)
    return float(found.values[0]), float(found.values[-1])


def test_a_range_goes_on_beyond_where_another_limit_takes_over_to_both_sides() -> None:
    """Of the outage's hold: lvs ports below a minute; above only the rate changes, which halves at 630 s."""
    low, high = ends("outage", "traffic.hold")
    assert 60 / 2.5 < low <= 60 / 2
    assert 2 * 630 <= high < 2.5 * 630
    low, high = ends("hourglass", "hops.firewall.max_entries")  # the proxy's files: from 13,107,201 on
    assert low == pytest.approx(262_144 / 4, rel=0.2)
    assert 2 * 13_107_201 <= high < 2.5 * 13_107_201
    low, high = ends("mixed-by-share", "traffic.kinds.redirected.share")  # the NAT's ports, up to a tenth
    assert 0.1 / 2.5 < low < 0.1
    assert high == 1


def test_a_range_begins_not_at_nothing_and_goes_to_where_the_rate_is_another() -> None:
    """A NAT that holds a tuple for 120 s more: another hold shows from there on."""
    low, high = ends("cone", "traffic.hold")
    assert low == 0.5
    assert high == pytest.approx(2 * 122 + 2, rel=0.1)
    assert ends("cone", "hops.nat.addresses") == (1, 24)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if not tc.example(name).is_mixed])
def test_a_map_shows_what_is_now_and_more_than_one_rate(name: str) -> None:
    ax = drawn(tc.example(name))
    assert by_gid(ax, "present")
    assert len([text for text in ax.texts if text.get_visible()]) >= 3


def test_a_chain_without_a_number_has_the_usual_range() -> None:
    assert around(tc.capacity(CHAINS["direct"]), "traffic.hold").values[::299] == (0, 60)


def test_words_of_contours_keep_away_from_the_ring() -> None:
    ax = drawn(tc.example("cone"))
    (ring,) = by_gid(ax, "present")
    here = ax.transAxes.inverted().transform(ax.transData.transform(ring.get_xydata()[0]))  # type: ignore[attr-defined]
    for text in ax.texts:
        assert not text.get_visible() or any(abs(np.array(text.get_position()) - here) >= (0.08, 0.06))


def test_counts_lie_in_the_middle_of_their_cells() -> None:
    ax = drawn(tc.example("outage"), "traffic.hold", "hops.lvs.addresses=1..8")
    assert ax.get_ylim() == (0.5, 8.5)


@pytest.mark.parametrize(
    ("settings", "vary", "title"),
    [
        ((), (), "login-proxy shared allows 586.5/s; lvs ports where hold < 1 min, all else as now"),
        (
            (),
            ("hops.login-proxy.time_wait=0s..9m", "traffic.hold"),
            "login-proxy shared allows 586.5/s; lvs ports where hold < 1 min, all else as now",
        ),
        (
            (),
            ("traffic.hold=5m..9m", "hops.lvs.addresses"),
            "700/s needs addresses of lvs ≥ 2, all else as now; login-proxy shared limits the whole map",
        ),
        (
            (),
            ("traffic.hold=0s..59s", "hops.lvs.addresses"),
            "lvs ports limits the whole map",
        ),
        (
            ("hops.lvs.max_entries=200000",),
            ("traffic.hold=1s..5m", "hops.lvs.tracking_time_wait=0s..10m"),
            "lvs entries allows 476.2/s; login-proxy shared where tracking_time_wait of lvs < 41 s, "
            "all else as now",
        ),
    ],
)
def test_the_title_says_the_finding(settings: tuple[str, ...], vary: tuple[str, ...], title: str) -> None:
    ax = drawn(tc.with_settings(tc.example("outage"), *settings), *vary)
    assert ax.get_title(loc="left").replace("\n", " ") == title


def test_one_value_is_a_map_too() -> None:
    ax = drawn(tc.example("outage"), "traffic.hold=5m..5m", "hops.lvs.addresses=1..1")
    check_words(ax)


def test_where_nothing_limits_the_rate_there_is_no_figure() -> None:
    chain = tc.with_settings(CHAINS["direct"], "clients.time_wait=0s")
    with pytest.raises(tc.InputError) as caught:
        drawn(chain, "clients.addresses", "clients.time_wait=0s..0s")
    assert str(caught.value) == (
        "map, clients.addresses and clients.time_wait: nothing limits the rate at any point; "
        "vary another number, or write `hold` under [traffic]"
    )
    with pytest.raises(tc.InputError, match="no connection gets through at any point"):
        drawn(CHAINS["no flow"])


def test_a_map_of_shares_is_filled_by_what_binds_there() -> None:
    """The table takes more than the ports do where more than a third is captured, however many addresses."""
    chain = MIXES["captured"]
    ax = drawn(chain, "traffic.kinds.login.share=0.1..0.9/9", "hops.lvs.addresses=1..3")
    (mesh,) = by_gid(ax, "regions")
    assert isinstance(mesh, QuadMesh)
    cells = np.asarray(mesh.get_array()).reshape(3, 9)
    assert len(set(cells[:, :3].flat)) == len(set(cells[:, 3:].flat)) == 1
    assert cells[0, 0] != cells[0, -1]
    assert key(ax)[:2] == ["p shared", "lvs ports"]
    assert ax.get_xlabel() == "share of login"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [name for name in CHAINS if name not in ("no flow", *MIXED_EXAMPLES)])
def test_words_lie_apart(name: str, size: style.Size) -> None:
    check_words(drawn(CHAINS[name], size=size))


def test_contours_that_are_close_have_words_that_are_not() -> None:
    vary = "traffic.kinds.push.share=0..1/25", "hops.nginx-api.addresses=1..6"
    check_words(drawn(tc.example("pooled-frontend"), *vary, size="half-page"))


def test_words_on_paper_are_in_the_ink_that_a_page_puts_with_it() -> None:
    """Of a dark page both change; a colour of their own would stay."""
    boxes = [
        (text, box) for text in drawn(tc.example("outage"), X, Y).texts if (box := text.get_bbox_patch())
    ]
    assert len(boxes) > 3
    for text, box in boxes:
        assert to_hex(box.get_facecolor()) == to_hex(style.PAPER)
        assert to_hex(text.get_color()) == to_hex(style.INK)


CGN = tc.cone(clients=12000, addresses=56, block=1024, services=1)


def test_it_is_hatched_where_not_all_clients_get_ports_and_no_offer_is_met_there() -> None:
    chain = tc.with_settings(CGN, "traffic.rate=2000")
    ax = plot_map(
        tc.capacity(chain),
        axis(chain, "traffic.hold=1s..1m"),
        axis(chain, "hops.nat.addresses=1..300"),
        ax=style.blank(),
    )
    assert "not all clients get ports" in key(ax)
    hatched: Any
    (hatched,) = by_gid(ax, "without ports")
    offers: list[Any] = [*by_gid(ax, "offered")]
    top = max(path.vertices[:, 1].max() for path in hatched.get_paths() if len(path.vertices))
    assert 190 <= top <= 192  # 191 addresses serve 63 clients each: all 12,000
    for offer in offers:
        assert all(path.vertices[:, 1].min() >= 190 for path in offer.get_paths() if len(path.vertices))


def test_limits_that_tie_are_no_patches() -> None:
    """Of limits that are equal at all points, one has the region, that of the present design."""
    chain = tc.with_settings(CGN, "hops.nat.addresses=56")
    ax = plot_map(
        tc.capacity(chain),
        axis(chain, "traffic.hold=1s..1m"),
        axis(chain, "hops.nat.addresses=1..150"),
        ax=style.blank(),
    )
    assert len([words for words in key(ax) if words.startswith("nat ")]) == 1
