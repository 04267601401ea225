"""What a result says, in sentences; shared by the terminal, the notebook and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from tuplecalc.limits.advice import Advice
from tuplecalc.limits.capacity import Capacity, Collapse
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.meanings import meaning
from tuplecalc.render import numbers


def kind(result: Capacity) -> str:
    """The shape and the constraint: ``inverted cone, port constraint``."""
    return f"{result.shape}, {result.constraint} constraint" if result.constraint else result.shape


def verdict(result: Capacity) -> str:
    """What binds, and why."""
    flows, rates = result.binding, result.rate_binding
    most = "At most " if result.flows_at_most else ""
    open_at_once = f"{most}{numbers.count(result.flows)} flow{'' if result.flows == 1 else 's'} open at once"
    if rates is None:
        return f"{open_at_once}: {_where(result, flows)}. Nothing limits the rate."
    most = "At most " if result.rate_at_most else ""
    rate = f"{numbers.rate(result.rate)}/s"
    if flows is rates:
        return f"{open_at_once} and {most.lower()}{rate}: {_where(result, flows)}."
    return f"{open_at_once}: {_where(result, flows)}. {most}{rate}: {_where(result, rates)}."


def upcoming(result: Capacity) -> str:
    """What the next limits would be; empty where there are none."""
    flows, rates = result.next_binding, result.next_rate_binding
    parts = []
    if flows:
        parts.append(f"{flows.hop} {flows.name} at {numbers.count(flows.flows)} flows")
    if rates and rates is flows:
        parts.append(f"{numbers.rate(rates.rate)}/s")
    elif rates:
        parts.append(f"{rates.hop} {rates.name} at {numbers.rate(rates.rate)}/s")
    return f"Next would be {' and '.join(parts)}." if parts else ""


def offered(result: Capacity) -> str:
    """The offered rate beside the highest; empty where none is offered."""
    offer = result.offered
    if offer is None:
        return ""
    rate = f"{numbers.rate(offer.rate)}/s offered"
    if offer.utilisation is None:
        return f"{rate}: {'no flow gets through' if offer.highest == 0 else 'nothing limits it'}."
    state = "overloaded" if offer.overloaded else "it fits"
    return f"{rate} is {numbers.percent(offer.utilisation)} of the highest rate: {state}."


def kept(collapse: Collapse) -> str:
    """What a proxy keeps of the cone before it.

    >>> from fractions import Fraction
    >>> kept(Collapse("lvs", "login-proxy", "shared", Fraction(1, 2)))
    'login-proxy shared keeps 50% of what lvs can hold'
    """
    if collapse.kept >= 1:
        return f"{collapse.hop} keeps all of what {collapse.cone} can hold"
    share = numbers.percent(collapse.kept)
    return f"{collapse.hop} {collapse.limit} keeps {share} of what {collapse.cone} can hold"


def sentences(result: Capacity) -> Iterator[str]:
    """All that there is to say, one paragraph each."""
    yield verdict(result)
    said = [kept(collapse) + "." for collapse in result.collapse]
    if context := " ".join(filter(None, [*said, upcoming(result)])):
        yield context
    if result.offered:
        yield offered(result)
    if result.flows_at_most:
        yield (
            "“At most”: where ports count for several services, come in blocks, or are kept while the "
            "destination changes, the optimum can lie a little lower."
        )
    elif result.rate_at_most:
        yield "“At most”: a leg between two proxies counts with the shorter of its times in the two."


def advice(result: Capacity, item: Advice) -> str:
    """One change and what it buys.

    The figure that does not change is left out.
    """
    flows, rate = numbers.count(item.flows), numbers.rate(item.rate)
    figures = f"{flows} flows ({numbers.change(item.flows, result.flows)})"
    if item.rate is not None or result.rate is not None:
        figures += f", {rate}{'' if item.rate is None else '/s'} ({numbers.change(item.rate, result.rate)})"
    if item.apart:
        return f"To be sure that they never pick the same port, {item.text}: {figures}"
    return f"{item.text[:1].upper()}{item.text[1:]}: {figures}"


def _where(result: Capacity, limit: Limit) -> str:
    hop = next(hop for hop in result.hops if hop.name == limit.hop)
    return f"{limit.hop} {limit.name} binds, because {meaning(limit, hop.kind)}"
