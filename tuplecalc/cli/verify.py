"""``tuplecalc verify``: the chain, scaled down, built out of network namespaces and measured."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from tuplecalc.cli.inputs import File, Settings, chain, in_json
from tuplecalc.errors import InputError, show


class Verified(StrEnum):
    """How ``verify`` writes its result."""

    TABLE = "table"
    JSON = "json"


def verify(
    file: File = None,
    settings: Settings = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="FACTOR",
            help="Make ranges of ports so many times smaller; 1 leaves the chain as it is. "
            "Without it the mildest that will do.",
        ),
    ] = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="Also measure the rate, with a TIME_WAIT of two seconds.")
    ] = False,
    output: Annotated[
        Verified, typer.Option("-o", "--output", help="How to write the result.")
    ] = Verified.TABLE,
) -> None:
    """Builds the chain in network namespaces and opens real connections until no more are admitted (root)."""
    factor = _factor(scale)
    design = chain(file, settings)
    from tuplecalc.lab.verification import verify as measure

    found = measure(design, factor=factor, rates=rates)
    if output is Verified.JSON:
        from tuplecalc.render.json import to_dict

        print(in_json(to_dict(found)))
    else:
        from tuplecalc.render.verified import text

        sys.stdout.write(text(found))
    if not found.agrees:
        raise typer.Exit(1)


def _factor(written: str | None) -> int | None:
    if written is None:
        return None
    if not written.isascii() or not written.isdecimal() or not 1 <= len(written) <= 5 or not int(written):
        rule = "this is a whole number from 1 to 99999"
        raise InputError(f"--scale {show(written)}: {rule}; write it as in --scale 500")
    return int(written)
