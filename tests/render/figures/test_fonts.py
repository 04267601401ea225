"""Names in any script: which fonts write them, and what is said where none does.

The fonts here are made on the spot, of squares, so that no machine's own fonts decide.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from matplotlib.font_manager import fontManager

import tuplecalc as tc
from tests.command import invoke
from tests.render.figures.looks import check_words, texts
from tuplecalc.render import figures
from tuplecalc.render.figures import KINDS, fonts, style

NAMED = """
title = "{0}前的{1}"
traffic = {{rate = 700, hold = "5m", kinds = [{{name = "{0}", share = 0.3}}, {{name = "b", share = 0.7}}]}}
clients.addresses = 1000
hops = [
    {{name = "{1}", kind = "cone", addresses = 1}},
    {{name = "p{0}", kind = "hourglass", capture = "listen", captures = ["{0}"]}},
]
services = {{addresses = 6, ports = 443}}
"""
HAN, KANA, HANGUL = "登录出口前的", "ログ", "서울"
CHINESE = tc.loads(NAMED.format("登录", "出口"))
OTHERS = [("вход", "шлюз"), ("είσοδος", "πύλη"), ("دخول", "جدار")]
LACKING = (
    'no font here has the characters "{}": they show as boxes in a PNG or PDF; install one that has them '
    "(Debian, Ubuntu: apt-get install fonts-noto-cjk)"
)
ONE = (
    'no font here has the character "{}": it shows as a box in a PNG or PDF; install one that has it '
    "(Debian, Ubuntu: apt-get install {})"
)


def font(path: Path, characters: str, family: str = "Squares") -> str:
    """A font file of squares."""
    names = {ord(each): f"u{ord(each):04x}" for each in characters}
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (900, 800), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square, every = pen.glyph(), [".notdef", *names.values()]
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(every)
    made.setupCharacterMap(names)
    made.setupGlyf(dict.fromkeys(every, square))
    made.setupHorizontalMetrics(dict.fromkeys(every, (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family})
    made.setupOS2(sTypoAscender=900, sTypoDescender=-100, usWeightClass=400)
    made.setupPost()
    made.save(path)
    return str(path)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A machine with matplotlib's own fonts only."""
    own = [entry for entry in fontManager.ttflist if entry.name.startswith(("DejaVu", "Last Resort"))]
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "findSystemFonts", list)
    caches = (fonts.fallback, fonts._font)
    for cache in caches:
        cache.cache_clear()
    yield monkeypatch
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def squares(alone: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A font that came after matplotlib made its list: of Han, kana and Hangul."""
    path = font(tmp_path / "squares.ttf", HAN + KANA + HANGUL)
    alone.setattr(fonts, "findSystemFonts", lambda: [path])
    return path


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("NAT 登录 登", LACKING.format("登录")),
        ("一二三四五六七八九十百", LACKING.format("一二三四五六七八九十…")),
        ("登", ONE.format("登", "fonts-noto-cjk")),
        ("ログ", LACKING.format("ログ")),
        ("서울", LACKING.format("서울")),
        ("🚀", ONE.format("🚀", "fonts-symbola")),
        ("ก", ONE.format("ก", "fonts-noto-core")),
        ("вход πύλη جدار – ≥ ◀ é\u200d\u00a0", ""),
    ],
)
def test_what_no_font_has_is_said_with_the_package(words: str, message: str) -> None:
    assert fonts.fallback(words).message == message


def test_a_font_that_is_new_here_is_found(squares: str) -> None:
    assert fonts.fallback("登录 NAT") == (("Squares",), "")
    assert fonts.fallback("登鼎").missing == "鼎"
    assert fonts.fallback("登鼎").families[0] == "Squares"


@pytest.mark.parametrize(
    ("words", "family"),
    [
        ("登录", "Noto Sans CJK SC"),
        ("登录ログ", "Noto Sans CJK JP"),
        ("登录서울", "Noto Sans CJK KR"),
        ("前", "Noto Sans CJK SC"),
    ],
)
def test_the_font_of_the_language_comes_first(words: str, family: str, squares: str) -> None:
    fontManager.addfont(squares)
    entry = fontManager.ttflist[-1]
    others = ("A Font", "Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans CJK SC", "Unifont")
    fontManager.ttflist += [replace(entry, name=name) for name in others]
    assert fonts.fallback(words) == ((family,), "")


def test_a_broken_font_is_passed_over(squares: str, alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    alone.setattr(fonts, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), squares])
    assert fonts.fallback("登录").families == ("Squares",)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("there", [True, False])
def test_every_figure_writes_them_without_a_word_of_matplotlib(
    kind: str, there: bool, squares: str, alone: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not there:
        alone.setattr(fonts, "findSystemFonts", list)
    ax = getattr(figures, f"plot_{kind}")(tc.capacity(CHINESE), ax=style.blank())
    beyond = [text for text in texts(ax) if fonts.beyond(text.get_text())]
    assert beyond
    assert all(text.get_fontfamily()[:2] == ["DejaVu Sans", "Squares"] for text in beyond) == there
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")
        files = {ending: style.encode(ax, ending) for ending in ("png", "svg", "pdf")}
        check_words(ax)
    assert not caplog.records
    assert (b"Squares" in files["pdf"]) == there
    words, families = files["svg"].decode(), f"'DejaVu Sans', Verdana{', ' if there else ''}"
    assert "前的出口</text>" in words
    assert (f"{families}'Squares', sans-serif" if there else families) in words


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("names", OTHERS)
@pytest.mark.parametrize("kind", ["shape", "limits", "blocking"])
def test_cyrillic_greek_and_arabic_need_no_other_font(kind: str, names: tuple[str, str]) -> None:
    chain = tc.loads(NAMED.replace("前的", " ").format(*names))
    ax = getattr(figures, f"plot_{kind}")(tc.capacity(chain), ax=style.blank())
    assert any(names[0] in text.get_text() for text in texts(ax))
    assert all(text.get_fontfamily() == ["DejaVu Sans"] for text in texts(ax))
    check_words(ax)


@pytest.mark.usefixtures("alone")
def test_a_notebook_is_told_once_and_a_page_is_not() -> None:
    result = tc.capacity(CHINESE)
    with pytest.warns(UserWarning, match=f"^{re.escape(LACKING.format('登录出口前的'))}$") as caught:
        figures.plot_limits(result)
    plt.close()
    assert len(caught) == 1
    figures.plot_limits(result, ax=style.blank())


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
@pytest.mark.parametrize("there", [True, False])
def test_the_command_says_it_in_one_line_and_makes_the_figure(
    ending: str, there: bool, squares: str, alone: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not there:
        alone.setattr(fonts, "findSystemFonts", list)
    chain, path = tmp_path / "chain.toml", tmp_path / f"figure.{ending}"
    chain.write_text(NAMED.format("登录", "出口"), encoding="utf-8")
    said = invoke("plot", "limits", str(chain), "-o", str(path)).stderr.splitlines()
    assert [line for line in said if not line.startswith("wrote ")] == (
        [] if there else [LACKING.format("登录出口前的")]
    )
    assert len(said) == 2 - there
    assert path.stat().st_size > 1000


def test_two_files_are_alike_byte_for_byte(squares: str) -> None:
    for ending in ("png", "svg", "pdf"):
        first, second = (
            style.encode(figures.plot_shape(tc.capacity(CHINESE), ax=style.blank()), ending) for _ in range(2)
        )
        assert first == second


@pytest.mark.parametrize("kind", KINDS)
def test_the_title_of_the_chain_stands_over_the_finding(kind: str) -> None:
    result = tc.capacity(tc.example("mixed-by-share" if kind == "region" else "outage"))
    ax = getattr(figures, f"plot_{kind}")(result, ax=style.blank("half-page"))
    assert style.figure_of(ax).get_suptitle() == result.chain.title


def test_a_long_title_is_cut_and_stays_inside() -> None:
    chain = tc.example("outage").model_copy(update={"title": "a title\nthat " + "goes on and on 登录 " * 20})
    ax = figures.plot_limits(tc.capacity(chain), ax=style.blank("half-page"))
    check_words(ax)
    written = style.figure_of(ax).get_suptitle()
    assert written.startswith("a title that goes on")
    assert written.endswith("…")


def test_a_figure_of_several_axes_and_one_with_a_title_keep_theirs() -> None:
    result = tc.capacity(tc.example("outage"))
    figure, (left, _) = plt.subplots(1, 2)
    figures.plot_limits(result, ax=left)
    assert figure.get_suptitle() == ""
    ax = style.blank()
    style.figure_of(ax).suptitle("mine")
    figures.plot_limits(result, ax=ax)
    assert style.figure_of(ax).get_suptitle() == "mine"
    plt.close(figure)
