"""What is said of each kind of traffic: its part of the totals, what binds for it, what fails of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.render import numbers

if TYPE_CHECKING:
    from tuplecalc.limits.kind_capacity import KindCapacity
    from tuplecalc.under_load.offered import Offered

_SELDOM = 1e-12
OF_THE_MIX = (
    "Here and at each limit flows and rates are of all kinds together in their shares, not only of those "
    "under “kinds”."
)
"""What is said with the totals, where each limit holds some of the kinds."""


def of(result: Capacity) -> tuple[KindCapacity, ...]:
    """The kinds that have names; none where all flows are alike."""
    return result.kinds if result.chain.traffic.kinds else ()


def header(result: Capacity, load: Offered) -> tuple[str, ...]:
    """The columns of :func:`rows`."""
    if not of(result):
        return ()
    under_load = () if load.rate is None else ("offered", "up to /s", "failing")
    return "kind", "share", "flows", "rate /s", *under_load


def rows(result: Capacity, load: Offered, longest: int = numbers.LONGEST) -> Iterator[tuple[str, ...]]:
    """One row for each kind."""
    failing = {each.kind: numbers.between(each.expected) for each in load.kinds}
    for kind in of(result):
        offered: tuple[str, ...] = ()
        if load.rate is not None:
            offered = numbers.rate(load.rate * kind.share), numbers.rate(kind.headroom), failing[kind.name]
        flows = numbers.count(floor(kind.flows), longest)
        yield kind.name, numbers.percent(kind.share), flows, numbers.rate(kind.rate, longest), *offered


def up_to(result: Capacity) -> str:
    """What the column of that name says, and why it may be 0 where hardly anything fails."""
    said = ["“up to” is the highest rate of a kind while the others stay as offered"]
    said[0] += "." if result.served.are_all else "; only clients with ports count in it, and in the others."
    without: dict[str, list[str]] = {}
    for kind in of(result):
        if kind.headroom == 0:
            without.setdefault(_why_none(kind), []).append(kind.name)
    said += [f"Of {listed(names)} it is 0: {why}." for why, names in without.items()]
    if without:
        said.append("“failing” says what really fails: connections that find no room leave it to the rest.")
    return " ".join(said)


def _why_none(kind: KindCapacity) -> str:
    """Why a kind has no headroom: the limit, and whether it is full without this kind."""
    limit = kind.headroom_binding
    if limit is None:
        return "it has no room at all"
    place = f"{limit.hop} {limit.name}"
    if limit.rate == 0:
        return f"{place} has no room at all for it"
    return f"the traffic of the other kinds alone already takes more than {place} has"


def held(result: Capacity, limit: Limit) -> list[str]:
    """The names of the kinds that a limit holds; none where there are no kinds."""
    return [kind.name for kind in of(result) if kind.name in limit.kinds or not limit.kinds]


def behind(result: Capacity, limit: Limit, longest: int | None = None) -> str:
    """The kinds that a limit holds: ``all``, ``login, web``, ``all but dns``, ``login +2`` in little room."""
    every, names = [kind.name for kind in of(result)], held(result, limit)
    left = [name for name in every if name not in names]
    if not left:
        return "all"
    shorter = min(", ".join(names), f"all but {', '.join(left)}", key=len)
    if longest is None or len(shorter) <= longest or len(names) == 1:
        return shorter
    shown = (f"{', '.join(names[:n])} +{len(names) - n}" for n in range(len(names) - 1, 0, -1))
    return next((text for text in shown if len(text) <= longest), f"{len(names)} of {len(every)}")


def binding(result: Capacity) -> Iterator[str]:
    """What binds for whom; nothing where all kinds are held by the limits that bind the whole.

    Where a rate is offered the limit on a kind's rate is that of the column “up to”, as it is read beside it.
    """
    parts, is_offered = of(result), result.chain.traffic.offered is not None
    held = [("flows", kind.flows_binding, kind.name) for kind in parts]
    rates = ((kind.headroom_binding if is_offered else kind.rate_binding, kind.name) for kind in parts)
    held += [("rate", *each) for each in rates]
    whole = {"flows": result.binding, "rate": result.rate_binding}
    if all(limit is None or limit is whole[figure] for figure, limit, _ in held):
        return
    by_limit: dict[str, dict[str, list[str]]] = {}
    for figure, limit, name in held:
        if limit is not None:
            by_limit.setdefault(f"{limit.hop} {limit.name}", {}).setdefault(figure, []).append(name)
    beside = " beside the others as offered" if is_offered else ""
    yield f"By kind: {'; '.join(_bound(limit, names, beside) for limit, names in by_limit.items())}."


def _bound(limit: str, names: dict[str, list[str]], beside: str) -> str:
    flows, rate = names.get("flows"), names.get("rate")
    if flows and flows == rate:
        return f"{limit} limits {listed(flows)}"
    ends = {"flows": "", "rate": beside}
    each = (f"the {figure} of {listed(several)}{ends[figure]}" for figure, several in names.items())
    return f"{limit} limits {' and '.join(each)}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def takes(result: Capacity) -> Iterator[str]:
    """What the kinds take of the limit that binds the flows, and of the one that binds the rate."""
    flows, rate = result.binding, result.rate_binding
    held = [(each.kind, each.share * each.open) for each in flows.shares]
    yield from _shared_out(flows, held, "of what open connections take")
    if rate is not None:
        times = [(each.kind, each.share * each.seconds) for each in rate.shares]
        yield from _shared_out(rate, times, "of the time for which it is taken")


def _shared_out(limit: Limit, parts: list[tuple[str, Fraction]], what: str) -> Iterator[str]:
    whole = sum((part for _, part in parts), Fraction(0))
    if len(parts) > 1 and whole:
        ranked = sorted(parts, key=lambda each: -each[1])
        said = [f"{name} has {numbers.percent(part / whole)}" for name, part in ranked if part]
        yield f"{limit.hop} {limit.name}: {what} {listed(said)}."


def hit(load: Offered) -> str:
    """Which kind is the first without room, or fails most; empty where none fails, or there is but one."""
    first = load.hit_first
    if first is None or len({(each.seconds, each.expected) for each in load.kinds}) < 2:
        return ""
    if first.seconds is not None:
        return f"{first.kind} is hit first, {numbers.duration(first.seconds)} after a start from empty."
    if first.expected.upper < _SELDOM:
        return ""
    return f"{first.kind} fails most: {numbers.between(first.expected)} of its connections."
