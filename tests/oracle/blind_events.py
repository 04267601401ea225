"""An event simulation of devices that choose ports blindly: a whole chain, flow by flow, and no formula.

Flows arrive at random moments (Poisson).  Who chooses a port picks it uniformly among those that its own
table does not hold; every table behind it in which the same key must be free is then looked at, and what is
taken there, by whatever its chooser could not see, is a collision.

* A device refuses the newcomer, of which nothing is kept.  A TPROXY that refuses looks into the tracking
  table of its machine before it takes a port of its own.
* Or the older one dies (TPROXY with ``collision = "kills-older"``): the newcomer always gets into the
  tracking table, and every living flow on the key dies with probability 1 - survival, also the newcomer
  itself where both its legs are on one key.  connect() does not look there, and closed keys do not hold.
  A dead flow keeps its sockets until it would have closed.

A cone that hashes puts each source on one of its addresses for good: a simulation is one such placement.

Each instance of a proxy looks into its own sockets and table alone; a flow comes to any of them, or with
``split = "services"`` to that of its service.

A flow fails if it is refused, finds no port, or dies.  Tables and files have no size here.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import NamedTuple

from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop
from tuplecalc.network.mix import Strand
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

TRIES = 30
BATCHES = 20


class Share(NamedTuple):
    """The share that failed, and its standard error from batches (failures come in clumps)."""

    failed: float
    error: float


@dataclass(frozen=True)
class Observed:
    """What failed of all flows, and of each kind."""

    all: Share
    kinds: dict[str, Share]


class RefusedError(Exception):
    """A flow does not get in."""


@dataclass(slots=True, eq=False)
class Flow:
    """An open flow; ``batch`` is where it counts."""

    kind: str
    batch: int
    is_dead: bool = False


@dataclass
class Simulation:
    """One run."""

    chain: Chain
    rate: float
    seed: int = 1
    fixed_hold: bool = False

    def __post_init__(self) -> None:
        _refuse_what_is_not_simulated(self.chain)
        self.random = Random(self.seed)
        self.held: defaultdict[Hashable, dict[int, list[Flow]]] = defaultdict(dict)
        self.endings: list[tuple[float, int, Hashable, int, Flow]] = []
        self.number = 0
        tracking = [hop for hop in self.chain.hops if isinstance(hop, Proxy) and hop.tracks]
        self.tracking = {hop.on for hop in tracking}
        self.kills = {hop.on: float(hop.survival) for hop in tracking if _kills(hop)}
        self.ways = [Way(strand) for strand in self.chain.strands]
        self.parts = [float(way.strand.part) for way in self.ways]
        self.ports: dict[PortSet, list[int]] = {}
        self.placed: dict[Hashable, int] = {}

    def run(self, arrivals: int, warm_up: int) -> Observed:
        """Offer so many flows; those of the warm-up are not counted, nor as many again at the end."""
        each = (arrivals - 2 * warm_up) // BATCHES
        offered, failed = ({way.strand.kind: [0] * BATCHES for way in self.ways} for _ in range(2))
        now = 0.0
        for number in range(warm_up + each * BATCHES + warm_up):
            now += self.random.expovariate(self.rate)
            while self.endings and self.endings[0][0] <= now:
                self._release(*heapq.heappop(self.endings)[2:])
            way = self.random.choices(self.ways, self.parts)[0] if len(self.ways) > 1 else self.ways[0]
            batch = (number - warm_up) // each
            flow = Flow(way.strand.kind, batch if 0 <= batch < BATCHES else -1)
            if flow.batch >= 0:
                offered[flow.kind][batch] += 1
            for lost in self._connect(flow, way, now):
                if lost.batch >= 0:
                    failed[lost.kind][lost.batch] += 1
        kinds = {name: _share(failed[name], offered[name]) for name in offered}
        total = ([sum(each) for each in zip(*of.values(), strict=True)] for of in (failed, offered))
        return Observed(_share(*total), kinds)

    def fill(self, flows: int) -> int:
        """Open flows one after the other, none of which closes; how many of them live."""
        living = 0
        for _ in range(flows):
            living += 1 - sum(1 for _ in self._connect(Flow("", -1), self.ways[0], 0.0))
        return living

    def pick(self, ports: PortSet, seen: Sequence[Mapping[int, object]], not_port: int | None) -> int:
        """A port, uniformly among those that are in none of the tables that the chooser sees."""
        several = self.ports.get(ports) or self.ports.setdefault(ports, [*ports])
        for _ in range(TRIES):
            port = several[int(self.random.random() * len(several))]
            if port == not_port:
                continue
            for table in seen:
                if port in table:
                    break
            else:
                return port
        free = [port for port in several if port != not_port and all(port not in table for table in seen)]
        if not free:
            raise RefusedError
        return self.random.choice(free)

    def _connect(self, flow: Flow, way: Way, now: float) -> Iterator[Flow]:
        """Let a flow in; those that fail by that."""
        try:
            keys, kept = Walk(self, way).keys()
        except RefusedError:
            yield flow
            return
        for key, seconds in keys:
            self._hold(key, now + seconds, flow)
        for (space, port), seconds, survival in kept:
            for older in self.held[space].get(port, ()):
                if not older.is_dead and self.random.random() >= survival:
                    older.is_dead = True
                    yield older
            self._hold((space, port), now + seconds, flow)

    def _hold(self, key: Key, until: float, flow: Flow) -> None:
        space, port = key
        self.held[space].setdefault(port, []).append(flow)
        self.number += 1
        heapq.heappush(self.endings, (until, self.number, space, port, flow))

    def _release(self, space: Hashable, port: int, flow: Flow) -> None:
        flows = self.held[space][port]
        flows.remove(flow)
        if not flows:
            del self.held[space][port]


class Way:
    """What the flows of a strand have on their way."""

    def __init__(self, strand: Strand) -> None:
        self.strand = strand
        self.hops = strand.hops
        self.is_udp = strand.protocol == "udp"
        self.first_close = float(strand.first_close)
        self.clients = strand.clients.addresses.size
        self.client_linger = float(strand.clients.linger)
        self.waits: dict[Hashable, float] = {}
        self.services: list[Hashable] = []
        weights: list[float] = []
        for place, group in enumerate(strand.services):
            for number in range(group.endpoints):
                service = (group.name or place, number)
                self.services.append(service)
                self.waits[service] = float(group.linger)
                weights.append(float(group.share or group.endpoints) / group.endpoints)
        self.weights = weights if len({*weights}) > 1 else None
        self.addressed = [self._addressed(place) for place in range(len(self.hops) + 1)]

    def _addressed(self, place: int) -> list[Hashable] | None:
        """What a leg that begins before a hop addresses on the way; None for the service itself."""
        for hop in self.hops[place:]:
            if isinstance(hop, Proxy) and hop.capture == "listen" and self.strand.is_captured(hop):
                return _listeners(hop)
            virtual = getattr(hop, "virtual", None)
            if virtual is not None:
                return [(hop.name, number) for number in range(virtual.addresses.size * virtual.ports.size)]
        return None


Key = tuple[Hashable, int]


class Walk:
    """One flow on its way: its leg, and the keys that it takes for so many seconds."""

    def __init__(self, simulation: Simulation, way: Way) -> None:
        self.simulation, self.way = simulation, way
        strand, self.random = way.strand, simulation.random
        self.hold = self.flow_hold = self._some_hold(float(strand.hold))
        self.by_client = self.random.random() < way.first_close
        several = way.services
        self.service = (
            self.random.choices(several, way.weights)[0]
            if way.weights
            else several[int(self.random.random() * len(several))]
        )
        self.source: Hashable = None
        self.port = 0
        self.to: Hashable = None
        self.taken: dict[Key, float] = {}
        self.entries: list[tuple[Key, float, float]] = []
        self.in_tables: set[Hashable] = set()
        self.instances: dict[str, int] = {}

    def keys(self) -> tuple[list[tuple[Key, float]], list[tuple[Key, float, float]]]:
        """Walk the whole way; what is taken, and what is taken where the older flow gives way."""
        clients = self.way.strand.clients
        self.source = self.way.strand.source, int(self.random.random() * self.way.clients)
        self._address(0)
        linger = self.way.client_linger * self.by_client
        spaces: list[Hashable] = [("clients", self.source, self.to)]
        if clients.allocation == "bind":
            spaces.append(("clients' bind", self.source))
        self._choose(clients.ports, spaces, self._held(linger, 0.0))
        for place, hop in enumerate(self.way.hops):
            if not self.way.strand.is_captured(hop):
                self._passes(hop)
            elif isinstance(hop, Cone):
                self._cone(hop, place)
            elif isinstance(hop, Forwarder):
                self._forwarder(hop, place)
            elif isinstance(hop, Proxy):
                self._proxy(hop, place)
        self._take(("services", self.source, self.to), self._held(self._wait(), 0.0))
        return [*self.taken.items()], self.entries

    def _cone(self, hop: Cone, place: int) -> None:
        number = self.random.randrange(hop.addresses.size * hop.instances)
        if hop.spread == "hashed" and hop.addresses.size > 1:
            number = self.simulation.placed.setdefault((hop.name, self.source), number)
        self.source = hop.name, number
        self._address(place + 1)
        space: list[Hashable] = [("cone", self.source, self.to)]
        if hop.mapping == "endpoint-independent":
            space = [("cone", self.source)]
        linger = float(hop.linger)
        self._choose(hop.ports, space, self._held(linger, hop.udp_timeout))

    def _forwarder(self, hop: Forwarder, place: int) -> None:
        self._passes(hop)
        if hop.virtual is not None:
            self._address(place + 1)
        if hop.virtual is not None or hop.reuse_after:
            seconds = self._held(float(hop.reuse_after), hop.udp_timeout)
            self._take(("forwarded", hop.on, self.source, self.to), seconds)

    def _passes(self, hop: Hop) -> None:
        if hop.on in self.simulation.tracking:
            self._enter(hop, self._held(0.0, hop.udp_timeout))

    def _proxy(self, hop: Proxy, place: int) -> None:
        accepted = self._held(float(hop.accept_wait) * (not self.by_client), hop.udp_timeout)
        if hop.capture != "nat":
            self._take(("accepted", hop.on, self.source, self.to), accepted)
        if hop.on in self.simulation.tracking:
            self._enter(hop, accepted)
        if hop.capture == "nat":
            self._rewritten(hop)
        if hop.upstream_hold is not None:
            self.hold = self._some_hold(float(hop.upstream_hold))
        if hop.upstream_first_close is not None:
            self.by_client = self.random.random() < hop.upstream_first_close
        if hop.source == "own":
            self.source = hop.on, self.random.randrange(hop.addresses.size * hop.instances)
        self._address(place + 1)
        upstream = self._held(float(hop.linger) * self.by_client, hop.udp_timeout)
        machine = self._machine(hop)
        space = ("upstream", machine, self.source, self.to)
        if hop.own_ports is None:
            self._take(space, upstream)
        else:
            spaces: list[Hashable] = [space]
            if hop.allocation == "bind":
                spaces.append(("bind", machine, self.source))
            seen = []
            if hop.capture == "tproxy" and hop.tracks and not _kills(hop):
                seen = [("table", machine, self.source, self.to)]
            self._choose(hop.own_ports, spaces, upstream, seen)
        if hop.on in self.simulation.tracking:
            self._enter(hop, upstream)

    def _machine(self, hop: Hop) -> Hashable:
        """The instance that the flow came to."""
        if hop.on not in self.instances:
            number = self.random.randrange(hop.instances) if hop.instances > 1 else 0
            if getattr(hop, "split", "flows") == "services":
                number = self.way.services.index(self.service) % hop.instances
            self.instances[hop.on] = number
        return hop.on, self.instances[hop.on]

    def _rewritten(self, hop: Proxy) -> None:
        """The capture keeps the port if it may and can, and else takes any that is free."""
        listener = self.random.choice(_listeners(hop))
        space = self._space(("listener", self._machine(hop), self.source, listener))
        port, held = self.port, self.simulation.held[space]
        if port in held or port not in hop.rewrite_ports:
            port = self.simulation.pick(hop.rewrite_ports, [held], None)
        self.taken[space, port] = self._held(float(hop.tracking_time_wait), hop.udp_timeout)

    def _address(self, place: int) -> None:
        """A leg begins that addresses this."""
        several = self.way.addressed[place]
        if several is None:
            self.to = self.service
        elif self.to not in several:
            self.to = self.random.choice(several)
        self.in_tables = set()

    def _choose(
        self, ports: PortSet, spaces: Sequence[Hashable], seconds: float, seen: Sequence[Hashable] = ()
    ) -> None:
        held = self.simulation.held
        views = [held[self._space(space)] for space in (*spaces, *seen)]
        mine = {port for space in seen for at, port in self.taken if at == self._space(space)}
        self.port = self.simulation.pick(ports, views, next(iter(mine), None))
        for space in spaces:
            self.taken[self._space(space), self.port] = seconds

    def _take(self, space: Hashable, seconds: float) -> None:
        """Have the key of this leg where it was not chosen."""
        key = self._space(space), self.port
        if key in self.in_tables:  # two hops of one machine: it is there once, for the longer time
            self.taken[key] = max(self.taken[key], seconds)
            return
        if self.port in self.simulation.held[key[0]] or key in self.taken:
            raise RefusedError
        self.taken[key] = seconds
        self.in_tables.add(key)

    def _enter(self, hop: Hop, seconds: float) -> None:
        """Have the key of this leg in the tracking table of a machine."""
        space = "table", self._machine(hop), self.source, self.to
        survival = self.simulation.kills.get(hop.on)
        if survival is None:
            self._take(space, seconds)
            return
        key = self._space(space), self.port
        if key not in self.in_tables:
            self.in_tables.add(key)
            self.entries.append((key, self._held(0.0, hop.udp_timeout), survival))

    def _space(self, space: Hashable) -> Hashable:
        return space, self.way.is_udp

    def _held(self, linger: float, udp_timeout: object) -> float:
        return self.hold + (float(udp_timeout) if self.way.is_udp else linger)  # type: ignore[arg-type]

    def _wait(self) -> float:
        return 0.0 if self.by_client else self.way.waits[self.service]

    def _some_hold(self, mean: float) -> float:
        return mean if self.simulation.fixed_hold or not mean else self.random.expovariate(1 / mean)


def _kills(hop: Proxy) -> bool:
    return hop.capture == "tproxy" and hop.collision == "kills-older"


def _listeners(hop: Proxy) -> list[Hashable]:
    size = hop.listen_addresses.size * hop.listen_ports.size * hop.instances
    return [(hop.on, "listener", number) for number in range(size)]


def _share(failed: Sequence[int], offered: Sequence[int]) -> Share:
    batches = [lost / of for lost, of in zip(failed, offered, strict=True) if of]
    mean = sum(failed) / sum(offered)
    spread = sum((batch - mean) ** 2 for batch in batches) / (len(batches) - 1)
    return Share(mean, sqrt(spread / len(batches)))


def _refuse_what_is_not_simulated(chain: Chain) -> None:
    """What this simulation does not know must not look as if it had no effect."""
    unknown = [f"{group.path}.max_files" for group in chain.clients if group.max_files is not None]
    tracking = {hop.on for hop in chain.hops if isinstance(hop, Proxy) and hop.tracks}
    plain: dict[str, object] = {"max_entries": None, "max_files": None, "block": None, "overflow": None}
    plain |= {"destinations": None, "client_ports": None, "port_search": "exhaustive"}
    for hop in chain.hops:
        unknown += [f"{hop.path}.{key}" for key, value in plain.items() if getattr(hop, key, value) != value]
        if isinstance(hop, Cone) and hop.on in tracking:
            unknown.append(f"{hop.path}.machine")
        if isinstance(hop, Proxy):
            if hop.connections_per_flow != 1:
                unknown.append(f"{hop.path}.connections_per_flow")
            if hop.split == "services" and hop.capture != "tproxy":
                unknown.append(f"{hop.path}.split")
    if unknown:
        raise NotImplementedError(f"not simulated: {', '.join(unknown)}")
