"""The clients' legs, and what services remember of them."""

from __future__ import annotations

from collections.abc import Sequence

from tuplecalc.limits.expression import Expression, NamedPorts, Quantity, tidy
from tuplecalc.limits.kinds import ANSWERED, CLIENT_PORTS, CLIENT_PORTS_BOUND
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Sources
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.targets import Target
from tuplecalc.network.chain import Chain, Traffic
from tuplecalc.network.services import Services


def clients(chain: Chain, target: Target) -> tuple[list[Declared], Sources]:
    r"""The clients' own ports, the chain's first leg.

    ========= ======= ============================= =========
    limit     size    copies                        seconds
    ========= ======= ============================= =========
    ports     \|A\|   a·E (a with ``bind``)         H + c·T
    ========= ======= ============================= =========

    A port that ``bind`` took stays taken for the whole ``time_wait``: reuse does not look at it.
    """
    part = chain.clients
    a = Quantity("a", "clients", part.addresses.size, place="clients.addresses")
    leg = Leg(NamedPorts("A", "clients", part.ports, place="clients.ports"))
    sources = Sources(a, a, 1, leg, (), a)
    letters = Letters("clients", "clients", chain.traffic, sources, target, target)
    bound = part.allocation == "bind"
    copies: Expression = a if bound else a * letters.E
    times = letters.times(client=letters.linger(part))
    own = Membership("clients", leg, leg.ports, copies, times, None if bound else target)
    kind = CLIENT_PORTS_BOUND if bound else CLIENT_PORTS
    return [Alone(kind, own)], sources._replace(members=(own,))


def services(
    groups: Sequence[Services], traffic: Traffic, sources: Sources, target: Target
) -> list[Declared]:
    r"""What services hold: a tuple that they closed first, where they say for how long.

    ========= ======= ============================= =============
    limit     size    copies                        seconds
    ========= ======= ============================= =============
    accepted  \|A\|   b·E_g                         H + (1−c)·T
    ========= ======= ============================= =============

    Of several groups the one counts whose endpoints have the least room for a second of traffic;
    E_g are a group's endpoints over its share of the flows.
    """
    letters = Letters("services", "services", traffic, sources, target, target)
    found: list[Membership] = []
    for number, group in enumerate(groups):
        if group.time_wait is None:
            continue
        place = "services" if len(groups) == 1 else f"services.{number}"
        wait = Quantity("T", "services", tidy(group.time_wait), place=f"{place}.time_wait")
        E: Expression = letters.E
        if group.share is not None:
            E = Quantity("E_g", "services", tidy(group.endpoints / group.share), place=f"{place}.share")
        times = letters.times(service=wait)
        found.append(Membership("services", sources.leg, letters.A, letters.b * E, times, target))
    if not found:
        return []
    return [Alone(ANSWERED, max(found, key=lambda each: each.times.seconds.value / each.copies.value))]
