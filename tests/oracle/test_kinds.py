"""The oracle on kinds of traffic: what can be counted by hand, and what must hold for any network."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from . import places, traffic, walk
from .cones import ConeStep
from .machines import resolve
from .meaning import Topology
from .network import Seconds
from .places import Places
from .program import best_mix, headroom, highest_rate, mean_flows, most_flows
from .proxies import ProxyStep
from .stream import Stream
from .traffic import Kind

Hop = dict[str, Any]
EVERY = "1-99"  # more ports than matter


def net(*hops: Hop, clients: Any = None, services: Any = 1, **traffic: Any) -> Topology:
    """Return a network of these hops."""
    given = {"addresses": services, "ports": 80} if isinstance(services, int) else services
    return {
        "traffic": traffic,
        "clients": clients or {"addresses": 2, "ports": "1-40"},
        "hops": list(hops),
        "services": given,
    }


def mix(**shares: Any) -> dict[str, Any]:
    """Return kinds that differ by nothing but their name, unless they say so."""
    each = {name: share if isinstance(share, dict) else {"share": share} for name, share in shares.items()}
    return {"kinds": [{"name": name, **more} for name, more in each.items()]}


def cone(ports: str = "1-10", addresses: Any = 1, **more: Any) -> Hop:
    return {"kind": "cone", "addresses": addresses, "ports": ports, **more}


def proxy(capture: str, ports: str = "1-10", **more: Any) -> Hop:
    return {"kind": "hourglass", "capture": capture, "ports": ports, **more}


def captured(x: float, services: int = 3, ports: str = "1-10", **more: Any) -> Topology:
    """Return a cone, and behind it a transparent proxy that captures logins, a share x."""
    hop = proxy("tproxy", ports, source="client", captures=["login"])
    shares = {"login": x, "rest": 1 - x} if x < 1 else {"login": 1}
    return net(cone(ports), hop, services=services, **mix(**shares), **more)


@pytest.mark.parametrize("x", [1, 0.5, 0.25, 0.1])
def test_a_share_that_is_captured_counts_twice(x: float) -> None:
    """Case 2: half of the ports for all, the whole for none."""
    assert mean_flows(captured(x)) == pytest.approx(3 * 10 / (1 + x))
    assert most_flows(captured(x)) == math.floor(30 / (1 + x))
    assert highest_rate(captured(x, hold="5m")) == pytest.approx(min(30 / 420, 30 / (300 + 360 * x)))


def test_case_2_at_its_size() -> None:
    """The figures are in proportion to the ports."""
    assert 64512 / 10 * mean_flows(captured(0.1, 6)) == pytest.approx(351_883.636363)
    assert 64512 / 10 * highest_rate(captured(0.1, 6, hold="5m")) == pytest.approx(921.6)
    assert 64512 / 10 * highest_rate(captured(1, 6, hold="5m")) == pytest.approx(586.472727)


def mixed(x: float, *, addresses: int = 2, services: int = 3, ports: int = 6) -> Topology:
    """Return one machine that captures a share by TPROXY, the rest by REDIRECT with one listener."""
    redirect = proxy("nat", EVERY, captures=["b"], rewrite_ports=f"1-{ports}", machine="m")
    hops = [
        cone(f"1-{ports}", addresses),
        proxy("tproxy", f"1-{ports}", source="client", captures=["a"], machine="m"),
        redirect,
    ]
    return net(*hops, clients={"addresses": 3, "ports": EVERY}, services=services, **mix(a=x, b=1 - x))


@pytest.mark.parametrize("x", [0.1, 0.4, 0.5, 0.6, 0.9])
def test_case_3_the_mixed_deployment(x: float) -> None:
    m, e, p = 2, 3, 6
    assert mean_flows(mixed(x)) == pytest.approx(min(m * e * p / (1 + x), m * p / (1 - x)))


@pytest.mark.parametrize(("m", "e", "p"), [(2, 3, 6), (1, 2, 5), (2, 4, 3)])
def test_case_3_the_best_mix(m: int, e: int, p: int) -> None:
    flows, shares = best_mix(mixed(0.5, addresses=m, services=e, ports=p), flows=True)
    assert flows == pytest.approx(m * p * (e + 1) / 2)
    assert shares["a"] == pytest.approx((e - 1) / (e + 1))


def two_holds(ports: int) -> Topology:
    services = [
        {"name": "a", "addresses": 1, "ports": 443},
        {"name": "b", "addresses": 10, "ports": 8443},
    ]
    short = {"share": 0.5, "hold": "100ms", "services": "a"}
    long = {"share": 0.5, "hold": "1h", "services": "b"}
    clients = {"addresses": 1, "ports": f"1-{ports}"}
    return net(clients=clients, services=services, **mix(s=short, l=long))


def test_case_1_a_hold_for_each() -> None:
    assert 28232 / 8 * highest_rate(two_holds(8)) == pytest.approx(154.273224)
    assert math.floor(28232 / 8 * mean_flows(two_holds(8))) == 282_327
    assert 28232 / 8 * headroom_of(two_holds(8), "s", 0.001) == pytest.approx(28232 / 60.1)


def headroom_of(topology: Topology, kind: str, rate: float) -> float:
    topology["traffic"]["rate"] = rate
    found = headroom(topology, kind)
    assert found is not None
    return found


def listening(port: int, **more: Any) -> Hop:
    return {"kind": "hourglass", "capture": "listen", "listen_ports": port, "ports": "1-20", **more}


def test_case_4_two_hops_in_one_process() -> None:
    one = listening(1, machine="m", max_files=16)
    assert most_flows(net(one, listening(2, machine="m"))) == 4
    assert most_flows(net(listening(1, max_files=16), listening(2, max_files=16))) == 8


def test_case_5_pooling() -> None:
    pool = {"connections_per_flow": "2/35", "upstream_hold": "219s"}
    clients = {"addresses": 20, "ports": "1-40"}
    plain = net(listening(443), listening(8080), clients=clients, services=4, hold="2s")
    pooled = net(listening(443, **pool), listening(8080), clients=clients, services=4, hold="2s")
    assert 28232 / 20 * highest_rate(plain) == pytest.approx(28232 / 62) == pytest.approx(455.354839)
    assert 28232 / 20 * highest_rate(pooled) == pytest.approx(1_770.824373)
    assert mean_flows(pooled) == pytest.approx(20 / (2 / 35 * 219 / 2))


def test_fan_out_needs_no_integers() -> None:
    """Three connections for a flow, ten ports to each of two services: six flows, since 18 of 20 fit."""
    assert most_flows(net(proxy("listen", connections_per_flow=3), services=2)) == 6
    files = proxy("listen", connections_per_flow=3, max_files=20, files_per_flow=4)
    assert most_flows(net(files, services=2)) == 20 // (2 + 3 * 2)


def test_behind_a_pool_a_flow_is_a_connection_of_the_pool() -> None:
    first = proxy("listen", EVERY, connections_per_flow="1/2", upstream_hold=6, upstream_first_close="server")
    second = proxy("listen", "1-5", time_wait=7)
    clients = {"addresses": 1, "ports": EVERY, "time_wait": 0}
    assert highest_rate(net(first, second, clients=clients, hold=2)) == pytest.approx(5 / (6 / 2))
    back = {**first, "upstream_first_close": "client"}
    assert highest_rate(net(back, second, clients=clients, hold=2)) == pytest.approx(5 / (13 / 2))


def test_a_pool_holds_ports_also_where_its_kind_holds_for_no_time() -> None:
    """Kind b is never open; its pool is, and is full at 10 connections, 4 s each, where b starts 2.5/s."""
    a, b = {"share": 0.5, "hold": 2, "services": "a"}, {"share": 0.5, "hold": 0, "services": "b"}
    services = [{"name": name, "addresses": 1, "ports": 80} for name in "ab"]
    hop = proxy("listen", upstream_hold=4, captures=["b"], traffic=["b"])
    clients = {"addresses": 9, "ports": "1-9"}
    assert mean_flows(net(hop, services=services, clients=clients, **mix(a=a, b=b))) == pytest.approx(2.5 * 2)


def test_case_6_udp() -> None:
    found = net(cone(udp_timeout="30s"), protocol="udp")
    assert 6451.2 * highest_rate(found) == pytest.approx(2_150.4)
    assert highest_rate(net(cone(), protocol="udp", hold=10)) == pytest.approx(10 / 130)


UDP_HALF = mix(t={"share": 0.5, "protocol": "tcp"}, u={"share": 0.5, "protocol": "udp"})


def test_udp_and_tcp_have_their_own_ports_and_share_tables() -> None:
    assert most_flows(net(cone(), **UDP_HALF)) == 20
    assert most_flows(net(cone(max_entries=15), **UDP_HALF)) == 15
    assert most_flows(net(cone(), proxy("listen", EVERY, max_files=15), **UDP_HALF)) == 7
    tproxy = proxy("tproxy", source="client")
    assert most_flows(net(cone(), tproxy, **UDP_HALF)) == 10
    clients = {"addresses": 1, "ports": EVERY, "time_wait": 0}
    slower = net(cone(udp_timeout=2, time_wait=1), clients=clients, **UDP_HALF)
    assert highest_rate(slower) == pytest.approx(10 / (0.5 * 2))


def test_case_7_families() -> None:
    both = ["127.0.0.1", "::1"]
    found = net(clients={"addresses": both, "ports": "1-8"}, services={"addresses": both, "ports": 8080})
    assert most_flows(found) == 2 * 8
    with pytest.raises(ValueError, match="family 6 reach no service"):
        most_flows(
            net(clients={"addresses": "::1", "ports": 1}, services={"addresses": "10.0.0.1", "ports": 80})
        )
    with pytest.raises(ValueError, match="services of family 6 have no client"):
        most_flows(
            net(clients={"addresses": "127.0.0.1", "ports": 1}, services={"addresses": both, "ports": 80})
        )


def test_a_cone_decides_the_family_behind_it() -> None:
    clients = {"addresses": ["::1", "::2"], "ports": "1-8"}
    services = {"addresses": "10.0.0.1", "ports": 80}
    assert most_flows(net(cone(addresses="10.9.0.0/31"), clients=clients, services=services)) == 16
    with pytest.raises(ValueError, match="reach no service"):
        most_flows(net(cone(addresses="::9"), clients=clients, services=services))
    both = [services, {"addresses": "::7", "ports": 80}]
    split = net(cone("1-6", ["10.9.0.1", "::9", "::a"]), clients=clients, services=both)
    assert most_flows(split) == 12  # half of them go to one address of the cone's


def test_a_listener_speaks_to_its_clients_and_its_own_address_to_services() -> None:
    hop = proxy("listen", "1-6", listen_addresses="::5", addresses="10.0.0.5")
    clients = {"addresses": "::1", "ports": "1-8"}
    services = {"addresses": "10.0.0.1", "ports": 80}
    assert most_flows(net(hop, clients=clients, services=services)) == 6


def crowd(clients: int, addresses: int = 2, **more: Any) -> Topology:
    return net(cone("1-11", addresses, **more), clients={"addresses": clients, "ports": "1-20"})


def test_case_9_blocks_grow() -> None:
    """Q·M + s clients: (M − s)·min(q·B, f) + s·min((q + 1)·B, f) blocks, here of 2 ports, f = 5."""
    assert most_flows(crowd(3, block=2)) == 3 * 2
    assert most_flows(crowd(3, 4, block=2, blocks_per_client=2)) == 3 * 2 * 2
    assert most_flows(crowd(5, block=2, blocks_per_client=2)) == (4 + 5) * 2
    assert most_flows(crowd(3, block=2, blocks_per_client=3)) == (3 + 5) * 2


def test_cases_8_and_11_who_has_a_block() -> None:
    assert most_flows(crowd(12, 4, block=4)) == 8 * 4
    assert most_flows(crowd(12, 4, block=4, blocks_span=True)) == 11 * 4
    assert most_flows(crowd(3, 4, block=4, blocks_span=True, blocks_per_client=2)) == 3 * 2 * 4


def test_a_block_is_of_one_client_whatever_the_kind() -> None:
    kinds = mix(a={"share": 0.5, "clients": "x"}, b={"share": 0.5, "clients": "y"})
    clients = [{"name": name, "addresses": 1, "ports": "1-20"} for name in "xy"]
    assert most_flows(net(cone("1-11", block=4), clients=clients, **kinds)) == 8
    assert most_flows(net(cone("1-7", block=4), clients=clients, **kinds)) == 0  # one client's kind has none


def test_case_20_another_service() -> None:
    clients = {"addresses": 1, "ports": "1-9"}
    assert [most_flows(net(clients=clients, services=e)) for e in (1, 2)] == [9, 18]
    assert [highest_rate(net(clients=clients, services=e)) for e in (1, 2)] == [9 / 60, 18 / 60]


def test_case_26_files() -> None:
    hop = proxy("listen", "1-200", max_files=1024, files_per_flow=8)
    assert most_flows(net(hop, clients={"addresses": 1, "ports": "1-200"})) == 128
    clients = {"addresses": 3, "ports": "1-9", "max_files": 5}
    assert most_flows(net(clients=clients, services=2)) == 15


def test_groups_of_clients_share_what_is_in_the_way() -> None:
    """Two of three clients are of the branch; the office's have few ports."""
    clients = [
        {"name": "office", "addresses": 1, "ports": "1-2"},
        {"name": "branch", "addresses": 2, "ports": "1-9"},
    ]
    assert most_flows(net(clients=clients)) == 6  # 2 and 4
    assert most_flows(net(cone("1-5"), clients=clients)) == 5
    only = mix(a={"share": 0.5, "clients": "office"}, b={"share": 0.5, "clients": "branch"})
    assert most_flows(net(clients=clients, **only)) == 4


def test_services_by_their_shares() -> None:
    services = [
        {"name": "hot", "addresses": 1, "ports": 80, "share": 0.75},
        {"name": "cold", "addresses": 2, "ports": 80, "share": 0.25},
    ]
    assert most_flows(net(clients={"addresses": 1, "ports": "1-9"}, services=services)) == 12
    free = {"addresses": 3, "ports": 80}
    assert most_flows(net(clients={"addresses": 1, "ports": "1-9"}, services=free)) == 27


def test_a_kind_goes_evenly_to_its_services_also_where_others_go() -> None:
    """Half of a's flows meet b's at one service, though they could all go to the other."""
    services = [{"name": name, "addresses": 1, "ports": 80} for name in "xy"]
    kinds = mix(a=0.5, b={"share": 0.5, "services": "x"})
    clients = {"addresses": 1, "ports": "1-9"}
    assert most_flows(net(clients=clients, services=services, **kinds)) == 12


def test_kinds_that_go_round_a_hop() -> None:
    branches = [cone("1-4", traffic=["a"]), cone("1-8", traffic=["b"])]
    half = mix(a=0.5, b=0.5)
    assert most_flows(net(*branches, **half)) == 8
    flows, shares = best_mix(net(*branches, **half), flows=True)
    assert flows == pytest.approx(12)
    assert shares == pytest.approx({"a": 1 / 3, "b": 2 / 3})


def test_ways_meet_at_the_service() -> None:
    """What passes keeps the client's tuple, what a proxy sends may not be the same, with no table between."""
    direct = mix(a=0.5, b=0.5)
    hop = proxy("tproxy", "1-4", source="client", tracking="off", traffic=["a"], time_wait=0)
    clients = {"addresses": 1, "ports": "1-4", "time_wait": 0}
    assert mean_flows(net(hop, clients=clients, **direct)) == pytest.approx(4)
    alone = {**clients, "ports": "5-8"}
    assert mean_flows(net(hop, clients=alone, **direct)) == pytest.approx(4)  # the client's own ports
    listens = {**hop, "capture": "listen"}
    assert mean_flows(net(listens, clients=clients, **direct)) == pytest.approx(4)
    assert mean_flows(net({**listens, "ports": "1-9"}, clients=clients, **direct)) == pytest.approx(8)


def test_a_machine_has_one_table_for_all_its_legs() -> None:
    """Behind the cone: what a captures and opens again, and what passes; on two machines each half."""
    first = proxy("tproxy", source="client", captures=["a"])
    second = proxy("tproxy", source="client", captures=["b"])
    half = mix(a=0.5, b=0.5)
    apart = net(cone(), first, second, **half)
    there = {"machine": "m"}
    together = net(cone(), {**first, **there}, {**second, **there}, **half)
    assert mean_flows(apart) == pytest.approx(10 / 1.5)
    assert mean_flows(together) == pytest.approx(10 / 2)


def test_a_leg_between_two_hops_of_a_machine_has_one_entry_and_two_files() -> None:
    hops = [listening(1, machine="m", max_entries=12), listening(2, machine="m")]
    assert most_flows(net(*hops)) == 4
    forwarder = {"kind": "hourglass", "layer": 3, "machine": "m", "max_entries": 12}
    assert most_flows(net(forwarder, {**forwarder, "layer": 4})) == 12
    assert most_flows(net(forwarder, listening(1, machine="m"))) == 6


def test_a_table_keeps_a_tuple_that_is_its_own_twice_for_the_longer_of_both_each_time() -> None:
    """Between the proxies of a machine: 2 s where the first closes, 2 s where the second does, so always."""
    first = proxy("tproxy", "1", source="client", time_wait=2, machine="m")
    second = proxy("tproxy", "2-9", source="client", accept_wait=2, time_wait=0, machine="m")
    clients = {"addresses": 1, "ports": "11-19", "time_wait": 0}
    found = net(first, second, clients=clients, first_close=0.5)
    assert highest_rate(found, of_time=False) == pytest.approx(1 / 2)


def test_a_machine_has_its_own_addresses_once() -> None:
    pair = [
        proxy("listen", traffic=[name], captures=[name], machine="m", listen_ports=port)
        for name, port in (("a", 1), ("b", 2))
    ]
    half = mix(a=0.5, b=0.5)
    assert most_flows(net(*pair, **half)) == 10
    for hop in pair:
        del hop["machine"]
    assert most_flows(net(*pair, **half)) == 20


def test_machines_that_disagree_are_refused() -> None:
    with pytest.raises(ValueError, match="machine m: instances differs"):
        most_flows(net(listening(1, machine="m", instances=2), listening(2, machine="m", instances=1)))


def test_a_kind_that_no_flow_gets_through_stops_its_mix() -> None:
    same = proxy("tproxy", source="client-port", captures=["a"])
    del same["ports"]
    assert most_flows(net(same, **mix(a=0.5, b=0.5))) == 0
    assert best_mix(net(same, **mix(a=0.5, b=0.5)), flows=True)[1] == {"a": 0, "b": 1}


# Other meanings, each of which some case above must show to be wrong.


def parts_alike(topology: Topology) -> list[Any]:
    found = parts(topology)
    count = {part.kind.name: sum(other.kind == part.kind for other in found) for part in found}
    return [replace(part, part=1 / count[part.kind.name]) for part in found]


def on_its_own(hops: list[Hop]) -> Any:
    return resolve([{key: value for key, value in hop.items() if key != "machine"} for hop in hops])


def every_time(
    stream: Stream, key: Any, where: Any, arc: int, seconds: Any, *, each: float = 1, room: float = 1
) -> None:
    stream.net.use(key, [arc], stream.weight(seconds, each), room=room)


def lingers(
    stream: Stream, *, always: float = 0, client: float = 0, server: float = 0, idle: float = 0
) -> Seconds:
    return Seconds(stream.hold + always + client, stream.hold + always + server)


def sends_whole(step: ProxyStep, k: int, arcs: list[int]) -> None:
    step.hop = {**step.hop, "files_per_flow": 2 * step.hop.get("files_per_flow", 2)}
    sends(step, k, arcs)


parts, weight, sends = traffic.parts, Stream.weight, ProxyStep.sends
OTHER_MEANINGS: dict[str, tuple[Any, str, Any]] = {
    "pools: as many as flows": (ProxyStep, "opens", lambda step: None),
    "machines: each hop for itself": (places, "resolve", on_its_own),
    "machines: a leg counts at each hop": (Stream, "counts", every_time),
    "udp: lingers": (Stream, "held", lingers),
    "udp: the ports of tcp": (Stream, "ports", lambda stream, numbers: list(numbers)),
    "families: all meet": (Places, "fits", lambda *_: True),
    "groups: alike": (walk, "parts", parts_alike),
    "open at once: whatever they hold": (
        Stream,
        "weight",
        lambda stream, seconds, each=1: (
            weight(stream, seconds, each) if stream.net.rate else each * stream.each
        ),
    ),
    "captures: all": (Kind, "captured", lambda kind, hop: True),
    "traffic: all": (Kind, "crosses", lambda kind, hop: True),
    "blocks: of any address": (
        ConeStep,
        "home",
        lambda step, owner, address: step.block(owner, (address, -1)),
    ),
    "files: as many on each side": (ProxyStep, "sends", sends_whole),
}
CASES = [
    case
    for name, case in sorted(globals().items())
    if name.startswith("test_") and not hasattr(case, "pytestmark")
]


@pytest.mark.parametrize("name", OTHER_MEANINGS)
def test_another_meaning_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*OTHER_MEANINGS[name])
    assert any(fails(case) for case in CASES)


def fails(case: Callable[[], None]) -> bool:
    try:
        case()
    except (AssertionError, RuntimeError, ValueError):
        return True
    return False
