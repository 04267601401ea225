"""What fails at which rate, sampled for a figure: closer together where a curve is steep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import hypot, log, log10, sqrt
from typing import Any, Literal, NamedTuple

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.cone import Cone
from tuplecalc.render import table
from tuplecalc.under_load.chains import Bracket, Losing, by_kind, chain_blocking
from tuplecalc.under_load.expected import Choosing
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.pools import Pools, pools
from tuplecalc.under_load.search import windows

Kind = Literal["erlang", "search", "blind"]
Share = Callable[[float], Bracket]

FLOOR = 1e-9
"""The least share that is drawn; what is rarer lies on the lower edge, whose label says so."""

_HIDDEN = 0.01  # of what fails anyway, or of the height: less than a line shows
_CHECKED = 8  # of the rates
_OF_KINDS = 36
_POINTS, _BY_HASH = 48, 24  # of a curve; of one behind a hash
_SEARCHES, _SLOW_SEARCHES = 36, 12  # with limited searches; behind a hash or several in a row: a second each
_FAR = 4.0  # times the highest rate, or a hundredth of that: beyond, the rates are on a logarithmic axis
_AROUND = 1.3  # times the highest rate, or the offered one


class Curve(NamedTuple):
    """What fails at each of the rates, for one reason; ``at`` the same at the offered rate."""

    kind: Kind
    label: str
    rates: tuple[float, ...]
    shares: tuple[Bracket, ...]
    at: Bracket | None


def curves(result: Capacity) -> tuple[Curve, ...]:
    """What fails where ports run out, where a cone's search gives up, and where ports are chosen blindly.

    The first is Erlang's formula, with every search exhaustive.  The second has the searches that the
    file sets, and those of Linux where it sets none; it is left out where that does not show, and
    where several cones set none (what they would lose together takes long to find).  The third is what is
    expected where devices choose ports that others cannot see.  The rates lie around the highest one and
    the offered one, close together where a curve is steep.

    Raises :class:`~tuplecalc.errors.InputError` where nothing limits the rate, and where no flow
    gets through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> for curve in curves(capacity(example("outage"))):
    ...     print(curve.kind, [round(share, 3) for share in curve.at])
    erlang [0.162, 0.162]
    blind [0.478, 0.648]
    """
    check_that_some_fail(result)
    offered = float(result.chain.traffic.offered) if result.chain.traffic.offered else None
    span = Span.around(float(result.rate or 0), offered)

    def curve(kind: Kind, label: str, share: Share, most: int) -> Curve:
        known = _sampled(share, span, offered, most)
        rates = tuple(sorted(known))
        at = None if offered is None else known.get(offered, known[rates[0]])
        shares = accumulate((known[rate] for rate in rates), _no_less)
        return Curve(kind, label, rates, tuple(shares), at)

    exhaustive, searching = _pools(result, lambda cone: "exhaustive"), _pools(result, _search)
    is_hashed = any(each.hashed for each in searching)
    slow = is_hashed or sum(each.search != "exhaustive" for each in searching) > 1
    points = _BY_HASH if is_hashed else _POINTS
    found = [curve("erlang", "best case", partial(chain_blocking, exhaustive), points)]
    if offered is not None:
        found[0] = found[0]._replace(at=chain_blocking(exhaustive, offered))
    if _asked(result) and _shows(searching, found[0]):
        points = _SLOW_SEARCHES if slow else _SEARCHES
        found.append(curve("search", _search_label(result), partial(chain_blocking, searching), points))
    if field := MeanField(result):
        known = searching if _asked(result) else exhaustive
        everywhere = Choosing(result, Losing(known), field)
        found.append(curve("blind", "expected, with blind picks", everywhere.all, _POINTS))
    if not field:  # no two hops can pick the same port: the best case is what comes
        label = "expected to fail" if len(found) == 1 else "if every free port is found"
        found[0] = found[0]._replace(label=label)
    return tuple(found)


def check_that_some_fail(result: Capacity) -> None:
    """Raise :class:`~tuplecalc.errors.InputError` where all connections fail, or none ever does."""
    if not result.flows:
        where = f"{result.binding.hop} {result.binding.name}, so every connection fails; make room there"
        raise InputError(f"blocking: no connection gets through {where}")
    if result.rate is None:
        rule = "nothing limits the rate, so no connection fails"
        raise InputError(f"blocking: {rule}; write `hold` under [traffic], or a `time_wait` above 0")


def _no_less(share: Bracket, other: Bracket) -> Bracket:
    return Bracket(max(share.lower, other.lower), max(share.upper, other.upper))


def kind_curves(result: Capacity) -> dict[str, Curve]:
    """What is expected to fail of each kind of traffic at which rate of all together, as devices choose."""
    choosing, strands = Choosing(result, Losing(pools(result))), result.chain.strands
    offered = float(result.chain.traffic.offered) if result.chain.traffic.offered else None
    span = Span.around(float(result.rate or 0), offered)
    known: dict[float, dict[str, Bracket]] = {}

    def worst(rate: float) -> Bracket:
        known[rate] = by_kind(strands, choosing.strands(rate))
        return max(known[rate].values(), key=lambda share: share.upper)

    rates = tuple(sorted(_sampled(worst, span, offered, _OF_KINDS)))
    curves = {}
    for kind in known[rates[0]]:
        shares = tuple(accumulate((known[rate][kind] for rate in rates), _no_less))
        at = None if offered is None else known.get(offered, known[rates[0]])[kind]
        curves[kind] = Curve("blind" if MeanField(result) else "erlang", kind, rates, shares, at)
    return curves


class Span(NamedTuple):
    """The rates of a figure."""

    low: float
    highest: float
    high: float
    logarithmic: bool

    @classmethod
    def around(cls, highest: float, offered: float | None) -> Span:
        """The rates around the highest one and the offered one."""
        least, most = sorted((highest, offered or highest))
        if most > _FAR * highest or least * 25 * _FAR < highest:
            return cls(least / 2, highest, most * 2, True)
        return cls(least / 50, highest, _AROUND * most, False)

    def across(self, rate: float) -> float:
        """Where a rate lies between low and high."""
        if self.logarithmic:
            return log(rate / self.low) / log(self.high / self.low)
        return (rate - self.low) / (self.high - self.low)

    def between(self, rate: float, other: float) -> float:
        """The middle of two rates."""
        return sqrt(rate) * sqrt(other) if self.logarithmic else (rate + other) / 2


def _sampled(share: Share, span: Span, offered: float | None, most: int) -> dict[float, Bracket]:
    """A curve by its points: each further one halves the piece that is longest on paper.

    It begins where the share is below the floor, as far down as the figure goes at most.
    """
    known = {rate: share(rate) for rate in {span.highest, max(offered or 0.0, span.highest), span.high}}
    while (low := min(known)) > span.low and known[low].upper > FLOOR:
        known[max(low / 2, span.low)] = share(max(low / 2, span.low))
    if offered is not None and offered > low:
        known[offered] = share(offered)

    def length(piece: tuple[float, float]) -> float:
        left, right = piece
        up = max(_height(b) - _height(a) for a, b in zip(known[left], known[right], strict=True))
        return hypot(span.across(right) - span.across(left), up) if up else 0.0

    while len(known) < most:
        left, right = max(pairwise(sorted(known)), key=length)
        if not length((left, right)):
            break
        middle = span.between(left, right)
        known[middle] = share(middle)
    return known


def _height(share: float) -> float:
    """Where a share lies between the floor and 1."""
    return 1 - log10(max(share, FLOOR)) / log10(FLOOR)


def _search(cone: Cone) -> Any:
    return cone.port_search if "port_search" in cone.stated or cone.port_choice == "preserve" else "linux"


def _pools(result: Capacity, search: Callable[[Cone], Any]) -> tuple[Pools, ...]:
    """The pools, if cones search like that."""
    hops = [
        hop.changed(port_search=search(hop)) if isinstance(hop, Cone) else hop for hop in result.chain.hops
    ]
    return pools(capacity(result.chain.changed(hops=hops)))


def _asked(result: Capacity) -> bool:
    cones = [hop for hop in result.chain.hops if isinstance(hop, Cone)]
    return len(cones) == 1 or any("port_search" in cone.stated for cone in cones)


def _shows(searching: Sequence[Pools], erlang: Curve) -> bool:
    """Whether what is lost with limited searches shows as a line of its own."""
    alone = [each for each in searching if each.search != "exhaustive"]
    every = len(erlang.rates) // _CHECKED + 1
    for rate, share in list(zip(erlang.rates, erlang.shares, strict=True))[::-every]:
        if not alone or chain_blocking(alone, rate).upper <= max(FLOOR, _HIDDEN * share.lower):
            continue  # quick, and enough where another limit binds
        for bound, other in zip(chain_blocking(searching, rate), share, strict=True):
            if abs(_height(bound) - _height(other)) > _HIDDEN:
                return True
    return False


def _search_label(result: Capacity) -> str:
    cones = [hop for hop in result.chain.hops if isinstance(hop, Cone)]
    said = sum("port_search" in cone.stated for cone in cones)
    if len(cones) > 1:
        return f"with the port searches of the file{'' if said == len(cones) else ', else those of Linux'}"
    name, ports = table.name(cones[0].name, 14), result.ports_searched(cones[0])
    probes = f"{sum(windows(_search(cones[0]), ports)):,}\N{NO-BREAK SPACE}probes"
    return f"{name}'s port search ({probes})" if said else f"if {name} searched as Linux does ({probes})"
