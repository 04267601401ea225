"""Every notebook runs from a clean kernel and is kept without outputs."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

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
NotebookClient(notebook, km=manager, timeout=120).execute()
nbformat.write(notebook, sys.argv[2])
"""


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01_first_chain.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.outputs for cell in code if cell.outputs]
    assert not [cell.execution_count for cell in code if cell.execution_count]
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_a_clean_kernel(path: Path, tmp_path: Path) -> None:
    executed = tmp_path / path.name
    subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(executed)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "default", "IPYTHONDIR": str(tmp_path / "ipython")},
        check=True,
        timeout=300,
        capture_output=True,
    )
    outputs = [output for cell in read(executed).cells for output in cell.get("outputs", ())]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]  # warnings
    kinds = {kind for output in outputs for kind in output.get("data", ())}
    assert {"text/html", "text/latex"} <= kinds
