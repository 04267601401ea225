"""Cases of people who run such networks: several kinds of flows, pools, machines, families, blocks.

Each has its figures by arithmetic, and siblings.  ``small`` are the same networks with a handful
of ports, where a program over every possible flow says the same.
"""

import math
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.program import highest_rate, most_flows
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.file import from_dict

Table = dict[str, Any]

CONE_PORTS, EPHEMERAL = 64512, 28232
SERVICE = {"addresses": 1, "ports": 443}


def net(*hops: Table, services: Any = SERVICE, clients: Any = None, **traffic: Any) -> Table:
    named = [{"name": f"h{n}", **hop} for n, hop in enumerate(hops)]
    return {
        "traffic": traffic,
        "clients": clients or {"addresses": 1},
        "hops": named,
        "services": services,
    }


def of(*hops: Table, **more: Any) -> Capacity:
    return capacity(from_dict(net(*hops, **more)))


def cone(**keys: Any) -> Table:
    return {"kind": "cone", "addresses": 1, **keys}


def proxy(capture: str, **keys: Any) -> Table:
    return {"kind": "hourglass", "capture": capture, **keys}


def two(x: Any, first: str = "a", second: str = "b", **each: Table) -> list[Table]:
    """Two kinds, the first with this share, with more keys for each by its name."""
    kinds = [{"name": first, "share": str(Fraction(x))}, {"name": second, "share": str(1 - Fraction(x))}]
    return [kind | each.get(str(kind["name"]), {}) for kind in kinds]


def holds(found: Capacity, flows: int, rate: Fraction | float | None = None) -> None:
    assert found.flows == flows
    if rate is not None:
        assert found.rate == Fraction(rate)


# 1. Two kinds with holds of their own.

GROUPS = [
    {"name": "a", "addresses": 1, "ports": 443},
    {"name": "b", "addresses": 10, "ports": 8443},
]


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 10), Fraction(99, 100)])
def test_holds_of_their_own(share: Fraction) -> None:
    """1: the mean hold of 1,800 s says 30.36/s; the ports towards b carry 154.273/s."""
    kinds = two(share, a={"hold": "100ms", "services": "a"}, b={"hold": "1h", "services": "b"})
    found = of(services=GROUPS, kinds=kinds)
    short, long = share * Fraction(1, 10), (1 - share) * 3600  # open, for each new connection a second
    rates = EPHEMERAL / (share * Fraction(601, 10)), 10 * EPHEMERAL / ((1 - share) * 3660)
    flows = EPHEMERAL * (short + long) / short, 10 * EPHEMERAL * (short + long) / long
    holds(found, math.floor(min(flows)), min(rates))
    if share == Fraction(1, 2):
        holds(found, 282_327, Fraction(282_320, 1830))
        assert found.rate_binding is not None
        assert [each.kind for each in found.rate_binding.shares] == ["b"]


# 2. Only some are captured.


def captured(share: Fraction, ports: str = "1024-65535", **more: Any) -> Table:
    strict = proxy("tproxy", source="client", ports=ports, captures=["login"])
    kinds = two(share, "login", "rest") if share < 1 else [{"name": "login", "share": 1}]
    services = {"addresses": 6, "ports": 8000}
    return net(cone(ports=ports), strict, services=services, kinds=kinds, **more)


@pytest.mark.parametrize("share", [Fraction(1, 10), Fraction(1, 2), Fraction(1)])
def test_only_logins_are_captured(share: Fraction) -> None:
    """2: 6·|P| / (1 + x); the cone holds each flow for 420 s, the table a captured one for 660 s."""
    room = 6 * CONE_PORTS
    found = capacity(from_dict(captured(share, hold="5m", clients={"addresses": 131072})))
    holds(found, math.floor(room / (1 + share)), min(Fraction(room, 420), room / (300 + 360 * share)))
    if share == Fraction(1, 10):
        holds(found, 351_883, Fraction("921.6"))


# 3. Both captures on one machine.


@pytest.mark.parametrize("services", [2, 5, 10])
@pytest.mark.parametrize("addresses", [1, 2])
def test_the_mixed_deployment(addresses: int, services: int) -> None:
    """3: min(M·E·P / (1 + x), M·P / (1 − x)), largest at (E − 1) / (E + 1): M·P·(E + 1) / 2."""
    best = Fraction(services - 1, services + 1)
    room, most = addresses * CONE_PORTS, 0
    for x in (best, Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        hops = [
            proxy("tproxy", source="client", ports="1024-65535", machine="m", traffic="a"),
            proxy("nat", ports="1024-65535", machine="m", traffic="b"),
        ]
        ends = {"clients": {"addresses": 5000}, "services": {"addresses": services, "ports": 80}}
        found = of(cone(addresses=addresses), *hops, kinds=two(x), **ends)
        assert found.flows == math.floor(min(room * services / (1 + x), room / (1 - x)))
        most = max(most, found.flows)
        if x == best:
            assert found.flows == most == room * (services + 1) // 2
    assert most == room * (services + 1) // 2


@pytest.mark.parametrize(
    ("first", "second", "flows"),
    [
        ("198.18.1.1", "198.18.1.1", 300),  # one address, and its ports towards the one service
        ("198.18.1.1", "198.18.1.2", 400),
        ("198.18.1.1", "198.18.1.2-198.18.1.9", 400),  # half of all go by the first
        ("198.18.1.1", 1, 400),  # a count is of addresses that nobody else has
    ],
)
def test_hops_of_a_machine_with_addresses_of_their_own(first: Any, second: Any, flows: int) -> None:
    """Ports are those of the addresses, files of the machine; so is the table where addresses bind."""
    for binding in ({}, {"allocation": "bind"}):
        hops = [
            listening(
                n + 1, machine="m", max_files=10**4, addresses=own, ports=ports, traffic=kind, **binding
            )
            for n, (own, ports, kind) in enumerate(
                [(first, "20001-20200", "a"), (second, "20101-20300", "b")]
            )
        ]
        found = of(*hops, clients={"addresses": 9}, kinds=two(Fraction(1, 2)), hold="1s")
        assert found.flows == flows
        assert found.limit("h0", "files").flows == 10**4 // 2


# 4 and 26. Files.


def listening(number: int, **keys: Any) -> Table:
    return proxy("listen", listen_ports=number, **keys)


MANY = {"clients": {"addresses": 2**20}, "services": {"addresses": 100, "ports": "1-100"}}
FILES = 524_288


@pytest.mark.parametrize(
    ("first", "second", "flows"),
    [
        ({"machine": "m", "max_files": FILES}, {"machine": "m", "max_files": FILES}, FILES // 4),
        (
            {"machine": "m", "max_files": FILES},
            {"machine": "m"},
            FILES // 4,
        ),  # what one says is the machine's
        ({"machine": "m"}, {"machine": "m", "max_files": FILES}, FILES // 4),
        ({"max_files": FILES}, {"max_files": FILES}, FILES // 2),
        ({"machine": "m", "max_files": FILES, "files_per_flow": 6}, {"machine": "m"}, FILES // 8),
        ({"files_per_flow": 8, "max_files": 1024}, {}, 128),
        ({"files_per_flow": 8, "max_files": 1024, "connections_per_flow": "1/2"}, {}, 1024 // 6),
        ({"files_per_flow": 3, "max_files": 1024}, {}, 341),
    ],
)
def test_files(first: Table, second: Table, flows: int) -> None:
    """4: two levels in one process take four files a flow; 26: a splicing proxy takes more than two."""
    own = {"addresses": 1000}
    assert of(listening(1, **own, **first), listening(2, **own, **second), **MANY).flows == flows


def test_files_of_an_upstream_connection_are_open_as_long_as_it() -> None:
    pooled = listening(1, max_files=900, connections_per_flow="1/10", upstream_hold="40s")
    holds(of(pooled, hold="2s", **MANY), 900 * 2 // (2 + 4), Fraction(900, 2 + 4))


# 5. Pools.


BY_SERVER = {"upstream_first_close": "server"}


def in_a_row(**pool: Any) -> Capacity:
    rest = {"services": {"addresses": 4, "ports": 80}, "clients": {"addresses": 200}}
    return of(
        proxy("listen", listen_ports=443, **pool), proxy("listen", listen_ports=8080), hold="2s", **rest
    )


@pytest.mark.parametrize(
    ("pool", "seconds"),
    [
        ({}, Fraction(62)),
        ({"connections_per_flow": 1}, Fraction(62)),
        ({"connections_per_flow": "2/35", "upstream_hold": "219s"}, Fraction(2 * 279, 35)),
        ({"connections_per_flow": 3}, Fraction(3 * 62)),
        ({"connections_per_flow": "2/35", "upstream_hold": "219s", **BY_SERVER}, Fraction(2 * 219, 35)),
    ],
)
def test_a_pool_of_connections(pool: Table, seconds: Fraction) -> None:
    """5: 455.35/s through one listener behind; with two connections for 35 requests 1,770.8/s."""
    assert in_a_row(**pool).rate == EPHEMERAL / seconds


# 6. UDP.


CROWD = {"clients": {"addresses": 2**20}}
HALF = two(Fraction(1, 2), b={"protocol": "udp"})


def test_udp_is_held_by_a_timeout() -> None:
    """6: 64,512 / 30 s; its ports are apart from those of TCP, its entries are not."""
    nat = cone(udp_timeout="30s")
    holds(of(nat, protocol="udp", **CROWD), CONE_PORTS, Fraction("2150.4"))
    assert of(nat, protocol="udp", hold="10s", **CROWD).rate == Fraction(CONE_PORTS, 40)
    holds(of(nat, kinds=HALF, **CROWD), 2 * CONE_PORTS, Fraction(2 * CONE_PORTS, 120))
    holds(of(nat | {"max_entries": 1000}, kinds=HALF, **CROWD), 1000, Fraction(2000, 120 + 30))


def test_udp_through_a_proxy() -> None:
    """No side waits after a close: a session ends when it was idle for so long."""
    hop = proxy("listen", udp_timeout="20s", accept_wait="1h")
    assert of(hop, protocol="udp", hold="10s", **CROWD).rate == Fraction(EPHEMERAL, 30)


# 7. Both families.


def test_a_source_reaches_its_own_family_only() -> None:
    """7: 16,384 ports at each of two clients, each towards one service."""
    both, ports = ["127.0.0.1", "::1"], "49152-65535"
    services = {"addresses": both, "ports": 8080}
    holds(of(clients={"addresses": both, "ports": ports}, services=services), 32_768)
    holds(of(clients={"addresses": 2, "ports": ports}, services=services), 65_536)
    nat = cone(addresses=both, ports=ports)
    holds(of(nat, clients={"addresses": 9, "ports": ports}, services=services), 32_768)
    v4 = {"addresses": "10.0.0.1", "ports": ports}
    holds(of(cone(addresses="::1"), clients=v4, services={"addresses": "::1", "ports": 80}), 16_384)


# 8 to 11. Blocks: who gets nothing, and who gets more.


@pytest.mark.parametrize(
    ("clients", "keys", "blocks"),
    [
        (12_000, {"addresses": 56, "block": 1024}, 3_528),  # 8: 63 at each address
        (3_000, {"addresses": 56, "block": 1024}, 3_000),
        (27, {"addresses": 79, "block": 128, "blocks_per_client": 8}, 27 * 8),  # 9
        (4, {"addresses": 3, "block": 16_384, "blocks_per_client": 2}, 2 + 2 + 3),  # three at each address
        (4, {"addresses": 3, "block": 16_384, "blocks_per_client": 2, "blocks_span": True}, 8),
        (2_000, {"ports": "1-64000", "block": 60}, 1_066),  # 10
        (100, {"addresses": 4, "block": 4096}, 60),  # 11
        (100, {"addresses": 4, "block": 4096, "blocks_span": True}, 63),
        (2, {"addresses": 1, "ports": "1-60000", "block": 50_000, "blocks_span": True}, 1),
    ],
)
def test_blocks(clients: int, keys: Table, blocks: int) -> None:
    wide = {"addresses": clients, "ports": "1-65535"}
    found = of(cone(**keys), clients=wide)
    holds(found, blocks * keys["block"], Fraction(blocks * keys["block"], 120))
    assert found.limit("h0", "block").flows == found.flows


# 20. More endpoints.


@pytest.mark.parametrize("services", [{"addresses": 3, "ports": 443}, {"addresses": 1, "ports": [1, 2, 3]}])
def test_more_endpoints_are_the_remedy_of_a_client_without_ports(services: Table) -> None:
    """20: each address, or port, of a service is a new set of ports, for clients and for a proxy."""
    holds(of(services=services), 3 * EPHEMERAL, Fraction(3 * EPHEMERAL, 60))
    pooled = proxy("listen", listen_ports=443)
    holds(of(pooled, services=services, **CROWD), 3 * EPHEMERAL, Fraction(3 * EPHEMERAL, 60))
    bound = {"addresses": 1, "allocation": "bind"}
    holds(of(services=services, clients=bound), EPHEMERAL)


# The same with a handful of ports, against the program over every flow.

FEW = {"addresses": 2, "ports": "1-3", "time_wait": 1}
SLOW = {"clients": FEW, "services": [SERVICE | {"name": "a"}, {"name": "b", "addresses": 2, "ports": 80}]}
ON_M = {"machine": "m", "time_wait": 2, "ports": "1-4"}
SMALL: dict[str, Table] = {
    "1": net(kinds=two("1/4", a={"hold": 1, "services": "a"}, b={"hold": 9, "services": "b"}), **SLOW),
    "2": captured(Fraction(1, 4), "1-9", hold=5, clients={"addresses": 2, "ports": "1-30"}),
    "3": net(
        cone(ports="1-4"),
        proxy("tproxy", source="client", traffic="a", **ON_M),
        proxy("nat", traffic="b", rewrite_ports="1-4", **ON_M),
        kinds=two("1/4"),
        clients={"addresses": 9, "ports": "1-9"},
        services={"addresses": 3, "ports": 80},
        hold=3,
    ),
    "4": net(listening(1, max_files=18, **ON_M), listening(2, **ON_M), hold=2, clients=FEW),
    "5": net(
        listening(1, connections_per_flow="1/2", upstream_hold=6, **ON_M),
        listening(2, ports="1-4"),
        hold=2,
        clients={"addresses": 9, "ports": "1-9"},
    ),
    "6": net(
        cone(ports="1-5", udp_timeout=3, max_entries=9), kinds=HALF, clients={"addresses": 9, "ports": "1-3"}
    ),
    "9": net(
        cone(ports="1-7", block=2, blocks_per_client=2, time_wait=1),
        clients={"addresses": 1, "ports": "1-9", "time_wait": 0},
        hold=1,
    ),
    "11": net(
        cone(addresses=2, ports="1-3", block=2, blocks_span=True), clients={"addresses": 5, "ports": "1-9"}
    ),
    "a router passes round its machine's proxy": net(
        {"kind": "hourglass", "layer": 3, "machine": "m"},
        proxy("tproxy", source="client", traffic="a", **ON_M),
        cone(addresses=2, ports="1-9"),
        kinds=two("1/2"),
        clients={"addresses": 1, "ports": "1-4", "time_wait": 0},
        hold=1,
    ),
    "a balancer passes round its machine's proxy": net(
        proxy("tproxy", source="client", traffic="a", **ON_M),
        {"kind": "hourglass", "layer": 4, "machine": "m", "virtual": SERVICE},
        cone(addresses=2, ports="1-9"),
        kinds=two("1/2"),
        clients={"addresses": 1, "ports": "1-4", "time_wait": 0},
        services={"addresses": 2, "ports": 443},
        hold=1,
    ),
    "26": net(listening(1, max_files=25, files_per_flow=8, ports="1-9"), clients=FEW, hold=4),
}


@pytest.mark.parametrize("share", ["1/2", "1/3"])
def test_kinds_of_one_group_have_the_blocks_that_its_clients_have(share: str) -> None:
    """Two of three clients have a block each, and send of both kinds: exact, not at most."""
    topology = net(
        cone(ports="1-5", block=2, time_wait=1),
        kinds=two(share, a={"hold": 1, "services": "a"}, b={"hold": 3, "services": "b"}),
        clients={"addresses": 3, "ports": "1-9", "time_wait": 0},
        services=SLOW["services"],
    )
    found = capacity(from_dict(topology))
    assert (found.served.served, found.at_most) == (2, ())
    assert found.flows == most_flows(topology)
    assert float(found.rate or 0) == pytest.approx(highest_rate(topology))


@pytest.mark.parametrize("case", SMALL)
def test_a_program_over_every_flow_says_the_same(case: str) -> None:
    found = capacity(from_dict(SMALL[case]))
    assert found.flows == most_flows(SMALL[case])
    assert float(found.rate or 0) == pytest.approx(highest_rate(SMALL[case]))
