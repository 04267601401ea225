"""What each table of a chain loses where ports are chosen blindly, were it the only one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.blind import blind_burst_admitted
from tuplecalc.under_load.chains import Bracket
from tuplecalc.under_load.collision import filled
from tuplecalc.under_load.expected import Bound, expected_share, falls, with_ports
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.roots import crossing

_CLOSE = 1e-6


class BlindHop(NamedTuple):
    """A hop in whose table legs meet that no device sees both of.

    ``choosers`` pick the ports of legs that enter there.  ``burst`` is the failing share of a burst that
    tries each of the chooser's ports once, from empty (only for a transparent proxy, one kind of traffic);
    ``blocking`` the share in steady state at the offered rate (None without one); ``half`` the rates between
    which half of the requests come to fail (None where that never comes, and at a rate for all but the hop
    that fails most).  Both are None for several kinds: of these only what all tables cost together is
    counted.
    """

    hop: str
    choosers: tuple[str, ...]
    kills: bool
    """Whether the older flow dies of it; else the newcomer is refused."""
    burst: Fraction | None
    blocking: Bracket | None
    half: Bracket | None

    @property
    def chooser(self) -> str:
        """The first one that is not the hop itself, if any."""
        return next((each for each in self.choosers if each != self.hop), self.hop)


def blind_hops(result: Capacity, rate: float | None, field: MeanField | None = None) -> tuple[BlindHop, ...]:
    """Every hop in whose table legs may meet unseen, in the order of the chain.

    By :mod:`tuplecalc.under_load.mean_field`, each as if it were the only one: with the tables' times and
    exponential holds, and with the longer of the table's and the chooser's and fixed holds.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> hop, = blind_hops(capacity(example("outage")), 570)
    >>> hop.chooser, hop.hop, hop.kills, [round(share, 2) for share in hop.blocking]
    ('lvs', 'login-proxy', True, [0.43, 0.55])
    """
    every = MeanField(result) if field is None else field
    names = [*(hop.name for hop in result.chain.hops), "services"]
    found = list(pools(result)) if every else []
    here = {name: every.only_at(name) for name in names if name in every.hops}
    hops = [_blind(result, found, name, rate, field) for name, field in here.items()]
    if result.chain.is_mixed:
        return tuple(hops)
    worst = max(hops, key=lambda each: each.blocking.upper if each.blocking else 0.0, default=None)
    return tuple(
        # slow to find, and of proxies in a row only that of the worst is ever said
        each._replace(half=_half(result, found, here[each.hop])) if rate is None or each is worst else each
        for each in hops
    )


def _blind(result: Capacity, found: list[Pools], hop: str, rate: float | None, field: MeanField) -> BlindHop:
    parts, slices = with_ports(result.chain), falls(found, {hop})

    def shares(rate: float) -> Iterator[float]:
        """What fails of the flows of clients with ports, by both bounds."""
        for each_way in (field, field.longer()):
            lost = Bound(each_way, slices, {each: part * rate for each, part in parts.items()}).collide({})
            yield sum(parts[each] * share for each, share in lost.items()) / (sum(parts.values()) or 1)

    return BlindHop(
        hop,
        tuple(dict.fromkeys(chooser for chooser, _, _ in field.pairs)),
        any(kills for _, _, kills in field.pairs),
        _burst(result, hop),
        Bracket(*sorted(shares(rate))) if rate is not None and not result.chain.is_mixed else None,
        None,
    )


def _half(result: Capacity, found: list[Pools], field: MeanField) -> Bracket | None:
    """The rates, by both bounds, of which half fails, here or where no room is found: at most many times
    the highest."""
    # what searches and hashes add is slow to find
    plain = [each._replace(search="exhaustive", hashed=None) for each in found]
    most = 100 * float(result.rate or 0)

    @cache
    def lost(rate: float) -> Bracket:
        return expected_share(result, plain, rate, field)

    def half(bound: int) -> float:
        return crossing(lambda rate: lost(rate)[bound] - 0.5, 0.0, most, tolerance=_CLOSE)

    halves = [half(bound) for bound in (0, 1) if most and lost(most)[bound] >= 0.5]
    return Bracket(min(halves), max(halves)) if halves else None


def _burst(result: Capacity, name: str) -> Fraction | None:
    """What fails of one try for each of the ports that enter a transparent proxy."""
    found = (limit for limit in result.limits if limit.hop == name and limit.kind is SHARED)
    size = next((limit.size for limit in found), None)
    hop = next((each for each in result.chain.hops if each.name == name), None)
    if result.chain.is_mixed or not isinstance(size, Size) or not isinstance(hop, Proxy):
        return None
    A, L = size.sets[0].ports, size.sets[-1].ports
    ports = {"cone_only": (A - L).size, "overlap": A.size - (A - L).size, "proxy_only": (L - A).size}
    if hop.collision == "refuses" or hop.capture != "tproxy":
        return 1 - blind_burst_admitted(**ports) / A.size
    return 1 - filled(**ports, survival=hop.survival, flows=min(A.size, L.size)).mean / A.size
