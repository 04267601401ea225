"""Results → figures: each ``plot_…(result, …, ax=None)`` draws on ``ax`` and returns it.

None of them shows or saves anything; without ``ax`` they make a figure that a notebook shows.
:func:`~tuplecalc.render.figures.style.encode` makes a file of one.  matplotlib is loaded when the
first of these names is used.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tuplecalc.render.figures.blocking import plot_blocking as plot_blocking
    from tuplecalc.render.figures.exhaustion import plot_exhaustion as plot_exhaustion
    from tuplecalc.render.figures.limits import plot_limits as plot_limits
    from tuplecalc.render.figures.map import plot_map as plot_map
    from tuplecalc.render.figures.rate import plot_rate as plot_rate
    from tuplecalc.render.figures.region import plot_region as plot_region
    from tuplecalc.render.figures.shape import plot_shape as plot_shape

KINDS = ("shape", "limits", "rate", "map", "region", "blocking", "exhaustion")
"""Each kind of figure is a module here with a function ``plot_`` and its name."""

__all__ = [f"plot_{kind}" for kind in KINDS]


def __getattr__(name: str) -> Any:
    kind = name.removeprefix("plot_")
    if kind == name or kind not in KINDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{kind}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
