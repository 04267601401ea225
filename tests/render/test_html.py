"""The fragment in a notebook."""

from html.parser import HTMLParser

import pytest

import tuplecalc as tc
from tuplecalc.render.explanation import steps
from tuplecalc.render.html import fragment, load


class Tags(HTMLParser):
    """Checks that what is opened is closed, and collects the cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
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
    order = [
        "</h4>",
        "<b>Fails: ",
        "193,536 connections can be open at once",
        "<b>First remedy.</b> No connection tracking",
        "<code>--set hops.login-proxy.tracking=off</code>",
        "Best case, if no two hops ever picked the same port: 16.2% fail",
        "inverted cone (a proxy behind a NAT",
        "What else would help",
    ]
    assert sorted(order, key=html.index) == order
    assert html.count("<li>") == len(tc.advise(tc.capacity(tc.example("outage")))) - 1
    linked = fragment(
        tc.capacity(
            tc.with_settings(tc.example("outage"), "hops.lvs.ports=", "hops.lvs.preset=tencent-nat-gateway")
        )
    )
    assert '<a href="https://www.tencentcloud.com/document/product/1015/30230"' in linked


def test_names_are_escaped() -> None:
    html = fragment(tc.capacity(tc.cone(title="<script>", name="a<b>&")))
    assert "<script>" not in html
    assert "a<b>" not in html
    assert "a<b>&" in parsed(html).cells


def test_what_becomes_of_a_rate_is_paragraphs() -> None:
    html = load(tc.offered(tc.example("outage")))
    assert html.count("<p>") == html.count("</p>") == 4
    assert html.startswith("<p>Fails: ")
    assert "<p>Best case, if no two hops ever picked the same port: 16.2% fail" in html
    assert "neither sees what the other has taken" in html
    chain = tc.with_settings(tc.example("outage"), 'hops.lvs.name="<b>"')
    assert "&lt;b&gt;" in load(tc.offered(chain))
    assert "<b>" not in load(tc.offered(chain))


def test_results_are_short_where_a_notebook_lists_them() -> None:
    result = tc.capacity(tc.example("outage"))
    assert repr(result.binding) == (
        "<Limit login-proxy/shared: floor(|A ∪ L| / 2)·b·E' = 193,536 flows, 586.473/s>"
    )
    assert repr(result.hops[1]) == "<HopCapacity lvs: 387,072 flows, 921.6/s, 1 limits>"
    assert repr(tc.offered(result)) == (
        "<Offered 700/s: 119.4% of the highest rate, 0.478 to 0.648 expected to fail, 0.162 in the best case>"
    )
    assert repr(tc.offered(result.chain, 0.5)) == repr(tc.offered(result))
    direct = tc.capacity(tc.loads("clients.addresses = 9\nservices = {addresses = 2, ports = 80}"))
    assert repr(tc.offered(direct)) == "<Offered nothing>"


@pytest.mark.parametrize(
    ("hop", "name", "message"),
    [
        ("lvs", "entries", 'no limit is called "entries" at "lvs"; the only limit there is ports'),
        ("nat", "ports", 'no limit is called "ports" at "nat"; the hops are clients, lvs, login-proxy'),
    ],
)
def test_a_limit_is_found_by_its_names(hop: str, name: str, message: str) -> None:
    result = tc.capacity(tc.example("outage"))
    assert result.limit("lvs", "ports") is result.limits[1]
    explained = tc.explain(result.chain)
    assert explained.limit("lvs", "ports").limit == result.limits[1]
    for found in (result, explained):
        with pytest.raises(tc.InputError) as caught:
            found.limit(hop, name)
        assert str(caught.value) == message


def test_where_there_is_one_hop_it_is_the_only_one() -> None:
    direct = tc.capacity(tc.loads("clients.addresses = 9\nservices = {addresses = 2, ports = 80}"))
    with pytest.raises(
        tc.InputError, match=r'^no limit is called "ports" at "nat"; the only hop is clients$'
    ):
        direct.limit("nat", "ports")


def test_the_forms_of_a_limit_are_latex() -> None:
    latex = steps(tc.explain(tc.example("outage")).limit("login-proxy", "shared"))
    assert latex.startswith("$$\n\\begin{aligned}\n\\text{flows} &= ")
    assert latex.rstrip("$\n").endswith(r"\approx 586.473 / \text{s}" + "\n\\end{aligned}")
