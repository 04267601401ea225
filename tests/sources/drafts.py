"""What tests of readers share: a source of a fixture, a draft as plain values, the chain that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tuplecalc.errors import InputError
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import from_dict, loads
from tuplecalc.sources.draft import Draft, Table
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.texts import Source, Text
from tuplecalc.sources.written import written

FIXTURES = Path(__file__).parents[1] / "data" / "sources"


def fixture(name: str) -> Source:
    """A file or a folder below ``tests/data/sources``."""
    path = FIXTURES / name
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    start = path if path.is_dir() else path.parent
    return Source(
        path.name, dict(_text(str(each.relative_to(start)), each.read_text()) for each in files), path
    )


def texts(**written: str) -> Source:
    """A source of texts without files: names end in the word behind the last underscore."""
    return Source("source", dict(_text(name.replace("_", "."), text) for name, text in written.items()))


def _text(name: str, text: str) -> tuple[str, Text]:
    return name, Text(name, text)


def values(table: Table) -> dict[str, object]:
    """What is written of a table."""
    return {key: said.value for key, said in table.items() if said.value is not None}


def unknown(table: Table) -> set[str]:
    """The keys that are marked unknown."""
    return {key for key, said in table.items() if said.unknown}


def chain_of(draft: Draft) -> Chain:
    """The chain of a draft, which has to load; provisional clients and services where it names none."""
    mapping: dict[str, object] = {
        "clients": {"addresses": 9, **values(draft.clients)},
        "hops": all_values(draft.hops),
        "services": all_values(draft.services) or {"addresses": 3, "ports": 80},
    }
    if draft.kinds:
        mapping["traffic"] = {"kinds": all_values(draft.kinds)}
    return from_dict(mapping)


def loads_or_is_refused(reader: Reader, source: Source) -> None:
    """What `import` makes of any source, however odd: a file that loads, or an error of our own."""
    try:
        made = written([(source, reader.read(source))])
    except InputError:
        return
    loads(made.text)


def all_values(tables: Iterable[Table]) -> list[dict[str, object]]:
    return [values(table) for table in tables]


def remarks(draft: Draft) -> dict[str, str]:
    """Why things were left out, by where they stand."""
    return {remark.where: remark.why for remark in draft.remarks}
