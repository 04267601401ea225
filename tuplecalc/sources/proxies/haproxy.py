"""haproxy.cfg: what its frontends capture, where its servers are reached from, how many files it has.

The keys are those of HAProxy's configuration manual, section 4 (proxies) and 5 (bind, server), version 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tuplecalc.errors import InputError
from tuplecalc.sources.draft import Draft, Said, Table, not_understood
from tuplecalc.sources.gathering import NO_IP, Gathering
from tuplecalc.sources.places import ANY, Place, places, ports_of
from tuplecalc.sources.proxies.haproxy_grammar import Line, Section, sections_of
from tuplecalc.sources.proxies.haproxy_servers import (
    ANY_HOSTS,
    NUMBER,
    leaving,
    reached_alike,
    reuse,
    servers_of,
    split_address,
    tell_options,
)
from tuplecalc.sources.proxies.haproxy_words import (
    LEFT_OUT,
    NO_TUPLE,
    NO_TUPLE_FAMILIES,
    OPTIONS_LEFT_OUT,
    READ,
)
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.routes import Route, drafted
from tuplecalc.sources.texts import Source, Text

_SECTION = re.compile(
    r"^[ \t]*(?:global|(?:defaults|frontend|backend|listen)(?:[ \t]+[^\s;{=]+)*)[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)
_KEYWORD = re.compile(
    r"^[ \t]*(?:bind|server|server-template|mode|timeout|maxconn)[ \t]+[^\s{]", re.MULTILINE
)
_PROXIES = ("frontend", "backend", "listen")
_SHARES = "new connections of each backend: stot of `show stat` on the stats socket"
_FILES = "2 × Maxconn of `show info` on the stats socket"


def _recognises(source: Source) -> bool:
    return any(_is_configuration(text) for text in source.texts.values())


def _is_configuration(text: Text) -> bool:
    return bool(_SECTION.search(text.text) and _KEYWORD.search(text.text))


def _read(source: Source) -> Draft:
    gathering = Gathering()
    ours = [text for text in source.distinct if _is_configuration(text)]
    if others := len(source.distinct) - len(ours):
        gathering.passed_over["files of another kind"] = others
    sections = sections_of(ours, gathering)
    _tell_what_is_left_out(sections, gathering)
    backends = {each.name: each for each in sections if each.kind in ("backend", "listen")}
    routes: list[Route] = []
    used: list[Section] = []
    for frontend in sections:
        if frontend.kind in ("frontend", "listen") and not frontend.own("disabled"):
            found = list(_routes(frontend, backends, gathering))
            routes += found
            used += [frontend] if found else []
    if not routes:
        rule = "no frontend of this haproxy.cfg leads to a server"
        way_out = "give all its files at once, as a folder or a tar" if source.only else "one has a backend"
        raise InputError(f"{source.name}: {rule}; {way_out}")
    gathering.tell_options(OPTIONS_LEFT_OUT)
    files = _files([each for each in sections if each.kind == "global"], used, gathering)
    return drafted("haproxy", routes, files, _SHARES, gathering.remarks, gathering.passed_over)


READER = Reader("haproxy.cfg", _recognises, _read)


def _tell_what_is_left_out(sections: Sequence[Section], gathering: Gathering) -> None:
    for section in sections:
        if section.kind not in ("global", "defaults", *_PROXIES):
            gathering.passed_over[section.kind] += 1
            continue
        for line in section.lines:
            negated = line.words[0] in ("no", "default") and len(line.words) > 1
            word = line.words[1 if negated else 0]
            if word == "default-server":
                tell_options(line, line.words[1:], gathering)
            if word in LEFT_OUT:
                gathering.remark(line, LEFT_OUT[word])
            elif line.words[:2] == ("option", "nolinger"):
                gathering.remark(line, "it resets connections instead: their time_wait is 0")
            elif word in NO_TUPLE or word.startswith(NO_TUPLE_FAMILIES):
                gathering.passed_over[word] += 1
            elif word not in READ:
                gathering.remark(line, not_understood("no word of HAProxy that is known here"))


def _routes(frontend: Section, backends: Mapping[str, Section], gathering: Gathering) -> Iterator[Route]:
    """A route for each backend behind a frontend; several where not all its servers are reached alike."""
    found = False
    captures = list(_captures(frontend, gathering))
    for backend in _backends(frontend, backends, gathering) if captures else ():
        for capture, listeners in captures:
            for servers in reached_alike(servers_of(backend, listeners, gathering)):
                hop = {**capture, **leaving(servers), **reuse(servers[0].source.mode, backend)}
                yield Route(backend.name, hop, listeners, tuple(each.place for each in servers))
                found = True
    if captures and not found:
        gathering.remark(frontend.line, "no server is behind it: its connections are not counted")


def _captures(frontend: Section, gathering: Gathering) -> Iterator[tuple[Table, tuple[Place, ...]]]:
    """How it captures flows, and where it listens; nowhere that clients address where it is transparent."""
    plain: list[Place] = []
    transparent: list[Place] = []
    for line in frontend.own("bind"):
        for address in line.words[1].split(",") if len(line.words) > 1 else ():
            host, ports = split_address(address)
            if host is None:
                gathering.remark(line, NO_IP)
                continue
            place = Place(ANY if host in ANY_HOSTS else host, ports_of(ports), line.where)
            if not place.ports:
                gathering.remark(line, "its port is not known here")
            (transparent if "transparent" in line.words[2:] else plain).append(place)
        tell_options(line, line.words[2:], gathering)
    if plain:
        yield {"capture": Said("listen", places(place.where for place in plain))}, tuple(plain)
    if transparent:
        sure = all(place.address == ANY for place in transparent)
        asked = "" if sure else '"listen" where clients address it and no TPROXY rule does: nft list ruleset'
        capture = Said("tproxy", places(place.where for place in transparent), asked)
        yield {"capture": capture}, ()


def _backends(frontend: Section, backends: Mapping[str, Section], gathering: Gathering) -> Iterator[Section]:
    """The backends that it may choose; each of all where the name is worked out while it runs."""
    names: dict[str, None] = {frontend.name: None} if frontend.kind == "listen" else {}
    for line in (*frontend.own("use_backend"), *filter(None, [frontend.last("default_backend")])):
        name = line.words[1] if len(line.words) > 1 else ""
        if "%[" in name:
            gathering.remark(
                line, "which backend it is shows while it runs: any of them is taken as possible"
            )
            names |= dict.fromkeys(name for name, each in backends.items() if each.kind == "backend")
        elif name in backends:
            names[name] = None
        else:
            gathering.remark(line, "no backend of this name is here")
    for name in names:
        if not backends[name].own("disabled"):
            yield backends[name]


def _files(globals_: Sequence[Section], frontends: Sequence[Section], gathering: Gathering) -> Table:
    """Two files for each connection that may be open: maxconn of the process, or of all frontends together.

    HAProxy accepts no more than maxconn, and sets its own limit of files from that (ulimit-n), with some for
    listeners, checks and pipes beside two for each connection: those are not for flows.
    """
    found: list[tuple[int, str]] = []
    for word, each in (("maxconn", 2), ("ulimit-n", 1)):
        line = next((line for section in reversed(globals_) if (line := section.last(word))), None)
        if line is not None and (number := _number(line, gathering)):
            found.append((number * each, f"{line.where}: {word}" + " × 2" * (each - 1)))
    limits = [each.last("maxconn") for each in frontends]
    of_frontends = [_number(line, gathering) if line else None for line in limits]
    known = [number for number in of_frontends if number]
    for line in (line for each in frontends[1:] and frontends for line in each.own("maxconn")[-1:]):
        gathering.remark(line, "a limit of this frontend alone: only the sum of all is in the model")
    if len(known) == len(limits):
        where = places(line.where for line in limits if line)
        found.append((2 * sum(known), f"{where}: maxconn of {len(known)} frontends × 2"))
    return {"max_files": Said(*min(found)) if found else Said(None, "", _FILES)}


def _number(line: Line, gathering: Gathering) -> int | None:
    word = line.words[1] if len(line.words) > 1 else ""
    if NUMBER.fullmatch(word):
        return int(word) or None
    gathering.remark(line, "no number")
    return None
