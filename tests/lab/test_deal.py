"""The mix of flows that the clients open: each strand's part of all, and of some."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from tuplecalc.lab.inside.deal import dealt, most, parts

WEIGHTS = st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any)


@given(WEIGHTS, st.integers(1, 400))
def test_each_strand_has_its_part(weights: list[int], flows: int) -> None:
    total = sum(weights)
    in_turn = list(islice(dealt(weights), flows))
    counts, rounded = [in_turn.count(strand) for strand in range(len(weights))], parts(weights, flows)
    assert sum(rounded) == flows
    for weight, dealt_out, part in zip(weights, counts, rounded, strict=True):
        assert dealt_out * total < flows * weight + total
        assert abs(part * total - flows * weight) < total


@given(WEIGHTS, st.data())
def test_the_most_flows_that_there_are_enough_of(weights: list[int], data: st.DataObject) -> None:
    there = [data.draw(st.integers(0, 60)) for _ in weights]
    found, total = most(weights, there), sum(weights)

    def suffices(flows: int) -> bool:
        return all(
            flows * weight <= each * total for weight, each in zip(weights, there, strict=True) if weight
        )

    assert suffices(found)
    assert not suffices(found + 1)
