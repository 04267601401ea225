"""``tuplecalc report``: all of it on one page."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import Annotated

import typer

from tuplecalc.cli.inputs import File, Rate, Settings, chain, changes_of, with_text
from tuplecalc.cli.outputs import STANDARD_OUTPUT, quiet, target, write
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import show_path


def report(
    file: File = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help='The .html file to write; "-" is standard output.'
        ),
    ] = None,
    settings: Settings = None,
    rate: Rate = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="An older chain file: what changes from it to FILE. --set is for FILE, --rate for both.",
        ),
    ] = None,
) -> None:
    """One page of HTML with the result, its formulas and figures, for a browser, a phone or paper."""
    path = target(output, "report.html", [file, compare])
    if path != STANDARD_OUTPUT and PurePath(path).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"-o {show(path)}: a report is an .html file; end its name so")
    if file == compare == "-":
        raise InputError("--compare -: standard input is the first chain file already; name a file")
    design, source = with_text(file, settings, rate)
    result = capacity(design)
    older = None if compare is None else capacity(chain(compare, None, rate))
    quiet()
    from tuplecalc.render.report import report as render

    page = render(result, source=source, settings=changes_of(settings, rate), compare=older)
    write(path, page.encode(errors="replace"))  # a file's name that stands in for a title may be no Unicode
    if path != STANDARD_OUTPUT:
        print(f"wrote {show_path(path)}", file=sys.stderr)
