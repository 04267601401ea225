"""Two limits of a hop that are as tight as each other: every output says so of both."""

import csv
import io

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.questions.comparison import compare
from tuplecalc.render import capacity as render
from tuplecalc.render import compared, explanation
from tuplecalc.render.figures import style
from tuplecalc.render.figures.limits import plot_limits
from tuplecalc.render.figures.shape import plot_shape

TIE = """
clients = {addresses = 9}
hops = [{name = "nat", kind = "cone", addresses = 1, block = 21504}]
services = {addresses = 1, ports = 80}
"""
BOTH = "nat ports and block are equal, and"


def tie() -> tc.Capacity:
    return tc.capacity(tc.loads(TIE))


def test_the_tables_mark_both() -> None:
    rows = {row["limit"]: row["binds"] for row in csv.DictReader(io.StringIO(render.csv_rows(("", tie()))))}
    assert rows == {"ports": "both", "block": "both"}
    assert render.text(tie()).plain.count("◀ limits") == 2
    assert render.markdown(tie()).count("| **nat** |") == 2


def test_explain_marks_both_limits_and_both_terms() -> None:
    said = explanation.text(tc.explain(tie().chain))
    assert said.count("  nat ports  ◀\n") == said.count("  nat block  ◀\n") == 2
    assert said.count("◀ limits") == 4  # the flows and the rate of both


def test_the_report_names_both_on_its_cards_and_in_its_tables() -> None:
    page = tc.report(tie(), compare=tie())
    assert page.count(f"<dd>{BOTH} limit them for the 3 of 9 clients") == 2
    assert page.count('<th scope="row">block <span class="badge">limits</span></th>') >= 1
    assert page.count("nat ports and block</td>") >= 4


def test_titles_of_figures_name_both() -> None:
    titles = [
        draw(tie(), ax=style.blank()).get_title(loc="left").replace("\n", " ")
        for draw in (plot_limits, plot_shape)
    ]
    assert all(title.startswith(f"{BOTH} allow ") for title in titles), titles


def test_a_comparison_and_a_solution_name_both() -> None:
    said = " ".join(compared.text(compare(tie(), tie())).split())
    assert said.count(f"{BOTH} limit this, as before.") == 2
    assert BOTH in " ".join(
        invoke("solve", "-", "--for", "hops.nat.addresses", "--flows", "60000", stdin=TIE).stdout.split()
    )


def test_what_is_next_in_line_is_none_of_them() -> None:
    found = tie().next_binding, tie().next_rate_binding
    assert [each and each.hop for each in found] == ["clients", "clients"]
