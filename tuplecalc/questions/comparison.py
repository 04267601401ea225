"""Two results side by side: hop by hop and limit by limit, what binds now, what the difference buys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.chain import Chain
from tuplecalc.network.hop import Hop
from tuplecalc.network.part import Part
from tuplecalc.questions.paths import path_of

Key = TypeVar("Key")


class LimitChange(NamedTuple):
    """A limit of one hop on both sides; None where it exists on the other side only."""

    name: str
    old: Limit | None
    new: Limit | None

    @property
    def is_same(self) -> bool:
        """Whether it allows the same flows and the same rate on both sides."""
        if self.old is None or self.new is None:
            return False
        return (self.old.flows, self.old.rate) == (self.new.flows, self.new.rate)


class HopChange(NamedTuple):
    """A hop on both sides, matched by its name; None where it exists on the other side only."""

    name: str
    old: HopCapacity | None
    new: HopCapacity | None
    limits: tuple[LimitChange, ...]


class KeyChange(NamedTuple):
    """A key of the chain file that differs, by its path; None where nothing stands there."""

    path: str
    old: object
    new: object


@dataclass(frozen=True, repr=False)
class Comparison:
    """What changes from an old chain to a new one.

    The hops stand in the order of the new chain, those that are gone behind the hop that they
    followed.
    """

    old: Capacity
    new: Capacity
    hops: tuple[HopChange, ...]
    keys: tuple[KeyChange, ...]
    """What was changed in the chain file, apart from whole hops and the title."""

    @property
    def binding_moved(self) -> bool:
        """Whether another limit binds the flows now."""
        return _place(self.old.binding) != _place(self.new.binding)

    @property
    def rate_binding_moved(self) -> bool:
        """Whether another limit binds the rate now."""
        return _place(self.old.rate_binding) != _place(self.new.rate_binding)

    @property
    def flows_ratio(self) -> Fraction | None:
        """New over old flows; None where the old chain holds none."""
        return _ratio(self.old.flows, self.new.flows)

    @property
    def rate_ratio(self) -> Fraction | None:
        """New over old rate; None where nothing limits one of them, or the old one is 0."""
        return _ratio(self.old.rate, self.new.rate)

    def __repr__(self) -> str:
        def moved(old: str, new: str, ratio: Fraction | None) -> str:
            return f"{old} → {new}" + ("" if ratio is None else f" ({float(ratio):.4g}×)")

        flows = moved(f"{self.old.flows:,}", f"{self.new.flows:,}", self.flows_ratio)
        old, new = (
            "none" if side.rate is None else f"{float(side.rate):,.6g}/s" for side in (self.old, self.new)
        )
        return f"<Comparison: flows {flows}, rate {moved(old, new, self.rate_ratio)}>"

    @cached_property
    def gone(self) -> tuple[str, ...]:
        """The hops that only the old chain has."""
        return tuple(hop.name for hop in self.hops if hop.new is None)

    @cached_property
    def added(self) -> tuple[str, ...]:
        """The hops that only the new chain has."""
        return tuple(hop.name for hop in self.hops if hop.old is None)


def compare(old: Capacity | Chain, new: Capacity | Chain) -> Comparison:
    """What changes from one chain or result to another: every hop and limit, and the keys that differ.

    Hops are the same where their names are, limits where hop and name are.  Nothing is calculated
    again: all figures are those of the two results.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.network.replace import with_settings
    >>> outage = example("outage")
    >>> found = compare(outage, with_settings(outage, "hops.lvs.addresses=2"))
    >>> found.flows_ratio, found.binding_moved, found.keys
    (Fraction(2, 1), False, (KeyChange(path='hops.lvs.addresses', old=1, new=2),))
    """
    old, new = (side if isinstance(side, Capacity) else capacity(side) for side in (old, new))
    sides = {hop.name: hop for hop in old.hops}, {hop.name: hop for hop in new.hops}
    hops = (_hop(name, *(side.get(name) for side in sides)) for name in merged(*reversed(sides)))
    return Comparison(old, new, tuple(hops), tuple(_keys(old.chain, new.chain)))


def _hop(name: str, old: HopCapacity | None, new: HopCapacity | None) -> HopChange:
    sides = [{limit.name: limit for limit in hop.limits} if hop else {} for hop in (old, new)]
    changes = (LimitChange(each, *(side.get(each) for side in sides)) for each in merged(*reversed(sides)))
    return HopChange(name, old, new, tuple(changes))


def merged(*lists: Iterable[Key]) -> list[Key]:
    """All names: the first list's in its order, and behind each what follows it in the others only.

    >>> merged(["new", "a", "c", "b"], ["a", "gone", "b", "c"])
    ['new', 'a', 'gone', 'c', 'b']
    """
    found: list[Key] = []
    for names in lists:
        at = 0
        for name in names:
            if name not in found:
                found.insert(at, name)
            at = found.index(name) + 1
    return found


def _keys(old: Chain, new: Chain) -> Iterator[KeyChange]:
    sides = [dict(_parts(chain)) for chain in (old, new)]
    for path in merged(*reversed(sides)):
        before, after = (side.get(path) for side in sides)
        if isinstance(before, Part) and isinstance(after, Part):
            yield from _changes(path, *_values(before, after))
        elif not isinstance(before or after, Hop):  # a kind or a group more or less
            yield from _changes(path, *({} if part is None else part.to_dict() for part in (before, after)))


def _parts(chain: Chain) -> Iterator[tuple[str, Part]]:
    yield "traffic", chain.traffic
    yield from ((kind.path, kind) for kind in chain.traffic.kinds)
    yield from chain.parts()
    groups = chain.services
    for number, group in enumerate(groups):
        numbered = len(groups) > 1 and group.name is None
        yield f"services[{number}]" if numbered else path_of(groups, number, "services"), group


def _values(old: Part, new: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both as a file would say them; of keys that one side does not know, those that were written."""
    sides = old.model_dump(exclude={"kinds"}), new.model_dump(exclude={"kinds"})  # which stand for themselves
    for part, own, other in ((old, *sides), (new, *reversed(sides))):
        for key in own.keys() - other.keys() - part.model_fields_set:
            del own[key]
    return sides


def _changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KeyChange]:
    for key in merged(new, old):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from _changes(f"{path}.{key}", before or {}, after or {})
        elif before != after:
            yield KeyChange(f"{path}.{key}", before, after)


def _place(limit: Limit | None) -> tuple[str, str] | None:
    return (limit.hop, limit.name) if limit else None


def _ratio(old: Number | None, new: Number | None) -> Fraction | None:
    return Fraction(new) / old if old and new is not None else None
