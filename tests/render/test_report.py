"""The report's page: what is in it, what is left out, and that names are words."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import tuplecalc as tc
from tests.algebra.cases import ALL, ODD, PROXY, chain, cone
from tests.render.reports import EVIL, MARKUP, Page, page
from tuplecalc.errors import InputError
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import EXAMPLES, example_text
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.traffic import Traffic
from tuplecalc.questions.comparison import compare
from tuplecalc.render import compared, figures, kinds
from tuplecalc.render import report as module
from tuplecalc.render.figures import style
from tuplecalc.render.report import assumptions, changes, pictures
from tuplecalc.render.report.chain import stations

pytestmark = pytest.mark.xdist_group("report")  # one process: what is counted or drawn is so once

OUTAGE = tc.example("outage")
SECTIONS = [
    "changes",
    "glance",
    "chain",
    "load",
    "remedies",
    "hops",
    "limits",
    "formulas",
    "assumptions",
    "input",
]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without figures, which take longer than all else."""
    monkeypatch.setattr(module, "drawn", lambda _: ())


# The whole page.


@pytest.fixture(scope="module")
def outage() -> str:
    source = example_text("outage")
    older = tc.capacity(tc.with_settings(OUTAGE, "hops.login-proxy.instances=3"))
    return module.report(tc.capacity(OUTAGE), source=source, settings=["traffic.rate=700"], compare=older)


def test_the_sections_and_their_order(outage: str) -> None:
    read = Page(outage)
    assert read.headings("h2") == SECTIONS
    assert len(read.headings("h1")) == 1
    links = [attributes["href"] for tag, attributes in read.tags if tag == "a"]
    assert links == ["#changes", *(f"#{name}" for name in read.headings("h2"))]


def test_the_answer_comes_first(outage: str) -> None:
    answer = Page(outage).text.partition("At a glance")[0]
    order = [
        "The login outage",
        "Fails: 47.8% to 64.8% of the connections are expected to fail at 700/s.",
        "login-proxy shared limits both",
        "First remedy. No connection tracking at login-proxy (notrack)",
        "--set hops.login-proxy.tracking=off",
    ]
    assert sorted(order, key=answer.index) == order


@pytest.mark.usefixtures("undrawn")
def test_the_answer_of_a_chain_that_fits_that_nothing_helps_and_that_is_asked_nothing() -> None:
    fits = page(tc.example("cone")).text
    assert "Fits: none of the connections" in fits
    assert "To carry more. " in fits
    fixed = {"fixed": ["addresses", "ports", "time_wait", "max_entries", "reuse_after"]}
    nat = cone(preset="aws-nat-gateway")
    stuck = chain(
        {**nat, **fixed},
        traffic={"rate": 10**6, "hold": 1},
        services={"addresses": 1, "ports": 80, **{"fixed": ["addresses", "ports"]}},
    )
    text = page(stuck).text.partition("At a glance")[0]
    assert "is known to lower what fails." in text
    assert "remedy" not in text
    idle = page(ODD["direct"]).text.partition("At a glance")[0]
    assert "can be open at once" in idle
    assert "fail" not in idle


def test_it_says_what_the_terminal_says(outage: str) -> None:
    text = Page(outage).text
    assert "193,536 connections can be open at once, and the highest rate is 586.5/s: login-proxy" in text
    assert "Fails: " in text
    assert "Best case, if no two hops ever picked the same port: 16.2% fail" in text
    assert "login-proxy shared is the first to run out" in text
    assert "To rule out blind picks, separate port ranges for lvs and" in text
    assert "--set hops.lvs.ports=1024-33279" in text
    assert " ".join(example_text("outage").split()) in text


def test_hops_and_limits(outage: str) -> None:
    read = Page(outage)
    assert "inverted cone (a proxy behind a NAT, where each connection takes two ports)" in read.text
    assert ["login-proxy", "proxy", "387,072", "193,536", "586.5", "119%"] in read.rows("login-proxy")
    why = "a connection has two sides at the proxy, and each takes a port of the same table"
    assert ["shared limits", "193,536", "586.5", why] in read.rows("shared limits")
    assert [
        "lvs",
        "ports",
        "387,072",
        "921.6",
        "many clients share few addresses, and only the port tells their connections apart",
    ] in read.rows("lvs")


def test_formulas_are_mathml_with_the_numbers_put_in(outage: str) -> None:
    math = re.findall(r"<math.*?</math>", outage, re.DOTALL)
    assert len(math) == 5 * 2 + 4 + 5 + 21  # a limit's two, the chain's terms, the letters
    assert sum("<mn>586.473</mn><mo>/</mo><mtext>s</mtext>" in each for each in math) == 1
    assert sum("<mn>64,512</mn><mo>·</mo><mn>1</mn><mo>·</mo><mn>6</mn>" in each for each in math) == 7


def test_it_needs_nothing_else(outage: str) -> None:
    assert not re.search(r"https?://", outage)
    with_preset = tc.report(tc.with_settings(OUTAGE, "hops.lvs.preset=tencent-nat-gateway"))
    linked = re.findall(r'<a href="(https?://[^"]+)" rel="noopener">([^<]+)</a>', with_preset)
    assert linked == [("https://www.tencentcloud.com/document/product/1015/30230",) * 2]
    assert not re.search(r"https?://", re.sub(r'<a href="http.*?</a>', "", with_preset))
    assert not re.search(r"<(script|iframe|object|embed|form|img|video)\b", outage)
    assert not re.search(r"@import|url\((?!#)", outage)
    assert "default-src 'none'" in outage


def test_it_is_small_and_always_the_same(outage: str) -> None:
    assert len(outage.encode()) < 900_000
    again = tc.report(OUTAGE, source=example_text("outage"))
    assert again == tc.report(OUTAGE, source=example_text("outage"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_ids_are_unique_and_whatever_refers_to_one_finds_it(name: str) -> None:
    html = tc.report(tc.example(name))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:url\(|href=")#([^)"]+)', html) + re.findall(r'aria-labelledby="([^"]+)"', html)
    assert set(named) <= set(ids)
    assert set(figures.KINDS) & {each.partition("-")[0] for each in ids}


# Odd chains.


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("design", ALL.values(), ids=ALL)
def test_every_chain_has_a_report(design: tc.Chain) -> None:
    read = page(design, compare=tc.capacity(OUTAGE))
    assert len(read.headings("h1")) == 1
    assert "None" not in read.text.replace("None of", "")


@pytest.mark.usefixtures("undrawn")
def test_without_an_offered_rate_nothing_is_said_of_one() -> None:
    read = page(ODD["direct"])
    assert "load" not in read.headings("h2")
    assert "offered" not in read.text.replace("of the offered", "")
    assert "used" not in [cell for row in read.cells for cell in row]


@pytest.mark.usefixtures("undrawn")
def test_no_flows_and_no_limit_of_the_rate() -> None:
    assert (
        "0 connections can be open at once, and the highest rate is 0/s: h0 shared limits both, because both "
        "sides of a connection at the proxy would look the same in its table" in page(ODD["refused"]).text
    )
    endless = page(ODD["no rate"]).text
    assert "Nothing limits the rate." in endless
    assert "new connections a second no limit" in endless
    assert "Nothing limits the rate here." in endless


@pytest.mark.usefixtures("undrawn")
def test_of_very_many_limits_the_smallest_are_shown() -> None:
    hops = [{**cone(addresses=2), "max_entries": 10**6 + number} for number in range(300)]
    design = chain(*hops, {**PROXY, "max_files": 1000}, traffic={"hold": 1, "rate": 5})
    result = tc.capacity(design)
    shown = module.shown_limits(result)
    assert len(shown) <= 25
    assert any(limit is result.binding for limit in shown)
    left = [limit for limit in result.limits if all(limit is not each for each in shown)]
    assert min(map(by_flows, left)) >= sorted(map(by_flows, result.limits))[11]
    read = page(design)
    assert f"… and {len(left):,} limits more, none of them smaller in flows or in rate" in read.text
    hops_left = len(result.hops) - len(module.shown_hops(result, shown))
    assert f"… and {hops_left:,} hops more" in read.text
    assert [station.name for station in stations(result)][4:6] == ["294 more hops", "h297"]


@pytest.mark.usefixtures("undrawn")
def test_names_and_titles_are_words() -> None:
    html = module.report(tc.capacity(MARKUP), source=f"# </pre>{EVIL}\n", settings=[f"x={EVIL}"])
    read = Page(html)
    assert not [tag for tag, _ in read.tags if tag in ("script", "img")]
    assert "<script" not in html
    assert EVIL in read.texts
    assert f"# </pre>{EVIL}" in read.text


def test_names_in_figures_are_words() -> None:
    found = list(pictures.drawn(tc.capacity(MARKUP)))
    assert found
    for picture in found:
        assert "<script" not in picture.svg
        assert "<img" not in picture.svg


@pytest.mark.usefixtures("undrawn")
def test_a_huge_input_is_cut_and_that_is_said() -> None:
    read = page(OUTAGE, source="x" * 100_000)
    assert max(map(len, read.texts)) == 40_000
    assert "Cut here: the file has 60,000 characters more." in read.text
    assert "Cut here" not in page(OUTAGE, source="x" * 40_000).text


@pytest.mark.usefixtures("undrawn")
def test_without_a_source_there_is_no_input() -> None:
    assert "input" not in page(OUTAGE).headings("h2")
    read = page(OUTAGE, settings=['hops."a b".addresses=2'])
    assert "--set 'hops.\"a b\".addresses=2'" in read.text


@pytest.mark.usefixtures("undrawn")
def test_presets_are_cited_where_a_hop_has_one() -> None:
    named = tc.with_settings(OUTAGE, "clients.preset=linux-client", "hops.lvs.preset=tencent-nat-gateway")
    read = page(named)
    assert "presets" in read.headings("h2")
    assert "lvs: Tencent Cloud public NAT gateway ( tencent-nat-gateway )" in read.text
    assert "the number of elastic addresses times 55,000." in read.text
    assert "Sources (2024-01-04): https://www.tencentcloud.com/document/product/1015/30230" in read.text
    assert "How long a port rests after the close is not documented." in read.text
    assert "presets" not in page(OUTAGE).headings("h2")


@pytest.mark.usefixtures("undrawn")
def test_only_values_that_come_from_a_preset_are_cited() -> None:
    nat = cone(preset="aws-nat-gateway", ports="1024-2047")
    read = page(chain(nat, cone(preset="tencent-nat-gateway", ports="1-9")))
    assert 'Used here: time_wait = "60s" .' in read.text
    assert "ports = { count = 55000 }" not in read.text
    assert "Nothing of it is used here: all of its values are written otherwise." in read.text
    assert "No source gives its time_wait: tuplecalc's own default of 120 s stands." in read.text
    paths = [each.path for each in assumptions.defaults(tc.capacity(chain(nat)))]
    assert "hops.h0.time_wait" not in paths  # it is the preset's
    assert "hops.h0.mapping" in paths


@pytest.mark.usefixtures("undrawn")
def test_of_very_many_presets_the_first_are_cited() -> None:
    read = page(chain(*(cone(preset="aws-nat-gateway") for _ in range(63))))
    assert read.text.count("( aws-nat-gateway )") == 60
    assert "… and 3 presets more" in read.text


# The drawing.


def test_stations_name_their_figures() -> None:
    by_name = {station.name: station for station in stations(tc.capacity(tc.example("hourglass")))}
    assert by_name["firewall"].glyph == "hourglass"
    assert by_name["firewall"].facts == ("room for 262,144 connections",)
    assert by_name["firewall"].binds == "limits"
    assert by_name["proxy"].kind == "proxy, tproxy"
    own = stations(tc.capacity(tc.example("inverted-cone-nat")))[2]
    assert own.facts == ("1 listener", "1 address × 64,512 ports of its own", "room for 258,048 connections")
    silent = stations(tc.capacity(chain({"kind": "hourglass", "layer": 2})))[1]
    assert silent.facts == ("limits nothing itself",)


def test_what_limits_flows_and_what_limits_the_rate() -> None:
    found = stations(tc.capacity(tc.example("inverted-cone-tproxy")))
    assert [station.binds for station in found] == ["", "limits the rate", "limits the flows", ""]


# Figures.


def test_words_of_a_figure_stay_words_whatever_they_are_like() -> None:
    """An id, a colour or a path in a hop's name is none of the file's."""
    words = '登录 id="a" url(#a) #1b1b1f d="1.23456"'
    svg = f'<svg viewBox="0 0 9 9"><g id="a"/><text fill="#1b1b1f">{words}</text><use href="#a"/></svg>'
    assert pictures.inline(svg.encode(), "limits", "x", {"#1b1b1f": "--ink"}) == (
        '<svg viewBox="0 0 9 9" style="" role="img" aria-label="x"><g id="limits-1"/>'
        f'<text fill="var(--ink)">{words}</text><use href="#limits-1"/></svg>'
    )


def test_an_svg_becomes_an_element() -> None:
    svg = (
        b'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" '
        b'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" version="1.1"><metadata>x</metadata>'
        b'<defs><style type="text/css">*{stroke-linecap: butt}</style></defs><!-- a --><g id="axes_1">'
        b'<path id="m1" d="M 0.126 1\nL 2.5 3.0001" style="fill: #1B1B1F; stroke: #1b1b1f33"/></g>'
        b'<g clip-path="url(#c)" id="limit:a b"><use xlink:href="#m1" x="1"/></g><clipPath id="c"/></svg>'
    )
    assert pictures.inline(svg, "limits", 'a "b" <c>', {"#1b1b1f": "--ink"}) == (
        '<svg viewBox="0 0 9 9" style="stroke-linecap: butt" role="img" '
        'aria-label="a &quot;b&quot; &lt;c&gt;"><defs></defs><g><path id="limits-2" d="M 0.13 1 L 2.5 3" '
        'style="fill: var(--ink); stroke: #1b1b1f33"/></g><g clip-path="url(#limits-1)">'
        '<use href="#limits-2" x="1"/></g><clipPath id="limits-1"/></svg>'
    )


def test_figures_have_names_and_the_colours_of_the_page() -> None:
    found = list(pictures.drawn(tc.capacity(OUTAGE)))
    assert [picture.kind for picture in found] == [kind for kind in figures.KINDS if kind != "region"]
    for picture in found:
        assert picture.title
        assert "\n" not in picture.title
        for colour in (style.INK, style.MUTED, style.FAINT, style.PAPER):
            assert colour not in picture.svg.lower()
        assert "var(--ink)" in picture.svg
        assert "var(--paper)" in picture.svg
        assert "<style" not in picture.svg


def test_a_figure_that_cannot_be_drawn_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise InputError("there is nothing to draw")

    monkeypatch.setattr(figures, "KINDS", ("shape", "limits"))
    monkeypatch.setattr(figures, "plot_shape", refuses, raising=False)
    assert [picture.kind for picture in pictures.drawn(tc.capacity(OUTAGE))] == ["limits"]


# Assumptions.


def test_every_default_has_an_origin() -> None:
    said_elsewhere = {"rate", "virtual", "preset", "kind", "capture", "name"}
    said_elsewhere |= {"block", "destinations", "overflow", "client_ports"}  # without them no such rule
    said_elsewhere |= {"flows", "flows_each", "kinds", "traffic", "machine", "captures"}  # all, or none
    said_elsewhere |= {"blocks_per_client", "blocks_span", "connections_per_flow", "files_per_flow"}
    said_elsewhere |= {"upstream_hold", "upstream_first_close"}  # those of the flow
    said_elsewhere |= {"fixed", "most"}  # they change no figure
    for part, kind in (
        (Traffic, ""),
        (Clients, "clients"),
        (Cone, "cone"),
        (Forwarder, "hourglass"),
        (Proxy, "hourglass"),
    ):
        for key, field in part.model_fields.items():
            if not field.is_required() and key not in said_elsewhere:
                assert f"{kind} {key}" in assumptions.ORIGINS or key in assumptions.ORIGINS, (kind, key)


@pytest.mark.parametrize("design", ALL.values(), ids=ALL)
def test_a_default_that_is_written_out_changes_nothing(design: tc.Chain) -> None:
    result = tc.capacity(design)
    found = list(assumptions.defaults(result))
    assert found
    changes = [f"{each.path}={each.value.replace(',', '')}" for each in found if each.value != "none"]
    again = tc.capacity(tc.with_settings(design, *changes))
    assert (again.flows, again.rate) == (result.flows, result.rate)
    left = [each.path for each in assumptions.defaults(again)]
    assert left == [each.path for each in found if each.value == "none"]


def test_only_the_defaults_that_matter_are_listed() -> None:
    paths = [each.path for each in assumptions.defaults(tc.capacity(tc.example("hourglass")))]
    assert "hops.firewall.tracking_time_wait" in paths  # its entries linger
    assert "hops.firewall.time_wait" not in paths  # it has no sockets
    assert "hops.proxy.tracking_time_wait" not in paths  # its table is not counted
    assert "hops.proxy.max_entries" in paths
    assert "hops.proxy.listen_ports" not in paths
    assert "hops.proxy.split" not in paths  # there is one instance


def assumed(design: tc.Chain) -> list[str]:
    result = tc.capacity(design)
    return list(assumptions.assumed(result, tc.offered(result)))


def test_the_assumptions_of_the_outage() -> None:
    even, concert, blindly, steady, once = assumed(OUTAGE)
    assert (
        even == "Traffic spreads evenly over the services, and over the addresses and instances of each hop."
    )
    assert concert.startswith("All counts, the highest rate and the best case: no hop picks a port")
    assert blindly.startswith("What is expected to fail: each hop picks by chance, of the ports")
    assert steady.startswith("Rates are those of a steady state")
    assert once == "New connections come at random moments, and one that fails is not tried again."


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_counted_is_said_once() -> None:
    summary, rest = tc.report(OUTAGE).partition('<h2 id="glance">')[2].split("</section>", 1)
    words = "Not counted, as no size is given: tracking tables of lvs, login-proxy (Linux: 262,144)"
    assert (words in summary, words in rest) == (True, False)


def test_assumptions_of_other_chains() -> None:
    groups = [{"addresses": 1, "ports": 80, "share": 0.5}, {"addresses": 2, "ports": 80, "share": 0.5}]
    hashed = assumed(chain(cone(addresses=4, spread="hashed"), services=groups))
    assert hashed[0].startswith("Traffic falls on the groups of services by their shares")
    assert hashed[1] == "Sources fall on the addresses of h0 by chance and stay there (a hash)."
    assert hashed[-1].startswith("“At most”")
    assert (
        assumed(chain(services={"addresses": 1, "ports": 80}, traffic={"hold": 0, "first_close": "server"}))
        == []
    )


# Comparisons.


@pytest.mark.usefixtures("undrawn")
def test_two_chains_have_their_own_names() -> None:
    old, new = (
        tc.capacity(OUTAGE),
        tc.with_settings(OUTAGE, "hops.login-proxy.tracking=off", "traffic.rate=900"),
    )
    read = page(new, compare=old, files=("monday.toml", "friday.toml"))
    assert "Before: monday.toml. Now: friday.toml, which this answer is about; see" in read.text
    title = "“The login outage: a NAT-mode balancer in front of regional login proxies”"
    assert f"From {title}, monday.toml (before) to {title}, friday.toml (now)." in read.text
    assert ["figure", "monday.toml", "friday.toml", "change"] in read.cells
    assert ["key", "monday.toml", "friday.toml"] in read.cells
    assert read.rows("monday.toml") == [["monday.toml", "friday.toml", "change"] * 2]
    found = [
        read.rows(what) for what in ("verdict", "offered rate /s", "connections open at once", "limited by")
    ]
    assert [row[1:] for rows in found for row in rows] == [
        ["fails", "tight", ""],
        ["700", "900", ""],
        ["193,536", "387,072", "2×"],
        ["login-proxy shared", "lvs ports", ""],
        ["login-proxy shared", "lvs ports", ""],
    ]
    labels = {attributes.get("data-label") for tag, attributes in read.tags if tag == "td"}
    assert {"flows, monday.toml", "rate /s, friday.toml"} <= labels


def test_what_two_chains_are_called() -> None:
    same = compare(tc.capacity(OUTAGE), tc.capacity(OUTAGE))
    assert changes.sides(same, None) == changes.sides(same, ("a.toml", "a.toml")) == ("before", "now")
    other = compare(tc.capacity(tc.cone(title="Old <b>")), tc.capacity(tc.cone(title="新しい回線")))
    assert changes.sides(other, None) == ("Old <b>", "新しい回線")
    assert changes.titled(other, None) == ("“Old <b>”", "“新しい回線”")


def test_remarks_name_the_chain() -> None:
    found = compare(tc.capacity(OUTAGE), tc.capacity(tc.cone(name="nat")))
    assert list(changes.remarks(found, ("a", "b"))) == ["Only in a: lvs, login-proxy.", "Only in b: nat."]


def rows(*changes: str) -> Iterator[tuple[Any, ...]]:
    old = tc.capacity(OUTAGE)
    found = compare(old, tc.capacity(tc.with_settings(OUTAGE, *changes)))
    return ((row.limit, row.flows[2], row.rate[2], row.where, row.binds) for row in compared.rows(found))


def test_rows_of_a_comparison() -> None:
    assert list(rows("hops.login-proxy.tracking=off")) == [
        ("ports", "same", "same", "", ""),
        ("ports", "same", "same", "", "limits now"),
        ("accepted", "same", "same", "", ""),
        ("upstream", "same", "same", "", ""),
        ("shared", "", "", "only before", "limited before"),
    ]
    assert [row[1:] for row in rows("hops.lvs.addresses=2")][-1] == ("2×", "2×", "", "limits")


def test_sentences_of_a_comparison() -> None:
    old = tc.capacity(OUTAGE)
    new = tc.capacity(tc.with_settings(OUTAGE, "hops.login-proxy.tracking=off"))
    verdicts, *said = compared.sentences(compare(old, new))
    assert verdicts.startswith("Before it fails: ")
    assert verdicts.endswith(
        " of the connections are expected to fail at 700/s. "
        "Now it fits: none of the connections is expected to fail at 700/s, if lvs’s table holds 294,000 "
        "entries (Linux: 262,144)."
    )
    assert said == [
        "Connections open at once: 193,536 → 387,072 (2×). Now lvs ports limits this; before, login-proxy "
        "shared did.",
        "Rate: 586.5/s → 921.6/s (+57.1%). Now lvs ports limits this; before, login-proxy shared did.",
        "700/s was 119% of the highest rate, and is 76% now.",
    ]
    verdicts, flows, *_ = compared.sentences(compare(new, new))
    assert verdicts.startswith(
        "Before and now it fits: none of the connections is expected to fail at 700/s,"
    )
    assert flows == "Connections open at once: 387,072, as before. lvs ports limits this, as before."


def test_sentences_where_a_rate_is_no_longer_limited_and_hops_come_and_go() -> None:
    endless = tc.capacity(
        chain({"kind": "hourglass", "layer": 2}, traffic={"hold": 0, "first_close": "server"})
    )
    found = list(compared.sentences(compare(tc.capacity(OUTAGE), endless)))
    assert found[0].startswith("Before it fails: ")
    assert "Now it" not in found[0]
    assert found[2] == "Rate: 586.5/s → no limit (no limit). Nothing limits it now."
    assert found[3:] == [
        "Before, 700/s was 119% of the highest rate.",
        "Only before: lvs, login-proxy.",
        "Only now: h0.",
    ]


def test_of_very_many_limits_the_slow_figures_are_left_out_and_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "_MOST_LIMITS", 4)
    assert [picture.kind for picture in pictures.drawn(tc.capacity(OUTAGE))] == [
        "shape",
        "limits",
        "exhaustion",
    ]
    assert "the figures rate, map, blocking take their time, and are left out" in tc.report(OUTAGE)
    monkeypatch.setattr(pictures, "_MOST_LIMITS", 5)
    assert len(tc.capacity(OUTAGE).limits) == 5
    assert pictures.left_out(tc.capacity(OUTAGE)) == ()


def test_kinds_of_traffic_have_a_section() -> None:
    page = tc.report(tc.example("mixed-by-share"))
    assert '<a href="#kinds">Kinds of traffic</a>' in page
    assert "redirect capture limits redirected" in page
    assert "Open connections are of the kinds by their parts of the new ones" in page
    assert "<mi>σ</mi>" in page
    assert 'id="kinds"' not in tc.report(tc.example("cone"))


def test_of_a_mix_the_highest_rates_are_drawn_at_fewer_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """These are the figures that say what helps; each of their points is a capacity of its own."""
    result = tc.capacity(tc.example("mixed-by-share"))
    assert pictures.left_out(result) == ()
    assert len(pictures._axes(result, "rate")[0].values) <= 49
    assert all(len(axis.values) <= 24 for axis in pictures._axes(result, "map"))
    assert pictures._axes(tc.capacity(OUTAGE), "rate") == ()
    monkeypatch.setattr(pictures, "_MOST_OF_KINDS", 2)
    assert pictures.left_out(result) == ("rate", "map")


def test_connections_wanted_at_once_say_what_they_are() -> None:
    chain = tc.with_settings(tc.example("cone"), "traffic.flows=8000000")
    words = " ".join(re.sub("<[^>]*>", " ", tc.report(chain)).split())
    assert "wanted at once: fails 8,000,000 connections: 155% of the 5,160,960 that can be open" in words


def test_names_in_another_language_are_marked() -> None:
    page = tc.report(tc.with_settings(tc.example("cone"), "title=\u673a\u623f\u51fa\u53e3"))
    assert '<h1 lang="zh">\u673a\u623f\u51fa\u53e3</h1>' in page
    assert page.count(" lang=") == 2  # the page itself


def test_a_card_says_for_which_clients() -> None:
    page = tc.report(tc.cone(clients=12000, addresses=56, block=1024, services=1))
    assert "limit them for the 3,528 of 12,000 clients that get ports" in page


def test_what_the_kinds_take_of_the_limits_that_bind() -> None:
    shares = "traffic.kinds.transparent.share=0.9", "traffic.kinds.redirected.share=0.1"
    result = tc.capacity(tc.with_settings(tc.example("mixed-by-share"), *shares))
    assert list(kinds.takes(result)) == [
        "tproxy shared: of what open connections take transparent has 95% and redirected has 5.3%.",
        "nat ports: of the time for which it is taken transparent has 90% and redirected has 10%.",
    ]
