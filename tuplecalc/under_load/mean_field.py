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

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from math import prod
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import atoms, ingredients
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Passing, Space, Table
from tuplecalc.limits.spread import Hashing
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.hits import Hits, Struck, dies
from tuplecalc.under_load.pools import Strand

_ROUNDS, _SETTLED = 400, 1e-10
_NEVER_FULL = 1e-9
_NOTHING = 1e-12


class Placed(NamedTuple):
    """Whose addresses a hash puts on a cone's, each for itself: those of a group of clients."""

    cone: str
    source: str
    hashing: Hashing


class Collisions(NamedTuple):
    """What collides at a rate: per strand the share refused, and the share that dies later."""

    refused: Mapping[Strand, float]
    dies: Mapping[Strand, float]
    """What part of open flows is killed."""


class _Held(NamedTuple):
    """How long a leg's key is taken in a space, in numbers, and in how many copies of it."""

    hold: float
    client: float
    service: float
    client_share: float
    copies: float

    @classmethod
    def of(cls, membership: Membership) -> _Held:
        """Of a leg in a space."""
        times = membership.times
        lingers = times.client.value, times.service.value
        return cls(
            *map(float, (times.hold.value, *lingers, times.client_share.value, membership.copies.value))
        )

    @property
    def seconds(self) -> float:
        """On average, by who closes first."""
        return self.hold + self.client_share * self.client + (1 - self.client_share) * self.service

    def together(self, other: _Held) -> float:
        """For how long both hold it."""
        c, client, service = (
            self.client_share,
            min(self.client, other.client),
            min(self.service, other.service),
        )
        return min(self.hold, other.hold) + c * client + (1 - c) * service


class _Hidden(NamedTuple):
    """What is held in a space by others: of a leg so many seconds, in each copy, seen and unseen."""

    member: int
    """The leg that enters."""
    space: Space
    hop: str
    kills: float | None
    """1 - π where the older flow is killed; None where the newcomer is refused."""
    unseen: tuple[tuple[int, float], ...]
    seen: tuple[tuple[int, float], ...]
    copies: float
    enters: float
    """The part of these legs that come here."""
    is_whole: bool
    """Whether all keys here lie in one copy of the chooser's own space."""


class MeanField:
    """The legs of a network, and which of them meet without seeing each other.

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

    def __init__(self, result: Capacity) -> None:
        self._hops = {hop.name: hop for hop in result.chain.hops}
        members = list(_memberships(result.declared))
        self._keys = {each: _Held.of(each) for each in members}
        self._legs = list(dict.fromkeys(each.leg for each in members))
        number = {leg: place for place, leg in enumerate(self._legs)}
        self._weights = [float(leg.flow.weight.value * leg.flow.share.value) for leg in self._legs]
        self._ratios = [float(leg.flow.ratio.value) for leg in self._legs]
        self._strands = [leg.flow.strand for leg in self._legs]
        self._placed = [_placed(leg) for leg in self._legs]
        self._parts: dict[Strand, float] = {}
        for leg, weight, ratio in zip(self._legs, self._weights, self._ratios, strict=True):
            self._parts.setdefault(leg.flow.strand, weight / ratio)
        in_space: dict[tuple[Space, Leg], Membership] = {}
        for each in members:  # once, for the longer time, however many hops of a machine a leg crosses
            there = in_space.get((each.space, each.leg), each)
            in_space[each.space, each.leg] = max(there, each, key=lambda one: self._keys[one].seconds)
        by_space: dict[Space, list[Membership]] = {}
        for (space, _), each in in_space.items():
            by_space.setdefault(space, []).append(each)
        self._spaces = by_space
        self._members = {space: {each.leg: each for each in here} for space, here in by_space.items()}
        ports = list(dict.fromkeys(leg.ports.ports for leg in self._legs))
        found = list(atoms(ports))
        self._sizes = [size for _, size in found]
        of_ports = {
            each: [at for at, (users, _) in enumerate(found) if place in users]
            for place, each in enumerate(ports)
        }
        self._atoms = [of_ports[leg.ports.ports] for leg in self._legs]
        self._longer = False
        self._own = [self._seen_in(self._chooser_sees(leg)[0], number) for leg in self._legs]
        self._hidden = [hidden for leg in self._legs for hidden in self._of_leg(leg, number)]

    def longer(self) -> MeanField:
        """The same where a leg is taken for its chooser's and the table's longer time; holds are fixed."""
        other = copy(self)
        other._longer = True
        return other

    def only_at(self, hop: str) -> MeanField:
        """The same of what meets in the tables of this hop."""
        other = copy(self)
        other._hidden = [hidden for hidden in self._hidden if hidden.hop == hop]
        return other

    def __bool__(self) -> bool:
        """Whether any two legs can meet unseen."""
        return bool(self._hidden)

    @property
    def hops(self) -> set[str]:
        """Whose tables legs meet in."""
        return {hidden.hop for hidden in self._hidden}

    @property
    def pairs(self) -> list[tuple[str, str, bool]]:
        """Whose ports meet in whose tables, and whether the older flow pays for it."""
        legs = ((self._legs[hidden.member].memberships[0].hop, hidden) for hidden in self._hidden)
        return list(dict.fromkeys((hop, hidden.hop, hidden.kills is not None) for hop, hidden in legs))

    @property
    def placed(self) -> dict[Strand, Placed]:
        """The strands of which legs meet behind a hash of sources, and which hash."""
        legs = {leg for hidden in self._hidden for leg in (hidden.member, *(leg for leg, _ in hidden.unseen))}
        return {self._strands[leg]: placed for leg in sorted(legs) if (placed := self._placed[leg])}

    def _kills(self, space: Space) -> float | None:
        """1 - π, where a table's collisions kill the older flow."""
        if space.table != "tracked":
            return None
        proxies = [hop for hop in self._hops.values() if isinstance(hop, Proxy) and hop.on == space.owner]
        deadly = [
            1 - float(hop.survival)
            for hop in proxies
            if hop.capture == "tproxy" and hop.tracking == "strict" and hop.collision == "kills-older"
        ]
        return max(deadly, default=None)

    def _chooser_sees(self, leg: Leg) -> list[Membership]:
        """The leg's memberships that its chooser looks at: its own sockets or table.

        A proxy that refuses what collides looks at the table of its machine as well.
        """
        own, *others = leg.memberships
        sees = [own]
        for each in others:
            is_sockets = (each.space.table, each.space.owner) == (own.space.table, own.space.owner)
            hop = self._hops.get(own.hop)
            refuses = isinstance(hop, Proxy) and hop.capture == "tproxy" and hop.collision == "refuses"
            at_home = each.space.table == "tracked" and hop is not None and each.space.owner == hop.on
            if is_sockets or (refuses and at_home):
                sees.append(each)
        return sorted(sees, key=lambda each: len(self._spaces[each.space]), reverse=True)

    def _seen_in(self, own: Membership, number: Mapping[Leg, int]) -> list[tuple[int, float]]:
        """What the chooser takes for used: seconds of each leg in a copy of its own space."""
        return [
            (number[each.leg], self._keys[each].seconds / self._keys[each].copies)
            for each in self._spaces[own.space]
        ]

    def _of_leg(self, leg: Leg, number: Mapping[Leg, int]) -> Iterator[_Hidden]:
        """The spaces in which it may meet what its chooser does not see, in the order of its way."""
        known = self._chooser_sees(leg)
        for here in leg.memberships:
            if here in known:
                continue
            kills = self._kills(here.space)
            unseen, seen = [], []
            scopes = {space: _same_scope(space, here) for space in known}
            for other in self._spaces[here.space]:
                if not self._weights[number[other.leg]]:
                    continue
                keys = self._keys[other]
                copies, total = keys.copies, keys.seconds if kills is None else keys.hold
                seen_parts = []
                for space in known:
                    its = self._members[space.space].get(other.leg)
                    if its is not None:
                        together = total if kills is not None else keys.together(self._keys[its])
                        seen_parts.append((together, scopes[space], space.space.towards))
                hidden = _unseen(total, seen_parts)
                if hidden > _NOTHING:
                    unseen.append((number[other.leg], hidden * total / copies))
                if hidden < 1:
                    seen.append((number[other.leg], (1 - hidden) * total / copies))
            if unseen and self._meets(leg, unseen):
                yield _Hidden(
                    number[leg],
                    here.space,
                    here.hop,
                    kills,
                    tuple(unseen),
                    tuple(seen),
                    self._keys[here].copies,
                    float(here.enters),
                    _same_scope(leg.memberships[0], here) == 1,
                )
            known = [*known, here]

    def _meets(self, leg: Leg, unseen: Sequence[tuple[int, float]]) -> bool:
        return any(not leg.ports.ports.isdisjoint(self._legs[other].ports.ports) for other, _ in unseen)

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
        step, before = 1.0, float("inf")
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
            change, scale = 0.0, 0.0
            new = []
            for leg, choice in enumerate(choices):
                rate = offered[leg] * accepted[self._strands[leg]]
                lets = passed[leg] or 1.0
                new.append({atom: rate * choice[atom] * free[leg][atom] / lets for atom in choice})
                for atom, value in new[leg].items():
                    change += abs(value - taken[leg].get(atom, 0.0))
                    scale += value
            if change <= _SETTLED * scale:
                break
            step = step if change < before else max(step / 2, 1 / 64)
            before = change
            taken = [
                {
                    atom: old.get(atom, 0.0) + step * (value - old.get(atom, 0.0))
                    for atom, value in each.items()
                }
                for old, each in zip(taken, new, strict=True)
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

    def _collides(self, hidden: _Hidden, taken: Sequence[Mapping[int, float]]) -> dict[int, float]:
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


def _placed(leg: Leg) -> Placed | None:
    """Where its source's address comes from by a hash."""
    for quantity in ingredients(leg.memberships[0].copies):
        if isinstance(quantity.spread, Hashing):
            return Placed(quantity.hop, leg.flow.source, quantity.spread)
    return None


def _memberships(declared: Sequence[Sequence[Declared]]) -> Iterator[Membership]:
    for hop in declared:
        for each in hop:
            match each:
                case Alone(_, membership) | Passing(membership):
                    yield membership
                case Table(entering, leaving):
                    yield entering
                    yield leaving
                case _:
                    pass


def _unseen(total: float, seen: Sequence[tuple[float, float, tuple[str, ...]]]) -> float:
    """The part of the time for which a key is held that none of these see.

    Each sees a part of the keys for the first so many seconds; those that see by different destinations
    do so independently.
    """
    if not total:
        return 0.0 if seen else 1.0
    start, hidden = 0.0, 0.0
    for end in sorted({min(time, total) for time, *_ in seen} | {total}):
        watching = {towards: part for time, part, towards in seen if time >= end}
        hidden += (end - start) * prod(1 - part for part in watching.values())
        start = end
    return hidden / total


def _same_scope(own: Membership, here: Membership) -> float:
    """What part of the keys in a copy of the space lies in one copy of the chooser's: all that are seen."""
    if own.towards is None or own.towards is here.towards:
        return 1.0
    return 1 / float(own.towards.endpoints.value)
