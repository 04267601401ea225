"""The rate that a chain sustains, measured with a TIME_WAIT that is scaled down as well."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from tuplecalc.errors import InputError
from tuplecalc.lab.figures import RATE_TOLERANCE, Figure
from tuplecalc.lab.plan import UDP_TIMEOUTS, plan
from tuplecalc.lab.processes import Lab
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.kinds import UPSTREAM
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Sockets
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.erlang import max_load

DELAY = 2
"""Seconds for which a tuple lingers (``tcp_tw_reuse_delay``)."""
_PERIODS = 3
_MORE = 2.5
"""Offered, over the prediction: the more, the sooner a free port is found."""
_FASTEST = 600
"""Connections a second that the lab certainly opens and closes; above, everything lingers longer."""
_LONGEST = 12
_GIVES_WAY = (6, 5)
"""Linux from which on an entry that is closing gives way to a new connection."""
_LOAD = 0.8
"""Offered to such a cone, at most, of what it carries: near all of it, a SYN may have to be sent again."""
_RARELY = 1e-3  # a small cone is offered so little that it is rarely full
_SERVED = 0.01  # of what is offered may fail
_STEADY = 300  # connections a second that are offered to it
_WINDOW = 8.0
_KNOB = Path("/proc/sys/net/ipv4/tcp_tw_reuse_delay")


@dataclass(frozen=True)
class Sustained:
    """The rate, predicted and measured, and the limit that binds it."""

    figure: Figure | None
    """None where ports that are bound bind it: they wait for all of TIME_WAIT, whatever the lab sets."""
    prediction: Capacity
    """Of the chain without holding times, in which everything lingers for ``delay``."""
    delay: int
    """Seconds for which everything lingered."""
    hold: int = 0
    """Seconds for which a connection was open, where it is a cone whose closing entries give way."""


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


def held(chain: Chain, hold: int) -> Chain:
    """The chain with connections that are open for so long, and cones as Linux has them since 6.5.

    >>> from tuplecalc.network.file import example
    >>> held(example("cone"), 3).hops[0].linger
    Fraction(0, 1)
    """
    written = timed(chain).to_dict()
    written["traffic"]["hold"] = hold
    for hop, table in zip(chain.hops, written["hops"], strict=True):
        if isinstance(hop, Cone):
            for key in hop.linger_by:
                table.pop(key, None)
            table.update(closing="gives-way", half_close=0)
    return from_dict(written)


def gives_way(kernel: str) -> bool:
    """Whether closing entries of a Linux give way to new connections.

    >>> gives_way("6.18.44-generic"), gives_way("6.1.0-13-amd64"), gives_way("5.10.0")
    (True, False, False)
    """
    major, minor, *_ = kernel.split(".")
    return (int(major), int(minor)) >= _GIVES_WAY


def sustain(chain: Chain, *, is_blind: bool = False) -> Sustained | None:
    """The rate of a chain that is scaled down already; None where nothing limits it to what the lab can open.

    Held against the prediction where ports of sockets bind it, or those of a cone on a Linux since 6.5: there
    an entry that is closing gives way to a new connection, and the cone carries its ports over the hold.
    Elsewhere (tables, REDIRECT, a blind choice, which leaves dead sockets)
    that is why the rate is shown only, for the chain's ``time_wait`` says less.
    A port that was bound waits for all of TIME_WAIT, whatever ``tcp_tw_reuse_delay`` says: not measured.
    """
    delay = DELAY
    result = capacity(timed(chain))
    if result.rate and result.rate > _FASTEST:
        delay = ceil(DELAY * result.rate / _FASTEST)
        result = capacity(timed(chain, delay))
    binding = result.rate_binding
    if not result.rate or binding is None:
        return None
    is_cone = _is_cone(chain, binding) and gives_way(platform.release()) and not is_blind
    if is_cone and (found := _serve(chain)):
        return found
    if delay > _LONGEST:
        return None
    by_sockets = binding.hop == "clients" or binding.kind is UPSTREAM
    parts = (
        [*chain.clients]
        if binding.hop == "clients"
        else [each for each in chain.hops if each.name == binding.hop]
    )
    if by_sockets and any(isinstance(part, Sockets) and part.allocation == "bind" for part in parts):
        return Sustained(None, result, delay)
    predicted = float(result.rate)
    periods = {"offered": _MORE * predicted, "delay": delay, "periods": _PERIODS}
    answer = _measured(result, delay, "sustain", delay * (1 + _PERIODS) + 2.0, 1.5, **periods)
    udp = {strand.protocol for strand in chain.strands} == {"udp"}  # whose mappings nothing closes
    is_held = (by_sockets or (udp and binding.kind.resource == "ports")) and not result.rate_at_most
    return Sustained(
        Figure("chain", "rate", predicted, answer["rate"], RATE_TOLERANCE, is_held), result, delay
    )


def _is_cone(chain: Chain, binding: Limit) -> bool:
    """Whether ports of a cone bind the rate of TCP connections that are all alike."""
    cones = [hop.name for hop in chain.hops if isinstance(hop, Cone)]
    is_tcp = [strand.protocol for strand in chain.strands] == ["tcp"]
    return is_tcp and binding.hop in cones and binding.kind.resource == "ports"


def _serve(chain: Chain) -> Sustained | None:
    """Offered less than the cone carries, nearly all are served; None where its ports do not bind it then."""
    most = capacity(held(chain, 1))
    if not most.rate or most.rate_binding is None or not _is_cone(chain, most.rate_binding):
        return None
    ports = min(hop.ports.size for hop in chain.hops if isinstance(hop, Cone))
    load = min(_LOAD, max_load(ports, _RARELY) / ports)
    hold = max(1, ceil(float(most.rate) * load / _STEADY))
    result = capacity(held(chain, hold))
    rate = load * float(most.rate) / hold
    seconds = hold + _WINDOW
    answer = _measured(result, DELAY, "offer", seconds + 5, 3.6, rate=rate, hold=hold, window_seconds=_WINDOW)
    served = rate * answer["served"] / max(answer["offered"], 1)
    return Sustained(Figure("chain", "rate", rate, served, _SERVED), result, DELAY, hold)


def _measured(
    result: Capacity, lingers: int, what: str, seconds: float, patience: float, **spec: Any
) -> dict[str, Any]:
    """What the clients of the chain found out."""
    found = plan(result.chain)
    for node in found.nodes:
        node.sysctls |= {"ipv4/tcp_tw_reuse": 1, "ipv4/tcp_tw_reuse_delay": 1000 * lingers}
        node.tracking |= dict.fromkeys(UDP_TIMEOUTS, lingers)
    with Lab(found) as lab:
        clients = lab.peers[0]
        clients.send(what, strands=found.strands, window=500, patience=patience, seconds=seconds, **spec)
        answer: dict[str, Any] = clients.answer(seconds + 30)
        return answer
