"""The result for other programs and documents: CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.record import limit_record
from tuplecalc.questions.advice import advise
from tuplecalc.render import numbers, sentences
from tuplecalc.render.presets import citations

if TYPE_CHECKING:
    from tuplecalc.under_load.offered import Offered


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
    ]
    parts += map(in_markdown, sentences.sentences(result, load))
    rate = result.chain.traffic.rate
    header = (
        "hop",
        "kind",
        "tuple space",
        "reachable flows",
        "rate /s",
        *(() if rate is None else ("used",)),
    )
    hops = []
    for hop in result.hops:
        figures = numbers.count(hop.tuple_space), numbers.count(hop.flows), numbers.rate(hop.rate)
        used = () if rate is None else (numbers.used(hop.utilisation(rate)),)
        hops.append((hop.name, hop.kind, *figures, *used))
    parts.append(table(header, hops, words=2))
    limits = []
    for limit in result.limits:
        cells = [limit.hop, limit.name, limit.formula, numbers.count(limit.flows), numbers.rate(limit.rate)]
        limits.append(
            tuple(cells if limit is not result.binding else [f"**{in_markdown(c)}**" for c in cells])
        )
    parts.append(table(("hop", "limit", "formula", "flows", "rate /s"), limits, words=3))
    if advices := advise(result):
        parts.append("\n".join(f"- {in_markdown(sentences.advice(result, item))}" for item in advices))
    parts += map(in_markdown, citations(result.chain))
    return "\n\n".join(parts) + "\n"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]], words: int) -> str:
    """A table; the first ``words`` columns to the left, cells that begin with ** as they are."""
    rule = ["---"] * words + ["--:"] * (len(header) - words)
    lines = [
        tuple(map(in_markdown, header)),
        tuple(rule),
        *(tuple(c if c.startswith("**") else in_markdown(c) for c in row) for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def in_markdown(text: str) -> str:
    r"""Plain words in Markdown.

    >>> print(in_markdown("a|b *c*"))
    a\|b \*c\*
    """
    for mark in "\\|*_<`[$":
        text = text.replace(mark, "&lt;" if mark == "<" else f"\\{mark}")
    return text
