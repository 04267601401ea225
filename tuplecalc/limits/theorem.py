r"""The theorem: legs in key spaces → limits.

A leg of rate x(p) on port p fills c copies of a key space for S seconds each: Σ x(p)·S / c ≤ 1 in every
space and on every port (docs/model.md, "One core").  For a set of legs the union of their ports then gives

    λ ≤ |∪ U| · c / Σ S

a *face*: by Hall's theorem it always holds.  Where one more space holds a leg's ports for longer, or has
fewer copies, a port that only this leg uses cannot be busy all the time, and counts for less:

    λ ≤ Σ_p min(1, Σ_legs at p of min over the leg's spaces u of (c_u / S_u)·(S / c)) · c / Σ S

For two legs in one space that is the linear program's optimum, with each leg alone in each of its spaces:
on ports of both legs the space's own line is the only one that is not a bound on one leg.  Three more
spaces come out of what happens to a port in time, one connection after the other:

* *in turn*: a leg that lingers now at one end, now at the other is held for the longer of the two;
* *gaps*: a table idles between its own linger and the longer one of the hop that chose the port;
* *rows*: of proxies in a row each leg must differ from its neighbours (:mod:`tuplecalc.limits.rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tuplecalc.limits.elsewhere import Elsewhere, in_all, in_turn, over
from tuplecalc.limits.expression import Expression, Number, Size, Sum
from tuplecalc.limits.flow import Times
from tuplecalc.limits.kinds import GAPS, JOINT, SHARED, Kind
from tuplecalc.limits.legs import Alone, Declared, Held, Membership, Table, Uses
from tuplecalc.limits.letters import sized
from tuplecalc.limits.limit import Limit, Pool, by_flows, by_rate
from tuplecalc.limits.rows import Rows


def limits_of(hops: Iterable[Iterable[Declared]]) -> Iterator[tuple[Limit, ...]]:
    """The limits of each hop, from what all of them declared."""
    declared = [tuple(each) for each in hops]
    turns: dict[int, list[Limit]] = {}
    for legs in {each.membership.leg: None for hop in declared for each in hop if isinstance(each, Alone)}:
        if (turn := in_turn(legs)) is not None:
            turns.setdefault(id(turn.membership), []).append(turn.limit)
    rows = Rows()
    for hop in declared:
        found: list[Limit] = []
        for each in hop:
            match each:
                case Alone(kind, membership, pool):
                    found += [alone(kind, membership, pool), *turns.get(id(membership), ())]
                case Uses(yielding=keys) if keys is None or keys.number.value > each.size.value:
                    found.append(used(each))
                case Held(limit, own, _, times):
                    times = times or in_all(own)
                    found.append(replace(limit, seconds=times.seconds, lingers=(times.linger,)))
                case Table():
                    found += [*faces(each), *rows.ending_with(each)]
        yield tuple(found)


def used(each: Uses) -> Limit:
    """The entries or files of one kind of flow."""
    lingers = tuple(part.times.linger for part in each.parts)
    parts = [part.each * part.times.seconds for part in each.parts]
    same = all(part == parts[0] for part in parts)
    seconds = parts[0] * len(parts) if same and len(parts) > 1 else sum(parts[1:], parts[0])
    keys = sum(part.each.value for part in each.parts)
    return Limit(each.kind, each.hop, each.size, each.copies, keys, seconds, lingers=lingers)


def alone(kind: Kind, each: Membership, pool: Pool | None = None) -> Limit:
    """The face of one leg in one space: |U| ports in each copy, one a flow."""
    times, size = each.times, sized(each.ports)
    return Limit(kind, each.hop, size, each.copies, 1, times.seconds, lingers=(times.linger,), pool=pool)


def faces(table: Table) -> Iterator[Limit]:
    """The faces of both legs in one table: theirs alone, with their other spaces, with the gaps.

    The last two are listed only where they are lower than all that is known of the two legs.  They can
    be lower only where the two sets of ports overlap in part: on the same ports, or on ports apart, they
    are means of the two legs' own faces.
    """
    entering, leaving = table.entering, table.leaving
    both = Sum((*_terms(entering.times.seconds), *_terms(leaving.times.seconds)))
    lingers = (entering.times.linger, leaving.times.linger)
    union = sized(entering.ports, leaving.ports)
    shared = Limit(SHARED, entering.hop, union, entering.copies, 2, both, lingers=lingers)
    yield shared
    A, L = entering.ports.ports, leaving.ports.ports
    if A == L or A.isdisjoint(L):
        return
    memberships = entering.leg.memberships + leaving.leg.memberships
    known = [shared, *(alone(SHARED, each) for each in memberships)]
    joint = coupled(JOINT, table, entering.times.seconds, leaving.times.seconds)
    if _is_lower(joint, known):
        known.append(joint)
        yield joint
    gaps = min(_gaps(table), key=lambda each: each.rate or 0, default=None)
    if gaps is not None and _is_lower(gaps, known):
        yield gaps


def coupled(kind: Kind, table: Table, entering: Expression, leaving: Expression) -> Limit:
    """The face of two legs with these seconds, each as busy as its other spaces let it be.

    All is counted in the space with the fewest copies, c: with r = c_table / c and q = min c_u / c

        size = min(r, q + q')·|A ∩ L| + q·|A ∖ L| + q'·|L ∖ A|

    for the flows; for the rate a leg's q is min over its spaces u of (c_u / c)·(S / S_u).
    """
    legs = [Elsewhere(table.entering, entering), Elsewhere(table.leaving, leaving)]
    fewest = min((table.entering.copies, *(leg.fewest for leg in legs)), key=lambda each: each.value)
    most = over(table.entering.copies, fewest)
    size = _size(table, most, *(leg.of_flows(most, fewest) for leg in legs))
    busy = _size(table, most, *(leg.of_rate(most, fewest) for leg in legs))
    lingers = (table.entering.times.linger, table.leaving.times.linger)
    seconds = Sum((*_terms(entering), *_terms(leaving)))
    return Limit(kind, table.entering.hop, size, fewest, 2, seconds, busy, lingers=lingers)


def _size(table: Table, most: Expression, entering: Expression, leaving: Expression) -> Expression:
    """Σ over the ports: what both legs, and either alone, make of one."""
    A, L = table.entering.ports, table.leaving.ports
    together = entering + leaving
    parts = (
        (most if most.value <= together.value else together, "intersection", (A, L)),
        (entering, "difference", (A, L)),
        (leaving, "difference", (L, A)),
    )
    terms = tuple(times * Size(how, sets) for times, how, sets in parts if Size(how, sets).value)
    return terms[0] if len(terms) == 1 else Sum(terms)


def _gaps(table: Table) -> Iterator[Limit]:
    """The faces of a table that idles while another hop still holds a port.

    Let that hop, which chose the port or comes next, hold it for S_c, the table for S_v < S_c, and the
    other leg take S_u.  Of these m = floor((S_c − S_v) / S_u) fit in one gap, and one more makes it
    longer by d = S_v + (m+1)·S_u − S_c.  So on each port

        x·(S_c − m·d) + x'·d ≤ 1

    Holds where that hop's space has as many copies as the table.  Where the gap, or what may fill it,
    depends on who closes first, S_c counts with its mean, the gap with the longer one, and m is 0.
    """
    for here, other in ((table.entering, table.leaving), (table.leaving, table.entering)):
        held = in_all(here)
        closes = ((held.client, here.times.client), (held.service, here.times.service))
        share = held.client_share.value
        gaps = closes[:1] if share == 1 else closes[1:] if share == 0 else closes
        longer, until = max(gaps, key=lambda gap: gap[0].value - gap[1].value)
        gap = longer.value - until.value
        if not gap or not other.times.seconds.value:
            continue
        fit = gap // other.times.seconds.value if _is_the_same(held, here.times, other.times) else 0
        left = Sum((*_terms(other.times.seconds * (fit + 1)), until)) - longer
        if left.value <= 0:
            continue
        less = held.seconds - left * fit if fit else held.seconds
        seconds = (less, left) if here is table.entering else (left, less)
        yield coupled(GAPS, table, *seconds)


def _is_the_same(held: Times, here: Times, other: Times) -> bool:
    """Whether the gap, and what may fill it, are as long whoever closes first."""
    if held.client_share.value in (0, 1):
        return True
    gaps = held.linger.client - here.linger.client, held.linger.service - here.linger.service
    return gaps[0] == gaps[1] and other.linger.client == other.linger.service


def _value(expression: Expression) -> Number:
    return expression.value


def _is_lower(limit: Limit, others: Iterable[Limit]) -> bool:
    """Whether it is below all others, in flows or in rate."""
    others = list(others)
    return by_rate(limit) < min(map(by_rate, others)) or by_flows(limit) < min(map(by_flows, others))


def _terms(total: Expression) -> tuple[Expression, ...]:
    return total.terms if isinstance(total, Sum) else (total,)
