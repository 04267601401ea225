"""How cones look for a free port, and when they give up."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import CONE_PORTS
from tuplecalc.network.cone import Cone
from tuplecalc.render import numbers
from tuplecalc.render.sentences.picks import BURST
from tuplecalc.under_load.offered import FEW, Offered

_MUCH = 0.02  # of the starts; with 64,512 ports it is 0.0155 and shows only where failures are rare
_ALL = numbers.percent(Fraction(1))
_RARELY = 1e-3  # one search in a thousand: what an operator would see in the logs of a busy NAT


def searches(result: Capacity, load: Offered) -> Iterator[str]:
    """Where a cone gives up its search for a free port before it has seen them all.

    How many find one in time is said only where no other limit turns connections away.
    """
    from tuplecalc.under_load.pools import search_of
    from tuplecalc.under_load.search import start_bias, usable_share  # only these cones need it

    for hop, before in zip(result.chain.hops, result.hops, strict=False):
        if isinstance(hop, Cone) and hop.port_choice == "preserve":
            yield from _preserved(hop, before.sources)
        if not isinstance(hop, Cone) or hop.port_search == "exhaustive":
            continue
        ports = result.ports_searched(hop)
        if not ports:
            continue
        apart, clustered = usable_share(_RARELY, ports, search_of(hop, before.sources))
        if apart * ports >= ports - 1:
            continue
        which = "a client's block" if hop.block else "its ports"
        shares = f"{numbers.percent(Fraction(apart))} of {which} are in use"
        if clustered != apart:
            shares += f" ({numbers.percent(Fraction(clustered))} where these lie in clusters: many in a row)"
        text = f"{hop.name} looks at some ports only: 1 search in 1,000 finds none free once {shares}."
        if hop.port_search == "linux" and start_bias(ports) > _MUCH:
            text += (
                f" Linux starts it at 16 random bits modulo {ports:,}, which favours some of the ports: "
                "these fill first, and it fails sooner than all that is said here."
            )
        fails = load.expected is not None and load.expected.upper > FEW
        yield text if fails else f"{text}{_tried_again(result, hop, ports)}"


def _preserved(hop: Cone, sources: int) -> Iterator[str]:
    """What a burst over all ports loses at a cone that keeps the ports of several clients."""
    from tuplecalc.under_load.preserved import distinct_ports

    ports, clients = hop.ports.size, -(-sources // (hop.addresses.size * hop.instances))
    if clients > 1:
        lost = 1 - distinct_ports(clients, ports / clients, ports) / ports
        yield (
            f"{hop.name} keeps its clients’ ports, and two clients with the same one clash: "
            f"{BURST}, {numbers.percent(Fraction(lost))} fail."
        )


def _tried_again(result: Capacity, hop: Cone, ports: int) -> str:
    """How many connections get a port of a cone since Linux 6.5 at once, and when SYNs are sent again."""
    from tuplecalc.under_load.eviction import served_by_linux
    from tuplecalc.under_load.pools import search_of
    from tuplecalc.under_load.search import EVICTING, LONGEST_SWEEP

    offered = result.chain.traffic.offered
    here = [limit for limit in result.limits if limit.hop == hop.name and limit.kind is CONE_PORTS]
    rate = here[0].rate if len(here) == 1 else None  # else kinds have ports of their own
    is_simulated = search_of(hop, 1) == EVICTING and hop.block is None and ports > LONGEST_SWEEP
    if not (is_simulated and offered and rate) or offered > rate:
        return ""
    first, soon = (numbers.percent(Fraction(share)) for share in served_by_linux(float(offered / rate)))
    if first == _ALL:
        return ""
    return (
        f" At {numbers.rate(offered)}/s {first} find a port with the first packet (SYN), and {soon} within "
        "3 s, as clients send it again after 1 s and 3 s (estimate)."
    )
