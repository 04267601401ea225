"""What cannot be changed in a table, and how far it can be: no figure depends on it, but what is advised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuplecalc.errors import ChainError, Problem
from tuplecalc.network.part import Part, unknown_key
from tuplecalc.network.values import Most, Names, count

COUNTED = (
    *("addresses", "ports", "instances", "listen_addresses", "listen_ports", "rewrite_ports"),
    *("block", "blocks_per_client", "client_ports", "destinations", "max_entries", "max_files"),
)
"""Keys of which a product may have a largest value; of addresses and ports it is their number."""


class Bounded(Part):
    """A table of which advice and ``solve`` leave keys alone, or stay below a largest value.

    >>> from tuplecalc.network.cone import Cone
    >>> nat = Cone(name="nat", preset="aws-nat-gateway", addresses=2, fixed="mapping", most={"addresses": 5})
    >>> sorted(nat.kept), nat.largest
    (['mapping', 'ports', 'time_wait'], {'addresses': 5})
    """

    fixed: Names | None = None
    """Keys of this table that cannot be changed: no advice, no `solve` touches them."""
    most: Most = ()
    """The largest values that the product allows, by their keys: the table itself, `solve` and advice stay
    within."""

    def __init__(self, /, **data: Any) -> None:
        super().__init__(**data)
        sizes = {key: getattr(value, "size", value) for key in self.largest for value in [getattr(self, key)]}
        beyond = [
            key for key, most in self.largest.items() if isinstance(sizes[key], int) and sizes[key] > most
        ]
        if beyond:
            raise ChainError(self.too_many(key, sizes[key]) for key in beyond)

    @property
    def kept(self) -> frozenset[str]:
        """The keys that cannot be changed."""
        return frozenset(self.fixed or ())

    @property
    def largest(self) -> dict[str, int]:
        """The largest values that there may be."""
        return dict(self.most)

    def too_many(self, key: str, size: int) -> Problem:
        """What is said where a key has more than its largest value."""
        rule = f"no key is above its largest value; `{key}` is {size:,} here"
        way_out = f"write {size} or more, or lower `{key}`"
        return Problem(f"most.{key}", self.largest[key], rule, way_out)

    def written(self) -> dict[str, Any]:
        """The keys that were given; the largest values as a table that a setting can open."""
        found = super().written()
        return found | {"most": dict(self.most)} if self.most else found

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Both name keys of the table, and a largest value is that of a count."""
        fixed, most = data.get("fixed"), data.get("most")
        for key in [fixed] if isinstance(fixed, str) else fixed if isinstance(fixed, list | tuple) else ():
            if isinstance(key, str) and key not in cls.model_fields:
                yield Problem("fixed", key, *unknown_key(cls, key))
        counted = [key for key in COUNTED if key in cls.model_fields]
        for key, value in most.items() if isinstance(most, Mapping) else ():
            if key not in cls.model_fields:
                yield Problem(f"most.{key}", value, *unknown_key(cls, key))
            elif key not in counted:
                yield Problem(
                    f"most.{key}", value, "this key is no count", f"counts are {', '.join(counted)}"
                )
            else:
                try:
                    count(value)
                except ChainError as error:
                    yield from error.below(f"most.{key}").problems
