"""Settings of the kernel as ``sysctl`` prints them, and the keys of a topology file that they say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tuplecalc.network.hop import EPHEMERAL_PORTS
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Said
from tuplecalc.sources.texts import Text

_SETTING = re.compile(r"^(net[./][\w./@:*-]+)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
_TABLE = "net.netfilter.nf_conntrack_"
Settings = Mapping[str, Said]
"""The value of each setting as it is printed, and where."""


def recognises(text: Text) -> bool:
    """Whether a line is a setting of the network."""
    return bool(_SETTING.search(text.text))


def read(text: Text) -> dict[str, Said]:
    """The settings of the network; lines that are none (``sysctl`` mixes its errors in) are left out.

    >>> read(Text("sysctl.txt", "net.ipv4.ip_forward = 1"))["net.ipv4.ip_forward"]
    Said(value='1', where='sysctl.txt:1', unknown='')
    """
    lines = enumerate(text.text.splitlines(), 1)
    found = ((number, _SETTING.match(line.rstrip())) for number, line in lines)
    return {m[1].replace("/", "."): Said(m[2], text.at(number)) for number, m in found if m}


def number(settings: Settings, name: str) -> Said | None:
    """A setting that is one number; None where it is not there or is none."""
    said = settings.get(name)
    if said is None or not re.fullmatch(r"[0-9]{1,18}", str(said.value)):
        return None
    return said._replace(value=int(str(said.value)))


def forwards(settings: Settings) -> bool:
    """Whether the machine is a router."""
    names = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
    return any((said := number(settings, name)) is not None and said.value for name in names)


def tracking(settings: Settings) -> dict[str, Said]:
    """What the tracking table says: its size, and how long a closed and a silent entry stay."""
    found = {}
    size = number(settings, _TABLE + "max")
    if size is not None and size.value:  # 0 is no limit
        found["max_entries"] = size
    for key, name in (("tracking_time_wait", "tcp_timeout_time_wait"), ("udp_timeout", "udp_timeout_stream")):
        if (seconds := number(settings, _TABLE + name)) is not None:
            found[key] = seconds._replace(value=f"{seconds.value}s")
    return found


def sockets(settings: Settings) -> dict[str, Said]:
    """What the machine's own sockets may use: ports without the reserved ones, and ``reuse_after``.

    >>> lines = ["ip_local_port_range = 1024 65535", "ip_local_reserved_ports = 8080,9000-9010"]
    >>> settings = read(Text("s", "".join(f"net.ipv4.{line}\\n" for line in lines)))
    >>> sockets(settings)["ports"]
    Said(value=['1024-8079', '8081-8999', '9011-65535'], where='s:1, s:2', unknown='')
    """
    found = {}
    span, reserved = (settings.get(f"net.ipv4.ip_local_{name}") for name in ("port_range", "reserved_ports"))
    given = _ports(span, "-".join(str(span.value).split())) if span else None
    taken = _ports(reserved, str(reserved.value)) if reserved and reserved.value else None
    left = (given[0] if given else EPHEMERAL_PORTS) - (taken[0] if taken else PortSet.of_ranges([]))
    if (given or taken) and left:
        where = ", ".join(each[1] for each in (given, taken) if each)
        found["ports"] = Said(left.spec, where)
    reuse = number(settings, "net.ipv4.tcp_tw_reuse")
    if reuse is not None and reuse.value == 1:
        delay = number(settings, "net.ipv4.tcp_tw_reuse_delay") or Said(1000)
        where = ", ".join(filter(None, (reuse.where, delay.where)))
        found["reuse_after"] = Said(f"{delay.value}ms", where)
    return found


def _ports(said: Said, ports: str) -> tuple[PortSet, str] | None:
    try:
        return PortSet(ports), said.where
    except ValueError:
        return None
