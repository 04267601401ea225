"""The command line: parse, one call, a renderer, an exit status.

Each command is a module of its name, imported when it is asked for: it imports the heavy libraries
that only it needs, so that ``capacity`` starts as fast as the command-line library itself.  Results
go to standard output, messages to standard error.  Exit status: 0 answered, 1 over what
``--most-failing`` or ``--fail-above`` allows, without a solution, or measured otherwise than
predicted, 2 bad input.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any, NoReturn

import typer

from tuplecalc.cli import interrupts, streams
from tuplecalc.cli.words import Command, Group
from tuplecalc.errors import InputError, TuplecalcError

COMMANDS = (
    "capacity",
    "import",
    "explain",
    "solve",
    "sweep",
    "compare",
    "plot",
    "report",
    "verify",
    "observe",
    "rules",
    "presets",
    "examples",
    "schema",
)
"""Each is a module here with a function of its name, ``import_`` where the name is a word of Python's."""


class _Commands(Group):
    """A group whose commands are made when they are looked up: each takes a millisecond or two."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, made from its module; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            alone = typer.Typer(add_completion=False, context_settings=_HELP, rich_markup_mode=None)
            name = cmd_name + "_" * iskeyword(cmd_name)
            module = import_module(f"{__name__}.{name}")
            alone.command(cmd_name, cls=getattr(module, "Command", Command))(getattr(module, name))
            self.commands[cmd_name] = typer.main.get_command(alone)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first word; where there is none it is said which one may be meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from tuplecalc.cli.usage import no_command

            raise no_command(args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **keys: Any) -> Any:
        """Run, with what is wrong with a command line said as all else is: on one line."""
        try:
            status = super().main(*args, **{**keys, "standalone_mode": False})
        except typer.Abort:
            sys.exit(130)
        except typer.TyperException as error:
            from tuplecalc.cli.usage import said

            raise said(error) from None
        sys.exit(status or 0)


_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
app = typer.Typer(
    name="tuplecalc",
    cls=_Commands,
    no_args_is_help=True,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_HELP,
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Counts the reachable TCP tuples at every hop of a chain of NATs, balancers and proxies."""
    if version:
        from tuplecalc import __version__

        print(f"tuplecalc {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; the only place where errors become messages and exit statuses."""
    _start_fast()
    streams.prepare()
    try:
        interrupts.heed()
        if sys.stdout is None:
            raise InputError("standard output: closed; there is nowhere to write to")
        try:
            app(prog_name="tuplecalc")
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        if not end.code:  # any other status says more
            streams.end_as_others_do()
        raise
    except KeyboardInterrupt:  # while a library is loaded; later on typer sees to it
        os._exit(130)
    except TuplecalcError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write the result: {(error.strerror or str(error)).lower()}")


def _start_fast() -> None:
    """A process that answers once: few searches for garbage, none at its end, no plugins.

    That takes a seventh off the start of ``capacity``; pydantic looks for plugins in every installed package.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    if os.environ.get("COLUMNS", "").strip().strip("0") == "":
        os.environ.pop("COLUMNS", None)  # no width at all, for which the help would be empty
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _fail(message: str) -> NoReturn:
    from tuplecalc.cli.messages import say

    with suppress(OSError, AttributeError):  # standard error may be full or closed as well
        say(f"error: {message}")
        sys.stderr.flush()
    os._exit(2)  # what is left in a full buffer would fail again on the way out
