"""Small networks of several kinds of traffic, by chance: from a seed, or as a hypothesis strategy.

What the file refuses is not among them: kinds that do not cross the hop that captures them, machines that
disagree, families that cannot meet, shares that do not sum.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from .meaning import Topology
from .traffic import parts

TRACKING = {
    "tproxy": ["strict", "strict", "loose", "off"],
    "listen": ["strict", "strict", "loose", "off"],
    "nat": ["strict", "loose"],
    "client-port": ["off", "off", "loose", "loose", "strict"],  # which lets nothing through
}
Choose = Callable[[Sequence[Any]], Any]
Hop = dict[str, Any]

PORTS = ["1-2", "1", "1-3", "2-3", "1-4", ["1", "3-4"], "3-4"]
SHARES: list[list[list[Any]]] = [
    [[1]],
    [["1/2", "1/2"], [0.25, 0.75], [0.1, 0.9], ["1/3", "2/3"], [0.5, 0.5]],
    [["1/3", "1/3", "1/3"], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]],
]
MOSTLY_NONE = [None] * 4


def from_seed(seed: int, **limits: Any) -> Topology:
    """Return the network of a seed."""
    return network(Random(seed).choice, **limits)


@st.composite
def networks(draw: st.DrawFn, /, **limits: Any) -> Topology:
    """Any network; an example that fails shrinks to its first choices."""
    return network(lambda options: draw(st.sampled_from(options)), **limits)


def network(
    choose: Choose,
    *,
    max_hops: int = 3,
    udp: bool = True,
    families: bool = True,
    blocks: bool = True,
    side_by_side: bool = True,
) -> Topology:
    """Choose a network; without UDP, families or blocks where these are not wanted.

    Unless `side_by_side` a machine with several hops has one instance: there is none beside it to which a
    flow may go at the next hop.
    """
    count = choose([2, 2, 3, 1])
    names = [f"k{i}" for i in range(count)]
    clients = [client_group(choose, i) for i in range(choose([1, 1, 2]))]
    even = choose([False] * 5 + [True])
    services = [service_group(choose, i, even) for i in range(choose([1, 2, 2]))]
    traffic = kinds(choose, names, [g["name"] for g in clients], [g["name"] for g in services])
    hops = [
        hop(choose, names, even, blocks) for _ in range(choose([h for h in (1, 2, 3, 0) if h <= max_hops]))
    ]
    hops = [{"name": f"h{i}", **each} for i, each in enumerate(hops)]
    one_machine(choose, hops, side_by_side)
    if not udp or choose([True, True, False]):
        for kind in traffic["kinds"]:
            kind.pop("protocol", None)
    for each in hops:
        crossing = [kind for kind in traffic["kinds"] if kind["name"] in each.get("traffic", names)]
        if all(kind.get("protocol") == "udp" for kind in crossing):
            each.pop("closing", None)  # nobody closes that
            each.pop("half_close", None)
    found = {"traffic": traffic, "clients": clients, "hops": hops, "services": services}
    return of_families(choose, found) if families and choose([False] * 5 + [True]) else found


def some(choose: Choose, key: str, options: Sequence[Any]) -> Hop:
    """Return a key with a value, or nothing where that is None."""
    value = choose(options)
    return {} if value is None else {key: value}


def subset(choose: Choose, names: list[str]) -> list[str] | None:
    """Return some of the names, None for all."""
    if choose([True, True, False]):
        return None
    found = [name for name in names if choose([True, False])]
    return None if not found or found == names else found


def client_group(choose: Choose, number: int) -> Hop:
    """Choose a group of clients."""
    return {
        "name": f"c{number}",
        "addresses": choose([1, 2]),
        "ports": choose(PORTS),
        "allocation": choose(["tuple", "tuple", "tuple", "bind"]),
        "time_wait": choose([1, 0, 2]),
        **some(choose, "reuse_after", [*MOSTLY_NONE, 0, 1]),
        **some(choose, "max_files", [*MOSTLY_NONE, 2, 3, 5]),
    }


def service_group(choose: Choose, number: int, even: bool) -> Hop:
    """Choose a group of services; with an even number of endpoints where instances serve their own."""
    return {
        "name": f"s{number}",
        "addresses": 2 if even else choose([1, 1, 2]),
        "ports": [80 + number],
        **some(choose, "time_wait", [*MOSTLY_NONE, 1, 2]),
    }


def kinds(choose: Choose, names: list[str], clients: list[str], services: list[str]) -> Hop:
    """Choose the traffic; each group is used by a kind."""
    found: list[Hop] = []
    shares = choose(SHARES[len(names) - 1])
    rates = choose([False, False, True])
    for name, share in zip(names, shares, strict=True):
        kind = {
            "name": name,
            "hold": choose([1, 0, 2, 3]),
            "first_close": choose(["client", "server", 0.5, 0.25]),
        }
        kind |= {"rate": choose([0.125, 0.25, 0.5])} if rates else {"share": share}
        kind |= some(choose, "protocol", [None, None, "udp", "tcp"])
        for key, groups in (("clients", clients), ("services", services)):
            if some_groups := subset(choose, groups):
                kind[key] = some_groups if choose([True, False]) else some_groups[0]
        found.append(kind)
    for key, groups in (("clients", clients), ("services", services)):
        used = {
            name
            for kind in found
            for name in ([kind[key]] if isinstance(kind.get(key), str) else kind.get(key, groups))
        }
        if used != set(groups):
            found[0].pop(key, None)
    return {"kinds": found} if rates else {"rate": 0.5, "kinds": found}


def hop(choose: Choose, names: list[str], even: bool, blocks: bool) -> Hop:
    """Choose a hop."""
    which = choose(["proxy", "proxy", "proxy", "cone", "forwarder"])
    crossing = subset(choose, names)
    found = cone(choose, blocks) if which == "cone" else forwarder(choose) if which == "forwarder" else {}
    if which == "proxy":
        found = proxy(choose, even)
        if captured := subset(choose, crossing or names):
            found["captures"] = captured
    if crossing:
        found["traffic"] = crossing
    return found | some(choose, "udp_timeout", [None, 0, 1, 2]) | {"tracking_time_wait": choose([0, 1, 2])}


def cone(choose: Choose, blocks: bool) -> Hop:
    """Choose a cone."""
    found = {
        "kind": "cone",
        "addresses": choose([1, 1, 2]),
        "ports": choose(PORTS),
        "mapping": choose(["endpoint-dependent"] * 3 + ["endpoint-independent"]),
        "time_wait": choose([0, 1, 2]),
        **some(choose, "max_entries", [*MOSTLY_NONE, 3, 5, 9]),
    }
    if choose([True, True, False]) and "max_entries" not in found:
        found |= {"closing": "gives-way", "half_close": choose([0, 1])}
    if blocks and choose([False] * 4 + [True]):
        found |= {
            "block": 1 if found["ports"] == "1" else choose([1, 2]),
            **some(choose, "blocks_per_client", [None, 2]),
        }
        found |= some(choose, "blocks_span", [None, True])
    return found


def forwarder(choose: Choose) -> Hop:
    """Choose an hourglass of layer 2, 3 or 4."""
    found = {
        "kind": "hourglass",
        "layer": choose([3, 4]),
        "instances": choose([1, 1, 2]),
        **some(choose, "reuse_after", [None, 0, 1, 2]),
        **some(choose, "max_entries", [*MOSTLY_NONE, 3, 5, 9]),
    }
    if choose([False, False, True]):
        found["virtual"] = {"addresses": 2, "ports": 80}
    return found


def proxy(choose: Choose, even: bool) -> Hop:
    """Choose a layer-7 hop; instances that serve their own services only where all are even in number."""
    capture = choose(["tproxy", "tproxy", "nat", "listen"])
    source = choose(["client", "client", "own"] + (["client-port"] if capture != "nat" else []))
    found = {
        "kind": "hourglass",
        "capture": capture,
        "source": source,
        "tracking": choose(TRACKING[source if source == "client-port" else capture]),
        "instances": choose([1, 1, 1, 2]),
        **some(choose, "accept_wait", [*MOSTLY_NONE, 1, 2]),
        **some(choose, "max_files", [*MOSTLY_NONE, 8, 13, 24]),
        **some(choose, "files_per_flow", [*MOSTLY_NONE, 4, 6]),
        **some(choose, "max_entries", [*MOSTLY_NONE, 4, 7, 12]),
        **some(choose, "reuse_after", [*MOSTLY_NONE, 0, 1]),
    }
    if "max_files" not in found:
        found.pop("files_per_flow", None)
    if even and found["instances"] == 2:
        found["split"] = choose(["flows", "services"])
    if capture != "tproxy":
        found |= {"listen_addresses": 2 if even else choose([1, 1, 2])}
    if capture == "nat":
        found["rewrite_ports"] = choose(PORTS)
    if source == "own":
        found["addresses"] = choose([1, 1, 2])
    if source != "client-port":
        found |= {"ports": choose(PORTS), "allocation": choose(["tuple", "tuple", "bind"])}
        found["time_wait"] = choose([0, 1, 2])
        found |= some(choose, "connections_per_flow", [*MOSTLY_NONE, "1/2", "2/3", 2])
        found |= some(choose, "upstream_hold", [*MOSTLY_NONE, 0, 1, 4])
        found |= some(choose, "upstream_first_close", [*MOSTLY_NONE, "client", "server", 0.5])
    return found


def one_machine(choose: Choose, hops: list[Hop], side_by_side: bool) -> None:
    """Put hops on one machine, by chance, and let them agree."""
    mates = [each for each in hops if each["kind"] != "cone"]
    if len(mates) < 2 or choose([True, True, False]):
        return
    keys = ("instances", "split", "tracking", "max_files", "max_entries", "tracking_time_wait", "udp_timeout")
    proxies = [each for each in mates if each.get("layer", 7) == 7]
    tracking = next((each["tracking"] for each in proxies), None)
    if any(each["capture"] == "nat" for each in proxies) and tracking == "off":
        tracking = "loose"
    leader = {key: each[key] for each in mates[::-1] for key in keys if key in each}
    agreed = {**leader, "tracking": tracking}
    if not side_by_side:
        agreed["instances"] = 1
    if tracking == "off" or any("virtual" in each for each in mates):
        agreed.pop("max_entries", None)
    own = next((each["addresses"] for each in proxies if each["source"] == "own"), None)
    for each in mates:
        for key in keys:
            each.pop(key, None)
        fits = ("instances", "tracking_time_wait", "udp_timeout", "max_entries")
        more = ("split", "tracking", "max_files") if "layer" not in each else ()
        each |= {key: agreed[key] for key in fits + more if key in agreed}
        each["machine"] = "m"
        if each.get("source") == "own":
            each["addresses"] = own


ADDRESSES = {4: ["10.0.0.1", "10.0.0.2"], 6: ["fd00::1", "fd00::2"]}


def of_families(choose: Choose, topology: Topology) -> Topology:
    """Write the addresses of clients, cones and services out, where they can meet then."""

    def written(number: int, tens: int) -> list[str]:
        either = [choose([4, 4, 6]) for _ in range(number)]
        return [f"10.0.{tens}.{i}" if family == 4 else f"fd00:{tens}::{i}" for i, family in enumerate(either)]

    cones = [each for each in topology["hops"] if each["kind"] == "cone"]
    places = [*topology["clients"], *topology["services"], *(each for each in cones if choose([True, False]))]
    found = {**topology}
    new = {id(each): {**each, "addresses": written(each["addresses"], n)} for n, each in enumerate(places)}
    for key in ("clients", "services", "hops"):
        found[key] = [new.get(id(each), each) for each in topology[key]]
    try:
        parts(found)
    except ValueError:
        return topology
    return found
