"""All that is written of networks of several kinds, by chance: it fits, it is valid, and adds up."""

import csv
import io
import json
import re
from math import isclose

import pytest
from rich.cells import cell_len
from rich.console import Console

import tuplecalc as tc
from tests.oracle.kinds import from_seed
from tests.test_json_contract import validator
from tuplecalc.render import capacity as render
from tuplecalc.render import explanation, html, kinds
from tuplecalc.render.table import Page
from tuplecalc.under_load.offered import offered

SEEDS = (0, 1, 2, 3, 7, 41, 58, 98)  # the last ones: hops of one machine that share a key space


def written(result: tc.Capacity, width: int = 80) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system=None, highlight=False
    )
    page = Page(min(width, 120), width)
    console.print(render.text(result, offered(result), page), soft_wrap=True, end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("seed", SEEDS[:-1])  # of the last one it takes long to say what would help
def test_all_that_is_written(seed: int) -> None:
    chain = tc.from_dict(from_seed(seed))
    result, load = tc.capacity(chain), offered(chain)
    names = [(limit.hop, limit.name) for limit in result.limits]
    assert len(set(names)) == len(names)
    lines = written(result).splitlines()
    assert max(cell_len(line) for line in lines if "--set" not in line) <= 80
    assert render.markdown(result, load).count("\n|") > 4
    assert "<table" in html.fragment(result)
    rows = list(csv.DictReader(io.StringIO(render.csv_rows(("", result)))))
    assert [(row["hop"], row["limit"]) for row in rows] == names
    validator("capacity").validate(json.loads(json.dumps(tc.to_dict(result))))
    parts = list(kinds.rows(result, load))
    assert [row[0] for row in parts] == [kind.name for kind in chain.traffic.kinds]
    assert all(len(row) == len(kinds.header(result, load)) for row in parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_closed_forms_give_the_numbers(seed: int) -> None:
    explained = tc.explain(tc.from_dict(from_seed(seed)))
    for each in explained.limits:
        for form, value in ((each.flows, each.limit.flows), (each.rate, each.limit.rate)):
            assert (form is None) == (value is None)
            if form is not None and value is not None:
                found = form.expression.subs(form.values)
                assert isclose(found, value, rel_tol=1e-12), (each, form.text)
    assert explained.flows.xreplace(explained.values) == explained.result.flows
    text = explanation.text(explained)
    assert max(map(cell_len, text.splitlines())) <= 80
    marked = len(explained.result.tightest) + len(explained.result.tightest_of_rate)
    assert text.count("◀ limits") == marked
    latex = explanation.latex(explained)
    assert re.findall(r"\\begin\{(.*?)\}", latex) == re.findall(r"\\end\{(.*?)\}", latex)
    assert explanation.markdown(explained).splitlines().count("$$") % 2 == 0
    validator("explain").validate(json.loads(json.dumps(tc.to_dict(explained))))
