"""Rules on what one port or one client of a cone may have: published figures, laws, and where they bind."""

import copy
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.limits.chains import Topology
from tests.limits.every_chain import of_rules
from tests.limits.test_laws import not_lower
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.questions.advice import advise


def result(*, clients: object = 1000, services: int = 1, hops: Any = (), **nat: Any) -> Capacity:
    """Clients with all ports, one cone of one address, and hops behind it."""
    cone = {"name": "nat", "kind": "cone", "addresses": 1, "time_wait": "30s", **nat}
    return capacity(
        from_dict(
            {
                "clients": {"addresses": clients, "ports": "1-65535", "time_wait": 0},
                "hops": [cone, *hops],
                "services": {"addresses": services, "ports": 80},
            }
        )
    )


PROXY = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "source": "client"}


def searched(found: Capacity) -> int:
    (nat,) = found.chain.hops
    assert isinstance(nat, Cone)
    return found.ports_searched(nat)


@pytest.mark.parametrize(("services", "flows"), [(1, 64_000), (8, 512_000), (100, 512_000)])
def test_ports_that_serve_eight_destinations(services: int, flows: int) -> None:
    """Palo Alto Networks: an address of 64,000 ports, oversubscribed eight times."""
    found = result(services=services, ports={"count": 64_000}, destinations=8)
    assert (found.flows, found.binding.name) == (flows, "ports")
    assert found.rate == Fraction(flows, 30)
    assert found.binding.formula == "|P|·M·min(E', d)"


AZURE = [[50, 1024], [100, 512], [200, 256], [400, 128], [800, 64], [1000, 32]]


@pytest.mark.parametrize(
    ("clients", "addresses", "ports"),
    [
        *((clients, 1, ports) for clients, ports in AZURE),
        *((clients + 1, 1, ports) for (clients, _), (_, ports) in pairwise(AZURE)),
        (100, 2, 1024),  # the example of Microsoft's page, with two addresses and with three
        (100, 3, 1024),
        (1000, 3, 96),
    ],
)
def test_a_table_of_blocks(clients: int, addresses: int, ports: int) -> None:
    """Azure Load Balancer: default ports of a machine, by the size of the pool."""
    found = result(clients=clients, addresses=addresses, ports="1024-65535", block=AZURE)
    assert found.flows == clients * ports
    assert found.limit("nat", "block").size.value == searched(found) == ports
    assert not found.flows_at_most


@pytest.mark.parametrize(
    ("clients", "addresses", "ports"),
    [
        ("10.0.0.0/15", "198.18.0.0/25", 63),  # TNSR: 64,512 ports of an address for 1,024 hosts
        (1024, 2, 126),
        (1000, 7, 64_512 // 143),
        (1, 9, 64_512),
        (64_512, 1, 1),
        (64_513, 1, 0),
    ],
)
def test_ports_divided_evenly(clients: object, addresses: object, ports: int) -> None:
    """VPP's det44 (and RFC 7422): an integer division, so that too many clients have no port at all."""
    found = result(clients=clients, addresses=addresses, block="even")
    assert found.limit("nat", "block").size.value == ports
    assert found.flows == ports * found.hops[0].sources
    assert found.rate == Fraction(found.flows, 30)


def test_all_addresses_of_machines_count_as_clients_also_those_that_idle() -> None:
    """Four machines for three services: three work, and the ports are divided among four."""
    proxy = {**PROXY, "source": "own", "instances": 4, "split": "services"}
    cone = {"name": "nat", "kind": "cone", "addresses": 1, "ports": "1-100", "block": "even"}
    ends = {"clients": {"addresses": 9}, "services": {"addresses": 3, "ports": 80}}
    found = capacity(from_dict({**ends, "hops": [proxy, cone]}))
    assert (found.limit("nat", "block").size.value, found.hops[1].sources) == (25, 3)


@pytest.mark.parametrize(
    ("clients", "addresses", "flows"),
    [
        (14, 1, 14 * 4_032 + 8_064),
        (1, 1, 4_032 + 8_064),
        (3, 2, 3 * 4_032 + 2 * 8_064),
        (100, 2, 2 * (14 * 4_032 + 8_064)),
    ],
)
def test_an_overflow_beside_the_blocks(clients: int, addresses: int, flows: int) -> None:
    """RFC 7422's example: 14 subscribers with 4,032 ports each, and 8,064 dynamic ports."""
    found = result(
        clients=clients, addresses=addresses, ports="1024-57471", block=4032, overflow="57472-65535"
    )
    assert found.flows == flows
    assert found.limit("nat", "ports").flows == 64_512 * addresses
    assert found.limit("nat", "block").rate == Fraction(flows, 30)
    assert not found.flows_at_most


def test_the_overflow_is_among_the_ports_that_leave() -> None:
    found = result(ports="1-4", block=2, overflow="5-6", hops=[{**PROXY, "ports": "5-8"}])
    shared = found.limit("proxy", "shared")
    assert (str(shared.size), shared.size.value) == ("|A ∪ L|", 8)
    assert advise(found)  # and no setting of what has no key of its own


@pytest.mark.parametrize(("machines", "flows"), [(10, 10_240), (63, 64_512), (100, 64_512)])
def test_a_cap_on_the_ports_of_a_client(machines: int, flows: int) -> None:
    """Google Cloud NAT: 1,024 ports a machine at most, out of 64,512."""
    found = result(clients=machines, client_ports=1024)
    assert (found.flows, found.rate) == (flows, Fraction(flows, 30))
    assert found.limit("nat", "client").formula == "h·a·E'"
    assert not found.flows_at_most


def test_a_cap_counts_for_those_that_hold_a_block() -> None:
    found = result(clients=100, ports="1-10", block=3, client_ports=2, services=5)
    assert (found.flows, found.binding.name) == (3 * 2 * 5, "client")


@pytest.mark.parametrize(
    ("rules", "setting"),
    [
        ({"client_ports": 2, "clients": 3}, "hops.nat.client_ports=4"),
        ({"destinations": 2}, "hops.nat.destinations=4"),
        ({"block": "even"}, "hops.nat.addresses=2"),
    ],
)
def test_advice_acts_on_the_rule(rules: dict[str, Any], setting: str) -> None:
    found = advise(result(services=9, ports="1-65535", **rules), most=9)
    assert setting in [advice.settings[0] for advice in found]


def test_words() -> None:
    found = result(ports="1-4", block=2, overflow="5-6", client_ports=3)
    said = [limit.kind.sentence for limit in found.hops[1].limits]
    assert said == [
        "many clients share few addresses, and only the port tells their connections apart",
        "a client has the ports of its own block, then shares the overflow with others",
        "one client may hold only so many ports (client_ports)",
    ]


MORE: dict[str, Callable[[Any], Any]] = {
    "destinations": lambda count: count + 1,
    "client_ports": lambda count: count + 1,
    "overflow": lambda ports: [ports, "9-10"],
    "ports": lambda ports: [ports, "11-14"],
    "addresses": lambda count: count + 1,
}
CHAINS = list(of_rules())


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(CHAINS), st.data())
def test_more_never_lowers_a_figure(topology: Topology, data: st.DataObject) -> None:
    topology = copy.deepcopy(topology)
    (hop,) = [h for h in topology["hops"] if {"destinations", "block", "client_ports"} & set(h)][:1]
    key = data.draw(st.sampled_from([key for key in MORE if key in hop]))
    before = capacity(from_dict(topology))
    hop[key] = MORE[key](hop[key])
    after = capacity(from_dict(topology))
    assert after.flows >= before.flows
    assert not_lower(after.rate, before.rate)


@given(st.sampled_from(CHAINS))
def test_rules_that_leave_room_for_all_change_nothing(topology: Topology) -> None:
    plain, wide = copy.deepcopy(topology), copy.deepcopy(topology)
    for one, other in zip(plain["hops"], wide["hops"], strict=True):
        for key in ("destinations", "client_ports"):
            one.pop(key, None)
        if one["kind"] == "cone" and one["mapping"] == "endpoint-dependent":
            other["destinations"] = 99
        if one["kind"] == "cone":
            other["client_ports"] = 999
    first, second = capacity(from_dict(plain)), capacity(from_dict(wide))
    assert (first.flows, first.rate) == (second.flows, second.rate)


@given(st.sampled_from(CHAINS))
def test_a_chain_is_written_and_read_again(topology: Topology) -> None:
    chain = from_dict(topology)
    assert from_dict(chain.to_dict()) == chain
