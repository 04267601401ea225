"""``tuplecalc compare``: what changes from one chain to another."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tuplecalc.cli.files import begun
from tuplecalc.cli.inputs import OUTPUT, Rate, chain, put
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.questions.comparison import compare as compared


def compare(
    old: Annotated[
        str,
        typer.Argument(metavar="A", help="A chain file, as for the other commands.", autocompletion=begun),
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="B",
            help="Another one; without it, the first with all --set.",
            show_default=False,
            autocompletion=begun,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Changes the new side: B, or A where there is no B. Repeatable.",
        ),
    ] = None,
    rate: Rate = None,
    output: Annotated[Literal["text", "markdown", "json"], OUTPUT] = "text",
) -> None:
    """Two chains side by side: the verdict, the tightest limits, and each limit that differs."""
    before, after = _sides(old, new, settings or [], rate)
    with working("comparing"):
        found = compared(capacity(before), capacity(after))
    from tuplecalc.render import compared as renderer

    put(found, output, renderer)


def _sides(old: str, new: str | None, settings: list[str], rate: str | None) -> tuple[Chain, Chain]:
    """What was and what is: all settings together are the change, as those of a remedy belong together."""
    if new is None and not settings:
        rule = "has nothing to be compared with; name a second file, or write what changes with --set"
        raise InputError(f"{show(old)} alone {rule}")
    if old == "-" and new in (None, "-"):
        way = "name a file for one of the two" if new else "name a file, or both sides"
        raise InputError(f"standard input can be read once; {way}")
    return chain(old, [], rate), chain(old if new is None else new, settings, rate)
