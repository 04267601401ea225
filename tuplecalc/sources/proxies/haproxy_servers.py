"""Servers of haproxy.cfg: where they are, and from which addresses and ports they are reached."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.sources.draft import Said, Table
from tuplecalc.sources.gathering import NO_IP, SPARE, WANTED, Gathering
from tuplecalc.sources.places import ANY, NO_PORTS, Place, addresses_of, host_and_port, places, ports_of
from tuplecalc.sources.proxies.haproxy_grammar import Line, Section
from tuplecalc.sources.proxies.haproxy_words import OPTIONS_LEFT_OUT
from tuplecalc.sources.routes import LOCAL_PORTS

NUMBER = re.compile("[0-9]{1,9}")
ANY_HOSTS = ("0.0.0.0", "::", "*", "")
_REUSE = "`show stat` on the stats socket: connect of all backends ÷ conn_tot of all frontends"
_NO_IP = re.compile(r"/|(?:unix|abnsz?|fd|sockpair|rhttp|udp[46]?|quic[46]?|stdin)@")
_IP = re.compile(r"(?:ipv[46]|(?:mp)?tcp[46]?)@")


class Origin(NamedTuple):
    """A ``source``: the mode, an address (empty: that of the route), ports that it hands out itself."""

    mode: str = "own"
    address: str = ""
    ports: PortSet = NO_PORTS


class Server(NamedTuple):
    """A server that gets flows."""

    place: Place
    source: Origin
    said: str
    """Where its source stands."""


def servers_of(backend: Section, listeners: Sequence[Place], gathering: Gathering) -> Iterator[Server]:
    """The servers that get flows."""
    for line in backend.own("server", "server-template", "dispatch"):
        at = {"server": 2, "server-template": 3, "dispatch": 1}[line.words[0]]
        options = line.words[at + 1 :]
        default = backend.last("default-server")
        spare = {*options, *(default.words if default else ())} & {"backup", "disabled"}
        spare -= {"disabled"} if "enabled" in options else set()
        spare -= {"backup"} if "non-backup" in options else set()
        host, ports = split_address(line.words[at]) if len(line.words) > at else (None, "")
        if spare:
            gathering.remark(line, SPARE)
        elif host is None:
            gathering.remark(line, NO_IP if len(line.words) > at else "no address")
        else:
            if host in ANY_HOSTS:
                gathering.remark(line, WANTED)
            where, source = _source(line, options, backend, gathering)
            place = Place(ANY if host in ANY_HOSTS else host, _server_ports(ports, listeners), line.where)
            number = _count(line.words[2]) if line.words[0] == "server-template" else 1
            yield Server(place._replace(addresses=number), source, where)
            tell_options(line, options, gathering)


def _server_ports(written: str, listeners: Sequence[Place]) -> PortSet:
    """Its own port, or that of its clients with what is added to it: ``+1000``."""
    if written and written[0] not in "+-":
        return ports_of(written)
    added = int(written) if NUMBER.fullmatch(written[1:]) else 0
    ranges = [(low + added, high + added) for each in listeners for low, high in each.ports.ranges]
    return PortSet.of_ranges(each for each in ranges if each[0] > 0 and each[1] <= LAST_PORT)


def _count(written: str) -> int:
    """How many servers a template makes: ``3`` or ``2-4``."""
    return ports_of(written if "-" in written else f"1-{written}").size or 1


def _source(line: Line, options: Sequence[str], backend: Section, gathering: Gathering) -> tuple[str, Origin]:
    """Where a server is reached from: as its own line says, or default-server, or the backend."""
    default, of_backend = backend.last("default-server"), backend.last("source")
    if "source" in options:
        words, said = options, line
    elif default and "source" in default.words:
        words, said = default.words, default
    elif of_backend:
        words, said = of_backend.words, of_backend
    else:
        return "", Origin()
    rest = [*words[words.index("source") + 1 :], "", "", ""]
    address = rest.pop(0)
    whose = rest[1] if rest[0] == "usesrc" else ""
    if whose.startswith("hdr_ip("):
        gathering.remark(said, "whose address it is stands in a header: taken as the client's")
        whose = "clientip"
    mode = {"client": "client-port", "clientip": "client"}.get(whose, "own")
    address = whose if whose and mode == "own" else address
    host, ports = split_address(address)
    if host is None:
        gathering.remark(said, "no address of IP")
    own = "" if mode != "own" or host in ANY_HOSTS else host or ""
    return said.where, Origin(mode, own, NO_PORTS if mode == "client-port" else ports_of(ports))


def split_address(written: str) -> tuple[str | None, str]:
    """An address's host and port; no host where it is not of TCP over IP."""
    return (None, "") if _NO_IP.match(written) else host_and_port(_IP.sub("", written, count=1))


def tell_options(line: Line, options: Sequence[str], gathering: Gathering) -> None:
    """Remember options of a bind or server line that are left out."""
    for option in OPTIONS_LEFT_OUT.keys() & {*options}:
        gathering.leave_out(option, line)


def leaving(servers: Sequence[Server]) -> Table:
    """The source of upstream connections: whose address, which ports."""
    mode = servers[0].source.mode
    where = places(each.said for each in servers)
    of_address: dict[str, PortSet] = {}
    for address, ports in {(each.source.address, each.source.ports) for each in servers}:
        of_address[address] = of_address.get(address, NO_PORTS) | ports
    handed_out = reduce(or_, of_address.values())
    presets = {"own": "haproxy-source-range" if handed_out else "haproxy"}
    found = {"preset": Said(presets.get(mode, "haproxy-clientip"), where), "source": Said(mode, where)}
    if mode == "own" and {*of_address} != {""}:
        found["addresses"] = addresses_of(
            Place(each or "the route's", NO_PORTS, where) for each in of_address
        )
    if handed_out:
        pairs = sum(ports.size for ports in of_address.values())
        even = pairs == len(of_address) * handed_out.size
        given = handed_out.spec if even else {"count": pairs // len(of_address)}
        found["ports"] = Said(given, where)
        found["allocation"] = Said("tuple", f"{where}: each server has a pool of its own")
    elif mode != "client-port":
        found["ports"] = Said(None, "", LOCAL_PORTS)
    return found


def reuse(mode: str, backend: Section) -> Table:
    """How many upstream connections a flow has; one where it speaks as its client, and in TCP."""
    http, policy = backend.last("mode"), backend.last("http-reuse")
    if mode != "own" or http is None or http.words[1:2] != ("http",):
        return {}
    if policy is not None and policy.words[1:2] == ("never",):
        return {}
    return {"connections_per_flow": Said(1, (policy or http).where, _REUSE)}


def reached_alike(servers: Iterable[Server]) -> Iterable[list[Server]]:
    """Servers that are reached from the same sources; one that stands there twice may have two."""
    endpoints: dict[tuple[str, PortSet, str], list[Server]] = {}
    for each in servers:
        endpoints.setdefault((each.place.address, each.place.ports, each.source.mode), []).append(each)
    alike: dict[frozenset[Origin], list[Server]] = {}
    for same in endpoints.values():
        alike.setdefault(frozenset(each.source for each in same), []).extend(same)
    return alike.values()
