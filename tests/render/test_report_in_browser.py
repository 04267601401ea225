"""The report in a real browser: nothing is cut, nothing is asked for, everyone can read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tuplecalc as tc
from tests.algebra.cases import chain, cone
from tests.browser import Visit, needs_browser
from tests.render.reports import MARKUP
from tuplecalc.network.file import EXAMPLES, example_text
from tuplecalc.render import report as module
from tuplecalc.render.report import report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONG = chain(
    {"name": "出口网关", "preset": "aws-nat-gateway", "addresses": 4},
    *({**cone(addresses=2), "max_entries": 10**6 + number} for number in range(60)),
    title="一条很长的链路：从办公室经过许多地址转换到服务",
    traffic={"hold": 1, "rate": 5},
)

pytestmark = [needs_browser, pytest.mark.xdist_group("report in browser")]  # one process: pages are made once


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    outage = tc.example("outage")
    older = tc.capacity(tc.with_settings(outage, "hops.login-proxy.instances=3"))
    files = "monday.toml", "friday-with-a-long-name-of-its-own.toml"
    pages = {
        "compared": report(tc.capacity(outage), source=example_text("outage"), compare=older, files=files)
    }
    with pytest.MonkeyPatch.context() as patch:  # figures are looked at above
        patch.setattr(module, "drawn", lambda _: ())
        pages["markup"] = report(tc.capacity(MARKUP), source="x" * 500, settings=["hops.h1.addresses=2"])
        pages["long"] = report(tc.capacity(LONG))
        pages |= {name: report(tc.capacity(tc.example(name))) for name in EXAMPLES}
    folder = tmp_path_factory.mktemp("reports")
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.mark.parametrize("name", ["outage", "compared", "mixed-by-share", "long"])
def test_everyone_can_read_it(browser: Browser, files: dict[str, Path], name: str) -> None:
    with Visit(browser, files[name], 360) as visit:
        light, dark = (360, 1280) if name in ("outage", "long") else (1280, 360)
        for width, scheme in ((light, "light"), (dark, "dark")):
            visit.page.set_viewport_size({"width": width, "height": 800})
            visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert visit.violations() == [], (width, scheme)


@pytest.mark.parametrize("name", ["compared", "markup", "long", "mixed-by-share"])
def test_it_fits_and_opens_alone(browser: Browser, files: dict[str, Path], name: str) -> None:
    with Visit(browser, files[name], 360) as visit:
        for width in (360, 480, 640, 768, 1280):
            visit.page.set_viewport_size({"width": width, "height": 800})
            assert visit.overflow() == 0, width
            hidden = """[...document.querySelectorAll('*')].filter(element => element.clientWidth &&
                element.scrollWidth > element.clientWidth + 1 &&
                !element.closest('svg, math, .scroll')).length"""
            assert visit.page.evaluate(hidden) == 0, width
        assert visit.asked == [files[name].as_uri()]
        assert visit.said == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (360, 640)])
def test_the_first_screen_has_the_answer(
    browser: Browser, files: dict[str, Path], width: int, height: int
) -> None:
    for name in EXAMPLES:
        with Visit(browser, files[name], width) as visit:
            visit.page.set_viewport_size({"width": width, "height": height})
            parts = "[...document.querySelectorAll('.answer > *')]"
            texts = visit.page.evaluate(f"{parts}.map(part => part.textContent)")
            bottom = visit.page.evaluate(
                f"Math.max(...{parts}.map(part => part.getBoundingClientRect().bottom))"
            )
            assert texts[0].startswith(("Fits: ", "Tight: ", "Fails: ")), name
            assert "expected to fail" in texts[0], name
            why = texts[1].startswith("Blind picks, ")
            assert why == (name in ("outage", "inverted-cone-tproxy", "mixed-by-share")), name
            limits, remedy, setting, *_ = texts[1 + why :]
            assert " limits " in limits, name
            assert remedy.startswith(("First remedy.", "To carry more.")), name
            assert setting.startswith("--set "), name
            assert bottom <= height, name


def test_on_a_phone_tables_are_cards_and_what_scrolls_shows_it(
    browser: Browser, files: dict[str, Path]
) -> None:
    with Visit(browser, files["compared"], 360) as visit:
        cut = """[...document.querySelectorAll('td, th')].filter(cell => cell.offsetParent
            && !cell.closest('math') && !cell.querySelector('math')
            && cell.getBoundingClientRect().right > 345).length"""
        assert visit.page.evaluate(cut) == 0
        cell = """document.querySelector('[data-label="flows, monday.toml"]')"""
        label = f"getComputedStyle({cell}, '::before').content"
        assert "flows, monday.toml" in visit.page.evaluate(label)
        hints = """[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth)
            .map(box => getComputedStyle(box).backgroundImage.split('linear-gradient').length - 1)"""
        assert set(visit.page.evaluate(hints)) == {4}
        wide = """[...document.querySelectorAll('figure svg')].map(figure => figure.getBoundingClientRect())
            .filter(box => box.left < 0 || box.right > 360).length"""
        assert visit.page.evaluate(wide) == 0  # figures fit, and nobody scrolls sideways for them
        visit.page.set_viewport_size({"width": 768, "height": 1024})
        assert visit.page.evaluate(label) in ("none", "normal")


def test_formulas_are_drawn(browser: Browser, files: dict[str, Path]) -> None:
    with Visit(browser, files["compared"], 1280) as visit:
        sizes = """selector => [...document.querySelectorAll(selector)].map(element => {
            const box = element.getBoundingClientRect(); return [box.width, box.height] })"""
        formulas = visit.page.evaluate(sizes, "math")
        assert len(formulas) > 30
        assert min(width for width, _ in formulas) > 5
        assert min(height for _, height in formulas) > 8
        letter = visit.page.evaluate(sizes, ".forms mfrac mi")[0][1]
        assert min(height for _, height in visit.page.evaluate(sizes, ".forms mfrac")) > 1.8 * letter


def test_names_that_would_be_markup_are_not(browser: Browser, files: dict[str, Path]) -> None:
    with Visit(browser, files["markup"], 1280) as visit:
        assert visit.page.evaluate("document.querySelectorAll('script, img').length") == 0
        assert visit.page.title() == "<h1>&</title>"
        assert visit.page.inner_text("h1") == "<h1>&</title>"


def test_figures_take_the_colours_of_the_page(browser: Browser, files: dict[str, Path]) -> None:
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    first = "getComputedStyle(document.querySelector('figure svg path')).fill"
    for scheme, colour in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(23, 23, 27)")):
        with Visit(browser, files["compared"], 1280, scheme) as visit:  # type: ignore[arg-type]
            assert visit.page.evaluate(paper) == colour
            assert visit.page.evaluate(first) == colour


def test_whatever_an_id_is_for_is_there(browser: Browser, files: dict[str, Path]) -> None:
    with Visit(browser, files["compared"], 1280) as visit:
        ids = visit.page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
        assert len(ids) == len(set(ids))
        uses = "[...document.querySelectorAll('use')]"
        assert visit.page.evaluate(f"{uses}.length") > 100
        found = "document.getElementById(use.getAttribute('href').slice(1))"
        assert visit.page.evaluate(f"{uses}.every(use => {found})")


def test_what_scrolls_can_be_reached_by_the_keyboard(browser: Browser, files: dict[str, Path]) -> None:
    with Visit(browser, files["compared"], 360) as visit:
        scrolls = """[...document.querySelectorAll('*')].filter(element =>
            element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX === 'auto')"""
        assert visit.page.evaluate(f"{scrolls}.length") >= 1
        assert visit.page.evaluate(f"{scrolls}.every(element => element.tabIndex === 0)")


def test_it_prints_whole_and_on_white(browser: Browser, files: dict[str, Path]) -> None:
    with Visit(browser, files["compared"], 680, "dark") as visit:  # 180 mm, an A4 page within its margins
        visit.page.emulate_media(media="print", color_scheme="dark")
        cut = """[...document.querySelectorAll('main *')].filter(element =>
            element.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length"""
        assert visit.page.evaluate(cut) == 0
        assert visit.overflow() == 0
        assert visit.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        ink = "getComputedStyle(document.querySelector('.verdict')).color"
        assert visit.page.evaluate(ink) == "rgb(0, 0, 0)"
        broken = """[...document.querySelectorAll('tr, figure, .answer')].filter(element =>
            getComputedStyle(element).breakInside !== 'avoid').length"""
        assert visit.page.evaluate(broken) == 0
        assert visit.page.evaluate("getComputedStyle(document.querySelector('table')).display") == "table"
        assert visit.page.pdf(format="A4").startswith(b"%PDF-")


def test_the_checks_object_to_a_broken_page(browser: Browser, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    wide = "<div style='width: 3000px; color: #aaa; background: #fff'>pale</div>"
    broken.write_text(f"<!DOCTYPE html>{wide}<img src='http://example.org/a.png'>", encoding="utf-8")
    with Visit(browser, broken, 360) as visit:
        assert visit.overflow() > 2000
        rules = {each.partition(":")[0] for each in visit.violations()}
        assert {"color-contrast", "html-has-lang", "image-alt", "document-title"} <= rules
        assert visit.asked == [broken.as_uri(), "http://example.org/a.png"]
        assert visit.said
