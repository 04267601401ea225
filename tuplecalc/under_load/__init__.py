"""Rate → what fails and when: blocking, port search, blind choice, bursts.

Scalars are answered by the standard library alone, so that the command line starts fast; numpy and
scipy are loaded for arrays, for the Gamma law, for the exact multinomial, and by the simulator of
port searches.  Names are looked up when they are first used, for the same reason.

>>> from tuplecalc import under_load
>>> round(under_load.erlang_b(64512, 64000), 6)
0.000208
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tuplecalc.under_load.blind import BlindChoice as BlindChoice
    from tuplecalc.under_load.blind import blind_blocking as blind_blocking
    from tuplecalc.under_load.blind import blind_burst as blind_burst
    from tuplecalc.under_load.blind import blind_burst_admitted as blind_burst_admitted
    from tuplecalc.under_load.blind import blind_choice as blind_choice
    from tuplecalc.under_load.blind import half_rate as half_rate
    from tuplecalc.under_load.chains import Bracket as Bracket
    from tuplecalc.under_load.chains import blocking as blocking
    from tuplecalc.under_load.chains import max_rate as max_rate
    from tuplecalc.under_load.erlang import erlang_b as erlang_b
    from tuplecalc.under_load.erlang import log_erlang_b as log_erlang_b
    from tuplecalc.under_load.erlang import max_load as max_load
    from tuplecalc.under_load.erlang import min_circuits as min_circuits
    from tuplecalc.under_load.fluid import Fluid as Fluid
    from tuplecalc.under_load.fluid import over_time as over_time
    from tuplecalc.under_load.hashing import clients_that_fit as clients_that_fit
    from tuplecalc.under_load.hashing import fullest_cdf as fullest_cdf
    from tuplecalc.under_load.hashing import fullest_mean as fullest_mean
    from tuplecalc.under_load.hashing import fullest_quantile as fullest_quantile
    from tuplecalc.under_load.hashing import hashed_blocking as hashed_blocking
    from tuplecalc.under_load.networks import reduced_load as reduced_load
    from tuplecalc.under_load.networks import tree_blocking as tree_blocking
    from tuplecalc.under_load.offered import Offered as Offered
    from tuplecalc.under_load.search import failure_lower as failure_lower
    from tuplecalc.under_load.search import failure_upper as failure_upper
    from tuplecalc.under_load.search import search_blocking as search_blocking
    from tuplecalc.under_load.search import usable_share as usable_share
    from tuplecalc.under_load.search_simulation import simulate_fill as simulate_fill
    from tuplecalc.under_load.search_simulation import simulate_search as simulate_search
    from tuplecalc.under_load.transients import Exhaustion as Exhaustion
    from tuplecalc.under_load.transients import Sawtooth as Sawtooth
    from tuplecalc.under_load.transients import burst_headroom as burst_headroom
    from tuplecalc.under_load.transients import burst_that_fits as burst_that_fits
    from tuplecalc.under_load.transients import exhaustion_law as exhaustion_law
    from tuplecalc.under_load.transients import exhaustion_time as exhaustion_time
    from tuplecalc.under_load.transients import recovery_time as recovery_time
    from tuplecalc.under_load.transients import sawtooth as sawtooth

_HOMES = {
    "blind": "BlindChoice blind_blocking blind_burst blind_burst_admitted blind_choice half_rate",
    "chains": "Bracket blocking max_rate",
    "erlang": "erlang_b log_erlang_b max_load min_circuits",
    "fluid": "Fluid over_time",
    "hashing": "clients_that_fit fullest_cdf fullest_mean fullest_quantile hashed_blocking",
    "networks": "reduced_load tree_blocking",
    "offered": "Offered",
    "search": "failure_lower failure_upper search_blocking usable_share",
    "search_simulation": "simulate_fill simulate_search",
    "transients": "Exhaustion exhaustion_law exhaustion_time Sawtooth sawtooth recovery_time "
    "burst_headroom burst_that_fits",
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_MODULES)  # noqa: PLE0605 - the type checker reads the imports above


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
