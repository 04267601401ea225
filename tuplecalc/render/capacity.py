"""What a chain carries, for a terminal, as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.questions.advice import advise
from tuplecalc.render import numbers, sentences, table
from tuplecalc.render.json import limit_record
from tuplecalc.render.presets import citations
from tuplecalc.render.table import escaped, in_markdown, width_of

if TYPE_CHECKING:
    from rich.console import Console

    from tuplecalc.under_load.offered import Offered

_MOST_ROWS = 60  # a screen or two; csv and JSON have all
_WIDEST_PROSE = 100
_LONGEST = ((40, numbers.LONGEST), (20, numbers.LONGEST), (12, numbers.LONGEST), (12, 10**7), (8, 10**5))
"""The longest name and count in a table: the first pair with which it fits the terminal, else the last."""

_MARKS = {(True, True): "◀ binds", (True, False): "◀ flows", (False, True): "◀ rate"}

Row = tuple[str, ...]
Styled = tuple[str, str]
"""A line and its style."""
T = TypeVar("T")


def print_table(result: Capacity, console: Console, load: Offered | None = None) -> None:
    """Write reachable tuples at each hop, the limits with the binding ones marked, and what would help.

    Piped, the tables are as wide as they need to be; paragraphs keep a readable width.
    """
    from rich.text import Text

    said = _lines(result, console.width, load, fits=console.is_terminal)
    text = Text.assemble(*((f"{line}\n", style) for line, style in said))
    console.print(text, soft_wrap=True, end="")


def _lines(result: Capacity, width: int, load: Offered | None, *, fits: bool) -> Iterator[Styled]:
    def prose(words: str, style: str = "", start: str = "", hang: str = "") -> Iterator[Styled]:
        yield from ((line, style) for line in table.prose(words, min(width, _WIDEST_PROSE), start, hang))

    yield from prose(result.title or "A chain", "bold")
    yield from prose(sentences.kind(result).capitalize(), "dim")
    for build in (_hops, _limits):
        yield "", ""
        yield from _fitting(build, result, width if fits else None)
    yield "", ""
    for sentence in sentences.sentences(result, load):
        yield from prose(sentence)
    if advices := advise(result):
        yield "", ""
        yield "What would help most", "bold"
        for item in advices:
            yield from prose(sentences.advice(result, item), start="• ", hang="  ")
            yield from ((f"  {table.setting(setting)}", "cyan") for setting in item.settings)
    if cited := list(citations(result.chain)):
        yield "", ""
        for sentence in cited:
            yield from prose(sentence)


def _fitting(
    build: Callable[[Capacity, int, int], Iterator[Row]], result: Capacity, width: int | None
) -> Iterator[Styled]:
    for longest in _LONGEST:
        header, *rows = build(result, *longest)
        words = {number for number, cell in enumerate(header) if cell in ("hop", "kind", "limit", "")}
        head, *lines = table.lines([header, *rows], left=words, gap=3)
        widest = width_of(head, *lines)
        if width is None or widest <= width:
            break
    yield head, "dim"
    yield "─" * widest, ""
    for line, row in zip(lines, rows, strict=True):
        yield line, "bold yellow" if row[-1] in _MARKS.values() else ""


def _hops(result: Capacity, names: int, longest: int) -> Iterator[Row]:
    yield "hop", "kind", "tuple space", *_hop_header(result)
    shown, left = _cut(result.hops)
    for hop in shown:
        space = numbers.count(hop.tuple_space, longest)
        yield (
            table.name(hop.name, names),
            sentences.hop_kind(result, hop),
            space,
            *_hop_figures(result, hop, longest),
        )
    if left:
        yield f"… {left:,} more", "", "", *("" for _ in _hop_header(result))


def _hop_header(result: Capacity) -> Row:
    return "reachable flows", "rate /s", *(() if result.chain.traffic.rate is None else ("used",))


def _hop_figures(result: Capacity, hop: HopCapacity, longest: int = numbers.LONGEST) -> Row:
    rate = result.chain.traffic.rate
    used = () if rate is None else (numbers.used(hop.utilisation(rate)),)
    return *_figures(hop, longest), *used


def _limits(result: Capacity, names: int, longest: int) -> Iterator[Row]:
    yield "hop", "limit", "keys × scopes", "flows", "rate /s", ""
    previous = ""
    shown, left = _cut(result.limits, (result.binding, result.rate_binding))
    for limit in shown:
        binds = limit is result.binding, limit is result.rate_binding
        hop = table.name(limit.hop if limit.hop != previous else "", names)
        name = table.name(limit.name, names + 4)
        yield hop, name, _room(limit, longest), *_figures(limit, longest), _MARKS.get(binds, "")
        previous = limit.hop
    if left:
        yield f"… {left:,} more", "", "", "", "", ""


def _room(limit: Limit, longest: int) -> str:
    size, scopes = numbers.count(limit.size.value, longest), numbers.count(limit.scopes.value, longest)
    keys = size if limit.keys == 1 else f"⌊{size} / {limit.keys}⌋"
    return f"{keys} × {scopes}"


def _figures(of: HopCapacity | Limit, longest: int = numbers.LONGEST) -> tuple[str, str]:
    return numbers.count(of.flows, longest), numbers.rate(of.rate, longest)


def _cut(items: Sequence[T], keep: tuple[object, ...] = ()) -> tuple[list[T], int]:
    shown = [item for i, item in enumerate(items) if i < _MOST_ROWS or any(item is kept for kept in keep)]
    return shown, len(items) - len(shown)


def csv_rows(result: Capacity) -> str:
    """One row for each limit; ``binds`` is flows, rate, both, or empty.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> print(csv_rows(capacity(example("cone"))).splitlines()[0])
    hop,kind,limit,size,scopes,keys_per_flow,seconds_per_flow,flows,rate,binds
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    figures = ("size", "scopes", "keys_per_flow", "seconds_per_flow", "flows", "rate")
    writer.writerow(("hop", "kind", "limit", *figures, "binds"))
    for hop in result.hops:
        for limit in hop.limits:
            record = limit_record(limit)
            binds = (limit is result.binding, limit is result.rate_binding)
            word = {(True, True): "both", (True, False): "flows", (False, True): "rate"}.get(binds, "")
            writer.writerow((hop.name, hop.kind, limit.name, *(record[key] for key in figures), word))
    return stream.getvalue()


def markdown(result: Capacity, load: Offered | None = None) -> str:
    """A section for a design document: what binds, the hops, the limits, and what would help."""
    parts = [
        f"## {in_markdown(result.title or 'A chain')}",
        in_markdown(sentences.kind(result)).capitalize() + ".",
        *map(in_markdown, sentences.sentences(result, load)),
    ]
    header = ("hop", "kind", "tuple space", *_hop_header(result))
    hops = (
        escaped((hop.name, hop.kind, numbers.count(hop.tuple_space), *_hop_figures(result, hop)))
        for hop in result.hops
    )
    parts.append(table.markdown(header, hops, words=2))
    limits = []
    for limit in result.limits:
        cells = escaped((limit.hop, limit.name, limit.formula, *_figures(limit)))
        limits.append([f"**{cell}**" for cell in cells] if limit is result.binding else cells)
    parts.append(table.markdown(("hop", "limit", "formula", "flows", "rate /s"), limits, words=3))
    if advices := advise(result):
        parts.append("\n".join(f"- {in_markdown(sentences.advice(result, item))}" for item in advices))
    parts += map(in_markdown, citations(result.chain))
    return "\n\n".join(parts) + "\n"
