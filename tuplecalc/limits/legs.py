"""Legs and the key spaces that they are members of: what each hop declares, and what it hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.limits.expression import (
    Expression,
    NamedPorts,
    Number,
)
from tuplecalc.limits.flow import Flow, Part, Times
from tuplecalc.limits.kinds import Kind
from tuplecalc.limits.limit import Limit, Pool
from tuplecalc.limits.targets import Target
from tuplecalc.network.traffic import Protocol


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
    enters: Number = 1
    """The part of the leg's flows that enter it; the copies are those of these."""
    machines: Number = 1
    """Over so many machines any flow may be dealt, each of which sees what it holds itself and no more."""
    counts_once: bool = False
    """Whether the copies stand for all those machines together, and not for the tables of each."""

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


class Yielding(NamedTuple):
    """Keys of which each has one entry at most: a closed one goes when its key is taken again."""

    whose: tuple[object, ...]
    number: Expression
    """Of every copy."""


@dataclass(eq=False)
class Uses:
    """What flows take of a table's entries or of files: so many each, for so long, of every copy's."""

    kind: Kind
    hop: str
    owner: tuple[str, ...]
    size: Expression
    copies: Expression
    parts: tuple[Part, ...]
    yielding: Yielding | None = None


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
