"""Which tables and files no limit counts, since nobody said how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Literal, NamedTuple

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Number
from tuplecalc.limits.legs import Uses
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.presets import preset
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import replace_all

LINUX: Mapping[str, int] = {"max_entries": 262_144, "max_files": 1_048_576}
"""What Linux has where nobody says otherwise: nf_conntrack_max on more than 4 GiB of memory (65,536 on more
than 1 GiB), and fs.nr_open, the most that RLIMIT_NOFILE can be set to (1,024 until somebody does)."""

Sized = Literal["max_entries", "max_files"]
_KEYS: Mapping[str, Sized] = {"entries": "max_entries", "files": "max_files"}


class NotCounted(NamedTuple):
    """A size that nobody gave, and so no limit."""

    hop: str
    key: Sized
    usual: int | None
    """What Linux has; None at a hop of a preset for another platform, which does not say."""
    setting: str | None
    """What counts it, as after ``--set``."""
    needs: int | None = None
    """What the offered rate, or the flows that are wanted, take of each instance's; None where nobody says
    what is usual, nothing is offered, or entries give way before the usual size is full."""

    @property
    def is_short(self) -> bool:
        """Whether what is usual is not enough for what is offered."""
        return self.usual is not None and self.needs is not None and self.needs > self.usual


@lru_cache(maxsize=4)  # one answer says it several times
def not_counted(chain: Chain) -> tuple[NotCounted, ...]:
    """The tracking tables and files that no limit counts, in the order of the hops; of a machine once.

    Cones and forwarders have a table, proxies one unless tracking is off, and files.  What is offered needs

        rate · seconds / instances        or        flows · keys / instances

    of them, the larger of the two, if nothing before refuses any of it.  In entries and files.
    Source: Little's law; nf_conntrack_max, fs.nr_open.

    >>> from tuplecalc.network.file import example
    >>> for each in not_counted(example("outage")):
    ...     print(each.hop, each.key, each.usual, each.setting, each.needs)
    lvs max_entries 262144 hops.lvs.max_entries=262144 294000
    login-proxy max_entries 262144 hops.login-proxy.max_entries=262144 98000
    login-proxy max_files 1048576 hops.login-proxy.max_files=1048576 70000
    """
    found: dict[tuple[str, Sized], NotCounted] = {}
    for hop in chain.hops_at_work:
        is_linux = hop.preset is None or preset(hop.preset).platform == "linux"
        usual: Mapping[str, int] = LINUX if is_linux else {}
        for key in _unsaid(hop):
            size = usual.get(key)
            setting = None if size is None else f"{hop.path}.{key}={size}"
            found.setdefault((hop.on, key), NotCounted(hop.name, key, size, setting))
    needs = _needs(chain, [each for each in found.values() if each.setting])
    return tuple(each._replace(needs=needs.get(place)) for place, each in found.items())


def _needs(chain: Chain, sized: list[NotCounted]) -> Mapping[tuple[str, Sized], int]:
    """What is needed at each machine, by its tables and files of the usual size."""
    rate, flows, of_clients = chain.traffic.offered, chain.traffic.flows, wanted_by_clients(chain)
    if not sized or not (rate or flows or of_clients):
        return {}
    hops = {hop.name: hop for hop in chain.hops}
    counted = capacity(
        replace_all(chain, [(f"{hops[each.hop].path}.{each.key}", each.usual) for each in sized])
    )
    found: dict[tuple[str, Sized], int] = {}
    for result, open_, new in ((counted, flows, rate), (counted.as_wanted, of_clients, None)):
        for limit in result.limits if open_ or new else ():
            key = _KEYS.get(limit.kind.resource)
            if key is not None and limit.hop in hops:
                place = hops[limit.hop].on, key
                found[place] = max(needed(result, limit, new or 0, open_ or 0), found.get(place, 0))
    return found


def needed(result: Capacity, limit: Limit, rate: Number, flows: int) -> int:
    """How many entries or files of a table a rate takes, or so many flows: the larger of the two.

    Closed entries that give way are as many as their keys at most.
    """
    full = limit.size.value - limit.busy_keys
    open_, all_ = flows * limit.keys, full * limit.scopes.value + rate * limit.seconds.value
    keys = [
        each.yielding.number.value
        for hop in result.declared
        for each in hop
        if isinstance(each, Uses) and each.hop == limit.hop and each.kind == limit.kind and each.yielding
    ]
    most = ceil(max(open_, all_) / Fraction(limit.scopes.value))
    return min(most, *map(ceil, keys)) if keys and not result.chain.is_mixed else most


def _unsaid(hop: AnyHop) -> Iterator[Sized]:
    if hop.max_entries is None and not (isinstance(hop, Proxy) and hop.tracking == "off"):
        yield "max_entries"
    if isinstance(hop, Proxy) and hop.max_files is None:
        yield "max_files"
