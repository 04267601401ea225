"""One hop for a proxy that two sources tell of: its machine's rules and its own configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from tuplecalc.errors import InputError
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.sources.draft import SERVICE, Draft, Remark, Said, Table
from tuplecalc.sources.routes import distinct
from tuplecalc.sources.texts import Source

_BY_THE_RULES = ("capture", "listen_addresses", "listen_ports")
"""What the machine's rules decide for the flows that they capture."""
_OURS = ("", "named here")
"""Where the name of a hop stands that no source says."""
_ELSEWHERE = "elsewhere"
_Sourced = tuple[Source, Draft]


def merged(drafts: Sequence[_Sourced]) -> tuple[list[_Sourced], list[Remark]]:
    """The drafts, that of a configuration put into its machine's; and what is to be said of it.

    It is that machine's where a rule captures connections for a port at which the proxy listens, or by
    TPROXY, and the listening process is not known to be another.  Raises
    :class:`~tuplecalc.errors.InputError` where two sources are the same.
    """
    for (one, _), (other, _) in combinations(drafts, 2):
        if sorted(each.text for each in one.texts.values()) == sorted(
            each.text for each in other.texts.values()
        ):
            rule = f"the same stands in {one.name}, and a connection does not cross it twice"
            way_out = "name it once; machines side by side are `instances`"
            raise InputError(f"{other.name}: {rule}; {way_out}")
    found, remarks = list(drafts), list[Remark]()
    for source, own in drafts:
        for place, (machine, host) in enumerate(found):
            if own.process and not host.process and (ways := _ways(host, own)):
                found[place] = machine, _put_into(host, own, ways)
                found.remove((source, own))
                why = f"{machine.name} captures connections for this proxy, so that both make one hop"
                remarks.append(Remark(source.name, own.process, why))
                break
    return found, [*remarks, *_twice(found)]


def _twice(drafts: Sequence[_Sourced]) -> list[Remark]:
    """Addresses that hops of two sources have both."""
    why = "of the same addresses as hop {} of another source: is it the same machine?"
    return [
        Remark(hop["addresses"].where, f"hop {hop['name'].value}", why.format(before["name"].value))
        for (_, one), (_, other) in combinations(drafts, 2)
        for before in one.hops
        for hop in other.hops
        if _addresses(hop) is not None and _addresses(hop) == _addresses(before)
    ]


def _addresses(hop: Table) -> object:
    value = hop["addresses"].value if "addresses" in hop else None
    return None if isinstance(value, int) else value


def _ways(host: Draft, own: Draft) -> dict[int, list[int]]:
    """By the number of the machine's hop, the numbers of the ways through the proxy that it captures for."""
    found: dict[int, list[int]] = {}
    for number, hop in enumerate(host.hops):
        name = hop["name"]
        if "capture" in hop and (name.where in _OURS or name.value == own.process):
            found[number] = [way for way in range(len(own.hops)) if _is_captured(hop, own, way)]
    return {number: ways for number, ways in found.items() if ways}


def _is_captured(hop: Table, own: Draft, way: int) -> bool:
    """Whether what a hop captures goes this way through a proxy."""
    capture = own.hops[way]["capture"].value
    if hop["capture"].value == "tproxy" or capture == "tproxy":
        return hop["capture"].value == capture
    ports = hop["listen_ports"].value
    return bool(own.listens[way] and (ports is None or PortSet(ports) & own.listens[way]))


def _put_into(host: Draft, own: Draft, ways: dict[int, list[int]]) -> Draft:
    """One draft; each way through the proxy is a kind of its own where there are several."""
    hops: list[Table] = []
    kinds: list[Table] = []
    as_clients: list[object] = []  # kinds that a translation behind the proxy sees as it sees what passes
    passing = sum("capture" not in hop for hop in host.hops)
    services = own.services
    *_, elsewhere = distinct([*(str(each["name"].value) for each in services), _ELSEWHERE])
    taken = {*range(len(own.hops))} - {way for several in ways.values() for way in several}
    addressed = [(way, _on_machine_of(host.hops[min(ways)], own.hops[way])) for way in sorted(taken)]
    for number, hop in enumerate(host.hops):
        kind = host.kinds[number] if host.kinds else {}
        for way in ways.get(number, ()):
            keys = _one(hop, _on_machine_of(hop, own.hops[way]))
            if own.kinds and way not in taken:
                kinds.append(own.kinds[way])
                keys["traffic"] = own.hops[way]["traffic"]
            elif kind:
                every = Said([each["name"].value for each in own.services])
                kinds.append({**kind, "services": own.kinds[way]["services"] if own.kinds else every})
            taken.add(way)
            hops.append(keys)
            as_clients += [kinds[-1]["name"].value] if kinds and keys["source"].value != "own" else []
        if number == min(ways):
            hops += [keys for _, keys in addressed]
            kinds += [own.kinds[way] for way, _ in addressed]
        if number not in ways:
            hops.append(hop)
            if kind:
                name, where, _ = kind["name"]
                kinds.append({"services": Said([elsewhere]), **kind})
                theirs = host.services if "services" in kind else ({"name": Said(elsewhere), **SERVICE},)
                wanted = kinds[-1]["services"].value
                services = (*services, *(each for each in theirs if _is_among(each["name"].value, wanted)))
                crossing = [name] if "capture" in hop or passing > 1 else [*as_clients, name]
                hops[-1] = {**hop, "traffic": Said(crossing, where)}
    shares = [{**kind, "share": kind["share"]._replace(value=f"1/{len(kinds)}")} for kind in kinds]
    return replace(host, hops=tuple(hops), kinds=tuple(shares), services=services or host.services)


def _is_among(name: object, names: object) -> bool:
    return name in names if isinstance(names, list) else name == names


def _on_machine_of(hop: Table, way: Table) -> dict[str, Said]:
    """A way through a proxy with what hops of its machine agree on, unless it is a part of one by itself."""
    is_part = "traffic" in way and "machine" not in way
    return {**way, **({} if is_part else {key: hop[key] for key in ("machine", "tracking") if key in hop})}


def _one(hop: Table, way: Table) -> dict[str, Said]:
    """A hop by its machine's rules and its own configuration, which knows more and wins."""
    is_asked = hop["capture"].value == "nat" and way.get("listen_addresses", Said()).unknown
    found = {key: said for key, said in way.items() if not (key == "listen_addresses" and is_asked)}
    for key, said in hop.items():
        before = found.get(key, Said())
        if (
            key != "machine"
            and said.value is not None
            and (before.value is None or before.unknown or key in _BY_THE_RULES)
        ):
            found[key] = said
    both = [table["max_files"] for table in (way, hop) if "max_files" in table]
    found |= {"name": way["name"]}
    if known := [said for said in both if isinstance(said.value, int)]:
        found["max_files"] = min(known, key=lambda said: int(str(said.value)))
    plain = {key: said.value for key, said in found.items()}
    return {key: said for key, said in found.items() if key == "preset" or Proxy.fits(key, plain)}
