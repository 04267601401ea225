"""``tuplecalc import``: a chain from the machines' own files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tuplecalc.cli.files import with_schema
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import STANDARD_OUTPUT, target, write
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError


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
    collector: Annotated[
        bool,
        typer.Option(
            "--collector", help="Print the shell script that collects a machine's bundle, and stop."
        ),
    ] = False,
) -> None:
    """A chain file from machines' own files: rules, settings, configurations."""
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
    with working(f"reading {', '.join(sources)}"):
        found = read(sources, None if sys.stdin is None else sys.stdin.buffer)
    write(path, found.text.encode())
    if path != STANDARD_OUTPUT:
        with_schema(Path(path))
    for line in (*told(found.remarks), *found.passed_over):
        say(line)
    if found.unknowns:
        there = "" if path == STANDARD_OUTPUT else f" in {path}"
        lines = "1 line" if found.unknowns == 1 else f"{found.unknowns} lines"
        say(f'{lines}{there} marked "unknown": what the sources do not say.')
