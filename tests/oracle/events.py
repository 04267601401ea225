"""An event simulation of a whole chain: it knows what the file means, and no formula.

Connections arrive at random moments (Poisson) and take a key in every table on their way, or fail
and are not tried again.  Clients and cones choose in concert with the proxy behind them: a port is
taken only if it is free there as well, so that what fails, fails for want of room.  A proxy does not
know what one behind it holds.  Where the ports of a cone and of the proxy
behind it overlap in part, the cone prefers those that the proxy cannot use.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from random import Random

from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy


@dataclass(frozen=True)
class Outcome:
    """What became of the connections after the warm-up, and when the first one failed.

    ``kinds`` are the same of each kind of traffic.
    """

    offered: int
    failed: int
    batches: tuple[float, ...]
    first_failure: float | None
    kinds: dict[str, Outcome] = field(default_factory=dict)

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
        self.homes: dict[tuple[str, Hashable], int] = {}
        self.strands = chain.strands
        self.parts = [float(strand.part) for strand in self.strands]
        self.services = [list(_endpoints(strand)) for strand in self.strands]
        self.ports = {group.name or "clients": frozenset(group.ports) for group in chain.clients}
        self.ports |= {hop.name: frozenset(hop.ports) for hop in chain.hops if not isinstance(hop, Forwarder)}

    def run(self, arrivals: int, warm_up: int, batches: int = 20) -> Outcome:
        """Offer so many connections; those of the warm-up are not counted."""
        now, first = 0.0, None
        each = (arrivals - warm_up) // batches
        names = dict.fromkeys(strand.kind for strand in self.strands)
        offered, failed = ({name: [0] * batches for name in names} for _ in range(2))
        for number in range(warm_up + each * batches):
            now += self.random.expovariate(self.rate)
            while self.endings and self.endings[0][0] <= now:
                self._release(*heapq.heappop(self.endings)[2:])
            strand = self._strand()
            connects = self._connect(strand, now)
            if not connects:
                first = now if first is None else first
            if number >= warm_up:
                batch = (number - warm_up) // each
                offered[self.strands[strand].kind][batch] += 1
                failed[self.strands[strand].kind][batch] += not connects
        kinds = {name: _outcome(offered[name], failed[name], None) for name in names}
        all_of, all_failed = (
            [sum(of) for of in zip(*counts.values(), strict=True)] for counts in (offered, failed)
        )
        return replace(_outcome(all_of, all_failed, first), kinds=kinds)

    def until_first_failure(self) -> float:
        """Seconds from empty until the first connection fails."""
        now = 0.0
        while True:
            now += self.random.expovariate(self.rate)
            while self.endings and self.endings[0][0] <= now:
                self._release(*heapq.heappop(self.endings)[2:])
            if not self._connect(self._strand(), now):
                return now

    def _strand(self) -> int:
        """Of which kind the next connection is, from which clients, to which services."""
        several = range(len(self.strands))
        return self.random.choices(several, self.parts)[0] if len(several) > 1 else 0

    def _connect(self, which: int, now: float) -> bool:
        """Take a key everywhere, or nothing."""
        strand = self.strands[which]
        clients, hops = strand.clients, [hop for hop in self.chain.hops if strand.crosses(hop)]
        endpoints, weights = zip(*self.services[which], strict=True)
        endpoint = self.random.choices(endpoints, weights)[0]
        client = strand.source, self.random.randrange(clients.addresses.size)
        mean = float(strand.hold)
        hold = mean if self.fixed_hold else self.random.expovariate(1 / mean) if mean else 0.0
        by_client = self.random.random() < strand.first_close
        # (scope, port or None, seconds) of every key that this connection takes
        keys: list[tuple[Hashable, int, float]] = []
        source: Hashable = client
        own = ("clients", source, endpoint)
        ports = self.ports[clients.name or "clients"]
        port = self._pick(own, self._allowed_behind(strand, hops, own, source, endpoint, ports))
        if port is None:
            return False
        linger = float(clients.linger) if by_client else 0.0
        keys.append((own, port, hold + linger))
        for place, hop in enumerate(hops):
            captured = strand.is_captured(hop)
            if hop.max_entries is not None:
                legs = hop.tuples_per_flow if captured else 1
                if self.counted.get(hop.name, 0) + legs > hop.max_entries:
                    return False
                keys += [(hop.name, -1, hold + float(hop.tracking_time_wait))] * legs
            if isinstance(hop, Cone):
                source = (hop.name, self._home(hop, client))
                scope = (hop.name, source, endpoint)
                behind = hops[place + 1 :]
                ports = self.ports[hop.name]
                port = self._pick(scope, self._allowed_behind(strand, behind, scope, source, endpoint, ports))
                if port is None:
                    return False
                keys.append((scope, port, hold + float(hop.linger)))
            elif isinstance(hop, Proxy) and not captured:
                table = (hop.name, "table", source, endpoint)
                if _is_one_table(hop) and port in self.used.get(table, set()):
                    return False
                keys += [(table, port, hold)] if _is_one_table(hop) else []
            elif isinstance(hop, Proxy):
                down, up = float(hop.linger) * (not by_client), float(hop.linger) * by_client
                shared = _is_one_table(hop)
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
                    address = self.random.randrange(hop.addresses.size)
                    source = (hop.name, address)
                    table = (hop.name, "upstream", address, endpoint)
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
        self,
        strand: Strand,
        hops: Sequence[Hop],
        scope: Hashable,
        source: Hashable,
        endpoint: Hashable,
        ports: frozenset[int],
    ) -> frozenset[int]:
        """Ports that are free at the proxy behind as well; those that it cannot use itself, if there are."""
        changed = (hop for hop in hops if not isinstance(hop, Forwarder))
        behind = next(changed, None)
        if not isinstance(behind, Proxy):
            return ports
        if not strand.is_captured(behind) and not _is_one_table(behind):
            return ports
        kind = "table" if _is_one_table(behind) else "accepted"
        ports = ports - self.used.get((behind.name, kind, source, endpoint), set())
        own = self.ports[behind.name] if kind == "table" else frozenset()
        preferred = ports - own
        return preferred if preferred - self.used.get(scope, set()) else ports

    def _home(self, hop: Cone, client: Hashable) -> int:
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
    unknown = [] if all(group.allocation == "tuple" for group in chain.clients) else ["clients.allocation"]
    for hop in chain.hops:
        settings = {"instances": 1, "virtual": None, "mapping": "endpoint-dependent", "block": None}
        settings |= {"destinations": None, "overflow": None, "client_ports": None}
        settings |= {"port_search": "exhaustive", "allocation": "tuple", "split": "flows"}
        unknown += [
            f"{hop.path}.{key}" for key, plain in settings.items() if getattr(hop, key, plain) != plain
        ]
        if isinstance(hop, Proxy):
            plain = hop.capture == "tproxy" and hop.source != "client-port" and hop.is_plain
            unknown += [] if plain and hop.machine is None else [hop.path]
    if unknown:
        raise NotImplementedError(f"not simulated: {', '.join(unknown)}")


def _endpoints(strand: Strand) -> Iterator[tuple[Hashable, float]]:
    """The endpoints by their groups, and how often each is called."""
    total = sum(group.endpoints for group in strand.services)
    for place, group in enumerate(strand.services):
        name = group.name if group.name is not None else place
        weight = float(group.share) / group.endpoints if group.share else 1 / total
        yield from (((name, number), weight) for number in range(group.endpoints))


def _is_one_table(hop: Proxy) -> bool:
    """Whether one table keys all legs under the client's address."""
    return hop.source == "client" and hop.tracking == "strict"


def _outcome(offered: Sequence[int], failed: Sequence[int], first: float | None) -> Outcome:
    batches = tuple(lost / of for lost, of in zip(failed, offered, strict=True) if of)
    return Outcome(sum(offered), sum(failed), batches, first)
