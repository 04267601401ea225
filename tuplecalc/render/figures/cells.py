"""The cells of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tuplecalc.questions.sweep import Array, Sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuplecalc.questions.axis import Axis

_MANY = 60  # whole numbers from which on a map ends at the first and the last


def _bounds(values: Array, axis: Axis) -> Array:
    """The edges of the cells: whole numbers lie in the middle of theirs."""
    if len(values) == 1:
        return np.array([values[0] * 0.9 - 0.05, values[0] * 1.1 + 0.05])
    middles = np.sqrt(values[1:] * values[:-1]) if axis.is_log else (values[1:] + values[:-1]) / 2
    if not axis.is_count or len(values) > _MANY:
        return np.concatenate([values[:1], middles, values[-1:]])
    return np.concatenate([[values[0] - 0.5], middles, [values[-1] + 0.5]])


class Cells(NamedTuple):
    """The edges of the grid's cells, and its points such that a whole number fills a cell."""

    across: Array
    up: Array
    columns: Array
    rows: Array
    steps: tuple[bool, bool]

    @classmethod
    def of(cls, grid: Sweep) -> Cells:
        """The cells of a grid of two axes, the one upwards first."""
        (y, x), (up, across) = grid.axes, grid.coordinates
        edges = _bounds(across, x), _bounds(up, y)
        steps = x.is_count, y.is_count
        columns, rows = (
            np.repeat(bounds, 2)[1:-1] if by_steps else values
            for bounds, values, by_steps in zip(edges, (across, up), steps, strict=True)
        )
        return cls(*edges, columns, rows, steps)

    def drawn(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values at the columns and rows."""
        for along, by_steps in enumerate(reversed(self.steps)):
            values = np.repeat(values, 2, axis=along) if by_steps else values
        return values
