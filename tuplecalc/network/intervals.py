"""Sets of non-negative integers as inclusive ranges: a few pure functions, none of which enumerates.

A *normal* tuple of ranges is sorted, and between two of its ranges at least one integer is
missing.  A set has exactly one normal form, so equal tuples mean equal sets.  Every function
here returns a normal form, and all but :func:`merged` expect one.
"""

from __future__ import annotations

from collections.abc import Iterable

Range = tuple[int, int]
"""The lowest and the highest integer, both included."""

Ranges = tuple[Range, ...]
"""A normal form: sorted, disjoint, and no two ranges touch."""


def merged(ranges: Iterable[Range]) -> Ranges:
    """The union of any ranges, in any order: one sweep over them sorted, O(n log n).

    >>> merged([(7, 9), (1, 3), (4, 5), (8, 8)])
    ((1, 5), (7, 9))
    """
    normal: list[Range] = []
    for low, high in sorted(ranges):
        if normal and low <= normal[-1][1] + 1:
            if high > normal[-1][1]:
                normal[-1] = (normal[-1][0], high)
        else:
            normal.append((low, high))
    return tuple(normal)


def lowest(ranges: Ranges, n: int) -> Ranges:
    """The ``n`` lowest integers, or all of them if there are fewer.

    >>> lowest(((1, 5), (7, 9)), 6)
    ((1, 5), (7, 7))
    """
    taken: list[Range] = []
    for low, high in ranges:
        if n <= 0:
            break
        taken.append((low, min(high, low + n - 1)))
        n -= high - low + 1
    return tuple(taken)


def size(ranges: Ranges) -> int:
    """How many integers there are: Σ (high − low + 1).

    >>> size(((1, 5), (7, 9)))
    8
    """
    return sum(high - low + 1 for low, high in ranges)
