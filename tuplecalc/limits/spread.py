"""How traffic falls on what a quantity counts, where that is not evenly: a fact that the quantity carries."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import NamedTuple

from tuplecalc.network.services import Services, machine_shares


class Hashing(NamedTuple):
    """Sources that a hash puts on addresses, each for itself."""

    sources: int
    addresses: int


class Groups(NamedTuple):
    """Groups of services that carry shares."""

    groups: tuple[Services, ...]

    def parts(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The share of each group's traffic, and on how many endpoints it falls."""
        return ((group.share, Fraction(group.endpoints)) for group in self.groups if group.share)


class Machines(NamedTuple):
    """Machines side by side that each serve their own endpoints: endpoint j belongs to machine j mod n."""

    groups: tuple[Services, ...]
    """Those of the services where they carry shares, else none."""
    endpoints: Fraction
    number: int

    def parts(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The share of the traffic of all machines that are alike, and how many these are.

        >>> list(Machines((), Fraction(5), 3).parts())
        [(Fraction(4, 5), Fraction(2, 1)), (Fraction(1, 5), Fraction(1, 1))]
        """
        if self.groups:
            for share, number in machine_shares(self.groups, self.number):
                if share:
                    yield share * number, Fraction(number)
            return
        each, rest = divmod(floor(self.endpoints), self.number)
        if rest:
            yield Fraction((each + 1) * rest) / self.endpoints, Fraction(rest)
        if each:
            yield Fraction(each * (self.number - rest)) / self.endpoints, Fraction(self.number - rest)


Spread = Hashing | Groups | Machines
