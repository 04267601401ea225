"""Two looks at the same tables: how fast scopes fill, and what came in between."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest

from tuplecalc.errors import reject
from tuplecalc.sources.busy.rates import measured
from tuplecalc.sources.busy.usage import LINGERS, Busy, Ends, Measured, Observation, Scope, Usage, taken
from tuplecalc.sources.tables.connection import TIME_WAIT, TableName


def between(earlier: Observation, later: Observation, seconds: float) -> Observation:
    """The later one, with how it has grown since the earlier one, so many seconds before.

    Of one :class:`~tuplecalc.limits.capacity.Capacity` and one machine.  Each of the busiest scopes has its
    growth in keys a second, so that ``runs_dry_in`` says when it is full if it goes on so.  Rates are
    those of what came in between, :func:`~tuplecalc.sources.busy.rates.measured`.

    Raises :class:`~tuplecalc.errors.ChainError` where the seconds are not positive.
    """
    if not seconds > 0:
        raise reject(seconds, "two looks are some seconds apart", "write how many", "seconds")
    before = {_limit(usage): scopes for usage, scopes in zip(earlier.usages, earlier.scopes, strict=True)}
    tables = {each.table for each in earlier.totals}
    pairs = zip(later.usages, later.scopes, strict=True)
    return replace(
        later,
        usages=tuple(
            replace(usage, busiest=tuple(_grown(usage, scopes, before.get(_limit(usage)), seconds)))
            for usage, scopes in pairs
        ),
        measured=tuple(_rates(earlier.measured, later.measured, tables, seconds)),
        services=tuple(_rates(earlier.services, later.services, tables, seconds)),
    )


def _limit(usage: Usage) -> tuple[str, str]:
    return usage.limit.hop, usage.limit.name


def _grown(
    usage: Usage, after: Mapping[Scope, int], before: Mapping[Scope, int] | None, seconds: float
) -> Iterator[Busy]:
    """The busiest scopes; without growth where the table was not given the first time."""
    busiest = nlargest(
        len(usage.busiest), after, key=lambda scope: taken(after[scope])
    )  # as they were chosen
    ends = [end for each in usage.limit.lingers for end in (each.client, each.service)]
    lingers = max((float(end) for end in ends), default=TIME_WAIT[usage.table])
    for busy, scope in zip(usage.busiest, busiest, strict=True):
        if before is None:
            yield busy
            continue
        lingering, open_ = divmod(before.get(scope, 0), LINGERS)
        grown, more = busy.open - open_, busy.lingering - lingering
        yield busy._replace(growth=(grown + more) / seconds, lingering_growth=more / seconds, lingers=lingers)


def _rates(
    before: Sequence[Measured], after: Sequence[Measured], tables: Container[TableName], seconds: float
) -> Iterator[Measured]:
    """By what came since; of a table that was not there the first time by the later look alone."""
    known = {(each.table, each.services, each.kinds): each.ends for each in before}
    for each in after:
        key = each.table, each.services, each.kinds
        first = known.get(key, Ends()) if each.table in tables else None
        yield measured(key, each.ends, first, seconds)
