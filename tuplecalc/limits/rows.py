"""Proxies in a row: each leg has to differ from its neighbours, in the machine that they share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import inf
from typing import NamedTuple

from tuplecalc.limits.expression import Expression, Minimum, NamedPorts, Number, Size, Sum, alternating_sizes
from tuplecalc.limits.kinds import ROW
from tuplecalc.limits.legs import Leg, Table
from tuplecalc.limits.limit import Limit, Linger

ALWAYS_LISTED = 8
"""Legs of a row up to which every face is listed, whether or not it can bind."""


class _Timed(NamedTuple):
    """A time with its value, which every longer row adds up again."""

    seconds: Expression
    value: Number


class _Row(NamedTuple):
    """Tables one behind the other: ``ports`` of the legs, the times of the first leg in each table,

    and of the leg between two tables the shorter of its times in them."""

    last: Table
    ports: tuple[NamedPorts, ...]
    entering: tuple[_Timed, ...]
    between: tuple[_Timed, ...]


class Rows:
    """The rows of one chain, by the leg that leaves them."""

    def __init__(self) -> None:
        self._ending: dict[Leg, _Row] = {}

    def ending_with(self, table: Table) -> list[Limit]:
        r"""The faces of k ≥ 3 legs in a row that end with the one that leaves this table.

        ========= ============ ======= ====== =========
        limit     size         copies  keys   seconds
        ========= ============ ======= ====== =========
        shared-k  Σ_p α        b·E'    k      the row's
        ========= ============ ======= ====== =========

        Keys of neighbours must differ, legs further apart may use the same port: the size is the sum
        over ports of the legs that can hold it.  A leg between two of these tables counts with the
        shorter of its times in the two; the truth may lie below.  A row goes on where each source and
        service have one table, and no hop between changes what is addressed.  Of rows longer than
        ``ALWAYS_LISTED`` only those are listed that are lower than all shorter ones.
        """
        if not table.is_single:
            return []
        entering = _timed(table.entering.times.seconds)
        row = self._ending.get(table.entering.leg)
        if row is None or row.last.behind is not table.before:
            ports = (table.entering.ports, table.leaving.ports)
            self._ending[table.leaving.leg] = _Row(table, ports, (entering,), ())
            return []
        before = row.last.leaving.times.seconds
        shorter = before if before == entering.seconds else Minimum((before, entering.seconds))
        row = _Row(
            table,
            (*row.ports, table.leaving.ports),
            (*row.entering, entering),
            (*row.between, _timed(shorter)),
        )
        self._ending[table.leaving.leg] = row
        return list(_faces(row))


def _faces(row: _Row) -> Iterator[Limit]:
    fewest_flows: float = inf
    slowest: tuple[int, Number] = (1, 0)  # size and seconds, whose quotient is the rate
    leaving = row.last.leaving.times.seconds
    seconds = leaving.value
    hop, copies = row.last.entering.hop, row.last.entering.copies
    sizes = alternating_sizes([ports.ports for ports in row.ports])
    for keys, size in enumerate(islice(sizes, 1, None), start=2):
        first = len(row.ports) - keys
        held = seconds + row.entering[first].value
        fewer, slower = size // keys < fewest_flows, size * slowest[1] < slowest[0] * held
        if keys > 2 and (keys <= ALWAYS_LISTED or fewer or slower):
            between = (each.seconds for each in row.between[first:])
            times = Sum((row.entering[first].seconds, *between, leaving))
            lingers = _lingers(row, first)
            yield Limit(ROW, hop, Size("alternate", row.ports[first:]), copies, keys, times, lingers=lingers)
        if fewer:
            fewest_flows = size // keys
        if slower:
            slowest = size, held
        if first:
            seconds += row.between[first - 1].value


def _lingers(row: _Row, first: int) -> tuple[Linger, ...]: ...
def _timed(seconds: Expression) -> _Timed:
    return _Timed(seconds, seconds.value)
