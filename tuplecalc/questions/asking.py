"""What one would solve for: the keys that raise what limits a chain, those of the hop that limits first."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from math import ceil, inf
from typing import NamedTuple

from tuplecalc.errors import ChainError, TuplecalcError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain
from tuplecalc.network.replace import replace
from tuplecalc.questions.allowed import allowed
from tuplecalc.questions.axis import Axis, ends_of, sizes_of

_KEYS = (
    *("addresses", "ports", "listen_addresses", "listen_ports", "block", "client_ports", "destinations"),
    *("max_entries", "max_files", "time_wait", "reuse_after", "tracking_time_wait", "udp_timeout"),
    "instances",
)
"""Numbers of a hop, those first that people change first."""
_MOST, _MANY = 4, 1000


class Asking(NamedTuple):
    """The limit that decides, of the rate or of the flows, and the paths of what raises it."""

    limit: Limit
    figure: str
    """``"rate"`` or ``"connections open at once"``."""
    paths: tuple[str, ...]
    wanted: int | None
    """What to ask for where nothing is offered and nothing wanted: twice of what there is."""


def asking(chain: Chain) -> Asking:
    """Paths for ``solve``: a count that is doubled, or a time that is halved, raises what limits.

    Keys of the hop that limits stand first, then addresses of the hops before it, of the services, and how
    long connections last; those with which what is offered cannot fit come last.  Keys that are fixed are
    left out.  Where nothing helps alone, those of the hop.

    >>> from tuplecalc.network.file import example
    >>> asking(example("outage")).paths
    ('hops.lvs.addresses', 'services.addresses', 'traffic.hold', 'hops.login-proxy.time_wait')
    """
    result = capacity(chain)
    is_of_rate = result.rate_binding is not None and not (chain.traffic.flows and not chain.traffic.offered)
    limit = result.rate_binding if is_of_rate and result.rate_binding else result.binding
    now = (result.rate or 0) if is_of_rate else result.flows
    asked = chain.traffic.offered if is_of_rate else chain.traffic.flows
    wanted = asked or ceil(2 * now)
    candidates = list(_candidates(chain, limit))
    with_figures = partial(_figure, result, is_of_rate=is_of_rate)
    raising = [each for each in candidates if with_figures(each[1], 2) > now]
    raising.sort(key=lambda each: with_figures(each[1], _MANY) < wanted)
    paths = [path for path, _ in raising or candidates]
    figure = "rate" if is_of_rate else "connections open at once"
    has_target = asked or chain.traffic.flows or wanted_by_clients(chain) is not None
    return Asking(limit, figure, tuple(paths[:_MOST]), None if has_target else int(wanted))


def _candidates(chain: Chain, limit: Limit) -> Iterator[tuple[str, Axis]]:
    hops = [hop.name for hop in chain.hops]
    place = hops.index(limit.hop) if limit.hop in hops else 0
    parts = [chain.hops[place].path] if limit.hop in hops else [group.path for group in chain.clients]
    before = [f"{hop.path}.addresses" for hop in reversed(chain.hops[:place]) if hop.own_addresses]
    own = [f"{part}.{key}" for part in parts for key in _KEYS]
    services = [f"services.{n}.addresses" for n in range(len(chain.services))]
    for path in (
        *own,
        *before,
        *(["services.addresses"] if len(services) == 1 else services),
        "traffic.hold",
    ):
        try:
            if allowed(chain, path).is_fixed:
                continue
            axis, _ = sizes_of(chain, path) or ends_of(chain, path, 2, wanted=True)
        except TuplecalcError:  # the hop has no such number
            continue
        if axis.present is not None:
            yield axis.path, axis


def _figure(result: Capacity, axis: Axis, times: int, *, is_of_rate: bool) -> Number | float:
    """The figure with the number so many times as large, or as small where `solve` looks for the largest."""
    present = axis.present or 0
    value: Number = times * present if axis.is_count else tidy(Fraction(present) / times)
    try:
        changed = capacity(replace(result.chain, *axis.change(min(value, max(axis.values)))))
    except ChainError:
        return 0
    if not is_of_rate:
        return changed.flows
    return inf if changed.rate is None else changed.rate
