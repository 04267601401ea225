"""``tuplecalc solve``: the least count or the largest time that meets a target."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Settings, chain, option, put, whole
from tuplecalc.errors import InputError


def solve(
    file: File = None,
    paths: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="PATH",
            help="What to solve for, as of --set: hops.lvs.addresses; =1..64 keeps a range.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Connections a second to carry; else the file's rate."),
    ] = None,
    flows: Annotated[
        str | None, typer.Option(metavar="COUNT", help="Connections that should be open at once.")
    ] = None,
    blocking: Annotated[
        str | None, typer.Option(metavar="SHARE", help="No more than this share of the rate may fail.")
    ] = None,
    settings: Settings = None,
    output: Annotated[Literal["text", "json"], OUTPUT] = "text",
) -> None:
    """The least number of addresses, ports, … (or the longest time) with which the chain meets a target."""
    if not paths:
        raise InputError("--for: this says what to solve for, and is missing; write --for hops.lvs.addresses")
    if len(paths) > 1:
        raise InputError("--for: one number is solved for at a time; leave all but one out")
    wanted = option("--rate", rate, "a rate above 0 and up to 1e18", "700")
    share = option("--blocking", blocking, "a share above 0 and below 1", "1e-3", below=1)
    rule = "a whole number of 1 or more, of less than 50 digits"
    open_at_once = whole("--flows", flows, rule, "100000", 49)
    design = chain(file, settings)
    from tuplecalc.questions.solving import solve as find_solution
    from tuplecalc.render import solved

    lost = None if share is None else float(share)
    found = find_solution(design, paths[0], flows=open_at_once, rate=wanted, blocking=lost)
    put(found, output, solved)
    if found.value is None:
        raise typer.Exit(1)
