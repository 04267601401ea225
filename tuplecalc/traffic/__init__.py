"""Rate → what fails and when: blocking, port search, blind choice, bursts.

Scalars are answered by the standard library alone, so that the command line starts fast; numpy and
scipy are loaded for arrays, for the Gamma law, for the exact multinomial, and by the simulator of
port searches.  Names are looked up when they are first used, for the same reason.

>>> from tuplecalc import traffic
>>> round(traffic.erlang_b(64512, 64000), 6)
0.000208
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tuplecalc.traffic.blind import (
        BlindChoice,
        blind_blocking,
        blind_burst,
        blind_burst_admitted,
        blind_choice,
        half_rate,
    )
    from tuplecalc.traffic.chains import Bracket, blocking, max_rate
    from tuplecalc.traffic.erlang import erlang_b, log_erlang_b, max_load, min_circuits
    from tuplecalc.traffic.hashing import (
        clients_that_fit,
        fullest_cdf,
        fullest_mean,
        fullest_quantile,
        hashed_blocking,
    )
    from tuplecalc.traffic.networks import reduced_load, tree_blocking
    from tuplecalc.traffic.offered import Offered
    from tuplecalc.traffic.search import failure_lower, failure_upper, search_blocking, usable_share
    from tuplecalc.traffic.search_simulation import simulate_fill, simulate_search
    from tuplecalc.traffic.transients import (
        Exhaustion,
        Sawtooth,
        burst_headroom,
        burst_that_fits,
        exhaustion_law,
        exhaustion_time,
        recovery_time,
        sawtooth,
    )

_HOMES = {
    "blind": (
        "BlindChoice",
        "blind_blocking",
        "blind_burst",
        "blind_burst_admitted",
        "blind_choice",
        "half_rate",
    ),
    "chains": (
        "Bracket",
        "blocking",
        "max_rate",
    ),
    "erlang": (
        "erlang_b",
        "log_erlang_b",
        "max_load",
        "min_circuits",
    ),
    "hashing": (
        "clients_that_fit",
        "fullest_cdf",
        "fullest_mean",
        "fullest_quantile",
        "hashed_blocking",
    ),
    "networks": (
        "reduced_load",
        "tree_blocking",
    ),
    "offered": ("Offered",),
    "search": (
        "failure_lower",
        "failure_upper",
        "search_blocking",
        "usable_share",
    ),
    "search_simulation": (
        "simulate_fill",
        "simulate_search",
    ),
    "transients": (
        "Exhaustion",
        "Sawtooth",
        "burst_headroom",
        "burst_that_fits",
        "exhaustion_law",
        "exhaustion_time",
        "recovery_time",
        "sawtooth",
    ),
}
"""In which module each public name lives."""

__all__ = [
    "BlindChoice",
    "Bracket",
    "Exhaustion",
    "Offered",
    "Sawtooth",
    "blind_blocking",
    "blind_burst",
    "blind_burst_admitted",
    "blind_choice",
    "blocking",
    "burst_headroom",
    "burst_that_fits",
    "clients_that_fit",
    "erlang_b",
    "exhaustion_law",
    "exhaustion_time",
    "failure_lower",
    "failure_upper",
    "fullest_cdf",
    "fullest_mean",
    "fullest_quantile",
    "half_rate",
    "hashed_blocking",
    "log_erlang_b",
    "max_load",
    "max_rate",
    "min_circuits",
    "recovery_time",
    "reduced_load",
    "sawtooth",
    "search_blocking",
    "simulate_fill",
    "simulate_search",
    "tree_blocking",
    "usable_share",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"tuplecalc.traffic.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
