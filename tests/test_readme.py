"""The README: short, in its order, and its set-up commands are the ones that CI runs.

What its commands write is in tests/test_pages.py, as every page's.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import tuplecalc
from tests.pages import ROOT, blocks
from tuplecalc.network.presets import presets

README = ROOT / "README.md"
CHINESE = ROOT / "README.zh-CN.md"
TEXT = README.read_text(encoding="utf-8")


def test_it_is_short_and_in_this_order() -> None:
    assert TEXT.count("\n") <= 150
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == [
        "Install, and a first answer",
        "Your chain",
        "Which kind, which preset",
        "How to read the output",
        "Pictures",
        "Where to go next",
    ]
    said = TEXT.split("\n## ")[0].splitlines()[2:]
    assert len([line for line in said if line]) == 5  # what it is for


def test_the_first_two_set_up_commands_are_the_users_and_cis() -> None:
    used, changed, *_ = [block.text for block in blocks(README, "sh")]
    assert used.count("\n") == changed.count("\n") == 1
    assert used.endswith("tuplecalc capacity\n")
    assert changed.endswith("pytest\n")
    show = subprocess.run([ROOT / ".ci" / "run", "--show"], capture_output=True, text=True, check=True)
    assert show.stdout == changed


def test_both_languages_have_the_same_chain() -> None:
    (chain,), (translated,) = blocks(README, "toml"), blocks(CHINESE, "toml")
    one, other = tomllib.loads(chain.text), tomllib.loads(translated.text)
    assert {**one, "title": ""} == {**other, "title": ""}


@pytest.mark.parametrize("page", [README, CHINESE], ids=["English", "Chinese"])
def test_the_table_of_devices_names_presets_of_its_kinds(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]* \| `(cone|hourglass|\[clients\])` \| ([^|]*) \|$", text, re.MULTILINE)
    assert len(rows) >= 11
    kinds = {name: preset.kind for name, preset in presets().items()}
    for kind, named in rows:
        names = re.findall(r"`([a-z][\w-]+)`", named)
        assert names
        assert {kinds[name] for name in names} == {kind.strip("[]")}, named


def test_the_commands_are_all_on_the_front_page_of_the_site() -> None:
    from tuplecalc.cli import COMMANDS

    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `tuplecalc (\w+)", text, re.MULTILINE)) == set(COMMANDS)


def test_what_it_says_of_haproxy() -> None:
    """The figures beside the first answer."""
    chain = tuplecalc.loads(blocks(README, "toml")[0].text)
    result = tuplecalc.offered(tuplecalc.capacity(chain))
    (ports,) = [limit for limit in tuplecalc.capacity(chain).limits if limit.name == "upstream"]
    assert "28,232 ports towards each server" in TEXT
    assert (ports.size.value, ports.scopes.value) == (28_232, 2)
    assert "One of five connections fails" in TEXT
    assert result.expected is not None
    assert 0.2 < float(result.expected.upper) < 0.25


def test_lines_are_short_enough_to_read() -> None:
    prose = re.sub(r"^```.*?^```$|^\|.*?$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert max(map(len, prose.splitlines())) <= 130
