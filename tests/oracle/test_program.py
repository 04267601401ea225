"""The oracle itself, on cases that were measured on a kernel or that can be counted by hand."""

import math
from typing import Any

import pytest

from .program import highest_rate, most_flows

CLIENTS = {"addresses": 8, "ports": ["1-12"]}


def chain(*hops: dict[str, Any], services: int = 1, clients: Any = None, **traffic: Any) -> dict[str, Any]:
    return {
        "traffic": traffic,
        "clients": clients or CLIENTS,
        "hops": list(hops),
        "services": {"addresses": services, "ports": [80]},
    }


def cone(ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return {"kind": "cone", "addresses": 1, "ports": [ports], **more}


def proxy(capture: str = "tproxy", ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return {"kind": "hourglass", "capture": capture, "ports": [ports], **more}


def to_clients(ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return proxy("tproxy", ports, source="client", **more)


def balancer(**more: Any) -> dict[str, Any]:
    return {"kind": "hourglass", "layer": 4, **more}


def rewriting(**more: Any) -> dict[str, Any]:
    return proxy("nat", "1-40", rewrite_ports="101-110", **more)


@pytest.mark.parametrize(
    ("topology", "flows"),
    [
        # measured
        (chain(cone()), 10),
        (chain(cone(), services=3), 30),
        (chain(cone(), to_clients(tracking="off")), 10),
        (chain(cone(), to_clients(tracking="off"), services=3), 30),
        (chain(cone(), to_clients(tracking="off", allocation="bind"), services=3), 10),
        (chain(cone("1-10"), to_clients("11-20")), 10),
        (chain(cone("1-10"), to_clients("1-10")), 5),
        (chain(cone("1-40"), rewriting(), services=3), 10),
        (chain(cone("1-40"), rewriting(listen_addresses=2), services=3), 20),
        (chain(cone("1-10"), rewriting(listen_addresses=2, listen_ports={"count": 2}), services=3), 30),
        (chain(cone("1-6"), to_clients("1-12"), to_clients("7-12")), 4),
        # counted by hand
        (chain(clients={"addresses": 2, "ports": ["1-3", 7]}, services=3), 24),
        (chain(clients={"addresses": 2, "ports": ["1-3", 7], "allocation": "bind"}, services=3), 8),
        (chain(cone("1-10", mapping="endpoint-independent"), services=3), 10),
        (chain(cone("1-10", block=3), services=2), 18),
        (chain(cone("1-10", block=3), services=2, clients={"addresses": 2, "ports": ["1-12"]}), 12),
        (chain(cone("1-10", block=3, mapping="endpoint-independent"), services=2), 9),
        (chain(cone("1-10", instances=2, max_entries=7)), 14),
        (chain(cone("1-3"), balancer(max_entries=2, instances=2), services=3), 4),
        (chain(cone("1-10", destinations=2), services=3), 20),
        (chain(cone("1-10", destinations=2, block=5), services=3), 20),
        (chain(cone("1-10", block="even"), services=2), 16),
        (chain(cone("1-16", block=[[4, 4], [8, 2]]), services=2), 32),
        (chain(cone("1-16", addresses=3, block=[[4, 4], [8, 2]])), 32),
        (chain(cone("1-10", block=5, overflow="11-13"), services=2), 26),
        (chain(cone("1-10", block=5, overflow="11-13"), clients={"ports": "1-99"}), 8),
        (chain(cone("1-10", addresses=2, block="even", overflow="11-13")), 22),
        (chain(cone("1-40", client_ports=3), services=2), 48),
        (chain(cone("1-40", client_ports=3, mapping="endpoint-independent"), services=2), 24),
        (chain(cone("1-10", client_ports=3), services=2), 20),
        # a virtual endpoint narrows the NAT in front of it, not the balancer behind it
        (chain(cone("1-3"), balancer(virtual={"ports": [80]}), services=3), 3),
        (chain(balancer(virtual={"ports": [80]}), cone("1-3"), services=3), 9),
        (chain(cone("1-3", virtual={"ports": [80]}), services=3), 9),
        (chain(proxy("listen", "1-40", listen_ports="1-2", instances=2), clients={"ports": "1-3"}), 12),
        (chain(proxy("listen", "1-2", instances=2, split="services"), services=3), 6),
        (chain(proxy("listen", "1-2", instances=3, split="services"), services=2), 4),
        (chain(proxy("tproxy", "1-2", instances=2), services=3), 12),
        (chain(proxy("tproxy", "1-2", instances=2, split="services"), services=3), 6),
        (chain(proxy("tproxy", "1-2", instances=2, addresses=2, allocation="bind"), services=3), 8),
        (chain(proxy(max_files=5, instances=2), services=3), 4),
        (chain(proxy(max_entries=8), services=3), 4),
        (chain(proxy(max_entries=8, tracking="off"), services=3), 30),
        (chain(proxy(source="client-port"), services=3), 0),
        (chain(proxy(source="client-port", tracking="off"), services=3), 288),
    ],
)
def test_flows(topology: dict[str, Any], flows: int) -> None:
    assert most_flows(topology) == flows


@pytest.mark.parametrize(
    ("topology", "rate"),
    [
        (chain(clients={"addresses": 1, "ports": ["1-3"]}, hold=40), 3 / 100),
        (chain(clients={"addresses": 1, "ports": ["1-3"], "reuse_after": 1}, hold=40), 3 / 41),
        (chain(clients={"addresses": 1, "ports": ["1-3"]}, hold=0, first_close="server"), math.inf),
        (chain(cone(), first_close="server"), 10 / 120),
        (chain(cone(block=5), first_close="server"), 10 / 120),
        (chain(cone(block=5, time_wait=0, max_entries=6), first_close="server"), 6 / 120),
        (chain(cone(block=5, time_wait=0), first_close="server"), math.inf),
        (chain(cone(destinations=2), services=3, first_close="server"), 20 / 120),
        (chain(cone(block=5, overflow="11-13"), first_close="server"), 13 / 120),
        (chain(cone(block=5, overflow="11-13", time_wait=0), first_close="server"), math.inf),
        (chain(cone("1-40", client_ports=2), first_close="server"), 16 / 120),
        (chain(cone("1-10", time_wait=0), to_clients("1-10"), hold=10), 10 / 80),
        (chain(proxy(max_files=6), hold=100, first_close="server"), 3 / 100),
        (chain(proxy(), hold=100, first_close=0.5), 10 / 130),
    ],
)
def test_rate(topology: dict[str, Any], rate: float) -> None:
    assert highest_rate(topology) == pytest.approx(rate)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="blok"):
        most_flows(chain(cone(blok=3)))
