"""``tuplecalc examples``: chains to start from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tuplecalc.cli.files import examples_begun, with_schema
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import unwritten
from tuplecalc.errors import InputError
from tuplecalc.network.file import EXAMPLES, example, example_text, show_path
from tuplecalc.render.table import lines, page, squeezed


def examples(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Print this one.",
            autocompletion=examples_begun,
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            "--write",
            metavar="PATH",
            help="Write it to this file, or all of them into this folder; never over a file.",
        ),
    ] = None,
) -> None:
    """The bundled chains: list them, print one, or write them out to start from."""
    if name is None and write is None:
        rows = squeezed([(each, example(each).title) for each in EXAMPLES], page().table, 2)
        print("\n".join(lines(rows, left={0, 1})))
    elif write is None and name is not None:
        sys.stdout.write(example_text(name))
    elif write is not None:
        if name is None and os.path.isfile(write):  # noqa: PTH113 - unlike pathlib it takes any length
            raise InputError(f"{show_path(write)}: this is a file; name a folder, or one example to write")
        names = EXAMPLES if name is None else (name,)
        for each in names:
            path = write / f"{each}.toml" if name is None or os.path.isdir(write) else write  # noqa: PTH112
            _write_new(path, example_text(each))
            with_schema(path)
            say(f"wrote {show_path(path)}")


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise InputError(f"{show_path(path)}: there is a file already; choose another path") from error
    except OSError as error:
        raise unwritten(str(path), error) from error
