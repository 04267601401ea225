"""The cells of a map, and where on it words still have room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, minimum_filter  # type: ignore[import-untyped]

from tuplecalc.questions.sweep import Array, Sweep
from tuplecalc.render.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from tuplecalc.questions.axis import Axis

_MANY = 60  # whole numbers from which on a map ends at the first and the last
_RASTER = (150, 260)  # rows and columns in which room for words is looked for
_SMALL, _RING = 8.0, 13.0  # points
_SAME = 0.5  # of a contour: of whole numbers, several may run along the same steps
_ACROSS = 1.5  # heights or widths of a text: rather so much further away than over a line


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


class Room:
    """Where words can still stand on the map: it is sampled evenly over the picture."""

    def __init__(self, ax: Axes, cells: Cells, grid: Sweep, levels: Iterable[float]) -> None:
        self.ax = ax
        self.written: list[Text] = []
        self.renderer = style.renderer(ax)
        self.box = ax.get_window_extent(self.renderer)
        high, wide = _RASTER
        across, up = ((np.arange(count) + 0.5) / count for count in (wide, high))
        points = ax.transAxes.transform(np.stack([across, np.full(wide, 0.5)], axis=1))
        columns = ax.transData.inverted().transform(points)[:, 0]
        points = ax.transAxes.transform(np.stack([np.full(high, 0.5), up], axis=1))
        rows = ax.transData.inverted().transform(points)[:, 1]
        at = np.ix_(_cell(cells.up, rows), _cell(cells.across, columns))
        self.binding = grid.rate_binding[at]
        self.free = np.ones(_RASTER, dtype=bool)
        self.lines = {level: _line(grid.rate[at] > level) for level in levels}
        self.clear = ~np.any([_line(self.binding), *self.lines.values()], axis=0)
        self.named = np.zeros(_RASTER, dtype=bool)

    def inside(self, place: int, words: str, gid: str) -> bool:
        """Write words in the middle of a limit's region, if it has room for them."""
        text = self._text(words, gid, fontweight="bold")
        region = self.free & (self.binding == place)
        fits = self._fits(text, region & self.clear)
        fits = fits if fits.any() else self._fits(text, region)
        if not fits.any():
            self._dropped(text)
            return False
        self._put(text, distance_transform_edt(np.pad(fits, 1))[1:-1, 1:-1])
        style.outlined(text)
        return True

    def along(self, level: float, words: str) -> bool:
        """Write words on a contour, far from all others, if there is room and it is no other's line."""
        text = self._text(words, f"level:{words}", fontsize=_SMALL)
        text.set_bbox({"facecolor": style.PAPER, "alpha": 0.8, "edgecolor": "none", "pad": 1.0})
        line = self.lines[level]
        fits = self._fits(text, self.free) & line
        if not fits.any() or (line & self.named).sum() > _SAME * line.sum():
            self._dropped(text)
            return False
        self._put(text, np.where(fits, distance_transform_edt(np.pad(self.free, 1))[1:-1, 1:-1], 0.0))
        self.named |= line
        return True

    def beside(self, x: float, y: float, words: str) -> None:
        """Write words next to a point, on the side where there is room."""
        column, row = self.ax.transAxes.inverted().transform(self.ax.transData.transform((x, y)))
        at = np.array([row * _RASTER[0], column * _RASTER[1]])
        text = self._text(words, "present:value", fontweight="bold")
        points = np.array([self.box.height, self.box.width]) / style.figure_of(self.ax).dpi * 72
        high, wide = (np.array(_RASTER) * _RING / points).astype(int) + 1
        self._take(int(at[0]), int(at[1]), int(high), int(wide))
        rows, columns = np.indices(_RASTER)
        high, wide = self._size(text)
        away = np.maximum(np.abs(rows - at[0]) / high, np.abs(columns - at[1]) / wide)
        away += 0.05 * (rows < at[0])  # over the point if that is as near
        away += _ACROSS * ~self._fits(text, self.free & self.clear)
        self._put(text, np.where(self._fits(text, self.free), -away, -np.inf))
        style.outlined(text)

    def _text(self, words: str, gid: str, **looks: Any) -> Text:
        looks = {"ha": "center", "va": "center", "zorder": 6, **looks}
        text = self.ax.text(0.5, 0.5, words, transform=self.ax.transAxes, gid=gid, **looks)
        self.written.append(text)
        return text

    def _size(self, text: Text) -> tuple[int, int]:
        """Rows and columns that a text takes, with a margin."""
        extent = text.get_window_extent(self.renderer)
        shares = (extent.height + 8) / self.box.height, (extent.width + 18) / self.box.width
        high, wide = (int(share * cells) + 1 for share, cells in zip(shares, _RASTER, strict=True))
        return high, wide

    def _fits(self, text: Text, room: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where the middle of a text can be such that all of it has room."""
        found: NDArray[np.bool_] = minimum_filter(room, size=self._size(text), mode="constant", cval=False)
        return found

    def _put(self, text: Text, merit: Array) -> None:
        """Write a text where the merit is highest."""
        row, column = divmod(int(np.argmax(merit)), _RASTER[1])
        text.set_position(((column + 0.5) / _RASTER[1], (row + 0.5) / _RASTER[0]))
        self._take(row, column, *self._size(text))

    def _dropped(self, text: Text) -> None:
        text.remove()
        self.written.remove(text)

    def _take(self, row: int, column: int, high: int, wide: int) -> None:
        rows, columns = (max(at - size // 2 - 1, 0) for at, size in ((row, high), (column, wide)))
        self.free[rows : row + high // 2 + 2, columns : column + wide // 2 + 2] = False


def _line(areas: NDArray[Any]) -> NDArray[np.bool_]:
    """Where one area ends and another begins."""
    line = np.zeros(areas.shape, dtype=bool)
    line[:, 1:] |= areas[:, 1:] != areas[:, :-1]
    line[1:] |= areas[1:] != areas[:-1]
    return line


def _cell(edges: Array, values: Array) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, values) - 1, 0, len(edges) - 2)
