"""nginx: what its servers listen at, where they pass connections to and from where, how many files it has.

The directives are those of nginx.org/en/docs, http and stream, version 1.27.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuplecalc.errors import InputError
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Draft, Said, Table, not_understood
from tuplecalc.sources.gathering import EVEN, NO_IP, SPARE, Gathering
from tuplecalc.sources.needs import needs
from tuplecalc.sources.places import (
    ANY,
    NO_PORTS,
    Place,
    addresses_of,
    host_and_port,
    is_address,
    places,
    ports_of,
)
from tuplecalc.sources.proxies.nginx_tree import (
    NOT_THERE,
    Directive,
    expanded,
    is_configuration,
    tree_of,
    values_of,
)
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.routes import LOCAL_PORTS, Route, drafted
from tuplecalc.sources.texts import Source
from tuplecalc.sources.told import cut

_PROTOCOLS = ("proxy", "grpc", "fastcgi", "uwsgi", "scgi", "memcached")
_PASSES = {f"{protocol}_pass": f"{protocol}_bind" for protocol in _PROTOCOLS}
_WITHIN = ("http", "stream", "events", "server", "location", "if", "limit_except", "upstream")
"""Blocks of directives; other blocks hold values."""
_WORDS = """
listen set map split_clients geo keepalive worker_processes worker_connections worker_rlimit_nofile
"""
_READ = frozenset([*_WITHIN, *_WORDS.split(), *_PASSES, *_PASSES.values()])
_LEFT_OUT = {
    "mail": "its servers are named while it runs, by auth_http",
    "limit_conn": "it limits connections at once: not in the model",
    "random": "which server a flow gets is taken as even",
}
_OPTIONS_LEFT_OUT = {
    "weight": EVEN,
    "max_conns": "it limits connections at once here: not in the model",
}
_CLIENT = re.compile(r"\$\{?(?:remote|realip_remote|proxy_protocol)_(addr|port)\}?")
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_PORT_OF = {"https": 443, "grpcs": 443}
_SHARES = "requests by $upstream_addr in the access log"
_POOLED = (
    "new connections to servers ÷ `accepts` of stub_status: log lines with $upstream_connect_time above 0.000"
)
_NOT_POOLED = "`requests` ÷ `accepts` of stub_status: each request has a connection of its own"


class _Pass(NamedTuple):
    """A directive that passes connections on, and what holds where it stands."""

    directive: Directive
    bind: Directive | None
    values: Mapping[str, tuple[str, ...]]
    """What variables may be."""


class _Module(NamedTuple):
    """`http` or `stream`, and what holds for all its servers."""

    name: str
    servers: tuple[Directive, ...]
    upstreams: Mapping[str, Directive]
    binds: Mapping[str, Directive]
    values: Mapping[str, tuple[str, ...]]


def _recognises(source: Source) -> bool:
    return any(is_configuration(text) for text in source.texts.values())


def _read(source: Source) -> Draft:
    gathering = Gathering()
    top = tree_of(source, gathering)
    _tell_what_is_left_out(top, gathering)
    routes = [
        route
        for module in _modules(top)
        for server in module.servers
        for route in _routes(server, module, gathering)
    ]
    if not routes:
        rule = "no server of this nginx configuration passes connections on"
        missing = [f"{each.said} ({each.where})" for each in gathering.remarks if each.why == NOT_THERE]
        way_out = f"not in it: {cut(', '.join(missing))}" if missing else "a proxy has proxy_pass or the like"
        way_out = way_out if source.only is None else f"{way_out}; `nginx -T` prints all of it"
        raise InputError(f"{source.name}: {rule}; {way_out}")
    gathering.tell_options(_OPTIONS_LEFT_OUT)
    return drafted("nginx", routes, _files(top), _SHARES, gathering.remarks, gathering.passed_over)


READER = Reader("nginx", _recognises, _read)


def _modules(top: Sequence[Directive]) -> Iterator[_Module]:
    """The blocks `http` and `stream`; what stands outside is a file that `http` includes."""
    yield from (_module(each) for each in top if each.name in ("http", "stream"))
    alone = tuple(each for each in top if each.name in ("server", "upstream", "map", "split_clients"))
    if alone:
        yield _module(Directive(alone[0].where, "http", (), alone))


def _module(block: Directive) -> _Module:
    return _Module(
        block.name,
        block.all("server"),
        {each.words[0]: each for each in block.all("upstream") if each.words},
        {each.name: each for each in block.all(*_PASSES.values())},
        values_of(block.block, {}),
    )


def _tell_what_is_left_out(directives: Sequence[Directive], gathering: Gathering) -> None:
    known = needs("crossplane.analyzer", "nginx-crossplane", "reading nginx's configuration").DIRECTIVES
    for each in directives:
        if each.name in _LEFT_OUT:
            gathering.remark(each, _LEFT_OUT[each.name])
        elif each.name in _READ:
            _tell_what_is_left_out(each.block if each.name in _WITHIN else (), gathering)
        elif each.name in known:
            gathering.passed_over[each.name] += 1
        else:
            gathering.remark(each, not_understood("no directive of nginx that is known here"))


def _routes(server: Directive, module: _Module, gathering: Gathering) -> Iterator[Route]:
    """A route for each directive that passes connections on, of each way in which they are captured."""
    captures = list(_captures(server, module, gathering))
    passes = list(_passes(server.block, module.binds, module.values, is_http=module.name == "http"))
    for each in passes:
        name, servers, upstream = _servers(each, module.upstreams, gathering)
        for capture, listeners in captures if servers else ():
            leaving = _leaving(each, gathering)
            reuse = _reuse(upstream, each.directive) if module.name == "http" else {}
            fits = leaving["source"].value != "client-port"
            yield Route(name, {**capture, **leaving, **(reuse if fits else {})}, listeners, servers)
    if not passes:
        gathering.remark(server, "it passes nothing on: its connections are not counted")


def _captures(
    server: Directive, module: _Module, gathering: Gathering
) -> Iterator[tuple[Table, tuple[Place, ...]]]:
    """How it captures flows, and where it listens."""
    plain: list[Place] = []
    transparent: list[Place] = []
    listens = server.all("listen") or (Directive(server.where, "listen", ("80",)),)  # as nginx does for root
    for each in listens:
        address, *options = each.words or ("80",)
        if address.startswith("unix:") or {"udp", "quic"} & {*options}:
            gathering.remark(each, "no TCP over IP: it is not counted")
            continue
        host, port = ("", address) if ports_of(address) else _host_and_port(address)
        ports = ports_of(port) if port or module.name == "stream" else PortSet(80)
        if not ports:
            gathering.remark(each, "its port is not known here")
        place = Place(ANY if host in ("", "*", "0.0.0.0", "::") else host, ports, each.where)
        (transparent if "transparent" in options else plain).append(place)
    if plain:
        yield {"capture": Said("listen", places(each.where for each in plain))}, tuple(plain)
    if transparent:
        where = places(each.where for each in transparent)
        yield {"capture": Said("tproxy", where)}, ()


def _passes(
    block: Sequence[Directive],
    binds: Mapping[str, Directive],
    values: Mapping[str, tuple[str, ...]],
    *,
    is_http: bool,
) -> Iterator[_Pass]:
    binds = {**binds, **{each.name: each for each in block if each.name in _PASSES.values()}}
    values = values_of(block, values)
    for each in block:
        if each.name in _PASSES and each.words:
            yield _Pass(each, binds.get(_PASSES[each.name]), values)
        elif is_http and each.name in ("location", "if", "limit_except"):
            yield from _passes(each.block, binds, values, is_http=is_http)


def _servers(
    passing: _Pass, upstreams: Mapping[str, Directive], gathering: Gathering
) -> tuple[str, tuple[Place, ...], Directive | None]:
    """Its name, the servers behind a directive, and its `upstream` block."""
    found: list[Place] = []
    name, upstream = "", None
    needs_port = passing.directive.name in ("fastcgi_pass", "uwsgi_pass", "scgi_pass")
    for target in expanded(passing.directive.words[0], passing.values):
        scheme, found_scheme, rest = target.partition("://")
        address = re.split("[/?]", rest if found_scheme else target, maxsplit=1)[0]
        name = name or address
        if address in upstreams:
            upstream = upstreams[address]
            found += _of_upstream(upstream, gathering)
        elif address.startswith("unix:"):
            gathering.remark(passing.directive, NO_IP)
        elif "$" in address:
            gathering.remark(passing.directive, "where it goes shows while it runs: write these services")
            found.append(Place(ANY, NO_PORTS, passing.directive.where))
        else:
            host, port = _host_and_port(address)
            default = NO_PORTS if needs_port else PortSet(_PORT_OF.get(scheme, 80))
            found.append(Place(host or ANY, ports_of(port) if port else default, passing.directive.where))
    return name, tuple(found), upstream


def _of_upstream(upstream: Directive, gathering: Gathering) -> Iterator[Place]:
    for each in upstream.all("server"):
        address, *options = each.words or ("",)
        if {"backup", "down"} & {*options}:
            gathering.remark(each, SPARE)
        elif address.startswith("unix:") or not address:
            gathering.remark(each, NO_IP)
        else:
            host, port = _host_and_port(address)
            yield Place(host, ports_of(port) if port else PortSet(80), each.where)
            for option in options:
                if (key := option.partition("=")[0]) in _OPTIONS_LEFT_OUT:
                    gathering.leave_out(key, each)


def _leaving(passing: _Pass, gathering: Gathering) -> Table:
    """The source of upstream connections, by the `…_bind` that holds there."""
    bind = passing.bind
    addresses = expanded(bind.words[0], passing.values) if bind is not None and bind.words else []
    addresses = [each for each in addresses if each not in ("off", "")]
    local = {"ports": Said(None, "", LOCAL_PORTS)}
    if bind is None or not addresses:
        return {"preset": Said("nginx"), "source": Said("own"), **local}
    found = {"preset": Said("nginx", bind.where)}
    clients = {part for each in addresses for part in _CLIENT.findall(each)}
    if "addr" in clients:
        if "transparent" not in bind.words[1:]:
            gathering.remark(bind, "without `transparent` it can only bind addresses of its own")
        if "port" in clients:
            return {**found, "source": Said("client-port", bind.where)}
        return {**found, "source": Said("client", bind.where), **local}
    split = [_host_and_port(each) for each in addresses]
    own = addresses_of(Place(host, NO_PORTS, bind.where) for host, _ in split)
    ports = ports_of(split[0][1])
    if any("$" in each for each in addresses):
        gathering.remark(bind, "which addresses it is shows while it runs")
    given = {"ports": Said(ports.spec, bind.where)} if ports else local
    return {**found, "source": Said("own", bind.where), "addresses": own, **given}


def _reuse(upstream: Directive | None, directive: Directive) -> Table:
    """Upstream connections of a flow: fewer than one where they are kept, else one for each request."""
    keepalive = upstream.all("keepalive") if upstream else ()
    where, how = (keepalive[-1].where, _POOLED) if keepalive else (directive.where, _NOT_POOLED)
    return {"connections_per_flow": Said(1, where, how)}


def _files(top: Sequence[Directive]) -> Table:
    """Connections of all workers, those to servers included, so that a flow has two; or their files."""
    events = [each for block in top if block.name == "events" for each in block.block]
    last = {each.name: each for each in (*top, *events) if each.words}
    limits = [last[key] for key in ("worker_connections", "worker_rlimit_nofile") if key in last]
    if not limits and "events" not in {each.name for each in top}:
        return {"max_files": Said(None, "", "worker_processes × worker_connections of nginx.conf: nginx -T")}
    of_one = [int(each.words[0]) for each in limits if _NUMBER.fullmatch(each.words[0])]
    fewest = min(of_one if "worker_connections" in last and of_one else [*of_one, 512])
    processes = last.get("worker_processes", Directive("", "worker_processes", ("1",)))
    where = places(each.where for each in (processes, *limits))
    if not _NUMBER.fullmatch(processes.words[0]):
        return {"max_files": Said(None, where, f"{fewest} × the number of workers: nproc")}
    return {"max_files": Said(int(processes.words[0]) * fewest, f"{where}: {processes.words[0]} × {fewest}")}


def _host_and_port(address: str) -> tuple[str, str]:
    """An address and a port; an IPv6 address has brackets where a port stands behind it."""
    return (address, "") if is_address(address) else host_and_port(address)
