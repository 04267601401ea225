r"""The theorem for several kinds of flows: legs of all of them in the key spaces that they share.

A leg j of weight w (so many for each new connection of the mix) takes a key of a space for S seconds, in c
copies.  A set J of legs of one space gives, by Hall's theorem,

    λ ≤ |∪ U| · c / Σ w·S            flows ≤ |∪ U| · c · Σ σ·H / Σ w·H

where Σ σ·H is the mean hold of the mix (Little's law; without it where all H are 0).  Both are straight
lines in the kinds' rates: what a kind takes for each of its new connections is the same in every mix.  Only
sets of all legs whose ports lie in the union can bind.  Where spaces are coupled the optimum of the linear
program (docs/model.md, "One core") may lie below all of these: by duality it is

    λ ≤ Σ y·|atom| / Σ w·min over the leg's atoms of (Σ y·S / c)

for some weights y of the spaces' atoms, the *joint* face.  It holds for any y ≥ 0; the best are found by a
program in floats, and the face is then counted exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf
from typing import NamedTuple

from tuplecalc.limits.coupled import Coupled, Figure, coupled_spaces
from tuplecalc.limits.elsewhere import in_all
from tuplecalc.limits.expression import Constant, Expression, Number, Quantity
from tuplecalc.limits.flow import Flow, Part
from tuplecalc.limits.kinds import IN_TURN, JOINT, REMEMBERED, SHARED, Kind
from tuplecalc.limits.legs import (
    Alone,
    Declared,
    Held,
    Leg,
    Membership,
    Passing,
    Space,
    Table,
    Uses,
    Yielding,
)
from tuplecalc.limits.letters import sized
from tuplecalc.limits.limit import KindShare, Limit, by_flows, by_rate
from tuplecalc.limits.program import Face
from tuplecalc.limits.told_apart import Found, ranges, told_apart
from tuplecalc.limits.turns import Turn, turns
from tuplecalc.limits.weights import ONE, Terms, total, weight_of
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import exact

_MOST_UNIONS = 64


class Entry(NamedTuple):
    """A leg in a space, and which limit it is where it is alone there."""

    kind: Kind | None
    membership: Membership
    is_beside: bool = False
    """Whether it is a limit only together with others."""


class Mix:
    """All legs of all kinds, by the spaces that they are in."""

    def __init__(self, declared: Sequence[Sequence[Declared]]) -> None:
        self.spaces: dict[Space, list[Entry]] = {}
        self.sums: dict[tuple[tuple[str, ...], Kind], list[Uses]] = {}
        self.blocks: dict[Space, list[Held]] = {}
        self._declared = declared
        every = [each for hop in declared for each in hop]
        for each in every:
            match each:
                case Alone(kind, membership):
                    self._enter(kind, membership)
                case Passing(membership, kind):
                    self._enter(kind, membership, is_beside=True)
                case Table(entering, leaving):
                    self._enter(None, entering, is_beside=True)
                    self._enter(None, leaving, is_beside=True)
                case Uses():
                    self.sums.setdefault((each.owner, each.kind), []).append(each)
                case Held():
                    self.blocks.setdefault(each.space, []).append(each)
        self.legs = dict.fromkeys(entry.membership.leg for space in self.spaces.values() for entry in space)
        begin = [each.membership.leg.flow for each in declared[0] if isinstance(each, Alone)]
        self.kinds = {flow.kind: (flow.share, flow.hold) for flow in begin}
        self.shares = {kind: exact(share.value) for kind, (share, _) in self.kinds.items()}
        """What part of the new connections each kind is."""
        self.mean_hold = self._mean_hold()
        self._mean = exact(1 if self.mean_hold is None else self.mean_hold.value)
        self._turns = self._take_turns()
        self._given: set[object] = set()
        self._known_faces: dict[Space, Sequence[Found]] = {}
        self._known_copies: dict[Membership, Number] = {}
        members = {space: [entry.membership for entry in here] for space, here in self.spaces.items()}
        self._coupled = list(coupled_spaces(members, self._open))
        self._joint = dict(self._joint_faces())

    def _enter(self, kind: Kind | None, membership: Membership, *, is_beside: bool = False) -> None:
        entries = self.spaces.setdefault(membership.space, [])
        for place, entry in enumerate(entries):
            here = entry.membership
            if here.leg is membership.leg:  # in two roles: the longer time counts, each time
                here.times = membership.times = here.times.longest(membership.times)
                entries[place] = Entry(entry.kind or kind, here, is_beside and entry.is_beside)
                return
        entries.append(Entry(kind, membership, is_beside))

    def _take_turns(self) -> dict[Space, list[Turn]]:
        """Spaces that are taken in turn are spaces too, each at the last of them."""
        found: dict[Space, list[Turn]] = {}
        for turn in turns({space: [e.membership for e in here] for space, here in self.spaces.items()}):
            found.setdefault(turn.last, []).append(turn)
        for several in found.values():
            self.spaces |= {turn.space: [Entry(IN_TURN, each) for each in turn.members] for turn in several}
        return found

    def open_share(self, kind: str) -> Fraction:
        """What part of the open flows a kind is: π = σ·H / Σ σ·H, and σ where all last no time."""
        return self.shares[kind] * self.hold(kind) / self._mean

    def hold(self, kind: str) -> Fraction:
        """How long a kind's connections are open; 1 where all last no time, so that these count."""
        return Fraction(1) if self.mean_hold is None else exact(self.kinds[kind][1].value)

    def _mean_hold(self) -> Expression | None:
        """Σ σ·H, of the connections that clients make; None where all last for no time."""
        if len(holds := {hold for _, hold in self.kinds.values()}) == 1:
            (hold,) = holds
            return hold if hold.value else None
        mean = total([share * hold for share, hold in self.kinds.values()])
        return Quantity("H_m", "traffic", mean.value, mean) if mean.value else None

    def limits(self, hops: Iterable[str]) -> Iterator[tuple[Limit, ...]]:
        """The limits of each of these hops; a space of a machine has some at each of its hops."""
        by_hop: dict[str, list[Found]] = {}
        for declared in self._declared:
            for found in self._limits_at(declared):
                by_hop.setdefault(found.limit.hop, []).append(found)
        return (tuple(told_apart(by_hop.get(hop, ()))) for hop in hops)

    def _limits_at(self, hop: Iterable[Declared]) -> Iterator[Found]:
        """The limits of the spaces and tables that a hop is the first to declare."""
        for each in hop:
            match each:
                case Alone(membership=membership) | Passing(membership=membership):
                    yield from self._of_space(membership.space)
                case Table(entering, leaving):
                    yield from self._of_space(entering.space)
                    yield from self._of_space(leaving.space)
                case Uses() if self._is_new((each.owner, each.kind)):
                    if used := self._used(self.sums[each.owner, each.kind]):
                        yield Found(used, (each.owner[-1], "", "", ""))
                case Held() if self._is_new(each.space):
                    yield Found(self._held(self.blocks[each.space]), (*each.space.words, ""))

    def _is_new(self, what: object) -> bool:
        if what in self._given:
            return False
        self._given.add(what)
        return True

    def _of_space(self, space: Space) -> Iterator[Found]:
        if space in self.spaces and self._is_new(space):
            yield from self._faces(space)
            for turn in self._turns.get(space, ()):
                yield from self._taken_in_turn(turn, is_lower=True)
            if space in self._joint:
                yield self._joint[space]

    def _taken_in_turn(self, turn: Turn, *, is_lower: bool) -> Iterator[Found]:
        """The faces of spaces that are taken in turn: those below all of each alone, or the others."""
        alone = [face.limit for space in turn.of for face in self._faces(space)]
        known = min(map(by_rate, alone), default=inf)
        for face in self._faces(turn.space):
            if (by_rate(face.limit) < known) == is_lower:
                yield face

    def unlisted(self) -> Iterator[Limit]:
        """Limits that bind only in other mixes, and are not among those of the hops."""
        every = (turn for several in self._turns.values() for turn in several)
        return told_apart([face for turn in every for face in self._taken_in_turn(turn, is_lower=False)])

    def _faces(self, space: Space) -> Sequence[Found]:
        """The closed sets of legs of a space."""
        if space not in self._known_faces:
            self._known_faces[space] = tuple(self._found_faces(space, self.spaces[space]))
        return self._known_faces[space]

    def _found_faces(self, space: Space, entries: Sequence[Entry]) -> Iterator[Found]:
        by_ports: dict[PortSet, list[Entry]] = {}
        for entry in entries:
            by_ports.setdefault(entry.membership.ports.ports, []).append(entry)
        for union in _unions(list(by_ports)):
            inside = [
                entry for ports, several in by_ports.items() if ports | union == union for entry in several
            ]
            kinds = {entry.kind for entry in inside}
            if len(inside) == 1 and inside[0].is_beside:
                if not _has_less_room(inside[0].membership):
                    continue  # what a leg has alone in a table, it has at its sockets
                kinds = {REMEMBERED}
            kind = kinds.pop() if len(kinds) == 1 else None
            yield Found(self._face(kind or SHARED, inside), (*space.words, ranges(union)))

    def _face(self, kind: Kind, inside: Sequence[Entry]) -> Limit:
        """The limit of a set of legs: all is counted in the copies of the first."""
        members = [entry.membership for entry in inside]
        first, copies = members[0], self._copies(members[0])
        parts = [
            Part(ONE if self._copies(m) == copies else first.copies / m.copies, m.times, m.leg.flow)
            for m in members
        ]
        names = {m.ports.ports: m.ports for m in reversed(members)}
        size = sized(*reversed(names.values()))
        return self._limit(kind, first.hop, size, first.copies, parts)

    def _copies(self, member: Membership) -> Number:
        """A membership's copies as a number, found once."""
        if member not in self._known_copies:
            self._known_copies[member] = member.copies.value
        return self._known_copies[member]

    def _limit(
        self, kind: Kind, hop: str, size: Expression, copies: Expression, parts: Sequence[Part]
    ) -> Limit:
        """A limit with the keys and the seconds of all kinds of flows."""
        open_, held = defaultdict[Expression, list[Terms]](list), defaultdict[Expression, list[Terms]](list)
        taken = []
        for part in parts:
            flow, seconds, each = part.flow, part.times.seconds, part.each.value
            terms = flow.share, *flow.parts, flow.ratio * part.each
            open_[flow.hold].append(terms)
            held[seconds].append(terms)
            taken.append((flow, each * self._open(flow), each * flow.number * seconds.value))
        shares = self._by_kind(taken)
        return Limit(
            kind,
            hop,
            size,
            copies,
            self._keys(shares),
            total([weight_of(terms, len(self.kinds)) * seconds for seconds, terms in held.items()]),
            lingers=tuple(part.times.linger for part in parts),
            keys_formula=self._keys_formula(open_),
            shares=shares,
            parts=tuple(parts),
        )

    def _keys_formula(self, terms: Mapping[Expression, Sequence[Terms]]) -> Expression:
        """Σ w·H / H_m; Σ w where all last equally long."""
        weights = {hold: weight_of(each, len(self.kinds)) for hold, each in terms.items()}
        if (mean := self.mean_hold) is None:
            return total(list(weights.values()))
        as_mean = [weight for hold, weight in weights.items() if hold == mean]
        others = [weight * hold for hold, weight in weights.items() if hold != mean]
        return total([*as_mean, *([total(others) / mean] if others else [])])

    def _by_kind(self, parts: Iterable[tuple[Flow, Number, Number]]) -> tuple[KindShare, ...]:
        """What each kind takes in all: of so much while connections are open, and in all their time."""
        found: dict[str, tuple[Number, Number]] = {}
        for flow, held, seconds in parts:
            before = found.get(flow.kind, (0, 0))
            found[flow.kind] = before[0] + held, before[1] + seconds
        return tuple(
            KindShare(kind, self.shares[kind], exact(open_), exact(seconds))
            for kind, (open_, seconds) in found.items()
        )

    def _keys(self, shares: Iterable[KindShare]) -> Fraction:
        """Keys of an open flow of the mix."""
        return sum((each.share * each.open for each in shares), Fraction(0)) / self._mean

    def _used(self, several: Sequence[Uses]) -> Limit | None:
        """The entries or files that all flows take of a machine; None where the table never fills.

        Entries that give way are as many as their keys at most.  At the rate λ the table has

            Σ min(λ·w·S, K)

        of them over the sets of K keys; those that are all taken count with K, the others with the rate.
        """
        first, parts = several[0], [part for each in several for part in each.parts]
        limit = self._limit(first.kind, first.hop, first.size, first.copies, parts)
        full = self._all_taken(several)
        if not full:
            return limit
        left = [each for each in several if each.yielding not in full]
        if not left:
            return None
        rest = self._limit(
            first.kind, first.hop, first.size, first.copies, [part for each in left for part in each.parts]
        )
        seconds = {share.kind: share.seconds for share in rest.shares}
        return replace(
            limit,
            seconds=rest.seconds,
            busy=first.size - total([keys.number for keys in full]),
            lingers=rest.lingers,
            shares=tuple(
                share._replace(seconds=seconds.get(share.kind, Fraction(0))) for share in limit.shares
            ),
            parts=rest.parts,
        )

    def _all_taken(self, several: Sequence[Uses]) -> list[Yielding]:
        """The sets of keys that all have an entry at the rate at which the table is full, as the mix is."""
        times: dict[Yielding | None, Fraction] = {}
        for each in several:
            for part in each.parts:
                flow, seconds = part.flow, part.each.value * part.times.seconds.value
                taken = self.shares[flow.kind] * flow.number * seconds
                times[each.yielding] = times.get(each.yielding, Fraction(0)) + taken
        room = exact(several[0].size.value)
        whole, found = sum(times.values(), Fraction(0)), list[Yielding]()
        known = [(keys, time) for keys, time in times.items() if keys is not None and time]
        for keys, time in sorted(known, key=lambda each: each[0].number.value / each[1]):
            if keys.number.value * whole > room * time:  # it has room when the table is full
                break
            found.append(keys)
            room, whole = room - keys.number.value, whole - time
        return found

    def _held(self, several: Sequence[Held]) -> Limit:
        """The ports that are set aside for sources."""
        parts = [Part(ONE, each.times or in_all(each.own), each.own.leg.flow) for each in several]
        limit = several[0].limit
        found = self._limit(limit.kind, limit.hop, limit.size, limit.scopes, parts)
        return replace(found, pool=limit.pool, searched=limit.searched)

    def _joint_faces(self) -> Iterator[tuple[Space, Found]]:
        """Of legs and spaces that hang together, the optimum where it is lower than all their faces."""
        in_turn = {turn.space for several in self._turns.values() for turn in several}
        for coupled in self._coupled:
            faces = [face for space in coupled.spaces for face, _ in self._faces(space)]
            open_ = (face.size.value * face.scopes.value / exact(face.keys) for face in faces if face.keys)
            rates = (face.rate for face in faces if face.rate is not None)
            known: dict[Figure, Number] = {
                "flows": min(open_, default=0) / self._mean,
                "rate": min(rates, default=0),
            }
            lower = [
                figure
                for figure, most in known.items()
                if not coupled.has_room({kind: share * most for kind, share in self.shares.items()}, figure)
            ]
            found = self._joint_face(coupled, self.shares, lower)
            if found is not None and any(
                by(found.limit) < min(map(by, faces), default=inf) for by in (by_flows, by_rate)
            ):
                yield next(each for each in reversed(coupled.spaces) if each not in in_turn), found

    def joint_faces_at(self, rates: Mapping[str, Number], figure: Figure) -> Iterator[Limit]:
        """The joint faces that these rates of the kinds may exceed."""
        full = (each for each in self._coupled if not each.has_room(rates, figure))
        found = (self._joint_face(each, rates, (figure,)) for each in full)
        return told_apart([face for face in found if face is not None])

    def _joint_face(
        self, coupled: Coupled, rates: Mapping[str, Number], figures: Sequence[Figure]
    ) -> Found | None:
        """The faces that are lowest for these rates of the kinds, of both figures as one limit."""
        faces = {figure: coupled.best_face(rates, figure) for figure in figures}
        nothing = Face(Fraction(1), [Fraction(0)] * len(coupled.legs))
        of_flows, of_rate = faces.get("flows") or nothing, faces.get("rate") or nothing
        prices = zip((leg.flow for leg in coupled.legs), of_flows.prices, of_rate.prices, strict=True)
        shares = tuple(each for each in self._by_kind(prices) if each.open or each.seconds)
        if not shares:
            return None
        last = coupled.spaces[-1]
        joint = Limit(
            JOINT,
            self.spaces[last][0].membership.hop,
            Constant(of_flows.size),
            ONE,
            self._keys(shares),
            Constant(sum(each.share * each.seconds for each in shares)),
            Constant(of_rate.size),
            shares=shares,
            parts=tuple(_priced(coupled.legs, of_rate.prices)),
        )
        return Found(joint, (*last.words, ""))

    def _open(self, flow: Flow) -> Number:
        """How long a connection is open, for each of its kind; 1 where all last no time."""
        return flow.number * (1 if self.mean_hold is None else flow.hold.value)


def _has_less_room(here: Membership) -> bool:
    """Whether a leg finds less room here than in any other space of its ports."""
    others = [
        each for each in here.leg.memberships if each is not here and each.ports.ports == here.ports.ports
    ]
    return all(
        each.times.seconds.value * here.copies.value < here.times.seconds.value * each.copies.value
        or each.copies.value > here.copies.value
        for each in others
    )


def _priced(legs: Sequence[Leg], prices: Sequence[Fraction]) -> Iterator[Part]:
    """Keys of a joint face, each for the time that its leg takes one."""
    for leg, price in zip(legs, prices, strict=True):
        times, weight = leg.memberships[0].times, leg.flow.number
        if price and weight and (seconds := times.seconds.value):
            yield Part(Constant(price / (weight * seconds)), times, leg.flow)


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
