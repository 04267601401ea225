"""Somebody new who types a first guess: it works, or what is said leads to what works in one step."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command import invoke
from tuplecalc.errors import TuplecalcError


class Said(NamedTuple):
    """What a command said, on one line without boxes."""

    status: int
    text: str


class Newcomer:
    """A person in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def writes(self, name: str, text: str) -> None:
        """A file."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def reads(self, name: str) -> str:
        """A file that a command made."""
        return (self.folder / name).read_text(encoding="utf-8")

    def types(self, line: str) -> Said:
        """A command as it is typed, in this process."""
        program, *arguments = shlex.split(line)
        assert program == "tuplecalc"
        try:
            result = invoke(*arguments)
        except TuplecalcError as error:  # as the program's main says it
            return Said(2, on_one_line(f"error: {error}"))
        return Said(result.exit_code, on_one_line(result.output))

    def gets(self, line: str, *answers: str) -> None:
        """An answer at once, with all of this in it."""
        said = self.types(line)
        assert said.status == 0, said.text
        assert_in(said, answers)

    def guesses(self, line: str, *, led_to: str, then: str, answer: str) -> None:
        """The answer at once; or a message that names what to write, and with that the answer."""
        said = self.types(line)
        if said.status == 0:
            assert_in(said, [answer])
            return
        assert said.status == 2
        assert_in(said, [led_to])
        self.gets(then, answer)

    def guesses_in_a_file(self, text: str, first: str, *, led_to: str, then: str, answer: str) -> None:
        """The same for what is written in a file in the place of ``…``."""
        self.writes("guess.toml", text.replace("…", first))
        self.writes("then.toml", text.replace("…", then))
        command = "tuplecalc capacity guess.toml"
        self.guesses(command, led_to=led_to, then=command.replace("guess", "then"), answer=answer)


def on_one_line(text: str) -> str:
    """Without the breaks and boxes of a terminal."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


def assert_in(said: Said, words: tuple[str, ...] | list[str]) -> None:
    for each in words:
        assert each in said.text, f"{each!r} is not said in: {said.text}"


def newcomer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Newcomer:
    """One in this folder, at a terminal of a common width."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    return Newcomer(folder)
