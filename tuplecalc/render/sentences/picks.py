"""Where ports are picked without seeing which are taken, what that costs, and what is assumed of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from tuplecalc.limits.capacity import Capacity
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy
from tuplecalc.questions.not_counted import not_counted
from tuplecalc.render import kinds, numbers
from tuplecalc.under_load.choice import BlindHop
from tuplecalc.under_load.collision import KERNELS
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.preserved import own_ports_meet

_PAIR = 2
BURST = "of a burst that takes all ports at once, as after a restart"


def blind(load: Offered) -> str:
    """What happens where a port is picked that is taken already, unseen; empty where that cannot be."""
    worst = load.worst
    if worst is None:
        return ""
    choosers, names = worst.choosers, kinds.listed(worst.choosers)
    pick = "picks" if len(choosers) == 1 and choosers[0] != "clients" else "pick"
    said = f"Blind pick: {names} {pick} a port without seeing which are taken at {worst.hop}. Where it is"
    if worst.hop in choosers and len(choosers) > 1:
        two = len(choosers) == _PAIR
        sees = "neither sees what the other has" if two else "none sees what the others have"
        said = f"Blind pick: {names} pick ports from the same range, and {sees} taken. "
        said += f"Where {'both' if two else 'two'} pick the same one"
    ends = (
        "the newer connection takes its place and the older one may die"
        if worst.kills
        else "the new connection fails"
    )
    alone = ""
    if worst.blocking and load.rate is not None:
        share = numbers.between(worst.blocking)
        is_all = load.expected is not None and share == numbers.between(load.expected)
        cost = "as many" if is_all else f"{share} of the connections at {numbers.rate(load.rate)}/s"
        # no part of all that fail: a connection that finds no free port meets no other
        alone = f" Were there a free port for each, {cost} would fail by this alone (estimate)."
    if worst.burst is not None and _can_burst(load.result, worst.hop):
        alone += f" It costs {numbers.share(float(worst.burst))} {BURST} (estimate)."
    if worst.half and load.highest is not None and worst.half.lower < load.highest:
        rates = numbers.between(worst.half, numbers.per_second)
        alone += f" Counting those that find no free port too, half of all fail once the rate is {rates}."
    more = [_elsewhere(load, each) for each in load.blind if each is not worst]
    return " ".join([f"{said}, {ends}.{alone}", *more])


def _elsewhere(load: Offered, hop: BlindHop) -> str:
    """What happens at another hop where ports are picked blindly, and why."""
    found = [each for each in load.result.chain.hops if each.name == hop.hop]
    if found and isinstance(found[0], Proxy) and found[0].capture == "nat":
        pick = "picks" if len(hop.choosers) == 1 and hop.choosers[0] != "clients" else "pick"
        dies = "the older one may die" if hop.kills else "the newer one fails"
        return (
            f"It can happen at {hop.hop} too: connections to all services end at its few listeners (REDIRECT "
            f"or DNAT), {kinds.listed(hop.choosers)} {pick} source ports without seeing which are taken "
            f"there, and of two with the same one {dies}."
        )
    return f"It can happen at {hop.hop} too, where the ports of {kinds.listed(hop.choosers)} meet."


def _can_burst(result: Capacity, hop: str) -> bool:
    """Whether a burst can take all ports at a hop: no other limit is smaller, no table of usual size."""
    tables = (each for each in not_counted(result.chain) if each.key == "max_entries" and each.usual)
    instances = {each.name: each.instances for each in result.chain.hops}
    fits = all(result.flows <= (each.usual or 0) * instances.get(each.hop, 1) for each in tables)
    return fits and result.binding.hop == hop and result.binding.kind.resource == "ports"


def collisions(result: Capacity, load: Offered) -> Iterator[str]:
    """What is assumed of blind picks: which ports, and what becomes of the older one; else nothing."""
    yield from own_ports(result, load)
    deadly = {each.hop for each in load.blind if each.kills}
    alike: dict[Fraction, list[str]] = {}
    for hop in result.chain.hops:
        if isinstance(hop, Proxy) and hop.capture == "tproxy" and hop.name in deadly:
            alike.setdefault(hop.survival, []).append(hop.name)
    for survival, hops in alike.items():
        yield (
            f"Assumed at {kinds.listed(hops)}: the older one dies in {numbers.percent(1 - survival)} of "
            f"these cases. The key survival says how many live on: {KERNELS}. "
            'Where the newer one is refused instead, write collision = "refuses".'
        )


def own_ports(result: Capacity, load: Offered) -> Iterator[str]:
    """Where blind picks are more than is counted, as NATs keep what ports they can; nothing elsewhere."""
    at_work = {hop.name: hop for hop in result.chain.hops}
    choosers = [at_work[name] for name in load.worst.choosers if name in at_work] if load.worst else []
    cones = [hop for hop in choosers if isinstance(hop, Cone) and hop.port_choice == "any" and not hop.block]
    for nat, proxy in product(cones, [hop for hop in choosers if isinstance(hop, Proxy)]):
        ranges = (each.ports for each in result.chain.clients)
        own = next((each for each in ranges if own_ports_meet(each, nat.ports, proxy.ports)), None)
        if own is not None:
            case = shlex.quote(f"{nat.path}.ports={own}")
            yield (
                f"Assumed at {nat.name}: it picks evenly from its range. A NAT that keeps a client’s port "
                f"where it is free, as Linux does, picks those of {proxy.name} more often, and more fail. "
                f"If all picks are such: --set {case}"
            )
