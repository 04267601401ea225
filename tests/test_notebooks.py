"""Every notebook runs from a clean kernel, shows what it should, and is kept without outputs."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
SHOWN = {
    "01_first_chain": {"text/html", "text/latex"},
    "02_the_outage": {"text/html", "text/latex", "image/png"},
    "03_questions": {"text/html", "image/png"},
    "04_theory": {"text/html", "text/latex", "image/png"},
    "05_kernel": {"text/html", "image/png"},
    "06_kinds": {"text/html", "image/png"},
}
SECONDS = 90  # a quarter of that on two cores

# In a process of its own: what the kernel's client leaves open at its end is none of our warnings.
RUN = """
import sys
import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient


class ThisInterpreter(KernelSpecManager):
    # Whatever kernels a user has installed, python3 is the interpreter of the tests.
    def get_kernel_spec(self, kernel_name):
        assert kernel_name == "python3", kernel_name
        return KernelSpec(resource_dir="", **get_kernel_dict())


notebook = nbformat.read(sys.argv[1], as_version=4)
manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisInterpreter())
NotebookClient(notebook, km=manager, timeout=90).execute()
nbformat.write(notebook, sys.argv[2])
"""


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def numbers(text: str) -> Iterator[tuple[str, float]]:
    """The numbers of a text, as they are written and as they count: 16.2% is 0.162, 1_000 is 1,000."""
    for written, percent in re.findall(r"(\d[\d,_]*(?:\.\d+)?)(%?)", text):
        value = float(written.replace(",", "").replace("_", ""))
        yield written + percent, round(value / 100, 9) if percent else value


def test_there_are_notebooks() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    notebook = read(FOLDER / f"{name}.ipynb")
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.outputs for cell in code if cell.outputs]
    assert not [cell.execution_count for cell in code if cell.execution_count]
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("name", SHOWN)
def test_figures_in_the_prose_stand_in_the_code(name: str) -> None:
    """What the text says is asserted or set in a cell, so that it cannot drift from the model."""
    cells = read(FOLDER / f"{name}.ipynb").cells
    prose, code = (
        "\n".join(cell.source for cell in cells if cell.cell_type == kind) for kind in ("markdown", "code")
    )
    prose = re.sub(r"\]\(\S+\)", "]", prose)  # where a link leads is no figure
    known = {value for _, value in numbers(code)}
    said = {written: value for written, value in numbers(prose) if len(written.strip("%,.")) > 2}
    assert said
    assert not {written for written, value in said.items() if value not in known}


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_from_a_clean_kernel(name: str, tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"
    subprocess.run(
        [sys.executable, "-c", RUN, str(FOLDER / f"{name}.ipynb"), str(executed)],
        cwd=FOLDER,  # as Jupyter does: one reads a file beside it
        env={**os.environ, "PYTHONWARNINGS": "default", "IPYTHONDIR": str(tmp_path / "ipython")},
        check=True,
        timeout=SECONDS,
        capture_output=True,
    )
    cells = [cell for cell in read(executed).cells if cell.cell_type == "code"]
    assert not [o.text for cell in cells for o in cell.outputs if o.get("name") == "stderr"]  # warnings
    shown = [{kind for output in cell.outputs for kind in output.get("data", ())} for cell in cells]
    assert set.union(*shown) >= SHOWN[name]
    if kept := os.environ.get("NOTEBOOKS_THAT_RAN"):  # for the site
        shutil.copy(executed, Path(kept) / f"{name}.ipynb")
    draws = [bool(re.search(r"plot_|plt\.subplots|style\.axes", cell.source)) for cell in cells]
    assert ["image/png" in kinds for kinds in shown] == draws
