"""``tuplecalc presets``: named sets of defaults for products, each with its source."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import in_json
from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.network.preset_words import with_word
from tuplecalc.network.presets import preset
from tuplecalc.network.presets import presets as all_presets
from tuplecalc.render.json import preset as as_record
from tuplecalc.render.json import to_dict, versioned
from tuplecalc.render.presets import as_toml, listing
from tuplecalc.render.table import page


def _begun(incomplete: str) -> list[str]:
    return [name for name in all_presets() if name.startswith(incomplete)]


def presets(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Print this one, or list those of the word.", autocompletion=_begun
        ),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("-o", "--output", help="How to write them.")
    ] = "text",
) -> None:
    """What products do unless told otherwise: list the presets, or print one with its sources.

    Another word lists those that it is about: `presets aws`, `presets kubernetes`.
    """
    known = all_presets()
    near = [] if name is None else with_word(name, known)
    if name and near and not any(name.lower() in each for each in near):
        print(f"{show(name)}: no preset has this name; this comes nearest.", file=sys.stderr)
    if name is None or (name not in known and len(near) > 1):
        found = [known[each] for each in (known if name is None else near)]
        record = versioned({"presets": [*map(as_record, found)]})
        sys.stdout.write(f"{in_json(record)}\n" if output == "json" else listing(found, page()))
        return
    try:
        one = preset(near[0] if len(near) == 1 else name)
    except ChainError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{in_json(to_dict(one))}\n" if output == "json" else as_toml(one, page()))
