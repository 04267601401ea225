"""Small topologies: hypothesis strategies for random ones, products of all kinds for exhaustive ones.

Chains are built from the services to the clients, so that the endpoints behind a hop that shares them out
(``split = "services"``) are a multiple of its instances by construction: there the formulas are exact.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import strategies as st

Topology = dict[str, Any]
Hop = dict[str, Any]

MAX_PORT = 4
seconds = st.sampled_from([1, 0, 2, 3])
few = st.sampled_from([1, 2])
maybe_many = st.sampled_from([1, 1, 1, 2])
shares = st.sampled_from([1, 0, 0.5, 0.25])
maybe_seconds = st.none() | st.none() | seconds
tables = st.none() | st.integers(1, 12)


@st.composite
def port_sets(draw: st.DrawFn) -> list[str]:
    """One range of ports, or two, from 1 to 4."""
    low = draw(st.integers(1, MAX_PORT))
    ranges = [f"{low}-{draw(st.integers(low, MAX_PORT))}"]
    if draw(st.sampled_from([False] * 5 + [True])):
        ranges.append(str(draw(st.integers(1, MAX_PORT))))
    return ranges


def count_of(ports: list[str]) -> int:
    """How many ports a set of :func:`port_sets` has."""
    ends = [(int(low), int(high or low)) for low, _, high in (part.partition("-") for part in ports)]
    return len({port for low, high in ends for port in range(low, high + 1)})


def _virtual(draw: st.DrawFn) -> Hop:
    if not draw(st.sampled_from([False, False, False, True])):
        return {}
    return {"virtual": {"addresses": draw(few), "ports": draw(st.sampled_from([[80], [80], [80, 443]]))}}


def _some(**keys: Any) -> Hop:
    return {key: value for key, value in keys.items() if value is not None}


def _closing(draw: st.DrawFn) -> Hop:
    if not draw(st.sampled_from([False, False, True])):
        return {}
    return {"closing": "gives-way", **_some(half_close=draw(maybe_seconds))}


def _rules(draw: st.DrawFn, ports: int, mapping: str) -> Hop:
    """What one client or one port of a cone may have, by chance."""
    sizes = [size for size in range(1, ports + 1) if ports % size == 0]
    block = draw(st.none() | st.none() | st.sampled_from([*sizes, "even"]))
    rules = _some(block=block, client_ports=draw(st.sampled_from([None] * 5 + [1, 2])))
    if block is not None and draw(st.sampled_from([False, False, True])):
        rules["overflow"] = draw(st.sampled_from([str(MAX_PORT + 1), f"{MAX_PORT + 1}-{MAX_PORT + 2}"]))
    if mapping == "endpoint-dependent" and draw(st.sampled_from([False] * 4 + [True])):
        rules["destinations"] = draw(few)
    return rules


@st.composite
def cones(draw: st.DrawFn) -> Hop:
    """A cone of one or two addresses."""
    ports = draw(port_sets())
    mapping = draw(st.sampled_from(["endpoint-dependent"] * 3 + ["endpoint-independent"]))
    return {
        "kind": "cone",
        "instances": draw(maybe_many),
        "addresses": draw(few),
        "ports": ports,
        "mapping": mapping,
        "time_wait": draw(seconds),
        "tracking_time_wait": draw(seconds),
        **_virtual(draw),
        **_closing(draw),
        **_rules(draw, count_of(ports), mapping),
        **_some(max_entries=draw(st.none() | tables), reuse_after=draw(maybe_seconds)),
    }


@st.composite
def forwarders(draw: st.DrawFn) -> Hop:
    """An hourglass of layer 2, 3 or 4."""
    return {
        "kind": "hourglass",
        "layer": draw(st.sampled_from([3, 2, 4])),
        "instances": draw(maybe_many),
        "tracking_time_wait": draw(seconds),
        **_virtual(draw),
        **_some(max_entries=draw(st.none() | tables), reuse_after=draw(maybe_seconds)),
    }


@st.composite
def proxies(draw: st.DrawFn, behind: int = 1) -> Hop:
    """A layer-7 hourglass; with ``split = "services"`` its instances divide the endpoints behind it."""
    capture = draw(st.sampled_from(["tproxy", "tproxy", "nat", "listen"]))
    source = draw(
        st.sampled_from(["client", "own", "client", *(["client-port"] if capture != "nat" else [])])
    )
    split = draw(st.sampled_from(["flows", "services"]))
    counts = [n for n in (1, 1, 1, 2, 2, 3) if split == "flows" or behind % n == 0]
    hop: Hop = {
        "kind": "hourglass",
        "capture": capture,
        "source": source,
        "tracking": draw(
            st.sampled_from(["strict", "strict", "loose", *(["off"] if capture != "nat" else [])])
        ),
        "split": split,
        "instances": draw(st.sampled_from(counts)),
        "tracking_time_wait": draw(seconds),
        **_some(max_files=draw(st.none() | tables), max_entries=draw(st.none() | tables)),
        **_some(accept_wait=draw(maybe_seconds), reuse_after=draw(maybe_seconds)),
    }
    if capture != "tproxy":
        hop |= {"listen_addresses": draw(maybe_many), "listen_ports": {"count": draw(maybe_many)}}
    if capture == "nat":
        hop["rewrite_ports"] = draw(port_sets())
    if source == "own":
        hop["addresses"] = draw(maybe_many)
    hop["reuse_after" if source == "client-port" else "time_wait"] = draw(seconds)
    if source != "client-port":
        hop |= {"ports": draw(port_sets()), "allocation": draw(st.sampled_from(["tuple", "tuple", "bind"]))}
        hop["time_wait"] = draw(seconds)
    return hop


def endpoints_before(hop: Hop, behind: int) -> int:
    """How many endpoints the leg before the hop addresses, given those behind it."""
    if virtual := hop.get("virtual"):
        return int(virtual["addresses"]) * len(virtual["ports"])
    if hop.get("capture") == "listen":
        return int(hop["listen_addresses"]) * int(hop["listen_ports"]["count"]) * int(hop["instances"])
    return behind


@st.composite
def topologies(draw: st.DrawFn, max_hops: int = 3) -> Topology:
    """A chain of up to three hops, small enough for the integer program."""
    services = draw(st.sampled_from([1, 2, 4, 3, 6]))
    hops: list[Hop] = []
    behind = services
    for _ in range(draw(st.integers(0, max_hops))):
        hop = draw(cones() | forwarders() | proxies(behind) | proxies(behind))
        behind = endpoints_before(hop, behind)
        hops.insert(0, hop)
    clients: Hop = {
        "addresses": draw(st.integers(1, 3)),
        "ports": draw(port_sets()),
        "allocation": draw(st.sampled_from(["tuple", "tuple", "bind"])),
        "time_wait": draw(seconds),
        **_some(reuse_after=draw(maybe_seconds)),
    }
    return {
        "traffic": {
            "hold": draw(st.sampled_from([1, 0, 2])),
            "first_close": draw(shares),
        },
        "clients": clients,
        "hops": named(*hops),
        "services": {"addresses": services, "ports": [80], **_some(time_wait=draw(maybe_seconds))},
    }


# All kinds there are, for exhaustive sets.


def named(*hops: Hop) -> list[Hop]:
    """The hops with names."""
    return [{"name": f"h{number}", **hop} for number, hop in enumerate(hops)]


def chain(
    *hops: Hop, services: int = 1, clients: Hop | None = None, service_wait: int = 0, **traffic: Any
) -> Topology:
    """A chain file of these hops; by default three clients with six ports each and times 1, 1, 0, …."""
    return {
        "traffic": {"hold": 1, **traffic},
        "clients": {"addresses": 3, "ports": "1-6", "time_wait": 0, **(clients or {})},
        "hops": named(*hops),
        "services": {"addresses": services, "ports": [80], **_some(time_wait=service_wait or None)},
    }


def proxy_kinds() -> Iterator[Hop]:
    """Every combination of capture, source, allocation, tracking and split that a file may hold."""
    captures, sources = ("tproxy", "nat", "listen"), ("own", "client", "client-port")
    choices = product(captures, sources, ("tuple", "bind"), ("strict", "loose", "off"), ("flows", "services"))
    for capture, source, allocation, tracking, split in choices:
        if capture == "nat" and (tracking == "off" or source == "client-port"):
            continue
        hop = {
            "kind": "hourglass",
            "capture": capture,
            "source": source,
            "tracking": tracking,
            "split": split,
        }
        if source != "client-port":
            yield {**hop, "allocation": allocation}
        elif allocation == "tuple":
            yield hop


def with_ports(kind: Hop, ports: str, **more: Any) -> Hop:
    """A kind of proxy with its own ports, where it has any, and other keys, where they fit."""
    hop = {**kind, **more}
    if kind["source"] != "client-port":
        hop["ports"] = ports
    else:
        hop.pop("time_wait", None)
    for key, fits in (
        ("addresses", kind["source"] == "own"),
        ("time_wait", kind["source"] != "client-port"),
        ("rewrite_ports", kind["capture"] == "nat"),
        ("listen_addresses", kind["capture"] != "tproxy"),
        ("listen_ports", kind["capture"] != "tproxy"),
    ):
        if not fits:
            hop.pop(key, None)
    return hop
