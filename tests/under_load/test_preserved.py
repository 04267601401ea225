"""A cone that keeps its clients' ports: how many flows clash."""

from fractions import Fraction
from heapq import heappop, heappush
from itertools import combinations, product
from random import Random

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.network.cone import Cone
from tuplecalc.under_load.preserved import Preserved, distinct_ports
from tuplecalc.under_load.search import search_blocking


@pytest.mark.parametrize(
    ("clients", "each", "ports"), [(2, 2, 4), (3, 1, 3), (3, 2, 5), (1, 3, 5), (2, 5, 5)]
)
def test_distinct_ports_are_the_mean_over_all_choices(clients: int, each: int, ports: int) -> None:
    every = list(product(combinations(range(ports), each), repeat=clients))
    expected = Fraction(sum(len({port for own in choice for port in own}) for choice in every), len(every))
    assert distinct_ports(clients, each, ports) == pytest.approx(float(expected))


def test_no_client_has_more_flows_than_ports() -> None:
    with pytest.raises(tc.ChainError, match=r"^flows_each: "):
        distinct_ports(2, 5, 4)


def lost(ports: int, clients: int, load: float, *, fixed: bool, flows: int = 60_000) -> float:
    """Run: clients alike open flows of 1 s on ports that they do not use themselves."""
    random, held = Random(1), dict[int, int]()
    own: list[set[int]] = [set() for _ in range(clients)]
    ends: list[tuple[float, int]] = []
    now, failed = 0.0, 0
    for arrival in range(flows):
        now += random.expovariate(load)
        while ends and ends[0][0] < now:
            _, port = heappop(ends)
            own[held.pop(port)].discard(port)
        client = random.randrange(clients)
        port = random.randrange(ports)
        while port in own[client]:
            port = random.randrange(ports)
        if port in held:
            failed += arrival > flows // 10
        else:
            held[port] = client
            own[client].add(port)
            heappush(ends, (now + (1.0 if fixed else random.expovariate(1)), port))
    return failed / (flows * 0.9)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize(("clients", "load"), [(1000, 100), (5, 60)])
def test_the_steady_state_against_a_run(clients: int, load: float, fixed: bool) -> None:
    ports = 100
    found = search_blocking(ports, load, Preserved(Fraction(clients)))
    assert found == pytest.approx(lost(ports, clients, load, fixed=fixed), abs=0.01)
    assert found != pytest.approx(search_blocking(ports, load, "exhaustive"), abs=0.05)


def test_each_port_is_a_server_of_its_own() -> None:
    assert search_blocking(5000, 2500, Preserved(Fraction(10**9))) == pytest.approx(1 / 3, rel=1e-3)


def chain(clients: int, **keys: object) -> tc.Chain:
    nat = {"name": "nat", "kind": "cone", "addresses": 2, "port_choice": "preserve", "time_wait": 1}
    ends = {
        "clients": {"addresses": clients, "ports": "1000-1199", "time_wait": 0},
        "services": {"addresses": 1, "ports": 80},
    }
    return tc.from_dict({**ends, "hops": [nat | {"ports": "1100-1299"} | keys], "traffic": {"rate": 100}})


def test_what_a_chain_loses() -> None:
    """Only ports that clients use count: 100 of each address, in erlangs one half of a port."""
    result = tc.capacity(chain(20_000))
    assert (result.limit("nat", "ports").flows, result.limit("nat", "ports").rate) == (200, 200)
    blocking = tc.offered(result).blocking
    assert blocking is not None
    assert blocking.lower == pytest.approx(1 / 3, abs=2e-3)
    assert tc.capacity(chain(20_000, port_choice="any")).flows == 400
    one_each = tc.offered(chain(2)).blocking
    assert one_each is not None
    assert one_each.upper < 1e-6


def test_what_is_said() -> None:
    text = invoke("capacity", "cone", "--set", "hops.nat.port_choice=preserve").stdout
    said = (
        "nat keeps its clients’ ports, and two clients with the same one clash: "
        "of a burst that takes all ports at once, as after a restart, 37% fail."
    )
    assert said in " ".join(text.split())


@pytest.mark.parametrize(("key", "value"), [("block", 64), ("port_search", "linux"), ("port_search", 9)])
def test_it_leaves_no_room_for_other_ways_to_choose(key: str, value: object) -> None:
    with pytest.raises(tc.ChainError) as caught:
        Cone(name="nat", addresses=1, port_choice="preserve", **{key: value})
    rule = 'with port_choice = "preserve" a flow has its client\'s port or none; leave one of the two out'
    assert str(caught.value).startswith(f"{key}: ")
    assert rule in str(caught.value)
