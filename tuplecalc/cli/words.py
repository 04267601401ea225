"""Commands whose help says what an option takes in words, not in the names of Python's types."""

from __future__ import annotations

from functools import partial
from typing import Any

from typer.core import TyperCommand, TyperGroup

_WORDS = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "path": "PATH", "file": "PATH"}
_ALL = 1000


def _taken(param: Any, ctx: Any) -> str | None:
    """What stands beside an option: nothing for a flag, nor for an argument, whose name says it."""
    if param.param_type_name == "argument" or param.is_flag:
        return None
    said = str(type(param).display_type_rich(param, ctx)).removeprefix("<").removesuffix(">")
    return _WORDS.get(said, said)


def _reword(command: Any, ctx: Any) -> None:
    for param in command.get_params(ctx):
        vars(param)["display_type_rich"] = partial(_taken, param)


class Command(TyperCommand):
    """A command."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _reword(self, ctx)
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """A command with further ones."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _reword(self, ctx)
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what commands there are, each with all of its sentence."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(_ALL)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
