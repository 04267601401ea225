"""Sweeps and solutions: against the formulas written out in numpy, single chains, bisection."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from time import perf_counter
from typing import Any

import numpy as np

import tuplecalc as tc
from tests.bench.by_hand import CHAIN
from tests.bench.measure import Comparison, fastest

SIDE = 100
OVER = {
    "hops.nat.addresses": f"1..{SIDE}",
    "hops.nat.time_wait": f"1s..240s/{SIDE}",
    "traffic.hold": f"1s..300s/{SIDE}",
}
AXES = (np.arange(1.0, SIDE + 1), np.linspace(1, 240, SIDE), np.linspace(1, 300, SIDE))
TARGET = 1_000_000_000
LARGE = 10_000  # squared


def comparisons() -> Iterator[Comparison]:
    """One after the other, so that a table can grow while they are measured."""
    ours, theirs = fastest(lambda: swept(OVER), lambda: by_hand(*AXES), rounds=9)
    what = "`tc.sweep` of 1e6 points, three hops"
    yield Comparison(what, ours, "its formulas in numpy", theirs, 1.5)
    _, one = fastest(lambda: None, single, rounds=5, calls=20)
    yield Comparison(
        "the same, each point", ours / SIDE**3, "`tc.capacity` of a point", one, 1000, at_least=True
    )
    yield larger_than_memory()
    ours, theirs = fastest(solved, bisected, rounds=15)
    yield Comparison(
        "`tc.solve` for addresses", ours, "bisection over `tc.capacity`", theirs, 1, at_least=True
    )


def swept(over: dict[str, Any]) -> tuple[Any, ...]:
    """Flows, rate, and what binds each, at every point."""
    found = tc.sweep(CHAIN, over)
    return found.flows, found.rate, found.binding, found.rate_binding


def by_hand(m: Any, T: Any, H: Any) -> tuple[Any, ...]:
    """The same by the formulas of the model, written with care: one running minimum, in place of a stack."""
    m, T, H = m[:, None, None], T[None, :, None], H[None, None, :]
    shape = np.broadcast_shapes(m.shape, T.shape, H.shape)
    A, P, L, E, sources, entries, files = 28_232, 64_512, 64_512, 10, 4096, 1_000_000, 3_000_000
    flows = [
        np.float64(A * sources * E),
        P * m * E,
        np.float64(entries),
        P * m * E,
        L * m * E,
        (P // 2) * m * E,
        np.float64(files // 2),
    ]
    rates = [
        A * sources * E / (H + 60),
        P * m * E / (H + T),
        entries / (H + 120),
        P * m * E / H,
        L * m * E / (H + 60),
        P * m * E / (2 * H + 60),
        files / (2 * H),
    ]
    (least, binding), (rate, rate_binding) = (_running(arrays) for arrays in (flows, rates))
    return tuple(np.broadcast_to(each, shape) for each in (least, rate, binding, rate_binding))


def _running(arrays: list[Any]) -> tuple[Any, Any]:
    least: Any = arrays[0]
    first: Any = np.int32(0)
    for place, array in enumerate(arrays[1:], 1):
        first = np.where(array < least, np.int32(place), first)
        least = np.minimum(least, array)
    return least, first


def single() -> Fraction | int | None:
    """One point by itself."""
    return tc.capacity(tc.with_settings(CHAIN, "hops.nat.addresses=7", "traffic.hold=8s")).rate


def solved() -> object:
    """The least addresses of the NAT for a thousand million connections at once."""
    return tc.solve(tc.with_settings(CHAIN, *WIDE), "hops.nat.addresses", flows=TARGET).value


WIDE = ("hops.firewall.max_entries=10000000000", "hops.proxy.max_files=10000000000")


def bisected() -> int:
    """The same without the formulas."""
    chain = tc.with_settings(CHAIN, *WIDE)

    def will_do(n: int) -> bool:
        return tc.capacity(tc.with_settings(chain, f"hops.nat.addresses={n}")).flows >= TARGET

    low, high = 0, 1
    while not will_do(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if will_do(middle) else (middle, high)
    return high


IN_PARTS = """
import json, re, time
from tests.bench.design import CHAIN, LARGE
import numpy as np, tuplecalc as tc
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
before = peak()
begin = time.perf_counter()
over = {"hops.nat.time_wait": np.linspace(1, 240, LARGE), "traffic.hold": np.linspace(1, 300, LARGE)}
enough = sum(int((part.rate >= 10_000).sum()) for part in tc.sweep(CHAIN, over).parts(1_000_000))
seconds = time.perf_counter() - begin
print(json.dumps([seconds, before, peak(), enough]))
"""


def larger_than_memory() -> Comparison:
    """1e8 points in parts of 1e6, counted; the peak is what the process needs above its libraries."""
    run = subprocess.run([sys.executable, "-c", IN_PARTS], check=True, capture_output=True, text=True)
    ours, before, peak, enough = json.loads(run.stdout)
    begin = perf_counter()
    waits, holds = np.linspace(1, 240, LARGE), np.linspace(1, 300, LARGE)
    counted = 0
    for start in range(0, LARGE, 100):
        counted += int((by_hand(np.array([4.0]), waits[start : start + 100], holds)[1] >= 10_000).sum())
    theirs = perf_counter() - begin
    assert counted == enough
    above = (peak - before) / 1024
    what = f"1e8 points in parts: {above:,.0f} MB above {before / 1024:,.0f} MB of libraries"
    return Comparison(what, ours, "its formulas in numpy, in parts", theirs, 1.5)
