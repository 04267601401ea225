"""The packages: built offline, installed in a clean environment, and run from another folder."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from sysconfig import get_path

import pytest

import tuplecalc
from tests.command import PLAIN

pytestmark = pytest.mark.xdist_group("wheel")  # built once

ROOT = Path(__file__).parent.parent
LEFT_OUT = (".*", "build", "dist", "site", "*.egg-info", "__pycache__")
KEPT = (".ci", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml")
COMMANDS = {
    ("--version",): tuplecalc.__version__.encode(),
    ("examples",): b"outage",
    ("capacity", "outage"): b"193,536",
    ("presets", "haproxy"): b'preset = "haproxy"',
    ("schema",): b'"$schema"',
    ("schema", "capacity"): b"tuplecalc capacity -o json",
    ("import", "--collector"): b"#!/bin/sh",
    ("report", "outage", "-o", "out.html"): b"",
    ("plot", "limits", "outage", "-o", "out.svg"): b"",
}
"""What is in each answer: every kind of file that the package has beside its code is read."""


def left_out(folder: str, names: list[str]) -> set[str]:
    return shutil.ignore_patterns(*LEFT_OUT)(folder, names) - set(KEPT)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source package, and the wheel that is made out of it."""
    source = tmp_path_factory.mktemp("build") / "source"
    shutil.copytree(ROOT, source, ignore=left_out)
    command = [sys.executable, "-m", "build", "--no-isolation", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,), (wheel,) = (list((source / "dist").glob(ending)) for ending in ("*.tar.gz", "*.whl"))
    return archive, wheel


def files(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}


def test_the_wheel_has_every_file_of_the_package_and_none_beside_it(packages: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(packages[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files(ROOT / "tuplecalc")


def test_the_source_package_has_what_its_tests_read(packages: tuple[Path, Path]) -> None:
    start = packages[0].name.removesuffix(".tar.gz") + "/"
    with tarfile.open(packages[0]) as archive:
        names = {item.name.removeprefix(start) for item in archive.getmembers() if item.isfile()}
    top = {path.name for ending in ("md", "cff", "yml", "toml") for path in ROOT.glob(f"*.{ending}")}
    folders = set[str]().union(
        *(files(ROOT / name) for name in ("tuplecalc", "tests", "docs", "notebooks", ".ci"))
    )
    assert {".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "LICENSE", *top, *folders} <= names


@pytest.fixture(scope="module")
def installed(packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment's programs: the wheel, and the libraries of this environment behind it."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, packages[1]], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    paths = {get_path("purelib"), *(path for path in sys.path if path.endswith("site-packages"))}
    (site / "libraries.pth").write_text("\n".join(paths), encoding="utf-8")
    return python.parent


def outside(command: list[str | Path], folder: Path) -> bytes:
    environment = {key: value for key, value in PLAIN.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_what_is_installed_answers_from_another_folder(installed: Path, tmp_path: Path) -> None:
    where = outside([installed / "python", "-c", "import tuplecalc; print(tuplecalc.__file__)"], tmp_path)
    assert Path(os.fsdecode(where.strip())).is_relative_to(installed.parent)
    for arguments, said in COMMANDS.items():
        assert said in outside([installed / "tuplecalc", *arguments], tmp_path), arguments
    for name, end in (("out.html", "</html>"), ("out.svg", "</svg>")):
        assert (tmp_path / name).read_text(encoding="utf-8").rstrip().endswith(end)


def test_everything_that_states_a_version_states_the_same() -> None:
    import yaml

    assert tuplecalc.__version__ == "0.2.0"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    latest = next(
        line
        for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("## ") and line != "## Unreleased"
    )
    assert latest == f"## {citation['version']} - {citation['date-released']}"
    assert citation["version"] == tuplecalc.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    assert project["license"] == citation["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
