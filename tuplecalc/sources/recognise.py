"""Which reader understands a source: by what is in it, not by what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tuplecalc.errors import InputError
from tuplecalc.network.file import LARGEST_FILE, parse
from tuplecalc.sources.draft import Draft
from tuplecalc.sources.texts import Source


class Reader(NamedTuple):
    """A kind of source: its name in messages, how it is known, and how it is read."""

    name: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source], Draft]


def reader_of(source: Source, readers: Iterable[Reader]) -> Reader:
    """The first reader that knows the source; :class:`~tuplecalc.errors.InputError` where none does."""
    readers = tuple(readers)
    for reader in readers:
        if reader.recognises(source):
            return reader
    if source.only and _is_chain_file(source.only.text):
        name = "-" if source.path is None else source.name
        raise InputError(f"{source.name}: this is a chain file already: tuplecalc capacity {name}")
    names = [reader.name for reader in readers]
    known = f"{', '.join(names[:-1])} or {names[-1]}"
    rule = f"not recognised: what is in it is no {known}"
    raise InputError(
        f"{source.name}: {rule}; `tuplecalc import --collector` prints what collects a machine's"
    )


def _is_chain_file(written: str) -> bool:
    """Whether it has tables that every chain file has."""
    if len(written) > LARGEST_FILE:
        return False
    try:
        return {"clients", "services"} <= parse(written).keys()
    except InputError:
        return False
