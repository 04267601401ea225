"""What the keys of a topology mean, one at a time; keys that the oracle does not know are refused."""

from typing import Any

from .network import Seconds

Topology = dict[str, Any]

KNOWN = {
    "traffic": {"hold", "first_close"},
    "clients": {"addresses", "ports", "allocation", "time_wait", "reuse_after"},
    "services": {"addresses", "ports", "time_wait"},
    "cone": {"instances", "addresses", "ports", "mapping", "block", "time_wait", "reuse_after"}
    | {"closing", "half_close", "destinations", "overflow", "client_ports"}
    | {"virtual", "max_entries", "tracking", "tracking_time_wait"},
    "forwarder": {"layer", "instances", "virtual", "reuse_after", "max_entries", "tracking_time_wait"},
    "proxy": {"layer", "instances", "capture", "split", "source", "addresses", "ports"}
    | {"listen_addresses", "listen_ports", "rewrite_ports", "allocation", "tracking", "tracking_time_wait"}
    | {"time_wait", "reuse_after", "accept_wait", "max_files", "max_entries"},
}


def kind(hop: Topology) -> str:
    """Return which of the three kinds of hop it is."""
    if hop["kind"] == "cone":
        return "cone"
    return "proxy" if hop.get("layer", 7) == 7 else "forwarder"


def check(part: Topology, kind: str) -> None:
    """Refuse keys that this oracle does not know, rather than overlook them."""
    if unknown := set(part) - KNOWN[kind] - {"kind", "name"}:
        raise ValueError(f"{kind}: unknown {sorted(unknown)}")


def number_set(value: Any) -> list[int]:
    """Return the ports of "lo-hi", of a number or of a list of these, ascending."""
    if isinstance(value, list):
        return sorted({port for part in value for port in number_set(part)})
    low, _, high = str(value).partition("-")
    return list(range(int(low), int(high or low) + 1))


def size(value: Any) -> int:
    """Return how many ports are meant by a set of ports or by {"count": n}."""
    return int(value["count"]) if isinstance(value, dict) else len(number_set(value))


def endpoints(group: Topology) -> int:
    """Return how many endpoints a group of services, or a virtual service, has."""
    return int(group.get("addresses", 1)) * size(group["ports"])


def listeners(hop: Topology) -> int:
    """Return the number of listeners of one instance of a proxy."""
    return int(hop.get("listen_addresses", 1)) * size(hop.get("listen_ports", {"count": 1}))


def reuse(part: Topology, default: float) -> float:
    """Return after how many seconds a closed tuple may be used again."""
    wait = float(part.get("time_wait", default))
    again = part.get("reuse_after")
    return wait if again is None else min(wait, float(again))


def closer(part: Topology) -> float:
    """Return for how long a side that chooses ports keeps the tuple of a connection that it closed first."""
    return float(part.get("time_wait", 60)) if part.get("allocation") == "bind" else reuse(part, 60)


def closed_entry(cone: Topology) -> float:
    """Return for how long a closed mapping of a cone keeps its port from other flows."""
    gives_way = cone.get("closing", "holds") == "gives-way"
    return float(cone.get("half_close", 0)) if gives_way else reuse(cone, 120)


def client_share(traffic: Topology) -> float:
    """Return the share of flows that the client closes first."""
    first = traffic.get("first_close", "client")
    return {"client": 1.0, "server": 0.0}[first] if isinstance(first, str) else float(first)


def for_all(seconds: float) -> Seconds:
    """Return a time that does not depend on who closes first."""
    return Seconds(seconds, seconds)
