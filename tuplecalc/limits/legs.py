"""Legs and the key spaces that they are members of: what each hop declares, and what it hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.limits.expression import (
    Constant,
    Difference,
    Expression,
    NamedPorts,
    Number,
    Quantity,
    Sum,
    product,
)
from tuplecalc.limits.kinds import Kind
from tuplecalc.limits.limit import Limit, Linger, Pool
from tuplecalc.limits.targets import Target
from tuplecalc.network.traffic import Protocol

NEVER = Constant(0)


class Flow(NamedTuple):
    """What a flow is on a stretch of its way: how long it is open, and how many there are of it.

    ``share`` is the kind's part of all new connections, ``parts`` what of it comes from this group of
    clients and goes to this one of services, ``ratio`` how many connections there are for each of these.
    """

    hold: Quantity
    client_share: Quantity
    share: Expression = Constant(1)
    protocol: Protocol = "tcp"
    kind: str = ""
    source: str = ""
    target: str = ""
    parts: tuple[Expression, ...] = (Constant(1), Constant(1))
    ratio: Expression = Constant(1)

    @property
    def weight(self) -> Expression:
        """How many of these connections there are for each new connection of the kind."""
        return product(*self.parts, self.ratio)

    @property
    def strand(self) -> tuple[str, str, str]:
        """Which flows of the mix these are part of."""
        return self.kind, self.source, self.target


class Space(NamedTuple):
    """Which key space it is: what kind of table and whose, of whose addresses, towards which endpoints.

    ``towards`` is empty where a port is taken for all of them.
    """

    table: str
    owner: str
    who: tuple[str, ...]
    towards: tuple[str, ...]
    protocol: Protocol

    @property
    def words(self) -> tuple[str, str, str]:
        """What may tell it apart from other spaces of its table, in the words of the file."""
        return "".join(self.who[-1:]), "".join(self.towards[-1:]), self.protocol


@dataclass(eq=False)
class Leg:
    """A stretch of a flow in which the tuple does not change, on the ports from which it is chosen.

    ``memberships`` are the key spaces in which its ports must differ, its chooser's own first.
    """

    ports: NamedPorts
    flow: Flow
    memberships: list[Membership] = field(default_factory=list)


class Times(NamedTuple):
    """How long a leg's key is taken: the hold, and a linger by the side that closed first."""

    hold: Expression
    client_share: Expression
    client: Expression = NEVER
    service: Expression = NEVER

    @property
    def seconds(self) -> Expression:
        """H + c·T, H + (1−c)·T, H + T: the mean.

        >>> from tuplecalc.limits.expression import Quantity
        >>> H, c, T = (Quantity(letter, "", 1) for letter in "HcT")
        >>> str(Times(H, c, T, T).seconds), str(Times(H, c, NEVER, T).seconds), str(Times(H, c).seconds)
        ('H + T', 'H + (1 - c)·T', 'H')
        """
        if self.client == self.service:
            return self.hold if self.client == NEVER else self.hold + self.client
        terms = [self.hold]
        if self.client != NEVER:
            terms.append(self.client_share * self.client)
        if self.service != NEVER:
            terms.append(Difference(Constant(1), self.client_share) * self.service)
        return Sum(tuple(terms))

    def longest(self, other: Times) -> Times:
        """The longer of two, each time: by whoever closes first."""
        longer = [
            max(pair, key=lambda each: each.value)
            for pair in ((self.client, other.client), (self.service, other.service))
        ]
        return self._replace(client=longer[0], service=longer[1])

    @property
    def linger(self) -> Linger:
        """The lingers in numbers."""
        return Linger(self.client.value, self.service.value)

    def within(self, seconds: Number) -> bool:
        """Whether the mean is no longer than this."""
        return self.seconds.value <= seconds


@dataclass(eq=False)
class Membership:
    """A leg in a key space: for so long, in ``copies`` of the space over which its flows spread evenly.

    ``ports`` are the leg's as the space's hop names them.
    """

    hop: str
    leg: Leg
    ports: NamedPorts
    copies: Expression
    times: Times
    towards: Target | None
    """The endpoints of which each has a key of its own; None where a port is taken for all or for several."""
    space: Space

    def __post_init__(self) -> None:
        self.leg.memberships.append(self)

    def goes_with(self, other: Membership) -> bool:
        """Whether each key of the one belongs to one key of the other, so that both are taken in turn.

        Where a hop between changes the destination, and there are several on both sides, they pair anew.
        """
        both = self.towards, other.towards
        return self.towards is other.towards or any(t is None or t.endpoints.value == 1 for t in both)


class Alone(NamedTuple):
    """A key space that a flow enters once: one limit of its kind."""

    kind: Kind
    membership: Membership
    pool: Pool | None = None


class Table(NamedTuple):
    """A key space that both legs of a flow enter, under one source address and endpoint.

    ``is_single``: each source and endpoint have one such table, not one at each of several machines.
    """

    entering: Membership
    leaving: Membership
    is_single: bool
    before: Target
    behind: Target


@dataclass(eq=False)
class Uses:
    """What flows take of a table's entries or of files: so many each, for so long, of every copy's."""

    kind: Kind
    hop: str
    owner: tuple[str, ...]
    size: Expression
    copies: Expression
    parts: tuple[Part, ...]


class Part(NamedTuple):
    """So many keys of each connection, for its time."""

    each: Expression
    times: Times
    flow: Flow


class Passing(NamedTuple):
    """A leg in a table that it is a member of beside others: no limit where it is alone.

    ``kind`` is the limit that it is among others of this kind.
    """

    membership: Membership
    kind: Kind | None = None


class Held(NamedTuple):
    """A limit of the ports that sources have for themselves.

    One is taken for ``times``; without them until every space lets go of it.
    """

    limit: Limit
    own: Membership
    space: Space
    times: Times | None = None


Declared = Alone | Held | Table | Uses | Passing
"""What a hop declares, in the order of its limits."""


class Sources(NamedTuple):
    """What reaches a hop: the state carried along the chain.

    ``who`` tells them apart from other sources.  ``addresses`` (a) sources send on ``leg``;
    ``per_endpoint`` (b) of them can address one endpoint.  b is less than a behind instances that
    share out the endpoints: then ``classes`` is by how many the endpoints are dealt out (endpoint
    j mod classes), else 1.  ``members`` are the memberships whose copies count these addresses.
    ``there`` are all addresses of a proxy's machines, of which not all need work.
    """

    who: tuple[str, ...]
    addresses: Expression
    per_endpoint: Expression
    classes: int
    leg: Leg
    members: tuple[Membership | Uses, ...]
    there: Expression
    entry_at: str = ""
    """The machine that has an entry for this leg already."""

    def mixed(self) -> Sources:
        """Behind a hop that changes the destination: every source reaches every endpoint."""
        return self._replace(per_endpoint=self.addresses, classes=1)

    def serve(self, served: Expression, everyone: Expression) -> None:
        """Only so many of all the sources can send: what each of them brings along counts for these.

        A cone with fewer blocks than sources leaves the others without a port.
        """
        if served.value < everyone.value:
            for member in self.members:
                member.copies = member.copies * (served / everyone)
