"""What would help, and what it would buy: single changes, each evaluated on the changed chain.

Advice says them as the ``--set`` settings that make them, so that a user can try them as they are.
The figures are those of the changed chain; a change that buys nothing is not offered, save one:
port ranges that overlap under a shared limit, because the figures there hold only if both hops
choose their ports in concert.  Where the offered rate fails, a change has to lower what is expected to,
whatever ports chosen in concert would gain by it, or lose; where it fits, none makes it fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import nsmallest
from itertools import chain, combinations, islice
from math import prod
from typing import NamedTuple

from tuplecalc.errors import ChainError, reject
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Number, Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.limit import by_flows
from tuplecalc.limits.served import Served
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import Change, path_steps, replace_all
from tuplecalc.questions.allowed import Allowed, allowed
from tuplecalc.questions.failing import apart, for_failing
from tuplecalc.questions.paths import place_of
from tuplecalc.questions.remedies import Remedy, for_all_clients, for_limit
from tuplecalc.under_load.chains import Bracket
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import FEW, Carried, Wanted, carried, wanted_flows
from tuplecalc.under_load.share_failing import Failing, failing_at

# Each change is a calculation of its own, and a chain may have a thousand proxies.
_MOST_APART, _MOST_TIES = 3, 4
_MOST_SEVERAL, _FEWEST_SEVERAL = 600, 40
_MOST_TRIED, _FEWEST_TRIED, _MOST_WAYS = 18, 3, 1000
_MOST_FIRST, _MOST_PAIRS = 2, 2  # changes that a second one is looked for, and of both how many are said
_HARDLY_ANY = 1e-6
_LESS = 1 - 1e-3  # of what fails: another figure, as it is shown
_TRADED = "; fewer connections can be open at once, though more can start each second"
_WORTH_IT = 1.05  # less than that is the next port or address, not a remedy


@dataclass(frozen=True)
class Tried:
    """A change, the capacity of the changed chain, and what is expected to fail of the rate then."""

    remedy: Remedy
    result: Capacity

    @cached_property
    def failing(self) -> Failing | None:
        """None without a rate."""
        return _failing(self.result)


Known = dict[frozenset[str], Tried]
"""What was tried already, by the settings."""


class Advice(NamedTuple):
    """A change, the settings that make it, and the figures of the changed chain.

    ``served`` says how many clients get ports then, ``expected`` what is expected to fail of the offered rate
    then, and ``now`` what does without the change (both None without a rate).  ``apart`` marks
    the advice to keep overlapping port ranges apart: it may cost some of the figures, and makes them hold
    without coordination.
    """

    text: str
    settings: tuple[str, ...]
    flows: int
    rate: Number | None
    served: Served
    apart: bool = False
    expected: Bracket | None = None
    now: Bracket | None = None
    carried: Carried | None = None
    """What clients with ports offer then, and what part of the highest rate that is."""
    changed: Chain | None = None
    """The chain with the change."""
    wanted: tuple[Wanted, ...] = ()
    """The flows that shall be open at once, beside those that can be then."""
    is_of_services: bool = False
    """Whether who runs the services makes it: they listen on another port."""


def advise(result: Capacity, most: int = 5) -> tuple[Advice, ...]:
    """The changes that help most, best first: at most ``most`` of them; first those that serve all clients.

    Where flows shall be open at once, those with which all can be come before the others.  Where the
    offered rate fails, those with which it does not come next, and none stands there that lowers
    nothing of what fails; where it does not, none with which it does.

    They act on the limits that bind the flows and the rate, and where none helps since several limits
    bind alike, on the others, then on two or three; and on cones that leave clients without ports.  A
    change that raises one figure, or the clients served, counts as much as it raises it; one that
    lowers another counts with the product.  None leaves more clients without ports, touches a key that
    is fixed, or goes beyond what a product allows; several are made together only where none of them
    does it alone: two with which no more than few fail come first then.  Where nothing fails, separate
    port ranges come last, and are there wherever hops draw on the same ports.

    Raises :class:`~tuplecalc.errors.ChainError` for anything but a capacity.

    >>> from tuplecalc.network.file import example
    >>> for advice in advise(capacity(example("cone"))):
    ...     print(*advice.settings, f"{advice.flows:,}", f"{float(advice.rate):,.0f}")
    hops.nat.time_wait=30s 5,160,960 161,280
    hops.nat.addresses=5 6,451,200 52,879
    """
    if not isinstance(result, Capacity):
        raise reject(result, "this is what a chain can carry", "give it tc.capacity(chain)", "result")
    known: Known = {}
    gains = _evaluated(result, _helping(result), known)
    for together in (1, 2, 3):
        if all(_gain(result, advice) < _WORTH_IT for advice in gains):
            gains += _evaluated(result, _helping_ties(result, together), known)
    ranked = sorted(gains, key=lambda each: _rank(result, each))
    field = MeanField(result)
    separate = _evaluated(result, _keeping_apart(result, field), known, at_any_cost=True)
    first = max(most - 1 if separate else most, 0)
    now = _failing(result, field)
    if now is not None and now.most > FEW:
        most_tried, settings = _tried(result), {frozenset(each.settings) for each in ranked}
        rate = float(result.chain.traffic.offered or 0)
        acting = islice(for_failing(result, field, rate), most_tried)
        others = _evaluated(result, acting, known, at_any_cost=True)
        new = [each for each in others if frozenset(each.settings) not in settings][: most_tried // 2]
        tried = [*ranked[: most_tried - len(new)], *new, *separate[: most_tried // 2]]
        ranked, separate = _that_lower(result, now.all, tried, known), []
        if not any(_that_fit(result, now.all, ranked, known)):
            ranked = [*_pairs(result, now.all, ranked, known), *ranked]
    elif now is not None:
        ranked = list(islice(_that_fit(result, now.all, ranked, known), first))
        separate = list(_that_fit(result, now.all, separate, known))
    found = [*ranked[: most - 1 if separate else most], *separate][: max(most, 0)]
    return tuple(
        each._replace(carried=carried(then), changed=then.chain)
        for each in found
        for then in [known[frozenset(each.settings)].result]
    )


def _failing(result: Capacity, field: MeanField | None = None) -> Failing | None:
    """What is expected to fail at the offered rate; None without one."""
    rate = result.chain.traffic.offered
    return None if rate is None else failing_at(result, float(rate), field=field)


def _that_lower(result: Capacity, now: Bracket, advices: Sequence[Advice], known: Known) -> list[Advice]:
    """Those with which less fails, where least does first; after these what leaves more than can go on."""
    found = []
    offered = result.chain.traffic.offered or 0
    for advice in advices:
        then = known[frozenset(advice.settings)].failing
        if then is not None and then.all.upper < now.upper * _LESS:
            too_much = advice.rate is not None and offered > advice.rate
            fails = then.most > FEW, advice.is_of_services, float(f"{max(then.all.upper, _HARDLY_ANY):.3g}")
            key = _falls_short(result, advice), too_much, fails, _rank(result, advice), len(advice.settings)
            found.append((key, advice._replace(expected=then.all, now=now)))
    kept: list[Advice] = []
    for _, advice in sorted(found, key=lambda each: each[0]):
        if not any({*other.settings} <= {*advice.settings} for other in kept):  # no better by the others
            kept.append(advice)
    return kept


def _that_fit(result: Capacity, now: Bracket, advices: Sequence[Advice], known: Known) -> Iterator[Advice]:
    """Those with which no more than few fail, of all and of each kind."""
    for advice in advices[: _tried(result)]:
        then = known[frozenset(advice.settings)].failing
        if then is not None and then.most <= FEW:
            yield advice._replace(expected=then.all, now=now)


def _tried(result: Capacity) -> int:
    """Of how many changes it is quick to say what fails with them."""
    ways = len(result.chain.strands) * len(result.hops)
    return min(max(_MOST_WAYS // ways, _FEWEST_TRIED), _MOST_TRIED)


def _rank(result: Capacity, advice: Advice) -> tuple[bool, int, bool, float, int]:
    """What serves all first, then what has room for all flows that are wanted at once.

    Ports of services last: who runs the hop that limits cannot change them.
    """
    short, gain = _falls_short(result, advice), -_gain(result, advice)
    return not advice.served.are_all, short, advice.is_of_services, gain, -advice.flows


def _pairs(result: Capacity, now: Bracket, ranked: Sequence[Advice], known: Known) -> Iterator[Advice]:
    """Two changes together with which no more than few fail: the best of them."""
    offered = result.chain.traffic.offered or 0
    both = _evaluated(result, _with_another(result, ranked, known), known, at_any_cost=True)
    enough = [each for each in both if each.rate is None or each.rate >= offered]
    best = sorted(enough, key=lambda each: _rank(result, each))[: 2 * _MOST_PAIRS]
    return islice(_that_fit(result, now, best, known), _MOST_PAIRS)


def _with_another(result: Capacity, ranked: Sequence[Advice], known: Known) -> Iterator[Remedy]:
    """The changes that lower most of what fails, each with a second one that helps the changed chain."""
    rate = float(result.chain.traffic.offered or 0)
    for advice in ranked[:_MOST_FIRST]:
        tried = known[frozenset(advice.settings)]
        remedy, changed = tried.remedy, tried.result
        seconds = chain(_helping(changed), for_failing(changed, MeanField(changed), rate))
        for second in islice(seconds, _tried(result) // 3):
            if not {path for path, _ in remedy.changes} & {path for path, _ in second.changes}:
                yield Remedy(
                    f"{remedy.text}, and {second.text}", (*remedy.changes, *second.changes), remedy.apart
                )


def _falls_short(result: Capacity, advice: Advice) -> int:
    """0 where all flows that are wanted at once can be open then, 1 where more can than now, else 2."""
    if all(each.verdict != "fails" for each in advice.wanted):
        return 0
    more = _as_wanted(advice.flows, advice.wanted) > _as_wanted(result.flows, wanted_flows(result))
    return 1 if more or advice.served.served > result.served.served else 2


def _evaluated(
    result: Capacity, remedies: Iterable[Remedy], known: Known, *, at_any_cost: bool = False
) -> list[Advice]:
    """The remedies with their figures: those that raise one, or at any cost all."""
    seen: set[frozenset[str]] = set()
    idle: set[str] = set()
    found: dict[frozenset[str], Advice] = {}
    best: dict[str, tuple[float, frozenset[str]]] = {}
    for remedy in remedies:
        text, changes, is_apart, purpose = remedy
        settings = remedy.settings
        bounds = [allowed(result.chain, path) for path, _ in changes]
        if (these := frozenset(settings)) in seen or purpose in idle or any(each.is_fixed for each in bounds):
            continue
        seen.add(these)
        try:
            then = replace_all(result.chain, changes)
        except ChainError:  # another key of the hop does not fit the change
            continue
        words = _words(then, changes, bounds)
        if words is None:
            continue
        if these not in known:
            known[these] = Tried(remedy, capacity(then))
        changed = known[these].result
        advice = Advice(
            text + words + ("" if is_apart or not _trades(result, changed) else _TRADED),
            settings,
            changed.flows,
            changed.rate,
            changed.served,
            is_apart,
            wanted=tuple(wanted_flows(changed)),
            is_of_services=any(_is_of_services(path) for path, _ in changes),
        )
        gain = _gain(result, advice)
        if advice.served.served < result.served.served or not (at_any_cost or purpose or gain > 1):
            continue
        if purpose:
            before, other = best.get(purpose, (1.0, frozenset()))
            if gain < before * _WORTH_IT:
                adds = gain > 1 or _trades(result, changed)
                idle |= set() if adds else {purpose}  # more of what adds nothing adds nothing
                continue
            found.pop(other, None)
            best[purpose] = gain, these
        found[these] = advice
    return list(found.values())


def _is_of_services(path: str) -> bool:
    steps = path_steps(path)
    return (steps[0], steps[-1]) == ("services", "ports")


def _words(changed: Chain, changes: Sequence[Change], bounds: Sequence[Allowed]) -> str | None:
    """What the platform calls the keys, and where no more is allowed; None where this would be more."""
    knobs, ends = [bound.knob for bound in bounds if bound.knob], []
    for (path, _), bound in zip(changes, bounds, strict=True):
        if bound.most is not None:
            value = place_of(changed, list(path_steps(path)), path).value
            size = getattr(value, "size", value)
            if isinstance(size, int) and size > bound.most:
                return None
            ends += [f"{size:,} are the most that are allowed"] if size == bound.most else []
    return f" ({'; '.join((*knobs, *ends))})" if knobs or ends else ""


def _trades(result: Capacity, changed: Capacity) -> bool:
    """Whether more connections a second cost some of those that can be open at once."""
    rises = result.rate is not None and (changed.rate is None or changed.rate > result.rate)
    return rises and changed.flows < result.flows


def _as_wanted(flows: int, wanted: Iterable[Wanted]) -> int:
    """How many can be open at once: mixed as clients want them, where they say how many each wants."""
    return next((each.possible for each in wanted if each.is_each), flows)


def _gain(result: Capacity, advice: Advice) -> float:
    def ratio(new: Number | None, old: Number | None) -> float:
        if new == old:
            return 1.0
        if new is None or old == 0:
            return float("inf")
        return float(Fraction(new) / old) if old is not None else 0.0

    then, now = (Fraction(each.served, each.clients) for each in (advice.served, result.served))
    traffic = result.chain.traffic
    is_of_flows = traffic.offered is None and (traffic.flows or wanted_by_clients(result.chain))
    rates = 1.0 if is_of_flows else ratio(advice.rate, result.rate)
    flows = _as_wanted(advice.flows, advice.wanted), _as_wanted(result.flows, wanted_flows(result))
    gains = ratio(*flows), rates, ratio(then, now)
    return max(gains) if min(gains) >= 1 else prod(gains)


def _keeping_apart(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    """Separate ranges for two hops: under a shared limit, the tightest first, or where their legs meet.

    Each hop is in one pair only.
    """
    tables = nsmallest(_MOST_APART, (each for each in result.limits if each.kind == SHARED), key=by_flows)
    sizes = (limit.size for limit in tables if isinstance(limit.size, Size))
    changed: set[str] = set()
    for one, other in chain(*(combinations(size.sets, 2) for size in sizes), field.overlaps):
        hops = {one.origin.hop, other.origin.hop}
        for change in () if hops & changed else apart(one, other):
            yield change
            changed |= hops


def _helping(result: Capacity) -> Iterator[Remedy]:
    """What acts on the limits that bind, and what serves those that have no ports."""
    for limit in filter(None, (result.binding, result.rate_binding)):
        yield from for_limit(result, limit)
    if result.as_wanted is not result:
        yield from for_limit(result, result.as_wanted.binding)
    if not result.served.are_all:
        yield from for_all_clients(result)


def _helping_ties(result: Capacity, together: int) -> Iterator[Remedy]:
    """Where several limits bind alike, so many changes together for the first of them."""
    ties = (limit for limit in result.limits if limit.flows == result.flows or limit.rate == result.rate)
    remedies = {
        each.settings: each for limit in islice(ties, _MOST_TIES) for each in for_limit(result, limit)
    }
    several = combinations(remedies.values(), together)
    for those in islice(several, max(_MOST_SEVERAL // len(result.hops), _FEWEST_SEVERAL)):
        paths = [path for each in those for path, _ in each.changes]
        if len(set(paths)) == len(paths):
            changes = tuple(change for each in those for change in each.changes)
            purpose = " ".join(each.purpose or each.text for each in those)
            yield Remedy(", and ".join(each.text for each in those), changes, purpose=purpose)
