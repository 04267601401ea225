"""``tuplecalc explain``: the formulas behind the numbers, and the words of the output."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuplecalc.cli.files import begun
from tuplecalc.cli.inputs import DEFAULT_EXAMPLE, OUTPUT, Settings, chain, in_json, put
from tuplecalc.cli.messages import say
from tuplecalc.cli.progress import working
from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render.json import to_dict, versioned
from tuplecalc.render.table import page

if TYPE_CHECKING:
    from tuplecalc.questions.elasticity import Elasticity


def explain(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|WORD",
            help='A chain file, "-" for standard input, the name of a bundled example, or a word '
            'of the output: NAT, "best case".',
            autocompletion=begun,
            show_default=f"the example {DEFAULT_EXAMPLE}",
        ),
    ] = None,
    settings: Settings = None,
    crossover: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[=LOW..HIGH]",
            help="Instead: for which values of a number which limit is the tightest: hops.lvs.addresses. "
            "Repeatable.",
        ),
    ] = None,
    knobs: Annotated[
        bool, typer.Option("--knobs", help="Instead: what 1% more of each value does to the tightest limits.")
    ] = False,
    output: Annotated[Literal["text", "latex", "markdown", "json"], OUTPUT] = "text",
) -> None:
    """The formula of every limit and of the chain, with the numbers put in step by step.

    With a word of the output instead of a file: what it means, also where an example has that name.
    """
    if file is not None and not (settings or crossover or knobs) and output == "text" and _is_said(file):
        return
    design = _chain(file, settings)
    if crossover or knobs:
        _which(design, crossover or [], output, knobs=knobs)
        return
    from tuplecalc.algebra import explain as find_explanation
    from tuplecalc.render import explanation as renderer

    with working("formulas"):
        found = find_explanation(design)
    put(found, output, renderer)


def _is_said(word: str) -> bool:
    """Print what a word means, where it is one of the glossary; only a file of that name goes first.

    An example of that name has a way of its own, which is said.
    """
    from tuplecalc.render import glossary

    entry = glossary.find(word)
    if entry is None:
        return False
    if os.path.isfile(word):  # noqa: PTH113 - of any length
        say(f"The word {word}: tuplecalc explain {word.upper()}")
        return False
    sys.stdout.write(glossary.text(entry, chinese=not word.isascii()))
    if word in EXAMPLES:
        sys.stdout.flush()  # the word first
        say(f"The formulas of the example {word}: tuplecalc examples {word} | tuplecalc explain -")
    return True


def _chain(file: str | None, settings: list[str] | None) -> Chain:
    """The chain, or an error that says which word may be meant where neither a file nor an example is."""
    try:
        return chain(file, settings)
    except ChainError:
        raise
    except InputError as error:
        if not file or file == "-" or os.path.lexists(file) or _is_path(file):
            raise
        from tuplecalc.render import glossary
        from tuplecalc.render.kinds import listed

        near = glossary.near(file)
        if near and str(error).endswith(f"did you mean {near[0]}?"):
            raise
        page_of_all = "docs/glossary.md" if file.isascii() else "docs/glossary.zh-CN.md"
        nearest = ""
        if near:
            nearest = f"the nearest {'is' if len(near) == 1 else 'are'} {listed([*map(show, near)])}; "
        as_file = str(error).removeprefix(f"{file}: ")  # without the list of all examples
        raise InputError(
            f"{file}: no word of the glossary; {nearest}{page_of_all} has them all\n"
            f"As a chain file: {as_file.partition(' (')[0]}"
        ) from None


def _is_path(name: str) -> bool:
    """Whether it can only mean a file: it has an ending or a folder, as no word has."""
    path = PurePath(name)
    return bool(path.suffix) or len(path.parts) > 1


def _which(design: Chain, paths: list[str], output: str, *, knobs: bool) -> None:
    """Which limit is the tightest where, and which knob does how much."""
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
