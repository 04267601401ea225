"""What clients want open at once, each its ``flows_each``, and the mix of flows that this makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from tuplecalc.network.chain import Chain
from tuplecalc.network.mix import Strand


def wanted_by_clients(chain: Chain) -> int | None:
    """How many flows are open at once where each client has its ``flows_each``; None where none says so.

    Of groups of a_g addresses that want f_g each

        Σ a_g·f_g

    In flows.  A group without ``flows_each`` wants none, and so does one whose flows last no time beside
    others that do.  Source: docs/model.md, "Clients that get nothing".

    >>> from tuplecalc.network.builders import cone
    >>> from tuplecalc.network.replace import replace
    >>> wanted_by_clients(replace(cone(clients=12000, addresses=56, services=1), "clients.flows_each", 300))
    3600000
    """
    wanted = _wanted(chain.strands)
    return sum(wanted.values()) if wanted else None


def as_wanted(chain: Chain) -> Chain:
    """The chain with the mix in which clients want flows; the chain itself where that is its own mix.

    As a chain is, groups open flows in proportion to their addresses.  Here each group's part of the open
    flows is its part of what is wanted, and kinds have the parts of it that they have of what the
    group opens.  Shares are of new connections, and open flows are shares times holds (Little's law),
    so that a strand's share of these is

        (a_g·f_g · its part of what g opens) / hold, over the sum of all

    Whether all that is wanted can be open is whether this chain holds as many flows.  Groups that want none
    have a share of 0: they open nothing, and are among the clients between which a cone divides ports.
    """
    wanted = _wanted(chain.strands)
    if not wanted or len({each.clients.path for each in chain.strands}) == 1:
        return chain
    opened = _opened_by(chain.strands)
    all_at_once = _last_no_time(chain.strands)
    new, of_kinds = defaultdict[tuple[str, str], Fraction](Fraction), defaultdict[str, Fraction](Fraction)
    for each in chain.strands:
        group = each.clients.path
        if group in wanted and (open_ := _open(each, all_at_once=all_at_once)):
            flows = wanted[group] * open_ / opened[group]
            started = flows if all_at_once else flows / each.hold
            new[each.kind, each.source] += started
            of_kinds[each.kind] += started
    whole = sum(of_kinds.values(), Fraction(0))
    return chain.with_strands(
        each._replace(
            share=of_kinds[each.kind] / whole,
            sources={name: new[each.kind, name] for name in each.sources}
            if of_kinds[each.kind]
            else each.sources,
        )
        for each in chain.strands
    )


def _wanted(strands: Iterable[Strand]) -> dict[str, int]:
    """What each group wants, by its path."""
    opened = _opened_by(strands)
    found: dict[str, int] = {}
    sizes = {(each.clients.path, each.source): each.clients for each in strands}
    for (group, _), clients in sizes.items():  # addresses of both families are two sources of one group
        if clients.flows_each is not None and opened[group]:
            found[group] = found.get(group, 0) + clients.addresses.size * clients.flows_each
    return found


def _opened_by(strands: Iterable[Strand]) -> dict[str, Fraction]:
    """What each group has of the open flows, up to a common factor."""
    all_at_once = _last_no_time(strands)
    found: dict[str, Fraction] = {}
    for each in strands:
        group = each.clients.path
        found[group] = found.get(group, Fraction(0)) + _open(each, all_at_once=all_at_once)
    return found


def _open(strand: Strand, *, all_at_once: bool) -> Fraction:
    return strand.part if all_at_once else strand.part * strand.hold


def _last_no_time(strands: Iterable[Strand]) -> bool:
    """Whether no flows last any time, so that all count alike."""
    return not any(each.hold for each in strands)
