"""The site's hooks: links, formulas, the API's pages, docstrings."""

from types import SimpleNamespace
from typing import Any

import pytest

import tuplecalc
from tuplecalc import under_load

pytest.importorskip("mkdocs")

from tests.docs import site


def page(name: str) -> Any:
    return SimpleNamespace(file=SimpleNamespace(src_uri=name), meta={})


def shown(name: str, markdown: str) -> str:
    """What becomes of a line where Markdown leaves it as it is."""
    its = page(name)
    return site.on_page_content(site.on_page_markdown(markdown, its, None, None), its, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "link", "there"),
    [
        ("model.md", "../notebooks/05_kernel.ipynb", "notebooks/05_kernel.md"),
        ("guides/watch-it.md", "../keys.md#ports", "../keys.md#ports"),
        ("guides/watch-it.md", "../../CHANGELOG.md", "../changelog.md"),
        ("guides/watch-it.md", "../../README.md", "../start.md"),
        ("start.md", "docs/guides/cgn.md", "guides/cgn.md"),
        ("contributing.md", "docs/architecture.md", "architecture.md"),
        ("notebooks/03_questions.md", "04_theory.ipynb", "04_theory.md"),
        (
            "notebooks/03_questions.md",
            "#2.-Do-more-destinations-multiply-it?",
            "#2-do-more-destinations-multiply-it",
        ),
        ("model.md", "https://example.org/x.ipynb", "https://example.org/x.ipynb"),
    ],
)
def test_a_link_leads_to_the_same_page_on_the_site(name: str, link: str, there: str) -> None:
    assert shown(name, f"[words]({link})") == f"[words]({there})"


def test_formulas_are_mathml_and_markdown_does_not_read_them() -> None:
    inline = shown("model.md", r"a leg $`a_1 * b_2`$ costs $5")
    assert inline.count("<math") == 1
    assert "_" not in inline
    assert inline.endswith("</math> costs $5")
    assert 'display="block"' in shown("model.md", "```math\n\\sum_p x_p\n```")
    assert shown("notebooks/04_theory.md", r"legs $1 \dots k$ and $j$").count("<math") == 2
    assert shown("notebooks/06_kinds.md", "from 5$ to 10$") == "from 5$ to 10$"


def test_every_public_name_has_its_place() -> None:
    pages = dict(site._api())
    listed = {
        line.removeprefix("::: ")
        for text in pages.values()
        for line in text.splitlines()
        if line[:4] == "::: "
    }
    public = {f"tuplecalc.{name}" for name in dir(tuplecalc)} - {"tuplecalc.under_load"}
    loads = {name for name in vars(under_load) if callable(vars(under_load)[name]) and name[0] != "_"}
    assert listed == {"tuplecalc"} | public | {f"tuplecalc.under_load.{name}" for name in loads}


def test_docstrings_are_markdown() -> None:
    import griffe

    from tests.docs.docstrings import Docstrings

    text = 'Raises :class:`~a.b.Wrong`; docs/model.md, "One\ncore".\n\nThen::\n\n    x = 1\n\n>>> f(1)\n2'
    function = griffe.Function("f", docstring=griffe.Docstring(text), parent=griffe.Module("m"))
    Docstrings().on_object(obj=function)
    assert function.docstring is not None
    assert function.docstring.value == (
        'Raises <autoref identifier="a.b.Wrong" optional><code>Wrong</code></autoref>; '
        '<autoref identifier="one-core" optional>docs/model.md, "One\ncore"</autoref>.\n\n'
        "Then:\n\n    x = 1\n\n```pycon\n>>> f(1)\n2\n```"
    )
