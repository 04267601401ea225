"""Chains for reports, and a page taken apart without a browser."""

from html.parser import HTMLParser

import tuplecalc as tc
from tests.algebra.cases import PROXY, chain, cone

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "img", "input"}
MARKUP = chain(
    cone(name=EVIL, port_search="exhaustive"),
    {**PROXY, "name": '"><img src=x onerror=alert(1)>&amp;'},
    {**PROXY, "name": "a name without any blank".replace(" ", "-") * 12},
    title="<h1>&</title>",
    traffic={"rate": 700, "hold": 1},
)
"""Names and a title that would be markup, and one that is very long."""


class Page(HTMLParser):
    """A page's elements, each closed where it should be, with their attributes and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.cells: list[list[str]] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.texts.append(" ".join(data.split()))
        if {"td", "th"} & set(self.open):
            self.cells[-1][-1] += data

    def headings(self, tag: str) -> list[str]:
        """The ids of the headings of a level."""
        return [str(attributes.get("id")) for name, attributes in self.tags if name == tag]

    def rows(self, first: str) -> list[list[str]]:
        """The rows that begin with this cell."""
        stripped = ([" ".join(cell.split()) for cell in row] for row in self.cells)
        return [row for row in stripped if row[0] == first]

    @property
    def text(self) -> str:
        """All that is to be read."""
        return " ".join(self.texts)


def page(design: tc.Chain, **keys: object) -> Page:
    """A chain's report, taken apart."""
    from tuplecalc.render.report import report

    return Page(report(tc.capacity(design), **keys))  # type: ignore[arg-type]
