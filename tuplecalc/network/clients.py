"""Clients: groups of sources at the head of the chain."""

from __future__ import annotations

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.hop import EPHEMERAL_PORTS, Sockets
from tuplecalc.network.part import step
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import Count, Name


class Clients(Sockets, defer_build=False):
    """A group of sources at the head of the chain.

    >>> Clients(addresses="198.18.0.0/16").ports.size
    28232
    """

    table = "[clients]"

    name: Name | None = None
    """Unique among the groups of clients; needed where there are several."""
    addresses: AddressSet
    """The clients' addresses: a count, CIDR blocks, ranges."""
    ports: PortSet = EPHEMERAL_PORTS
    """Source ports of each address."""
    flows_each: Count | None = None
    """Connections that each address wants open at once."""
    max_files: Count | None = None
    """Open connections of one address (ulimit)."""

    @property
    def path(self) -> str:
        """The path of the group in settings and messages: ``clients``, with its name where it has one."""
        return "clients" if self.name is None else f"clients.{step(self.name)}"
