"""The files that the collector makes, or one of them alone → what a machine says of a chain."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import PurePath

from tuplecalc.errors import InputError
from tuplecalc.sources.draft import Draft, Remark, Said
from tuplecalc.sources.host import ip, iptables, ipvs, limits, nft, sysctl
from tuplecalc.sources.host.chains import Reading
from tuplecalc.sources.host.hops import draft
from tuplecalc.sources.host.machine import Machine, kernel, memory
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.texts import Source, Text

NOT_COLLECTED = "# not collected"
"""The first line of the collector's list of what it did not get."""
_OF_RULES = ("nft", "iptables", "ip6tables", "ipvsadm")
_ABSENT = (": not installed", "use 'nft' tool.", ":")
"""How lines end that say that there are no rules, or that nft has them; iptables-save prints that itself."""
_COULD_NOT_READ = "its rules could not be read, and may translate or limit what is counted here"
_AGAIN = "collect it again as root"
_NOT_KNOWN = "not a file of the collector: give it as a source of its own if it is one"


def recognises(source: Source) -> bool:
    """Whether rules or other facts of a machine are among the texts."""
    return any(_is_of_a_machine(text) for text in source.texts.values())


def _is_of_a_machine(text: Text) -> bool:
    knows = (nft.recognises, iptables.recognises, ipvs.recognises, sysctl.recognises)
    routing = ip.read(text)
    return any(each(text) for each in knows) or any(routing or ()) or limits.limit(text) is not None


def read(source: Source) -> Draft:
    """What a machine says of a chain.

    Raises :class:`~tuplecalc.errors.InputError` where a file of nft's is broken, or no rules could be read.
    """
    texts = list(source.texts.values())
    reading = Reading()
    taken: set[tuple[str, str]] = set()
    machine = Machine(PurePath(source.name).name.partition(".")[0] or "machine", source.name)
    for text in texts:
        if iptables.recognises(text):
            saved = iptables.read(text)
            taken |= saved.taken
            _add(reading, saved.reading)
    settings: dict[str, Said] = {}
    for text in texts:
        if nft.recognises(text):
            _add(reading, nft.read(text, taken))
        elif iptables.recognises(text):
            pass  # read above: nft has to know what it need not tell
        elif ipvs.recognises(text):
            balanced, remarks = ipvs.read(text)
            machine = replace(machine, balanced=machine.balanced + tuple(balanced))
            reading.remarks += remarks
        elif sysctl.recognises(text):
            found, remarks = sysctl.read(text)
            settings |= found
            reading.remarks += remarks
        elif (routing := ip.read(text)) is not None:
            machine = replace(machine, routing=machine.routing.and_(routing))
        elif (limit := limits.limit(text)) is not None:
            machine = replace(machine, limits=(*machine.limits, limit))
        elif (listening := limits.listeners(text)) is not None:
            machine = replace(machine, listeners=(machine.listeners or ()) + listening)
        elif (version := kernel(text)) is not None:
            machine = replace(machine, kernel=version)
        elif (size := memory(text)) is not None:
            machine = replace(machine, memory=size)
        elif text.text.startswith(NOT_COLLECTED):
            _add_missing(reading, text, source)
        elif text.text.strip():
            first, _, _ = text.text.strip().partition("\n")
            reading.remarks.append(Remark(text.at(1), first[:80], _NOT_KNOWN))
    machine = replace(
        machine,
        rules=tuple(reading.rules),
        settings=settings,
        tracks=reading.tracks,
        is_whole=any(map(nft.recognises, texts)),
    )
    if any("mark" in rule.others or any("mark" in each.text for each in rule.left) for rule in reading.rules):
        reading.passed_over.pop("mark", None)  # some rule is for marked packets, and is remarked for it
    made = draft(machine)
    return replace(
        made,
        remarks=(*reading.remarks, *made.remarks),
        passed_over=Counter(reading.passed_over) + Counter(made.passed_over),
    )


def _add(to: Reading, found: Reading) -> None:
    to.rules += found.rules
    to.remarks += found.remarks
    to.passed_over.update(found.passed_over)
    to.tracks = to.tracks or found.tracks


def _add_missing(reading: Reading, text: Text, source: Source) -> None:
    """What the collector did not get; rules that it was not let read are told first."""
    denied, missing = [], []
    for number, line in enumerate(text.text.splitlines()[1:], 2):
        if line.startswith(_OF_RULES) and not line.strip().endswith(_ABSENT):
            denied.append(Remark(text.at(number), line, f"{_COULD_NOT_READ}: {_AGAIN}"))
        elif line.strip():
            missing.append(Remark(text.at(number), line, "not collected"))
    has_rules = any(nft.recognises(each) or iptables.recognises(each) for each in source.texts.values())
    if denied and not has_rules:
        rest = f"without {PurePath(text.name).name}, what it routes is read alone"
        raise InputError(f"{denied[0].where}: {_COULD_NOT_READ} ({denied[0].said}); {_AGAIN}; {rest}")
    reading.remarks[:0] = denied
    reading.remarks += missing


READER = Reader("a machine's rules and settings (tuplecalc import --collector)", recognises, read)
