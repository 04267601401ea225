"""Sweeps: flows and rate of a chain over a grid of values, in parts, under labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from tuplecalc.errors import InputError, show
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.questions import labelled
from tuplecalc.questions.axis import Axis, axis, axis_of
from tuplecalc.questions.grid import Grid
from tuplecalc.questions.lost import Lost, failing, lost
from tuplecalc.questions.pieces import Walks

AT_ONCE = 10_000_000
"""How many points are calculated at once, where nobody says: some hundred megabytes."""


ONE_BY_ONE, EACH = 800, 24
"""How many points a figure has where each is a chain of its own, and how many values of each axis."""


class Sweep(Grid):
    """A chain at each point of a grid; made by :func:`sweep`."""

    def parts(self, points: int = AT_ONCE) -> Iterator[Sweep]:
        """The sweep in parts of at most so many points, in the order of the grid.

        For grids that are larger than memory: what a part has calculated is free again with it.

        >>> from tuplecalc.network.file import example
        >>> whole = sweep(example("outage"), {"hops.lvs.addresses": "1..5", "traffic.hold": "0s..1m/3"})
        >>> [part.flows.shape for part in whole.parts(6)]
        [(2, 3), (2, 3), (1, 3)]
        """
        if not isinstance(points, int) or points < 1:
            raise InputError(f"parts of {show(points)} points: this is a whole number of 1 or more")
        if self.size <= points or not self.axes:
            yield self
            return
        number = next(at for at, length in enumerate(self.shape) if length > 1)
        span = self._window[number]
        step = max(1, points // (self.size // len(span)))
        for start in range(0, len(span), step):
            part = span[start : start + step]
            axis = self.axes[number]
            given = None if axis.given is None else axis.given[start : start + step]
            shorter = replace(axis, values=axis.values[start : start + step], given=given)
            axes = (*self.axes[:number], shorter, *self.axes[number + 1 :])
            window = (*self._window[:number], part, *self._window[number + 1 :])
            yield from Sweep(self.chain, axes, self._walks, window).parts(points)

    def blocking(self, rate: float | None = None) -> Lost:
        """The share of connections that fails at each point, as a bracket; see
        :func:`tuplecalc.questions.lost.lost`.
        """
        return lost(self, rate)

    def expected(self) -> Lost:
        """The same as devices really choose their ports, of the rate that each point offers; see
        :func:`tuplecalc.questions.lost.failing`.
        """
        return failing(self)[1]

    def to_dataframe(self) -> Any:
        """The grid as a pandas ``DataFrame``, a row for each point; pandas has to be installed."""
        return labelled.dataframe(self)

    def to_xarray(self) -> Any:
        """The grid as an xarray ``Dataset`` with a dimension for each axis; xarray has to be installed."""
        return labelled.dataset(self)

    def __repr__(self) -> str:
        over = " × ".join(f"{axis.path} ({len(axis.values):,})" for axis in self.axes) or "nothing"
        return f"<Sweep over {over}: {self.size:,} points>"


def sweep(chain: Chain, over: Mapping[str, Any] | Iterable[str | Axis] = ()) -> Sweep:
    """Flows, rate and what binds at every point of a grid: a labelled sweep over any number of axes.

    ``over`` has for each path, as of ``--set``, its values: a range as of ``--vary`` (``"1..64"``,
    ``"0s..240s/25"``, empty for a range around the present value), a sequence of ascending numbers,
    or a one-dimensional array that follows numpy's protocols.  The arrays of the sweep are of the
    same kind: with a Dask array they are Dask's, and are calculated where and when Dask does.
    Instead of a mapping, texts as on the command line will do.

    ``floor(scopes · floor(size / keys))`` and ``size · scopes / seconds`` of each limit, in floats:
    to 1e-12 the numbers of ``capacity(with_settings(chain, …))`` at each point.  Of limits that are
    nearer to each other than that, the earliest binds.  Flows, and connections a second.

    Raises :class:`~tuplecalc.errors.InputError` for an axis that stands twice, and for values that
    the chain cannot have.

    >>> from tuplecalc.network.file import example
    >>> found = sweep(example("outage"), {"traffic.hold": "0s..5m/3", "hops.lvs.addresses": [1, 2]})
    >>> found.rate.round(1).tolist()
    [[3225.6, 6451.2], [1075.2, 2150.4], [586.5, 1172.9]]
    >>> [found.names[limit] for limit in found.rate_binding[:, 0]]
    [('lvs', 'ports'), ('login-proxy', 'shared'), ('login-proxy', 'shared')]
    """
    check_chain(chain)
    if not isinstance(over, Mapping | Iterable):
        raise InputError(f"over {show(over)}: this is a mapping of paths, or texts as of --vary")
    if isinstance(over, Mapping):
        axes = tuple(axis_of(chain, path, values) for path, values in over.items())
    else:
        texts = [over] if isinstance(over, str | Axis) else over
        axes = tuple(each if isinstance(each, Axis) else axis(chain, each, every=True) for each in texts)
    paths = [each.path for each in axes]
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"{show(twice)}: this stands twice; leave one out, or vary another number")
    return Sweep(chain, axes, Walks(chain, axes), tuple(range(len(each.values)) for each in axes))


def limits_over(chain: Chain, *axes: Axis) -> Sweep:
    """:func:`sweep` of axes that are made already, for a figure: all points at once.

    Of several axes, where each point is a chain of its own, fewer values are taken.  Raises
    :class:`~tuplecalc.errors.InputError` for too many points.
    """
    points = prod(len(each.values) for each in axes)
    if points > AT_ONCE:
        rule = f"a grid has at most {AT_ONCE:,} points, this one has {points:,}"
        raise InputError(f"{show(axes[0].path)}: {rule}; write fewer behind the /, as in 0s..10m/25")
    if points > ONE_BY_ONE and len(axes) > 1 and Walks(chain, axes).each_alone:
        few = [axis for axis in axes if len(axis.values) < EACH]
        most = int((ONE_BY_ONE / prod(len(axis.values) for axis in few)) ** (1 / (len(axes) - len(few))))
        axes = tuple(
            axis if axis in few else axis.between(axis.values[0], axis.values[-1], max(most, EACH))
            for axis in axes
        )
    return sweep(chain, axes)
