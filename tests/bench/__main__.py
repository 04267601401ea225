"""``python -m tests.bench``: the table of ratios."""

from __future__ import annotations

from tests.bench.comparisons import comparisons
from tests.bench.measure import Comparison

HEADER = ("what", "ours", "compared with", "theirs", "ratio", "goal", "met?")


def cells(comparison: Comparison) -> tuple[str, ...]:
    """One row of the table."""
    return (
        comparison.what,
        _milliseconds(comparison.ours),
        comparison.compared_with,
        _milliseconds(comparison.theirs),
        f"{comparison.ratio:.3g}×",
        comparison.wanted,
        "yes" if comparison.met else "no",
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds * 1000:,.0f} ms"


def main() -> None:
    """Measure everything and print the table."""
    rows = [HEADER, *map(cells, comparisons())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
