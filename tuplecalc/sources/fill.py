"""Measured values in a topology file: rate, hold, kinds by the services they go to, and unknown services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from tuplecalc.errors import InputError, TopologyError
from tuplecalc.network.file import loads
from tuplecalc.sources.needs import needs
from tuplecalc.sources.observed import Observed
from tuplecalc.sources.usage import Measured

_UNKNOWN = "unknown: "
_MOST_GROUPS = 10
"""Ports for which unknown services get a group each; the busiest."""


_MOST_LISTED = 16
"""Addresses of a group that are listed; more are counted."""


class Filled(NamedTuple):
    """The text of a topology with what was measured, and what was not filled in."""

    text: str
    left: tuple[str, ...]


def filled(text: str, seen: Observed) -> Filled:
    """A topology in TOML with what was measured; comments and all else stay.

    ``rate`` and ``hold`` of [traffic] become those of all connections.  Where services are in several
    groups, each gets a kind of traffic, or the file's kinds get what was measured of the groups they go to.
    Services marked unknown become those that were seen, by their ports; measure again for their kinds.
    Behind each value stands when it was measured, and what was there before; in braces TOML has no room.

    Raises :class:`~tuplecalc.errors.InputError` where nothing was measured, where the text is JSON, and
    where what was measured does not fit the rest of the file.
    """
    toml = needs("tomlkit", "tomlkit", "--fill")
    if text.lstrip().startswith("{"):
        raise InputError("--fill: the topology is JSON, which has no comments; write it as TOML")
    parts = _by_services(seen.found.services)
    if not parts:
        rule = "no connection to the services was seen to close, so there is no rate"
        raise InputError(f"--fill: {rule}; look again later")
    writer = _Writer(toml, toml.parse(text), f"measured {seen.at:%Y-%m-%d}")
    left = [*writer.services(seen), *writer.traffic(parts, seen)]
    try:
        loads(made := toml.dumps(writer.document))
    except TopologyError as error:
        raise InputError(f"--fill: what was measured does not fit the file: {error}") from error
    return Filled(made, tuple(left))


@dataclass(frozen=True)
class _Flows:
    """Connections that are open, and how many come in a second."""

    open: int = 0
    rate: float = 0.0

    def __add__(self, other: _Flows) -> _Flows:
        return _Flows(self.open + other.open, self.rate + other.rate)

    @property
    def written(self) -> dict[str, object]:
        """Rate and hold as a topology says them, with four digits."""
        return {"rate": _number(self.rate), "hold": f"{_number(round(self.open / self.rate, 3))}s"}


def _by_services(measured: Sequence[Measured]) -> dict[str, _Flows]:
    """What was measured of each group of services; the tracking table sees both ends close."""
    tables = {each.table for each in measured if each.rate}
    table = "tracking" if "tracking" in tables else "sockets"
    return {
        each.services: _Flows(each.open, each.rate) for each in measured if each.rate and each.table == table
    }


class _Writer:
    """A document of TOML that is filled in."""

    def __init__(self, toml: Any, document: Any, note: str) -> None:
        self.toml, self.document, self.note = toml, document, note

    def traffic(self, parts: Mapping[str, _Flows], seen: Observed) -> Iterator[str]:
        """Rate and hold of each kind, else of all; why not of each."""
        traffic = self.document.setdefault("traffic", self.toml.table())
        kinds, services = traffic.get("kinds", []), seen.chain.services
        groups = [group.name or ("services" if len(services) == 1 else "") for group in services]
        why = _why_not_told_apart(kinds, groups, parts)
        if why or (not kinds and len(groups) == 1):
            yield from filter(None, [why])
            self._put_flows(
                traffic, parts.values(), but="rate" if any("rate" in kind for kind in kinds) else ""
            )
            return
        traffic.pop("rate", None)  # the kinds' are added up
        for kind in kinds:
            kind.pop("share", None)
            self._put_flows(kind, [parts[name] for name in _groups(kind, groups)])
        if not kinds:
            traffic["kinds"] = self.toml.array().multiline(True)
            for name in groups:
                kind = {"name": name, **parts[name].written, "services": name}
                traffic["kinds"].add_line(kind, comment=self.note)

    def _put_flows(self, table: Any, flows: Iterable[_Flows], but: str = "") -> None:
        for key, value in sum(flows, _Flows()).written.items():
            if key != but:
                self._put(table, key, value)

    def services(self, seen: Observed) -> Iterator[str]:
        """The one group of services, where it is marked unknown, as it was seen; what is left out."""
        groups = self.document["services"]
        group = groups[0] if isinstance(groups, list) else groups
        is_unknown = any(_comment(group, key).startswith(_UNKNOWN) for key in ("addresses", "ports"))
        if len(seen.chain.services) > 1 or not is_unknown:
            return
        ports = _endpoints(seen)
        if not ports:
            yield "services: no limit here tells endpoints apart, so that they stay unknown"
            return
        busiest = sorted(ports, key=lambda port: -sum(ports[port].values()))[:_MOST_GROUPS]
        total = sum(sum(ports[port].values()) for port in busiest)
        others = {key: value for key, value in group.items() if key not in ("addresses", "ports")}
        found = self.toml.aot()
        for port in busiest:
            addresses = [*map(str, ports[port])]
            share = {"share": f"{sum(ports[port].values())}/{total}"} if len(busiest) > 1 else {}
            table = self.toml.table()
            table.update(others | ({"name": f"port-{port}"} if share else {}) | share)
            listed = addresses[0] if len(addresses) == 1 else addresses
            self._put(table, "addresses", listed if len(addresses) <= _MOST_LISTED else len(addresses))
            self._put(table, "ports", port)
            found.append(table)
        self.document.remove("services")
        self.document.append("services", found)
        if more := len(ports) - len(busiest):
            yield f"services: {more:,} more ports, each with fewer connections, are left out"

    def _put(self, table: Any, key: str, value: object) -> None:
        """Write a value with its comment."""
        before, said = table.get(key), _comment(table, key)
        table[key] = value
        if isinstance(table, self.toml.items.InlineTable):
            return
        was = "" if before is None else f", was {before}"
        is_ours = said.startswith((_UNKNOWN, "measured "))
        table[key].comment(f"{self.note}{was}" + (f"; {said}" if said and not is_ours else ""))


def _endpoints(seen: Observed) -> dict[int, Counter[str]]:
    """The endpoints of legs that leave, by their ports: how many keys are taken towards each address."""
    found: dict[int, Counter[str]] = {}
    for usage, scopes in zip(seen.found.usages, seen.found.scopes, strict=True):
        if found or usage.limit.kind.legs != "leaving" or not usage.busiest:
            continue
        if "endpoint" in usage.busiest[0].labels:
            for (*_, address, port), keys in scopes.items():
                found.setdefault(int(str(port)), Counter())[str(address)] += keys
    return found


def _comment(table: Any, key: str) -> str:
    """What stands behind a value."""
    trivia = getattr(table.get(key), "trivia", None)
    return trivia.comment.lstrip("# ") if trivia is not None else ""


def _why_not_told_apart(
    kinds: Sequence[Mapping[str, Any]], groups: Sequence[str], parts: Mapping[str, _Flows]
) -> str | None:
    """Why kinds cannot be measured one by one; None where they can."""
    named = [_groups(kind, groups) for kind in kinds]
    if kinds and len({*chain(*named)}) < sum(map(len, named)):
        return "kinds of traffic: several go to the same services, and are not told apart"
    if len(groups) == 1:
        return None
    if "" in groups:
        return "kinds of traffic: services without a name; write one for each group"
    silent = [name for name in groups if name not in parts]
    if silent:
        return f"kinds of traffic: no connection to {', '.join(silent)} was seen to close; look again later"
    return None


def _groups(kind: Mapping[str, Any], groups: Sequence[str]) -> list[str]:
    """The services that a kind goes to."""
    named = kind.get("services", groups)
    return [named] if isinstance(named, str) else list(named)


def _number(value: float) -> int | float:
    """A value with four digits."""
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded == int(rounded) else rounded
