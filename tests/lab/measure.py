"""``python -m tests.lab.measure``: the measurement that notebooks/05_kernel.ipynb shows (as root)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.lab.shapes import BLIND, chains
from tuplecalc.lab.figures import DYING
from tuplecalc.lab.verification import Verification, verify
from tuplecalc.network.file import from_dict

KEPT = Path(__file__).parent.parent.parent / "notebooks" / "05_kernel.json"
_AT_ONCE = 4  # most of a verification is waiting for silence
_TIMES = 8


def row(name: str, found: Verification) -> dict[str, Any]:
    """One chain: what was predicted and what was measured, in flows."""
    flows = found.figures[0]
    return {
        "name": name,
        "predicted": flows.predicted,
        "measured": flows.measured,
        "held": flows.is_held,
        "chance": flows.is_chance,
        "within": round(flows.tolerance * flows.predicted, 4),
        "binding": f"{found.prediction.binding.hop} {found.prediction.binding.name}",
        "tried": found.tried,
        "seconds": round(found.seconds, 1),
    }


def dying(name: str, found: Verification) -> dict[str, Any]:
    """The share that dies in a steady state of a chain."""
    (share,) = (figure for figure in found.figures if figure.what == DYING)
    within = round(share.tolerance * share.predicted, 4)
    return {"name": name, "predicted": share.predicted, "measured": share.measured, "within": within}


def main() -> None:
    """Measure every chain and keep what was found; blind choice many times, and in a steady state."""
    blind = {
        f"blind {name}, {number}": from_dict(shape)
        for name, shape in BLIND.items()
        for number in range(1, _TIMES + 1)
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(chains(), pool.map(verify, chains().values()), strict=True))
        steady = dict(zip(blind, pool.map(partial(verify, rates=True), blind.values()), strict=True))
    found |= steady
    record = {
        "kernel": next(iter(found.values())).kernel,
        "date": datetime.now(UTC).date().isoformat(),
        "rows": [row(name, each) for name, each in found.items()],
        "dying": [dying(name, each) for name, each in steady.items()],
    }
    KEPT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {KEPT.name}: {len(found)} chains, {sum(each.agrees for each in found.values())} agree")


if __name__ == "__main__":
    main()
