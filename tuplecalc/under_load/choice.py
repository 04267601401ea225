"""What each table of a chain loses where ports are chosen blindly, were it the only one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.blind import blind_burst_admitted
from tuplecalc.under_load.chains import Bracket, Losing
from tuplecalc.under_load.collision import filled
from tuplecalc.under_load.expected import Bound, Choosing, falls, with_ports
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.roots import crossing

_CLOSE = 1e-6


class BlindHop(NamedTuple):
    """A hop in whose table legs meet that no device sees both of.

    ``choosers`` pick the ports of legs that enter there.  ``burst`` is the failing share of a burst that
    tries each of the chooser's ports once, from empty (only for a transparent proxy, one kind of traffic);
    ``blocking`` the share in steady state at the offered rate (None without one); ``half`` the rates between
    which half of the requests come to fail (None where that never comes).  It is found for one hop: at a
    rate the one that fails most, else the one where half come to fail first.  ``blocking`` and ``half`` are
    None for several kinds: of these only what all tables cost together is
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
    losing = Losing([each._replace(search="exhaustive", hashed=None) for each in found])
    halving = {name: _Halving(result, losing, field) for name, field in here.items()}
    if rate is None:
        return tuple(_with_the_first_half(hops, halving))
    worst = max(hops, key=lambda each: each.blocking.upper if each.blocking else 0.0, default=None)
    return tuple(
        each._replace(half=halving[each.hop].rates()) if each is worst else each  # slow to find, said of one
        for each in hops
    )


def _with_the_first_half(hops: Sequence[BlindHop], halving: Mapping[str, _Halving]) -> Iterator[BlindHop]:
    """Where half come to fail at the lowest rate; of the others only that it is higher is found."""
    first, found = None, None
    for name in sorted(halving, key=lambda name: -halving[name].at_highest):
        half = halving[name].rates() if found is None or halving[name].is_before(found.lower) else None
        if half is not None and (found is None or half.lower < found.lower):
            first, found = name, half
    for each in hops:
        yield each._replace(half=found) if each.hop == first else each


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


class _Halving:
    """The rates at which half of all come to fail, here or where no room is found.

    What searches and hashes add is slow to find, and is left out.
    """

    def __init__(self, result: Capacity, losing: Losing, field: MeanField) -> None:
        self._lost = cache(Choosing(result, losing, field).all)
        self._highest = float(result.rate or 0)

    @property
    def at_highest(self) -> float:
        """What fails at the highest rate, at most: where that is more, half do at a lower rate, likely."""
        return self._lost(self._highest).upper

    @property
    def most(self) -> Bracket:
        """What fails at many times the highest rate: nothing is looked for above it."""
        return self._lost(100 * self._highest) if self._highest else Bracket(0.0, 0.0)

    def is_before(self, rate: float) -> bool:
        """Whether half fail at less than this rate, by more than the search tells apart."""
        return self._lost(rate * (1 - 2 * _CLOSE)).upper >= 0.5

    def rates(self) -> Bracket | None:
        """By both bounds; None where it never comes."""
        ends = [self._half(bound) for bound in (0, 1) if self.most[bound] >= 0.5]
        return Bracket(min(ends), max(ends)) if ends else None

    def _half(self, bound: int) -> float:
        return crossing(
            lambda rate: self._lost(rate)[bound] - 0.5, 0.0, 100 * self._highest, tolerance=_CLOSE
        )


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
