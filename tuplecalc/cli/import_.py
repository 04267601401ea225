"""``tuplecalc import``: a chain from the machines' own files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tuplecalc.cli.files import SCHEMA_LINE, with_schema
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import STANDARD_OUTPUT, target, write
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError
from tuplecalc.network.file import loads, show_path


def import_(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE…",
            help="A machine's bundle (folder or tar, see --collector), haproxy.cfg, nginx's or Envoy's"
            " configuration, `terraform show -json`; in the order in which connections cross them."
            ' "-" is standard input.',
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="PATH", help="Where to write the chain file.")
    ] = STANDARD_OUTPUT,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a chain file that is there and differs.")
    ] = False,
    collector: Annotated[
        bool,
        typer.Option(
            "--collector", help="Print the shell script that collects a machine's bundle, and stop."
        ),
    ] = False,
) -> None:
    """A chain file from machines' own files: rules, settings, configurations."""
    from tuplecalc.render.presets import contradictions
    from tuplecalc.sources.read import COLLECTOR, read
    from tuplecalc.sources.told import told

    if collector:
        sys.stdout.write(COLLECTOR.read_text(encoding="utf-8"))
        return
    if not sources:
        rule = "what to read is missing: name files or folders, or - for standard input"
        raise InputError(f"{rule}; tuplecalc import --collector | sh > box.tar makes a machine's bundle")
    if sources.count("-") > 1:
        raise InputError("-: standard input can be read once; write the other sources to files")
    path = target(output, "chain.toml", sources)
    shown = ("standard input" if each == "-" else each for each in sources)
    with working(f"reading {', '.join(shown)}"):
        found = read(sources, None if sys.stdin is None else sys.stdin.buffer)
    if path == STANDARD_OUTPUT:
        write(path, found.text.encode())
    else:
        _keep(path, found.text, force=force)
        write(path, found.text.encode())
        beside = with_schema(Path(path))
        say(f"wrote {show_path(path)}{f' and {show_path(beside)}' if beside else ''}")
    for line in (*told(found.remarks), *found.passed_over):
        say(line)
    for line in contradictions(loads(found.text)):
        say(line)
    if not found.hops:
        say(f"no NAT, proxy or balancer was found in {', '.join(sources)}")
    if found.unknowns:
        there = "" if path == STANDARD_OUTPUT else f" in {path}"
        lines = "1 line" if found.unknowns == 1 else f"{found.unknowns} lines"
        say(f'{lines}{there} marked "unknown": what the sources do not say.')


def _keep(path: str, text: str, *, force: bool) -> None:
    """Refuse to replace a chain file that differs: somebody may have changed it by hand."""
    try:
        there = Path(path).read_text(encoding="utf-8") if Path(path).is_file() and not force else text
    except (OSError, ValueError):
        return  # writing it says why, and what is no text is no chain file
    if there.removeprefix(SCHEMA_LINE) not in ("", text):
        rule = "this file is there, and is not what would be written: it may have been changed by hand"
        raise InputError(f"{show_path(path)}: {rule}; write -o another.toml, or --force to replace it")
