"""Hops as frozen data: cones and hourglasses, and which of their keys may stand beside which.

A key that does not fit a hop's kind, layer, capture or source is an error: :data:`FITS` is that
rule as a table, read by the checks, their messages and the JSON Schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, ValidationInfo, field_validator

from tuplecalc.errors import Problem, reject, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.part import Part
from tuplecalc.network.ports import PortSet
from tuplecalc.network.preset_part import PresetPart
from tuplecalc.network.values import Block, Count, Name, PortSearch, Seconds

EPHEMERAL_PORTS = PortSet("32768-60999")  # net.ipv4.ip_local_port_range
UNPRIVILEGED_PORTS = PortSet("1024-65535")  # nf_nat_core: the class of ordinary ports

FITS: dict[str, dict[str, tuple[object, ...]]] = {
    "virtual": {"layer": (2, 3, 4)},
    "capture": {"layer": (7,)},
    "listen_addresses": {"layer": (7,), "capture": ("nat", "listen")},
    "listen_ports": {"layer": (7,), "capture": ("nat", "listen")},
    "rewrite_ports": {"layer": (7,), "capture": ("nat",)},
    "source": {"layer": (7,)},
    "addresses": {"layer": (7,), "source": ("own",)},
    "ports": {"layer": (7,), "source": ("own", "client")},
    "allocation": {"layer": (7,)},
    "tracking": {"layer": (7,)},
    "split": {"layer": (7,)},
    "max_files": {"layer": (7,)},
}
"""Which keys of an hourglass fit only where other keys have one of these values."""

_CHOICES = {
    "layer": (2, 3, 4, 7),
    "capture": ("tproxy", "nat", "listen"),
    "source": ("own", "client", "client-port"),
}
_DEFAULTS = {"layer": 7, "source": "own", "tracking": "strict"}
_INSTEAD = {
    "virtual": 'a layer-7 balancer is capture = "listen"',
    "addresses": 'write source = "own", or leave it out',
}


class Lingering(PresetPart, defer_build=True):
    """A part whose tuples linger after the close."""

    time_wait: Seconds = Fraction(60)
    """How long a tuple stays taken after the close (TIME_WAIT)."""
    reuse_after: Seconds | None = None
    """Cuts ``time_wait``: a tuple may be used again after this time (RFC 6191, tcp_tw_reuse)."""

    @property
    def linger(self) -> Fraction:
        """T = min(time_wait, reuse_after), in seconds."""
        return self.time_wait if self.reuse_after is None else min(self.time_wait, self.reuse_after)


class Virtual(Part):
    """The destination that clients of a hop use instead of the services' own (a virtual service)."""

    addresses: AddressSet
    ports: PortSet


class Hop(Lingering, defer_build=True):
    """What cones and hourglasses have in common."""

    name: Name
    """Unique in the chain; not empty."""
    instances: Count = 1
    """Identical machines side by side."""
    virtual: Virtual | None = None
    """Cones and layers 2-4: what clients of this hop address instead of the services."""
    max_entries: Count | None = None
    """Tracking-table size of one instance (nf_conntrack_max)."""
    tracking_time_wait: Seconds = Fraction(120)
    """How long a tracking entry lingers after the close."""

    @property
    def path(self) -> str:
        """The path of the hop in settings and messages: ``hops.nat``, in quotes where it needs them."""
        bare = re.fullmatch(r"[\w-]+", self.name)
        return f"hops.{self.name if bare else json.dumps(self.name, ensure_ascii=False)}"

    def written(self) -> dict[str, Any]:
        """The keys that were given, and which kind of hop it is."""
        return {"kind": type(self).model_fields["kind"].default, **super().written()}

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Machines side by side cannot share an address."""
        instances = data.get("instances", 1)
        if not isinstance(instances, int) or instances == 1:
            return
        for key in ("addresses", "listen_addresses"):
            value = data.get(key, 1)
            if isinstance(value, AddressSet):
                value = value.spec
            if isinstance(value, str) or (isinstance(value, list) and any(isinstance(v, str) for v in value)):
                rule = "with instances above 1 this is a count: machines cannot share addresses"
                yield Problem(
                    key, value, rule, f"write how many addresses each instance has, as in {key} = 1"
                )


class Cone(Hop, defer_build=False):
    """A device that turns many source addresses into few, told apart by port: NAT, a NAT-mode balancer.

    >>> Cone(name="nat", addresses=4)
    Cone(name='nat', addresses=AddressSet(4))
    """

    hints: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (key for key in ("layer", *FITS) if key not in ("addresses", "ports", "virtual")),
        'this key fits kind = "hourglass"',
    )

    preset_kind = "cone"
    kind: Literal["cone"] = "cone"
    addresses: AddressSet
    """The addresses that it translates to, of one instance."""
    ports: PortSet = UNPRIVILEGED_PORTS
    """Source ports of each of these addresses."""
    time_wait: Seconds = Fraction(120)
    """How long a translated tuple stays taken after the close (nf_conntrack_tcp_timeout_time_wait)."""
    mapping: Literal["endpoint-dependent", "endpoint-independent"] = "endpoint-dependent"
    """RFC 4787: endpoint-independent means that a port serves one internal endpoint for all destinations."""
    destinations: Count | None = None
    """A port of an address serves at most so many destinations at once (port oversubscription)."""
    block: Block | None = None
    """Ports handed to one client address: a number (port-block allocation), "even" (all ports divided
    evenly among the clients), or a table [[clients, ports], …]: so many of each address for up to so many
    clients, and no client has more than the largest entry in all."""
    overflow: PortSet | None = None
    """Ports beside `ports`: open at each address to all clients that have a block there and need more."""
    client_ports: Count | None = None
    """A client address holds at most so many ports at once, whichever they are."""
    spread: Literal["even", "hashed"] = "even"
    """How sources fall on its addresses: "hashed" is by chance, as Linux does (find_best_ips_proto)."""
    port_search: PortSearch = "exhaustive"
    """How it looks for a free port: "exhaustive", "linux" (248 probes), or a number of random probes."""

    @field_validator("block")
    @classmethod
    def _fits_range(cls, block: Block | None, info: ValidationInfo) -> Block | None:
        ports = info.data.get("ports")
        if block is None or block == "even" or ports is None:
            return block
        if isinstance(block, int) and block > ports.size:
            rule = f"a block is at most the cone's {ports.size} ports"
            raise reject(block, rule, f"write a number from 1 to {ports.size}, or widen `ports`")
        for number, (clients, each) in enumerate(() if isinstance(block, int) else block):
            if clients * each > ports.size:
                rule = f"all clients of an entry have their ports out of the cone's {ports.size}"
                instead = f"write at most {ports.size // clients} ports, or widen `ports`"
                if clients > ports.size:
                    instead = f"write at most {ports.size} clients, or widen `ports`"
                raise reject([clients, each], rule, instead, f"[{number}]")
        return block

    @field_validator("overflow")
    @classmethod
    def _stands_apart(cls, overflow: PortSet | None, info: ValidationInfo) -> PortSet | None:
        ports = info.data.get("ports")
        if overflow is not None and ports is not None and (common := overflow & ports):
            rule = f"the overflow stands apart from `ports`; both have {common}"
            raise reject(overflow.spec, rule, "take these out of one of the two")
        return overflow

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Keys of which one leaves no room for the other."""
        yield from super().misfits(data)
        if data.get("destinations") is not None and data.get("mapping") == "endpoint-independent":
            rule = 'with mapping = "endpoint-independent" a port serves one internal endpoint for all'
            yield Problem("destinations", data["destinations"], rule, "leave one of the two out")
        block = data.get("block")
        if data.get("overflow") is not None and (block is None or isinstance(block, list | tuple)):
            here = "a table" if block is not None else "there is none"
            rule = f'the overflow is for clients whose block is full, a number or "even"; here {here}'
            overflow = data["overflow"]
            overflow = overflow.spec if isinstance(overflow, PortSet) else overflow
            yield Problem("overflow", overflow, rule, "write such a `block`, or add these ports to `ports`")

    def entry(self, clients: int) -> tuple[int, int] | None:
        """The entry for so many clients in the table of blocks; None where it ends before, or is none.

        >>> nat = Cone(name="nat", addresses=1, block=[[50, 1024], [100, 512]])
        >>> nat.entry(50), nat.entry(51), nat.entry(101)
        ((50, 1024), (100, 512), None)
        """
        table = self.block if isinstance(self.block, tuple) else ()
        return next((entry for entry in table if clients <= entry[0]), None)


def _schema_of_fits(schema: dict[str, Any]) -> None:
    """The table FITS as JSON Schema; a default that does not fit makes the other key required."""
    dependent, required = {}, {}
    for key, rules in FITS.items():
        dependent[key] = {"properties": {other: {"enum": list(allowed)} for other, allowed in rules.items()}}
        required[key] = [other for other, allowed in rules.items() if _DEFAULTS.get(other) not in allowed]
    schema["dependentSchemas"] = dependent
    schema["dependentRequired"] = {key: others for key, others in required.items() if others}
    schema["if"] = {"properties": {"layer": {"const": 7}}}
    schema["then"] = {"required": ["capture"]}


class Hourglass(Hop, defer_build=False):
    """A transparent device: clients and services meet in it and keep their addresses.

    Layers 2-4 keep one tuple a flow; layer 7 (a proxy) keeps two.

    >>> Hourglass(name="proxy", capture="tproxy", source="client").ports.size
    28232
    """

    model_config = ConfigDict(json_schema_extra=_schema_of_fits)

    hints: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("mapping", "destinations", "block", "overflow", "client_ports", "spread", "port_search"),
        'this key fits kind = "cone"',
    )

    preset_kind = "hourglass"
    kind: Literal["hourglass"] = "hourglass"
    layer: Literal[2, 3, 4, 7] = 7
    """2, 3 and 4 forward; 7 is a proxy with two connections a flow."""
    capture: Literal["tproxy", "nat", "listen"] | None = None
    """Layer 7: "tproxy", "nat" (REDIRECT, DNAT) or "listen" (clients address the proxy itself)."""
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
    """Ports for its upstream legs."""
    allocation: Literal["tuple", "bind"] = "tuple"
    """"bind": bind before connect without IP_BIND_ADDRESS_NO_PORT, a port is taken for all services."""
    tracking: Literal["strict", "loose", "off"] = "strict"
    """"strict": one table keys both legs and drops what it finds invalid."""
    split: Literal["flows", "services"] = "flows"
    """How instances share the work: any serves any, or each serves its own services."""
    max_files: Count | None = None
    """File descriptors of one instance."""

    @classmethod
    def fits(cls, key: str, data: Mapping[str, Any]) -> bool:
        """By :data:`FITS`."""
        has = _DEFAULTS | dict(data)
        return all(has.get(other) in allowed for other, allowed in FITS.get(key, {}).items())

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Keys that do not fit the layer, the capture or the source, and captures that cannot work."""
        yield from super().misfits(data)
        has = _DEFAULTS | dict(data)
        if has["layer"] == 7 and data.get("capture") is None:
            yield Problem(
                "capture", None, "a layer-7 hop says how it captures", 'add "tproxy", "nat" or "listen"'
            )
        for key in (key for key in FITS if data.get(key) is not None):
            for other, allowed in FITS[key].items():
                found = has.get(other)
                if found not in allowed and (found is None or found in _CHOICES[other]):
                    where = " or ".join(f"{other} = {show(value)}" for value in allowed)
                    here = "here it is missing" if found is None else f"here it is {show(found)}"
                    remedy = _INSTEAD.get(key, f"leave it out, or change `{other}`")
                    yield Problem(key, data[key], f"this key fits {where}; {here}", remedy)
                    break
        if has["source"] == "client-port" and has.get("allocation") == "bind":
            rule = 'with source = "client-port" no port is allocated'
            yield Problem("allocation", "bind", rule, 'leave it out, or write source = "client"')
        if has.get("capture") == "nat" and has["tracking"] == "off":
            rule = 'capture = "nat" needs connection tracking'
            yield Problem("tracking", "off", rule, 'write "strict" or "loose", or capture = "tproxy"')
        if has.get("capture") == "nat" and has["source"] == "client-port":
            rule = 'with capture = "nat" the upstream SYN would match the client leg\'s entry and come back'
            yield Problem("source", "client-port", rule, 'write "client" or "own", or capture = "tproxy"')
