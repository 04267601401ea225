"""The GitHub Action: the shell steps of action.yml, run as a runner runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import DIRECT, PLAIN

ACTION = yaml.safe_load((Path(__file__).parent.parent / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
FINE, OVER = DIRECT.format(rate=1), DIRECT.format(rate=20)


class Runner:
    """A checkout, and what a runner has beside it."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.temp = folder / "checkout", folder / "temp"
        programs = self.temp / "tuplecalc" / "bin"
        for each in (self.checkout / "chains", programs):
            each.mkdir(parents=True)
        program(programs / "tuplecalc", f'exec "{sys.executable}" -m tuplecalc "$@"')
        program(programs / "gh", f'printf "%s\\n" "$@" > "{folder}/gh"; cat >> "{folder}/gh"')
        self.commented = folder / "gh"
        self.summary, self.output = folder / "summary", folder / "output"
        self.environment = {
            **PLAIN,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            **{f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def write(self, name: str, text: str) -> None:
        (self.checkout / name).write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        command = ["git", *arguments]
        subprocess.run(command, cwd=self.checkout, env=self.environment, check=True, capture_output=True)

    def step(self, name: str, **values: str) -> subprocess.CompletedProcess[str]:
        """A step with the values of its `env`, which it has for all its inputs."""
        step = STEPS[name]
        assert values.keys() <= step.get("env", {}).keys()
        variables = {**dict.fromkeys(step.get("env", {}), ""), **values}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def gate(self, **values: str) -> tuple[str, str]:
        """The outputs `status` and `markdown`."""
        done = self.step("Gate", **values)
        assert done.returncode == 0, done.stderr
        found = re.fullmatch(
            r"status=(\d)\nmarkdown<<(\S+)\n(.*)\2\n", self.output.read_text(encoding="utf-8"), re.DOTALL
        )
        assert found
        assert self.summary.read_text(encoding="utf-8") == found[3]
        return found[1], found[3]


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_no_value_is_written_into_a_script() -> None:
    """What stands between the braces is put there as text, and a file's name would be run as a command."""
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    used = {found for step in STEPS.values() for found in re.findall(r"inputs\.([\w-]+)", str(step))}
    assert used == ACTION["inputs"].keys()


def test_files_pass_or_close_a_gate(runner: Runner) -> None:
    runner.write("chains/fine.toml", FINE)
    runner.write("chains/it's over.toml", OVER)
    status, text = runner.gate(FILES="chains/fine.toml", MOST_FAILING="0.1%")
    assert status == "0"
    assert text.startswith("## fine.toml\n\n**Fits:")
    assert runner.step("Answer", STATUS=status).returncode == 0
    for file in (runner.summary, runner.output):
        file.unlink()
    status, text = runner.gate(FILES="  chains/**/*.toml\n\n", FAIL_ABOVE="80%")
    assert status == "1"
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        "# chains/fine.toml",
        "# chains/it's over.toml",
    ]
    assert text.endswith(
        "```\nchains/it's over.toml: --fail-above 80%: 20/s is 200% of the highest rate.\n```\n"
    )
    assert runner.step("Answer", STATUS=status).returncode == 1


def test_a_wrong_file_and_a_missing_one_are_said(runner: Runner) -> None:
    runner.write("chains/wrong.toml", "x = 1")
    status, text = runner.gate(FILES="chains/wrong.toml", COMPARE_BASE="main")
    assert status == "2"
    assert "error: chains/wrong.toml: 3 errors" in text
    for files, said in (("gone/*.toml", "nothing is called gone/*.toml"), ("\n", "empty; write chain files")):
        done = runner.step("Gate", FILES=files)
        assert (done.returncode, said in done.stdout) == (2, True)


def test_what_a_branch_changes_is_the_comment(runner: Runner) -> None:
    for name in ("same", "changed", "-dashed"):
        runner.write(f"chains/{name}.toml", FINE)
    runner.git("init", "-q", "-b", "main")
    runner.git("add", "-A")
    runner.git("commit", "-q", "-m", "before")
    runner.git("switch", "-q", "-c", "change")
    runner.write("chains/changed.toml", FINE.replace("1024-2023", "1024-3023"))
    runner.write("chains/new.toml", OVER)
    status, text = runner.gate(FILES="chains/*.toml", COMPARE_BASE="main", MOST_FAILING="0.1%")
    assert status == "1"
    _, dashed, changed, new, same = re.split(r"^# chains/", text, flags=re.MULTILINE)
    assert dashed == "-dashed.toml\n\nAs before.\n\n"
    assert "1,000" in changed
    assert "2,000" in changed
    assert new.startswith("new.toml\n\nNew here.\n")
    assert same.startswith("same.toml\n\nAs before.\n")
    assert "chains/new.toml: --most-failing 0.1%: " in text
    done = runner.step("Comment", PULL_REQUEST="7")
    assert done.returncode == 0, done.stderr
    assert runner.commented.read_text(encoding="utf-8") == "\n".join(
        ["pr", "comment", "7", "--body-file", "-", text]
    )


def test_the_base_is_fetched_where_a_checkout_has_the_newest_commit_only(
    runner: Runner, tmp_path: Path
) -> None:
    runner.write("chains/a.toml", FINE)
    runner.git("init", "-q", "-b", "main")
    runner.git("add", "-A")
    runner.git("commit", "-q", "-m", "before")
    runner.git("switch", "-q", "-c", "change")
    runner.write("chains/a.toml", FINE.replace("1024-2023", "1024-3023"))
    runner.git("commit", "-q", "-a", "-m", "after")
    origin = tmp_path / "origin"
    runner.checkout.rename(origin)
    command = ["git", "clone", "-q", "--depth=1", "--branch=change", origin.as_uri(), str(runner.checkout)]
    subprocess.run(command, check=True)
    status, text = runner.gate(FILES="chains/a.toml", COMPARE_BASE="main")
    assert status == "0"
    assert "1,000 → 2,000" in text


def test_values_are_no_commands(runner: Runner, tmp_path: Path) -> None:
    bad = f'$(touch {tmp_path}/run)`touch {tmp_path}/run`"; touch {tmp_path}/run; "'
    runner.write("chains/a.toml", FINE)
    for values in (
        {"FILES": bad},
        {"FILES": "chains/a.toml", "MOST_FAILING": bad, "FAIL_ABOVE": bad},
        {"FILES": "chains/a.toml", "COMPARE_BASE": bad},
        {"FILES": "chains/a.toml", "COMPARE_BASE": f"--upload-pack=touch {tmp_path}/run"},
    ):
        runner.step("Gate", **values)
    assert not (tmp_path / "run").exists()
