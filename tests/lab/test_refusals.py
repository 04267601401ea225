"""What the lab does not build is refused by name, and before anything is made."""

from typing import Any

import pytest

from tests.lab.shapes import chain, firewall, nat, proxy
from tuplecalc.errors import InputError
from tuplecalc.lab.refusals import refuse
from tuplecalc.network.file import EXAMPLES, example, from_dict

LINUX = "Linux has no such NAT, and the lab is Linux; leave it out to verify the rest"
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
        "hops.firewall.instances: 2: the lab deals connections out before the cone translates them, and "
        "their way back after it; write 1, or put a hop between them",
    ),
    "share": (
        chain(nat(), services=[{"addresses": 1, "ports": 80, "share": 1}]),
        "services.share: 1: the lab's clients spread their connections evenly over the services; "
        "leave the shares out to verify the rest",
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
