"""What fails of small networks whose devices choose ports blindly, as simulated.

The networks stand in blind_networks.toml: each a chain file in small, with the rate that it is offered.
What fails of each and of its kinds, with the standard error, is in tests/data/blind_networks.csv;
it is made anew (in minutes; all of them, or those that are named) by::

    python -m tests.oracle.blind_networks [NAME …]
"""

import csv
import sys
import tomllib
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from tests.oracle.blind_events import Observed, Share, Simulation
from tuplecalc.network.chain import Chain

FLOWS, WARM_UP = 80_000, 10_000
PLACEMENTS, FEW, SOON = 400, 2_000, 700
"""Of a hash: so many, of so many flows each."""
HERE = Path(__file__).parent
FIGURES = HERE.parent / "data" / "blind_networks.csv"
ALL = "(all)"
Topology = dict[str, Any]


def networks() -> dict[str, Topology]:
    """The networks, by what they show."""
    return tomllib.loads((HERE / "blind_networks.toml").read_text(encoding="utf-8"))


def figures() -> dict[str, dict[str, Share]]:
    """What failed in the simulation, of each network: of all flows (ALL), and of each kind."""
    found: dict[str, dict[str, Share]] = {}
    with FIGURES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["network"], {})[row["kind"]] = Share(
                float(row["failed"]), float(row["error"])
            )
    return found


def simulation(topology: Topology, **more: Any) -> Simulation:
    """A simulation of a network."""
    return Simulation(Chain(**topology), topology["traffic"]["rate"], **more)


def observed(topology: Topology) -> Observed:
    """What fails of a network, by one long run; with a hash by many short ones, of a placement each."""
    if all(hop.get("spread") != "hashed" for hop in topology["hops"]):
        return simulation(topology).run(FLOWS, WARM_UP)
    runs = [simulation(topology, seed=seed).run(FEW, SOON) for seed in range(PLACEMENTS)]
    kinds = {kind: _mean([run.kinds[kind] for run in runs]) for kind in runs[0].kinds}
    return Observed(_mean([run.all for run in runs]), kinds)


def _mean(runs: list[Share]) -> Share:
    shares = [run.failed for run in runs]
    return Share(mean(shares), stdev(shares) / sqrt(len(shares)))


def main(names: list[str]) -> None:
    """Simulate networks, and write what failed."""
    known = figures() if FIGURES.exists() else {}
    with FIGURES.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["network", "kind", "failed", "error"])
        for name, topology in networks().items():
            if name in known and names and name not in names:
                shares = known[name]
            else:
                found = observed(topology)
                shares = {ALL: found.all} | {kind: share for kind, share in found.kinds.items() if kind}
            lines.writerows([name, kind, f"{s.failed:.6f}", f"{s.error:.6f}"] for kind, s in shares.items())
            file.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
