"""Which file is meant by a name that is none, and what is said where no file is."""

from __future__ import annotations

import json
import os
import re
import shlex
from contextlib import suppress
from pathlib import Path

from tuplecalc.errors import InputError, nearest
from tuplecalc.network.file import ENDINGS, EXAMPLES, show_path, with_ending

_MOST = 4
_TABLE = re.compile(r'^\s*(\[*|"?)(clients|hops|services|traffic)\b', re.MULTILINE)
"""A table of a chain file: whoever wrote one meant no other file."""
SCHEMA = "chain.schema.json"
"""What the schema of a chain file is called beside it."""
SCHEMA_LINE = f"#:schema ./{SCHEMA}\n"
"""The first line of a chain file with its schema beside it."""


def examples_begun(incomplete: str) -> list[str]:
    """What a shell may complete an example's name to."""
    return [name for name in EXAMPLES if name.startswith(incomplete)]


def begun(incomplete: str) -> list[str]:
    """What a shell may complete a file's name to: examples, chain files, folders.

    >>> begun("out"), begun("no/such/fol")
    (['outage'], [])
    """
    folder, found = Path(incomplete + "x").parent, examples_begun(incomplete)
    with suppress(OSError, ValueError):
        for path in sorted(folder.iterdir()):
            name = os.path.join(os.path.dirname(incomplete), path.name)  # noqa: PTH118, PTH120 - as it was typed
            if not name.startswith(incomplete) or path.name == SCHEMA or path.name.startswith("."):
                continue
            if path.suffix in ENDINGS or path.is_dir():
                found.append(f"{name}/" if path.is_dir() else name)
    return found


def meant(file: str) -> str:
    """The file that a name without its ending stands for; the name where there is none.

    >>> meant("outage"), meant("no such file")
    ('outage', 'no such file')
    """
    with suppress(OSError, ValueError):
        if file not in EXAMPLES and not os.path.lexists(file):
            return with_ending(file) or file
    return file


def missing(file: str) -> InputError | None:
    """What is said where a name is that of a folder, or of nothing; None where there is a file."""
    path = Path(file)
    try:
        if path.is_file() or (path.exists() and not path.is_dir()):
            return None
        folder = path if path.is_dir() else path.parent
        files = sorted(each for each in folder.iterdir() if each.suffix in ENDINGS)
        there = [each.name for each in files if each.name != SCHEMA]
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


def of_another_kind(file: str) -> InputError | None:
    """What is said where a file is a proxy's configuration, or another one that `tuplecalc import` reads."""
    from tuplecalc.sources.read import readers
    from tuplecalc.sources.recognise import reader_of
    from tuplecalc.sources.texts import opened

    try:
        source = opened(file)
        if source.only is None or _TABLE.search(source.only.text):
            return None
        what = reader_of(source, readers()).name
    except (InputError, OSError, ValueError):
        return None  # reading it as a chain file says why
    way_out = f"`tuplecalc import {shlex.quote(file)} -o chain.toml` makes a chain file of it"
    return InputError(f"{source.name}: this is no chain file, but looks like one of {what}; {way_out}")


def with_schema(path: Path) -> Path | None:
    """Give a chain file that was just written its schema, so that an editor checks it; where that stands now.

    The schema stands beside the file, and the file's first line names it, as taplo and Even Better TOML
    want it: a path is right offline as well, and for the version that wrote it.  Where the folder takes no
    schema the file stays as it is: a line that leads nowhere would be an error in an editor.
    """
    from tuplecalc.network.schema import json_schema

    if path.suffix != ".toml" or not path.is_file():
        return None
    beside = path.with_name(SCHEMA)
    try:
        beside.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
        path.write_text(SCHEMA_LINE + path.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError:
        return None
    return beside
