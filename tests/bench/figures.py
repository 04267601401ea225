"""Figures and the report: against an empty figure of the library, bare arrays, the imports alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import OURS, Comparison, fastest, run

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
    return Comparison("cold `tuplecalc plot shape`", ours, "pyplot, an empty figure saved", theirs, 1.5)


def two_knobs(folder: Path) -> Comparison:
    """A fresh interpreter with a map of 90,000 points, against one with its formulas in numpy and no map."""
    vary = ("--vary", f"traffic.hold=1s..10m/{POINTS}", "--vary", f"hops.lvs.time_wait=1s..4m/{POINTS}")
    ours, theirs = fastest(
        lambda: run("-c", OURS, "plot", "map", "outage", "-o", str(folder / "map.png"), *vary),
        lambda: run("-c", f"{BARE}{EMPTY}", str(folder / "empty.png")),
        rounds=9,
    )
    what = f"cold `tuplecalc plot map` of {POINTS} × {POINTS} points"
    return Comparison(what, ours, "its formulas in numpy, pyplot, an empty figure saved", theirs, 2.5)


BARE = f"""
import numpy as np
H, T = np.meshgrid(np.linspace(1, 600, {POINTS}), np.linspace(1, 240, {POINTS}))
ports, regions, client_wait, proxy_wait = 64_512, 6, 60, 60
least = np.minimum.reduce([
    131_072 * ports / (H + client_wait),
    ports * regions / (H + T),
    ports * regions / H,
    ports * regions / (H + proxy_wait),
    ports * regions / (2 * H + proxy_wait),
])
"""
"""The highest rate of the outage, by the formulas of the model written out."""


def report(folder: Path) -> Comparison:
    """The report in one process, beside a process that only imports the libraries for it."""
    path = str(folder / "report.html")
    ours, theirs = fastest(
        lambda: run("-c", OURS, "report", "outage", "-o", path), lambda: run("-c", LIBRARIES), rounds=7
    )
    return Comparison("cold `tuplecalc report`", ours, "its libraries imported", theirs, 5)


LIBRARIES = (
    "import typer, pydantic, jinja2, sympy.printing.mathml, matplotlib.figure, "
    "matplotlib.backends.backend_agg, matplotlib.backends.backend_svg, contourpy, "
    "scipy.special"
)
