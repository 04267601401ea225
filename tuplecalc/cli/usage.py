"""What a command line is answered with that no command understands: the nearest that one does.

Only those who mistype wait for this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tuplecalc.cli.files import meant, missing
from tuplecalc.errors import InputError, nearest, show
from tuplecalc.network.file import EXAMPLES, show_path

_COMMANDS = {
    **dict.fromkeys(("calc", "calculate", "compute", "run", "check", "validate", "lint", "gate"), "capacity"),
    **dict.fromkeys(("analyze", "analyse", "analysis", "show", "test", "limits", "limit"), "capacity"),
    **dict.fromkeys(("diff", "vs"), "compare"),
    **dict.fromkeys(("graph", "draw", "chart", "figure", "image", "map", "png", "svg"), "plot"),
    **dict.fromkeys(("html", "pdf", "export"), "report"),
    **dict.fromkeys(("why", "formula", "glossary", "define"), "explain"),
    **dict.fromkeys(("need", "size", "plan", "optimize", "recommend", "fix", "advise"), "solve"),
    **dict.fromkeys(("init", "new", "template", "example", "start", "create", "demo"), "examples"),
    **dict.fromkeys(("watch", "monitor", "live", "ss", "status", "top", "usage"), "observe"),
    **dict.fromkeys(("alerts", "alert", "prometheus"), "rules"),
    **dict.fromkeys(("convert", "read", "load", "collect", "scan", "discover"), "import"),
    **dict.fromkeys(("devices", "vendors", "list", "profiles"), "presets"),
    **dict.fromkeys(("simulate", "bench", "prove"), "verify"),
    "help": "--help",
    "version": "--version",
}
_FORMATS = ("json", "csv", "markdown", "table", "text", "latex", "html", "pdf", "png", "svg", "toml")
_OPTIONS = {
    **{f"--{name}": f"-o {name}" for name in _FORMATS},
    **dict.fromkeys(("--md", "-m"), "-o markdown"),
    "-j": "-o json",
    **dict.fromkeys(("--format", "--fmt", "--out", "-O"), "-o"),
    **dict.fromkeys(("--cps", "--rps", "--qps", "-r"), "--rate"),
    **dict.fromkeys(("-s", "--param", "--override", "--value"), "--set"),
    **dict.fromkeys(("-V", "-v"), "tuplecalc --version"),
}
_FILES = ("--file", "-f", "-i", "--input", "--config", "-c", "--chain", "--topology")


def no_command(name: str, commands: Iterable[str]) -> InputError:
    """What is said where no command has this name: the one that is meant, or that a file needs one."""
    known = list(commands)
    with suppress(OSError, ValueError):
        if name in EXAMPLES or Path(meant(name)).is_file():
            what = "a bundled example" if name in EXAMPLES else "a file"
            return InputError(
                f"{show(name)} is {what}, no command; write tuplecalc capacity {show_path(name)}"
            )
    if Path(name).suffix or "/" in name:
        return missing(name) or InputError(f"{show_path(name)} is no command")
    low = name.lower()
    begun = [each for each in known if len(low) > 1 and each.startswith(low)]
    near = _COMMANDS.get(low) or next(iter(begun), None) or nearest(low, known)
    near = near or _COMMANDS.get(nearest(low, _COMMANDS) or "")
    way_out = f"did you mean tuplecalc {near}?" if near else f"there are {', '.join(known)}"
    return InputError(f"no command is called {show(name)}; {way_out}")


def said(error: Any) -> InputError:
    """What is said of a command line that the command-line library refuses, on one line."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "tuplecalc"
    params = context.command.get_params(context) if context else []
    look = f"`{command} --help` shows what there is"
    if hasattr(error, "possibilities"):
        found = _option_meant(error.option_name, params, command)
        return InputError(f"{command} has no option {error.option_name}; {found or look}")
    param = getattr(error, "param", None)
    if param is None:
        message = error.format_message().rstrip(".").replace("'", '"')
        return InputError(f"{command}: {message[:1].lower()}{message[1:]}; {look}")
    name = param.opts[0] if param.opts[0].startswith("-") else param.metavar or param.name.upper()
    if not error.message:
        return InputError(f"{command}: {name} is missing: {param.help}")
    message = error.message.removeprefix("Value error, ").rstrip(".").replace("'", '"')
    near = (
        nearest(message.split('"')[1].lower(), param.type_descriptor.choices or ()) if '"' in message else ""
    )
    first = "" if name.startswith("-") else f"; {name} comes before the file"
    return InputError(f"{name}: {message}{f'; did you mean {near}?' if near else first}")


def _option_meant(name: str, params: list[Any], command: str) -> str:
    options = [each for param in params for each in param.opts if each.startswith("-")]
    if name in _FILES and (argument := next((p for p in params if not p.opts[0].startswith("-")), None)):
        return f"the file stands alone, as in {command} {argument.metavar.lower()}.toml"
    meant, _, value = _OPTIONS.get(name, "").partition(" ")
    if meant == "tuplecalc":
        return f"write {meant} {value}"
    choices = next((p.type_descriptor.choices for p in params if meant in p.opts), None)
    if meant in options and (not value or choices is None or value in choices):
        return f"write {meant} {value}".rstrip()
    near = nearest(name, [each for each in options if each.startswith("--")]) if len(name) > 2 else None
    return f"did you mean {near}?" if near else ""
