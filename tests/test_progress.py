"""What is said of work that takes its time, and how it ends when someone has had enough."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest

from tests.command import PLAIN

POINTS = "hops.lvs.addresses=1..900"
SLOW = ["sweep", "outage", "--vary", POINTS, "--blocking", "-o", "csv"]  # some milliseconds a point
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


def on_a_terminal(
    arguments: Sequence[str], until: str, number: int = signal.SIGINT, stdout: int | None = None
) -> tuple[int, str]:
    """The status of a command and what it wrote to a terminal; it gets a signal once that has some words."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tuplecalc", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=slave if stdout is None else stdout,
        stderr=slave,
        env={**PLAIN, "COLUMNS": "80", "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(slave)
    written, is_sent, end = b"", False, monotonic() + 60
    while monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.2)
        try:
            part = os.read(master, 65536) if ready else b""
        except OSError:  # how Linux says that the other end is closed
            break
        if ready and not part:
            break
        written += part
        if until and until in written.decode(errors="replace") and not is_sent:
            process.send_signal(number)
            is_sent = True
    os.close(master)
    process.kill() if monotonic() >= end else None
    return process.wait(), written.decode(errors="replace")


def test_work_is_shown_on_a_terminal_and_ctrl_c_ends_it_cleanly() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        status, said = on_a_terminal(SLOW, "points", stdout=nowhere.fileno())
    assert status == 130
    assert "Traceback" not in said
    assert said.count(HIDE) == said.count(SHOW) == 1
    assert said.index(HIDE) < said.index(SHOW)


def test_the_line_is_gone_before_the_answer(tmp_path: Path) -> None:
    arguments = ["sweep", "outage", "--vary", "hops.lvs.addresses=1..40", "--blocking"]
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


def test_a_report_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    status, said = on_a_terminal(["report", "outage", "-o", str(path)], "making")
    assert (status, "Traceback" in said) == (130, False)
    assert not list(tmp_path.iterdir())
    assert said.count(HIDE) == said.count(SHOW)
