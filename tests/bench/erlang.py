"""Erlang B: against the textbook formula of scipy, and the recurrences of two packages.

Both packages count up to the number of circuits at every call.  They have no arrays and no inverse: what is
compared with is a loop, or a bisection, over their function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.bench.measure import Comparison, fastest
from tuplecalc.under_load.erlang import erlang_b, max_load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Theirs = Callable[[int, float], float]

EPHEMERAL, UNRESERVED = 28_232, 64_512
LOADS = 1_000_000
SAMPLE = 5


def comparisons() -> Iterator[Comparison]:
    """One after the other, so that a table can grow while they are measured."""
    for circuits in (EPHEMERAL, UNRESERVED):
        yield textbook(circuits)
    for name, theirs in packages().items():
        for circuits in (EPHEMERAL, UNRESERVED):
            yield one_call(circuits, name, theirs)
        yield many_loads(UNRESERVED, name, theirs)
    yield inverse(UNRESERVED, "call-center-tools", packages()["call-center-tools"])


def packages() -> dict[str, Theirs]:
    """What each of them calls Erlang B."""
    from call_center_tools.erlang import erlang_b as of_agents  # type: ignore[import-untyped]
    from pyqueueing.models.erlang_b import erlang_b_formula

    return {"pyqueueing": erlang_b_formula, "call-center-tools": lambda c, a: float(of_agents(a, c))}


def textbook(circuits: int) -> Comparison:
    """A million loads in one call; for a quarter (a third) of them the textbook formula gives no number."""
    import numpy as np
    from scipy.special import gammaincc, gammaln  # type: ignore[import-untyped]

    loads = spread(circuits)

    def theirs() -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            log_term = -loads + circuits * np.log(loads) - gammaln(circuits + 1)
            blocking: NDArray[np.float64] = np.exp(log_term) / gammaincc(circuits + 1, loads)
            return blocking

    both = (loads < 1.1 * circuits) & (theirs() > 1e-300)  # further up it is wrong before it is no number
    assert np.allclose(erlang_b(circuits, loads)[both], theirs()[both], rtol=1e-8, atol=0)
    seconds = fastest(lambda: erlang_b(circuits, loads), theirs, rounds=7)
    what = f"`erlang_b` of {circuits:,} circuits, {LOADS:,} loads"
    return Comparison(what, seconds[0], "scipy, the textbook formula", seconds[1], 1.5)


def spread(circuits: int) -> NDArray[np.float64]:
    """Loads from half the circuits to one and a half times as many, in no order."""
    import numpy as np

    return circuits * np.random.default_rng(1).uniform(0.5, 1.5, LOADS)


def one_call(circuits: int, name: str, theirs: Theirs) -> Comparison:
    """One number, with the standard library alone on both sides."""
    load = 0.99 * circuits
    assert math.isclose(erlang_b(circuits, load), theirs(circuits, load), rel_tol=1e-9)
    seconds = fastest(lambda: erlang_b(circuits, load), lambda: theirs(circuits, load), rounds=15, calls=10)
    what = f"`erlang_b` of {circuits:,} circuits, one load"
    return Comparison(what, seconds[0], name, seconds[1], 100, at_least=True)


def many_loads(circuits: int, name: str, theirs: Theirs) -> Comparison:
    """A million loads against a loop, of which five loads are measured and counted as so many more."""
    loads = spread(circuits)
    few = [float(load) for load in loads[:SAMPLE]]
    ours, sample = fastest(
        lambda: erlang_b(circuits, loads), lambda: [theirs(circuits, load) for load in few], rounds=7
    )
    what = f"`erlang_b` of {circuits:,} circuits, {LOADS:,} loads"
    against = f"a loop over {name}, scaled up from {SAMPLE} loads"
    return Comparison(what, ours, against, sample * LOADS / SAMPLE, 100, at_least=True)


def inverse(circuits: int, name: str, theirs: Theirs) -> Comparison:
    """The largest load for 1 %, against halving an interval around it to 12 digits."""

    def bisection() -> float:
        low, high = 0.5 * circuits, 1.5 * circuits
        while high - low > 1e-12 * low:
            middle = (low + high) / 2
            low, high = (middle, high) if theirs(circuits, middle) < 0.01 else (low, middle)
        return low

    assert math.isclose(max_load(circuits, 0.01), bisection(), rel_tol=1e-11)
    seconds = fastest(lambda: max_load(circuits, 0.01), bisection, rounds=7)
    what = f"`max_load` of {circuits:,} circuits"
    return Comparison(what, seconds[0], f"bisection over {name}", seconds[1], 100, at_least=True)
