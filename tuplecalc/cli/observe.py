"""``tuplecalc observe``: what is busy on this machine beside what the model grants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from math import floor
from typing import Annotated, Literal

import typer

from tuplecalc.cli.files import begun
from tuplecalc.cli.inputs import OUTPUT, Settings, duration, in_json, option, whole, with_text
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import STANDARD_OUTPUT, target, write
from tuplecalc.cli.own import HOPS, own_chain, own_hops
from tuplecalc.cli.progress import followed
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import show_path
from tuplecalc.render.json import to_dict
from tuplecalc.sources.busy.fill import document, filled, unknown
from tuplecalc.sources.busy.observed import Observed, snapshots
from tuplecalc.sources.tables.lines import Entries
from tuplecalc.sources.tables.recognise import Stream, stream

_EVERY = Fraction(10)
_SCOPES = {"table": 3, "json": 10, "prometheus": 0}
"""How many scopes of each limit are listed, unless --top says."""


def observe(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            autocompletion=begun,
            help='A chain file (TOML or JSON), "-" for standard input, or the name of a bundled example.',
            show_default="what this machine's own rules and settings make",
        ),
    ] = None,
    settings: Settings = None,
    hops: Annotated[list[str] | None, HOPS] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Tables as text instead of the machine's own: of ss -tano, conntrack -L -o extended, "
            '/proc/net/nf_conntrack, /proc/net/tcp; "-" is standard input. Repeatable.',
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Look again after this time: what grows, and how fast. 10s. "
            "Without --for there are two looks.",
        ),
    ] = None,
    lasting: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Look again and again for so long; Ctrl-C ends it."),
    ] = None,
    output: Annotated[Literal["table", "json", "prometheus"], OUTPUT] = "table",
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="PATH", help="Write the result here, all at once: a .prom file for node_exporter."
        ),
    ] = STANDARD_OUTPUT,
    top: Annotated[
        str | None,
        typer.Option(metavar="N", help="List so many scopes of each limit, fullest first. 3 in the table."),
    ] = None,
    fail_above: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Exit 1 where more than this share of a scope is taken."),
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="NEW.toml",
            help="Write FILE again with the rate, hold and kinds that were measured. It may be FILE itself.",
        ),
    ] = None,
) -> None:
    """What is busy now beside what the model grants: ports, entries and files by address and endpoint."""
    gate = option("--fail-above", fail_above, "a share above 0", "0.8 or 80%", percent=True)
    scopes = whole("--top", top, "a whole number from 1 to 99,999", "20", 5)
    pause, length = duration("--every", every, "10s"), duration("--for", lasting, "5m")
    if to != STANDARD_OUTPUT and output == "table":
        raise InputError("--to: a table is for people to read; add -o prometheus or -o json")
    if to != STANDARD_OUTPUT:
        target(to, "tuplecalc.prom", [file, *(tables or ())])
    if fill is not None:
        target(fill, "new.toml", tables or ())
    if [file, *(tables or ())].count("-") > 1:
        raise InputError("-: standard input is one of FILE and --from already; name files for the others")
    pause, times = _times(pause, length)
    if times > 1 and "-" in (tables or ()):
        raise InputError("--every: standard input can be read once; name files, or leave --from out")
    take = partial(_files, tables) if tables else _live
    if not tables:
        take()  # refuses where it cannot, before the work for it is done
    design, text = own_chain() if file is None else with_text(file, settings)
    names = own_hops(design, hops)
    if fill is not None:
        document(text)  # it may be long until there is something to fill in
    listed = _SCOPES[output] if scopes is None else scopes
    guessed = unknown(text, design)
    looks = snapshots(capacity(design), names, take, float(pause), times, max(listed, 1), guessed)
    seen = _last(looks, times)
    made = filled(text, seen, guessed) if fill is not None else None  # refused before anything is shown
    _put(seen, output, to, listed)
    if fill is not None and made is not None:
        write(fill, made.text.encode())
        for words in (*made.left, f"wrote {show_path(fill)}"):
            say(words)
    if gate is not None and seen.fullest is not None and seen.fullest.share > gate:
        raise typer.Exit(1)


def _times(pause: Fraction | None, length: Fraction | None) -> tuple[Fraction, int]:
    """After what time to look again, and how often to look: once, or from the start to the end of a time."""
    if pause is None and length is None:
        return _EVERY, 1
    pause = pause or min(_EVERY, length or _EVERY)
    if length is not None and length < pause:
        raise InputError("--for: shorter than --every; look for longer, or more often")
    return pause, floor((length or pause) / pause) + 1


def _live() -> Sequence[Entries]:
    from tuplecalc.sources.tables.live import live  # pyroute2

    return live()


def _files(paths: Sequence[str]) -> list[Stream]:
    return [stream(path) for path in paths]


def _last(snapshots: Iterator[Observed], times: int) -> Observed:
    """The last of the snapshots, with a bar on a terminal; Ctrl-C ends them with the last that there was."""
    seen = None
    with suppress(KeyboardInterrupt):
        for each in followed(snapshots, "snapshots", times):
            seen = each
    if seen is None:
        raise KeyboardInterrupt
    return seen


def _put(seen: Observed, output: str, to: str, top: int) -> None:
    """Write it to standard output, or to a file at once."""
    match output:
        case "table":
            from rich.console import Console

            from tuplecalc.render.observed import print_table

            print_table(seen, Console(highlight=False, emoji=False, markup=False))
        case "json":
            write(to, f"{in_json(to_dict(seen))}\n".encode())
        case "prometheus":
            from tuplecalc.render.prometheus import text

            write(to, text(seen, top).encode())
