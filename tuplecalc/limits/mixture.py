r"""The theorem for several kinds of flows: legs of all of them in the key spaces that they share.

A leg j of weight w (so many for each new connection of the mix) takes a key of a space for S seconds, in c
copies.  A set J of legs of one space gives, by Hall's theorem,

    λ ≤ |∪ U| · c / Σ w·S            flows ≤ |∪ U| · c / Σ w̄

where w̄ counts the connections of a leg that are open for each open connection of the mix: w·H over the mean
hold (Little's law).  Only sets of all legs whose ports lie in the union can bind.  Where spaces are coupled
the optimum of the linear program (docs/model.md, "One core") may lie below all of these: by duality it is

    λ ≤ Σ y·|atom| / Σ w·min over the leg's atoms of (Σ y·S / c)

for some weights y of the spaces' atoms, the *joint* face.  It holds for any y ≥ 0; the best are found by a
program in floats, and the face is then counted exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.elsewhere import in_all, in_turn
from tuplecalc.limits.expression import Constant, Expression
from tuplecalc.limits.kinds import IN_TURN, JOINT, SHARED, Kind
from tuplecalc.limits.legs import (
    Alone,
    Declared,
    Flow,
    Held,
    Leg,
    Membership,
    Part,
    Passing,
    Space,
    Table,
    Uses,
)
from tuplecalc.limits.letters import sized
from tuplecalc.limits.limit import KindShare, Limit
from tuplecalc.limits.program import Member, joint_face
from tuplecalc.network.ports import PortSet

ONE = Constant(1)
_MOST_UNIONS = 64


class Entry(NamedTuple):
    """A leg in a space, and which limit it is where it is alone there."""

    kind: Kind | None
    membership: Membership


def limits_of_mix(hops: Iterable[Iterable[Declared]]) -> Iterator[tuple[Limit, ...]]:
    """The limits of each hop, from what all kinds declared there."""
    declared = [tuple(each) for each in hops]
    mix = Mix(declared)
    for hop in declared:
        yield tuple(told_apart(list(mix.limits_at(hop))))


def told_apart(limits: Sequence[Limit]) -> Iterator[Limit]:
    """The limits of a hop with labels only where several of one kind need them."""
    names = Counter(limit.kind.name for limit in limits)
    taken: set[tuple[str, str]] = set()
    for limit in limits:
        label = limit.label if names[limit.kind.name] > 1 else ""
        while (limit.kind.name, label) in taken:
            label = f"{label} and more".strip()
        taken.add((limit.kind.name, label))
        yield replace(limit, label=label)


class Mix:
    """All legs of all kinds, by the spaces that they are in."""

    def __init__(self, declared: Sequence[Sequence[Declared]]) -> None:
        self.spaces: dict[Space, list[Entry]] = {}
        self.sums: dict[tuple[str, Kind], list[Uses]] = {}
        self.blocks: dict[Space, list[Held]] = {}
        every = [each for hop in declared for each in hop]
        for each in every:
            match each:
                case Alone(kind, membership):
                    self._enter(kind, membership)
                case Passing(membership):
                    self._enter(None, membership)
                case Table(entering, leaving):
                    self._enter(None, entering)
                    self._enter(None, leaving)
                case Uses():
                    self.sums.setdefault((each.owner, each.kind), []).append(each)
                case Held():
                    self.blocks.setdefault(each.space, []).append(each)
        self.legs = dict.fromkeys(entry.membership.leg for space in self.spaces.values() for entry in space)
        self._take_turns()
        self.mean_hold = self._mean_hold(declared[0])
        self._given: set[object] = set()
        self._joint = dict(self._joint_faces())

    def _enter(self, kind: Kind | None, membership: Membership) -> None:
        entries = self.spaces.setdefault(membership.space, [])
        for place, entry in enumerate(entries):
            if entry.membership.leg is membership.leg:  # in two roles: the longer time counts
                if membership.times.seconds.value > entry.membership.times.seconds.value:
                    entries[place] = Entry(entry.kind or kind, membership)
                return
        entries.append(Entry(kind, membership))

    def _take_turns(self) -> None:
        for leg in self.legs:
            if (turn := in_turn(leg)) is not None:
                here = turn.membership
                space = here.space._replace(table="in turn")
                longer = replace(here, times=turn.times, copies=turn.copies)
                leg.memberships.pop()  # which the copy has entered
                self.spaces.setdefault(space, []).append(Entry(IN_TURN, longer))

    def _mean_hold(self, begin: Iterable[Declared]) -> Expression | None:
        """Σ σ·H, of the connections that clients make; None where all last for no time."""
        flows = [each.membership.leg.flow for each in begin if isinstance(each, Alone)]
        total = _sum([flow.weight * flow.hold for flow in flows])
        return total if total.value else None

    def open(self, flow: Flow, count: Expression = ONE) -> Expression:
        """w̄: how many such connections are open for each open connection of the mix."""
        weight = flow.weight * count
        return weight if self.mean_hold is None else weight * flow.hold / self.mean_hold

    def limits_at(self, hop: Iterable[Declared]) -> Iterator[Limit]:
        """The limits that a hop is the first to declare."""
        for each in hop:
            match each:
                case Limit():
                    yield each
                case Alone(membership=membership) | Passing(membership):
                    yield from self._of_space(membership.space)
                    yield from self._of_space(membership.space._replace(table="in turn"))
                case Table(entering, leaving):
                    yield from self._of_space(entering.space)
                    yield from self._of_space(leaving.space)
                case Uses() if self._is_new((each.owner, each.kind)):
                    yield self._used(self.sums[each.owner, each.kind])
                case Held() if self._is_new(each.space):
                    yield self._held(self.blocks[each.space])

    def _is_new(self, what: object) -> bool:
        if what in self._given:
            return False
        self._given.add(what)
        return True

    def _of_space(self, space: Space) -> Iterator[Limit]:
        if space in self.spaces and self._is_new(space):
            yield from self._faces(space, self.spaces[space])
            if space in self._joint:
                yield self._joint[space]

    def _faces(self, space: Space, entries: Sequence[Entry]) -> Iterator[Limit]:
        """The closed sets of legs."""
        by_ports: dict[PortSet, list[Entry]] = {}
        for entry in entries:
            by_ports.setdefault(entry.membership.ports.ports, []).append(entry)
        for union in _unions(list(by_ports)):
            inside = [
                entry for ports, several in by_ports.items() if ports | union == union for entry in several
            ]
            kinds = {entry.kind for entry in inside}
            if kinds == {None} and len({entry.membership.leg for entry in inside}) == 1:
                continue  # what a leg has alone in a table, it has at its sockets
            kind = kinds.pop() if len(kinds) == 1 else None
            yield self._face(kind or SHARED, inside)

    def _face(self, kind: Kind, inside: Sequence[Entry]) -> Limit:
        """The limit of a set of legs: all is counted in the copies of the first."""
        members = [entry.membership for entry in inside]
        first = members[0]
        each = [ONE if m.copies.value == first.copies.value else first.copies / m.copies for m in members]
        parts = [Part(part, m.times, m.leg.flow) for part, m in zip(each, members, strict=True)]
        names = {m.ports.ports: m.ports for m in reversed(members)}
        size = sized(*reversed(names.values()))
        return self._limit(Limit(kind, first.hop, size, first.copies, 1, ONE), parts, first.space.label)

    def _limit(self, limit: Limit, parts: Sequence[Part], label: str = "") -> Limit:
        """A limit with the keys and the seconds of all kinds of flows."""
        keys = [self.open(part.flow, part.each) for part in parts]
        seconds = [part.flow.weight * part.each * part.times.seconds for part in parts]
        shares: dict[str, KindShare] = {}
        for part, open_, held in zip(parts, keys, seconds, strict=True):
            kind = part.flow.kind
            before = shares.get(kind, KindShare(kind, Fraction(0), Fraction(0)))
            shares[kind] = KindShare(kind, before.keys + open_.value, before.seconds + held.value)
        return replace(
            limit,
            keys=Fraction(_sum(keys).value),
            seconds=_sum(seconds),
            lingers=tuple(part.times.linger for part in parts),
            keys_formula=_sum(keys),
            shares=tuple(shares.values()),
            parts=tuple(parts),
            label=label,
        )

    def _used(self, several: Sequence[Uses]) -> Limit:
        """The entries or files that all flows take of a machine."""
        first, parts = several[0], [part for each in several for part in each.parts]
        return self._limit(Limit(first.kind, first.hop, first.size, first.copies, 1, ONE), parts)

    def _held(self, several: Sequence[Held]) -> Limit:
        """The ports that are set aside for sources."""
        parts = [Part(ONE, in_all(each.own), each.own.leg.flow) for each in several]
        return self._limit(several[0].limit, parts, several[0].space.label)

    def _joint_faces(self) -> Iterator[tuple[Space, Limit]]:
        """Of legs and spaces that hang together, the optimum where it is lower than all their faces."""
        for spaces in self._components():
            legs = dict.fromkeys(entry.membership.leg for space in spaces for entry in self.spaces[space])
            if len(legs) < 2 or len({leg.ports.ports for leg in legs}) < 2:
                continue  # evenly over the same ports every face is reached
            faces = [face for space in spaces for face in self._faces(space, self.spaces[space])]
            last = max(spaces, key=list(self.spaces).index)
            found = self._joint_face(last, spaces, list(legs), faces)
            if found is not None:
                yield last, found

    def _joint_face(
        self, last: Space, spaces: Sequence[Space], legs: Sequence[Leg], faces: Sequence[Limit]
    ) -> Limit | None:
        members = [
            [
                Member(number, entry.membership.times.seconds.value, entry.membership.copies.value)
                for entry in self.spaces[space]
                for number in [legs.index(entry.membership.leg)]
            ]
            for space in spaces
        ]
        ports = [leg.ports.ports for leg in legs]
        rates = joint_face(ports, [leg.flow.weight.value for leg in legs], members)
        once = [[member._replace(seconds=1) for member in space] for space in members]
        flows = joint_face(ports, [self.open(leg.flow).value for leg in legs], once)
        known = [face.rate for face in faces if face.rate is not None]
        lower_rate = rates is not None and (not known or rates.size / rates.keys < min(known))
        counts = [face.scopes.value * face.size.value / Fraction(face.keys) for face in faces if face.keys]
        lower_flows = flows is not None and (not counts or flows.size / flows.keys < min(counts))
        if not lower_rate and not lower_flows:
            return None
        first = self.spaces[last][0].membership
        busy, seconds = (Constant(rates.size), Constant(rates.keys)) if rates else (None, Constant(0))
        size, keys = (Constant(flows.size), flows.keys) if flows else (Constant(1), Fraction(1))
        parts = tuple(_priced(legs, rates.prices)) if rates else ()
        return Limit(JOINT, first.hop, size, ONE, keys, seconds, busy, label=last.label, parts=parts)

    def _components(self) -> Iterator[list[Space]]:
        """The spaces that legs connect."""
        of_leg: dict[Leg, list[Space]] = {}
        for space, entries in self.spaces.items():
            for entry in entries:
                of_leg.setdefault(entry.membership.leg, []).append(space)
        seen: set[Space] = set()
        for start in self.spaces:
            if start in seen:
                continue
            found, todo = [], [start]
            seen.add(start)
            while todo:
                space = todo.pop()
                found.append(space)
                for entry in self.spaces[space]:
                    for other in of_leg[entry.membership.leg]:
                        if other not in seen:
                            seen.add(other)
                            todo.append(other)
            yield found


def _priced(legs: Sequence[Leg], prices: Sequence[Fraction]) -> Iterator[Part]:
    """Keys of a joint face for the time that each leg takes one."""
    for leg, price in zip(legs, prices, strict=True):
        times = leg.memberships[0].times
        if seconds := times.seconds.value:
            yield Part(Constant(price / seconds), times, leg.flow)


def _unions(sets: Sequence[PortSet]) -> list[PortSet]:
    """The sets, and their unions as far as there are few."""
    found = dict.fromkeys(sets)
    for ports in sets:
        for other in list(found):
            if len(found) >= _MOST_UNIONS:
                break
            found.setdefault(other | ports)
    everything = sets[0]
    for ports in sets:
        everything |= ports
    return list(found | {everything: None})


def _sum(terms: Sequence[Expression]) -> Expression:
    return sum(terms[1:], terms[0])
