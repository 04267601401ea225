"""Which entries of which table take keys of which limit: one rule for each kind of limit.

A rule says which table shows a limit, how its scopes are called, and which scope an entry belongs to, if
any (docs/model.md, "Hops": what a key space is told apart by).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from math import floor
from operator import attrgetter
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
from tuplecalc.sources.busy.scoping import At, IsAddress, endpoints, flags, within
from tuplecalc.sources.busy.usage import Scope
from tuplecalc.sources.tables.connection import Connection, TableName

Scoped = Callable[[Connection], Scope | None]
_SOURCE, _ANSWERED = attrgetter("source"), attrgetter("answer_destination")


def _in_zone(c: Connection, *scope: Hashable) -> Scope:
    """A scope of the tracking table: those of other zones are apart."""
    return (*scope, c.zone) if c.zone else scope


class Rule(NamedTuple):
    """How a limit is counted.

    ``scope`` names the scope of an entry that takes one of its keys.  Where ``is_by_port``, entries of a
    scope with one port take one key: the port stands last in what ``scope`` gives.  ``each`` are the
    keys of an entry, ``labels`` the names of what a scope is made of, an ``endpoint`` of two parts; a zone
    of the tracking table stands last.
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

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in protocols or not ports[c.source_port] or is_heard(c):
            return None
        if is_own is not None and not is_own(c.source):
            return None
        if is_bound:
            return c.source, c.source_port
        if not at.towards(c.destination, c.destination_port):
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
    return rule._replace(scope=lambda c: None if at.is_accepted(c) else rule.scope(c))


def _accepted(at: At) -> Rule:
    """Sockets that have a service's endpoint for their own: TPROXY's, and those of a service itself."""

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.destination_port] or not at.is_accepted(c):
            return None
        return (c.destination, c.source, c.source_port) if at.towards(c.source, c.source_port) else None

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
        return _in_zone(c, c.answer_destination, *answers)

    return Rule("tracking", ("client", "listener"), scope, at.size)


def _both_legs(at: At) -> Rule:
    """Entries from a client's address: with TPROXY and REDIRECT those of both legs."""

    def scope(c: Connection) -> Scope | None:
        if c.protocol not in at.protocols or not at.ports[c.source_port]:
            return None
        if at.is_client is not None and not at.is_client(c.source):
            return None
        towards = c.destination, c.destination_port
        return _in_zone(c, c.source, *towards) if at.towards(*towards) else None

    return Rule("tracking", ("client", "endpoint"), scope, at.size)


def _cone_ports(at: At) -> Rule:
    """Entries that are answered at an address of the cone: of this address, or of one client.

    A port that serves one client for all endpoints is one key; one that serves several has one for each.
    """
    is_held, limit, hop = _translated(at), at.limit, at.hop
    who, whose = ("address", _ANSWERED) if limit.kind is CONE_PORTS else ("client", _SOURCE)
    blocks = hop.blocks_per_client if limit.kind is BLOCK else 1

    def port(c: Connection) -> Scope | None:
        key = c.answer_destination, c.answer_destination_port
        return (*_in_zone(c, whose(c)), key) if is_held(c) else None

    def every(c: Connection) -> Scope | None:
        return _in_zone(c, whose(c)) if is_held(c) else None

    def towards(c: Connection) -> Scope | None:
        return _in_zone(c, whose(c), c.answer_source, c.answer_source_port) if is_held(c) else None

    if hop.mapping == "endpoint-independent":
        return Rule("tracking", (who,), port, at.size * blocks, is_by_port=True)
    if limit.pool is not None:
        return Rule("tracking", (who,), every, floor(limit.pool.size) * blocks)
    return Rule("tracking", (who, "endpoint"), towards, at.size * blocks)


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
        return _in_zone(c, c.source, c.answer_source, c.answer_source_port)

    return Rule("tracking", ("client", "endpoint"), scope, at.size)


_WEIGHED = (
    "it weighs ports by how long other hops hold them; `shared` and the limits of these hops are counted"
)
RULES: Mapping[Kind, Callable[[At], Rule]] = {
    CLIENT_PORTS: _client_ports,
    CLIENT_PORTS_BOUND: _client_ports,
    CLIENT_FILES: _client_files,
    CONE_PORTS: _cone_ports,
    BLOCK: _cone_ports,
    BLOCK_OVERFLOW: _overflow,
    CLIENT: _cone_ports,
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
}
"""The rule of each kind of limit that a machine's tables show."""
WHY_NOT: Mapping[Kind, str] = {
    SAME_TUPLE: "no flow fits, whatever is busy",
    JOINT: _WEIGHED,
    GAPS: _WEIGHED,
    IN_TURN: "it is of two tables that stand on different machines",
    ROW: "it is of the tables of several machines",
}
"""Why there is none for the others."""
