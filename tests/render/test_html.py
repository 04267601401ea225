"""The fragment in a notebook."""

from html.parser import HTMLParser

import tuplecalc as tc
from tuplecalc.render.html import fragment


class Tags(HTMLParser):
    """Checks that what is opened is closed, and collects the cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.cells[-1] += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert not tags.open
    return tags


def test_the_limits_are_there_and_the_binding_one_is_marked() -> None:
    cells = parsed(fragment(tc.capacity(tc.example("outage")))).cells
    assert len(cells) == 3 * 5 + 5 * 5  # the hops, and their limits
    assert cells[10:15] == ["login-proxy", "387,072", "193,536", "586.5", "119%"]
    assert cells[-5:] == ["", "shared", "floor(|A ∪ L| / 2)·b·E'", "193,536 ◀", "586.5 ◀"]


def test_the_sentences_and_advice_are_there() -> None:
    html = fragment(tc.capacity(tc.example("outage")))
    assert "<p>700/s offered is 119% of the highest rate: overloaded. login-proxy shared is the first" in html
    assert html.count("<li>") == len(tc.advise(tc.capacity(tc.example("outage"))))


def test_names_are_escaped() -> None:
    html = fragment(tc.capacity(tc.cone(title="<script>", name="a<b>&")))
    assert "<script>" not in html
    assert "a<b>" not in html
    assert "a<b>&" in parsed(html).cells
