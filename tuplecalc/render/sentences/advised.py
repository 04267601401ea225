"""What would help, and what it buys."""

from __future__ import annotations

from collections.abc import Sequence

from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.advice import Advice
from tuplecalc.render import kinds, numbers, served, verdict
from tuplecalc.under_load.offered import FEW, Offered, Wanted


def advice(result: Capacity, item: Advice) -> str:
    """One change and what it buys.

    The figure that does not change is left out.
    """
    rate = numbers.rate(item.rate)
    figures = f"{numbers.connections(item.flows)} ({numbers.change(item.flows, result.flows)})"
    if item.rate is not None or result.rate is not None:
        figures += f", {rate}{'' if item.rate is None else '/s'} ({numbers.change(item.rate, result.rate)})"
    if item.apart:
        return f"To rule out blind picks, {item.text}: {figures}{_then(result, item)}"
    return f"{item.text[:1].upper()}{item.text[1:]}: {figures}{_then(result, item)}"


def first(load: Offered) -> str:
    """What the best advice is where it stands alone."""
    return "First remedy" if load.verdict in ("fails", "tight") else "To carry more"


def nothing_helps(load: Offered, advices: Sequence[Advice]) -> str:
    """That no change is known that would help what fails, of those that presets leave open; or empty."""
    if load.verdict != "fails" or advices:
        return ""
    given = [
        part.name or "clients"
        for _, part in load.result.chain.parts()
        if part.given is not None and (part.given.fixed or part.given.most)  # else a preset rules nothing out
    ]
    left = ""
    if given:
        preset, leaves = ("preset", "leaves") if len(given) == 1 else ("presets", "leave")
        left = f" that the {preset} of {kinds.listed(given)} {leaves} open"
    return f"No single change{left} is known to lower what fails. Several together may: try them by --set."


def not_enough(load: Offered, advices: Sequence[Advice]) -> str:
    """That more than few fail after each of these; empty where one is enough, or there is none."""
    shares = [each.expected for each in advices]
    if load.of_rate != "fails" or not shares or any(each is None or each.upper <= FEW for each in shares):
        return ""
    return "None of these is enough alone: make one, and ask again what helps then."


def _then(result: Capacity, item: Advice) -> str:
    """What an offered rate is after the change, and how many clients get ports where not all do now."""
    said = ""
    if item.carried is not None and item.carried.utilisation is not None:
        share = numbers.percent(item.carried.utilisation)
        said += f"; then {verdict.carried(item.carried)} {share} of the highest rate"
    before, then = (numbers.between(share) if share else "" for share in (item.now, item.expected))
    if then != before:
        said += f"{', and' if said else ';'} {then} {'is' if then == 'none' else 'are'} expected to fail"
    said += "".join(f"; {_wanted(each)}" for each in item.wanted)
    if not result.served.are_all and (item.served.are_all or not item.wanted):  # else that says it
        said += f"; {served.with_ports(item.served)}"
    mends = item.now is not None and item.expected is not None and item.expected.upper <= FEW < item.now.upper
    if mends and item.changed is not None:
        said += verdict.condition_of(item.changed)
    return said


def _wanted(each: Wanted) -> str:
    """What becomes of the flows that are wanted at once."""
    return verdict.wanted(each) + (": still too many" if each.flows > each.possible else "")
