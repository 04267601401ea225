"""``tuplecalc sweep``: the chain at every point of a grid."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Rate, Settings, chain
from tuplecalc.cli.messages import say
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError

if TYPE_CHECKING:
    from tuplecalc.questions.sweep import Sweep

_PART = 100_000  # points that are calculated and written at once
_LOSSY_PART = 1  # where each takes a tenth of a second or more
_MOST_POINTS = 10_000_000_000  # a terabyte as CSV


def sweep(
    file: File = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[=LOW..HIGH[/N]]",
            help="A number and its values: hops.lvs.addresses=1..64, traffic.hold=0s..240s/25. Repeatable.",
        ),
    ] = None,
    settings: Settings = None,
    rate: Rate = None,
    blocking: Annotated[
        bool,
        typer.Option("--blocking", help="Say what fails at the offered rate; 0.1 s a point or more."),
    ] = False,
    output: Annotated[Literal["table", "csv", "json"], OUTPUT] = "table",
) -> None:
    """Connections, rate and the tightest limits at every point of a grid of values."""
    design = chain(file, settings, rate)
    if not vary:
        from tuplecalc.questions.paths import likely

        rule = "this says what varies, and is missing"
        raise InputError(f"--vary: {rule}; write --vary {likely(design)}=1..64")
    from tuplecalc.questions.sweep import sweep as over
    from tuplecalc.render import swept
    from tuplecalc.render.json import write_sweep
    from tuplecalc.render.table import page

    found = over(design, vary)
    if found.size > _MOST_POINTS:
        raise InputError(
            f"--vary: {found.size:,} points are too many; write fewer behind the /, as in 0s..10m/25"
        )
    varies = any(axis.unit == "1/s" for axis in found.axes)
    if blocking and design.traffic.offered is None and not varies:
        raise InputError("--blocking is that of a rate; write `rate` under [traffic], or --rate 700")
    parts = _followed(found, _LOSSY_PART if blocking else _PART, is_shown=output == "table")
    match output:
        case "csv":
            swept.write_csv(found, parts, sys.stdout, blocking=blocking)
        case "json":
            write_sweep(found, parts, sys.stdout, blocking=blocking)
        case "table":
            with closing(parts):
                written, left = swept.first_points(found, parts, blocking=blocking, page=page())
            sys.stdout.write(written)
            if left:
                say(f"{left:,} points more; -o csv has all.")


def _followed(found: Sweep, points: int, *, is_shown: bool) -> Generator[Sweep]:
    """The parts, with a bar where the terminal is not busy with the result itself."""
    with working("points", found.size, is_shown=is_shown or not sys.stdout.isatty()) as work:
        for part in found.parts(points):
            yield part
            work.advance(part.size)
