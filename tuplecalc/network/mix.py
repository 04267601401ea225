"""The mix: which flows of which kind go from which clients over which hops to which services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from tuplecalc.errors import Problem, nearest, show
from tuplecalc.network.clients import Clients
from tuplecalc.network.families import all_meet, by_family, leg_families, meet, with_addresses_of
from tuplecalc.network.hop import Hop
from tuplecalc.network.part import Part
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services, overlap
from tuplecalc.network.traffic import Kind, Protocol, Traffic
from tuplecalc.network.values import exact, total, wrong_sum


class Strand(NamedTuple):
    """Flows of one kind from one group of clients to the services that it is not told apart by."""

    kind: str
    """The kind's name; empty where all flows are alike."""
    own: frozenset[str]
    """The keys that the kind gives itself; others are the traffic's."""
    share: Fraction
    """The kind's part of the new connections."""
    clients: Clients
    services: tuple[Services, ...]
    hops: tuple[Hop, ...]
    """Those that it crosses."""
    hold: Fraction
    first_close: Fraction
    protocol: Protocol
    family: int | None = None
    """4 or 6 where the services' addresses are written out."""
    source: str = ""
    """What tells its clients apart from others; empty where there are no others."""
    target: str = ""
    """The same of its services."""
    sources: Mapping[str, int | Fraction] = MappingProxyType({})
    """The parts of the kind that come from each source, up to a common factor: how many addresses it has, or
    what it wants; none where there is one source."""
    targets: Mapping[str, Fraction] = MappingProxyType({})
    """The parts of what these clients send that go to each target, up to a common factor."""
    by_share: bool = False
    """Whether these are the groups' shares, not their endpoints."""

    @property
    def part(self) -> Fraction:
        """Of the new connections."""
        found = self.share
        if self.sources:
            found *= exact(self.sources[self.source]) / sum(self.sources.values())
        if self.targets:
            found *= self.targets[self.target] / sum(self.targets.values())
        return found

    def crosses(self, hop: Hop) -> bool:
        """Whether the hop is on their way."""
        return hop.traffic is None or self.kind in hop.traffic

    def is_captured(self, hop: Hop) -> bool:
        """Whether a proxy ends these flows, and does not let them pass."""
        return not isinstance(hop, Proxy) or hop.captures is None or self.kind in hop.captures


def strands(
    traffic: Traffic,
    clients: Sequence[Clients],
    hops: Sequence[Hop],
    services: Sequence[Services],
    problems: list[Problem],
) -> Iterator[Strand]:
    """The flows told apart by kind, clients and services; what cannot be is added to the problems.

    Clients send in proportion to their addresses, services get by their shares, or by their endpoints.
    A source reaches endpoints of its own family only, as long as no hop between changes it.
    """
    kinds = traffic.kinds or (Kind.model_construct(name="", share=Fraction(1)),)
    for number, kind in enumerate(kinds):
        part = Fraction(1, len(kinds)) if kind.share is None else kind.share
        if kind.rate is not None and traffic.offered:
            part = kind.rate / traffic.offered
        flows = Strand(
            kind.name,
            frozenset(kind.model_fields_set),
            part,
            clients[0],
            tuple(each for each in services if kind.services is None or each.name in kind.services),
            tuple(hop for hop in hops if hop.traffic is None or kind.name in hop.traffic),
            traffic.hold if kind.hold is None else kind.hold,
            traffic.first_close if kind.first_close is None else kind.first_close,
            kind.protocol or traffic.protocol,
        )
        sources = [each for each in clients if kind.clients is None or each.name in kind.clients]
        place = f"traffic.kinds[{number}]" if traffic.kinds else "services"
        yield from _told_apart(flows, sources, place, problems)


def _told_apart(
    flows: Strand, clients: Sequence[Clients], place: str, problems: list[Problem]
) -> Iterator[Strand]:
    """The flows of one kind, by their clients and their services."""
    at_work = [each if flows.is_captured(each) else None for each in flows.hops]
    sources = [
        (family, group.model_copy(update={"addresses": addresses}), _named(group.name or "", family, each))
        for group in clients
        for each in [by_family(group.addresses)]
        for family, addresses in each
    ]
    alone = {"share": None}  # it has all of what goes to it; how much that is, `targets` of a strand say
    targets = [
        (family, group.model_copy(update=alone | {"addresses": addresses}), part, _named(name, family, each))
        for number, group in enumerate(flows.services)
        for name, each in [(group.name or _unnamed(flows.services, number), by_family(group.addresses))]
        for weight in [exact(group.endpoints) if group.share is None else group.share]
        for family, addresses in each
        for part in [weight * exact(addresses.size) / group.addresses.size]
    ]
    if (
        not flows.kind
        and len(sources) == 1
        and all_meet(sources[0][0], [each[0] for each in targets], at_work)
    ):
        ends = sources[0][0], targets[0][0]
        family = targets[0][0] if len({each[0] for each in targets}) == 1 else None
        yield flows._replace(hops=tuple(_of_one_family(flows, *ends)), family=family)
        return
    sizes = {source: group.addresses.size for _, group, source in sources}
    for family, group, source in sources:
        reached = [each for each in targets if meet(family, each[0], at_work)]
        if not reached:
            whose = f"the clients {show(group.name)}" if group.name else "the clients"
            rule = f"{whose} reach no service: a source reaches endpoints of its own family (IPv4, IPv6) only"
            problems.append(Problem(place, None, rule, "put a NAT with addresses of theirs between"))
            continue
        for towards, service, _, target in reached:
            yield flows._replace(
                clients=group,
                services=(service,),
                family=towards,
                hops=tuple(_of_one_family(flows, family, towards)),
                source=source,
                target=target,
                sources=sizes if len(sources) > 1 else {},
                targets={name: share for _, _, share, name in reached} if len(reached) > 1 else {},
                by_share=flows.services[0].share is not None,
            )


def _unnamed(groups: Sequence[Services], number: int) -> str:
    return f"services[{number}]" if len(groups) > 1 else ""


def _named(name: str, family: int | None, families: Sequence[object]) -> str:
    return f"{name} IPv{family}".strip() if len(families) > 1 else name


def _of_one_family(flows: Strand, source: int | None, target: int | None) -> Iterator[Hop]:
    """The hops, each with those of its addresses that these flows can have."""
    captured = [hop if flows.is_captured(hop) else None for hop in flows.hops]
    families = leg_families(source, target, captured)
    for hop, at_work, (before, behind) in zip(flows.hops, captured, pairwise(families), strict=True):
        yield hop if at_work is None else with_addresses_of(hop, before, behind)


def without_effect(hops: Iterable[Hop], flows: Sequence[Strand]) -> Iterator[Problem]:
    """What is written of closed connections where nothing but UDP crosses, which nobody closes."""
    for number, hop in enumerate(hops):
        protocols = {each.protocol for each in flows if each.crosses(hop)}
        if "closing" in hop.model_fields_set and protocols == {"udp"}:
            rule = "only UDP crosses this hop, and nobody closes that"
            yield Problem(f"hops[{number}].closing", hop.written()["closing"], rule, "leave it out")


def misfit_names(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Names of kinds and groups that there are not, names that are missing, and groups that nobody uses.

    The tables may be raw, so that this is said beside all else that is wrong with them.
    """
    kinds = _list(_value(tables.get("traffic"), "kinds"))
    for key in ("clients", "services"):
        groups, named = _list(tables.get(key)), [_names(_value(kind, key)) for kind in kinds]
        names = [_value(group, "name") for group in groups]
        known = [name.strip() for name in names if isinstance(name, str)]
        needed = "where kinds name them" if any(named) else ""
        if key == "clients" and len(groups) > 1:
            needed = "where there are several"
        for number, name in enumerate(names):
            place = f"{key}[{number}]" if len(groups) > 1 else key
            if name is None and needed:
                yield Problem(f"{place}.name", None, f"groups of {key} have names {needed}", "add it")
            elif kinds and all(named) and isinstance(name, str) and name.strip() not in chain(*named):
                rule = f"no kind of traffic has the {key} {show(name)}"
                yield Problem(place, None, rule, f"name them in `{key}` of a kind, or leave them out")
        for number, those in enumerate(named):
            if known:
                yield from _unknown(f"traffic.kinds[{number}].{key}", those, known, f"a group of {key}")
    known = [name.strip() for kind in kinds if isinstance(name := _value(kind, "name"), str)]
    for number, hop in enumerate(_list(tables.get("hops"))):
        crossing, captured = _names(_value(hop, "traffic")), _names(_value(hop, "captures"))
        for key, those in (("traffic", crossing), ("captures", captured)):
            yield from _unknown(f"hops[{number}].{key}", those, known, "a kind of traffic")
        for name in captured:
            if crossing and name in known and name not in crossing:
                rule = f"a hop captures what crosses it; {show(name)} goes round it"
                yield Problem(f"hops[{number}].captures", name, rule, "leave it out, or add it to `traffic`")


def _value(part: object, key: str) -> object:
    """What a table has for a key, read already or not."""
    return part.get(key) if isinstance(part, Mapping) else getattr(part, key, None)


def _list(value: object) -> list[object]:
    """One table or several; none where it is neither."""
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, Mapping | Part) else []


def _names(value: object) -> list[str]:
    """One name or several; what is no name is said elsewhere."""
    several = value if isinstance(value, list | tuple) else [value]
    return [name.strip() for name in several if isinstance(name, str)]


def _unknown(place: str, names: Iterable[str], known: Sequence[str], what: str) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            there = (
                f"the only one is {known[0]}"
                if len(known) == 1
                else f"there are {', '.join(known) or 'none'}"
            )
            rule, way_out = (
                f"this is {what}; {there}",
                "write that" if len(known) == 1 else "write one of these",
            )
            way_out = way_out if known else "leave it out, or write [[traffic.kinds]]"
            near = nearest(name, known)
            yield Problem(place, name, rule, f'did you mean "{near}"?' if near else way_out)


def group_problems(groups: Sequence[Services]) -> Iterator[Problem]:
    """Groups of services all have shares that sum to 1, or none has; no endpoint stands in two."""
    given = [group.share for group in groups if group.share is not None]
    if given and len(given) < len(groups):
        for number, group in enumerate(groups):
            if group.share is None:
                rule = "all groups of services have a share, or none"
                yield Problem(f"[{number}].share", None, rule, "add it")
    elif given and (found := total(given)) != 1:
        yield from wrong_sum(found).problems
    if pair := overlap(groups):
        first, second = pair
        rule = f"an endpoint stands in one group only; services[{first}] has some of these too"
        yield Problem(f"[{second}]", None, rule, "take the common addresses or ports out of one of them")
