"""Chains of rules, as nft and iptables have them alike: which packets reach a rule, and what it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_network
from typing import Literal, NamedTuple

from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, not_understood
from tuplecalc.sources.host.rule import Action, Hook, Left, Rule

_NO_CLOSING = "No closing quotation"  # of shlex
MOST_STEPS = 300_000
"""Rules that are looked at for each base chain; chains that fan out and join again multiply the ways."""
MOST_LEFT = 4
"""Rules by which packets leave that are kept one by one; of more of them the number."""
_FIRST = ("postrouting", "prerouting")
"""Hooks that are read before others: what translates stands there."""
PROTOCOLS = {"6": "tcp", "17": "udp", "0": "", "all": ""}
"""Numbers and words that mean one of the protocols of :class:`~tuplecalc.sources.host.rule.Rule`."""
ONE_TO_ONE = "one address for each: no ports are shared, so that this is no NAT of ours"
LIMIT = "it limits how many connections there are, or come; that is not counted"
_VERDICTS = {"drop": ("invalid", "drop-invalid"), "mark": ("transparent", "transparent-socket")}
"""What becomes of a word of :class:`Does` where the match says so."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which packets a rule is for; the fields of a rule, and two more that make one of some verdicts."""

    family: Literal["ip", "ip6", "both"] = "both"
    protocol: str = ""
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    source_ports: str = ""
    destination_ports: str = ""
    in_interface: str = ""
    out_interface: str = ""
    others: str = ""
    invalid: bool = False
    """Packets that the tracking table calls invalid."""
    transparent: bool = False
    """Packets for sockets that listen or speak with foreign addresses."""
    established: bool = False
    """Packets of connections that the tracking table knows."""
    leftover: bool = False
    """What comes behind a rule that accepts these: new connections, and invalid packets."""
    left: tuple[Step, ...] = ()
    """Rules before it by which packets leave, the first :data:`MOST_LEFT` of them."""
    more_left: int = 0
    """How many more of these there are."""

    def without(self, step: Step) -> Match:
        """These packets without those that leave by a rule; what a socket has already is no new flow."""
        if step.match.within(self) is None or step in self.left or step.match.transparent:
            return self
        if len(self.left) < MOST_LEFT:
            return replace(self, left=(*self.left, step))
        return replace(self, more_left=self.more_left + 1)

    def misses(self, other: Match) -> bool:
        """Whether no packet can match both; some that cannot are not known to."""
        if self.within(other) is None:
            return True
        for name in ("in_interface", "out_interface"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine and theirs and "*" not in mine + theirs and not {*mine.split(",")} & {*theirs.split(",")}:
                return True
        for name in ("source_ports", "destination_ports"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine and theirs and PortSet(mine) - PortSet(theirs) == PortSet(mine):
                return True
        return any(
            mine and theirs and _size(mine) + _size(theirs) == _size(mine + theirs)
            for mine, theirs in ((self.sources, other.sources), (self.destinations, other.destinations))
        )

    def within(self, outer: Match) -> Match | None:
        """Packets that match both; None where there are none.

        Where both speak of one field the inner one holds: it is the narrower in all rules that make sense.

        >>> web = Match(protocol="tcp", destination_ports="80")
        >>> web.within(Match(sources=("198.18.0.0/16",))).sources
        ('198.18.0.0/16',)
        >>> web.within(Match(protocol="udp")) is None
        True
        """
        for mine, theirs in ((self.family, outer.family), (self.protocol, outer.protocol)):
            if mine not in ("", "both", theirs) and theirs not in ("", "both"):
                return None
        found = {each.name: getattr(self, each.name) or getattr(outer, each.name) for each in fields(self)}
        found["family"] = outer.family if self.family == "both" else self.family
        found["others"] = " ".join(filter(None, dict.fromkeys((outer.others, self.others))))
        return Match(**found)


_LEAVING = {"chain": "return", "hook": "accept"}
_FLAGS = ("invalid", "transparent", "established", "leftover", "left", "more_left")
"""Fields of a match that a rule has not, or in other words."""
_LEFTOVER = Match(leftover=True)


class Does(NamedTuple):
    """What a rule does; ``drop`` and ``mark`` matter where the match makes something of them."""

    action: Action | Literal["drop", "mark"]
    to_addresses: tuple[str, ...] = ()
    to_ports: str = ""
    mark: int | None = None
    persistent: bool = False
    random: bool = False


class Step(NamedTuple):
    """One rule of a chain, or one of the ways that it has: it does something, or leads to another chain."""

    where: str
    text: str
    match: Match
    does: Does | None = None
    jump: str = ""
    leaves: Literal["", "chain", "hook"] = ""
    """What packets that match leave here: this chain, or its hook; the next rules are for the others."""


@dataclass
class Reading:
    """What comes of one file of rules: rules, remarks, and words that are passed over."""

    rules: list[Rule] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    tracks: str = ""
    """Where a rule needs the tracking table: a match on its state, NAT."""

    def follow(self, chains: Mapping[str, Sequence[Step]], bases: Mapping[str, Hook]) -> None:
        """Add the rules that packets reach from the base chains.

        Raises :class:`~tuplecalc.errors.InputError` where there are too many ways to rules that translate.
        """
        ways = _Chains(chains)
        for name, hook in sorted(bases.items(), key=lambda base: base[1] not in _FIRST):
            self._follow(ways, name, hook)
        if not ways.translating & bases.keys():
            leaving = (step.leaves for chain in chains.values() for step in chain if step.leaves)
            self.passed_over.update(map(_LEAVING.__getitem__, leaving))

    def _follow(self, ways: _Chains, base: str, hook: Hook) -> None:
        left = MOST_STEPS
        chains = ways.chains
        translates = base in ways.translating
        seen: set[tuple[str, Match]] = set()
        ahead = [ways.entered(base, Match(), translates)]
        while ahead:
            if (following := next(ahead[-1], None)) is None:
                ahead.pop()
                continue
            step, outer = following
            left -= 1
            if not left:
                why = f"more than {MOST_STEPS:,} ways through the chains from {base}"
                if translates:
                    rule = "what translates may stand in the rest; leave out chains that do not"
                    raise InputError(f"{step.where}: {why}: {rule}")
                self.remarks.append(Remark(step.where, step.text, f"{why}: the rest is not read"))
                return
            match = step.match.within(outer)
            if match is None:
                continue
            if step.does:
                self._take(step, step.does, hook, match)
            here = (step.jump, match)
            if not step.jump or here in seen:
                continue
            seen.add(here)
            if step.jump in chains:
                ahead.append(ways.entered(step.jump, match, translates))
            else:
                self.remarks.append(
                    Remark(step.where, step.text, f"{step.jump} is neither known nor a chain")
                )

    def _take(self, step: Step, does: Does, hook: Hook, match: Match) -> None:
        needed, action = _VERDICTS.get(does.action, ("", does.action))
        matched = {each.name: getattr(match, each.name) for each in fields(match)}
        flags = {name: matched.pop(name) for name in _FLAGS}
        all_unknown = does.action == "drop" and replace(match, family="both") == _LEFTOVER
        if needed and not flags[needed] and not all_unknown:
            self.passed_over[does.action] += 1
            return
        if match.protocol not in ("", "tcp", "udp"):
            self.passed_over[match.protocol] += 1
            return
        done = {**does._asdict(), "action": action}
        before = [Left(each.where, each.text) for each in match.left if not each.match.misses(match)]
        one = Rule(where=step.where, text=step.text, hook=hook, **matched, **done)
        self.rules.append(replace(one, left=tuple(before), more_left=match.more_left))


@dataclass
class _Chains:
    """Chains by their names, and what is in those that they lead to."""

    chains: Mapping[str, Sequence[Step]]
    translating: set[str] = field(init=False)
    """From where rules are reached that change a packet's tuple or leave it untracked."""

    def __post_init__(self) -> None:
        self.leaving: dict[str, list[Step]] = {}
        """Rules of a chain by which packets leave its hook."""
        self.translating = set()
        callers: dict[str, set[str]] = {}
        for name, steps in self.chains.items():
            self.leaving[name] = [s for s in steps if s.leaves == "hook" and not s.match.established]
            for step in steps:
                if step.jump:
                    callers.setdefault(step.jump, set()).add(name)
                if step.does and step.does.action not in _VERDICTS:
                    self.translating.add(name)
        ahead = list(self.translating)
        while ahead:
            found = callers.get(ahead.pop(), set()) - self.translating
            self.translating |= found
            ahead += found

    def entered(self, name: str, outer: Match, translates: bool) -> Iterator[tuple[Step, Match]]:
        """The rules of a chain, each with the packets that reach it."""
        for step in self.chains[name]:
            if not step.leaves:
                yield step, outer
                for way_out in self.leaving.get(step.jump, ())[: MOST_LEFT + 1] if translates else ():
                    if (match := way_out.match.within(step.match)) is not None:
                        outer = outer.without(way_out._replace(match=match))
            elif step.match.established:
                outer = replace(outer, leftover=True)
            elif translates and step.match != Match(family=step.match.family):
                outer = outer.without(step)


def _size(addresses: Sequence[str]) -> int:
    return AddressSet(list(addresses)).size


def unread(error: ValueError) -> str:
    """Why a rule with a value that cannot be read is not understood.

    >>> try:
    ...     ports_of(["99999"])
    ... except ValueError as error:
    ...     unread(error)
    'not understood: "99999": ports run from 1 to 65535'
    """
    if isinstance(error, ChainError):
        return not_understood("; ".join(f"{show(each.value)}: {each.rule}" for each in error.problems))
    text = str(error)
    return not_understood("its quote is never closed" if text == _NO_CLOSING else text)


def ports_of(several: Sequence[str]) -> str:
    """Ports as a chain file writes them; port 0, which no connection has, is left out.

    Raises :class:`ValueError` where one is none.

    >>> ports_of(["80", "0-1023", "8000-8099"])
    '1-1023, 8000-8099'
    """
    upwards = ["1" + each[1:] if each.startswith("0-") else each for each in several]
    return str(PortSet(upwards)) if upwards else ""


def addresses_of(several: Sequence[str]) -> tuple[str, ...]:
    """Addresses, blocks and ranges as a chain file writes them.

    Raises :class:`ValueError` where one is none.

    >>> addresses_of(["198.18.0.1/32", "198.18.1.0/255.255.255.0", "198.18.0.1-198.18.0.9"])
    ('198.18.0.1', '198.18.1.0/24', '198.18.0.1-198.18.0.9')
    """
    found = []
    for each in several:
        block = _block(each) if "/" in each else each
        found.append(block.removesuffix("/128" if ":" in block else "/32"))
        AddressSet(found[-1])
    return tuple(found)


def _block(written: str) -> str:
    try:
        return str(ip_network(written, strict=False))
    except ValueError:
        raise ValueError(f"{show(written)} is no block of addresses") from None


def family_of(addresses: Sequence[str]) -> Literal["ip", "ip6", "both"]:
    """The family of some addresses; both where there are none.

    >>> family_of(["198.18.0.1"]), family_of(["2001:db8::/64"]), family_of([])
    ('ip', 'ip6', 'both')
    """
    if not addresses:
        return "both"
    return "ip6" if ":" in addresses[0] else "ip"
