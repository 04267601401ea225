"""``tuplecalc schema``: for editors that check a file while it is written."""

from __future__ import annotations

from tuplecalc.cli.inputs import in_json


def schema() -> None:
    """The JSON Schema of a topology file."""
    from tuplecalc.network.schema import json_schema

    print(in_json(json_schema()))
