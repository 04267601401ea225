"""Which tables and files no limit counts, since nobody said how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.proxy import Proxy

LINUX: Mapping[str, int] = {"max_entries": 262_144, "max_files": 1_048_576}
"""What Linux has where nobody says otherwise: nf_conntrack_max on more than 4 GiB of memory (65,536 on more
than 1 GiB), and fs.nr_open, the most that RLIMIT_NOFILE can be set to (1,024 until somebody does)."""

Sized = Literal["max_entries", "max_files"]


class NotCounted(NamedTuple):
    """A size that nobody gave, and so no limit."""

    hop: str
    key: Sized
    usual: int | None
    """What Linux has; None at a hop of a preset: it may stand for another platform, which does not say."""
    setting: str | None
    """What counts it, as after ``--set``."""


def not_counted(chain: Chain) -> tuple[NotCounted, ...]:
    """The tracking tables and files that no limit counts, in the order of the hops; of a machine once.

    Cones and forwarders have a table, proxies one unless tracking is off, and files.  In entries and
    files.  Source: nf_conntrack_max, fs.nr_open.

    >>> from tuplecalc.network.file import example
    >>> for each in not_counted(example("outage")):
    ...     print(each.hop, each.key, each.usual, each.setting)
    lvs max_entries 262144 hops.lvs.max_entries=262144
    login-proxy max_entries 262144 hops.login-proxy.max_entries=262144
    login-proxy max_files 1048576 hops.login-proxy.max_files=1048576
    """
    found: dict[tuple[str, Sized], NotCounted] = {}
    for hop in chain.hops_at_work:
        usual: Mapping[str, int] = LINUX if hop.preset is None else {}
        for key in _unsaid(hop):
            size = usual.get(key)
            setting = None if size is None else f"{hop.path}.{key}={size}"
            found.setdefault((hop.on, key), NotCounted(hop.name, key, size, setting))
    return tuple(found.values())


def _unsaid(hop: AnyHop) -> Iterator[Sized]:
    if hop.max_entries is None and not (isinstance(hop, Proxy) and hop.tracking == "off"):
        yield "max_entries"
    if isinstance(hop, Proxy) and hop.max_files is None:
        yield "max_files"
