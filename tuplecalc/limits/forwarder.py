"""Layers 2, 3 and 4: the tuple passes as it is, or with another destination."""

from __future__ import annotations

from collections.abc import Sequence

from tuplecalc.limits.expression import Constant, Expression, product
from tuplecalc.limits.flow import Flow, Part
from tuplecalc.limits.kinds import ENTRIES, FORWARDED, REMEMBERED
from tuplecalc.limits.legs import Alone, Declared, Membership, Passing, Sources, Uses, Yielding
from tuplecalc.limits.letters import Letters
from tuplecalc.limits.targets import Target, instances
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop
from tuplecalc.network.proxy import Proxy

ONE = Constant(1)


def forwarder(
    hop: Forwarder, sources: Sources, before: Target, behind: Target, *, tracks: bool
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
    declared: list[Declared] = []
    if tracks:
        arrives = Letters(hop.name, hop.path, sources, before, before, hop.udp_timeout)
        declared.append(_tracked(hop, arrives, sources, before, hop.instances))
    if hop.virtual is not None:
        sources = sources.mixed()
    letters = Letters(hop.name, hop.path, sources, before, behind, hop.udp_timeout)
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
    return declared + entries(hop, letters, instances(hop), fresh(hop, sources)), sources._replace(
        entry_at=hop.on
    )


def _tracked(hop: Hop, letters: Letters, sources: Sources, behind: Target, machines: int) -> Passing:
    """The leg in the one table of a machine that keys both legs of what its proxies capture."""
    copies = product(letters.b * letters.E_behind, instances(hop) if machines > 1 else ONE)
    ways = copies, letters.times(), behind, letters.space("tracked", hop.on, sources.who, behind)
    return Passing(Membership(hop.name, sources.leg, letters.A, *ways, machines=machines))


def fresh(hop: Hop, sources: Sources) -> list[Flow]:
    """The connection that enters, if the hop's machine has no entry for it yet."""
    return [] if sources.entry_at == hop.on else [sources.leg.flow]


def passing(
    hop: Proxy, sources: Sources, before: Target, behind: Target, *, tracks: bool
) -> tuple[list[Declared], Sources]:
    """What a proxy does not capture passes as through layer 3, and stands in the table of its machine."""
    letters = Letters(hop.name, hop.path, sources, before, behind, hop.udp_timeout)
    declared: list[Declared] = []
    if tracks:
        machines = hop.instances if hop.split == "flows" else 1
        declared.append(_tracked(hop, letters, sources, behind, machines))
    if hop.tracking != "off":
        declared += entries(hop, letters, instances(hop), fresh(hop, sources))
    return declared, sources._replace(entry_at=hop.on)


def entries(
    hop: Hop,
    letters: Letters,
    machines: Expression,
    sides: Sequence[Flow],
    yielding: Yielding | None = None,
) -> list[Declared]:
    """The tracking table of each machine, an entry for each connection; none without ``max_entries``."""
    if hop.max_entries is None or not sides:
        return []
    size = letters.given("entries", hop.max_entries, "max_entries")
    linger = letters.given("T_t", hop.tracking_time_wait, "tracking_time_wait")
    parts = (Part(ONE, letters.times(flow, client=linger, service=linger), flow) for flow in sides)
    return [Uses(ENTRIES, hop.name, (hop.on,), size, machines, tuple(parts), yielding)]
