"""``tuplecalc report``: all of it on one page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated

import typer

from tuplecalc.cli.inputs import DEFAULT_EXAMPLE, File, Rate, Settings, chain, changes_of, with_text
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import STANDARD_OUTPUT, keep_others, quiet, target, write
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import show_path
from tuplecalc.render.pdf import browser, printed


def report(
    file: File = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="The .html file to write, or .pdf, which a local Chromium prints; - is standard output.",
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
    no_panel: Annotated[
        bool,
        typer.Option(
            "--no-panel", help="Leave out the panel that counts again with other numbers; a .pdf has none."
        ),
    ] = False,
) -> None:
    """One page, for a browser, a phone or paper: the verdict, what limits it, remedies, figures, formulas."""
    path = target(output, "report.html", [file, compare])
    ending = ".html" if path == STANDARD_OUTPUT else PurePath(path).suffix.lower()
    if ending not in (".html", ".htm", ".pdf"):
        raise InputError(f"-o {show(path)}: a report is an .html or a .pdf file; end its name so")
    keep_others(path, "pdf" if ending == ".pdf" else "html")
    by = browser() if ending == ".pdf" else None
    if file == compare == "-":
        raise InputError("--compare -: standard input is the first chain file already; name a file")
    design, source = with_text(file, settings, rate)
    before = None if compare is None else chain(compare, None, rate)
    quiet()
    changes = changes_of(settings, rate)
    files = _files(compare, file, settings) if compare else None
    with working(f"making {path}"):
        from tuplecalc.render.report import report as render

        result, older = capacity(design), None if before is None else capacity(before)
        command = None if no_panel or by else _command(file, changes)  # paper answers nothing
        page = render(result, source=source, settings=changes, compare=older, files=files, command=command)
        # A file's name that stands in for a title may be no Unicode.
        made = printed(page, by) if by else page.encode(errors="replace")
    write(path, made)
    if by:
        from tuplecalc.render.figures import fonts

        if lacking := fonts.fallback(repr(design)).message:
            say(lacking)
    if path != STANDARD_OUTPUT:
        say(f"wrote {show_path(path)}")


def _command(file: str | None, changes: Sequence[str]) -> str:
    """What gives the same answer in a terminal; of standard input, once it is a file."""
    name = "FILE.toml" if file == STANDARD_OUTPUT else DEFAULT_EXAMPLE if file is None else file
    settings = [word for change in changes for word in ("--set", change)]
    return shlex.join(["tuplecalc", "capacity", name, *settings])


def _files(old: str, new: str | None, settings: list[str] | None) -> tuple[str, str]:
    """What the two chains are called: their files, without folders where these alone tell them apart."""
    paths = [DEFAULT_EXAMPLE if path is None else path for path in (old, new)]
    names = ["standard input" if path == STANDARD_OUTPUT else PurePath(path).name for path in paths]
    before, now = names if names[0] != names[1] or paths[0] == paths[1] else paths
    return before, f"{now} with --set" if before == now and settings else now
