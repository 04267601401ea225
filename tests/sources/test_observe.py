"""Which entries take which keys: by hand for each kind of limit, and numbers that were reported in public."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.shapes import chain, chains, machine, mix, nat, proxy
from tests.limits.chains import Topology
from tuplecalc.errors import InputError, TopologyError
from tuplecalc.limits import kinds
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.file import from_dict
from tuplecalc.sources.counting import RULES
from tuplecalc.sources.growth import between
from tuplecalc.sources.observe import observe
from tuplecalc.sources.tables.connection import Connection, TableName, socket
from tuplecalc.sources.usage import Observation, Usage

WEB, MAIL = "198.18.9.9", "198.18.9.10"


@dataclass
class Given:
    entries: Collection[Connection]
    tables: Collection[TableName] = ("sockets", "tracking")
    name: str = "given"

    def __iter__(self) -> Iterator[Connection]:
        return iter(self.entries)


SOCKETS: tuple[TableName] = ("sockets",)


def end(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def sock(
    local: str, peer: str, state: Any = "open", protocol: Any = "tcp", left: float | None = None
) -> Connection:
    return socket(protocol, state, end(local), end(peer), left)


def entry(
    source: str, destination: str, answers: str = "", to: str = "", state: Any = "open", protocol: Any = "tcp"
) -> Connection:
    ends = end(source), end(destination), end(answers or destination), end(to or source)
    return Connection("tracking", protocol, state, *(part for each in ends for part in each))  # type: ignore[arg-type]


def look(
    topology: Topology | Capacity, entries: Iterable[Connection], *hops: str, top: int = 10
) -> Observation:
    model = topology if isinstance(topology, Capacity) else capacity(from_dict(topology))
    return observe(model, [Given(list(entries))], hops, top)


def usage(seen: Observation, hop: str, name: str) -> Usage:
    (found,) = [each for each in seen.usages if (each.limit.hop, each.limit.name) == (hop, name)]
    return found


def limits(seen: Observation) -> list[Limit]:
    return [each.limit for each in seen.usages] + [each.limit for each in seen.uncounted]


def busy(found: Usage) -> dict[tuple[str, ...], tuple[int, int]]:
    """Open and lingering keys of each scope."""
    return {tuple(each.labels.values()): (each.open, each.lingering) for each in found.busiest}


def test_each_kind_of_limit_has_a_rule() -> None:
    assert {each for each in vars(kinds).values() if isinstance(each, kinds.Kind)} == set(RULES)


def test_each_limit_of_each_chain_is_counted_or_said_why_not() -> None:
    entries = [sock("198.18.0.1:40001", f"{WEB}:80"), entry("198.18.0.1:40001", f"{WEB}:80")]
    for each in chains().values():
        model = capacity(each)
        seen = look(model, entries, *(hop.name for hop in each.hops), "clients", "services")
        told = limits(seen)
        assert sorted(map(id, told)) == sorted(map(id, model.limits))


# Numbers of public reports.

HUB = {"clients": {"addresses": "198.18.0.1"}, "hops": [], "services": {"addresses": 1, "ports": 8001}}


def test_a_hub_with_28_231_ports_to_one_endpoint() -> None:
    """JupyterHub's proxy: one port is left of 28,232, and other endpoints have nearly all of theirs."""
    sockets = [sock(f"198.18.0.1:{32768 + n}", "198.18.5.5:8001") for n in range(28231)]
    sockets += [sock(f"198.18.0.1:{32768 + n}", "198.18.5.6:8001") for n in range(50)]
    found = usage(look(HUB, sockets), "clients", "ports")
    assert (found.size, found.scopes) == (28232, 2)
    assert busy(found) == {
        ("198.18.0.1", "198.18.5.5:8001"): (28231, 0),
        ("198.18.0.1", "198.18.5.6:8001"): (50, 0),
    }
    assert 1 - found.share == pytest.approx(1 / 28232)


@pytest.mark.parametrize(("endpoints", "share"), [(1000, 28 / 28232), (1, 28000 / 28232)])
def test_a_gauge_of_all_time_wait_says_nothing(endpoints: int, share: float) -> None:
    """node_exporter, issue 2121: as many TIME_WAIT, and what they mean is told by source and endpoint."""
    sockets = [
        sock(f"198.18.0.1:{32768 + n // endpoints}", f"198.18.5.5:{1 + n % endpoints}", "lingering")
        for n in range(28000)
    ]
    seen = look(HUB, sockets)
    assert seen.totals[0].lingering == 28000
    assert usage(seen, "clients", "ports").share == share


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

OUT = {"addresses": "198.18.1.1", "ports": "20000-20099", "max_entries": 1000}
TRACKED = [
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:20000"),
    entry("198.18.0.1:40001", f"{WEB}:80", to="198.18.1.1:20001", state="lingering"),
    entry("198.18.0.2:40001", f"{WEB}:80", to="198.18.1.1:20002", state="reset"),
    entry("198.18.0.2:40002", f"{MAIL}:25", to="198.18.1.1:20000", state="closing"),
    entry("198.18.1.1:20009", f"{WEB}:80"),  # the machine's own
    entry("198.18.0.3:40000", "198.18.7.7:80", f"{MAIL}:80", "198.18.1.1:20000"),  # with DNAT as well
]
NOT_ITS_OWN = [
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:1024"),
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.2:20000"),
    entry("198.18.0.1:40000", f"{WEB}:80", to="198.18.1.1:20000", protocol="udp"),
    entry("198.18.0.1:40000", "198.18.1.1:22"),
    Connection("tracking", "other", "open", "", 0, "", 0, "", 0, "", 0),
]


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


def test_a_port_that_serves_several_destinations() -> None:
    seen = look(chain(nat(destinations=2, **OUT), services=9), TRACKED + NOT_ITS_OWN)
    found = usage(seen, "nat", "ports")
    assert (busy(found), found.size) == ({("198.18.1.1",): (4, 2)}, 200)


@pytest.mark.parametrize(
    ("keys", "name", "size", "expected"),
    [
        ({"block": 10, "blocks_per_client": 2}, "block", 20, (1, 1)),
        ({"client_ports": 7}, "client", 7, (1, 1)),
        ({"block": 10, "mapping": "endpoint-independent"}, "block", 10, (1, 1)),
    ],
)
def test_ports_of_a_client(keys: dict[str, Any], name: str, size: int, expected: tuple[int, int]) -> None:
    found = usage(look(chain(nat(**OUT, **keys), addresses=5), TRACKED + NOT_ITS_OWN), "nat", name)
    assert found.size == size
    labels = ("198.18.0.1",) if "mapping" in keys else ("198.18.0.1", f"{WEB}:80")
    assert busy(found)[labels] == expected


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
    assert busy(found) == {("198.18.0.1", "198.18.8.1:80"): (1, 1), ("198.18.0.1", "198.18.8.2:80"): (1, 0)}


# Proxies.

SERVED = {"addresses": [WEB, MAIL], "ports": 80}
CLIENT = "198.18.0.1"


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
        entry(f"{CLIENT}:30002", "198.18.3.3:80"),
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
    assert (shared.table, shared.size, busy(shared)) == ("tracking", 64512, {(CLIENT, f"{WEB}:80"): (2, 1)})
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
    assert busy(usage(seen, "proxy", "listener")) == {(CLIENT, "198.18.4.4:8080"): (1, 1)}
    assert busy(usage(seen, "proxy", "upstream")) == {("198.18.4.4", f"{WEB}:80"): (1, 0)}


def test_redirect_with_its_clients_addresses() -> None:
    """Both legs are of the service that the client addressed, though the listener answers one of them."""
    model = chain(proxy(capture="nat", source="client", ports="30000-30099"), services=SERVED)
    entries = [
        entry(f"{CLIENT}:40000", f"{WEB}:80", "198.18.4.4:8080"),
        entry(f"{CLIENT}:30000", f"{WEB}:80", state="closing"),
    ]
    seen = look(model, entries)
    assert busy(usage(seen, "proxy", "shared")) == {(CLIENT, f"{WEB}:80"): (2, 0)}
    assert busy(usage(seen, "proxy", "capture")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}


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
    assert busy(usage(seen, "proxy", "accepted")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}
    assert busy(usage(seen, "proxy", "upstream")) == {(CLIENT, "198.18.4.4:8080"): (1, 0)}


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


# What is given.


def test_a_table_that_is_missing_is_said() -> None:
    seen = observe(capacity(from_dict(chain(nat(**OUT)))), [Given([], SOCKETS)])
    assert seen.usages == ()
    assert {each.why for each in seen.uncounted} == {"no tracking table was given (conntrack -L -o extended)"}


def test_a_table_is_given_once() -> None:
    """As by ss and by /proc/net/tcp; sockets and the tracking table have the same connections, apart."""
    connection = sock(f"{CLIENT}:40000", f"{WEB}:80")
    given = [
        Given([connection], name="ss.txt"),
        Given([connection._replace(state="closing")], name="tcp.txt"),
    ]
    said = f"^tcp.txt: the entry of {CLIENT}:40000 to {WEB}:80 stands in ss.txt as well; a table is counted "
    with pytest.raises(InputError, match=said):
        observe(capacity(from_dict(HUB)), given)
    look(HUB, [connection, entry(f"{CLIENT}:40000", f"{WEB}:80")])


def test_a_hop_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r'^no hop is called "nta"; did you mean "nat"\?$'):
        look(chain(nat()), [], "nta")


def test_as_many_as_are_asked_for() -> None:
    found = usage(look(chain(nat(**OUT)), TRACKED, top=1), "nat", "ports")
    assert (list(busy(found)), found.scopes) == ([("198.18.1.1", f"{WEB}:80")], 3)


# Rates.


def test_rate_and_hold_of_one_look() -> None:
    """600 a minute closed and 300 are open: 10/s, each for 30 s.  20 more that were reset: 2/s."""
    closed = [sock(f"198.18.0.1:{32768 + n}", f"{WEB}:80", "lingering") for n in range(600)]
    open_ = [sock(f"198.18.0.1:{40000 + n}", f"{WEB}:80") for n in range(300)]
    (found,) = look(HUB, closed + open_).measured[:1]
    assert (found.table, found.open, found.rate, found.hold) == ("sockets", 300, 10, 30)
    reset = [entry(f"198.18.0.2:{n}", f"{WEB}:80", state="reset") for n in range(1, 21)]
    (tracked,) = [each for each in look(HUB, reset).measured if each.table == "tracking"]
    assert (tracked.rate, tracked.hold) == (2, 0)
    assert look(HUB, open_).measured[0].hold is None


@pytest.mark.parametrize(
    ("entries", "time", "rate", "basis"),
    [
        (1200, 60, 20, "200 closed in 10 s"),
        (60, 60, 1, "60 closed in 60 s"),
        (120, 30, 4, "120 closed in 30 s"),
    ],
    ids=["the last ten seconds are enough", "few", "another time_wait than usual"],
)
def test_timers_tell_when_connections_closed(entries: int, time: int, rate: float, basis: str) -> None:
    sockets = [
        sock(f"198.18.0.1:{32768 + n}", f"{WEB}:80", "lingering", left=n * time / entries)
        for n in range(entries)
    ]
    (found,) = look(HUB, sockets).measured[:1]
    assert (found.rate, found.basis.partition(":")[0]) == (rate, basis)


def test_both_legs_are_one_flow() -> None:
    model = chain(proxy(source="client", ports="30000-30099"), services=SERVED)
    entries = [
        entry(f"{CLIENT}:{port + n}", f"{WEB}:80", state=state)
        for port, state, count in ((40000, "open", 60), (50000, "lingering", 120))
        for n in range(count)
    ]
    (found,) = look(model, entries).services
    assert (found.table, found.services, found.open, found.rate, found.hold) == (
        "tracking",
        "services",
        30,
        0.5,
        60,
    )


def test_two_looks() -> None:
    """20 more in 10 s: of 100 ports 40 are left, for 20 s; what is open grew by 15, 2/s closed."""
    model = capacity(from_dict(chain(nat(**OUT))))

    def tracked(open_: int, lingering: int) -> list[Connection]:
        states = ["open"] * open_ + ["lingering"] * lingering
        return [
            entry(f"198.18.0.1:{n + 1}", f"{WEB}:80", to=f"198.18.1.1:{20000 + n}", state=state)
            for n, state in enumerate(states)
        ]

    first, second = look(model, tracked(25, 15)), look(model, tracked(40, 20))
    found = between(first, second, 10)
    ports = usage(found, "nat", "ports")
    assert (ports.busiest[0].growth, ports.runs_dry_in) == (2, 20)
    assert usage(first, "nat", "ports").runs_dry_in is None
    assert usage(between(second, first, 10), "nat", "ports").runs_dry_in is None
    (rate,) = [each.rate for each in found.measured if each.table == "tracking"]
    assert rate == pytest.approx(20 / 120 + 15 / 10)
    with pytest.raises(TopologyError, match="two looks are some seconds apart"):
        between(first, second, 0)
