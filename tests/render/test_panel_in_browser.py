"""The what-if panel in a real browser: its figures are those of the code, its page works for everyone."""

from __future__ import annotations

import re
import shlex
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tuplecalc as tc
from tests.browser import Visit, needs_browser
from tests.command import HUGE, run
from tests.oracle.kinds import from_seed
from tests.whatif.settings import Figures, agree, counted, some_settings
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render.panel import panel, standing
from tuplecalc.whatif import regions
from tuplecalc.whatif.regions import Regions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [needs_browser, pytest.mark.xdist_group("panel")]  # one process: what takes long is made once
explored = cache(lambda name: tc.explore(tc.example(name)))
BATCH = """settings => settings.map(values => {
    const found = tuplecalcPanel.answer(values.map(each => tuplecalcPanel.read(each)));
    const exact = each => each === null ? null : `${each.n}/${each.d}`;
    return [found.why || (found.bound ? "bound" : ""), (found.limits || []).map(each =>
        [each.hop, each.flows === null ? null : String(each.flows), exact(each.rate)])];
})"""


def answers(visit: Visit, settings: list[list[Fraction]]) -> list[Any]:
    """What the page's own script counts for each of these settings."""
    asked = [[str(value) for value in values] for values in settings]
    found: list[Any] = visit.page.evaluate(BATCH, asked)
    return found


def compared(visit: Visit, chain: Chain, known: Regions, count: int, seed: int) -> int:
    """Hold the page against the code for random settings; of how many of them the page knows the figures."""
    settings = list(some_settings(known, count, seed))
    held = 0
    for values, (why, found) in zip(settings, answers(visit, settings), strict=True):
        if why == "unknown":
            continue
        expected = counted(chain, known, values)
        if why == "refused" or expected is None:
            assert (why, expected) == ("refused", None), values
            continue
        read: Figures = [
            (hop, None if flows is None else int(flows), None if rate is None else Fraction(rate))
            for hop, flows, rate in found
        ]
        assert agree(read, expected, is_bound=why == "bound"), values
        held += 1
    return held


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


def opened(browser: Browser, folder: Path, known: Regions, name: str) -> Visit:
    file = folder / f"{name}.html"
    file.write_text(standing(known, f"tuplecalc capacity {name}"), encoding="utf-8")
    return Visit(browser, file, 1280)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_page_counts_as_the_code_does(browser: Browser, pages: Path, name: str) -> None:
    chain, known = tc.example(name), explored(name)
    with opened(browser, pages, known, name) as visit:
        assert compared(visit, chain, known, 250, seed=2) >= 230
        assert visit.said == []


@pytest.mark.parametrize("first", [0, 5])
def test_the_page_counts_random_networks(
    browser: Browser, pages: Path, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "_MOST_RUNS", 24)
    monkeypatch.setattr(regions, "_TOGETHER", 40)
    held = 0
    for seed in range(first, first + 5):
        chain = Chain(**from_seed(seed))
        known = tc.explore(chain)
        with opened(browser, pages, known, f"network-{seed}") as visit:
            held += compared(visit, chain, known, 60, seed)
    assert held > 150


def test_whole_numbers_beyond_floats_are_exact(browser: Browser, pages: Path) -> None:
    chain = tc.loads(HUGE)
    assert tc.capacity(chain).limits[0].flows > 2**100  # type: ignore[operator]
    known = tc.explore(chain)
    with opened(browser, pages, known, "huge") as visit:
        assert compared(visit, chain, known, 60, seed=4) > 30


def test_the_comparison_objects_to_a_wrong_formula(browser: Browser, pages: Path) -> None:
    chain, known = tc.example("outage"), explored("outage")
    page = standing(known)
    wrong = page.replace("times(v(", "add(v(", 1)
    assert wrong != page
    wrong = re.sub(r"; script-src '[^']*'", "; script-src 'unsafe-inline'", wrong)
    (pages / "wrong.html").write_text(wrong, encoding="utf-8")
    with Visit(browser, pages / "wrong.html", 1280) as visit, pytest.raises(AssertionError):
        compared(visit, chain, known, 250, seed=2)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "r.html"
    assert run("report", "mixed-by-share", "-o", str(file)).returncode == 0
    return file


def put(visit: Visit, path: str, text: str) -> None:
    """Type a number into the box of a path."""
    find = "path => tuplecalcPanel.inputs.findIndex(each => each.path === path)"
    visit.page.fill(f"#knob-{visit.page.evaluate(find, path)}", text)
    visit.page.wait_for_timeout(100)


def said(visit: Visit, part: str) -> str:
    """The text of a part of the panel."""
    return visit.page.inner_text(f'#what-if [data-part="{part}"]')


def test_moving_the_share_finds_the_best_mix(browser: Browser, report: Path) -> None:
    """Of mixed-by-share: (E − 1)/(E + 1) of the flows and M·P·(E + 1)/2, docs/model.md."""
    E, M, P = 10, 4, 64512
    with Visit(browser, report, 1280) as visit:
        put(visit, "traffic.kinds.transparent.share", "0.7")
        found = re.search(r"most at ([0-9/]+) .*: ([0-9,]+)", said(visit, "flows-best"))
        assert found
        assert (found[1], found[2]) == ("9/11", f"{M * P * (E + 1) // 2:,}")
        assert Fraction(found[1]) == Fraction(E - 1, E + 1)
        visit.page.click('[data-part="flows-best"] button')
        assert f"{M * P * (E + 1) // 2:,} connections can be open at once" in said(visit, "can")
        assert "limits the connections" in said(visit, "can")
        command = said(visit, "command")
        assert command == "tuplecalc capacity mixed-by-share --set traffic.kinds.transparent.share=9/11"
        printed = run(*shlex.split(command)[1:]).stdout.decode()
        here, _, _ = said(visit, "can").partition("In the file")
        for number in re.findall(r"[0-9,]{5,}", here):
            assert number in printed
        assert visit.asked == [report.as_uri()]
        assert visit.said == []


def test_the_command_prints_the_same_numbers(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 1280) as visit:
        put(visit, "hops.nat.addresses", "8")
        put(visit, "traffic.hold", "2.5")
        put(visit, "hops.nat.ports", "30000")
        command = said(visit, "command")
        assert "--set hops.nat.ports=1024-31023" in command
        result = tc.capacity(tc.with_settings(tc.example("mixed-by-share"), *shlex.split(command)[4::2]))
        rows = visit.page.eval_on_selector_all(
            '[data-part="table"] tr', "rows => rows.map(row => row.querySelector('td').textContent)"
        )
        assert rows == [f"{limit.flows:,}" for limit in result.limits]


def test_a_link_keeps_the_numbers_and_reset_gives_them_back(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 1280) as visit:
        before = said(visit, "can")
        put(visit, "hops.nat.addresses", "8")
        link, after = visit.page.url, said(visit, "can")
        assert link.endswith("#what-if?hops.nat.addresses=8")
        assert after != before
        visit.page.click('[data-part="reset"]')
        assert said(visit, "can") == before
        assert "#" not in visit.page.url
        visit.page.goto("about:blank")
        visit.page.unroute_all()
        visit.page.goto(link)
        assert said(visit, "can") == after


def test_what_a_link_has_beside_that_is_said(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 1280) as visit:
        visit.page.goto("about:blank")
        visit.page.unroute_all()
        shares = [f"traffic.kinds.{kind}.share=0.75" for kind in ("transparent", "redirected")]
        asked = "&".join(("hops.nat.addresses=8", "hops.nat.addresses=x", "nonsense=1", *shares))
        visit.page.goto(f"{report.as_uri()}#what-if?{asked}")
        words = f"hops.nat.addresses=x, nonsense=1, {shares[0]}."
        assert (
            said(visit, "link") == f"Of the link, this was not taken: {words} What is shown does not have it."
        )
        assert "--set hops.nat.addresses=8" in said(visit, "command")


def test_words_of_figures_keep_their_size_on_a_phone(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 360) as visit:
        scale = "each => each.getBoundingClientRect().width / each.viewBox.baseVal.width"
        assert min(visit.page.eval_on_selector_all("#what-if svg", f"all => all.map({scale})")) > 0.9
        assert visit.overflow() == 0


def test_the_first_line_is_no_better_than_what_happens(browser: Browser, report: Path) -> None:
    """With the file's numbers it is the program's; with others the best case, or what is sure to fail."""
    with Visit(browser, report, 1280) as visit:
        assert said(visit, "verdict").startswith("Fails: 0.232% of the connections are expected to fail")
        put(visit, "traffic.rate", "4100")
        assert said(visit, "verdict").startswith("In the best case none fails. 4,100/s is 97% of the highest")
        put(visit, "traffic.rate", "5000")  # half of it is captured: what of that is above the highest rate
        highest = tc.capacity(tc.example("mixed-by-share")).rate
        assert highest is not None
        least = f"{float(100 * (5000 - highest) / 2 / 5000):.3g}%"
        assert said(visit, "verdict").startswith(f"Fails: at least {least} of the connections")


def test_two_shares_sum_to_one(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 1280) as visit:
        put(visit, "traffic.kinds.transparent.share", "0.3")
        put(visit, "traffic.kinds.redirected.share", "0.6")
        assert said(visit, "command").endswith("--set traffic.kinds.redirected.share=0.6")
        put(visit, "traffic.kinds.redirected.share", "1.6")  # no share: it is said, and nothing changes
        assert visit.page.locator("input[aria-invalid]").count() == 1
        words = "Not taken, 0.6 stays: write a part, as in 0.25, 25% or 1/4, from 0 to 1."
        assert visit.page.inner_text(".knob .refused") == words
        visit.page.keyboard.press("Tab")
        assert visit.page.inner_text(".knob .refused") == words
        assert said(visit, "command").endswith("--set traffic.kinds.redirected.share=0.6")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_everyone_can_use_it(browser: Browser, report: Path, width: int, scheme: Any) -> None:
    with Visit(browser, report, width, scheme) as visit:
        assert visit.violations() == []
        assert visit.overflow() == 0
        slider = visit.page.locator('input[data-slider][aria-label="addresses of nat"]')
        before = said(visit, "can")
        slider.focus()
        visit.page.keyboard.press("End")
        visit.page.wait_for_timeout(100)
        assert said(visit, "can") != before
        assert slider.get_attribute("aria-valuetext") == "16 addresses"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_it_adds_little_to_the_page(name: str) -> None:
    result = tc.capacity(tc.example(name))
    found = panel(explored(name), "tuplecalc capacity", result, tc.offered(result))
    assert len((found.body + found.script).encode()) < 110_000


def test_a_chain_may_have_no_panel(tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    assert run("report", "cone", "--no-panel", "-o", str(file)).returncode == 0
    page = file.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "script-src" not in page
    assert "what-if" not in page


def test_names_that_would_end_the_script_do_not(browser: Browser, tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    chain = tc.with_settings(tc.example("cone"), f'hops.nat.name="{evil}"')
    file = tmp_path / "evil.html"
    file.write_text(standing(tc.explore(chain), f"tuplecalc capacity '{evil}'"), encoding="utf-8")
    with Visit(browser, file, 1280) as visit:
        assert visit.page.evaluate("document.querySelectorAll('script').length") == 1
        assert f"{evil} ports limits both" in said(visit, "can")
        assert visit.said == []


def test_without_script_it_is_the_page_that_it_was(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert not page.is_visible("#what-if")
    assert page.is_visible("#limits")
    assert page.locator('a[href="#what-if"]:visible').count() == 0
    context.close()


def test_it_prints_its_present_values(browser: Browser, report: Path) -> None:
    with Visit(browser, report, 680) as visit:
        put(visit, "hops.nat.addresses", "8")
        visit.page.emulate_media(media="print")
        assert not visit.page.is_visible("#what-if button")
        assert not visit.page.is_visible("#what-if input[type=range]")
        assert visit.page.is_visible("#what-if input[data-box]")
        assert "--set hops.nat.addresses=8" in said(visit, "command")
        assert visit.overflow() == 0


def test_a_notebook_shows_it_in_a_frame(browser: Browser, tmp_path: Path) -> None:
    from tuplecalc.render.notebook import shown

    file = tmp_path / "notebook.html"
    file.write_text(f"<!DOCTYPE html>{shown(tc.explore(tc.example('cone')))}", encoding="utf-8")
    with Visit(browser, file, 1280) as visit:
        frame = visit.page.frames[1]
        frame.wait_for_selector("#what-if table")
        assert "limits both" in frame.inner_text('[data-part="can"]')
        frame.fill("#knob-0", "1600")
        frame.wait_for_timeout(100)
        assert "--set traffic.rate=1600" in frame.inner_text('[data-part="command"]')
