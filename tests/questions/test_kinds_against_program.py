"""What is said of kinds of traffic, against the program over every flow of small networks made by chance."""

from collections.abc import Iterator
from fractions import Fraction
from math import inf, isclose
from typing import Any

import pytest

import tuplecalc.questions.region
from tests.oracle import program
from tests.oracle.kinds import from_seed
from tests.oracle.meaning import Topology
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.coupled import Figure
from tuplecalc.limits.free_rates import Cut, FreeRates
from tuplecalc.limits.mixture import Mix
from tuplecalc.network.file import from_dict
from tuplecalc.questions.best_mix import best_mix
from tuplecalc.questions.region import region
from tuplecalc.questions.vertex import Program

SEEDS = (1, 4, 13, 66, 77, 86, 188, 223, 224, 232, 238, 254, *range(300, 315))
"""Those that showed a wrong formula once, and some more."""


def differences(seed: int) -> Iterator[str]:
    """What differs from the program, of a network whose figures are no bounds."""
    topology = from_seed(seed)
    result = capacity(from_dict(topology))
    if not all(bound.is_of_time for bound in result.at_most):
        return
    for kind in result.kinds:
        if not same(kind.headroom, program.headroom(topology, kind.name) or 0):
            yield f"headroom of {kind.name}"
    if len(result.kinds) > 1:
        for figure in ("flows", "rate"):
            yield from of_best_mix(topology, result, figure)
        yield from of_region(topology, result)


def same(mine: Fraction | int | None, true: float) -> bool:
    return (inf if mine is None else mine) == true or (
        mine is not None and isclose(mine, true, rel_tol=1e-6, abs_tol=1e-6)
    )


def of_best_mix(topology: Topology, result: Capacity, figure: Figure) -> Iterator[str]:
    true, shares = program.best_mix(topology, flows=figure == "flows")
    try:
        found = best_mix(result.chain, figure)
    except InputError:
        if true < inf:
            yield f"best {figure}: there is none"
        return
    if not same(found.total, true):
        yield f"best {figure}"
    elif found.is_only and any(abs(share - shares[kind]) > 1e-5 for kind, share in found.shares.items()):
        yield f"shares of the best {figure}"
    if figure == "rate" and found.total:
        rates = {kind: float(rate) * 0.99999 for kind, rate in found.parts.items()}
        if not program.possible(topology, rates):
            yield "the best mix is not possible"


def of_region(topology: Topology, result: Capacity) -> Iterator[str]:
    """Corners are possible, and nothing is just beyond the edges."""
    try:
        found = region(result.chain)
    except InputError:
        return
    for x, y in found.vertices:
        if not program.possible(topology, at(found.kinds, found.others, x, y, 0.99999)):
            yield "a corner is not possible"
    for (x, y), (to_x, to_y) in (edge.ends for edge in found.edges):
        if (x, y) != (to_x, to_y) and (x or to_x) and (y or to_y):
            beyond = at(found.kinds, found.others, (x + to_x) / 2, (y + to_y) / 2, 1.001)
            if program.possible(topology, beyond):
                yield "an edge is too low"


def at(kinds: tuple[str, str], others: Any, x: Fraction, y: Fraction, times: float) -> dict[str, float]:
    rates = {kind: float(rate) for kind, rate in others.items()}
    return rates | dict(zip(kinds, (float(x) * times, float(y) * times), strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_said_of_kinds_is_the_programs(seed: int) -> None:
    assert list(differences(seed)) == []


def without_others(cuts: Any, others: Any, kinds: Any) -> Any:
    return edges(cuts, dict.fromkeys(others, Fraction(0)), kinds)


edges = vars(tuplecalc.questions.region)["_edges"]
OTHERS: dict[str, tuple[int, Any, str, Any]] = {
    "the faces of the present mix are all": (232, FreeRates, "are_cut_at", lambda *_: False),
    "limits that bind in other mixes are left out": (77, Mix, "unlisted", lambda _: ()),
    "others take nothing": (1, Cut, "left", lambda cut, _: cut.room),
    "all are open for a second": (1, Mix, "hold", lambda *_: Fraction(1)),
    "keys are held for a second": (4, Mix, "_open", lambda _, flow: flow.weight.value),
    "no other mix is as good": (4, Program, "has_no_other", lambda *_: True),
    "the other kinds are not there": (13, tuplecalc.questions.region, "_edges", without_others),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_wrong_formula_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seed, *change = OTHERS[name]
    monkeypatch.setattr(*change)
    assert list(differences(seed))
