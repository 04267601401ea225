"""What a machine was seen to hold: whose tables, when, and what of them was not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Constant
from tuplecalc.limits.kinds import ENTRIES
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain
from tuplecalc.sources.busy.growth import between
from tuplecalc.sources.busy.observe import observe
from tuplecalc.sources.busy.usage import LINGERS, Busy, Observation, Usage
from tuplecalc.sources.draft import Remark
from tuplecalc.sources.tables.lines import Entries
from tuplecalc.sources.tables.recognise import Stream

_TRACKS = Path("/proc/sys/net/netfilter/nf_conntrack_max")


class DryIn(NamedTuple):
    """In how many seconds a scope of a limit has no key left."""

    seconds: float
    usage: Usage
    busy: Busy


@dataclass(frozen=True)
class Observed:
    """What is busy on a machine beside what the model grants it."""

    chain: Chain
    hops: tuple[str, ...]
    """Those that the machine is."""
    at: datetime
    """When its tables were read last."""
    found: Observation
    snapshots: int = 1
    """How often they were read."""
    seconds: float = 0.0
    """From the first snapshot to the last."""
    not_understood: int = 0
    """Lines of the tables that no parser knows."""
    tracking_size: int | None = None
    """Entries that the tracking table holds; None where neither the chain nor the kernel says."""
    remarks: tuple[Remark, ...] = ()
    """The first of them."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Lines that are known to hold no connection, by what they are."""

    @property
    def fullest(self) -> Usage | None:
        """The limit whose fullest scope has the highest share of its keys taken; None where nothing is."""
        used = [each for each in self.found.usages if each.busiest]
        return max(used, key=lambda each: each.share, default=None)

    @property
    def dry_first(self) -> DryIn | None:
        """Which scope is full first, as they grow now; None where none is seen to grow."""
        growing = (
            DryIn(after, usage, busy)
            for usage in self.found.usages
            for busy in usage.busiest
            if (after := busy.runs_dry_in(usage.size)) is not None
        )
        return min(growing, key=lambda each: each.seconds, default=None)


def snapshots(
    capacity: Capacity,
    hops: Sequence[str],
    take: Callable[[], Sequence[Entries]],
    every: float,
    times: int,
    top: int,
    unknown: Container[str] = (),
) -> Iterator[Observed]:
    """What is busy, again after ``every`` seconds; from the second time on with its growth since the first.

    ``take`` gives the tables anew.  A look that takes longer than that puts off the next.
    ``unknown`` groups of services have what no other has.
    """
    first: Observation | None = None
    began = monotonic()
    for number in range(times):
        sleep(max(began + number * every - monotonic(), 0))
        streams, since = take(), monotonic() - began
        found = observe(capacity, streams, hops, top, unknown)
        lines = [each.lines for each in streams if isinstance(each, Stream)]
        size = _tracking_size(capacity.chain, hops, is_live=len(lines) < len(streams))
        found = _with_table(found, hops[0], size)
        if first is None:
            first = found
        else:
            found = between(first, found, max(round(since, 2), 0.01))
        yield Observed(
            capacity.chain,
            tuple(hops),
            datetime.now().astimezone(),
            found,
            number + 1,
            since if number else 0.0,
            sum(each.not_understood for each in lines),
            size,
            tuple(remark for each in lines for remark in each.remarks),
            sum((each.passed_over for each in lines), Counter()),
        )


def _with_table(found: Observation, hop: str, size: int | None) -> Observation:
    """With the tracking table as a limit of the hop, where the model has none: it drops when it is full."""
    is_known = any(usage.limit.kind is ENTRIES for usage in found.usages)
    total = next((each for each in found.totals if each.table == "tracking"), None)
    if is_known or size is None or total is None:
        return found
    limit = Limit(ENTRIES, hop, Constant(size), Constant(1), 1, Constant(0))
    taken = total.lingering * LINGERS + total.open
    busiest = (Busy({}, total.open, total.lingering),) if taken else ()
    usage = Usage(limit, size, "tracking", len(busiest), busiest)
    return replace(found, usages=(*found.usages, usage), scopes=(*found.scopes, {(): taken} if taken else {}))


def _tracking_size(chain: Chain, hops: Container[str], *, is_live: bool) -> int | None:
    """What the kernel grants now; of tables as text what the chain says."""
    if is_live:
        with suppress(OSError, ValueError):  # it does not track
            return int(_TRACKS.read_text(encoding="ascii"))
    return min((hop.max_entries for hop in chain.hops if hop.name in hops and hop.max_entries), default=None)
