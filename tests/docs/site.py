"""The hooks of mkdocs.yml: what the site has beside the pages of docs/.

The notebooks with their outputs (they are kept without), a page of the API for each folder of the package,
the changelog, and formulas as MathML, which browsers show without a script.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

import nbformat
from latex2mathml.converter import convert
from markdown.extensions.toc import slugify
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor

ROOT = Path(__file__).parent.parent.parent
BESIDE = {
    "README.md": "start.md",
    "README.zh-CN.md": "start.zh-CN.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages that stand beside docs/, and where the site has them."""
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)(?=[)#])")
HERE = re.compile(r"(?<=\]\()#([^)\s]+)(?=\))")
BLOCK = re.compile(r"^```math\n(.*?)^```$|^\$\$(.+?)\$\$$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"\$`([^`]+)`\$")
DOLLARS = re.compile(r"(?<![\w\\$])\$(?!\s)([^$\n]+?)(?<!\s)\$(?![\w$])")
LONG = 40  # characters of TeX: what may be wider than a phone scrolls
STUB = re.compile(r"^from (tuplecalc\S*) import (\w+) as", re.MULTILINE)
FOLDERS = {
    "network": "What the network is: clients, hops, services; the chain file; presets.",
    "limits": "From a chain to its limits, and the smallest of them.",
    "under_load": "From a rate to what fails: `from tuplecalc import under_load`.",
    "algebra": "The limits as closed forms.",
    "questions": "The questions of a design review: what would help, what is needed, what if.",
    "whatif": "A chain with open numbers: its formulas, and where they hold.",
    "render": "Results as JSON, figures and the report.",
    "errors": "What is raised where something is wrong.",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand elsewhere, or nowhere yet."""
    made: dict[str, str | bytes] = dict(_api())
    for name, there in BESIDE.items():
        made[there] = (ROOT / name).read_text(encoding="utf-8")
    with ThreadPoolExecutor(2) as both:  # the work is done by the kernels, each a process
        for found in both.map(_notebook, sorted((ROOT / "notebooks").glob("*.ipynb"))):
            made |= found
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


@cache
def _notebook(path: Path) -> dict[str, str | bytes]:
    """A notebook as a page, run from the start, and its figures.

    Where the tests have just run it, and kept it in the folder ``NOTEBOOKS_THAT_RAN``, that is shown.
    """
    ran = Path(os.environ.get("NOTEBOOKS_THAT_RAN", ROOT / "nowhere")) / path.name
    notebook = nbformat.read(ran if ran.exists() else path, as_version=4)  # type: ignore[no-untyped-call]
    if not ran.exists():
        run = ExecutePreprocessor(timeout=300, extra_arguments=["--log-level=40"])  # type: ignore[no-untyped-call]
        run.preprocess(notebook, {"metadata": {"path": str(path.parent)}})
    names = {"unique_key": path.stem, "output_files_dir": path.stem}
    exporter = MarkdownExporter()  # type: ignore[no-untyped-call]
    text, resources = exporter.from_notebook_node(notebook, names)
    return {f"notebooks/{path.stem}.md": text} | {
        f"notebooks/{name}": image for name, image in resources["outputs"].items()
    }


def _api() -> Iterator[tuple[str, str]]:
    """A page for each folder: its public names, as the stub of the package has them."""
    public = STUB.findall((ROOT / "tuplecalc" / "__init__.pyi").read_text(encoding="utf-8"))
    names = {folder: [] for folder in FOLDERS}  # type: dict[str, list[str]]
    for module, name in public:
        if module != "tuplecalc":
            names[module.split(".")[1]].append(f"tuplecalc.{name}")
    own = (ROOT / "tuplecalc" / "under_load" / "__init__.py").read_text(encoding="utf-8")
    names["under_load"] += [f"tuplecalc.under_load.{name}" for _, name in STUB.findall(own)]
    rows = [f"| [{folder}]({folder}.md) | {words} |\n" for folder, words in FOLDERS.items()]
    yield (
        "api/index.md",
        "# API\n\n::: tuplecalc\n    options:\n      members: false\n\n| | |\n| --- | --- |\n"
        + "".join(rows),
    )
    for folder, words in FOLDERS.items():
        yield (
            f"api/{folder}.md",
            f"# {folder}\n\n{words}\n\n" + "".join(f"::: {name}\n\n" for name in names[folder]),
        )


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site has them; formulas make room for MathML."""
    here = page.file.src_uri
    notebook = here.startswith("notebooks/")
    beside = {there: name for name, there in BESIDE.items()}
    source = here if notebook else beside.get(here, f"docs/{here}")
    markdown = LINK.sub(lambda link: relpath(_on_site(source, link[1]), dirname(here) or "."), markdown)
    formulas: list[str] = []
    if notebook:
        markdown = HERE.sub(lambda link: "#" + slugify(link[1].replace("-", " "), "-"), markdown)

    def kept(display: str) -> Any:
        def keep(found: re.Match[str]) -> str:
            tex = next(filter(None, found.groups())).strip()
            long = display == "inline" and len(tex) > LONG
            mathml = convert(tex, display=display)
            formulas.append(f'<span class="formula">{mathml}</span>' if long else mathml)
            return f"formula{len(formulas) - 1}kept"

        return keep

    markdown = BLOCK.sub(kept("block"), markdown)
    markdown = INLINE.sub(kept("inline"), markdown)
    if notebook:
        markdown = DOLLARS.sub(kept("inline"), markdown)
    page.meta["formulas"] = formulas
    return markdown


def _on_site(source: str, link: str) -> str:
    """Where the site has what a page of the repository links to."""
    target = normpath(f"{dirname(source)}/{link}".lstrip("/"))
    if target in BESIDE:
        return BESIDE[target]
    return re.sub(r"^docs/|(?<=\w)\.ipynb$", lambda part: "" if part[0] == "docs/" else ".md", target)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The formulas, where the Markdown made room for them."""
    formulas = page.meta.pop("formulas", [])
    html = re.sub(r"<p>formula(\d+)kept</p>", r'<div class="formula">formula\1kept</div>', html)
    return re.sub(r"formula(\d+)kept", lambda found: str(formulas[int(found[1])]), html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Chinese pages say so: which glyphs a browser takes hangs on it."""
    return output.replace('<html lang="en"', '<html lang="zh-CN"') if "zh-CN" in page.url else output
