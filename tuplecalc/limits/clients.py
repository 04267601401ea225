"""The clients' legs, and what services remember of them."""

from __future__ import annotations

from tuplecalc.limits.expression import Constant, Expression, NamedPorts, Quantity, tidy
from tuplecalc.limits.kinds import ANSWERED, CLIENT_FILES, CLIENT_PORTS, CLIENT_PORTS_BOUND, MEETING
from tuplecalc.limits.legs import Alone, Declared, Flow, Leg, Membership, Part, Passing, Sources, Times, Uses
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.targets import Target
from tuplecalc.network.mix import Strand
from tuplecalc.network.part import step


def clients(strand: Strand, target: Target) -> tuple[list[Declared], Sources]:
    r"""The clients' own ports, the chain's first leg.

    ========= ======= ============================= =========
    limit     size    copies                        seconds
    ========= ======= ============================= =========
    ports     \|A\|   a·E (a with ``bind``)         H + c·T
    ========= ======= ============================= =========

    A port that ``bind`` took stays taken for the whole ``time_wait``: reuse does not look at it.
    """
    part = strand.clients
    a = Quantity("a", "clients", part.addresses.size, place=f"{part.path}.addresses")
    leg = Leg(NamedPorts("A", "clients", part.ports, place=f"{part.path}.ports"), flow_of(strand))
    sources = Sources(f"clients {strand.source}".strip(), a, a, 1, leg, (), a)
    letters = Letters("clients", part.path, sources, target, target)
    bound = part.allocation == "bind"
    copies: Expression = a if bound else a * letters.E
    times = letters.times(client=letters.linger(part))
    towards = None if bound else target
    space = letters.space("sockets", "clients", sources.who, towards)
    own = Membership("clients", leg, leg.ports, copies, times, towards, space)
    declared: list[Declared] = [Alone(CLIENT_PORTS_BOUND if bound else CLIENT_PORTS, own)]
    if part.max_files is not None:
        files = letters.given("files", part.max_files, "max_files")
        one = Part(Constant(1), Times(leg.flow.hold, leg.flow.client_share), leg.flow)
        declared.append(Uses(CLIENT_FILES, "clients", sources.who, files, a, (one,)))
    members = tuple(each for each in (own, *declared) if isinstance(each, Membership | Uses))
    return declared, sources._replace(members=members)


def flow_of(strand: Strand) -> Flow:
    """What its flows are where they begin."""
    of = f"traffic.kinds.{step(strand.kind)}" if strand.kind else "traffic"
    H = Quantity("H", strand.kind or "traffic", tidy(strand.hold), place=f"{of}.hold")
    c = Quantity("c", strand.kind or "traffic", tidy(strand.first_close), place=f"{of}.first_close")
    share: Expression = Constant(1)
    if strand.kind:
        share = Quantity("σ", strand.kind, tidy(strand.share), place=f"{of}.share")
    weight = Constant(tidy(strand.part / strand.share))
    return Flow(H, c, share, weight, strand.protocol, strand.kind, strand.source, strand.target)


def services(strand: Strand, sources: Sources, target: Target, *, meets: bool = False) -> list[Declared]:
    r"""What services hold: a tuple that they closed first, where they say for how long.

    ========= ======= ============================= =============
    limit     size    copies                        seconds
    ========= ======= ============================= =============
    accepted  \|A\|   b·E_g                         H + (1−c)·T
    ========= ======= ============================= =============

    Of several groups the one counts whose endpoints have the least room for a second of traffic;
    E_g are a group's endpoints over its share of the flows.  Where flows from these sources meet others
    that came another way, their tuples are apart from those, for as long as they are open.
    """
    letters = Letters("services", "services", sources, target, target)
    space = letters.space("answered", "services", sources.who, target)
    found: list[Membership] = []
    groups = strand.services
    for number, group in enumerate(groups):
        if group.time_wait is None:
            continue
        of = group.name or (strand.target if len(groups) == 1 else str(number))
        place = f"services.{step(of)}" if of else "services"
        wait = Quantity("T", "services", tidy(group.time_wait), place=f"{place}.time_wait")
        E: Expression = letters.E
        if group.share is not None:
            E = Quantity("E_g", "services", tidy(group.endpoints / group.share), place=f"{place}.share")
        times = letters.times(service=wait)
        found.append(Membership("services", sources.leg, letters.A, letters.b * E, times, target, space))
    if not found and not meets:
        return []
    if not found:
        copies = letters.b * letters.E
        here = Membership("services", sources.leg, letters.A, copies, letters.times(), target, space)
        return [Passing(here, MEETING)]
    return [Alone(ANSWERED, max(found, key=lambda each: each.times.seconds.value / each.copies.value))]
