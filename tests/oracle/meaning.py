"""What the keys of a chain file mean, one at a time; keys that the oracle does not know are refused."""

import re
from fractions import Fraction
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Any

from .network import Seconds

Topology = dict[str, Any]

WISHES = {"fixed", "most"}  # what may be changed, and how far: no matter of what there is
SHARED = {"traffic", "machine", "instances", "udp_timeout", "tracking_time_wait", "max_entries"} | WISHES
KNOWN = {
    "traffic": {"rate", "flows", "hold", "first_close", "protocol", "kinds"},
    "kinds": {"share", "rate", "hold", "first_close", "protocol", "clients", "services"},
    "clients": {"addresses", "ports", "allocation", "time_wait", "reuse_after", "flows_each", "max_files"}
    | WISHES,
    "services": {"addresses", "ports", "time_wait", "share"} | WISHES,
    "cone": {"addresses", "ports", "mapping", "block", "blocks_per_client", "blocks_span", "time_wait"}
    | {"reuse_after", "closing", "half_close", "destinations", "overflow", "client_ports"}
    | {"virtual", "tracking"}
    | SHARED,
    "forwarder": {"layer", "virtual", "reuse_after"} | SHARED,
    "proxy": {"layer", "capture", "captures", "split", "source", "addresses", "ports"}
    | {"listen_addresses", "listen_ports", "rewrite_ports", "allocation", "tracking"}
    | {"connections_per_flow", "upstream_hold", "upstream_first_close"}
    | {"time_wait", "reuse_after", "accept_wait", "max_files", "files_per_flow"}
    | SHARED,
}
UNITS: dict[str, Fraction | int] = {"ms": Fraction(1, 1000), "s": 1, "m": 60, "h": 3600, "d": 86400}


def kind(hop: Topology) -> str:
    """Return which of the three kinds of hop it is."""
    if hop["kind"] == "cone":
        return "cone"
    return "proxy" if hop.get("layer", 7) == 7 else "forwarder"


def check(part: Topology, kind: str) -> None:
    """Refuse keys that this oracle does not know, rather than overlook them."""
    if unknown := set(part) - KNOWN[kind] - {"kind", "name"}:
        raise ValueError(f"{kind}: unknown {sorted(unknown)}")


def tables(value: Any) -> list[Topology]:
    """Return the tables of what may be one or several."""
    return value if isinstance(value, list) else [value]


def names(value: Any) -> list[str]:
    """Return the names of one name or of several."""
    return [value] if isinstance(value, str) else list(value)


def duration(value: Any) -> float:
    """Return the seconds of a number, or of "1m30s"."""
    if not isinstance(value, str):
        return float(value)
    parts = re.findall(r"([\d.]+)\s*(ms|[smhd])", value)
    return float(sum(Fraction(number) * UNITS[unit] for number, unit in parts))


def number_set(value: Any) -> list[int]:
    """Return the ports of "lo-hi", of a number, of {"count": n} or of a list of these, ascending."""
    if isinstance(value, dict):
        return list(range(1024, 1024 + value["count"]))
    if isinstance(value, list):
        return sorted({port for part in value for port in number_set(part)})
    low, _, high = str(value).partition("-")
    return list(range(int(low), int(high or low) + 1))


def size(value: Any) -> int:
    """Return how many ports are meant by a set of ports."""
    return len(number_set(value))


def families(value: Any) -> list[int]:
    """Return the family of every address that is meant: 4, 6, or 0 where only their number is given."""
    written: set[Any] = set()
    counted = 0
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, int):
            counted += part
        elif "-" in part:
            first, last = map(ip_address, part.split("-"))
            written |= {each for net in summarize_address_range(first, last) for each in net}
        else:
            written |= set(ip_network(part))
    return [0] * counted + sorted(each.version for each in written)


def meet(one: int, other: int) -> bool:
    """Return whether addresses of these families reach each other."""
    return not one or not other or one == other


def endpoints(group: Topology) -> list[int]:
    """Return the family of each endpoint of a group of services, or of a virtual service."""
    return [family for family in families(group.get("addresses", 1)) for _ in number_set(group["ports"])]


def listeners(hop: Topology) -> list[int]:
    """Return the family of each listener of one instance of a proxy."""
    ports = hop.get("listen_ports", {"count": 1})
    return [family for family in families(hop.get("listen_addresses", 1)) for _ in range(size(ports))]


def reuse(part: Topology, default: float) -> float:
    """Return after how many seconds a closed tuple may be used again."""
    wait = duration(part.get("time_wait", default))
    again = part.get("reuse_after")
    return wait if again is None else min(wait, duration(again))


def closer(part: Topology) -> float:
    """Return for how long a side that chooses ports keeps the tuple of a connection that it closed first."""
    return duration(part.get("time_wait", 60)) if part.get("allocation") == "bind" else reuse(part, 60)


def closed_entry(cone: Topology) -> float:
    """Return for how long a closed mapping of a cone keeps its port from other flows."""
    gives_way = cone.get("closing", "holds") == "gives-way"
    return duration(cone.get("half_close", 0)) if gives_way else reuse(cone, 120)


def idle(hop: Topology) -> float:
    """Return how long a UDP session outlives its last packet at a hop."""
    return duration(hop.get("udp_timeout", 120))


def tracked(hop: Topology) -> float:
    """Return how long a table keeps the entry of a closed connection."""
    return duration(hop.get("tracking_time_wait", 120))


def client_share(first: Any) -> float:
    """Return the share of flows that the client closes first."""
    if isinstance(first, str) and first in ("client", "server"):
        return {"client": 1.0, "server": 0.0}[first]
    return float(Fraction(first))


def for_all(seconds: float) -> Seconds:
    """Return a time that does not depend on who closes first."""
    return Seconds(seconds, seconds)
