"""Which entries take keys of clients, cones and forwarders, by hand for each kind of limit."""

from typing import Any

import pytest

from tests.lab.shapes import chain, nat
from tests.sources.busy.looks import HUB, MAIL, NOT_ITS_OWN, OUT, TRACKED, WEB, busy, entry, look, sock, usage

# Clients.


def test_sockets_of_clients() -> None:
    """Neither those that a listener accepted, nor other addresses, ports or protocols."""
    counted = [
        sock("198.18.0.1:40000", f"{WEB}:80"),
        sock("198.18.0.1:40000", f"{WEB}:443", "lingering"),
        sock("198.18.0.1:40001", f"{WEB}:443", "closing"),
        sock("198.18.0.2:40000", f"{WEB}:80", "opening"),
    ]
    others = [
        sock("198.18.0.1:50000", "*:0", "listening"),
        sock("198.18.0.1:50000", f"{WEB}:80"),
        sock("198.18.0.9:40000", f"{WEB}:80"),
        sock("198.18.0.1:1024", f"{WEB}:80"),
        sock("198.18.0.1:40000", f"{WEB}:80", protocol="udp"),
    ]
    clients = {"addresses": ["198.18.0.1", "198.18.0.2"], "max_files": 10}
    seen = look(HUB | {"clients": clients}, others[:1] + counted + others[1:])
    assert busy(usage(seen, "clients", "ports")) == {
        ("198.18.0.1", f"{WEB}:443"): (1, 1),
        ("198.18.0.1", f"{WEB}:80"): (1, 0),
        ("198.18.0.2", f"{WEB}:80"): (1, 0),
    }
    assert busy(usage(seen, "clients", "files")) == {("198.18.0.1",): (4, 0), ("198.18.0.2",): (1, 0)}
    bound = look(HUB | {"clients": clients | {"allocation": "bind"}}, others[:1] + counted + others[1:])
    assert busy(usage(bound, "clients", "ports")) == {("198.18.0.1",): (2, 0), ("198.18.0.2",): (1, 0)}


# Cones.


def test_a_cone() -> None:
    seen = look(chain(nat(**OUT)), TRACKED + NOT_ITS_OWN)
    found = usage(seen, "nat", "ports")
    assert (found.table, found.size, found.scopes) == ("tracking", 100, 3)
    assert busy(found) == {
        ("198.18.1.1", f"{WEB}:80"): (2, 2),
        ("198.18.1.1", f"{MAIL}:25"): (1, 0),
        ("198.18.1.1", f"{MAIL}:80"): (1, 0),
    }
    assert busy(usage(seen, "nat", "entries")) == {(): (9, 2)}
    (total,) = [each for each in seen.totals if each.table == "tracking"]
    assert (total.open, total.lingering, total.others) == (9, 2, 1)


def test_a_cone_of_which_only_the_number_of_addresses_is_known() -> None:
    """All whose source changes are its own, at whichever address."""
    more = [entry("198.18.0.9:20050", f"{WEB}:80", to="198.18.1.9:20050")]
    more += [entry("198.18.1.9:40000", f"{WEB}:80", to="198.18.1.9:20051")]
    found = usage(look(chain(nat(**OUT | {"addresses": 2})), TRACKED + NOT_ITS_OWN + more), "nat", "ports")
    assert busy(found)["198.18.1.9", f"{WEB}:80"] == (2, 0)
    assert busy(found)["198.18.1.2", f"{WEB}:80"] == (1, 0)
    assert busy(found)["198.18.1.1", f"{WEB}:80"] == (1, 2)


def test_a_port_that_serves_all_destinations() -> None:
    """20000 is open though one that it had is closed."""
    more = [entry("198.18.0.1:40000", f"{MAIL}:25", to="198.18.1.1:20001", state="lingering")]
    seen = look(chain(nat(mapping="endpoint-independent", **OUT)), TRACKED + NOT_ITS_OWN + more)
    assert busy(usage(seen, "nat", "ports")) == {("198.18.1.1",): (2, 2)}


def test_zones_of_the_tracking_table_are_apart() -> None:
    more = [each._replace(zone=7) for each in TRACKED[:2]]
    found = usage(look(chain(nat(**OUT)), TRACKED + more), "nat", "ports")
    assert busy(found)["198.18.1.1", f"{WEB}:80", "7"] == (1, 1)
    assert busy(found)["198.18.1.1", f"{WEB}:80"] == (2, 2)
    seen = look(chain(nat(mapping="endpoint-independent", **OUT)), TRACKED + more)
    assert busy(usage(seen, "nat", "ports")) == {("198.18.1.1",): (2, 2), ("198.18.1.1", "7"): (1, 1)}
    assert [dict(each.labels) for each in found.busiest if "zone" in each.labels] == [
        {"address": "198.18.1.1", "endpoint": f"{WEB}:80", "zone": "7"}
    ]


@pytest.mark.parametrize(("services", "size"), [(9, 200), (2, 100)])
def test_a_port_that_serves_several_destinations(services: int, size: int) -> None:
    """Of more than it can serve all share the address's ports; of fewer each has all."""
    seen = look(chain(nat(destinations=2, **OUT), services=services), TRACKED + NOT_ITS_OWN)
    found = usage(seen, "nat", "ports")
    assert found.size == size
    key, taken = next(iter(busy(found).items()))
    assert (key, taken) == (
        (("198.18.1.1",), (4, 2)) if services == 9 else (("198.18.1.1", f"{WEB}:80"), (2, 2))
    )


@pytest.mark.parametrize(
    ("keys", "name", "size", "expected"),
    [
        ({"block": 10, "blocks_per_client": 2}, "block", 20, (1, 1)),
        ({"client_ports": 7}, "client", 7, (1, 1)),
        ({"block": 10, "mapping": "endpoint-independent"}, "block", 10, (2, 1)),
        ({"block": 10, "destinations": 1}, "block", 10, (2, 1)),
    ],
)
def test_ports_of_a_client(keys: dict[str, Any], name: str, size: int, expected: tuple[int, int]) -> None:
    """Of all endpoints where a port is its client's for all of them, or for several."""
    more = [entry("198.18.0.1:50000", f"{MAIL}:25", to="198.18.1.1:20005")]
    model = chain(nat(**OUT, **keys), addresses=5, services=2)
    found = usage(look(model, TRACKED + NOT_ITS_OWN + more), "nat", name)
    assert found.size == size
    is_for_all = {"mapping", "destinations"} & keys.keys()
    assert busy(found)[("198.18.0.1",) if is_for_all else ("198.18.0.1", f"{WEB}:80")] == expected


def test_blocks_with_an_overflow() -> None:
    """Clients towards an endpoint have theirs and the overflow together."""
    model = chain(nat(**OUT, block=10, overflow="30000-30009"), addresses=5)
    more = [entry("198.18.0.3:40000", f"{MAIL}:25", to="198.18.1.1:30000")]
    found = usage(look(model, TRACKED + more), "nat", "block")
    assert found.size == 5 * 10 + 10
    assert busy(found)[f"{WEB}:80",] == (2, 2)
    assert busy(found)[f"{MAIL}:25",] == (2, 0)


# Forwarders.


def test_a_forwarder_with_a_virtual_service() -> None:
    """Sources are told apart towards each real server; what is addressed otherwise passes."""
    model = chain(
        {"name": "lvs", "kind": "hourglass", "layer": 4, "virtual": {"addresses": "198.18.7.7", "ports": 80}},
        addresses=3,
    )
    entries = [
        entry("198.18.0.1:40000", "198.18.7.7:80", "198.18.8.1:80"),
        entry("198.18.0.1:40001", "198.18.7.7:80", "198.18.8.1:80", state="lingering"),
        entry("198.18.0.1:40002", "198.18.7.7:80", "198.18.8.2:80"),
        entry("198.18.0.1:40003", "198.18.8.2:80"),
        entry("198.18.0.1:80", "198.18.7.7:80", "198.18.8.1:80"),  # not of the clients' ports
        entry("198.18.0.1:40004", "198.18.7.7:80", "198.18.8.1:80", protocol="udp"),
    ]
    found = usage(look(model, entries), "lvs", "forwarded")
    assert busy(found) == {("198.18.0.1", "198.18.8.1:80"): (1, 0), ("198.18.0.1", "198.18.8.2:80"): (1, 0)}
