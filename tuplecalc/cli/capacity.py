"""``tuplecalc capacity``: the main job."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Rate, Settings, chain, in_json, option
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.capacity import capacity as find_capacity
from tuplecalc.render.json import versioned
from tuplecalc.under_load.offered import offered


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
) -> None:
    """Reachable tuples at every hop, the limit that binds, and what would help."""
    share = option("--blocking", blocking, "a share above 0 and below 1", "1e-3", below=1)
    gate = option("--fail-above", fail_above, "a share above 0", "0.8")
    design = chain(file, settings, rate)
    if gate is not None and design.traffic.offered is None:
        raise InputError("--fail-above needs an offered rate; write `rate` under [traffic], or --rate 700")
    result, lost = find_capacity(design), None if share is None else float(share)
    match output:
        case "table":
            from rich.console import Console

            from tuplecalc.render.capacity import print_table

            console = Console(highlight=False, emoji=False, markup=False)
            print_table(result, console, offered(result, lost))
        case "json":
            from tuplecalc.render.json import capacity as record

            print(in_json(versioned(record(result, offered(result, lost)))))
        case "csv":
            from tuplecalc.render.capacity import csv_rows

            sys.stdout.write(csv_rows(result))
            if rate is not None or share is not None:
                print("The limits only; -o json has what becomes of the rate.", file=sys.stderr)
        case "markdown":
            from tuplecalc.render.capacity import markdown

            sys.stdout.write(markdown(result, offered(result, lost)))
    if gate is not None and _is_above(result, gate):
        raise typer.Exit(1)


def _is_above(result: Capacity, share: Fraction) -> bool:
    rate, highest = result.chain.traffic.offered, result.rate if result.flows else 0
    above = highest is not None and rate is not None and rate > highest * share
    return rate is not None and (above or not result.served.are_all)
