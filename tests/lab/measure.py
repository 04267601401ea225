"""``python -m tests.lab.measure``: the measurement that notebooks/05_kernel.ipynb shows (as root)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.lab.shapes import chains
from tuplecalc.lab.verification import Verification, verify

KEPT = Path(__file__).parent.parent.parent / "notebooks" / "05_kernel.json"
_AT_ONCE = 4  # most of a verification is waiting for silence


def row(name: str, found: Verification) -> dict[str, Any]:
    """One chain: what was predicted and what was measured, in flows."""
    flows = found.figures[0]
    return {
        "name": name,
        "predicted": flows.predicted,
        "measured": flows.measured,
        "held": flows.is_held,
        "binding": f"{found.prediction.binding.hop} {found.prediction.binding.name}",
        "tried": found.tried,
        "seconds": round(found.seconds, 1),
    }


def main() -> None:
    """Measure every chain and keep what was found."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(chains(), pool.map(verify, chains().values()), strict=True))
    record = {
        "kernel": next(iter(found.values())).kernel,
        "date": datetime.now(UTC).date().isoformat(),
        "rows": [row(name, each) for name, each in found.items()],
    }
    KEPT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {KEPT.name}: {len(found)} chains, {sum(each.agrees for each in found.values())} agree")


if __name__ == "__main__":
    main()
