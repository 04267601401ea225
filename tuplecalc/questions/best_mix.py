"""The shares of the kinds for which the total is largest, and the limits that meet there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal

from tuplecalc.algebra.meeting import Meeting, meeting
from tuplecalc.errors import InputError, nearest, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.coupled import Figure
from tuplecalc.limits.free_rates import FreeRates, Rates
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.mixture import Mix
from tuplecalc.network.chain import Chain
from tuplecalc.questions.other_shares import with_a_share_each, with_shares
from tuplecalc.questions.vertex import Vertex, best_vertex

_A_LITTLE = Fraction(1, 10**4)


@dataclass(frozen=True, repr=False)
class BestMix:
    """The shares for which a chain carries most; made by :func:`best_mix`."""

    present: Capacity
    """The chain with the shares that it has."""
    figure: Figure
    """``"flows"`` or ``"rate"``: of what the total is the largest."""
    free: tuple[str, ...]
    """The kinds whose shares were free; the others keep theirs."""
    shares: Mapping[str, Fraction]
    """Of the new connections, of every kind."""
    parts: Mapping[str, Fraction]
    """What each kind has of the total."""
    total: Fraction
    """Open flows, or connections a second, exactly."""
    limits: tuple[Limit, ...]
    """Those that meet there: to have more one of them must be raised."""
    is_only: bool
    """Whether no other shares are as good."""
    _mix: Mix = field(compare=False)

    @cached_property
    def result(self) -> Capacity:
        """The chain with these shares."""
        return capacity(with_shares(self.present.chain, self.shares))

    @cached_property
    def closed_form(self) -> Meeting | None:
        """The share of the first free kind and the total in symbols, where two limits hold two kinds."""
        if len(self.free) != 2 or len(self.limits) != 2:
            return None
        first, second = self.free
        shares = {kind: share for kind, (share, _) in self._mix.kinds.items()}
        found = meeting((self.limits[0], self.limits[1]), (first, second), shares, self.figure)
        is_of_this = found and (found.share.value, found.total.value) == (self.shares[first], self.total)
        return found if is_of_this else None

    @property
    def present_shares(self) -> Mapping[str, Fraction]:
        """The shares that the kinds have."""
        shares = {kind.name: kind.share for kind in self.present.kinds}
        return {kind: shares.get(kind, Fraction(0)) for kind in self.shares}

    @property
    def is_present(self) -> bool:
        """Whether the present shares are as good as any."""
        return self.shares == self.present_shares

    @property
    def without_rate(self) -> tuple[str, ...]:
        """The kinds that would have a rate of 0, which no file can say: they are left out of it."""
        kinds = self.present.chain.traffic.kinds
        return tuple(kind.name for kind in kinds if kind.rate is not None and not self.shares[kind.name])

    @property
    def settings(self) -> tuple[str, ...]:
        """What sets these shares; none where a kind has to be left out, see :attr:`without_rate`."""
        offered, kinds = self.present.chain.traffic.offered, self.present.chain.traffic.kinds
        if self.without_rate:
            return ()
        return tuple(
            f"{kind.path}.share={self.shares[kind.name]}"
            if kind.rate is None
            else f"{kind.path}.rate={self.shares[kind.name] * (offered or 1)}"
            for kind in kinds
        )

    def __repr__(self) -> str:
        shares = ", ".join(f"{kind} {share}" for kind, share in self.shares.items())
        unit = " flows" if self.figure == "flows" else "/s"
        binding = ", ".join(f"{limit.hop}/{limit.name}" for limit in self.limits)
        return f"<BestMix {shares}: {float(self.total):,.12g}{unit}, limited by {binding}>"


def best_mix(chain: Chain, figure: Literal["flows", "rate"] = "flows", kinds: Sequence[str] = ()) -> BestMix:
    """The shares of the kinds with which a chain carries most flows, or the highest rate.

    ``kinds`` are those whose shares are free, two or more; without them all are.  The others keep their
    shares of the new connections; one that is free may have a share of 0 now.  Exact: every limit is a
    straight line in the kinds' rates x_k,

        Σ x_k·taken_k ≤ room        largest Σ x_k·H_k (flows; Σ x_k where all H are 0) or Σ x_k (rate)

    found by cutting planes (:mod:`tuplecalc.limits.free_rates`), the corner solved and proven in fractions.
    Of several mixes that are as good it is one with much of the present mix in it; this one itself, if it is.

    Raises :class:`~tuplecalc.errors.InputError` where there are fewer than two kinds, for a name that is no
    kind's, and where nothing limits the rate of a kind.

    >>> from tuplecalc.network.file import loads
    >>> best_mix(loads('''
    ... traffic.kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]
    ... clients = {addresses = 1000}
    ... hops = [
    ...     {name = "left", kind = "cone", addresses = 1, traffic = "a"},
    ...     {name = "right", kind = "cone", addresses = 3, traffic = "b"},
    ... ]
    ... services = {addresses = 1, ports = 80}
    ... '''))
    <BestMix a 1/4, b 3/4: 258,048 flows, limited by left/ports, right/ports>
    """
    present, names = capacity(chain), [kind.name for kind in chain.traffic.kinds]
    every = with_a_share_each(chain, kinds or names)
    known = present if every is chain else capacity(every)
    mix = several_kinds(known)
    free = named_kinds(mix, kinds)
    cuts = FreeRates(mix, known.limits, figure)
    gain = {kind: mix.hold(kind) if figure == "flows" else Fraction(1) for kind in mix.kinds}
    shares = dict.fromkeys(names, Fraction(0)) | {kind.name: kind.share for kind in present.kinds}
    # with each new connection of a free kind these come of the kinds that keep their shares
    rest = sum(shares[kind] for kind in free)
    if not rest:
        raise InputError(
            f"kinds {', '.join(free)}: the others have all of the traffic; name one of these too"
        )
    along = {kind: share / rest for kind, share in shares.items() if share and kind not in free}
    ways = [{**along, kind: Fraction(1)} for kind in free]
    gains = [_sum(gain, way) for way in ways]
    for kind, way in zip(free, ways, strict=True):
        if gain[kind] and not any(_sum(cut.taken, way) for cut in cuts.cuts):
            raise InputError(f"nothing limits the rate of {show(kind)}; ask for the flows")
    rates, found = _corner(cuts, ways, gains)
    total = _sum(gain, rates)
    if not found.is_only:  # keep as much as can be of the present mix, which is one way more
        close = _corner(cuts, [*ways, shares], [*gains, _sum(gain, shares) * (1 + _A_LITTLE)])[0]
        rates = close if _sum(gain, close) == total else rates
    whole = sum(rates.values())
    best = {kind: rates.get(kind, Fraction(0)) / whole if whole else share for kind, share in shares.items()}
    parts = {kind: rates.get(kind, Fraction(0)) * gain.get(kind, 0) for kind in shares}
    limits = tuple(cuts.cuts[number].limit for number in found.rows)
    return BestMix(present, figure, free, best, parts, total, limits, found.is_only and bool(whole), mix)


def _corner(cuts: FreeRates, ways: Sequence[Rates], gains: Sequence[Fraction]) -> tuple[Rates, Vertex]:
    """The rates with the largest gain, as a sum of these ways, and the corner of the cuts where they are."""
    while True:
        rows = [[_sum(cut.taken, way) for way in ways] for cut in cuts.cuts]
        found = best_vertex(gains, rows, [cut.room for cut in cuts.cuts])
        rates: dict[str, Fraction] = {}
        for part, way in zip(found.point, ways, strict=True):
            for kind, each in way.items():
                rates[kind] = rates.get(kind, Fraction(0)) + part * each
        if not cuts.are_cut_at(rates):
            return rates, found


def _sum(each: Rates, rates: Rates) -> Fraction:
    return sum((rate * each[kind] for kind, rate in rates.items() if kind in each), Fraction(0))


def several_kinds(result: Capacity) -> Mix:
    """All kinds of a chain that has several."""
    count = len({strand.kind for strand in result.chain.strands})
    if result.mix is None or count < 2:
        kinds = result.chain.traffic.kinds
        there = f"there is only {show(kinds[0].name)}" if kinds else "there are none"
        raise InputError(f"traffic.kinds: a mix has two kinds of traffic or more; {there}; write two or more")
    return result.mix


def named_kinds(mix: Mix, names: Sequence[str]) -> tuple[str, ...]:
    """The kinds of these names, in the order of the traffic; all where none is named."""
    for name in names:
        if name not in mix.kinds:
            near = nearest(name, mix.kinds)
            remedy = f'did you mean "{near}"?' if near else f"there are {', '.join(mix.kinds)}"
            raise InputError(f"kinds {show(name)}: this is no kind of the traffic; {remedy}")
    if len(set(names)) == 1:
        raise InputError(f"kinds {show(names[0])}: one share alone is not free; name two kinds or more")
    return tuple(kind for kind in mix.kinds if kind in names or not names)
