"""``tuplecalc capacity``: the main job."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Rate, Settings, blocking_share, chain, in_json, option
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.capacity import capacity as find_capacity
from tuplecalc.render.json import versioned
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
            metavar="SHARE", help="Exit 1 where more than this share of the highest rate is offered."
        ),
    ] = None,
    most_failing: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Exit 1 where more than this share of the connections is expected to fail."
        ),
    ] = None,
) -> None:
    """Reachable tuples at every hop, the limit that binds, and what would help."""
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
    for name, gate in gates.items():
        if gate is not None and design.traffic.offered is None:
            raise InputError(f"{name} needs an offered rate; write `rate` under [traffic], or --rate 700")
    result = find_capacity(design)
    load = offered(result, None if share is None else float(share))
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
    if _is_above(result, gates[above]) or _fail(load, gates[failing]):
        raise typer.Exit(1)


def _is_above(result: Capacity, share: Fraction | None) -> bool:
    rate, highest = result.chain.traffic.offered, result.rate if result.flows else 0
    if share is None or rate is None:
        return False
    return (highest is not None and rate > highest * share) or not result.served.are_all


def _fail(load: Offered, share: Fraction | None) -> bool:
    """Whether more may fail, of all or of a kind: a gate closes at the upper end of a bracket."""
    return share is not None and load.expected is not None and load.most_failing > float(share)
