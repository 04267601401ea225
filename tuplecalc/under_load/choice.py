"""What a chain loses where two hops choose their ports blindly: the mean field on its limits."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import NamedPorts, Size
from tuplecalc.limits.kinds import SHARED
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import AnyHop, Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy
from tuplecalc.under_load.blind import blind_blocking, blind_burst_admitted
from tuplecalc.under_load.chains import Bracket
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.roots import crossing


class BlindHop(NamedTuple):
    """Two hops that draw on the same ports, and what fails if they choose them blindly.

    ``chooser`` picks the ports of the legs that enter ``hop``, which picks those of its own.
    ``burst`` is the failing share of a burst that tries each of the chooser's ports once, from empty;
    ``blocking`` the share in steady state at the offered rate (None without one); ``half`` the
    rates between which half of the requests come to fail.
    """

    chooser: str
    hop: str
    burst: Fraction
    blocking: Bracket | None
    half: Bracket


def blind_hops(result: Capacity, rate: float | None) -> tuple[BlindHop, ...]:
    """Every pair of hops whose port ranges overlap under a shared limit, in the order of the chain.

    None where flows are of several kinds: that is not counted yet (``Offered.not_counted`` says so).

    Such are transparent proxies (TPROXY) under strict tracking whose ports overlap with those of
    the legs that enter.  The chooser avoids a port for as long as it holds it itself, which may be
    longer than the proxy's table does: a mean field with the table's time is the lower bound, one
    with the longer time the upper (simulated, not proven).

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> hop, = blind_hops(capacity(example("outage")), 700)
    >>> hop.chooser, hop.hop, hop.burst, [round(share, 2) for share in hop.blocking]
    ('lvs', 'login-proxy', Fraction(1, 2), [0.48, 0.51])
    """
    if result.chain.is_mixed:
        return ()
    return tuple(
        _blind(result.chain, each, *sets, rate)
        for each in pools(result)
        if (sets := _sets(result.chain, each.limit))
    )


def _sets(chain: Chain, limit: Limit) -> tuple[NamedPorts, NamedPorts] | None:
    """The ports of both legs, where they overlap and are chosen blindly."""
    if limit.kind is not SHARED:
        return None
    assert isinstance(limit.size, Size)  # of the union of both legs' ports
    A, L = limit.size.sets
    hop = _hop(chain, limit.hop)
    captures = isinstance(hop, Proxy) and hop.capture == "tproxy"
    return (A, L) if captures and not A.ports.isdisjoint(L.ports) else None


def _blind(chain: Chain, each: Pools, A: NamedPorts, L: NamedPorts, rate: float | None) -> BlindHop:
    traffic, (entering, leaving) = chain.traffic, each.limit.lingers
    cone_only, proxy_only = (A.ports - L.ports).size, (L.ports - A.ports).size
    ports = {"cone_only": cone_only, "overlap": A.ports.size - cone_only, "proxy_only": proxy_only}
    hold, later = float(traffic.hold), float(leaving.mean(traffic.first_close))

    def share(linger: float, rate: float) -> float:
        """What fails of the chain's rate where the chooser lingers for so long."""
        fails = partial(blind_blocking, **ports, hold=hold, cone_linger=linger, proxy_linger=later)
        return sum(float(part.share) * fails(rate=rate * float(part.weight)) for part in each.slices)

    def half(linger: float) -> float:
        """The rate of which half fails: less than twice what all ports could carry in the coolest pool."""
        coolest = min(part.weight for part in each.slices)
        most = 2 * sum(ports.values()) / ((hold + max(linger, later)) * float(coolest))
        return crossing(lambda rate: share(linger, rate) - 0.5, 0.0, most)

    in_table = entering.mean(traffic.first_close)
    lingers = [float(in_table), *map(float, _held(chain, A.origin.hop, Fraction(entering.service)))]
    return BlindHop(
        A.origin.hop,
        each.limit.hop,
        1 - blind_burst_admitted(**ports) / A.ports.size,
        None if rate is None else _bracket(share(linger, rate) for linger in lingers),
        _bracket(half(linger) for linger in lingers if hold + max(linger, later)),
    )


def _bracket(values: Iterable[float]) -> Bracket:
    ordered = sorted(values)
    return Bracket(ordered[0], ordered[-1])


def _held(chain: Chain, name: str, in_table: Fraction) -> tuple[Fraction, Fraction]:
    """How long the hop that chose a port lingers on it, and how long either of the two does, on average.

    ``in_table`` is for how long the table of the hop behind does, where its side closed first.
    """
    c, part = chain.traffic.first_close, chain.clients[0] if name == "clients" else _hop(chain, name)
    by_client = part.linger
    by_service = part.linger if isinstance(part, Cone) else Fraction(0)  # sockets of the side that closed
    own = c * by_client + (1 - c) * by_service
    return own, c * by_client + (1 - c) * max(by_service, in_table)


def _hop(chain: Chain, name: str) -> AnyHop:
    return next(hop for hop in chain.hops if hop.name == name)
