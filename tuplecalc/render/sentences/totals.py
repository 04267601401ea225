"""What a chain carries, and which of its limits set that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tuplecalc.limits.capacity import Capacity, Collapse
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.kinds import JOINT
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.served import blocks_of
from tuplecalc.network.cone import Cone
from tuplecalc.render import kinds, numbers, served, tied
from tuplecalc.under_load.offered import Offered

_MOST_COLLAPSES = 4
_PROXY_LAYER = 7
_SHAPES = {
    "direct": "no hops between clients and services",
    "hourglass": "proxies or forwarders, and no NAT",
    "cone": "a NAT turns many addresses into few",
    "inverted cone": "a proxy behind a NAT",
}
_CONSTRAINTS = {
    None: "",
    "port": ", where each connection takes two ports",
    "address": ", where all connections end at few listeners",
    "address and port": ", where connections take two ports or end at few listeners",
}


def kind(result: Capacity) -> str:
    """The shape, and what it means: ``cone (a NAT turns many addresses into few)``."""
    means = _SHAPES[result.shape] + _CONSTRAINTS[result.constraint]
    several = len(result.chain.traffic.kinds)
    more = f", {several:,} kinds of traffic" if several > 1 else ""
    return f"{result.shape} ({means}){more}"


def hop_kind(result: Capacity, hop: HopCapacity) -> str:
    """``clients``, ``NAT``, ``forwarder``, ``proxy``, ``services``."""
    layers = {part.name: part.layer for part in result.chain.hops if part.kind == "hourglass"}
    if hop.name in layers:
        return "proxy" if layers[hop.name] == _PROXY_LAYER else "forwarder"
    return "NAT" if hop.kind == "cone" else hop.kind


def totals(result: Capacity) -> Iterator[str]:
    """The tightest limits, and those of the kinds of traffic where they are others."""
    mix = [kinds.OF_THE_MIX] if kinds.of(result) else []
    yield " ".join((binds(result), *mix, *kinds.binding(result)))


def binds(result: Capacity) -> str:
    """The tightest limits, and why they are there."""
    flows, rates = result.tightest, result.tightest_of_rate
    most = "At most " if result.flows_at_most else ""
    is_mixed = bool(kinds.of(result))
    open_at_once = f"{most}{numbers.connections(result.flows)}{' of this mix' * is_mixed} can be open at once"
    if not rates:
        return f"{open_at_once}: {_where(flows)}. Nothing limits the rate."
    rate = f"the highest rate is {'at most ' if result.rate_at_most else ''}{numbers.rate(result.rate)}/s"
    if flows == rates:
        return f"{open_at_once}, and {rate}: {_where(flows, 'both')}."
    return f"{open_at_once}: {_where(flows)}. {rate.capitalize()}: {_where(rates)}."


def _where(limits: Sequence[Limit], what: str = "this") -> str:
    why = "; and because ".join(dict.fromkeys(each.kind.sentence for each in reversed(limits)))
    return f"{tied.names(limits)} {tied.verb(limits, 'limits')} {what}, because {why}"


def own_use(result: Capacity, load: Offered) -> str:
    """What rate and used are of in the table of hops; empty where used is of that rate at each hop.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> found = capacity(example("outage"))
    >>> own_use(found, offered(found))
    ''
    """
    if load.rate is None or load.of_served is None:
        return ""
    for hop in result.hops:
        use = load.uses[hop.name]
        of_rate = load.of_served / hop.rate if hop.rate else None
        if (numbers.used(use) if use else "") != (numbers.used(of_rate) if of_rate else ""):
            return "“rate” is the highest up to this hop; “used” is of the hop’s own limits alone."
    return ""


def upcoming(result: Capacity) -> str:
    """The limits behind the tightest ones; empty where there are none."""
    flows, rates = result.next_binding, result.next_rate_binding
    parts = []
    if flows:
        parts.append(f"{flows.hop} {flows.name} at {numbers.connections(flows.flows)}")
    if rates and rates is flows:
        parts.append(f"{numbers.rate(rates.rate)}/s")
    elif rates:
        parts.append(f"{rates.hop} {rates.name} at {numbers.rate(rates.rate)}/s")
    return f"Next in line: {' and '.join(parts)}." if parts else ""


def context(result: Capacity) -> Iterator[str]:
    """What proxies have room for, of what the cones before them can hold, and the limits that come next.

    Of many proxies those with the smallest part.
    """
    few = result.collapse
    if len(few) > _MOST_COLLAPSES:
        few = tuple(sorted(few, key=lambda collapse: collapse.kept)[:_MOST_COLLAPSES])
    said = [f"{kept(collapse)}." for collapse in few]
    if more := len(result.collapse) - len(few):
        said.append(f"{more:,} more have room for as large a part, or a larger one.")
    if text := " ".join(filter(None, (*said, upcoming(result)))):
        yield text


def kept(collapse: Collapse) -> str:
    """What a proxy keeps of the cone before it.

    >>> from fractions import Fraction
    >>> kept(Collapse("lvs", "login-proxy", "shared", Fraction(1, 2)))
    'login-proxy shared has room for 50% of what lvs can hold'
    """
    if collapse.kept >= 1:
        return f"{collapse.hop} has room for all that {collapse.cone} can hold"
    share = numbers.percent(collapse.kept)
    return f"{collapse.hop} {collapse.limit} has room for {share} of what {collapse.cone} can hold"


def joint(result: Capacity) -> Iterator[str]:
    """Why a hop has a limit ``joint`` beside ``shared``; nothing where none has."""
    hops = dict.fromkeys(limit.hop for limit in result.limits if limit.kind is JOINT)
    if hops:
        yield (
            f"{kinds.listed(list(hops))} joint: shared counts all ports of the table, joint leaves out what "
            "other hops that use these ports keep idle; it is listed as it is lower, in flows or in rate."
        )


def blockless(result: Capacity) -> Iterator[str]:
    """Where cones have fewer blocks than sources, and clients get no ports: whose the figures are then."""
    few = [
        hop.name
        for hop, before in zip(result.chain.hops, result.hops, strict=False)
        if isinstance(hop, Cone) and (blocks := blocks_of(hop)) is not None and blocks < before.sources
    ]
    yield from filter(None, [served.unserved(result.served, f" at {kinds.listed(few)}" if few else "")])


def at_most(
    *results: Capacity, figure: Literal["flows", "rate"] | None = None, word: str = "At most"
) -> Iterator[str]:
    """Why a figure is a bound, where one is, and which hop makes it one; each reason once.

    With a ``figure`` only the reasons of that one; ``word`` is what stands at the figures.
    """
    bounds = (bound for result in results for bound in result.at_most if figure in (None, bound.figure))
    reasons = dict.fromkeys((bound.hop, bound.reason) for bound in bounds)
    yield from (f"“{word}”: the truth may be less, because of {hop}: {reason}." for hop, reason in reasons)
