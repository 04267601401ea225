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
            {key: getattr(figure, key) for key in ("name", "what", "predicted", "measured", "tolerance")}
            | {"held": figure.is_held, "bound": figure.is_bound}
            for figure in found.figures
        ],
        **{key: list(getattr(found, key)) for key in ("blind", "mixing", "drawing")},
        "tried": found.tried,
        "said": found.said,
    }
