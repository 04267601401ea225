"""Measured values in a chain file: rate, hold, kinds by the services they go to, unknown ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tuplecalc.errors import ChainError, InputError
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import loads
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.busy.rates import service_of
from tuplecalc.sources.busy.usage import Measured, taken
from tuplecalc.sources.needs import needs

_UNKNOWN = "unknown: "
_MOST_GROUPS = 10
"""Ports for which unknown services get a group each; the busiest."""


_MOST_LISTED = 16
"""Addresses of a group that are listed; more are counted."""
_ENDS = "addresses", "ports"
_TOML = "tomlkit", "tomlkit", "--fill"


class Filled(NamedTuple):
    """The text of a chain file with what was measured, and what was not filled in."""

    text: str
    left: tuple[str, ...]


def unknown(text: str, chain: Chain) -> frozenset[str]:
    """The groups of services whose endpoints only stand in for what the text says is unknown.

    Such are ports marked unknown, and addresses that are written out and are so marked; a number of them
    may be any, and tells nothing apart.  What was set to something else since is known.

    Raises :class:`~tuplecalc.errors.InputError` where it has such marks, without the package tomlkit.
    """
    if _UNKNOWN not in text or text.lstrip().startswith("{"):
        return frozenset()
    groups = needs(_TOML[0], _TOML[1], "a chain file with unknown values").parse(text).get("services", [])
    groups = groups if isinstance(groups, list) else [groups]
    return frozenset(
        group.name
        for table, group in zip(groups, chain.services, strict=False)
        if group.name
        and (
            (_is_unknown(table, "ports") and PortSet(table["ports"]) == group.ports)
            or (_is_unknown(table, "addresses") and not group.addresses.count)
        )
    )


def filled(text: str, seen: Observed, catching: Container[str] = ()) -> Filled:
    """A chain file in TOML with what was measured; comments and all else stay.

    ``rate`` and ``hold`` of [traffic] become those of all connections.  Where services are in several
    groups, each gets a kind of traffic, or the file's kinds get what was measured of the groups they go to.
    Services marked unknown become those that were seen, by their ports; measure again for their kinds.
    Of several groups each becomes what was seen of it, where ``catching`` have what no other has.
    Clients marked unknown become as many addresses as were seen.
    Behind each value stands when it was measured, and what was there before; in braces TOML has no room.

    A rate that may be higher is not written.

    Raises :class:`~tuplecalc.errors.InputError` as :func:`document` does, where nothing was measured, and
    where what was measured does not fit the rest of the file.
    """
    writer = _Writer(document(text), f"measured {seen.at:%Y-%m-%d}")
    parts = _told_apart(seen.found.services)
    if not any(each.closing for each in parts.values()):
        rule = "no connection to the services was seen to close, so there is no rate"
        raise InputError(f"--fill: {rule}; look again later")
    left = [*writer.clients(seen), *writer.services(seen, catching)]
    if unsure := next((each for each in seen.found.services if each.rate and each.is_at_least), None):
        rule = f"at least {_number(unsure.rate)} connections come in a second, and it may be more"
        left.append(f"rate and hold: {rule}: {unsure.basis}")
    else:
        left += writer.traffic(parts, seen)
    try:
        loads(made := writer.toml.dumps(writer.document))
    except ChainError as error:
        raise InputError(f"--fill: what was measured does not fit the file: {error}") from error
    return Filled(made, tuple(left))


def document(text: str) -> Any:
    """The text as TOML with its comments.

    Raises :class:`~tuplecalc.errors.InputError` where it is JSON, and without the package tomlkit.
    """
    toml = needs(*_TOML)
    if text.lstrip().startswith("{"):
        raise InputError("--fill: the chain file is JSON, which has no comments; write it as TOML")
    return toml.parse(text)


@dataclass(frozen=True)
class _Flows:
    """Connections that are open, and how many come and close in a second."""

    open: int = 0
    rate: float = 0.0
    closing: float = 0.0

    def __add__(self, other: _Flows) -> _Flows:
        return _Flows(self.open + other.open, self.rate + other.rate, self.closing + other.closing)

    def __sub__(self, other: _Flows) -> _Flows:
        less = self.open - other.open, self.rate - other.rate, self.closing - other.closing
        return _Flows(*(max(each, 0) for each in less))  # type: ignore[arg-type]

    @property
    def written(self) -> dict[str, object]:
        """Rate and hold as a chain file says them, with four digits."""
        return {"rate": _number(self.rate), "hold": f"{_number(round(self.open / self.closing, 3))}s"}


_Parts = dict[tuple[str, frozenset[str]], _Flows]
"""Flows by the group of services that they go to and by the kinds that they can be of; none means all."""


def _told_apart(measured: Sequence[Measured]) -> _Parts:
    """What was measured, each flow once: the tracking table sees both ends close, and goes first.

    A limit that has flows of other kinds as well, which others tell, tells the rest of them.
    """
    found: _Parts = {}
    for each in sorted(measured, key=lambda each: (len(each.kinds), each.table != "tracking")):
        kinds, flows = frozenset(each.kinds), _Flows(each.open, each.rate, each.closing)
        rest = kinds
        for (services, others), told in found.items():
            if services == each.services and others <= kinds:
                rest, flows = rest - others, flows - told
        if each.rate and (each.services, kinds) not in found and (rest or not kinds):
            found[each.services, rest] = flows
    return found


class _Writer:
    """A document of TOML that is filled in."""

    def __init__(self, document: Any, note: str) -> None:
        self.toml = needs(*_TOML)
        self.document, self.note = document, note

    def traffic(self, parts: _Parts, seen: Observed) -> Iterator[str]:
        """Rate and hold of each kind, else of all; why not of each."""
        traffic = self.document.setdefault("traffic", self.toml.table())
        kinds, services = traffic.get("kinds", []), seen.chain.services
        groups = [group.name or ("services" if len(services) == 1 else "") for group in services]
        wanted = [(str(kind["name"]), _groups(kind, groups)) for kind in kinds] or [
            (name, [name]) for name in groups
        ]
        of_kinds = [_of_kind(name, to, parts, wanted) for name, to in wanted]
        is_one = not kinds and len(groups) == 1
        why = "" if is_one else _why_not_told_apart(groups, wanted, of_kinds)
        if is_one or why:
            yield from filter(None, [why])
            has_rates = any("rate" in kind for kind in kinds)
            self._put_flows(traffic, parts.values(), but="rate" if has_rates else "")
            return
        traffic.pop("rate", None)  # the kinds' are added up
        for kind, flows in zip(kinds, of_kinds, strict=False):
            kind.pop("share", None)
            self._put_flows(kind, flows or ())
        if not kinds:
            traffic["kinds"] = self.toml.array().multiline(True)
            for name, flows in zip(groups, of_kinds, strict=True):
                kind = {"name": name, **sum(flows or (), _Flows()).written, "services": name}
                traffic["kinds"].add_line(kind, comment=self.note)

    def _put_flows(self, table: Any, flows: Iterable[_Flows], but: str = "") -> None:
        for key, value in sum(flows, _Flows()).written.items():
            if key != but:
                self._put(table, key, value)

    def clients(self, seen: Observed) -> Iterator[str]:
        """How many addresses of clients were seen, where that is marked unknown."""
        groups = self.document["clients"]
        group = groups[0] if isinstance(groups, list) else groups
        if len(seen.chain.clients) > 1 or not _is_unknown(group, "addresses"):
            return
        if seen.found.clients:
            self._put(group, "addresses", seen.found.clients)
        else:
            yield "clients: their addresses are not seen behind the hops in front, so that they stay unknown"

    def services(self, seen: Observed, catching: Container[str]) -> Iterator[str]:
        """The groups of services, where they are marked unknown, as they were seen; what is left out."""
        if len(seen.chain.services) > 1:
            yield from self._each_group(seen, service_of(seen.chain, catching))
            return
        groups = self.document["services"]
        group = groups[0] if isinstance(groups, list) else groups
        if not any(_is_unknown(group, key) for key in _ENDS):
            return
        ports = _endpoints(seen)
        if not ports:
            yield "services: no limit here tells endpoints apart, so that they stay unknown"
            return
        busiest = sorted(ports, key=lambda port: -sum(ports[port].values()))[:_MOST_GROUPS]
        total = sum(sum(ports[port].values()) for port in busiest)
        for port, table in zip(busiest, self._groups(len(busiest)), strict=True):
            even = max(sum(ports[port].values()) // max(ports[port].values()), 1)
            is_skewed = 2 * even < len(ports[port])
            self._put(table, "addresses", even if is_skewed else _listed(ports[port]))
            if is_skewed and not isinstance(table, self.toml.items.InlineTable):
                note = f"{self.note}: {len(ports[port]):,} seen, as full as {even:,} evenly loaded"
                table["addresses"].comment(note)
            self._put(table, "ports", port)
            if len(busiest) > 1:
                table.update(name=f"port-{port}", share=f"{sum(ports[port].values())}/{total}")
        if more := len(ports) - len(busiest):
            yield f"services: {more:,} more ports, each with fewer connections, are left out"

    def _each_group(self, seen: Observed, group_of: Callable[[tuple[str, int]], str]) -> Iterator[str]:
        """What is unknown of each of several groups; why it stays so."""
        tables = [
            (each, [key for key in _ENDS if _is_unknown(each, key)]) for each in self.document["services"]
        ]
        ends = _endpoints(seen) if any(keys for _, keys in tables) else {}
        for table, keys in tables:
            if not keys:
                continue
            name = str(table.get("name", ""))
            said = f"services {name}" if name else "services without a name"
            own = {
                port: addresses
                for port, found in sorted(ends.items())
                if (addresses := sorted(each for each in found if name and group_of((each, port)) == name))
            }
            every = sorted({each for addresses in own.values() for each in addresses})
            if not own:
                yield f"{said}: none of their endpoints is seen, so that they stay unknown"
            elif any(addresses != every for addresses in own.values()):
                rule = f"{len(every):,} addresses do not all answer on the same {len(own):,} ports"
                yield f"{said}: {rule}, so that they stay unknown; write a group for each"
            else:
                values = {"addresses": _listed(every), "ports": [*own] if len(own) > 1 else next(iter(own))}
                for key in keys:
                    self._put(table, key, values[key])

    def _groups(self, count: int) -> list[Any]:
        """So many groups of services, the first of which is the one that is there, with its comments."""
        groups = self.document["services"]
        group = groups[0] if isinstance(groups, list) else groups
        if count == 1:
            return [group]
        copies = [self.toml.table() for _ in range(count)]
        for each in copies:
            each.update(dict(group.items()))
        if not isinstance(groups, self.toml.items.AoT):
            self.document.remove("services")
            groups, group = self.toml.aot(), group if isinstance(group, self.toml.items.Table) else copies[0]
            groups.append(group)
            self.document.append("services", groups)
        for each in copies[1:]:
            groups.append(each)
        return [group, *copies[1:]]

    def _put(self, table: Any, key: str, value: object) -> None:
        """Write a value with its comment."""
        before, said = table.get(key), _comment(table, key)
        table[key] = value
        if isinstance(table, self.toml.items.InlineTable):
            return
        was = "" if before is None else f", was {before}"
        kept = "" if said.startswith("measured ") else said.partition(_UNKNOWN)[0].rstrip(", ")
        table[key].comment(f"{self.note}{was}" + (f"; {kept}" if kept else ""))


def _endpoints(seen: Observed) -> dict[int, Counter[str]]:
    """The endpoints of legs that leave, by their ports: how many keys are taken towards each address.

    Those of a kind of traffic by the first limit that has them.
    """
    found: dict[int, Counter[str]] = {}
    known = set[str]()
    for usage, scopes in zip(seen.found.usages, seen.found.scopes, strict=True):
        if usage.limit.kind.legs != "leaving" or not usage.busiest:
            continue
        strands, at = seen.chain.strands, usage.limit.hop
        crossing = {
            strand.kind for strand in strands if at == "clients" or at in {hop.name for hop in strand.hops}
        }
        kinds = set(usage.limit.kinds) or crossing
        if "endpoint" in usage.busiest[0].labels and not kinds <= known:
            known |= kinds
            for (*_, address, port), keys in scopes.items():
                found.setdefault(int(str(port)), Counter())[str(address)] += taken(keys)
    return found


def _listed(addresses: Iterable[str]) -> object:
    """Addresses as a chain file says them."""
    listed = [*addresses]
    if len(listed) > _MOST_LISTED:
        return len(listed)
    return listed if len(listed) > 1 else listed[0]


def _is_unknown(table: Any, key: str) -> bool:
    """Whether a value is marked, behind the place where it was found."""
    said = _comment(table, key)
    return said.startswith(_UNKNOWN) or f", {_UNKNOWN}" in said


def _comment(table: Any, key: str) -> str:
    """What stands behind a value."""
    trivia = getattr(table.get(key), "trivia", None)
    return trivia.comment.lstrip("# ") if trivia is not None else ""


def _of_kind(
    kind: str, groups: Sequence[str], parts: _Parts, every: Sequence[tuple[str, Sequence[str]]]
) -> list[_Flows] | None:
    """What was measured of a kind; None where it can be of another as well."""
    found = []
    for (services, kinds), flows in parts.items():
        if services in groups and (kind in kinds or not kinds):
            if any(services in to and (name in kinds or not kinds) for name, to in every if name != kind):
                return None
            found.append(flows)
    return found


def _why_not_told_apart(
    groups: Sequence[str], wanted: Sequence[tuple[str, Sequence[str]]], found: Sequence[list[_Flows] | None]
) -> str:
    """Why kinds cannot be measured one by one; empty where they can."""
    if "" in groups:
        return "kinds of traffic: services without a name; write one for each group"
    if None in found:
        return "kinds of traffic: several go to the same services, and are not told apart"
    silent = [
        name for (name, _), flows in zip(wanted, found, strict=True) if not sum(flows or (), _Flows()).closing
    ]
    if silent:
        return f"kinds of traffic: no connection of {', '.join(silent)} was seen to close; look again later"
    return ""


def _groups(kind: Mapping[str, Any], groups: Sequence[str]) -> list[str]:
    """The services that a kind goes to."""
    named = kind.get("services", groups)
    return [named] if isinstance(named, str) else list(named)


def _number(value: float) -> int | float:
    """A value with four digits."""
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded == int(rounded) else rounded
