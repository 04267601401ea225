"""Which limit binds where, and which knob does how much: as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from tuplecalc.limits.expression import Number
from tuplecalc.questions.crossover import Crossovers, Interval
from tuplecalc.render import numbers, table
from tuplecalc.render.table import escaped, in_markdown

if TYPE_CHECKING:
    from tuplecalc.questions.elasticity import Elasticity  # sympy


_MOST_ROWS = 40  # a screen
_ONE_WAY = "“only down”, “only up”: the other way another limit, which is alike here, binds first."


def crossovers(found: Crossovers) -> str:
    """The intervals of one number for a terminal.

    >>> from tuplecalc.questions.crossover import crossovers as find
    >>> from tuplecalc.network.file import example
    >>> print(crossovers(find(example("outage"), "traffic.hold")), end="")
    What binds, by hold (now 300 s (5 min)):
      flows  from 0 s on               login-proxy shared
      rate   from 0 s to 60 s (1 min)  lvs ports
             from 60 s (1 min) on      login-proxy shared
    """
    rows = list(_rows(found, once=True))
    heading = f"What binds, by {found.axis.name}{_present(found)}:"
    said = [heading, *table.lines(rows[:_MOST_ROWS], left={0, 1, 2}, indent=2)]
    if (left := len(rows) - _MOST_ROWS) > 0:
        said.append(f"  … and {left:,} intervals more; -o json has all")
    return "\n".join([*said, *_looked_at(found), ""])


def elasticities(found: Sequence[Elasticity]) -> str:
    """What one percent more of each input does, for a terminal."""
    said = ["One percent more of an input gives so many percent more of what a limit allows:"]
    for limit, rows in _by_limit(found):
        said += ["", limit]
        cells = [(table.name(each.path, 48), _signed(each), _formula(each)) for each in rows]
        said += table.lines(cells, left={0, 2}, indent=2)
    if any(each.only for each in found):
        said += ["", *table.prose(_ONE_WAY)]
    return "\n".join([*said, ""])


def text(crossed: Iterable[Crossovers], knobs: Sequence[Elasticity]) -> str:
    """Both for a terminal."""
    return "\n".join([*map(crossovers, crossed), *([elasticities(knobs)] if knobs else [])])


def markdown(crossed: Iterable[Crossovers], knobs: Sequence[Elasticity]) -> str:
    """Both for a design document."""
    parts = []
    for found in crossed:
        parts.append(f"## What binds, by {in_markdown(found.axis.name + _present(found))}")
        rows = map(escaped, _rows(found))
        parts.append(table.markdown(("figure", in_markdown(found.axis.path), "binds"), rows, words=3))
    if knobs:
        parts.append("## What one percent more of an input does")
        for limit, rows_of in _by_limit(knobs):
            parts.append(in_markdown(limit))
            cells = [escaped((each.path, _formula(each), _signed(each))) for each in rows_of]
            parts.append(table.markdown(("input", "elasticity", "now"), cells, words=2))
        if any(each.only for each in knobs):
            parts.append(_ONE_WAY)
    return "\n\n".join(parts) + "\n"


def _by_limit(found: Sequence[Elasticity]) -> Iterator[tuple[str, list[Elasticity]]]:
    for (figure, rank), group in groupby(found, key=lambda each: (each.figure, each.rank)):
        rows = list(group)
        limit = rows[0].limit
        at = f"{numbers.count(limit.flows)} flows" if figure == "flows" else f"{numbers.rate(limit.rate)}/s"
        which = "binds" if rank == 0 else "is next" if rank == 1 else f"is number {rank + 1}"
        yield f"{limit.hop} {limit.name} {which}: {at}", rows


def _signed(each: Elasticity) -> str:
    return f"{float(each.value):+.3g}%"


def _formula(each: Elasticity) -> str:
    only = f"only {each.only}" if each.only in ("up", "down") else each.only
    return "; ".join(filter(None, ("" if each.text in ("1", "-1") else each.text, only)))


def _rows(found: Crossovers, *, once: bool = False) -> Iterator[tuple[str, str, str]]:
    for figure, intervals in (("flows", found.flows), ("rate", found.rate)):
        for interval, written in zip(intervals, _written(found, intervals), strict=True):
            name = "nothing limits it" if interval.limit is None else " ".join(interval.limit)
            yield "" if once and interval is not intervals[0] else figure, written, name


def _written(found: Crossovers, intervals: Sequence[Interval]) -> Iterator[str]:
    axis = found.axis
    point: Number | None = None  # a single value, which the next interval does not have
    for interval in intervals:
        ends = interval.low, interval.high
        low, high = (f"{end:,}" if axis.is_count else numbers.with_unit(end, axis.unit) for end in ends)
        is_last = interval is intervals[-1]
        if interval.low == interval.high:
            point = interval.low
            yield low if axis.is_count else f"at {low}"
            continue
        since = "above" if interval.low == point else "from"
        if is_last and found.is_open:
            yield f"{low} and more" if axis.is_count else f"{since} {low}{'' if since == 'above' else ' on'}"
        elif axis.is_count:
            yield f"{low} to {high}"
        else:
            below = "below " if intervals[-1].low == intervals[-1].high == interval.high else ""
            yield f"{since} {low} to {below}{high}"


def _looked_at(found: Crossovers) -> list[str]:
    """The range, where it is not all that there is."""
    if found.is_open or found.axis.unit == "":
        return []
    low, high = (numbers.with_unit(end, found.axis.unit) for end in found.axis.values)
    return [f"  Looked at: {low} to {high}."]


def _present(found: Crossovers) -> str:
    present = found.axis.present
    return "" if present is None else f" (now {numbers.with_unit(present, found.axis.unit)})"
