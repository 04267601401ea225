"""What dies of a collision: held against every order of a few ports, and against flows that are drawn."""

from collections.abc import Callable
from fractions import Fraction
from itertools import permutations
from math import inf, sqrt
from random import Random
from statistics import mean, stdev

import pytest

from tuplecalc.errors import ChainError
from tuplecalc.under_load.collision import filled, lives, steady

FEW = [(0, 3, 0, 3), (0, 4, 0, 2), (1, 2, 1, 3), (0, 1, 3, 1), (2, 0, 2, 2)]
MANY = [(0, 252, 0, 252), (0, 60, 0, 30), (20, 40, 60, 50), (0, 40, 60, 40)]


def met(cone: tuple[int, ...], proxy: tuple[int, ...], flow: int) -> int:
    """How often a newer leg, or its own other one, takes a tuple of a flow."""
    return (cone[flow] in proxy[flow + 1 :]) + (proxy[flow] in cone[flow + 1 :]) + (cone[flow] == proxy[flow])


@pytest.mark.parametrize("survival", [Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize(("a", "o", "others", "flows"), FEW)
def test_every_order(a: int, o: int, others: int, flows: int, survival: Fraction) -> None:
    orders = [
        (cone, proxy)
        for cone in permutations(range(a + o), flows)
        for proxy in permutations(range(a, a + o + others), flows)
    ]
    expected = [
        sum((survival ** met(*order, flow) for order in orders), Fraction(0)) / len(orders)
        for flow in range(flows)
    ]
    assert [
        lives(cone_only=a, overlap=o, proxy_only=others, survival=survival, later=flows - 1 - flow)
        for flow in range(flows)
    ] == expected
    whole = filled(cone_only=a, overlap=o, proxy_only=others, survival=survival, flows=flows)
    assert whole.mean == sum(expected)


@pytest.mark.parametrize("survival", [0.0, 0.25, 0.5])
@pytest.mark.parametrize(("a", "o", "others", "flows"), MANY)
def test_the_deviation_is_that_of_flows_that_are_drawn(
    a: int, o: int, others: int, flows: int, survival: float
) -> None:
    random, times = Random(5), 1500
    found = []
    for _ in range(times):
        place = {port: flow for flow, port in enumerate(random.sample(range(a + o), flows))}
        dead = set()
        for flow, port in enumerate(random.sample(range(a, a + o + others), flows)):
            if port in place and random.random() >= survival:
                dead.add(min(flow, place[port]))
        found.append(flows - len(dead))
    expected = filled(cone_only=a, overlap=o, proxy_only=others, survival=survival, flows=flows)
    assert mean(found) == pytest.approx(float(expected.mean), abs=3.3 * expected.deviation / sqrt(times))
    assert stdev(found) == pytest.approx(expected.deviation, rel=3.3 / sqrt(2 * times))


def replaced(ports: int, held: int, dies: float, *, is_fixed: bool) -> float:
    """The share of dead ones among flows that are replaced one by one: the oldest, or any."""
    random, replacements = Random(7), 40_000
    sides: list[list[int | None]] = [[None] * ports, [None] * ports]  # whose leg has a port
    flows: list[tuple[int, int, int]] = []
    dead = 0
    killed: set[int] = set()
    for born in range(replacements + held):
        if len(flows) == held:
            one, *mine = flows.pop(0 if is_fixed else random.randrange(held))
            dead += one in killed
            for side, port in zip(sides, mine, strict=True):
                side[port] = None
        took = []
        for number, side in enumerate(sides):
            while side[port := random.randrange(ports)] is not None:
                pass
            side[port] = born
            took.append(port)
            other = sides[1 - number][port]
            if other is not None and random.random() < dies:
                killed.add(other)
        flows.append((born, took[0], took[1]))
    return dead / replacements


@pytest.mark.parametrize("is_fixed", [True, False])
@pytest.mark.parametrize(
    ("ports", "held", "survival"), [(1000, 100, 0.25), (1000, 40, 0.25), (1000, 100, 0.5)]
)
def test_flows_that_are_replaced(ports: int, held: int, survival: float, is_fixed: bool) -> None:
    """Fixed holds are exact; exponential ones are off by less than a quarter of K²."""
    expected = steady(
        cone_only=0, overlap=ports, proxy_only=0, survival=survival, rate=held, hold=1, is_fixed=is_fixed
    )
    found = replaced(ports, held, 1 - survival, is_fixed=is_fixed)
    chance = 3.3 * sqrt(expected * (1 - expected) / 40_000)
    assert found == pytest.approx(expected, abs=chance + (0 if is_fixed else expected**2 / 2))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"survival": 1.5}, "survival: 1.5: this is a probability from 0 to 1; write it as in 0.25"),
        ({"survival": inf}, "survival: inf: this is a probability from 0 to 1; write it as in 0.25"),
        ({"overlap": 0}, "cone_only: 0: the cone has no port at all; give it at least one, or an overlap"),
        ({"flows": 3}, "flows: 3: this is a whole number of 2 or less; change it"),
    ],
)
def test_what_is_no_such_place(wrong: dict[str, float], message: str) -> None:
    call: Callable[..., object] = filled
    with pytest.raises(ChainError, match=f"^{message}$"):
        call(**{"cone_only": 0, "overlap": 2, "proxy_only": 0, "survival": 0, "flows": 2} | wrong)
