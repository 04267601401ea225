"""Ctrl-C: how a command ends when someone has had enough."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command import HIDE, PLAIN, SHOW, on_a_terminal
from tests.lab.kernel import MARKS
from tests.test_cli_observe import HUB, sockets
from tuplecalc.lab.machine import stale

POINTS = "hops.lvs.addresses=1..900"
SLOW = ["sweep", "outage", "--vary", POINTS, "--blocking", "-o", "csv"]  # some milliseconds a point
ENDED = (130, -signal.SIGINT)
"""A shell says 130 of both; Python ends by the signal itself where that came while it made a class."""


def ends_quietly(status: int, said: str) -> None:
    """Nothing is said, and the line of what was under way is gone, and the cursor back."""
    assert status in ENDED
    assert said.count(HIDE) == said.count(SHOW) == 1
    assert said.index(HIDE) < said.index(SHOW)
    assert re.fullmatch(r"(\r|\x1b\[1A|\x1b\[2K)*", said.split(SHOW)[1])
    assert "Traceback" not in said


def test_work_is_shown_on_a_terminal_and_ends() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        ends_quietly(*on_a_terminal(SLOW, "points", stdout=nowhere.fileno()))


def test_a_report_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    ends_quietly(*on_a_terminal(["report", "outage", "-o", str(path)], "making"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["import", "import - -o", "import --force - -o"])
def test_what_waits_for_standard_input(command: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()  # it stays open, and nothing comes
    path = tmp_path / "chain.toml"
    words = [*command.split(), str(path)] if command.endswith("-o") else [*command.split(), "-"]
    ends_quietly(*on_a_terminal(words, "reading standard input", stdin=reader))
    os.close(reader)
    os.close(writer)
    assert not list(tmp_path.iterdir())


def test_a_terminal_as_standard_input() -> None:
    master, slave = os.openpty()
    ends_quietly(*on_a_terminal(["import", "-"], "reading standard input", stdin=slave))
    os.close(slave)
    os.close(master)


@pytest.fixture
def looking(tmp_path: Path) -> list[str]:
    """A command that looks once a minute."""
    (tmp_path / "hub.toml").write_text(HUB, encoding="utf-8")
    (tmp_path / "ss.txt").write_text(sockets(30, 0), encoding="utf-8")
    return ["observe", str(tmp_path / "hub.toml"), "--from", str(tmp_path / "ss.txt"), "--every", "60s"]


def test_observing_ends_with_what_was_seen(looking: list[str]) -> None:
    status, said = on_a_terminal(looking, "snapshots")
    assert (status, "Traceback" in said) == (0, False)
    assert "30 of 28,232 (0.11%)." in said.split(SHOW)[1]


def test_observing_piped_ends_with_a_whole_result(looking: list[str]) -> None:
    command = [sys.executable, "-m", "tuplecalc", *looking, "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN) as process:
        time.sleep(3)  # nothing is said of when it has looked
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert json.loads(said)["limits"][0]["busiest"][0]["open"] == 30


def test_while_libraries_load_nothing_is_said() -> None:
    """Each of these ends somewhere else: in typer, in a dataclass that is being made, in a command."""
    begun = "import signal, sys, tuplecalc; sys.argv = ['tuplecalc', 'capacity']; print(1, flush=True); "
    begun += "import tuplecalc.__main__ as it"
    for number in range(8):
        command = [sys.executable, "-c", f"{begun}; it.main()"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.02 + 0.02 * number)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert b"Traceback" not in errors
        assert process.returncode in ENDED


def test_an_interrupt_where_nothing_can_be_raised_comes_again() -> None:
    """As in the callback that importlib has for each module."""
    code = "import signal, sys, time, weakref; from tuplecalc.cli import interrupts; interrupts.heed()\n"
    code += "gone = type('Gone', (), {})()\n"
    code += "kept = weakref.ref(gone, lambda _: signal.raise_signal(signal.SIGINT))\n"
    code += "try:\n    del gone\n    time.sleep(20)\nexcept KeyboardInterrupt:\n    sys.exit(3)"
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=PLAIN, check=False)
    assert time.monotonic() - begun < 10  # the wait is cut short
    assert (done.returncode, done.stderr) == (3, b"")


def test_a_job_in_the_background_hears_no_ctrl_c() -> None:
    """A shell starts these with the signal ignored."""
    code = "import os, signal, sys, tuplecalc.__main__ as it; os.kill(os.getpid(), signal.SIGINT); "
    code += "sys.argv = ['tuplecalc', '--version']; it.main()"
    line = f"trap '' INT; exec {sys.executable} -c \"{code}\""
    done = subprocess.run(["bash", "-c", line], capture_output=True, env=PLAIN, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


class TestVerify:
    """Of a chain that is being built and filled."""

    pytestmark = MARKS

    def test_it_leaves_nothing_behind(self) -> None:
        before = subprocess.run(["ip", "netns", "list"], capture_output=True, check=True).stdout
        ends_quietly(*on_a_terminal(["verify", "cone"], "opening 880 connections"))
        until = time.monotonic() + 10
        while (left := stale()) and time.monotonic() < until:
            time.sleep(0.1)
        assert left == {}
        assert subprocess.run(["ip", "netns", "list"], capture_output=True, check=True).stdout == before

    def test_its_stages_are_shown(self) -> None:
        status, said = on_a_terminal(["verify", "cone"])
        assert status == 0
        line, answer = said.split(SHOW)
        assert "opening 880 connections" in line
        assert re.search("chain flows +880 +880  equal", answer)

    def test_piped_they_are_not(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tuplecalc", "verify", "cone"], capture_output=True, env=PLAIN, check=True
        )
        assert done.stderr == b""
        assert b"opening" not in done.stdout
