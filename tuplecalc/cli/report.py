"""``tuplecalc report``: all of it on one page."""

from __future__ import annotations

import io
import sys
from pathlib import Path, PurePath
from typing import Annotated

import typer

from tuplecalc.cli.inputs import DEFAULT_EXAMPLE, File, Rate, Settings, chain, changes_of, rate_named
from tuplecalc.cli.outputs import STANDARD_OUTPUT, quiet, target, write
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import LARGEST_FILE, example_text, read, show_path


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
            help="An older topology: what changes from it to FILE. --set is for FILE, --rate for both.",
        ),
    ] = None,
) -> None:
    """One page of HTML with the result, its formulas and figures, for a browser, a phone or paper."""
    path = target(output, "report.html", [file, compare])
    if path != STANDARD_OUTPUT and PurePath(path).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"-o {show(path)}: a report is an .html file; end its name so")
    if file == compare == "-":
        raise InputError("--compare -: standard input is the first topology already; name a file")
    design, source = _topology(file, settings, rate)
    result = capacity(design)
    older = None if compare is None else capacity(chain(compare, None, rate))
    quiet()
    from tuplecalc.render.report import report as render

    page = render(result, source=source, settings=changes_of(settings, rate), compare=older)
    write(path, page.encode(errors="replace"))  # a file's name that stands in for a title may be no Unicode
    if path != STANDARD_OUTPUT:
        print(f"wrote {show_path(path)}", file=sys.stderr)


def _topology(file: str | None, settings: list[str] | None, rate: str | None) -> tuple[Chain, str]:
    """The chain and the text that it is read from, at once: what comes out of a pipe comes once."""
    try:
        data = _data(file)
    except (OSError, ValueError):  # an example; or `chain` has the words for what is wrong
        return chain(file, settings, rate), example_text(file or DEFAULT_EXAMPLE)
    name = "standard input" if file == "-" else str(file)
    with rate_named(rate):
        design = read(io.BytesIO(data), name, PurePath(name).name, changes_of(settings, rate))
    return design, data.decode("utf-8-sig")


def _data(file: str | None) -> bytes:
    if file is None or (file == "-" and sys.stdin is None):
        raise ValueError("there is nothing to read")
    if file == "-":
        return sys.stdin.buffer.read(LARGEST_FILE + 1)
    with Path(file).open("rb") as stream:
        return stream.read(LARGEST_FILE + 1)
