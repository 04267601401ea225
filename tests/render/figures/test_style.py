"""What all figures have in common: files that are the same every time, and colours that can be told apart."""

import re
from itertools import combinations

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb

import tuplecalc as tc
from tests.render.figures.looks import check_words
from tuplecalc.render import figures
from tuplecalc.render.figures import KINDS, style


def drawn(kind: str = "limits", size: style.Size = "slide") -> bytes:
    name = "mixed-by-share" if kind == "region" else "outage"
    ax = getattr(figures, f"plot_{kind}")(tc.capacity(tc.example(name)), ax=style.blank(size))
    return style.encode(ax, "png")


@pytest.mark.parametrize("file_format", ["svg", "png", "pdf"])
def test_a_file_is_the_same_byte_for_byte(file_format: str) -> None:
    first, second = (
        style.encode(figures.plot_shape(tc.capacity(tc.example("outage")), ax=style.blank()), file_format)
        for _ in range(2)
    )
    assert first == second
    assert first.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[file_format])


@pytest.mark.parametrize(("size", "pixels"), [("slide", (1200, 675)), ("half-page", (945, 645))])
def test_a_picture_has_the_pixels_of_its_size(size: style.Size, pixels: tuple[int, int]) -> None:
    header = drawn(size=size)[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == pixels


def test_a_file_names_no_time_and_no_program() -> None:
    ax = figures.plot_shape(tc.capacity(tc.example("cone")), ax=style.blank())
    assert not re.search(rb"Date|20\d\d-\d\d", style.encode(ax, "svg"))
    assert b"Software" not in style.encode(ax, "png")
    assert b"CreationDate" not in style.encode(ax, "pdf")


@pytest.mark.parametrize("kind", KINDS)
def test_settings_of_matplotlib_stay_as_they_were(kind: str) -> None:
    before = dict(mpl.rcParams)
    drawn(kind)
    assert dict(mpl.rcParams) == before


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    linear = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_are_those_of_okabe_and_ito() -> None:
    light = {style.ORANGE, style.SKY, style.GREEN, style.YELLOW}
    assert light | {style.BLUE, style.VERMILLION, style.PURPLE} == {
        *("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
    }
    assert {style.BINDING, style.NEXT} | light == light | {style.VERMILLION}


def test_words_can_be_read_on_what_is_behind_them() -> None:
    assert contrast(style.INK, style.PAPER) > 7
    assert contrast(style.MUTED, style.PAPER) > 4.5
    assert contrast(style.ON_DARK, style.BLUE) > 4.5
    for fill in (style.SKY, style.ORANGE, style.YELLOW, style.PURPLE, style.GREEN):
        assert contrast(style.ON_LIGHT, fill) > 4.5


def test_what_binds_stands_out_in_grey() -> None:
    """The next limit has a hatch besides; core and shell of the silhouette differ by themselves."""
    assert contrast(style.BINDING, style.OTHER) > 1.5
    assert contrast(style.BLUE, style.SKY) > 1.5
    assert all(one != other for one, other in combinations((style.BINDING, style.NEXT, style.OTHER), 2))


def test_a_long_finding_takes_two_lines_and_stays_inside() -> None:
    ax = style.blank("half-page")
    finding = (
        "a finding that is longer than the figure is wide, so that it is written over two lines of words"
    )
    with style.style():
        style.headline(ax, finding)
    check_words(ax)
    written = ax.get_title(loc="left")
    assert written.count("\n") == 1
    assert written.replace("\n", " ") == finding


def test_words_that_leave_the_figure_or_meet_are_found() -> None:
    """What the other tests rely on objects where it should."""
    ax = style.blank()
    style.figure_of(ax).set_layout_engine("none")
    ax.text(0.5, 0.5, "one")
    check_words(ax)
    other = ax.text(0.51, 0.5, "other")
    with pytest.raises(AssertionError, match="'one' and 'other' lie over each other"):
        check_words(ax)
    other.set_position((2, 0.5))
    with pytest.raises(AssertionError, match="'other' leaves the figure"):
        check_words(ax)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_is_no_result(kind: str) -> None:
    with pytest.raises(
        tc.ChainError, match=r"^result: .*: this is what a chain can carry; give it tc.capacity"
    ):
        getattr(figures, f"plot_{kind}")(tc.example("outage"))


def test_a_title_keeps_a_number_and_its_unit_on_one_line() -> None:
    ax = style.blank("half-page")
    finding = "a-proxy-of-some-length shared allows 586.5/s; lvs ports where hold < 1 min 30 s"
    with style.style():
        style.headline(ax, finding)
    lines = ax.get_title(loc="left").split("\n")
    assert " ".join(lines) == finding
    assert lines[1].endswith("hold < 1 min 30 s")
