"""CSV and Markdown with names that could break them."""

import csv

import tuplecalc as tc
from tuplecalc.render.capacity import csv_rows, markdown

ODD = "a|b, 'c' *d* <e>"
CHAIN = tc.Chain(
    title=ODD,
    clients=tc.Clients(addresses=9),
    hops=[tc.Cone(name=ODD, addresses=1)],
    services=tc.Services(addresses=1, ports=80),
)


def test_csv_quotes_names() -> None:
    rows = list(csv.DictReader(csv_rows(("", tc.capacity(CHAIN))).splitlines()))
    assert [row["hop"] for row in rows] == ["clients", ODD]


def test_markdown_escapes_names() -> None:
    text = markdown(tc.capacity(CHAIN))
    escaped = "a\\|b, 'c' \\*d\\* &lt;e>"
    assert text.startswith(f"## {escaped}\n")
    assert f"| **{escaped}** | **ports** |" in text
    rows = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {6}


def test_markdown_sections_are_apart() -> None:
    paragraphs = markdown(tc.capacity(tc.example("cone"))).split("\n\n")
    assert paragraphs[0] == "## Office NAT with four public addresses"
    assert paragraphs[1].startswith("**Fits: none of the connections is expected to fail at 1,500/s.**")
    assert paragraphs[-1].startswith("- Closed connections that free their port at nat after 30s: ")
