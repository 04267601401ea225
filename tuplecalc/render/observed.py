"""What is busy beside what the model grants, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from tuplecalc.render import numbers, table
from tuplecalc.sources.observation import Measured, Observation, TableCount
from tuplecalc.sources.usage import Busy, Usage

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST_PROSE = 100
_MOST_REMARKS = 10  # half a screen; JSON has all
_FULL, _TIGHT = Fraction(9, 10), Fraction(8, 10)
_TABLES = {"sockets": "Sockets", "tracking": "Tracking table"}

Styled = tuple[str, str]
"""A line and its style."""


def print_table(found: Observation, console: Console) -> None:
    """Write the fullest scope of all, then each limit with its fullest scopes, the tables, what was measured.

    Piped, the table is as wide as it needs to be; paragraphs keep a readable width.
    """
    from rich.text import Text

    said = _lines(found, console.width, fits=console.is_terminal)
    text = Text.assemble(*((f"{line}\n", style) for line, style in said))
    console.print(text, soft_wrap=True, end="")


def _lines(found: Observation, width: int, *, fits: bool) -> Iterator[Styled]:
    def prose(words: str, style: str = "", start: str = "", hang: str = "") -> Iterator[Styled]:
        yield from ((line, style) for line in table.prose(words, min(width, _WIDEST_PROSE), start, hang))

    yield from prose(fullest(found), f"bold {_colour(found.fullest.usage.share if found.fullest else 0)}")
    for sentence in _dry(found):
        yield from prose(sentence)
    yield "", ""
    yield from prose(found.chain.title or "A chain", "bold")
    yield from prose(_when(found), "dim")
    if found.limits:
        yield "", ""
        yield from _limits(found, width if fits else None)
    if found.tables:
        yield "", ""
    for each in found.tables:
        yield from prose(_count(each))
    if len(found.tables) > 1:
        yield from prose("A connection stands in both; the two are not added up.", "dim")
    if found.measured:
        yield "", ""
        yield "Measured", "bold"
    for measured in found.measured:
        yield from prose(_measured(measured), start="• ", hang="  ")
    if found.remarks:
        yield "", ""
        yield f"Not understood: {numbers.count(len(found.remarks))}", "bold"
    for remark in found.remarks[:_MOST_REMARKS]:
        yield from prose(f"{remark.where}: {remark.said}: {remark.why}", start="• ", hang="  ")
    if (more := len(found.remarks) - _MOST_REMARKS) > 0:
        yield f"  … {more:,} more; -o json has all", ""


def fullest(found: Observation) -> str:
    """Which scope has the least room.

    One sentence: the limit, the scope, how much of it is taken.
    """
    if found.fullest is None:
        return "Nothing is open: no limit has a key taken."
    usage = found.fullest.usage
    busy = usage.busiest[0]
    count, size = numbers.count(busy.taken), numbers.count(usage.size)
    share = numbers.percent(Fraction(busy.taken, usage.size)) if usage.size else "no room"
    return f"Fullest: {_place(usage)}{_of(busy)}: {count} of {size} ({share})."


def _place(usage: Usage) -> str:
    return f"{table.name(usage.limit.hop)} {usage.limit.name}"


def _of(busy: Busy) -> str:
    return f" {scope(busy)}" if busy.labels else ""


def scope(busy: Busy) -> str:
    """A scope in words: ``198.18.0.1 → 198.18.9.9:443``; ``all`` where there is only one.

    >>> scope(Busy({"address": "198.18.0.1", "endpoint": "198.18.9.9:443"}, 1, 0)), scope(Busy({}, 1, 0))
    ('198.18.0.1 → 198.18.9.9:443', 'all')
    """
    return " → ".join(busy.labels.values()) or "all"


def _dry(found: Observation) -> Iterator[str]:
    first = min(
        (each for each in found.limits if each.dry_after is not None),
        key=lambda each: each.dry_after or 0,
        default=None,
    )
    if first is not None and first.growth and first.dry_after is not None:
        rate, after = numbers.rate(Fraction(first.growth)), numbers.duration(first.dry_after)
        again = "It" if first is found.fullest else f"{_place(first.usage)}{_of(first.usage.busiest[0])}"
        when = f"runs dry in {after}" if first.dry_after else "is dry"
        yield f"{again} {when}: it grows by {rate} a second."
    elif found.snapshots > 1:
        yield "No limit's fullest scope has grown."


def _when(found: Observation) -> str:
    at = f"{found.at:%Y-%m-%d %H:%M:%S}"
    once = f"one snapshot, {at}"
    several = f"{found.snapshots:,} snapshots in {numbers.duration(found.seconds)}, the last {at}"
    return f"{', '.join(map(table.name, found.hops))}: {once if found.snapshots == 1 else several}"


def _limits(found: Observation, width: int | None) -> Iterator[Styled]:
    """Each limit under its name; a scope that is too long for its column has a line of its own."""
    rows: list[tuple[str, tuple[str, ...], str]] = [("limit", ("open", "lingering", "of", "used"), "dim")]
    for usage in (each.usage for each in found.limits):
        rows.append((f"{_place(usage)}{_others(usage)}", ("", "", "", ""), "bold"))
        for busy in usage.busiest:
            share = Fraction(busy.taken, usage.size) if usage.size else Fraction(1)
            counts = *map(numbers.count, (busy.open, busy.lingering, usage.size)), numbers.used(share)
            rows.append((f"  {scope(busy)}", counts, _colour(share)))
    figures = table.width_of(*table.lines([row for _, row, _ in rows], left=()))
    room = max(table.width_of(*(words for words, _, _ in rows)), 0) if width is None else width - figures - 2
    short = [words if table.width_of(words) <= room else "" for words, _, _ in rows]
    lines = table.lines([(words, *row[1]) for words, row in zip(short, rows, strict=True)], left={0})
    for number, (line, (words, row, style)) in enumerate(zip(lines, rows, strict=True)):
        if not short[number]:
            yield from ((each, style) for each in table.prose(words.strip(), width or 0, "  ", "    "))
        if short[number] or any(row):
            yield line, style
        if not number:
            yield "─" * table.width_of(*lines), ""


def _others(usage: Usage) -> str:
    if not usage.busiest:
        return f": none of {numbers.count(usage.size)} taken"
    more = usage.scopes - len(usage.busiest)
    return f", {numbers.count(more)} more scope{'s' if more > 1 else ''} in use" if more else ""


def _count(of: TableCount) -> str:
    taken, states = numbers.count(of.taken), f"{of.open:,} open, {of.lingering:,} lingering"
    if of.size is None:
        return f"{_TABLES[of.table]}: {taken}; {states}."
    share = numbers.percent(Fraction(of.taken, of.size))
    return f"{_TABLES[of.table]}: {taken} of {numbers.count(of.size)} ({share}); {states}."


def _measured(found: Measured) -> str:
    rate = "" if found.rate is None else f"{numbers.rate(Fraction(found.rate))} new connections a second"
    hold = "" if found.hold is None else f"open for {numbers.duration(found.hold)} each"
    of = f"{table.name(found.services)}: " if found.services else ""
    return f"{of}{', '.join(filter(None, (rate, hold)))} ({found.method})"


def _colour(share: Fraction | float) -> str:
    return "red" if share > _FULL else "yellow" if share > _TIGHT else "green"
