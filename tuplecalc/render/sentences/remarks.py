"""What a reader of a chain file should know beside its figures: what is odd in it, and what it leaves out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import floor

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.targets import targets
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.families import by_family, translated
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy
from tuplecalc.questions.not_counted import NotCounted, not_counted
from tuplecalc.render import kinds, numbers
from tuplecalc.render.presets import contradictions

_MOST_UNSIZED = 3
_IPV4 = 4


def remarks(result: Capacity) -> Iterator[str]:
    """All of them."""
    yield from other_family(result)
    yield from repeated(result)
    yield from idle(result)
    yield from contradictions(result.chain)
    yield from filter(None, [no_hold(result)])
    yield from unsized(result)


def other_family(result: Capacity) -> Iterator[str]:
    """Which clients cross a NAT to addresses of the other family, and what to do where it cannot do that.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> old = ["hops.nat.addresses=198.18.0.1", "clients.addresses=2001:db8::/120"]
    >>> print(*other_family(capacity(example("cone", old))))
    nat turns IPv6 of the clients into IPv4, and is counted as a NAT64. If it is none, these clients cannot \
cross: leave them out, or give nat and the services addresses of IPv6.
    """
    found: dict[tuple[str, int, int], dict[str, None]] = {}
    for strand in result.chain.strands:
        family = by_family(strand.clients.addresses)[0][0]
        captured = (hop for hop in strand.hops if strand.is_captured(hop))
        for hop, before, behind in translated(family, captured):
            if hop.given is None or not hop.given.nat64 or before == _IPV4:
                whose = found.setdefault((hop.name, before, behind), {})
                whose[strand.clients.name or "the clients"] = None
    hops = {hop.name: hop for hop in result.chain.hops}
    for (name, before, behind), clients in found.items():
        ends = [hops[name].own_addresses, *(group.addresses for group in result.chain.services)]
        has = [any(family == before for family, _ in by_family(each)) for each in ends if each is not None]
        way_out = f"give {name} and the services addresses of IPv{before}"
        if has[0] and any(has[1:]):
            way_out = f"send them to the services of IPv{before} only, by [[traffic.kinds]]"
        yield (
            f"{name} turns IPv{before} of {kinds.listed(list(clients))} into IPv{behind}, and is counted as "
            f"a NAT{before}{behind}. If it is none, these clients cannot cross: leave them out, or {way_out}."
        )


def repeated(result: Capacity) -> Iterator[str]:
    """Where addresses are written more than once, and so are fewer than they seem.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> twice = ['clients.addresses=["198.18.0.0/26", "198.18.0.9"]']
    >>> print(*repeated(capacity(example("cone", twice))))
    clients.addresses: some are written more than once and count once: 64 addresses.
    """
    for path, part in result.chain.parts():
        found = getattr(part, "addresses", None)
        if isinstance(found, AddressSet) and found.repeated:
            total = f"{numbers.count(found.size)} address{'' if found.size == 1 else 'es'}"
            yield f"{path}.addresses: some are written more than once and count once: {total}."


def idle(result: Capacity) -> Iterator[str]:
    """Which proxies have more instances than there is for them to serve.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> few = ["hops.proxy.instances=6", "hops.proxy.split=services", "services.addresses=1"]
    >>> print(*idle(capacity(example("hourglass", few))))
    5 of 6 instances of proxy have no service of their own and stay idle (split = "services").
    """
    for hop in result.chain.hops:
        if not isinstance(hop, Proxy) or hop.split == "flows" or hop.instances == 1:
            continue
        ended = [each for each in result.chain.strands if each.crosses(hop) and each.is_captured(hop)]
        served = sum(_endpoints_behind(hop, ended).values())
        if ended and served < hop.instances:
            unused = numbers.count(hop.instances - served)
            has, stays = ("has", "stays") if hop.instances - served == 1 else ("have", "stay")
            yield (
                f"{unused} of {numbers.count(hop.instances)} instances of {hop.name} {has} no service of "
                f'{"its" if has == "has" else "their"} own and {stays} idle (split = "services").'
            )


def _endpoints_behind(hop: Proxy, strands: Sequence[Strand]) -> dict[str, int]:
    """What a proxy connects to, by the group of services or the hop behind that is addressed instead."""
    found: dict[str, int] = {}
    for strand in strands:
        behind = targets(strand)[strand.hops.index(hop) + 1]
        if behind.name[0] == "services":  # a group of both families is one part of each strand
            found |= {f"services {each.name} {strand.family}": each.endpoints for each in strand.services}
        else:
            found[behind.name[0]] = floor(behind.endpoints.value)
    return found


def no_hold(result: Capacity) -> str:
    """What is assumed where nobody said how long connections last; empty where no rate depends on it.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> print(no_hold(capacity(example("cone", ["traffic.hold="]))))
    No hold is given: each connection is taken to close at once (0 s), and the rates here hold for \
that only. To say how long connections stay open: --set traffic.hold=30s
    """
    traffic = result.chain.traffic
    without = [kind for kind in traffic.kinds if kind.hold is None]
    if result.rate is None or "hold" in traffic.model_fields_set or (traffic.kinds and not without):
        return ""
    whose = "each connection"
    if len(without) < len(traffic.kinds):
        whose += f" of {kinds.listed([kind.name for kind in without])}"
    return (
        f"No hold is given: {whose} is taken to close at once (0 s), and the rates here hold for that only. "
        "To say how long connections stay open: --set traffic.hold=30s"
    )


def unsized(result: Capacity) -> Iterator[str]:
    """Which tables and files no limit counts, as nobody said how large they are; nothing where all are.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> print(*unsized(capacity(example("cone"))))
    Not counted, as no size is given: tracking table of nat (Linux: 262,144). To count it: \
--set hops.nat.max_entries=262144
    """
    found = not_counted(result.chain)
    said: list[str] = []
    counts: list[str] = []
    for (key, less), several in groupby(sorted(found, key=_size_of), key=_size_of):
        each_size = list(several)
        hops = [each.hop for each in each_size]
        counts += [f"--set {shlex.quote(each.setting)}" for each in each_size[:_MOST_UNSIZED] if each.setting]
        more = len(hops) - _MOST_UNSIZED
        names = ", ".join(hops[:_MOST_UNSIZED]) + (f" and {more:,} more" if more > 0 else "")
        what = {"max_entries": "tracking table", "max_files": "open files"}[key]
        plural = "s" if len(hops) > 1 and key == "max_entries" else ""
        platform = f"Linux: {numbers.count(-less)}" if less else "its preset does not say"
        said.append(f"{what}{plural} of {names} ({platform})")
    if said:
        how = f" To count {'it' if len(counts) == 1 else 'them'}: {' '.join(counts)}" if counts else ""
        yield f"Not counted, as no size is given: {', '.join(said)}.{how}"


def _size_of(each: NotCounted) -> tuple[str, int]:
    return each.key, -(each.usual or 0)
