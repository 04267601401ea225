"""The glossary: what explains a word, and that no word of the output is without an explanation."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

import tuplecalc as tc
from tests.command import invoke, refused, run
from tuplecalc.limits import kinds
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render import capacity, explanation, glossary, table
from tuplecalc.render import kinds as of_kinds
from tuplecalc.render.report import assumptions
from tuplecalc.under_load.collision import KERNELS
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


def test_each_chinese_word_stands_once_and_its_entry_is_chinese() -> None:
    entries = [entry for section in glossary.sections() for entry in section.entries]
    words = [word for entry in entries for word in entry.zh_words]
    assert len(set(words)) == len(words) >= len(entries)
    assert not any(word.isascii() for word in words)
    for entry in entries:
        assert all(glossary.find(word) is entry for word in entry.zh_words)
        assert entry.zh_text.endswith("。")


def test_what_a_chain_files_reader_looks_for_is_there_in_both_languages() -> None:
    for word in ("served", "unserved", "reuse_after", "client_ports", "blocks_per_client", "flows_each"):
        assert glossary.find(word), word
    cone = glossary.find("锥")
    assert cone is not None
    assert "RFC 3489" in cone.zh_text  # there a cone NAT is another thing


def test_a_chinese_word_is_explained_in_chinese() -> None:
    said = invoke("explain", "端口块")
    assert (said.exit_code, said.stderr) == (0, "")
    first, *others = said.stdout.splitlines()
    assert first == "端口块 (port block, blocks_per_client, overflow)"
    assert "".join(line.strip() for line in others).startswith("NAT 一次分给一个客户端的一段端口")
    assert max(map(cell_len, others)) <= 80


@pytest.mark.parametrize(("word", "first"), [("nat", "NAT (also: cone)"), ("Cone", "NAT (also: cone)")])
def test_a_word_is_explained(word: str, first: str) -> None:
    said = invoke("explain", word)
    assert (said.exit_code, said.stdout.splitlines()[0], said.stderr) == (0, first, "")
    assert max(map(len, said.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", [name for name in EXAMPLES if glossary.find(name)])
def test_a_word_goes_before_the_example_of_that_name(name: str) -> None:
    said, entry = invoke("explain", name), glossary.find(name)
    assert entry is not None
    assert said.stdout == glossary.text(entry)
    way = f"tuplecalc examples {name} | tuplecalc explain -"
    assert said.stderr == f"The formulas of the example {name}: {way}\n"
    by_this = invoke("explain", "-", stdin=invoke("examples", name).stdout).stdout
    assert by_this == explanation.text(tc.explain(tc.example(name)))
    assert "Office NAT" in by_this or name != "cone"
    for asked in (["-o", "markdown"], ["--set", "clients.addresses=9"], ["--knobs"]):  # these are of a chain
        assert not invoke("explain", name, *asked).stdout.startswith(said.stdout.splitlines()[0])


def test_a_file_of_that_name_goes_before_the_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tuple").write_text("clients.addresses = 1\nservices = { addresses = 1, ports = 80 }\n")
    said = invoke("explain", "tuple")
    assert "clients · ports" in said.stdout
    assert said.stderr == "The word tuple: tuplecalc explain TUPLE\n"
    (tmp_path / "hop").mkdir()
    assert invoke("explain", "hop").stdout.startswith("hop")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blind-pick", 'the nearest is "blind pick"; docs/glossary.md has them all'),
        ("noports", 'the nearest are "ports" and "client_ports"; docs/glossary.md has them all'),
        ("xyzzy", "docs/glossary.md has them all"),
        ("端口块块", 'the nearest are "端口块" and "端口"; docs/glossary.zh-CN.md has them all'),
        ("登录", "docs/glossary.zh-CN.md has them all"),
    ],
)
def test_what_is_neither_says_both_and_the_nearest_words_first(name: str, hint: str) -> None:
    first, second = refused(run("explain", name)).splitlines()
    assert first.endswith(f"{name}: no word of the glossary; {hint}")
    assert second == "As a chain file: there is no such file and no example is called so"


@pytest.mark.parametrize("name", ["missing.toml", "folder/joint"])
def test_what_can_only_be_a_file_is_no_word(name: str) -> None:
    assert "glossary" not in refused(run("explain", name))


def test_words_of_readers_who_had_the_output_only() -> None:
    words = ["captures", "traffic", "practically none", "CGN", "squid", "by kind", "gives-way", "search"]
    words += ["turned away", "kept", "table", "has room for", "◀", "地址", "捕获", "端口"]
    words += ["clusters", "sidecar", "ErrorPortAllocation", "SYN", "half fail", "burst"]
    assert [word for word in words if glossary.find(word) is None] == []
    for word, said, beside in (
        ("entries", "max_entries", "Not counted"),
        ("shared", "Every port of the table", "joint"),
        ("joint", "only where it is lower", "shared"),
        ("up to", "0 where the others alone are too much", "failing"),
        ("flows", "all kinds together", "limit"),
    ):
        entry = glossary.find(word)
        assert entry is not None
        assert said in entry.text, word
        assert beside in entry.text, word
        assert beside.split()[0] in entry.zh_text or word in ("flows",), word


def test_what_is_known_of_the_kernels_behind_survival_is_the_same_everywhere() -> None:
    """Keys, glossary, model and the report; each on one line."""
    survival = glossary.find("survival")
    assert survival is not None
    root = Path(__file__).parents[2] / "docs"
    pages = [
        root.joinpath(f"{name}.md").read_text(encoding="utf-8") for name in ("keys", "model", "glossary")
    ]
    for text in (*pages, survival.text, assumptions.ORIGINS["survival"]):
        assert KERNELS in " ".join(text.split())
    assert all(version in survival.zh_text for version in ("6.18", "6.1 ", "5.18", "6.0"))


def test_options_are_those_of_a_chain() -> None:
    assert "no example is called so" in refused(run("explain", "tuple", "--knobs"))
