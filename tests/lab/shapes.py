"""Chains that the lab measures: the rows of kernel.csv, shapes of each kind, the bundled examples."""

from fractions import Fraction
from typing import Any

from tests.limits.chains import Topology
from tests.limits.test_kernel_rows import ROWS, topology
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES, example, from_dict


def nat(**keys: Any) -> Topology:
    return {"name": "nat", "kind": "cone", "addresses": 1, "ports": "20000-20099"} | keys


def proxy(**keys: Any) -> Topology:
    return {"name": "proxy", "kind": "hourglass", "capture": "tproxy"} | keys


def firewall(**keys: Any) -> Topology:
    return {"name": "firewall", "kind": "hourglass", "layer": 3} | keys


def mix(share: str, **traffic: Any) -> Topology:
    """Logins and the rest."""
    rest = str(1 - Fraction(share))
    return {"kinds": [{"name": "login", "share": share}, {"name": "rest", "share": rest}], **traffic}


def machine(name: str, **keys: Any) -> Topology:
    return proxy(name=name, machine="m", **keys)


def chain(*hops: Topology, services: Any = 2, **clients: Any) -> Topology:
    served = {"addresses": services, "ports": 80} if isinstance(services, int) else services
    return {
        "clients": {"addresses": 20, "ports": "1024-65535"} | clients,
        "hops": list(hops),
        "services": served,
    }


FEW: dict[str, Any] = {"addresses": 2, "ports": "20000-20049"}
SECOND = {"name": "second", "source": "client", "ports": "22000-22059"}
SHAPES: dict[str, Topology] = {
    "clients alone": chain(**FEW),
    "clients that bind": chain(allocation="bind", **FEW),
    "clients with an odd range": chain(addresses=2, ports="20000-20048"),
    "clients with two ranges": chain(addresses=2, ports=["20000-20019", "20040-20059"]),
    "cones in series": chain(nat(addresses=2), nat(name="second", ports="30000-30079"), services=3),
    "a cone whose addresses a hash deals out": chain(nat(addresses=2, spread="hashed"), addresses=200),
    "services with two ports": chain(nat(), services={"addresses": 2, "ports": [80, 443]}),
    "two groups of services": chain(
        nat(), services=[{"addresses": 1, "ports": 80}, {"addresses": 1, "ports": [80, 81]}]
    ),
    "three cones side by side": chain(nat(instances=3), services=1),
    "a cone with a small table": chain(nat(max_entries=70)),
    "a balancer in NAT mode": chain(nat(virtual={"addresses": 1, "ports": 8000}), services=3),
    "layer 3 without tracking": chain(firewall(), **FEW),
    "layer 3 with tracking": chain(firewall(max_entries=70)),
    "two firewalls side by side": chain(firewall(max_entries=70, instances=2)),
    "layer 3 with a virtual service": chain(
        firewall(virtual={"addresses": 2, "ports": 80}), services=4, addresses=1, ports="20000-20099"
    ),
    "own addresses": chain(proxy(source="own", addresses=2, ports="20000-20049"), services=3),
    "own addresses, bound": chain(
        proxy(source="own", addresses=2, ports="20000-20049", allocation="bind"), services=3
    ),
    "few files": chain(proxy(source="own", addresses=2, max_files=101), services=3),
    "both legs in a small table": chain(proxy(source="own", addresses=2, max_entries=100), services=3),
    "overlap without a check": chain(nat(), proxy(source="client", ports="20000-20099", tracking="loose")),
    "a balancer that listens": chain(
        proxy(capture="listen", listen_addresses=2, listen_ports={"count": 2}, ports="20000-20019"),
        services=6,
    ),
    "two balancers side by side": chain(
        proxy(capture="listen", instances=2, ports="20000-20029"), services=3
    ),
    "a balancer that keeps addresses": chain(
        proxy(capture="listen", source="client", ports="20000-20029"), services=3, addresses=2
    ),
    "three proxies that share services": chain(
        proxy(source="client", split="services", instances=3, ports="20000-20001", tracking="off"), services=6
    ),
    "two proxies that share flows": chain(proxy(instances=2, ports="20000-20049")),
    "two proxies that keep the tuple": chain(proxy(source="client-port", instances=2, tracking="off"), **FEW),
    "both legs in one entry": chain(
        proxy(source="client-port", tracking="loose", max_entries=70), addresses=1, ports="20000-20099"
    ),
    "two redirecting proxies": chain(
        proxy(capture="nat", instances=2, rewrite_ports="20000-20029"), addresses=2
    ),
    "two proxies in a row": chain(nat(), proxy(source="client", ports="21000-21079"), proxy(**SECOND)),
    "a redirect before a proxy": chain(
        nat(),
        proxy(capture="nat", ports="21000-21079", rewrite_ports="25000-25099"),
        proxy(name="second", source="client", ports="22000-22099"),
    ),
    "cone, firewall, proxy": chain(
        nat(), firewall(max_entries=150), proxy(source="client", ports="21000-21079")
    ),
    "a cone behind a proxy": chain(
        proxy(source="client", ports="21000-21079", tracking="off"), nat(ports="30000-30049")
    ),
}

BLIND: dict[str, Topology] = {
    "all ports are shared": chain(
        nat(ports="20000-20039"), proxy(source="client", ports="20000-20039"), services=4
    ),
    "half of the ports are shared": chain(
        nat(ports="20000-20039"), proxy(source="client", ports="20020-20079"), services=4
    ),
    "half full": chain(
        nat(ports="20000-20079", max_entries=160), proxy(source="client", ports="20000-20079"), services=4
    ),
}
"""Cone and proxy choose blindly: what lives is chance, and follows the law of a collision."""

OFFICE = {"name": "office", "addresses": 30, "ports": "1024-65535"}
UDP_AND_TCP = {"kinds": [{"name": "dns", "share": "1/2", "protocol": "udp"}, {"name": "web", "share": "1/2"}]}
KINDS: dict[str, Topology] = {
    "few are captured, and the proxy binds": {
        "traffic": mix("1/10"),
        **chain(nat(), proxy(source="client", ports="21000-21004", captures="login")),
    },
    "few are captured, and the cone binds": {
        "traffic": mix("1/10"),
        **chain(nat(), proxy(source="client", ports="21000-21019", captures="login")),
    },
    "what passes has one entry": {
        "traffic": mix("1/10"),
        **chain(nat(), proxy(source="client", ports="21000-21099", captures="login", max_entries=110)),
    },
    "TPROXY and REDIRECT on one machine": {
        "traffic": mix("3/5"),
        **chain(
            nat(ports="20000-20049"),
            machine("tproxy", source="client", ports="21000-21049", captures="login"),
            machine("redirect", capture="nat", rewrite_ports="25000-25049", captures="rest"),
            services=4,
        ),
    },
    "two proxies on one machine have its ports": {
        "traffic": mix("1/4"),
        **chain(
            machine("a", captures="login", ports="20000-20049"),
            machine("b", captures="rest", ports="20000-20049"),
        ),
    },
    "two levels in one process": chain(
        machine("a", capture="listen"), machine("b", capture="listen", max_files=120)
    ),
    "two levels in one table": chain(
        machine("a", capture="listen"), machine("b", capture="listen", max_entries=200)
    ),
    "short and long flows to services of their own": {
        "traffic": {
            "kinds": [
                {"name": "short", "share": "1/2", "hold": "1s", "services": "a"},
                {"name": "long", "share": "1/2", "hold": "9s", "services": "b"},
            ]
        },
        **chain(
            nat(ports="20000-20044", virtual={"addresses": 1, "ports": 8000}),
            services=[
                {"name": "a", "addresses": 1, "ports": 443},
                {"name": "b", "addresses": 2, "ports": 8443},
            ],
        ),
    },
    "kinds that go round each other's hops": {
        "traffic": mix("1/4"),
        **chain(nat(ports="20000-20014", traffic="login"), firewall(max_entries=200, traffic="rest")),
    },
    "office and branch": {
        **chain(nat()),
        "clients": [OFFICE, {"name": "branch", "addresses": 10, "ports": "20000-20004"}],
    },
    "a branch of few ports": {
        **chain(nat()),
        "clients": [OFFICE, {"name": "branch", "addresses": 10, "ports": "20000-20001"}],
    },
    "UDP through a cone": {"traffic": {"protocol": "udp"}, **chain(nat())},
    "UDP from few ports": {"traffic": {"protocol": "udp"}, **chain(firewall(), **FEW)},
    "UDP has ports of its own": {"traffic": UDP_AND_TCP, **chain(nat(ports="20000-20049"))},
    "UDP is in the same table": {"traffic": UDP_AND_TCP, **chain(nat(max_entries=120))},
    "a pool": chain(proxy(capture="listen", ports="20000-20019", connections_per_flow="1/5"), services=3),
    "a pool behind a cone": chain(
        nat(), proxy(capture="nat", ports="21000-21009", connections_per_flow="1/4"), services=2
    ),
    "a pool before a pool": chain(
        proxy(name="a", capture="listen", connections_per_flow="1/4"),
        proxy(capture="listen", ports="21000-21009", connections_per_flow="2", upstream_hold="1s"),
        services=4,
    )
    | {"traffic": {"hold": "4s"}},
    "fan-out, and few files": chain(
        proxy(capture="listen", connections_per_flow="5/2", max_files=140), services=3
    ),
}


def chains() -> dict[str, Chain]:
    """All of them by name."""
    rows = {f"row {row['id']}": from_dict(topology(row)) for row in ROWS}
    shapes = {f"shape {name}": from_dict(shape) for name, shape in (SHAPES | KINDS).items()}
    return rows | shapes | {f"example {name}": example(name) for name in EXAMPLES}
