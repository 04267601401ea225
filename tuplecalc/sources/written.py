"""Drafts → a chain file that says of each line where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tuplecalc.errors import ChainError, InputError, Problem, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.file import loads
from tuplecalc.sources.draft import SERVICE, Draft, Remark, Said, Table
from tuplecalc.sources.merged import merged
from tuplecalc.sources.needs import needs
from tuplecalc.sources.texts import Source
from tuplecalc.sources.told import cut

CLIENTS = Said(
    65536,
    unknown="how many addresses send; chosen so large that the hops are the limit, not the clients",
)
HOLD = Said(unknown="how long a connection stays open; until it stands here, each closes at once")
_COUNTED = "whether ports are taken from the same addresses elsewhere; counted as addresses of its own"
_PLACE = re.compile(r"(?P<table>clients|traffic|(?:hops|services|traffic\.kinds)\[\d+\])\.(?P<key>\w+)")


@dataclass(frozen=True)
class Written:
    """A chain file, and what is to be said of it."""

    text: str
    remarks: tuple[Remark, ...]
    passed_over: tuple[str, ...]
    """One line for each source: the words in it that are known to hold no tuple."""
    unknowns: int
    """Lines that are marked so."""
    hops: int
    """How many hops it has."""


@dataclass
class _Tables:
    """The tables of a chain file, each with its place in messages."""

    traffic: dict[str, Said]
    kinds: list[dict[str, Said]]
    clients: dict[str, Said]
    hops: list[dict[str, Said]]
    services: list[dict[str, Said]]

    def named(self) -> Iterator[tuple[str, str, dict[str, Said]]]:
        """Each table with its header and its place: ``[[hops]]``, ``hops[1]``."""
        if self.traffic or self.kinds:
            yield "[traffic]", "traffic", self.traffic
        yield from (("[[traffic.kinds]]", f"traffic.kinds[{i}]", each) for i, each in enumerate(self.kinds))
        yield "[clients]", "clients", self.clients
        yield from (("[[hops]]", f"hops[{i}]", each) for i, each in enumerate(self.hops))
        yield from (("[[services]]", f"services[{i}]", each) for i, each in enumerate(self.services))


def written(drafts: Sequence[tuple[Source, Draft]]) -> Written:
    """The chain file of drafts in the order of the flows, each with its source.

    It loads: a value that the model does not take stands in it as a comment with the reason, and is remarked.
    Raises :class:`~tuplecalc.errors.InputError` where no chain can be made of them.
    """
    remarks = [remark for source, draft in drafts for remark in (*source.remarks, *draft.remarks)]
    chain, more = merged(drafts)
    remarks += more
    tables = _put_together(chain, remarks)
    refused: dict[str, list[str]] = {}
    for _ in range(64):  # each round takes out one value or more
        text = _text(tables, drafts, refused)
        try:
            loads(text)
        except ChainError as error:
            if not _take_out(tables, error.problems, refused, remarks):
                raise InputError(f"no chain can be made of {_names(drafts)}: {error}") from error
        else:
            unknowns = sum(bool(said.unknown) for *_, table in tables.named() for said in table.values())
            return Written(text, tuple(remarks), tuple(_passed_over(drafts)), unknowns, len(tables.hops))
    raise InputError(f"no chain can be made of {_names(drafts)}: too much in it does not fit the model")


def _names(drafts: Iterable[tuple[Source, Draft]]) -> str:
    return ", ".join(source.name for source, _ in drafts)


def _passed_over(drafts: Iterable[tuple[Source, Draft]]) -> Iterator[str]:
    for source, draft in drafts:
        if words := ", ".join(f"{word} ({times})" for word, times in sorted(draft.passed_over.items())):
            yield f"{source.name}: passed over, no tuple depends on it: {words}"


def _put_together(drafts: Sequence[tuple[Source, Draft]], remarks: list[Remark]) -> _Tables:
    """One chain: the first draft's clients, all hops, the last draft's services."""
    drafts = [*map(_to_any_services, drafts[:-1]), drafts[-1]]
    with_kinds = [each for each in drafts if each[1].kinds]
    if len(with_kinds) > 1:
        rule = f"{_names(with_kinds)}: each has flows that go several ways, and how they meet is not known"
        raise InputError(f"{rule}; import them one by one, and put the files together")
    first, last = drafts[0][1], drafts[-1][1]
    for source, draft in drafts:
        for table in (draft.clients, *draft.services):
            if draft is (first if table is draft.clients else last) or "addresses" not in table:
                continue
            said = next(iter(table.values()))
            what = "clients" if table is draft.clients else "services"
            beside = "the source before it" if what == "clients" else "the source behind it"
            why = f"its {what} are {beside}, so that this is left out"
            remarks.append(Remark(said.where or source.name, f"{what}: {_plain(table)}", why))
    kinds = [dict(table) for _, draft in drafts for table in draft.kinds]
    traffic = {key: said for _, draft in drafts for key, said in draft.traffic.items()}
    if not all("hold" in table for table in kinds or [traffic]):
        traffic.setdefault("hold", HOLD)
    hops = [dict(hop) for _, draft in drafts for hop in draft.hops]
    _make_unique(hops)
    clients = {"addresses": CLIENTS} | dict(first.clients)
    services = [{**SERVICE, **table} for table in last.services] or [dict(SERVICE)]
    return _Tables(traffic, kinds, clients, hops, services)


def _to_any_services(named: tuple[Source, Draft]) -> tuple[Source, Draft]:
    """A draft whose kinds name no services: those of the last one are other ones."""
    source, draft = named
    kinds = tuple({key: said for key, said in kind.items() if key != "services"} for kind in draft.kinds)
    return source, replace(draft, kinds=kinds)


def _plain(table: Table) -> str:
    return ", ".join(f"{key} = {said.value}" for key, said in table.items())


def _make_unique(hops: list[dict[str, Said]]) -> None:
    """Names of hops as a chain file takes them; those that are alike get a number."""
    taken = {"clients", "services", *(hop["machine"].value for hop in hops if "machine" in hop)}
    for hop in hops:
        said = hop["name"]
        wanted = _clean(str(said.value)) or "hop"
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        hop["name"] = said._replace(value=name)


def _take_out(
    tables: _Tables, problems: Iterable[Problem], refused: dict[str, list[str]], remarks: list[Remark]
) -> bool:
    """Take out what the model refuses; whether there was anything to take out."""
    found = False
    by_place = {place: table for _, place, table in tables.named()}
    for problem in problems:
        match = _PLACE.match(problem.place)
        table = by_place.get(match["table"], {}) if match else {}
        said = table.pop(match["key"], None) if match else None
        if match is None or said is None or said.value is None:
            continue
        stands, why = f"{match['key']} = {show(said.value)}", f"not taken: {problem.rule}"
        if match["key"] == "addresses" and (size := _how_many(said.value)):
            table["addresses"] = said._replace(value=size, unknown=_COUNTED)
        refused.setdefault(match["table"], []).append(f"# {stands}  # {_clean(said.where)}: {why}")
        remarks.append(Remark(said.where, stands, why))
        found = True
    return found


def _how_many(addresses: object) -> int:
    """How many a hop has whose addresses cannot be told from others': it needs some.  0 where that is it."""
    try:
        return 0 if isinstance(addresses, int) else AddressSet(addresses).size
    except ChainError:
        return 0


def _text(tables: _Tables, drafts: Sequence[tuple[Source, Draft]], refused: Mapping[str, list[str]]) -> str:
    """The file as text, one line for each key."""
    toml = needs("tomlkit", "tomlkit", "writing a chain file")
    lines = [
        f"# Made from {_names(drafts)}.  Behind each value stands where it was found.",
        '# "unknown" marks what the sources do not say, and how to find it.',
        f"title = {toml.item('Made from ' + _names(drafts)).as_string()}",
    ]
    for header, place, table in tables.named():
        lines += ["", header]
        lines += [_line(toml, key, said) for key, said in table.items()]
        lines += refused.get(place, [])
    return "\n".join(lines) + "\n"


def _line(toml: Any, key: str, said: Said) -> str:
    comment = ", ".join(filter(None, (cut(said.where), said.unknown and f"unknown: {said.unknown}")))
    comment = _clean(comment)
    if said.value is None:
        return f"# {key}: {comment}"
    return f"{key} = {_as_toml(toml, said.value)}" + (f"  # {comment}" if comment else "")


def _clean(text: str) -> str:
    """A text in one line, without what a terminal or TOML does not show."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _as_toml(toml: Any, value: object) -> str:
    """A value in one line, as TOML writes it."""
    if isinstance(value, Mapping):
        pairs = (f"{key} = {_as_toml(toml, each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_as_toml(toml, each) for each in value)}]"
    text: str = toml.item(str(value) if isinstance(value, Fraction) else value).as_string()
    return text
