"""A rule of nftables or iptables, as far as tuples depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Hook = Literal["prerouting", "input", "forward", "output", "postrouting"]
Action = Literal[
    "snat", "masquerade", "dnat", "redirect", "tproxy", "notrack", "drop-invalid", "transparent-socket"
]


class Left(NamedTuple):
    """A rule by which packets leave before another one."""

    where: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a rule matches and what it does to the tuple; empty where the rule does not say.

    Ranges and lists are as a chain file writes them: ``"1024-65535"``, ``"198.18.0.1-198.18.0.9"``.
    ``to_addresses`` and ``to_ports`` are what it changes them to; for tproxy and redirect ``to_ports`` is the
    listener's.  A chain that is only reached from others has the hook of the base chain that jumps to it.
    ``transparent-socket`` is a rule that hands packets to sockets with foreign addresses (``socket
    transparent``), a sign that a proxy speaks from its clients' addresses.  ``drop-invalid`` is one that
    drops what the tracking table calls invalid (strict tracking), by name or with all that it does not know.
    """

    where: str
    text: str
    hook: Hook
    action: Action
    family: Literal["ip", "ip6", "both"] = "both"
    protocol: Literal["tcp", "udp", ""] = ""
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    source_ports: str = ""
    destination_ports: str = ""
    in_interface: str = ""
    out_interface: str = ""
    to_addresses: tuple[str, ...] = ()
    to_ports: str = ""
    mark: int | None = None
    """The mark that it sets, for tproxy."""
    persistent: bool = False
    random: bool = False
    """``random`` or ``fully-random``."""
    others: str = ""
    """Matches that are not kept above, as written: the rule is then for fewer packets than it seems."""
    left: tuple[Left, ...] = ()
    """Rules before it that keep packets from it."""
    more_left: int = 0

    @property
    def main_family(self) -> Literal["ip", "ip6"]:
        """The family that is counted: IPv4 where it is for both."""
        return "ip6" if self.family == "ip6" else "ip"
