"""Where the truth may lie below the figures: which hop causes it, why, and how far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from tuplecalc.limits.elsewhere import in_turn, last_to_let_go
from tuplecalc.limits.expression import Number
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.legs import Alone, Declared, Leg, Membership, Space, Table
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.rows import MOST_LEGS
from tuplecalc.limits.served import blocks_of, served
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.values import exact

FEW_PORTS = 64
"""Below so many ports for both legs the corner may cost more than some per cent."""
_NEAR = Fraction(3, 2)  # of the rate: no schedule of two legs lost more (tests/oracle/scheduling.py)


class Bound(NamedTuple):
    """Why a figure is "at most": the hop that causes it, the reason with how far off it can be."""

    figure: Literal["flows", "rate"]
    hop: str
    reason: str
    is_of_time: bool = False
    """Whether it is what means do not see: the linear program has the same figure."""


def bounds(
    chain: Chain, hops: Sequence[HopCapacity], declared: Sequence[Sequence[Declared]]
) -> Iterator[Bound]:
    """Every reason why the truth may lie below the flows or the rate."""
    tables = [each for hop in declared for each in hop if isinstance(each, Table)]
    for found in (*_blocks(chain, hops), *_rows(tables), *_of_one_address(chain)):
        yield found
        yield found._replace(figure="rate")
    yield from _hashed(chain)
    for table in tables:
        yield from _single_port(table)
    legs = {each.membership.leg: None for hop in declared for each in hop if isinstance(each, Alone)}
    for leg in legs:
        by_client, by_service = last_to_let_go(leg)
        if by_client.times.client_share.value not in (0, 1) and not by_client.goes_with(by_service):
            reason = f"ports linger now at {by_client.hop}, now at {by_service.hop}; up to two fifths less"
            yield Bound("rate", by_service.hop, reason, is_of_time=True)
    if (rate := hops[-1].rate) is not None:
        limits = {hop.name: hop.limits for hop in hops}
        for table in tables:
            yield from _in_time(limits[table.entering.hop], rate, table)
        if chain.is_mixed:
            yield from _idle(legs, limits, rate)


def _of_one_address(chain: Chain) -> Iterator[Bound]:
    """A cone and a proxy of one machine send from one address to the same services."""
    for cone in chain.hops:
        if not isinstance(cone, Cone):
            continue
        translated = {strand.target for strand in chain.strands if strand.crosses(cone)}
        for proxy in chain.hops:
            if proxy.on != cone.on or not isinstance(proxy, Proxy) or proxy.source != "own":
                continue
            ended = {
                strand.target
                for strand in chain.strands
                if strand.crosses(proxy) and not strand.crosses(cone) and strand.is_captured(proxy)
            }
            if ended & translated and proxy.addresses.common(cone.addresses) is not None:
                reason = (
                    f"{cone.name} sends from the same address to the same services, and the ports of each"
                )
                yield Bound("flows", proxy.name, f"{reason} are counted apart; up to half less")


def _blocks(chain: Chain, figures: Sequence[HopCapacity]) -> Iterator[Bound]:
    """Ports that one client may hold meet hops that count for each of their addresses."""
    for place, hop in enumerate(chain.hops):
        if not isinstance(hop, Cone) or (hop.block is None and hop.client_ports is None):
            continue
        before, behind = chain.hops[:place], chain.hops[place + 1 :]
        if any(_chooses(other) or _virtual(other) for other in behind):
            reason = (
                "what a client holds can all be of one address, and the hops behind count for each of them"
            )
            yield Bound(
                "flows", hop.name, f"{reason}; up to half less, of the rate more where few have blocks"
            )
        if hop.block is None:
            continue
        groups = {strand.source for strand in chain.strands if strand.crosses(hop)}
        if len(groups) > 1 and not served(chain).are_all:
            reason = (
                "blocks are fewer than clients, and each group is counted with its part; one may have none, "
                "and then no flow of the mix gets through: up to all less"
            )
            yield Bound("flows", hop.name, reason)
        some = hop.block_size is not None  # else all sources have a block, and each one alike
        if any(_chooses(other) if some else _deals_out(other) for other in before):
            reason = "the clients with a block may not be those with most to send; no chain lost by it yet"
            yield Bound("flows", hop.name, reason)
        if _uneven_blocks(hop, figures[place].sources):
            reason = "some clients hold more blocks than others, and other hops may limit these first"
            yield Bound("flows", hop.name, f"{reason}; up to half less")
        if hop.instances > 1 and hop.max_entries is not None:
            reason = "blocks may fall unevenly on the tables of its instances; up to half less"
            yield Bound("flows", hop.name, reason)
        if hop.overflow is not None and _meets_unevenly(hop, *figures[place : place + 2]):
            reason = "clients of some addresses lack the overflow that is idle at others; up to a tenth less"
            yield Bound("flows", hop.name, reason)


def _rows(tables: Sequence[Table]) -> Iterator[Bound]:
    """A row of proxies of which one has several machines for each service."""
    if len(tables) > 1:
        for table in tables:
            if not table.is_single:
                reason = "connections that are apart in one of its instances may meet in the next proxy"
                yield Bound("flows", table.entering.hop, f"{reason}; none gets through with one port")
    if len(tables) >= MOST_LEGS:
        reason = (
            f"of proxies in a row only {MOST_LEGS - 1} at a time are looked at together; up to a tenth less"
        )
        yield Bound("flows", tables[MOST_LEGS - 1].entering.hop, reason)


def _single_port(table: Table) -> Iterator[Bound]:
    """Flows are whole: where one leg has one port, the other cannot use it at all."""
    members = table.entering.leg.memberships + table.leaving.leg.memberships
    A, L = table.entering.ports.ports, table.leaving.ports.ports
    few_of_others = any(each.copies.value < table.entering.copies.value for each in members)
    if min(A.size, L.size) == 1 < max(A.size, L.size) and not A.isdisjoint(L) and few_of_others:
        reason = "one side of a connection has one port, which the other cannot use; up to half less"
        yield Bound("flows", table.entering.hop, reason)


def _hashed(chain: Chain) -> Iterator[Bound]:
    for hop in chain.hops:
        if isinstance(hop, Cone) and hop.is_hashed:
            yield Bound(
                "rate", hop.name, "a hash puts clients on addresses, and the fullest one runs out first"
            )


def _in_time(limits: Sequence[Limit], highest: Number, table: Table) -> Iterator[Bound]:
    """What happens to a port one connection after the other, and the program of means does not see."""
    entering, leaving = table.entering, table.leaving
    A, L = entering.ports.ports, leaving.ports.ports
    ports = A.size + L.size - (A & L).size
    if A.isdisjoint(L):
        return
    here = [limit.rate for limit in limits if limit.kind.legs == "both"]
    if min((rate for rate in here if rate is not None), default=0) > _NEAR * highest:
        return
    if ports < FEW_PORTS:
        reason = (
            f"a connection needs two ports at once, and of {ports} one may stay empty: up to 1/{ports} less"
        )
        yield Bound("rate", entering.hop, reason, is_of_time=True)
    turn = in_turn(entering.leg) or in_turn(leaving.leg)
    if turn is not None:
        reason = "ports that linger now at one end, now at the other can fit badly; up to a third less"
        yield Bound("rate", entering.hop, reason, is_of_time=True)
    chooser = entering.leg.memberships[0]
    longer = chooser.times.seconds.value > entering.times.seconds.value
    if longer and chooser.copies.value != entering.copies.value:
        reason = f"{chooser.hop} holds a port longer than the table, where it stays empty; up to a third less"
        yield Bound("rate", entering.hop, reason, is_of_time=True)


def _idle(legs: Iterable[Leg], limits: Mapping[str, Sequence[Limit]], highest: Number) -> Iterator[Bound]:
    """Tables in which a port idles while another hop holds it, and other legs may not fill that."""
    spaces: dict[Space, list[Membership]] = {}
    for leg in legs:
        for each in leg.memberships:
            spaces.setdefault(each.space, []).append(each)
    for members in spaces.values():
        hop = members[0].hop
        near = [limit.rate for limit in limits[hop] if limit.kind.legs in ("both", "entering")]
        if min((rate for rate in near if rate is not None), default=0) > _NEAR * highest:
            continue
        for here in members:
            alike = (each for each in here.leg.memberships if each.copies.value == here.copies.value)
            longest = max(alike, key=lambda each: each.times.seconds.value)
            there = {each.leg for each in spaces[longest.space]}
            others = (each.ports.ports for each in members if each.leg not in there)
            held = longest.times.seconds.value > here.times.seconds.value
            if held and any(not here.ports.ports.isdisjoint(ports) for ports in others):
                reason = "a port is held elsewhere for longer than in a table, where it stays empty"
                yield Bound("rate", hop, f"{reason}; up to a third less", is_of_time=True)
                break


def _chooses(hop: AnyHop) -> bool:
    return not isinstance(hop, Forwarder)


def _virtual(hop: AnyHop) -> bool:
    return not isinstance(hop, Proxy) and hop.virtual is not None


def _deals_out(hop: AnyHop) -> bool:
    return isinstance(hop, Proxy) and hop.instances > 1 and hop.split == "services"


def _uneven_blocks(hop: Cone, sources: int) -> bool:
    """Whether not all clients can grow to as many blocks as they may."""
    blocks = blocks_of(hop)
    if blocks is None or hop.blocks_per_client == 1:
        return False
    addresses = 1 if hop.blocks_span else hop.addresses.size * hop.instances
    return -(-sources // addresses) * hop.blocks_per_client * addresses > blocks


def _meets_unevenly(hop: Cone, before: HopCapacity, here: HopCapacity) -> bool:
    """Whether clients of some addresses lack ports of the overflow that lie idle at others."""
    addresses, ports = hop.addresses.size * hop.instances, hop.ports.size
    overflow = hop.overflow.size if hop.overflow else 0
    block = hop.block_size or ports // -(-before.sources // addresses)
    blocks = blocks_of(hop)
    holders = before.sources if blocks is None else min(before.sources, blocks)
    if holders <= addresses or holders % addresses == 0:
        return False
    in_all = here.limits[0]  # all ports of all addresses
    most = (block + overflow) * exact(in_all.scopes.value) / addresses  # of one client alone
    rate = exact(before.rate) * in_all.seconds.value if before.rate is not None else None
    too_few = hop.client_ports is not None and hop.client_ports < block + overflow
    return too_few or min(before.flows, before.flows if rate is None else rate) < most * before.sources
