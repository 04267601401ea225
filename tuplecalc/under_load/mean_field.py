"""Blind choice in a whole network: what collides where a leg enters a space that its chooser does not see.

A device draws a port uniformly among those that are free in its own space.  In every other space that the
leg enters, keys that the chooser does not see are a risk: those of legs that are no members of its own space
(the other leg at a transparent proxy, another address behind which the same service stands), those of its own
space's legs that the other table remembers for longer, and where the destination changes between, those that
came by another destination.  With ``x`` the rate of accepted legs on an atom of ports, each space v has

    held(v, atom) = Σ x·S_v/(c_v·|atom|)        of its keys there, in each of its copies,

of which the chooser sees those of its own space (``f`` of them, for the shorter of both times).  Where the
newcomer is refused, a leg on a port that its chooser believes free is refused with

    (held - seen)/(1 - seen)

and accepted legs alone hold keys: a fixed point in x.  Where the older flow is killed instead (Linux under
strict tracking, measured: the newer leg lives) nobody is refused and lingers play no part.  A port of an
open leg is taken ``r`` times a second by those that do not see it, each of which holds it for H' on average,
and each time its flow dies with probability d = 1 - π.  With ρ = r·H' it is not hit at all in the time t by

    S(t) = a·e^(r₊·t) + (1 - a)·e^(r₋·t),   r± = (-s ± √(s² - 4·β·μ·d))/2,   a = (r·d + r₋)/(r₋ - r₊)

(s = β + μ, β = r/(1 - ρ), μ = 1/H'): those cannot take a port twice at once.  A flow lives with ∏ S over
its legs; for exponential holds the mean over t, for fixed ones 1 - d·r·H instead of S.  To first order
both are K/(1 + K) with K = Σ d·r·H over the legs; the mean is that of the two hit laws in the tests.
Source: docs/model.md, "Blind choice"; simulated, and measured on Linux 6.18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuplecalc.limits.legs import Space
from tuplecalc.under_load.hidden import Hidden, HiddenLegs, Placed
from tuplecalc.under_load.hits import Hits, Struck, dies
from tuplecalc.under_load.pools import Strand

_ROUNDS, _SETTLED = 400, 1e-10
_LEAST_STEP, _LONGER = 1 / 64, 1.1
_NEVER_FULL = 1e-9

_Legs = Sequence[Mapping[int, float]]
"""A rate for each leg on each of its atoms."""


class Collisions(NamedTuple):
    """What collides at a rate: per strand the share refused, and the share that dies later."""

    refused: Mapping[Strand, float]
    dies: Mapping[Strand, float]
    """What part of open flows is killed."""


class MeanField(HiddenLegs):
    """What collides where legs meet without seeing each other.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import loads
    >>> fold = MeanField(capacity(loads('''
    ... traffic = {rate = 100, hold = "30s"}
    ... clients = {addresses = 1}
    ... hops = [{name = "lb", kind = "hourglass", layer = 4, virtual = {addresses = 3, ports = 443}}]
    ... services = {addresses = 4, ports = 443}
    ... ''')))
    >>> fold.pairs, round(fold.at({("", "", ""): 100.0}).refused["", "", ""], 4)
    ([('clients', 'lb', False)], 0.0176)
    """

    def at(
        self, rates: Mapping[Strand, float], placed: Placed | None = None, load: float = 1.0
    ) -> Collisions:
        """What collides where each strand's flows come so often, in flows a second of the strand.

        ``load`` is that of an address beside the mean of all onto which a hash puts these sources.
        """
        legs = zip(self._strands, self._ratios, self._placed, strict=True)
        offered = [
            rates.get(strand, 0.0) * ratio * (load if placed and placed == here else 1.0)
            for strand, ratio, here in legs
        ]
        taken = [self._evenly(leg, rate) for leg, rate in enumerate(offered)]
        step = most = 1.0
        before: _Legs = []
        last = 0.0
        passed: list[float] = [1.0] * len(self._legs)
        for _ in range(_ROUNDS):
            choices = [self._choice(leg, taken) for leg in range(len(self._legs))]
            shares = [self._collides(hidden, taken) for hidden in self._hidden]
            free = [dict.fromkeys(self._atoms[leg], 1.0) for leg in range(len(self._legs))]
            for hidden, share in zip(self._hidden, shares, strict=True):
                if hidden.kills is None:
                    for atom, part in share.items():
                        free[hidden.member][atom] *= 1 - part
            passed = [
                sum(choice[atom] * free[leg][atom] for atom in choice) for leg, choice in enumerate(choices)
            ]
            accepted = self._accepted(passed)
            new = []
            for leg, choice in enumerate(choices):
                rate = offered[leg] * accepted[self._strands[leg]]
                lets = passed[leg] or 1.0
                new.append({atom: rate * choice[atom] * free[leg][atom] / lets for atom in choice})
            change = [
                {atom: value - old[atom] for atom, value in each.items()}
                for old, each in zip(taken, new, strict=True)
            ]
            size = _size(change)
            if size <= _SETTLED * _size(new):
                break
            if before:
                most = min(most * _LONGER, 1.0) if size < last else max(most / 2, _LEAST_STEP)
                step = min(relaxed(step, before, change), most)
            before, last = change, size
            taken = [
                {atom: value + step * each[atom] for atom, value in old.items()}
                for old, each in zip(taken, change, strict=True)
            ]
        refused = {strand: max(0.0, 1 - share) for strand, share in self._accepted(passed).items()}
        return Collisions(refused, self._deaths(offered, choices))

    def _evenly(self, leg: int, rate: float) -> dict[int, float]:
        whole = sum(self._sizes[atom] for atom in self._atoms[leg])
        return {atom: rate * self._sizes[atom] / whole for atom in self._atoms[leg]}

    def _held(
        self, what: Sequence[tuple[int, float]], atom: int, taken: Sequence[Mapping[int, float]]
    ) -> float:
        return sum(taken[leg].get(atom, 0.0) * seconds for leg, seconds in what) / self._sizes[atom]

    def _choice(self, leg: int, taken: Sequence[Mapping[int, float]]) -> dict[int, float]:
        """What part of a leg's choices falls on each atom: as many as are free there."""
        free = {
            atom: self._sizes[atom] * max(_NEVER_FULL, 1 - self._held(self._own[leg], atom, taken))
            for atom in self._atoms[leg]
        }
        whole = sum(free.values())
        return {atom: each / whole for atom, each in free.items()}

    def _collides(self, hidden: Hidden, taken: Sequence[Mapping[int, float]]) -> dict[int, float]:
        """The part of the legs that meets a key, on each atom."""
        found = {}
        for atom in self._atoms[hidden.member]:
            unseen = self._held(hidden.unseen, atom, taken)
            if hidden.kills is not None:
                found[atom] = unseen
                continue
            is_longer = self._longer and hidden.is_whole
            seen = self._held(self._own[hidden.member] if is_longer else hidden.seen, atom, taken)
            found[atom] = hidden.enters * min(1.0, unseen / max(_NEVER_FULL, 1 - seen))
        return found

    def _accepted(self, passed: Sequence[float]) -> dict[Strand, float]:
        found: dict[Strand, float] = dict.fromkeys(self._parts, 1.0)
        for strand, ratio, share in zip(self._strands, self._ratios, passed, strict=True):
            relative = min(ratio, 1.0) * share + 1 - min(ratio, 1.0) if ratio < 1 else share**ratio
            found[strand] *= relative
        return found

    def _deaths(
        self, offered: Sequence[float], choices: Sequence[Mapping[int, float]]
    ) -> dict[Strand, float]:
        """What part of open flows is killed."""
        hits: dict[int, dict[int, dict[Space, Hits]]] = {}
        for hidden in self._hidden:
            choice, rate = choices[hidden.member], offered[hidden.member]
            if hidden.kills is None or not rate:
                continue
            own = self._legs[hidden.member].memberships[0]
            hold = float(self._legs[hidden.member].flow.hold.value)
            for other, _ in hidden.unseen:
                of_leg = hits.setdefault(other, {})
                for atom in choice.keys() & choices[other].keys():
                    often = rate * choice[atom] / self._sizes[atom] / hidden.copies
                    by = of_leg.setdefault(atom, {})
                    before = by.get(own.space, Hits(hidden.kills, 0.0, 0.0))
                    by[own.space] = Hits(hidden.kills, before.rate + often, before.held + often * hold)
        legs: dict[Strand, list[Struck]] = {}
        for leg, of_leg in hits.items():
            hold = float(self._legs[leg].flow.hold.value)
            ports: dict[tuple[Hits, ...], float] = {}
            for atom, by in of_leg.items():
                struck = tuple(each._replace(rate=each.rate * hold) for each in by.values())
                ports[struck] = ports.get(struck, 0.0) + choices[leg][atom]
            legs.setdefault(self._strands[leg], []).append(Struck(min(self._ratios[leg], 1.0), ports))
        return {strand: dies(several, fixed=self._longer) for strand, several in legs.items()}


def relaxed(step: float, before: _Legs, change: _Legs) -> float:
    """How far to go the next time towards where a fixed-point step leads: Aitken's rule for several values.

    -step · Δ·before / Δ²        Δ = change - before

    Source: Irons and Tuck, Int. J. Numer. Methods Eng. 1 (1969) 275 (recalled).

    >>> relaxed(1.0, [{0: 1.0}], [{0: -1.0}]), relaxed(1.0, [{0: 1.0}], [{0: 0.5}])
    (0.5, 2.0)
    """
    pairs = [
        (each[atom], value) for each, old in zip(change, before, strict=True) for atom, value in old.items()
    ]
    squares = sum((new - old) ** 2 for new, old in pairs)
    if not squares:
        return step
    return max(-step * sum((new - old) * old for new, old in pairs) / squares, _LEAST_STEP)


def _size(of: _Legs) -> float:
    return sum(abs(value) for each in of for value in each.values())
