"""What a chain can carry of one kind of traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import repeat
from typing import NamedTuple

from tuplecalc.limits.expression import Number, tidy
from tuplecalc.limits.free_rates import FreeRates
from tuplecalc.limits.limit import Limit, by_flows, by_rate
from tuplecalc.limits.mixture import Mix
from tuplecalc.limits.served import of_served
from tuplecalc.network.chain import Chain


class KindCapacity(NamedTuple):
    """One kind's part of the totals, how much more of it there can be, and what binds for it.

    Without kinds there is one, which has no name and is all of the traffic.
    """

    name: str
    share: Fraction
    """Its part of the new connections."""
    flows: Number
    """Its part of the flows that can be open at once: that of the new connections times its hold."""
    rate: Number | None
    """Its part of the highest rate, in connections a second; None where nothing limits that."""
    headroom: Number | None
    """The highest rate of this kind while the others stay as offered; 0 where these are too much already.

    Where clients get no ports, both are rates of those that do, as all rates of the chain.
    None without an offered rate, and where nothing limits it.
    """
    headroom_binding: Limit | None
    """What limits the headroom."""
    flows_binding: Limit | None
    """The tightest limit that holds this kind's flows; None where none of its flows is ever open."""
    rate_binding: Limit | None
    """The tightest limit on the rate that this kind takes part in; None where there is none."""

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", {float(self.rate):,.6g}/s"
        more = "" if self.headroom is None else f", at most {float(self.headroom):,.6g}/s beside the others"
        return f"<KindCapacity {self.name or 'all'}: {float(self.flows):,.12g} flows{rate}{more}>"


def kinds_of_mix(
    chain: Chain, mix: Mix, limits: Sequence[Limit], flows: int, rate: Number | None
) -> Iterator[KindCapacity]:
    """Each kind of a mix that can have so many flows and this rate, beside what the chain is offered."""
    shares = mix.shares
    headrooms: Iterable[tuple[Number | None, Limit | None]] = repeat((None, None))
    if (offered := chain.traffic.offered) is not None:
        headrooms = FreeRates(mix, limits, "rate").headroom(of_served(chain, offered))
    for (kind, share), headroom in zip(shares.items(), headrooms, strict=False):
        holding = [(limit, each) for limit in limits for each in limit.shares if each.kind == kind]
        open_flows = [limit for limit, each in holding if each.open or limit.flows == 0]
        yield KindCapacity(
            kind,
            share,
            tidy(flows * mix.open_share(kind)),
            None if rate is None else tidy(rate * share),
            *headroom,
            min(open_flows, key=by_flows, default=None),
            min((each for each, _ in holding if each.rate is not None), key=by_rate, default=None),
        )
