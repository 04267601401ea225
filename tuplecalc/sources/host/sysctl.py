"""Settings of the kernel as ``sysctl`` prints them, and the keys of a chain file that they say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tuplecalc.network.hop import EPHEMERAL_PORTS
from tuplecalc.network.ports import PortSet
from tuplecalc.sources.draft import Remark, Said, not_understood
from tuplecalc.sources.texts import Text

_SETTING = re.compile(r"^(net[./][\w./@:*-]+)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
_OTHERS = re.compile(r"(sysctl: .*|[\w./@:*-]+[ \t]*=.*|#.*|)")
"""What ``sysctl`` prints beside settings of the network: errors, other settings."""
_TABLE = "net.netfilter.nf_conntrack_"
_RANGE, _RESERVED = "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"
_NUMBERS = {
    *(_TABLE + name for name in ("max", "tcp_timeout_time_wait", "udp_timeout_stream", "tcp_be_liberal")),
    *("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.tcp_tw_reuse"),
    "net.ipv4.tcp_tw_reuse_delay",
}
Settings = Mapping[str, Said]
"""The value of each setting as it is printed, and where."""


def recognises(text: Text) -> bool:
    """Whether a line is a setting of the network."""
    return bool(_SETTING.search(text.text))


def read(text: Text) -> tuple[dict[str, Said], list[Remark]]:
    """The settings of the network, and lines that are none, or whose value is none.

    >>> settings, remarks = read(Text("sysctl.txt", "net.ipv4.ip_forward = 1"))
    >>> settings["net.ipv4.ip_forward"], remarks
    (Said(value='1', where='sysctl.txt:1', unknown=''), [])
    """
    found: dict[str, Said] = {}
    remarks = []
    for at, line in enumerate(map(str.strip, text.text.splitlines()), 1):
        if matched := _SETTING.match(line):
            name, value = matched[1].replace("/", "."), Said(matched[2], text.at(at))
            if why := _wrong(name, value):
                remarks.append(Remark(value.where, line, f"{why}: left out"))
            else:
                found[name] = value
        elif not _OTHERS.fullmatch(line):
            remarks.append(Remark(text.at(at), line, not_understood("no line `key = value`")))
    return found, remarks


def _wrong(name: str, said: Said) -> str:
    """What is wrong with the value of a setting that is looked at."""
    if name in _NUMBERS and number({name: said}, name) is None:
        return "no number"
    if name == _RANGE and _ports(said, "-".join(str(said.value).split())) is None:
        return "no range of ports"
    if name == _RESERVED and said.value and _ports(said, str(said.value)) is None:
        return "no ports"
    return ""


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
    >>> settings, _ = read(Text("s", "".join(f"net.ipv4.{line}\\n" for line in lines)))
    >>> sockets(settings)["ports"]
    Said(value=['1024-8079', '8081-8999', '9011-65535'], where='s:1, s:2', unknown='')
    """
    found = {}
    span, reserved = settings.get(_RANGE), settings.get(_RESERVED)
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
