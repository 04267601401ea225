"""What a result assumes: in sentences, and the values that the chain file left to their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Size, ingredients, leaves
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.hop import Hop
from tuplecalc.network.part import Part
from tuplecalc.network.proxy import Proxy
from tuplecalc.render import numbers
from tuplecalc.render.sentences import totals
from tuplecalc.under_load.collision import KERNELS

if TYPE_CHECKING:
    from tuplecalc.under_load.offered import Offered

ORIGINS = {
    "hold": "a connection ends at once; nothing else was said",
    "first_close": "the client closes first, as most do, and waits in TIME_WAIT",
    "allocation": "Linux: a port may be used again towards another destination (connect)",
    "mapping": "Linux: a port may be used again towards another endpoint (nf_nat)",
    "spread": "the best case: sources spread evenly over the addresses",
    "port_search": "the best case: a port that is free is found",
    "port_choice": "any free port will do",
    "layer": "a proxy: it ends each connection and opens another one",
    "source": "the proxy speaks to the services from its own addresses",
    "tracking": "the careful case: one table has both sides of a connection, and drops what it finds invalid",
    "collision": "Linux: the newer connection takes the entry (measured on 6.18)",
    "survival": f"between separate machines, by the sequence numbers of both: {KERNELS}",
    "split": "any instance serves any connection",
    "instances": "one machine",
    "addresses": "one address",
    "listen_addresses": "one listener address",
    "listen_ports": "one listener port",
    "rewrite_ports": "Linux: where a clashing port is moved to (nf_nat)",
    "tracking_time_wait": "Linux: nf_conntrack_tcp_timeout_time_wait",
    "reuse_after": "a tuple lingers to its end; Linux cuts that where tcp_tw_reuse is on",
    "accept_wait": "Linux: a tuple that its own side closed may come again at once",
    "closing": "the careful case: a closed entry holds its port",
    "half_close": "a connection closes at both ends at once",
    "udp_timeout": "Linux: nf_conntrack_udp_timeout_stream",
    "protocol": "connections of TCP",
    "max_entries": "not counted: the tracking table is large enough",
    "max_files": "not counted: there are enough file descriptors",
    "cone reuse_after": "a translated port lingers to its end",
    "clients ports": "Linux: net.ipv4.ip_local_port_range",
    "cone ports": "Linux: the ordinary ports of nf_nat",
    "hourglass ports": "Linux: net.ipv4.ip_local_port_range",
    "clients time_wait": "Linux: TCP_TIMEWAIT_LEN, which is fixed",
    "cone time_wait": "Linux: nf_conntrack_tcp_timeout_time_wait",
    "hourglass time_wait": "Linux: TCP_TIMEWAIT_LEN, which is fixed",
}
"""Key → where its default comes from; a part stands before a key that has another default there."""

_TIMES = ("hold", "time_wait", "accept_wait", "half_close", "reuse_after", "tracking_time_wait")
_MODES = ("allocation", "closing", "mapping", "spread", "port_search", "layer", "source", "tracking", "split")


class Default(NamedTuple):
    """A key that the chain file leaves out: its path, the value that it has then, and where that is from."""

    path: str
    value: str
    origin: str


def said(key: str, value: object) -> str:
    """A key's plain value in words.

    >>> said("hold", 300), said("first_close", 1), said("ports", [80, 443]), said("block", None)
    ('300 s', 'client', '80, 443', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "first_close" and value in (0, 1):
        return "client" if value else "server"
    if isinstance(value, int) and key not in ("ports", "listen_ports", "rewrite_ports", "layer"):
        written = numbers.count(value) if value < numbers.LONGEST else str(value)
        return f"{written} s" if key in _TIMES else written
    return f"{value} s" if key in _TIMES else str(value)


def assumed(result: Capacity, load: Offered) -> Iterator[str]:
    """What the figures rest on, one sentence each; only what matters for this chain."""
    chain = result.chain
    shares = any(group.share is not None for group in chain.services)
    hashed = [hop.name for hop in chain.hops if isinstance(hop, Cone) and hop.is_hashed]
    over = []
    if len(chain.strands) > 1:
        yield "Open connections are of the kinds by their parts of the new ones, times how long these last."
        yield from _spread(chain)
    elif shares:
        yield "Traffic falls on the groups of services by their shares, and evenly within each group."
    elif sum(group.endpoints for group in chain.services) > 1:
        over.append("the services")
    if any(
        hop.instances > 1 or (hop.own_addresses and hop.own_addresses.size > 1)
        for hop in chain.hops
        if hop.name not in hashed
    ):
        over.append("the addresses and instances of each hop")
    if over:
        yield f"Traffic spreads evenly over {', and over '.join(over)}."
    for name in hashed:
        yield f"Sources fall on the addresses of {name} by chance and stay there (a hash)."
    if load.blind:
        yield "All counts, the highest rate and the best case: no hop picks a port that another has taken."
        yield "What is expected to fail: each hop picks by chance, of the ports that it sees free."
    if result.rate is not None:
        yield (
            "Rates are those of a steady state: what can go on for ever, from mean times alone "
            "(Little’s law). Bursts above them are another matter."
        )
    if chain.traffic.offered is not None:
        yield "New connections come at random moments, and one that fails is not tried again."
    yield from totals.at_most(result)


def _spread(chain: Chain) -> Iterator[str]:
    """How the flows of a kind are spread over the groups of clients and of services."""
    if len(chain.clients) > 1:
        yield "A kind comes from its groups of clients in proportion to their addresses."
    if len(chain.services) > 1:
        by = "shares" if chain.services[0].share is not None else "endpoints"
        yield f"A kind goes to its groups of services by their {by}, and evenly within each group."


def defaults(result: Capacity) -> Iterator[Default]:
    """The keys that the chain file leaves out and that this result depends on."""
    chain, used = result.chain, _used(result)
    parts: list[tuple[str, Part]] = [("traffic", chain.traffic), *chain.parts()]
    for path, part in parts:
        kind = getattr(part, "kind", path.partition(".")[0])
        for key, value in part.model_dump().items():
            if key not in part.stated and _matters(part, key, path, used):
                origin = ORIGINS.get(f"{kind} {key}") or ORIGINS[key]
                yield Default(f"{path}.{key}", said(key, value), origin)


def _used(result: Capacity) -> set[str]:
    """The keys whose values stand in some formula, by their paths."""
    found = set()
    for limit in result.limits:
        for part in limit.expressions():
            found |= {quantity.place for quantity in ingredients(part)}
            sizes = (leaf for leaf in leaves(part) if isinstance(leaf, Size))
            found |= {named.origin.place for size in sizes for named in size.sets}
    return found


def _matters(part: Part, key: str, path: str, used: set[str]) -> bool:
    if isinstance(part, Hop) and not part.fits(key, part.model_dump()):
        return False
    match key:
        case "collision" | "survival":
            return isinstance(part, Proxy) and part.tracking == "strict"
        case "reuse_after":
            return f"{path}.time_wait" in used
        case "max_entries":
            return not isinstance(part, Proxy) or part.tracking != "off"
        case "max_files":
            return True
        case "allocation":
            return not isinstance(part, Proxy) or part.source != "client-port"
        case "split":
            return isinstance(part, Hop) and part.instances > 1
        case "spread":
            return isinstance(part, Cone) and part.addresses.size > 1
    return key in _MODES or f"{path}.{key}" in used
