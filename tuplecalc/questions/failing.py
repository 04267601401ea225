"""What could help what fails, whether it binds or not: where legs meet unseen, and what refuses most.

It is no gain by itself, and may cost some of what ports chosen in concert would carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import nlargest
from itertools import islice

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import NamedPorts
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.traffic import Protocol
from tuplecalc.questions.remedies import Remedy, for_limit, mates, written_seconds
from tuplecalc.under_load.losses import losses
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import FEW
from tuplecalc.under_load.pools import pools

_MOST_LIMITS = 4


def for_failing(result: Capacity, field: MeanField, rate: float) -> Iterator[Remedy]:
    """What acts where connections fail.

    Any free port where clients' ports are kept; a port that is not used again before the tables behind
    forget it; the limits that refuse most; those of the tables where legs meet.
    """
    yield from _any_port(result)
    yield from _remembered(result, field)
    yield from _by_services(result, field)
    here = (limit for limit in result.limits if limit.hop in field.hops and limit.kind.resource == "ports")
    for limit in (*_refusing(result, rate), *islice(here, _MOST_LIMITS)):
        yield from (each for each in for_limit(result, limit) if not each.purpose)


def _any_port(result: Capacity) -> Iterator[Remedy]:
    """At each cone that keeps its clients' ports, and at all of them."""
    keeping = [hop for hop in result.chain.hops if isinstance(hop, Cone) and hop.port_choice == "preserve"]
    for hops in [keeping, *([each] for each in keeping[:_MOST_LIMITS])] if keeping else ():
        changes = tuple((f"{hop.path}.port_choice", "any") for hop in hops)
        yield Remedy(f"any free port, not the client's only, at {_listed(hops)}", changes)


def _listed(hops: Sequence[AnyHop]) -> str:
    names = [hop.name for hop in hops[:_MOST_LIMITS]]
    names += [f"{more} more"] if (more := len(hops) - len(names)) else []
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _refusing(result: Capacity, rate: float) -> Iterator[Limit]:
    """The limits that by themselves refuse most, of those that do not bind."""
    found = [(max(losses(each, "upper")(rate, {}).values()), each.limit) for each in pools(result)]
    for share, limit in nlargest(_MOST_LIMITS, found, key=lambda each: each[0]):
        if share > FEW and limit not in (result.binding, result.rate_binding):
            yield limit


def _remembered(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    for (name, protocol), (memory, where) in field.forgotten.items():
        wait = written_seconds(Fraction(memory))
        waits = _waits(result.chain, name, protocol)
        if changes := tuple((path, wait) for path, seconds in waits if seconds < memory):
            who = "the clients" if name == "clients" else name
            they = "the services remember" if where == "services" else f"{where} remembers"
            yield Remedy(f"tuples of {who} not used again for {wait}, as long as {they} them", changes)


def _waits(chain: Chain, name: str, protocol: Protocol) -> Iterator[tuple[str, Fraction]]:
    """How long it is until a tuple of a hop, or of the clients, is used again, and the paths that say so."""
    hops = [hop for hop in chain.hops if hop.name == name]
    if protocol == "udp":
        for each in (mate for hop in hops for mate in mates(chain, hop, "udp_timeout")):
            yield f"{each.path}.udp_timeout", each.udp_timeout
        return
    parts: Sequence[AnyHop | Clients] = hops or chain.clients
    for part in parts:
        for key, seconds in part.linger_by.items():
            if key != "half_close":  # that is no setting of a device
                yield f"{part.path}.{key}", seconds


def _by_services(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    """Instances of which each has its own services take no port that another one has towards these."""
    proxies = [hop for hop in result.chain.hops if isinstance(hop, Proxy)]
    for hop in proxies:
        if hop.name in field.dealt:
            changes = tuple((f"{each.path}.split", "services") for each in proxies if each.on == hop.on)
            yield Remedy(f"services of its own for each instance of {hop.name}", changes)


def apart(A: NamedPorts, L: NamedPorts) -> Iterator[Remedy]:
    """Disjoint ranges out of the same ports, split so that the smaller one is as large as can be."""
    first, second = A.origin, L.origin
    common = first.ports & second.ports
    if not common or first.place == second.place or not (first.place and second.place):
        return
    only_first, only_second = (first.ports - common).size, (second.ports - common).size
    part = min(max((only_second + common.size - only_first) // 2, 0), common.size)
    low, high = common.lowest(part), common.highest(common.size - part)
    ports = (first.ports - common) | low, (second.ports - common) | high
    if not all(ports):
        return
    changes = (first.place, ports[0]), (second.place, ports[1])
    yield Remedy(f"separate port ranges for {first.hop} and {second.hop}", changes, apart=True)
