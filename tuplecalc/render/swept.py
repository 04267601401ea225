"""A sweep as CSV, JSON or a table, written part by part: no more than a part is in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.labelled import columns, names, rows
from tuplecalc.questions.sweep import Sweep
from tuplecalc.render import numbers, table
from tuplecalc.render.sentences import totals
from tuplecalc.render.table import PAGE, Page, Way

MOST_ROWS = 2_000
"""What a table shows; CSV and JSON have all."""
_A_SCREEN = 40
_AT_MOST = "≤"
_OF_BOTH, _OF_FLOWS, _OF_RATE = "limited by", "limits flows", "limits rate"
_LIMITED = {_OF_BOTH, _OF_FLOWS, _OF_RATE}
_WAYS = [Way(60, 0, 2), Way(26, 0, 2), Way(18, 0, 2), Way(12, 0, 1)]
_DROPPED = ("in the best case", "served", "unserved", _OF_FLOWS, _OF_RATE, _OF_BOTH)

Parts = Iterable[Sweep]


def write_csv(sweep: Sweep, parts: Parts, stream: TextIO, *, blocking: bool) -> None:
    """A header and a row for each point: the axes' values, flows, rate, their tightest limits, and so on."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names(sweep, blocking=blocking))
    for part in parts:
        writer.writerows(rows(part, blocking=blocking))


def first_points(
    sweep: Sweep, parts: Parts, *, blocking: bool, most: int = MOST_ROWS, page: Page = PAGE
) -> tuple[str, int]:
    """The first points as a table for a terminal, and how many more there are.

    Figures that are at most have a mark, and below is why.
    """
    shown: dict[str, list[object]] = {key: [] for key in names(sweep, blocking=blocking)}
    results: list[Capacity] = []
    for part in parts:
        results += part.first_results(most - len(results))
        for key, values in columns(part, blocking=blocking).items():
            shown[key] += values[: most - len(shown[key])]
        if len(shown["flows"]) >= most:
            break
    figures = list(_columns(sweep.axes, shown, results, blocking=blocking))
    headers = [header for header, _ in figures]
    words = {number for number, header in enumerate(headers) if header in _LIMITED}
    rows_of = list(zip(*(cells for _, cells in figures), strict=True))

    def build(way: Way) -> Iterator[list[str]]:
        yield [table.folded(header, way.names) for header in headers]
        for row in rows_of:
            yield [table.folded(c, way.names) if n in words else c for n, c in enumerate(row)]

    drop = [{number} for name in _DROPPED for number, header in enumerate(headers) if header == name]
    written = table.fitted(build, page.table, _WAYS, words, drop).lines()
    for why in totals.at_most(*results, word=_AT_MOST):
        written += table.prose(why, page.prose)
    return "\n".join([*written, ""]), sweep.size - len(shown["flows"])


def text(sweep: Sweep) -> str:
    """The first points for a notebook, and how many more there are."""
    written, left = first_points(sweep, sweep.parts(MOST_ROWS), blocking=False, most=_A_SCREEN)
    return written + (f"… and {left:,} points more\n" if left else "")


def _columns(
    axes: Iterable[Axis], found: dict[str, list[Any]], results: Sequence[Capacity], *, blocking: bool
) -> Iterator[tuple[str, list[str]]]:
    """Each column with its header; the tightest limit stands once where it is the same for flows and rate."""
    for axis in axes:
        yield axis.path, [numbers.short(value, axis.unit) for value in found[axis.path]]
    flows, rates = found["binding"], found["rate_binding"]
    marks = [f"{_AT_MOST} " * result.flows_at_most for result in results]
    yield "flows", [f"{m}{numbers.count(int(value))}" for m, value in zip(marks, found["flows"], strict=True)]
    if flows != rates:
        yield _OF_FLOWS, flows
    marks = [f"{_AT_MOST} " * result.rate_at_most for result in results]
    yield "rate /s", [f"{m}{numbers.rate(value)}" for m, value in zip(marks, found["rate"], strict=True)]
    yield _OF_BOTH if flows == rates else _OF_RATE, [value or "–" for value in rates]
    if "served" in found:
        for header in ("served", "unserved"):
            yield header, [*map(numbers.count, found[header])]
    if blocking:
        for header, share in (("expected to fail", "expected_failing"), ("in the best case", "blocking")):
            pairs = zip(found[f"{share}_lower"], found[f"{share}_upper"], strict=True)
            yield header, [*map(numbers.between, pairs)]
