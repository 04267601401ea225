"""Two calls, timed alternately; what is compared is the fastest of each.

Other work on the machine only ever adds time, so that the fastest is what a call itself takes
(timeit says the same of its repeats).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

Call = Callable[[], object]

OURS = "import sys; from tuplecalc.cli import main; sys.exit(main())"
"""What the installed script does."""


@dataclass(frozen=True)
class Comparison:
    """Seconds of ours and of what it is compared with; ``at_least`` where ours should be the faster."""

    what: str
    ours: float
    compared_with: str
    theirs: float
    goal: float
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Ours over theirs; theirs over ours where a speed-up is the goal."""
        return self.theirs / self.ours if self.at_least else self.ours / self.theirs

    @property
    def met(self) -> bool:
        """Whether the ratio reaches the goal."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def wanted(self) -> str:
        """The goal, as it is written in the table."""
        return f"{'≥' if self.at_least else '≤'} {self.goal:.3g}×"


def fastest(ours: Call, theirs: Call, rounds: int, calls: int = 1) -> tuple[float, float]:
    """The least seconds of one call of each; alternating, so that a slow moment hits both."""
    ours(), theirs()  # what is loaded and cached on a first call
    pairs = [(_seconds(ours, calls), _seconds(theirs, calls)) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def _seconds(call: Call, calls: int) -> float:
    begin = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - begin) / calls


def run(*arguments: str) -> None:
    """A fresh interpreter with some arguments."""
    # An installed tool has its bytecode; a setting of this shell should not take it away.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
