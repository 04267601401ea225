"""Which entries of which table take keys of which limit: one rule for each kind of limit.

A rule says which table shows a limit, how its scopes are called, and which scope an entry belongs to, if
any (docs/model.md, "Hops": what a key space is told apart by).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import NamedTuple

from tuplecalc.limits.kinds import (
    ACCEPTED,
    ANSWERED,
    BIND,
    BLOCK,
    BLOCK_OVERFLOW,
    CAPTURE,
    CLIENT,
    CLIENT_FILES,
    CLIENT_PORTS,
    CLIENT_PORTS_BOUND,
    CONE_PORTS,
    ENTRIES,
    FILES,
    FORWARDED,
    GAPS,
    IN_TURN,
    JOINT,
    LISTENER,
    MEETING,
    REMEMBERED,
    ROW,
    SAME_TUPLE,
    SHARED,
    UPSTREAM,
    Kind,
)
from tuplecalc.sources.scoping import At, IsAddress, endpoints, flags, within
from tuplecalc.sources.tables.connection import Connection, TableName
from tuplecalc.sources.usage import Scope

Scoped = Callable[[Connection], Scope | None]


class Rule(NamedTuple):
    """How a limit is counted.

    ``scope`` names the scope of an entry that takes one of its keys.  Where ``is_by_port``, entries of a
    scope with one port take one key: the port stands last in what ``scope`` gives.  ``each`` are the
    keys of an entry, ``labels`` the names of what a scope is made of, an ``endpoint`` of two parts.
    """

    table: TableName
    labels: tuple[str, ...]
    scope: Scoped
    size: int
    is_by_port: bool = False
    each: Fraction = Fraction(1)


def _client_ports(at: At) -> Rule:
    """Sockets from the clients' addresses and ports, towards each endpoint or with ``bind`` towards all."""
    is_client = within(each.clients.addresses for each in at.strands)
    return _sockets_of_its_own(at, is_client, is_bound=at.limit.kind is CLIENT_PORTS_BOUND)


def _sockets_of_its_own(at: At, is_own: IsAddress | None, *, is_bound: bool) -> Rule:
    """Sockets that connected from these addresses, and not those that a listener accepted."""
    ports, protocols, is_heard = at.ports, at.protocols, at.is_heard
    is_any = at.is_of_all

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in protocols or not ports[c.source_port] or is_heard(c):
            return None
        if is_own is not None and not is_own(c.source):
            return None
        if is_bound:
            return c.source, c.source_port
        if not is_any and not at.services(c.destination, c.destination_port):
            return None
        return c.source, c.destination, c.destination_port

    if is_bound:
        return Rule("sockets", ("address",), scope, at.size, is_by_port=True)
    return Rule("sockets", ("address", "endpoint"), scope, at.size)


def _upstream(at: At) -> Rule:
    """Sockets that the proxy connected: on its ports, and neither a client's nor a listener's."""
    is_bound = at.limit.kind is BIND
    if at.hop.source == "own":
        is_own = within(hop.addresses for hop in at.hops)
        if is_own is not None:
            return _sockets_of_its_own(at, is_own, is_bound=is_bound)
    rule = _sockets_of_its_own(at, None, is_bound=is_bound)
    return rule._replace(scope=lambda c: None if at.services(c.source, c.source_port) else rule.scope(c))


def _accepted(at: At) -> Rule:
    """Sockets that have a service's endpoint for their own: TPROXY's, and those of a service itself."""

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.destination_port]:
            return None
        return (c.destination, c.source, c.source_port) if at.services(c.source, c.source_port) else None

    if at.limit.hop != "services" and at.hop.capture == "nat":
        return _both_legs(at)
    return Rule("sockets", ("client", "endpoint"), scope, at.size)


def _listener(at: At) -> Rule:
    """Sockets that a listener of the proxy accepted."""
    known = at.listeners

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.destination_port]:
            return None
        if known(c.source, c.source_port) if known is not None else at.is_heard(c):
            return c.destination, c.source, c.source_port
        return None

    return Rule("sockets", ("client", "listener"), scope, at.size)


def _capture(at: At) -> Rule:
    """Entries that one of the machine's listeners answers; where none is known, all with DNAT."""
    known = at.listeners

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.answer_destination_port]:
            return None
        answers = c.answer_source, c.answer_source_port
        if not known(*answers) if known is not None else answers == (c.destination, c.destination_port):
            return None
        if not at.towards(c.destination, c.destination_port):
            return None
        return c.answer_destination, *answers

    return Rule("tracking", ("client", "listener"), scope, at.size)


def _both_legs(at: At) -> Rule:
    """Entries from a client's address to a service: with TPROXY and REDIRECT those of both legs."""

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.source_port]:
            return None
        towards = c.destination, c.destination_port
        return (c.source, *towards) if at.services(*towards) else None

    return Rule("tracking", ("client", "endpoint"), scope, at.size)


def _cone_ports(at: At) -> Rule:
    """Entries that are answered at an address of the cone."""
    whole = _translated(at)
    each = at.hop.mapping == "endpoint-dependent" and at.hop.destinations is None

    def scope(c: Connection) -> Scope | None:
        if not whole(c):
            return None
        if each:
            return c.answer_destination, c.answer_source, c.answer_source_port
        if at.hop.destinations is None:
            return c.answer_destination, c.answer_destination_port
        return (c.answer_destination,)

    if each:
        return Rule("tracking", ("address", "endpoint"), scope, at.size)
    if at.hop.destinations is not None:
        return Rule("tracking", ("address",), scope, _of_pool(at))
    return Rule("tracking", ("address",), scope, at.size, is_by_port=True)


def _of_pool(at: At) -> int:
    """Keys of an address whose ports serve several destinations at once: so many times its ports."""
    return floor(at.limit.pool.size) if at.limit.pool is not None else at.size


def _of_a_client(at: At) -> Rule:
    """The same, of one client: ports of its blocks, or as many as it may hold."""
    whole, hop = _translated(at), at.hop
    each = hop.mapping == "endpoint-dependent" and hop.destinations is None

    def scope(c: Connection) -> Scope | None:
        if not whole(c):
            return None
        return (
            (c.source, c.answer_source, c.answer_source_port)
            if each
            else (c.source, c.answer_destination_port)
        )

    size = at.size * (hop.blocks_per_client if at.limit.kind is BLOCK else 1)
    if each:
        return Rule("tracking", ("client", "endpoint"), scope, size)
    return Rule("tracking", ("client",), scope, size, is_by_port=True)


def _overflow(at: At) -> Rule:
    """The same, of all clients towards an endpoint: their blocks and what they share."""
    whole, is_one = _translated(at), at.limit.scopes.value == 1

    def scope(c: Connection) -> Scope | None:
        if not whole(c):
            return None
        return () if is_one else (c.answer_source, c.answer_source_port)

    return Rule("tracking", () if is_one else ("endpoint",), scope, at.size)


def _translated(at: At) -> Callable[[Connection], bool]:
    """Entries that hold a port of the cone; where its addresses are a count, all whose source changes."""
    is_own, protocols = within(hop.addresses for hop in at.hops), at.protocols
    ports = flags(each for hop in at.hops for each in (hop.ports, hop.overflow) if each is not None)

    def has(c: Connection) -> bool:
        if c.protocol not in protocols or not ports[c.answer_destination_port]:
            return False
        if is_own is None:
            if c.source == c.answer_destination and c.source_port == c.answer_destination_port:
                return False
        elif not is_own(c.answer_destination):
            return False
        return at.towards(c.answer_source, c.answer_source_port)

    return has


def _entries(at: At) -> Rule:
    """All entries of the table, of whatever protocol."""
    return Rule("tracking", (), lambda _: (), at.size)


def _files(at: At) -> Rule:
    """All sockets that a process has open, with as many files as the proxy needs for each."""
    open_ = ("opening", "open", "closing")
    each = at.hop.files_per_flow / 2
    return Rule("sockets", (), lambda c: () if c.state in open_ else None, at.size, each=each)


def _client_files(at: At) -> Rule:
    """The same of each of a client's addresses."""
    is_client = within(each.clients.addresses for each in at.strands)

    def scope(c: Connection) -> Scope | None:
        if c.state == "lingering" or at.is_heard(c) or not (is_client is None or is_client(c.source)):
            return None
        return (c.source,)

    return Rule("sockets", ("address",), scope, at.size)


def _forwarded(at: At) -> Rule:
    """Entries of clients towards the destination that the forwarder gives them, or remembers."""
    virtual = at.hop.virtual
    is_virtual = None if virtual is None else endpoints([virtual])

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.source_port]:
            return None
        if is_virtual is not None and not is_virtual(c.destination, c.destination_port):
            return None
        return c.source, c.answer_source, c.answer_source_port

    return Rule("tracking", ("client", "endpoint"), scope, at.size)


_WEIGHED = (
    "it weighs ports by how long other hops hold them; `shared` and the limits of these hops are counted"
)
RULES: Mapping[Kind, Callable[[At], Rule] | str] = {
    CLIENT_PORTS: _client_ports,
    CLIENT_PORTS_BOUND: _client_ports,
    CLIENT_FILES: _client_files,
    CONE_PORTS: _cone_ports,
    BLOCK: _of_a_client,
    BLOCK_OVERFLOW: _overflow,
    CLIENT: _of_a_client,
    ENTRIES: _entries,
    FILES: _files,
    FORWARDED: _forwarded,
    REMEMBERED: _forwarded,
    ACCEPTED: _accepted,
    ANSWERED: _accepted,
    MEETING: _accepted,
    CAPTURE: _capture,
    LISTENER: _listener,
    UPSTREAM: _upstream,
    BIND: _upstream,
    SHARED: _both_legs,
    SAME_TUPLE: "no flow fits, whatever is busy",
    JOINT: _WEIGHED,
    GAPS: _WEIGHED,
    IN_TURN: "it is of two tables that stand on different machines",
    ROW: "it is of the tables of several machines",
}
"""The rule of each kind of limit, or why there is none."""
