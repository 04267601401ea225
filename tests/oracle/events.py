"""An event simulation of a whole chain: it knows what the file means, and no formula.

Connections arrive at random moments (Poisson) and take a key in every table on their way, or fail
and are not tried again.  Clients and cones choose in concert with the proxy behind them: a port is
taken only if it is free there as well, so that what fails, fails for want of room.  A proxy does not
know what one behind it holds.  Where the ports of a cone and of the proxy
behind it overlap in part, the cone prefers those that the proxy cannot use.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from math import sqrt
from random import Random

from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services


@dataclass(frozen=True)
class Outcome:
    """What became of the connections after the warm-up, and when the first one failed."""

    offered: int
    failed: int
    batches: tuple[float, ...]
    first_failure: float | None

    @property
    def share(self) -> float:
        """The share that failed."""
        return self.failed / self.offered

    @property
    def error(self) -> float:
        """The standard error of the share, from batches (failures come in clumps)."""
        mean = sum(self.batches) / len(self.batches)
        spread = sum((batch - mean) ** 2 for batch in self.batches) / (len(self.batches) - 1)
        return sqrt(spread / len(self.batches))


class Simulation:
    """One run of a chain with clients, cones, forwarders with entries, and proxies that capture by TPROXY."""

    def __init__(self, chain: Chain, rate: float, seed: int, fixed_hold: bool = False) -> None:
        _refuse_what_is_not_simulated(chain)
        self.chain, self.rate, self.random = chain, rate, Random(seed)
        self.fixed_hold = fixed_hold
        self.used: dict[Hashable, set[int]] = {}
        self.counted: dict[Hashable, int] = {}
        self.endings: list[tuple[float, int, Hashable, int]] = []
        self.numbers = 0
        self.homes: dict[tuple[str, int], int] = {}
        self.services = list(_endpoints(chain.services))
        self.weights = [weight for _, weight in self.services]
        self.ports = {"clients": frozenset(chain.clients[0].ports)}
        self.ports |= {hop.name: frozenset(hop.ports) for hop in chain.hops if not isinstance(hop, Forwarder)}

    def run(self, arrivals: int, warm_up: int, batches: int = 20) -> Outcome:
        """Offer so many connections; those of the warm-up are not counted."""
        now, first, failed = 0.0, None, [0] * batches
        each = (arrivals - warm_up) // batches
        for number in range(warm_up + each * batches):
            now += self.random.expovariate(self.rate)
            while self.endings and self.endings[0][0] <= now:
                self._release(*heapq.heappop(self.endings)[2:])
            if not self._connect(now):
                first = now if first is None else first
                if number >= warm_up:
                    failed[(number - warm_up) // each] += 1
        return Outcome(each * batches, sum(failed), tuple(count / each for count in failed), first)

    def until_first_failure(self) -> float:
        """Seconds from empty until the first connection fails."""
        now = 0.0
        while True:
            now += self.random.expovariate(self.rate)
            while self.endings and self.endings[0][0] <= now:
                self._release(*heapq.heappop(self.endings)[2:])
            if not self._connect(now):
                return now

    def _connect(self, now: float) -> bool:
        """Take a key everywhere, or nothing."""
        traffic, clients = self.chain.traffic, self.chain.clients[0]
        endpoint = self.random.choices(range(len(self.weights)), self.weights)[0]
        client = self.random.randrange(clients.addresses.size)
        mean = float(traffic.hold)
        hold = mean if self.fixed_hold else self.random.expovariate(1 / mean) if mean else 0.0
        by_client = self.random.random() < traffic.first_close
        # (scope, port or None, seconds) of every key that this connection takes
        keys: list[tuple[Hashable, int, float]] = []
        source: Hashable = client
        allowed = self._allowed_behind(-1, source, endpoint, self.ports["clients"])
        port = self._pick(("clients", source, endpoint), allowed)
        if port is None:
            return False
        linger = float(clients.linger) if by_client else 0.0
        keys.append((("clients", source, endpoint), port, hold + linger))
        for place, hop in enumerate(self.chain.hops):
            if hop.max_entries is not None:
                legs = hop.tuples_per_flow
                if self.counted.get(hop.name, 0) + legs > hop.max_entries:
                    return False
                keys += [(hop.name, -1, hold + float(hop.tracking_time_wait))] * legs
            if isinstance(hop, Cone):
                source = (hop.name, self._home(hop, client))
                scope = (hop.name, source, endpoint)
                allowed = self._allowed_behind(place, source, endpoint, self.ports[hop.name])
                port = self._pick(scope, allowed)
                if port is None:
                    return False
                keys.append((scope, port, hold + float(hop.linger)))
            elif isinstance(hop, Proxy):
                down, up = float(hop.linger) * (not by_client), float(hop.linger) * by_client
                shared = hop.source == "client" and hop.tracking == "strict"
                if hop.max_files is not None:
                    if self.counted.get((hop.name, "files"), 0) + 2 > hop.max_files:
                        return False
                    keys += [((hop.name, "files"), -1, hold)] * 2
                taken = {port} if shared else set()
                table = (hop.name, "table", source, endpoint)
                accepted = table if shared else (hop.name, "accepted", source, endpoint)
                if port in self.used.get(accepted, set()):
                    return False
                keys.append((accepted, port, hold + down))
                if hop.source == "own":
                    own = self.random.randrange(hop.addresses.size)
                    source = (hop.name, own)
                    table = (hop.name, "upstream", own, endpoint)
                elif not shared:
                    table = (hop.name, "upstream", source, endpoint)
                upstream = self._pick(table, self.ports[hop.name] - taken)
                if upstream is None:
                    return False
                keys.append((table, upstream, hold + up))
                port = upstream
        for key, number, seconds in keys:
            self._take(key, number, now + seconds)
        return True

    def _allowed_behind(
        self, place: int, source: Hashable, endpoint: int, ports: frozenset[int]
    ) -> frozenset[int]:
        """Ports that are free at the proxy behind as well; those that it cannot use itself, if there are."""
        changed = (h for h in self.chain.hops[place + 1 :] if not isinstance(h, Forwarder))
        behind = next(changed, None)
        if not isinstance(behind, Proxy):
            return ports
        kind = "table" if behind.source == "client" and behind.tracking == "strict" else "accepted"
        ports = ports - self.used.get((behind.name, kind, source, endpoint), set())
        own = self.ports[behind.name] if kind == "table" else frozenset()
        scope = ("clients" if place < 0 else self.chain.hops[place].name, source, endpoint)
        preferred = ports - own
        return preferred if preferred - self.used.get(scope, set()) else ports

    def _home(self, hop: Cone, client: int) -> int:
        if hop.spread == "even":
            return self.random.randrange(hop.addresses.size)
        return self.homes.setdefault((hop.name, client), self.random.randrange(hop.addresses.size))

    def _pick(self, scope: Hashable, ports: frozenset[int]) -> int | None:
        free = ports - self.used.get(scope, set())
        return self.random.choice(sorted(free)) if free else None

    def _take(self, scope: Hashable, port: int, until: float) -> None:
        if port < 0:
            self.counted[scope] = self.counted.get(scope, 0) + 1
        else:
            self.used.setdefault(scope, set()).add(port)
        self.numbers += 1
        heapq.heappush(self.endings, (until, self.numbers, scope, port))

    def _release(self, scope: Hashable, port: int) -> None:
        if port < 0:
            self.counted[scope] -= 1
        else:
            self.used[scope].discard(port)


def _refuse_what_is_not_simulated(chain: Chain) -> None:
    """What this simulation does not know must not look as if it had no effect."""
    unknown = [] if chain.clients[0].allocation == "tuple" else ["clients.allocation"]
    for hop in chain.hops:
        settings = {"instances": 1, "virtual": None, "mapping": "endpoint-dependent", "block": None}
        settings |= {"destinations": None, "overflow": None, "client_ports": None}
        settings |= {"port_search": "exhaustive", "allocation": "tuple", "split": "flows"}
        unknown += [
            f"{hop.path}.{key}" for key, plain in settings.items() if getattr(hop, key, plain) != plain
        ]
        if isinstance(hop, Proxy):
            unknown += [] if hop.capture == "tproxy" and hop.source != "client-port" else [hop.path]
    if unknown:
        raise NotImplementedError(f"not simulated: {', '.join(unknown)}")


def _endpoints(groups: tuple[Services, ...]) -> Iterator[tuple[int, float]]:
    total = sum(group.endpoints for group in groups)
    for group in groups:
        weight = float(group.share) / group.endpoints if group.share else 1 / total
        yield from ((number, weight) for number in range(group.endpoints))
