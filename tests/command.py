"""Commands for the tests: in this process, piped, or on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any

from typer.testing import CliRunner, Result

from tuplecalc.cli import app

PLAIN = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
DIRECT = "traffic.rate = {rate}\ntraffic.hold = '40s'\nclients = {{addresses = 1, ports = '1024-2023'}}\n"
DIRECT += "services = {{addresses = 1, ports = 80}}\n"  # 1,000 ports, each for 40 s + 60 s: 10 a second
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor
HUGE = """
title = "A title that goes on and on, far beyond what a terminal of eighty columns holds in one line"
traffic = { rate = 5, hold = "3s" }
clients.addresses = 340282366920938463463374607431768211456
[[hops]]
name = "a-very-long-name-of-a-translator-in-the-basement"
kind = "cone"
addresses = 100000000000000000000000000000000000000
instances = 7
max_entries = 123456789012345678901234567890
[[hops]]
name = "another-very-long-name-of-a-proxy-in-the-basement"
kind = "hourglass"
capture = "tproxy"
source = "client"
instances = 7
split = "services"
max_files = 999999999999999999999
[[services]]
addresses = "2001:db8::/64"
ports = 80
share = "1/3"
[[services]]
addresses = "2001:dba::/63"
ports = [443, 80]
share = "2/3"
"""


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    """A command in this process; its errors are raised."""
    return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)


def run(*arguments: str, stdin: bytes = b"", **keys: Any) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, piped."""
    command = [sys.executable, "-m", "tuplecalc", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, **{"env": PLAIN, "timeout": 60, **keys}
    )


def terminal(*arguments: str, **environment: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    master, slave = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tuplecalc", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**PLAIN, "COLUMNS": "80", "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            written += part
    os.close(master)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def on_a_terminal(
    arguments: Sequence[str], until: str = "", stdout: int | None = None, stdin: int | None = None
) -> tuple[int, str]:
    """The status of a command and what it wrote to a terminal; Ctrl-C once that has some words.

    Standard input is empty; without ``until`` the command runs to its end.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tuplecalc", *arguments],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
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
            os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all that run in front
            is_sent = True
    os.close(master)
    process.kill() if monotonic() >= end else None
    return process.wait(), written.decode(errors="replace")


def bare(text: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def refused(process: subprocess.CompletedProcess[bytes]) -> str:
    """The message of a run that was refused as it should be: status 2, nothing but one message."""
    message = process.stderr.decode()
    assert process.returncode == 2
    assert process.stdout == b""
    assert "Traceback" not in message
    assert message.count("error: ") == 1
    return message.removeprefix("error: ").rstrip("\n")
