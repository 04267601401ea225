"""What is said on standard error fits a terminal, and is one line a message in a pipe."""

import pytest

from tests.command import on_a_terminal, run
from tuplecalc.cli.messages import fitted


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ('wrote "my own plot.svg": done', ['wrote "my own plot.svg":', "  done"]),
        ("try it with --set 'title=a b c' now", ["try it with", "  --set 'title=a b c' now"]),
        ("what a machine's name says and hops.lvs.addresses=4", None),
        ("two:\n  first of the problems there are", ["two:", "  first of the problems", "    there are"]),
    ],
)
def test_lines_break_between_words_only(said: str, lines: list[str] | None) -> None:
    found = fitted(said, 25).split("\n")
    assert found == (lines or ["what a machine's name", "  says and", "  hops.lvs.addresses=4"])


def test_an_error_fits_the_terminal_and_is_one_line_in_a_pipe() -> None:
    arguments = ["capacity", "outage", "--set", "hops.lvs.adresses=4", "--rate", "700"]
    status, said = on_a_terminal(arguments, "")
    piped = run(*arguments).stderr.decode()
    lines = said.replace("\r\n", "\n").splitlines()
    assert status == 2
    assert max(map(len, lines)) <= 80 < max(map(len, piped.splitlines()))
    assert " ".join(said.split()) == " ".join(piped.split())
