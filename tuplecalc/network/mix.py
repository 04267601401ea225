"""The mix: which flows of which kind go from which clients over which hops to which services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from types import MappingProxyType
from typing import NamedTuple

from tuplecalc.errors import Problem, nearest, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.clients import Clients
from tuplecalc.network.hop import Hop
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services, overlap
from tuplecalc.network.traffic import Kind, Protocol, Traffic
from tuplecalc.network.values import total, wrong_sum

_OF_A_MACHINE = ("max_files", "max_entries", "tracking_time_wait", "addresses")
_ALIKE = ("instances", "split", "tracking")


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
    sources: Mapping[str, int] = MappingProxyType({})
    """How many addresses the kind comes from, by what tells them apart; none where there is one source."""
    targets: Mapping[str, Fraction] = MappingProxyType({})
    """The parts of what these clients send that go to each target, up to a common factor."""

    @property
    def part(self) -> Fraction:
        """Of the new connections."""
        found = self.share
        if self.sources:
            found *= Fraction(self.sources[self.source], sum(self.sources.values()))
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
        part = kind.share or Fraction(1, len(kinds))
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
    sources = list(_clients_by_family(clients))
    targets = [
        each
        for number, group in enumerate(flows.services)
        for each in _services_by_family(group, group.name or _unnamed(flows.services, number))
    ]
    families = {family for family, *_ in targets}
    if (
        not flows.kind
        and len(sources) == 1
        and all(_meet(sources[0][0], each, flows.hops) for each in families)
    ):
        yield flows._replace(family=families.pop() if len(families) == 1 else None)
        return
    sizes = {source: group.addresses.size for _, group, source in sources}
    for family, group, source in sources:
        reached = [each for each in targets if _meet(family, each[0], flows.hops)]
        if not reached:
            whose = f"the clients {show(group.name)}" if group.name else "the clients"
            rule = f"{whose} reach no service: a source reaches endpoints of its own family (IPv4, IPv6) only"
            problems.append(Problem(place, None, rule, "put a cone with addresses of theirs between"))
            continue
        for towards, service, _, target in reached:
            yield flows._replace(
                clients=group,
                services=(service,),
                family=towards,
                source=source,
                target=target,
                sources=sizes if len(sources) > 1 else {},
                targets={name: share for _, _, share, name in reached} if len(reached) > 1 else {},
            )


def _clients_by_family(groups: Sequence[Clients]) -> Iterator[tuple[int | None, Clients, str]]:
    """The groups of clients by the families of their addresses; None where a count fits any."""
    for group in groups:
        for family, addresses in by_family(group.addresses):
            if addresses is group.addresses:
                yield family, group, group.name or ""
            else:
                yield (
                    family,
                    group.model_copy(update={"addresses": addresses}),
                    f"{group.name or ''} IPv{family}".strip(),
                )


def _services_by_family(group: Services, name: str) -> Iterator[tuple[int | None, Services, Fraction, str]]:
    weight = Fraction(group.endpoints) if group.share is None else group.share
    for family, addresses in by_family(group.addresses):
        if addresses is group.addresses:
            yield family, group, weight, name
        else:
            part = Fraction(addresses.size, group.addresses.size)
            whole = group.model_copy(update={"addresses": addresses})
            yield family, whole, weight * part, f"{name} IPv{family}".strip()


def _unnamed(groups: Sequence[Services], number: int) -> str:
    return f"services[{number}]" if len(groups) > 1 else ""


def by_family(addresses: AddressSet) -> list[tuple[int | None, AddressSet]]:
    """The addresses of each family, as they are where there is but one; None where a count fits any.

    >>> [(family, each.size) for family, each in by_family(AddressSet(["127.0.0.1", "::1"]))]
    [(4, 1), (6, 1)]
    """
    families = sorted({version for version, *_ in addresses.ranges})
    if addresses.count or len(families) < 2:
        return [(families[0] if families and not addresses.count else None, addresses)]
    return [(family, addresses.of_family(family)) for family in families]


def _meet(source: int | None, target: int | None, hops: Sequence[Hop]) -> bool:
    """Whether flows get from a source to a target: each leg's two ends are of one family."""
    senders = {source}
    for hop in hops:
        stands_in = hop.listen_addresses if isinstance(hop, Proxy) and hop.capture == "listen" else None
        if (virtual := getattr(hop, "virtual", None)) is not None:
            stands_in = virtual.addresses
        if stands_in is not None and not _can_be(senders, {family for family, _ in by_family(stands_in)}):
            return False
        if hop.own_addresses is not None:
            senders = {family for family, _ in by_family(hop.own_addresses)}
        elif stands_in is not None and isinstance(hop, Proxy):
            senders = {None} if hop.source == "own" else senders
    return _can_be(senders, {target})


def _can_be(some: set[int | None], others: set[int | None]) -> bool:
    return None in some or None in others or not some.isdisjoint(others)


def misfit_names(
    traffic: Traffic, clients: Sequence[Clients], hops: Sequence[Hop], services: Sequence[Services]
) -> Iterator[Problem]:
    """Names of kinds and groups that there are not, and groups without a name that need one."""
    known = [kind.name for kind in traffic.kinds]
    if len(clients) > 1:
        for number, group in enumerate(clients):
            if group.name is None:
                rule = "groups of clients have names where there are several"
                yield Problem(f"clients[{number}].name", None, rule, "add it")
    groups = {"clients": clients, "services": services}
    for number, kind in enumerate(traffic.kinds):
        for key, several in groups.items():
            names = [name for group in several if (name := getattr(group, "name", None)) is not None]
            what = f"a group of {key}"
            yield from _unknown(
                f"traffic.kinds[{number}].{key}",
                kind.clients if key == "clients" else kind.services,
                names,
                what,
            )
    for number, hop in enumerate(hops):
        place = f"hops[{number}]"
        yield from _unknown(f"{place}.traffic", hop.traffic, known, "a kind of traffic")
        if isinstance(hop, Proxy) and hop.captures is not None:
            yield from _unknown(f"{place}.captures", hop.captures, known, "a kind of traffic")
            for name in hop.captures:
                if hop.traffic is not None and name in known and name not in hop.traffic:
                    rule = f"a hop captures what crosses it; {show(name)} goes round it"
                    yield Problem(f"{place}.captures", name, rule, "leave it out, or add it to `traffic`")


def _unknown(place: str, names: Iterable[str] | None, known: Sequence[str], what: str) -> Iterator[Problem]:
    for name in names or ():
        if name not in known:
            near = nearest(name, known)
            rule = (
                f"this is {what}; there are {', '.join(known)}"
                if known
                else f"this is {what}; there are none"
            )
            yield Problem(place, name, rule, f'did you mean "{near}"?' if near else "write one of these")


def machine_problems(hops: Sequence[Hop]) -> Iterator[Problem]:
    """Hops of one machine agree on what is the machine's."""
    for (first, one), (second, other) in combinations(enumerate(hops), 2):
        if one.machine is None or one.machine != other.machine:
            continue
        for key in (*_ALIKE, *_OF_A_MACHINE):
            if not (hasattr(one, key) and hasattr(other, key)):
                continue
            if key == "addresses" and not (isinstance(one, Proxy) and isinstance(other, Proxy)):
                continue
            both = key in one.stated and key in other.stated
            mine, theirs = getattr(one, key), getattr(other, key)
            if mine != theirs and (both or key in _ALIKE):
                said = "" if both else ", said or not"
                rule = f"hops of one machine agree on `{key}`{said}; hops[{first}] has {show(plain(mine))}"
                yield Problem(
                    f"hops[{second}].{key}", plain(theirs), rule, "write the same, or take another machine"
                )


def plain(value: object) -> object:
    """A value as a file says it."""
    return getattr(value, "spec", float(value) if isinstance(value, Fraction) else value)


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
