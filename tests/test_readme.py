"""The README's commands give the README's outputs, and its set-up commands are the ones that CI runs.

The documents beside it: what they link to is there, and the model's examples are what the program says.
"""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tuplecalc
from tuplecalc.network.file import EXAMPLES

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the README's chain file."""
    (topology,) = blocks("toml")
    (name,) = re.findall(r"^`(\w+\.toml)`", TEXT, re.MULTILINE)
    (tmp_path / name).write_text(topology, encoding="utf-8")
    return tmp_path


def test_every_fenced_block_is_checked_here() -> None:
    assert {name for name, _ in BLOCKS} == {"toml", "console", "sh", "pycon"}
    assert TEXT.count("```") == 2 * len(BLOCKS)


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0])
def test_a_command_gives_its_output(block: str, folder: Path) -> None:
    command, _, output = block.removeprefix("$ ").partition("\n")
    assert block.startswith("$ tuplecalc ")
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    function = f'tuplecalc() {{ "{sys.executable}" -m tuplecalc.cli "$@"; }}'
    run = subprocess.run(
        ["bash", "-c", f"{function}\n{command}"],
        cwd=folder,
        env={**environment, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert run.stdout.decode() == output


def test_the_library_gives_its_output() -> None:
    (session,) = blocks("pycon")
    example = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_there_are_exactly_two_set_up_commands_and_ci_runs_the_second() -> None:
    set_up = blocks("sh")
    assert len(set_up) == 2
    assert all(command.count("\n") == 1 for command in set_up)
    assert set_up[0].endswith("tuplecalc capacity\n")
    assert set_up[1].endswith("pytest\n")
    show = subprocess.run([ROOT / ".ci" / "run", "--show"], capture_output=True, text=True, check=True)
    assert show.stdout == set_up[1]


def test_the_commands_are_all_there() -> None:
    from tuplecalc.cli import COMMANDS

    assert set(re.findall(r"^\| `tuplecalc (\w+)", TEXT, re.MULTILINE)) == set(COMMANDS)


def test_the_folders_are_all_there() -> None:
    package = Path(tuplecalc.__file__).parent
    named = set(re.findall(r"^\| `tuplecalc/(\w+)`", TEXT, re.MULTILINE))
    assert named == {path.name for path in package.iterdir() if path.is_dir() and path.name[0] not in "_."}


def test_lines_are_short_enough_to_read() -> None:
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert max(map(len, prose.splitlines())) <= 120


@pytest.mark.parametrize(
    "name",
    ["README.md", "CHANGELOG.md", *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))],
)
def test_what_is_linked_is_there(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text(encoding="utf-8"))
    for target, anchor in links:
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor[1:] in [each.lower().replace(" ", "-") for each in headings(linked)]


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_docstrings_name_sections_of_the_model() -> None:
    sources = Path(tuplecalc.__file__).parent.rglob("*.py")
    text = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in sources)
    cited = set(re.findall(r'docs/model\.md, "([^"]+)"', text))
    assert {"One core", "Faces", "Blind choice"} <= cited <= set(headings(ROOT / "docs" / "model.md"))


def test_the_models_worked_examples() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    row = r"^\| `([\w-]+)` \| ([\d,]+)[^|]* \| ([\w -]+) \| ([\d,.]+)[^|]* \| ([\w -]+) \|$"
    found = re.findall(row, text, re.MULTILINE)
    assert sorted(name for name, *_ in found) == sorted(EXAMPLES)
    for name, flows, binding, rate, rate_binding in found:
        result = tuplecalc.capacity(tuplecalc.example(name))
        assert flows == f"{result.flows:,}"
        assert rate == f"{float(result.rate or 0):,.6f}".removesuffix("000")
        for limit, said in ((result.binding, binding), (result.rate_binding, rate_binding)):
            assert limit is not None
            assert said == f"{limit.hop} {limit.name}"
