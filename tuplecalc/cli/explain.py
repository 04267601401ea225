"""``tuplecalc explain``: the formulas behind the numbers."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tuplecalc.cli.inputs import File, Settings, chain, in_json
from tuplecalc.errors import InputError
from tuplecalc.network.chain import Chain
from tuplecalc.render.json import to_dict, versioned

if TYPE_CHECKING:
    from tuplecalc.questions.elasticity import Elasticity


class Explained(StrEnum):
    """How ``explain`` writes its result."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "markdown"
    JSON = "json"


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
    output: Annotated[
        Explained, typer.Option("-o", "--output", help="How to write the result.")
    ] = Explained.TEXT,
) -> None:
    """The closed form of every limit and of the chain, with the numbers put in step by step."""
    design = chain(file, settings)
    if crossover or knobs:
        _which(design, crossover or [], output, knobs=knobs)
        return
    from tuplecalc.algebra import explain as find_explanation
    from tuplecalc.render import explanation as render

    explanation = find_explanation(design)
    match output:
        case Explained.TEXT:
            sys.stdout.write(render.text(explanation))
        case Explained.LATEX:
            sys.stdout.write(render.latex(explanation))
        case Explained.MARKDOWN:
            sys.stdout.write(render.markdown(explanation))
        case Explained.JSON:
            print(in_json(to_dict(explanation)))


def _which(design: Chain, paths: list[str], output: Explained, *, knobs: bool) -> None:
    """Which limit binds where, and which knob does how much."""
    if output is Explained.LATEX:
        raise InputError("-o latex: --crossover and --knobs are no formulas; write -o text, markdown or json")
    from tuplecalc.questions.crossover import crossovers
    from tuplecalc.render import crossed

    found = [crossovers(design, path) for path in paths]
    moved: tuple[Elasticity, ...] = ()
    if knobs:
        from tuplecalc.questions.elasticity import elasticities

        moved = elasticities(design)
    match output:
        case Explained.MARKDOWN:
            sys.stdout.write(crossed.markdown(found, moved))
        case Explained.JSON:
            from tuplecalc.render.json.formulas import elasticity

            record = {"crossovers": [*map(to_dict, found)], "elasticities": [*map(elasticity, moved)]}
            print(in_json(versioned(record)))
        case _:
            parts = [*map(crossed.crossovers, found), *([crossed.elasticities(moved)] if moved else [])]
            sys.stdout.write("\n".join(parts))
