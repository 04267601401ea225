"""What hops have in common: a name, machines side by side, a tracking table, tuples that linger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal

from tuplecalc.errors import Problem
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.part import Part, step
from tuplecalc.network.ports import PortSet
from tuplecalc.network.presets import PresetPart
from tuplecalc.network.values import Count, Name, Names, Seconds

EPHEMERAL_PORTS = PortSet("32768-60999")  # net.ipv4.ip_local_port_range
UNPRIVILEGED_PORTS = PortSet("1024-65535")  # nf_nat_core: the class of ordinary ports


class Lingering(PresetPart, defer_build=True):
    """A part that keeps a tuple for a while after the close."""

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """The keys that say how long a closed tuple stays taken here, in seconds; the least counts."""
        raise NotImplementedError

    @property
    def linger(self) -> Fraction:
        """How long a closed tuple stays taken here, in seconds: the least of :attr:`linger_by`."""
        return min(self.linger_by.values())


class Waiting(Lingering, defer_build=True):
    """A part whose own tuples wait after the close (TIME_WAIT)."""

    time_wait: Seconds = Fraction(60)
    """How long a tuple stays taken after the close (TIME_WAIT)."""
    reuse_after: Seconds | None = None
    """Cuts ``time_wait``: a tuple may be used again after this time (RFC 6191, tcp_tw_reuse)."""

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """``time_wait``, and ``reuse_after`` where it is given."""
        found = {"time_wait": self.time_wait}
        return found if self.reuse_after is None else found | {"reuse_after": self.reuse_after}


class Sockets(Waiting, defer_build=True):
    """A part whose ports are sockets of its own: the clients, or a proxy."""

    allocation: Literal["tuple", "bind"] = "tuple"
    """"tuple": a port may be used again towards another destination; "bind" (before connect, without
    IP_BIND_ADDRESS_NO_PORT): it is taken for all destinations, and ``reuse_after`` does not count."""

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """``time_wait`` and ``reuse_after``; with ``allocation = "bind"`` only ``time_wait``."""
        return {"time_wait": self.time_wait} if self.allocation == "bind" else super().linger_by


class Virtual(Part):
    """The destination that clients of a hop use instead of the services' own (a virtual service)."""

    addresses: AddressSet
    ports: PortSet


class Hop(Lingering, defer_build=True):
    """What cones, forwarders and proxies have in common."""

    table = "[[hops]]"

    name: Name
    """Unique in the chain; not empty."""
    traffic: Names | None = None
    """Kinds that cross this hop, the others go round it; all where it is left out."""
    machine: Name | None = None
    """The machine that it is on: hops of one share its sockets, tables and files, and the same addresses."""
    instances: Count = 1
    """Identical machines side by side."""
    max_entries: Count | None = None
    """Tracking-table size of one instance (nf_conntrack_max)."""
    tracking_time_wait: Seconds = Fraction(120)
    """How long a tracking entry lingers after the close."""
    udp_timeout: Seconds = Fraction(120)
    """How long a mapping or a session of UDP outlives its last packet."""

    layers: ClassVar[str] = ""
    """The layers of an hourglass of this class."""
    tuples_per_flow: ClassVar[int] = 1
    """Tuples that a flow has here: a proxy ends one connection and begins another."""

    @property
    def own_addresses(self) -> AddressSet | None:
        """The addresses of one instance that flows leave from; None where they keep their clients'."""
        return None

    @property
    def own_ports(self) -> PortSet | None:
        """The ports that this hop chooses from; None where flows keep their ports."""
        return None

    @property
    def on(self) -> str:
        """The machine that it is on, its own where none is named."""
        return self.machine or self.name

    @property
    def path(self) -> str:
        """The path of the hop in settings and messages: ``hops.nat``, in quotes where it needs them."""
        return f"hops.{step(self.name)}"

    def written(self) -> dict[str, Any]:
        """The keys that were given, and which kind of hop it is."""
        return {"kind": type(self).model_fields["kind"].default, **super().written()}

    @classmethod
    def elsewhere(cls, key: str) -> str:
        """Which hops have a key that this one lacks."""
        others = [other for other in Hop.__subclasses__() if key in other.model_fields]
        kinds = [f'kind = "{each.preset_kind}"' for each in others if each.preset_kind != cls.preset_kind]
        layers = [f"layer = {each.layers}" for each in others if each.preset_kind == cls.preset_kind]
        there = " or ".join(dict.fromkeys(layers + kinds))
        return f"{there}, not layer = {cls.layers}" if layers else there

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Machines side by side cannot share an address."""
        yield from super().misfits(data)
        instances = data.get("instances", 1)
        if not isinstance(instances, int) or instances == 1:
            return
        for key in ("addresses", "listen_addresses"):
            value = getattr(data.get(key), "spec", data.get(key))
            if any(isinstance(each, str) for each in (value if isinstance(value, list | tuple) else [value])):
                rule = "with instances above 1 this is a count: machines cannot share addresses"
                yield Problem(
                    key, value, rule, f"write how many addresses each instance has, as in {key} = 1"
                )
