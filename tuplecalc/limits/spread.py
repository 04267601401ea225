"""How traffic falls on what a quantity counts, where that is not evenly: a fact that the quantity carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from tuplecalc.network.services import Services, machine_shares
from tuplecalc.network.values import exact

_MOST_PAIRS = 100_000  # of machines in front and behind; of more the traffic counts as even


class Hashing(NamedTuple):
    """Sources that a hash puts on addresses, each for itself."""

    sources: int
    addresses: int


class Groups(NamedTuple):
    """Groups of services that carry shares."""

    groups: tuple[Services, ...]

    def parts(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The share of each group's traffic, and on how many endpoints it falls."""
        return ((group.share, exact(group.endpoints)) for group in self.groups if group.share)


class Machines(NamedTuple):
    """Machines side by side that each serve their own endpoints: endpoint j belongs to machine j mod n.

    ``groups`` are those of the services where they carry shares, else none.  ``behind`` are machines that
    the endpoints themselves stand for, the listeners of proxies: listener j leads to machine j mod their
    number, and has its part of that machine's traffic.
    """

    groups: tuple[Services, ...]
    endpoints: int
    number: int
    behind: Machines | None = None

    def parts(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The share of the traffic of all machines that are alike, and how many these are.

        >>> list(Machines((), 5, 3).parts())
        [(Fraction(4, 5), Fraction(2, 1)), (Fraction(1, 5), Fraction(1, 1))]
        >>> list(Machines((), 4, 4, Machines((), 3, 2)).parts())  # two thirds on the first and the third
        [(Fraction(2, 3), Fraction(2, 1)), (Fraction(1, 3), Fraction(2, 1))]
        """
        alike = Counter[Fraction]()
        for share, number in self._each():
            alike[share] += number
        return ((share * number, exact(number)) for share, number in alike.items() if share)

    def _each(self) -> Iterator[tuple[Fraction, int]]:
        """One machine's share, and how many that follow each other have it."""
        if self.groups:
            yield from machine_shares(self.groups, self.number)
        elif self.behind is None or self.behind.number * self.number > _MOST_PAIRS:
            each, rest = divmod(self.endpoints, self.number)
            for share, number in ((each + 1, rest), (each, self.number - rest)):
                if number:
                    yield exact(share) / self.endpoints, number
        else:
            yield from ((share, 1) for share in self._through(self.behind))

    def _through(self, behind: Machines) -> Iterable[Fraction]:
        """The share of each machine where the endpoints are listeners of others behind."""
        found = [Fraction(0)] * self.number
        listeners = self.endpoints // behind.number  # of one machine behind
        period = self.number // gcd(self.number, behind.number)
        first = 0
        for share, number in behind._each():
            for machine in range(first, first + number):
                for turn in range(min(period, listeners)):
                    times = (listeners - turn + period - 1) // period
                    found[(machine + turn * behind.number) % self.number] += share * times / listeners
            first += number
        return found


Spread = Hashing | Groups | Machines
