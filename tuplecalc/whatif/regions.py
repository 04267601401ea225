"""The regions of a chain's open numbers: in each the code decides alike, so that the same formulas hold.

The decisions of all runs are a tree, since the code that decides is the same each time: of two runs the
first decision that comes out differently parts their ways.  What no run has come to is not known, and is
said to be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import isqrt
from random import Random
from typing import NamedTuple, TypeAlias

from tuplecalc.limits.capacity import OnTheWay, limits_on_the_way
from tuplecalc.limits.demand import as_wanted, wanted_by_clients
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.served import of_served
from tuplecalc.network.chain import Chain
from tuplecalc.whatif.numbers import Decision, Formulas, NotPrintedError, Open, Run
from tuplecalc.whatif.opened import Input, RefusedError, inputs_of, opened

_POINTS = 9
"""Values of each input that are looked at alone."""
_TOGETHER = 400
"""Settings of all inputs together that are looked at, half of them of a few inputs."""
_MOST_RUNS, _MOST_DECISIONS = 240, 3000
_MOST_STEPS = 150_000
"""Of formulas, in all runs: some seconds' work."""


class LimitFormulas(NamedTuple):
    """A limit by the nodes of its figures; None where nothing of it is taken."""

    hop: str
    name: str
    sentence: str
    flows: int | None
    rate: int | None
    takes: tuple[tuple[str, int], ...]
    """Of each kind, what a connection takes of it in all its time: keys × seconds."""


class KindFormulas(NamedTuple):
    """A kind's part of the new connections, and of those that are open."""

    name: str
    share: int
    open_share: int


class Formed(NamedTuple):
    """All figures of a region: its limits in their order, the kinds, and the clients that get ports."""

    limits: tuple[LimitFormulas, ...]
    kinds: tuple[KindFormulas, ...]
    with_ports: int
    """The node of the part of the new connections that is of clients with ports."""
    offered: int | None
    wanted: tuple[tuple[int, tuple[int, ...]], ...]
    """Connections that shall be open at once, in all and of each client, and what each limit has room for:
    mixed as clients want them for those of each client."""
    is_bound: bool
    """Whether the figures are exact for the values that were looked at, and a bound for others: what coupled
    tables hold together is a linear program, of which these are faces."""


@dataclass(frozen=True)
class Leaf:
    """What holds in a region: its figures, or why there is no formula of them."""

    found: Formed | str


@dataclass
class Branch:
    """A decision, and what follows where it holds and where it does not."""

    decision: Decision
    holds: Place = None
    fails: Place = None


Place: TypeAlias = "Branch | Leaf | None"
"""What follows a decision; None for what is not known."""


@dataclass
class Regions:
    """The inputs of a chain, and what is known of its figures for any values of these."""

    chain: Chain
    inputs: tuple[Input, ...]
    formulas: Formulas = field(default_factory=lambda: Formulas(_MOST_STEPS))
    tree: Place = None
    runs: int = 0
    decisions: int = 0

    def at(self, values: Iterable[Number]) -> Formed | str | None:
        """What holds for these values of the inputs; a text where there is no formula, None if unknown."""
        value = self.formulas.values(list(values))
        place = self.tree
        while isinstance(place, Branch):
            holds = place.decision.holds(value)
            place = place.holds if holds else place.fails
        return None if place is None else place.found

    def look(self, values: Iterable[Number]) -> None:
        """Learn what holds for these values, if that is not known."""
        here = [tidy(each) for each in values]
        if self.at(here) is not None:
            return
        run = Run(self.formulas, here)
        try:
            found: Formed | str = formed(opened(self.chain, self.inputs, run), run)
        except NotPrintedError:
            if self.is_full:
                return
            found = "large"
        except RefusedError:
            found = "refused"
        self.runs += 1
        self._enter(run, found)

    @property
    def is_full(self) -> bool:
        """Whether no more is looked at."""
        many = self.runs >= _MOST_RUNS or self.decisions >= _MOST_DECISIONS
        return many or self.formulas.steps >= _MOST_STEPS

    @property
    def is_known(self) -> bool:
        """Whether there are formulas for the present values at all."""
        return isinstance(self.at([each.present for each in self.inputs]), Formed)

    def _enter(self, run: Run, found: Formed | str) -> None:
        """Put a run where its values lead to: what decides there already, and then what it decided itself."""
        passed: set[Decision] = set()
        put: Callable[[Place], None] = partial(setattr, self, "tree")
        place = self.tree
        while isinstance(place, Branch):
            passed.add(place.decision)
            side = "holds" if run.holds(place.decision) else "fails"
            put, place = partial(setattr, place, side), getattr(place, side)
        for decision, holds in run.decisions:
            if decision not in passed:
                branch = Branch(decision)
                put(branch)
                self.decisions += 1
                put = partial(setattr, branch, "holds" if holds else "fails")
        put(Leaf(found))


def formed(chain: Chain, run: Run) -> Formed:
    """The figures of an opened chain, by their nodes."""

    def node(number: object) -> int:
        return number.node if isinstance(number, Open) else run.formulas.constant(number)  # type: ignore[arg-type]

    way = limits_on_the_way(chain)
    limits = tuple(
        LimitFormulas(
            limit.hop,
            limit.name,
            limit.kind.sentence,
            None if limit.flows is None else node(limit.flows),
            None if limit.rate is None else node(limit.rate),
            tuple((each.kind, node(each.seconds)) for each in limit.shares),
        )
        for several in way.limits
        for limit in several
    )
    of_kinds = (
        KindFormulas(kind, node(share), node(mix.open_share(kind)))
        for mix in ([] if way.mix is None else [way.mix])
        for kind, share in mix.shares.items()
    )
    served = sum(of_served(chain, 1).values(), Fraction(0))
    offered = chain.traffic.offered
    wanted = [
        (
            node(flows),
            tuple(node(limit.flows) for several in here for limit in several if limit.flows is not None),
        )
        for flows, here in (
            (chain.traffic.flows, way.limits),
            (wanted_by_clients(chain), _as_wanted(chain, way)),
        )
        if flows is not None
    ]
    figures = node(served), None if offered is None else node(offered), tuple(wanted)
    return Formed(limits, tuple(of_kinds), *figures, run.is_bound)


def _as_wanted(chain: Chain, way: OnTheWay) -> list[tuple[Limit, ...]]:
    """The limits for flows that are mixed as clients want them."""
    mixed = as_wanted(chain)
    return way.limits if mixed is chain else limits_on_the_way(mixed).limits


def regions(chain: Chain) -> Regions:
    """What is known of a chain's figures for other numbers: those near the present ones, and many others."""
    chain, inputs = inputs_of(chain)
    found = Regions(chain, inputs)
    for values in settings(inputs):
        found.look(values)
        if found.is_full:
            break
    return found


def settings(inputs: tuple[Input, ...]) -> Iterator[list[Fraction]]:
    """The values that are looked at: the present ones, each input alone, some and all of them together."""
    present = [Fraction(each.present) for each in inputs]
    yield present
    free = [number for number, each in enumerate(inputs) if not each.is_fixed]
    for number in free:
        for value in points(inputs[number]):
            yield with_value(inputs, present, number, value)
    random = Random(0)
    for turn in range(_TOGETHER):
        values = present
        several = free if turn % 2 else random.sample(free, min(len(free), 2 + turn % 3))
        for number in several:
            values = with_value(inputs, values, number, random.choice(points(inputs[number])))
        yield values


def points(each: Input) -> list[Fraction]:
    """Some values of an input, its ends and the present one among them."""
    low, high, present = Fraction(each.low), Fraction(each.high), Fraction(each.present)
    between = [low + (high - low) * Fraction(step, _POINTS - 1) for step in range(_POINTS)]
    if low and high > 1000 * low:
        between += [low * 2**step for step in range(1, isqrt(int(high / low)).bit_length() * 2, 4)]
    near = [present * part for part in (Fraction(1, 2), Fraction(3, 2), 2)]
    values = {*between, *near, present, present + 1, present - 1}
    if each.is_count:
        values = {Fraction(round(value)) for value in values}
    return sorted(value for value in values if low <= value <= high)


def with_value(
    inputs: tuple[Input, ...], values: list[Fraction], number: int, value: Fraction
) -> list[Fraction]:
    """The values with another one of an input; shares beside it take what it leaves, in their proportions."""
    found = list(values)
    found[number] = value
    table = inputs[number].table
    others = [n for n, each in enumerate(inputs) if n != number and each.table == table]
    if table and others:
        before = sum(values[n] for n in others)
        for n in others:
            found[n] = (1 - value) * (values[n] / before if before else Fraction(1, len(others)))
    return found
