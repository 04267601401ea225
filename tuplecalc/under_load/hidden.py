"""Which legs of a network meet without seeing each other, and how much of a table no chooser looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from math import prod
from typing import NamedTuple, Self

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import NamedPorts, Number, atoms, ingredients
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Passing, Space, Table
from tuplecalc.limits.spread import Hashing
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.traffic import Protocol
from tuplecalc.under_load.pools import Strand

_NOTHING = 1e-12


class Placed(NamedTuple):
    """Whose addresses a hash puts on a cone's, each for itself: those of a group of clients."""

    cone: str
    source: str
    hashing: Hashing


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
        copies = membership.copies.value * (membership.machines if membership.counts_once else 1)
        return cls(*map(float, (times.hold.value, *lingers, times.client_share.value, copies)))

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


class _Scope(NamedTuple):
    """What part of the keys in a copy of a space lies in one copy of another: all that are seen there.

    Of so many destinations one, and of so many machines the one itself.
    """

    machine: str
    towards: tuple[str, ...]
    destinations: float
    machines: float

    @classmethod
    def of(cls, own: Membership, here: Membership) -> _Scope:
        """Of the keys here what lies in the space of the other."""
        towards = None if own.towards is here.towards else own.towards
        destinations = 1 / float(towards.endpoints.value) if towards else 1.0
        machines = 1.0 if own.space.owner == here.space.owner else float(own.machines)
        return cls(own.space.owner if machines > 1 else "", own.space.towards, destinations, machines)

    @property
    def part(self) -> float:
        """Of all keys here."""
        return self.destinations / self.machines


class Hidden(NamedTuple):
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
    """Whether all keys of what its chooser sees lie in one copy of its own space."""


class HiddenLegs:
    """The legs of a network, the key spaces that they are in, and what their choosers do not see there."""

    def __init__(self, result: Capacity) -> None:
        self._hops = {hop.name: hop for hop in result.chain.hops}
        members = list(_memberships(result.declared))
        self._keys = {each: _Held.of(each) for each in members}
        self._legs = list(dict.fromkeys(each.leg for each in members))
        number = {leg: place for place, leg in enumerate(self._legs)}
        self._weights = [float(leg.flow.number * leg.flow.share.value) for leg in self._legs]
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

    def longer(self) -> Self:
        """The same where a leg is taken for its chooser's and the table's longer time; holds are fixed."""
        other = copy(self)
        other._longer = True
        return other

    def only_at(self, hop: str) -> Self:
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

    @property
    def forgotten(self) -> dict[tuple[str, Protocol], tuple[Number, str]]:
        """The hops that use a port again while a table behind still holds it: for how long, and which."""
        found: dict[tuple[str, Protocol], tuple[Number, str]] = {}
        for hidden in self._hidden:
            leg = self._legs[hidden.member]
            chooser, own = (leg.memberships[0].hop, leg.flow.protocol), leg.memberships[0].times
            here = self._members[hidden.space][leg].times
            for mine, theirs in ((own.client, here.client), (own.service, here.service)):
                if hidden.kills is None and theirs.value > mine.value:
                    found[chooser] = max((theirs.value, hidden.hop), found.get(chooser, (0, "")))
        return found

    @property
    def dealt(self) -> set[str]:
        """The hops of several instances that send under the same addresses, none seeing the others' ports."""
        meeting = {leg for hidden in self._hidden for leg, _ in hidden.unseen}
        own = {self._legs[leg].memberships[0] for leg in meeting}
        return {each.hop for each in own if each.machines > 1}

    @property
    def overlaps(self) -> list[tuple[NamedPorts, NamedPorts]]:
        """The ports that different hops choose, of legs that meet."""
        found = []
        for hidden in self._hidden:
            leg = self._legs[hidden.member]
            others = (self._legs[number] for number, _ in hidden.unseen)
            found += [
                (leg.ports.origin, other.ports.origin)
                for other in others
                if other.memberships[0].hop != leg.memberships[0].hop
            ]
        return list(dict.fromkeys(found))

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

    def _of_leg(self, leg: Leg, number: Mapping[Leg, int]) -> Iterator[Hidden]:
        """The spaces in which it may meet what its chooser does not see, in the order of its way."""
        known = self._chooser_sees(leg)
        for here in leg.memberships:
            if here in known:
                continue
            kills = self._kills(here.space)
            unseen, seen = [], []
            scopes = {space: _Scope.of(space, here) for space in known}
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
                        seen_parts.append((together, scopes[space]))
                hidden = _unseen(total, seen_parts)
                if hidden > _NOTHING:
                    unseen.append((number[other.leg], hidden * total / copies))
                if hidden < 1:
                    seen.append((number[other.leg], (1 - hidden) * total / copies))
            if unseen and self._meets(leg, unseen):
                yield Hidden(
                    number[leg],
                    here.space,
                    here.hop,
                    kills,
                    tuple(unseen),
                    tuple(seen),
                    self._keys[here].copies,
                    float(here.enters),
                    _Scope.of(leg.memberships[0], here).destinations == 1,
                )
            known = [*known, here]

    def _meets(self, leg: Leg, unseen: Sequence[tuple[int, float]]) -> bool:
        return any(not leg.ports.ports.isdisjoint(self._legs[other].ports.ports) for other, _ in unseen)


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


def _unseen(total: float, seen: Sequence[tuple[float, _Scope]]) -> float:
    """The part of the time for which a key is held that none of these see.

    Each sees a part of the keys for the first so many seconds; those that see by different destinations
    do so independently, and so do those that see a machine's part.
    """
    if not total:
        return 0.0 if seen else 1.0
    if len(seen) <= 1:  # most often, and quicker
        return 1 - sum(min(time, total) / total * scope.part for time, scope in seen)
    start, hidden = 0.0, 0.0
    for end in sorted({min(time, total) for time, _ in seen} | {total}):
        watching: dict[str, dict[tuple[str, ...], _Scope]] = {}
        for time, scope in seen:
            if time >= end:
                watching.setdefault(scope.machine, {})[scope.towards] = scope
        hidden += (end - start) * prod(_not_seen([*each.values()]) for each in watching.values())
        start = end
    return hidden / total


def _not_seen(scopes: Sequence[_Scope]) -> float:
    """The part of the keys that a machine does not see in any of its spaces."""
    machines = max(scope.machines for scope in scopes)
    return 1 - (1 - prod(1 - scope.destinations for scope in scopes)) / machines
