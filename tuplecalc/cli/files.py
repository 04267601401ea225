"""Which file is meant by a name that is none, and what is said where no file is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tuplecalc.errors import InputError, nearest
from tuplecalc.network.file import EXAMPLES, show_path

_SUFFIXES = (".toml", ".json")
_OTHERS = (".cfg", ".conf", ".tar", ".tgz", ".gz", ".yaml", ".yml", ".tfstate", ".tf", ".rules", ".txt")
_MOST = 4


def meant(file: str) -> str:
    """The file that a name without its ending stands for; the name where there is none.

    >>> meant("outage"), meant("no such file")
    ('outage', 'no such file')
    """
    with suppress(OSError, ValueError):
        if file not in EXAMPLES and not os.path.lexists(file):
            return next((file + end for end in _SUFFIXES if os.path.isfile(file + end)), file)  # noqa: PTH113
    return file


def missing(file: str) -> InputError | None:
    """What is said where a name is that of a folder, or of nothing; None where there is a file."""
    path = Path(file)
    try:
        if path.is_file() or (path.exists() and not path.is_dir()):
            return None
        folder = path if path.is_dir() else path.parent
        there = sorted(each.name for each in folder.iterdir() if each.suffix in _SUFFIXES)
    except (OSError, ValueError):
        return None  # reading it says why
    paths = [show_path(folder / each) for each in there]
    if path.is_dir():
        way_out = f"write one of its files: {', '.join(paths[:_MOST])}" if there else "write a chain file"
        return InputError(f"{show_path(file)}: this is a folder; {way_out}")
    stems = {Path(each).stem: show_path(folder / each) for each in there}
    plain = os.path.sep not in file
    near = nearest(path.stem, [*stems, *(EXAMPLES if plain else ())])
    if near:
        way_out = f"did you mean {stems.get(near, near)}?"
    elif there:
        way_out = f"chain files here are {', '.join(paths[:_MOST])}"
    else:
        way_out = "`tuplecalc examples outage` prints a chain file to start from"
    examples = f" and no example is called so ({', '.join(EXAMPLES)})" if plain and not path.suffix else ""
    return InputError(f"{show_path(file)}: there is no such file{'' if near else examples}; {way_out}")


def of_another_tool(file: str) -> str:
    """What else to do with a file that is no chain file, by its ending; empty where it should be one."""
    name = show_path(file)
    return f"; `tuplecalc import {name}` reads files of other tools" if name.endswith(_OTHERS) else ""
