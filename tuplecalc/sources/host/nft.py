"""``nft -j list ruleset``: the rules of nftables, with the sets and maps that they look up."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tuplecalc.errors import InputError
from tuplecalc.sources.draft import Remark, not_understood
from tuplecalc.sources.host.chains import LIMIT, ONE_TO_ONE, Does, Match, Reading, Step, family_of, unread
from tuplecalc.sources.host.nft_expressions import NotKnownError, Sets, listed, said, shortened
from tuplecalc.sources.host.rule import Hook
from tuplecalc.sources.texts import Text

HOOKS: Mapping[str, Hook] = {
    "prerouting": "prerouting",
    "input": "input",
    "forward": "forward",
    "output": "output",
    "postrouting": "postrouting",
}
_BEGINS = re.compile(r'^\s*\{\s*"nftables"\s*:', re.MULTILINE)
_FAMILIES = {"ip": "ip", "ip6": "ip6", "inet": "both"}
_VERDICTS = {"accept", "drop", "reject", "jump", "goto", "queue"}
_HOLDS_NO_TUPLE = {
    *("counter", "log", "limit", "quota", "continue", "set", "last", "reset", "dup"),
    *("mangle", "queue", "fwd", "map", "secmark"),
    *("ct helper", "ct timeout", "ct expectation", "ct count", "meter"),
}
_TRACKING = re.compile(
    r'"(ct( \w+)?|snat|dnat|masquerade|redirect|synproxy|flow)": '
    r'|"xt": {[^}]*"(conntrack|state|conn\w+|CONN\w+|CT|SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP|SYNPROXY)"'
)
"""What needs the tracking table, in the JSON of a rule."""
_LEAVES: Mapping[str, Literal["chain", "hook"]] = {"return": "chain", "accept": "hook"}
_TARGETS_OF_NAT = {"SNAT", "MASQUERADE", "DNAT", "REDIRECT", "TPROXY", "NETMAP", "CT", "NOTRACK"}
_LOST = "iptables made this rule, and nft does not print what it does: iptables-save would"


def recognises(text: Text) -> bool:
    """Whether this is nft's JSON."""
    return bool(_BEGINS.search(text.text))


_NOT_WHOLE = "a rule without its family, table, chain or expressions"


def read(text: Text, taken: Collection[tuple[str, str]] = ()) -> Reading:
    """The rules of a ruleset; tables that are ``taken`` are read from iptables-save already.

    Raises :class:`~tuplecalc.errors.InputError` where this is not nft's JSON.
    """
    begins = _BEGINS.search(text.text)
    before = text.text[: begins.start()].strip() if begins else ""
    try:
        match json.loads(text.text[begins.start() :] if begins else text.text):
            case {"nftables": [*objects]}:
                reading = _Ruleset(text, taken).read(objects)
                why = not_understood("it stands before the JSON")
                reading.remarks[:0] = [Remark(text.at(1), shortened(before), why)] if before else []
                return reading
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{text.name}: not JSON: {error}; collect it again: `nft -j list ruleset`"
        ) from error
    raise InputError(f'{text.name}: no list "nftables" in it; collect it again: `nft -j list ruleset`')


@dataclass
class _Ruleset:
    text: Text
    taken: Collection[tuple[str, str]]
    reading: Reading = field(default_factory=Reading)
    lookup: Sets = field(default_factory=Sets)

    def read(self, objects: list[Any]) -> Reading:
        tables: dict[tuple[str, str], dict[str, list[Step]]] = {}
        bases: dict[tuple[str, str], dict[str, Hook]] = {}
        policies: dict[tuple[str, str, str], Step] = {}
        sets: defaultdict[tuple[str, str], Sets] = defaultdict(Sets)
        for number, each in enumerate(objects):
            where = f"{self.text.name}:nftables[{number}]"
            match each:
                case {"set": {"family": str(f), "table": str(t), "name": str(n), **rest}} | {
                    "map": {"family": str(f), "table": str(t), "name": str(n), **rest}
                }:
                    sets[f, t].named[n] = listed(rest.get("elem", []))
                case {"chain": {"family": str(f), "table": str(t), "name": str(n)}} if f in _FAMILIES:
                    tables.setdefault((f, t), {})[n] = []
                    hook = str(each["chain"].get("hook", ""))
                    if hook in HOOKS:
                        bases.setdefault((f, t), {})[n] = HOOKS[hook]
                        if each["chain"].get("policy") == "drop":
                            text = f"chain {n}: policy drop"
                            match = Match(family=_FAMILIES[f])  # type: ignore[arg-type]
                            policies[f, t, n] = Step(where, text, match, Does("drop"))
                    elif hook:
                        self.reading.passed_over[f"chain at {hook}"] += 1
        for number, each in enumerate(objects):
            where = f"{self.text.name}:nftables[{number}]"
            match each:
                case {"rule": {"family": str(f), "table": str(t), "chain": str(c), "expr": [*expressions]}}:
                    chain = tables.get((f, t), {}).get(c)
                    if f not in _FAMILIES:
                        self.reading.passed_over[f"{f} rule"] += 1
                    elif chain is None:
                        self.reading.remarks.append(Remark(where, said(each), f"{c} is no chain here"))
                    elif (f, t) not in self.taken:
                        self.lookup = sets[f, t]
                        if not self.reading.tracks and _TRACKING.search(json.dumps(expressions)):
                            self.reading.tracks = where
                        chain += self.steps(where, f, expressions)
                case {"rule": _}:
                    self.reading.remarks.append(Remark(where, said(each), not_understood(_NOT_WHOLE)))
        for (f, t, n), step in policies.items():  # a policy is a last rule
            tables[f, t][n].append(step)
        for table, chains in tables.items():
            self.reading.follow(chains, bases.get(table, {}))
        return self.reading

    def steps(self, where: str, family: str, expressions: list[Any]) -> Iterator[Step]:
        """The rule as one step for each way through it: maps have several."""
        text = shortened(" ".join(map(said, expressions)))
        ways = [Match(family=_FAMILIES[family])]  # type: ignore[arg-type]
        marks = [mark for each in expressions if (mark := _mark(each)) is not None]
        names = {name for each in expressions if isinstance(each, dict) for name in each}
        limits = [each for each in expressions if _limits(each)] if names & _VERDICTS else []
        for expression in (each for each in expressions if each not in limits):
            try:
                match expression:
                    case {"match": {"op": str(op), "left": left, "right": right}}:
                        also = self.lookup.matches(op, left, right)
                        ways = [m for way in ways if (m := also.within(way)) is not None]
                    case {"vmap": {"key": key, "data": data}}:
                        for also, verdict in self.lookup.entries(key, data):
                            for way in ways:
                                if (m := also.within(way)) is not None:
                                    yield from self.verdict(Step(where, text, m), verdict)
                    case {}:
                        for way in ways:
                            yield from self.statement(Step(where, text, way), expression, marks)
                    case _:
                        raise NotKnownError
            except NotKnownError:
                why = not_understood("no expression of nft that is known here")
                self.reading.remarks.append(Remark(where, shortened(said(expression)), why))
            except ValueError as error:
                self.reading.remarks.append(Remark(where, shortened(said(expression)), unread(error)))
        if limits and any(way.protocol in ("", "tcp") for way in ways):
            self.reading.remarks.append(Remark(where, text, LIMIT))

    def statement(self, step: Step, expression: Mapping[str, Any], marks: list[int]) -> Iterator[Step]:
        """What a statement does with the packets that reach it."""
        ((name, given),) = list(expression.items())[:1] or [("", None)]
        match name, given:
            case (("snat" | "dnat"), {"type_flags": "prefix"}):
                self.reading.remarks.append(Remark(step.where, step.text, ONE_TO_ONE))
            case (("snat" | "dnat" | "masquerade" | "redirect" as action), _):
                yield from self.translation(step, action, given if isinstance(given, dict) else {})
            case "tproxy", {**to}:
                addresses = self.lookup.addresses(to["addr"]) if "addr" in to else ()
                ports = self.lookup.ports(to["port"]) if "port" in to else ""
                does = Does("tproxy", addresses, ports, marks[0] if marks else None)
                yield step._replace(does=does, match=_for_family(step.match, to.get("family"), addresses))
            case "notrack", _:
                yield step._replace(does=Does("notrack"))
            case "mangle", {"key": {"meta": {"key": "mark"}}}:
                yield step._replace(does=Does("mark", mark=marks[0] if marks else None))
            case "xt", {"name": str(lost)} if lost not in _TARGETS_OF_NAT:
                self.reading.passed_over["xt"] += 1
            case "xt", _:
                self.reading.remarks.append(Remark(step.where, step.text, _LOST))
            case (("drop" | "reject" | "jump" | "goto"), _):
                yield from self.verdict(step, expression)
            case (("accept" | "return"), _):
                yield step._replace(leaves=_LEAVES[name])
            case _ if name in _HOLDS_NO_TUPLE:
                self.reading.passed_over[name] += 1
            case _:
                raise NotKnownError

    def verdict(self, step: Step, verdict: object) -> Iterator[Step]:
        """A verdict, alone or in a map."""
        match verdict:
            case {"drop": _} | {"reject": _}:
                yield step._replace(does=Does("drop"))
            case {"jump": {"target": str(target)}} | {"goto": {"target": str(target)}}:
                yield step._replace(jump=target)
            case {"accept": _}:
                yield step._replace(leaves="hook")
            case {"return": _}:
                yield step._replace(leaves="chain")
            case {"continue": _}:
                pass
            case _:
                raise NotKnownError

    def translation(self, step: Step, action: Any, given: dict[str, Any]) -> Iterator[Step]:
        """A source or destination NAT, for each entry where a map says to where."""
        flags = listed(given.get("flags", []))
        does = Does(
            action, persistent="persistent" in flags, random=bool({"random", "fully-random"} & {*flags})
        )
        by_match: dict[Match, list[Does]] = {}
        for also, value in self.lookup.cases(given.get("addr")):
            for further, port in self.lookup.cases(given.get("port")):
                match value:
                    case {"concat": [address, behind]}:
                        to, ports = self.lookup.addresses(address), self.lookup.ports(behind)
                    case _:
                        to = () if value is None else self.lookup.addresses(value)
                        ports = "" if port is None else self.lookup.ports(port)
                both = also.within(step.match)
                both = both and further.within(both)
                if both is not None:
                    one = _for_family(both, given.get("family"), to)
                    by_match.setdefault(one, []).append(does._replace(to_addresses=to, to_ports=ports))
        for match, several in by_match.items():
            for ports in dict.fromkeys(each.to_ports for each in several):
                to = tuple(a for each in several if each.to_ports == ports for a in each.to_addresses)
                yield step._replace(match=match, does=does._replace(to_addresses=to, to_ports=ports))


def _for_family(match: Match, family: object, addresses: tuple[str, ...]) -> Match:
    """A translation to addresses of one family is for that family alone."""
    told = family if family in ("ip", "ip6") else family_of(addresses)
    return match if match.family != "both" else replace(match, family=told)


def _limits(expression: object) -> bool:
    """Whether it bounds how many connections there are, or how many come."""
    match expression:
        case {"ct count": _} | {"limit": _} | {"meter": _}:
            return True
        case {"set": {"stmt": [*several]}}:
            return any(map(_limits, several))
    return False


def _mark(expression: object) -> int | None:
    match expression:
        case {"mangle": {"key": {"meta": {"key": "mark"}}, "value": int(mark)}}:
            return mark
    return None
