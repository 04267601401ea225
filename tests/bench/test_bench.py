"""The bench compares like with like; its figures are nobody's promise, so none is tested."""

from typing import Any

import numpy as np
import pytest

import tuplecalc as tc
from tuplecalc.questions.axis import axis
from tuplecalc.questions.sweep import limits_over

from . import design, kinds
from .__main__ import cells
from .by_hand import CHAIN, capacity_by_hand, limits_by_hand
from .comparisons import topology
from .figures import BARE, POINTS
from .measure import Comparison, fastest


def test_the_limits_by_hand_are_ours() -> None:
    result = tc.capacity(CHAIN)
    ours = {f"{limit.hop}/{limit.name}": (limit.flows, limit.rate) for limit in result.limits}
    assert limits_by_hand() == ours
    assert capacity_by_hand() == (result.flows, result.rate)


def test_the_large_chain_is_ten_times_the_small_one() -> None:
    small, large = (tc.loads(topology(hops, groups)) for hops, groups in [(5, 20), (50, 200)])
    assert len(large.hops) == 10 * len(small.hops)
    assert len(large.services) == 10 * len(small.services)
    assert tc.capacity(large).flows > 0


def test_a_median_is_that_of_one_call() -> None:
    called: list[str] = []
    ours, theirs = fastest(lambda: called.append("ours"), lambda: called.append("theirs"), rounds=3, calls=2)
    assert called == ["ours", "theirs"] + 3 * ["ours", "ours", "theirs", "theirs"]
    assert 0 < ours < 1
    assert 0 < theirs < 1


def test_a_row_says_whether_the_goal_is_met() -> None:
    slower = Comparison("ours", 0.003, "theirs", 0.002, 1.25)
    faster = Comparison("ours", 0.002, "theirs", 0.3, 100, at_least=True)
    assert cells(slower) == ("ours", "3 ms", "theirs", "2 ms", "1.5×", "≤ 1.25×", "no")
    assert cells(faster) == ("ours", "2 ms", "theirs", "300 ms", "150×", "≥ 100×", "yes")


def test_the_advice_that_is_measured_has_collisions_to_lower() -> None:
    assert kinds.failing(3, 8).ratio > 1


def test_the_formulas_written_out_are_the_map() -> None:
    chain = tc.example("outage")
    hold, wait = (
        axis(chain, f"traffic.hold=1s..10m/{POINTS}"),
        axis(chain, f"hops.lvs.time_wait=1s..4m/{POINTS}"),
    )
    found: dict[str, Any] = {}
    exec(BARE, found)
    assert found["least"] == pytest.approx(limits_over(chain, wait, hold).rate, rel=1e-10)


def test_the_sweep_written_out_is_ours() -> None:
    ours, theirs = design.swept(design.OVER), design.by_hand(*design.AXES)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10)


def test_bisection_finds_what_is_solved() -> None:
    assert design.bisected() == design.solved()
