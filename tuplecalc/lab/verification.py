"""Predicted and measured side by side: one chain, scaled down, built and filled."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from time import monotonic
from typing import Any

from tuplecalc.lab import blindly, machine, sustained
from tuplecalc.lab.blindly import Blindly
from tuplecalc.lab.chance import blind_hops, drawing_hops, mixing_hops
from tuplecalc.lab.figures import Figure, counted
from tuplecalc.lab.plan import plan
from tuplecalc.lab.processes import Lab
from tuplecalc.lab.refusals import refuse
from tuplecalc.lab.scale import Scaled, scale
from tuplecalc.lab.sustained import Sustained, sustain
from tuplecalc.lab.ways import ways
from tuplecalc.limits.capacity import Capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.proxy import Proxy

SECONDS = 60.0
"""The longest that the clients go on opening connections."""
_PATIENCE = 2.0  # the SYN that is sent again after a second has its chance as well
_WINDOW = 1200
_WAVES = 12
_BLIND_WAVES = 2  # there chance goes on admitting a few for long
_SPARE_SECONDS = 15


@dataclass(frozen=True)
class Verification:
    """What a kernel admitted of a chain, and what was predicted."""

    scaled: Scaled
    figures: tuple[Figure, ...]
    """The chain's flows first, then each kind's, what is open in each proxy, the rate if it was asked for."""
    blind: tuple[str, ...]
    """Proxies that choose ports out of those of their clients while both must be different: which flows
    die of it is chance (docs/model.md, "What Linux does"), and ``law`` says how many."""
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
    law: Blindly | None = None
    """What the law of a collision is about, where it says how many of a blind chain's flows live."""

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


def _unseen(stage: str) -> None:
    """Nobody follows."""


def verify(
    chain: Chain,
    *,
    factor: int | None = None,
    rates: bool = False,
    begin: Callable[[str], None] = _unseen,
) -> Verification:
    """Build a chain in network namespaces, open connections until no more are admitted, and count.

    The chain is scaled down first (:func:`~tuplecalc.lab.scale.scale`).  ``rates`` also measures the rate
    that it sustains.  ``begin`` is told what begins: building, opening, measuring.  Raises
    :class:`~tuplecalc.errors.InputError` where this machine cannot build it, and for what Linux cannot do.
    """
    refuse(chain)
    if rates:
        sustained.refuse(chain)
    machine.check()
    machine.refuse_stale()
    if rates:
        sustained.check()
    started = monotonic()
    scaled = scale(chain, factor)
    found = ways(scaled.chain)
    machine.check_files(ceil(scaled.result.flows * max(each for way in found for each in way.connections)))
    blind = tuple(blind_hops(scaled.result))
    mixing = tuple(mixing_hops(scaled.chain, found))
    drawing = tuple(drawing_hops(scaled.chain))
    law = blindly.blindly(scaled.result, found, blind)
    if law is not None:
        figures, admitted, reports = blindly.fill(law, scaled.result, begin)
    else:
        admitted, reports = _fill(scaled, begin, is_blind=bool(blind))
        bound = scaled.result.flows_at_most or bool(mixing) or bool(drawing)
        proxies = [proxy for _, report in reports for proxy in report["proxies"]]
        figures = [
            replace(figure, is_held=not blind, is_bound=bound, tolerance=0.0 if blind else figure.tolerance)
            for figure in counted(scaled, found, admitted, proxies)
        ]
    said = {"clients": admitted["errors"]}
    for name, report in reports:
        errors = sum((Counter(proxy["errors"]) for proxy in report["proxies"]), Counter[str]())
        said[name] = dict(errors) | report["kernel"]
    rate = None
    if rates:
        begin("measuring what dies" if law is not None else "measuring the rate")
    if rates and law is not None:
        figures.append(blindly.replace(law, scaled.result))
    elif rates:
        rate = sustain(scaled.chain, is_blind=bool(blind))
    if rate is not None and rate.figure is not None:
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
        law,
    )


def _fill(
    scaled: Scaled, begin: Callable[[str], None], *, is_blind: bool
) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """What the clients say, and the report of each other namespace by its name."""
    predicted = scaled.result.flows
    proxies = [hop for hop in scaled.chain.hops if isinstance(hop, Proxy)]
    begin("building the chain")
    with Lab(plan(scaled.chain)) as lab:
        begin(f"opening {predicted:,} connections")
        clients, *others = lab.peers
        clients.send(
            "admit",
            strands=lab.plan.strands,
            window=_WINDOW,
            patience=_PATIENCE,
            seconds=SECONDS,
            admit={
                "wanted": predicted,
                "more": max(predicted // 5, 20),
                "waves": _BLIND_WAVES if is_blind else _WAVES,
                "search": not is_blind,
                "rivals": not is_blind and (len(scaled.chain.strands) > 1 or bool(proxies)),
            },
        )
        admitted = clients.answer(SECONDS + _SPARE_SECONDS)
        begin("counting them in the kernel")
        return admitted, [(peer.node.name, peer.ask("report")) for peer in others]
