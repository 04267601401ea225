"""Figures and the report: against an empty figure of the library, bare arrays, the imports alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import tuplecalc as tc
from tests.bench.measure import OURS, Comparison, fastest, run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMPTY = "import sys; import matplotlib.pyplot as plt; plt.figure().savefig(sys.argv[1])"
POINTS = 300


def comparisons() -> Iterator[Comparison]:
    """One after the other, so that a table can grow while they are measured."""
    with TemporaryDirectory() as folder:
        yield cold(Path(folder))
        yield two_knobs(Path(folder))
        yield report(Path(folder))


def cold(folder: Path) -> Comparison:
    """A fresh interpreter that draws and saves the silhouette, against one that saves an empty figure."""
    ours, theirs = fastest(
        lambda: run("-c", OURS, "plot", "shape", "outage", "-o", str(folder / "shape.png")),
        lambda: run("-c", EMPTY, str(folder / "empty.png")),
        rounds=15,
    )
    return Comparison("cold `tuplecalc plot shape`", ours, "pyplot, an empty figure saved", theirs, 1.6)


def two_knobs(folder: Path) -> Comparison:
    """A map of 90,000 points, drawn and saved, against its formulas in numpy and an empty figure saved."""
    import matplotlib.pyplot as plt

    from tuplecalc.render.figures import plot_map, style
    from tuplecalc.traffic.vary import axis

    result = tc.capacity(tc.example("outage"))
    hold = axis(result.chain, "traffic.hold=0.1s..10m", POINTS)
    wait = axis(result.chain, "hops.lvs.time_wait=0.1s..4m", POINTS)

    def ours() -> None:
        drawn = plot_map(result, hold, wait, ax=style.blank())
        (folder / "map.png").write_bytes(style.encode(drawn, "png"))

    def theirs() -> None:
        bare(hold.values, wait.values)
        figure = plt.figure()
        figure.savefig(folder / "empty.png")
        plt.close(figure)

    seconds = fastest(ours, theirs, rounds=7)
    what = f"a map of {POINTS} × {POINTS} points, saved"
    return Comparison(what, seconds[0], "its formulas in numpy, an empty figure saved", seconds[1], 10)


def bare(holds: object, waits: object) -> NDArray[np.float64]:
    """The highest rate of the outage, by the formulas of the model written out."""
    import numpy as np

    H, T = np.meshgrid(np.array(holds, float), np.array(waits, float))
    ports, regions, client_wait, proxy_wait = 64_512, 6, 60, 60
    rates = [
        131_072 * ports / (H + client_wait),  # clients
        ports * regions / (H + T),  # the balancer
        ports * regions / np.maximum(H, 1e-300),  # accepted: the client's side closes first
        ports * regions / (H + proxy_wait),  # upstream
        ports * regions / (2 * H + proxy_wait),  # shared
    ]
    least: NDArray[np.float64] = np.minimum.reduce(rates)
    return least


def report(folder: Path) -> Comparison:
    """The report in one process, beside the same process that only imports what it needs."""
    path = str(folder / "report.html")
    loaded = subprocess.run(
        [sys.executable, "-c", f"{_LISTED}\n_listed({path!r})"], check=True, capture_output=True, text=True
    ).stdout.split()
    imports = "\n".join(f"try:\n    import {name}\nexcept ImportError:\n    pass" for name in loaded)
    ours, theirs = fastest(
        lambda: run("-c", OURS, "report", "outage", "-o", path), lambda: run("-c", imports), rounds=7
    )
    return Comparison("cold `tuplecalc report`", ours, "the imports that it makes", theirs, 5)


_LISTED = """
import sys

def _listed(path):
    from tuplecalc.cli import main

    sys.argv = ["tuplecalc", "report", "outage", "-o", path]
    try:
        main()
    finally:
        print(*(name for name, module in sys.modules.items() if name != "__main__" and module))
"""
