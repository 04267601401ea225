"""``tuplecalc verify``: the chain, scaled down, built out of network namespaces and measured."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Settings, chain, put, whole
from tuplecalc.cli.progress import working


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
        bool,
        typer.Option(
            "--rates",
            help="Also measure the rate, with a TIME_WAIT of seconds, and the share that dies "
            "where ports are chosen blindly.",
        ),
    ] = False,
    output: Annotated[Literal["table", "json"], OUTPUT] = "table",
) -> None:
    """Builds the chain in network namespaces and opens real connections until no more are admitted (root)."""
    factor = whole("--scale", scale, "a whole number from 1 to 99999", "500", 5)
    design = chain(file, settings)
    from tuplecalc.lab.verification import verify as measure
    from tuplecalc.render import verified

    with working("scaling the chain down") as work:
        found = measure(design, factor=factor, rates=rates, begin=work.begin)
    put(found, "text" if output == "table" else output, verified)
    if not found.agrees:
        raise typer.Exit(1)
