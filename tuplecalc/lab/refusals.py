"""What the lab does not build, by name: what Linux cannot do, and what is not built yet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tuplecalc.errors import InputError, Problem
from tuplecalc.lab import addressing, rules
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy

_LINUX = "Linux has no such NAT, and the lab is Linux"


def refuse(chain: Chain) -> None:
    """Nothing, for a chain that the lab can build.

    Raises :class:`~tuplecalc.errors.InputError` that names every key that stands in the way.

    >>> from tuplecalc.network.clients import Clients
    >>> from tuplecalc.network.services import Services
    >>> from tuplecalc.network.cone import Cone
    >>> refuse(Chain(clients=Clients(addresses=9), services=Services(addresses=1, ports=80),
    ...              hops=[Cone(name="nat", addresses=1, mapping="endpoint-independent")]))
    Traceback (most recent call last):
    tuplecalc.errors.InputError: the lab cannot build this chain:
      hops.nat.mapping: "endpoint-independent": Linux has no such NAT, and the lab is Linux; leave it out to \
verify the rest
    """
    if problems := list(refusals(chain)):
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise InputError(f"the lab cannot build this chain:\n{lines}")


def refusals(chain: Chain) -> Iterator[Problem]:
    """Every key that stands in the way."""
    if len(chain.hops) > addressing.MOST_HOPS:
        rule = f"the lab builds at most {addressing.MOST_HOPS} hops"
        yield Problem("hops", len(chain.hops), rule, "verify a part of the chain")
    for group in chain.services:
        if group.share is not None:
            rule = "the lab's clients spread their connections evenly over the services"
            yield Problem("services.share", group.share, rule, "leave the shares out to verify the rest")
            break
    for hop in chain.hops:
        match hop:
            case Cone():
                yield from _cone(hop)
            case Proxy():
                yield from _proxy(hop)
            case Forwarder(layer=2):
                rule = "the lab's hops are routers; a bridge is not built"
                yield Problem(f"{hop.path}.layer", 2, rule, "write layer = 3, which counts the same")
            case Forwarder():
                pass
            case _:
                rule = "the lab builds cones, forwarders and proxies"
                yield Problem(f"{hop.path}.kind", hop.kind, rule, "verify a part of the chain")
    for before, hop in pairwise(chain.hops):
        if isinstance(before, Cone) and hop.instances > 1 and rules.is_told_by_hash(hop):
            rule = (
                "the lab deals connections out before the cone translates them, and their way back after it"
            )
            yield Problem(f"{hop.path}.instances", hop.instances, rule, "write 1, or put a hop between them")
        if before.instances > 1 and hop.instances > 1:
            rule = "the lab builds no two hops in a row that have several instances each"
            yield Problem(f"{hop.path}.instances", hop.instances, rule, "write 1 for one of the two")


def _cone(hop: Cone) -> Iterator[Problem]:
    way_out = "leave it out to verify the rest"
    if hop.mapping != "endpoint-dependent":
        yield Problem(f"{hop.path}.mapping", hop.mapping, _LINUX, way_out)
    for key in ("block", "overflow", "destinations", "client_ports"):
        value = getattr(hop, key)
        if value is not None:
            value = value.spec if isinstance(value, PortSet) else value
            yield Problem(f"{hop.path}.{key}", value, _LINUX, way_out)
    yield from _one_range(f"{hop.path}.ports", hop.ports, "nft's snat")


def _proxy(hop: Proxy) -> Iterator[Problem]:
    if hop.instances > 1 and hop.split == "flows" and hop.source == "client":
        rule = "such machines choose the ports of one client blindly, and the model has them agree"
        yield Problem(f"{hop.path}.split", "flows", rule, 'write split = "services", or source = "own"')
    if hop.instances > 1 and hop.capture == "listen" and hop.split == "flows" and hop.source == "client-port":
        rule = "the lab tells the way back by the client's address and port, or by the service"
        yield Problem(f"{hop.path}.split", "flows", rule, 'write split = "services", or source = "own"')
    if hop.capture == "nat":
        yield from _one_range(f"{hop.path}.rewrite_ports", hop.rewrite_ports, "nft's snat")


def _one_range(place: str, ports: PortSet, who: str) -> Iterator[Problem]:
    if len(ports.ranges) > 1:
        rule = f"{who} takes one range of ports"
        yield Problem(place, ports.spec, rule, "write one range")
