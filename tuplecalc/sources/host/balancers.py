"""DNAT to other machines and IPVS → a virtual service and the services behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, Said
from tuplecalc.sources.host.captures import is_to_itself
from tuplecalc.sources.host.chains import family_of
from tuplecalc.sources.host.machine import Machine, fewer, is_drawn, places


@dataclass
class Service:
    """A virtual service: what clients address, and to where it leads."""

    addresses: tuple[str, ...]
    """Empty where a rule does not say."""
    ports: str
    targets: list[tuple[str, str, str]]
    """Address, ports (those that clients address where they are empty), and where it stands."""
    where: str
    text: str
    remarks: list[Remark] = field(default_factory=list)
    """What its rules match beside addresses and ports."""
    rewrites: bool = True
    """Whether the destination is changed, or kept (direct routing, tunnels)."""
    is_tracked: bool = True
    """IPVS has a table of its own, which has no size."""

    @property
    def family(self) -> str:
        """Of where it leads to."""
        return family_of([self.targets[0][0]])


def services(machine: Machine) -> tuple[list[Service], list[Remark]]:
    """The virtual services of TCP, those of one address and port together."""
    found: dict[tuple[tuple[str, ...], str], Service] = {}
    remarks: list[Remark] = []
    for each in _all(machine, remarks):
        known = found.setdefault((each.addresses, each.ports), each)
        if known is not each:
            known.targets += [target for target in each.targets if target not in known.targets]
    return list(found.values()), remarks


def _all(machine: Machine, remarks: list[Remark]) -> Iterator[Service]:
    for rule in machine.the("dnat", "prerouting"):
        if not rule.to_addresses:
            remarks.append(Remark(rule.where, rule.text, "it changes the port alone"))
        elif not is_to_itself(machine, rule):
            targets = [(address, rule.to_ports, rule.where) for address in rule.to_addresses]
            others = [] if is_drawn(rule) else fewer(rule)
            yield Service(rule.destinations, rule.destination_ports, targets, rule.where, rule.text, others)
    for each in machine.balanced:
        if each.protocol == "udp":
            remarks.append(Remark(each.where, each.text, "UDP: a chain of its own"))
        elif not each.servers:
            remarks.append(Remark(each.where, each.text, "no real server takes new connections"))
        else:
            rewrites = each.servers[0].mode == "nat"
            to = [(s.address, s.port, s.where) for s in each.servers if (s.mode == "nat") is rewrites]
            remarks += [
                Remark(s.where, s.text, "reached in another way than the first server")
                for s in each.servers
                if (s.mode == "nat") is not rewrites
            ]
            to = to if rewrites else [(each.address, each.port, each.where)]
            yield Service((each.address,), each.port, to, each.where, each.text, [], rewrites, False)


def together(several: list[Service]) -> tuple[Service, list[Remark]]:
    """Services that are one: all addresses with all ports; the others are remarked.

    A hop has one ``virtual``, which is every one of its addresses with every one of its ports.
    """
    first = several[0]
    like = [s for s in several if s.rewrites == first.rewrites and s.family == first.family]
    alike = [s for s in like if s.ports == first.ports]
    if len(alike) == 1:
        alike = [s for s in like if s.addresses == first.addresses]
    addresses = tuple(dict.fromkeys(a for s in alike for a in s.addresses))
    given = list(dict.fromkeys(s.ports for s in alike))
    ports = str(PortSet(", ".join(given))) if all(given) else ""
    where = places(s.where for s in alike)
    targets = list(dict.fromkeys((a, p or s.ports, w) for s in alike for a, p, w in s.targets))
    whole = Service(addresses, ports, targets, where, first.text, [], first.rewrites, first.is_tracked)
    chosen = {id(s) for s in alike}
    left = [s for s in several if id(s) not in chosen]
    remarks = [remark for s in alike for remark in s.remarks]
    remarks += left_out(left, "another virtual service: a chain of its own")
    if len({frozenset((a, p or s.ports) for a, p, _ in s.targets) for s in alike}) > 1:
        why = "each leads to servers of its own; counted as if any led to all"
        remarks.append(Remark(where, first.text, why))
    return whole, remarks


def left_out(several: Sequence[Service], why: str) -> list[Remark]:
    """A remark for each."""
    return [Remark(each.where, each.text, why) for each in several]


def virtual(service: Service, machine: Machine) -> Said:
    """The key ``virtual`` of a hop."""
    value: dict[str, object] = {
        "addresses": AddressSet(service.addresses).spec if service.addresses else 1,
        "ports": PortSet(service.ports or "1-65535").spec,
    }
    unknown = []
    if not service.addresses:
        own = [a for a in machine.routing.addresses if a.is_reachable and a.family == service.family]
        value["addresses"] = own[0].host if own else 1
        unknown.append("which addresses clients use")
    if not service.ports:
        unknown.append("which ports clients use")
    return Said(value, service.where, ", ".join(unknown))


def behind(service: Service) -> tuple[dict[str, Said], ...]:
    """The tables ``services``: one for each set of ports, and no endpoint in two of them."""
    ports: dict[str, PortSet] = {}
    stands: dict[str, list[str]] = {}
    for address, given, where in service.targets:
        ports[address] = ports.get(address, PortSet.of_ranges([])) | PortSet(given or "80")
        stands.setdefault(address, []).append(where)
    if any("-" in address or "/" in address for address in ports):  # these may overlap
        whole = PortSet.of_ranges([each for some in ports.values() for each in some.ranges])
        ports = dict.fromkeys(ports, whole)
    unknown = "" if all(given for _, given, _ in service.targets) else "the ports of the services"
    tables = []
    for each in dict.fromkeys(ports.values()):
        addresses = [address for address, some in ports.items() if some == each]
        where = places(place for address in addresses for place in stands[address])
        said = Said(AddressSet(addresses).spec, where)
        tables.append({"addresses": said, "ports": Said(each.spec, where, unknown)})
    return tuple(tables)
