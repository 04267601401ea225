"""Who has which address in the lab: all of it inside 198.18.0.0/15, the block for benchmarks.

====================  =======================================================================
198.18.0.0/18         the clients
198.18.64.0 and on    8 blocks of 2,048 addresses, one for each hop: what it translates to, its
                      listeners, its own source addresses, its virtual services
198.19.0.0/17         the services
198.19.128.0/17       the links between two namespaces, four addresses each
====================  =======================================================================
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

BENCHMARK = IPv4Network("198.18.0.0/15")  # RFC 2544, appendix C.2.2
CLIENTS = IPv4Network("198.18.0.0/18")
SERVICES = IPv4Network("198.19.0.0/17")
LINKS = IPv4Network("198.19.128.0/17")
HOP_BITS = 11
MOST_HOPS = 8
MOST_INSTANCES = 8
MOST_ADDRESSES = 64
"""Addresses of one kind (translated to, listening, own, virtual) of one instance of a hop."""

_KINDS = ("translated", "listen", "own", "virtual")


def hop_block(hop: int, instance: int | None = None) -> IPv4Network:
    """The block of a hop (0, 1, …), or of one of its instances.

    >>> hop_block(0), hop_block(1, 2)
    (IPv4Network('198.18.64.0/21'), IPv4Network('198.18.74.0/24'))
    """
    start = int(IPv4Address("198.18.64.0")) + (hop << HOP_BITS)
    if instance is None:
        return IPv4Network((start, 32 - HOP_BITS))
    return IPv4Network((start + (instance << 8), 24))


def hop_addresses(hop: int, instance: int, kind: str, count: int) -> tuple[str, ...]:
    """Addresses of one kind of an instance of a hop.

    >>> hop_addresses(0, 1, "own", 2)
    ('198.18.65.128', '198.18.65.129')
    """
    start = int(hop_block(hop, instance)[0]) + _KINDS.index(kind) * MOST_ADDRESSES
    return tuple(str(IPv4Address(start + number)) for number in range(count))


def addresses(block: IPv4Network, count: int, skip: int = 1) -> tuple[str, ...]:
    """The first addresses of a block.

    >>> addresses(CLIENTS, 2)
    ('198.18.0.1', '198.18.0.2')
    """
    return tuple(str(block[skip + number]) for number in range(count))


def link(number: int) -> tuple[str, str]:
    """The two ends of a link.

    >>> link(1)
    ('198.19.128.5', '198.19.128.6')
    """
    return str(LINKS[4 * number + 1]), str(LINKS[4 * number + 2])
