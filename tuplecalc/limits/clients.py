"""The clients' legs, and what services remember of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tuplecalc.limits.expression import Constant, Expression, NamedPorts, Quantity, tidy
from tuplecalc.limits.flow import Flow, Part, Times
from tuplecalc.limits.kinds import ANSWERED, CLIENT_FILES, CLIENT_PORTS, CLIENT_PORTS_BOUND, MEETING
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Passing, Sources, Uses
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.targets import Target, owner
from tuplecalc.network.mix import Strand
from tuplecalc.network.part import step
from tuplecalc.network.values import exact


def clients(strand: Strand, target: Target) -> tuple[list[Declared], Sources]:
    r"""The clients' own ports, the chain's first leg.

    ========= ======= ============================= =========
    limit     size    copies                        seconds
    ========= ======= ============================= =========
    ports     \|A\|   a·E (a with ``bind``)         H + c·T
    ========= ======= ============================= =========

    A port that ``bind`` took stays taken for the whole ``time_wait``: reuse does not look at it.
    """
    part, group = strand.clients, owner("clients", strand.source)
    a = Quantity("a", group, part.addresses.size, place=f"{part.path}.addresses")
    leg = Leg(NamedPorts("A", group, part.ports, place=f"{part.path}.ports"), flow_of(strand))
    sources = Sources(("clients", strand.source), a, a, 1, leg, (), a)
    letters = Letters(group, part.path, sources, target, target)
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
    """What its flows are where they begin: what a kind does not say itself is the traffic's."""

    path = f"traffic.kinds.{step(strand.kind)}"

    def of(letter: str, key: str, value: Fraction) -> Quantity:
        own = bool(strand.kind) and key in strand.own
        place = path if own else "traffic"
        return Quantity(letter, strand.kind if own else "traffic", tidy(value), place=f"{place}.{key}")

    share: Expression = Constant(1)
    if strand.kind:
        key = "rate" if "rate" in strand.own else "share"
        share = Quantity("σ", strand.kind, tidy(strand.share), place=f"{path}.{key}")
    H, c = of("H", "hold", strand.hold), of("c", "first_close", strand.first_close)
    told_apart = strand.source, strand.target, tuple(_parts(strand))
    return Flow(H, c, share, strand.protocol, strand.kind, *told_apart)


def _parts(strand: Strand) -> Iterator[Expression]:
    """φ: the parts of a kind's flows that come from one group of clients, and go to one of services."""
    services = ("s", ".share") if strand.by_share else ("N", "")
    sides = (
        ("clients", "a", ".addresses", strand.source, strand.sources),
        ("services", *services, strand.target, strand.targets),
    )
    for table, letter, key, which, groups in sides:
        if not groups:
            yield Constant(1)
            continue
        owners = {name: owner(table, name) for name in groups}
        each = {
            name: Quantity(letter, owners[name], tidy(size), place=f"{table}.{step(name)}{key}")
            for name, size in groups.items()
        }
        part = each[which] / sum(each.values(), Constant(0))
        yield Quantity("φ", owners[which], tidy(part.value), part)


def services(strand: Strand, sources: Sources, target: Target, *, meets: bool = False) -> list[Declared]:
    r"""What services hold: a tuple that they closed first, where they say for how long.

    ========= ======= ============================= =============
    limit     size    copies                        seconds
    ========= ======= ============================= =============
    accepted  \|A\|   b·E_g                         H + (1−c)·T
    ========= ======= ============================= =============

    Of several groups the one counts whose endpoints have the least room for a second of traffic;
    E_g are a group's endpoints over its share of the flows.  Where flows from these sources meet others
    that came another way, or through another of several machines, their tuples are apart from those, for
    as long as they are open.
    """
    groups, whole = strand.services, owner("services", strand.target)
    letters = Letters(whole, whole, sources, target, target)
    space = letters.space("answered", "services", sources.who, target)
    found: list[Membership] = []
    shares = {each.share for each in groups}
    waiting = [each for each in groups if each.time_wait is not None]
    enters = exact(sum(each.endpoints for each in waiting)) / sum(each.endpoints for each in groups)
    if shares != {None}:
        enters = sum((each.share or Fraction(0) for each in waiting), Fraction(0))
    for number, group in enumerate(groups):
        if group.time_wait is None:
            continue
        place = whole if len(groups) == 1 else f"services.{number}"
        wait = Quantity("T", whole, tidy(group.time_wait), place=f"{place}.time_wait")
        E: Expression = letters.E
        if group.share is not None:
            E = Quantity("E_g", whole, tidy(group.endpoints / group.share), place=f"{place}.share")
        times = letters.times(service=wait)
        copies = letters.b * E
        found.append(Membership("services", sources.leg, letters.A, copies, times, target, space, enters))
    meets = meets or any(each.machines > 1 for each in sources.leg.memberships)
    if not found and not meets:
        return []
    if not found:
        copies = letters.b * letters.E
        here = Membership("services", sources.leg, letters.A, copies, letters.times(), target, space)
        return [Passing(here, MEETING)]
    return [Alone(ANSWERED, max(found, key=lambda each: each.times.seconds.value / each.copies.value))]
