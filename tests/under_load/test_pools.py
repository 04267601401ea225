"""Pools of a cone's limits: together they hold what the limit says, and none is less than one client has."""

import heapq
from random import Random
from typing import Any

import pytest

import tuplecalc as tc
from tests.limits.every_chain import of_rules
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.file import from_dict
from tuplecalc.under_load.chains import blocking
from tuplecalc.under_load.erlang import erlang_b
from tuplecalc.under_load.pools import Pools, pools


def result(services: object = 3, clients: int = 4, **nat: Any) -> Capacity:
    cone = {"name": "nat", "kind": "cone", "addresses": 2, "ports": "1-12", "time_wait": 1, **nat}
    ends = {"clients": {"addresses": clients}, "services": services}
    if isinstance(services, int):
        ends["services"] = {"addresses": services, "ports": 80}
    return capacity(from_dict({**ends, "hops": [cone], "traffic": {"hold": 1}}))


def of(found: Capacity, name: str) -> Pools:
    (each,) = [each for each in pools(found) if (each.limit.hop, each.limit.name) == ("nat", name)]
    return each


@pytest.mark.parametrize(
    ("rules", "limit", "number", "circuits"),
    [
        ({"destinations": 2}, "ports", 2, 24),  # at each address, whichever the destinations are
        ({"destinations": 3}, "ports", 6, 12),
        ({"destinations": 2, "block": 3}, "block", 4, 6),
        ({"block": "even"}, "block", 12, 6),
        ({"block": [[4, 3]]}, "block", 12, 6 // 2),
        ({"block": 3, "overflow": "20-25"}, "block", 6, 12),  # an address has two clients' blocks
        ({"block": 3, "overflow": "20-25", "clients": 1}, "block", 3, 9),
        ({"block": 3, "overflow": "20-25", "clients": 3}, "block", 3, 21),  # not alike: put together
        ({"block": 3, "overflow": "20-25", "destinations": 2}, "block", 2, 24),
        ({"block": 3, "overflow": "20-25", "mapping": "endpoint-independent"}, "block", 2, 12),
        ({"client_ports": 2}, "client", 12, 2),
        ({"client_ports": 2, "destinations": 2}, "client", 4, 4),
        ({"client_ports": 2, "block": 3, "spread": "hashed"}, "client", 12, 2),
    ],
)
def test_pools(rules: dict[str, Any], limit: str, number: int, circuits: int) -> None:
    each = of(result(**rules), limit)
    assert each.number == number
    assert each.circuits == circuits
    assert each.everywhere == each.limit.flows
    assert sum(part.share for part in each.slices) == 1


def test_a_hash_puts_clients_on_addresses_and_not_on_their_own_ports() -> None:
    found = result(client_ports=2, block=3, spread="hashed")
    assert of(found, "ports").hashed is not None
    assert of(found, "client").hashed is None
    assert of(found, "block").hashed is None


def test_with_shares_few_destinations_of_a_port_are_one_pool() -> None:
    groups = [{"addresses": 1, "ports": 80, "share": "1/4"}, {"addresses": 6, "ports": 80, "share": "3/4"}]
    plain, few = of(result(groups), "ports"), of(result(groups, destinations=2), "ports")
    assert [part.pools for part in plain.slices] == [12, 2]
    assert [part.pools for part in few.slices] == [2]
    assert few.everywhere == few.limit.flows == 48


@pytest.mark.parametrize("topology", list(of_rules())[::7])
def test_every_rule_has_pools(topology: dict[str, Any]) -> None:
    found = capacity(from_dict(topology))
    for each in pools(found):
        assert each.circuits >= 0
        if each.limit.size.value.denominator == 1 and each.limit.scopes.value.denominator == 1:
            assert each.everywhere <= by_flows(each.limit) or each.limit.busy is not None
    assert 0 <= blocking(found.chain, 1.5).lower <= blocking(found.chain, 1.5).upper <= 1


def test_few_destinations_lose_what_an_address_loses() -> None:
    found = result(services=9, destinations=2, client_ports=12)
    lost = blocking(found.chain, 20.0)
    assert lost.lower == pytest.approx(float(erlang_b(24, 20.0)), rel=1e-9)


def lost_with_overflow(clients: int, block: int, overflow: int, load: float, calls: int) -> float:
    """The share of the calls that find the caller's block full, and the overflow as well."""
    chance, now, lost = Random(1), 0.0, 0
    held, ends = [0] * (clients + 1), list[tuple[float, int]]()
    for _ in range(calls):
        now += chance.expovariate(clients * load)
        while ends and ends[0][0] <= now:
            held[heapq.heappop(ends)[1]] -= 1
        place = chance.randrange(clients)
        place, room = (place, block) if held[place] < block else (clients, overflow)
        lost += held[place] >= room
        if held[place] < room:
            held[place] += 1
            heapq.heappush(ends, (now + chance.expovariate(1), place))
    return lost / calls


@pytest.mark.parametrize(
    ("clients", "block", "overflow", "load"),
    [(1, 3, 2, 4.0), (2, 4, 2, 3.0), (4, 10, 10, 9.0), (50, 8, 20, 6.0)],
)
def test_blocks_with_an_overflow_lose_more_than_one_pool_and_less_than_parts(
    clients: int, block: int, overflow: int, load: float
) -> None:
    ports, more = f"1-{block * clients}", f"1001-{1000 + overflow}"
    found = result(1, clients, addresses=1, ports=ports, block=block, overflow=more, time_wait=0)
    lost, error = lost_with_overflow(clients, block, overflow, load, 60_000), 0.006
    share = blocking(found.chain, clients * load)
    assert share.lower - error < lost < share.upper + error
    assert (clients == 1) == share.is_exact


@pytest.mark.parametrize("search", ["linux", 8])
def test_a_search_looks_through_the_ports_of_a_client(search: object) -> None:
    found = result(block="even", port_search=search)
    chain, (nat,) = found.chain, found.chain.hops
    assert isinstance(nat, tc.Cone)
    assert found.ports_searched(nat) == 6
    assert blocking(chain, 2.0).upper > 0
