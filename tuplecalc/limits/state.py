"""What one hop hands to the next: the state carried along the chain."""

from __future__ import annotations

from typing import NamedTuple

from tuplecalc.limits.expression import Constant, Expression, Minimum, NamedPorts, Number
from tuplecalc.limits.limit import Limit

_AT_ONCE = Constant(0)


class Run(NamedTuple):
    """Proxies in a row whose legs have to differ from their neighbours.

    ``legs`` are the port set that enters the first one and then each one's L.  ``entering`` is for
    each proxy the time of its client-side leg, ``between`` for each two neighbours the shorter of
    the two times of the leg between them (both with its value, which every longer row adds up
    again); ``leaving`` is the time of the last proxy's upstream leg.
    """

    legs: tuple[NamedPorts, ...] = ()
    entering: tuple[tuple[Expression, Number], ...] = ()
    between: tuple[tuple[Expression, Number], ...] = ()
    leaving: Expression = _AT_ONCE

    def extended(self, entering: NamedPorts, ports: NamedPorts, down: Expression, up: Expression) -> Run:
        """The run with one more proxy, whose legs take ``down`` and ``up`` seconds."""
        if not self.legs:
            return Run((entering, ports), ((down, down.value),), (), up)
        shorter = Minimum((self.leaving, down))
        return Run(
            (*self.legs, ports),
            (*self.entering, (down, down.value)),
            (*self.between, (shorter, shorter.value)),
            up,
        )


class Taken(NamedTuple):
    """Sources' ports that serve one flow for all endpoints.

    ``domains`` (x) counts in how many domains for each address; a port stays taken for ``seconds``.
    """

    domains: Expression
    seconds: Expression


class Sources(NamedTuple):
    """What reaches a hop: the state carried along the chain.

    ``addresses`` (a) sources, each with the port set ``ports`` (A); ``per_endpoint`` (b) of them
    can address one endpoint.  b is less than a behind instances that share out the endpoints:
    then ``classes`` is by how many the endpoints are dealt out (endpoint j mod classes), else 1.
    ``taken`` says whether a source's port is taken for all endpoints; ``None`` where it may be
    used again towards another.  ``held`` is for how many seconds the machine that a leg leaves
    holds its tuple.  ``run`` are the proxies right before; ``own`` are the limits that each of
    these addresses brings along, whose scopes are proportional to their number.  ``there`` are all
    addresses of a proxy's machines, of which not all need work; ``None``: as many as ``addresses``.
    """

    addresses: Expression
    per_endpoint: Expression
    classes: int
    ports: NamedPorts
    taken: Taken | None = None
    held: Expression = _AT_ONCE
    run: Run = Run()
    own: tuple[Limit, ...] = ()
    there: Expression | None = None

    def mixed(self) -> Sources:
        """Behind a hop that changes the destination: every source reaches every endpoint."""
        return self._replace(per_endpoint=self.addresses, classes=1, run=Run())
