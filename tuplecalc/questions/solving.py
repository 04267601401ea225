"""The least count, or the longest time, with which a chain meets a target."""

from __future__ import annotations

from typing import Any

from tuplecalc.errors import InputError, TopologyError, show
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.values import number
from tuplecalc.questions.axis import ends_of
from tuplecalc.questions.bisected import Lossy, PortSizes
from tuplecalc.questions.roots import FARTHEST, FromFormulas
from tuplecalc.questions.sizes import port_range
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.under_load.checks import probability


def solve(
    chain: Chain,
    path: str,
    *,
    flows: int | None = None,
    rate: object = None,
    blocking: float | None = None,
) -> Solution:
    """The least value of a count, or the largest of a time, with which a chain meets a target.

    ``path`` is that of ``--set``: any number of addresses, instances, ports of a block, entries or
    files; a range of ports, of which the size is asked (:class:`~tuplecalc.questions.sizes.PortRange`
    says which ports it has then); or a time.  ``=LOW..HIGH`` behind it keeps the answer in a range.
    The target is so many ``flows`` at once, a ``rate`` in connections a second, or at this rate at
    most a share ``blocking`` that fails; without any of them the rate that the chain offers.

    Solved in closed form: each limit is a fraction of polynomials in the number, and meets the
    target at a root (:mod:`tuplecalc.questions.curves`).  What the roots say is verified with
    :func:`~tuplecalc.limits.capacity.capacity` at the value and beside it.  Numbers that are no leaf
    of the formulas (services, instances that share them out, blocks) are looked at one by one, and
    bisected beyond the first thousand; blocking is bisected, by its upper bound.

    Raises :class:`~tuplecalc.errors.InputError` for a path that leads to no count or time, for a
    target that is none, and where there is no target.

    >>> from tuplecalc.network.file import example
    >>> solve(example("outage"), "hops.lvs.addresses", rate=50_000)
    <Solution hops.lvs.addresses = 86 for 50,000/s: 16,644,096 flows, 50,436.7/s, login-proxy/shared binds>
    >>> solve(example("outage"), "traffic.hold", rate=700).value
    Fraction(6162, 25)
    """
    check_chain(chain)
    target = _target(chain, flows, rate, blocking)
    ports = port_range(chain, path)
    if ports is not None:
        return PortSizes(chain, ports, target).solution()
    axis, is_open = ends_of(chain, path, FARTHEST)
    if axis.unit == "":
        raise InputError(f"{show(path)}: a share has no least or largest; name a count or a time")
    if target.blocking is not None:
        return Lossy(chain, axis, target).solution()
    return FromFormulas(chain, axis, target, is_open=is_open).solution()


def _target(chain: Chain, flows: Any, rate: Any, blocking: object) -> Target:
    flows = flows.item() if hasattr(flows, "item") else flows
    if flows is not None and (isinstance(flows, bool) or not isinstance(flows, int) or flows < 1):
        raise InputError(
            f"flows {show(flows)}: a target is a whole number of 1 or more; write it as in 100000"
        )
    wanted: Any = chain.traffic.rate if rate is None and (flows is None or blocking is not None) else rate
    wanted = wanted.item() if hasattr(wanted, "item") else wanted  # numpy's numbers
    try:
        found = None if wanted is None else number(wanted, "a rate")
    except TopologyError as error:
        raise InputError(f"rate: {error}") from None
    if found is not None and found <= 0:
        raise InputError(f"rate {show(rate)}: a rate is above 0; write it as in 700")
    if found is None and flows is None:
        raise InputError("there is no target; name flows or a rate, or write `rate` under [traffic]")
    if found is None and blocking is not None:
        raise InputError("blocking is that of a rate; name one, or write `rate` under [traffic]")
    share = None if blocking is None else probability(blocking, "blocking")
    return Target(flows, found, share)
