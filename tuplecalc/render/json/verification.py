"""Predicted and measured, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuplecalc.render.json.values import Record, named

if TYPE_CHECKING:
    from tuplecalc.lab.verification import Verification


def verification(found: Verification) -> Record:
    """The chain as it was built, every figure, and what the kernel said."""
    return {
        "title": found.chain.title,
        "agrees": found.agrees,
        "kernel": found.kernel,
        "seconds": round(found.seconds, 3),
        "scale": {"factor": found.scaled.factor, "keeps_order": found.scaled.keeps_order},
        "chain": found.scaled.chain.to_dict(),
        "binding": named(found.prediction.binding),
        "figures": [
            {
                "name": figure.name,
                "what": figure.what,
                "predicted": figure.predicted,
                "measured": figure.measured,
                "tolerance": figure.tolerance,
                "held": figure.is_held,
                "bound": figure.is_bound,
            }
            for figure in found.figures
        ],
        "blind": list(found.blind),
        "mixing": list(found.mixing),
        "drawing": list(found.drawing),
        "tried": found.tried,
        "said": found.said,
    }
