"""The rate that a chain sustains, measured with a TIME_WAIT that is scaled down as well."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

from tuplecalc.errors import InputError
from tuplecalc.lab.figures import RATE_TOLERANCE, Figure
from tuplecalc.lab.plan import UDP_TIMEOUTS, plan
from tuplecalc.lab.processes import Lab
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.kinds import UPSTREAM
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import from_dict
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Sockets
from tuplecalc.network.proxy import Proxy

DELAY = 2
"""Seconds for which a tuple lingers (``tcp_tw_reuse_delay``)."""
_PERIODS = 3
_MORE = 2.5
"""Offered, over the prediction: the more, the sooner a free port is found."""
_FASTEST = 600
"""Connections a second that the lab certainly opens and closes; above, everything lingers longer."""
_LONGEST = 12
_KNOB = Path("/proc/sys/net/ipv4/tcp_tw_reuse_delay")


@dataclass(frozen=True)
class Sustained:
    """The rate, predicted and measured, and the limit that binds it."""

    figure: Figure
    prediction: Capacity
    """Of the chain without holding times, in which everything lingers for ``delay``."""
    delay: int
    """Seconds for which everything lingered."""


def refuse(chain: Chain) -> None:
    """Nothing, for a chain whose rate the lab measures.

    Raises :class:`~tuplecalc.errors.InputError` where flows share connections: these would not end with them.
    """
    if not all(hop.is_plain for hop in chain.hops if isinstance(hop, Proxy)):
        rule = "the lab measures the rate of flows that have connections of their own"
        raise InputError(f"--rates: {rule}; leave --rates out, the flows are measured without it")


def check() -> None:
    """Nothing, where this kernel can scale TIME_WAIT down."""
    if not _KNOB.exists():
        rule = "this kernel has no net.ipv4.tcp_tw_reuse_delay, which Linux has from 6.14 on"
        raise InputError(f"--rates: {rule}; leave --rates out, the flows are measured without it")


def timed(chain: Chain, delay: int = DELAY) -> Chain:
    """The chain with connections that end at once, closed by the client, and linger for so long.

    >>> from tuplecalc.network.file import example
    >>> timed(example("outage")).clients[0].linger, timed(example("outage")).traffic.hold
    (Fraction(2, 1), Fraction(0, 1))
    """
    written = chain.to_dict()
    at_once = {"hold": 0, "first_close": "client"}
    kinds = [kind.to_dict() | at_once for kind in chain.traffic.kinds]
    written["traffic"] = at_once | {"protocol": chain.traffic.protocol} | ({"kinds": kinds} if kinds else {})
    written["clients"] = [group.to_dict() | dict.fromkeys(group.linger_by, delay) for group in chain.clients]
    for hop, table in zip(chain.hops, written["hops"], strict=True):
        keys = () if isinstance(hop, Forwarder) else hop.linger_by  # a SYN reopens what a forwarder closed
        table.update(dict.fromkeys((*keys, "tracking_time_wait", "udp_timeout"), delay))
    return from_dict(written)


def sustain(chain: Chain) -> Sustained | None:
    """The rate of a chain that is scaled down already; None where nothing limits it to what the lab can open.

    It is held against the prediction where ports of sockets bind it.  A NAT's ports are no such limit
    since Linux 6.5: an entry that is closing gives way to a new connection, so that the kernel sustains
    more than the chain's ``time_wait`` says; nor does the table count entries that are closing.  And a
    port that was bound waits for all of TIME_WAIT, 60 s, whatever ``tcp_tw_reuse_delay`` says.
    """
    delay = DELAY
    result = capacity(timed(chain))
    if result.rate and result.rate > _FASTEST:
        delay = ceil(DELAY * result.rate / _FASTEST)
        result = capacity(timed(chain, delay))
    if not result.rate or result.rate_binding is None or delay > _LONGEST:
        return None
    predicted = float(result.rate)
    found = plan(result.chain)
    for node in found.nodes:
        node.sysctls |= {"ipv4/tcp_tw_reuse": 1, "ipv4/tcp_tw_reuse_delay": 1000 * delay}
        node.tracking |= dict.fromkeys(UDP_TIMEOUTS, delay)
    with Lab(found) as lab:
        clients = lab.peers[0]
        seconds = delay * (1 + _PERIODS) + 2.0
        clients.send(
            "sustain",
            strands=found.strands,
            window=500,
            patience=1.5,
            seconds=seconds,
            offered=_MORE * predicted,
            delay=delay,
            periods=_PERIODS,
        )
        answer = clients.answer(seconds + 30)
    binding = result.rate_binding
    allocations = [part.allocation for part in (*chain.clients, *chain.hops) if isinstance(part, Sockets)]
    by_sockets = (binding.hop == "clients" or binding.kind is UPSTREAM) and "bind" not in allocations
    udp = {strand.protocol for strand in chain.strands} == {"udp"}  # whose mappings nothing closes
    held = (by_sockets or (udp and binding.kind.resource == "ports")) and not result.rate_at_most
    figure = Figure("chain", "rate", predicted, answer["rate"], RATE_TOLERANCE, held)
    return Sustained(figure, result, delay)
