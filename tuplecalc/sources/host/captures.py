"""TPROXY, REDIRECT and DNAT to the machine itself → proxies that capture."""

from __future__ import annotations

from collections.abc import Iterator

from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, Said
from tuplecalc.sources.host import sysctl
from tuplecalc.sources.host.machine import Machine, fewer, places
from tuplecalc.sources.host.rule import Rule

_SOURCE = "does it speak from its clients' addresses? (haproxy: usesrc, nginx: proxy_bind … transparent)"
_ADDRESS = "from which address it speaks; one until then: ip route get SERVER"
_HOOKS = ("prerouting", "input", "output", "postrouting")
"""Where packets of a proxy pass: what it captures is not forwarded."""
_OWN_LISTENERS = "not all services share all listen_ports: one that all flows go to has its listener's alone"
_OF_ITSELF = {"22", "53", "123", "161", "179"}
_DAEMONS = {
    "sshd",
    "dropbear",
    "dnsmasq",
    "unbound",
    "named",
    "systemd-resolve",
    "systemd-resolved",
    "chronyd",
}
"""Ports and processes of services that a machine has for itself: what leads to them is no proxy."""
_ITS_OWN = "it leads to a service of the machine itself, which is no proxy: not counted"
_NO_WAY_HOME = "TPROXY does nothing: no `ip rule` sends its mark to a table with `local default`"


def captures(machine: Machine) -> tuple[list[tuple[dict[str, Said], list[Rule]]], list[Remark]]:
    """The proxies, each with its rules; and what is wrong with these."""
    remarks: list[Remark] = []
    found = []
    for rule in machine.the("redirect") + [r for r in machine.the("dnat") if is_to_itself(machine, r)]:
        if _is_of_itself(machine, rule):
            remarks.append(Remark(rule.where, rule.text, _ITS_OWN))
    ways = [("tproxy", machine.the("tproxy")), *(("nat", rules) for rules in _redirected(machine))]
    for capture, rules in ways:
        if rules:
            found.append((_proxy(machine, rules, capture), rules))
        for rule in rules:
            remarks += [Remark(rule.where, rule.text, why) for why in _wrong(machine, rule)]
            remarks += fewer(rule)
        if capture == "nat" and len({rule.to_ports for rule in rules}) > 1:
            remarks.append(Remark(rules[0].where, rules[0].text, _OWN_LISTENERS))
    return found, remarks


def _wrong(machine: Machine, rule: Rule) -> Iterator[str]:
    if rule.mark is not None and machine.routing.leads_home(rule.mark, rule.main_family) is False:
        yield _NO_WAY_HOME
    ports = PortSet(rule.to_ports or rule.destination_ports or "1-65535")
    if machine.listeners is not None and not any(each.port in ports for each in machine.listeners):
        yield f"nothing listens on {ports}"


def is_to_itself(machine: Machine, rule: Rule) -> bool:
    """Whether a DNAT leads to a socket of the machine."""
    return bool(rule.to_addresses) and all(map(machine.routing.is_own, rule.to_addresses))


def _redirected(machine: Machine) -> Iterator[list[Rule]]:
    """The rules for what comes from elsewhere, and those that are only for the machine's own clients."""
    seen: set[str] = set()
    for hook in ("prerouting", "output"):
        dnat = [rule for rule in machine.the("dnat", hook) if is_to_itself(machine, rule)]
        rules = [rule for rule in machine.the("redirect", hook) + dnat if rule.where not in seen]
        seen |= {rule.where for rule in rules}
        yield [rule for rule in rules if not _is_of_itself(machine, rule)]


def _is_of_itself(machine: Machine, rule: Rule) -> bool:
    """Whether it leads to a service like sshd, which ends its flows."""
    process = _process(machine, [rule])
    ports = rule.to_ports or rule.destination_ports
    return ports in _OF_ITSELF or (process is not None and process[0] in _DAEMONS)


def _proxy(machine: Machine, rules: list[Rule], capture: str) -> dict[str, Said]:
    where = places(rule.where for rule in rules)
    process = _process(machine, rules)
    table = {
        "name": Said(process[0] if process else "proxy", process[1] if process else "named here"),
        "kind": Said("hourglass", where),
        "layer": Said(7, where),
        "capture": Said(capture, where),
    }
    if capture == "nat":
        table |= _listens(rules, where) | _rewritten(machine)
    table["source"] = Said("own", unknown=_SOURCE)
    family = min(rule.main_family for rule in rules)
    for rule in machine.the("transparent-socket")[:1]:
        table["source"] = Said("client", rule.where, _SOURCE)
    if table["source"].value == "own":
        address = machine.source(family=family)
        table["addresses"] = Said(address.host, address.where) if address else Said(unknown=_ADDRESS)
    table |= sysctl.sockets(machine.settings)
    table["tracking"] = _tracking(machine, rules, capture)
    if table["tracking"].value != "off":
        table |= machine.tracking_table()
    return table | _files(machine, process[0] if process else "")


def _listens(rules: list[Rule], where: str) -> dict[str, Said]:
    """Listeners: the address too where a DNAT names it; REDIRECT takes that of the interface."""
    found = {}
    if addresses := list(dict.fromkeys(a for rule in rules for a in rule.to_addresses)):
        found["listen_addresses"] = Said(addresses if len(addresses) > 1 else addresses[0], where)
    ports = [rule.to_ports or rule.destination_ports for rule in rules]
    if all(ports):
        found["listen_ports"] = Said(PortSet(", ".join(ports)).spec, where)
    else:
        found["listen_ports"] = Said(unknown="a rule without ports leaves them as they are: ss -ltn")
    return found


def _rewritten(machine: Machine) -> dict[str, Said]:
    """The source ports that an SNAT at the input hook leaves to clients."""
    for rule in machine.the("snat", "input"):
        if rule.to_ports:
            return {"rewrite_ports": Said(PortSet(rule.to_ports).spec, rule.where)}
    return {}


def _tracking(machine: Machine, rules: list[Rule], capture: str) -> Said:
    """``strict`` where something drops invalid packets, ``off`` where these flows are not tracked."""
    ports = PortSet.of_ranges([])
    for rule in rules:
        ports |= PortSet(rule.destination_ports or "1-65535")
    interfaces = ("", *{rule.in_interface for rule in rules})
    for rule in machine.the("notrack", "prerouting") if capture == "tproxy" else ():
        part = rule.sources or rule.destinations or rule.source_ports or rule.others or rule.left
        left = ports - PortSet(rule.destination_ports or "1-65535")
        if not part and not left and rule.in_interface in interfaces:
            return Said("off", rule.where)
    if capture == "tproxy" and (untracked := machine.untracked()):
        return untracked
    unknown = machine.is_tracking()
    liberal = sysctl.number(machine.settings, "net.netfilter.nf_conntrack_tcp_be_liberal")
    if liberal is not None and liberal.value:
        return Said("loose", liberal.where, unknown)
    for rule in machine.the("drop-invalid", *_HOOKS):
        return Said("strict", rule.where)
    return Said("loose", "no rule drops invalid packets", unknown)


def _process(machine: Machine, rules: list[Rule]) -> tuple[str, str] | None:
    """The name of the process that listens on the port, and where that stands."""
    for rule in rules:
        for listener in machine.listeners or ():
            if listener.port in PortSet(rule.to_ports or rule.destination_ports or "1-65535"):
                return next(((name, listener.where) for name, _ in listener.processes), None)
    names = {each.process: each.where for each in machine.limits if each.process}
    return next(iter(names.items())) if len(names) == 1 and machine.listeners is None else None


def _files(machine: Machine, process: str) -> dict[str, Said]:
    several = [each for each in machine.limits if each.process == process]
    if not several:
        return {}
    least = min(several, key=lambda each: each.files)
    shared = f"{len(several)} processes are called {process}, each has so many" if len(several) > 1 else ""
    return {"max_files": Said(least.files, least.where, shared)}
