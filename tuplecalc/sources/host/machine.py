"""What the files of a bundle say of a machine, put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.sources.draft import Remark, Said
from tuplecalc.sources.host import sysctl
from tuplecalc.sources.host.ip import Address, Routing
from tuplecalc.sources.host.ipvs import Balanced
from tuplecalc.sources.host.limits import Limit, Listener
from tuplecalc.sources.host.rule import Rule
from tuplecalc.sources.texts import Text

_KERNEL = re.compile(r"^(?:Linux\s+)?(?:\S+\s+)?([2-9]|\d\d)\.(\d+)(?:\.\d+)?\S*(?:\s.*)?$")
_MEMORY = re.compile(r"^MemTotal:\s+(\d{1,15}) kB$", re.MULTILINE)
_CLOSING_YIELDS, _GIVES_UP = (6, 5), (5, 0)
_MOST_PLACES = 3
_DRAWN = ("--mode", "--probability", "--every")
_ENTRIES = ((4 << 20, 262144), (1 << 20, 65536))
"""Above so many kB of memory the tracking table has so many entries (nf_conntrack_init_start)."""
_BACKPORTS = "distributions backport: look for NF_NAT_HARDER_THRESH in this kernel's nf_nat_core.c"


def places(several: Iterable[str]) -> str:
    """Places as a comment names them: each once, and of many the first ones.

    >>> places(["a:1", "a:2", "a:1", "a:3", "a:4", "a:5"])
    'a:1, a:2, a:3 and 2 more'
    """
    found = list(dict.fromkeys(several))
    more = f" and {len(found) - _MOST_PLACES} more" if len(found) > _MOST_PLACES + 1 else ""
    return ", ".join(found[:_MOST_PLACES] if more else found) + more


def is_drawn(rule: Rule) -> bool:
    """Whether it takes only its part (``statistic``) of what the next ones take too."""
    return any(word in rule.others for word in _DRAWN)


def fewer(rule: Rule) -> list[Remark]:
    """That a rule has matches which are not counted, or that others before it let flows go."""
    without = [f"not those of {each.where} ({each.text})" for each in rule.left]
    if rule.more_left:
        without.append(f"of {rule.more_left} more rules")
    if not rule.others and not without:
        return []
    what = ", ".join(filter(None, (rule.others, *without)))
    return [Remark(rule.where, rule.text, f"it is for fewer flows than counted here: {what}")]


class Kernel(NamedTuple):
    """What ``uname`` tells: the version as two numbers, and all of it."""

    version: tuple[int, int]
    release: str
    where: str


class Memory(NamedTuple):
    """The whole memory, in kB."""

    kilobytes: int
    where: str


@dataclass(frozen=True)
class Machine:
    """A machine; what is None, or empty, stands in none of its files."""

    name: str
    files: str = ""
    """What its files are in."""
    rules: tuple[Rule, ...] = ()
    balanced: tuple[Balanced, ...] = ()
    routing: Routing = field(default_factory=Routing)
    settings: Mapping[str, Said] = field(default_factory=dict)
    listeners: tuple[Listener, ...] | None = None
    limits: tuple[Limit, ...] = ()
    kernel: Kernel | None = None
    memory: Memory | None = None
    tracks: str = ""
    """Where a rule needs the tracking table."""
    is_whole: bool = False
    """Whether all rules are here: nft lists those of iptables too."""

    def the(self, action: str, *hooks: str) -> list[Rule]:
        """The rules that do this, in any or one of these hooks, not for UDP alone."""
        return [
            rule
            for rule in self.rules
            if rule.action == action and rule.hook in (hooks or (rule.hook,)) and rule.protocol != "udp"
        ]

    def untracked(self) -> Said | None:
        """That nothing of TCP takes an entry of the tracking table; None where something may."""
        if self.tracks:
            return None
        for rule in self.the("notrack", "prerouting"):
            ports = rule.source_ports or rule.destination_ports
            if not (
                ports or rule.sources or rule.destinations or rule.in_interface or rule.others or rule.left
            ):
                return Said("off", rule.where)
        return Said("off", "no rule tracks connections") if self.is_whole else None

    def is_tracking(self) -> str:
        """What to find out about the tracking table where rules do not say that it is in use."""
        return "" if self.tracks else "does a rule track connections? a `ct` match, NAT: nft list ruleset"

    def preset(self) -> Said:
        """The preset of a cone by the kernel's version."""
        if self.kernel is None:
            return Said("linux-snat", unknown="the kernel's version: uname -r")
        if self.kernel.version >= _CLOSING_YIELDS:
            return Said("linux-snat", self.kernel.where)
        until = "5-0" if self.kernel.version < _GIVES_UP else "6-5"
        backports = _BACKPORTS if re.search(r"\.el\d", self.kernel.release) else ""
        return Said(f"linux-snat-before-{until}", self.kernel.where, backports)

    def tracking_table(self) -> dict[str, Said]:
        """Size and times of the tracking table; the size by the memory where no setting says it."""
        found = sysctl.tracking(self.settings)
        if "max_entries" not in found and self.memory is not None:
            entries = next((size for kilobytes, size in _ENTRIES if self.memory.kilobytes > kilobytes), None)
            if entries is not None:
                why = "nf_conntrack_max; this is the default for so much memory"
                found = {"max_entries": Said(entries, self.memory.where, why), **found}
        return found

    def source(self, interfaces: str = "", family: str = "ip") -> Address | None:
        """The address that connections leave an interface with."""
        return self.routing.source(interfaces, family)


def kernel(text: Text) -> Kernel | None:
    """The version that ``uname`` tells.

    >>> kernel(Text("k", "Linux 6.1.0-13-amd64")).version, kernel(Text("k", "5.14.0-427.el9.x86_64")).version
    ((6, 1), (5, 14))
    """
    line = text.text.strip()
    found = _KERNEL.match(line) if "\n" not in line else None
    return Kernel((int(found[1]), int(found[2][:6])), line, text.at(1)) if found else None


def memory(text: Text) -> Memory | None:
    """The memory that ``/proc/meminfo`` tells."""
    found = _MEMORY.search(text.text)
    return Memory(int(found[1]), text.at(text.text.count("\n", 0, found.start()) + 1)) if found else None
