r"""Legs that share several spaces: a port serves the next flow when all of these let go of it.

A leg that lingers now at one end, now at the other, or two legs of which each lingers at another end, hold a
port for longer than the mean of any one space says.  For a set V of spaces, and all legs j that are members
of each of them, each port p has

    Σ_j x_j(p) · (H_j + c_j·max T_v + (1−c_j)·max T'_v) / max c_jv  ≤ 1        v in V

since no two of these flows have it at once, and the second one begins when every v has let go of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import combinations
from typing import NamedTuple

from tuplecalc.limits.flow import Times
from tuplecalc.limits.legs import Leg, Membership, Space

_Members = Mapping[Space, Sequence[Membership]]


class Turn(NamedTuple):
    """Spaces whose keys are taken in turn, as one more space."""

    last: Space
    space: Space
    of: frozenset[Space]
    members: list[Membership]


def turns(spaces: _Members) -> Iterator[Turn]:
    """The sets of spaces in which some legs hold a port longer, all together, than in any one of them."""
    of_leg: dict[Leg, dict[Space, Membership]] = {}
    for space, members in spaces.items():
        if any(each.times.linger.client or each.times.linger.service for each in members):
            for each in members:
                of_leg.setdefault(each.leg, {})[space] = each
    names = list(spaces)
    order = {space: number for number, space in enumerate(names)}
    numbers = (sorted(order[space] for space in together) for together in _sets(of_leg))
    given = set()
    for together in sorted(numbers, key=lambda each: (len(each), each)):  # no set keeps an order
        of = [names[number] for number in together]
        whole = frozenset(of)
        legs = [here for here in of_leg.values() if whole <= here.keys()]
        if any(all(_alone_longest(space, of, here) for here in legs) for space in of):
            continue
        last, name = of[-1], of[-1]._replace(table="in turn", owner=str(of))
        members = [_longest(last, name, of, here) for here in legs]
        says = last, *((each.leg, each.times.linger, each.copies.value) for each in members)
        if says not in given:
            given.add(says)
            yield Turn(last, name, whole, members)


def _sets(of_leg: Mapping[Leg, Mapping[Space, Membership]]) -> Iterator[frozenset[Space]]:
    """What any two legs have in common, and pairs of that, of keys that belong to each other."""
    distinct = {frozenset(here): here for here in of_leg.values() if len(here) > 1}
    common = dict.fromkeys(distinct)
    for one, other in combinations(distinct, 2):
        common.setdefault(one & other)
    found: dict[frozenset[Space], None] = {}
    for spaces in common:
        here = next((of for one, of in distinct.items() if spaces <= one), {})
        for pair in combinations(spaces, 2):
            if here[pair[0]].goes_with(here[pair[1]]):
                found.setdefault(frozenset(pair))
        for space in spaces:
            those = frozenset(each for each in spaces if here[space].goes_with(here[each]))
            if len(those) > 2 and all(here[a].goes_with(here[b]) for a, b in combinations(those, 2)):
                found.setdefault(those)
    yield from found


def _alone_longest(space: Space, together: Iterable[Space], here: Mapping[Space, Membership]) -> bool:
    """Whether this one space holds a leg's ports for as long as all of them do."""
    return all(
        here[space].times.linger.client >= here[each].times.linger.client
        and here[space].times.linger.service >= here[each].times.linger.service
        for each in together
    ) and all(here[space].copies.value >= here[each].copies.value for each in together)


def _longest(
    last: Space, name: Space, together: Sequence[Space], here: Mapping[Space, Membership]
) -> Membership:
    """A leg in all of them: it is held by the one that holds it longest."""
    longest = replace(
        here[last],
        times=reduce(Times.longest, (here[space].times for space in together)),
        copies=max((here[space].copies for space in together), key=lambda each: each.value),
        space=name,
    )
    longest.leg.memberships.pop()  # a copy enters as any membership does
    return longest
