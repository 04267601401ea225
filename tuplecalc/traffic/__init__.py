"""Rate → what fails and when: blocking, port search, blind choice, bursts.

Scalars are answered by the standard library alone, so that the command line starts fast; numpy and
scipy are loaded for arrays, for the Gamma law, for the exact multinomial, and by the simulator of
:mod:`tuplecalc.traffic.search_simulation`.
"""

from tuplecalc.traffic.blind import (
    BlindChoice,
    blind_blocking,
    blind_burst,
    blind_burst_admitted,
    blind_choice,
    half_rate,
)
from tuplecalc.traffic.blocking import Bracket, blocking, max_rate
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
    "tree_blocking",
    "usable_share",
]
