"""The model's own figures: the bundled examples, the theorem's examples, n', shares."""

import math
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.limits.chains import Topology
from tests.oracle.program import most_flows
from tuplecalc.limits.capacity import Capacity, Collapse, capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.file import EXAMPLES, example, from_dict
from tuplecalc.network.ports import PortSet
from tuplecalc.network.services import Services, machine_shares
from tuplecalc.under_load.offered import offered

P = 64512  # 1024 to 65535


class Row(NamedTuple):
    """A row of the model's table: the rate exactly, and as it is printed there."""

    name: str
    flows: int
    binding: str
    rate: Fraction
    printed: float
    rate_binding: str


VAULT = "nat ports vault"
TABLE = [
    Row("cone", P * 4 * 20, "nat ports", Fraction(P * 80, 122), 42302.950820, "nat ports"),
    Row("hourglass", 262144, "firewall entries", Fraction(262144, 125), 2097.152, "firewall entries"),
    Row("inverted-cone-nat", P * 4, "proxy capture", Fraction(P * 4, 122), 2115.147541, "proxy capture"),
    Row("inverted-cone-tproxy", P * 20, "proxy shared", Fraction(P * 40, 122), 21151.475410, "nat ports"),
    Row("mixed", P * 4, "proxy capture", Fraction(P * 4, 122), 2115.147541, "proxy capture"),
    Row("mixed-by-share", P * 8, "redirect capture", Fraction(P * 8, 122), 4230.295082, "redirect capture"),
    Row("office-and-branch", 74188, VAULT, Fraction(896), 896, VAULT),
    Row(
        "pooled-frontend",
        109514,
        "nginx-api upstream",
        Fraction(112928 * 40, 1491),
        3029.590879,
        "nginx-api upstream",
    ),
    Row("outage", P * 3, "login-proxy shared", Fraction(P * 6, 660), 586.472727, "login-proxy shared"),
]


def of(name: str) -> Capacity:
    return capacity(example(name))


def named(limit: Limit | None) -> str:
    return f"{limit.hop} {limit.name}" if limit else ""


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_table(row: Row) -> None:
    result = of(row.name)
    assert (result.flows, named(result.binding)) == (row.flows, row.binding)
    assert (result.rate, named(result.rate_binding)) == (row.rate, row.rate_binding)
    assert math.isclose(row.rate, row.printed, rel_tol=1e-9)


def test_the_table_has_every_bundled_example() -> None:
    assert {row.name for row in TABLE} == set(EXAMPLES)


@pytest.mark.parametrize(
    ("name", "shape", "constraint"),
    [
        ("cone", "cone", None),
        ("hourglass", "hourglass", None),
        ("inverted-cone-nat", "inverted cone", "address"),
        ("inverted-cone-tproxy", "inverted cone", "port"),
        ("mixed", "inverted cone", "address and port"),
        ("outage", "inverted cone", "port"),
    ],
)
def test_shape_and_constraint(name: str, shape: str, constraint: str | None) -> None:
    result = of(name)
    assert (result.shape, result.constraint) == (shape, constraint)


def test_nat_capture_keeps_a_tenth_of_the_cone_and_tproxy_half() -> None:
    assert of("inverted-cone-nat").collapse == (Collapse("nat", "proxy", "capture", Fraction(1, 10)),)
    assert of("inverted-cone-tproxy").collapse == (Collapse("nat", "proxy", "shared", Fraction(1, 2)),)
    assert of("cone").collapse == of("hourglass").collapse == ()


def test_the_outage_is_an_overload_of_the_proxy_and_not_of_the_balancer() -> None:
    result = of("outage")
    load = offered(result)
    assert load.overloaded
    assert load.utilisation == Fraction(700) / Fraction(P * 6, 660)
    balancer = result.hops[1]
    assert balancer.name == "lvs"
    assert min(limit.rate for limit in balancer.limits if limit.rate is not None) == Fraction(9216, 10)


# The theorem.


def behind_cone(A: str, *own: str, **more: Any) -> Topology:
    hops: list[Topology] = [{"name": "nat", "kind": "cone", "addresses": 1, "ports": A, "time_wait": 0}]
    for number, ports in enumerate(own):
        proxy = {
            "name": f"p{number}",
            "kind": "hourglass",
            "capture": "tproxy",
            "source": "client",
            "ports": ports,
        }
        hops.append(proxy | {"time_wait": 0} | more)
    services = {"addresses": 1, "ports": 80}
    clients = {"addresses": 1000, "ports": "1-65535", "time_wait": 0}
    return {"traffic": {"hold": 1}, "clients": clients, "hops": hops, "services": services}


def flows(topology: Topology) -> int:
    return capacity(from_dict(topology)).flows


@pytest.mark.parametrize("ports", [60000, 60, 12])
def test_two_proxies_in_a_row_leave_a_third(ports: int) -> None:
    low, whole, high = f"1-{ports // 2}", f"1-{ports}", f"{ports // 2 + 1}-{ports}"
    assert flows(behind_cone(low, whole, high)) == ports // 3
    assert flows(behind_cone(low, whole)) == flows(behind_cone(whole, high)) == ports // 2
    result = capacity(from_dict(behind_cone(low, whole, high)))
    assert named(result.binding) == "p1 shared-3"


@pytest.mark.parametrize("sets", list(product(["1-4", "2-3", "5-8", "3-9", "1-9", "9"], repeat=2)))
def test_pure_tproxy(sets: tuple[str, str]) -> None:
    A, L = PortSet(sets[0]), PortSet(sets[1])
    assert flows(behind_cone(*sets)) == min(A.size, L.size, (A | L).size // 2)


def test_two_large_ranges_that_are_equal_leave_half() -> None:
    assert flows(behind_cone("1024-65535", "1024-65535")) == P // 2
    assert flows(behind_cone("1024-33279", "33280-65535")) == P // 2
    assert flows(behind_cone("1024-65535", "1024-65535", tracking="off")) == P


# Lingers: every device on the way may be the last to let go.

HALF: Topology = {"traffic": {"first_close": 0.5}, "clients": {"addresses": 1}}
ONE_SERVICE = {"services": {"addresses": 1, "ports": 443}}
PROXY = {"name": "proxy", "kind": "hourglass", "source": "client", "ports": "40000-60999"}
WAITING = {
    "services": {"addresses": 1, "ports": 443, "time_wait": "60s"},
    "traffic": {"first_close": "server"},
}
GIVES_WAY = {"name": "nat", "kind": "cone", "addresses": 1, "closing": "gives-way"}
IPVS = {"name": "ipvs", "kind": "hourglass", "layer": 4, "virtual": {"addresses": 1, "ports": 80}}
REMEMBERS = {"name": "fw", "kind": "hourglass", "layer": 3, "reuse_after": "90s"}
LINGERS: list[tuple[str, Topology, str, Fraction]] = [
    (
        "a service that waits",
        {**WAITING, "clients": {"addresses": 256}, "hops": [GIVES_WAY]},
        "services accepted",
        Fraction(P, 60),
    ),
    (
        "a firewall that remembers",
        {**WAITING, "clients": {"addresses": 256}, "hops": [GIVES_WAY, REMEMBERS]},
        "fw forwarded",
        Fraction(P, 90),
    ),
    (
        "a service that waits for a client's block",
        {**WAITING, "clients": {"addresses": 128}, "hops": [{**GIVES_WAY, "block": 252}]},
        "nat block",
        Fraction(128 * 252, 60),
    ),
    (
        "one client of a balancer, which a SYN opens again",
        {**ONE_SERVICE, "clients": {"addresses": 1}, "hops": [IPVS]},
        "clients ports",
        Fraction(28232, 60),
    ),
    (
        "a balancer that does not",
        {**ONE_SERVICE, "clients": {"addresses": 1}, "hops": [{**IPVS, "reuse_after": "120s"}]},
        "ipvs forwarded",
        Fraction(28232, 120),
    ),
    (  # 21,000 ports of both legs, and 7,232 of the clients', half of the time
        "now here, now there",
        {**HALF, **ONE_SERVICE, "hops": [{**PROXY, "capture": "tproxy", "accept_wait": "60s"}]},
        "proxy joint",
        Fraction(21000 + 7232 // 2, 60),
    ),
    (
        "now here, now there, without a table",
        {
            **HALF,
            **ONE_SERVICE,
            "hops": [{**PROXY, "capture": "tproxy", "tracking": "off", "accept_wait": "60s"}],
        },
        "proxy in-turn",
        Fraction(28232, 60),
    ),
    (  # 220 s and 40 s on 22,000 ports, of the other 4,000 a quarter
        "gaps",
        {
            **ONE_SERVICE,
            "traffic": {"hold": "100s"},
            "clients": {"addresses": 99},
            "hops": [
                {"name": "nat", "kind": "cone", "addresses": 1, "ports": "10001-32000"},
                {**PROXY, "capture": "tproxy", "ports": "10001-36000"},
            ],
        },
        "proxy gaps",
        Fraction(22000 + 1000, 260),
    ),
]


@pytest.mark.parametrize(
    ("topology", "binding", "rate"), [each[1:] for each in LINGERS], ids=[x[0] for x in LINGERS]
)
def test_who_is_the_last_to_let_go(topology: Topology, binding: str, rate: Fraction) -> None:
    result = capacity(from_dict(topology))
    assert (result.rate, named(result.rate_binding)) == (rate, binding)
    assert not any(bound.figure == "rate" and not bound.is_of_time for bound in result.at_most)


@pytest.mark.parametrize(
    ("shares", "flows"), [(("0.9", "0.1"), 22), (("0.75", "0.25"), 26), (("0.5", "0.5"), 40)]
)
@pytest.mark.parametrize("listens", [False, True])
def test_shares_of_services_behind_two_hops_that_share_them_out(
    shares: tuple[str, str], flows: int, listens: bool
) -> None:
    """Listeners are dealt out as the services behind them: 20 flows by files for the busier machine."""
    both = {"kind": "hourglass", "instances": 2, "split": "services"}
    first = {**both, "name": "a", "capture": "tproxy", "source": "client-port", "tracking": "off"}
    second = {**both, "name": "b", "capture": "listen", "source": "own"}
    topology = {
        "clients": {"addresses": 9},
        "hops": [{**first, "max_files": 40}, *([second] if listens else [])],
        "services": [{"addresses": 1, "ports": 80 + n, "share": share} for n, share in enumerate(shares)],
    }
    result = capacity(from_dict(topology))
    assert (result.flows, named(result.binding)) == (flows, "a files")


# Instances that work.


@pytest.mark.parametrize(
    ("instances", "services", "working"),
    [
        (6, 4, 4),
        (2, 3, Fraction(3, 2)),
        (2, 4, 2),
        (1, 7, 1),
        (4, 6, 3),
        (5, 12, 4),
        (7, 7, 7),
    ],
)
def test_instances_that_work(instances: int, services: int, working: Fraction | int) -> None:
    """n' = N / ceil(N / n): 100 files are 50 flows in each of them."""
    topology = behind_cone("1-65535", "1-65535", instances=instances, split="services", max_files=100)
    topology["services"]["addresses"] = services
    result = capacity(from_dict(topology))
    assert named(result.binding) == "p0 files"
    assert result.binding.scopes.value == working
    assert result.flows == math.floor(50 * working)


# Shares.


def with_shares(*groups: tuple[int, str], **cone: Any) -> Topology:
    topology = behind_cone("1-65535")
    topology["hops"][0] |= {"ports": "1-1000", **cone}
    topology["services"] = [
        {"addresses": count, "ports": 80 + number, "share": share}
        for number, (count, share) in enumerate(groups)
    ]
    return topology


@pytest.mark.parametrize(
    ("groups", "E"),
    [
        ([(1, "1/3"), (1, "2/3")], Fraction(3, 2)),
        ([(1, "0.1"), (9, "0.9")], Fraction(10)),
        ([(2, "1/7"), (3, "6/7")], Fraction(7, 2)),
        ([(5, "1")], Fraction(5)),
        ([(1, "0.3"), (1, "0.3"), (1, "0.4")], Fraction(5, 2)),
    ],
)
def test_the_hottest_group_binds(groups: list[tuple[int, str]], E: Fraction) -> None:
    result = capacity(from_dict(with_shares(*groups)))
    assert result.binding.scopes.value == E == min(count / Fraction(share) for count, share in groups)
    assert result.flows == math.floor(1000 * E)
    assert result.rate == 1000 * E


def test_flows_are_floored_once_at_the_end() -> None:
    """1,000 ports for 3/2 endpoints, seven times: 10,500, not 7 · floor(1,500) or less."""
    assert flows(with_shares((1, "1/3"), (1, "2/3"), addresses=7, ports="1-3")) == math.floor(
        3 * 7 * Fraction(3, 2)
    )
    assert flows(with_shares((1, "1/3"), (1, "2/3"), addresses=7, ports="1-3")) == 31


def test_shares_as_the_endpoints_have_them_change_nothing() -> None:
    even = with_shares((1, "0.25"), (3, "0.75"))
    plain = with_shares((1, "0.25"), (3, "0.75"))
    for group in plain["services"]:
        del group["share"]
    assert flows(even) == flows(plain) == 4000


def test_shares_do_not_count_before_a_virtual_service() -> None:
    virtual = with_shares((1, "1/3"), (1, "2/3"))
    virtual["hops"].append(
        {"name": "lb", "kind": "hourglass", "layer": 4, "virtual": {"addresses": 1, "ports": 80}}
    )
    assert flows(virtual) == 1000


def test_one_share_for_all_is_what_the_integer_program_counts_for_plain_services() -> None:
    plain = behind_cone("1-4", "2-6")
    shared = {**plain, "services": [{"addresses": 1, "ports": 80, "share": 1}]}
    assert flows(shared) == flows(plain) == most_flows({**plain, "clients": {"addresses": 4, "ports": "1-4"}})


@st.composite
def service_groups(draw: st.DrawFn) -> list[Services]:
    parts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    return [
        Services(addresses=draw(st.integers(1, 8)), ports=number + 1, share=Fraction(part, sum(parts)))
        for number, part in enumerate(parts)
    ]


@given(service_groups(), st.integers(1, 12))
def test_the_hottest_instance_against_enumeration(groups: list[Services], instances: int) -> None:
    load = [Fraction(0)] * instances
    endpoint = 0
    for group in groups:
        assert group.share is not None
        for _ in range(group.endpoints):
            load[endpoint % instances] += group.share / group.endpoints
            endpoint += 1
    assert sum(load) == 1
    assert max(share for share, _ in machine_shares(groups, instances)) == max(load)


@given(st.integers(1, 40), st.integers(1, 12))
def test_without_shares_the_busiest_instance_has_one_endpoint_more(count: int, instances: int) -> None:
    groups = [Services(addresses=count, ports=80)]
    assert max(share for share, _ in machine_shares(groups, instances)) == Fraction(
        math.ceil(count / instances), count
    )


@pytest.mark.parametrize("x", [Fraction(9, 11), Fraction(1, 10), Fraction(99, 100)])
def test_the_mixed_deployment_by_share(x: Fraction) -> None:
    """Both legs of a part x, and the first of the rest, share a table; the rest shares a listener."""
    kinds = [f"traffic.kinds.0.share={x}", f"traffic.kinds.1.share={1 - x}"]
    found = capacity(example("mixed-by-share", kinds))
    assert found.flows == math.floor(min(P * 40 / (1 + x), P * 4 / (1 - x)))
    if x == Fraction(9, 11):
        assert found.flows == P * 4 * 11 // 2 == 1_419_264


def test_without_the_pool() -> None:
    found = capacity(example("pooled-frontend", ["hops.nginx-api.connections_per_flow=1"]))
    assert found.rate == 4 * 28232 / (Fraction(19, 20) * 90 + 33)
    without = ["hops.nginx-api.connections_per_flow=", "hops.nginx-api.upstream_hold="]
    assert math.floor(capacity(example("pooled-frontend", without)).rate or 0) == 1_248


def test_who_is_hit_by_the_backups() -> None:
    """Both kinds are in the NAT's table; of its ports towards the vault only backups take any."""
    found = capacity(example("office-and-branch"))
    assert [share.kind for share in found.binding.shares] == ["backup"]
    assert [share.kind for share in found.limit("nat", "entries").shares] == ["browsing", "backup"]
    assert found.limit("nat", "entries").rate == Fraction(262144, 189)
