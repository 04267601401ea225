"""Figures → SVG inside the page: in the page's colours, with ids of their own, and with a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CAPTIONS = {
    "shape": "The tuple space of each leg, from the clients to the services, and what each hop lets through.",
    "limits": "What each limit allows, beside the others.",
    "rate": "The highest rate that each limit allows while one value changes; the lowest line binds.",
    "map": "Which limit binds while two values change, with lines of equal rate.",
    "blocking": "The share of connections that fail, against the rate that is offered.",
    "exhaustion": "What is taken over time, from empty, at the rate that is offered.",
}
"""What each kind of figure shows; the finding is its title."""

_SLOW = ("rate", "map", "blocking")
_MOST_LIMITS = 300  # beyond, each of these takes the better part of a minute

_DECIMALS = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class Picture(NamedTuple):
    """A figure as a part of a page; ``title`` says what it found, ``caption`` what it shows."""

    kind: str
    title: str
    caption: str
    svg: str


def left_out(result: Capacity) -> tuple[str, ...]:
    """The kinds of figures that would take too long: those of very many limits."""
    return _SLOW if len(result.limits) > _MOST_LIMITS else ()


def drawn(result: Capacity) -> Iterator[Picture]:
    """Each kind of figure that can be drawn for the chain, in a time that a reader waits."""
    from tuplecalc.render import figures
    from tuplecalc.render.figures import style

    for kind in (kind for kind in figures.KINDS if kind not in left_out(result)):
        try:
            ax = getattr(figures, f"plot_{kind}")(result, ax=style.blank("half-page"))
        except InputError:  # there is nothing to draw: no rate is offered, nothing runs dry, …
            continue
        title = " ".join(ax.get_title(loc="left").split())
        colours = {style.INK: "--ink", style.MUTED: "--muted", style.FAINT: "--faint", style.PAPER: "--paper"}
        svg = inline(style.encode(ax, "svg"), kind, title, colours)
        yield Picture(kind, title, CAPTIONS[kind], svg)


def inline(svg: bytes, prefix: str, label: str, colours: dict[str, str]) -> str:
    """An SVG file as an element of an HTML page.

    Ids that something refers to begin with ``prefix``, all others are left out; the file's colours
    become the page's variables (``{"#ffffff": "--paper"}``); its style sheet, which would hold for
    the whole page, becomes a style of the element.

    >>> file = b'<svg viewBox="0 0 9 9"><g id="a" style="fill: #FFFFFF"/><path id="b"/><use href="#b"/></svg>'
    >>> print(inline(file, "cone", "A finding", {"#ffffff": "--paper"}))  # doctest: +NORMALIZE_WHITESPACE
    <svg viewBox="0 0 9 9" role="img" aria-label="A finding"><g style="fill: var(--paper)" /><path
    id="cone-1" /><use href="#cone-1" /></svg>
    """
    root = ElementTree.fromstring(svg)
    parents = [(parent, child) for parent in root.iter() for child in parent]
    for parent, child in parents:
        if _local(child.tag) == "style":
            root.set("style", _inherited(child.text or ""))
        if _local(child.tag) in ("metadata", "style"):
            parent.remove(child)
    for element in root.iter():
        _plain(element, colours)
    names = {name: f"{prefix}-{n}" for n, name in enumerate(_references(root), 1)}
    for element in root.iter():
        _rename(element, names)
    for key in ("width", "height", "version"):  # as wide as its place in the page
        root.attrib.pop(key, None)
    root.attrib.update({"role": "img", "aria-label": label})
    return ElementTree.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _inherited(sheet: str) -> str:
    """The declarations of ``*{…}``: matplotlib's sheet has no other rule, and what it sets is inherited."""
    return ";".join(re.findall(r"\*\s*\{([^}]*)\}", sheet))


def _plain(element: Element, colours: dict[str, str]) -> None:
    """Without namespaces, which HTML knows by itself, and without what nobody sees."""
    element.tag = _local(element.tag)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    element.attrib.clear()
    element.attrib.update(attributes)
    element.text = (element.text or "").strip() or None
    element.tail = None
    if "style" in attributes:
        element.set("style", _themed(attributes["style"], colours))
    if "d" in attributes:
        element.set("d", _DECIMALS.sub(_rounded, " ".join(attributes["d"].split())))


def _rounded(number: re.Match[str]) -> str:
    """In hundredths of a point."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _themed(declarations: str, colours: dict[str, str]) -> str:
    for colour, name in colours.items():
        declarations = re.sub(rf"{colour}(?![0-9a-f])", f"var({name})", declarations, flags=re.IGNORECASE)
    return declarations


def _references(root: Element) -> dict[str, None]:
    found: dict[str, None] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            found.update(dict.fromkeys(_REFERENCE.findall(value)))
            if name == "href" and value.startswith("#"):
                found[value[1:]] = None
    return found


def _rename(element: Element, names: dict[str, str]) -> None:
    for name, value in list(element.attrib.items()):
        if name == "id":
            if value in names:
                element.set(name, names[value])
            else:
                del element.attrib[name]
        elif name == "href" and value.startswith("#"):
            element.set(name, f"#{names[value[1:]]}")
        elif "url(#" in value:
            element.set(name, _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value))
