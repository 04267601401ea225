"""docs/cli.md: every command with its arguments, options and defaults, out of the command line itself."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import typer

import tuplecalc.cli
from tuplecalc.cli import COMMANDS, app


def page() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    return "".join(
        [
            "# Commands\n\n",
            "`tuplecalc COMMAND -h` says the same in the terminal. This page is made from the commands.\n\n",
            *_table(group.params, "option"),
            f"\n## Exit status\n\n{_exit_status()}\n",
            *(line for name in COMMANDS for line in _command(name, group.get_command(None, name))),
        ]
    )


def _exit_status() -> str:
    """What the package says of it."""
    doc = str(tuplecalc.cli.__doc__).replace("``", "`")
    (said,) = re.findall(r"Exit status: (.*?)\.\n", doc, re.DOTALL)
    rows = re.split(r", (?=\d )", " ".join(said.split()))
    return "\n".join(
        ["| status | when |", "| --- | --- |", *(f"| {row.replace(' ', ' | ', 1)} |" for row in rows)]
    )


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if not each.opts[0].startswith("-")]
    options = [each for each in command.params if each not in arguments]
    usage = " ".join(["tuplecalc", name, *map(_usage, arguments)]) + (" [OPTIONS]" if options else "")
    yield f"\n## tuplecalc {name}\n\n```text\n{usage}\n```\n\n{_prose(command.help)}\n"
    for params, title in ((arguments, "argument"), (options, "option")):
        if params:
            yield "\n"
            yield from _table(params, title)


def _usage(argument: Any) -> str:
    name = _name(argument)
    return name if argument.required else f"[{name}]"


def _table(params: list[Any], title: str) -> Iterator[str]:
    yield f"| {title} | meaning | default |\n| --- | --- | --- |\n"
    for each in params:
        if not each.hidden:
            yield f"| {_written(each)} | {_cell(each.help)} | {_cell(_default(each))} |\n"


def _prose(text: str) -> str:
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text.strip())


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _name(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _choices(param: Any) -> tuple[str, ...]:
    """The words that it takes; none where it takes any."""
    annotation = param.type_descriptor.annotation
    return tuple(each for each in get_args(annotation) if isinstance(each, str))


def _written(param: Any) -> str:
    """How it is typed: its names, and what follows them."""
    choices = " or ".join(f"`{each}`" for each in _choices(param))
    if not param.opts[0].startswith("-"):
        return f"`{_name(param)}`" + (f": {choices}" if choices else "")
    names = ", ".join(f"`{each}`" for each in [*param.opts, *param.secondary_opts])
    if param.is_flag:
        return names
    return f"{names} {choices}" if choices else f"{names} `{param.metavar}`".replace("|", "\\|")


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.show_default, str):
        return param.show_default
    return "" if param.default in (None, False, [], ()) else f"`{param.default}`"
