"""The glossary: what explains a word, and that no word of the output is without an explanation."""

import re
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import invoke, refused, run
from tests.docs import FOLDER
from tuplecalc.limits import kinds
from tuplecalc.render import capacity, glossary, table
from tuplecalc.render import kinds as of_kinds
from tuplecalc.under_load.offered import offered

WORDS = [word for section in glossary.sections() for entry in section.entries for word in entry.words]


def test_each_word_stands_once_and_leads_to_its_entry() -> None:
    assert len({word.casefold() for word in WORDS}) == len(WORDS)
    for section in glossary.sections():
        for entry in section.entries:
            assert all(glossary.find(word.upper()) is entry for word in entry.words)
            assert entry.text.endswith(".")


def test_every_limit_column_mark_and_kind_of_hop_is_explained() -> None:
    """The words that a table uses, from the tables themselves."""
    limits = {kind.name for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)}
    mixed = tc.capacity(tc.example("mixed-by-share"))
    load = offered(mixed)
    way = table.Way(9, 9, 2)
    tables = (
        capacity._hops(mixed, load, way),
        capacity._limits(mixed, way, is_wide=True),
        capacity._limits_of_kinds(mixed, way, is_wide=True),
    )
    columns = {cell for rows in tables for cell in next(rows)} | {*of_kinds.header(mixed, load)}
    rows = {
        row[1]
        for name in ("outage", "hourglass")
        for row in capacity._hops(tc.capacity(tc.example(name)), tc.offered(tc.example(name)), way)
    }
    verdicts = {
        "fits",
        "tight",
        "fails",
        "best case",
        "blind pick",
        "at most",
        "bracket",
        "estimate",
        "next in line",
    }
    used = {re.sub(r" /s$", "", word) for word in limits | columns | rows | verdicts} - {""}
    assert {"shared", "room", "forwarder", "NAT", "up to"} <= used
    assert [word for word in sorted(used) if glossary.find(word) is None] == []


def test_the_chinese_page_explains_no_other_words() -> None:
    """Each of its first cells names words of the glossary, apart from what it says of the file's keys."""
    page = (FOLDER / "glossary.zh-CN.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (?!英文|名字|---)([^|]+?) \|", page, re.MULTILINE)
    bare = (re.sub(r" ?\(.*?\)|`|◀|\bthe ", "", cell.partition(": ")[2] or cell) for cell in cells)
    words = [word.strip() for cell in bare for word in re.split("[,;、…]", cell) if word.strip()]
    assert len(words) > 40
    assert [word for word in words if glossary.find(word) is None] == []


@pytest.mark.parametrize(("word", "first"), [("nat", "NAT (also: cone)"), ("Cone", "NAT (also: cone)")])
def test_a_word_is_explained(word: str, first: str) -> None:
    said = invoke("explain", word)
    assert (said.exit_code, said.stdout.splitlines()[0], said.stderr) == (0, first, "")
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_a_file_or_an_example_of_that_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cone = invoke("explain", "cone")
    assert cone.stdout.startswith("Office NAT with four public addresses\n")
    assert cone.stderr == "The word cone: tuplecalc explain CONE\n"
    assert invoke("explain", "CONE").stdout.startswith("NAT (also: cone)\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tuple").write_text("clients.addresses = 1\nservices = { addresses = 1, ports = 80 }\n")
    assert "clients · ports" in invoke("explain", "tuple").stdout


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blind-pick", 'did you mean "blind pick"?'),
        ("hourgalss", 'did you mean "hourglass"?'),
        ("xyzzy", "docs/glossary.md has them all"),
    ],
)
def test_what_is_neither_says_both(name: str, hint: str) -> None:
    said = refused(run("explain", name))
    assert "no example is called" in said or "there is no such file" in said
    assert said.endswith(f"\nAs a word of the glossary: {hint}")


def test_options_are_those_of_a_chain() -> None:
    assert "no example is called so" in refused(run("explain", "tuple", "--knobs"))
