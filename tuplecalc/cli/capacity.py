"""``tuplecalc capacity``: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Rate, Settings, blocking_share, chain, in_json, option
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity as find_capacity
from tuplecalc.render import numbers
from tuplecalc.render.json import versioned
from tuplecalc.render.verdict import condition, expected, used, wanted
from tuplecalc.under_load.offered import Offered, offered


def capacity(
    file: File = None,
    settings: Settings = None,
    rate: Rate = None,
    blocking: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Ask for the highest rate at which no more than this share fails."
        ),
    ] = None,
    output: Annotated[Literal["table", "json", "csv", "markdown"], OUTPUT] = "table",
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
            help="Exit 1 where more than this share of the connections is expected to fail, of all, of any "
            "kind or of any group of clients, or of wanted flows cannot be open.",
        ),
    ] = None,
) -> None:
    """Reachable tuples at every hop, the limit that binds, and what would help.

    The first line says whether what is offered fits. It fails where more than 0.1% of the connections are
    expected to fail, of all, of any kind or of any group of clients; where the rate is more than the highest;
    and where more flows are wanted at once than can be open, or clients with flows_each get no ports. It is
    tight above 80% of these, else it fits: if tables and files without a size are as large as it says.
    """
    share = blocking_share(blocking)
    above, failing = "--fail-above", "--most-failing"
    gates = {
        above: option(above, fail_above, "a share above 0", "0.8 or 80%", percent=True),
        failing: option(
            failing,
            most_failing,
            "a share of 0 or more and below 1",
            "1e-3 or 0.1%",
            lambda value: 0 <= value < 1,
            percent=True,
        ),
    }
    design = chain(file, settings, rate)
    result = find_capacity(design)
    load = offered(result, None if share is None else float(share))
    for name, gate in gates.items():
        if gate is not None and load.verdict is None:
            way_out = "write `rate` or `flows` under [traffic], or --rate 700"
            raise InputError(f"{name} needs an offered rate, or flows that are wanted; {way_out}")
    match output:
        case "table":
            from rich.console import Console

            from tuplecalc.render.capacity import print_table

            console = Console(highlight=False, emoji=False, markup=False)
            print_table(result, console, load)
        case "json":
            from tuplecalc.render.json import capacity as record

            print(in_json(versioned(record(result, load))))
        case "csv":
            from tuplecalc.render.capacity import csv_rows

            sys.stdout.write(csv_rows(result))
            if rate is not None or share is not None:
                print("The limits only; -o json has what becomes of the rate.", file=sys.stderr)
        case "markdown":
            from tuplecalc.render.capacity import markdown

            sys.stdout.write(markdown(result, load))
    tripped = [*_above(load, above, gates[above]), *_failing(load, failing, gates[failing])]
    for reason in tripped:
        print(reason, file=sys.stderr)
    if gates[failing] is not None and (missing := condition(load)):
        print(f"{failing} holds{missing.replace(', if', ' only if')}.", file=sys.stderr)
    if tripped:
        raise typer.Exit(1)


def _above(load: Offered, name: str, share: Fraction | None) -> Iterator[str]:
    """Why more than this share of what is possible is offered."""
    if share is None:
        return
    if load.not_served and load.rate is not None:
        yield f"{name}: {numbers.percent(load.not_served)} of the clients get no ports."
    if load.rate is not None and load.highest is not None and load.rate > load.highest * share:
        yield f"{name} {numbers.percent(share)}: {numbers.rate(load.rate)}/s is {used(load)}."
    for each in load.wanted:
        if each.flows > each.possible * share or not each.served.are_all:
            yield f"{name} {numbers.percent(share)}: {wanted(each)}."


def _failing(load: Offered, name: str, share: Fraction | None) -> Iterator[str]:
    """Why more may fail, of all, of a kind or of a group: a gate closes at the upper end of a bracket."""
    if share is not None and load.most_failing > float(share):
        yield f"{name} {numbers.percent(share)}: {expected(load)}."
