"""Layers 2, 3 and 4: the tuple passes as it is, or with another destination."""

from __future__ import annotations

from tuplecalc.limits.expression import Constant, Expression
from tuplecalc.limits.kinds import ENTRIES, FORWARDED, REMEMBERED
from tuplecalc.limits.legs import Alone, Declared, Membership, Sources
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.limit import Limit, Linger
from tuplecalc.limits.targets import Target, instances
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop


def forwarder(
    hop: Forwarder, sources: Sources, before: Target, behind: Target
) -> tuple[list[Declared], Sources]:
    r"""The leg goes on.

    ========= ============ ======= ====== =========================================
    limit     size         copies  keys   seconds
    ========= ============ ======= ====== =========================================
    forwarded \|A\|        a·E'    1      H + T   (with ``virtual`` or ``reuse_after``)
    entries   max_entries  n       1      H + T_t
    ========= ============ ======= ====== =========================================

    T is ``reuse_after``: a SYN opens a closed entry again at once where nothing else is said.
    """
    if hop.virtual is not None:
        sources = sources.mixed()
    letters = Letters(hop.name, hop.path, sources, before, behind, hop.udp_timeout)
    declared: list[Declared] = []
    if hop.virtual is not None or "reuse_after" in hop.stated:
        linger = letters.linger(hop)
        times = letters.times(client=linger, service=linger)
        copies = letters.b * letters.E_behind
        passes = Membership(
            hop.name,
            sources.leg,
            letters.A,
            copies,
            times,
            behind,
            letters.space("forwarded", hop.on, sources.who, behind),
        )
        declared.append(Alone(FORWARDED if hop.virtual is not None else REMEMBERED, passes))
        sources = sources._replace(members=(*sources.members, passes))
    return declared + entries(hop, letters, instances(hop), 1), sources


def entries(hop: Hop, letters: Letters, machines: Expression, keys: int) -> list[Declared]:
    """The tracking table of each machine, ``keys`` entries a flow; none without ``max_entries``."""
    if hop.max_entries is None:
        return []
    size = letters.given("entries", hop.max_entries, "max_entries")
    linger = letters.given("T_t", hop.tracking_time_wait, "tracking_time_wait")
    each = letters.times(client=linger, service=linger).seconds
    seconds = each if keys == 1 else Constant(keys) * each
    lingers = (Linger(linger.value, linger.value),) * keys
    return [Limit(ENTRIES, hop.name, size, machines, keys, seconds, lingers=lingers)]
