"""What would help, and what it would buy: single changes, each evaluated on the changed chain.

Advice says them as the ``--set`` settings that make them, so that a user can try them as they are.
The figures are those of the changed chain; a change that buys nothing is not offered, save one:
port ranges that overlap under a shared limit, because the figures there hold only if both hops
choose their ports in concert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from heapq import nsmallest
from itertools import combinations, islice, product
from typing import NamedTuple

from tuplecalc.errors import TopologyError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number, Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.chain import Chain
from tuplecalc.network.presets import preset
from tuplecalc.network.replace import replace_all, written_setting
from tuplecalc.questions.remedies import Remedy, apart, for_limit

# Each change is a calculation of its own, and a chain may have a thousand proxies.
_MOST_APART, _MOST_PAIRS = 3, 40
_WORTH_IT = 1.05  # less than that is the next port or address, not a remedy


class Advice(NamedTuple):
    """A change, the settings that make it, and the figures of the changed chain.

    ``apart`` marks the advice to keep overlapping port ranges apart: it may cost some of the
    figures, and makes them hold without coordination.
    """

    text: str
    settings: tuple[str, ...]
    flows: int
    rate: Number | None
    apart: bool = False


def advise(result: Capacity, most: int = 5) -> tuple[Advice, ...]:
    """The changes that help most, best first: at most ``most`` of them.

    They act on the limits that bind the flows and the rate, and where no single one helps since
    two limits bind alike, on both.  A change that raises one figure counts as much as it raises
    it; one that lowers the other as well counts with the product.  None leaves more clients without
    ports.  Separate port ranges come last, and are there wherever hops draw on the same ports.

    >>> from tuplecalc.network.file import example
    >>> for advice in advise(capacity(example("cone"))):
    ...     print(*advice.settings, f"{advice.flows:,}", f"{float(advice.rate):,.0f}")
    hops.nat.time_wait=30s 5,160,960 161,280
    hops.nat.addresses=5 6,451,200 52,879
    """
    gains = _evaluated(result, _helping(result))
    if all(_gain(result, advice.flows, advice.rate) < _WORTH_IT for advice in gains):
        gains += _evaluated(result, _helping_ties(result))
    ranked = sorted(gains, key=lambda advice: -_gain(result, advice.flows, advice.rate))
    separate = _evaluated(result, _keeping_apart(result))
    return tuple([*ranked[: most - 1 if separate else most], *separate][:most]) if most > 0 else ()


def _evaluated(result: Capacity, remedies: Iterable[Remedy]) -> list[Advice]:
    """The remedies with their figures; of those that are to help, the ones that do."""
    found: dict[tuple[str, ...], Advice] = {}
    fixed = set(_fixed(result.chain))
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for text, changes, is_apart, purpose in remedies:
        settings = tuple(written_setting(*change) for change in changes)
        if settings in found or any(path in fixed for path, _ in changes):
            continue
        try:
            changed = capacity(replace_all(result.chain, changes))
        except TopologyError:  # another key of the hop does not fit the change
            continue
        gain = _gain(result, changed.flows, changed.rate)
        if changed.served.served < result.served.served or not (is_apart or gain > 1):
            continue
        if purpose:
            before, other = best.get(purpose, (1.0, ()))
            if gain < before * _WORTH_IT:
                continue
            found.pop(other, None)
            best[purpose] = gain, settings
        found[settings] = Advice(text, settings, changed.flows, changed.rate, is_apart)
    return list(found.values())


def _fixed(chain: Chain) -> Iterator[str]:
    """What a product does not let one change."""
    for path, part in chain.parts():
        if part.preset is not None:
            fixed = set(preset(part.preset).fixed) - part.model_fields_set
            yield from (f"{path}.{key}" for key in fixed)


def _gain(result: Capacity, flows: int, rate: Number | None) -> float:
    def ratio(new: Number | None, old: Number | None) -> float:
        if new == old:
            return 1.0
        if new is None or old == 0:
            return float("inf")
        return float(Fraction(new) / old) if old is not None else 0.0

    gains = ratio(flows, result.flows), ratio(rate, result.rate)
    return max(gains) if min(gains) >= 1 else gains[0] * gains[1]


def _keeping_apart(result: Capacity) -> Iterator[Remedy]:
    """Separate ranges for two hops under a shared limit, the tightest first; each hop in one pair only."""
    tables = (limit for limit in result.limits if limit.kind == SHARED)
    changed: set[str] = set()
    for limit in nsmallest(_MOST_APART, tables, key=by_flows):
        sets = limit.size.sets if isinstance(limit.size, Size) else ()
        for one, other in combinations(sets, 2):
            hops = {one.origin.hop, other.origin.hop}
            for change in () if hops & changed else apart(one, other):
                yield change
                changed |= hops


def _helping(result: Capacity) -> Iterator[Remedy]:
    """What acts on the limits that bind."""
    for limit in filter(None, (result.binding, result.rate_binding)):
        yield from for_limit(result, limit)


def _helping_ties(result: Capacity) -> Iterator[Remedy]:
    """Where several limits bind alike, one change for each of the first two."""
    ties = [limit for limit in result.limits if limit.flows == result.flows]
    if len(ties) > 1:
        pairs = product(for_limit(result, ties[0]), list(for_limit(result, ties[1])))
        for one, other in islice(pairs, _MOST_PAIRS):
            if one != other:
                yield Remedy(f"{one.text}, and {other.text}", (*one.changes, *other.changes))
