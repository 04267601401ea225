"""What a comparison says: in sentences and rows for the report, as text, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.questions.comparison import Comparison, KeyChange, LimitChange
from tuplecalc.render import numbers, table, tied, verdict
from tuplecalc.render.sentences import totals
from tuplecalc.render.table import PAGE, Page, Way, escaped, in_markdown
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.offered import offered as under_load

_MOST_NAMES = 12
_WAYS = [Way(40, 0, 2), Way(20, 0, 2), Way(14, 0, 2), Way(12, 0, 1)]
_FLOWS, _RATE = (2, 3, 4), (5, 6, 7)
"""The columns of either figure: before, now, how it changes."""
_BOTH, _BEFORE, _NOW = "limits", "limited before", "limits now"


class Row(NamedTuple):
    """A limit before and now; ``flows`` and ``rate`` are what each allows, with how they change.

    ``where`` is empty, or says on which side alone the hop or the limit exists.
    """

    hop: str
    limit: str
    flows: tuple[str, ...]
    rate: tuple[str, ...]
    where: str
    binds: str

    @property
    def limits_now(self) -> bool:
        """Whether it is the tightest limit of the newer chain."""
        return self.binds in (_BOTH, _NOW)

    @property
    def is_changed(self) -> bool:
        """Whether the limit differs, or whether it is the tightest."""
        changes = (self.flows[2], self.rate[2])
        return changes != ("same", "same") or self.binds in (_NOW, _BEFORE)


def text(found: Comparison, page: Page = PAGE) -> str:
    """A comparison for a terminal: what it buys, the keys that differ, the limits that do.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.questions.comparison import compare
    >>> from tuplecalc.network.file import example
    >>> sides = (capacity(example("outage", [f"hops.lvs.addresses={n}"])) for n in (1, 2))
    >>> for line in text(compare(*sides)).splitlines()[2:5]:
    ...     print(line)
    Before it fails: 47.8% to 64.8% of the connections are expected to fail at
    700/s. Now it fails: 30.6% to 36.6% of the connections are expected to fail at
    700/s.
    """
    said = [
        line for sentence in (_sides(found), *sentences(found)) for line in table.prose(sentence, page.prose)
    ]
    if found.keys:
        said += ["", *_keys(found, page)]
    changed, same = _shown(found)
    if changed:
        build = partial(_table, changed)
        said += ["", *table.fitted(build, page.table, _WAYS, {0, 1, 8}, _dropped(changed)).lines()]
    if same:
        said += ["", _same(same)]
    return "\n".join([*said, ""])


def markdown(found: Comparison) -> str:
    """A comparison for a design document."""
    parts = [f"## {in_markdown(_sides(found))}"]
    parts += map(in_markdown, sentences(found))
    if found.keys:
        parts.append("\n".join(f"- {in_markdown(' '.join(_key(key)))}" for key in found.keys))
    header = ("hop", "limit", "flows before", "now", "change", "rate /s before", "now", "change", "limits")
    changed, same = _shown(found)
    if changed:
        parts.append(table.markdown(header, map(escaped, map(_cells, changed)), words=2))
    if same:
        parts.append(_same(same))
    return "\n\n".join(parts) + "\n"


def _sides(found: Comparison) -> str:
    old, new = (side.title or "A chain" for side in (found.old, found.new))
    return f"{old}, before → now" if old == new else f"{old} → {new}"


def _same(limits: int) -> str:
    return f"{limits:,} limits are the same on both sides." if limits > 1 else "One limit is the same."


def _key(key: KeyChange) -> tuple[str, str, str, str]:
    old, new = ("–" if value is None else str(value) for value in (key.old, key.new))
    return key.path, old, "→", new


def _shown(found: Comparison) -> tuple[list[Row], int]:
    """The rows that differ or are the tightest, and how many more there are."""
    every = list(rows(found))
    shown = [row for row in every if row.is_changed or row.where or row.binds]
    return shown, len(every) - len(shown)


def _dropped(rows: Sequence[Row]) -> list[set[int]]:
    """The columns that go first where there is little room: the flows, or the rate where none changes."""
    is_of_rate = any(row.rate[2] not in ("", "same") for row in rows)
    is_of_flows = any(row.flows[2] not in ("", "same") for row in rows)
    kept, gone = (_FLOWS, _RATE) if is_of_flows and not is_of_rate else (_RATE, _FLOWS)
    before, now, change = gone
    return [{change}, {before}, {now}, {kept[-1]}, {kept[0]}]


def _table(rows: Sequence[Row], way: Way) -> Iterator[tuple[str, ...]]:
    sides = "before", "now", "change"
    yield "hop", "limit", *(f"{of}\n{side}" for of in ("flows", "rate /s") for side in sides), "limits"
    for row in rows:
        hop, limit, *figures = _cells(row)
        yield table.folded(hop, way.names), table.folded(limit, way.names + 10), *figures


def _keys(found: Comparison, page: Page) -> Iterator[str]:
    """The keys that differ, each on a line where there is room for it, else its values below it."""
    written = table.lines([_key(key) for key in found.keys], left={0, 1, 2, 3})
    if page.table is None or table.width_of(*written) <= page.table:
        yield from written
        return
    for path, *values in map(_key, found.keys):
        yield from table.prose(path, page.prose, hang="  ")
        yield from table.prose(" ".join(values), page.prose, "  ", "    ")


def _cells(row: Row) -> tuple[str, ...]:
    return (row.hop, row.limit, *row.flows, *row.rate, row.binds or row.where)


def sentences(found: Comparison) -> Iterator[str]:
    """What the difference buys, the tightest limits now, and which hops are on one side only."""
    old, new = found.old, found.new
    loads = under_load(old), under_load(new)
    if verdicts := " ".join(_verdicts(*loads)):
        yield verdicts
    flows = _moved(numbers.count(old.flows), numbers.count(new.flows), numbers.change(new.flows, old.flows))
    yield f"Connections open at once: {flows}. {_bound(old.tightest, new.tightest)}"
    if old.rate is not None or new.rate is not None:
        rate = _moved(_rate(old.rate), _rate(new.rate), numbers.change(new.rate, old.rate))
        bound = _bound(old.tightest_of_rate, new.tightest_of_rate)
        yield f"Rate: {rate}. {bound}"
    if offered := " ".join(_offered(*loads)):
        yield offered
    if not (old.served.are_all and new.served.are_all):
        before, now = _with_ports(old), _with_ports(new)
        yield f"Clients with ports: {f'{now}, as before' if before == now else f'{before} → {now}'}."
    bounds, bounds_now = list(totals.at_most(old)), list(totals.at_most(new))
    yield from (reason if reason in bounds_now else f"Before: {reason}" for reason in bounds)
    yield from (f"Now: {reason}" for reason in bounds_now if reason not in bounds)
    for names, side in ((found.gone, "before"), (found.added, "now")):
        if names:
            more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
            yield f"Only {side}: {', '.join(names[:_MOST_NAMES])}{more}."


def rows(found: Comparison) -> Iterator[Row]:
    """Every limit of both sides."""
    for hop in found.hops:
        whole = "hop only before" if hop.new is None else "hop only now" if hop.old is None else ""
        for limit in hop.limits:
            alone = "only before" if limit.new is None else "only now" if limit.old is None else ""
            yield _row(found, hop.name, limit, whole or alone)


def _row(found: Comparison, hop: str, limit: LimitChange, where: str) -> Row:
    old, new = limit.old, limit.new
    flows = [numbers.count(side.flows) if side else "–" for side in (old, new)]
    rates = [numbers.rate(side.rate) if side else "–" for side in (old, new)]
    changes = ["", ""]
    if old and new and not where:
        changes = [numbers.change(new.flows, old.flows), numbers.change(new.rate, old.rate)]
    return Row(hop, limit.name, (*flows, changes[0]), (*rates, changes[1]), where, _binds(found, limit))


def _binds(found: Comparison, limit: LimitChange) -> str:
    before = limit.old is not None and any(found.old.is_tightest(limit.old))
    now = limit.new is not None and any(found.new.is_tightest(limit.new))
    marks = {(True, True): _BOTH, (True, False): _BEFORE, (False, True): _NOW}
    return marks.get((before, now), "")


def _moved(old: str, new: str, change: str) -> str:
    return f"{new}, as before" if change == "same" else f"{old} → {new} ({change})"


def _bound(old: Sequence[Limit], new: Sequence[Limit]) -> str:
    if not new:
        return "Nothing limits it now."
    now, before = (tied.names(limits) if limits else "nothing" for limits in (new, old))
    limits = f"{now} {tied.verb(new, 'limits')} this"
    return f"{limits}, as before." if now == before else f"Now {limits}; before, {before} did."


def _rate(value: Number | None) -> str:
    return numbers.rate(value) if value is None else f"{numbers.rate(value)}/s"


def _with_ports(result: Capacity) -> str:
    return f"{numbers.count(result.served.served)} of {numbers.count(result.served.clients)}"


def _verdicts(old: Offered, new: Offered) -> Iterator[str]:
    """Whether the offered rate fits before and now, and what is expected to fail."""
    before, now = (
        f"{verdict.IS[load.verdict]}: {verdict.expected(load)}." if load.verdict else ""
        for load in (old, new)
    )
    if before and before == now:
        yield f"Before and now {now}"
    else:
        yield from (f"{when} {said}" for when, said in (("Before", before), ("Now", now)) if said)


def _offered(old: Offered, new: Offered) -> Iterator[str]:
    """What clients with ports offer of the highest rate, before and now."""
    before, now = (_used(load) for load in (old, new))
    was, rate = (_rate(load.of_served) for load in (old, new))
    if before and now and was == rate:
        change = f"is {now} of the highest rate, as before"
        if before != now:
            change = f"was {before} of the highest rate, and is {now} now"
        yield f"{rate} {change}."
        return
    if before:
        yield f"Before, {was} was {before} of the highest rate."
    if now:
        yield f"Now {rate} is {now} of the highest rate."


def _used(load: Offered) -> str:
    return "" if load.utilisation is None else numbers.percent(load.utilisation)
