"""Which limit is the tightest where, and which knob does how much: as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from tuplecalc.limits.expression import Number
from tuplecalc.questions.crossover import Crossovers, Interval
from tuplecalc.render import numbers, table
from tuplecalc.render.table import PAGE, Page, escaped, in_markdown

if TYPE_CHECKING:
    from tuplecalc.questions.elasticity import Elasticity  # sympy


_NOTHING = Fraction(1, 1000)
_KNOBS = (
    "By how much each figure changes with 1% more of a value, while the same limit is the tightest. "
    "Values on one line grow together. Left out: what changes it by less than 0.001%."
)
_MOST_ROWS = 40  # a screen
_ONE_WAY = "“only down”, “only up”: the other way another limit, which is equal now, comes first."


def crossovers(found: Crossovers, page: Page = PAGE) -> str:
    """The intervals of one number for a terminal.

    >>> from tuplecalc.questions.crossover import crossovers as find
    >>> from tuplecalc.network.file import example
    >>> print(crossovers(find(example("outage"), "traffic.hold")), end="")
    Tightest limit by hold, now 300 s (5 min):
      flows  from 0 s on               login-proxy shared
      rate   from 0 s to 60 s (1 min)  lvs ports
             from 60 s (1 min) on      login-proxy shared
    """
    rows = list(_rows(found, once=True))
    heading = f"Tightest limit by {found.axis.name}{_present(found)}:"
    room = None if page.table is None else page.table - 2
    shown = table.squeezed(rows[:_MOST_ROWS], room, 2)
    said = [*table.prose(heading, page.prose), *table.lines(shown, left={0, 1, 2}, indent=2)]
    if (left := len(rows) - _MOST_ROWS) > 0:
        said.append(f"  … and {left:,} intervals more; -o json has all")
    return "\n".join([*said, *_looked_at(found), ""])


def elasticities(found: Sequence[Elasticity], page: Page = PAGE) -> str:
    """What one percent more of each input does, for a terminal."""
    said = table.prose(_KNOBS, page.prose)
    for limit, rows in _by_limit(found):
        said += ["", *table.prose(limit, page.prose)]
        cells = [
            (table.folded(each.path, min(max(page.prose - 30, 12), 60)), _signed(each), _only(each))
            for each in rows
        ]
        said += table.lines(cells, left={0, 2}, indent=2)
    if _is_tied(found):
        said += ["", *table.prose(_ONE_WAY, page.prose)]
    return "\n".join([*said, ""])


def text(crossed: Iterable[Crossovers], knobs: Sequence[Elasticity], page: Page = PAGE) -> str:
    """Both for a terminal."""
    said = [crossovers(found, page) for found in crossed]
    return "\n".join([*said, *([elasticities(knobs, page)] if knobs else [])])


def markdown(crossed: Iterable[Crossovers], knobs: Sequence[Elasticity]) -> str:
    """Both for a design document."""
    parts = []
    for found in crossed:
        parts.append(f"## Tightest limit by {in_markdown(found.axis.name + _present(found))}")
        rows = map(escaped, _rows(found))
        parts.append(table.markdown(("figure", in_markdown(found.axis.path), "limited by"), rows, words=3))
    if knobs:
        parts += ["## Which knob does how much", in_markdown(_KNOBS)]
        for limit, rows_of in _by_limit(knobs):
            parts.append(in_markdown(limit))
            cells = [escaped((each.path, _signed(each), _only(each))) for each in rows_of]
            parts.append(table.markdown(("1% more of", "changes it by", ""), cells, words=1))
        if _is_tied(knobs):
            parts.append(_ONE_WAY)
    return "\n\n".join(parts) + "\n"


def _by_limit(found: Sequence[Elasticity]) -> Iterator[tuple[str, list[Elasticity]]]:
    """The tightest limit of each figure, and those that are equal to it, with the knobs that do something."""
    least = {each.figure: each.at for each in reversed(found)}
    tightest = (each for each in found if each.at == least[each.figure])
    for (figure, _), group in groupby(tightest, key=lambda each: (each.figure, each.rank)):
        rows = list(group)
        limit = rows[0].limit
        what = (
            f"{numbers.count(limit.flows)} connections open at once"
            if figure == "flows"
            else f"The highest rate, {numbers.rate(limit.rate)}/s"
        )
        yield (
            f"{what}: {limit.hop} {limit.name} limits this.",
            [each for each in rows if abs(Fraction(each.value)) >= _NOTHING],
        )


def _is_tied(found: Sequence[Elasticity]) -> bool:
    return any(each.only for _, rows in _by_limit(found) for each in rows)


def _signed(each: Elasticity) -> str:
    return f"{float(each.value):+.3g}%"


def _only(each: Elasticity) -> str:
    return f"only {each.only}" if each.only in ("up", "down") else each.only


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
    return "" if present is None else f", now {numbers.with_unit(present, found.axis.unit)}"
