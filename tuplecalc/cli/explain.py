"""``tuplecalc explain``: the formulas behind the numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuplecalc.cli.inputs import OUTPUT, File, Settings, chain, in_json, put
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError
from tuplecalc.network.chain import Chain
from tuplecalc.render.json import to_dict, versioned
from tuplecalc.render.table import page

if TYPE_CHECKING:
    from tuplecalc.questions.elasticity import Elasticity


def explain(
    file: File = None,
    settings: Settings = None,
    crossover: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[=LOW..HIGH]",
            help="Instead: for which values of a number which limit binds: hops.lvs.addresses. Repeatable.",
        ),
    ] = None,
    knobs: Annotated[
        bool, typer.Option("--knobs", help="Instead: what one percent more of each input does.")
    ] = False,
    output: Annotated[Literal["text", "latex", "markdown", "json"], OUTPUT] = "text",
) -> None:
    """The closed form of every limit and of the chain, with the numbers put in step by step."""
    design = chain(file, settings)
    if crossover or knobs:
        _which(design, crossover or [], output, knobs=knobs)
        return
    from tuplecalc.algebra import explain as find_explanation
    from tuplecalc.render import explanation as renderer

    with working("formulas"):
        found = find_explanation(design)
    put(found, output, renderer)


def _which(design: Chain, paths: list[str], output: str, *, knobs: bool) -> None:
    """Which limit binds where, and which knob does how much."""
    if output == "latex":
        raise InputError("-o latex: --crossover and --knobs are no formulas; write -o text, markdown or json")
    from tuplecalc.questions.crossover import crossovers
    from tuplecalc.render import crossed

    moved: tuple[Elasticity, ...] = ()
    with working("which limit is the tightest"):
        found = [crossovers(design, path) for path in paths]
        if knobs:
            from tuplecalc.questions.elasticity import elasticities

            moved = elasticities(design)
    if output == "json":
        from tuplecalc.render.json import elasticity

        record = {"crossovers": [*map(to_dict, found)], "elasticities": [*map(elasticity, moved)]}
        print(in_json(versioned(record)))
    else:
        room = [page()] if output == "text" else []
        sys.stdout.write(getattr(crossed, output)(found, moved, *room))
