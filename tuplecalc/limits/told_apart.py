"""Names of limits of a mix: the fewest words that tell those of one hop apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from tuplecalc.limits.limit import Limit
from tuplecalc.network.ports import PortSet


class Found(NamedTuple):
    """A limit, and the words that may tell it apart from others of its kind at the hop."""

    limit: Limit
    words: tuple[str, ...]


def told_apart(found: Sequence[Found]) -> Iterator[Limit]:
    """The limits of a hop with the shortest labels with which no two have one name."""
    words: dict[str, list[tuple[str, ...]]] = {}
    for limit, each in found:
        words.setdefault(limit.kind.name, []).append(each)
    labels = {kind: iter(_labels(several)) for kind, several in words.items()}
    for limit, _ in found:
        label = next(labels[limit.kind.name])
        yield replace(limit, label=label) if label else limit


def _labels(words: Sequence[tuple[str, ...]]) -> list[str]:
    """The fewest of the words that differ in all; where all of them do not, the later ones get a number."""
    places = range(len(words[0]))
    found: list[str] = []
    for chosen in (some for count in (0, *(n + 1 for n in places)) for some in combinations(places, count)):
        found = [" ".join(filter(None, (each[place] for place in chosen))) for each in words]
        if len(set(found)) == len(found):
            return found
    seen, numbered = Counter[str](), []
    for label in found:
        seen[label] += 1
        numbered.append(f"{label} {seen[label]}".strip() if seen[label] > 1 else label)
    return numbered


def ranges(ports: PortSet) -> str:
    """A set of ports as a file says it; only how many where it has many ranges."""
    return str(ports) if len(ports.ranges) < 3 else f"{ports.size:,} ports"
