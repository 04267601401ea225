"""In which order the flows of a mix are opened, and how many of each strand there are among the first n."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def dealt(weights: Sequence[int]) -> Iterator[int]:
    """The strand of the first flow, of the second, …: of those with less than their part the rarest.

    Where n times each part is a whole number, so many of each are among the first n.

    >>> from itertools import islice
    >>> list(islice(dealt([1, 3]), 8))
    [0, 1, 1, 1, 0, 1, 1, 1]
    """
    rarest = sorted(range(len(weights)), key=weights.__getitem__)
    total = sum(weights)
    due = [0] * len(weights)
    while True:
        due = [lag + weight for lag, weight in zip(due, weights, strict=True)]
        strand = next(each for each in rarest if due[each] > 0)
        due[strand] -= total
        yield strand


def parts(weights: Sequence[int], flows: int) -> list[int]:
    """How many of each strand there are among so many flows, rounded so that they sum to these.

    >>> parts([1, 9], 100), parts([1, 2], 8)
    ([10, 90], [3, 5])
    """
    total = sum(weights)
    found = [flows * weight // total for weight in weights]
    rests = sorted(range(len(weights)), key=lambda each: -(flows * weights[each] % total))
    for strand in rests[: flows - sum(found)]:
        found[strand] += 1
    return found


def most(weights: Sequence[int], there: Sequence[int]) -> int:
    """The most flows of the mix for which there are enough of each strand.

    >>> most([1, 9], [10, 200]), most([1, 9], [20, 90]), most([1], [7]), most([1, 9], [0, 200])
    (100, 100, 7, 0)
    """
    total = sum(weights)
    return min(each * total // weight for each, weight in zip(there, weights, strict=True) if weight)
