"""Bars: lengths, marks, the offered load."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, DIRECT, MIXES, SIZES, by_gid, check_words, key, words
from tuplecalc.render import numbers
from tuplecalc.render.figures import plot_limits, style
from tuplecalc.render.figures.limits import Of, bars, rows_of

pytestmark = pytest.mark.xdist_group("limits")  # one process: what is counted or drawn is so once


@lru_cache(32)
def limits(chain: tc.Chain, of: Of | None = None, size: style.Size = "slide") -> Axes:
    return plot_limits(tc.capacity(chain), of, ax=style.blank(size))


def end(ax: Axes, limit: tc.Limit) -> float:
    (bar,) = by_gid(ax, f"limit:{limit.hop}:{limit.name}")
    assert isinstance(bar, Rectangle)
    return bar.get_x() + bar.get_width()


@pytest.mark.parametrize("name", ["outage", "mixed", "hourglass", "huge", "ten"])
@pytest.mark.parametrize("of", ["flows", "rate"])
def test_a_bar_ends_at_its_limit(name: str, of: Of) -> None:
    ax = limits(CHAINS[name], of)
    for limit in tc.capacity(CHAINS[name]).limits:
        value = limit.flows if of == "flows" else limit.rate
        assert value
        assert end(ax, limit) == pytest.approx(float(value))
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize("of", ["flows", "rate"])
def test_what_binds_and_what_is_next_are_marked(of: Of) -> None:
    result = tc.capacity(tc.example("outage"))
    ax = limits(result.chain, of)
    marks = {
        f"{limit.hop}:{limit.name}": words(ax, f"value:{limit.hop}:{limit.name}") for limit in result.limits
    }
    assert [name for name, text in marks.items() if text.endswith("◀ limits")] == ["login-proxy:shared"]
    assert [name for name, text in marks.items() if text.endswith("next")] == ["lvs:ports"]
    (binding,) = by_gid(ax, "limit:login-proxy:shared")
    (following,) = by_gid(ax, "limit:lvs:ports")
    assert isinstance(binding, Rectangle)
    assert isinstance(following, Rectangle)
    assert to_hex(binding.get_facecolor()) == style.BINDING.lower()
    assert following.get_hatch()


def test_the_offered_rate_is_a_line() -> None:
    ax = limits(tc.example("outage"))
    (line,) = by_gid(ax, "offered:line")
    assert isinstance(line, Line2D)
    assert list(line.get_xdata()) == [700, 700]  # type: ignore[arg-type]
    assert words(ax, "offered") == "700/s offered"


def test_flows_are_held_against_what_the_rate_keeps() -> None:
    result = tc.capacity(tc.example("outage"))
    found = {bar.limit.name: bar.load for bar in bars(result, "flows") if bar.limit.hop == "login-proxy"}
    hold, time_wait = 300, 60
    assert found == {
        "accepted": 700 * hold,
        "upstream": 700 * (hold + time_wait),
        "shared": 700 * Fraction(2 * hold + time_wait, 2),
    }
    ticks = [tick for tick in by_gid(limits(result.chain, "flows"), "load") if isinstance(tick, Line2D)]
    assert [tick.get_xdata()[0] for tick in ticks] == [bar.load for bar in bars(result, "flows")]  # type: ignore[index]


def test_without_an_offered_rate_the_bars_are_flows() -> None:
    ax = limits(DIRECT)
    assert ax.get_xlabel() == "flows open at once"
    assert ax.get_title(loc="left") == "clients ports allows 508,176 connections"
    assert not by_gid(ax, "load")


def test_rates_that_nothing_limits_are_called_so() -> None:
    chain = tc.with_settings(DIRECT, "clients.time_wait=0s", "traffic.rate=7")
    ax = limits(chain, "rate")
    assert words(ax, "value:clients:ports") == "no limit"
    assert ax.get_title(loc="left") == "Nothing limits the rate"
    ax = limits(chain)  # there is no rate to draw: flows, of which none are kept
    assert ax.get_title(loc="left") == "clients ports allows 508,176 connections"
    assert ax.get_xlabel() == "flows open at once"


def test_no_flow_is_no_bar() -> None:
    ax = limits(CHAINS["no flow"])
    name = CHAINS["no flow"].hops[0].name
    assert words(ax, f"value:{name}:shared") == "0 ◀ limits"
    (bar,) = by_gid(ax, f"limit:{name}:shared")
    assert isinstance(bar, Rectangle)
    assert bar.get_width() == 0


def test_of_very_many_limits_the_smallest_are_shown() -> None:
    hops = [tc.Forwarder(name=f"f{i}", layer=3, max_entries=1000 + i) for i in range(100)]
    chain = tc.Chain(clients=tc.Clients(addresses=9), hops=hops, services=tc.Services(addresses=2, ports=80))
    ax = limits(chain)
    shown = [label.get_text() for label in ax.get_yticklabels()]
    assert shown == [f"f{i}  entries" for i in range(24)]
    assert ax.get_xlabel() == "flows open at once; 77 more limits, none of them lower"


def test_each_limit_has_its_hop() -> None:
    """Limits of two hops may be called alike."""
    shown = [label.get_text() for label in limits(tc.example("outage")).get_yticklabels()]
    assert shown == [
        "clients  ports",
        "lvs  ports",
        "login-proxy  accepted",
        "login-proxy  upstream",
        "login-proxy  shared",
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("of", ["flows", "rate"])
@pytest.mark.parametrize("name", CHAINS | MIXES)
def test_words_lie_apart(name: str, of: Of, size: style.Size) -> None:
    check_words(limits((CHAINS | MIXES)[name], of, size))


def taken(ax: Axes, limit: str) -> dict[str, tuple[float, float]]:
    """From where to where each kind's part of a limit goes."""
    parts = [patch for each in ax.child_axes for patch in each.patches if isinstance(patch, Rectangle)]
    found = [(str(part.get_gid()), part) for part in parts]
    return {
        gid.rpartition(":")[2]: (part.get_x(), part.get_x() + part.get_width())
        for gid, part in found
        if gid.startswith(f"taken:{limit}:")
    }


@pytest.mark.parametrize(("of", "hold"), [("rate", 360), ("flows", 300)])
def test_each_kind_has_its_part_of_a_limit(of: Of, hold: int) -> None:
    """A tenth of the flows is captured: 300 s at the client's side, 360 s upstream; the rest takes 300 s."""
    ax = limits(MIXES["captured"], of)
    captured, passing = Fraction(300 + hold, 10), Fraction(300 * 9, 10)
    part = float(captured / (captured + passing))
    assert taken(ax, "p:shared") == {"login": (0, pytest.approx(part)), "play": (pytest.approx(part), 1)}
    assert taken(ax, "p:upstream") == {"login": (0, 1)}
    assert taken(ax, "lvs:ports") == {"login": (0, 0.1), "play": (0.1, 1)}
    assert key(ax) == ["login", "play"]
    assert not limits(CHAINS["outage"], of).child_axes


def test_kinds_beyond_the_colours_look_alike() -> None:
    kinds = [tc.Kind(name=f"k{n}", share=f"1/{2 ** min(n, 8)}") for n in range(1, 10)]
    chain = tc.with_settings(DIRECT, "traffic.hold=1m").changed(traffic=tc.Traffic(kinds=kinds))
    ax = limits(chain)
    (parts,) = ax.child_axes
    colours = [to_hex(patch.get_facecolor()) for patch in parts.patches]
    assert key(ax) == ["k1", "k2", "k3", "k4", "k5", "4 other kinds"]
    assert len(set(colours)) == 6
    assert colours[5:] == [style.MUTED] * 4
    check_words(ax)


def test_the_title_says_the_finding() -> None:
    expected = numbers.between(tc.offered(tc.example("outage")).expected or (0.0, 0.0))
    title = f"login-proxy shared allows 586.5/s: at 700/s {expected} are expected to fail"
    assert limits(tc.example("outage")).get_title(loc="left") == title
    assert (
        limits(CHAINS["ten"]).get_title(loc="left").startswith("firewall number 1 entries allows 6,667/s: ")
    )


@pytest.mark.parametrize("of", ["foo", 1, ""])
def test_bars_of_something_else_are_refused(of: Any) -> None:
    with pytest.raises(tc.ChainError, match=r'^of: .*: the bars are "flows" or "rate"; write one of these$'):
        limits(tc.example("outage"), of)


@pytest.mark.parametrize("count", [7, 40])
def test_a_page_s_figure_has_room_for_the_words_of_its_bars(count: int) -> None:
    """Each hop has two limits or more; at most 24 bars are shown."""
    proxy = {"kind": "hourglass", "capture": "listen", "max_files": 9_000}
    hops = [proxy | {"name": f"proxy {n}", "max_files": 9_000 + 999 * n} for n in range(count)]
    services = {"addresses": 9, "ports": 80}
    result = tc.capacity(tc.from_dict({"clients": {"addresses": 9}, "hops": hops, "services": services}))
    assert rows_of(result) in (22, 24)
    check_words(plot_limits(result, "flows", ax=style.blank("report", rows_of(result))))
