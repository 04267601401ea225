"""A machine → what it says of a chain: its hops, who goes through them, and to where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Draft, Remark, Said, Table
from tuplecalc.sources.host import sysctl
from tuplecalc.sources.host.balancers import Service, behind, left_out, services, together, virtual
from tuplecalc.sources.host.captures import captures
from tuplecalc.sources.host.cones import cones
from tuplecalc.sources.host.machine import Machine, places
from tuplecalc.sources.host.rule import Rule
from tuplecalc.sources.places import write_once, writes_addresses

_SHARE = "which part of the flows goes this way"
_OURS = "named here"
_IN_USE = "how many of these addresses are in use: ip neigh"
_ANOTHER_WAY = "a virtual service beside what is translated or captured: a chain of its own"
_NO_ENTRY = "these flows are not tracked; counted as if they were, and were translated"
_NO_TABLE = "nothing is tracked on this machine: it has no table to count, so leave `max_entries` out"
_OF_VIRTUAL = ("dnat", "vaddr")
"""Matches of flows whose destination was changed: by `ct status`, `--ctstate`, IPVS."""
_ONLY_OF_VIRTUAL = re.compile(
    r"ct status dnat|--ctsta(te|tus) dnat|--vaddr (?P<to>\S+?)(/32|/128)?( --v\w+ \S+)*"
)
_Hop = tuple[dict[str, Said], list[Rule]]


def draft(machine: Machine) -> Draft:
    """What a machine says of a chain.

    Captured flows stand first, then those that are translated or passed on; they are kinds where a
    machine does both.
    """
    proxies, remarks = captures(machine)
    made = cones(machine)
    virtuals, more = services(machine)
    remarks += made.remarks + more
    hops = [*proxies, *made.found]
    behind_it: tuple[Table, ...] = ()
    if virtuals and (not hops or _takes_all(machine, proxies, made.found, virtuals)):
        service, more = together(virtuals)
        remarks = [remark for remark in remarks if remark.where not in _of_virtual(hops, service)] + more
        behind_it = behind(service)
        hops = hops or [_balancer(machine, service)]
        if service.rewrites:
            hops[0][0]["virtual"] = virtual(service, machine)
    else:
        remarks += left_out(virtuals, _ANOTHER_WAY)
    if not hops and sysctl.forwards(machine.settings):
        hops = [_router(machine)]
    remarks += _not_tracked(machine, hops)
    kinds = _ways(machine, hops)
    if not behind_it:
        kinds, behind_it = _wanted(proxies, kinds)
    return Draft(
        hops=tuple(table for table, _ in hops),
        clients=_clients(machine, hops),
        services=behind_it,
        kinds=kinds,
        remarks=tuple(remarks),
        passed_over=made.passed_over + _for_udp(machine),
    )


def _of_virtual(hops: Sequence[_Hop], service: Service) -> set[str]:
    """Where rules stand that match nothing but the flows of a virtual service, which are counted."""
    matched = ((rule, _ONLY_OF_VIRTUAL.fullmatch(rule.others.lower())) for _, rules in hops for rule in rules)
    return {
        rule.where
        for rule, match in matched
        if match and not rule.left and (not match["to"] or match["to"] in service.addresses)
    }


def _for_udp(machine: Machine) -> Counter[str]:
    """Rules that the tuples of TCP do not depend on; those of source NAT are remarked where they matter."""
    others = ("redirect", "dnat", "tproxy")
    return Counter(
        "rules for UDP alone" for rule in machine.rules if rule.protocol == "udp" and rule.action in others
    )


def _takes_all(
    machine: Machine, proxies: Sequence[_Hop], outward: Sequence[_Hop], virtuals: Sequence[Service]
) -> bool:
    """Whether the one cone translates the flows of the virtual services too, on their way to the servers.

    Its rules are then for any source, and for all destinations, or for the servers' or their network.
    """
    if proxies or len(outward) != 1 or not all(each.rewrites for each in virtuals):
        return False
    towards: list[str] = []
    for rule in outward[0][1]:
        others = rule.others.lower()
        if rule.sources or rule.left or (others and not any(word in others for word in _OF_VIRTUAL)):
            continue
        if not rule.out_interface and not rule.destinations:
            return True
        networks = (str(a.address.network) for a in machine.routing.of(rule.out_interface, rule.main_family))
        towards += rule.destinations or networks
    servers = [address for each in virtuals for address, _, _ in each.targets]
    return bool(towards) and AddressSet(towards + servers) == AddressSet(towards)


def _balancer(machine: Machine, service: Service) -> _Hop:
    table = {
        "name": Said("balancer", _OURS),
        "kind": Said("hourglass", service.where),
        "layer": Said(4, service.where),
    }
    return table | (machine.tracking_table() if service.is_tracked else {}), []


def _router(machine: Machine) -> _Hop:
    forwards = "net.ipv4.ip_forward"
    where = machine.settings[forwards].where if forwards in machine.settings else "sysctl"
    table = {"name": Said("router", _OURS), "kind": Said("hourglass", where), "layer": Said(3, where)}
    if machine.untracked():
        return table, []
    if tracked := machine.tracking_table():
        table["preset"] = Said("linux-router", where, machine.is_tracking())
    return table | tracked, []


def _not_tracked(machine: Machine, hops: Sequence[_Hop]) -> list[Remark]:
    """Rules that keep flows out of the tracking table, where hops do not say so themselves."""
    if any("max_entries" in table for table, _ in hops):
        why = _NO_ENTRY
    elif machine.untracked() and any("tracking" not in table for table, _ in hops):
        why = _NO_TABLE
    else:
        return []
    rules = machine.the("notrack", "prerouting", "output")
    return [Remark(rule.where, rule.text, why) for rule in rules]


def _ways(machine: Machine, hops: list[_Hop]) -> tuple[Table, ...]:
    """The kinds of flows, by the hops that they cross, where there are several; and whose hops these are."""
    if len(hops) < 2:
        return ()
    _agree([table for table, _ in hops])
    write_once(table for table, _ in hops if "capture" not in table)  # of two cones
    kinds: list[Table] = []
    captured = [table for table, _ in hops if "capture" in table]
    for table, rules in hops:
        group = captured if table in captured else [other for other, _ in hops if other not in captured]
        number = group.index(table) + 1
        name = ("captured" if table in captured else "passing") + (f"-{number}" if number > 1 else "")
        if number > 1:
            table["name"] = Said(f"{table['name'].value}-{number}", _OURS)
        where = places(rule.where for rule in rules)
        table["machine"] = Said(machine.name, f"one machine: {machine.files}")
        if table in captured or not _crosses_too(captured, group):
            table["traffic"] = Said([name], where)
        kinds.append({"name": Said(name, where), "share": Said(str(Fraction(1, len(hops))), unknown=_SHARE)})
    return tuple(kinds)


def _wanted(proxies: Sequence[_Hop], kinds: tuple[Table, ...]) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """Kinds and services by the ports that captured flows go to, where rules say these."""
    found: dict[str, Said] = {}
    for number, (_, rules) in enumerate(proxies):
        ports = [rule.destination_ports for rule in rules]
        if all(ports):
            name = str(kinds[number]["name"].value) if kinds else ""
            found[name] = Said(PortSet(", ".join(ports)).spec, places(rule.where for rule in rules))
    if not found:
        return kinds, ()
    if not kinds:
        return kinds, tuple({"ports": ports} for ports in found.values())
    others = [str(each["name"].value) for each in kinds if each["name"].value not in found]
    tables: list[Table] = [{"name": Said(name, said.where), "ports": said} for name, said in found.items()]
    tables += [{"name": Said("others", _OURS)}] * bool(others)
    named = ((kind, kind["name"]) for kind in kinds)
    to = (
        {**kind, "services": Said([name.value if name.value in found else "others"], name.where)}
        for kind, name in named
    )
    return tuple(to), tuple(tables)


def _agree(tables: Sequence[dict[str, Said]]) -> None:
    """What hops of one machine have in common: a table that tracks, and no files that are another's."""
    tracking = [table for table in tables if "tracking" in table]
    if len({table["tracking"].value for table in tracking}) > 1:
        for table in tracking:
            table["tracking"] = max((other["tracking"] for other in tracking), key=_strictness)
    files = {table["max_files"].value for table in tables if "max_files" in table}
    for table in tables if len(files) > 1 else ():
        if "max_files" in table:
            table["max_files"] = Said(unknown="the files of all proxies of the machine together")


def _strictness(said: Said) -> int:
    return ("off", "loose", "strict").index(str(said.value))


def _crosses_too(captured: Sequence[Table], passing: Sequence[Table]) -> bool:
    """Whether what proxies send is translated like what passes: it has the clients' addresses."""
    return len(passing) == 1 and all(table["source"].value == "client" for table in captured)


def _clients(machine: Machine, hops: Sequence[_Hop]) -> Table:
    if not hops:
        return _itself(machine)
    found = dict(each for _, rules in hops for each in _sources(machine, rules))
    if not found:
        return {}
    where, several = places(found.values()), AddressSet(list(found))
    given = [table["addresses"].value for table, _ in hops if writes_addresses(table)]
    kept = any("source" in table and table["source"].value == "client" for table, _ in hops)
    if kept and any(several.common(AddressSet(each)) for each in given):
        return {"addresses": Said(several.size, where, f"{_IN_USE}; the machine's own are among them")}
    return {"addresses": Said(several.spec, where, _IN_USE)}


def _itself(machine: Machine) -> Table:
    """A machine that neither translates nor forwards is a client of others."""
    own = [each for each in machine.routing.addresses if each.is_reachable and each.family == "ip"]
    addresses = Said(1, unknown="the address of the machine: ip addr")
    if own:
        addresses = Said(AddressSet([each.host for each in own]).spec, places(each.where for each in own))
    return {"addresses": addresses} | sysctl.sockets(machine.settings)


def _sources(machine: Machine, rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    """The addresses that flows come from: what rules say, or the networks that they come in by."""
    for rule in rules:
        outside = machine.source(rule.out_interface, rule.main_family)
        if rule.sources:
            yield from ((each, rule.where) for each in rule.sources)
            continue
        if rule.hook == "output":
            own = machine.routing.of("*", rule.main_family)
            yield from ((each.host, each.where) for each in own)
            continue
        for each in machine.routing.of(rule.in_interface or "*", rule.main_family):
            inside = rule.in_interface or (outside is not None and each.interface != outside.interface)
            if inside and each.address.network.num_addresses > 1:  # else it is the machine's own alone
                yield str(each.address.network), each.where
