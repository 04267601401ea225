"""Two looks at the same tables: how fast scopes fill, and what came in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest

from tuplecalc.errors import reject
from tuplecalc.sources.usage import Busy, Measured, Observation, Scope, Usage


def between(earlier: Observation, later: Observation, seconds: float) -> Observation:
    """The later one, with how it has grown since the earlier one, so many seconds before.

    Of one :class:`~tuplecalc.limits.capacity.Capacity` and one machine.  Each of the busiest scopes has its
    growth in keys a second, so that ``runs_dry_in`` says when it is full if it goes on so.  As many came as
    have closed, by the later look, and as more are open:

        rate = closed / time + (open − open before) / seconds

    Raises :class:`~tuplecalc.errors.TopologyError` where the seconds are not positive.
    """
    if not seconds > 0:
        raise reject(seconds, "two looks are some seconds apart", "write how many", "seconds")
    before = {_limit(usage): scopes for usage, scopes in zip(earlier.usages, earlier.scopes, strict=True)}
    pairs = zip(later.usages, later.scopes, strict=True)
    return replace(
        later,
        usages=tuple(
            replace(usage, busiest=tuple(_grown(usage, scopes, before.get(_limit(usage)), seconds)))
            for usage, scopes in pairs
        ),
        measured=tuple(_rates(earlier.measured, later.measured, seconds)),
        services=tuple(_rates(earlier.services, later.services, seconds)),
    )


def _limit(usage: Usage) -> tuple[str, str]:
    return usage.limit.hop, usage.limit.name


def _grown(
    usage: Usage, after: Mapping[Scope, int], before: Mapping[Scope, int] | None, seconds: float
) -> Iterator[Busy]:
    """The busiest scopes; without growth where the table was not given the first time."""
    busiest = nlargest(len(usage.busiest), after, key=after.__getitem__)  # as they were chosen
    for busy, scope in zip(usage.busiest, busiest, strict=True):
        grown = None if before is None else (busy.taken - before.get(scope, 0)) / seconds
        yield busy._replace(growth=grown)


def _rates(before: Sequence[Measured], after: Sequence[Measured], seconds: float) -> Iterator[Measured]:
    """Of what was there the first time as well."""
    known = {(each.table, each.services): each for each in before}
    for each in after:
        first = known.get((each.table, each.services))
        if first is None:
            yield each
            continue
        more = each.open - first.open
        rate = max(each.rate + more / seconds, 0.0)
        basis = f"{each.basis}; {more:+,} open in {seconds:g} s"
        yield replace(each, rate=rate, basis=basis)
