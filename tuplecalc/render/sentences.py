"""What a result says, in sentences; shared by the terminal, the notebook and Markdown."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby, product
from math import floor
from typing import TYPE_CHECKING

from tuplecalc.limits.capacity import Capacity, Collapse, capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.kinds import CONE_PORTS, JOINT
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.served import blocks_of
from tuplecalc.limits.targets import targets
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.cone import Cone
from tuplecalc.network.families import by_family, translated
from tuplecalc.network.mix import Strand
from tuplecalc.network.proxy import Proxy
from tuplecalc.questions.advice import Advice
from tuplecalc.questions.not_counted import NotCounted, not_counted
from tuplecalc.render import kinds, numbers, served, tied, verdict
from tuplecalc.render.presets import contradictions
from tuplecalc.under_load.collision import KERNELS
from tuplecalc.under_load.offered import FEW
from tuplecalc.under_load.offered import offered as under_load
from tuplecalc.under_load.preserved import own_ports_meet

if TYPE_CHECKING:
    from tuplecalc.under_load.choice import BlindHop
    from tuplecalc.under_load.offered import Offered, Wanted

_MUCH = 0.02  # of the starts; with 64,512 ports it is 0.0155 and shows only where failures are rare
_MOST_COLLAPSES = 4
_PAIR = 2
_MOST_UNSIZED = 3
_PROXY_LAYER = 7
_IPV4 = 4
_SHAPES = {
    "direct": "no hops between clients and services",
    "hourglass": "proxies or forwarders, and no NAT",
    "cone": "a NAT turns many addresses into few",
    "inverted cone": "a proxy behind a NAT",
}
_CONSTRAINTS = {
    None: "",
    "port": ", where each connection takes two ports",
    "address": ", where all connections end at few listeners",
    "address and port": ", where connections take two ports or end at few listeners",
}
_BURST = "of a burst that takes all ports at once, as after a restart"
_ALL = numbers.percent(Fraction(1))
_RARELY = 1e-3  # one search in a thousand: what an operator would see in the logs of a busy NAT


def kind(result: Capacity) -> str:
    """The shape, and what it means: ``cone (a NAT turns many addresses into few)``."""
    means = _SHAPES[result.shape] + _CONSTRAINTS[result.constraint]
    several = len(result.chain.traffic.kinds)
    more = f", {several:,} kinds of traffic" if several > 1 else ""
    return f"{result.shape} ({means}){more}"


def hop_kind(result: Capacity, hop: HopCapacity) -> str:
    """``clients``, ``NAT``, ``forwarder``, ``proxy``, ``services``."""
    layers = {part.name: part.layer for part in result.chain.hops if part.kind == "hourglass"}
    if hop.name in layers:
        return "proxy" if layers[hop.name] == _PROXY_LAYER else "forwarder"
    return "NAT" if hop.kind == "cone" else hop.kind


def binds(result: Capacity) -> str:
    """The tightest limits, and why they are there."""
    flows, rates = result.tightest, result.tightest_of_rate
    most = "At most " if result.flows_at_most else ""
    is_mixed = bool(kinds.of(result))
    open_at_once = f"{most}{_flows(result.flows)}{' of this mix' * is_mixed} can be open at once"
    if not rates:
        return f"{open_at_once}: {_where(flows)}. Nothing limits the rate."
    rate = f"the highest rate is {'at most ' if result.rate_at_most else ''}{numbers.rate(result.rate)}/s"
    if flows == rates:
        return f"{open_at_once}, and {rate}: {_where(flows, 'both')}."
    return f"{open_at_once}: {_where(flows)}. {rate.capitalize()}: {_where(rates)}."


def own_use(result: Capacity, load: Offered) -> str:
    """What rate and used are of in the table of hops; empty where used is of that rate at each hop.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> found = capacity(example("outage"))
    >>> own_use(found, under_load(found))
    ''
    """
    if load.rate is None or load.of_served is None:
        return ""
    for hop in result.hops:
        use = load.uses[hop.name]
        of_rate = load.of_served / hop.rate if hop.rate else None
        if (numbers.used(use) if use else "") != (numbers.used(of_rate) if of_rate else ""):
            return "“rate” is the highest up to this hop; “used” is of the hop’s own limits alone."
    return ""


def upcoming(result: Capacity) -> str:
    """The limits behind the tightest ones; empty where there are none."""
    flows, rates = result.next_binding, result.next_rate_binding
    parts = []
    if flows:
        parts.append(f"{flows.hop} {flows.name} at {_flows(flows.flows)}")
    if rates and rates is flows:
        parts.append(f"{numbers.rate(rates.rate)}/s")
    elif rates:
        parts.append(f"{rates.hop} {rates.name} at {numbers.rate(rates.rate)}/s")
    return f"Next in line: {' and '.join(parts)}." if parts else ""


def runs_dry(load: Offered) -> str:
    """What runs dry first, and which kind is hit first; empty where nothing does."""
    said = []
    if dry := load.exhausted:
        after, soonest = numbers.duration(dry.seconds), numbers.duration(dry.soonest)
        within = "" if after == soonest else f"; {soonest} if none is closed before"
        place = f"{dry.limit.hop} {dry.limit.name}"
        said.append(f"{place} is the first to run out, {after} after a start from empty (estimate{within}).")
    if first := kinds.hit(load):
        said.append(first)
    return " ".join(said)


def blind(load: Offered) -> str:
    """What happens where a port is picked that is taken already, unseen; empty where that cannot be."""
    worst = load.worst
    if worst is None:
        return ""
    choosers, names = worst.choosers, kinds.listed(worst.choosers)
    pick = "picks" if len(choosers) == 1 and choosers[0] != "clients" else "pick"
    said = f"Blind pick: {names} {pick} a port without seeing which are taken at {worst.hop}. Where it is"
    if worst.hop in choosers and len(choosers) > 1:
        two = len(choosers) == _PAIR
        sees = "neither sees what the other has" if two else "none sees what the others have"
        said = f"Blind pick: {names} pick ports from the same range, and {sees} taken. "
        said += f"Where {'both' if two else 'two'} pick the same one"
    ends = (
        "the newer connection takes its place and the older one may die"
        if worst.kills
        else "the new connection fails"
    )
    alone = ""
    if worst.blocking and load.rate is not None:
        share = numbers.between(worst.blocking)
        is_all = load.expected is not None and share == numbers.between(load.expected)
        cost = "as many" if is_all else f"{share} of the connections at {numbers.rate(load.rate)}/s"
        # no part of all that fail: a connection that finds no free port meets no other
        alone = f" Were there a free port for each, {cost} would fail by this alone (estimate)."
    if worst.burst is not None and load.chain is not None and _can_burst(capacity(load.chain), worst.hop):
        alone += f" It costs {numbers.share(float(worst.burst))} {_BURST} (estimate)."
    if worst.half and load.highest is not None and worst.half.lower < load.highest:
        rates = numbers.between(worst.half, _per_second)
        alone += f" Counting those that find no free port too, half of all fail once the rate is {rates}."
    more = [_elsewhere(load, each) for each in load.blind if each is not worst]
    return " ".join([f"{said}, {ends}.{alone}", *more])


def _elsewhere(load: Offered, hop: BlindHop) -> str:
    """What happens at another hop where ports are picked blindly, and why."""
    found = [each for each in load.chain.hops if each.name == hop.hop] if load.chain else []
    if found and isinstance(found[0], Proxy) and found[0].capture == "nat":
        pick = "picks" if len(hop.choosers) == 1 and hop.choosers[0] != "clients" else "pick"
        dies = "the older one may die" if hop.kills else "the newer one fails"
        return (
            f"It can happen at {hop.hop} too: connections to all services end at its few listeners (REDIRECT "
            f"or DNAT), {kinds.listed(hop.choosers)} {pick} source ports without seeing which are taken "
            f"there, and of two with the same one {dies}."
        )
    return f"It can happen at {hop.hop} too, where the ports of {kinds.listed(hop.choosers)} meet."


def _can_burst(result: Capacity, hop: str) -> bool:
    """Whether a burst can take all ports at a hop: no other limit is smaller, no table of usual size."""
    tables = (each for each in not_counted(result.chain) if each.key == "max_entries" and each.usual)
    instances = {each.name: each.instances for each in result.chain.hops}
    fits = all(result.flows <= (each.usual or 0) * instances.get(each.hop, 1) for each in tables)
    return fits and result.binding.hop == hop and result.binding.kind.resource == "ports"


def collisions(result: Capacity, load: Offered) -> Iterator[str]:
    """What is assumed of blind picks: which ports, and what becomes of the older one; else nothing."""
    yield from own_ports(result, load)
    deadly = {each.hop for each in load.blind if each.kills}
    alike: dict[Fraction, list[str]] = {}
    for hop in result.chain.hops:
        if isinstance(hop, Proxy) and hop.capture == "tproxy" and hop.name in deadly:
            alike.setdefault(hop.survival, []).append(hop.name)
    for survival, hops in alike.items():
        yield (
            f"Assumed at {kinds.listed(hops)}: the older one dies in {numbers.percent(1 - survival)} of "
            f"these cases. The key survival says how many live on: {KERNELS}. "
            'Where the newer one is refused instead, write collision = "refuses".'
        )


def _per_second(value: float) -> str:
    return f"{numbers.rate(Fraction(value))}/s"


def searches(result: Capacity, load: Offered) -> Iterator[str]:
    """Where a cone gives up its search for a free port before it has seen them all.

    How many find one in time is said only where no other limit turns connections away.
    """
    from tuplecalc.under_load.pools import search_of
    from tuplecalc.under_load.search import start_bias, usable_share  # only these cones need it

    for hop, before in zip(result.chain.hops, result.hops, strict=False):
        if isinstance(hop, Cone) and hop.port_choice == "preserve":
            yield from _preserved(hop, before.sources)
        if not isinstance(hop, Cone) or hop.port_search == "exhaustive":
            continue
        ports = result.ports_searched(hop)
        if not ports:
            continue
        apart, clustered = usable_share(_RARELY, ports, search_of(hop, before.sources))
        if apart * ports >= ports - 1:
            continue
        which = "a client's block" if hop.block else "its ports"
        shares = f"{numbers.percent(Fraction(apart))} of {which} are in use"
        if clustered != apart:
            shares += f" ({numbers.percent(Fraction(clustered))} where these lie in clusters: many in a row)"
        text = f"{hop.name} looks at some ports only: 1 search in 1,000 finds none free once {shares}."
        if hop.port_search == "linux" and start_bias(ports) > _MUCH:
            text += (
                f" Linux starts it at 16 random bits modulo {ports:,}, which favours some of the ports: "
                "these fill first, and it fails sooner than all that is said here."
            )
        fails = load.expected is not None and load.expected.upper > FEW
        yield text if fails else f"{text}{_tried_again(result, hop, ports)}"


def _preserved(hop: Cone, sources: int) -> Iterator[str]:
    """What a burst over all ports loses at a cone that keeps the ports of several clients."""
    from tuplecalc.under_load.preserved import distinct_ports

    ports, clients = hop.ports.size, -(-sources // (hop.addresses.size * hop.instances))
    if clients > 1:
        lost = 1 - distinct_ports(clients, ports / clients, ports) / ports
        yield (
            f"{hop.name} keeps its clients’ ports, and two clients with the same one clash: "
            f"{_BURST}, {numbers.percent(Fraction(lost))} fail."
        )


def _tried_again(result: Capacity, hop: Cone, ports: int) -> str:
    """How many connections get a port of a cone since Linux 6.5 at once, and when SYNs are sent again."""
    from tuplecalc.under_load.eviction import served_by_linux
    from tuplecalc.under_load.pools import search_of
    from tuplecalc.under_load.search import EVICTING, LONGEST_SWEEP

    offered = result.chain.traffic.offered
    here = [limit for limit in result.limits if limit.hop == hop.name and limit.kind is CONE_PORTS]
    rate = here[0].rate if len(here) == 1 else None  # else kinds have ports of their own
    is_simulated = search_of(hop, 1) == EVICTING and hop.block is None and ports > LONGEST_SWEEP
    if not (is_simulated and offered and rate) or offered > rate:
        return ""
    first, soon = (numbers.percent(Fraction(share)) for share in served_by_linux(float(offered / rate)))
    if first == _ALL:
        return ""
    return (
        f" At {numbers.rate(offered)}/s {first} find a port with the first packet (SYN), and {soon} within "
        "3 s, as clients send it again after 1 s and 3 s (estimate)."
    )


def kept(collapse: Collapse) -> str:
    """What a proxy keeps of the cone before it.

    >>> from fractions import Fraction
    >>> kept(Collapse("lvs", "login-proxy", "shared", Fraction(1, 2)))
    'login-proxy shared has room for 50% of what lvs can hold'
    """
    if collapse.kept >= 1:
        return f"{collapse.hop} has room for all that {collapse.cone} can hold"
    share = numbers.percent(collapse.kept)
    return f"{collapse.hop} {collapse.limit} has room for {share} of what {collapse.cone} can hold"


def own_ports(result: Capacity, load: Offered) -> Iterator[str]:
    """Where blind picks are more than is counted, as NATs keep what ports they can; nothing elsewhere."""
    at_work = {hop.name: hop for hop in result.chain.hops}
    choosers = [at_work[name] for name in load.worst.choosers if name in at_work] if load.worst else []
    cones = [hop for hop in choosers if isinstance(hop, Cone) and hop.port_choice == "any" and not hop.block]
    for nat, proxy in product(cones, [hop for hop in choosers if isinstance(hop, Proxy)]):
        ranges = (each.ports for each in result.chain.clients)
        own = next((each for each in ranges if own_ports_meet(each, nat.ports, proxy.ports)), None)
        if own is not None:
            case = shlex.quote(f"{nat.path}.ports={own}")
            yield (
                f"Assumed at {nat.name}: it picks evenly from its range. A NAT that keeps a client’s port "
                f"where it is free, as Linux does, picks those of {proxy.name} more often, and more fail. "
                f"If all picks are such: --set {case}"
            )


def most(load: Offered) -> str:
    """The highest rate for the share that may fail; empty where none was asked for."""
    if load.most is None:
        return ""
    share = numbers.written(load.most.blocking)
    if load.most.rate is None:
        return f"No more than {share} of the connections fail at any rate."
    if load.not_served and not load.most.rate:
        return f"More than {share} of the connections fail at any rate: those of clients without ports."
    said = f"o more than {share} of the connections fail up to {_per_second(load.most.rate)}."
    return f"{verdict.BEST_CASE}: n{said}" if load.blind else f"N{said}"


def sentences(result: Capacity, load: Offered | None = None) -> Iterator[str]:
    """All that there is to say, one paragraph each; ``load`` where more was asked than a chain offers."""
    load = load or under_load(result)
    yield from verdict.lines(load)
    yield from details(result, load)


def details(result: Capacity, load: Offered) -> Iterator[str]:
    """What there is to say behind the verdict."""
    yield from totals(result)
    yield from context(result)
    yield from joint(result)
    yield from blockless(result)
    loaded = runs_dry(load), most(load), *searches(result, load), blind(load), *collisions(result, load)
    yield from filter(None, loaded)
    yield from at_most(result)
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


def totals(result: Capacity) -> Iterator[str]:
    """The tightest limits, and those of the kinds of traffic where they are others."""
    mix = [kinds.OF_THE_MIX] if kinds.of(result) else []
    yield " ".join((binds(result), *mix, *kinds.binding(result)))


def context(result: Capacity) -> Iterator[str]:
    """What proxies have room for, of what the cones before them can hold, and the limits that come next.

    Of many proxies those with the smallest part.
    """
    few = result.collapse
    if len(few) > _MOST_COLLAPSES:
        few = tuple(sorted(few, key=lambda collapse: collapse.kept)[:_MOST_COLLAPSES])
    said = [f"{kept(collapse)}." for collapse in few]
    if more := len(result.collapse) - len(few):
        said.append(f"{more:,} more have room for as large a part, or a larger one.")
    if text := " ".join(filter(None, (*said, upcoming(result)))):
        yield text


def joint(result: Capacity) -> Iterator[str]:
    """Why a hop has a limit ``joint`` beside ``shared``; nothing where none has."""
    hops = dict.fromkeys(limit.hop for limit in result.limits if limit.kind is JOINT)
    if hops:
        yield (
            f"{kinds.listed(list(hops))} joint: shared counts all ports of the table, joint leaves out what "
            "other hops that use these ports keep idle; it is listed as it is lower, in flows or in rate."
        )


def blockless(result: Capacity) -> Iterator[str]:
    """Where cones have fewer blocks than sources, and clients get no ports: whose the figures are then."""
    few = [
        hop.name
        for hop, before in zip(result.chain.hops, result.hops, strict=False)
        if isinstance(hop, Cone) and (blocks := blocks_of(hop)) is not None and blocks < before.sources
    ]
    yield from filter(None, [served.unserved(result.served, f" at {kinds.listed(few)}" if few else "")])


def at_most(result: Capacity) -> Iterator[str]:
    """Why a figure is a bound, where one is, and which hop makes it one."""
    reasons = dict.fromkeys((bound.hop, bound.reason) for bound in result.at_most)
    yield from (f"“At most”: the truth may be less, because of {hop}: {reason}." for hop, reason in reasons)


def advice(result: Capacity, item: Advice) -> str:
    """One change and what it buys.

    The figure that does not change is left out.
    """
    rate = numbers.rate(item.rate)
    figures = f"{_flows(item.flows)} ({numbers.change(item.flows, result.flows)})"
    if item.rate is not None or result.rate is not None:
        figures += f", {rate}{'' if item.rate is None else '/s'} ({numbers.change(item.rate, result.rate)})"
    if item.apart:
        return f"To rule out blind picks, {item.text}: {figures}{_then(result, item)}"
    return f"{item.text[:1].upper()}{item.text[1:]}: {figures}{_then(result, item)}"


def first(load: Offered) -> str:
    """What the best advice is where it stands alone."""
    return "First remedy" if load.verdict in ("fails", "tight") else "To carry more"


def nothing_helps(load: Offered, advices: Sequence[Advice]) -> str:
    """That nothing would help what fails, as far as presets leave it open; empty where advice does."""
    if load.verdict != "fails" or advices or load.chain is None:
        return ""
    given = [
        part.name or "clients"
        for _, part in load.chain.parts()
        if part.given is not None and (part.given.fixed or part.given.most)  # else a preset rules nothing out
    ]
    if not given:
        return "No single change is known that would lower what fails."
    preset, leaves = ("preset", "leaves") if len(given) == 1 else ("presets", "leave")
    return f"Nothing that the {preset} of {kinds.listed(given)} {leaves} open would help."


def _flows(number: int | None) -> str:
    return f"{numbers.count(number)} connection{'' if number == 1 else 's'}"


def _then(result: Capacity, item: Advice) -> str:
    """What an offered rate is after the change, and how many clients get ports where not all do now."""
    said = ""
    if item.carried is not None and item.carried.utilisation is not None:
        share = numbers.percent(item.carried.utilisation)
        said += f"; then {verdict.carried(item.carried)} {share} of the highest rate"
    before, then = (numbers.between(share) if share else "" for share in (item.now, item.expected))
    if then != before:
        said += f"{', and' if said else ';'} {then} {'is' if then == 'none' else 'are'} expected to fail"
    said += "".join(f"; {_wanted(each)}" for each in item.wanted)
    if not result.served.are_all and (item.served.are_all or not item.wanted):  # else that says it
        said += f"; {served.with_ports(item.served)}"
    mends = item.now is not None and item.expected is not None and item.expected.upper <= FEW < item.now.upper
    if mends and item.changed is not None:
        said += verdict.condition_of(item.changed)
    return said


def _wanted(each: Wanted) -> str:
    """What becomes of the flows that are wanted at once."""
    return verdict.wanted(each) + (": still too many" if each.flows > each.possible else "")


def _where(limits: Sequence[Limit], what: str = "this") -> str:
    why = "; and because ".join(dict.fromkeys(each.kind.sentence for each in reversed(limits)))
    return f"{tied.names(limits)} {tied.verb(limits, 'limits')} {what}, because {why}"
