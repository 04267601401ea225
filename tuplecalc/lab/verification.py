"""Predicted and measured side by side: one chain, scaled down, built and filled."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tuplecalc.lab import machine, sustained
from tuplecalc.lab.figures import Figure
from tuplecalc.lab.plan import endpoints, plan
from tuplecalc.lab.processes import Lab
from tuplecalc.lab.refusals import refuse
from tuplecalc.lab.scale import Scaled, scale
from tuplecalc.lab.sustained import Sustained, sustain
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.limit import Limit, by_flows
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy

SECONDS = 60.0
"""The longest that the clients go on opening connections."""
_PATIENCE = 2.0  # the SYN that is sent again after a second has its chance as well
_WINDOW = 1200
_WAVES = 12
_BLIND_WAVES = 2  # there chance goes on admitting a few for long
_SPARE_SECONDS = 15
_FAR = 4  # times the flows: there a few flows that meet by chance are opened again


@dataclass(frozen=True)
class Verification:
    """What a kernel admitted of a chain, and what was predicted."""

    scaled: Scaled
    figures: tuple[Figure, ...]
    """The chain's flows first, then what is open in each proxy, then the rate if it was asked for."""
    blind: tuple[str, ...]
    """Proxies that choose ports out of those of their clients while both must be different: how many
    flows die of it is chance (docs/model.md, "What Linux does")."""
    mixing: tuple[str, ...]
    """Hops that change the destination and keep source address and port: ports that are apart for each
    destination before them may meet behind them, so that the prediction is a bound."""
    drawing: tuple[str, ...]
    """Cones in a row that each draw one of several addresses: near full, not all draws find room at once,
    so that the prediction is a bound."""
    sustained: Sustained | None
    tried: int
    said: dict[str, dict[str, int]]
    """For each namespace what the kernel said: errors of calls, counters of its tracking table."""
    seconds: float
    kernel: str

    @property
    def chain(self) -> Chain:
        """The chain that was asked about."""
        return self.scaled.original

    @property
    def prediction(self) -> Capacity:
        """Of the chain that was built."""
        return self.scaled.result

    @property
    def flows(self) -> int:
        """Flows that were admitted and still worked when all were open."""
        return int(self.figures[0].measured)

    @property
    def agrees(self) -> bool:
        """Whether every figure that must agree does."""
        return all(figure.agrees for figure in self.figures)


def verify(chain: Chain, *, factor: int | None = None, rates: bool = False) -> Verification:
    """Build a chain in network namespaces, open connections until no more are admitted, and count.

    The chain is scaled down first (:func:`~tuplecalc.lab.scale.scale`).  ``rates`` also measures the rate
    that it sustains.  Raises :class:`~tuplecalc.errors.InputError` where this machine cannot build it, and
    for what Linux cannot do.
    """
    refuse(chain)
    machine.check()
    machine.refuse_stale()
    if rates:
        sustained.check()
    started = monotonic()
    scaled = scale(chain, factor)
    predicted = scaled.result.flows
    machine.check_files(predicted)
    blind = tuple(blind_hops(scaled.chain))
    admitted, reports = _fill(scaled, is_blind=bool(blind))
    mixing = tuple(mixing_hops(scaled.chain))
    drawing = tuple(drawing_hops(scaled.chain))
    bound = scaled.result.flows_at_most or bool(mixing) or bool(drawing)
    figures = [Figure("chain", "flows", predicted, admitted["flows"], is_held=not blind, is_bound=bound)]
    said = {"clients": admitted["errors"]}
    opened: Counter[str] = Counter()
    for name, hop, report in reports:
        if proxy := report["proxy"]:
            opened[hop] += proxy["open"]
        said[name] = (proxy["errors"] if proxy else {}) | report["kernel"]
    for hop, count in opened.items():
        figures.append(Figure(hop, "flows open", predicted, count, is_held=not blind, is_bound=bound))
    rate = sustain(scaled.chain) if rates else None
    if rate is not None:
        figures.append(rate.figure)
    said = {name: words for name, words in said.items() if words}
    return Verification(
        scaled,
        tuple(figures),
        blind,
        mixing,
        drawing,
        rate,
        admitted["tried"],
        said,
        monotonic() - started,
        platform.release(),
    )


def _fill(scaled: Scaled, *, is_blind: bool) -> tuple[dict[str, Any], list[tuple[str, str, dict[str, Any]]]]:
    """What the clients say, and the report of each other namespace: its name, its hop."""
    predicted = scaled.result.flows
    more = max(predicted // 5, 20)
    with Lab(plan(scaled.chain)) as lab:
        clients, *others = lab.peers
        clients.send(
            "admit",
            **lab.plan.clients,
            window=_WINDOW,
            patience=_PATIENCE,
            seconds=SECONDS,
            first=predicted + more,
            more=more,
            wanted=0 if is_blind else predicted,
            waves=_BLIND_WAVES if is_blind else _WAVES,
        )
        admitted = clients.answer(SECONDS + _SPARE_SECONDS)
        return admitted, [(peer.node.name, peer.node.hop, peer.ask("report")) for peer in others]


def mixing_hops(chain: Chain) -> list[str]:
    """Hops that change the destination of several endpoints, and keep source address and port.

    >>> from tuplecalc.network.clients import Clients
    >>> from tuplecalc.network.forwarder import Forwarder
    >>> from tuplecalc.network.hop import Virtual
    >>> from tuplecalc.network.services import Services
    >>> virtual = Virtual(addresses=2, ports=80)
    >>> mixing_hops(Chain(clients=Clients(addresses=1), services=Services(addresses=2, ports=80),
    ...                   hops=[Forwarder(name="balancer", layer=4, virtual=virtual)]))
    ['balancer']
    """
    legs = endpoints(chain)
    found = []
    for hop, before in zip(chain.hops, legs, strict=False):
        keeps = hop.own_ports is None and (
            hop.virtual is not None or (isinstance(hop, Proxy) and hop.capture == "listen")
        )
        if keeps and len(before) > 1:
            found.append(hop.name)
    return found


def drawing_hops(chain: Chain) -> list[str]:
    """Cones that draw one of several addresses for each connection, where there are several such cones.

    >>> from tuplecalc.network.file import example
    >>> drawing_hops(example("cone"))
    []
    """
    cones = [hop for hop in chain.hops if isinstance(hop, Cone) and hop.addresses.size * hop.instances > 1]
    return [hop.name for hop in cones] if len(cones) > 1 else []


def blind_hops(chain: Chain) -> list[str]:
    """Proxies with a shared limit whose ports are, in part, those that their clients come from.

    A limit that is many times the chain's flows has no part in them.

    >>> from tuplecalc.network.file import example
    >>> blind_hops(example("inverted-cone-tproxy")), blind_hops(example("mixed"))
    (['proxy'], [])
    """
    result = capacity(chain)
    flows = max(result.flows, 1)
    return [
        limit.hop
        for limit in result.limits
        if limit.kind is SHARED and by_flows(limit) < _FAR * flows and _overlap(limit)
    ]


def _overlap(limit: Limit) -> bool:
    assert isinstance(limit.size, Size)  # of the union of both legs' ports
    entering, leaving = (named.ports for named in limit.size.sets)
    return not entering.isdisjoint(leaving)
