"""Every page of the documentation: its commands give the outputs shown, and what it links to is there."""

import doctest
import re
from difflib import unified_diff
from pathlib import Path

import pytest

import tuplecalc
from tests.pages import FENCE, PAGES, ROOT, blocks, empty_folder, rewritten, title, written
from tuplecalc.limits import kinds
from tuplecalc.network.file import EXAMPLES

LANGUAGES = {
    "console",  # run here, and compared
    "toml",  # a chain file where it has a title, as other blocks with one; else a part of one
    "pycon",  # run here, and compared
    "sh",  # for another machine, for root, or for once
    "text",  # what such a command writes
    "math",
    "yaml",
    "promql",
}
each_page = pytest.mark.parametrize("page", PAGES, ids=title)


@each_page
def test_the_commands_give_their_outputs(page: Path) -> None:
    with empty_folder():
        again = rewritten(page)
    shown = page.read_text(encoding="utf-8")
    assert again == shown, "\n".join(
        unified_diff(shown.splitlines(), again.splitlines(), "shown", "now", lineterm="")
    )


@each_page
def test_every_command_shows_something(page: Path) -> None:
    """A filter behind a pipe that finds nothing any more would show nothing, and be written so."""
    for block in blocks(page, "console"):
        for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            assert shown.count("\n") > 1, shown


@each_page
def test_the_library_gives_its_output(page: Path) -> None:
    session = "\n".join(block.text for block in blocks(page, "pycon"))
    example = doctest.DocTestParser().get_doctest(session, {}, title(page), title(page), 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@each_page
def test_every_fenced_block_is_of_a_known_language(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fenced = [block.language for block in blocks(page)]
    assert set(fenced) <= LANGUAGES
    bare = len(re.findall(r"^```\n.*?^```$", FENCE.sub("", text), re.MULTILINE | re.DOTALL))
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * (len(fenced) + bare)


def headings(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+)$", prose, re.MULTILINE)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"], ids=title)
def test_what_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text(encoding="utf-8"))
    for target, place in links:
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        if place:
            assert place[1:] in map(anchor, headings(linked)), f"{target}{place}"


def test_pages_of_the_site_link_to_pages_of_the_site() -> None:
    """Those of docs/, and the notebooks; what lies elsewhere is named in code letters."""
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            folder = (page.parent / target).resolve().relative_to(ROOT).parts[0]
            assert folder in ("docs", "notebooks"), (title(page), target)


def test_every_page_can_be_reached_from_the_front_page() -> None:
    """By links, from docs/index.md and from the README."""
    for start in (ROOT / "docs" / "index.md", ROOT / "README.md"):
        seen, todo = set(), [start]
        while todo:
            page = todo.pop()
            if page in seen:
                continue
            seen.add(page)
            for target in re.findall(r"\]\((?!https?:)([^)#]+\.md)", page.read_text(encoding="utf-8")):
                todo.append((page.parent / target).resolve())
        assert set((ROOT / "docs").rglob("*.md")) <= seen


def test_a_line_with_more_than_one_command_has_the_streams_and_the_status_of_the_first() -> None:
    """The mechanism itself: a pipe, a file, an exit status."""
    with empty_folder():
        assert written("tuplecalc capacity outage -o csv | head -1").startswith("hop,kind,limit,")
        assert written("tuplecalc capacity outage -o csv > f; grep -c , f").strip() not in ("", "0")
        said = written('tuplecalc capacity outage --most-failing 1% -o json > f || echo "status $?"')
        assert re.fullmatch(r"--most-failing 1%: .*\nstatus 1\n", said, re.DOTALL)


def test_the_folders_are_all_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)/`", text, re.MULTILINE))
    folders = {
        path.name for path in (ROOT / "tuplecalc").iterdir() if path.is_dir() and path.name[0] not in "_."
    }
    assert named == folders


def test_every_limit_is_explained() -> None:
    rows = re.findall(
        r"^\| (`[^|]*`) \|", (ROOT / "docs" / "output.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = {word.removeprefix("clients ") for row in rows for word in re.findall(r"`([^`]*)`", row)}
    assert {kind.name for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)} <= named


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
