"""DNAT to other machines and IPVS → a virtual service and the services behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, Said
from tuplecalc.sources.host.captures import is_to_itself
from tuplecalc.sources.host.machine import Machine

_CHAIN_OF_ITS_OWN = "another virtual service: a chain of its own"


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
    rewrites: bool = True
    """Whether the destination is changed, or kept (direct routing, tunnels)."""
    is_tracked: bool = True
    """IPVS has a table of its own, which has no size."""


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
            yield Service(rule.destinations, rule.destination_ports, targets, rule.where, rule.text)
    for each in machine.balanced:
        if each.protocol == "udp":
            remarks.append(Remark(each.where, each.text, "UDP: a chain of its own"))
        elif not each.servers:
            remarks.append(Remark(each.where, each.text, "no real server takes new connections"))
        else:
            rewrites = each.servers[0].mode == "nat"
            to = [(s.address, s.port, s.where) for s in each.servers if (s.mode == "nat") is rewrites]
            others = [s for s in each.servers if (s.mode == "nat") is not rewrites]
            remarks += [
                Remark(s.where, s.text, "reached in another way than the first server") for s in others
            ]
            to = to if rewrites else [(each.address, each.port, each.where)]
            yield Service((each.address,), each.port, to, each.where, each.text, rewrites, False)


def together(several: list[Service]) -> tuple[Service, list[Remark]]:
    """Services that are one: all addresses with all ports; the others are remarked.

    A hop has one ``virtual``, which is every one of its addresses with every one of its ports.
    """
    first = several[0]
    alike = [s for s in several if s.ports == first.ports and s.rewrites == first.rewrites]
    if len(alike) == 1:
        alike = [s for s in several if s.addresses == first.addresses and s.rewrites == first.rewrites]
    addresses = tuple(dict.fromkeys(a for s in alike for a in s.addresses))
    ports = str(PortSet(", ".join(s.ports for s in alike))) if all(s.ports for s in alike) else ""
    where = ", ".join(dict.fromkeys(s.where for s in alike))
    targets = list(dict.fromkeys((a, p or s.ports, w) for s in alike for a, p, w in s.targets))
    whole = Service(addresses, ports, targets, where, first.text, first.rewrites, first.is_tracked)
    remarks = [Remark(s.where, s.text, _CHAIN_OF_ITS_OWN) for s in several if s not in alike]
    if len({frozenset((a, p or s.ports) for a, p, _ in s.targets) for s in alike}) > 1:
        remarks.append(
            Remark(where, first.text, "each leads to servers of its own; counted as if any led to all")
        )
    return whole, remarks


def virtual(service: Service, machine: Machine) -> Said:
    """The key ``virtual`` of a hop."""
    value: dict[str, object] = {
        "addresses": list(service.addresses),
        "ports": PortSet(service.ports or "1-65535").spec,
    }
    unknown = []
    if not service.addresses:
        own = [a for a in machine.routing.addresses if a.is_reachable and a.family == "ip"]
        value["addresses"] = [a.host for a in own[:1]] or 1
        unknown.append("which addresses clients use")
    if not service.ports:
        unknown.append("which ports clients use")
    return Said(value, service.where, ", ".join(unknown))


def behind(service: Service) -> tuple[dict[str, Said], ...]:
    """The tables ``services``: one for each set of ports, and no endpoint in two of them."""
    ports: dict[str, PortSet] = {}
    places: dict[str, list[str]] = {}
    for address, given, where in service.targets:
        ports[address] = ports.get(address, PortSet.of_ranges([])) | PortSet(given or "80")
        places.setdefault(address, []).append(where)
    if any("-" in address or "/" in address for address in ports):  # these may overlap
        whole = PortSet.of_ranges([each for some in ports.values() for each in some.ranges])
        ports = dict.fromkeys(ports, whole)
    unknown = "" if all(given for _, given, _ in service.targets) else "the ports of the services"
    tables = []
    for each in dict.fromkeys(ports.values()):
        addresses = [address for address, some in ports.items() if some == each]
        where = ", ".join(dict.fromkeys(place for address in addresses for place in places[address]))
        said = Said(AddressSet(addresses).spec, where)
        tables.append({"addresses": said, "ports": Said(each.spec, where, unknown)})
    return tuple(tables)
