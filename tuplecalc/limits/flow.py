"""A flow on a stretch of its way, and how long it takes its keys."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tuplecalc.limits.expression import Constant, Difference, Expression, Number, Quantity, Sum, product
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
    def number(self) -> Number:
        """The weight in numbers."""
        return prod(part.value for part in self.parts) * self.ratio.value

    @property
    def strand(self) -> tuple[str, str, str]:
        """Which flows of the mix these are part of."""
        return self.kind, self.source, self.target


class Linger(NamedTuple):
    """How long a key stays taken after the close, in seconds, by the side that closed first."""

    client: Number = 0
    service: Number = 0

    def mean(self, client_share: Number) -> Number:
        """The mean, where the client closes first in this part of the flows."""
        return client_share * self.client + (1 - client_share) * self.service


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


class Part(NamedTuple):
    """So many keys of each connection, for its time."""

    each: Expression
    times: Times
    flow: Flow
