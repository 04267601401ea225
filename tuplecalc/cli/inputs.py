"""What the commands have in common: where a chain comes from, options that are numbers, JSON."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path, PurePath
from types import ModuleType
from typing import Annotated, Any

import typer

from tuplecalc.cli.files import begun, meant, missing, of_another_kind
from tuplecalc.cli.messages import say
from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES, LARGEST_FILE, example, example_text, load, read
from tuplecalc.network.part import step as step_of
from tuplecalc.network.replace import read_setting
from tuplecalc.network.setvalue import whole as as_whole
from tuplecalc.network.values import number, seconds
from tuplecalc.network.values import rate as as_rate
from tuplecalc.render.json import to_dict

DEFAULT_EXAMPLE = "outage"
_LONGEST = 30 * 86400  # seconds

File = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE",
        help='A chain file (TOML or JSON), "-" for standard input, or the name of a bundled example.',
        show_default=f"the example {DEFAULT_EXAMPLE}",
        autocompletion=begun,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a value first: hops.lvs.addresses=4. Repeatable."
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--rate", metavar="NUMBER", help="New connections a second that are offered: sets traffic.rate."
    ),
]
OUTPUT = typer.Option("-o", "--output", help="How to write the result.")


def changes_of(settings: list[str] | None, rate: str | None) -> list[str]:
    """The settings of a command line, with that of ``--rate`` last."""
    checked = option("--rate", rate, "a rate above 0 and up to 1e18", "700", read=as_rate)
    return [*(settings or []), *([] if checked is None else [f"traffic.rate={rate}"])]


def chain(file: str | None, settings: list[str] | None, rate: str | None = None) -> Chain:
    """The chain that a command is about; a missing file stands for the bundled example."""
    changes = changes_of(settings, rate)
    with rate_named(rate):
        design = _chain(file, changes)
    _say_what_is_left_out(settings)
    return design


def _say_what_is_left_out(settings: list[str] | None) -> None:
    """Which hops and kinds settings took away, not only a key of them."""
    for setting in settings or ():
        steps, written = read_setting(setting)
        if not written and tuple(steps[:-1]) in (("hops",), ("traffic", "kinds")):
            say(f"{'.'.join(map(step_of, steps))}: left out.")


def _chain(file: str | None, changes: list[str]) -> Chain:
    if file is None:
        say(f"No file given: this is the bundled example {DEFAULT_EXAMPLE}.")
        return example(DEFAULT_EXAMPLE, changes)
    if not file:
        raise InputError("the name of the file is empty; leave it out for the bundled example")
    if file == "-":
        if sys.stdin is None:
            raise InputError("standard input: closed; there is nothing to read")
        return read(sys.stdin.buffer, "standard input", "standard input", changes)
    if file in EXAMPLES and not Path(file).is_file():
        return example(file, changes)
    found = meant(file)
    if found != file:
        say(f"{file}: this is {found}.")
    try:
        return load(found, changes)
    except (InputError, ChainError) as error:
        unread = isinstance(error.__cause__, OSError)
        raise (missing(file) or (None if unread else of_another_kind(found)) or error) from None


@contextmanager
def rate_named(rate: str | None) -> Iterator[None]:
    """What is wrong with ``traffic.rate`` is said of ``--rate`` where that set it."""
    try:
        yield
    except ChainError as error:
        if rate is None:
            raise
        typed, where = f"--rate {show(rate)}", {problem.place for problem in error.problems}
        named = (
            replace(each, place=typed, value=None) if each.place == "traffic.rate" else each
            for each in error.problems
        )
        raise ChainError(named, "" if where == {"traffic.rate"} else error.source) from None


def with_text(file: str | None, settings: list[str] | None, rate: str | None = None) -> tuple[Chain, str]:
    """The chain and the text that it is read from, at once: what comes out of a pipe comes once."""
    try:
        data = _data(file and meant(file))
    except (OSError, ValueError):  # an example; or `chain` has the words for what is wrong
        return chain(file, settings, rate), example_text(file or DEFAULT_EXAMPLE)
    name = "standard input" if file == "-" else str(file)
    try:
        with rate_named(rate):
            design = read(io.BytesIO(data), name, PurePath(name).name, changes_of(settings, rate))
    except (InputError, ChainError) as error:
        raise (of_another_kind(name) or error) from None
    _say_what_is_left_out(settings)
    return design, data.decode("utf-8-sig")


def _data(file: str | None) -> bytes:
    if file is None or (file == "-" and sys.stdin is None):
        raise ValueError("there is nothing to read")
    if file == "-":
        return sys.stdin.buffer.read(LARGEST_FILE + 1)
    with Path(file).open("rb") as stream:
        return stream.read(LARGEST_FILE + 1)


def _as_number(text: str) -> Fraction:
    return number(text, "a number")


def option(
    name: str,
    written: str | None,
    rule: str,
    example: str,
    fits: Callable[[Fraction], bool] = lambda value: value > 0,
    *,
    percent: bool = False,
    read: Callable[[str], Fraction] = _as_number,
) -> Fraction | None:
    """An option's number, exactly: a decimal or a fraction, as in a file, or ``percent`` too.

    Who writes 90 for a share means 90%: above 1 it has the sign.
    """
    if written is None:
        return None
    text, parts = (written[:-1], 100) if percent and written.endswith("%") else (written, 1)
    with suppress(ChainError):
        try:
            value = number(Decimal(text), name) / parts
        except InvalidOperation:
            value = read(text) / parts  # a fraction, one with a unit, or none
        if percent and value > 1 and text is written:
            rule = "a share above 1 has its percent sign"
            raise InputError(f"{name} {show(written)}: {rule}; write {name} {written}%, or {value * 100}%")
        if fits(value):
            return value
    raise InputError(f"{name} {show(written)}: this is {rule}; write it as in {name} {example}")


def blocking_share(written: str | None) -> Fraction | None:
    """What ``--blocking`` asks for.

    >>> blocking_share("0.1%") == blocking_share("1e-3") == blocking_share("1/1000")
    True
    """
    rule = "a share above 0 and below 1"
    return option("--blocking", written, rule, "1e-3 or 0.1%", lambda value: 0 < value < 1, percent=True)


def duration(name: str, written: str | None, example: str) -> Fraction | None:
    """An option's time in seconds, as in a file."""
    if written is None:
        return None
    with suppress(ChainError):
        if 0 < (value := seconds(written)) <= _LONGEST:
            return value
    rule = "this is a time above 0 and up to 30 days"
    raise InputError(f"{name} {show(written)}: {rule}; write it as in {name} {example}")


def whole(name: str, written: str | None, rule: str, example: str, digits: int) -> int | None:
    """An option's whole number of 1 or more, of so many digits at most; as in a file, 10,000 or 10k."""
    if written is None:
        return None
    found = as_whole(written)
    if found and found < 10**digits:
        return found
    raise InputError(f"{name} {show(written)}: this is {rule}; write it as in {name} {example}")


def put(found: object, output: str, renderer: ModuleType) -> None:
    """Write a result as JSON, or as the renderer's function of the output's name gives it."""
    if output == "json":
        print(in_json(to_dict(found)))
    elif output == "text":
        from tuplecalc.render.table import page

        sys.stdout.write(renderer.text(found, page()))
    else:
        sys.stdout.write(getattr(renderer, output)(found))


def in_json(record: dict[str, Any], indent: int | None = 2) -> str:
    """JSON for standard output, escaped where its encoding lacks characters; one line without ``indent``."""
    return json.dumps(record, indent=indent, ensure_ascii=not is_unicode())


def is_unicode() -> bool:
    """Whether standard output takes every character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")
