"""What could help where legs meet of which no device sees both: what keeps them from it.

It is no gain by itself, and may cost some of what ports chosen in concert would carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import NamedPorts
from tuplecalc.network.chain import AnyHop
from tuplecalc.network.clients import Clients
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import Change
from tuplecalc.questions.remedies import Remedy, for_limit, written_seconds
from tuplecalc.under_load.mean_field import MeanField

_MOST_LIMITS = 4


def for_meetings(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    """What acts on the tables where legs meet, and a port that is not used again before these forget it."""
    yield from _remembered(result, field)
    yield from _by_services(result, field)
    here = [limit for limit in result.limits if limit.hop in field.hops and limit.kind.resource == "ports"]
    for limit in here[:_MOST_LIMITS]:
        yield from (each for each in for_limit(result, limit) if not each.purpose)


def _remembered(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    for name, (memory, where) in field.forgotten.items():
        hops = [hop for hop in result.chain.hops if hop.name == name]
        parts: Sequence[AnyHop | Clients] = hops or result.chain.clients
        changes: tuple[Change, ...] = tuple(
            (f"{part.path}.{key}", written_seconds(Fraction(memory)))
            for part in parts
            for key, seconds in part.linger_by.items()
            if seconds < memory and key != "half_close"  # that is no setting of a device
        )
        if changes:
            who = "the clients" if isinstance(parts[0], Clients) else name
            wait = written_seconds(Fraction(memory))
            yield Remedy(
                f"tuples of {who} not used again for {wait}, as long as {where} remembers them", changes
            )


def _by_services(result: Capacity, field: MeanField) -> Iterator[Remedy]:
    """Instances of which each has its own services take no port that another one has towards these."""
    hops = [hop for hop in result.chain.hops if isinstance(hop, Proxy)]
    for hop in hops:
        if hop.name in field.dealt:
            changes = tuple((f"{each.path}.split", "services") for each in hops if each.on == hop.on)
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
