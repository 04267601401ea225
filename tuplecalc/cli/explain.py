"""``tuplecalc explain``: the formulas behind the numbers."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from tuplecalc.cli.inputs import File, Settings, chain, in_json


class Explained(StrEnum):
    """How ``explain`` writes its result."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "markdown"
    JSON = "json"


def explain(
    file: File = None,
    settings: Settings = None,
    output: Annotated[
        Explained, typer.Option("-o", "--output", help="How to write the result.")
    ] = Explained.TEXT,
) -> None:
    """The closed form of every limit and of the chain, with the numbers put in step by step."""
    design = chain(file, settings)
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
            print(in_json(explanation.to_dict()))
