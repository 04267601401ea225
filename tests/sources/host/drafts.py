"""How tests look at drafts: values without their places, and whether the model takes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuplecalc.network.chain import Chain
from tuplecalc.network.file import from_dict
from tuplecalc.sources.draft import Draft, Said
from tuplecalc.sources.host.bundle import READER
from tuplecalc.sources.texts import Source, Text

_SERVICE = {"addresses": 1, "ports": 443}


def bundle(name: str = "box.tar", **texts: str) -> Source:
    """A source of some texts, each by its name with a dot for the last underscore."""
    named = {".".join(key.rsplit("_", 1)): text for key, text in texts.items()}
    return Source(name, {key: Text(key, text) for key, text in named.items()})


def folder(path: Path) -> Source:
    """A source of a folder's files."""
    return Source(path.name, {each.name: Text(each.name, each.read_text("utf-8")) for each in path.iterdir()})


def read(source: Source) -> Draft:
    assert READER.recognises(source)
    return READER.read(source)


def values(table: Mapping[str, Said]) -> dict[str, Any]:
    """The keys of a table that are written."""
    return {key: said.value for key, said in table.items() if said.value is not None}


def chain(draft: Draft) -> Chain:
    """The chain of a draft, with clients and services where it has none; each value says where it is from."""
    parts: dict[str, Any] = {
        "clients": values(draft.clients) or {"addresses": 1},
        "hops": [values(hop) for hop in draft.hops],
        "services": [{**_SERVICE, **values(each)} for each in draft.services or [{}]],
    }
    if draft.kinds:
        parts["traffic"] = {"kinds": [values(kind) for kind in draft.kinds]}
    for table in (draft.clients, *draft.hops, *draft.services, *draft.kinds):
        assert all(said.where or said.unknown for said in table.values()), table
    return from_dict(parts)
