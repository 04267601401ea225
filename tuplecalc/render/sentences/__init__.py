"""What a result says, in sentences; shared by the terminal, the notebook, the report and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from tuplecalc.limits.capacity import Capacity
from tuplecalc.render import kinds, numbers, verdict
from tuplecalc.render.sentences import picks, remarks, totals
from tuplecalc.render.sentences.searches import searches
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.offered import offered as under_load


def sentences(result: Capacity, load: Offered | None = None) -> Iterator[str]:
    """All that there is to say, one paragraph each; ``load`` where more was asked than a chain offers."""
    load = load or under_load(result)
    yield from verdict.lines(load)
    yield from details(result, load)


def details(result: Capacity, load: Offered) -> Iterator[str]:
    """What there is to say behind the verdict."""
    yield from totals.totals(result)
    yield from totals.context(result)
    yield from totals.joint(result)
    yield from totals.blockless(result)
    yield from filter(None, (runs_dry(load), most(load)))
    yield from searches(result, load)
    yield from filter(None, [picks.blind(load)])
    yield from picks.collisions(result, load)
    yield from totals.at_most(result)
    yield from remarks.remarks(result)


def runs_dry(load: Offered) -> str:
    """What runs dry first, and which kind is hit first; empty where nothing does."""
    said = []
    if dry := load.exhausted:
        after, soonest = numbers.duration(dry.seconds), numbers.duration(dry.soonest)
        within = "" if after == soonest else f"; {soonest} if none is closed before"
        place = f"{dry.limit.hop} {dry.limit.name}"
        said.append(f"{place} is the first to run out, {after} after a start from empty (estimate{within}).")
    if first := kinds.hit(load):
        said.append(first)
    return " ".join(said)


def most(load: Offered) -> str:
    """The highest rate for the share that may fail; empty where none was asked for."""
    if load.most is None:
        return ""
    share = numbers.written(load.most.blocking)
    if load.most.rate is None:
        return f"No more than {share} of the connections fail at any rate."
    if load.not_served and not load.most.rate:
        return f"More than {share} of the connections fail at any rate: those of clients without ports."
    said = f"o more than {share} of the connections fail up to {numbers.per_second(load.most.rate)}."
    return f"{verdict.BEST_CASE}: n{said}" if load.blind else f"N{said}"
