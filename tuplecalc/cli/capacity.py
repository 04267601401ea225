"""``tuplecalc capacity``: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import typer

from tuplecalc.cli.files import begun
from tuplecalc.cli.inputs import (
    DEFAULT_EXAMPLE,
    OUTPUT,
    Rate,
    Settings,
    blocking_share,
    chain,
    in_json,
    option,
)
from tuplecalc.cli.messages import say
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError, TuplecalcError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.capacity import capacity as find_capacity
from tuplecalc.network.file import show_path
from tuplecalc.render import numbers
from tuplecalc.render.json import versioned
from tuplecalc.render.verdict import carried, condition, failing_most, used, wanted
from tuplecalc.under_load.offered import Offered, offered

Output = Literal["table", "json", "csv", "markdown"]
_ABOVE, _FAILING = "--fail-above", "--most-failing"


class _Answer(NamedTuple):
    """What is said of one chain; ``name`` is empty where only one was asked for."""

    name: str
    result: Capacity
    load: Offered


def capacity(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help='A chain file (TOML or JSON), "-" for standard input, or the name of a bundled example. '
            "Of several each is answered under its name, and the worst exit status is that of all.",
            show_default=f"the example {DEFAULT_EXAMPLE}",
            autocompletion=begun,
        ),
    ] = None,
    settings: Settings = None,
    rate: Rate = None,
    blocking: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Ask for the highest rate at which no more than this share fails, in the best case only; "
            "solve --for traffic.rate --most-failing asks for what is expected.",
        ),
    ] = None,
    output: Annotated[Output, OUTPUT] = "table",
    fail_above: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Exit 1 where more than this share of the highest rate is offered, or of the flows that can "
            "be open is wanted, or clients get no ports.",
        ),
    ] = None,
    most_failing: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Exit 1 where more than this share of the connections, as in 0.1%, is expected to fail, "
            "of all, of any kind or of any group of clients, or of wanted flows cannot be open.",
        ),
    ] = None,
) -> None:
    """Whether it fits, what each hop can carry, the tightest limit, and what would help.

    The first line says whether what is offered fits. It fails where more than 0.1% of the connections are
    expected to fail, of all, of any kind or of any group of clients; where the rate is more than the highest;
    and where more flows are wanted at once than can be open, or clients with flows_each get no ports. It is
    tight above 80% of these, else it fits: if tables and files without a size are as large as it says.
    """
    share = blocking_share(blocking)
    gates = {
        _ABOVE: option(_ABOVE, fail_above, "a share above 0", "0.8 or 80%", percent=True),
        _FAILING: option(
            _FAILING,
            most_failing,
            "a share of 0 or more and below 1",
            "1e-3 or 0.1%",
            lambda value: 0 <= value < 1,
            percent=True,
        ),
    }
    asked: Sequence[str | None] = files or [None]
    several = len(asked) > 1
    answers, status = [], 0
    for file in asked:
        name = show_path(file) if file is not None and several else ""
        try:
            design = chain(file, settings, rate)
            with working("what is expected to fail"):
                result = find_capacity(design)
                load = offered(result, None if share is None else float(share))
            _need_a_rate(name, load, gates)
        except TuplecalcError as error:
            if not several:
                raise
            say(f"error: {error}")
            status = 2
        else:
            answers.append(_Answer(name, result, load))
    failing = gates[_FAILING]
    if answers and failing is not None and failing >= Fraction(1, 100) and "%" not in str(most_failing):
        say(f"{_FAILING} {most_failing} is {numbers.percent(failing)}.")
    if answers:
        _write(answers, output)
    if output == "csv" and (rate is not None or share is not None):
        say("The limits only; -o json has what becomes of the rate.")
    for answer in answers:
        if _is_closed(answer, gates):
            status = max(status, 1)
    if status:
        raise typer.Exit(status)


def _need_a_rate(name: str, load: Offered, gates: Mapping[str, Fraction | None]) -> None:
    for gate, share in gates.items():
        if share is not None and load.verdict is None:
            way_out = "write `rate` or `flows` under [traffic], or --rate 700"
            start = name and f"{name}: "
            raise InputError(f"{start}{gate} needs an offered rate, or flows that are wanted; {way_out}")


def _write(answers: Sequence[_Answer], output: Output) -> None:
    match output:
        case "table":
            from rich.console import Console

            from tuplecalc.render.capacity import text

            console = Console(highlight=False, emoji=False, markup=False)
            for number, (name, result, load) in enumerate(answers):
                with working("what would help"):
                    shown = text(result, load)
                if name:
                    console.print(f"{chr(10) * bool(number)}==> {name} <==", style="bold", soft_wrap=True)
                console.print(shown, soft_wrap=True, end="")
        case "json":
            from tuplecalc.render.json import capacity as record

            for name, result, load in answers:
                data = versioned(record(result, load))
                print(in_json({"file": name, **data}, indent=None) if name else in_json(data))
        case "csv":
            from tuplecalc.render.capacity import csv_rows

            sys.stdout.write(csv_rows(*((name, result) for name, result, _ in answers)))
        case "markdown":
            from tuplecalc.render.capacity import markdown
            from tuplecalc.render.table import in_markdown

            sections = (
                (f"# {in_markdown(name)}\n\n" if name else "") + markdown(result, load)
                for name, result, load in answers
            )
            sys.stdout.write("\n".join(sections))


def _is_closed(answer: _Answer, gates: Mapping[str, Fraction | None]) -> bool:
    """Whether a gate lets this chain not pass; says why, and on what it depends."""
    name, _, load = answer
    start = name and f"{name}: "
    tripped = [*_above(load, _ABOVE, gates[_ABOVE]), *_failing(load, _FAILING, gates[_FAILING])]
    for reason in tripped:
        say(f"{start}{reason}")
    if gates[_FAILING] is not None and (missing := condition(load)):
        say(f"{start}{_FAILING} holds{missing.replace(', if', ' only if')}.")
    return bool(tripped)


def _above(load: Offered, name: str, share: Fraction | None) -> Iterator[str]:
    """Why more than this share of what is possible is offered."""
    if share is None:
        return
    if load.not_served and load.rate is not None:
        yield f"{name}: {numbers.percent(load.not_served)} of the clients get no ports."
    if (load.utilisation is None and load.overloaded) or (load.utilisation or 0) > share:
        yield f"{name} {numbers.percent(share)}: {carried(load)} {used(load)}."
    for each in load.wanted:
        if each.flows > each.possible * share or not each.served.are_all:
            yield f"{name} {numbers.percent(share)}: {wanted(each)}."


def _failing(load: Offered, name: str, share: Fraction | None) -> Iterator[str]:
    """Why more may fail, of all, of a kind or of a group: a gate closes at the upper end of a bracket."""
    if share is not None and load.most_failing > float(share):
        yield f"{name} {numbers.percent(share)}: {failing_most(load)}."
