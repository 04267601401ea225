"""What is said of each kind of traffic: its part of the totals, what binds for it, what fails of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kind_capacity import KindCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.render import numbers

if TYPE_CHECKING:
    from tuplecalc.under_load.offered import Offered

UP_TO = "“Up to” is the highest rate of a kind while the others stay as offered."


def of(result: Capacity) -> tuple[KindCapacity, ...]:
    """The kinds that have names; none where all flows are alike."""
    return tuple(kind for kind in result.kinds if kind.name)


def header(result: Capacity, load: Offered) -> tuple[str, ...]:
    """The columns of :func:`rows`."""
    if not of(result):
        return ()
    under_load = () if load.rate is None else ("offered /s", "up to /s", "failing")
    return "kind", "share", "flows", "rate /s", *under_load


def rows(result: Capacity, load: Offered, longest: int = numbers.LONGEST) -> Iterator[tuple[str, ...]]:
    """One row for each kind."""
    failing = {each.kind: numbers.between(each.failing) for each in load.kinds}
    for kind in of(result):
        offered: tuple[str, ...] = ()
        if load.rate is not None:
            offered = numbers.rate(load.rate * kind.share), numbers.rate(kind.headroom), failing[kind.name]
        flows = numbers.count(floor(kind.flows), longest)
        yield kind.name, numbers.percent(kind.share), flows, numbers.rate(kind.rate, longest), *offered


def behind(result: Capacity, limit: Limit, longest: int | None = None) -> str:
    """The kinds that a limit holds: ``all``, ``all but dns``, ``login, web``; names as far as there is room."""
    every = [kind.name for kind in of(result)]
    left = [name for name in every if name not in limit.kinds]
    if not left:
        return "all"
    if len(left) * 2 < len(every):
        return _names(left, longest, "all but ")
    return _names(limit.kinds, longest)


def _names(names: Iterable[str], longest: int | None, before: str = "") -> str:
    several = list(names)
    for shown in range(len(several), 0, -1):
        more = f" +{len(several) - shown}" if shown < len(several) else ""
        text = f"{before}{', '.join(several[:shown])}{more}"
        if longest is None or len(text) <= longest:
            return text
    return text


def binding(result: Capacity) -> Iterator[str]:
    """What binds for whom; nothing where all kinds are held by the limits that bind the whole."""
    for what, whole, found in (
        ("open flows", result.binding, [(kind.flows_binding, kind.name) for kind in of(result)]),
        ("rate", result.rate_binding, [(kind.rate_binding, kind.name) for kind in of(result)]),
    ):
        if not all(limit is whole for limit, _ in found):
            yield f"The {what} of {_by_limit(found)}."


def _by_limit(found: Iterable[tuple[Limit | None, str]]) -> str:
    """``login and web: nat ports; dns: nothing``."""
    names: dict[str, list[str]] = {}
    for limit, name in found:
        names.setdefault("nothing" if limit is None else f"{limit.hop} {limit.name}", []).append(name)
    return "; ".join(f"{_listed(several)}: {limit} binds" for limit, several in names.items())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def hit(load: Offered) -> str:
    """Which kind is the first without room, or fails most; empty where none fails, or there is but one."""
    first = load.hit_first
    if first is None or len(load.kinds) < 2:
        return ""
    if first.seconds is not None:
        return f"{first.kind} is hit first, {numbers.duration(first.seconds)} from empty."
    return f"{first.kind} fails most: {numbers.between(first.failing)} of its connections."


def part(share: Fraction) -> str:
    """A kind's part of a limit's keys or seconds."""
    return numbers.percent(share) if share else "none"
