"""What the lab does not build, by name: what Linux cannot do, and what is not built yet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from tuplecalc.errors import InputError, Problem, show
from tuplecalc.lab import addressing, rules
from tuplecalc.lab.ways import MOST_KINDS, connections, stages
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.families import by_family
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.mix import Strand
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.values import plain

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
    if len(chain.hops_at_work) > addressing.MOST_HOPS:
        rule = f"the lab builds at most {addressing.MOST_HOPS} hops"
        yield Problem("hops", len(chain.hops_at_work), rule, "verify a part of the chain")
    yield from _ends(chain)
    yield from _families(chain)
    for hop in chain.hops_at_work:
        yield from _hop(chain, hop)
    yield from _machines(chain)
    for before, hop in pairwise(chain.hops_at_work):
        if isinstance(before, Cone) and hop.instances > 1 and rules.is_told_by_hash(hop):
            rule = "the lab deals connections out before the NAT translates them, and their way back after it"
            yield Problem(f"{hop.path}.instances", hop.instances, rule, "write 1, or put a hop between them")
        if before.instances > 1 and hop.instances > 1:
            rule = "the lab builds no two hops in a row that have several instances each"
            yield Problem(f"{hop.path}.instances", hop.instances, rule, "write 1 for one of the two")


def _ends(chain: Chain) -> Iterator[Problem]:
    """Clients, services and kinds."""
    if len(chain.traffic.kinds) > MOST_KINDS:
        rule = f"the lab tells at most {MOST_KINDS} kinds apart"
        yield Problem("traffic.kinds", len(chain.traffic.kinds), rule, "verify some of them")
    if len(chain.strands) == 1 and (shares := [each.share for each in chain.services if each.share]):
        rule = "the lab's clients spread their connections evenly over the services"
        yield Problem("services.share", shares[0], rule, "leave the shares out to verify the rest")
    for number, group in enumerate(chain.clients):
        if group.max_files is not None:
            place = "clients.max_files" if len(chain.clients) == 1 else f"clients[{number}].max_files"
            rule = "all clients of the lab are one process, which has the files of all"
            yield Problem(place, group.max_files, rule, "leave it out to verify the rest")


def _families(chain: Chain) -> Iterator[Problem]:
    """Sets of addresses that the lab would have to divide."""
    sets = [
        (f"{key}.addresses", part.addresses)
        for key in ("clients", "services")
        for part in getattr(chain, key)
    ]
    for hop in chain.hops_at_work:
        sets += [(f"{hop.path}.addresses", hop.own_addresses)] if hop.own_addresses else []
        sets += [(f"{hop.path}.virtual.addresses", hop.virtual.addresses)] if hop.virtual else []
        sets += [(f"{hop.path}.listen_addresses", hop.listen_addresses)] if isinstance(hop, Proxy) else []
    for place, addresses in sets:
        if len(by_family(addresses)) > 1:
            rule = "the lab has one family, IPv4, and only counts addresses"
            yield Problem(place, addresses.spec, rule, "verify each family by itself")


def _hop(chain: Chain, hop: AnyHop) -> Iterator[Problem]:
    """One hop by itself."""
    if hop.instances > 1 and chain.traffic.kinds:
        rule = "the lab deals out to machines side by side what is of one kind"
        yield Problem(f"{hop.path}.instances", hop.instances, rule, "write 1, or leave the kinds out")
    match hop:
        case Cone():
            yield from _cone(hop)
        case Proxy():
            yield from _proxy(hop)
            yield from _upstream(chain, hop)
        case Forwarder(layer=2):
            rule = "the lab's hops are routers; a bridge is not built"
            yield Problem(f"{hop.path}.layer", 2, rule, "write layer = 3, which counts the same")
        case Forwarder():
            pass
        case _:
            rule = "the lab builds NATs, forwarders and proxies"
            yield Problem(f"{hop.path}.kind", hop.kind, rule, "verify a part of the chain")


def _upstream(chain: Chain, hop: Proxy) -> Iterator[Problem]:
    """What a proxy does for the flows that it ends."""
    ended = [strand for strand in chain.strands if strand.crosses(hop) and strand.is_captured(hop)]
    if any(strand.protocol == "udp" for strand in ended):
        rule = "the lab's proxies speak TCP"
        yield Problem(f"{hop.path}.capture", hop.capture, rule, 'write protocol = "tcp", or let UDP pass')
    number = chain.hops_at_work.index(hop)
    shares = any(many[number] != many[number + 1] for many in (connections(chain, s) for s in ended))
    for key in ("connections_per_flow", "upstream_hold"):
        if shares and hop.source == "client" and key in hop.stated:
            rule = "the lab's proxies share connections from their own addresses"
            value = plain(getattr(hop, key))
            yield Problem(f"{hop.path}.{key}", value, rule, 'write source = "own", or leave it out')
    lasts = any(strand.hold for strand in chain.strands)
    if hop.upstream_hold and lasts and not all(strand.hold for strand in ended):
        rule = "kinds that last for no time have no flow open by which the lab could open these connections"
        place = f"{hop.path}.upstream_hold"
        yield Problem(place, plain(hop.upstream_hold), rule, "give each kind a hold")
    if hop.files_per_flow != 2 and hop.max_files is not None:
        rule = "the lab's proxies have a file for each connection"
        place = f"{hop.path}.files_per_flow"
        yield Problem(place, plain(hop.files_per_flow), rule, "leave it out to verify the rest")


def _machines(chain: Chain) -> Iterator[Problem]:
    """Hops that share a machine."""
    for numbers in (several for several in stages(chain) if len(several) > 1):
        first, *_ = hops = [chain.hops_at_work[number] for number in numbers]
        if first.instances > 1:
            rule = "the lab builds a machine of several hops once"
            yield Problem(f"{first.path}.instances", first.instances, rule, "write 1")
        for hop in hops:
            if isinstance(hop, Cone) or hop.virtual is not None:
                rule = "on a machine of several hops the lab has proxies and routers only"
                yield Problem(f"{hop.path}.machine", hop.machine, rule, "give it a machine of its own")
        own = [hop for hop in hops if hop.own_addresses is not None and isinstance(hop, Proxy)]
        for hop in (each for each in own if each.own_addresses != own[0].own_addresses):
            rule = f"the lab's machines have one set of own addresses; {show(own[0].name)} has another"
            yield Problem(f"{hop.path}.addresses", hop.addresses.spec, rule, "write the same")
        for before, hop in combinations(hops, 2):
            again = [s.kind for s in chain.strands if _ends_both(s, before, hop)]
            if again and isinstance(hop, Proxy) and hop.capture != "listen":
                rule = f"what {show(before.name)} sends is of this machine, and does not come in from outside"
                yield Problem(f"{hop.path}.capture", hop.capture, rule, 'write "listen", or other `captures`')
    apart = [several for several in stages(chain) if any(_is_elsewhere(chain, number) for number in several)]
    for number in (several[0] for several in apart):
        hop = chain.hops_at_work[number]
        rule = "the lab puts those hops of a machine together that stand next to each other"
        yield Problem(f"{hop.path}.machine", hop.machine, rule, "move it, or give it a machine of its own")


def _ends_both(strand: Strand, *hops: AnyHop) -> bool:
    return all(isinstance(hop, Proxy) and strand.crosses(hop) and strand.is_captured(hop) for hop in hops)


def _is_elsewhere(chain: Chain, number: int) -> bool:
    """Whether an earlier hop of the same machine stands apart from this one."""
    on = chain.hops_at_work[number].on
    return (
        number > 0
        and chain.hops_at_work[number - 1].on != on
        and any(hop.on == on for hop in chain.hops_at_work[:number])
    )


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
