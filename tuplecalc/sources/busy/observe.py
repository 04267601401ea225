"""One look at a machine's tables: what is busy in each scope of each limit, in one pass over the entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from operator import attrgetter
from typing import cast

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import Kind
from tuplecalc.network.chain import Chain
from tuplecalc.network.proxy import Proxy
from tuplecalc.sources.busy.counting import RULES, WHY_NOT, Rule
from tuplecalc.sources.busy.rates import FLOWS, Tally, measured, service_of
from tuplecalc.sources.busy.scoping import At
from tuplecalc.sources.busy.usage import (
    LINGERS,
    Busy,
    Ends,
    Measured,
    Observation,
    Scope,
    Total,
    Uncounted,
    Usage,
)
from tuplecalc.sources.tables.connection import TIME_WAIT, Connection, TableName, endpoint
from tuplecalc.sources.tables.lines import Entries

_HEAD = 1000
"""So many entries of each source are compared with those of the others."""
_OF_TWO = ("endpoint", "listener")
"""Labels of an address and a port."""
_MISSING: Mapping[TableName, str] = {
    "sockets": "no table of sockets was given (ss -tan)",
    "tracking": "no tracking table was given (conntrack -L -o extended)",
}


def observe(
    capacity: Capacity,
    streams: Iterable[Entries],
    hops: Sequence[str] = (),
    top: int = 10,
    unknown: Container[str] = (),
) -> Observation:
    """What is busy now beside what the model grants.

    ``hops`` are those that this machine is, ``clients`` and ``services`` among them; all hops of the
    chain where none is named.  ``top`` is how many of the busiest scopes of each limit are listed; all
    scopes are counted exactly, each entry once, and no entry is kept.  Listening sockets come before
    others in a stream, as all tools print them: what they accepted is then known.  ``unknown`` are the
    names of groups of services whose endpoints only stand in for what is not known: what goes to no other
    group goes to them.

    Raises :class:`~tuplecalc.errors.InputError` for a hop that there is not, and what a stream raises.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import loads
    >>> from tuplecalc.sources.tables.recognise import Stream
    >>> nat = capacity(loads('''
    ... clients = {addresses = 100}
    ... hops = [{name = "nat", kind = "cone", addresses = "198.18.1.1", ports = "1024-2047"}]
    ... services = {addresses = 1, ports = 80}
    ... '''))
    >>> entry = (b"tcp 6 117 TIME_WAIT src=10.0.0.1 dst=198.18.9.9 sport=%d dport=80 "
    ...          b"src=198.18.9.9 dst=198.18.1.1 sport=80 dport=%d [ASSURED] use=1")
    >>> seen = observe(nat, [Stream("x", [entry % (port, port) for port in range(1024, 1280)])])
    >>> (usage,) = seen.usages
    >>> usage.limit.name, usage.busiest, usage.share  # doctest: +NORMALIZE_WHITESPACE
    ('ports', (Busy(labels={'address': '198.18.1.1', 'endpoint': '198.18.9.9:80'}, open=0, lingering=256,
     growth=None, lingering_growth=0.0, lingers=0.0),), 0.25)
    """
    here = _hops(capacity, hops)
    heard = _heard(capacity, here)
    limits = [limit for limit in capacity.limits if limit.hop in here]
    uncounted = [Uncounted(each, WHY_NOT[each.kind]) for each in limits if each.kind in WHY_NOT]
    counters = [
        _Counter(At(capacity.chain, each, heard, unknown=unknown)) for each in limits if each.kind in RULES
    ]
    _tell_flows(service_of(capacity.chain, unknown), capacity.chain, counters)
    tallies = {table: Tally() for table in _MISSING}
    seen = _read(streams, counters, heard, tallies)
    unseen = [each for each in counters if each.rule.table not in seen]
    uncounted += [Uncounted(each.limit, _MISSING[each.rule.table]) for each in unseen]
    counted = [each for each in counters if each.rule.table in seen]
    usages, waits = [each.usage(top) for each in counted], _waits(capacity, here)
    return Observation(
        tuple(usage for usage, _ in usages),
        tuple(uncounted),
        tuple(_total(table, tallies[table]) for table in seen),
        tuple(measured((table, "", ()), tallies[table].ends("tcp", waits[table])) for table in seen),
        tuple(_of_services(counted, waits)),
        _clients(capacity.chain, counted),
        tuple(scopes for _, scopes in usages),
    )


def _hops(capacity: Capacity, names: Sequence[str]) -> set[str]:
    """The hops that are meant, each with all of its machine."""
    chain = capacity.chain
    machines = {hop.name: hop.on for hop in chain.hops}
    known = [*machines, "clients", "services"]
    for name in names:
        if name not in known:
            near = nearest(name, known)
            way_out = f"did you mean {show(near)}?" if near else f"write one of {', '.join(known)}"
            raise InputError(f"no hop is called {show(name)}; {way_out}")
    meant = names or list(machines) or ["clients"]
    on = {machines.get(name) for name in meant}
    return {*meant, *(name for name, machine in machines.items() if machine in on)}


def _heard(capacity: Capacity, here: Container[str]) -> dict[str, set[int]]:
    """The ports at which the machine's proxies listen, as far as the chain says them."""
    heard: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    for hop in capacity.chain.hops:
        if hop.name in here and isinstance(hop, Proxy) and "listen_ports" in hop.stated:
            for ports in heard.values():
                ports.update(hop.listen_ports)
    return heard


def _waits(capacity: Capacity, here: Container[str]) -> dict[TableName, float]:
    """How long TIME_WAIT lasts in each table: Linux's sockets know one time."""
    hops = [hop for hop in capacity.chain.hops if hop.name in here]
    return {**TIME_WAIT, **({"tracking": float(hops[0].tracking_time_wait)} if hops else {})}


def _total(table: TableName, tally: Tally) -> Total:
    return Total(table, dict(tally.states(*tally.owners())), tally.states("other").total())


def _of_services(counted: Iterable[_Counter], waits: Mapping[TableName, float]) -> Iterator[Measured]:
    """Rate and hold towards each group of services; what several limits tell of its kinds is one."""
    found: dict[tuple[TableName, str, tuple[str, ...]], Ends] = {}
    for each in counted:
        table, entries = each.rule.table, 1 if each.limit.is_of_a_mix else int(each.limit.keys)
        for owner in each.flows.owners():
            key, ends = (table, owner, each.kinds), each.flows.ends(owner, waits[table], entries)
            found[key] = found[key] + ends if key in found else ends
    yield from (measured(key, ends) for key, ends in found.items())


def _clients(chain: Chain, counted: Iterable[_Counter]) -> int:
    """How many addresses of clients there are; 0 where what is in front of the machine has its own."""
    machines = {hop.name: hop.on for hop in chain.hops}
    first = {machines[strand.hops[0].name] for strand in chain.strands if strand.hops}
    near = [
        each.clients for each in counted if machines.get(each.limit.hop, "clients") in {*first, "clients"}
    ]
    return len(set().union(*near))


def _read(
    streams: Iterable[Entries],
    counters: Sequence[_Counter],
    heard: Mapping[str, set[int]],
    tallies: Mapping[TableName, Tally],
) -> tuple[TableName, ...]:
    """All entries, each once: the tables that there were."""
    seen: dict[TableName, None] = {}
    heads: dict[tuple[object, ...], Entries] = {}
    by_table = {
        table: [
            (each.rule.scope, each.counts, each.gone, each.service, each.flows, each.clients.add, each.client)
            for each in counters
            if each.rule.table == table
        ]
        for table in _MISSING
    }
    for stream in streams:
        left = _HEAD
        for connection in stream:
            table, state = connection.table, connection.state
            tallies[table].add(connection.protocol, connection)
            if state == "listening":
                heard[connection.protocol].add(connection.source_port)
                continue
            if left:
                left -= 1
                _check_is_new(connection, stream, heads)
            more = LINGERS if state in ("lingering", "reset") else 1
            is_new = connection.protocol == "tcp"
            for scope_of, counts, gone, service, flows, add_client, client in by_table[table]:
                scope = scope_of(connection)
                if scope is not None:
                    if gone is None or more == 1:
                        counts[scope] = counts.get(scope, 0) + more
                    else:
                        gone["connections"] += 1
                    if is_new and service is not None:
                        flows.add(service(connection), connection)
                        add_client(client(connection))
                        is_new = False
        seen |= dict.fromkeys(sorted(stream.tables))
    return tuple(seen)


def _check_is_new(entry: Connection, source: Entries, heads: dict[tuple[object, ...], Entries]) -> None:
    """Where the first entries of two sources are the same, these are one table that was given twice."""
    other = heads.setdefault((entry.table, entry.protocol, *entry[3:7]), source)
    if other is not source and entry.protocol != "other":
        source_end, end = (endpoint(*ends) for ends in (entry[3:5], entry[5:7]))
        rule = f"the entry of {source_end} to {end} stands in {other.name} as well"
        raise InputError(f"{source.name}: {rule}; a table is counted once: give the output of one tool")


def _tell_flows(name: Callable[[tuple[str, int]], str], chain: Chain, counters: Sequence[_Counter]) -> None:
    """In each table the first limit whose keys flows of a kind of traffic take tells how many there are.

    It counts flows of other kinds with them that others have told already.
    Where both legs of a flow have an entry, and flows are of several kinds, it is not known which are legs.
    """
    told = dict[tuple[TableName, str], tuple[str, Kind]]()
    for each in counters:
        limit = each.limit
        if limit.kind not in FLOWS or (limit.is_of_a_mix and limit.kind.legs == "both"):
            continue
        crossing = [
            strand.kind
            for strand in chain.strands
            for hop in strand.hops
            if hop.name == limit.hop and strand.is_captured(hop)
        ]
        kinds = {*(crossing or (strand.kind for strand in chain.strands))}
        first = limit.hop, limit.kind
        tellers = [told.setdefault((each.rule.table, kind), first) for kind in kinds]
        if first in tellers:
            each.kinds = tuple(sorted((kinds & {*limit.kinds} if limit.kinds else kinds) - {""}))
            each.service = lambda entry, where=FLOWS[limit.kind]: name(where(entry))


class _Counter:
    """The scopes of one limit, and how many keys each has taken."""

    def __init__(self, at: At) -> None:
        self.limit, self.left_out = at.limit, at.left_out
        self.gone: Counter[str] | None = Counter() if at.gives_way else None
        """Closed connections that take no key; None where they keep theirs."""
        self.rule: Rule = RULES[at.limit.kind](at)
        self.flows = Tally()
        """Those of its entries that are flows of clients, by the group of services that they go to."""
        self.clients: set[str] = set()
        """Addresses from which these come."""
        accepts = self.rule.table == "sockets" and self.limit.hop != "clients"
        self.client: Callable[[Connection], str] = attrgetter("destination" if accepts else "source")
        self.kinds: tuple[str, ...] = ()
        """Those kinds of traffic of which these flows can be."""
        self.service: Callable[[Connection], str] | None = None
        """Which group that is; None where others have told these flows already."""
        self.counts: dict[Scope, int] = {}
        """Entries of each scope, or of each port of a scope: 2^32 for one that lingers, 1 for another."""

    def _keys(self) -> Iterator[tuple[Scope, int, int]]:
        """Each scope with its open and its lingering keys."""
        if not self.rule.is_by_port:
            keys, entries = self.rule.each.as_integer_ratio()
            for scope, count in self.counts.items():
                lingering, open_ = divmod(count, LINGERS)
                yield scope, -(-open_ * keys // entries), -(-lingering * keys // entries)  # rounded up
            return
        ports: dict[Scope, list[int]] = {}
        for (*parts, _), count in self.counts.items():
            ports.setdefault(tuple(parts), [0, 0])[0 if count % LINGERS else 1] += 1
        for scope, (open_, lingering) in ports.items():
            yield scope, open_, lingering

    def usage(self, top: int) -> tuple[Usage, Mapping[Scope, int]]:
        """The busiest of them; and all, with the keys that are taken."""
        busiest = nlargest(top, self._keys(), key=lambda each: each[1] + each[2])
        busy = tuple(Busy(self._labels(scope), *both) for scope, *both in busiest)
        taken = {} if self.rule.is_by_port else self.counts
        for scope, open_, lingering in self._keys():
            taken[scope] = lingering * LINGERS + open_  # in its place: there may be a million
        left_out = self.left_out["connections"]
        gone = self.gone["connections"] if self.gone else 0
        usage = Usage(self.limit, self.rule.size, self.rule.table, len(taken), busy, left_out, gone)
        return usage, taken

    def _labels(self, scope: Scope) -> dict[str, str]:
        parts = iter(scope)
        labels = {
            label: endpoint(str(next(parts)), cast(int, next(parts)))
            if label in _OF_TWO
            else str(next(parts))
            for label in self.rule.labels
        }
        zone = next(parts, None)
        return labels if zone is None else labels | {"zone": str(zone)}
