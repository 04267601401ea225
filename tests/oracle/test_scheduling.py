"""Flows one after the other on single ports, and what the faces of the model say about them."""

import math
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pytest
from scipy.optimize import linprog  # type: ignore[import-untyped]

from . import scheduling
from .scheduling import SingleLeg, true_rate

Row = tuple[float, ...]  # on each port: the sum of these seconds times the legs' rates there is at most 1
Faces = Callable[[Sequence[SingleLeg], int, float], list[Row]]


def leg(ports: Sequence[int], **waits: int | tuple[int, int]) -> SingleLeg:
    return SingleLeg(frozenset(ports), waits)


def pair(waits: int | tuple[int, int]) -> tuple[int, int]:
    return (waits, waits) if isinstance(waits, int) else waits


def mean(waits: int | tuple[int, int], share: float) -> float:
    client, server = pair(waits)
    return share * client + (1 - share) * server


def spaces(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """The plain program: each space by its mean seconds."""
    return [
        tuple(hold + mean(one.waits[space], share) if space in one.waits else 0 for one in legs)
        for space in sorted({space for one in legs for space in one.waits})
    ]


def now_here_now_there(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """A leg alone: H + the mean of the longer linger."""
    longest = [
        (max(pair(w)[0] for w in one.waits.values()), max(pair(w)[1] for w in one.waits.values()))
        for one in legs
    ]
    return [
        tuple(hold + mean(longest[n], share) if n == m else 0 for m in range(len(legs)))
        for n in range(len(legs))
    ]


def gaps(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """x_c·S_c + x_u·max(0, S_u + S_v − S_c) ≤ 1, where waits do not depend on who closes."""
    return [row for row, _ in gap_rows(legs, hold, share) if share in (0, 1)]


def gaps_of_several(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """With m others that fit into one gap: x_c·(S_c − m·d) + x_u·d ≤ 1, d = S_v + (m+1)·S_u − S_c."""
    return [row for _, row in gap_rows(legs, hold, share) if share in (0, 1)]


def gap_rows(legs: Sequence[SingleLeg], hold: int, share: float) -> list[tuple[Row, Row]]:
    rows: list[tuple[Row, Row]] = []
    who = 0 if share else 1
    for c, one in enumerate(legs):
        chooser = hold + max(pair(wait)[who] for wait in one.waits.values())
        for u, other in enumerate(legs):
            for space in set(one.waits) & set(other.waits) if u != c else ():
                table, used = hold + pair(one.waits[space])[who], hold + pair(other.waits[space])[who]
                if chooser > table and used:
                    several = (chooser - table) // used
                    more = table + (several + 1) * used - chooser
                    seconds = {c: chooser, u: max(0, used + table - chooser)}
                    sharper = {c: chooser - several * more, u: more}
                    rows.append(
                        (
                            tuple(seconds.get(n, 0) for n in range(len(legs))),
                            tuple(sharper.get(n, 0) for n in range(len(legs))),
                        )
                    )
    return rows


def by_faces(legs: Sequence[SingleLeg], *faces: Faces, hold: int = 0, share: float = 1) -> float:
    """The largest λ that rows on every port allow; each leg has rate λ."""
    rows = [row for face in faces for row in face(legs, hold, share) if any(row)]
    ports = sorted({port for one in legs for port in one.ports})
    index = {(n, p): k for k, (n, p) in enumerate((n, p) for n, one in enumerate(legs) for p in one.ports)}
    if not rows:
        return math.inf
    upper = np.zeros((len(rows) * len(ports), len(index) + 1))
    for line, (row, port) in enumerate((row, port) for row in rows for port in ports):
        for n, seconds in enumerate(row):
            if (n, port) in index:
                upper[line, index[n, port]] = seconds
    equal = np.zeros((len(legs), len(index) + 1))
    for (n, _), k in index.items():
        equal[n, k] = 1
    equal[:, -1] = -1
    goal = np.zeros(len(index) + 1)
    goal[-1] = -1
    result = linprog(goal, A_ub=upper, b_ub=np.ones(len(upper)), A_eq=equal, b_eq=np.zeros(len(legs)))
    return math.inf if result.status == 3 else float(-result.fun)


ALL_FACES = (spaces, now_here_now_there, gaps_of_several)


def test_the_corner() -> None:
    both = [leg([1, 2], table=1), leg([1, 2], table=2)]
    assert by_faces(both, spaces) == pytest.approx(2 / 3)
    assert true_rate(both) == pytest.approx(1 / 2)
    assert true_rate([leg([1], table=1), leg([1], table=2)]) == 0


@pytest.mark.parametrize(("ports", "rate"), [(2, 1 / 2), (3, 1), (4, 1), (5, 3 / 2), (6, 2)])
def test_the_corner_vanishes_with_size(ports: int, rate: float) -> None:
    both = [leg(range(ports), table=1), leg(range(ports), table=2)]
    assert true_rate(both) == pytest.approx(rate)
    assert by_faces(both, spaces) == pytest.approx(ports / 3)
    assert ports / 3 - rate < 1 / 2


def test_a_leg_that_waits_now_here_now_there() -> None:
    """Of two ports the proxy needs one: clients have the other, for 68 s and then 60 s at either end."""
    legs = [leg([2, 8], own=(60, 0), table=(0, 60)), leg([2], table=0)]
    assert by_faces(legs, spaces, hold=68, share=0.5) > 1 / 98 - 1e-9
    assert true_rate(legs, hold=68, share=0.5) == pytest.approx(1 / 128)


@pytest.mark.parametrize(("front", "back"), [(2, 1), (3, 2), (4, 2), (4, 3)])
def test_both_ends_wait_in_turn(front: int, back: int) -> None:
    """Clients have `front` ports, a proxy `back` of them: waits of 1 s at both ends, in half of the flows."""
    legs = [
        leg(range(front), own=(1, 0), table=(0, 1)),
        leg(range(back), table=(1, 0), sockets=(1, 0)),
    ]
    assert by_faces(legs, spaces, share=0.5) == pytest.approx(min(front, 2 * back))
    face = by_faces(legs, *ALL_FACES, share=0.5)
    assert face == pytest.approx(min((front + back) / 2, 2 * back))
    assert face - 1 < true_rate(legs, share=0.5) <= face + 1e-9


def test_a_table_idles_after_a_leg_that_its_chooser_holds_longer() -> None:
    """Cone (linger 120) of 22, proxy (60) of 26 with them, hold 100: 88.46 for 100, in units of 20 s."""
    legs = [leg(range(22), cone=6, table=0), leg(range(26), table=3)]
    assert by_faces(legs, spaces, hold=5) == pytest.approx(0.1 * 20)
    assert by_faces(legs, spaces, gaps, hold=5) == pytest.approx(0.08846153846 * 20)
    few = [leg(range(2), cone=6, table=0), leg(range(3), table=3)]
    assert true_rate(few, hold=5) <= by_faces(few, spaces, gaps, hold=5) < by_faces(few, spaces, hold=5)


def test_several_legs_in_one_gap() -> None:
    """Where a gap has room for one other leg, and less than two, the second takes more than the face says."""
    legs = [leg([0, 1, 2, 3], own=6, table=0), leg([0, 9], table=0)]
    assert by_faces(legs, spaces, gaps, hold=4) == pytest.approx(0.4)
    assert by_faces(legs, spaces, gaps_of_several, hold=4) == pytest.approx(0.39)
    assert true_rate(legs, hold=4) < 0.39 + 1e-9


def some_legs(random: Random) -> list[SingleLeg]:
    """Two legs in one table, or the three of two proxies in a row; waits of up to 3 s."""

    def wait(*, by: int) -> int | tuple[int, int]:
        seconds = random.choice([0, 1, 2, 3])
        return seconds if random.random() < 0.5 else ((seconds, 0), (0, seconds))[by]

    def ports() -> list[int]:
        low = random.randrange(3)
        return list(range(low, random.randrange(low, 3) + 1))

    first = leg(ports(), own=wait(by=0), table=wait(by=1))
    middle, last = leg(ports(), table=wait(by=0)), leg(ports(), table=wait(by=0))
    if random.random() < 0.75:
        return [first, middle]
    return [
        first,
        SingleLeg(middle.ports, {**middle.waits, "next": wait(by=1)}),
        SingleLeg(last.ports, {"next": last.waits["table"]}),
    ]


def settings(count: int) -> list[tuple[list[SingleLeg], int, float]]:
    random = Random(20)
    return [
        (some_legs(random), random.choice([0, 1, 2]), random.choice([1, 1, 0, 0.5])) for _ in range(count)
    ]


def test_no_face_is_below_the_truth() -> None:
    above_the_program = above_the_faces = exact = 0
    for legs, hold, share in settings(300):
        truth = true_rate(legs, hold=hold, share=share)
        face = by_faces(legs, *ALL_FACES, hold=hold, share=share)
        assert truth <= face + 1e-7, (legs, hold, share)
        plain = by_faces(legs, spaces, hold=hold, share=share)
        above_the_program += plain > face + 1e-7
        above_the_faces += face > truth + 1e-7
        exact += math.isclose(face, truth, rel_tol=1e-7)
    assert above_the_program > 10
    assert above_the_faces > 10
    assert exact > 100


def too_long(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """Wrong: the sum of both lingers."""
    return [tuple(hold + sum(mean(w, share) for w in one.waits.values()) for one in legs)]


def a_gap_that_no_leg_fills(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """Wrong: what its chooser holds is counted in the table."""
    return [tuple(max(rows) for rows in zip(*spaces(legs, hold, share), strict=True))]


def gaps_by_their_mean(legs: Sequence[SingleLeg], hold: int, share: float) -> list[Row]:
    """Wrong: the gap after the mean of a linger that only some flows have (others go where there is one)."""
    (chooser, _), (table, other) = spaces(legs[:2], hold, share)
    return [(chooser, max(0.0, other + table - chooser))]


@pytest.mark.parametrize("wrong", [too_long, a_gap_that_no_leg_fills])
def test_a_wrong_face_is_noticed(wrong: Faces) -> None:
    assert any(
        true_rate(legs, hold=hold, share=share)
        > by_faces(legs, *ALL_FACES, wrong, hold=hold, share=share) + 1e-7
        for legs, hold, share in settings(60)
    )


def test_gaps_do_not_go_by_the_mean_of_who_closes() -> None:
    """Other legs go where there is a gap, which the mean over all flows does not see."""
    legs = [leg(range(3), own=(1, 0), table=0), leg([0, 1, 2, 9], table=0)]
    assert by_faces(legs, spaces, gaps_by_their_mean, hold=1, share=0.5) == pytest.approx(1.75)
    assert true_rate(legs, hold=1, share=0.5) == pytest.approx(1.8)


def test_destinations_that_are_paired_anew_are_no_leg_alone() -> None:
    """Two virtual services before two of their own, waits of 1 s at either end in half of the flows.

    Here a port stands for an endpoint. A leg alone would have 2 flows a second; a flow that waits at the one
    side and a flow that waits at the other have 4, as each space by itself says.
    """
    legs = [leg([1, 2], client=(1, 0)), leg([3, 4], service=(0, 1))]
    assert by_faces(legs, spaces, share=0.5) == pytest.approx(4)
    assert 2 < true_rate(legs, share=0.5) <= 4


def test_what_is_too_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "MOST_SITUATIONS", 50)
    many = [leg(range(9), own=40, table=3), leg(range(4, 14), table=17)]
    with pytest.raises(ValueError, match="take fewer ports or shorter times"):
        true_rate(many, hold=11)


def test_nothing_that_takes_time() -> None:
    assert true_rate([leg([1], own=0)]) == math.inf
    assert true_rate([leg([1], own=(1, 0)), leg([2], own=0)], share=0) == math.inf
