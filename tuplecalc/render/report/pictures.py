"""Figures → SVG inside the page: in the page's colours, with ids of their own, and with a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.axis import axis as axis_of

CAPTIONS = {
    "shape": "The tuple space between hops, from clients to services, and what each hop lets through.",
    "limits": "What each limit allows, beside the others.",
    "rate": "The highest rate that each limit allows while one value changes; the lowest line is the limit.",
    "map": "Which limit is the tightest while two values change, with lines of equal rate.",
    "region": "The rates of two kinds of traffic that are possible together, and the limit at each edge.",
    "blocking": "The share of connections that fail, against the rate that is offered.",
    "exhaustion": "What is taken over time, from empty, at the rate that is offered.",
}
"""What each kind of figure shows; the finding is its title."""

_SLOW = ("rate", "map", "blocking")
_SLOW_OF_KINDS = ("rate", "map")  # each of their points is a capacity of its own
_MOST_LIMITS, _MOST_OF_KINDS = 300, 40  # beyond, each of these takes the better part of a minute
_POINTS_OF_KINDS = 49, 24  # of the axis of a rate, and of each axis of a map: some hundred capacities

_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_PATH, _DECIMALS = re.compile(r' d="[^"]*"'), re.compile(r"-?\d+\.\d{3,}")
_TAG = re.compile(r"<[^>]*>")
_ID, _REFERENCE = re.compile(r' id="([^"]*)"'), re.compile(r'(url\(#|href="#)([^)"]+)')


class Picture(NamedTuple):
    """A figure as a part of a page; ``title`` says what it found, ``caption`` what it shows."""

    kind: str
    title: str
    caption: str
    svg: str


def left_out(result: Capacity) -> tuple[str, ...]:
    """The kinds of figures that would take too long: those of very many limits, or of several kinds."""
    if len(result.limits) > _MOST_LIMITS:
        return _SLOW
    is_slow = result.chain.is_mixed and len(result.limits) > _MOST_OF_KINDS
    return _SLOW_OF_KINDS if is_slow else ()


def _axes(result: Capacity, kind: str) -> tuple[Axis, ...]:
    """The usual axes of a figure, with fewer values where each point is a capacity of its own."""
    from tuplecalc.render.figures import map as of_two
    from tuplecalc.render.figures import rate as of_one

    if not result.chain.is_mixed or kind not in _SLOW_OF_KINDS:
        return ()
    along, of_each = _POINTS_OF_KINDS
    if kind == "rate":
        usual = axis_of(result.chain, of_one.usual(result))
        return (usual.between(usual.values[0], usual.values[-1], along, is_log=usual.is_log),)
    return tuple(
        axis.between(axis.values[0], axis.values[-1], of_each, is_log=axis.is_log)
        for axis in of_two.usual_axes(result)
    )


def drawn(result: Capacity) -> Iterator[Picture]:
    """Each kind of figure that can be drawn for the chain, in a time that a reader waits."""
    from tuplecalc.render import figures
    from tuplecalc.render.figures import limits, style

    for kind in (kind for kind in figures.KINDS if kind not in left_out(result)):
        try:
            empty = style.blank("report", limits.rows_of(result) if kind == "limits" else 0)
            ax = getattr(figures, f"plot_{kind}")(result, *_axes(result, kind), ax=empty)
        except InputError:  # there is nothing to draw: no rate is offered, nothing runs dry, …
            continue
        title = " ".join(ax.get_title(loc="left").split())
        colours = {style.INK: "--ink", style.MUTED: "--muted", style.FAINT: "--faint", style.PAPER: "--paper"}
        svg = inline(style.encode(ax, "svg"), kind, title, colours)
        yield Picture(kind, title, CAPTIONS[kind], svg)


def inline(svg: bytes, prefix: str, label: str, colours: dict[str, str]) -> str:
    """A figure's SVG file as an element of an HTML page, as wide as its place in the page.

    Ids that something refers to begin with ``prefix``, all others are left out; the file's colours
    become the page's variables (``{"#ffffff": "--paper"}``); its style sheet, which would hold for
    the whole page, becomes a style of the element.  Words stay as they are, whatever a user calls a hop.

    >>> file = b'<svg viewBox="0 0 9 9"><g id="a" style="fill: #FFFFFF"/><path id="b"/><use href="#b"/></svg>'
    >>> print(inline(file, "cone", "A finding", {"#ffffff": "--paper"}))  # doctest: +NORMALIZE_WHITESPACE
    <svg viewBox="0 0 9 9" style="" role="img" aria-label="A finding"><g style="fill: var(--paper)"/><path
    id="cone-1"/><use href="#cone-1"/></svg>
    """
    file = svg.decode()
    root, _, body = file[file.index("<svg") :].partition(">")
    box = re.findall(r'viewBox="[^"]*"', root)[0]
    inherited = ";".join(re.findall(r"\*\s*\{([^}]*)\}", file))  # the sheet has no other rule
    body = " ".join(_UNSEEN.sub("", body).split()).replace("> <", "><").replace("xlink:href", "href")
    names: dict[str, str] = {}
    for tag in _TAG.finditer(body):
        for found in _REFERENCE.finditer(tag[0]):
            names.setdefault(found[2], f"{prefix}-{len(names) + 1}")

    def in_the_page(tag: re.Match[str]) -> str:
        made = _PATH.sub(lambda path: _DECIMALS.sub(_rounded, path[0]), tag[0])
        made = _ID.sub(lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", made)
        made = _REFERENCE.sub(lambda found: f"{found[1]}{names[found[2]]}", made)
        for colour, name in colours.items():
            made = re.sub(rf"{colour}(?![0-9a-f])", f"var({name})", made, flags=re.IGNORECASE)
        return made

    body = _TAG.sub(in_the_page, body)
    return f'<svg {box} style="{inherited}" role="img" aria-label="{escape(label)}">{body}'


def _rounded(number: re.Match[str]) -> str:
    """In hundredths of a point."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
