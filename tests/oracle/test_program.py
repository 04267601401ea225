"""The oracle itself, on cases that were measured on a kernel or that can be counted by hand."""

import math
from typing import Any

import pytest

from . import cones, meaning, proxies, walk
from .cones import ConeStep
from .network import Flows, Network, Seconds
from .program import highest_rate, most_flows
from .proxies import ProxyStep
from .stream import Stream
from .walk import Builder

CLIENTS = {"addresses": 8, "ports": ["1-12"]}
ONE = {"addresses": 1, "ports": "1-3"}
TEN = {"addresses": 1, "ports": "1-10"}
SHORT = {"time_wait": 1}


def chain(
    *hops: dict[str, Any], services: int = 1, clients: Any = None, service_wait: float = 0, **traffic: Any
) -> dict[str, Any]:
    return {
        "traffic": traffic,
        "clients": clients or CLIENTS,
        "hops": list(hops),
        "services": {"addresses": services, "ports": [80], "time_wait": service_wait},
    }


def cone(ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return {"kind": "cone", "addresses": 1, "ports": [ports], **more}


def proxy(capture: str = "tproxy", ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return {"kind": "hourglass", "capture": capture, "ports": [ports], **more}


def to_clients(ports: str = "1-10", **more: Any) -> dict[str, Any]:
    return proxy("tproxy", ports, source="client", **more)


def balancer(**more: Any) -> dict[str, Any]:
    return {"kind": "hourglass", "layer": 4, **more}


def one_virtual(addresses: int) -> dict[str, Any]:
    return balancer(virtual={"addresses": addresses, "ports": [80]})


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


RATES = [
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
    # what each end keeps: the side that chose the port what it closed first, the other what that closed
    (chain(clients=ONE | {"allocation": "bind", "reuse_after": 1}, services=2), 3 / 60),
    (chain(services=2, clients=ONE | {"reuse_after": 1}, service_wait=60, first_close="server"), 6 / 60),
    (chain(services=2, clients=ONE, service_wait=20, first_close=0.25), 6 / 30),
    (chain(proxy(accept_wait=60), clients=ONE, first_close="server"), 3 / 60),
    (chain(proxy(tracking="off", accept_wait=60), clients=ONE, first_close="server"), 3 / 60),
    (chain(proxy("listen", accept_wait=60), clients=ONE, first_close="server"), 3 / 60),
    (chain(rewriting(accept_wait=60, tracking_time_wait=0), clients=ONE, first_close="server"), 3 / 60),
    (chain(rewriting(accept_wait=60, tracking_time_wait=0), first_close="server", clients=TEN), 10 / 60),
    (chain(rewriting(instances=2, accept_wait=9, tracking_time_wait=0), hold=1, clients=ONE), 3 / 61),
    (chain(proxy(allocation="bind", reuse_after=1), services=3), 10 / 60),
    (chain(proxy(reuse_after=1), services=3, clients=CLIENTS | {"time_wait": 0}), 30),
    (chain(to_clients(accept_wait=10), clients=TEN | {"time_wait": 0}, hold=5, first_close=0), 10 / 20),
    (chain(proxy(source="client-port", tracking="off"), clients=ONE | {"time_wait": 1}), 3),
    (chain(proxy(source="client-port", tracking="off", reuse_after=9), clients=ONE | SHORT), 3 / 9),
    (chain(proxy("listen", source="client-port", reuse_after=9), clients=ONE | SHORT), 3 / 9),
    # a cone keeps closed entries, or only until the last packet; its table never fills then
    (chain(cone(closing="gives-way"), hold=30), 10 / 30),
    (chain(cone(closing="gives-way", half_close=2, max_entries=10), hold=30), 10 / 32),
    (chain(cone(closing="gives-way", half_close=2, max_entries=9), hold=30), 9 / 150),
    (chain(cone(closing="gives-way", max_entries=20, addresses=2, instances=2), hold=30), 96 / 90),
    (chain(cone(closing="gives-way", max_entries=20), services=3, hold=30), 20 / 150),
    # a forwarder reopens a closed entry, or refuses for as long as it says
    (chain(balancer(virtual={"ports": [80]}), clients=ONE), 3 / 60),
    (chain(balancer(virtual={"ports": [80]}, reuse_after=200), services=2, clients=ONE), 6 / 200),
    (chain(balancer(reuse_after=200), services=2, clients=ONE), 6 / 200),
    # a port that its chooser, or who is behind, keeps for longer than the table of both legs
    (chain(cone("1-22", time_wait=120), to_clients("1-26", time_wait=60), hold=100), 23 / 260),
    (
        chain(to_clients(time_wait=0) | {"ports": [1, 9]}, clients={"ports": "1-4", "time_wait": 6}, hold=4),
        0.39,
    ),
    (chain(to_clients(), clients={"ports": "1-14"}, service_wait=60, hold=100, first_close="server"), 0.058),
    # 16, 17 and 31 of the project's cases, smaller
    (chain(cone("1-10", closing="gives-way"), service_wait=60, first_close="server"), 10 / 60),
    (chain(balancer(virtual={"ports": [80]}), clients={"ports": "1-10"}), 10 / 60),
    (chain(to_clients("3-10", accept_wait=60), clients={"ports": "1-10"}, first_close=0.5), 9 / 60),
    # a tuple is free when the last end has forgotten it: of one virtual service, or to one
    (chain(clients=ONE, service_wait=60, first_close=0.5, hold=5), 3 / 65),
    (chain(one_virtual(1), clients=ONE, services=2, service_wait=600, first_close=0.5), 6 / 330),
    (chain(one_virtual(2), clients=ONE | {"time_wait": 600}, service_wait=60, first_close=0.5), 6 / 330),
]


@pytest.mark.parametrize(("topology", "rate"), RATES)
def test_rate(topology: dict[str, Any], rate: float) -> None:
    assert highest_rate(topology) == pytest.approx(rate)


@pytest.mark.parametrize(("hop", "key"), [(cone(blok=3), "blok"), (balancer(time_wait=1), "time_wait")])
def test_unknown_keys_are_refused(hop: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=f"unknown \\['{key}'\\]"):
        most_flows(chain(hop))


# Other meanings, each of which some chain above must show to be wrong.


def without_last(step: Stream, where: Any, flows: Flows, seconds: Seconds, *, alone: bool = True) -> None:
    step.kept = seconds
    takes(step, where, flows, seconds, alone=alone)


takes, forwarder, proxied = Stream.takes, Builder.forwarder, ProxyStep.walk


def proxy_as(change: Any) -> Any:
    def walked(step: ProxyStep) -> None:
        step.hop = change(step.hop)
        proxied(step)

    return walked


OTHER_MEANINGS: dict[str, tuple[Any, str, Any]] = {
    "bind: reuse_after helps": (proxies, "closer", lambda part: meaning.reuse(part, 60)),
    "bind: reuse_after helps clients": (walk, "closer", lambda part: meaning.reuse(part, 60)),
    "cone: closed entries hold": (cones, "closed_entry", lambda cone: meaning.reuse(cone, 120)),
    "cone: the table always fills": (ConeStep, "entries", lambda step, ways: step.hop.get("max_entries", 0)),
    "virtual: the tuple before it is free at once": (
        Stream,
        "turns",
        lambda stream, who, flows, seconds: stream.begins(who, flows, seconds),
    ),
    "ends: each for itself": (Stream, "takes", without_last),
    "waits: whoever closes": (Seconds, "mean", lambda seconds, share: max(seconds)),
    "waits: the other side's": (
        Seconds,
        "mean",
        lambda seconds, share: share * seconds.server + (1 - share) * seconds.client,
    ),
    "tables: filled whoever keeps the port": (Network, "apart", lambda *_: None),
    "services: wait for nothing": (Builder, "arrive", lambda step, flows: None),
    "forwarder: as long as its table": (
        Builder,
        "forwarder",
        lambda step, i, hop, stream: forwarder(step, i, {**hop, "reuse_after": 120}, stream),
    ),
    "proxy: a tuple that it closed is free": (
        ProxyStep,
        "walk",
        proxy_as(lambda hop: {**hop, "accept_wait": 0}),
    ),
    "nat: the client's leg is in no table": (
        ProxyStep,
        "walk",
        proxy_as(lambda hop: hop | ({"accept_wait": 0} if hop["capture"] == "nat" else {})),
    ),
    "client-port: lingers as other sources": (
        ProxyStep,
        "walk",
        proxy_as(lambda hop: {"reuse_after": 60, **hop}),
    ),
}


@pytest.mark.parametrize("name", OTHER_MEANINGS)
def test_another_meaning_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*OTHER_MEANINGS[name])
    assert any(highest_rate(topology) != pytest.approx(rate) for topology, rate in RATES)
