"""What is built, as data: every address inside the block for benchmarks, and nobody's twice."""

import re
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.lab.shapes import KINDS, SHAPES
from tuplecalc.lab.addressing import BENCHMARK, CLIENTS, LINKS, SERVICES, hop_block
from tuplecalc.lab.plan import Plan, plan
from tuplecalc.lab.scale import scale
from tuplecalc.lab.ways import free_ports
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES, example, from_dict

CHAINS: dict[str, Chain] = {name: scale(example(name)).chain for name in EXAMPLES}
CHAINS |= {name: from_dict(shape) for name, shape in (SHAPES | KINDS).items()}
_ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+(?:/\d+)?\b")


def texts(found: Plan) -> str:
    parts = [repr(found.strands)]
    for node in found.nodes:
        parts += [*node.routes, node.nft, repr(node.role), repr(node.fronts), repr(node.backs)]
    return "\n".join(parts)


@pytest.mark.parametrize("name", CHAINS)
def test_every_address_is_inside_the_block(name: str) -> None:
    found = set(_ADDRESS.findall(texts(plan(CHAINS[name])))) - {"0.0.0.0", "0.0.0.0/0"}
    assert found
    for address in found:
        assert IPv4Network(address).subnet_of(BENCHMARK)


@pytest.mark.parametrize("name", CHAINS)
def test_endpoints_and_sources_are_as_many_as_the_chain_says(name: str) -> None:
    chain = CHAINS[name]
    found = plan(chain)
    clients = {address for strand in found.strands for address in strand["addresses"]}
    assert len(clients) == sum(group.addresses.size for group in chain.clients)
    assert all(IPv4Address(address) in CLIENTS for address in clients)
    machines = {hop.on: hop.instances for hop in chain.hops}
    assert len(found.nodes) == 2 + sum(machines.values())
    ends = [end for near, far in found.links for end in near.backs + far.fronts]
    assert len({end for end, _ in ends}) == len({end for pair in ends for end in pair})


def test_the_blocks_do_not_meet() -> None:
    blocks = [CLIENTS, SERVICES, LINKS, *(hop_block(hop) for hop in range(8))]
    for number, block in enumerate(blocks):
        assert block.subnet_of(BENCHMARK)
        assert not any(block.overlaps(other) for other in blocks[:number])
    for hop in range(8):
        assert all(hop_block(hop, instance).subnet_of(hop_block(hop)) for instance in range(8))


@pytest.mark.parametrize("name", CHAINS)
def test_a_listener_takes_no_port_from_a_hop(name: str) -> None:
    chain = CHAINS[name]
    (port,) = free_ports(chain, 1)
    for hop in chain.hops:
        ports = getattr(hop, "ports", None)
        if ports is not None and chain.clients[0].ports.size < 60000:
            assert port not in ports


def test_addresses_drawn_or_by_hash() -> None:
    by_hash = plan(CHAINS["a cone whose addresses a hash deals out"]).nodes[1].nft
    drawn = plan(CHAINS["cones in series"]).nodes[1].nft
    assert "snat to 198.18.64.0-198.18.64.1:20000-20099" in by_hash
    assert "numgen random mod 2 vmap" in drawn
