"""A proxy: an hourglass of layer 7, which ends connections and makes its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal, get_args

from pydantic import ConfigDict

from tuplecalc.errors import Problem, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.hop import EPHEMERAL_PORTS, UNPRIVILEGED_PORTS, Hop, Sockets
from tuplecalc.network.ports import PortSet
from tuplecalc.network.values import Count, Files, FirstClose, Names, PerFlow, Portion, Seconds

_ONLY_WITH: dict[str, tuple[str, tuple[str, ...]]] = {
    "listen_addresses": ("capture", ("nat", "listen")),
    "listen_ports": ("capture", ("nat", "listen")),
    "rewrite_ports": ("capture", ("nat",)),
    "addresses": ("source", ("own",)),
    "ports": ("source", ("own", "client")),
    "time_wait": ("source", ("own", "client")),
    "connections_per_flow": ("source", ("own", "client")),
    "upstream_hold": ("source", ("own", "client")),
    "upstream_first_close": ("source", ("own", "client")),
    "collision": ("capture", ("tproxy",)),
    "survival": ("capture", ("tproxy",)),
}
"""Keys that fit only where another key has one of these values."""

_DEFAULTS = {"source": "own", "tracking": "strict"}
_INSTEAD = {
    "addresses": 'write source = "own", or leave it out',
    "time_wait": "leave it out, or write reuse_after, which says it there",
}


def _schema_of_only_with(schema: dict[str, Any]) -> None:
    """The table _ONLY_WITH as JSON Schema."""
    schema["dependencies"] = {
        key: {"properties": {other: {"enum": list(allowed)}}} for key, (other, allowed) in _ONLY_WITH.items()
    }


class Proxy(Sockets, Hop, defer_build=False):
    """An hourglass of layer 7: clients and services meet in it, and each flow has two connections.

    >>> Proxy(name="proxy", capture="tproxy", source="client").ports.size
    28232
    """

    model_config = ConfigDict(json_schema_extra=_schema_of_only_with)

    needed: ClassVar[Mapping[str, tuple[str, str]]] = {
        "capture": ("a layer-7 hop says how it captures", 'add "tproxy", "nat" or "listen"')
    }
    instead: ClassVar[Mapping[str, str]] = {"virtual": 'a layer-7 balancer is capture = "listen"'}

    preset_kind = "hourglass"
    layers = "7"
    tuples_per_flow = 2
    kind: Literal["hourglass"] = "hourglass"
    layer: Literal[7] = 7
    """Layer 7: a proxy ends connections and makes its own."""
    capture: Literal["tproxy", "nat", "listen"]
    """How it gets them: "tproxy", "nat" (REDIRECT, DNAT) or "listen" (clients address the proxy itself)."""
    listen_addresses: AddressSet = AddressSet(1)
    """nat and listen: listener addresses of one instance."""
    listen_ports: PortSet = PortSet({"count": 1})
    """nat and listen: listener ports."""
    rewrite_ports: PortSet = UNPRIVILEGED_PORTS
    """nat: the source ports that the capture can present."""
    source: Literal["own", "client", "client-port"] = "own"
    """Upstream legs come from "own" addresses, the "client"'s address, or its address and port."""
    addresses: AddressSet = AddressSet(1)
    """The proxy's own source addresses, of one instance."""
    ports: PortSet = EPHEMERAL_PORTS
    """Ports for its connections to the services."""
    accept_wait: Seconds = Fraction(0)
    """How long it refuses a tuple of a client that its own side closed first (Linux: not at all)."""
    tracking: Literal["strict", "loose", "off"] = "strict"
    """"strict": one table keys both legs and drops what it finds invalid."""
    collision: Literal["kills-older", "refuses"] = "kills-older"
    """tproxy under strict tracking: what happens where a new leg takes a tuple that its table has already.
    "kills-older": the new one lives and the older flow may die (Linux); "refuses": the new one fails."""
    survival: Portion = Fraction(1, 4)
    """How many of the older flows live on after a collision, by the sequence numbers of both, where clients,
    proxy and services are separate machines: 0.25 on Linux 6.18 (measured) and since 6.1 (read in its source,
    not measured), 0 on 5.18 to 6.0 (read)."""
    split: Literal["flows", "services"] = "flows"
    """How instances share the work: any serves any, or each serves its own services."""
    max_files: Count | None = None
    """File descriptors of one instance."""
    files_per_flow: Files = Fraction(2)
    """File descriptors of a flow with one upstream connection, half of them for each side."""
    captures: Names | None = None
    """Kinds that it ends, the others pass as through layer 3; all that cross it where it is left out."""
    connections_per_flow: PerFlow = Fraction(1)
    """Upstream connections for each accepted one: below 1 is pooling or keep-alive, above 1 fan-out."""
    upstream_hold: Seconds | None = None
    """Mean time that an upstream connection stays open; the flow's where it is left out."""
    upstream_first_close: FirstClose | None = None
    """Who closes an upstream connection first; as the flow's where it is left out."""

    @property
    def virtual(self) -> None:
        """None: a layer-7 balancer is ``capture = "listen"``."""

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """As for the clients; with ``source = "client-port"`` only ``reuse_after``, 0 if not given.

        That is for upstream legs that the proxy closes first; :attr:`accept_wait` is for its clients' side.
        """
        return super().linger_by if self.own_ports else {"reuse_after": self.reuse_after or Fraction(0)}

    @property
    def tracks(self) -> bool:
        """Whether its machine keys both legs of a flow in one table."""
        return self.capture == "nat" or (self.capture == "tproxy" and self.tracking == "strict")

    @property
    def is_plain(self) -> bool:
        """Whether each flow has one connection upstream, as long as its client's."""
        return not {"connections_per_flow", "upstream_hold", "upstream_first_close"} & self.stated

    @property
    def own_addresses(self) -> AddressSet | None:
        """Those of one instance, where its upstream legs come from them."""
        return self.addresses if self.source == "own" else None

    @property
    def own_ports(self) -> PortSet | None:
        """Those of its upstream legs, unless these keep the client's."""
        return None if self.source == "client-port" else self.ports

    @classmethod
    def fits(cls, key: str, data: Mapping[str, Any]) -> bool:
        """By :data:`_ONLY_WITH`."""
        other, allowed = _ONLY_WITH.get(key, ("capture", (data.get("capture"),)))
        return super().fits(key, data) and data.get(other, _DEFAULTS.get(other)) in allowed

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Keys that do not fit the capture or the source, and captures that cannot work."""
        yield from super().misfits(data)
        has = _DEFAULTS | dict(data)
        for key, (other, allowed) in _ONLY_WITH.items():
            found = has.get(other)
            known = get_args(cls.model_fields[other].annotation)  # what is none of these is said already
            if data.get(key) is not None and found in known and found not in allowed:
                where = " or ".join(f"{other} = {show(value)}" for value in allowed)
                remedy = _INSTEAD.get(key, f"leave it out, or change `{other}`")
                yield Problem(key, data[key], f"this key fits {where}; here it is {show(found)}", remedy)
        if data.get("survival") is not None and has.get("collision") == "refuses":
            rule = 'where a collision "refuses" the new connection the older one always lives'
            yield Problem(
                "survival", data["survival"], rule, 'leave it out, or write collision = "kills-older"'
            )
        if has["source"] == "client-port" and has.get("allocation") == "bind":
            rule = 'with source = "client-port" no port is allocated'
            yield Problem("allocation", "bind", rule, 'leave it out, or write source = "client"')
        if has.get("capture") == "nat" and has["tracking"] == "off":
            rule = 'capture = "nat" needs connection tracking'
            yield Problem("tracking", "off", rule, 'write "strict" or "loose", or capture = "tproxy"')
        if has.get("capture") == "nat" and has["source"] == "client-port":
            rule = 'with capture = "nat" the upstream SYN would match the client side\'s entry and come back'
            yield Problem("source", "client-port", rule, 'write "client" or "own", or capture = "tproxy"')
