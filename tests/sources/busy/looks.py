"""Tables that are given, entry by entry, and what is seen in them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.limits.chains import Topology
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.file import from_dict
from tuplecalc.sources.busy.observe import observe
from tuplecalc.sources.busy.usage import Observation, Usage
from tuplecalc.sources.tables.connection import Connection, TableName, socket

WEB, MAIL = "198.18.9.9", "198.18.9.10"


@dataclass
class Given:
    entries: Collection[Connection]
    tables: Collection[TableName] = ("sockets", "tracking")
    name: str = "given"

    def __iter__(self) -> Iterator[Connection]:
        return iter(self.entries)


SOCKETS: tuple[TableName] = ("sockets",)


def end(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def sock(
    local: str, peer: str, state: Any = "open", protocol: Any = "tcp", left: float | None = None
) -> Connection:
    return socket(protocol, state, end(local), end(peer), left)


def entry(
    source: str,
    destination: str,
    answers: str = "",
    to: str = "",
    state: Any = "open",
    protocol: Any = "tcp",
    left: float | None = None,
) -> Connection:
    ends = end(source), end(destination), end(answers or destination), end(to or source)
    found = Connection("tracking", protocol, state, *(part for each in ends for part in each))  # type: ignore[arg-type]
    return found._replace(remaining=left)


def look(
    topology: Topology | Capacity, entries: Iterable[Connection], *hops: str, top: int = 10
) -> Observation:
    model = topology if isinstance(topology, Capacity) else capacity(from_dict(topology))
    return observe(model, [Given(list(entries))], hops, top)


def usage(seen: Observation, hop: str, name: str) -> Usage:
    (found,) = [each for each in seen.usages if (each.limit.hop, each.limit.name) == (hop, name)]
    return found


def limits(seen: Observation) -> list[Limit]:
    return [each.limit for each in seen.usages] + [each.limit for each in seen.uncounted]


def busy(found: Usage) -> dict[tuple[str, ...], tuple[int, int]]:
    """Open and lingering keys of each scope."""
    return {tuple(each.labels.values()): (each.open, each.lingering) for each in found.busiest}


HUB = {"clients": {"addresses": "198.18.0.1"}, "hops": [], "services": {"addresses": 1, "ports": 8001}}
SERVED = {"addresses": [WEB, MAIL], "ports": 80}
CLIENT = "198.18.0.1"
OUT = {"addresses": "198.18.1.1", "ports": "20000-20099", "max_entries": 1000}
TRACKED = [
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:20000"),
    entry("198.18.0.1:40001", f"{WEB}:80", to="198.18.1.1:20001", state="lingering"),
    entry("198.18.0.2:40001", f"{WEB}:80", to="198.18.1.1:20002", state="reset"),
    entry("198.18.0.2:40002", f"{MAIL}:25", to="198.18.1.1:20000", state="closing"),
    entry("198.18.1.1:20009", f"{WEB}:80"),  # the machine's own
    entry("198.18.0.3:40000", "198.18.7.7:80", f"{MAIL}:80", "198.18.1.1:20000"),  # with DNAT as well
]
NOT_ITS_OWN = [
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:1024"),
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.2:20000"),
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:20000", protocol="udp"),
    entry("198.18.0.1:40000", "198.18.1.1:22"),
    Connection("tracking", "other", "open", "", 0, "", 0, "", 0, "", 0),
]
