"""SVG paths made shorter by what nobody sees."""

from __future__ import annotations

import re
from itertools import pairwise

_DECIMALS = re.compile(r"-?\d+\.\d{3,}")
_POINT = r"-?[\d.]+ -?[\d.]+"
_LINE = re.compile(rf"{_POINT}(?: L {_POINT}){{8,}}")
_STRETCH = 256
_NEAR = 0.04  # points: a twentieth of a pixel


def shortened(path: str) -> str:
    """A path in hundredths of a point, without the corners that lie on the line between others.

    >>> shortened("M 0 0 L 1 1.00049 L 2 2 L 3 3 L 4 4 L 5 5 L 6 6 L 7 7 L 8 9 L 9 9 z")
    'M 0 0 L 7 7 L 8 9 L 9 9 z'
    """
    path = " ".join(_DECIMALS.sub(_rounded, path).split())
    return _LINE.sub(lambda line: " L ".join(_corners(line[0].split(" L "))), path)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _corners(written: list[str]) -> list[str]:
    """The points that it takes to come near all others (Douglas and Peucker 1973), a stretch at a time.

    At its worst a stretch costs the square of its points.
    """
    points = [complex(*map(float, point.split())) for point in written]
    stops = [*range(0, len(points) - 1, _STRETCH), len(points) - 1]
    kept, parts = set(stops), list(pairwise(stops))
    while parts:
        first, last = parts.pop()
        inside = range(first + 1, last)
        far = max(inside, key=lambda at: _off(points[at], points[first], points[last]), default=first)
        if _off(points[far], points[first], points[last]) > _NEAR:
            kept.add(far)
            parts += [(first, far), (far, last)]
    return [written[at] for at in sorted(kept)]


def _off(point: complex, start: complex, end: complex) -> float:
    """How far a point is from the straight line between two others."""
    line, way = end - start, point - start
    along = (way * line.conjugate()).real / abs(line) ** 2 if line else 0.0
    return abs(way - line * min(max(along, 0.0), 1.0))
