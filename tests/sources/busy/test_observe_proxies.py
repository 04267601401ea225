"""Which entries take keys of proxies, services and kinds of traffic, by hand for each kind of limit."""

from typing import Any

import pytest

from tests.lab.shapes import chain, machine, mix, nat, proxy
from tests.sources.busy.looks import (
    CLIENT,
    MAIL,
    NOT_ITS_OWN,
    OUT,
    SERVED,
    TRACKED,
    WEB,
    busy,
    entry,
    limits,
    look,
    sock,
    usage,
)

# Proxies.


def test_tproxy_with_its_clients_addresses() -> None:
    """Accepted sockets have the service's end, upstream ones the client's; the table has both legs."""
    model = chain(
        proxy(source="client", ports="30000-30099", max_files=50, files_per_flow=6), services=SERVED
    )
    entries = [
        sock("*:3129", "*:0", "listening"),
        sock(f"{WEB}:80", f"{CLIENT}:40000"),
        sock(f"{CLIENT}:30000", f"{WEB}:80"),
        sock(f"{CLIENT}:30001", f"{WEB}:80", "lingering"),
        sock(f"{CLIENT}:30001", f"{MAIL}:80"),
        sock(f"{CLIENT}:9999", f"{MAIL}:80"),  # not of its ports
        sock(f"{WEB}:80", f"{CLIENT}:99"),
        sock(f"{WEB}:80", f"{CLIENT}:40001", protocol="udp"),
        entry(f"{CLIENT}:40000", f"{WEB}:80"),
        entry(f"{CLIENT}:30000", f"{WEB}:80"),
        entry(f"{CLIENT}:30001", f"{WEB}:80", state="lingering"),
        entry(f"{CLIENT}:30002", "198.18.3.3:80"),  # a service that the file does not name
        entry(f"{CLIENT}:99", f"{WEB}:80"),
        entry(f"{CLIENT}:30000", f"{WEB}:80", protocol="udp"),
    ]
    seen = look(model, entries)
    assert busy(usage(seen, "proxy", "accepted")) == {(CLIENT, f"{WEB}:80"): (1, 0)}
    assert busy(usage(seen, "proxy", "upstream")) == {
        (CLIENT, f"{WEB}:80"): (1, 1),
        (CLIENT, f"{MAIL}:80"): (1, 0),
    }
    shared = usage(seen, "proxy", "shared")
    assert (shared.table, shared.size) == ("tracking", 64512)
    assert busy(shared) == {(CLIENT, f"{WEB}:80"): (2, 1), (CLIENT, "198.18.3.3:80"): (1, 0)}
    assert busy(usage(seen, "proxy", "files")) == {(): (6 * 3, 0)}


def test_redirect_and_own_addresses() -> None:
    """Its listener answers clients in the place of the services; upstream are its own address's sockets."""
    model = chain(
        proxy(
            capture="nat",
            addresses="198.18.4.4",
            listen_ports=8080,
            rewrite_ports="1024-2047",
            ports="30000-30099",
            allocation="bind",
        ),
        services=SERVED,
    )
    entries = [
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080", f"{CLIENT}:1024"),
        entry(f"{CLIENT}:40000", f"{MAIL}:80", "198.18.4.4:8080", f"{CLIENT}:1025", "reset"),
        entry(f"{CLIENT}:40000", "198.18.4.5:8080", "198.18.4.4:8080", f"{CLIENT}:1028"),
        entry(f"{CLIENT}:40000", "198.18.4.4:80", "198.18.4.4:8080", f"{CLIENT}:1029"),
        entry(f"{CLIENT}:1026", "198.18.4.4:8080"),  # it was addressed itself: that is a key as well
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080", f"{CLIENT}:9999"),
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080", f"{CLIENT}:1030", protocol="udp"),
        entry(f"{CLIENT}:40000", f"{WEB}:22", "198.18.4.4:22", f"{CLIENT}:1027"),
        entry("198.18.4.4:30000", f"{WEB}:80"),
        sock("*:8080", "*:0", "listening"),
        sock("198.18.4.4:8080", f"{CLIENT}:1024"),
        sock("198.18.4.4:30000", f"{WEB}:80"),
        sock("198.18.4.4:30000", f"{MAIL}:80", "lingering"),
        sock("198.18.4.4:30001", f"{MAIL}:80", "lingering"),
        sock("198.18.4.5:30000", f"{WEB}:80"),
    ]
    seen = look(model, entries)
    captured = usage(seen, "proxy", "capture")
    assert (captured.size, busy(captured)) == (1024, {(CLIENT, "198.18.4.4:8080"): (4, 1)})
    assert busy(usage(seen, "proxy", "upstream")) == {
        ("198.18.4.4", f"{MAIL}:80"): (0, 2),
        ("198.18.4.4", f"{WEB}:80"): (1, 0),
    }
    assert busy(usage(seen, "proxy", "bind")) == {("198.18.4.4",): (1, 1)}


@pytest.mark.parametrize("ports", [{"listen_ports": 8080}, {}], ids=["said", "heard"])
def test_a_balancer_that_listens(ports: dict[str, Any]) -> None:
    entries = [
        sock("*:8080", "*:0", "listening"),
        sock("198.18.4.4:8080", f"{CLIENT}:40000"),
        sock("198.18.4.4:8080", f"{CLIENT}:40001", "lingering"),
        sock("198.18.4.4:8080", f"{CLIENT}:99"),  # not of the clients' ports
        sock("198.18.4.4:8080", f"{CLIENT}:40002", protocol="udp"),
        sock("198.18.4.4:40000", f"{WEB}:80"),
    ]
    seen = look(chain(proxy(capture="listen", **ports), services=SERVED), entries)
    assert busy(usage(seen, "proxy", "listener")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}
    assert busy(usage(seen, "proxy", "upstream")) == {("198.18.4.4", f"{WEB}:80"): (1, 0)}


def test_redirect_with_its_clients_addresses() -> None:
    """Both legs are of the service that the client addressed, though the listener answers one of them."""
    model = chain(proxy(capture="nat", source="client", ports="30000-30099"), services=SERVED)
    entries = [
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080"),
        entry(f"{CLIENT}:40001", f"{WEB}:80", "198.18.4.4:80"),
        entry(f"{CLIENT}:30000", f"{WEB}:80", state="closing"),
    ]
    seen = look(model, entries)
    assert busy(usage(seen, "proxy", "shared")) == {(CLIENT, f"{WEB}:80"): (3, 0)}
    assert busy(usage(seen, "proxy", "capture")) == {
        (CLIENT, "198.18.4.4:8080"): (1, 0),
        (CLIENT, "198.18.4.4:80"): (1, 0),
    }


def test_what_a_proxy_captures_may_be_for_a_balancer_behind_it() -> None:
    """Then the balancer's listener is what its clients address, and not the services."""
    balancer = proxy(name="balancer", capture="listen", listen_addresses="198.18.4.4", listen_ports=8080)
    model = chain(proxy(source="client", ports="30000-30099"), balancer, services=SERVED)
    entries = [
        sock("198.18.4.4:8080", f"{CLIENT}:40000"),
        sock(f"{CLIENT}:30000", "198.18.4.4:8080"),
        sock(f"{WEB}:80", f"{CLIENT}:40000"),
    ]
    seen = look(model, entries, "proxy")
    assert busy(usage(seen, "proxy", "accepted")) == {
        (CLIENT, "198.18.4.4:8080"): (1, 0),
        (CLIENT, f"{WEB}:80"): (1, 0),  # which the file does not name there
    }
    assert busy(usage(seen, "proxy", "upstream")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}


@pytest.mark.parametrize("clients", ["198.18.0.0/24", 20], ids=["known", "a count"])
def test_services_that_the_file_does_not_know_are_counted_all_the_same(clients: object) -> None:
    """As import writes a machine with TPROXY: that they are at 443 stands there until somebody looks."""
    model = chain(
        proxy(source="client", ports="32768-60999"),
        services={"addresses": 1, "ports": 443},
        addresses=clients,
    )
    sockets = [sock("*:3129", "*:0", "listening"), sock("*:22", "*:0", "listening")]
    sockets += [sock(f"{WEB}:80", f"{CLIENT}:{40000 + n}") for n in range(60)]
    sockets += [sock(f"{CLIENT}:{50000 + n}", f"{WEB}:80") for n in range(60)]
    seen = look(model, [*sockets, sock("198.18.4.4:22", f"{CLIENT}:40000")])
    for name in ("accepted", "upstream"):
        assert busy(usage(seen, "proxy", name)) == {(CLIENT, f"{WEB}:80"): (60, 0)}
    tracked = [entry(f"{CLIENT}:{port + n}", f"{WEB}:80") for port in (40000, 50000) for n in range(60)]
    assert busy(usage(look(model, tracked), "proxy", "shared")) == {(CLIENT, f"{WEB}:80"): (120, 0)}


def test_a_listener_that_the_chain_says_need_not_be_heard() -> None:
    """As in ss -tn: what it accepted is no upstream socket, though its port is one of theirs."""
    model = chain(proxy(capture="listen", listen_ports=40000, ports="40000-40099"), services=SERVED)
    sockets = [sock("198.18.4.4:40000", f"{CLIENT}:50000"), sock("198.18.4.4:40001", f"{WEB}:80")]
    seen = look(model, sockets)
    assert busy(usage(seen, "proxy", "upstream")) == {("198.18.4.4", f"{WEB}:80"): (1, 0)}
    assert busy(usage(seen, "proxy", "listener")) == {(CLIENT, "198.18.4.4:40000"): (1, 0)}


def test_files_of_a_flow_may_be_no_whole_number() -> None:
    model = chain(proxy(capture="listen", max_files=9, files_per_flow=2.5), services=SERVED)
    sockets = [sock(f"198.18.4.4:{40000 + n}", f"{WEB}:80") for n in range(3)]
    assert busy(usage(look(model, sockets), "proxy", "files")) == {(): (4, 0)}


def test_a_service() -> None:
    model = chain(services=SERVED | {"time_wait": "60s"})
    entries = [sock("*:80", "*:0", "listening"), sock(f"{WEB}:80", f"{CLIENT}:40000", "lingering")]
    seen = look(model, entries, "services")
    assert busy(usage(seen, "services", "accepted")) == {(CLIENT, f"{WEB}:80"): (0, 1)}


# Kinds of traffic.


def test_tcp_and_udp_are_apart_and_share_the_table() -> None:
    model = {
        "traffic": {
            "kinds": [{"name": "dns", "share": "1/2", "protocol": "udp"}, {"name": "web", "share": "1/2"}]
        },
        **chain(nat(**OUT)),
    }
    seen = look(model, TRACKED + NOT_ITS_OWN)
    assert busy(usage(seen, "nat", "ports udp")) == {("198.18.1.1", f"{WEB}:80"): (1, 0)}
    assert busy(usage(seen, "nat", "ports tcp"))["198.18.1.1", f"{WEB}:80"] == (2, 2)
    assert busy(usage(seen, "nat", "entries")) == {(): (9, 2)}


def test_groups_of_services_are_apart() -> None:
    groups = [
        {"name": "web", "addresses": WEB, "ports": 80},
        {"name": "mail", "addresses": MAIL, "ports": [25, 80]},
    ]
    halves = [{"name": name, "share": "1/2", "services": name} for name in ("web", "mail")]
    model = {"traffic": {"kinds": halves}, **chain(nat(**OUT), services=groups)}
    seen = look(model, TRACKED + NOT_ITS_OWN)
    assert busy(usage(seen, "nat", "ports web")) == {("198.18.1.1", f"{WEB}:80"): (2, 2)}
    assert set(busy(usage(seen, "nat", "ports mail"))) == {
        ("198.18.1.1", f"{MAIL}:25"),
        ("198.18.1.1", f"{MAIL}:80"),
    }
    assert {each.services: each.open for each in seen.services} == {"web": 2, "mail": 2}
    other = entry("198.18.0.1:40009", "198.18.7.7:22", to="198.18.1.1:20050")
    assert {
        each.left_out for each in look(model, [*TRACKED, other]).usages if "ports" in each.limit.name
    } == {1}
    redirect = model | chain(proxy(capture="nat", listen_ports=8080, captures="web"), services=groups)
    caught = [entry(f"{CLIENT}:40000", service, "198.18.4.4:8080") for service in (f"{WEB}:80", f"{MAIL}:25")]
    assert busy(usage(look(redirect, caught), "proxy", "capture")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}
    sockets = [sock(f"{CLIENT}:40000", f"{WEB}:80"), sock(f"{CLIENT}:40000", f"{MAIL}:25")]
    assert busy(usage(look(model, sockets, "clients"), "clients", "ports web")) == {
        (CLIENT, f"{WEB}:80"): (1, 0)
    }


def test_two_ways_through_one_machine() -> None:
    """Hops of one machine are looked at together."""
    model = {
        "traffic": mix("3/5"),
        **chain(
            nat(),
            machine("tproxy", source="client", ports="21000-21049", captures="login"),
            machine("redirect", capture="nat", listen_ports=8080, captures="rest", max_entries=99),
            services=4,
        ),
    }
    entries = [
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080"),
        entry(f"{CLIENT}:40001", f"{WEB}:80"),
        entry(f"{CLIENT}:40002", "198.18.4.4:22"),
        entry(f"{CLIENT}:21000", f"{WEB}:80"),
    ]
    entries += [sock(f"{WEB}:80", f"{CLIENT}:20001"), sock(f"{CLIENT}:21000", f"{WEB}:80")]
    seen = look(model, entries, "tproxy")
    assert {each.hop for each in limits(seen)} == {"tproxy", "redirect"}
    flows = {(each.table, each.services, each.open) for each in seen.services}
    assert flows == {("sockets", "services", 1), ("tracking", "services", 1)}
    assert busy(usage(seen, "redirect", "capture")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}


def test_flows_of_kinds_that_go_round_each_others_hops() -> None:
    """Each hop of the machine tells those of its own kind; of a kind that passes two the first does."""
    first, second = nat(**OUT, machine="m"), nat(name="other", addresses="198.18.1.2", machine="m")
    model = {"traffic": mix("1/4"), **chain(first | {"traffic": "login"}, second | {"traffic": "rest"})}
    entries = [
        entry("198.18.0.1:40000", f"{WEB}:80", to=to) for to in ("198.18.1.1:20000", "198.18.1.2:20000")
    ]
    assert [each.open for each in look(model, entries, "other").services] == [1, 1]
    assert [each.open for each in look(chain(first, second), entries, "other").services] == [1]
