"""Blocking against the rate: the curves, what stands beside them, the finding."""

import re
from functools import lru_cache
from itertools import pairwise
from math import log10
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

import tuplecalc as tc
from tests.render.figures.looks import CHAINS, DIRECT, SIZES, by_gid, check_words, line, words
from tuplecalc.errors import InputError
from tuplecalc.render import numbers
from tuplecalc.render.figures import plot_blocking, style
from tuplecalc.render.figures.curves import FLOOR, Curve, curves
from tuplecalc.under_load import blocking, erlang_b
from tuplecalc.under_load.chains import max_rate


@lru_cache(32)
def draw(chain: tc.Chain, size: style.Size = "slide") -> Axes:
    return plot_blocking(tc.capacity(chain), ax=style.blank(size))


def found(chain: tc.Chain) -> dict[str, Curve]:
    return {curve.kind: curve for curve in curves(tc.capacity(chain))}


def nat(rate: float | None = None, hold: float = 1, **keys: Any) -> tc.Chain:
    """A NAT with one address in front of one service."""
    return tc.Chain(
        traffic=tc.Traffic(hold=hold, **({} if rate is None else {"rate": rate})),
        clients=tc.Clients(addresses=10**6),
        hops=[tc.Cone(**{"name": "nat", "addresses": 1} | keys)],
        services=tc.Services(addresses=1, ports=80),
    )


def without_rate(chain: tc.Chain) -> tc.Chain:
    traffic = {key: value for key, value in chain.traffic.written().items() if key != "rate"}
    return chain.changed(traffic=tc.Traffic(**traffic))


LONG = "a very long name of a hop in $the$ data centre of the north"
PAIR = tc.Chain(
    traffic=tc.Traffic(rate=600, hold=2),
    clients=tc.Clients(addresses=10**6),
    hops=[
        tc.Cone(name=LONG, addresses=1),
        tc.Proxy(name=f"{LONG} and west", capture="tproxy", source="client", ports="1024-65535"),
    ],
    services=tc.Services(addresses=1, ports=80),
)
ODD = {
    "no rate": without_rate(tc.example("outage")),
    "at the limit": nat(rate=64512 / 120, hold=0),
    "just below": nat(rate=533),
    "far over": nat(rate=50_000),
    "far below": nat(rate=1),
    "linux": nat(rate=500, port_search="linux"),
    "few probes": nat(rate=530, port_search=4),
    "small": nat(rate=5, hold=3, ports={"count": 7}, time_wait="4s"),
    "long names": PAIR,
    "two pairs": PAIR.changed(
        hops=[
            tc.Cone(name="nat", addresses=1, ports="1024-20000"),
            tc.Proxy(name="near", capture="tproxy", source="client", ports="19000-65535"),
            tc.Proxy(name="far", capture="tproxy", source="client", ports="19000-65535"),
        ]
    ),
    "direct": DIRECT,
    "huge": CHAINS["huge"],
    "ten": CHAINS["ten"],
}

# --- the curves ------------------------------------------------------------------------------


def test_erlang_is_erlang_s_formula() -> None:
    curve = found(tc.example("cone"))["erlang"]
    for rate, share in zip(curve.rates, curve.shares, strict=True):
        expected = erlang_b(64512, rate * 122 / 80)
        assert share.lower == share.upper == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["outage", "hourglass", "mixed"])
def test_erlang_is_what_the_chain_loses(name: str) -> None:
    chain = tc.example(name)
    curve = found(chain)["erlang"]
    highest = float(tc.capacity(chain).rate or 0)
    for rate, share in list(zip(curve.rates, curve.shares, strict=True))[::5]:
        assert share == pytest.approx(blocking(chain, rate), rel=1e-9 if rate < 1.1 * highest else 1e-3)
    assert curve.at == blocking(chain)


def test_a_cone_that_does_not_say_how_it_searches_is_shown_as_linux_would() -> None:
    chain = tc.example("cone")
    linux = tc.with_settings(chain, "hops.nat.port_search=linux")
    curve, same = found(chain)["search"], found(linux)["search"]
    for rate, share in list(zip(curve.rates, curve.shares, strict=True))[::6]:
        assert share == pytest.approx(blocking(linux, rate), rel=1e-9)
    assert (curve.rates, curve.shares, curve.at) == (same.rates, same.shares, same.at)
    assert curve.label == "if nat searched as Linux does (248\N{NO-BREAK SPACE}probes)"
    assert same.label == "nat's port search (248\N{NO-BREAK SPACE}probes)"
    assert found(linux)["erlang"].shares == found(chain)["erlang"].shares


def test_where_the_file_says_exhaustive_there_is_no_search_to_show() -> None:
    assert set(found(nat(port_search="exhaustive"))) == {"erlang"}
    assert set(found(nat())) == {"erlang", "search"}
    assert set(found(DIRECT)) == {"erlang"}


def test_a_search_that_loses_nothing_more_is_not_shown() -> None:
    assert "search" not in found(tc.example("outage"))
    assert "search" not in found(tc.example("mixed"))
    assert "search" not in found(nat(ports={"count": 128}))


def test_several_cones_say_what_they_say() -> None:
    chain = nat(rate=1, ports={"count": 150})
    second = tc.Cone(name="cgn", addresses=1, ports={"count": 150})
    both = chain.changed(hops=[*chain.hops, second])
    assert "search" not in found(both)
    one = tc.with_settings(both, "hops.nat.port_search=9")
    assert found(one)["search"].label == "with the port searches of the file, else those of Linux"
    two = tc.with_settings(one, "hops.cgn.port_search=9")
    assert found(two)["search"].label == "with the port searches of the file"


@pytest.mark.parametrize("name", ["outage", "hourglass", "inverted-cone-tproxy", "two pairs"])
def test_blind_is_what_is_expected(name: str) -> None:
    """At the offered rate it is the verdict's share, and at none of the higher rates less."""
    chain = {**CHAINS, **ODD}[name]
    curve = found(chain)["blind"]
    assert curve.at == pytest.approx(tuple(tc.offered(chain).expected or ()), rel=5e-3)
    uppers = [share.upper for share in curve.shares]
    assert uppers == sorted(uppers)


def test_ranges_apart_or_loose_tracking_are_not_blind() -> None:
    outage = tc.example("outage")
    assert "blind" not in found(tc.with_settings(outage, "hops.login-proxy.tracking=loose"))
    apart = ("hops.lvs.ports=1024-33279", "hops.login-proxy.ports=33280-65535")
    assert "blind" not in found(tc.with_settings(outage, *apart))


@pytest.mark.parametrize("name", ["outage", "cone", "hourglass", "inverted-cone-tproxy"])
def test_points_are_dense_where_a_curve_bends(name: str) -> None:
    for curve in found(tc.example(name)).values():
        heights = [max(log10(max(share.upper, FLOOR)), -9) for share in curve.shares]
        assert max(above - below for below, above in pairwise(heights)) < 1.7
        assert heights == sorted(heights)
        assert len(curve.rates) <= 50


def test_behind_a_hash_there_are_fewer_points() -> None:
    chain = nat(addresses=4, spread="hashed", port_search="linux")
    by_kind = found(chain)
    assert len(by_kind["search"].rates) == 12
    assert by_kind["erlang"].shares[0].upper < FLOOR


# --- the figure ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["outage", "inverted-cone-tproxy"])
def test_lines_and_bands_are_the_curves(name: str) -> None:
    ax, by_kind = draw(tc.example(name)), found(tc.example(name))
    for kind, curve in by_kind.items():
        for bound in ("lower", "upper"):
            x, y = line(ax, f"curve:{kind}:{bound}")
            assert x.tolist() == list(curve.rates)
            shares = [getattr(share, bound) for share in curve.shares]
            assert [value for value in y if value > FLOOR] == [share for share in shares if share > FLOOR]
        bands = by_gid(ax, f"curve:{kind}:band")
        assert len(bands) == any(share.lower != share.upper for share in curve.shares)
        assert all(isinstance(band, PolyCollection) for band in bands)
        rate, shares = line(ax, f"at:{kind}")
        assert set(rate) == {float(tc.example(name).traffic.rate or 0)}
        assert curve.at is not None
        assert shares.tolist() == sorted({max(share, FLOOR) for share in curve.at})


def test_the_axis_ends_at_the_floor_and_says_so() -> None:
    ax = draw(tc.example("outage"))
    assert ax.get_yscale() == "log"
    assert ax.get_ylim() == (FLOOR, 1)
    ticks = [text.get_text() for text in ax.get_yticklabels()]
    assert ticks == ["≤ 10⁻⁹", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "0.01%", "0.1%", "1%", "10%", "100%"]
    assert ax.get_xlabel() == "new connections a second"


def test_rates_that_lie_far_apart_are_on_a_logarithmic_axis() -> None:
    assert draw(nat(rate=50_000)).get_xscale() == "log"
    assert draw(nat(rate=1)).get_xscale() == "log"
    ax = draw(tc.example("cone"))
    assert ax.get_xscale() == "linear"
    low, high = ax.get_xlim()
    assert low < 1500
    assert high > 42_303


def test_the_highest_and_the_offered_rate_are_lines_with_words() -> None:
    ax = draw(tc.example("outage"))
    assert line(ax, "highest:line")[0] == pytest.approx(64512 * 6 / 660)
    assert set(line(ax, "offered:line")[0]) == {700}
    assert (words(ax, "highest"), words(ax, "offered")) == ("highest: 586.5/s", "700/s offered")
    assert not by_gid(draw(ODD["no rate"]), "offered")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        (
            "outage",
            {
                "erlang": "best case 16.2% at 700/s",
                "blind": "expected, with blind picks 47.8% to 64.8% at 700/s",
            },
        ),
        (
            "hourglass",
            {
                "erlang": "best case under 10⁻⁹ at 2,000/s",
                "blind": "expected, with blind picks 2·10⁻⁶ at 2,000/s",
            },
        ),
        ("linux", {"search": "nat's port search (248 probes) at most 1.55% at 500/s"}),
        ("no rate", {"erlang": "best case", "blind": "expected, with blind picks"}),
    ],
)
def test_words_beside_the_curves(name: str, labels: dict[str, str]) -> None:
    ax = draw({**CHAINS, **ODD}[name])
    assert {kind: words(ax, f"label:{kind}") for kind in labels} == labels


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        (
            "outage",
            "At 700/s {expected} of the connections are expected to fail (16.2% in the best case)",
        ),
        ("cone", "Below 42,121/s fewer than 1 in 1,000 fail; 1,500/s is offered"),
        (
            "inverted-cone-tproxy",
            "At 1,500/s {expected} of the connections are expected to fail "
            "(fewer than 1 in 1,000 in the best case)",
        ),
        (
            "no rate",
            "Best case, if no two hops ever picked the same port: below 582.1/s fewer than 1 in 1,000 fail",
        ),
        ("at the limit", "At 537.6/s 0.313% of the connections fail: nat ports is full"),
        ("linux", "At 500/s at most 1.55% of the connections fail: nat gives up its search for a port"),
        ("few probes", "At 530/s 27.3% of the connections fail: nat gives up its search for a port"),
    ],
)
def test_the_title_states_the_finding(name: str, finding: str) -> None:
    chain = {**CHAINS, **ODD}[name]
    title = draw(chain).get_title(loc="left")
    expected = numbers.between(tc.offered(chain).expected or (0.0, 0.0))
    assert title.replace("\n", " ") == finding.format(expected=expected)


def test_the_rate_of_the_title_is_the_one_that_loses_so_much() -> None:
    (number,) = re.findall(r"below ([\d.,]+)/s", draw(ODD["no rate"]).get_title(loc="left"))
    most = max_rate(ODD["no rate"], 1e-3)
    assert most is not None
    assert float(number) == pytest.approx(most, rel=1e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted({**CHAINS, **ODD}.keys() - {"no flow"}))
def test_no_words_lie_over_each_other(name: str, size: style.Size) -> None:
    check_words(draw({**CHAINS, **ODD}[name], size))


# --- errors ----------------------------------------------------------------------------------


def test_without_a_limit_or_a_flow_there_is_nothing_to_draw() -> None:
    free = tc.Chain(clients=tc.Clients(addresses=2, time_wait=0), services=tc.Services(addresses=1, ports=80))
    nothing = (
        r"^blocking: nothing limits the rate, so no connection fails; write `hold` under \[traffic\], or a "
        r"`time_wait` above 0$"
    )
    with pytest.raises(InputError, match=nothing):
        draw(free)
    through = (
        r"^blocking: no connection gets through proxy shared, so every connection fails; make room there$"
    )
    with pytest.raises(InputError, match=through):
        draw(tc.inverted_cone(source="client-port", rate=5))


# --- kinds of traffic ------------------------------------------------------------------------


def kinds(rate: float, **holds: float) -> tc.Chain:
    """Logins take two of the same 6,000 ports, all others one."""
    ports = {"count": 6000}
    proxy = {"capture": "tproxy", "source": "client", "ports": ports, "time_wait": 0, "captures": ["login"]}
    traffic = tc.Traffic(
        rate=rate, kinds=[{"name": n, "share": f"1/{len(holds)}", "hold": h} for n, h in holds.items()]
    )
    return tc.Chain(
        traffic=traffic,
        clients=tc.Clients(addresses=10**6, time_wait=0),
        hops=[tc.Cone(name="nat", addresses=1, ports=ports, time_wait=0), tc.Proxy(name="proxy", **proxy)],
        services=tc.Services(addresses=1, ports=80),
    )


def test_a_line_for_each_kind_and_one_for_those_that_fail_alike() -> None:
    chain = kinds(390, login=10, web=10, push=10)
    ax, load = draw(chain), tc.offered(chain)
    login, web, push = (each.expected for each in load.kinds)
    assert web == push != login
    for gid, share in (("login", login), ("web, push", web)):
        assert list(line(ax, f"at:{gid}")[1]) == pytest.approx(sorted({*share}))
        rates, shares = line(ax, f"curve:{gid}:upper")
        assert shares[list(rates).index(390.0)] == pytest.approx(share.upper)
        assert list(shares) == sorted(shares)
    assert words(ax, "label:web, push").startswith("web, push ")
    expected = numbers.between(load.kinds[0].expected)
    assert ax.get_title(loc="left") == f"At 390/s {expected} of login are expected to fail"
    assert ax.get_ylabel() == "share of each kind that is expected to fail"


def test_kinds_that_hardly_fail() -> None:
    apart = kinds(200, login=10, web=10)
    apart = tc.with_settings(apart, "hops.nat.ports=1-6000", "hops.proxy.ports=6001-12000")
    rate = float(max_rate(apart, 1e-3) or 0)
    assert draw(apart).get_title(loc="left").startswith(f"Below {rate:.4g}/s fewer than 1 in 1,000 fail")
    both = kinds(600, login=10, web=10).changed(hops=[])
    with pytest.raises(InputError, match=r"^blocking: nothing limits the rate, so no connection fails; "):
        draw(both.changed(traffic=both.traffic.changed(kinds=[{"name": n, "share": 0.5} for n in "ab"])))


MANY = kinds(300, **{f"a kind with a long name {n}": 10 + n for n in range(9)}, login=30)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chain", [kinds(300, login=10, web=10, push=20), MANY])
def test_words_of_kinds_stand_apart(chain: tc.Chain, size: style.Size) -> None:
    check_words(draw(chain, size))
