"""Sets of ports of which the size is open: ranges whose ends are open numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from tuplecalc.network.ports import PortSet
from tuplecalc.whatif.numbers import Open, Run


class OpenPorts(PortSet):
    """A set of ports that compares its bounds as open numbers: each comparison is a decision.

    >>> from fractions import Fraction
    >>> from tuplecalc.whatif.numbers import Formulas
    >>> formulas = Formulas()
    >>> run = Run(formulas, [Fraction(10)])
    >>> size = run.number(formulas.input(0, Fraction(1), Fraction(64512), whole=True))
    >>> ports = OpenPorts.sized(run, PortSet("1024-1033"), size)
    >>> (ports | PortSet("1030-1050")).size, (ports & PortSet("1030-1050")).size
    (<Open 27>, <Open 4>)
    """

    run: Run
    bounds: tuple[tuple[Any, Any], ...]
    """The first port of each range, and the first behind it: ascending, none adjacent."""

    @classmethod
    def _made(cls, run: Run, bounds: Iterable[tuple[Any, Any]]) -> OpenPorts:
        ports = cls.__new__(cls)
        vars(ports).update(run=run, bounds=tuple(bounds))
        return ports

    @classmethod
    def closed(cls, run: Run, ports: PortSet) -> OpenPorts:
        """A set as it is, among those that are open."""
        return cls._made(run, ((run.constant(low), run.constant(high + 1)) for low, high in ports.ranges))

    @classmethod
    def sized(cls, run: Run, ports: PortSet, size: Open) -> OpenPorts:
        """The range from its lowest port on, of another size."""
        low = run.constant(ports.ranges[0][0])
        return cls._made(run, [(low, low + size)])

    @property
    def ranges(self) -> tuple[Any, ...]:
        """Both ends included, as those of any set."""
        return tuple((low, end - 1) for low, end in self.bounds)

    @property
    def size(self) -> Any:
        """How many ports there are."""
        return sum((end - low for low, end in self.bounds), self.run.constant(0))

    def __len__(self) -> int:
        return len(self.bounds)  # whether there are any

    def __contains__(self, port: object) -> bool:
        return any(low <= port < end for low, end in self.bounds)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PortSet):
            return NotImplemented
        there = self._bounds(other)
        return len(self.bounds) == len(there) and all(
            one == two
            for mine, its in zip(self.bounds, there, strict=True)
            for one, two in zip(mine, its, strict=True)
        )

    def __hash__(self) -> int:
        return 0

    def _bounds(self, other: PortSet) -> tuple[tuple[Any, Any], ...]:
        if isinstance(other, OpenPorts):
            return other.bounds
        return OpenPorts.closed(self.run, other).bounds

    def _with(self, other: object, keeps: Callable[[bool, bool], bool], *, turned: bool = False) -> Any:
        """The ports of which it is kept whether they are in the one, and in the other."""
        if not isinstance(other, PortSet):
            return NotImplemented
        pair = (self.bounds, self._bounds(other))[:: -1 if turned else 1]
        ends: list[Any] = []
        for bound in sorted(end for one in pair for both in one for end in both):
            if not ends or bound != ends[-1]:
                ends.append(bound)
        found: list[tuple[Any, Any]] = []
        for low, end in pairwise(ends):
            inside = [any(first <= low < last for first, last in each) for each in pair]
            if keeps(*inside):
                joined = found and found[-1][1] is low
                found[-1:] = [(found[-1][0], end)] if joined else [*found[-1:], (low, end)]
        return self._made(self.run, found)

    def __or__(self, other: PortSet) -> PortSet:
        found: PortSet = self._with(other, lambda one, two: one or two)
        return found

    __ror__ = __or__

    def __and__(self, other: PortSet) -> PortSet:
        found: PortSet = self._with(other, lambda one, two: one and two)
        return found

    __rand__ = __and__

    def __sub__(self, other: PortSet) -> PortSet:
        found: PortSet = self._with(other, lambda one, two: one and not two)
        return found

    def __rsub__(self, other: PortSet) -> PortSet:
        found: PortSet = self._with(other, lambda one, two: one and not two, turned=True)
        return found

    def isdisjoint(self, other: PortSet) -> bool:
        """Whether the two have no port in common."""
        return not len(self & other)

    @property
    def spec(self) -> Any:
        """The ports as a file says them, for this value."""
        return PortSet.of_ranges((low.__index__(), high.__index__()) for low, high in self.ranges).spec

    def __str__(self) -> str:
        return ", ".join(f"{low}-{high}" for low, high in self.ranges) or "none"

    def __repr__(self) -> str:
        return f"<OpenPorts {self}>"
