"""Standard output whose reader has gone, or whose encoding lacks characters of this program."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import PLAIN, run
from tests.test_cli_observe import HUB, sockets

GONE = -signal.SIGPIPE
"""How a tool ends of whose result nobody reads any more."""
FAILS = "47.8% to 64.8% of the connections are expected to fail at 700/s"


def unread(*arguments: str, stdin: str = "", stderr: int = subprocess.PIPE) -> tuple[int, str]:
    """The status of a command and what it says on standard error, when nobody reads its standard output."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tuplecalc", *arguments],
        input=stdin,
        stdout=writer,
        stderr=stderr,
        env=PLAIN,
        check=False,
        text=True,
    )
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["capacity", "cone"],
        ["capacity", "cone", "-o", "json"],
        ["schema"],
        ["explain", "cone"],
        ["capacity", "cone", "--fail-above", "99%"],
        ["--version"],
    ],
)
def test_a_closed_pipe_is_quiet(arguments: list[str]) -> None:
    assert unread(*arguments) == (GONE, "")


@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown"])
def test_a_gate_closes_whoever_reads(output: str) -> None:
    gates = "--fail-above", "10%", "--most-failing", "1%"
    status, said = unread("capacity", "outage", *gates, "-o", output)
    assert status == 1
    assert said == f"--fail-above 10%: 700/s is 119% of the highest rate.\n--most-failing 1%: {FAILS}.\n"


def test_of_several_files_each_reason_is_said() -> None:
    status, said = unread("capacity", "outage", "nosuch", "cone", "--most-failing", "1%")
    assert status == 2
    first, *others = said.splitlines()
    assert first.startswith("error: nosuch: ")
    assert others[0] == f"outage: --most-failing 1%: {FAILS}."


def test_other_statuses_stay_too(tmp_path: Path) -> None:
    """Where there is no solution, and where a machine has less room left than it should."""
    assert unread("solve", "outage", "--for", "hops.lvs.addresses", "--rate", "99999999")[0] == 1
    hub = tmp_path / "hub.toml"
    hub.write_text(HUB, encoding="utf-8")
    gate = "observe", str(hub), "--from", "-", "--fail-above"
    assert unread(*gate, "1%", stdin=sockets(300, 0)) == (1, "")
    assert unread(*gate, "2%", stdin=sockets(300, 0)) == (GONE, "")


def test_a_closed_error_stream_keeps_the_status() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert unread("capacity", "outage", "--fail-above", "10%", stderr=writer)[0] == 1
    assert unread("capacity", "nosuch", stderr=writer)[0] == 2
    os.close(writer)


# Encodings.


COMMANDS = [
    "capacity outage",
    "capacity mixed -o markdown",
    "explain outage",
    "explain outage --knobs",
    "explain outage --crossover hops.lvs.addresses",
    "compare outage --set hops.lvs.addresses=2",
    "solve outage --for hops.lvs.addresses",
    "sweep outage --vary hops.lvs.addresses=1..3",
    "presets",
    "presets palo-alto-dipp",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_character_of_this_program_becomes_a_question_mark(command: str) -> None:
    whole = run(*command.split(), env={**PLAIN, "PYTHONIOENCODING": "utf-8"})
    assert whole.returncode == 0
    meant = whole.stdout.decode()
    for encoding in ("ascii", "latin-1", "gbk"):
        done = run(*command.split(), env={**PLAIN, "PYTHONIOENCODING": encoding})
        said = done.stdout.decode(encoding)
        assert done.returncode == 0
        assert said.count("?") == meant.count("?"), encoding
        assert len(said.splitlines()) == len(meant.splitlines()), encoding


def test_what_marks_a_limit_stays_a_mark_and_a_table_in_line() -> None:
    said, meant = (
        [
            line
            for line in run("capacity", "outage", env={**PLAIN, "PYTHONIOENCODING": encoding})
            .stdout.decode(encoding)
            .splitlines()
            if re.search("  |──|--", line)
        ]
        for encoding in ("ascii", "utf-8")
    )
    assert len(said) > 10
    assert [len(line) for line in said] == [len(line) for line in meant]
    assert any(line.endswith("586.5   < limits") and "64,512 / 2 x 6  " in line for line in said)


def test_names_in_other_scripts_are_as_good_as_they_can_be() -> None:
    env = {**PLAIN, "PYTHONIOENCODING": "ascii"}
    done = run("capacity", "cone", "--set", "title=Zürich 登录", env=env)
    assert (done.returncode, done.stdout.splitlines()[3]) == (0, b"Zurich ??")


def test_messages_too() -> None:
    done = run("observe", "cone", "--for", "−1", env={**PLAIN, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b'error: --for "-1": ')
