"""What a chain carries, for a terminal, as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.questions.advice import advise
from tuplecalc.render import kinds, numbers, sentences, table, verdict
from tuplecalc.render.json import limit_record
from tuplecalc.render.presets import citations
from tuplecalc.render.sentences import advised, totals
from tuplecalc.render.table import Page, Way, escaped, in_markdown
from tuplecalc.under_load.offered import offered as under_load

if TYPE_CHECKING:
    from rich.text import Text

    from tuplecalc.under_load.offered import Offered

_MOST_ROWS = 60  # a screen or two; csv and JSON have all
_LONG = numbers.LONGEST
_WAYS = [
    *(Way(name, _LONG, 3) for name in (40, 20, 12)),
    *(Way(12, _LONG, 2), Way(12, 10**7, 3), Way(8, 10**5, 1)),
]
_OF_KINDS = [
    *(Way(name, _LONG, gap) for name, gap in ((40, 3), (20, 3), (20, 2), (14, 2))),
    *(Way(14, 10**7, 2), Way(8, 10**5, 1)),
]
_DROPPED = ("what it is", "share", "tuple space", "kind", "room", "kinds", "rate /s", "used", "offered")
"""The columns that go first where there is little room, one after the other."""

_COLOURS = {"fits": "green", "tight": "yellow", "fails": "red"}
_MARKS = {(True, True): "◀ limits", (True, False): "◀ flows", (False, True): "◀ rate"}

_WORDS = ("hop", "kind", "limit", "kinds", "", "what it is")
"""The columns that are no figures."""

Row = tuple[str, ...]
Styled = tuple[str, str]
"""A line and its style."""
T = TypeVar("T")


def text(result: Capacity, load: Offered | None = None, page: Page | None = None) -> Text:
    """Reachable tuples at each hop, the limits with the tightest ones marked, and what would help.

    Piped, the tables are as wide as they need to be; paragraphs keep a readable width.
    """
    from rich.text import Text

    load = load or under_load(result)
    said = _lines(result, load, page or table.page())
    return Text.assemble(*((f"{line}\n", style) for line, style in said))


def _lines(result: Capacity, load: Offered, page: Page) -> Iterator[Styled]:
    def prose(words: str, style: str = "", start: str = "", hang: str = "") -> Iterator[Styled]:
        yield from ((line, style) for line in table.prose(words, page.prose, start, hang))

    said = list(sentences.details(result, load))
    if load.verdict:
        verdict_line, *others = verdict.lines(load)
        yield from prose(verdict_line, f"bold {_COLOURS[load.verdict]}")
        for line in others:
            yield from prose(line)
        yield "", ""
    yield from prose(result.title or "A chain", "bold")
    yield from prose(f"Shape: {totals.kind(result)}", "dim")
    if parts := kinds.of(result):  # the totals come first, then what each kind has of them
        yield "", ""
        first = list(totals.totals(result))
        said = said[len(first) :]
        for sentence in first:
            yield from prose(sentence)
        yield "", ""
        yield from _fitting(partial(_kinds, result, load), page, _OF_KINDS)
        if load.rate is not None:
            yield from prose(kinds.up_to(result), "dim")
    limits, ways = (_limits_of_kinds, _OF_KINDS) if parts else (_limits, _WAYS)
    yield "", ""
    yield from _fitting(partial(_hops, result, load), page, _WAYS)
    if note := totals.own_use(result, load):
        yield from prose(note, "dim")
    yield "", ""
    yield from _fitting(partial(limits, result, is_wide=page.is_wide), page, ways)
    yield "", ""
    for sentence in said:
        yield from prose(sentence)
    advices = advise(result)
    if words := advised.nothing_helps(load, advices):
        yield "", ""
        yield from prose(words)
    if advices:
        yield "", ""
        yield "What would help most", "bold"
        for item in advices:
            yield from prose(advised.advice(result, item), start="• ", hang="  ")
            yield from ((f"  {table.setting(setting)}", "cyan") for setting in item.settings)
        if words := advised.not_enough(load, advices):
            yield from prose(words)
    if cited := list(citations(result.chain)):
        yield "", ""
        for sentence in cited:
            yield from prose(sentence)


def _fitting(build: Callable[[Way], Iterator[Row]], page: Page, ways: Sequence[Way]) -> Iterator[Styled]:
    header, *rows = build(ways[-1])
    words = {number for number, cell in enumerate(header) if cell in _WORDS}
    drop = [{header.index(cell)} for cell in _DROPPED if cell in header[1:]]
    found = table.fitted(build, page.table, ways, words, drop)
    yield from ((line, "dim") for line in found.head)
    yield "─" * found.width, ""
    for block, row in zip(found.blocks, rows, strict=True):
        is_tightest = not {*_MARKS.values()}.isdisjoint(row)
        yield from ((line, "bold yellow" if is_tightest else "") for line in block)
    yield from ((line, "dim") for line in found.note())


def _hops(result: Capacity, load: Offered, way: Way) -> Iterator[Row]:
    yield "hop", "kind", "tuple space", *_hop_header(result)
    shown, left = _cut(result.hops)
    for hop in shown:
        space = numbers.count(hop.tuple_space, way.longest)
        name, kind = table.folded(hop.name, way.names), totals.hop_kind(result, hop)
        yield name, kind, space, *_hop_figures(load, hop, way.longest)
    if left:
        yield f"… {left:,} more", "", "", *("" for _ in _hop_header(result))


def _hop_header(result: Capacity) -> Row:
    return "reachable flows", "rate /s", *(() if result.chain.traffic.offered is None else ("used",))


def _hop_figures(load: Offered, hop: HopCapacity, longest: int = numbers.LONGEST) -> Row:
    used = () if load.rate is None else (numbers.used(load.uses[hop.name]),)
    return *_figures(hop, longest), *used


def _limits(result: Capacity, way: Way, *, is_wide: bool) -> Iterator[Row]:
    why = ("what it is",) * is_wide
    yield "hop", "limit", "room", "flows", "rate /s", "", *why
    previous = ""
    shown, left = _cut(result.limits, (*result.tightest, *result.tightest_of_rate))
    for limit in shown:
        hop = table.folded(limit.hop if limit.hop != previous else "", way.names)
        name = table.folded(limit.name, way.names + 4)
        what = (limit.kind.sentence,) * is_wide
        yield hop, name, _room(limit, way.longest), *_figures(limit, way.longest), _mark(result, limit), *what
        previous = limit.hop
    if left:
        yield f"… {left:,} more", "", "", "", "", "", *("" for _ in why)


def _kinds(result: Capacity, load: Offered, way: Way) -> Iterator[Row]:
    yield kinds.header(result, load)
    shown, left = _cut(list(kinds.rows(result, load, way.longest)))
    for name, *figures in shown:
        yield table.folded(name, way.names), *figures
    if left:
        yield f"… {left:,} more", *("" for _ in kinds.header(result, load)[1:])


def _limits_of_kinds(result: Capacity, way: Way, *, is_wide: bool) -> Iterator[Row]:
    """Limits under the names of their hops, with the kinds that each holds."""
    why = ("what it is",) * is_wide
    yield "limit", "kinds", "flows", "rate /s", "", *why
    blank = ("",) * len(why)
    previous = ""
    shown, left = _cut(result.limits, (*result.tightest, *result.tightest_of_rate))
    for limit in shown:
        if limit.hop != previous:
            yield table.folded(limit.hop, way.names + 10), "", "", "", "", *blank
        previous = limit.hop
        name = table.folded(limit.name, way.names + 10, "  ")
        held = table.folded(kinds.behind(result, limit, way.names), way.names)
        what = (limit.kind.sentence,) * is_wide
        yield f"  {name}", held, *_figures(limit, way.longest), _mark(result, limit), *what
    if left:
        yield f"… {left:,} more", "", "", "", "", *blank


def _mark(result: Capacity, limit: Limit) -> str:
    return _MARKS.get(result.is_tightest(limit), "")


def _room(limit: Limit, longest: int) -> str:
    size, scopes = numbers.count(limit.size.value, longest), numbers.count(limit.scopes.value, longest)
    if limit.is_of_a_mix and limit.keys != 1:
        return f"{size} × {scopes} / {numbers.rate(limit.keys)}"
    keys = size if limit.keys == 1 else f"{size} / {limit.keys}"
    return f"{keys} × {scopes}"


def _figures(of: HopCapacity | Limit, longest: int = numbers.LONGEST) -> tuple[str, str]:
    return numbers.count(of.flows, longest), numbers.rate(of.rate, longest)


def _cut(items: Sequence[T], keep: tuple[object, ...] = ()) -> tuple[list[T], int]:
    shown = [item for i, item in enumerate(items) if i < _MOST_ROWS or any(item is kept for kept in keep)]
    return shown, len(items) - len(shown)


def csv_rows(*named: tuple[str, Capacity]) -> str:
    """One row for each limit; ``binds`` is flows, rate, both, or empty; then ``kinds`` where there are some.

    Where some clients get no ports, ``served`` and ``unserved`` count clients, in every row alike.  Chains
    with names have these in a first column, ``file``.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> print(csv_rows(("", capacity(example("cone")))).splitlines()[0])
    hop,kind,limit,size,scopes,keys_per_flow,seconds_per_flow,flows,rate,binds
    """
    rows = [row for name, result in named for row in _csv_rows(name, result)]
    columns = dict.fromkeys(column for row in rows for column in row)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _csv_rows(name: str, result: Capacity) -> Iterator[dict[str, object]]:
    figures = ("size", "scopes", "keys_per_flow", "seconds_per_flow", "flows", "rate")
    clients, served = result.served
    counts = {} if result.served.are_all else {"served": served, "unserved": clients - served}
    for hop in result.hops:
        for limit in hop.limits:
            record = limit_record(limit, result)
            yield {
                **({"file": name} if name else {}),
                "hop": hop.name,
                "kind": hop.kind,
                "limit": limit.name,
                **{key: record[key] for key in figures},
                "binds": {(True, True): "both", (True, False): "flows", (False, True): "rate"}.get(
                    result.is_tightest(limit), ""
                ),
                **({"kinds": " ".join(kinds.held(result, limit))} if kinds.of(result) else {}),
                **counts,
            }


def markdown(result: Capacity, load: Offered | None = None) -> str:
    """A section for a design document: the sentences, the kinds, the hops, the limits, what would help."""
    load = load or under_load(result)
    parts = [
        f"## {in_markdown(result.title or 'A chain')}",
        *(
            in_markdown(line) if n else f"**{in_markdown(line)}**"
            for n, line in enumerate(verdict.lines(load))
        ),
        in_markdown(f"Shape: {totals.kind(result)}."),
        *map(in_markdown, sentences.details(result, load)),
    ]
    if kinds.of(result):
        parts.append(
            table.markdown(kinds.header(result, load), map(escaped, kinds.rows(result, load)), words=1)
        )
        parts += [] if load.rate is None else [kinds.up_to(result)]
    header = ("hop", "kind", "tuple space", *_hop_header(result))
    hops = (
        escaped(
            (
                hop.name,
                totals.hop_kind(result, hop),
                numbers.count(hop.tuple_space),
                *_hop_figures(load, hop),
            )
        )
        for hop in result.hops
    )
    parts.append(table.markdown(header, hops, words=2))
    parts += map(in_markdown, filter(None, [totals.own_use(result, load)]))
    limits, is_mixed = [], bool(kinds.of(result))
    for limit in result.limits:
        what = kinds.behind(result, limit) if is_mixed else limit.formula
        cells = escaped((limit.hop, limit.name, what, *_figures(limit)))
        limits.append([f"**{cell}**" for cell in cells] if any(result.is_tightest(limit)) else cells)
    header = ("hop", "limit", "kinds" if is_mixed else "formula", "flows", "rate /s")
    parts.append(table.markdown(header, limits, words=3))
    advices = advise(result)
    parts += map(in_markdown, filter(None, [advised.nothing_helps(load, advices)]))
    if advices:
        parts.append("\n".join(f"- {in_markdown(advised.advice(result, item))}" for item in advices))
        parts += map(in_markdown, filter(None, [advised.not_enough(load, advices)]))
    parts += map(in_markdown, citations(result.chain))
    return "\n\n".join(parts) + "\n"
