"""What entries of a table are matched against: a limit's flows, ports, addresses, endpoints, listeners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import ip_address
from math import floor
from typing import Any

from tuplecalc.limits.expression import Size
from tuplecalc.limits.limit import Limit
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.hop import Hop, Virtual
from tuplecalc.network.mix import Strand
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.sources.tables.connection import ANY, Connection

Heard = Mapping[str, set[int]]
"""The ports of listening sockets, by protocol."""
IsAddress = Callable[[str], bool]
IsEndpoint = Callable[[str, int], bool]
_PORTS = 100_000
"""More than any five digits that stand for a port."""
_KNOWN = 1 << 16


@dataclass(frozen=True)
class At:
    """A limit in its chain, and what its rule asks."""

    chain: Chain
    limit: Limit
    heard: Heard
    left_out: Counter[str] = field(default_factory=Counter)
    """Entries that are like its flows', but go to services that the chain does not name."""
    unknown: Container[str] = ()
    """Groups of services whose endpoints only stand in for what is not known: they have what no other has."""

    @cached_property
    def strands(self) -> tuple[Strand, ...]:
        """The flows that take its keys."""
        whose = {part.flow.strand for part in self.limit.parts}
        every = self.chain.strands
        return tuple(each for each in every if (each.kind, each.source, each.target) in whose) or every

    @cached_property
    def protocols(self) -> frozenset[str]:
        """Theirs."""
        return frozenset(each.protocol for each in self.strands)

    @cached_property
    def hops(self) -> tuple[Any, ...]:
        """Its hop, with the addresses of each family that these flows have there."""
        return tuple(hop for each in self.strands for hop in each.hops if hop.name == self.limit.hop)

    @property
    def hop(self) -> Any:
        """Its hop."""
        return self.hops[0]

    @cached_property
    def gives_way(self) -> bool:
        """Whether a closed connection yields its key to the next one: none is taken after the close."""
        if any(isinstance(hop, Cone) and hop.closing == "gives-way" for hop in self.hops):
            return self.limit.kind.resource == "ports"
        lingers = self.limit.lingers
        return bool(lingers) and not any(any(each) for each in lingers)

    @property
    def size(self) -> int:
        """Keys of one scope."""
        return floor(self.limit.size.value)

    @cached_property
    def ports(self) -> bytearray:
        """The ports that are its keys; all where its size is not that of a set of ports."""
        sets = self.limit.size.sets if isinstance(self.limit.size, Size) else ()
        return flags(each.ports for each in sets) if sets else bytearray(b"\1" * _PORTS)

    def is_heard(self, connection: Connection) -> bool:
        """Whether a socket is one that a listener accepted, or has its port."""
        return connection.source_port in self.heard[connection.protocol]

    @cached_property
    def services(self) -> IsEndpoint:
        """Whether an address and a port are what flows address behind the hop."""
        return self._addressed(self.strands)

    @cached_property
    def _known(self) -> IsEndpoint:
        """The same of flows of all kinds."""
        return self._addressed(self.chain.strands)

    @cached_property
    def _instead(self) -> Virtual | None:
        """What is addressed behind the hop instead of the services."""
        names = ["clients", *(hop.name for hop in self.chain.hops), "services"]
        behind = self.chain.hops[names.index(self.limit.hop) :]
        return next((found for hop in behind if (found := stands_in(hop)) is not None), None)

    def _addressed(self, strands: Iterable[Strand]) -> IsEndpoint:
        if self._instead:
            return endpoints([self._instead])
        groups = (each for flow in strands for each in flow.services)
        return endpoints([each for each in groups if each.name not in self.unknown])

    def _are_unknown(self, strands: Iterable[Strand]) -> bool:
        """Whether flows go to a group that has what no other has."""
        groups = (each for flow in strands for each in flow.services)
        return self._instead is None and any(each.name in self.unknown for each in groups)

    @cached_property
    def _has_the_rest(self) -> bool:
        """Whether its flows go to endpoints that no group is known to have."""
        return self._are_unknown(self.strands)

    @cached_property
    def _others_have_the_rest(self) -> bool:
        """Whether those of any kind do."""
        return self._are_unknown(self.chain.strands)

    @cached_property
    def is_client(self) -> IsAddress | None:
        """Whether flows come to the hop from an address; None where that is not known."""
        if self.limit.hop not in {"clients", *(hop.name for flow in self.strands for hop in flow.hops[:1])}:
            return None
        return within(flow.clients.addresses for flow in self.strands)

    def is_accepted(self, connection: Connection) -> bool:
        """Whether a socket was accepted in the place of a service, or by it.

        The chain need not name the service: then it is by the client at the other end, and where clients
        are not known either by the port, which is none that the hop connects from.
        """
        if self.services(connection.source, connection.source_port):
            return True
        is_heard = self.is_heard(connection)
        if self.limit.hop == "services" or is_heard:
            return self.limit.hop == "services" and is_heard
        if self.is_client is None:
            return not self._own[connection.source_port]
        return self.is_client(connection.destination) and not self.is_client(connection.source)

    @cached_property
    def _own(self) -> bytearray:
        """The ports that the hop connects from."""
        return flags(hop.ports for hop in self.hops)

    @cached_property
    def listeners(self) -> IsEndpoint | None:
        """Whether the hop listens at an endpoint; None where the chain does not say its ports."""
        if "listen_ports" not in self.hop.stated:
            return None
        return endpoints([listeners(hop) for hop in self.hops])

    @cached_property
    def is_of_all(self) -> bool:
        """Whether its flows go to all services: then it has those that the chain does not name as well."""
        return {each.target for each in self.strands} == {each.target for each in self.chain.strands}

    def towards(self, address: str, port: int) -> bool:
        """Whether its flows go to this endpoint; counts those that go to none that the chain names."""
        if self.is_of_all or self.services(address, port):
            return True
        if self._known(address, port):
            return False
        self.left_out["connections"] += not self._others_have_the_rest
        return self._has_the_rest


def stands_in(hop: Hop) -> Virtual | None:
    """What is addressed before a hop instead of the services."""
    if isinstance(hop, Proxy):
        return listeners(hop) if hop.capture == "listen" else None
    return getattr(hop, "virtual", None)


def listeners(hop: Proxy) -> Virtual:
    """The endpoints at which a proxy listens."""
    return Virtual(addresses=hop.listen_addresses, ports=hop.listen_ports)


def flags(sets: Iterable[PortSet]) -> bytearray:
    """A byte for each port: whether one of the sets has it."""
    found = bytearray(_PORTS)
    for ports in sets:
        for low, high in ports.ranges:
            found[low : high + 1] = b"\1" * (high + 1 - low)
    return found


def within(sets: Iterable[AddressSet]) -> IsAddress | None:
    """Whether an address is in one of the sets; None where one is a count, which may be any.

    >>> is_own = within([AddressSet("198.18.0.0/30")])
    >>> is_own("198.18.0.3"), is_own("198.18.0.4"), within([AddressSet(4)])
    (True, False, None)
    """
    several = list(sets)
    if any(each.count for each in several):
        return None
    ranges = [each for addresses in several for each in addresses.ranges]

    @lru_cache(maxsize=_KNOWN)
    def has(address: str) -> bool:
        found = ip_address(address)
        return any(version == found.version and low <= int(found) <= high for version, low, high in ranges)

    return lambda address: address != ANY and has(address)


def endpoints(groups: Sequence[Services | Virtual]) -> IsEndpoint:
    """Whether an address and a port are an endpoint of one of these."""
    known = [(within([each.addresses]), flags([each.ports])) for each in groups]

    @lru_cache(maxsize=_KNOWN)
    def has(address: str, port: int) -> bool:
        return any(ports[port] and (is_there is None or is_there(address)) for is_there, ports in known)

    return has
