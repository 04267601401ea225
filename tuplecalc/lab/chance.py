"""Where chance has a part in what is admitted, and the prediction is a bound, or only shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from tuplecalc.lab.ways import Way
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Passing, Space, Table
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy

_FAR = 4  # times the flows: there a few flows that meet by chance are opened again


def mixing_hops(chain: Chain, found: Sequence[Way]) -> list[str]:
    """Hops that change the destination of several endpoints, and keep source address and port.

    >>> from tuplecalc.network.clients import Clients
    >>> from tuplecalc.network.forwarder import Forwarder
    >>> from tuplecalc.network.hop import Virtual
    >>> from tuplecalc.lab.ways import ways
    >>> from tuplecalc.network.services import Services
    >>> virtual = Virtual(addresses=2, ports=80)
    >>> chain = Chain(clients=Clients(addresses=1), services=Services(addresses=2, ports=80),
    ...               hops=[Forwarder(name="balancer", layer=4, virtual=virtual)])
    >>> mixing_hops(chain, ways(chain))
    ['balancer']
    """
    return [
        hop.name
        for number, hop in enumerate(chain.hops)
        if hop.own_ports is None
        and (hop.virtual is not None or (isinstance(hop, Proxy) and hop.capture == "listen"))
        and any(way.ends_at(hop) and len(way.legs[number]) > 1 for way in found)
    ]


def drawing_hops(chain: Chain) -> list[str]:
    """Cones that draw one of several addresses for each connection, where there are several such cones.

    >>> from tuplecalc.network.file import example
    >>> drawing_hops(example("cone"))
    []
    """
    cones = [hop for hop in chain.hops if isinstance(hop, Cone) and hop.addresses.size * hop.instances > 1]
    return [hop.name for hop in cones] if len(cones) > 1 else []


def blind_hops(result: Capacity) -> list[str]:
    """Hops in whose tables legs meet that have some ports in common, and are chosen by different hops.

    A limit that is many times the chain's flows has no part in them.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> blind_hops(capacity(example("inverted-cone-tproxy"))), blind_hops(capacity(example("mixed")))
    (['proxy'], [])
    """
    spaces: dict[Space, list[Membership]] = {}
    for leg in {leg: None for hop in result.declared for each in hop for leg in _legs(each)}:
        for membership in leg.memberships:
            spaces.setdefault(membership.space, []).append(membership)
    blind = {
        one.hop
        for several in spaces.values()
        for one, other in combinations(several, 2)
        if _chooser(one.leg) != _chooser(other.leg) and not one.ports.ports.isdisjoint(other.ports.ports)
    }
    flows = max(result.flows, 1)
    return [
        limit.hop
        for limit in result.limits
        if limit.kind is SHARED and by_flows(limit) < _FAR * flows and limit.hop in blind
    ]


def _legs(declared: Declared) -> tuple[Leg, ...]:
    match declared:
        case Alone(membership=one) | Passing(one):
            return (one.leg,)
        case Table(entering, leaving):
            return entering.leg, leaving.leg
        case _:
            return ()


def _chooser(leg: Leg) -> tuple[str, str]:
    """Whose table a leg's ports are chosen in."""
    own = leg.memberships[0].space
    return own.table, own.owner
