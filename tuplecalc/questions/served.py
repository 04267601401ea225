"""Which clients get ports at each point of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from tuplecalc.limits.served import Served, served
from tuplecalc.network.chain import Chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.replace import replace_all
from tuplecalc.questions.axis import Axis
from tuplecalc.questions.grid import Grid


def leaves_some_out(sweep: Grid) -> bool:
    """Whether some client gets no ports at some point of the whole sweep, of which this may be a part.

    What each cone needs and has are monotonic in every count, so that the corners tell it.
    """
    chain, axes = sweep.whole
    given = any(isinstance(hop, Cone) and hop.block is not None for hop in chain.hops)
    if not given and not any(axis.path.endswith(".block") for axis in axes):
        return False
    ends = [(0, len(axis.values) - 1) if axis.is_count else (0,) for axis in axes]
    return any(not _at(chain, axes, point).are_all for point in product(*ends))


def served_and_unserved(sweep: Grid) -> Mapping[str, Any]:
    """How many clients get ports and how many get none, at every point; a millisecond for each.

    >>> from tuplecalc.network.builders import cone
    >>> from tuplecalc.questions.sweep import sweep
    >>> cgn = cone(clients=12000, addresses=56, block=1024, services=1)
    >>> served_and_unserved(sweep(cgn, {"hops.nat.addresses": [190, 191]}))["unserved"].tolist()
    [30, 0]
    """
    spans = [range(len(axis.values)) if axis.is_count else range(1) for axis in sweep.axes]
    found = [_at(sweep.chain, sweep.axes, point) for point in product(*spans)]
    shape = *map(len, spans), 2
    pairs = np.array([(each.served, each.clients - each.served) for each in found]).reshape(shape)
    here = np.broadcast_to(pairs, (*sweep.shape, 2))
    return {"served": here[..., 0], "unserved": here[..., 1]}


def _at(chain: Chain, axes: Sequence[Axis], point: Sequence[int]) -> Served:
    values = zip(axes, point, strict=True)
    return served(replace_all(chain, (axis.change(axis.values[at]) for axis, at in values)))
