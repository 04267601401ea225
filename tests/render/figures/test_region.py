"""The region of two kinds: corners, edges, points, words."""

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

import tuplecalc as tc
from tests.questions.test_best_mix import HELD
from tests.render.figures.looks import CAPTURED, MIXES, SIZES, by_gid, check_words, key, line, words
from tuplecalc.questions.region import region
from tuplecalc.render.figures import style
from tuplecalc.render.figures.region import plot_region


@lru_cache(32)
def drawn(name: str, kinds: tuple[str, str] | None = None, size: style.Size = "slide") -> Axes:
    return plot_region(tc.capacity(MIXES[name]), kinds, ax=style.blank(size))


def edges(ax: Axes) -> dict[str, Line2D]:
    """The edges by their first limits, from the axis of the second kind on."""
    found = [each for each in ax.lines if str(each.get_gid()).startswith("edge:")]
    return {str(each.get_gid()).removeprefix("edge:"): each for each in found}


def test_corners_are_where_the_limits_of_the_file_meet() -> None:
    """64,512 ports towards each of 6 services: 420 s of one key for each flow, or both legs in one table."""
    ax = drawn("captured")
    most = 6 * 64_512
    play = Fraction(most, 300 + 120)
    # login: both legs, 300 s and 360 s; play passes, for 300 s
    meet = Fraction(most) / 420
    login = (most - 300 * meet) / (660 - 300)
    none = Fraction(0)
    corners = [(none, play), (login, meet - login), (Fraction(most, 660), none)]
    (area,) = by_gid(ax, "region")
    assert isinstance(area, Polygon)
    outline = [(0, 0), *corners, (0, 0)]
    assert area.get_xy() == pytest.approx(np.array(outline, float))
    assert list(edges(ax)) == ["lvs:ports", "p:shared"]
    for (start, end), edge in zip(pairwise(corners), edges(ax).values(), strict=True):
        ends = [*map(float, start), *map(float, end)]
        assert np.ravel(edge.get_xydata()) == pytest.approx(ends)


def test_what_may_be_less_in_some_mixes_only() -> None:
    """REDIRECT alone limits the present mix.  Where TPROXY's shared ports limit it too, or would soon, the
    NAT holds ports for longer than they are in the table.
    """
    chain = tc.loads(HELD)
    ax = plot_region(tc.capacity(chain), ax=style.blank())
    said = "t and r: at best 670.3/s or less, 77% of it t; 307.2/s in the present mix"
    assert " ".join(ax.get_title(loc="left").split()) == said
    assert words(ax, "label:re:capture") == "re capture or less in part ◀ limits this mix"
    assert words(ax, "label:tp:shared") == "tp shared or less"
    found = region(chain)
    start, *_, end = (point for edge in found.edges[:2] for point in edge.points(9))
    assert [found.is_at_most(point) for point in (start, found.at_mix, found.best, end)] == [
        False,
        False,
        True,
        True,
    ]
    for point in (start, end):
        there = tc.with_settings(chain, f"traffic.kinds.t.share={point.x / sum(point)}")
        assert tc.capacity(there).rate_at_most == found.is_at_most(point)


@pytest.mark.parametrize("name", ["captured", "branches", "alike"])
def test_the_middle_of_an_edge_is_the_highest_rate_of_its_mix(name: str) -> None:
    """What capacity says with shares as there, and which limit binds."""
    ax, chain = drawn(name), MIXES[name]
    for first, edge in edges(ax).items():
        across, up = (Fraction(float(np.mean(np.asarray(ends, float)))) for ends in edge.get_data())
        kinds = [
            tc.Kind(name=kind.name, clients=kind.clients, hold=kind.hold, share=rate / (across + up))
            for kind, rate in zip(chain.traffic.kinds, (across, up), strict=True)
        ]
        there = tc.capacity(chain.changed(traffic=tc.Traffic(hold=chain.traffic.hold, kinds=kinds)))
        assert there.rate is not None
        assert there.rate_binding is not None
        assert float(there.rate) == pytest.approx(float(across + up))
        assert f"{there.rate_binding.hop}:{there.rate_binding.name}" == first


@pytest.mark.parametrize("name", MIXES)
def test_the_thick_edge_is_that_which_binds(name: str) -> None:
    ax, found = drawn(name), region(MIXES[name], kinds_of(name))
    binding = ":".join(found.binding.limits[0])
    for limit, edge in edges(ax).items():
        is_binding = to_hex(str(edge.get_color())) == style.BINDING.lower()
        assert is_binding == (edge.get_linewidth() > 3) == (limit == binding)
        assert ("◀ limits" in words(ax, f"label:{limit}")) == (limit == binding)
    across, up = line(ax, "mix")
    assert (across[0], up[0]) == (0, 0)
    assert (across[1], up[1]) == pytest.approx(tuple(map(float, found.at_mix)))
    if len(MIXES[name].traffic.kinds) == 2:
        result = tc.capacity(MIXES[name])
        assert result.rate_binding
        assert binding == f"{result.rate_binding.hop}:{result.rate_binding.name}"
        assert across[1] + up[1] == pytest.approx(float(result.rate or 0))


def kinds_of(name: str) -> tuple[str, str]:
    first, second = (axis.get_label_text() for axis in (drawn(name).xaxis, drawn(name).yaxis))
    return first.removesuffix(", connections a second"), second.removesuffix(", connections a second")


def test_limits_that_coincide_share_an_edge_and_its_words() -> None:
    ax = drawn("alike")
    assert (
        words(ax, "label:f0:entries")
        == "f0 entries f1 entries f2 entries and 2 more or less in part ◀ limits this mix"
    )


def test_the_best_mix_has_the_largest_sum() -> None:
    ax = drawn("branches")
    (across, up), (area,) = line(ax, "best"), by_gid(ax, "region")
    assert isinstance(area, Polygon)
    total = across[0] + up[0]
    assert total == pytest.approx(area.get_xy().sum(axis=1).max())
    assert by_gid(ax, "equal") == []  # an edge has nearly that sum, and would hide the line
    five = drawn("five")
    (region,) = by_gid(five, "region")
    assert isinstance(region, Polygon)
    assert sum(line(five, "equal")) == pytest.approx([region.get_xy().sum(axis=1).max()] * 2)
    title = "office and branch: at best 1,456/s, 95% of it office; 530.3/s in the present mix"
    assert ax.get_title(loc="left") == title
    equal = drawn("captured")  # all of an edge has the same sum
    assert by_gid(equal, "best") == []  # the present mix is as good as any
    assert equal.get_title(loc="left") == (
        "login and play: 921.6/s or less in the present mix, and in none more"
    )


def test_the_offered_point_is_a_ring_and_the_line_leads_to_it() -> None:
    fits, too_much, far = (drawn(name) for name in ("captured", "branches", "far too much"))
    assert line(fits, "offered") == ([70], [630])
    assert key(fits)[0] == "offered: 70 + 630 = 700/s"
    assert line(too_much, "offered") == ([525], [175])
    assert line(too_much, "mix")[1][-1] == 175
    assert key(too_much)[0] == "offered: 525 + 175 = 700/s, too much"
    assert line(far, "offered")[0].size == 0
    assert far.get_xlim() == fits.get_xlim()
    assert key(far)[0] == "offered: 10,000 + 90,000 = 100,000/s, far beyond this figure"
    nothing = plot_region(tc.capacity(tc.loads(CAPTURED.replace("rate = 700, ", ""))), ax=style.blank())
    assert not by_gid(nothing, "offered")
    assert line(nothing, "mix")[0][-1] == line(fits, "mix")[0][-1]


def test_of_many_kinds_the_two_that_take_most_are_shown() -> None:
    assert kinds_of("five") == ("web", "数据库 ∑αβ $x$")
    assert drawn("five", ("web", "login")).get_xlabel() == "web, connections a second"
    assert drawn("five").get_title(loc="left").startswith("web and 数据库 ∑αβ $x$ beside the others: ")


def test_what_has_no_region_is_refused() -> None:
    with pytest.raises(tc.InputError, match=r"^traffic\.kinds: a mix has two kinds of traffic or more; "):
        plot_region(tc.capacity(tc.example("outage")))
    closed = CAPTURED.replace('["login"]', '["login", "play"]').replace('"client"', '"client-port"')
    closed = closed.replace(', ports = "1024-65535"', "")
    with pytest.raises(tc.InputError, match=r"^region: no flow of login or play gets through$"):
        plot_region(tc.capacity(tc.loads(closed)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MIXES)
def test_words_lie_apart(name: str, size: style.Size) -> None:
    check_words(drawn(name, None, size))
