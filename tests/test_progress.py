"""What is said of work that takes its time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import HIDE, PLAIN, SHOW, on_a_terminal

POINTS = "hops.lvs.addresses=1..900"
SLOW = ["sweep", "outage", "--vary", POINTS, "--blocking", "-o", "csv"]  # some milliseconds a point


def test_the_line_is_gone_before_the_answer(tmp_path: Path) -> None:
    arguments = ["sweep", "outage", "--vary", "hops.lvs.addresses=1..120", "--blocking"]  # over a second
    status, said = on_a_terminal(arguments, "")
    assert status == 0
    assert HIDE in said
    before, after = said.split(SHOW)
    assert "points" in before
    assert "points" not in after
    assert "limited by" in after


@pytest.mark.parametrize("command", [["capacity", "cone"], ["explain", "cone"]])
def test_what_is_fast_shows_nothing(command: list[str]) -> None:
    status, said = on_a_terminal(command, "")
    assert status == 0
    assert HIDE not in said


def test_piped_nothing_is_shown() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tuplecalc", *SLOW[:3], "hops.lvs.addresses=1..40", *SLOW[4:]],
        capture_output=True,
        env=PLAIN,
        check=True,
    )
    assert done.stderr == b""
