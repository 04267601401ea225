"""``tuplecalc schema``: for editors that check a file while it is written, and for who reads our JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from tuplecalc.cli.inputs import in_json


def schema(
    command: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND", help="Instead: of what this command writes with -o json, as in capacity."
        ),
    ] = None,
) -> None:
    """The JSON Schema of a chain file, or of a command's JSON."""
    if command is None:
        from tuplecalc.network.schema import json_schema

        print(in_json(json_schema()))
    else:
        from tuplecalc.render.json import output_schema

        print(in_json(output_schema(command)))
