"""What is busy beside what the model grants, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, get_args

from tuplecalc.render import numbers, table
from tuplecalc.render.table import Page, Way
from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.busy.usage import Busy, Measured, Total, Usage
from tuplecalc.sources.tables.connection import State

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_LINE = 60
_FULL, _TIGHT = Fraction(9, 10), Fraction(8, 10)
_BROKEN = Way(26, 0, 1)
"""Only here is an address in several lines; else columns are left out for it."""
_WAYS = [Way(120, 0, 2), Way(24, 0, 2), _BROKEN]
_DROPPED = ("lingering", "open", "of", "grows /s")
"""The columns that go first where there is little room, one after the other."""
_TABLES = {"sockets": "Sockets", "tracking": "Tracking table"}

Styled = tuple[str, str]
"""A line and its style."""


def print_table(seen: Observed, console: Console, page: Page | None = None) -> None:
    """Write the fullest scope of all, then each limit with its fullest scopes, the tables, rate and hold.

    Piped, the table is as wide as it needs to be; paragraphs keep a readable width.
    """
    from rich.text import Text

    said = _lines(seen, page or table.page())
    text = Text.assemble(*((f"{line}\n", style) for line, style in said))
    console.print(text, soft_wrap=True, end="")


def _lines(seen: Observed, page: Page) -> Iterator[Styled]:
    def prose(words: str, style: str = "", start: str = "", hang: str = "") -> Iterator[Styled]:
        yield from ((line, style) for line in table.prose(words, page.prose, start, hang))

    found = seen.found
    yield from prose(fullest(seen), f"bold {_colour(seen.fullest.share if seen.fullest else 0)}")
    for sentence in _dry(seen):
        yield from prose(sentence)
    yield "", ""
    yield from prose(seen.chain.title or "A chain", "bold")
    yield from prose(_when(seen), "dim")
    if found.usages:
        yield "", ""
        yield from _limits(seen, page.table)
    yield "", ""
    for total in found.totals:
        yield from prose(_total(total, seen.tracking_size if total.table == "tracking" else None))
    if len(found.totals) > 1:
        yield from prose("A connection may stand in both tables: they are never added up.", "dim")
    for each in filter(lambda each: each.rate, found.measured):
        yield from prose(_measured(each))
        several = [part for part in found.services if part.table == each.table]
        if len(several) > 1:
            rows = [_of_services(part, several) for part in several]
            yield from ((f"  {line}".rstrip(), "") for line in table.lines(rows, left={0}))
    for usage in filter(lambda usage: usage.giving_way, found.usages):
        gone = f"{numbers.count(usage.giving_way)} closed connection{'' if usage.giving_way == 1 else 's'}"
        whose = f"{table.name(usage.limit.hop)} {usage.limit.name}"
        yield from prose(f"{whose}: {gone} in the table, which yield to new ones, are not counted.", "dim")
    for hop in dict.fromkeys(usage.limit.hop for usage in found.usages if usage.left_out):
        most = max(usage.left_out for usage in found.usages if usage.limit.hop == hop)
        entries = f"{numbers.count(most)} {'entries go' if most > 1 else 'entry goes'}"
        yield from prose(
            f"Not counted: {table.name(hop)}: {entries} to services that the file does not name.", "dim"
        )
    for left_out in found.uncounted:
        yield from prose(f"Not counted: {left_out.limit.hop} {left_out.limit.name}: {left_out.why}.", "dim")
    for sentence, places in _not_understood(seen):
        yield from prose(sentence)
        yield from ((line, "") for place in places for line in table.prose(place, page.prose, "  ", "    "))


def fullest(seen: Observed) -> str:
    """Which scope has the least room: the limit, the scope, how much of it is taken."""
    usage = seen.fullest
    if usage is None:
        return "Nothing is taken: no connection takes anything of a limit."
    busy = usage.busiest[0]
    taken, size = numbers.count(busy.taken), numbers.count(usage.size)
    return f"Fullest: {_place(usage, busy)}: {taken} of {size} ({numbers.percent(_share(busy, usage))})."


def scope(busy: Busy) -> str:
    """A scope in words: ``198.18.0.1 → 198.18.9.9:443``; ``all`` where there is only one.

    >>> scope(Busy({"address": "198.18.0.1", "endpoint": "198.18.9.9:443"}, 1, 0)), scope(Busy({}, 1, 0))
    ('198.18.0.1 → 198.18.9.9:443', 'all')
    """
    return " → ".join(busy.labels.values()) or "all"


def _place(usage: Usage, busy: Busy | None = None) -> str:
    place = f"{table.name(usage.limit.hop)} {usage.limit.name}"
    return f"{place} {scope(busy)}" if busy is not None and busy.labels else place


def _share(busy: Busy, usage: Usage) -> Fraction:
    return Fraction(busy.taken, usage.size) if usage.size else Fraction(1)


def _dry(seen: Observed) -> Iterator[str]:
    first = seen.dry_first
    if first is not None:
        after, growth = numbers.duration(first.seconds), _growth(first.busy)
        place = _place(first.usage, first.busy)
        full = (
            f"is full in {after}, if it goes on growing by {growth} a second" if first.seconds else "is full"
        )
        yield f"{place} {full}."
    elif seen.snapshots > 1 and seen.fullest is not None:
        yield "None of these scopes grows."


def _growth(busy: Busy) -> str:
    if busy.growth is None:
        return ""
    shown = numbers.rate(_rounded(abs(busy.growth)))
    return f"−{shown}" if busy.growth < 0 else shown


def _when(seen: Observed) -> str:
    hops, at = ", ".join(map(table.name, seen.hops)), f"{seen.at:%Y-%m-%d %H:%M:%S}"
    if seen.snapshots == 1:
        return f"{hops}, at {at}"
    return f"{hops}, {seen.snapshots:,} snapshots in {numbers.duration(seen.seconds)} until {at}"


def _limits(seen: Observed, width: int | None) -> Iterator[Styled]:
    """Each limit under its name, with its fullest scopes; what is said of a limit is a line of its own."""
    grows = ("grows /s",) if seen.snapshots > 1 else ()
    header = ("limit", "open", "lingering", "of", "used", *grows)
    shown = [(usage, busy) for usage in seen.found.usages for busy in (None, *usage.busiest)]

    def build(way: Way) -> Iterator[tuple[str, ...]]:
        yield header
        for usage, busy in shown:
            if busy is None:
                yield "", *("" for _ in header[1:])
                continue
            counts = (
                *map(numbers.count, (busy.open, busy.lingering, usage.size)),
                numbers.used(_share(busy, usage)),
            )
            yield _in_lines(busy, way), *counts, *((_growth(busy),) if grows else ())

    found = table.fitted(
        build, width, _WAYS, {0}, [{header.index(name)} for name in _DROPPED if name in header]
    )
    yield from ((line, "dim") for line in found.head)
    yield "─" * found.width, ""
    for block, (usage, busy) in zip(found.blocks, shown, strict=True):
        if busy is None:
            named = f"{_place(usage)}{_others(usage)}"
            in_lines = [named] if width is None else table.prose(named, width, hang="  ")
            yield from ((line, "bold") for line in in_lines)
        else:
            yield from ((line, _colour(_share(busy, usage))) for line in block)
    yield from ((line, "dim") for line in found.note())


def _in_lines(busy: Busy, way: Way) -> str:
    """A scope two blanks further in; where it is longer than a name may be, each of its parts has a line."""
    whole = f"  {scope(busy)}"
    if table.width_of(whole) <= way.names:
        return whole
    *first, last = busy.labels.values()
    parts = [f"  {each} →" for each in first] + [f"    {last}"]
    return "\n".join(table.folded(part, way.names, "    ") if way is _BROKEN else part for part in parts)


def _others(usage: Usage) -> str:
    if not usage.busiest:
        return f": none of {numbers.count(usage.size)} taken"
    more = usage.scopes - len(usage.busiest)
    return f": {numbers.count(more)} more scope{'s' if more > 1 else ''} in use" if more else ""


def _total(of: Total, size: int | None) -> str:
    entries = sum(of.states.values())
    states = [
        f"{numbers.count(of.states[state])} {state}" for state in get_args(State) if of.states.get(state)
    ]
    states += [f"{numbers.count(of.others)} of other protocols"] if of.others else []
    share = f" of {numbers.count(size)} ({numbers.percent(Fraction(entries, size))})" if size else ""
    in_them = f"; {', '.join(states)}" if states else ""
    if not entries:
        return f"{_TABLES[of.table]}: no entries."
    return f"{_TABLES[of.table]}: {numbers.count(entries)}{share}{in_them}."


def _measured(of: Measured) -> str:
    hold, law = "", ""
    if of.hold is not None:
        hold, law = f", open for {numbers.duration(of.hold)} each", "Little's law: "
    return f"{_TABLES[of.table]}, an estimate: {_rate(of)} new connections a second{hold} ({law}{of.basis})."


def _rate(of: Measured) -> str:
    return ("at least " if of.is_at_least else "") + numbers.rate(_rounded(of.rate))


def _rounded(value: float) -> Fraction:
    return Fraction(value).limit_denominator(10**6)


def _of_services(of: Measured, among: Sequence[Measured]) -> tuple[str, str, str]:
    """A row of a group of services; of kinds that go to the same ones, each by its name."""
    is_alone = all(each is of or each.services != of.services for each in among)
    hold = "" if of.hold is None else f"{numbers.duration(of.hold)} each"
    name = of.services if is_alone else ", ".join(of.kinds)
    return table.name(name), f"{_rate(of)}/s", hold


def _not_understood(seen: Observed) -> Iterator[tuple[str, list[str]]]:
    if seen.passed_over:
        words = ", ".join(f"{what} ({numbers.count(times)})" for what, times in seen.passed_over.items())
        yield f"Passed over: {words}.", []
    if seen.not_understood:
        places = [f"{each.where}: {each.why}: {_cut(each.said)}" for each in seen.remarks]
        only = "" if seen.not_understood == len(places) else ", of which the first are"
        lines = "line" if seen.not_understood == 1 else "lines"
        yield f"Not understood: {numbers.count(seen.not_understood)} {lines}{only}:", places


def _cut(words: str) -> str:
    return table.name("".join(c if c.isprintable() else "�" for c in words), _LONGEST_LINE)


def _colour(share: Fraction | float) -> str:
    return "red" if share > _FULL else "yellow" if share > _TIGHT else "green"
