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

_TWICE = 2


def compare(
    old: Annotated[
        str,
        typer.Argument(metavar="A", help="A chain file, as for the other commands.", autocompletion=begun),
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="B",
            help="Another one; without it, --set makes two of the first.",
            show_default=False,
            autocompletion=begun,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Changes both of two files. Of one: once is the new side, twice both sides.",
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
    if new is not None:
        if old == new == "-":
            raise InputError("standard input can be read once; name a file for one of the two")
        return chain(old, settings, rate), chain(new, settings, rate)
    if old == "-":
        raise InputError("standard input can be read once; name a file, or both sides")
    if len(settings) == 1:
        return chain(old, [], rate), chain(old, settings, rate)
    if len(settings) != _TWICE:
        rule = (
            "has nothing to be compared with"
            if not settings
            else f"and {len(settings)} --set make no two sides"
        )
        raise InputError(f"{show(old)} alone {rule}; name a second file, or write --set once or twice")
    return chain(old, settings[:1], rate), chain(old, settings[1:], rate)
