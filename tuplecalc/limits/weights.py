"""What flows of several kinds and groups weigh in a formula, with the parts that sum to 1 left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tuplecalc.limits.expression import Constant, Expression, addition, product

ONE = Constant(1)
Terms = tuple[Expression, ...]


def weight_of(terms: Sequence[Terms], kinds: int) -> Expression:
    """Σ σ·φ·φ'·x: where all groups of a side take part their φ sum up to 1, and stand there no more.

    So do the shares of all kinds, where there are so many.
    """
    if len(terms) == 1 < kinds:
        return product(*terms[0])
    for side in (1, 2, 0):
        groups: dict[Terms, Counter[Expression]] = {}
        for term in terms:
            rest = (*term[:side], ONE, *term[side + 1 :])
            groups.setdefault(rest, Counter())[term[side]] += 1
        terms = [term for rest, parts in groups.items() for term in _of_side(side, rest, parts, kinds)]
    return total([product(*term) for term in terms])


def _of_side(side: int, rest: Terms, parts: Counter[Expression], kinds: int) -> Iterator[Terms]:
    counts, are_all = set(parts.values()), side > 0 or len(parts) == kinds
    if len(counts) == 1 and are_all and sum(part.value for part in parts) == 1:
        yield (*rest[:-1], rest[-1] * counts.pop())
    else:
        yield from ((*rest[:side], part, *rest[side + 1 :]) for part in parts.elements())


def total(terms: Sequence[Expression]) -> Expression:
    """Their sum; of all at once, since each one after the other is copied as often as it is long."""
    return addition(*terms)
