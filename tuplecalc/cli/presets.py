"""``tuplecalc presets``: named sets of defaults for devices, each with its source."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import in_json
from tuplecalc.errors import ChainError, InputError
from tuplecalc.network.presets import preset
from tuplecalc.network.presets import presets as all_presets
from tuplecalc.render.json import preset as as_record
from tuplecalc.render.json import to_dict, versioned
from tuplecalc.render.presets import as_toml, listing
from tuplecalc.render.table import page


def presets(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this one.")] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("-o", "--output", help="How to write them.")
    ] = "text",
) -> None:
    """What devices do unless told otherwise: list the presets, or print one with its sources."""
    if name is None:
        found = list(all_presets().values())
        record = versioned({"presets": [*map(as_record, found)]})
        sys.stdout.write(f"{in_json(record)}\n" if output == "json" else listing(found, page()))
        return
    try:
        one = preset(name)
    except ChainError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{in_json(to_dict(one))}\n" if output == "json" else as_toml(one, page()))
