"""The silhouette: widths, openings, words."""

from functools import lru_cache
from itertools import pairwise
from math import log10, radians, sin

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Annotation

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, DIRECT, MIXES, SIZES, TEN, by_gid, check_words, key, words
from tuplecalc.limits.limit import by_flows
from tuplecalc.render.figures import plot_shape, style
from tuplecalc.render.figures.ways import ways


@lru_cache(32)
def shape(name: str, size: style.Size = "slide") -> Axes:
    return plot_shape(tc.capacity((CHAINS | MIXES)[name]), ax=style.blank(size))


def height(ax: Axes, part: str, x: float) -> float:
    """How high a part of the silhouette is at x, in decades."""
    (area,) = by_gid(ax, f"space:{part}")
    assert isinstance(area, Polygon)
    outline = area.get_xy()
    upper = outline[: len(outline) // 2]
    return 2 * float(np.interp(x, upper[:, 0], upper[:, 1]))


def opening(ax: Axes, hop: str) -> float:
    """The height that two halves of a plate leave open, in decades."""
    plates = [plate for plate in by_gid(ax, f"plate:{hop}") if isinstance(plate, Rectangle)]
    lower, upper = sorted(plates, key=lambda plate: plate.get_y())
    return upper.get_y() - (lower.get_y() + lower.get_height())


@pytest.mark.parametrize("name", ["outage", "cone", "hourglass", "inverted-cone-nat", "mixed", "huge", "ten"])
def test_a_leg_is_as_high_as_its_tuple_space_and_its_core_as_its_ports(name: str) -> None:
    ax, result = shape(name), tc.capacity(CHAINS[name])
    for place, hop in enumerate(result.hops):
        middle = place + 0.5
        assert height(ax, "addresses", middle) == pytest.approx(log10(hop.tuple_space))
        assert height(ax, "ports", middle) == pytest.approx(log10(hop.ports))
        assert hop.sources * hop.ports * hop.endpoints == hop.tuple_space


@pytest.mark.parametrize("name", ["outage", "hourglass", "inverted-cone-tproxy", "mixed", "ten"])
def test_an_opening_is_as_high_as_the_smallest_limit(name: str) -> None:
    ax, result = shape(name), tc.capacity(CHAINS[name])
    for place, hop in enumerate(result.hops[1:], start=1):
        least = min(map(by_flows, hop.limits))
        spaces = (result.hops[place - 1].tuple_space, hop.tuple_space)
        assert opening(ax, hop.name) == pytest.approx(log10(min(least, *spaces)))
        assert height(ax, "addresses", place) == pytest.approx(opening(ax, hop.name))


def test_shapes_look_like_their_names() -> None:
    legs = {
        name: [height(shape(name), "addresses", x) for x in (0.3, 1, 1.5)] for name in ("hourglass", "cone")
    }
    before, waist, behind = legs["hourglass"]
    assert before == behind > 1.5 * waist
    before, waist, behind = legs["cone"]
    assert before > 1.5 * waist
    assert waist == pytest.approx(behind)
    inverted = [height(shape("inverted-cone-tproxy"), "addresses", x) for x in (0.3, 1.5, 2, 2.5)]
    assert inverted[0] > inverted[1] > inverted[2] < inverted[3] == inverted[1]
    assert inverted[1] - inverted[2] == pytest.approx(log10(2))  # half of it is lost


def test_the_plate_of_the_binding_hop_is_marked_and_no_other() -> None:
    ax = shape("outage")
    marked = {
        str(patch.get_gid()) for patch in ax.patches if to_hex(patch.get_facecolor()) == style.BINDING.lower()
    }
    assert marked == {"plate:login-proxy"}
    assert words(ax, "hop:login-proxy") == "login-proxy keeps 193,536 50% of lvs ▼ limits"
    assert words(ax, "hop:lvs") == "lvs keeps 387,072"
    assert words(ax, "hop:clients") == "clients"


def test_legs_say_their_factors() -> None:
    ax = shape("outage")
    assert words(ax, "leg:clients") == "8,455,716,864 tuples 131,072 addresses × 64,512 ports × 1 endpoint"
    assert words(ax, "leg:lvs") == "387,072 tuples 1 address × 64,512 ports × 6 endpoints"
    assert words(shape("ten"), "leg:nat-9") == "2.58M"


def test_a_hop_without_limits_leaves_the_narrower_of_its_legs_open() -> None:
    hop = tc.Forwarder(name="switch", layer=2, virtual=tc.Virtual(addresses=1, ports=80))
    chain = tc.Chain(
        clients=tc.Clients(addresses=9), hops=[hop], services=tc.Services(addresses=50, ports=80)
    )
    result = tc.capacity(chain)
    before, behind = result.hops
    free = result.hops[1]._replace(limits=())  # as of a switch that nothing limits
    ax = plot_shape(tc.Capacity(chain, (before, free)), ax=style.blank())
    assert before.tuple_space < behind.tuple_space
    assert opening(ax, "switch") == pytest.approx(log10(before.tuple_space))
    assert words(ax, "hop:switch") == "switch keeps all"


def test_clients_that_bind_have_a_plate() -> None:
    assert len(by_gid(shape("direct"), "plate:clients")) == 2
    assert not by_gid(shape("outage"), "plate:clients")


def test_no_flow_closes_the_opening() -> None:
    ax = shape("no flow")
    name = CHAINS["no flow"].hops[0].name
    assert opening(ax, name) == 0
    assert "$" in words(ax, f"hop:{name}")


def test_many_hops_are_named_one_by_one() -> None:
    ax = shape("ten")
    assert [words(ax, f"hop:{hop.name}").split(" keeps")[0] for hop in TEN.hops] == [
        hop.name for hop in TEN.hops
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CHAINS | MIXES)
def test_words_lie_apart(name: str, size: style.Size) -> None:
    check_words(shape(name, size))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("outage", "login-proxy shared allows 193,536 connections open at once"),
        ("direct", "clients ports allows 508,176 connections open at once"),
    ],
)
def test_the_title_says_the_finding(name: str, title: str) -> None:
    assert shape(name).get_title(loc="left") == title


def test_a_bound_is_called_one() -> None:
    chain = tc.with_settings(tc.example("outage"), "hops.lvs.block=512", "clients.addresses=9")
    ax = plot_shape(tc.capacity(chain), ax=style.blank())
    assert "at most" in ax.get_title(loc="left")


@pytest.mark.parametrize(
    ("binding", "named"),
    [(0, [1, *range(7, 97, 6)]), (50, [0, *range(9, 97, 6)]), (98, [0, *range(9, 94, 6), 99])],
)
@pytest.mark.parametrize("size", SIZES)
def test_of_very_many_hops_some_are_named_and_the_one_that_binds(
    binding: int, named: list[int], size: style.Size
) -> None:
    hops = [tc.Forwarder(name=f"f{i}", layer=3, max_entries=1000 + abs(i - binding)) for i in range(99)]
    chain = tc.Chain(clients=tc.Clients(addresses=9), hops=hops, services=tc.Services(addresses=2, ports=80))
    ax = plot_shape(tc.capacity(chain), ax=style.blank(size))
    found = [str(text.get_gid()) for text in ax.texts if str(text.get_gid()).startswith("hop:")]
    assert "◀" in words(ax, f"hop:f{binding}")
    if size == "slide":
        assert found == [f"hop:f{place - 1}" if place else "hop:clients" for place in named]
    assert bool(by_gid(ax, "services")) == (binding < 98)
    check_words(ax)
    tilted = [text for text in ax.texts if isinstance(text, Annotation) and text.get_rotation()]
    places = sorted(ax.transData.transform((text.xy[0], 0))[0] for text in tilted)
    apart = sin(radians(tilted[0].get_rotation())) * min(b - a for a, b in pairwise(places))
    assert apart > float(tilted[0].get_fontsize()) * style.figure_of(ax).dpi / 72


def marks(ax: Axes, kinds: str) -> dict[str, tuple[float, str]]:
    """How kinds meet each hop, and where that is marked."""
    found = [line for line in ax.lines if str(line.get_gid()).startswith(f"way:{kinds}:")]
    parts = [(str(line.get_gid()).split(":"), line) for line in found if line.get_color() != style.PAPER]
    return {
        hop: (float(np.asarray(line.get_xdata(), float)[0]), meeting) for (_, _, hop, meeting), line in parts
    }


def test_what_passes_a_proxy_and_goes_round_a_hop_is_seen() -> None:
    ax = shape("captured")
    assert marks(ax, "login") == {"lvs": (1, "through"), "p": (2, "through")}
    assert marks(ax, "play") == {"lvs": (1, "through"), "p": (2, "uncaptured")}
    assert words(ax, "way:play:name") == "play"
    assert key(ax) == ["through the hop", "passes uncaptured"]
    branches = shape("branches")
    assert marks(branches, "office") == {"A": (1, "through"), "B": (2, "round"), "firewall": (3, "through")}
    assert marks(branches, "branch") == {"A": (1, "round"), "B": (2, "through"), "firewall": (3, "through")}
    assert key(branches) == ["through the hop", "goes round it"]
    (name,) = [kind for kind in map(", ".join, ways(MIXES["five"]).values()) if kind.endswith("rare")]
    assert words(shape("five"), f"way:{name}:name") == "an api with a ve… +1"
    assert not [line for line in shape("cone").lines if str(line.get_gid()).startswith("way:")]


def test_kinds_that_go_the_same_way_need_no_lines() -> None:
    kinds = [tc.Kind(name=name, share="1/2") for name in "ab"]
    ax = plot_shape(tc.capacity(DIRECT.changed(traffic=tc.Traffic(kinds=kinds))), ax=style.blank())
    assert not ax.lines
    assert ax.get_legend() is None


def test_a_leg_is_as_high_as_those_of_all_kinds_together() -> None:
    """Office: 1000 clients, then 2 addresses; branch: 50 clients, then one with 3977 ports."""
    ax, endpoints = shape("branches"), 6
    clients, office = 28_232 * endpoints, 2 * 64_512 * endpoints
    legs = [1050 * clients, office + 50 * clients, office + 3977 * endpoints, office + 3977 * endpoints]
    for place, leg in enumerate(legs):
        assert height(ax, "addresses", place + 0.5) == pytest.approx(log10(leg))
    assert words(ax, "leg:A") == f"{legs[1]:,} tuples of several kinds"
    assert words(ax, "leg:clients").endswith("1,050 addresses × 28,232 ports × 6 endpoints")
