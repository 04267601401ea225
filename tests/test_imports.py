"""A command imports the heavy libraries that only it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"sympy", "numpy", "scipy", "matplotlib"}


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after some code."""
    report = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stderr))


def after(*arguments: str) -> set[str]:
    """The modules after a command."""
    return loaded(
        f"import sys; sys.argv = ['tuplecalc', *{arguments!r}]\n"
        "from tuplecalc.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown"])
def test_capacity_loads_nothing_heavy(output: str) -> None:
    modules = after("capacity", "outage", "-o", output)
    assert "tuplecalc.limits.capacity" in modules
    assert not modules & (HEAVY | {"jinja2"})


@pytest.mark.parametrize("output", ["json", "csv", "markdown"])
def test_only_the_table_loads_rich(output: str) -> None:
    assert "rich.console" not in after("capacity", "outage", "-o", output)


def test_json_loads_neither_rich_nor_jinja2() -> None:
    assert not after("capacity", "outage", "-o", "json") & {"rich", "jinja2"}


@pytest.mark.parametrize("command", ["examples", "presets", "schema", "rules"])
def test_the_small_commands_load_nothing_heavy(command: str) -> None:
    assert not after(command) & HEAVY


@pytest.mark.parametrize(
    ("output", "others"), [("table", {"prometheus_client"}), ("json", {"rich"}), ("prometheus", {"rich"})]
)
def test_observe_loads_what_its_output_needs(output: str, others: set[str], tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text("tcp ESTAB 0 0 198.18.0.1:40000 198.18.9.9:443\n", encoding="utf-8")
    modules = after("observe", "cone", "--from", str(path), "-o", output)
    assert "tuplecalc.sources.busy.observe" in modules
    assert not modules & (HEAVY | others | {"jinja2", "pyroute2", "tomlkit"})


def test_import_loads_nothing_heavy() -> None:
    modules = loaded("import tuplecalc")
    assert not modules & (HEAVY | {"rich", "jinja2", "typer", "pydantic", "IPython"})
    assert [name for name in modules if name.startswith("tuplecalc")] == ["tuplecalc"]


def test_the_formulas_under_load_need_nothing_heavy() -> None:
    modules = loaded("import tuplecalc as tc; tc.under_load.erlang_b(64512, 64000)")
    assert "tuplecalc.under_load.search" in modules
    assert not modules & (HEAVY | {"rich", "jinja2", "typer"})
