"""SNAT and MASQUERADE → cones: one for each set of addresses and ports that sources are turned into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, Said
from tuplecalc.sources.host.machine import Machine, fewer, is_drawn, places
from tuplecalc.sources.host.rule import Rule

_HAIRPIN = "its flows go back into the network that they come from: not counted beside the others"
_MATCHED = ("protocol", "in_interface", "out_interface", "others")
_PORTS, _ADDRESSES = ("source_ports", "destination_ports"), ("sources", "destinations")
_MOST_WIDER = 10
"""Earlier rules for other sources that a rule is compared with; some machines have thousands."""


@dataclass
class Cones:
    """The cones of a machine, each with the rules that make it."""

    found: list[tuple[dict[str, Said], list[Rule]]] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def cones(machine: Machine) -> Cones:
    """The cones that the rules of a machine make."""
    made = Cones()
    groups: dict[tuple[object, str], tuple[Said, list[Rule]]] = {}
    for rule in _shared_out(_of_one_family(made, _through(machine, made, _outgoing(machine, made)))):
        addresses = _addresses(machine, rule)
        groups.setdefault((str(addresses.value), rule.to_ports), (addresses, []))[1].append(rule)
    for (_, ports), (addresses, rules) in groups.items():
        where = places(rule.where for rule in rules)
        preset = machine.preset()
        table = {
            "name": Said("nat", "named here"),
            "kind": Said("cone", where),
            "preset": preset,
            "addresses": addresses,
        }
        if ports:
            table["ports"] = Said(PortSet(ports).spec, where)
        table |= machine.tracking_table()
        if preset.value != "linux-snat" and "tracking_time_wait" in table:
            table["time_wait"] = table["tracking_time_wait"]
        made.found.append((table, rules))
        made.remarks += [remark for rule in rules for remark in fewer(rule)]
    return made


def _outgoing(machine: Machine, made: Cones) -> list[Rule]:
    """The rules that translate flows of TCP to elsewhere, each once."""
    found: list[Rule] = []
    of_sources: dict[tuple[str, ...], list[Rule]] = {}
    wider: list[Rule] = []
    translating = [r for r in machine.rules if r.action in ("snat", "masquerade") and r.hook == "postrouting"]
    for rule in translating:
        if rule.sources and rule.sources == rule.destinations:
            made.passed_over["NAT of an address that speaks to itself"] += 1
            continue
        if rule.protocol == "udp":
            same = (rule.to_addresses, rule.sources)
            if not any((r.to_addresses, r.sources) == same for r in translating if r.protocol != "udp"):
                why = "UDP alone is translated so: a chain of its own"
                made.remarks.append(Remark(rule.where, rule.text, why))
            continue
        before = [*of_sources.get(rule.sources, ()), *wider]
        if earlier := next((each for each in before if _covers(each, rule)), None):
            made.remarks.append(Remark(rule.where, rule.text, f"never reached: {earlier.where} takes all"))
            continue
        found.append(rule)
        if not is_drawn(rule):
            of_sources.setdefault(rule.sources, []).append(rule)
            if not rule.sources or len(wider) < _MOST_WIDER:
                wider.append(rule)
    return found


def _through(machine: Machine, made: Cones, rules: Sequence[Rule]) -> list[Rule]:
    """The rules for what goes from one network to another, unless all are for flows within one."""
    hairpins = {id(rule) for rule in rules if _is_hairpin(machine, rule)}
    if len(hairpins) == len(rules):
        return list(rules)
    made.remarks += [Remark(rule.where, rule.text, _HAIRPIN) for rule in rules if id(rule) in hairpins]
    return [rule for rule in rules if id(rule) not in hairpins]


def _is_hairpin(machine: Machine, rule: Rule) -> bool:
    """Whether its flows go back into the network that they come from."""
    if not rule.sources or not (rule.out_interface or rule.destinations):
        return False
    names = dict.fromkeys(each.interface for each in machine.routing.addresses)
    for name in [rule.out_interface] if rule.out_interface else names:
        networks = [str(each.address.network) for each in machine.routing.of(name, rule.main_family)]
        inside = (*networks, *rule.sources, *(() if rule.out_interface else rule.destinations))
        if networks and AddressSet(inside) == AddressSet(networks):
            return True
    return False


def _covers(earlier: Rule, rule: Rule) -> bool:
    """Whether an earlier rule takes all that reaches this one: what it matches, this one matches too."""
    if earlier.family not in ("both", rule.family) or not {*earlier.left} <= {*rule.left}:
        return False
    if earlier.more_left > rule.more_left:
        return False
    pairs = {
        name: (getattr(earlier, name), getattr(rule, name)) for name in (*_MATCHED, *_PORTS, *_ADDRESSES)
    }
    return (
        all(wide in ("", narrow) for wide, narrow in (pairs[name] for name in _MATCHED))
        and all(_holds_ports(*pairs[name]) for name in _PORTS)
        and all(_holds_addresses(*pairs[name]) for name in _ADDRESSES)
    )


def _holds_ports(wide: str, narrow: str) -> bool:
    return wide in ("", narrow) or bool(narrow and not PortSet(narrow) - PortSet(wide))


def _holds_addresses(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if wide in ((), narrow) or not narrow:
        return wide in ((), narrow)
    inside = _ranges(wide)
    return all(
        any(version == v and low <= first and last <= high for v, low, high in inside)
        for version, first, last in _ranges(narrow)
    )


@lru_cache(maxsize=1024)
def _ranges(addresses: tuple[str, ...]) -> Sequence[tuple[int, int, int]]:
    return AddressSet([*addresses]).ranges


def _of_one_family(made: Cones, rules: Sequence[Rule]) -> list[Rule]:
    """IPv4 where both are translated: a chain that mixes them says nothing of either."""
    if all(rule.family == "ip6" for rule in rules):
        return list(rules)
    for rule in rules:
        if rule.family == "ip6":
            made.remarks.append(Remark(rule.where, rule.text, "IPv6 is translated too: a chain of its own"))
    return [rule for rule in rules if rule.family != "ip6"]


def _shared_out(rules: Sequence[Rule]) -> list[Rule]:
    """Rules of which each takes its part by ``statistic`` are one, to the addresses of all."""
    groups: dict[object, list[Rule]] = {}
    for rule in rules:
        plain = (
            rule.sources,
            rule.destinations,
            rule.out_interface,
            rule.protocol,
            rule.to_ports,
            rule.action,
        )
        groups.setdefault(plain if rule.action == "snat" else rule.where, []).append(rule)
    found = []
    for several in groups.values():
        if not any(map(is_drawn, several)) or len(several) == 1:
            found += several
            continue
        whole = tuple(dict.fromkeys(a for rule in several for a in rule.to_addresses))
        where = places(rule.where for rule in several)
        found.append(replace(several[-1], where=where, to_addresses=whole, others=""))
    return found


def _addresses(machine: Machine, rule: Rule) -> Said:
    """The addresses that it gives; for MASQUERADE the one of the interface that packets leave by."""
    if rule.to_addresses:
        several = list(rule.to_addresses)
        return Said(several if len(several) > 1 else several[0], rule.where)
    if address := machine.source(rule.out_interface, rule.main_family):
        return Said(address.host, f"{rule.where}, {address.where}")
    of = f"of {rule.out_interface}" if rule.out_interface else "of the default route's interface"
    return Said(1, rule.where, f"the address {of}: ip addr")
