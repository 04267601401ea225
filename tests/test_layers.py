"""Each folder imports only from those below it, also within functions and for the type checker."""

import subprocess
import sys
import tomllib
from pathlib import Path

import tuplecalc

ROOT = Path(__file__).parent.parent


def test_the_layers_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 kept, 0 broken" in done.stdout


def test_every_folder_is_a_layer_and_there_are_no_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = settings["contracts"]
    package = Path(str(tuplecalc.__file__)).parent
    folders = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    assert {layer.removeprefix("tuplecalc.") for layer in contract["layers"]} == folders | {"errors"}
    assert contract.keys() == {"name", "type", "layers"}
    assert settings["exclude_type_checking_imports"] is False
