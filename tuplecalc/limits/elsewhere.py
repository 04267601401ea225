"""A leg and the spaces that hold it elsewhere: how busy it can keep one port, and the longest it is held."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import NamedTuple

from tuplecalc.limits.expression import Constant, Expression, Minimum
from tuplecalc.limits.flow import Times
from tuplecalc.limits.kinds import IN_TURN
from tuplecalc.limits.legs import Leg, Membership
from tuplecalc.limits.letters import sized
from tuplecalc.limits.limit import Limit
from tuplecalc.network.values import exact

ONE, NONE = Constant(1), Constant(0)


class InTurn(NamedTuple):
    """The limit of a leg that waits now here, now there, and the membership beside which it stands."""

    membership: Membership
    times: Times
    copies: Expression
    limit: Limit


def in_turn(leg: Leg) -> InTurn | None:
    """The face of a leg that lingers at one end where the client closes first, at another where not.

    A port serves its next flow when both ends let it.  So it is held for

        H + c·max T + (1−c)·max T'

    over the leg's spaces, which is more than the longest mean; the copies are those of the space that
    has more.  None where one end is always the last to let go, and where each end has keys of its own:
    several destinations that a hop between changes.  Where it is near the optimum the truth may lie
    below, since several legs can interleave.
    """
    if leg.memberships[0].times.client_share.value in (0, 1):
        return None
    pairs = ((a, b) for a, b in permutations(leg.memberships, 2) if a.goes_with(b))
    found = (turn for pair in pairs if (turn := _of_two(*pair)) is not None)
    return min(found, key=lambda turn: turn.limit.rate or 0, default=None)


def _of_two(by_client: Membership, by_service: Membership) -> InTurn | None:
    """The face of a leg whose port waits at the one where the client closes first, at the other where not."""
    first, other = by_client.times, by_service.times
    if first.client.value <= other.client.value or other.service.value <= first.service.value:
        return None
    times = first._replace(service=other.service)
    last = max(by_client, by_service, key=by_client.leg.memberships.index)
    copies = max(by_client.copies, by_service.copies, key=lambda each: each.value)
    size = sized(last.ports)
    limit = Limit(IN_TURN, last.hop, size, copies, 1, times.seconds, lingers=(times.linger,))
    return InTurn(last, times, copies, limit)


def last_to_let_go(leg: Leg) -> tuple[Membership, Membership]:
    """Where a leg's port stays taken longest: if the client closed first, and if not."""
    return (
        max(leg.memberships, key=lambda each: each.times.linger.client),
        max(leg.memberships, key=lambda each: each.times.linger.service),
    )


def in_all(here: Membership) -> Times:
    """How long a key is taken until every space lets go that has one key for each of these."""
    there = [
        each.times
        for each in here.leg.memberships
        if each.copies.value == here.copies.value and each.goes_with(here)
    ]
    return here.times._replace(
        client=max((each.client for each in there), key=lambda each: each.value),
        service=max((each.service for each in there), key=lambda each: each.value),
    )


class Elsewhere:
    """A leg that takes some seconds in one space, and the other spaces that it is a member of."""

    def __init__(self, here: Membership, seconds: Expression) -> None:
        self.here, self.seconds = here, seconds
        self.others = [(each.copies, each.times.seconds) for each in here.leg.memberships]
        if (turn := in_turn(here.leg)) is not None:
            self.others.append((turn.copies, turn.times.seconds))

    @property
    def fewest(self) -> Expression:
        """The copies of the space that has the fewest."""
        return min((copies for copies, _ in self.others), key=lambda each: each.value)

    def of_flows(self, most: Expression, unit: Expression) -> Expression:
        """q = min c_u / c: what a port of this leg alone holds at once."""
        found = over(self.fewest, unit)
        return found if found.value < most.value else most

    def of_rate(self, most: Expression, unit: Expression) -> Expression:
        """The same for the rate: (c_u / c)·(S / S_u)."""
        shares = [most]
        for copies, seconds in self.others:
            if seconds == self.seconds:
                shares.append(over(copies, unit))
            elif seconds.value:
                shares.append(over(copies, unit) * (self.seconds / seconds))
        lower = [share for share in dict.fromkeys(shares) if share.value < most.value]
        if not self.seconds.value:
            return NONE
        return most if not lower else lower[0] if len(lower) == 1 else Minimum(tuple(lower))


def over(copies: Expression, unit: Expression) -> Expression:
    """copies / unit; 1 where both are as many."""
    return ONE if copies.value == unit.value else copies / unit


def busiest(leg: Leg) -> Fraction | None:
    """min over the leg's spaces of c_u / S_u: how often a second one port can be used; None without times."""
    members = [(each.copies.value, each.times.seconds.value) for each in leg.memberships]
    if (turn := in_turn(leg)) is not None:
        members.append((turn.copies.value, turn.times.seconds.value))
    return min((exact(copies) / seconds for copies, seconds in members if seconds), default=None)
