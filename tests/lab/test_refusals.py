"""What the lab does not build is refused by name, and before anything is made."""

from typing import Any

import pytest

from tests.lab.shapes import KINDS, UDP_AND_TCP, chain, firewall, machine, mix, nat, proxy
from tuplecalc.errors import InputError
from tuplecalc.lab import sustained
from tuplecalc.lab.refusals import refuse
from tuplecalc.network.file import EXAMPLES, example, from_dict

LINUX = "Linux has no such NAT, and the lab is Linux; leave it out to verify the rest"
FAMILY = "the lab has one family, IPv4, and only counts addresses; verify each family by itself"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "mapping": (
        chain(nat(mapping="endpoint-independent")),
        f'hops.nat.mapping: "endpoint-independent": {LINUX}',
    ),
    "block": (chain(nat(block=10)), f"hops.nat.block: 10: {LINUX}"),
    "overflow": (
        chain(nat(block=10, overflow="30000-30009")),
        f'hops.nat.block: 10: {LINUX}\n  hops.nat.overflow: "30000-30009": {LINUX}',
    ),
    "destinations": (chain(nat(destinations=2)), f"hops.nat.destinations: 2: {LINUX}"),
    "client_ports": (chain(nat(client_ports=9)), f"hops.nat.client_ports: 9: {LINUX}"),
    "ports": (
        chain(nat(ports=["20000-20009", 20020])),
        'hops.nat.ports: ["20000-20009", 20020]: nft\'s snat takes one range of ports; write one range',
    ),
    "layer": (
        chain(firewall(layer=2)),
        "hops.firewall.layer: 2: the lab's hops are routers; a bridge is not built; "
        "write layer = 3, which counts the same",
    ),
    "split": (
        chain(proxy(source="client", instances=2)),
        'hops.proxy.split: "flows": such machines choose the ports of one client blindly, and the model '
        'has them agree; write split = "services", or source = "own"',
    ),
    "instances": (
        chain(firewall(instances=2), nat(instances=2)),
        "hops.nat.instances: 2: the lab builds no two hops in a row that have several instances each; "
        "write 1 for one of the two",
    ),
    "hash": (
        chain(nat(), firewall(instances=2)),
        "hops.firewall.instances: 2: the lab deals connections out before the NAT translates them, and "
        "their way back after it; write 1, or put a hop between them",
    ),
    "share": (
        chain(nat(), services=[{"addresses": 1, "ports": 80, "share": 1}]),
        "services.share: 1: the lab's clients spread their connections evenly over the services; "
        "leave the shares out to verify the rest",
    ),
    "both families": (
        chain(addresses=["127.0.0.1", "::1"], services={"addresses": ["127.0.0.1", "::1"], "ports": 80}),
        f'clients.addresses: ["127.0.0.1", "::1"]: {FAMILY}\n'
        f'  services.addresses: ["127.0.0.1", "::1"]: {FAMILY}',
    ),
    "files of clients": (
        chain(max_files=100),
        "clients.max_files: 100: all clients of the lab are one process, which has the files of all; "
        "leave it out to verify the rest",
    ),
    "kinds and instances": (
        {"traffic": mix("1/2")} | chain(nat(instances=2)),
        "hops.nat.instances: 2: the lab deals out to machines side by side what is of one kind; "
        "write 1, or leave the kinds out",
    ),
    "UDP and a proxy": (
        {"traffic": UDP_AND_TCP} | chain(proxy()),
        'hops.proxy.capture: "tproxy": the lab\'s proxies speak TCP; write protocol = "tcp", or let UDP pass',
    ),
    "a pool of client addresses": (
        chain(proxy(source="client", connections_per_flow="1/3")),
        'hops.proxy.connections_per_flow: "1/3": the lab\'s proxies share connections from their own '
        'addresses; write source = "own", or leave it out',
    ),
    "a hold of none": (
        {
            "traffic": mix("1/2")
            | {"kinds": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "hold": 1}]}
        }
        | chain(proxy(upstream_hold="9s")),
        "hops.proxy.upstream_hold: 9: kinds that last for no time have no flow open by which the lab could "
        "open these connections; give each kind a hold",
    ),
    "files of a flow": (
        chain(proxy(max_files=100, files_per_flow=6)),
        "hops.proxy.files_per_flow: 6: the lab's proxies have a file for each connection; "
        "leave it out to verify the rest",
    ),
    "a machine with other addresses at each hop": (
        chain(
            machine("a", capture="listen", source="own", addresses="198.18.9.1"),
            machine("b", capture="listen", source="own", addresses="198.18.9.2"),
        ),
        'hops.b.addresses: "198.18.9.2": the lab\'s machines have one set of own addresses; "a" has another; '
        "write the same",
    ),
    "a machine of several hops twice": (
        chain(machine("a", capture="listen", instances=2), machine("b", capture="listen", instances=2)),
        "hops.a.instances: 2: the lab builds a machine of several hops once; write 1\n"
        "  hops.b.instances: 2: the lab builds no two hops in a row that have several instances each; "
        "write 1 for one of the two",
    ),
    "a cone on a machine": (
        chain(nat(machine="m"), machine("b")),
        'hops.nat.machine: "m": on a machine of several hops the lab has proxies and routers only; '
        "give it a machine of its own",
    ),
    "a machine captures its own": (
        chain(machine("a"), machine("b")),
        'hops.b.capture: "tproxy": what "a" sends is of this machine, and does not come in from outside; '
        'write "listen", or other `captures`',
    ),
    "a machine in two places": (
        chain(machine("a"), nat(), machine("b", capture="listen")),
        'hops.b.machine: "m": the lab puts those hops of a machine together that stand next to each other; '
        "move it, or give it a machine of its own",
    ),
}


@pytest.mark.parametrize(("topology", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(topology: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse(from_dict(topology))
    assert str(caught.value) == f"the lab cannot build this chain:\n  {message}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_is_refused(name: str) -> None:
    refuse(example(name))


@pytest.mark.parametrize("name", KINDS)
def test_no_shape_of_kinds_is_refused(name: str) -> None:
    refuse(from_dict(KINDS[name]))


def test_rates_of_pools_are_refused() -> None:
    rule = "the lab measures the rate of flows that have connections of their own"
    with pytest.raises(InputError, match=f"^--rates: {rule}; leave --rates out, the flows are measured "):
        sustained.refuse(from_dict(KINDS["a pool"]))
    sustained.refuse(from_dict(KINDS["office and branch"]))
